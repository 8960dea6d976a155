"""From what tests do to the verdict on each clause."""

import pytest

from tests.report.conftest import CONFORMS, MadeUp, case

pytest_plugins = ["pytester"]

COLD = "assert False"
NO_KETTLE = "raise Blocked('x')"
APPLIES_TO_OLD = ("not applicable", "documented until 1.2, the profile is 1.12")
KETTLES = case("tea.water", needs="kettle").replace("def", '@pytest.mark.parametrize("kettle", ["old", "new"])\ndef', 1)
HALF_RUN = CONFORMS + case("tea.cup", COLD, name="test_cup") + case("tea.cup tea.water", name="test_steams")


def waters(*bodies: str) -> str:
    """Tests of one clause with these bodies."""
    return "".join(case("tea.water", body, name=f"test_{number}") for number, body in enumerate(bodies))


@pytest.mark.parametrize(
    ("tests", "arguments", "verdicts"),
    [
        pytest.param(waters("pass", "pass"), "", {"tea.water": ("conforms", "")}, id="both conform"),
        pytest.param(waters("pass", COLD), "", {"tea.water": ("violates", "")}, id="one violates"),
        pytest.param(waters(COLD, NO_KETTLE), "", {"tea.water": ("violates", "")}, id="one violates, one is blocked"),
        pytest.param(
            waters("pass", NO_KETTLE),
            "",
            {"tea.water": ("not verified", "the test is broken: Blocked: x")},
            id="one is blocked",
        ),
        pytest.param(
            waters("pass", "pytest.skip('x')"), "", {"tea.water": ("not verified", "skipped: x")}, id="one is skipped"
        ),
        pytest.param(
            case("tea.milk tea.cup", COLD), "", {"tea.milk": APPLIES_TO_OLD, "tea.cup": ("violates", "")}, id="newest"
        ),
        pytest.param(
            case("tea.milk tea.cup", COLD),
            "--longhorn-version 1.2",
            {"tea.milk": ("violates", ""), "tea.cup": ("not applicable", "documented since 1.3, the profile is 1.2")},
            id="old",
        ),
        pytest.param(
            CONFORMS + case("tea.milk", needs="broken_kettle", name="test_milk"),
            "",
            {"tea.water": ("conforms", ""), "tea.milk": APPLIES_TO_OLD},
            id="a test that does not apply sets nothing up",
        ),
        pytest.param(
            case("tea.cup", name="test_cup") + KETTLES,
            "-k old",
            {
                "tea.cup": ("not verified", "not selected"),
                "tea.water": ("conforms", "selected tests only: 1 of 2 tests ran"),
            },
            id="deselected",
        ),
        pytest.param(
            HALF_RUN,
            "-x",
            {"tea.cup": ("violates", ""), "tea.water": ("not verified", "not run: 1 of 2 tests")},
            id="selected but not run",
        ),
        *(
            pytest.param(
                CONFORMS,
                f"conformance/tea/test_tea.py::test_boils {workers}",
                {
                    "tea.cup": ("not verified", "not selected"),
                    "tea.water": ("conforms", "selected tests only: other files were not collected"),
                },
                id=f"not collected{workers}",
            )
            for workers in ("", "-n 2")
        ),
        pytest.param("import nothing_of_this_name", "", {"tea.water": ("not verified", "not run")}, id="unreadable"),
    ],
)
def test_verdicts_and_reasons(
    made_up: MadeUp, tests: str, arguments: str, verdicts: dict[str, tuple[str, str]]
) -> None:
    """The worst test of a clause counts; a clause without one, or with tests that were not run, says why."""
    ran = made_up.run(*arguments.split(), tests=tests)

    assert {name: ran.verdict(name) for name in verdicts} == verdicts
    if not any(word in ("violates", "not verified") for word, _ in verdicts.values()):
        assert ran.exit_code == 0
    if arguments == "-k old":
        assert "CONFORMS in 1 of 1 verified clauses, 1 of them by selected tests only;" in ran.text


def test_every_state_has_its_cause(made_up: MadeUp) -> None:
    """Verdict and reason of a clause that conforms, is of other pages, needs more, or cannot be tested."""
    ran = made_up.run(
        tests=CONFORMS + case("tea.milk", COLD, name="test_milk") + case("tea.biscuit", COLD, name="test_biscuit")
    )

    assert {clause["id"]: (clause["verdict"], clause["reason"]) for clause in ran.report["clauses"]} == {
        "tea.water": ("conforms", ""),
        "tea.milk": APPLIES_TO_OLD,
        "tea.cup": ("not verified", "no test yet"),
        "tea.biscuit": ("not verified", "the target lacks block"),
        "tea.taste": ("not verified", "cannot be tested: Tastes differ."),
    }
    assert list(ran.report["counts"].items()) == [
        ("conforms", 1),
        ("violates", 0),
        ("deviates", 0),
        ("not applicable", 1),
        ("not verified", 3),
    ]


