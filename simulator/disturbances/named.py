"""All disturbances by name, with why a correct cluster may do it. Seconds are seconds on the wall."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Disturbance:
    """`odds` is how often it happens where it can, at level 1; `longest` is for how long at most."""

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
    "A controller hears of a change by its own watch; watches are independent and promise no time.",
    odds=0.1,
    longest=0.02,
)
REPEATED_DELIVERY = Disturbance(
    "repeated-delivery",
    "An informer tells its handlers of an object again at each resync and after each new list.",
    odds=0.05,
    longest=0.03,
)
REORDERED_QUEUE = Disturbance(
    "reordered-queue",
    "A work queue promises that a key is worked on by one worker at a time, not in which order keys are.",
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
    "Between a controller's read and its update somebody else may write; the update is refused with 409, to be redone.",
    odds=0.03,
)
LATE_EVENT = Disturbance(
    "late-event",
    "Events are sent in the background, after what they tell about.",
    odds=0.2,
    longest=0.05,
)
SLOW_REQUEST = Disturbance(
    "slow-request",
    "An API server answers when its queues, its etcd and the network let it.",
    odds=0.05,
    longest=0.03,
)
WATCH_LOST = Disturbance(
    "watch-lost",
    "Connections break, and API servers restart: a client goes on from the last revision that it saw.",
    odds=1.0,
    longest=3.0,
)
WATCH_EXPIRED = Disturbance(
    "watch-expired",
    "History is compacted: a watch that goes on from a revision before that is told 410, and its client lists again.",
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
    "While a driver's container restarts nobody answers at its socket: Unavailable, and the call is made again.",
    odds=0.04,
)
RPC_ANSWER_LOST = Disturbance(
    "rpc-answer-lost",
    "A CSI call whose answer comes after the caller's deadline is DeadlineExceeded though the work is done; "
    "all calls are idempotent and are made again.",
    odds=0.04,
)

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
