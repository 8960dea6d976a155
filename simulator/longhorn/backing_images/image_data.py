"""What is in an image file: its format, the size that a volume sees, its bytes, and its SHA-512."""

import hashlib
import os
from pathlib import Path

from simulator.longhorn.backing_images import qcow2
from simulator.longhorn.disk import Base
from simulator.longhorn.disk.extents import Extent
from simulator.longhorn.disk.sparse import CHUNK, chunks, data_extents, opened, pread, pwrite

ImageData = Base
"""An image as a volume sees it."""


class RawImageData:
    """A file whose bytes are the image's."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size

    def extents(self) -> list[Extent]:
        """The ranges that were ever written."""
        with self._path.open("rb") as file:
            return data_extents(file.fileno(), self.size)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there."""
        with self._path.open("rb") as file:
            return pread(file.fileno(), length, offset)


def of_file(path: Path) -> ImageData:
    """The image in a file: what does not begin as qcow2 is raw. Raises qcow2.BadImageError."""
    return qcow2.Qcow2(path) if qcow2.is_qcow2(path) else RawImageData(path)


def write_raw(path: Path, data: ImageData) -> None:
    """Write a raw image file, with holes where the data has none."""
    with opened(path, os.O_RDWR | os.O_CREAT | os.O_EXCL) as fd:
        os.truncate(fd, data.size)
        for offset, length in chunks(data.extents()):
            pwrite(fd, data.read(offset, length), offset)


def write_qcow2(path: Path, data: ImageData) -> None:
    """Write a qcow2 image file."""
    qcow2.write(path, data.size, data.extents(), data.read)


def checksum(path: Path) -> str:
    """SHA-512 of the file as it is stored, whatever its format, in lower-case hex."""
    digest = hashlib.sha512()
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def fingerprint(path: Path) -> bytes:
    """What only files with the same bytes have in common; quick, since holes are not read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = path.stat().st_size
        extents = data_extents(file.fileno(), size)
        digest.update(repr((size, extents)).encode())
        for offset, length in chunks(extents):
            digest.update(pread(file.fileno(), length, offset))
    return digest.digest()


def allocated(path: Path) -> int:
    """Bytes that the file takes up on its file system."""
    return path.stat().st_blocks * 512
