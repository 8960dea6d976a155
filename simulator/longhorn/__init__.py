"""The simulated Longhorn: volumes, snapshots and backups with their objects, admission rules and CSI answers."""

from simulator.longhorn.backing_images import BackingImageDecisions
from simulator.longhorn.backupstore import BackupstoreDecisions
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.deployment import Longhorn
from simulator.longhorn.resources import register
from simulator.longhorn.version import Version

__all__ = ["BackingImageDecisions", "BackupstoreDecisions", "Longhorn", "LonghornDecisions", "Version", "register"]
