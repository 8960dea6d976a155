"""Events, as client-go's recorder writes and correlates them."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj

SIMILAR_LIMIT = 10
SIMILAR_WINDOW = 600.0
BURST = 25
REFILL = 300.0
"""Seconds of the cluster after which one more event about the same object is allowed."""

COMBINED = "(combined from similar events): "

_Group = tuple[str, ...]


@dataclass
class _Similar:
    messages: set[str] = field(default_factory=set)
    last: float = 0.0


@dataclass
class _Bucket:
    tokens: float = BURST
    last: float = 0.0


class EventRecorder:
    """Writes core/v1 Events for one component.

    A repeated event increments the count of the first one; more than ten similar ones within ten minutes are combined;
    after 25 about one object further ones are dropped. Writing is best effort: a refused event is lost.
    """

    def __init__(self, api: Api, component: str, host: str = "") -> None:
        self._api = api
        self._component = component
        self._host = host
        self._similar: dict[_Group, _Similar] = {}
        self._buckets: dict[_Group, _Bucket] = {}
        self._written: dict[_Group, tuple[str, str]] = {}
        self._last_nanos = 0

    def record(
        self, about: Obj, type: str, reason: str, message: str, *, component: str | None = None, field_path: str = ""
    ) -> None:
        """Record an event about an object, which needs its kind, apiVersion and metadata, or about a part of it."""
        for each in self._api.decisions.events((type, reason, message)):
            self._record(about, *each, component or self._component, field_path)

    def _record(self, about: Obj, type: str, reason: str, message: str, component: str, field_path: str) -> None:
        involved = _reference(about, field_path)
        named = (involved.get(key, "") for key in ("kind", "namespace", "name", "uid"))
        source = (component, self._host, *named)
        now = self._now()
        group = (*source, involved["apiVersion"], type, reason)
        message, key = self._combine(group, message, now)
        key = (*key, field_path)
        if not self._is_allowed(source, now):
            return
        event = {
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": {"component": component, **({"host": self._host} if self._host else {})},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "count": 1,
            "type": type,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": self._host,
        }
        delay = self._api.timing.event_delay()
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self._send, key, event)
        else:
            self._send(key, event)

    def _send(self, key: _Group, event: Obj) -> None:
        with suppress(ApiError):
            if not self._increment(key, event["message"]):
                self._write(key, event)

    def _now(self) -> float:
        """Seconds of the cluster."""
        pace = self._api.clock.pace
        return time.monotonic() / pace if pace > 0 else time.monotonic()

    def _combine(self, group: _Group, message: str, now: float) -> tuple[str, _Group]:
        similar = self._similar.setdefault(group, _Similar(last=now))
        if now - similar.last > SIMILAR_WINDOW:
            similar.messages.clear()
        similar.messages.add(message)
        similar.last = now
        if len(similar.messages) > SIMILAR_LIMIT:
            similar.messages.discard(message)
            return COMBINED + message, group
        return message, (*group, message)

    def _is_allowed(self, source: _Group, now: float) -> bool:
        bucket = self._buckets.setdefault(source, _Bucket(last=now))
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.last) / REFILL)
        bucket.last = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _increment(self, key: _Group, message: str) -> bool:
        """Increment the count of an earlier event; False if there is none."""
        if key not in self._written:
            return False
        namespace, name = self._written[key]
        event = self._api.find("events", name, namespace)
        if event is None:
            return False
        patch = {"count": event["count"] + 1, "lastTimestamp": self._api.clock.timestamp(), "message": message}
        self._api.patch("events", name, namespace, patch, manager=self._component)
        return True

    def _write(self, key: _Group, event: Obj) -> None:
        involved = event["involvedObject"]
        namespace = involved.get("namespace") or "default"
        self._last_nanos = max(time.time_ns(), self._last_nanos + 1)
        name = f"{involved['name']}.{self._last_nanos:x}"
        now = self._api.clock.timestamp()
        written = {
            "metadata": {"name": name, "namespace": namespace},
            **event,
            "firstTimestamp": now,
            "lastTimestamp": now,
        }
        self._api.create("events", written, manager=self._component)
        self._written[key] = (namespace, name)


def _reference(about: Obj, field_path: str) -> Obj:
    metadata = about["metadata"]
    reference = {
        "kind": about["kind"],
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata.get("uid"),
        "apiVersion": about["apiVersion"],
        "resourceVersion": metadata.get("resourceVersion"),
        "fieldPath": field_path,
    }
    return {key: value for key, value in reference.items() if value}
