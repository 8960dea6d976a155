# ruff: noqa: ARG002  (another timing may need an argument that this one does not)
"""What varies in a correct cluster: when watchers hear of changes, and when processes are away.

It never changes what is right: with any timing the cluster arrives at the same results. Variations replace its methods
like decisions.
"""

from collections.abc import Sequence
from contextvars import ContextVar

WORKING: ContextVar[str] = ContextVar("WORKING", default="")
"""The controller in whose name code runs; empty outside of controllers."""

AT_ONCE = (0.0,)


class Timing:
    """Used by the API, its server and its controllers. All durations are wall-clock seconds, never scaled.

    This one disturbs nothing: every change is delivered once and at once, no process ends, nothing is lost.
    """

    def deliveries(self, controller: str) -> Sequence[float]:
        """Delays after which a controller hears of a change, one per delivery."""
        return AT_ONCE

    def next_in(self, controller: str, waiting: int) -> int:
        """Index of the key, of the `waiting` ones, that a controller takes next."""
        return 0

    def lifetime(self, controller: str) -> float | None:
        """Seconds after which the process of a controller ends, amid its work; None for never."""
        return None

    def absence(self, controller: str) -> float:
        """Seconds until an ended controller works again."""
        return 0.0

    def is_overtaken(self, controller: str, resource: str) -> bool:
        """Whether another writer changed the object between a controller's read and its update."""
        return False

    def event_delay(self) -> float:
        """Delay of an Event."""
        return 0.0

    def step_delay(self, controller: str) -> float:
        """Seconds that a step of a controller takes longer than it takes in a real cluster."""
        return 0.0

    def removal_lag(self, volume: str) -> float:
        """Seconds that a volume and its replicas stay in the storage system when its deletion was answered."""
        return 0.0

    def cache_lag(self, whose: str) -> float:
        """Seconds after which a cache of the storage system, that of its API or its webhook, has a change."""
        return 0.0

    def bookmark_interval(self) -> float:
        """Seconds after which a watch without news gets a bookmark."""
        return 60.0

    def request_delay(self) -> float:
        """Delay of a request."""
        return 0.0

    def watch_lifetime(self) -> float | None:
        """Seconds after which the connection of a watch is lost; None for never."""
        return None

    def watch_broke(self) -> None:
        """Called when it is lost."""

    def forgets(self, resource: str) -> bool:
        """Whether the revision of a watch counts as too old though its resource has not changed since."""
        return False
