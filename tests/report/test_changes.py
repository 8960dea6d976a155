"""What one revision of an object changed, in the words of a report's timeline."""

from typing import Any

from fixtures.report.diff_text import diff_text

Obj = dict[str, Any]


def image(copies: Obj, **status: object) -> Obj:
    """A backing image with copies of its file on disks."""
    parameters = {"volume-name": "pvc-1", "export-type": "raw"}
    return {
        "metadata": {"name": "i"},
        "spec": {"sourceType": "export-from-volume", "sourceParameters": parameters},
        "status": {"diskFileStatusMap": copies, **status},
    }


def test_a_new_object_is_told_by_what_it_is() -> None:
    """Where an image comes from, with the parameters of its source."""
    assert diff_text(None, image({})) == (
        "created, file none, source type export-from-volume, parameters volume-name=pvc-1 export-type=raw"
    )


def test_a_file_is_told_by_how_far_it_is() -> None:
    """Progress while it is made, the reason when it failed, the checksum when it is there."""
    none, half = image({"d": {"state": ""}}), image({"d": {"state": "in-progress", "progress": 40}})
    failed = image({"d": {"state": "failed", "message": "status 404"}})
    ready = image({"d": {"state": "ready", "progress": 100}}, checksum="ab12")

    assert diff_text(none, half) == "file in-progress 40%"
    assert diff_text(half, failed) == "file failed (status 404)"
    assert diff_text(half, ready) == "file ready, checksum ab12"


def test_what_tells_no_story_is_left_out() -> None:
    """An annotation is no news; a finalizer is."""
    old = image({})
    new = {**old, "metadata": {"name": "i", "annotations": {"a": "b"}}}

    assert diff_text(old, new) == ""
    assert diff_text(old, {**old, "metadata": {"name": "i", "finalizers": ["longhorn.io"]}}) == (
        "finalizer longhorn.io added"
    )
