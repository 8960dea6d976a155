"""Merge, JSON and strategic merge patches in the dialect of the API server."""

import pytest

from simulator.kubernetes.patches import json_patch, merge
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.strategic_merge import strategic_merge
from tests.simulator.kubernetes.client import refusal

TARGET = {"m": {"x": 1}, "l": [1, 2]}


def test_merge_patch() -> None:
    target = {"a": 1, "b": {"c": [1, 2], "d": 1}, "e": 1}

    merged = merge(target, {"a": None, "b": {"c": [3], "x": {"y": None}}, "e": {"f": 1}})

    assert merged == {"b": {"c": [3], "d": 1, "x": {}}, "e": {"f": 1}}
    assert target == {"a": 1, "b": {"c": [1, 2], "d": 1}, "e": 1}


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ({"op": "add", "path": "/m/y", "value": 2}, {"m": {"x": 1, "y": 2}, "l": [1, 2]}),
        ({"op": "replace", "path": "/m/absent", "value": 2}, {"m": {"x": 1, "absent": 2}, "l": [1, 2]}),
        ({"op": "replace", "path": "/l/0", "value": 9}, {"m": {"x": 1}, "l": [9, 2]}),
        ({"op": "add", "path": "/l/-", "value": 3}, {"m": {"x": 1}, "l": [1, 2, 3]}),
        ({"op": "add", "path": "/l/0", "value": 0}, {"m": {"x": 1}, "l": [0, 1, 2]}),
        ({"op": "remove", "path": "/l/1"}, {"m": {"x": 1}, "l": [1]}),
        ({"op": "remove", "path": "/m/x"}, {"m": {}, "l": [1, 2]}),
        ({"op": "move", "from": "/m/x", "path": "/n"}, {"m": {}, "l": [1, 2], "n": 1}),
        ({"op": "copy", "from": "/l", "path": "/m/x"}, {"m": {"x": [1, 2]}, "l": [1, 2]}),
        ({"op": "test", "path": "/m/x", "value": 1}, {"m": {"x": 1}, "l": [1, 2]}),
        ({"op": "test", "path": "/m/absent", "value": None}, {"m": {"x": 1}, "l": [1, 2]}),
        ({"op": "add", "path": "/m/a~1b~0c", "value": 1}, {"m": {"x": 1, "a/b~c": 1}, "l": [1, 2]}),
    ],
)
def test_json_patch(operation: Obj, result: Obj) -> None:
    assert json_patch(TARGET, [operation]) == result


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/m/absent"},
        {"op": "add", "path": "/absent/deeper", "value": 1},
        {"op": "replace", "path": "/absent/deeper", "value": 1},
        {"op": "add", "path": "/absent/-", "value": 1},
        {"op": "replace", "path": "/l/7", "value": 1},
        {"op": "test", "path": "/m/x", "value": 2},
        {"op": "turn", "path": "/m/x"},
        {"op": "add", "path": "m", "value": 1},
    ],
)
def test_invalid_json_patch(operation: Obj) -> None:
    error = refusal(json_patch, TARGET, [operation])

    assert error.status == 422
    assert error.message == "the server rejected our request due to an error in our request"


def test_strategic_merge_patch() -> None:
    pod = {
        "metadata": {"finalizers": ["a"], "labels": {"x": "1"}},
        "spec": {
            "containers": [{"name": "c", "image": "1"}, {"name": "d", "image": "1"}],
            "tolerations": [{"key": "k"}],
        },
    }
    patch = {
        "metadata": {"finalizers": ["b"], "labels": {"x": None}},
        "spec": {
            "$setElementOrder/containers": [{"name": "e"}, {"name": "c"}],
            "containers": [{"name": "c", "image": "2"}, {"name": "d", "$patch": "delete"}, {"name": "e"}],
            "tolerations": [{"key": "other"}],
        },
    }

    assert strategic_merge(pod, patch) == {
        "metadata": {"finalizers": ["a", "b"], "labels": {}},
        "spec": {"containers": [{"name": "e"}, {"name": "c", "image": "2"}], "tolerations": [{"key": "other"}]},
    }


def test_strategic_directives() -> None:
    target = {"finalizers": ["a", "b"], "volumes": [{"name": "v", "emptyDir": {}, "x": 1}], "m": {"a": 1}}
    patch = {
        "$deleteFromPrimitiveList/finalizers": ["a"],
        "volumes": [{"name": "v", "$retainKeys": ["name", "secret"], "secret": {}}],
        "m": {"$patch": "replace", "b": 2},
    }

    assert strategic_merge(target, patch) == {
        "finalizers": ["b"],
        "volumes": [{"name": "v", "secret": {}}],
        "m": {"b": 2},
    }
