"""Backups outside the cluster, in the layout of Longhorn's backupstore."""

from simulator.longhorn.backupstore.decisions import BackupstoreDecisions
from simulator.longhorn.backupstore.models import (
    BackupInProgressError,
    BackupMissingError,
    BackupRequest,
    BackupResult,
    BackupstoreError,
    LockConflictError,
    StoredBackup,
    StoredVolume,
)
from simulator.longhorn.backupstore.store import Backupstore
from simulator.longhorn.backupstore.target import TargetUrl, backup_url, parse_backup_url

__all__ = [
    "BackupInProgressError",
    "BackupMissingError",
    "BackupRequest",
    "BackupResult",
    "Backupstore",
    "BackupstoreDecisions",
    "BackupstoreError",
    "LockConflictError",
    "StoredBackup",
    "StoredVolume",
    "TargetUrl",
    "backup_url",
    "parse_backup_url",
]
