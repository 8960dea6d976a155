"""Images exported from volumes, by VolumeSnapshot and by hand."""

import hashlib

import pytest

from simulator.csi.protocol import Code, CsiError
from simulator.longhorn.backing_images import image_data
from simulator.longhorn.backing_images.qcow2 import Qcow2
from tests.simulator.longhorn.backing_images.images import (
    FIRST,
    SIZE,
    copies_of,
    exported,
    finished,
    make,
    ready,
    stored,
)
from tests.simulator.longhorn.cluster import MEBIBYTE, NODE, Cluster, refused


@pytest.mark.parametrize("asked", ["raw", "qcow2", ""])
async def test_a_snapshot_of_type_bi_exports_its_volume(with_data: Cluster, asked: str) -> None:
    parameters = {"type": "bi", **({"export-type": asked} if asked else {})}
    answer = await with_data.snapshot("snapshot-1", **parameters)
    begun = with_data.get("backingimages", "snapshot-1")
    image = await finished(with_data, "snapshot-1")
    path = stored(with_data, "snapshot-1")
    found = image_data.of_file(path)

    assert (answer.ready_to_use, answer.size_bytes, ready(begun)) == (True, SIZE, False)
    assert image["spec"]["sourceParameters"] == {"volume-name": "vol", "export-type": asked or "raw"}
    assert isinstance(found, Qcow2) is (asked == "qcow2")
    assert found.read(0, SIZE) == with_data.content()
    status = image["status"]
    assert status["checksum"] == hashlib.sha512(path.read_bytes()).hexdigest()
    assert (status["size"], status["virtualSize"]) == (path.stat().st_size, SIZE)


@pytest.mark.parametrize(("at_once", "written_later"), [(True, False), (False, True)])
async def test_an_image_holds_the_moment_of_its_request(with_data: Cluster, at_once: bool, written_later: bool) -> None:
    setattr(with_data.images, "captures_data_at_request", lambda _: at_once)  # noqa: B010 (as an override does)
    before = with_data.content()
    await with_data.snapshot("snapshot-1", type="bi")
    with_data.write(b"later", 0)
    image = await finished(with_data, "snapshot-1")

    assert (image["status"]["checksum"] != hashlib.sha512(before).hexdigest()) is written_later


async def test_a_detached_volume_is_attached_for_its_export(longhorn: Cluster) -> None:
    await longhorn.volume()
    longhorn.write(FIRST)
    await longhorn.snapshot("snapshot-1", type="bi")
    image = await finished(longhorn, "snapshot-1")
    await longhorn.until_detached()

    assert "attached" in [status.get("state") for status in longhorn.statuses("Volume", "vol")]
    assert set().union(*longhorn.tickets()) == {"bim-ds-controller-snapshot-1"}
    assert image["status"]["checksum"] == hashlib.sha512(longhorn.content()).hexdigest()


async def test_a_repeated_request_makes_no_second_image(with_data: Cluster) -> None:
    first = await with_data.snapshot("snapshot-1", type="bi")
    again = await with_data.snapshot("snapshot-1", type="bi")

    assert first.snapshot_id == again.snapshot_id
    assert len(with_data.all("backingimages")) == 1


async def test_an_export_leaves_its_snapshot_and_shows_it(longhorn: Cluster) -> None:
    await exported(longhorn)
    (snapshot,) = longhorn.all("snapshots")

    assert snapshot["metadata"]["name"].startswith("img-")
    assert snapshot["status"]["labels"] == {"longhorn.io/for-exporting-backing-image": "img"}
    assert snapshot["status"]["readyToUse"]
    source = longhorn.get("backingimagedatasources", "img")
    assert source["metadata"]["labels"] == {"longhorn.io/export-from-volume": "vol"}
    (manager,) = longhorn.all("backingimagemanagers")
    assert manager["status"]["backingImageFileMap"]["img"]["state"] == "ready"


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"export-type": "vmdk"}, "denied the request: unsupported export type vmdk"),
        ({"exportType": "odd", "export-type": "raw"}, "unsupported export type odd"),
    ],
)
async def test_a_wrong_class_is_refused(with_data: Cluster, parameters: dict[str, str], text: str) -> None:
    with refused(Code.INTERNAL, text):
        await with_data.snapshot("snapshot-1", type="bi", **parameters)

    assert with_data.all("backingimages") == []
    assert with_data.storage.disk.snapshots("vol") == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"status": {"robustness": "faulted"}}, "cannot export a backing image from faulted volume vol"),
        ({"spec": {"dataEngine": "v2"}}, "exported from a v2 volume is not supported"),
    ],
    ids=["faulted", "v2"],
)
async def test_a_volume_that_cannot_be_read_is_refused(longhorn: Cluster, change: dict[str, object], text: str) -> None:
    await longhorn.volume()
    subresource = "status" if "status" in change else ""
    longhorn.patch("volumes", "vol", change, subresource=subresource)
    with pytest.raises(CsiError) as refusal:
        await longhorn.snapshot("snapshot-1", type="bi")

    assert text in refusal.value.description


