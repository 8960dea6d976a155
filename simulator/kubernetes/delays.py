"""How long steps of the control plane and the node take, in seconds of a real cluster (measured, idle, two cores)."""

from simulator.clock import Clock

CALL = 0.01
"""A request to the API server."""

RESYNC = 15.0
"""Between two looks of the PersistentVolume controller at a claim that waits for its volume."""

RECONCILER = 0.1
"""Period of the attach/detach controller and of the kubelet's volume reconciler."""

DETACH = 6.0
"""From a pod's end until the node reports that the volume is no longer in use: a node status update every 10 s."""

SANDBOX = 0.3
"""A pod's sandbox with its network."""

IMAGE = 0.05
"""A look at an image that is there already."""

START = 0.15
"""From the container's creation to its start."""

RELIST = 1.0
"""Between two looks of the kubelet at its containers."""

SANDBOX_END = 0.2
"""To take a sandbox down."""


async def calls(clock: Clock, count: int) -> None:
    """Let so many requests take their time, one after the other.

    Each is a turn of the event loop at least, so whoever needs fewer requests is first at any pace.
    """
    for _ in range(count):
        await clock.sleep(CALL)
