"""The Container Storage Interface as the simulated sidecars speak it: requests, answers, gRPC codes.

Follows the CSI specification 1.11 as far as provisioning, snapshots, attaching and publishing need it. Sizes are bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol


class Code(Enum):
    """gRPC status codes, by the name that Go prints."""

    CANCELED = "Canceled"
    UNKNOWN = "Unknown"
    INVALID_ARGUMENT = "InvalidArgument"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    NOT_FOUND = "NotFound"
    ALREADY_EXISTS = "AlreadyExists"
    RESOURCE_EXHAUSTED = "ResourceExhausted"
    FAILED_PRECONDITION = "FailedPrecondition"
    ABORTED = "Aborted"
    OUT_OF_RANGE = "OutOfRange"
    INTERNAL = "Internal"
    UNAVAILABLE = "Unavailable"


class CsiError(Exception):
    """A call that the driver answered with a gRPC status other than OK."""

    def __init__(self, code: Code, description: str) -> None:
        super().__init__(f"rpc error: code = {code.value} desc = {description}")
        self.code = code
        self.description = description

    @property
    def is_final(self) -> bool:
        """Whether the call has certainly ended; else the driver may still work on it."""
        return self.code not in {
            Code.CANCELED,
            Code.DEADLINE_EXCEEDED,
            Code.UNAVAILABLE,
            Code.RESOURCE_EXHAUSTED,
            Code.ABORTED,
        }


@dataclass(frozen=True)
class VolumeCapability:
    """How a volume is used. `access_mode` is the CSI name, e.g. SINGLE_NODE_WRITER."""

    access_mode: str
    block: bool
    fs_type: str = ""


@dataclass(frozen=True)
class CreateVolumeRequest:
    name: str
    required_bytes: int
    parameters: Mapping[str, str]
    capabilities: tuple[VolumeCapability, ...]
    source_snapshot_id: str | None = None
    source_volume_id: str | None = None


@dataclass(frozen=True)
class CsiVolume:
    volume_id: str
    capacity_bytes: int
    context: Mapping[str, str] = field(default_factory=dict)
    source_snapshot_id: str | None = None
    source_volume_id: str | None = None


@dataclass(frozen=True)
class CreateSnapshotRequest:
    name: str
    source_volume_id: str
    parameters: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CsiSnapshot:
    """`creation_time` None is an absent protobuf timestamp."""

    snapshot_id: str
    source_volume_id: str
    size_bytes: int
    creation_time: datetime | None
    ready_to_use: bool


class Driver(Protocol):
    """What a CSI driver offers to the sidecars and to the kubelet. Every call may raise CsiError."""

    @property
    def name(self) -> str: ...

    @property
    def controller_capabilities(self) -> frozenset[str]: ...

    async def create_volume(self, request: CreateVolumeRequest) -> CsiVolume: ...

    async def delete_volume(self, volume_id: str) -> None: ...

    async def controller_publish_volume(self, volume_id: str, node_id: str) -> None: ...

    async def controller_unpublish_volume(self, volume_id: str, node_id: str) -> None: ...

    async def controller_expand_volume(self, volume_id: str, required_bytes: int) -> int:
        """Returns the new capacity in bytes."""

    async def create_snapshot(self, request: CreateSnapshotRequest) -> CsiSnapshot: ...

    async def delete_snapshot(self, snapshot_id: str) -> None: ...

    async def node_stage_volume(self, volume_id: str, capability: VolumeCapability) -> None: ...

    async def node_publish_volume(self, volume_id: str, target: Path, capability: VolumeCapability) -> None:
        """Puts the volume at `target`: a link to the device file (block) or to a directory with its files."""

    async def node_unpublish_volume(self, volume_id: str, target: Path) -> None: ...

    async def node_unstage_volume(self, volume_id: str) -> None:
        """Flushes: after this the volume's own bytes hold everything that was written."""
