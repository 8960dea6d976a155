"""Watches: changes as they are committed, one JSON line each."""

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj, Resource
from simulator.kubernetes.selectors import Predicate
from simulator.kubernetes.server.tables import Tables, metadata_only
from simulator.kubernetes.server.wire import JSON, Rendering
from simulator.kubernetes.store import Change, Stored, encode

DEFAULT_TIMEOUT = (1800, 3600)
"""Range of seconds after which the server ends a watch without a timeout."""


@dataclass(frozen=True)
class WatchOptions:
    """What a watch is about. `revision` None: start with existing objects; else only with later changes."""

    namespace: str
    matches: Predicate
    revision: int | None
    bookmarks: bool
    initial_bookmark: bool
    timeout: float
    rendering: Rendering
    include: str


def default_timeout() -> float:
    """Seconds until the server ends a watch by itself."""
    return random.uniform(*DEFAULT_TIMEOUT)


class Watch:
    """One client's watch."""

    def __init__(self, api: Api, resource: Resource, options: WatchOptions, tables: Tables) -> None:
        self._api = api
        self._resource = resource
        self._options = options
        self._tables = tables
        self._lines: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._ended = False
        self._columns_sent = False
        self._unsubscribe: Callable[[], None] | None = None

    def begin(self) -> None:
        """Queue the initial events, and follow from there on without a gap."""
        options = self._options
        if options.revision is None:
            found = self._api.store.all(self._resource, options.namespace)
            for stored in self._api.decisions.listed(self._resource, found):
                if options.matches(stored.object):
                    self._queue("ADDED", stored)
            if options.initial_bookmark:
                self._bookmark({"k8s.io/initial-events-end": "true"})
        elif options.revision < (oldest := self._oldest(options.revision)):
            message = f"too old resource version: {options.revision} ({oldest})"
            body = ApiError(410, "Expired", message).body()
            self._lines.append(_line("ERROR", encode(body)))
            self._ended = True
            return
        else:
            for change in self._api.store.since(self._resource, options.revision):
                self._follow(change)
        self._unsubscribe = self._api.subscribe(self._resource.key, self._follow)

    def _oldest(self, revision: int) -> int:
        """The oldest revision from which a watch can continue; an idle resource's may expire early."""
        store = self._api.store
        idle = revision < store.revision and next(store.since(self._resource, revision), None) is None
        if idle and self._api.timing.forgets(self._resource.key):
            return store.revision
        return store.oldest(self._resource)

    def end(self) -> None:
        """End the client's stream after the queued events."""
        self._ended = True
        self._wake.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send until the client disconnects, the timeout passes, or the server ends."""
        response = web.StreamResponse(headers={"Content-Type": JSON, "Cache-Control": "no-cache, private"})
        response.enable_chunked_encoding()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._options.timeout
        lifetime = self._api.timing.watch_lifetime()
        broken = loop.time() + lifetime if lifetime is not None else math.inf
        try:
            await response.prepare(request)
            while True:
                if loop.time() >= broken:
                    self._api.timing.watch_broke()
                    await _break(request, response, b"".join(self._lines))
                    return response
                if self._lines:
                    lines = b"".join(self._lines)
                    self._lines.clear()
                    await response.write(lines)
                    continue
                left = deadline - loop.time()
                if self._ended or left <= 0:
                    break
                self._wake.clear()
                try:
                    async with asyncio.timeout(min(left, self._api.timing.bookmark_interval(), broken - loop.time())):
                        await self._wake.wait()
                except TimeoutError:
                    if loop.time() < broken:
                        self._bookmark({})
            await response.write_eof()
        finally:
            if self._unsubscribe is not None:
                self._unsubscribe()
        return response

    def _follow(self, change: Change) -> None:
        options = self._options
        if options.namespace and change.key[0] != options.namespace:
            return
        is_in = change.type != "DELETED" and options.matches(change.object)
        was_in = change.old is not None and options.matches(change.old)
        if is_in:
            self._queue("MODIFIED" if was_in else "ADDED", change.stored)
        elif was_in and change.before is not None:
            gone = change.stored
            if change.type != "DELETED":
                metadata = {**change.before.object["metadata"], "resourceVersion": str(gone.revision)}
                obj = {**change.before.object, "metadata": metadata}
                gone = Stored(self._resource, obj, gone.revision, change.before.managers)
            self._queue("DELETED", gone)

    def _queue(self, kind: str, stored: Stored) -> None:
        self._lines.append(_line(kind, self._rendered(stored)))
        self._wake.set()

    def _rendered(self, stored: Stored) -> bytes:
        rendering = self._options.rendering
        if rendering.kind == "PartialObjectMetadata":
            return encode(metadata_only(stored, rendering.version))
        if rendering.kind == "Table":
            metadata = {"resourceVersion": str(stored.revision)}
            table = self._tables.table(rendering, self._resource, [stored], self._options.include, metadata)
            if self._columns_sent:
                table["columnDefinitions"] = None
            self._columns_sent = True
            return encode(table)
        return stored.encoded(self._resource)

    def _bookmark(self, annotations: dict[str, str]) -> None:
        if not self._options.bookmarks:
            return
        metadata: Obj = {"resourceVersion": str(self._api.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        obj: Obj = {"kind": self._resource.kind, "apiVersion": self._resource.api_version, "metadata": metadata}
        if self._options.rendering.kind == "Table":
            row = {"cells": [], "object": {**obj, "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}}
            version = {"resourceVersion": str(self._api.revision)}
            table = self._tables.table(self._options.rendering, self._resource, (), "", version)
            obj = {**table, "columnDefinitions": [], "rows": [row]}
        self._lines.append(_line("BOOKMARK", encode(obj)))
        self._wake.set()


async def _break(request: web.Request, response: web.StreamResponse, lines: bytes) -> None:
    """Lose the connection in the middle of an event."""
    await response.write(lines[: len(lines) // 2])
    if request.transport is not None:
        request.transport.abort()


def _line(kind: str, obj: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), obj)
