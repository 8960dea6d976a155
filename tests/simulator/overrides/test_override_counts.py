# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""The counts that tell whether an override does anything at all."""

import contextlib
import itertools
from collections.abc import Callable

import pytest

from simulator.overrides.override_counts import OverrideCount, counted


def numbered() -> Callable[[str], str]:
    """A decision that never answers the same twice."""
    names = itertools.count()
    return lambda word: f"{word}-{next(names)}"


def refused(word: str) -> str:
    """A decision that is a refusal."""
    raise ValueError(f"no {word}")


@pytest.mark.parametrize(
    ("why", "replace", "original", "changed"),
    [
        ("another answer", lambda original, word: original(word) + "!", str.upper, 2),
        ("one of two answers", lambda original, word: "ONE", str.upper, 1),
        ("the original's answer, never the same", lambda original, word: original(word), numbered(), 0),
        ("an answer to another question", lambda original, word: original("three"), str.upper, 2),
        ("the original's refusal", lambda original, word: refused(word), refused, 0),
        ("an answer in the place of a refusal", lambda original, word: word, refused, 2),
        ("another refusal", lambda original, word: refused("word"), refused, 2),
    ],
)
def test_only_other_answers_count_as_changed(
    why: str, replace: Callable[..., str], original: Callable[[str], str], changed: int
) -> None:
    count = OverrideCount()
    decision = counted(replace, original, count)
    for word in ("one", "two"):
        with contextlib.suppress(ValueError):
            decision(word)

    assert count == OverrideCount(asked=2, changed=changed), why
