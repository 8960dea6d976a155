"""Volumes that begin with an image: from handles, from a StorageClass; and the deletion of images."""

import asyncio
import hashlib
import json

import pytest

from simulator.csi.protocol import Code, CsiError, VolumeCapability
from simulator.kubernetes.resources import Obj
from tests.simulator.longhorn.backing_images.images import (
    FIRST,
    SIZE,
    URL,
    Files,
    downloaded,
    exported,
    failed,
    finished,
    handle,
    serving,
    stored,
)
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster, refused

FILE = FIRST + bytes(SIZE - len(FIRST))
CHECKSUM = hashlib.sha512(FILE).hexdigest()


@pytest.fixture(scope="module")
async def with_image(shared_longhorn: Cluster) -> Cluster:
    """With a downloaded image `img`, which is used and never changed."""
    async with serving(shared_longhorn) as files:
        await downloaded(shared_longhorn, files, FILE)
    return shared_longhorn


@pytest.mark.parametrize("kind", ["raw", "qcow2"])
async def test_a_restored_volume_holds_the_image_and_does_not_change_it(longhorn: Cluster, kind: str) -> None:
    given = await exported(longhorn, **{"export-type": kind})
    made = await longhorn.attached_volume("copy", source_snapshot_id=given)
    restored = longhorn.content("copy")
    longhorn.write(b"mine", 0, "copy")
    await longhorn.detach("copy")
    await longhorn.attached_volume("other", SIZE + 4 * MEBIBYTE, source_snapshot_id=given)
    path = stored(longhorn, "img")
    image = longhorn.get("backingimages", "img")

    assert restored == longhorn.content()
    assert longhorn.content("other") == longhorn.content() + bytes(4 * MEBIBYTE)
    assert hashlib.sha512(path.read_bytes()).hexdigest() == image["status"]["checksum"]
    assert longhorn.get("volumes", "copy")["spec"]["backingImage"] == "img"
    assert {key: value for key, value in made.context.items() if key.startswith("backing")} == {
        "backingImage": "img",
        "backingImageChecksum": "",
        "backingImageDataSourceParameters": json.dumps(
            {"export-type": kind, "volume-name": "vol"}, separators=(",", ":")
        ),
        "backingImageDataSourceType": "export-from-volume",
    }


async def test_files_travel_with_the_image(longhorn: Cluster) -> None:
    mounted = VolumeCapability("SINGLE_NODE_WRITER", block=False, fs_type="ext4")
    await longhorn.attached_volume()
    await longhorn.driver.node_stage_volume("vol", mounted)
    (longhorn.storage.disk.filesystem("vol") / "file").write_text("content")
    made = await longhorn.snapshot("img", type="bi", **{"export-type": "qcow2"})
    await finished(longhorn, "img")
    await longhorn.attached_volume("copy", SIZE + 2 * MEBIBYTE, source_snapshot_id=made.snapshot_id)
    await longhorn.driver.node_stage_volume("copy", mounted)

    assert (longhorn.storage.disk.filesystem("copy") / "file").read_text() == "content"


async def test_what_is_written_counts_and_the_image_does_not(longhorn: Cluster) -> None:
    given = await exported(longhorn)
    await longhorn.attached_volume("copy", source_snapshot_id=given)
    longhorn.write(b"mine" * 1024, 4 * MEBIBYTE, "copy")
    backup = await longhorn.finished_backup("snapshot-2", "copy")
    (snapshot,) = [each for each in longhorn.all("snapshots") if each["spec"]["volume"] == "copy"]
    await longhorn.restored("again", backup.snapshot_id)

    assert snapshot["status"]["size"] == 4096
    assert longhorn.get("volumes", "copy")["status"]["actualSize"] == 4096
    assert longhorn.get("volumes", "again")["spec"]["backingImage"] == "img"
    assert longhorn.content("again") == longhorn.content("copy")


