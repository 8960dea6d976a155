"""`conformance.json` keeps to its published schema."""

import json
from typing import Any

import jsonschema
import pytest

from fixtures.report.document import SCHEMA
from tests.report.conftest import MadeUp

pytest_plugins = ["pytester"]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The published schema, itself checked."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.parametrize(
    ("source", "arguments"),
    [
        ('@clause("tea.water")\ndef test_boils():\n    pass\n', ()),
        ('@clause("tea.water", "tea.milk")\ndef test_boils():\n    raise Violation("cold", look="kettle")\n', ()),
        ('@clause("tea.water")\ndef test_boils(broken_kettle, spills):\n    pass\n', ("--release", "1.12.1")),
        ("", ()),
    ],
    ids=["conforms", "violates", "fails", "nothing verified"],
)
def test_schema_holds(made_up: MadeUp, schema: dict[str, Any], source: str, arguments: tuple[str, ...]) -> None:
    """Reports of all kinds validate."""
    made_up.write(source)

    report = made_up.run(*arguments).report

    assert report is not None
    jsonschema.validate(report, schema)


def test_schema_is_strict(made_up: MadeUp, schema: dict[str, Any]) -> None:
    """A key or a verdict that nobody knows does not validate, nor does a missing one."""
    made_up.write('@clause("tea.water")\ndef test_boils():\n    pass\n')
    report = made_up.run().report
    assert report is not None

    for wrong in (
        {**report, "surprise": 1},
        {key: value for key, value in report.items() if key != "qualifies"},
        {**report, "clauses": [{**report["clauses"][0], "verdict": "skipped"}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_a_simulation_never_qualifies(made_up: MadeUp) -> None:
    """The report of a simulation says so in words and as data."""
    made_up.write('@clause("tea.water")\ndef test_boils():\n    pass\n')

    report = made_up.run("--release", "1.12.1").report

    assert report is not None
    assert report["qualifies"] is False
    assert report["target"]["label"] == "SIMULATOR of release 1.12.1 (a simulation, never a qualification)"


def test_a_real_cluster_qualifies(made_up: MadeUp) -> None:
    """A target that says of itself that it is real is reported with its own release, known deviations included."""
    made_up.write('@clause("tea.cup")\ndef test_cup():\n    assert False, "cold"\n')
    made_up.known_deviation("tea.cup", "cold")
    conftest = made_up.path / "conftest.py"
    conftest.write_text(conftest.read_text().replace("release=options.target.release", "qualifies=True"))

    ran = made_up.run()

    assert ran.report is not None
    assert ran.report["qualifies"] is True
    assert ran.report["target"]["release"] == "1.12.1"
    assert ran.verdict("tea.cup")[0] == "deviates"
    assert "SIMULATOR" not in ran.text
