"""How long steps of the control plane and the node take, in seconds of a real cluster (measured, idle, two cores)."""

from simulator.clock import Clock

CALL = 0.01
"""A request to the API server."""

RESYNC = 15.0
"""Period in which the PersistentVolume controller checks a claim that waits for its volume."""

RECONCILER = 0.1
"""Period of the attach/detach controller and of the kubelet's volume reconciler."""

DETACH = 6.0
"""From a pod's end until the node reports that the volume is no longer in use: a node status update every 10 s."""

SANDBOX = 0.3
"""To create a pod's sandbox with its network."""

IMAGE = 0.05
"""To check an image that is present."""

START = 0.15
"""From the container's creation to its start."""

RELIST = 1.0
"""Period in which the kubelet checks its containers."""

SANDBOX_END = 0.2
"""To take a sandbox down."""


async def calls(clock: Clock, count: int) -> None:
    """The time of `count` requests, one after the other.

    Each takes at least one turn of the event loop, so fewer requests finish first at any speed.
    """
    for _ in range(count):
        await clock.sleep(CALL)