def test_a_violation_is_spelled_out(made_up: MadeUp) -> None:
    """What was expected, what was seen, where to look and where the test is; of an assertion, the test's sentence."""
    ran = made_up.run(
        tests=case("tea.water", 'raise Violation("20 degrees", expected="100 degrees", look="the kettle\'s plug")')
        + case("tea.cup", '"""The cup is warm."""\ndegrees = 20\nassert degrees == 100, "it is cold"', name="test_cup")
    )

    (test,), (plain,) = (ran.clause(name)["tests"] for name in ("tea.water", "tea.cup"))
    assert (test["expected"], test["seen"], test["look"]) == ("100 degrees", "20 degrees", "the kettle's plug")
    assert test["where"] == "conformance/tea/test_tea.py:7"
    assert "Violation" in test["traceback"]
    assert plain["expected"] == "The cup is warm."
    assert "it is cold" in plain["seen"]
    assert "assert 20 == 100" in plain["seen"]


@pytest.mark.parametrize(
    ("body", "needs", "reason", "problem"),
    [
        (
            "pass",
            "broken_kettle",
            "blocked: Blocked: the kettle does not start",
            ("set-up", "Blocked: the kettle does not start"),
        ),
        ("raise KeyError('k')", "", "the test is broken: KeyError: 'k'", ("test", "KeyError: 'k'")),
        (
            "__import__('unittest').TestCase().assertEqual('cup', 'pot')",
            "",
            "the test is broken: 'cup' != 'pot'",
            ("test", "'cup' != 'pot'\n- cup\n+ pot\n"),
        ),
    ],
    ids=["set-up", "test", "assertion of a library"],
)
def test_what_goes_wrong_with_the_run_is_no_violation(
    made_up: MadeUp, body: str, needs: str, reason: str, problem: tuple[str, str]
) -> None:
    """A fixture that fails, or a mistake in a test, leaves the clause not verified and is a problem of the run."""
    ran = made_up.run(tests=case("tea.water", body, needs=needs))

    assert (ran.verdict("tea.water"), ran.problems) == (("not verified", reason), [problem])


@pytest.mark.parametrize(
    ("fixture", "problems"),
    [
        ("spills", [("leftover", "a drop of tea\na crumb")]),
        ("clumsy", [("clean-up", "RuntimeError: the cup fell")]),
        ("chaos", [("leftover", "a puddle"), ("clean-up", "RuntimeError: the tray fell")]),
    ],
)
def test_clean_up_that_fails_changes_no_verdict(made_up: MadeUp, fixture: str, problems: list[tuple[str, str]]) -> None:
    """What was verified stays verified; that something is left behind is an error of the run."""
    ran = made_up.run(tests=case("tea.water", needs=fixture))

    assert (ran.verdict("tea.water"), ran.exit_code, ran.problems) == (("conforms", ""), 1, problems)


def test_a_violation_stays_one_however_often_the_test_is_run(made_up: MadeUp) -> None:
    """Plugins that run failed tests again until they pass would hide what happens now and then."""
    (made_up.tests.parent / "conftest.py").write_text(
        "from _pytest.runner import runtestprotocol\n"
        "def pytest_runtest_protocol(item, nextitem):\n"
        "    runtestprotocol(item, nextitem=item, log=False)\n"
        "    runtestprotocol(item, nextitem=nextitem)\n"
        "    return True\n"
    )

    ran = made_up.run(
        tests="attempts = []\n" + case("tea.water", "attempts.append(1)\nassert len(attempts) == 2, 'cold at first'")
    )

    assert (ran.verdict("tea.water"), ran.exit_code) == (("violates", ""), 1)
    (test,) = ran.clause("tea.water")["tests"]
    assert "cold at first" in test["seen"]


def test_tests_run_in_the_order_of_the_page(made_up: MadeUp) -> None:
    """The order of the catalogue is that of the page, and tests follow it unless random order is asked for."""
    text = made_up.run("-v", tests=case("tea.cup", name="test_a") + case("tea.water", name="test_b")).text

    assert text.index("::test_b") < text.index("::test_a")


def test_profile_decides_and_not_the_target(made_up: MadeUp) -> None:
    """--profile verifies another documentation of the same target."""
    ran = made_up.run("--profile", "1.2.6", tests=case("tea.milk", COLD))

    assert ran.report["profile"] == "1.2"
    assert ran.report["target"]["longhorn_version"] == "1.12.1"
    assert ran.verdict("tea.milk")[0] == "violates"


def test_a_target_without_documentation_is_not_judged(made_up: MadeUp) -> None:
    """A Longhorn that the catalogue does not know is verified only against a profile that was chosen."""
    conftest = made_up.path / "conftest.py"
    conftest.write_text(conftest.read_text().replace('"1.12.1"', '"1.99.0"'))

    unknown, chosen = made_up.run(tests=CONFORMS), made_up.run("--profile", "1.12")

    assert (unknown.exit_code, chosen.exit_code) == (1, 0)
    assert "no profile for Longhorn 1.99.0; pick one with --profile" in unknown.text
