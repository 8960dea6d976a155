"""The normal form: equal for two runs that differ in names and times only, unequal when a reference or a rule is
broken.
"""

import hashlib
from typing import Any

import pytest

from simulator.kubernetes.patches import merge
from simulator.kubernetes.resources import Obj
from tools.fidelity.normalise import normalise
from tools.fidelity.placeholders import EXPORTING
from tools.fidelity.recording import Recording, Write, dump, leaves, load
from tools.fidelity.scenario_events import image_name

DRIVER = "driver.longhorn.io"
Run = dict[str, Any]


def _uid(run: str, number: int) -> str:
    return f"{hashlib.sha256(f'{run} {number}'.encode()).hexdigest()[:8]}-0000-4000-8000-{number:012d}"


def _run(run: str, *, first: int, time: str, node: str) -> Run:
    """A claim with its volume, attachment, snapshot and content, as a client would see them in the run of that name."""
    claim, snapshot = _uid(run, 1), _uid(run, 2)
    volume, namespace = f"pvc-{claim}", f"rec-{run}"
    attachment = f"csi-{hashlib.sha256(f'{volume}{DRIVER}{node}'.encode()).hexdigest()}"
    nanoseconds = 1795255961000000000 if time.endswith("10:12:41Z") else 1795255962000000000
    reference = {"uid": snapshot, "namespace": namespace, "resourceVersion": str(first + 3)}
    attached: Obj = {"spec": {"nodeName": node, "source": {"persistentVolumeName": volume}}}
    taken: Obj = {"spec": {"volume": volume}, "status": {"creationTime": time}}
    content: Obj = {"spec": {"volumeSnapshotRef": reference}, "status": {"creationTime": nanoseconds}}
    storage, snapshots = "storage.k8s.io/v1", "snapshot.storage.k8s.io/v1"
    objects: list[tuple[str, str, str, str, str, Obj]] = [
        ("v1", "PersistentVolumeClaim", namespace, "src", claim, {"spec": {"volumeName": volume}}),
        ("v1", "PersistentVolume", "", volume, _uid(run, 3), {"spec": {"claimRef": {"namespace": namespace}}}),
        (storage, "VolumeAttachment", "", attachment, _uid(run, 4), attached),
        (snapshots, "VolumeSnapshot", namespace, "s", snapshot, {"status": {"creationTime": time}}),
        ("longhorn.io/v1beta2", "Snapshot", "longhorn-system", f"snapshot-{snapshot}", _uid(run, 6), taken),
        (snapshots, "VolumeSnapshotContent", "", f"snapcontent-{snapshot}", _uid(run, 5), content),
    ]
    history = []
    for number, (api, kind, ns, name, uid, rest) in enumerate(objects, first):
        event = {"t": 1.0, "type": "ADDED", "api": api, "kind": kind, "ns": ns, "name": name, "rv": number}
        metadata = {"name": name, "namespace": ns, "uid": uid, "creationTimestamp": time}
        history.append({**event, "object": {"metadata": metadata, **rest}})
    return {"history": history, "notes": {"namespace": namespace, "t_start": 0.0, "seconds": 9.0, "volume": volume}}


def _normal(run: Run) -> Recording:
    return normalise("bak", run["history"], run["notes"])


@pytest.fixture
def one() -> Run:
    return _run("one", first=100, time="2026-11-21T10:12:41Z", node="a")


@pytest.fixture
def two() -> Run:
    return _run("two", first=7000, time="2026-11-21T10:12:42Z", node="b")


def _with_image(run: Run, suffix: str) -> Run:
    """The run with an image of its VolumeSnapshot, and the Longhorn snapshot that was exported for it."""
    (snapshot,) = [each for each in run["history"] if each["kind"] == "VolumeSnapshot"]
    (volume,) = [each["name"] for each in run["history"] if each["kind"] == "PersistentVolume"]
    uid, last = snapshot["object"]["metadata"]["uid"], run["history"][-1]
    image = image_name(f"snapshot-{uid}")
    exported: Run = {"spec": {"volume": volume}, "status": {"labels": {EXPORTING: image}}}
    made: list[Run] = []
    for kind, name, rest in (
        ("BackingImage", image, {"status": {"uuid": suffix, "realSize": int(suffix, 16)}}),
        ("Snapshot", f"{image}-{suffix}", exported),
    ):
        number = int(last["rv"]) + len(made) + 1
        metadata = {"name": name, "namespace": "longhorn-system", "uid": _uid(name, number)}
        body = {"metadata": metadata, **rest}
        made.append({**last, "kind": kind, "name": name, "ns": "longhorn-system", "rv": number, "object": body})
    return {**run, "history": [*run["history"], *made]}


