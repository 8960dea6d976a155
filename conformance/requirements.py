"""What more than one page requires. Each function is one requirement: it does what a user does, and asserts it."""

import re

from conformance.scenarios import Requested
from fixtures.kubernetes.budgets import CONTENT_BOUND_LATE, PRE_PROVISIONED_READY
from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.history import Recorder, Revision, before
from fixtures.kubernetes.object_view import status_of
from fixtures.kubernetes.resource_kinds import PV, Obj
from fixtures.longhorn.objects import Longhorn
from fixtures.longhorn.provisioning import wait_refused
from fixtures.longhorn.volume_snapshots import DRIVER, Content, Snapshots, VolumeSnapshot, is_ready
from fixtures.longhorn.volumes import SIZE, Source, Volumes
from fixtures.outcomes import precondition
from fixtures.workloads.pods import Pvc, Workloads

CLAIM = {"persistentVolumeClaimName": "some-claim"}
CONTENT = {"volumeSnapshotContentName": "some-content"}


REFUSED = r"\bcode = (InvalidArgument|NotFound|FailedPrecondition|OutOfRange)\b"
"""How CSI calls a request that cannot be served because of what it says, however often it is repeated."""


def naming(*values: object) -> str:
    """A pattern for a message that names all these values, in any order and in whatever words."""
    return "(?s)" + "".join(rf"(?=.*(?<!\w){re.escape(str(value))}(?!\w))" for value in values)


def has_handle(content: Obj) -> bool:
    """Whether a content carries a handle."""
    return "snapshotHandle" in status_of(content)


def must_be_bound_both_ways(requested: Requested, snapshots: Snapshots) -> None:
    """A VolumeSnapshot is bound to a content, and this refers back to it."""
    snapshot = snapshots.wait_bound(requested.snapshot)

    content = snapshots.content(snapshot.content_name)

    reference = content.object["spec"]["volumeSnapshotRef"]
    back = reference["namespace"], reference["name"], reference["uid"]
    assert back == (snapshot.namespace, snapshot.name, snapshot.uid), f"volumeSnapshotRef of {content} is {reference}"


def must_keep_the_content(snapshot: VolumeSnapshot, content: Content, snapshots: Snapshots) -> None:
    """A deleted VolumeSnapshot is removed, and its content stays with its handle."""
    snapshots.wait_gone(snapshot)

    kept = snapshots.content(content.name)

    assert "deletionTimestamp" not in kept.object["metadata"], f"the retained {kept} is being deleted"
    assert kept.handle == content.handle


def must_be_ready_after(
    first: Revision | None, snapshot: VolumeSnapshot, content: Content, snapshots: Snapshots, what: str
) -> None:
    """Content and VolumeSnapshot became ready, and not before a revision; `what` says of which state that is."""
    for history in snapshots.content_history(content), snapshots.history(snapshot):
        ready = history.first(is_ready)

        assert ready is not None, f"{history} never got ready"
        assert first is not None
        assert before(first, ready), f"{history} was ready at revision {ready.version}, before {what}"


def must_be_provisioned_by_longhorn(claim: Pvc, recorder: Recorder) -> None:
    """A bound claim's volume was made by the CSI provisioner, with Longhorn's driver."""
    volume = recorder.of(PV, claim.volume).created.object

    by = volume["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"], volume["spec"]["csi"]["driver"]
    assert by == (DRIVER, DRIVER), f"volume {claim.volume} was provisioned by {by[0]} with the driver {by[1]}"


def must_have_the_size_of_its_source(claim: Pvc, snapshot: VolumeSnapshot, longhorn: Longhorn) -> None:
    """VolumeSnapshot, bound claim and restored volume have the size of the source."""
    sizes = {
        "restoreSize of the VolumeSnapshot": snapshot.restore_size,
        "capacity of the claim": claim.capacity,
        "size of the Longhorn volume": int(longhorn.volume(longhorn.volume_of(claim))["spec"]["size"]),
    }
    assert set(sizes.values()) == {SIZE}, f"sizes in bytes, expected {SIZE} each: {sizes}"


