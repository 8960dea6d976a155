"""What Longhorn's webhooks refuse, with the texts of a real cluster, and what they fill in."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from simulator.kubernetes.api import Api
from tests.simulator.kubernetes.client import refusal
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster

Write = Callable[[Api], Any]


def create(plural: str, name: str, marks: dict[str, str] | None = None, **spec: Any) -> Write:
    metadata = {"name": name, "namespace": "longhorn-system", "labels": marks or {}}
    return lambda api: api.create(f"{plural}.longhorn.io", {"metadata": metadata, "spec": spec})


def patch(plural: str, name: str, change: dict[str, Any]) -> Write:
    return lambda api: api.patch(f"{plural}.longhorn.io", name, "longhorn-system", change)


def delete(plural: str, name: str) -> Write:
    return lambda api: api.delete(f"{plural}.longhorn.io", name, "longhorn-system")


TARGET = {"backup-target": "default"}
REFUSED: list[tuple[Write, str]] = [
    (create("volumes", "v", size="16777216"), "invalid name v"),
    (create("volumes", "odd", size=str(18 * MEBIBYTE), backupBlockSize="16777216"), "must be an integer multiple of"),
    (create("volumes", "clone", size="16777216", dataSource="snap://ghost/s"), 'volumes.longhorn.io "ghost" not found'),
    (patch("volumes", "vol", {"spec": {"encrypted": True}}), "Encrypted is immutable"),
    (create("snapshots", "s", volume=""), "spec.volume is required"),
    (create("snapshots", "s", volume="ghost"), "failed to get volume ghost"),
    (create("snapshots", "s", volume="vol", labels={"a": "b=c"}), "labels cannot contain '='"),
    (patch("snapshots", "taken", {"spec": {"volume": "other"}}), "spec.volume field is immutable"),
    (
        patch("snapshots", "taken", {"metadata": {"labels": {"longhornvolume": "x"}}}),
        "label longhornvolume is immutable",
    ),
    (patch("snapshots", "taken", {"metadata": {"ownerReferences": []}}), "OwnerReferences field is immutable"),
    (create("backups", "backup-1", snapshotName="ghost"), "missing backup target label on backup object"),
    (create("backups", "backup-1", {"backup-target": "x"}, snapshotName="ghost"), "failed to get backup target x"),
    (create("backups", "b", TARGET, snapshotName="taken"), "invalid name b"),
    (
        create("backups", "backup-1", {**TARGET, "backup-volume": "other"}, snapshotName="taken"),
        "snapshot volume name vol and label volume name other does not match",
    ),
    (create("backuptargets", "second", backupTargetURL="s3://a$b/"), "contains $ or ,"),
    (
        create("backuptargets", "second", backupTargetURL="s3://backups@us-east-1/"),
        "is the same to backup target default",
    ),
    (delete("backuptargets", "default"), "deleting default backup target is not allowed"),
]


@pytest.fixture(scope="module")
async def taken(shared_longhorn: Cluster) -> Api:
    """With a volume `vol` and its snapshot `taken`."""
    await shared_longhorn.volume()
    await shared_longhorn.snapshot("taken", type="snap")
    return shared_longhorn.api


@pytest.mark.parametrize(("write", "text"), REFUSED, ids=[text for _, text in REFUSED])
async def test_a_wrong_object_is_refused(taken: Api, write: Write, text: str) -> None:
    message = refusal(write, taken).message

    assert message.startswith('admission webhook "validator.longhorn.io" denied the request: ')
    assert text in message


async def test_a_mode_that_is_none_is_refused_by_the_schema(taken: Api) -> None:
    write = create("backups", "backup-1", TARGET, snapshotName="taken", backupMode="odd")

    assert refusal(write, taken).message == (
        'Backup.longhorn.io "backup-1" is invalid: spec.backupMode: Unsupported value: "odd": '
        'supported values: "full", "incremental"'
    )


async def test_defaults_are_filled_in(longhorn: Cluster) -> None:
    create("volumes", "plain", size="1")(longhorn.api)
    volume = longhorn.get("volumes", "plain")
    await longhorn.until_detached("plain")
    create("snapshots", "taken", volume="plain", createSnapshot=True)(longhorn.api)
    create("backups", "backup-1", snapshotName="taken")(longhorn.api)
    backup = longhorn.get("backups", "backup-1")

    assert volume["spec"]["size"] == str(10 * MEBIBYTE)
    assert volume["metadata"]["finalizers"] == ["longhorn.io"]
    assert volume["spec"]["numberOfReplicas"] == 3
    assert longhorn.get("snapshots", "taken")["metadata"]["ownerReferences"][0]["kind"] == "Volume"
    assert backup["spec"]["backupMode"] == "incremental"
    assert backup["spec"]["backupBlockSize"] == "2097152"
    assert backup["metadata"]["labels"] == {"backup-target": "default", "backup-volume": "plain"}


async def test_keys_with_blanks_at_their_ends_are_refused(longhorn: Cluster) -> None:
    """As they come with files: for the target that is pointed at them, and only then."""
    values = {"AWS_CERT": "PEM\n", "AWS_ENDPOINTS": " http://s3", "AWS_SECRET_ACCESS_KEY": "good"}
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    metadata = {"name": "keys", "namespace": "longhorn-system"}
    longhorn.api.create("secrets", {"metadata": metadata, "data": data})

    error = refusal(patch("backuptargets", "default", {"spec": {"credentialSecret": "keys"}}), longhorn.api)
    patch("backuptargets", "default", {"spec": {"pollInterval": "30s"}})(longhorn.api)

    assert error.message.endswith(
        "denied the request: credential validation error(s): invalid leading whitespace in AWS_ENDPOINTS; "
        "invalid trailing newline in AWS_CERT"
    )