async def test_a_volume_that_is_gone_is_not_found(longhorn: Cluster) -> None:
    with refused(Code.NOT_FOUND) as refusal:
        await longhorn.snapshot("snapshot-1", "ghost", type="bi")

    assert refusal.value.description == "volume ghost not found"


@pytest.mark.parametrize("version", ["1.4.4"])
async def test_no_image_before_1_5(with_data: Cluster) -> None:
    with refused(Code.INVALID_ARGUMENT):
        await with_data.snapshot("snapshot-1", type="bi")


async def test_an_export_of_a_volume_with_an_image_holds_both(with_data: Cluster) -> None:
    first = await with_data.snapshot("first", type="bi")
    await finished(with_data, "first")
    await with_data.attached_volume("copy", SIZE + 2 * MEBIBYTE, source_snapshot_id=first.snapshot_id)
    with_data.write(b"more", SIZE, "copy")
    await with_data.snapshot("second", "copy", type="bi", **{"export-type": "qcow2"})
    await finished(with_data, "second")
    path = stored(with_data, "second")

    assert image_data.of_file(path).read(0, SIZE + 2 * MEBIBYTE) == with_data.content("copy")


@pytest.mark.parametrize(("copies", "made"), [(1, 1), (2, 2), (3, 2)])
async def test_copies_lie_on_as_many_disks_as_are_wanted_and_there(with_data: Cluster, copies: int, made: int) -> None:
    (spec,) = with_data.get("nodes", NODE)["spec"]["disks"].values()
    with_data.patch("nodes", NODE, {"spec": {"disks": {"second": {**spec, "tags": ["fast"]}}}})
    known = {"status": {"diskStatus": {"second": {"diskUUID": "disk-2"}}}}
    with_data.patch("nodes", NODE, known, subresource="status")
    make(with_data, "img", "export-from-volume", {"volume-name": "vol"}, minNumberOfCopies=copies)

    def complete() -> bool:
        return [each["state"] for each in copies_of(with_data.get("backingimages", "img"))] == ["ready"] * made

    await with_data.until("backingimages", complete)
    make(with_data, "chosen", "export-from-volume", {"volume-name": "vol"}, diskSelector=["fast"])
    chosen = await finished(with_data, "chosen")
    stored = {path.read_bytes() for path in with_data.images_directory.glob("*/img-*/backing")}

    assert stored == {with_data.content()}
    assert set(chosen["spec"]["diskFileSpecMap"]) == {"disk-2"}


async def test_an_image_waits_for_a_disk_that_its_selector_wants(with_data: Cluster) -> None:
    await with_data.snapshot("img", type="bi", diskSelector="fast,large")
    await with_data.until("backingimages", lambda: with_data.get("backingimages", "img")["status"].get("uuid"))
    waiting = with_data.all("backingimagedatasources")
    (disk,) = with_data.get("nodes", NODE)["spec"]["disks"]
    with_data.patch("nodes", NODE, {"spec": {"disks": {disk: {"tags": ["large", "fast"]}}}})
    await finished(with_data, "img")

    assert waiting == []
    assert with_data.get("backingimages", "img")["spec"]["diskSelector"] == ["fast", "large"]


@pytest.mark.parametrize(("version", "wanted"), [("1.12.1", (["a", "b"], ["c"])), ("1.6.4", (None, None))])
async def test_selectors_are_known_since_1_7(with_data: Cluster, wanted: tuple[object, object]) -> None:
    await with_data.snapshot("img", type="bi", nodeSelector="a,b", diskSelector="c")
    spec = with_data.get("backingimages", "img")["spec"]

    assert (spec.get("nodeSelector"), spec.get("diskSelector")) == wanted