async def test_a_backup_is_not_restored_onto_another_image(longhorn: Cluster, files: Files) -> None:
    given = await exported(longhorn)
    await longhorn.attached_volume("copy", source_snapshot_id=given)
    backup = await longhorn.finished_backup("snapshot-2", "copy")
    await longhorn.detach("copy")
    await longhorn.driver.delete_volume("copy")
    await longhorn.driver.delete_snapshot(given)
    await longhorn.until_gone("backingimages")
    with pytest.raises(CsiError, match=r'backingimages\.longhorn\.io "img" not found'):
        await longhorn.volume("again", source_snapshot_id=backup.snapshot_id)
    await downloaded(longhorn, files, FILE)
    with pytest.raises(CsiError, match="current checksum doesn't match the recoreded checksum in backup volume"):
        await longhorn.volume("again", source_snapshot_id=backup.snapshot_id)


async def test_a_volume_waits_for_its_image(longhorn: Cluster, files: Files) -> None:
    given = handle("new", "download", url=f"{URL}/image", backingImageChecksum=CHECKSUM)
    await longhorn.volume("copy", source_snapshot_id=given)
    await failed(longhorn, "new")
    attaching = asyncio.create_task(longhorn.attach("copy"))
    await until_it_waits(longhorn, "copy")
    files["/image"] = FILE
    await attaching

    assert longhorn.content("copy") == FILE
    waits = condition(longhorn, "copy", "WaitForBackingImage")
    assert (waits["status"], waits["reason"]) == ("False", "")
    assert longhorn.get("backingimages", "new")["spec"]["checksum"] == CHECKSUM


def condition(longhorn: Cluster, volume: str, kind: str) -> Obj:
    """A condition of a volume, {} if it has none of that type."""
    conditions = longhorn.status("volumes", volume).get("conditions") or []
    return next((each for each in conditions if each["type"] == kind), {})


async def until_it_waits(longhorn: Cluster, volume: str) -> None:
    """Wait until a volume says that it waits for its image."""

    def waits() -> bool:
        found = condition(longhorn, volume, "WaitForBackingImage")
        return (found.get("status"), found.get("reason")) == ("True", "Waiting")

    await longhorn.until("volumes", waits)


@pytest.mark.usefixtures("files")
async def test_a_volume_that_waits_for_its_image_can_be_let_go(longhorn: Cluster) -> None:
    await longhorn.volume("copy", source_snapshot_id=handle("new", "download", url=f"{URL}/image"))
    attaching = asyncio.create_task(longhorn.attach("copy"))
    await until_it_waits(longhorn, "copy")
    attaching.cancel()
    await longhorn.detach("copy")
    await longhorn.driver.delete_volume("copy")
    await longhorn.driver.delete_snapshot(handle("new", "download", url=f"{URL}/image"))
    await longhorn.until_gone("backingimages")

    assert longhorn.all("volumes") == []
    assert longhorn.all("backingimagemanagers") == []


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("bi://backing?backingImage=img", "invalid CSI snapshotHandle bi://backing?backingImage=img for backing image"),
        ("bi://backing?backingImageDataSourceType=download", "for backing image"),
        (handle("img", "upload"), "existing backing image img data source is different from"),
        (handle("img", "download", url=f"{URL}/other"), "existing backing image img data source is different from"),
        (handle("img", "download", url=f"{URL}/image", more="x"), "data source is different from"),
        (handle("img", "download", backingImageChecksum="0" * 128), f"match the specified checksum {'0' * 128} in the"),
        (handle("img", "download", checksum="0" * 128), f"match the specified checksum {'0' * 128} in the request"),
        (handle("new", "download"), "volume copy missing parameters url for preparing backing image"),
        (handle("new", "upload"), "volume copy backing image type upload is not supported via CSI"),
        (handle("new", "restore"), "volume copy backing image type restore is not supported via CSI"),
        (handle("new", "export-form-volume", volume_name="v", export_type="raw"), "type export-form-volume is not"),
        (handle("new", "export-from-volume", volume_name="v"), "missing parameters export-type or volume-name for"),
        (handle("new", "export-from-volume", export_type="raw"), "missing parameters export-type or volume-name for"),
        (handle("new", "export-from-volume", volume_name="v", export_type="raw"), "failed to get volume v before"),
        (handle("new", "download", url=f"{URL}/image", backingImageChecksum="zz"), "invalid checksum zz"),
    ],
)
async def test_a_wrong_handle_is_refused(with_image: Cluster, given: str, text: str) -> None:
    with refused(Code.INVALID_ARGUMENT, text):
        await with_image.volume("copy", source_snapshot_id=given)

    assert [each["metadata"]["name"] for each in with_image.all("backingimages")] == ["img"]


