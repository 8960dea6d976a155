"""Server-side apply: ownership and conflicts of fields."""

from typing import Any

import pytest

from simulator.kubernetes.api import Api
from simulator.kubernetes.apply import server_side_apply
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj
from tests.simulator.kubernetes.client import LANTERNS, Make, refusal


def apply(api: Api, config: Obj, manager: str, *, force: bool = False, resource: str = LANTERNS) -> Obj:
    served = api.resource(resource)
    metadata = config["metadata"]
    current = api.store.find(served, (metadata.get("namespace", ""), metadata["name"]))
    return server_side_apply(api, served, current, config, manager=manager, force=force).complete()


def owners(obj: Obj) -> dict[tuple[str, str], Obj]:
    return {(each["manager"], each["operation"]): each["fieldsV1"] for each in obj["metadata"]["managedFields"]}


def test_apply_creates_and_owns(api: Api, lantern: Make) -> None:
    made = apply(api, lantern("a", level=1), "me")

    assert owners(made) == {("me", "Apply"): {"f:spec": {".": {}, "f:level": {}, "f:source": {".": {}, "f:wick": {}}}}}
    assert apply(api, lantern("a", level=1), "me") == made


def test_a_field_that_is_no_longer_applied_is_removed(api: Api, lantern: Make) -> None:
    apply(api, lantern("a", level=1, labels={"x": "1", "y": "2"}), "me")

    after = apply(api, lantern("a", labels={"y": "2"}), "me")

    assert after["spec"] == {"source": {"wick": "cotton"}, "labels": {"y": "2"}, "colour": "yellow"}


def test_conflict_and_force(api: Api, lantern: Make) -> None:
    apply(api, lantern("a", level=1), "first")

    error = refusal(apply, api, lantern("a", level=2), "second")

    text = 'conflict with "first" using light.example.org/v1'
    assert (error.status, error.reason) == (409, "Conflict")
    assert error.message == f"Apply failed with 1 conflict: {text}: .spec.level"
    assert error.details["causes"] == [{"reason": "FieldManagerConflict", "message": text, "field": ".spec.level"}]

    after = apply(api, lantern("a", level=2), "second", force=True)
    assert after["spec"]["level"] == 2
    assert "f:level" not in owners(after)["first", "Apply"]["f:spec"]


def test_the_same_value_is_shared(api: Api, lantern: Make) -> None:
    apply(api, lantern("a", level=1), "first")
    apply(api, lantern("a", level=1), "second")

    after = apply(api, lantern("a"), "first")

    assert after["spec"]["level"] == 1


def test_an_ordinary_write_takes_a_field_over(api: Api, lantern: Make) -> None:
    apply(api, lantern("a", level=1), "me")
    api.patch(LANTERNS, "a", "default", {"spec": {"level": 5}}, manager="hand")

    with pytest.raises(ApiError, match=r'conflict with "hand" using light.example.org/v1: .spec.level'):
        apply(api, lantern("a", level=1), "me")


def test_lists_of_built_in_kinds_are_merged_by_key(api: Api) -> None:
    def pod(**container: Any) -> Obj:
        return {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": [container]}}

    api.create("pods", pod(name="c", image="one:1"), manager="hand")

    error = refusal(apply, api, pod(name="c", image="two:1"), "me", resource="pods")
    assert error.details["causes"][0]["field"] == '.spec.containers[name="c"].image'

    after = apply(api, pod(name="c", image="two:1"), "me", resource="pods", force=True)
    assert [each["image"] for each in after["spec"]["containers"]] == ["two:1"]
    assert after["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"


def test_the_manager_must_be_named(api: Api, lantern: Make) -> None:
    assert refusal(apply, api, lantern("a"), "").message == (
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    )
