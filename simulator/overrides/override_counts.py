"""How often an override was asked, and how often it gave another answer than the decision that it replaces."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class OverrideCount:
    """Counts of the calls of one override, or of all that belong to one fault. `changed` of the `asked` differed."""

    asked: int = 0
    changed: int = 0


@dataclass(frozen=True)
class _Outcome:
    """What a call led to: an answer, or an error as type and text."""

    answer: Any
    error: str = ""


class _Call:
    """One call of an override, with what the original said when the override asked it the same."""

    def __init__(self, original: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> None:
        self._original = original
        self._given = args, named
        self._rights: list[_Outcome] = []

    def ask(self, *args: Any, **named: Any) -> Any:
        """The original, for the override."""
        try:
            value = self._original(*args, **named)
        except Exception as error:
            if (args, named) == self._given:
                self._rights.append(_failed(error))
            raise
        if (args, named) == self._given:
            self._rights.append(_Outcome(value))
        return value

    def differs(self, outcome: _Outcome) -> bool:
        """Whether the original said something else.

        It is asked now only if the override did not ask it: some decisions are made by lot, and two of its answers
        never agree.
        """
        if not self._rights:
            args, named = self._given
            try:
                self._rights.append(_Outcome(self._original(*args, **named)))
            except Exception as error:  # noqa: BLE001 - a refusal is an answer like others
                self._rights.append(_failed(error))
        return not any(_same(outcome, right) for right in self._rights)


def counted(replace: Callable[..., Any], original: Callable[..., Any], count: OverrideCount) -> Callable[..., Any]:
    """The replacement of a decision, put in front of the original, with its calls noted in `count`."""
    if inspect.iscoroutinefunction(original):
        return _counted_later(replace, original, count)

    def answer(*args: Any, **named: Any) -> Any:
        call = _Call(original, args, named)
        count.asked += 1
        try:
            value = replace(call.ask, *args, **named)
        except Exception as error:
            count.changed += call.differs(_failed(error))
            raise
        count.changed += call.differs(_Outcome(value))
        return value

    return answer


def _counted_later(
    replace: Callable[..., Any], original: Callable[..., Any], count: OverrideCount
) -> Callable[..., Any]:
    """The same for a decision that is awaited; an error of either is not compared."""

    async def answer(*args: Any, **named: Any) -> Any:
        count.asked += 1
        value = await replace(original, *args, **named)
        count.changed += not _same(_Outcome(value), _Outcome(await original(*args, **named)))
        return value

    return answer


def _failed(error: Exception) -> _Outcome:
    return _Outcome(None, f"{type(error).__name__}: {error}")


def _same(one: _Outcome, other: _Outcome) -> bool:
    if isinstance(one.answer, list | tuple) and isinstance(other.answer, list | tuple):
        return list(one.answer) == list(other.answer)
    return one == other
