"""`conformance.json` keeps to its published schema."""

import json
from typing import Any

import jsonschema
import pytest

from fixtures.report.document import SCHEMA
from tests.report.conftest import CONFORMS, MadeUp, case

pytest_plugins = ["pytester"]

SPILLS = case("tea.water", needs="broken_kettle, spills")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The published schema, itself checked."""
    schema: dict[str, Any] = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@pytest.mark.parametrize(
    ("source", "arguments"),
    [
        (CONFORMS, ()),
        (case("tea.water tea.milk", 'raise Violation("cold", look="kettle")'), ()),
        (SPILLS, ("--release", "1.12.1")),
        ("", ()),
    ],
    ids=["conforms", "violates", "fails", "nothing verified"],
)
def test_schema_holds(made_up: MadeUp, schema: dict[str, Any], source: str, arguments: tuple[str, ...]) -> None:
    """Reports of all kinds validate, but none with an unknown key or verdict or without a key; a simulation says so."""
    report = made_up.run(*arguments, tests=source).report

    jsonschema.validate(report, schema)
    for wrong in (
        {**report, "surprise": 1},
        {key: value for key, value in report.items() if key != "qualifies"},
        {**report, "clauses": [{**report["clauses"][0], "verdict": "skipped"}]},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
    assert report["qualifies"] is False
    if source == SPILLS:
        assert report["target"]["label"] == "SIMULATOR of release 1.12.1 (a simulation, never a qualification)"


def test_a_real_cluster_qualifies(made_up: MadeUp) -> None:
    """A target that says of itself that it is real is reported with its own release, known deviations included."""
    made_up.known_deviation("tea.cup", "cold")
    made_up.real()

    ran = made_up.run(tests=case("tea.cup", 'assert False, "cold"'))

    assert ran.report["qualifies"] is True
    assert ran.report["target"]["release"] == "1.12.1"
    assert ran.verdict("tea.cup")[0] == "deviates"
    assert "SIMULATOR" not in ran.text
