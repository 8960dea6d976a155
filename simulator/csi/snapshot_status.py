"""`status` of a VolumeSnapshot: errors, and what it copies from its content."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.kubernetes import objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.resources import Obj

MANAGER = "snapshot-controller"


class Failed(Exception):
    """A step failed; the key is retried after its back-off."""


@dataclass(frozen=True)
class SnapshotStatus:
    """Writes the status of VolumeSnapshots and the events that go with it."""

    api: Api
    decisions: CsiDecisions
    events: EventRecorder

    def fail(self, snapshot: Obj, reason: str, message: str, *, unready: bool = True) -> NoReturn:
        """Show an error, once, with an event of the same text, and give up for now. Raises Failed.

        With `unready` the snapshot also becomes not ready.
        """
        fresh = objects.current(self.api, names.SNAPSHOTS, snapshot)
        status = objects.status(fresh)
        shown = self.decisions.reported_error(snapshot, message)
        if shown and (status.get("error") or {}).get("message") != shown:
            status["error"] = {"message": shown, "time": self.api.clock.timestamp()}
            if unready:
                status["readyToUse"] = False
            fresh = self.api.update_status(names.SNAPSHOTS, {**fresh, "status": status}, manager=MANAGER)
            self.events.record(fresh, "Warning", reason, shown)
        raise Failed(message)

    def follow(self, snapshot: Obj, content: Obj) -> None:
        """Copy the content's status; the creation time is written once."""
        fresh = objects.current(self.api, names.SNAPSHOTS, snapshot)
        old, new = objects.status(fresh), objects.status(fresh)
        new["boundVolumeSnapshotContentName"] = self.decisions.bound_content_name(content)
        said = objects.status(content)
        taken = said.get("creationTime")
        if taken is not None:
            new.setdefault("creationTime", _rfc3339(taken))
        size = said.get("restoreSize")
        if size is not None and new.get("restoreSize", "0") == "0":
            new["restoreSize"] = self.decisions.restore_size_text(size)
        new["readyToUse"] = self.decisions.snapshot_is_ready(content)
        error = self.decisions.error_of_content(content)
        if error is not None:
            new["error"] = error
        else:
            new.pop("error", None)
        if new == old:
            return
        if "boundVolumeSnapshotContentName" not in old and self.decisions.binds_before_status(snapshot):
            bound = {key: new[key] for key in ("boundVolumeSnapshotContentName", "error") if key in new}
            fresh = self.api.update_status(names.SNAPSHOTS, {**fresh, "status": {**old, **bound}}, manager=MANAGER)
        namespace, name = objects.key_of(snapshot)
        if "creationTime" in new and "creationTime" not in old:
            text = f"Snapshot {namespace}/{name} was successfully created by the CSI driver."
            self.events.record(snapshot, "Normal", "SnapshotCreated", text)
        became_ready = new["readyToUse"] and not old.get("readyToUse")
        self.api.update_status(names.SNAPSHOTS, {**fresh, "status": new}, manager=MANAGER)
        if became_ready:
            text = f"Snapshot {namespace}/{name} is ready to use."
            self.events.record(snapshot, "Normal", "SnapshotReady", text)


def _rfc3339(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
