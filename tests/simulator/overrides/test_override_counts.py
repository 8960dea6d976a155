# ruff: noqa: ARG005  (a replacement takes the arguments of the decision that it replaces)
"""The counts that tell whether an override does anything at all."""

import contextlib
import itertools
from collections.abc import Callable

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


def test_another_answer_counts_as_changed() -> None:
    assert count_of(lambda original, word: original(word) + "!", str.upper) == OverrideCount(asked=2, changed=2)


def test_only_the_answers_that_differ_count() -> None:
    assert count_of(lambda original, word: "ONE", str.upper) == OverrideCount(asked=2, changed=1)


def test_the_originals_answer_is_no_change_though_it_is_never_the_same() -> None:
    names = itertools.count()
    assert count_of(lambda original, word: original(word), lambda word: numbered(names, word)) == OverrideCount(2, 0)


def test_an_answer_to_another_question_is_a_change() -> None:
    assert count_of(lambda original, word: original("three"), str.upper) == OverrideCount(2, 2)


def test_a_refusal_is_an_answer() -> None:
    assert count_of(lambda original, word: refused(word), refused) == OverrideCount(2, 0)
    assert count_of(lambda original, word: word, refused) == OverrideCount(2, 2)
    assert count_of(lambda original, word: refused("word"), refused) == OverrideCount(2, 2)
