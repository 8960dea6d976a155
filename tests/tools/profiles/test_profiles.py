"""When a documented version conforms, and what is said of one that does not."""

import subprocess
import sys
from typing import Any

import pytest

from tools import ROOT
from tools.faults.forked import SuiteRun
from tools.profiles.outcome import Outcome, as_text, outcome


def run(*clauses: dict[str, Any], exit_code: int = 0, trouble: str = "", profile: str = "1.4") -> SuiteRun:
    """A run with these entries in its report."""
    document = {"profile": profile, "clauses": list(clauses)}
    return SuiteRun(exit_code, 2.0, document, {}, trouble, "what it printed")


def entry(verdict: str, reason: str = "") -> dict[str, Any]:
    """What a report says of a clause with one test."""
    return {"id": "a.b", "verdict": verdict, "reason": reason, "tests": [{"verdict": verdict, "seen": "saw it"}]}


def test_version_conforms_if_all_that_can_be_tested_is_verified() -> None:
    found = outcome(
        "1.4", run(entry("conforms"), entry("not applicable"), entry("not verified", "cannot be tested: no way"))
    )

    assert found.problems == ()
    assert found.progress() == " 1.4 conforms: 1 conforms, 1 not applicable, 1 not verified, 2 s"
    assert "1 of 1 versions conform" in as_text([found])


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (run(entry("violates"), exit_code=1), "a.b violates: saw it"),
        (run(entry("deviates")), "a.b deviates: saw it"),
        (run(entry("not verified", "no test yet")), "a.b not verified: no test yet"),
        (run(entry("conforms"), profile="1.12"), "the suite verified the documentation of 1.12"),
        (run(entry("conforms"), exit_code=1), "the suite exits with 1 although nothing is broken"),
        (run(trouble="it hung"), "it hung"),
        (SuiteRun(None, 1.0, None, {}, "it hung", "what it printed"), "it hung"),
    ],
)
def test_version_does_not_conform(broken: SuiteRun, problem: str) -> None:
    found = outcome("1.4", broken)

    assert problem in found.problems
    assert "NOT CONFORMING" in found.progress()
    assert problem in as_text([found])
    assert "| what it printed" in as_text([found])
    assert "0 of 1 versions conform" in as_text([found])


def test_total_counts_versions() -> None:
    good, bad = Outcome("1.1", {}, (), 1.0), Outcome("1.2", {}, ("it hung",), 1.0)

    assert as_text([good, bad]).endswith("1 of 2 versions conform to their own documentation")


def test_unknown_version_is_one_line() -> None:
    command = [sys.executable, "-m", "tools.profiles", "1.99"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "unknown version '1.99'; documented: 1.1, 1.2," in ended.stderr
    assert "Traceback" not in ended.stderr
