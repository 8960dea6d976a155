"""How often an override was called, and how often its answer differed from the decision that it replaces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class OverrideCount:
    """Calls of one override, or of all of one fault: `changed` of the `asked` ones had another answer."""

    asked: int = 0
    changed: int = 0


@dataclass(frozen=True)
class _Outcome:
    """The result of a call: an answer or an error."""

    answer: Any = None
    error: Exception | None = None

    @classmethod
    def of(cls, function: Callable[..., Any], args: tuple[Any, ...], named: Mapping[str, Any]) -> "_Outcome":
        try:
            return cls(function(*args, **named))
        except Exception as error:  # noqa: BLE001 - an error is an answer, too
            return cls(error=error)

    def give(self) -> Any:
        """Return the answer, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.answer

    def equals(self, other: "_Outcome") -> bool:
        if self.error is not None or other.error is not None:
            return repr(self.error) == repr(other.error)
        if isinstance(self.answer, list | tuple) and isinstance(other.answer, list | tuple):
            return list(self.answer) == list(other.answer)
        return bool(self.answer == other.answer)


def counted(replace: Callable[..., Any], original: Callable[..., Any], count: OverrideCount) -> Callable[..., Any]:
    """The replacement of a decision, which counts its calls in `count`."""

    def answer(*args: Any, **named: Any) -> Any:
        rights: list[_Outcome] = []

        def ask(*asked: Any, **also: Any) -> Any:
            """The original, for the override; its answers to the same question are kept."""
            outcome = _Outcome.of(original, asked, also)
            if (asked, also) == (args, named):
                rights.append(outcome)
            return outcome.give()

        count.asked += 1
        outcome = _Outcome.of(replace, (ask, *args), named)
        # Only now, if the override did not ask: some decisions are random, and no two of their answers agree.
        rights = rights or [_Outcome.of(original, args, named)]
        count.changed += not any(outcome.equals(right) for right in rights)
        return outcome.give()

    return answer
