"""The bytes of simulated volumes."""

from simulator.longhorn.disk.disk import Base, Disk, DiskError
from simulator.longhorn.disk.filesystem import DamagedFilesystem, NoSpace
from simulator.longhorn.disk.layers import Layer

__all__ = ["Base", "DamagedFilesystem", "Disk", "DiskError", "Layer", "NoSpace"]
