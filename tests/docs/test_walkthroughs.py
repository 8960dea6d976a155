"""The steps of docs/add-a-clause.md and docs/add-a-fault.md: their patches fit the code and do what they say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.catalogue.clauses import load
from tools import ROOT

CLAUSE, TEST, FAULT = "backup.handle.kept", "test_handle_stays_the_same", "handle-changes"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the suite and the simulator after all steps."""
    copy = tmp_path_factory.mktemp("clone")
    for folder in ("conformance", "simulator"):
        shutil.copytree(ROOT / folder, copy / folder)
    text = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("add-a-clause.md", "add-a-fault.md"))
    for patch in re.findall(r"^git apply <<'EOF'\n(.*?)^EOF$", text, re.MULTILINE | re.DOTALL):
        done = subprocess.run(["git", "apply"], cwd=copy, input=patch, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return copy


def test_clause_is_in_the_catalogue(changed: Path) -> None:
    """It can be read, and stands under its heading."""
    catalogue = load(changed / "conformance")

    assert catalogue.by_id().keys() - load(ROOT / "conformance").by_id().keys() == {CLAUSE}
    ids = list(catalogue.by_id())
    assert ids[ids.index(CLAUSE) - 1] == "backup.handle.field"


def test_test_names_the_clause(changed: Path) -> None:
    """The test is there, for that clause."""
    text = (changed / "conformance/backup/test_handle.py").read_text(encoding="utf-8")

    assert f'@clause("{CLAUSE}")\ndef {TEST}(' in text


def test_fault_replaces_the_new_decision(changed: Path) -> None:
    """The simulator knows the fault, and its decision fits."""
    command = [sys.executable, "-m", "simulator", "--fault", FAULT, "--list-faults"]

    listed = subprocess.run(command, cwd=changed, capture_output=True, text=True, check=False)

    assert listed.returncode == 0, listed.stderr
    assert re.search(rf"^{FAULT} +csi\.kept_handle +{CLAUSE} ", listed.stdout, re.MULTILINE)


def test_patches_are_formatted(changed: Path) -> None:
    """What people paste passes the linter's settings for the length of lines."""
    for name in ("conformance/backup/test_handle.py", "simulator/overrides/faults/handles.py"):
        assert max(map(len, (changed / name).read_text(encoding="utf-8").splitlines())) <= 120
