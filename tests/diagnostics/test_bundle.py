"""A bundle keeps to its bounds, says what it left out, and is of no harm to a run."""

import os
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from fixtures.diagnostics import contents
from fixtures.diagnostics.bundle import Bounds, Bundle, Closed
from fixtures.diagnostics.diagnoser import SET_UP, Diagnoser, RunBounds, folder_name
from fixtures.diagnostics.redaction import REDACTED, Redactor
from fixtures.longhorn.target_address import TargetAddress
from fixtures.report import bundles
from fixtures.report.bundles import INDEX
from fixtures.report.tracing import FailureContext

TEST = "conformance/tea/test_tea.py::test_boils"


def bundle(folder: Path, **bounds: Any) -> Bundle:
    return Bundle(folder / "bundle", Redactor(["the-secret"]), Bounds(**bounds))


def about(folder: Path) -> FailureContext:
    """A test whose target is up, and of which nothing else is known."""
    return FailureContext((), 0.0, TargetAddress("cluster", folder / "kubeconfig", "longhorn-system", "1.12.1", "x"))


def diagnose(diagnoser: Diagnoser, folder: Path, test: str = TEST, cause: str = "") -> str:
    return diagnoser.diagnose(test, "why", cause, about(folder))


def index(folder: Path) -> str:
    return (folder / INDEX).read_text()


@pytest.mark.parametrize(
    ("bounds", "texts", "keep_end", "kept", "note"),
    [
        pytest.param({"file_bytes": 4}, ["abcdefghij"], False, ["abcd"], "4 of 10 bytes", id="beginning of a file"),
        pytest.param({"file_bytes": 4}, ["abcdefghij"], True, ["ghij"], "4 of 10 bytes", id="end of a log"),
        # Half of a credential would not be recognised any more.
        pytest.param({"file_bytes": 6}, ["the-secret"], False, [REDACTED[:6]], "", id="a credential is never cut"),
        pytest.param({"all_bytes": 6}, ["abcd", "efgh", "i"], False, ["abcd", "ef"], "no more than 6 bytes", id="all"),
        pytest.param({"files": 1}, ["a", "b"], False, ["a"], "no more than 1 files", id="files"),
    ],
)
def test_bounds(
    tmp_path: Path, bounds: dict[str, Any], texts: list[str], keep_end: bool, kept: list[str], note: str
) -> None:
    """Files are cut, and taken until there is no room; the index says so."""
    made = bundle(tmp_path, **bounds)
    for number, text in enumerate(texts):
        with pytest.raises(Closed) if number >= len(kept) else nullcontext():
            made.add(f"{number}.log", text, keep_end=keep_end)
    made.close(TEST)

    files = {path.name: path.read_text() for path in made.folder.iterdir() if path.name != INDEX}
    assert files == {f"{number}.log": text for number, text in enumerate(kept)}
    assert note in index(made.folder)


def test_objects_are_yaml_up_to_the_bound(tmp_path: Path) -> None:
    """Whole objects, without credentials; how many are missing is told."""
    made = bundle(tmp_path, file_bytes=40)

    made.add_objects("x.yaml", [(f"number {number}", {"kind": "Secret", "data": {"a": "b"}}) for number in range(9)])
    made.close(TEST)

    text = (made.folder / "x.yaml").read_text()
    assert text.startswith("# number 0\nkind: Secret\ndata:\n  a: ")
    assert "7 of 9 are left out" in index(made.folder)


def test_index_escapes(tmp_path: Path) -> None:
    """What a cluster wrote is no HTML of ours; and notes are redacted as files are."""
    made = bundle(tmp_path)
    made.note("<b>the-secret</b>")
    made.close("test[<i>]")

    assert "<b>" not in index(made.folder)
    assert "<i>" not in index(made.folder)
    assert "the-secret" not in index(made.folder)


