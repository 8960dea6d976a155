"""Bad input of every kind: documents with a few wrong places, text with a few wrong characters, and a fit answer.

`FUZZ` is for tests of a few seconds with the same examples each time; `tox -e fuzz` lets them go on with others.
"""

import copy
import os
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
_LONGEST_LINE = 1000

FUZZ = settings(
    max_examples=_EXAMPLES or 100,
    derandomize=not _EXAMPLES,
    database=None,
    deadline=None,
    print_blob=bool(_EXAMPLES),
    suppress_health_check=list(HealthCheck),
)

NASTY = (
    "",
    "\x00",
    "\x1b]0;title\x07",
    "two\nlines",
    "\u202eleft",
    "half \udcff a pair",
    "١٢٣",
    "-1",
    "1e308",
    "nan",
    "../../x",
    "/dev/zero",
    "x" * 5000,
    "http://",
    "http://[::1",
    "http://127.0.0.1:99999",
    "ftp://127.0.0.1",
    "127.0.0.1:6443",
    "2001-99-99",
)
"""Texts that were or may be trouble."""

_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -1, 1.5, float("inf"), float("nan")]),
    st.sampled_from(NASTY),
    st.text(max_size=8),
)
JUNK = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner), max_leaves=4
)
"""Plain data of any kind."""

Place = tuple[Any, ...]


def spoiled(document: Any) -> st.SearchStrategy[Any]:
    """The plain data with one to three places removed, renamed or filled with something else."""
    places = st.sampled_from(list(_places(document)))
    changes = st.tuples(places, st.sampled_from(["remove", "rename", "replace", "replace", "replace"]), JUNK)
    return st.lists(changes, min_size=1, max_size=3).map(lambda found: _changed(document, found))


def spoiled_text(text: str) -> st.SearchStrategy[bytes]:
    """The text as bytes, cut, or with something that does not belong there."""
    odd = st.sampled_from([b"\x00", b"\xff\xfe", b"\x1b[2J", b"\n", b"\t", b"[" * 3000, b"{", b"---\n", b"&a *a", b'"'])
    cuts = st.tuples(st.integers(0, len(text)), st.integers(0, 12), odd | st.binary(max_size=6))
    return st.lists(cuts, min_size=1, max_size=3).map(lambda found: _cut(text.encode(), found))


def assert_one_line(message: str) -> None:
    """One line of sane length, in which nothing is obeyed by a terminal."""
    assert message
    assert message.isprintable(), f"not one printable line: {message[:300]!r}"
    assert len(message) <= _LONGEST_LINE, f"a line of {len(message)} characters: {message[:300]}"


def _places(document: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    if isinstance(document, dict):
        for key, each in document.items():
            yield from _places(each, (*place, key))
    elif isinstance(document, list):
        for index, each in enumerate(document):
            yield from _places(each, (*place, index))


def _changed(document: Any, changes: list[tuple[Place, str, Any]]) -> Any:
    found = {"": copy.deepcopy(document)}
    for place, how, junk in changes:
        around: Any = found
        *way, last = ("", *place)
        try:
            for step in way:
                around = around[step]
            if how == "replace" or not place:
                around[last] = junk
            elif how == "remove":
                del around[last]
            else:
                around[str(junk)] = around.pop(last)
        except (KeyError, IndexError, TypeError, AttributeError):
            # An earlier change has taken it away.
            continue
    return found[""]


def _cut(text: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
    for start, length, odd in cuts:
        text = text[:start] + odd + text[start + length :]
    return text
