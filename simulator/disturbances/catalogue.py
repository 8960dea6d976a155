"""All disturbances by name, each with the reason why a correct cluster may do it. Seconds are wall-clock seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Disturbance:
    """`odds` is the probability at level 1, each time it can happen; `longest` is its longest duration."""

    name: str
    why: str
    odds: float
    longest: float = 0.0


SLOW_STEP = Disturbance(
    "slow-step",
    "Every step of a controller, the kubelet or a driver takes as long as its node, its network and its disk let it.",
    odds=0.05,
    longest=0.02,
)
LATE_DELIVERY = Disturbance(
    "late-delivery",
    "Each controller has its own watch; watches are independent and guarantee no latency.",
    odds=0.1,
    longest=0.02,
)
REPEATED_DELIVERY = Disturbance(
    "repeated-delivery",
    "An informer calls its handlers again for every object at each resync and after each new list.",
    odds=0.05,
    longest=0.03,
)
REORDERED_QUEUE = Disturbance(
    "reordered-queue",
    "A work queue guarantees one worker per key at a time, but no order of the keys.",
    odds=0.3,
)
CONTROLLER_ENDED = Disturbance(
    "controller-ended",
    "A controller's process can end at any moment (eviction, upgrade, lost lease); its successor lists everything.",
    odds=1.0,
    longest=3.0,
)
CONFLICT = Disturbance(
    "conflict",
    "Another writer may come between a controller's read and its update, which then fails with 409 and is repeated.",
    odds=0.03,
)
LATE_EVENT = Disturbance(
    "late-event",
    "Events are sent in the background, after what they report.",
    odds=0.2,
    longest=0.05,
)
SLOW_REQUEST = Disturbance(
    "slow-request",
    "The answer of an API server depends on its queues, its etcd and the network.",
    odds=0.05,
    longest=0.03,
)
WATCH_LOST = Disturbance(
    "watch-lost",
    "Connections break, and API servers restart: a client continues from the last revision that it saw.",
    odds=1.0,
    longest=3.0,
)
WATCH_EXPIRED = Disturbance(
    "watch-expired",
    "History is compacted: a watch from an earlier revision gets 410, and its client lists again.",
    odds=0.1,
)
SLOW_S3 = Disturbance(
    "slow-s3",
    "A request to S3 goes over a network to a shared store.",
    odds=0.2,
    longest=0.02,
)
SLOW_RPC = Disturbance(
    "slow-rpc",
    "A CSI call takes as long as the driver needs.",
    odds=0.1,
    longest=0.03,
)
RPC_UNAVAILABLE = Disturbance(
    "rpc-unavailable",
    "While a driver's container restarts its socket is closed: Unavailable, and the call is repeated.",
    odds=0.04,
)
RPC_ANSWER_LOST = Disturbance(
    "rpc-answer-lost",
    "A CSI call whose answer comes after the caller's deadline is DeadlineExceeded though the work is done; "
    "all calls are idempotent and are repeated.",
    odds=0.04,
)

API_AWAY = Disturbance(
    "api-away",
    "An API server restarts: connections break, and it is unavailable for a while.",
    odds=0.0003,
    longest=2.0,
)
API_BUSY = Disturbance(
    "api-busy",
    "An overloaded API server answers 429 with the time to wait before a retry.",
    odds=0.002,
)
ETCD_TIMEOUT = Disturbance(
    "etcd-timeout",
    "While etcd elects a leader requests fail with 500 after a while.",
    odds=0.002,
)
ANSWER_LOST = Disturbance(
    "answer-lost",
    "A write is done, but its answer is an error: etcd's confirmation came too late.",
    odds=0.003,
)
ANSWER_BROKEN = Disturbance(
    "answer-broken",
    "A connection breaks within an answer.",
    odds=0.002,
)
KIND_UNKNOWN = Disturbance(
    "kind-unknown",
    "An API server that has just started answers 404 for custom resources until it has read their definitions.",
    odds=0.001,
)
WEBHOOK_AWAY = Disturbance(
    "webhook-away",
    "A webhook that is unavailable makes writes fail with 500.",
    odds=0.005,
)
OTHER_WRITER = Disturbance(
    "other-writer",
    "Others write the same object: an update is refused with 409.",
    odds=0.02,
)
QUOTA = Disturbance(
    "quota",
    "Quotas, limits and security policies forbid pods with 403.",
    odds=0.01,
)
S3_BUSY = Disturbance(
    "s3-busy",
    "An overloaded store answers 503, to Longhorn as well.",
    odds=0.005,
)
S3_BROKEN = Disturbance(
    "s3-broken",
    "A connection to the store breaks within an answer.",
    odds=0.005,
)

TROUBLES = (
    API_AWAY,
    API_BUSY,
    ETCD_TIMEOUT,
    ANSWER_LOST,
    ANSWER_BROKEN,
    KIND_UNKNOWN,
    WEBHOOK_AWAY,
    OTHER_WRITER,
    QUOTA,
    S3_BUSY,
    S3_BROKEN,
)
"""Failures that can stop a user: verdicts may be missing because of them, but not wrong."""

ALL = (
    SLOW_STEP,
    LATE_DELIVERY,
    REPEATED_DELIVERY,
    REORDERED_QUEUE,
    CONTROLLER_ENDED,
    CONFLICT,
    LATE_EVENT,
    SLOW_REQUEST,
    WATCH_LOST,
    WATCH_EXPIRED,
    SLOW_S3,
    SLOW_RPC,
    RPC_UNAVAILABLE,
    RPC_ANSWER_LOST,
)
