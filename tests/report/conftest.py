"""A made-up suite: three documented behaviours of a tea kitchen, and tests written for the occasion."""

import json
import textwrap
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

CLAUSES = """
[page]
name = "tea"
title = "Making tea"

[[page.documents]]
title = "Tea for beginners"
url = "https://longhorn.io/docs/1.12.0/tea/"
sections = ["Water", "Milk", "Cup", "Taste"]

[[clause]]
id = "tea.water"
section = "Water"
statement = "The water MUST boil."
since = "1.1"

[[clause]]
id = "tea.milk"
section = "Milk"
statement = "Milk MUST come second."
since = "1.1"
until = "1.2"

[[clause]]
id = "tea.cup"
section = "Cup"
statement = "The cup SHOULD be warm."
since = "1.3"
remark = "Older pages take any cup."

[[clause]]
id = "tea.biscuit"
section = "Cup"
statement = "There SHOULD be a biscuit."
since = "1.3"
needs = ["block"]

[[clause]]
id = "tea.taste"
section = "Taste"
statement = "The tea SHOULD taste good."
since = "1.1"
untestable = "Tastes differ."
"""

CONFTEST = """
from pathlib import Path

import pytest

from fixtures.outcomes import Blocked, Leftovers
from fixtures.longhorn.target_address import TargetAddress

pytest_plugins = ["fixtures.plugin.hooks"]


@pytest.fixture(scope="session")
def address(options):
    return TargetAddress(
        target="simulator",
        kubeconfig=Path("kubeconfig"),
        longhorn_namespace="longhorn-system",
        longhorn_version=options.target.longhorn_version or "1.12.1",
        description="made up",
        features=frozenset({"attach"}),
        release=options.target.release,
    )


@pytest.fixture(scope="session")
def broken_kettle():
    raise Blocked("the kettle does not start")


@pytest.fixture
def spills():
    yield
    raise Leftovers(["a drop of tea", "a crumb"])


@pytest.fixture(scope="session")
def chaos():
    yield
    raise ExceptionGroup("all at once", [Leftovers(["a puddle"]), RuntimeError("the tray fell")])


@pytest.fixture
def clumsy():
    yield
    raise RuntimeError("the cup fell")
"""

HEAD = """
import pytest
from fixtures.catalogue.clauses import clause
from fixtures.outcomes import Blocked, Violation
"""

SETTINGS = f"""
[tool.pytest.ini_options]
testpaths = ["conformance"]
pythonpath = [{str(ROOT)!r}]
addopts = ["-p", "no:pytest-kind", "-p", "no:randomly", "-p", "no:cacheprovider", "--strict-markers", "--strict-config",
    "--import-mode=importlib"]
console_output_style = "classic"
filterwarnings = ["error"]
"""


@dataclass(frozen=True)
class Ran:
    """What came of a run; `report` and `junit` are None where none was written."""

    exit_code: int
    text: str
    report: dict[str, Any] | None
    junit: ElementTree.Element | None

    def clause(self, name: str) -> dict[str, Any]:
        """The report's entry for one clause."""
        assert self.report is not None, self.text
        (entry,) = [entry for entry in self.report["clauses"] if entry["id"] == name]
        return dict(entry)

    def verdict(self, name: str) -> tuple[str, str]:
        """Verdict and reason of one clause."""
        entry = self.clause(name)
        return entry["verdict"], entry["reason"]


class MadeUp:
    """The folder of a made-up suite."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self.path = pytester.path
        self.tests = self.path / "conformance" / "tea" / "test_tea.py"
        self.tests.parent.mkdir(parents=True)
        (self.tests.parent / "clauses.toml").write_text(CLAUSES)
        (self.path / "conftest.py").write_text(CONFTEST)
        (self.path / "pyproject.toml").write_text(SETTINGS)

    def write(self, source: str) -> None:
        """The one file of tests."""
        self.tests.write_text(HEAD + textwrap.dedent(source))

    def known_deviation(self, clause: str, failure: str, since: str = "1.12.1", more: str = "") -> None:
        """An entry in the list of known deviations; `more` is a line of it."""
        entry = f'clause = "{clause}"\nsince = "{since}"\nuntil = "1.12.9"\nseen = "Cold."\nevidence = "Yesterday."\n'
        (self.path / "conformance" / "deviations.toml").write_text(
            f'[[deviation]]\n{entry}failure = "{failure}"\n{more}\n'
        )

    def run(self, *arguments: str) -> Ran:
        """Run it; in this process, which is quicker than another one."""
        result = self._pytester.runpytest_inprocess(*arguments)
        return self.ran(int(result.ret), "\n".join([*result.outlines, *result.errlines]))

    def ran(self, exit_code: int, text: str) -> Ran:
        """Read what a run left behind."""
        document, junit = self.path / "report" / "conformance.json", self.path / "report" / "junit.xml"
        return Ran(
            exit_code,
            text,
            json.loads(document.read_text()) if document.exists() else None,
            ElementTree.parse(junit).getroot() if junit.exists() else None,
        )


@pytest.fixture
def made_up(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    """A suite without tests yet."""
    monkeypatch.setenv("COLUMNS", "120")
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "FORCE_COLOR", "PY_COLORS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return MadeUp(pytester)
