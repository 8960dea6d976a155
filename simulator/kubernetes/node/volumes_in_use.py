"""The node's volumes: which are attached to it, and which its pods have mounted."""

from collections.abc import Callable

from simulator.clock import Clock
from simulator.kubernetes import delays


class VolumesInUse:
    """Shared by the attach/detach controller and the kubelet, as a node's status is. Volumes are named by their PV."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attached: set[str] = set()
        self._mounted: dict[str, set[str]] = {}
        self._unreported: set[str] = set()
        self._listeners: list[Callable[[str], None]] = []

    def listen(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener` with each volume whose state changes. Returns a function that ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def attach(self, volume: str) -> None:
        if volume not in self._attached:
            self._attached.add(volume)
            self._notify(volume)

    def detach(self, volume: str) -> None:
        if volume in self._attached:
            self._attached.discard(volume)
            self._notify(volume)

    def is_attached(self, volume: str) -> bool:
        return volume in self._attached

    def mount(self, volume: str, pod: str) -> None:
        """A pod's volume is about to be mounted."""
        self._mounted.setdefault(volume, set()).add(pod)

    def users(self, volume: str) -> frozenset[str]:
        """The pods that have a volume mounted."""
        return frozenset(self._mounted.get(volume, ()))

    def is_in_use(self, volume: str) -> bool:
        """Whether the node still reports a volume as in use."""
        return bool(self._mounted.get(volume)) or volume in self._unreported

    async def unmount(self, volume: str, pod: str) -> None:
        """A pod's volume is no longer mounted; waits until the node's next status reports that."""
        users = self._mounted.get(volume, set())
        users.discard(pod)
        if users:
            return
        self._mounted.pop(volume, None)
        self._unreported.add(volume)
        try:
            await self._clock.sleep(delays.DETACH)
        finally:
            self._unreported.discard(volume)
        self._notify(volume)

    def _notify(self, volume: str) -> None:
        for listener in tuple(self._listeners):
            listener(volume)
