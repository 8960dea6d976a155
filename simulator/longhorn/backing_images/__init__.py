"""Backing images: files that volumes begin with, exported from volumes, downloaded or uploaded."""

from simulator.longhorn.backing_images.decisions import BackingImageDecisions

__all__ = ["BackingImageDecisions"]
