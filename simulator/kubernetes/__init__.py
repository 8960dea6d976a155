"""A simulated Kubernetes API: objects, revisions, watches, REST. It knows neither snapshots nor Longhorn."""

from simulator.kubernetes.api import Api
from simulator.kubernetes.decisions import KubernetesDecisions
from simulator.kubernetes.lifecycle import controllers
from simulator.kubernetes.server import Server, serve

__all__ = ["Api", "KubernetesDecisions", "Server", "controllers", "serve"]
