"""Objects, revisions, conflicts, deletion: what every client of the API relies on."""

import re

import pytest

from simulator.clock import Clock
from simulator.kubernetes.api import Admission, Api, Change
from simulator.kubernetes.decisions import KubernetesDecisions
from simulator.kubernetes.errors import STALE, ApiError, Denied, FieldError
from simulator.kubernetes.resources import Obj
from tests.simulator.kubernetes.client import LANTERNS, Make, refusal


def changes_of(api: Api, resource: str) -> list[tuple[str, int]]:
    """Follow a resource: type and revision of each change, in order."""
    seen: list[tuple[str, int]] = []

    def note(change: Change) -> None:
        seen.append((change.type, int(change.object["metadata"]["resourceVersion"])))

    api.subscribe(resource, note)
    return seen


def test_create_sets_what_the_server_sets(api: Api, lantern: Make) -> None:
    sent = lantern("a", metadata={"uid": "mine", "creationTimestamp": "2000-01-01T00:00:00Z", "generation": 7})

    made = api.create(LANTERNS, {**sent, "status": {"ready": True}})

    metadata = made["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", metadata["uid"])
    assert metadata["generation"] == 1
    assert metadata["resourceVersion"] == str(api.revision)
    assert metadata["creationTimestamp"].endswith("Z")
    assert not metadata["creationTimestamp"].startswith("2000")
    assert "status" not in made
    assert made["spec"]["colour"] == "yellow"


def test_what_is_returned_is_a_copy(api: Api, lantern: Make) -> None:
    api.create(LANTERNS, lantern("a"))["spec"]["source"]["wick"] = "changed"
    api.get(LANTERNS, "a", "default")["spec"]["source"]["wick"] = "changed"
    api.list(LANTERNS)[0]["spec"]["source"]["wick"] = "changed"

    assert api.get(LANTERNS, "a", "default")["spec"]["source"]["wick"] == "cotton"


def test_generated_names(api: Api, lantern: Make) -> None:
    metadata = {"generateName": "lamp-", "namespace": "default"}

    made = api.create(LANTERNS, {**lantern(), "metadata": metadata})

    assert re.fullmatch(r"lamp-[bcdfghjklmnpqrstvwxz2456789]{5}", made["metadata"]["name"])
    assert made["metadata"]["generateName"] == "lamp-"


NAMELESS = "metadata.name: Required value: name or generateName is required"


@pytest.mark.parametrize(
    ("change", "status", "reason", "message"),
    [
        ({"name": "a"}, 409, "AlreadyExists", 'lanterns.light.example.org "a" already exists'),
        ({"resourceVersion": "5"}, 500, "InternalError", "resourceVersion should not be set on objects to be created"),
        ({"namespace": "no"}, 404, "NotFound", 'namespaces "no" not found'),
        ({"name": ""}, 422, "Invalid", f'Lantern.light.example.org "" is invalid: {NAMELESS}'),
    ],
)
def test_refused_creations(api: Api, lantern: Make, change: Obj, status: int, reason: str, message: str) -> None:
    api.create(LANTERNS, lantern("a"))
    error = refusal(api.create, LANTERNS, lantern("b", metadata=change))

    assert (error.status, error.reason, error.message) == (status, reason, message)


def test_stale_write_is_refused_and_changes_nothing(api: Api, lantern: Make) -> None:
    old = api.create(LANTERNS, lantern("a"))
    new = api.update(LANTERNS, {**old, "spec": {**old["spec"], "level": 1}})

    error = refusal(api.update, LANTERNS, {**old, "spec": {**old["spec"], "level": 2}})

    assert (error.status, error.message) == (409, f'Operation cannot be fulfilled on {LANTERNS} "a": {STALE}')
    assert api.get(LANTERNS, "a", "default") == new


def test_a_write_that_changes_nothing_makes_no_revision(api: Api, lantern: Make) -> None:
    made = api.create(LANTERNS, lantern("a"))
    seen = changes_of(api, LANTERNS)

    assert api.update(LANTERNS, made) == made
    assert seen == []


