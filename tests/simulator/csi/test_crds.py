"""The snapshot kinds and their validation by the API server."""

from typing import Any

import pytest

from simulator.clock import Clock
from simulator.csi import names
from simulator.csi.crds import register
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from tests.simulator.kubernetes.client import refusal

EXACTLY_ONE = (
    'spec.source: Invalid value: "object": exactly one of volumeSnapshotContentName and persistentVolumeClaimName '
    "must be set"
)
UNCHECKED = (
    '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the '
    "existing errors to complete validation"
)
EMPTY_CLASS = (
    'spec.volumeSnapshotClassName: Invalid value: "string": volumeSnapshotClassName must not be the empty string '
    "when set"
)
ONE_HANDLE = 'spec.source: Invalid value: "object": exactly one of volumeHandle and snapshotHandle must be set'
WHOLE_REFERENCE = (
    'spec.volumeSnapshotRef: Invalid value: "object": both spec.volumeSnapshotRef.name and '
    "spec.volumeSnapshotRef.namespace must be set"
)
UNKNOWN_POLICY = 'deletionPolicy: Unsupported value: "Keep": supported values: "Delete", "Retain"'
IMMUTABLE = 'Invalid value: "string": persistentVolumeClaimName is immutable'
REQUIRED = 'spec.source: Invalid value: "object": persistentVolumeClaimName is required once set'


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


CLAIM = {"persistentVolumeClaimName": "a"}
RENAMED = {"spec": {"source": {"persistentVolumeClaimName": "b"}}}
ONE_OF = '<nil>: Invalid value: "": "spec.source" must validate one and only one schema (oneOf).'
INVALID = {
    names.SNAPSHOTS: 'VolumeSnapshot.snapshot.storage.k8s.io "s"',
    names.CONTENTS: 'VolumeSnapshotContent.snapshot.storage.k8s.io "c"',
    names.CLASSES: 'VolumeSnapshotClass.snapshot.storage.k8s.io "c"',
}


@pytest.mark.parametrize(
    ("resource", "sent", "text"),
    [
        (names.SNAPSHOTS, snapshot({}), EXACTLY_ONE),
        (names.SNAPSHOTS, snapshot(CLAIM | {"volumeSnapshotContentName": "b"}), EXACTLY_ONE),
        (names.SNAPSHOTS, snapshot(None), f"[spec.source: Required value, {UNCHECKED}]"),
        (names.SNAPSHOTS, snapshot(CLAIM, volumeSnapshotClassName=""), EMPTY_CLASS),
        (names.CONTENTS, content(source={"snapshotHandle": "h", "volumeHandle": "v"}), ONE_HANDLE),
        (names.CONTENTS, content(volumeSnapshotRef={"name": "s"}), WHOLE_REFERENCE),
        (names.CLASSES, {"metadata": {"name": "c"}, "driver": "d", "deletionPolicy": "Keep"}, UNKNOWN_POLICY),
    ],
    ids=[
        *("no source", "both sources", "source absent", "empty class"),
        *("both handles", "no namespace", "unknown policy"),
    ],
)
def test_invalid_object_is_refused(api: Api, resource: str, sent: Obj, text: str) -> None:
    error = refusal(api.create, resource, sent)

    assert (error.status, error.message) == (422, f"{INVALID[resource]} is invalid: {text}")


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        ({"persistentVolumeClaimName": "b"}, f"spec.source.persistentVolumeClaimName: {IMMUTABLE}"),
        ({"volumeSnapshotContentName": "c"}, EXACTLY_ONE),
        ({"persistentVolumeClaimName": None, "volumeSnapshotContentName": "c"}, REQUIRED),
    ],
    ids=["other claim", "content added", "claim for content"],
)
def test_source_is_immutable(api: Api, patch: Obj, text: str) -> None:
    api.create(names.SNAPSHOTS, snapshot(CLAIM))

    error = refusal(api.patch, names.SNAPSHOTS, "s", "default", {"spec": {"source": patch}})

    assert error.message == f"{INVALID[names.SNAPSHOTS]} is invalid: {text}"


