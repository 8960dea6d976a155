"""A made-up suite: three documented behaviours of a tea kitchen, and tests written for the occasion."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
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


def case(clauses: str, body: str = "pass", *, name: str = "test_boils", needs: str = "") -> str:
    """The source of a test that names these clauses, separated by blanks, and needs these fixtures."""
    return f"@clause({', '.join(map(repr, clauses.split()))})\ndef {name}({needs}):\n{textwrap.indent(body, '    ')}\n"


CONFORMS = case("tea.water")


@dataclass(frozen=True)
class Ran:
    """What came of a run; `written` and `page` are its report as JSON and HTML, where there is one."""

    exit_code: int
    text: str
    written: dict[str, Any] | None
    page: str
    parsed_junit: ElementTree.Element | None

    @property
    def report(self) -> dict[str, Any]:
        """The report, which must be there."""
        assert self.written is not None, self.text
        return self.written

    @property
    def junit(self) -> ElementTree.Element:
        """JUnit's file, which must be there."""
        assert self.parsed_junit is not None, self.text
        return self.parsed_junit

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Kind and message of the problems of the run."""
        return [(problem["kind"], problem["message"]) for problem in self.report["problems"]]

    @property
    def lines(self) -> list[str]:
        """What was printed, without indentation."""
        return [line.strip() for line in self.text.splitlines()]

    def clause(self, name: str) -> dict[str, Any]:
        """The report's entry for one clause."""
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

    def real(self) -> None:
        """Let the target be a real cluster with Longhorn 1.12.1."""
        conftest = self.path / "conftest.py"
        conftest.write_text(conftest.read_text().replace("release=options.target.release", "qualifies=True"))

    def run(self, *arguments: str, tests: str | None = None) -> Ran:
        """Run it, with these tests; in this process, which is quicker than another one."""
        if tests is not None:
            self.write(tests)
        result = self._pytester.runpytest_inprocess(*arguments)
        return self.ran(int(result.ret), "\n".join([*result.outlines, *result.errlines]))

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A process group that runs it; killed if the block fails."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        with subprocess.Popen(
            [sys.executable, "-m", "pytest", *arguments],
            cwd=self.path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise

    def run_apart(self, *arguments: str, tests: str) -> Ran:
        """Run it in a process of its own."""
        self.write(tests)
        with self.started(*arguments) as process:
            text, _ = process.communicate()
        return self.ran(process.returncode, text)

    def ran(self, exit_code: int, text: str) -> Ran:
        """What a run left behind."""
        folder = self.path / "report"
        document, page, junit = (folder / name for name in ("conformance.json", "conformance.html", "junit.xml"))
        return Ran(
            exit_code,
            text,
            json.loads(document.read_text()) if document.exists() else None,
            page.read_text() if page.exists() else "",
            ElementTree.parse(junit).getroot() if junit.exists() else None,
        )


@pytest.fixture
def made_up(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    """A suite without tests yet."""
    monkeypatch.setenv("COLUMNS", "120")
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "FORCE_COLOR", "PY_COLORS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return MadeUp(pytester)
