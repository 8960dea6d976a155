"""The snapshot kinds and their validation by the API server."""

from typing import Any

import pytest

from simulator.clock import Clock
from simulator.csi import names
from simulator.csi.crds import register
from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj

EXACTLY_ONE = (
    'spec.source: Invalid value: "object": exactly one of volumeSnapshotContentName and persistentVolumeClaimName '
    "must be set"
)
UNCHECKED = (
    '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the '
    "existing errors to complete validation"
)


@pytest.fixture
def api() -> Api:
    api = Api(Clock(0))
    register(api)
    return api


def snapshot(source: dict[str, str] | None, **more: Any) -> Obj:
    spec = {**more} if source is None else {"source": source, **more}
    return {"metadata": {"name": "s", "namespace": "default"}, "spec": spec}


def content(**changes: Any) -> Obj:
    spec: Obj = {
        "driver": "d",
        "deletionPolicy": "Delete",
        "source": {"snapshotHandle": "h"},
        "volumeSnapshotRef": {"name": "s", "namespace": "default"},
    }
    return {"metadata": {"name": "c"}, "spec": {**spec, **changes}}


SNAPSHOT, CONTENT, CLASS = (
    f'{kind}.snapshot.storage.k8s.io "{name}" is invalid: '
    for kind, name in (("VolumeSnapshot", "s"), ("VolumeSnapshotContent", "c"), ("VolumeSnapshotClass", "c"))
)


@pytest.mark.parametrize(
    ("resource", "sent", "text"),
    [
        pytest.param(names.SNAPSHOTS, snapshot({}), SNAPSHOT + EXACTLY_ONE, id="no source"),
        pytest.param(
            names.SNAPSHOTS,
            snapshot({"persistentVolumeClaimName": "a", "volumeSnapshotContentName": "b"}),
            SNAPSHOT + EXACTLY_ONE,
            id="both sources",
        ),
        pytest.param(
            names.SNAPSHOTS, snapshot(None), f"{SNAPSHOT}[spec.source: Required value, {UNCHECKED}]", id="source absent"
        ),
        pytest.param(
            names.SNAPSHOTS,
            snapshot({"persistentVolumeClaimName": "a"}, volumeSnapshotClassName=""),
            SNAPSHOT + 'spec.volumeSnapshotClassName: Invalid value: "string": volumeSnapshotClassName must not be the '
            "empty string when set",
            id="empty class",
        ),
        pytest.param(
            names.CONTENTS,
            content(source={"snapshotHandle": "h", "volumeHandle": "v"}),
            CONTENT
            + 'spec.source: Invalid value: "object": exactly one of volumeHandle and snapshotHandle must be set',
            id="both handles",
        ),
        pytest.param(
            names.CONTENTS,
            content(volumeSnapshotRef={"name": "s"}),
            CONTENT + 'spec.volumeSnapshotRef: Invalid value: "object": both spec.volumeSnapshotRef.name and '
            "spec.volumeSnapshotRef.namespace must be set",
            id="no namespace",
        ),
        pytest.param(
            names.CLASSES,
            {"metadata": {"name": "c"}, "driver": "d", "deletionPolicy": "Keep"},
            CLASS + 'deletionPolicy: Unsupported value: "Keep": supported values: "Delete", "Retain"',
            id="unknown policy",
        ),
    ],
)
def test_invalid_object_is_refused(api: Api, resource: str, sent: Obj, text: str) -> None:
    with pytest.raises(ApiError) as refused:
        api.create(resource, sent)

    assert (refused.value.status, refused.value.message) == (422, text)


def test_content_is_created(api: Api) -> None:
    assert api.create(names.CONTENTS, content())["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        pytest.param(
            {"persistentVolumeClaimName": "b"},
            'spec.source.persistentVolumeClaimName: Invalid value: "string": persistentVolumeClaimName is immutable',
            id="other claim",
        ),
        pytest.param({"volumeSnapshotContentName": "c"}, EXACTLY_ONE, id="content added"),
        pytest.param(
            {"persistentVolumeClaimName": None, "volumeSnapshotContentName": "c"},
            'spec.source: Invalid value: "object": persistentVolumeClaimName is required once set',
            id="claim for content",
        ),
    ],
)
def test_source_is_immutable(api: Api, patch: Obj, text: str) -> None:
    api.create(names.SNAPSHOTS, snapshot({"persistentVolumeClaimName": "a"}))

    with pytest.raises(ApiError) as refused:
        api.patch(names.SNAPSHOTS, "s", "default", {"spec": {"source": patch}})

    assert refused.value.message == SNAPSHOT + text


def test_class_may_change(api: Api) -> None:
    api.create(names.SNAPSHOTS, snapshot({"persistentVolumeClaimName": "a"}, volumeSnapshotClassName="x"))

    patched = api.patch(names.SNAPSHOTS, "s", "default", {"spec": {"volumeSnapshotClassName": "y"}})

    assert patched["spec"]["volumeSnapshotClassName"] == "y"


def test_only_v1_is_served(api: Api) -> None:
    versions = {each.version for each in api.resources() if each.group == names.SNAPSHOT_GROUP}

    assert versions == {"v1"}
