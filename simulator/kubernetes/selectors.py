"""Label and field selectors in wire syntax."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from simulator.kubernetes.errors import bad_request
from simulator.kubernetes.resources import Obj, Resource, at

Predicate = Callable[[Obj], bool]

_SET = re.compile(r"^\s*([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)\s*$")
_EXISTS = re.compile(r"^\s*(!?)\s*([^\s!=,()]+)\s*$")
_FIELD = re.compile(r"^\s*([^!=]+?)\s*(==|=|!=)\s*(.*?)\s*$")

EVENT_FIELDS = (
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
)
SELECTABLE = {
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "events": EVENT_FIELDS,
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "persistentvolumes": ("name",),
    "persistentvolumeclaims": ("name",),
    "services": ("spec.clusterIP", "spec.type"),
}
"""Fields that may be selected by, besides metadata.name and metadata.namespace."""


def _split(selector: str) -> list[str]:
    """The requirements of a label selector: split at commas outside parentheses."""
    parts = re.split(r",(?![^(]*\))", selector)
    return [part for part in parts if part.strip()]


def _label_requirement(text: str) -> Predicate:
    if match := _SET.match(text):
        key, operator, listed = match[1], match[2], {value.strip() for value in match[3].split(",")}
        if operator == "in":
            return lambda labels: key in labels and labels[key] in listed
        return lambda labels: labels.get(key) not in listed
    if match := _EQUAL.match(text):
        key, operator, wanted = match[1], match[2], match[3]
        if operator == "!=":
            return lambda labels: labels.get(key) != wanted
        return lambda labels: labels.get(key) == wanted
    if match := _EXISTS.match(text):
        key = match[2]
        return (lambda labels: key not in labels) if match[1] else (lambda labels: key in labels)
    raise bad_request(f"unable to parse requirement: {text.strip()}")


@lru_cache(maxsize=1024)
def label_selector(selector: str) -> Predicate | None:
    """A predicate over objects, None when everything matches. Raises ApiError 400 for an invalid one."""
    requirements = [_label_requirement(part) for part in _split(selector)]
    if not requirements:
        return None

    def matches(obj: Obj) -> bool:
        labels = obj["metadata"].get("labels") or {}
        return all(requirement(labels) for requirement in requirements)

    return matches


@lru_cache(maxsize=1024)
def equal_label(selector: str) -> tuple[str, str] | None:
    """A label with its value that every match has; None if the selector requires none."""
    for part in _split(selector):
        match = None if _SET.match(part) else _EQUAL.match(part)
        if match and match[2] != "!=":
            return match[1], match[3]
    return None


def _field(obj: Obj, path: str) -> str:
    value: Any = at(obj, path)
    if path == "source":
        value = (obj.get("source") or {}).get("component")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def field_selector(resource: Resource, selector: str) -> Predicate | None:
    """A predicate over objects, None when everything matches. Raises ApiError 400 for an unknown field."""
    requirements: list[tuple[str, bool, str]] = []
    allowed = {"metadata.name", "metadata.namespace", *SELECTABLE.get(resource.key, ())}
    for part in selector.split(","):
        if not part.strip():
            continue
        match = _FIELD.match(part)
        if match is None:
            raise bad_request(f"invalid selector: '{selector}'; can't understand '{part}'")
        path = match[1]
        if path not in allowed:
            if resource.builtin and resource.key not in SELECTABLE:
                words = f'"{path}" is not a known field selector: only "metadata.name", "metadata.namespace"'
            else:
                words = f"field label not supported: {path}"
            raise bad_request(words)
        requirements.append((path, match[2] != "!=", match[3]))
    if not requirements:
        return None
    return lambda obj: all((_field(obj, path) == wanted) is equal for path, equal, wanted in requirements)
