"""`junit.xml` is parsed back: totals and test cases agree, and clauses can be found in it."""

import pytest

from tests.report.conftest import CONFORMS, MadeUp, case

pytest_plugins = ["pytester"]

ALL_SORTS = "".join(
    (
        case("tea.water tea.cup", name="test_conforms"),
        case("tea.water", "assert False", name="test_violates"),
        case("tea.water", needs="broken_kettle", name="test_is_blocked"),
        case("tea.cup", needs="spills", name="test_conforms_and_spills"),
        case("tea.cup", "assert False", needs="spills", name="test_violates_and_spills"),
        case("tea.milk", name="test_does_not_apply"),
    )
)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "-n 2"])
def test_totals_agree_with_the_cases(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """Each total is the number of cases of its kind, also where a test passes and its clean-up fails.

    A reader finds the clauses of each case, and what was verified at the top.
    """
    junit = made_up.run(*workers, tests=ALL_SORTS).junit

    (suite,) = junit.iter("testsuite")
    cases = suite.findall("testcase")
    tags = ("error", "failure", "skipped")
    kinds = [next((tag for tag in tags if each.find(tag) is not None), "passed") for each in cases]
    totals = [int(suite.attrib[name]) for name in ("tests", "errors", "failures", "skipped")]
    assert totals == [len(cases), kinds.count("error"), kinds.count("failure"), kinds.count("skipped")]
    assert kinds.count("skipped") == kinds.count("passed") == 1
    (conforming,) = [each for each in cases if each.attrib["name"] == "test_conforms"]
    assert [(entry.attrib["name"], entry.attrib["value"]) for entry in conforming.iter("property")] == [
        ("clause", "tea.water"),
        ("clause", "tea.cup"),
        ("verdict", "tea.water: conforms"),
        ("verdict", "tea.cup: conforms"),
    ]
    head = suite.find("properties")
    assert head is not None
    facts = {entry.attrib["name"]: entry.attrib["value"] for entry in head}
    assert facts["verdict"] == "violates"
    assert facts["target"].startswith("SIMULATOR of Longhorn 1.12.1 as documented")


def test_known_deviation_is_no_failure(made_up: MadeUp) -> None:
    """CI counts a known deviation among the skipped, as pytest does with expected failures."""
    made_up.known_deviation("tea.cup", "cold")
    made_up.real()

    (suite,) = made_up.run(tests=case("tea.cup", 'assert False, "cold"')).junit.iter("testsuite")

    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "0", "1")


def test_a_place_of_ones_own(made_up: MadeUp) -> None:
    """--junit-xml and --report-dir put the files elsewhere."""
    made_up.run("--report-dir", "out/here", "--junit-xml", "mine.xml", tests=CONFORMS)

    assert (made_up.path / "out" / "here" / "conformance.json").exists()
    assert (made_up.path / "mine.xml").exists()
    assert not (made_up.path / "report").exists()
