# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""The counts that tell whether an override does anything at all."""

import contextlib
import itertools
from collections.abc import Callable
from functools import partial

import pytest

from simulator.overrides.override_counts import OverrideCount, counted


def numbered(names: "itertools.count[int]", word: str) -> str:
    """A decision that never answers the same twice."""
    return f"{word}-{next(names)}"


def refused(word: str) -> str:
    """A decision that is a refusal."""
    raise ValueError(f"no {word}")


def count_of(replace: Callable[..., str], original: Callable[[str], str]) -> OverrideCount:
    """What is counted when a replacement is asked twice."""
    count = OverrideCount()
    decision = counted(replace, original, count)
    for word in ("one", "two"):
        with contextlib.suppress(ValueError):
            decision(word)
    return count


@pytest.mark.parametrize(
    ("replace", "original", "changed"),
    [
        (lambda original, word: original(word) + "!", str.upper, 2),
        (lambda original, word: "ONE", str.upper, 1),
        (lambda original, word: original(word), partial(numbered, itertools.count()), 0),
        (lambda original, word: original("three"), str.upper, 2),
        (lambda original, word: refused(word), refused, 0),
        (lambda original, word: word, refused, 2),
        (lambda original, word: refused("word"), refused, 2),
    ],
    ids=[
        "another answer",
        "one of two answers",
        "the original's answer, never the same",
        "an answer to another question",
        "the original's refusal",
        "an answer in the place of a refusal",
        "another refusal",
    ],
)
def test_only_other_answers_count_as_changed(
    replace: Callable[..., str], original: Callable[[str], str], changed: int
) -> None:
    assert count_of(replace, original) == OverrideCount(asked=2, changed=changed)
