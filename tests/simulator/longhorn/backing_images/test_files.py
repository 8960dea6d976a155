"""What is said of stored image files."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.longhorn.backing_images.files import ImageFiles

MIB = 1 << 20


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda data: data, id="nothing"),
        pytest.param(lambda data: data + bytes(MIB), id="longer by zeros"),
        pytest.param(lambda _: bytes(10 * MIB), id="only zeros"),
        pytest.param(lambda data: data[:-1] + b"\1", id="the last byte"),
        pytest.param(lambda data: bytes(MIB) + data[MIB:], id="zeros for the first data"),
        pytest.param(lambda data: data[2 * MIB :] + data[: 2 * MIB], id="the same data elsewhere"),
    ],
)
def test_the_checksum_is_of_every_byte(tmp_path: Path, changed: Callable[[bytes], bytes]) -> None:
    """That of a file is not taken for another's that differs from it, wherever it does."""
    files = ImageFiles(tmp_path)
    first = b"x" * MIB + bytes(3 * MIB)
    contents = {"first": first, "second": changed(first)}

    for name, data in contents.items():
        path = tmp_path / name
        with path.open("wb") as file:
            for start in range(0, len(data), MIB):
                piece = data[start : start + MIB]
                file.seek(start)
                if piece.strip(b"\0"):
                    file.write(piece)
            file.truncate(len(data))

        assert files.facts(path).checksum == hashlib.sha512(data).hexdigest()