def test_generation_counts_changes_outside_metadata_and_status(api: Api, lantern: Make) -> None:
    api.create(LANTERNS, lantern("a"))
    for patch, subresource, generation in (
        ({"metadata": {"labels": {"x": "y"}}}, "", 1),
        ({"status": {"ready": True}}, "status", 1),
        ({"spec": {"level": 1}}, "", 2),
    ):
        patched = api.patch(LANTERNS, "a", "default", patch, subresource=subresource)
        assert patched["metadata"]["generation"] == generation


def test_status_and_spec_are_written_apart(api: Api, lantern: Make) -> None:
    made = api.create(LANTERNS, lantern("a"))
    both = {**made, "spec": {**made["spec"], "level": 3}, "status": {"ready": True}}

    after_status = api.update_status(LANTERNS, both)
    assert (after_status["spec"].get("level"), after_status["status"]) == (None, {"ready": True})

    both["metadata"]["resourceVersion"] = after_status["metadata"]["resourceVersion"]
    after_spec = api.update(LANTERNS, {**both, "status": {"ready": False}})
    assert (after_spec["spec"]["level"], after_spec["status"]) == (3, {"ready": True})


def test_one_revision_counter_for_all_kinds(api: Api, lantern: Make) -> None:
    seen = changes_of(api, "")
    api.create(LANTERNS, lantern("a"))
    api.create("configmaps", {"metadata": {"name": "c", "namespace": "default"}})
    api.delete(LANTERNS, "a", "default")

    revisions = [revision for _, revision in seen]
    assert revisions == list(range(revisions[0], revisions[0] + 3))


def test_subscribers_are_called_in_order_even_if_one_of_them_writes(api: Api, lantern: Make) -> None:
    def label(change: Change) -> None:
        if change.type == "ADDED":
            api.patch(LANTERNS, "a", "default", {"metadata": {"labels": {"seen": "yes"}}})

    first = changes_of(api, LANTERNS)
    api.subscribe(LANTERNS, label)
    second = changes_of(api, LANTERNS)
    api.create(LANTERNS, lantern("a"))

    assert [kind for kind, _ in first] == ["ADDED", "MODIFIED"]
    assert second == first


def test_finalizers_block_a_deletion(api: Api, lantern: Make) -> None:
    api.create(LANTERNS, lantern("a", metadata={"finalizers": ["example.org/hold"]}))
    seen = changes_of(api, LANTERNS)

    held = api.delete(LANTERNS, "a", "default")
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    assert held["metadata"]["generation"] == 2
    assert api.delete(LANTERNS, "a", "default") == held

    with pytest.raises(ApiError, match=r'found new finalizers \[\]string\{"example.org/more"\}'):
        api.patch(LANTERNS, "a", "default", {"metadata": {"finalizers": ["example.org/hold", "example.org/more"]}})

    freed = api.patch(LANTERNS, "a", "default", {"metadata": {"finalizers": []}})
    assert "finalizers" not in freed["metadata"]
    assert api.find(LANTERNS, "a", "default") is None
    assert [kind for kind, _ in seen] == ["MODIFIED", "DELETED"]


def test_deletion_with_another_uid_is_refused(api: Api, lantern: Make) -> None:
    made = api.create(LANTERNS, lantern("a"))

    assert refusal(api.delete, LANTERNS, "a", "default", uid="other").message == (
        f'Operation cannot be fulfilled on {LANTERNS} "a": the UID in the precondition (other) does not match the UID '
        f"in record ({made['metadata']['uid']}). The object might have been deleted and then recreated"
    )


