"""Shared by the tests of the simulated Kubernetes: an API with a custom kind, and the messages of its refusals."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from simulator.clock import Clock
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Column, Obj, Resource, Rule
from tests.simulator.kubernetes.client import Client, serving

TEXT: Obj = {"type": "string"}
POLICY: Obj = {"type": "string", "enum": ["Delete", "Retain"]}


def record(*required: str, **properties: Obj) -> Obj:
    """The schema of an object."""
    return {"type": "object", "required": list(required), "properties": properties}


def _served(singular: str, kind: str) -> dict[str, Any]:
    """How a kind of the group is called."""
    named = {"plural": f"{singular}s", "singular": singular, "kind": kind}
    return {"group": "light.example.org", "version": "v1", **named}


def _lantern() -> Resource:
    """A kind with everything that a schema can require; its rules are shaped like a VolumeSnapshot's."""
    spec = record(
        "source",
        source=record(wick=TEXT, cell=TEXT),
        policy=POLICY,
        level={"type": "integer", "minimum": 0, "maximum": 9},
        size={"x-kubernetes-int-or-string": True},
        colour={"type": "string", "default": "yellow", "pattern": "^[a-z]+$"},
        parts={"type": "array", "maxItems": 2, "items": record(name=TEXT)},
        labels={"type": "object", "additionalProperties": TEXT},
        anything={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        **{"class": TEXT},
    )
    status = record(ready={"type": "boolean"}, count={"type": "integer"})

    def keeps_wick(new: Any, old: Any) -> bool:
        return "wick" not in old or "wick" in new

    return Resource(
        **_served("lantern", "Lantern"),
        namespaced=True,
        short_names=("lt",),
        status_subresource=True,
        schema=record("spec", spec=spec, status=status),
        rules=(
            Rule("spec.source.wick", "wick is immutable", lambda new, old: bool(new == old), transition=True),
            Rule("spec.source", "wick is required once set", keeps_wick, transition=True),
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
    return Resource(**_served("badge", "Badge"), namespaced=False, schema=record("policy", policy=POLICY))


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
    """Makes lanterns that are valid except for the given fields of the spec and of the metadata."""

    def make(name: str = "a", metadata: Obj | None = None, **spec: Any) -> Obj:
        return {
            "apiVersion": "light.example.org/v1",
            "kind": "Lantern",
            "metadata": {"name": name, "namespace": "default", **(metadata or {})},
            "spec": {"source": {"wick": "cotton"}, **spec},
        }

    return make
