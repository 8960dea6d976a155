"""The Kubernetes REST API over HTTP."""

from simulator.kubernetes.server.application import Server, serve
from simulator.kubernetes.server.podlogs import LogOptions, LogSource
from simulator.kubernetes.server.proxy import ServiceBackend

__all__ = ["LogOptions", "LogSource", "Server", "ServiceBackend", "serve"]