def test_selectors(api: Api, lantern: Make) -> None:
    for name, labels in (("a", {"x": "1"}), ("b", {"x": "2", "y": ""}), ("c", {})):
        api.create(LANTERNS, lantern(name, metadata={"labels": labels}))

    def names(labels: str = "", fields: str = "") -> str:
        return "".join(each["metadata"]["name"] for each in api.list(LANTERNS, labels=labels, fields=fields))

    assert names() == "abc"
    assert names("x=1") == "a"
    assert names("x!=1") == "bc"
    assert names("x in (1, 2),y") == "b"
    assert names("x notin (1)") == "bc"
    assert names("!x") == "c"
    assert names(fields="metadata.name=b,metadata.namespace==default") == "b"
    assert names(fields="metadata.name!=b") == "ac"
    with pytest.raises(ApiError, match=r"^field label not supported: spec.level$"):
        names(fields="spec.level=1")


def test_hooks_change_and_refuse(api: Api, lantern: Make) -> None:
    def brighten(request: Admission) -> None:
        request.object["spec"]["level"] = 9

    def keep_wick(request: Admission) -> None:
        if request.operation == "DELETE":
            raise Denied("still burning", webhook="validator.example.org", status=422, reason="Invalid")

    api.admit(LANTERNS, ["CREATE"], brighten, mutating=True)
    api.admit(LANTERNS, ["CREATE", "DELETE"], keep_wick, mutating=False)

    assert api.create(LANTERNS, lantern("a"))["spec"]["level"] == 9
    error = refusal(api.delete, LANTERNS, "a", "default")
    assert error.status == 422
    assert error.message == 'admission webhook "validator.example.org" denied the request: still burning'


def test_a_decision_can_be_replaced() -> None:
    class Lenient(KubernetesDecisions):
        def admit_invalid(self, *_: object) -> list[FieldError]:
            return []

    claim = {"metadata": {"name": "c", "namespace": "default"}, "spec": {}}
    with pytest.raises(ApiError, match="at least 1 access mode is required"):
        Api(Clock()).create("persistentvolumeclaims", claim)

    assert "accessModes" not in Api(Clock(), Lenient()).create("persistentvolumeclaims", claim)["spec"]


def test_registered_kinds_show_as_definitions(api: Api) -> None:
    definition = api.get("customresourcedefinitions.apiextensions.k8s.io", LANTERNS)

    assert definition["spec"]["names"]["kind"] == "Lantern"
    assert {each["type"]: each["status"] for each in definition["status"]["conditions"]}["Established"] == "True"


def test_past_revisions_can_be_listed_until_they_are_compacted(api: Api, lantern: Make) -> None:
    api.create(LANTERNS, lantern("a"))
    then = api.revision
    api.patch(LANTERNS, "a", "default", {"spec": {"level": 1}})
    api.create(LANTERNS, lantern("b"))
    api.delete(LANTERNS, "a", "default")
    resource = api.resource(LANTERNS)

    past = [each.object for each in api.store.at(resource, then) or ()]
    assert [(each["metadata"]["name"], each["spec"].get("level")) for each in past] == [("a", None)]

    api.store.compact()
    assert api.store.at(resource, then) is None


def test_a_subscriber_may_end_what_is_being_deleted(api: Api) -> None:
    """The kubelet removes a pod on its deletion, possibly within the same call."""
    heard: list[str] = []

    def remove(change: Change) -> None:
        heard.append(change.type)
        if change.type == "MODIFIED" and api.find("pods", "p", "default"):
            api.delete("pods", "p", "default", grace_seconds=0)

    containers = [{"name": "c", "image": "b:1"}]
    sent = {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": containers, "nodeName": "n"}}
    for grace in (0, 5):
        api.create("pods", sent)
        api.patch("pods", "p", "default", {"status": {"phase": "Running"}}, subresource="status")
        heard.clear()
        end = api.subscribe("pods", remove)
        api.delete("pods", "p", "default", grace_seconds=grace)
        end()
        assert api.find("pods", "p", "default") is None
        assert heard == (["MODIFIED", "DELETED"] if grace == 0 else ["MODIFIED", "MODIFIED", "DELETED"])
