"""What a run does about its failures: a bundle for each, named in the report, and nothing where all is well."""

import json
from pathlib import Path

import jsonschema
import pytest

from fixtures.report.document import SCHEMA
from tests.report.conftest import MadeUp, made_up

__all__ = ["made_up"]

pytest_plugins = ["pytester"]

CONFORMING = """
    @clause("tea.water")
    def test_boils():
        pass
"""
FAILING = """
    @clause("tea.water")
    def test_boils():
        raise Violation("cold: AWS_SECRET_ACCESS_KEY=planted-key")
"""


def diagnostics(made: MadeUp) -> Path:
    return made.path / "report" / "diagnostics"


def test_nothing_where_all_is_well(made_up: MadeUp) -> None:
    """No folder; what an earlier run left is removed."""
    made_up.write(FAILING)
    made_up.run()
    assert diagnostics(made_up).exists()
    made_up.write(CONFORMING)

    ran = made_up.run()

    assert ran.exit_code == 0, ran.text
    assert not diagnostics(made_up).exists()
    assert ran.clause("tea.water")["tests"][0]["diagnostics"] == ""


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "-n 1"])
def test_violation_has_a_bundle(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """Named in the JSON, linked from the page, told at the terminal."""
    made_up.write(FAILING)

    ran = made_up.run(*workers)

    path = ran.clause("tea.water")["tests"][0]["diagnostics"]
    assert path == "diagnostics/tea.test_tea.test_boils"
    failure = (made_up.path / "report" / path / "failure.txt").read_text()
    assert failure.startswith("cold: AWS_SECRET_ACCESS_KEY=<redacted>")
    page = (made_up.path / "report" / "conformance.html").read_text()
    assert f'href="{path}/index.html"' in page
    assert (made_up.path / "report" / path / "index.html").exists()
    assert f"report/{path}" in ran.text
    jsonschema.validate(ran.report, json.loads(SCHEMA.read_text()))


def test_it_can_do_without(made_up: MadeUp) -> None:
    """With --no-diagnostics the verdict is the same, and nothing is kept."""
    made_up.write(FAILING)

    ran = made_up.run("--no-diagnostics")

    assert ran.verdict("tea.water")[0] == "violates"
    assert not diagnostics(made_up).exists()


def test_blocked_tests_share_the_bundle_of_their_cause(made_up: MadeUp) -> None:
    """Whose set-up failed; it is linked where the problems of the run are told."""
    made_up.write("""
        @clause("tea.water")
        def test_boils(broken_kettle):
            pass

        @clause("tea.cup")
        def test_cup(broken_kettle):
            pass
    """)

    ran = made_up.run()

    paths = {ran.clause(name)["tests"][0]["diagnostics"] for name in ("tea.water", "tea.cup")}
    assert len(paths) == 1
    assert [path.name for path in diagnostics(made_up).iterdir()] == [Path(paths.pop()).name]
    assert 'href="diagnostics/' in (made_up.path / "report" / "conformance.html").read_text()


def test_known_deviation_has_none(made_up: MadeUp) -> None:
    """It is understood already."""
    made_up.write('@clause("tea.cup")\ndef test_cup():\n    assert False, "cold"\n')
    made_up.known_deviation("tea.cup", "cold")

    ran = made_up.run("--release", "1.12.1")

    assert ran.verdict("tea.cup")[0] == "deviates"
    assert not diagnostics(made_up).exists()


def test_place_that_cannot_be_written(made_up: MadeUp) -> None:
    """The verdicts are there all the same; that something is missing is told once."""
    made_up.write(FAILING + FAILING.replace("test_boils", "test_boils_again"))
    (made_up.path / "report").mkdir()
    diagnostics(made_up).write_text("in the way")

    ran = made_up.run()

    assert ran.report is not None
    assert ran.verdict("tea.water")[0] == "violates"
    assert [problem["kind"] for problem in ran.report["problems"]] == ["report"]
    assert "cannot write the diagnostics" in ran.report["problems"][0]["message"]
    assert "Traceback" not in ran.text