@pytest.mark.parametrize(
    "given",
    [
        handle("img", "download"),
        handle("img", "download", url=f"{URL}/image"),
        handle("img", "download", backingImageChecksum=CHECKSUM),
        handle("img", "download", url=f"{URL}/image", checksum=CHECKSUM),
        f"bi://backing?backingImageDataSourceType=download&backingImage=img&url={URL}/image",
    ],
)
async def test_an_image_that_exists_is_used(with_image: Cluster, given: str) -> None:
    await with_image.attached_volume("copy", source_snapshot_id=given)

    assert with_image.content("copy") == FILE
    assert len(with_image.all("backingimages")) == 1
    await with_image.detach("copy")
    await with_image.driver.delete_volume("copy")


async def test_a_volume_smaller_than_its_image_is_refused(longhorn: Cluster) -> None:
    given = await exported(longhorn)
    with refused(Code.INTERNAL, "volume size should be larger than the backing image size"):
        await longhorn.volume("copy", SIZE - 2 * MEBIBYTE, source_snapshot_id=given)


async def test_an_image_that_turns_out_too_large_keeps_the_volume_waiting(longhorn: Cluster, files: Files) -> None:
    files["/image"] = FILE
    given = handle("new", "download", url=f"{URL}/image")
    await longhorn.volume("copy", 10 * MEBIBYTE, source_snapshot_id=given)
    attaching = asyncio.create_task(longhorn.attach("copy"))
    message = await longhorn.until(
        "volumes", lambda: condition(longhorn, "copy", "BackingImageIncompatible").get("message")
    )
    attaching.cancel()

    assert message == f"backing image virtual size {SIZE} is larger than volume size {10 * MEBIBYTE}"


async def test_a_storage_class_may_name_an_image(longhorn: Cluster, files: Files) -> None:
    files["/image"] = FILE
    source = json.dumps({"url": f"{URL}/image"})
    parameters = {"numberOfReplicas": "1", "backingImage": "new", "backingImageDataSourceType": "download"}
    parameters |= {"backingImageDataSourceParameters": source, "backingImageMinNumberOfCopies": "1"}
    await longhorn.attached_volume("copy", parameters=parameters)

    assert longhorn.content("copy") == FILE
    assert longhorn.get("backingimages", "new")["spec"]["minNumberOfCopies"] == 1
    with pytest.raises(CsiError, match="failed to unmarshal"):
        await longhorn.volume("odd", parameters={**parameters, "backingImageDataSourceParameters": "{"})


async def test_an_image_in_use_is_not_deleted(longhorn: Cluster) -> None:
    given = await exported(longhorn)
    await longhorn.volume("copy", source_snapshot_id=given)
    with refused(Code.INTERNAL, "cannot delete backing image img since there are replicas using it"):
        await longhorn.driver.delete_snapshot(given)
    await longhorn.driver.delete_volume("copy")
    await longhorn.driver.delete_snapshot(given)
    await longhorn.until_gone("backingimages")
    await longhorn.driver.delete_snapshot(given)

    assert longhorn.all("backingimagedatasources") == []
    assert list(longhorn.images_directory.glob("*/*")) == []