def test_an_image_is_known_by_its_snapshot(one: Run, two: Run) -> None:
    first, second = _with_image(one, "0123abcd"), _with_image(two, "4567cdef")
    foreign = {**second["history"][-2], "name": "snapshot-of-somebody-else", "rv": 9900}

    assert _normal(first) == _normal(second) == _normal({**second, "history": [*second["history"], foreign]})
    assert [write.subject for write in _normal(first).writes][-2:] == [
        "BackingImage {image s}",
        "Snapshot {image s}-{hex}",
    ]


def test_of_a_download_counts_what_longhorn_says(one: Run) -> None:
    said = {"status": 200, "magic": "1f8b080000000000", "headers": {"Content-Type": "x", "Date": "d"}}
    file = {**said, "bytes": 5, "sha512": "0"}
    notes = _normal({**one, "notes": {**one["notes"], "file": file}}).notes

    assert {key: value for key, value in notes.items() if key.startswith("file")} == {
        "file.status": 200,
        "file.magic": "1f8b0800",
        "file.headers.Content-Disposition": "",
        "file.headers.Content-Type": "x",
        "file.headers.Transfer-Encoding": "",
    }


def test_the_name_of_an_image_is_cut_as_longhorn_cuts_it() -> None:
    assert image_name("snapshot-2a57276a-1769-453f-ba26-0e383cd55510") == "snapshot-2a57276a-1769-453f-ba2-4f52d7b2"
    assert image_name("short") == "short"


def test_names_times_and_revisions_do_not_count(one: Run, two: Run) -> None:
    assert _normal(one) == _normal(two)


def test_what_belongs_to_others_does_not_count(one: Run, two: Run) -> None:
    crowded = {**one, "history": [*two["history"], *one["history"]]}

    assert _normal(crowded) == _normal(one)


def test_what_comes_after_the_scenario_does_not_count(one: Run) -> None:
    late = {**one["history"][0], "t": 9.5, "type": "DELETED", "rv": 900}

    assert _normal({**one, "history": [*one["history"], late]}) == _normal(one)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("VolumeSnapshotContent", {"spec": {"volumeSnapshotRef": {"uid": _uid("other", 1)}}}),
        ("VolumeSnapshotContent", {"spec": {"volumeSnapshotRef": {"resourceVersion": "5"}}}),
        ("VolumeAttachment", {"metadata": {"name": f"csi-{'0' * 64}"}}),
        ("VolumeSnapshotContent", {"status": {"creationTime": 1795255999000000000}}),
        ("VolumeSnapshotContent", {"metadata": {"name": f"snapcontent-{_uid('one', 1)}"}}),
    ],
    ids=["reference", "revision", "attachment name", "creation time", "content name"],
)
def test_a_broken_rule_shows(kind: str, change: Obj, one: Run, two: Run) -> None:
    (event,) = [each for each in one["history"] if each["kind"] == kind]
    event["object"] = merge(event["object"], change)
    event["name"] = event["object"]["metadata"]["name"]

    assert _normal(one) != _normal(two)


def test_fields_of_an_error_from_a_go_map_have_no_order(one: Run) -> None:
    texts = ("Body: [code=Bad, detail=, message=no: [a, b]]", "Body: [message=no: [a, b], code=Bad, detail=]")

    first, second = (_normal({**one, "notes": {**one["notes"], "error": text}}) for text in texts)

    assert first == second


def test_lists_of_named_things_are_addressed_by_name() -> None:
    conditions = {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Restore", "status": "False"}], "x": []}

    assert dict(leaves(conditions)) == {
        "conditions[Ready].type": "Ready",
        "conditions[Ready].status": "True",
        "conditions[Restore].type": "Restore",
        "conditions[Restore].status": "False",
        "x": "[]",
    }


def test_the_file_reads_back(tmp_path: Any) -> None:
    writes = (Write("Pod p", "ADDED", {"a": 1, "b": None}), Write("Pod p", "MODIFIED", {}, ("a",)))
    recording = Recording("bak", writes, {"n": True}, 1)
    path = tmp_path / "bak.json"

    path.write_text(dump(recording), encoding="utf-8")

    assert load(path) == recording
