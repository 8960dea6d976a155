"""Addresses: of a backup target and of a backup in it."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from simulator.longhorn.backupstore.models import BackupstoreError


@dataclass(frozen=True)
class TargetUrl:
    """`s3://<bucket>@<region>/<path>`, or `s3://<bucket>/<path>`. `prefix` is the path without slashes around it."""

    bucket: str
    region: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> "TargetUrl":
        """Raises BackupstoreError with Longhorn's text for what is no such URL."""
        parts = urlsplit(url)
        if parts.scheme != "s3":
            raise BackupstoreError(f"driver {parts.scheme} is not supported")
        bucket, at, region = parts.netloc.rpartition("@")
        if not at:
            bucket, region = region, ""
        if not bucket or not parts.path.startswith("/"):
            raise BackupstoreError("invalid URL. Must be either s3://bucket@region/path/, or s3://bucket/path")
        return cls(bucket, region, parts.path.strip("/"))


def backup_url(target: str, volume: str, backup: str) -> str:
    """The URL of a backup, as Backup.status.url and Volume.spec.fromBackup have it."""
    return f"{target}?{urlencode({'backup': backup, 'volume': volume})}"


def parse_backup_url(url: str) -> tuple[str, str, str]:
    """Target, volume and backup of a backup's URL. Raises BackupstoreError when one is missing."""
    target, _, query = url.partition("?")
    values = parse_qs(query)
    volume, backup = values.get("volume", [""])[0], values.get("backup", [""])[0]
    if not volume or not backup:
        raise BackupstoreError(f"cannot find valid backup and volume name in {url}")
    return target, volume, backup
