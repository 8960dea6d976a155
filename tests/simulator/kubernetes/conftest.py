"""Shared by the tests of the simulated Kubernetes: an API with a custom kind, and the messages of its refusals."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Column, Obj, Resource, Rule
from tests.simulator.kubernetes.client import Client, serving

TEXT: Obj = {"type": "string"}


def _lantern() -> Resource:
    """A kind with everything that a schema can require; its rules are shaped like a VolumeSnapshot's."""
    source: Obj = {"type": "object", "properties": {"wick": TEXT, "cell": TEXT}}
    spec: Obj = {
        "type": "object",
        "required": ["source"],
        "properties": {
            "source": source,
            "class": {"type": "string"},
            "policy": {"type": "string", "enum": ["Delete", "Retain"]},
            "level": {"type": "integer", "minimum": 0, "maximum": 9},
            "size": {"x-kubernetes-int-or-string": True},
            "colour": {"type": "string", "default": "yellow", "pattern": "^[a-z]+$"},
            "parts": {"type": "array", "maxItems": 2, "items": {"type": "object", "properties": {"name": TEXT}}},
            "labels": {"type": "object", "additionalProperties": TEXT},
            "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    status: Obj = {"type": "object", "properties": {"ready": {"type": "boolean"}, "count": {"type": "integer"}}}
    return Resource(
        group="light.example.org",
        version="v1",
        plural="lanterns",
        singular="lantern",
        kind="Lantern",
        namespaced=True,
        short_names=("lt",),
        status_subresource=True,
        schema={"type": "object", "required": ["spec"], "properties": {"spec": spec, "status": status}},
        rules=(
            Rule("spec.source.wick", "wick is immutable", lambda new, old: bool(new == old), transition=True),
            Rule(
                "spec.source",
                "wick is required once set",
                lambda new, old: "wick" not in old or "wick" in new,
                transition=True,
            ),
            Rule("spec.source", "exactly one of wick and cell must be set", lambda new, _: len(new) == 1),
            Rule("spec.class", "class must not be the empty string when set", lambda new, _: bool(new)),
        ),
        columns=(
            Column("Ready", ".status.ready", "boolean"),
            Column("Wick", ".spec.source.wick"),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
    )


def _badge() -> Resource:
    """A kind without status and without rules, not in a namespace."""
    policy: Obj = {"type": "string", "enum": ["Delete", "Retain"]}
    return Resource(
        group="light.example.org",
        version="v1",
        plural="badges",
        singular="badge",
        kind="Badge",
        namespaced=False,
        schema={"type": "object", "required": ["policy"], "properties": {"policy": policy}},
    )


@pytest.fixture
def api() -> Api:
    """An API that serves two custom kinds beside the built-in ones."""
    made = Api(Clock())
    made.register(_lantern())
    made.register(_badge())
    return made


@pytest.fixture
async def client(api: Api) -> AsyncIterator[Client]:
    """An HTTP client of a server of that API."""
    async with serving(api) as client:
        yield client


@pytest.fixture
def lantern() -> Callable[..., Obj]:
    """Makes lanterns that are valid except for the given fields."""

    def make(name: str = "a", **spec: Any) -> Obj:
        return {
            "apiVersion": "light.example.org/v1",
            "kind": "Lantern",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"source": {"wick": "cotton"}, **spec},
        }

    return make
