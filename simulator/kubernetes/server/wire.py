"""Requests and answers as they go over HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from aiohttp import web

from simulator.kubernetes.errors import ApiError, bad_request
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server.protobuf import decode_protobuf
from simulator.kubernetes.store import encode

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

_BODY_TYPES = frozenset(
    (
        *(JSON, YAML, PROTOBUF, "application/cbor"),
        *(MERGE_PATCH, JSON_PATCH, STRATEGIC_PATCH, APPLY_PATCH, "application/apply-patch+cbor"),
    )
)

VERSION_PREFIX = "meta.k8s.io"


class _Loader(yaml.SafeLoader):
    """YAML as Kubernetes reads it: dates are text."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Body:
    """A decoded request body and the keys that occurred twice in one map of it."""

    value: Any
    duplicates: tuple[str, ...] = ()


class _Pairs(list[tuple[str, Any]]):
    """A JSON map with all its keys, also duplicate ones."""


def _duplicates(value: Any, path: str = "") -> list[str]:
    found: list[str] = []
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            below = f"{path}.{key}" if path else key
            if key in seen:
                found.append(below)
            seen.add(key)
            found += _duplicates(item, below)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _duplicates(item, f"{path}[{index}]")
    return found


def decode(data: bytes, content_type: str = JSON) -> Body:
    """The body as JSON data. Raises ApiError 400 if it is invalid, 415 for an unsupported format."""
    as_yaml = content_type in {YAML, APPLY_PATCH}
    if as_yaml and not data.lstrip().startswith((b"{", b"[")):
        try:
            return Body(yaml.load(data, Loader=_Loader))
        except yaml.YAMLError as error:
            raise bad_request(f"error decoding YAML: {error}") from error
    if content_type.endswith("protobuf"):
        decoded = decode_protobuf(data)
        if decoded is not None:
            return Body(decoded)
        raise unsupported_media_type((JSON, YAML))
    if not (as_yaml or content_type.endswith("json")):
        raise unsupported_media_type((JSON, YAML, PROTOBUF))
    twice = False

    def collect(pairs: list[tuple[str, Any]]) -> Obj:
        nonlocal twice
        made = dict(pairs)
        twice = twice or len(made) != len(pairs)
        return made

    try:
        value = json.loads(data, object_pairs_hook=collect)
    except ValueError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    duplicates = tuple(_duplicates(json.loads(data, object_pairs_hook=_Pairs))) if twice else ()
    return Body(value, duplicates)


def check_body_type(header: str) -> None:
    """Raises ApiError 415 unless a body's `Content-Type` names a format of Kubernetes.

    A real API server takes a body without one as JSON. A web page can send that without being asked for permission.
    """
    if header.partition(";")[0].strip().lower() not in _BODY_TYPES:
        raise unsupported_media_type((JSON, YAML, PROTOBUF))


def unsupported_media_type(accepted: tuple[str, ...]) -> ApiError:
    """415, naming what is `accepted`."""
    listed = ", ".join(accepted)
    message = f"the body of the request was in an unknown format - accepted media types include: {listed}"
    return ApiError(415, "UnsupportedMediaType", message)


def reply(value: Any, status: int = 200, *, content_type: str = JSON, warnings: tuple[str, ...] = ()) -> web.Response:
    """An answer: bytes as they are, everything else as JSON."""
    body = value if isinstance(value, bytes) else encode(value)
    response = web.Response(body=body + b"\n", status=status, headers={"Content-Type": content_type})
    response.headers["Cache-Control"] = "no-cache, private"
    for warning in warnings:
        escaped = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{escaped}"')
    return response


def refuse(error: ApiError) -> web.Response:
    """An ApiError as the answer to a request."""
    response = reply(error.body(), error.status)
    seconds = error.details.get("retryAfterSeconds")
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


def page_not_found() -> web.Response:
    """The answer to a path that is not served."""
    return web.Response(status=404, text="404 page not found\n")


@dataclass(frozen=True)
class Rendering:
    """How the client wants objects: as they are, as a `Table`, or as `PartialObjectMetadata`."""

    kind: str = ""
    version: str = "v1"

    @property
    def api_version(self) -> str:
        """The apiVersion of what is rendered."""
        return f"{VERSION_PREFIX}/{self.version}"


PLAIN = Rendering()


def rendering(accept: str) -> Rendering:
    """The first supported rendering in an Accept header. Raises ApiError 406 if there is none."""
    if not accept:
        return PLAIN
    for part in accept.split(","):
        media, *parameters = [each.strip() for each in part.split(";")]
        requested = dict(each.split("=", 1) for each in parameters if "=" in each)
        if media not in {JSON, "*/*", "application/*", "application/yaml", "text/html"}:
            continue
        if "as" not in requested:
            return PLAIN
        if requested.get("g") == VERSION_PREFIX and requested.get("v") in {"v1", "v1beta1"}:
            kind = requested["as"].removesuffix("List")
            if kind in {"Table", "PartialObjectMetadata"}:
                return Rendering(kind, requested["v"])
    message = (
        "only the following media types are accepted: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf"
    )
    raise ApiError(406, "NotAcceptable", message)


def whole_number(query: Mapping[str, str], name: str) -> int | None:
    """A numeric query parameter, None when it is absent. Raises ApiError 400 unless it is a whole number."""
    text = query.get(name, "")
    if not text:
        return None
    if not text.isdecimal():
        raise bad_request(f'invalid query parameter {name}: strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def flag(query: str | None) -> bool:
    """A boolean query parameter, as Go reads it."""
    return query is not None and query.lower() not in {"0", "false", "f"}
