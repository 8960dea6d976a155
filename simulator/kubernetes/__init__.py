"""A simulated Kubernetes API: objects, revisions, watches, REST. It knows neither snapshots nor Longhorn."""

from simulator.kubernetes.lifecycle import controllers

__all__ = ["controllers"]
