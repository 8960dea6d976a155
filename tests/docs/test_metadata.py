"""What pyproject.toml says of the project, beside the files that say it too."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from tools import ROOT


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The table [project]."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def test_dependencies_are_the_requirements(project: dict[str, Any]) -> None:
    """The dependencies are those that are locked for a run."""
    lines = (ROOT / "requirements" / "run.in").read_text(encoding="utf-8").splitlines()

    assert project["dependencies"] == [line for line in lines if line and not line.startswith("#")]


def test_licence_is_the_file(project: dict[str, Any]) -> None:
    """The licence in SPDX's words is the text in LICENSE, from its head to its appendix."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert (project["license"], project["license-files"]) == ("Apache-2.0", ["LICENSE"])
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert "END OF TERMS AND CONDITIONS" in text


def test_pythons_are_those_of_the_workflow(project: dict[str, Any]) -> None:
    """The classifiers name the versions that the project's own checks run on."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    versions = [found[1] for each in project["classifiers"] if (found := re.search(r"Python :: (3\.\d+)$", each))]

    assert versions == workflow["jobs"]["tests"]["strategy"]["matrix"]["python"]


def test_no_plugin_is_installed(project: dict[str, Any]) -> None:
    """No other project's pytest loads the suite's plugin only because it is installed beside it."""
    assert "entry-points" not in project