def test_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What hangs is left behind; what it brings later is not taken."""
    released, done = threading.Event(), threading.Event()
    late: list[str] = []

    def gather(made: Bundle, failure: str, _: FailureContext) -> None:
        made.add("failure.txt", failure)
        released.wait(10)
        try:
            made.add("late", "late")
        except Closed:
            late.append("refused")
        done.set()

    monkeypatch.setattr(contents, "gather", gather)
    path = diagnose(Diagnoser(tmp_path, RunBounds(each=Bounds(seconds=0.2))), tmp_path)
    released.set()
    assert done.wait(10)

    assert late == ["refused"]
    assert sorted(each.name for each in (tmp_path / path).iterdir()) == ["failure.txt", INDEX]
    assert "stopped after 0.2 s" in index(tmp_path / path)


def test_a_mistake_of_ours_is_told_in_the_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on."""
    monkeypatch.setattr(contents, "gather", lambda *_: os.environ["NO_SUCH_VARIABLE"])

    path = diagnose(Diagnoser(tmp_path), tmp_path)

    assert "KeyError" in index(tmp_path / path)


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that fills up in the middle."""

    def gather(made: Bundle, failure: str, _: FailureContext) -> None:
        made.add("failure.txt", failure)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(contents, "gather", gather)

    with pytest.raises(OSError, match="No space left"):
        diagnose(Diagnoser(tmp_path), tmp_path)

    assert not list((tmp_path / "diagnostics").iterdir())


def test_run_has_enough_at_some_time(tmp_path: Path) -> None:
    """In number and in seconds: where everything fails, the last bundles say no more than the first."""
    few = Diagnoser(tmp_path, RunBounds(bundles=1))
    quick = Diagnoser(tmp_path, RunBounds(seconds=0))

    assert diagnose(few, tmp_path) == "diagnostics/tea.test_tea.test_boils"
    assert diagnose(few, tmp_path, f"{TEST}_not") == ""
    assert diagnose(quick, tmp_path) == ""


def test_one_cause_one_bundle(tmp_path: Path) -> None:
    """Tests that stand on one thing that could not be had; tests that failed by themselves have their own."""
    diagnoser = Diagnoser(tmp_path)

    first = diagnose(diagnoser, tmp_path, TEST, "no kettle")

    assert diagnose(diagnoser, tmp_path, f"{TEST}_2", "no kettle") == first
    assert diagnose(diagnoser, tmp_path, f"{TEST}_3") != first


def test_target_that_does_not_come_up(tmp_path: Path) -> None:
    """One bundle for all of the run, which the target may have begun."""
    path = Diagnoser(tmp_path).diagnose(TEST, "why", "x", FailureContext((), 0.0))

    assert path == f"diagnostics/{SET_UP}"
    assert (tmp_path / path / "failure.txt").read_text() == "why"
    assert Diagnoser(tmp_path).diagnose(f"{TEST}_2", "another", "y", FailureContext((), 0.0)) == path
    assert (tmp_path / path / "failure.txt").read_text() == "why"


@pytest.mark.parametrize("test", ["a/test_b.py::test_c[x/../y]", "a/test_b.py::test_c[x y]", f"test_b.py::{'c' * 300}"])
def test_folder_name_is_one(test: str) -> None:
    """Of any id: one name of moderate length, and another one for another test."""
    assert folder_name(test).replace(".", "").replace("-", "").replace("_", "").isalnum()
    assert len(folder_name(test)) < 120
    assert folder_name(test) != folder_name(test.replace("c", "d"))
    assert folder_name("a.py::t[x y]") != folder_name("a.py::t[x-y]")


def test_only_bundles_are_forgotten(tmp_path: Path) -> None:
    """What somebody else put there stays."""
    diagnose(Diagnoser(tmp_path), tmp_path)
    (tmp_path / "diagnostics" / "mine").mkdir()

    bundles.remove(tmp_path)

    assert [path.name for path in (tmp_path / "diagnostics").iterdir()] == ["mine"]


def test_of_parts_all_come_along(tmp_path: Path) -> None:
    """The links of a joined report lead somewhere."""
    parts = [tmp_path / "1", tmp_path / "2"]
    paths = [Diagnoser(part).diagnose(f"{TEST}_{part.name}", "why", "", about(part)) for part in parts]

    bundles.copy(parts, tmp_path / "whole")

    assert all((tmp_path / "whole" / path / "failure.txt").exists() for path in paths)
