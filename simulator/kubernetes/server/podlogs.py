"""The log subresource of pods."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import bad_request, internal, invalid, invalid_value
from simulator.kubernetes.resources import Obj, at
from simulator.kubernetes.server.paths import Target
from simulator.kubernetes.server.wire import flag, whole_number


@dataclass(frozen=True)
class LogOptions:
    """Which part of a log to return; None for `tail_lines` and `since` is everything."""

    follow: bool = False
    tail_lines: int | None = None
    timestamps: bool = False
    previous: bool = False
    limit_bytes: int | None = None
    since: datetime | None = None


LogSource = Callable[[Obj, str, LogOptions], AsyncIterator[bytes]]
"""Yields the output of a pod's container, chunk by chunk."""


async def serve_log(api: Api, source: LogSource | None, request: web.Request, target: Target) -> web.StreamResponse:
    """GET of a pod's log."""
    pod = api.get("pods", target.name, target.namespace)
    query = request.query
    container = _container(pod, query.get("container", ""))
    _refuse_waiting(pod, container)
    if source is None:
        raise internal("the node of this pod serves no logs")
    options = LogOptions(
        follow=flag(query.get("follow")),
        tail_lines=whole_number(query, "tailLines"),
        timestamps=flag(query.get("timestamps")),
        previous=flag(query.get("previous")),
        limit_bytes=whole_number(query, "limitBytes"),
        since=_since(api, query),
    )
    restarted = [each.get("name") for each in _statuses(pod) if at(each, "lastState.terminated")]
    if options.previous and container not in restarted:
        raise bad_request(f'previous terminated container "{container}" in pod "{target.name}" not found')
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    chunks = source(pod, container, options)
    await response.prepare(request)
    async for chunk in chunks:
        if chunk:
            await response.write(chunk)
    await response.write_eof()
    return response


def _since(api: Api, query: Mapping[str, str]) -> datetime | None:
    seconds = whole_number(query, "sinceSeconds")
    if seconds is None:
        return None
    if seconds == 0:
        raise invalid("PodLogOptions", "", "", [invalid_value("sinceSeconds", 0, "must be greater than 0")])
    return api.clock.now() - timedelta(seconds=seconds)


def _statuses(pod: Obj) -> list[Obj]:
    return [*(at(pod, "status.containerStatuses") or ()), *(at(pod, "status.initContainerStatuses") or ())]


def _container(pod: Obj, requested: str) -> str:
    spec = pod["spec"]
    names = [each["name"] for each in spec["containers"]]
    everything = [*names, *(each["name"] for each in spec.get("initContainers") or ())]
    if requested:
        if requested not in everything:
            raise bad_request(f"container {requested} is not valid for pod {pod['metadata']['name']}")
        return requested
    default = pod["metadata"].get("annotations", {}).get("kubectl.kubernetes.io/default-container")
    if default in names:
        return str(default)
    if len(everything) > 1:
        message = f"a container name must be specified for pod {pod['metadata']['name']}, choose one of: "
        raise bad_request(f"{message}[{' '.join(everything)}]")
    return str(names[0])


def _refuse_waiting(pod: Obj, container: str) -> None:
    name = pod["metadata"]["name"]
    if not at(pod, "spec.nodeName"):
        raise bad_request(f"pod {name} does not have a host assigned")
    for status in _statuses(pod):
        reason = at(status, "state.waiting.reason")
        if status.get("name") == container and reason and not at(status, "lastState.terminated"):
            raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
