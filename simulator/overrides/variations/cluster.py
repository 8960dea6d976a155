# ruff: noqa: ARG001, ARG005  (a replacement takes the arguments of the decision that it replaces)
"""What Kubernetes leaves to the cluster: what others write into objects, revisions, lists, events, headers."""

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from simulator.kubernetes.decisions import Event
from simulator.kubernetes.resources import Obj, Resource
from simulator.kubernetes.store import Stored
from simulator.overrides.registry import changed, variation

Admitted = Callable[[Resource, Obj, Obj | None], Obj]

SNAPSHOT_GROUP, LONGHORN_GROUP = "snapshot.storage.k8s.io", "longhorn.io"
AUDITED = frozenset({"volumesnapshots", "volumesnapshotcontents", "backups", "backingimages", "snapshots"})
FINALIZER = "example.com/audited"


def _with_metadata(obj: Obj, **fields: Any) -> Obj:
    return {**obj, "metadata": {**obj["metadata"], **fields}}


@variation("annotated-by-others", decision="kubernetes.admitted")
def annotate(original: Admitted, resource: Resource, obj: Obj, old: Obj | None) -> Obj:
    """A policy agent adds a label and an annotation to every new object but the namespaces."""
    if old is not None or resource.plural == "namespaces":
        return original(resource, obj, old)
    metadata = obj["metadata"]
    labels = {**(metadata.get("labels") or {}), "example.com/team": "storage"}
    annotations = {**(metadata.get("annotations") or {}), "example.com/checked-by": "policy-agent/2.1"}
    return _with_metadata(original(resource, obj, old), labels=labels, annotations=annotations)


@variation("held-by-others", decision="kubernetes.admitted")
def hold(original: Admitted, resource: Resource, obj: Obj, old: Obj | None) -> Obj:
    """An auditor puts a finalizer on snapshots, contents, backups and images, until they are deleted."""
    metadata = obj["metadata"]
    finalizers = [each for each in metadata.get("finalizers") or () if each != FINALIZER]
    if resource.plural not in AUDITED:
        return original(resource, obj, old)
    if not metadata.get("deletionTimestamp"):
        finalizers.append(FINALIZER)
    return _with_metadata(original(resource, obj, old), finalizers=finalizers)


@variation("more-status", decision="kubernetes.admitted")
def tell_more(original: Admitted, resource: Resource, obj: Obj, old: Obj | None) -> Obj:
    """Longhorn's objects have a condition and two fields more in their status than this suite ever saw."""
    status = obj.get("status")
    if resource.group != LONGHORN_GROUP or not status:
        return original(resource, obj, old)
    since = obj["metadata"]["creationTimestamp"]
    known = [each for each in status.get("conditions") or () if each.get("type") != "Observed"]
    seen = {"type": "Observed", "status": "True", "reason": "", "message": "", "lastTransitionTime": since}
    more = {"observedGeneration": 1, "lastHeartbeat": None, "conditions": [seen, *known]}
    return {**original(resource, obj, old), "status": {**status, **more}}


@variation("more-spec", decision="kubernetes.admitted")
def specify_more(original: Admitted, resource: Resource, obj: Obj, old: Obj | None) -> Obj:
    """A newer Longhorn's objects have a field more in their spec."""
    spec = obj.get("spec")
    if resource.group != LONGHORN_GROUP or spec is None:
        return original(resource, obj, old)
    return {**original(resource, obj, old), "spec": {"encryptionPolicy": "inherit", **spec}}


_QUIET = frozenset({"events", "leases", "pods"})


@variation("said-twice", decision="kubernetes.echoes")
def echo(original: Callable[..., int], resource: Resource, obj: Obj) -> int:
    """After every write another revision follows that says the same, as a writer makes who only sets a time stamp."""
    return 0 if resource.plural in _QUIET else 1


backwards = variation(
    "lists-backwards", decision="kubernetes.listed", summary="Lists, and watches at their beginning, are in no order."
)(changed(lambda found: list(reversed(found))))

gaps = variation(
    "revisions-with-gaps",
    decision="kubernetes.next_revision",
    summary="Between two revisions of a kind lie thousands of others, as in a large cluster.",
)(lambda original, current: current + 4_999 + current % 7)

MANAGERS = {
    "snapshot-controller": "Go-http-client",
    "csi-snapshotter": "csi-snapshotter-v9",
    "csi-provisioner": "csi-provisioner-v6",
    "longhorn-manager": "longhorn",
}
managers = variation(
    "other-field-managers",
    decision="kubernetes.field_manager",
    summary="Components appear in managedFields under other names.",
)(changed(lambda manager: MANAGERS.get(manager, manager)))


@variation("no-normal-events", decision="kubernetes.events")
def only_warnings(original: Callable[[Event], Sequence[Event]], event: Event) -> Sequence[Event]:
    """Events of type Normal are not kept; events are best effort."""
    return [each for each in original(event) if each[0] != "Normal"]


@variation("more-events", decision="kubernetes.events")
def chatter(original: Callable[[Event], Sequence[Event]], event: Event) -> Sequence[Event]:
    """Before each event the component reports two more, one of them a warning that means nothing."""
    lagging = ("Warning", "Throttled", "client-side throttling, not priority and fairness")
    return [("Normal", "Reconciling", "reconciling"), lagging, *original(event)]


@variation("every-other-event-lost", decision="kubernetes.events")
def lose_events(original: Callable[[Event], Sequence[Event]], event: Event) -> Sequence[Event]:
    """Every other event is dropped; a failure that lasts is reported again."""
    return original(event) if next(_EVENTS) % 2 else ()


_EVENTS = count()

vendor = variation(
    "vendor-version",
    decision="kubernetes.git_version",
    summary="The API server has a vendor's version.",
)(lambda original, version: "v1.34.2-eks-1a2b3c4")

HEADERS = {
    "Audit-Id": "1f3c1f0e-6f0c-4a51-9a8e-9d1b7f6b2c11",
    "Warning": '299 - "this cluster will be upgraded on Sunday"',
    "X-Kubernetes-Pf-Flowschema-Uid": "f1ae4b7d-46a3-4bd4-92a3-5f1c2c4a9d10",
}


@variation("more-headers", decision="kubernetes.answer_headers")
def more_headers(original: Callable[[], Mapping[str, str]]) -> Mapping[str, str]:
    """The API server's answers have more headers, a warning among them."""
    return {**original(), **HEADERS}


@variation("shuffled-first-page", decision="kubernetes.listed")
def rotate(original: Callable[..., Sequence[Stored]], resource: Resource, found: Sequence[Stored]) -> Sequence[Stored]:
    """Lists begin in their middle."""
    items = list(original(resource, found))
    middle = len(items) // 2
    return items[middle:] + items[:middle]