def test_class_may_change(api: Api) -> None:
    api.create(names.SNAPSHOTS, snapshot(CLAIM, volumeSnapshotClassName="x"))

    patched = api.patch(names.SNAPSHOTS, "s", "default", {"spec": {"volumeSnapshotClassName": "y"}})

    assert patched["spec"]["volumeSnapshotClassName"] == "y"


def test_only_v1_is_served(api: Api) -> None:
    versions = {each.version for each in api.resources() if each.group == names.SNAPSHOT_GROUP}

    assert versions == {"v1"}


@pytest.mark.parametrize("release", ["4.0", "6.3", "7.0"])
@pytest.mark.parametrize(
    ("resource", "sent", "text"),
    [
        (names.SNAPSHOTS, snapshot({}), f"{ONE_OF} Found none valid"),
        (names.SNAPSHOTS, snapshot(CLAIM | {"volumeSnapshotContentName": "b"}), f"{ONE_OF} Found 2 valid alternatives"),
        (names.SNAPSHOTS, snapshot(None), "spec.source: Required value"),
        (names.CONTENTS, content(source={"snapshotHandle": "h", "volumeHandle": "v"}), f"{ONE_OF} Found 2 valid"),
        (names.CLASSES, {"metadata": {"name": "c"}, "driver": "d", "deletionPolicy": "Keep"}, UNKNOWN_POLICY),
    ],
    ids=["no source", "both sources", "source absent", "both handles", "unknown policy"],
)
def test_older_crds_refuse_by_their_schema(release: str, resource: str, sent: Obj, text: str) -> None:
    api = Api(Clock(0))
    register(api, release=release)

    error = refusal(api.create, resource, sent)

    assert error.status == 422
    assert text in error.message


@pytest.mark.parametrize(("release", "rules"), [("4.0", False), ("6.3", False), ("7.0", False), ("8.0", True)])
def test_rules_came_with_8_0(release: str, rules: bool) -> None:
    """Before, no page of Kubernetes promised more than that a source is exactly one: an optional webhook did."""
    api = Api(Clock(0))
    register(api, release=release)
    api.create(names.SNAPSHOTS, snapshot(CLAIM))
    incomplete = content(volumeSnapshotRef={"namespace": "default"})

    if rules:
        assert refusal(api.create, names.CONTENTS, incomplete).status == 422
        assert refusal(api.patch, names.SNAPSHOTS, "s", "default", RENAMED).status == 422
    else:
        assert api.create(names.CONTENTS, incomplete)["spec"]["volumeSnapshotRef"] == {"namespace": "default"}
        assert api.patch(names.SNAPSHOTS, "s", "default", RENAMED)["spec"] == RENAMED["spec"]


@pytest.mark.parametrize(
    ("release", "known", "grouped", "served", "short"),
    [
        ("4.0", False, False, ["v1", "v1beta1"], ()),
        ("6.3", True, False, ["v1"], ("vs",)),
        ("7.0", True, True, ["v1"], ("vs",)),
        ("8.0", True, True, ["v1"], ("vs",)),
        ("8.6", True, True, ["v1"], ("vs",)),
    ],
)
def test_fields_and_versions_by_release(
    release: str, known: bool, grouped: bool, served: list[str], short: tuple[str, ...]
) -> None:
    api = Api(Clock(0))
    register(api, release=release)

    made = api.create(names.CONTENTS, content(sourceVolumeMode="Block"))

    kind = api.resource(names.SNAPSHOTS)
    assert ("sourceVolumeMode" in made["spec"]) == known
    assert ("volumeGroupSnapshotName" in kind.schema["properties"]["status"]["properties"]) == grouped
    assert [each.version for each in kind.in_all_versions()] == served
    assert kind.short_names == short
