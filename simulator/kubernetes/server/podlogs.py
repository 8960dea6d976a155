"""The log subresource of pods."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import bad_request, internal
from simulator.kubernetes.resources import Obj, at
from simulator.kubernetes.server.paths import Target
from simulator.kubernetes.server.wire import flag, whole_number


@dataclass(frozen=True)
class LogOptions:
    """What of a log is wanted. `tail_lines` None is everything."""

    follow: bool = False
    tail_lines: int | None = None
    timestamps: bool = False
    previous: bool = False
    limit_bytes: int | None = None


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
    )
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    chunks = source(pod, container, options)
    await response.prepare(request)
    async for chunk in chunks:
        if chunk:
            await response.write(chunk)
    await response.write_eof()
    return response


def _container(pod: Obj, asked: str) -> str:
    spec = pod["spec"]
    names = [each["name"] for each in spec["containers"]]
    everything = [*names, *(each["name"] for each in spec.get("initContainers") or ())]
    if asked:
        if asked not in everything:
            raise bad_request(f"container {asked} is not valid for pod {pod['metadata']['name']}")
        return asked
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
    statuses = [*(at(pod, "status.containerStatuses") or ()), *(at(pod, "status.initContainerStatuses") or ())]
    for status in statuses:
        reason = at(status, "state.waiting.reason")
        if status.get("name") == container and reason and not at(status, "lastState.terminated"):
            raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
