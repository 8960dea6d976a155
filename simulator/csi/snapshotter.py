"""The csi-snapshotter sidecar 8.6.0: has the driver create and delete the snapshots of VolumeSnapshotContents.

The driver lists no snapshots, so CreateSnapshot is called again for a content that is not ready.
"""

from collections.abc import Iterable
from datetime import datetime

from simulator.csi import names
from simulator.csi.decisions import CsiDecisions
from simulator.csi.deletion_policy import counting_policy
from simulator.csi.protocol import Code, CreateSnapshotRequest, CsiError, Driver
from simulator.csi.snapshot_classes import class_not_found
from simulator.csi.snapshot_status import Failed
from simulator.kubernetes import delays, objects
from simulator.kubernetes.api import Api, Change
from simulator.kubernetes.controller import Controller, Key, Result
from simulator.kubernetes.events import EventRecorder
from simulator.kubernetes.objects import quoted
from simulator.kubernetes.resources import Obj

MANAGER = "csi-snapshotter"
_KNOWN_PARAMETERS = frozenset(
    f"{names.PARAMETER_PREFIX}{kind}-{part}"
    for kind in (
        "snapshotter-secret",
        "snapshotter-list-secret",
        "group-snapshotter-secret",
        "group-snapshotter-get-secret",
    )
    for part in ("name", "namespace")
)


