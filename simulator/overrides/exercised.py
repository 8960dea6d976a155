"""How often an override was asked, and how often it gave another answer than the decision that it replaces."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Exercised:
    """Counts of the calls of one override, or of all that belong to one fault. `changed` of the `asked` differed."""

    asked: int = 0
    changed: int = 0


@dataclass(frozen=True)
class _Outcome:
    """What a call led to: an answer, or an error as type and text."""

    answer: Any
    error: str = ""


def counted(replace: Callable[..., Any], original: Callable[..., Any], count: Exercised) -> Callable[..., Any]:
    """The replacement of a decision, put in front of the original, with its calls noted in `count`.

    The original is asked besides only if the replacement did not ask it the same itself: some decisions are made by
    lot, and two answers of theirs never agree.
    """

    def answer(*args: Any, **named: Any) -> Any:
        rights: list[_Outcome] = []

        def ask(*given: Any, **given_named: Any) -> Any:
            try:
                value = original(*given, **given_named)
            except Exception as error:
                if (given, given_named) == (args, named):
                    rights.append(_failed(error))
                raise
            if (given, given_named) == (args, named):
                rights.append(_Outcome(value))
            return value

        def judge(outcome: _Outcome) -> None:
            count.asked += 1
            count.changed += not any(_same(outcome, right) for right in rights or [_outcome(original, args, named)])

        try:
            value = replace(ask, *args, **named)
        except Exception as error:
            judge(_failed(error))
            raise
        judge(_Outcome(value))
        return value

    return answer


def _outcome(decision: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> _Outcome:
    try:
        return _Outcome(decision(*args, **named))
    except Exception as error:  # noqa: BLE001 - a refusal is an answer like others
        return _failed(error)


def _failed(error: Exception) -> _Outcome:
    return _Outcome(None, f"{type(error).__name__}: {error}")


def _same(one: _Outcome, other: _Outcome) -> bool:
    if isinstance(one.answer, list | tuple) and isinstance(other.answer, list | tuple):
        return list(one.answer) == list(other.answer)
    return one == other
