"""The bytes of simulated volumes."""

from simulator.longhorn.disk.disk import Disk, DiskError
from simulator.longhorn.disk.filesystem import DamagedFilesystem, NoSpace
from simulator.longhorn.disk.layers import Layer

__all__ = ["DamagedFilesystem", "Disk", "DiskError", "Layer", "NoSpace"]
