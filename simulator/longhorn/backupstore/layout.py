"""Keys of the backupstore in its bucket."""

import hashlib
import re
from dataclasses import dataclass

_VOLUME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_PREFIX, _SUFFIX = "backup_", ".cfg"


def digest(data: bytes) -> str:
    """The first 64 hex digits of the SHA-512, which is what Longhorn calls a checksum."""
    return hashlib.sha512(data).hexdigest()[:64]


def volumes_directory(prefix: str) -> str:
    """Where all volumes are; `prefix` is the path of the backup target's URL."""
    path = prefix.strip("/")
    return f"{path}/backupstore/volumes/" if path else "backupstore/volumes/"


@dataclass(frozen=True)
class VolumeLayout:
    """The keys below one volume's directory."""

    directory: str
    volume: str
    backups: str
    blocks: str
    locks: str

    @classmethod
    def of(cls, prefix: str, volume: str) -> "VolumeLayout":
        """The documented place of a volume. Raises ValueError for a name that no volume can have."""
        if not _VOLUME.fullmatch(volume):
            raise ValueError(f"invalid volume name {volume}")
        name = digest(volume.encode())
        directory = f"{volumes_directory(prefix)}{name[0:2]}/{name[2:4]}/{volume}/"
        return cls(directory, *(directory + part for part in ("volume.cfg", "backups/", "blocks/", "locks/")))

    def backup(self, name: str) -> str:
        """The key of a backup's document."""
        return f"{self.backups}{_PREFIX}{name}{_SUFFIX}"

    def block(self, checksum: str) -> str:
        """The key of a block."""
        return f"{self.blocks}{checksum[0:2]}/{checksum[2:4]}/{checksum}.blk"

    def lock(self, name: str) -> str:
        """The key of a lock."""
        return f"{self.locks}{name}.lck"


def backup_name(key: str) -> str | None:
    """The backup that a key belongs to, None for any other key."""
    name = key.rpartition("/")[2]
    if name.startswith(_PREFIX) and name.endswith(_SUFFIX):
        return name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    return None


def block_checksum(key: str) -> str | None:
    """The checksum that a block's key is made of, None for any other key."""
    name = key.rpartition("/")[2]
    return name.removesuffix(".blk") if name.endswith(".blk") else None
