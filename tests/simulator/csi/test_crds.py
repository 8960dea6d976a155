"""The snapshot kinds and their validation by the API server."""

from typing import Any

import pytest

from simulator.clock import Clock
from simulator.csi import names
from simulator.csi.crds import register
from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError

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


def snapshot(source: dict[str, str] | None, **more: Any) -> dict[str, Any]:
    spec = {**more} if source is None else {"source": source, **more}
    return {"metadata": {"name": "s", "namespace": "default"}, "spec": spec}


@pytest.mark.parametrize(
    ("spec_of", "text"),
    [
        pytest.param(snapshot({}), EXACTLY_ONE, id="no source"),
        pytest.param(
            snapshot({"persistentVolumeClaimName": "a", "volumeSnapshotContentName": "b"}), EXACTLY_ONE, id="both"
        ),
        pytest.param(snapshot(None), f"[spec.source: Required value, {UNCHECKED}]", id="source absent"),
        pytest.param(
            snapshot({"persistentVolumeClaimName": "a"}, volumeSnapshotClassName=""),
            'spec.volumeSnapshotClassName: Invalid value: "string": volumeSnapshotClassName must not be the empty '
            "string when set",
            id="empty class",
        ),
    ],
)
def test_invalid_snapshot_is_refused(api: Api, spec_of: dict[str, Any], text: str) -> None:
    with pytest.raises(ApiError) as refused:
        api.create(names.SNAPSHOTS, spec_of)

    assert refused.value.status == 422
    assert refused.value.message == f'VolumeSnapshot.snapshot.storage.k8s.io "s" is invalid: {text}'


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
def test_source_is_immutable(api: Api, patch: dict[str, Any], text: str) -> None:
    api.create(names.SNAPSHOTS, snapshot({"persistentVolumeClaimName": "a"}))

    with pytest.raises(ApiError) as refused:
        api.patch(names.SNAPSHOTS, "s", "default", {"spec": {"source": patch}})

    assert refused.value.message == f'VolumeSnapshot.snapshot.storage.k8s.io "s" is invalid: {text}'


def test_class_may_change(api: Api) -> None:
    api.create(names.SNAPSHOTS, snapshot({"persistentVolumeClaimName": "a"}, volumeSnapshotClassName="x"))

    patched = api.patch(names.SNAPSHOTS, "s", "default", {"spec": {"volumeSnapshotClassName": "y"}})

    assert patched["spec"]["volumeSnapshotClassName"] == "y"


def content(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "driver": "d",
        "deletionPolicy": "Delete",
        "source": {"snapshotHandle": "h"},
        "volumeSnapshotRef": {"name": "s", "namespace": "default"},
    }
    return {"metadata": {"name": "c"}, "spec": {**spec, **changes}}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        pytest.param(
            {"source": {"snapshotHandle": "h", "volumeHandle": "v"}},
            'spec.source: Invalid value: "object": exactly one of volumeHandle and snapshotHandle must be set',
            id="both handles",
        ),
        pytest.param(
            {"volumeSnapshotRef": {"name": "s"}},
            'spec.volumeSnapshotRef: Invalid value: "object": both spec.volumeSnapshotRef.name and '
            "spec.volumeSnapshotRef.namespace must be set",
            id="no namespace",
        ),
    ],
)
def test_invalid_content_is_refused(api: Api, wrong: dict[str, Any], text: str) -> None:
    api.create(names.CONTENTS, content())

    with pytest.raises(ApiError) as refused:
        api.create(names.CONTENTS, {**content(**wrong), "metadata": {"name": "d"}})

    assert refused.value.message == f'VolumeSnapshotContent.snapshot.storage.k8s.io "d" is invalid: {text}'


def test_unknown_policy_is_refused(api: Api) -> None:
    with pytest.raises(ApiError) as refused:
        api.create(names.CLASSES, {"metadata": {"name": "c"}, "driver": "d", "deletionPolicy": "Keep"})

    assert refused.value.message == (
        'VolumeSnapshotClass.snapshot.storage.k8s.io "c" is invalid: deletionPolicy: Unsupported value: "Keep": '
        'supported values: "Delete", "Retain"'
    )


def test_only_v1_is_served(api: Api) -> None:
    versions = {each.version for each in api.resources() if each.group == names.SNAPSHOT_GROUP}

    assert versions == {"v1"}
