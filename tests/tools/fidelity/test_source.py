"""The client and the recorded data are what the real cluster was asked and what it answered."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import ROOT
from tools.fidelity.__main__ import LABELS, RECORDED
from tools.fidelity.recording import load
from tools.fidelity.replay import CLIENT, read

RECORDINGS = ROOT.parent / "shared" / "recordings"


@pytest.fixture
def recordings() -> Path:
    if not RECORDINGS.is_dir():
        pytest.skip("no raw recordings beside this clone (../shared/recordings): nothing to compare the data with")
    return RECORDINGS


@pytest.mark.parametrize("scenario", sorted({label.partition("/")[2] for label in LABELS}))
def test_a_scenario_takes_the_steps_that_the_real_cluster_saw(scenario: str, recordings: Path) -> None:
    """The client may learn new scenarios; what an old one does stays as it was recorded."""
    assert steps(CLIENT, scenario) == steps(recordings / "record.py", scenario)


@pytest.mark.parametrize("label", LABELS)
def test_the_recorded_data_are_the_recording_in_normal_form(label: str, recordings: Path) -> None:
    release, _, scenario = label.partition("/")

    assert load(RECORDED / f"{label}.json") == read(scenario, recordings / f"longhorn-{label}", release)


def steps(client: Path, scenario: str) -> dict[str, str]:
    """The code of a scenario, and of all functions, methods and constants of the client that it uses, by name."""
    defined = dict(_definitions(ast.parse(client.read_text(encoding="utf-8"))))
    found: dict[str, str] = {}
    waiting = [f"s_{scenario}"]
    while waiting:
        name = waiting.pop()
        if name in defined and name not in found:
            found[name] = ast.unparse(defined[name])
            waiting += _names_in(defined[name])
    return found


def _names_in(code: ast.stmt) -> Iterator[str]:
    """The names that code uses, and the methods that it calls on the client (`b`, in its own methods `self`)."""
    for node in ast.walk(code):
        match node:
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="b" | "self"), attr=name):
                yield name


def _definitions(module: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for statement in module.body:
        if isinstance(statement, ast.ClassDef):
            yield from ((each.name, each) for each in statement.body if isinstance(each, ast.FunctionDef))
        elif isinstance(statement, ast.FunctionDef):
            yield statement.name, statement
        elif isinstance(statement, ast.Assign):
            yield from ((target.id, statement) for target in statement.targets if isinstance(target, ast.Name))
