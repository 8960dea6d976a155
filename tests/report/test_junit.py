"""`junit.xml` is parsed back: totals and test cases agree, and clauses can be found in it."""

import pytest

from tests.report.conftest import MadeUp

pytest_plugins = ["pytester"]

ALL_SORTS = """
    @clause("tea.water", "tea.cup")
    def test_conforms():
        pass

    @clause("tea.water")
    def test_violates():
        assert False

    @clause("tea.water")
    def test_is_blocked(broken_kettle):
        pass

    @clause("tea.cup")
    def test_conforms_and_spills(spills):
        pass

    @clause("tea.cup")
    def test_violates_and_spills(spills):
        assert False

    @clause("tea.milk")
    def test_does_not_apply():
        pass
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "-n 2"])
def test_totals_agree_with_the_cases(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """Each total is the number of cases of its kind, also where a test passes and its clean-up fails."""
    made_up.write(ALL_SORTS)

    junit = made_up.run(*workers).junit

    assert junit is not None
    (suite,) = junit.iter("testsuite")
    cases = suite.findall("testcase")
    tags = ("error", "failure", "skipped")
    kinds = [next((tag for tag in tags if case.find(tag) is not None), "passed") for case in cases]
    assert int(suite.attrib["tests"]) == len(cases)
    assert int(suite.attrib["errors"]) == kinds.count("error")
    assert int(suite.attrib["failures"]) == kinds.count("failure")
    assert int(suite.attrib["skipped"]) == kinds.count("skipped") == 1
    assert kinds.count("passed") == 1


def test_cases_name_their_clauses_and_verdicts(made_up: MadeUp) -> None:
    """A reader of JUnit files finds the clauses of each case, and what was verified at the top."""
    made_up.write(ALL_SORTS)

    junit = made_up.run("-k", "test_conforms and not spills").junit

    assert junit is not None
    (case,) = junit.iter("testcase")
    found = [(entry.attrib["name"], entry.attrib["value"]) for entry in case.iter("property")]
    assert found == [
        ("clause", "tea.water"),
        ("clause", "tea.cup"),
        ("verdict", "tea.water: conforms"),
        ("verdict", "tea.cup: conforms"),
    ]
    (suite,) = junit.iter("testsuite")
    head = suite.find("properties")
    assert head is not None
    facts = {entry.attrib["name"]: entry.attrib["value"] for entry in head}
    assert facts["verdict"] == "conforms"
    assert facts["target"].startswith("SIMULATOR of Longhorn 1.12.1 as documented")


def test_known_deviation_is_no_failure(made_up: MadeUp) -> None:
    """CI counts a known deviation among the skipped, as pytest does with expected failures."""
    made_up.write('@clause("tea.cup")\ndef test_cup():\n    assert False, "cold"\n')
    made_up.known_deviation("tea.cup", "cold")

    junit = made_up.run("--release", "1.12.1").junit

    assert junit is not None
    (suite,) = junit.iter("testsuite")
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "0", "1")


def test_a_place_of_ones_own(made_up: MadeUp) -> None:
    """--junit-xml and --report-dir put the files elsewhere."""
    made_up.write(ALL_SORTS)

    made_up.run("--report-dir", "out/here", "--junit-xml", "mine.xml")

    assert (made_up.path / "out" / "here" / "conformance.json").exists()
    assert (made_up.path / "mine.xml").exists()
    assert not (made_up.path / "report").exists()
