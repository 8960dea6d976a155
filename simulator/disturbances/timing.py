# ruff: noqa: ARG002  (chance does not depend on who is disturbed)
"""A disturbed cluster's timing: late, repeated and reordered deliveries, controllers that end, watches that break."""

from collections.abc import Sequence

from simulator.disturbances import catalogue
from simulator.disturbances.chance import Chance
from simulator.kubernetes.timing import Timing

ABSENCE = 0.02
"""Longest time, in seconds, until the successor of an ended controller works."""


class DisturbedTiming(Timing):
    """Disturbs by chance."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._ended: set[str] = set()

    def deliveries(self, controller: str) -> Sequence[float]:
        first = self._chance.seconds(catalogue.LATE_DELIVERY)
        again = self._chance.seconds(catalogue.REPEATED_DELIVERY)
        return (first, again) if again else (first,)

    def next_in(self, controller: str, waiting: int) -> int:
        if not self._chance.happens(catalogue.REORDERED_QUEUE):
            return 0
        return self._chance.below(catalogue.REORDERED_QUEUE, waiting)

    def lifetime(self, controller: str) -> float | None:
        if controller in self._ended:
            self._chance.count(catalogue.CONTROLLER_ENDED)
        self._ended.add(controller)
        return self._chance.until(catalogue.CONTROLLER_ENDED)

    def absence(self, controller: str) -> float:
        return self._chance.up_to(catalogue.CONTROLLER_ENDED) / catalogue.CONTROLLER_ENDED.longest * ABSENCE

    def is_overtaken(self, controller: str, resource: str) -> bool:
        return self._chance.happens(catalogue.CONFLICT)

    def step_delay(self, controller: str) -> float:
        return self._chance.seconds(catalogue.SLOW_STEP)

    def removal_lag(self, volume: str) -> float:
        return self._chance.seconds(catalogue.LINGERING_VOLUME)

    def cache_lag(self, whose: str) -> float:
        return self._chance.seconds(catalogue.LAGGING_CACHE)

    def event_delay(self) -> float:
        return self._chance.seconds(catalogue.LATE_EVENT)

    def request_delay(self) -> float:
        return self._chance.seconds(catalogue.SLOW_REQUEST)

    def watch_lifetime(self) -> float | None:
        return self._chance.until(catalogue.WATCH_LOST)

    def watch_broke(self) -> None:
        self._chance.count(catalogue.WATCH_LOST)

    def forgets(self, resource: str) -> bool:
        return self._chance.happens(catalogue.WATCH_EXPIRED)
