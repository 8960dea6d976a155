"""How the CSI Mechanism Works in this Scenario: names from the VolumeSnapshot's uid, and the order of events."""

from collections.abc import Sequence

import pytest

from conformance.backing_image.scenarios import Exported, ImageExportSteps
from conformance.requirements import has_handle, must_be_ready_after
from conformance.scenarios import Requested
from fixtures.catalogue.clauses import clause
from fixtures.kubernetes.history import before
from fixtures.kubernetes.waiting import StepFailed
from fixtures.longhorn.backing_images import BackingImages, has_file
from fixtures.longhorn.handles import parse_backing_image_handle
from fixtures.longhorn.volume_snapshots import Snapshots
from fixtures.longhorn.volumes import Source
from fixtures.outcomes import Blocked, Violation, precondition

pytestmark = pytest.mark.mechanism


@clause("backing-image.name.image")
@pytest.mark.names
def test_image_is_named_by_uid(exported: Exported) -> None:
    """The backing image's name is `snapshot-<uid>`."""
    documented = f"snapshot-{exported.snapshot.uid}"

    assert exported.image.name == documented, f"{exported.image} should be named {documented}"


@clause("backing-image.name.content")
@pytest.mark.names
def test_content_is_named_by_uid(exported: Exported) -> None:
    """The content's name is `snapcontent-<uid>`."""
    documented = f"snapcontent-{exported.snapshot.uid}"

    assert exported.content.name == documented, f"{exported.content} should be named {documented}"


@clause("backing-image.name.uid")
@pytest.mark.names
def test_each_snapshot_has_its_own(
    two_snapshots: tuple[Requested, ...], snapshots: Snapshots, steps: ImageExportSteps
) -> None:
    """Of two VolumeSnapshots of one claim at once each has its own content and image, and there is no third."""
    contents = [snapshots.wait_handle(requested.snapshot) for requested in two_snapshots]
    with precondition("a VolumeSnapshot does not become ready, so there may be more to come"):
        for requested in two_snapshots:
            snapshots.wait_ready(requested.snapshot)

    named = sorted(parse_backing_image_handle(content.handle).backing_image for content in contents)

    volume = steps.longhorn.volume_of(two_snapshots[0].source.pvc)
    made = sorted(image.name for image in steps.images.exported_from(volume))
    assert len({content.name for content in contents}) == len(set(named)) == 2, f"the two handles name {named}"
    assert made == named, f"images made are {made}, the handles name {named}"


@clause("backing-image.request.returns")
def test_request_returns_before_the_export_is_done(
    three_exports: tuple[Requested, ...], snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """A content has its handle before the image's file is complete.

    One of several will do: an answer can get lost on its way, and the handle then comes with a later one, when a fast
    export may be done. A driver that waits for its exports is late with all of them. So is one whose answers are long
    on their way; it is told apart by an export that cannot even begin. An export that fails says nothing.
    """
    late, failed = [], []
    for requested in three_exports:
        content = snapshots.wait_handle(requested.snapshot)
        try:
            image = backing_images.wait_ready(backing_images.wait_created(requested.snapshot).name)
        except StepFailed as failure:
            failed.append(str(failure))
            continue
        reported = snapshots.content_history(content).first(has_handle)
        done = backing_images.history(image.name).first(has_file)
        assert reported is not None
        assert done is not None
        if before(reported, done):
            return
        late.append(f"{content} got its handle only when the file of {image} was complete")

    if not late:
        raise Blocked(f"no export that the request should not wait for was made: {failed[0]}")
    must_return_without_a_file(three_exports[0].source, late, snapshots, backing_images)


def must_return_without_a_file(
    source: Source, late: Sequence[str], snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """The content of an image that no disk takes, because none has the tag that its class wants, gets its handle."""
    parameters = {"type": "bi", "export-type": "raw", "diskSelector": "no-such-disk"}
    snapshot = snapshots.create(source.pvc, snapshots.create_class("Delete", parameters))
    image = backing_images.wait_created(snapshot)

    try:
        reported = snapshots.content_history(snapshots.wait_handle(snapshot)).first(has_handle)
    except StepFailed as failure:
        raise Violation(f"{'; '.join(late)}; {failure}") from failure

    done = backing_images.history(image.name).first(has_file)
    assert reported is not None
    # Releases before 1.7 do not know the parameter, and make the file.
    assert done is None or before(reported, done), "; ".join(late)


@clause("backing-image.ready")
def test_ready_once_the_image_is_made(
    image_requested: Requested, snapshots: Snapshots, backing_images: BackingImages
) -> None:
    """The content, and with it the VolumeSnapshot, becomes ready, and not before there is an image."""
    snapshot = snapshots.wait_ready(image_requested.snapshot)
    with precondition("there is no image, or no content, to check"):
        image, content = backing_images.wait_created(snapshot), snapshots.content_of(snapshot)

    made = backing_images.history(image.name).created
    must_be_ready_after(made, snapshot, content, snapshots, f"there was {image}")
