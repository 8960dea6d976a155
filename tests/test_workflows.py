"""What CI runs on GitHub: held to the suite's own options and tables, and to what GitHub accepts where that can be had.

GitHub's own rules are those of actionlint (a program of its own, which has no Python package).
"""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.targets.kind import releases
from tools import ROOT

GITHUB = ROOT / ".github"
FILES = sorted([*GITHUB.glob("workflows/*.yml"), *GITHUB.glob("actions/*/action.yml")])


def steps(content: dict[Any, Any]) -> list[dict[str, Any]]:
    """The steps of a workflow's jobs, or of an action."""
    jobs = content.get("jobs", {"": content.get("runs", {})})
    return [step for job in jobs.values() for step in job.get("steps", ())]


def read(path: Path) -> dict[Any, Any]:
    """A file's content; the key `on` is a truth value in YAML 1.1."""
    content: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_actions_of_others_are_pinned(path: Path) -> None:
    """By a commit, with the version beside it: a tag can be moved."""
    used = re.findall(r"^ *(?:- )?uses: (\S+)(.*)", path.read_text(encoding="utf-8"), re.MULTILINE)

    assert used
    for action, rest in used:
        assert action.startswith("./") or (re.search(r"@[0-9a-f]{40}$", action) and re.search(r"# v\d", rest)), action


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_checkout_leaves_credentials(path: Path) -> None:
    """What a job runs afterwards could read them from the clone's settings."""
    checkouts = [step for step in steps(read(path)) if step.get("uses", "").startswith("actions/checkout@")]

    assert [step["with"]["persist-credentials"] for step in checkouts] == [False] * len(checkouts)
    assert checkouts or "checkout" not in path.read_text(encoding="utf-8")


def test_forks_get_no_privileged_job() -> None:
    """A pull request runs its own code."""
    workflows = [read(path) for path in FILES if "workflows" in path.parts]
    jobs = [job for each in workflows if "pull_request" in each[True] for job in each["jobs"].values()]
    privileged = [job for job in jobs if "privileged" in str(job.get("container"))]

    assert privileged
    for job in privileged:
        assert "head.repo.full_name == github.repository" in job["if"]
    assert not [each for each in workflows if "pull_request_target" in each[True]]


def test_workflows_may_only_read() -> None:
    """And no job takes more."""
    for workflow in [read(path) for path in FILES if "workflows" in path.parts]:
        assert workflow["permissions"] == {"contents": "read"}
        assert [name for name, job in workflow["jobs"].items() if "permissions" in job] == []


def test_every_known_release_is_verified_at_night() -> None:
    """The matrix is the table."""
    matrix = read(GITHUB / "workflows/nightly.yml")["jobs"]["qualify"]["strategy"]["matrix"]

    assert tuple(matrix["longhorn"]) == releases.KNOWN


def test_inputs_are_handed_on() -> None:
    """What the reusable workflow is given reaches the action, which has an input for each, and an option of pytest."""
    workflow = read(GITHUB / "workflows/qualify.yml")
    action = read(GITHUB / "actions/qualify/action.yml")
    (step,) = [step for step in steps(workflow) if step.get("uses") == "./.github/actions/qualify"]
    (script,) = [step["run"] for step in steps(action) if "run" in step]
    triggers = workflow[True]

    assert triggers["workflow_call"]["inputs"] == triggers["workflow_dispatch"]["inputs"]
    assert set(step["with"]) == set(triggers["workflow_call"]["inputs"]) - {"suite", "suite-ref"}
    assert set(step["with"]) <= set(action["inputs"])
    for option in ("--target kind", "--report-dir=", "--longhorn ", "--kubernetes ", "-m "):
        assert option in script


def test_options_exist(pytestconfig: pytest.Config) -> None:
    """The suite has the options of the action: what it had none for would end the run before anything is looked at."""
    script = (GITHUB / "actions/qualify/action.yml").read_text(encoding="utf-8")
    options = set(re.findall(r"(?<![\w-])--([a-z-]+)[ =]", script)) - {"require-hashes"}

    assert options >= {"target", "report-dir", "longhorn", "kubernetes"}
    for option in options:
        assert hasattr(pytestconfig.option, option.replace("-", "_")), option


def test_versions_of_python_are_supported() -> None:
    """From the oldest that the project supports."""
    matrix = read(GITHUB / "workflows/tests.yml")["jobs"]["tests"]["strategy"]["matrix"]
    oldest = re.search(r'requires-python = ">=(\d+\.\d+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert oldest is not None
    assert matrix["python"][0] == oldest[1]


def test_github_would_take_them() -> None:
    """Actionlint finds nothing."""
    actionlint = shutil.which("actionlint")
    if actionlint is None:
        pytest.skip("actionlint is missing")

    found = subprocess.run([actionlint], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (found.returncode, found.stdout) == (0, "")
