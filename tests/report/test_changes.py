"""What one revision of an object changed, in the words of a report's timeline."""

from typing import Any

import pytest

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


NONE, HALF = image({"d": {"state": ""}}), image({"d": {"state": "in-progress", "progress": 40}})
FAILED = image({"d": {"state": "failed", "message": "status 404"}})
READY = image({"d": {"state": "ready", "progress": 100}}, checksum="ab12")
EMPTY = image({})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            None,
            EMPTY,
            "created, file none, source type export-from-volume, parameters volume-name=pvc-1 export-type=raw",
        ),
        (NONE, HALF, "file in-progress 40%"),
        (HALF, FAILED, "file failed (status 404)"),
        (HALF, READY, "file ready, checksum ab12"),
        (EMPTY, {**EMPTY, "metadata": {"name": "i", "annotations": {"a": "b"}}}, ""),
        (EMPTY, {**EMPTY, "metadata": {"name": "i", "finalizers": ["longhorn.io"]}}, "finalizer longhorn.io added"),
    ],
    ids=["new", "in progress", "failed", "ready", "annotation", "finalizer"],
)
def test_diff_text(old: Obj | None, new: Obj, words: str) -> None:
    """A new object by what it is, a file by how far it is; an annotation is no news, a finalizer is."""
    assert diff_text(old, new) == words
