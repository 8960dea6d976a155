"""Images that are downloaded, uploaded or cloned; and what is admitted."""

import asyncio
import hashlib
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from simulator.longhorn.backing_images import image_data
from simulator.longhorn.backing_images.sources import SourceError
from tests.simulator.kubernetes.client import refusal
from tests.simulator.longhorn.backing_images.images import (
    SIZE,
    URL,
    Files,
    Gate,
    downloaded,
    failed,
    finished,
    make,
    serving,
)
from tests.simulator.longhorn.cluster import MEBIBYTE, Cluster

FILE = b"image" * 100 + bytes(12) + bytes(SIZE - 1024) + b"end!" * 128


async def test_a_download_is_stored_as_it_is(longhorn: Cluster, files: Files) -> None:
    checksum = hashlib.sha512(FILE).hexdigest()
    status = (await downloaded(longhorn, files, FILE, checksum=checksum))["status"]

    assert (status["checksum"], status["size"], status["virtualSize"]) == (checksum, len(FILE), len(FILE))
    assert status["realSize"] < len(FILE)


async def test_the_virtual_size_of_a_qcow2_download_is_the_guest_s(
    longhorn: Cluster, files: Files, tmp_path: Path
) -> None:
    (tmp_path / "raw").write_bytes(b"A" * MEBIBYTE + bytes(SIZE - MEBIBYTE))
    image_data.write_qcow2(tmp_path / "qcow2", image_data.RawImageData(tmp_path / "raw"))
    data = (tmp_path / "qcow2").read_bytes()
    status = (await downloaded(longhorn, files, data))["status"]

    assert (status["size"], status["virtualSize"]) == (len(data), SIZE)


async def test_a_file_with_another_checksum_is_refused(longhorn: Cluster, files: Files) -> None:
    files["/image"] = FILE
    make(longhorn, "img", "download", {"url": f"{URL}/image"}, checksum="0" * 128)
    state = await failed(longhorn, "img")
    actual = hashlib.sha512(FILE).hexdigest()

    wrong = f"the expected checksum {'0' * 128} doesn't match the file actual checksum {actual}"
    assert state["message"] == f"failed to process sync file: {wrong}"
    assert longhorn.get("backingimages", "img")["status"]["checksum"] in {actual, ""}


async def test_a_download_that_failed_is_tried_again(longhorn: Cluster, files: Files) -> None:
    make(longhorn, "img", "download", {"url": f"{URL}/image"})
    state = await failed(longhorn, "img")
    files["/image"] = FILE
    image = await finished(longhorn, "img")
    seen = [
        each["state"]
        for status in longhorn.statuses("BackingImage", "img")
        for each in (status.get("diskFileStatusMap") or {}).values()
    ]

    assert "expected status code 200 from http://files.test:8080/image, got 404" in state["message"]
    assert image["status"]["checksum"] == hashlib.sha512(FILE).hexdigest()
    first = [state for state, _ in groupby(seen)]
    assert first[:4] == ["", "failed", "failed-and-cleanup", ""]
    assert first[-2:] == ["ready-for-transfer", "ready"]


async def test_an_image_that_is_deleted_while_its_file_is_made_leaves_none(longhorn: Cluster) -> None:
    gate, directory = Gate(), longhorn.images_directory
    async with serving(longhorn, gate) as files:
        files["/image"] = FILE
        make(longhorn, "img", "download", {"url": f"{URL}/image"})
        await gate.asked.wait()
        longhorn.delete("backingimages", "img")
        asyncio.get_running_loop().call_later(0.2, gate.free.set)
        await longhorn.until_gone("backingimages")

    assert gate.free.is_set()
    assert list(directory.glob("*/*")) == []


