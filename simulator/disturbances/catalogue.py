"""All disturbances, each with the reason why a correct cluster may do it. Seconds are wall-clock seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Disturbance:
    """`odds` is the probability at level 1, each time it can happen; `longest` is its longest duration.

    A trouble can stop a user: verdicts may be missing because of it, but not wrong.
    """

    name: str
    odds: float
    longest: float = 0.0
    is_trouble: bool = False


# Every step of a controller, the kubelet or a driver takes as long as its node, its network and its disk let it.
SLOW_STEP = Disturbance("slow-step", odds=0.05, longest=0.02)
# Each controller has its own watch; watches are independent and guarantee no latency.
LATE_DELIVERY = Disturbance("late-delivery", odds=0.1, longest=0.02)
# An informer calls its handlers again for every object at each resync and after each new list.
REPEATED_DELIVERY = Disturbance("repeated-delivery", odds=0.05, longest=0.03)
# A work queue guarantees one worker per key at a time, but no order of the keys.
REORDERED_QUEUE = Disturbance("reordered-queue", odds=0.3)
# A controller's process can end at any moment (eviction, upgrade, lost lease); its successor lists everything.
CONTROLLER_ENDED = Disturbance("controller-ended", odds=1.0, longest=3.0)
# Another writer may come between a controller's read and its update, which then fails with 409 and is repeated.
CONFLICT = Disturbance("conflict", odds=0.03)
# Events are sent in the background, after what they report.
LATE_EVENT = Disturbance("late-event", odds=0.2, longest=0.05)
# The answer of an API server depends on its queues, its etcd and the network.
SLOW_REQUEST = Disturbance("slow-request", odds=0.05, longest=0.03)
# Connections break, and API servers restart: a client continues from the last revision that it saw.
WATCH_LOST = Disturbance("watch-lost", odds=1.0, longest=3.0)
# History is compacted: a watch from an earlier revision gets 410, and its client lists again.
WATCH_EXPIRED = Disturbance("watch-expired", odds=0.1)
# A request to S3 goes over a network to a shared store.
SLOW_S3 = Disturbance("slow-s3", odds=0.2, longest=0.02)
# A CSI call takes as long as the driver needs.
SLOW_RPC = Disturbance("slow-rpc", odds=0.1, longest=0.03)
# Longhorn's API and its webhook answer from caches of their own, which hear of a change after a client's watch.
LAGGING_CACHE = Disturbance("lagging-cache", odds=0.05, longest=2.0)
# DeleteVolume is answered when the deletion is under way: replicas stop, and their files go, after that.
LINGERING_VOLUME = Disturbance("lingering-volume", odds=0.1, longest=1.0)
# While a driver's container restarts its socket is closed: Unavailable, and the call is repeated.
RPC_UNAVAILABLE = Disturbance("rpc-unavailable", odds=0.04)
# A CSI call whose answer comes after the caller's deadline is DeadlineExceeded though the work is done; all calls are
# idempotent and are repeated.
RPC_ANSWER_LOST = Disturbance("rpc-answer-lost", odds=0.04)
# An API server restarts: connections break, and it is unavailable for a while.
API_AWAY = Disturbance("api-away", odds=0.0003, longest=2.0, is_trouble=True)
# An overloaded API server answers 429 with the time to wait before a retry.
API_BUSY = Disturbance("api-busy", odds=0.002, is_trouble=True)
# While etcd elects a leader requests fail with 500 after a while.
ETCD_TIMEOUT = Disturbance("etcd-timeout", odds=0.002, is_trouble=True)
# A write is done, but its answer is an error: etcd's confirmation came too late.
ANSWER_LOST = Disturbance("answer-lost", odds=0.003, is_trouble=True)
# A connection breaks within an answer.
ANSWER_BROKEN = Disturbance("answer-broken", odds=0.002, is_trouble=True)
# An API server that has just started answers 404 for custom resources until it has read their definitions.
KIND_UNKNOWN = Disturbance("kind-unknown", odds=0.001, is_trouble=True)
# A webhook that is unavailable makes writes fail with 500.
WEBHOOK_AWAY = Disturbance("webhook-away", odds=0.005, is_trouble=True)
# Others write the same object: an update is refused with 409.
OTHER_WRITER = Disturbance("other-writer", odds=0.02, is_trouble=True)
# Quotas, limits and security policies forbid pods with 403.
QUOTA = Disturbance("quota", odds=0.01, is_trouble=True)
# An overloaded store answers 503, to Longhorn as well.
S3_BUSY = Disturbance("s3-busy", odds=0.005, is_trouble=True)
# A connection to the store breaks within an answer.
S3_BROKEN = Disturbance("s3-broken", odds=0.005, is_trouble=True)

_KNOWN = [each for each in list(globals().values()) if isinstance(each, Disturbance)]
ALL = tuple(each for each in _KNOWN if not each.is_trouble)
TROUBLES = tuple(each for each in _KNOWN if each.is_trouble)
