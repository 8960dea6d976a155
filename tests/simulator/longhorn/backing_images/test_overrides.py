"""What faults and quirks may change, and how a release deviates from its documentation."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from simulator.csi.protocol import CsiError
from simulator.longhorn.backing_images import image_data
from simulator.longhorn.backing_images.qcow2 import Qcow2
from simulator.overrides import registry, releases
from tests.simulator.longhorn.backing_images.images import (
    SIZE,
    URL,
    Files,
    downloaded,
    exported,
    finished,
    handle,
    make,
    ready,
    stored,
)
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster

UID = "snapshot-2a57276a-1769-453f-ba26-0e383cd55510"


def as_released(longhorn: Cluster) -> None:
    """Have the cluster behave as 1.12.1 does."""
    quirks = [each for each in releases.release("1.12.1") if each.decision.startswith("backing_images.")]
    registry.apply({"backing_images": longhorn.images}, quirks)


def instead(longhorn: Cluster, **answers: Any) -> None:
    """Put other answers in the place of decisions, as an override does."""
    for method, answer in answers.items():
        setattr(longhorn.images, method, lambda *_, answer=answer: answer)


async def test_a_release_cuts_names_and_exports_raw(with_data: Cluster) -> None:
    as_released(with_data)
    made = await with_data.snapshot(UID, type="bi", **{"export-type": "qcow2"})
    again = await with_data.snapshot(UID, type="bi", **{"export-type": "qcow2"})
    image = await finished(with_data, "snapshot-2a57276a-1769-453f-ba2-4f52d7b2")

    assert "export-type=qcow2" in made.snapshot_id
    assert again.snapshot_id == made.snapshot_id
    assert image["status"]["size"] == SIZE
    assert image["status"]["checksum"] == hashlib.sha512(with_data.content()).hexdigest()


async def test_a_release_takes_checksum_for_a_parameter(longhorn: Cluster, files: Files) -> None:
    as_released(longhorn)
    checksum = (await downloaded(longhorn, files))["status"]["checksum"]
    with pytest.raises(CsiError, match="data source is different from the parameters"):
        await longhorn.volume(source_snapshot_id=handle("img", "download", url=f"{URL}/image", checksum=checksum))


async def test_an_image_may_be_made_with_its_content(longhorn: Cluster, files: Files) -> None:
    files["/image"] = bytes(SIZE)
    await asyncio.sleep(0)
    given = handle("new", "download", url=f"{URL}/image")
    content_of(longhorn, "first", given)
    none = longhorn.all("backingimages")
    instead(longhorn, makes_image_with_content=True)
    content_of(longhorn, "second", given)

    assert none == []
    assert [each["metadata"]["name"] for each in longhorn.all("backingimages")] == ["new"]


def content_of(longhorn: Cluster, name: str, given: str) -> None:
    """A content made by hand."""
    reference = {"name": name, "namespace": "default"}
    spec = {"driver": "driver.longhorn.io", "deletionPolicy": "Retain", "volumeSnapshotRef": reference}
    spec |= {"source": {"snapshotHandle": given}}
    longhorn.api.create("volumesnapshotcontents.snapshot.storage.k8s.io", {"metadata": {"name": name}, "spec": spec})


@pytest.mark.parametrize(("seconds", "left"), [(None, 1), (1.0, 0)])
async def test_an_image_may_end_with_its_snapshot(
    longhorn: Cluster, files: Files, seconds: float | None, left: int
) -> None:
    instead(longhorn, image_lifetime_after_snapshot=seconds)
    await downloaded(longhorn, files)
    content_of(longhorn, "kept", handle("img", "download"))
    source = {"volumeSnapshotContentName": "kept"}
    snapshots = "volumesnapshots.snapshot.storage.k8s.io"
    longhorn.api.create(snapshots, {"metadata": {"name": "s", "namespace": "default"}, "spec": {"source": source}})
    bound = {"status": {"boundVolumeSnapshotContentName": "kept"}}
    longhorn.api.patch(snapshots, "s", "default", bound, subresource="status")
    longhorn.api.delete(snapshots, "s", "default")
    if left:
        await asyncio.sleep(0.2)
    else:
        await longhorn.until_gone("backingimages")

    assert len(longhorn.all("backingimages")) == left


async def test_a_write_may_reach_the_image(longhorn: Cluster, tmp_path: Path) -> None:
    instead(longhorn, images_written_to=["img"])
    given = await exported(longhorn)
    await longhorn.attached_volume("copy", source_snapshot_id=given)
    longhorn.write(b"mine", 0, "copy")
    await longhorn.driver.node_unpublish_volume("copy", tmp_path / "nothing")
    await longhorn.attached_volume("other", source_snapshot_id=given)

    assert longhorn.content("other")[:4] == b"mine"


async def test_bytes_and_reports_may_be_wrong(with_data: Cluster) -> None:
    instead(with_data, exported_format="qcow2", stored_checksum="f" * 128, reported_virtual_size=1)
    setattr(with_data.images, "exported_bytes", lambda _, data, *__: data.replace(b"A", b"B"))  # noqa: B010
    await with_data.snapshot("img", type="bi")
    status = (await finished(with_data, "img"))["status"]
    path = stored(with_data, "img")
    found = image_data.of_file(path)

    assert (status["checksum"], status["virtualSize"]) == ("f" * 128, 1)
    assert isinstance(found, Qcow2)
    assert found.read(0, SIZE) == with_data.content().replace(b"A", b"B")


async def test_the_answer_may_come_too_late(with_data: Cluster) -> None:
    instead(with_data, answers_before_export=False)
    await with_data.snapshot("img", type="bi")

    assert ready(with_data.get("backingimages", "img"))


async def test_a_second_image_may_be_made(longhorn: Cluster, files: Files) -> None:
    files["/image"] = bytes(SIZE)
    instead(longhorn, uses_existing_image=False)
    make(longhorn, "img", "download", {"url": f"{URL}/image"})
    await longhorn.volume(source_snapshot_id=handle("img", "download", url=f"{URL}/image"))

    assert len(longhorn.all("backingimages")) == 2


async def test_an_export_may_begin_later(longhorn: Cluster) -> None:
    instead(longhorn, captures_data_at_request=False)
    asked: list[str] = []

    def begins(volume: str) -> bool:
        asked.append(volume)
        if len(asked) == 3:
            longhorn.write(b"late", 0)
        return len(asked) > 3

    setattr(longhorn.images, "begins_export", begins)  # noqa: B010
    await exported(longhorn)
    path = stored(longhorn, "img")

    assert asked == ["vol"] * 4
    assert path.read_bytes()[:4] == b"late"


async def test_another_volume_may_be_exported(longhorn: Cluster) -> None:
    setattr(longhorn.images, "volume_to_export", lambda volumes, _: volumes[0])  # noqa: B010
    await longhorn.volume("a-volume")
    await longhorn.written_volume(MEBIBYTE)
    await longhorn.snapshot("img", type="bi")

    assert longhorn.get("backingimages", "img")["spec"]["sourceParameters"]["volume-name"] == "a-volume"