def must_refuse_a_smaller_claim(snapshot: VolumeSnapshot, workloads: Workloads, recorder: Recorder) -> None:
    """A claim smaller than the VolumeSnapshot is refused, which names both sizes."""
    claim = workloads.restore_claim(*snapshot.place, size=SIZE // 2)

    wait_refused(recorder, claim, naming(SIZE // 2, SIZE))
    workloads.delete_claim(claim)


def must_refuse_a_missing_snapshot(control: Pvc, volumes: Volumes) -> None:
    """A claim from a VolumeSnapshot that does not exist is refused; the control, from one that does, is bound."""
    claim = volumes.request_restore("no-such-snapshot", volumes.namespace)

    volumes.wait_refused(claim, naming("no-such-snapshot"))

    with precondition("a claim from a VolumeSnapshot that exists is not bound either"):
        volumes.wait_bound(control)


def must_name_one_source(source: Obj, namespace: str, cluster: Cluster, snapshots: Snapshots) -> None:
    """A VolumeSnapshot with this source is refused; with a claim, or a content, it is accepted."""
    for accepted in (CLAIM, CONTENT):
        cluster.create(snapshots.manifest(accepted, namespace, None), dry_run=True)

    refused = cluster.rejection(snapshots.manifest(source, namespace, None))

    assert (refused.status, refused.reason) == (422, "Invalid"), refused.message
    assert "spec.source" in refused.message


def must_wait_for_its_class(
    source: Source, control: VolumeSnapshot, snapshots: Snapshots, parameters: dict[str, str] | None = None
) -> None:
    """A VolumeSnapshot of a missing class gets an error that names it, and is bound once the class exists.

    The class of `control` exists.
    """
    with precondition("a VolumeSnapshot whose class exists is not bound either"):
        snapshots.wait_bound(control)
    name = f"comes-later-{source.pvc.name}"
    snapshot = snapshots.create(source.pvc, name)

    snapshots.wait_error(snapshot, naming(name))

    snapshots.create_class("Delete", parameters, name=name)
    assert snapshots.wait_bound(snapshot, CONTENT_BOUND_LATE).content_name


def must_wait_for_its_claim(
    namespace: str, class_name: str, snapshots: Snapshots, workloads: Workloads
) -> VolumeSnapshot:
    """A VolumeSnapshot of a claim that does not exist gets an error, and no content; the claim is bound then."""
    snapshot = snapshots.create_from({"persistentVolumeClaimName": "comes-later"}, namespace, class_name)

    snapshots.wait_error(snapshot)

    assert snapshots.history(snapshot).never(lambda item: bool(VolumeSnapshot(item).content_name))
    workloads.wait_bound(workloads.claim(namespace, size=SIZE, name="comes-later"))
    return snapshot


def must_wait_for_its_content(handle: str, namespace: str, name: str, snapshots: Snapshots) -> None:
    """A VolumeSnapshot of a content that does not exist gets an error, and is bound once the content exists."""
    snapshot = snapshots.create_from({"volumeSnapshotContentName": name}, namespace, None)

    snapshots.wait_error(snapshot)

    content = snapshots.content_manifest(handle, (namespace, snapshot.name), policy="Retain", name=name)
    snapshots.create_content(content)
    bound = snapshots.wait_bound(snapshot, CONTENT_BOUND_LATE).content_name
    assert bound == name, f"{snapshot} is bound to the content {bound}, it names {name}"


def must_bind_the_named_content(snapshot: VolumeSnapshot, content: Content, snapshots: Snapshots) -> None:
    """A pre-provisioned VolumeSnapshot is bound to the content that it names in its source."""
    ready = snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)

    bound, named = ready.content_name, content.name
    assert bound == named, f"{ready} is bound to the content {bound}, it names {named}"


def must_show_the_handle(handle: str, snapshot: VolumeSnapshot, content: Content, snapshots: Snapshots) -> None:
    """The snapshotHandle of a pre-provisioned content is the one that it was made with."""
    snapshots.wait_ready(snapshot, PRE_PROVISIONED_READY)

    shown = snapshots.content(content.name).handle

    assert shown == handle, f"the handle shown is {shown}, given was {handle}"


def must_not_bind_another(content: Content, namespace: str, snapshots: Snapshots, *, name: str = "") -> None:
    """A VolumeSnapshot that names a content which does not name it gets an error."""
    other = snapshots.create_from({"volumeSnapshotContentName": content.name}, namespace, None, name=name)

    snapshots.wait_error(other, naming(content.name))
    assert snapshots.history(other).never(is_ready)


def must_need_a_complete_reference(
    handle: str, missing: str, namespace: str, cluster: Cluster, snapshots: Snapshots
) -> None:
    """Through a content whose volumeSnapshotRef lacks the name or the namespace no VolumeSnapshot is bound.

    The CRDs of external-snapshotter 8.0 and newer refuse such a content; older ones accept it, and it binds nothing.
    """
    name = f"only-{missing}-missing"
    content = snapshots.content_manifest(handle, (namespace, name), policy="Retain")
    cluster.create(content, dry_run=True)
    del content["spec"]["volumeSnapshotRef"][missing]

    if refused := cluster.refusal(content):
        assert (refused.status, refused.reason) == (422, "Invalid"), refused.message
        assert "spec.volumeSnapshotRef" in refused.message
    else:
        must_not_bind_another(snapshots.create_content(content), namespace, snapshots, name=name)
