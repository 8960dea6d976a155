"""What a run does about its failures: a bundle for each, named in the report, and nothing where all is well."""

import json
from pathlib import Path

import jsonschema
import pytest

from fixtures.report.document import SCHEMA
from tests.report.conftest import CONFORMS, MadeUp, case, made_up

__all__ = ["made_up"]

pytest_plugins = ["pytester"]

FAILING = case("tea.water", 'raise Violation("cold: AWS_SECRET_ACCESS_KEY=planted-key")')


def diagnostics(made: MadeUp) -> Path:
    return made.path / "report" / "diagnostics"


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "-n 1"])
def test_violation_has_a_bundle(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """Named in the JSON, linked from the page, told at the terminal; gone with the next run that needs none.

    With --no-diagnostics the verdict is the same, and nothing is kept.
    """
    ran = made_up.run(*workers, tests=FAILING)

    path = ran.clause("tea.water")["tests"][0]["diagnostics"]
    assert path == "diagnostics/tea.test_tea.test_boils"
    failure = (made_up.path / "report" / path / "failure.txt").read_text()
    assert failure.startswith("cold: AWS_SECRET_ACCESS_KEY=<redacted>")
    assert f'href="{path}/index.html"' in ran.page
    assert (made_up.path / "report" / path / "index.html").exists()
    assert f"report/{path}" in ran.text
    jsonschema.validate(ran.report, json.loads(SCHEMA.read_text()))
    if workers:
        return
    without = made_up.run("--no-diagnostics")
    assert without.verdict("tea.water")[0] == "violates"
    assert not diagnostics(made_up).exists()
    diagnostics(made_up).mkdir()
    (made_up.path / "report" / path).mkdir()
    (made_up.path / "report" / path / "index.html").touch()
    conforming = made_up.run(tests=CONFORMS)
    assert conforming.exit_code == 0, conforming.text
    assert not diagnostics(made_up).exists()
    assert conforming.clause("tea.water")["tests"][0]["diagnostics"] == ""


def test_blocked_tests_share_the_bundle_of_their_cause(made_up: MadeUp) -> None:
    """Whose set-up failed; it is linked where the problems of the run are told. A known deviation has none."""
    made_up.real()
    made_up.known_deviation("tea.water", "cold")

    ran = made_up.run(
        tests=case("tea.water", 'assert False, "cold"')
        + "".join(case("tea.cup", needs="broken_kettle", name=f"test_{name}") for name in ("cup", "saucer"))
    )

    assert ran.verdict("tea.water")[0] == "deviates"
    assert ran.clause("tea.water")["tests"][0]["diagnostics"] == ""
    paths = {test["diagnostics"] for test in ran.clause("tea.cup")["tests"]}
    assert len(paths) == 1
    assert [path.name for path in diagnostics(made_up).iterdir()] == [Path(paths.pop()).name]
    assert 'href="diagnostics/' in ran.page


def test_place_that_cannot_be_written(made_up: MadeUp) -> None:
    """The verdicts are there all the same; that something is missing is told once."""
    (made_up.path / "report").mkdir()
    diagnostics(made_up).write_text("in the way")

    ran = made_up.run(tests=FAILING + FAILING.replace("test_boils", "test_boils_again"))

    assert ran.verdict("tea.water")[0] == "violates"
    assert [kind for kind, _ in ran.problems] == ["report"]
    assert "cannot write the diagnostics" in ran.problems[0][1]
    assert "Traceback" not in ran.text