async def test_an_upload_is_waited_for(longhorn: Cluster) -> None:
    uploads = longhorn.storage.sources
    make(longhorn, "img", "upload")

    def waits() -> bool:
        source = longhorn.find("backingimagedatasources", "img") or {}
        return (source.get("status") or {}).get("currentState") == "pending"

    await longhorn.until("backingimagedatasources", waits)
    with pytest.raises(SourceError, match="should be a multiple of 512 bytes"):
        await uploads.uploaded("img", b"odd")
    await uploads.uploaded("img", FILE)
    image = await finished(longhorn, "img")
    with pytest.raises(SourceError, match="does not wait for an upload"):
        await uploads.uploaded("img", FILE)

    assert image["status"]["checksum"] == hashlib.sha512(FILE).hexdigest()


async def test_a_clone_is_another_file_of_the_same_bytes(longhorn: Cluster, files: Files) -> None:
    await downloaded(longhorn, files, FILE)
    make(longhorn, "copy", "clone", {"backing-image": "img"})
    copy = await finished(longhorn, "copy")

    assert copy["status"]["checksum"] == hashlib.sha512(FILE).hexdigest()


async def test_a_restore_without_a_backup_fails(longhorn: Cluster) -> None:
    make(longhorn, "img", "restore", {"backup-url": "s3://b@r/?backingImage=img"})

    assert "there is no backup of a backing image" in (await failed(longhorn, "img"))["message"]


@pytest.mark.parametrize(
    ("version", "name", "kind", "spec", "text"),
    [
        ("1.12.1", "Img", "upload", {}, 'invalid: metadata.name: Invalid value: "Img"'),
        ("1.12.1", "img", "upload", {"checksum": "zz"}, "invalid checksum zz"),
        ("1.12.1", "img", "odd", {}, 'spec.sourceType: Unsupported value: "odd"'),
        ("1.5", "img", "clone", {}, "unknown backing image source type clone"),
        ("1.12.1", "img", "download", {}, "download URL is not provided"),
        ("1.11.1", "img", "download", {}, "invalid parameter map[] for source type download"),
        ("1.12.1", "img", "export-from-volume", {}, "invalid parameter map[export-type:raw] for source type"),
        ("1.12.1", "img", "clone", {}, "invalid parameter map[] for source type clone"),
        ("1.12.1", "img", "upload", {"dataEngine": "v2"}, "v2 backing image is not supported"),
        ("1.12.1", "img", "upload", {"secret": "s"}, "failed to get secret s in namespace  for"),
    ],
)
async def test_what_cannot_become_an_image_is_not_admitted(
    longhorn: Cluster, name: str, kind: str, spec: dict[str, Any], text: str
) -> None:
    error = refusal(make, longhorn, name, kind, **spec)

    assert (error.status, text in str(error)) == (422, True), error


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://host/a", 'invalid download URL scheme "ftp"'),
        ("http:///a", "invalid download URL: http:///a"),
        ("http://localhost/a", "download URL must not target a loopback address"),
        ("http://127.0.0.1:9000/a", "download URL must not target a loopback address"),
        ("http://[::1]/a", "download URL must not target a loopback address"),
    ],
)
async def test_an_url_must_be_one_that_can_be_downloaded(longhorn: Cluster, url: str, text: str) -> None:
    error = refusal(make, longhorn, "img", "download", {"url": url})

    assert "denied the request" in str(error)
    assert text in str(error)


async def test_defaults_are_filled_in(longhorn: Cluster) -> None:
    await longhorn.volume()
    made = make(longhorn, "img", "export-from-volume", {"volume-name": " vol "}, checksum=" ")

    assert made["spec"] == {
        "checksum": "",
        "dataEngine": "v1",
        "diskFileSpecMap": {},
        "disks": {},
        "minNumberOfCopies": 3,
        "secret": "",
        "secretNamespace": "",
        "sourceParameters": {"export-type": "raw", "volume-name": "vol"},
        "sourceType": "export-from-volume",
    }
    assert made["metadata"]["finalizers"] == ["longhorn.io"]
