"""The stored files of images: a directory for each copy on each disk, as on a node."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from simulator.longhorn.backing_images import image_data
from simulator.longhorn.engine_work import EngineWork


@dataclass(frozen=True)
class FileFacts:
    """What is known of a complete file. Sizes are bytes; `checksum` is the SHA-512 in hex."""

    size: int
    virtual_size: int
    real_size: int
    checksum: str


class ImageFiles:
    """Files under `root`, by disk, image and the image's uuid; `work` on their making is by image."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.work = EngineWork()
        self._checksums: dict[bytes, str] = {}

    def path(self, disk: str, image: str, uuid: str) -> Path:
        """Where a copy is, or would be."""
        return self._root / disk / f"{image}-{uuid}" / "backing"

    def begin(self, disk: str, image: str, uuid: str) -> Path:
        """The empty place for a new file; what was there before is gone."""
        path = self.path(disk, image, uuid)
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir(parents=True)
        return path

    def make(self, disk: str, image: str, uuid: str, write: Callable[[Path], None]) -> Path:
        """A new file by `write`, which makes it."""
        path = self.begin(disk, image, uuid)
        write(path)
        return path

    def facts(self, path: Path) -> FileFacts:
        """Size, virtual size and checksum of a file. Raises qcow2.BadImageError."""
        virtual = image_data.of_file(path).size
        return FileFacts(path.stat().st_size, virtual, image_data.allocated(path), self._checksum(path))

    def _checksum(self, path: Path) -> str:
        """The checksum of a file; of those that hold the same, as copies do, it is worked out once."""
        held = image_data.fingerprint(path)
        if held not in self._checksums:
            self._checksums[held] = image_data.checksum(path)
        return self._checksums[held]

    def complete(self, path: Path, image: str, uuid: str, expected: str, facts: FileFacts) -> None:
        """Leave beside the file what is known of it, as a manager that begins again would read it."""
        found = {**asdict(facts), "name": image, "uuid": uuid, "expectedChecksum": expected}
        found["modificationTime"] = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
        (path.parent / "backing.cfg").write_text(json.dumps(found), encoding="utf-8")

    def copy(self, source: Path, disk: str, image: str, uuid: str) -> None:
        """Another copy on another disk, with its holes."""
        target = self.begin(disk, image, uuid)
        image_data.write_raw(target, image_data.RawImageData(source))
        shutil.copy(source.parent / "backing.cfg", target.parent)

    def remove(self, image: str, uuid: str) -> None:
        """Remove all copies of an image."""
        for directory in self._root.glob(f"*/{image}-{uuid}"):
            shutil.rmtree(directory, ignore_errors=True)
