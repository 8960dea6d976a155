"""The few protobuf bodies that kubectl's generators send, as JSON data.

`kubectl create namespace`, `configmap`, `secret`, `serviceaccount` and `token` speak protobuf and do not fall back to
JSON. The field numbers are those of the published Kubernetes API definitions.
"""

import base64
from collections.abc import Iterator
from typing import Any

from simulator.kubernetes.errors import bad_request
from simulator.kubernetes.resources import Obj

MAGIC = b"k8s\x00"

Field = tuple[str, Any]
"""A field's name, and how it is read: a message (dict), `text`, `flag`, `number`, `texts`, `map` or `bytes map`."""

_METADATA: dict[int, Field] = {
    1: ("name", "text"),
    2: ("generateName", "text"),
    3: ("namespace", "text"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
    14: ("finalizers", "texts"),
}
_MESSAGES: dict[str, dict[int, Field]] = {
    "Namespace": {1: ("metadata", _METADATA), 2: ("spec", {1: ("finalizers", "texts")})},
    "ConfigMap": {
        1: ("metadata", _METADATA),
        2: ("data", "map"),
        3: ("binaryData", "bytes map"),
        4: ("immutable", "flag"),
    },
    "Secret": {
        1: ("metadata", _METADATA),
        2: ("data", "bytes map"),
        3: ("type", "text"),
        4: ("stringData", "map"),
        5: ("immutable", "flag"),
    },
    "ServiceAccount": {1: ("metadata", _METADATA)},
    "TokenRequest": {
        1: ("metadata", _METADATA),
        2: (
            "spec",
            {
                1: ("audiences", "texts"),
                3: ("boundObjectRef", {2: ("name", "text")}),
                4: ("expirationSeconds", "number"),
            },
        ),
    },
}


def decode_protobuf(data: bytes) -> Obj | None:
    """The object in a protobuf body; None for an unknown kind."""
    if not data.startswith(MAGIC):
        return None
    envelope = dict(_fields(data.removeprefix(MAGIC)))
    header = {number: value.decode() for number, value in _fields(envelope.get(1, b""))}
    fields = _MESSAGES.get(header.get(2, ""))
    if fields is None:
        return None
    return {"apiVersion": header.get(1, ""), "kind": header[2], **_message(envelope.get(2, b""), fields)}


def _message(data: bytes, fields: dict[int, Field]) -> Obj:
    found: Obj = {}
    for number, value in _fields(data):
        if number not in fields:
            continue
        name, kind = fields[number]
        if isinstance(kind, dict):
            found[name] = _message(value, kind)
        elif kind == "text":
            found[name] = value.decode()
        elif kind == "flag":
            found[name] = bool(value)
        elif kind == "number":
            found[name] = value
        elif kind == "texts":
            found.setdefault(name, []).append(value.decode())
        else:
            entry = dict(_fields(value))
            item = entry.get(2, b"")
            text = base64.b64encode(item).decode() if kind == "bytes map" else item.decode()
            found.setdefault(name, {})[entry.get(1, b"").decode()] = text
    return found


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: bytes for length-delimited ones, else an int."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        kind = tag & 7
        if kind == 0:
            value, place = _varint(data, place)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, place = _varint(data, place)
        else:
            size = {1: 8, 5: 4}.get(kind, -1)
        if size < 0 or place + size > len(data):
            raise bad_request("the protobuf body is cut off or of an unknown form")
        yield tag >> 3, data[place : place + size]
        place += size


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not byte & 0x80:
            return value, place
    raise bad_request("the protobuf body is cut off")
