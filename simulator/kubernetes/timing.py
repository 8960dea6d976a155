"""What differs from one time to the next in a cluster that works correctly: when things are heard, and who is away.

Nothing here is a choice about what is right: with any timing the cluster arrives at the same answers.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

WORKING: ContextVar[str] = ContextVar("WORKING", default="")
"""The controller in whose name code runs; empty outside of controllers."""

AT_ONCE = (0.0,)


class Timing(Protocol):
    """Asked by the API, its server and its controllers. All durations are seconds on the wall, never scaled."""

    def deliveries(self, controller: str) -> Sequence[float]:
        """After how long a controller hears of a change: one duration for each time that it hears of it."""
        ...

    def next_in(self, controller: str, waiting: int) -> int:
        """Which of so many waiting keys a controller takes next."""
        ...

    def lifetime(self, controller: str) -> float | None:
        """After how long the process of a controller ends, in the middle of its work; None for never."""
        ...

    def absence(self, controller: str) -> float:
        """How long it takes until a controller that ended works again."""
        ...

    def is_overtaken(self, controller: str, resource: str) -> bool:
        """Whether somebody else wrote the object between a controller's look at it and its update."""
        ...

    def event_delay(self) -> float:
        """How long an Event is under way."""
        ...

    def request_delay(self, method: str) -> float:
        """How long a request waits before it is served."""
        ...

    def watch_lifetime(self) -> float | None:
        """After how long the connection of a watch is lost; None for never."""
        ...

    def watch_broke(self) -> None:
        """Told when it is lost."""
        ...

    def forgets(self, resource: str) -> bool:
        """Whether a watch of a resource that has not changed since is told that its revision is too old."""
        ...


class NoDisturbance:
    """Everything is heard at once and once, nobody is away, nothing is lost."""

    def deliveries(self, controller: str) -> Sequence[float]:
        """At once."""
        del controller
        return AT_ONCE

    def next_in(self, controller: str, waiting: int) -> int:
        """The first."""
        del controller, waiting
        return 0

    def lifetime(self, controller: str) -> float | None:
        """For ever."""
        del controller
        return None

    def absence(self, controller: str) -> float:
        """None."""
        del controller
        return 0.0

    def is_overtaken(self, controller: str, resource: str) -> bool:
        """Never."""
        del controller, resource
        return False

    def event_delay(self) -> float:
        """None."""
        return 0.0

    def request_delay(self, method: str) -> float:
        """None."""
        del method
        return 0.0

    def watch_lifetime(self) -> float | None:
        """For ever."""
        return None

    def watch_broke(self) -> None:
        """Not noted."""

    def forgets(self, resource: str) -> bool:
        """Never."""
        del resource
        return False
