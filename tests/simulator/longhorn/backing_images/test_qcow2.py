"""Image files in the format qcow2, held against QEMU's own tool."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from simulator.longhorn.backing_images import image_data
from simulator.longhorn.backing_images.qcow2 import BadImageError, Qcow2
from simulator.longhorn.disk.sparse import CHUNK, chunks, pwrite

MEBIBYTE = 1 << 20
SHAPES = {
    "empty": (10 * MEBIBYTE, []),
    "scattered": (32 * MEBIBYTE, [(0, 100_000), (5 * MEBIBYTE, 70_000), (32 * MEBIBYTE - 4096, 4096)]),
    "last sector": (MEBIBYTE + 512, [(MEBIBYTE, 512)]),
    "second table": (600 * MEBIBYTE, [(599 * MEBIBYTE, MEBIBYTE)]),
}


def raw(path: Path, shape: str) -> Path:
    """A sparse raw image with random bytes in some places."""
    size, extents = SHAPES[shape]
    numbers = random.Random(shape)
    with path.open("wb") as file:
        file.truncate(size)
        for offset, length in extents:
            pwrite(file.fileno(), numbers.randbytes(length), offset)
    return path


def differs(one: image_data.ImageData, other: image_data.ImageData) -> int | None:
    """Where the two begin to differ."""
    assert one.size == other.size
    pieces = chunks([(0, one.size)], CHUNK)
    return next((start for start, length in pieces if one.read(start, length) != other.read(start, length)), None)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_written_is_an_image_to_qemu(shape: str, tmp_path: Path, qemu: str) -> None:
    source, image = raw(tmp_path / "raw", shape), tmp_path / "image"
    image_data.write_qcow2(image, image_data.RawImageData(source))

    for words in (["check", "-f", "qcow2"], ["compare", "-f", "raw", "-F", "qcow2", str(source)]):
        done = subprocess.run([qemu, *words, str(image)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_written_is_read_again(shape: str, tmp_path: Path) -> None:
    source, image = image_data.RawImageData(raw(tmp_path / "raw", shape)), tmp_path / "image"
    image_data.write_qcow2(image, source)
    found = image_data.of_file(image)

    assert isinstance(found, Qcow2)
    assert differs(found, source) is None
    assert sum(length for _, length in found.extents()) <= sum(length for _, length in SHAPES[shape][1]) + 4 * (1 << 16)


@pytest.mark.parametrize("options", [["-c"], ["-o", "compat=0.10"], ["-o", "cluster_size=4096"]], ids=" ".join)
def test_images_of_qemu_are_read(options: list[str], tmp_path: Path, qemu: str) -> None:
    source = raw(tmp_path / "raw", "scattered")
    subprocess.run([qemu, "convert", "-f", "raw", "-O", "qcow2", *options, source, tmp_path / "image"], check=True)

    assert differs(image_data.of_file(tmp_path / "image"), image_data.RawImageData(source)) is None


def test_an_image_that_needs_another_is_refused(tmp_path: Path, qemu: str) -> None:
    base = raw(tmp_path / "raw", "empty")
    image = tmp_path / "image"
    subprocess.run([qemu, "create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, image], check=True)

    with pytest.raises(BadImageError, match="a qcow2 image with a backing file cannot be used"):
        image_data.of_file(image)


@pytest.mark.parametrize("length", [4, 100, 3 * (1 << 16)])
def test_half_an_image_is_refused(length: int, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image_data.write_qcow2(image, image_data.RawImageData(raw(tmp_path / "raw", "scattered")))
    os.truncate(image, length)

    with pytest.raises(BadImageError):
        image_data.of_file(image)