class Snapshotter:
    """The sidecar of one driver."""

    def __init__(self, api: Api, driver: Driver, decisions: CsiDecisions) -> None:
        self._api = api
        self._driver = driver
        self._decisions = decisions
        self._events = EventRecorder(api, f"csi-snapshotter {driver.name}")
        self._asked: dict[str, dict[str, str]] = {}
        self.controller = Controller(api, api.clock, f"{MANAGER}-{driver.name}", self._sync, expected=(Failed,))
        self.controller.watch(names.CONTENTS, self._relevant)

    async def _sync(self, key: Key) -> Result | None:
        content = self._api.find(names.CONTENTS, key[1])
        if content is None or not self._is_mine(content):
            return None
        await delays.calls(self._api.clock, 3)
        content = objects.current(self._api, names.CONTENTS, content)
        if _should_delete(content):
            if self._decisions.notices_deletion(content):
                await self._delete(content)
            return None
        first = "volumeHandle" in content["spec"]["source"] and "status" not in content
        if not first and objects.status(content).get("readyToUse") is True:
            self._unmark(content)
            return None
        try:
            ready = await self._take(content) if "volumeHandle" in content["spec"]["source"] else self._adopt(content)
        except Failed as failed:
            if first:
                self._fail(content, "SnapshotCreationFailed", f"Failed to create snapshot: {failed}")
            else:
                text = f"Failed to check and update snapshot content: {failed}"
                self._fail(content, "SnapshotContentCheckandUpdateFailed", text)
            if not self._decisions.retries_after_error(content):
                return None
            raise
        return Result(again=not ready and self._decisions.polls_until_ready(content))

    def _relevant(self, change: Change) -> Iterable[Key]:
        """Ignores completed deletions, and updates of finalizers and of what the sidecar itself writes."""
        if change.type == "DELETED":
            return []
        if change.old is not None:
            became_ready = _ready(change.object) and not _ready(change.old)
            if not became_ready and _essence(change.object) == _essence(change.old):
                return []
            if objects.status(change.object).get("error") and not self._decisions.hears_of_failed(change.object):
                return []
        return [change.key]

    def _is_mine(self, content: Obj) -> bool:
        if content["spec"]["driver"] != self._driver.name:
            return False
        class_name = content["spec"].get("volumeSnapshotClassName")
        snapshot_class = self._api.find(names.CLASSES, class_name) if class_name else None
        return snapshot_class is None or bool(snapshot_class["driver"] == self._driver.name)

    def _fail(self, content: Obj, reason: str, message: str) -> None:
        message = self._decisions.content_error(content, message)
        fresh = objects.current(self._api, names.CONTENTS, content)
        status = objects.status(fresh)
        if (status.get("error") or {}).get("message") == message:
            return
        status["error"] = {"message": message, "time": self._api.clock.timestamp()}
        status["readyToUse"] = False
        fresh = self._api.update_status(names.CONTENTS, {**fresh, "status": status}, manager=MANAGER)
        self._events.record(fresh, "Warning", reason, message)

    # Creation

    async def _take(self, content: Obj) -> bool:
        """Have the driver create the snapshot; returns whether it is ready. Raises Failed."""
        volume = content["spec"]["source"]["volumeHandle"]
        request = self._request(content)
        content = objects.annotate(self._api, names.CONTENTS, content, {names.BEING_CREATED: "yes"}, manager=MANAGER)
        await delays.calls(self._api.clock, 2)
        try:
            answer = await self._driver.create_snapshot(request)
            await self._arrival("CreateSnapshot", request.name)
        except CsiError as error:
            if error.is_final:
                self._unmark(content)
            raise Failed(f"failed to take snapshot of the volume {volume}: {quoted(str(error))}") from error
        self._write_status(
            content,
            handle=self._decisions.recorded_handle(content, answer),
            created=_nanoseconds(answer.creation_time) if answer.creation_time else 0,
            size=self._decisions.recorded_size(content, answer),
            ready=self._decisions.recorded_ready(content, answer),
        )
        await self._api.clock.sleep(delays.CALL)
        self._unmark(content)
        return self._decisions.recorded_ready(content, answer)

    async def _arrival(self, call: str, about: str) -> None:
        """Wait for an answer of the driver. Raises CsiError if it comes too late."""
        await self._api.clock.sleep_unscaled(self._decisions.answer_delay(call))
        if self._decisions.loses_answer(call, about):
            raise CsiError(Code.DEADLINE_EXCEEDED, "context deadline exceeded")

    def _request(self, content: Obj) -> CreateSnapshotRequest:
        name = content["metadata"]["name"]
        class_name = content["spec"].get("volumeSnapshotClassName")
        try:
            parameters = self._parameters(class_name, content["metadata"]["uid"])
            secrets = self._secrets(content)
        except Failed as failed:
            prefix = f"failed to get input parameters to create snapshot for content {name}: "
            raise Failed(prefix + quoted(str(failed))) from failed
        return CreateSnapshotRequest(
            name=self._decisions.snapshot_name(content),
            source_volume_id=content["spec"]["source"]["volumeHandle"],
            parameters=parameters,
            secrets=secrets,
        )

    def _parameters(self, class_name: str | None, uid: str) -> dict[str, str]:
        """Those of the class; if it is gone, those with which the driver was asked for the content before."""
        if not class_name:
            return {}
        snapshot_class = self._api.find(names.CLASSES, class_name)
        if snapshot_class is None:
            if uid in self._asked and not self._decisions.needs_class_again(class_name):
                return self._asked[uid]
            raise Failed(class_not_found(class_name))
        parameters = snapshot_class.get("parameters") or {}
        for key in parameters:
            if key.startswith(names.PARAMETER_PREFIX) and key not in _KNOWN_PARAMETERS:
                where = f"reserved namespace {names.PARAMETER_PREFIX}"
                raise Failed(f"found unknown parameter key {quoted(key)} with {where}")
        self._asked[uid] = {
            key: value for key, value in parameters.items() if not key.startswith(names.PARAMETER_PREFIX)
        }
        return self._asked[uid]

    def _secrets(self, content: Obj) -> dict[str, str]:
        annotations = objects.annotations(content)
        name = annotations.get(names.DELETION_SECRET_NAME)
        namespace = annotations.get(names.DELETION_SECRET_NAMESPACE)
        if not name or not namespace:
            return {}
        secret = self._api.find("secrets", name, namespace)
        if secret is None:
            raise Failed(f"cannot get credentials for snapshot content {quoted(content['metadata']['name'])}")
        return {key: value.decode(errors="replace") for key, value in objects.secret_data(secret).items()}

    def _write_status(self, content: Obj, *, handle: str, created: int, size: int | None, ready: bool) -> None:
        """Time (nanoseconds; the default is the epoch) and size are written once."""
        fresh = objects.current(self._api, names.CONTENTS, content)
        status = objects.status(fresh)
        if ready and not status.get("readyToUse"):
            status.pop("error", None)
        if "snapshotHandle" not in status and self._decisions.writes_handle_first(content):
            begun = {**fresh, "status": {"snapshotHandle": handle, "readyToUse": False, **status}}
            fresh = self._api.update_status(names.CONTENTS, begun, manager=MANAGER)
        status["snapshotHandle"] = handle
        status.setdefault("creationTime", self._decisions.recorded_time(content, created))
        if size is not None:
            status.setdefault("restoreSize", size)
        status["readyToUse"] = ready
        if status != fresh.get("status"):
            self._api.update_status(names.CONTENTS, {**fresh, "status": status}, manager=MANAGER)

    def _adopt(self, content: Obj) -> bool:
        """Set the status of a pre-provisioned content without a call to the driver. Raises Failed."""
        class_name = content["spec"].get("volumeSnapshotClassName")
        missing = class_name and self._api.find(names.CLASSES, class_name) is None
        if missing and self._decisions.class_must_exist(class_name):
            name = content["metadata"]["name"]
            prefix = f"failed to get snapshot class {class_name} for snapshot content {name}: "
            raise Failed(prefix + class_not_found(class_name))
        ready = self._decisions.pre_provisioned_ready(content)
        self._write_status(
            content,
            handle=self._decisions.pre_provisioned_handle(content),
            created=_nanoseconds(self._api.clock.now()),
            size=None,
            ready=ready,
        )
        return ready

    def _unmark(self, content: Obj) -> None:
        fresh = objects.current(self._api, names.CONTENTS, content)
        if names.BEING_CREATED in objects.annotations(fresh):
            objects.annotate(self._api, names.CONTENTS, fresh, {names.BEING_CREATED: None}, manager=MANAGER)

    # Deletion

    async def _delete(self, content: Obj) -> None:
        handle = self._decisions.handle_to_delete(content)
        counting = counting_policy(self._api, self._decisions, content)
        if handle is not None and self._decisions.deletes_snapshot(counting):
            try:
                self._secrets(content)
                await self._driver.delete_snapshot(handle)
                await self._arrival("DeleteSnapshot", handle)
            except (CsiError, Failed) as error:
                self._events.record(content, "Warning", "SnapshotDeleteError", "Failed to delete snapshot")
                raise Failed(f"failed to delete snapshot {quoted(handle)}") from error
            await self._api.clock.sleep(delays.CALL)
            self._clear_status(content)
            await self._api.clock.sleep(delays.CALL)
        objects.remove_finalizers(self._api, names.CONTENTS, content, [names.CONTENT_BOUND], manager=MANAGER)
        self._asked.pop(content["metadata"]["uid"], None)

    def _clear_status(self, content: Obj) -> None:
        fresh = objects.current(self._api, names.CONTENTS, content)
        gone = {"snapshotHandle", "readyToUse", "creationTime", "restoreSize"}
        status = {key: value for key, value in objects.status(fresh).items() if key not in gone}
        self._api.update_status(names.CONTENTS, {**fresh, "status": status}, manager=MANAGER)


def _nanoseconds(moment: datetime) -> int:
    """Nanoseconds since the epoch."""
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1_000


def _should_delete(content: Obj) -> bool:
    """Whether to delete the snapshot of a deleted content; not while the driver may still create it."""
    if not objects.is_deleting(content):
        return False
    spec = content["spec"]
    if "snapshotHandle" in spec["source"] and not spec["volumeSnapshotRef"].get("uid"):
        return True
    annotations = objects.annotations(content)
    return names.BEING_CREATED not in annotations and names.BEING_DELETED in annotations


def _ready(content: Obj) -> bool:
    return objects.status(content).get("readyToUse") is True


def _essence(content: Obj) -> Obj:
    ignored = {"resourceVersion", "managedFields", "finalizers", "annotations"}
    metadata = {key: value for key, value in content["metadata"].items() if key not in ignored}
    annotations = {key: value for key, value in objects.annotations(content).items() if key != names.BEING_CREATED}
    return {"spec": content["spec"], "metadata": metadata, "annotations": annotations}
