"""What varies in a correct cluster: when watchers hear of changes, and when processes are away.

It never changes what is right: with any timing the cluster arrives at the same results.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

WORKING: ContextVar[str] = ContextVar("WORKING", default="")
"""The controller in whose name code runs; empty outside of controllers."""

AT_ONCE = (0.0,)


class Timing(Protocol):
    """Used by the API, its server and its controllers. All durations are wall-clock seconds, never scaled."""

    def deliveries(self, controller: str) -> Sequence[float]:
        """Delays after which a controller hears of a change, one per delivery."""
        ...

    def next_in(self, controller: str, waiting: int) -> int:
        """Index of the key, of the `waiting` ones, that a controller takes next."""
        ...

    def lifetime(self, controller: str) -> float | None:
        """Seconds after which the process of a controller ends, amid its work; None for never."""
        ...

    def absence(self, controller: str) -> float:
        """Seconds until an ended controller works again."""
        ...

    def is_overtaken(self, controller: str, resource: str) -> bool:
        """Whether another writer changed the object between a controller's read and its update."""
        ...

    def event_delay(self) -> float:
        """Delay of an Event."""
        ...

    def request_delay(self, method: str) -> float:
        """Delay of a request."""
        ...

    def watch_lifetime(self) -> float | None:
        """Seconds after which the connection of a watch is lost; None for never."""
        ...

    def watch_broke(self) -> None:
        """Called when it is lost."""
        ...

    def forgets(self, resource: str) -> bool:
        """Whether the revision of a watch counts as too old though its resource has not changed since."""
        ...


class NoDisturbance:
    """Every change is delivered once and at once, no process ends, nothing is lost."""

    def deliveries(self, controller: str) -> Sequence[float]:
        """At once."""
        del controller
        return AT_ONCE

    def next_in(self, controller: str, waiting: int) -> int:
        """The first."""
        del controller, waiting
        return 0

    def lifetime(self, controller: str) -> float | None:
        """Never."""
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
        """Never."""
        return None

    def watch_broke(self) -> None:
        """Not noted."""

    def forgets(self, resource: str) -> bool:
        """Never."""
        del resource
        return False
