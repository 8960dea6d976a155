"""From what tests do to the verdict on each clause."""

import pytest

from tests.report.conftest import MadeUp

pytest_plugins = ["pytester"]


def test_every_state_has_its_cause(made_up: MadeUp) -> None:
    """Verdict and reason of a clause that conforms, is of other pages, needs more, or cannot be tested."""
    made_up.write("""
        @clause("tea.water")
        def test_boils():
            pass

        @clause("tea.milk")
        def test_milk():
            assert False

        @clause("tea.biscuit")
        def test_biscuit():
            assert False
    """)

    ran = made_up.run()

    assert ran.verdict("tea.water") == ("conforms", "")
    assert ran.verdict("tea.milk") == ("not applicable", "documented until 1.2, the profile is 1.12")
    assert ran.verdict("tea.cup") == ("not verified", "no test yet")
    assert ran.verdict("tea.biscuit") == ("not verified", "the target lacks block")
    assert ran.verdict("tea.taste") == ("not verified", "cannot be tested: Tastes differ.")
    assert ran.report is not None
    assert ran.report["counts"] == {
        "conforms": 1,
        "violates": 0,
        "deviates": 0,
        "not applicable": 1,
        "not verified": 3,
    }


def test_a_test_that_does_not_apply_arranges_nothing(made_up: MadeUp) -> None:
    """Fixtures of a test whose clause is not of this profile are not set up."""
    made_up.write("""
        @clause("tea.milk")
        def test_milk(broken_kettle):
            pass

        @clause("tea.water")
        def test_boils():
            pass
    """)

    assert made_up.run().exit_code == 0


def test_a_test_of_two_profiles_speaks_for_the_one_that_applies(made_up: MadeUp) -> None:
    """A test may name the old and the new form of a behaviour; only that of the profile gets its verdict."""
    made_up.write("""
        @clause("tea.milk", "tea.cup")
        def test_order():
            assert False
    """)

    newest, old = made_up.run(), made_up.run("--longhorn-version", "1.2")

    assert (newest.verdict("tea.milk")[0], newest.verdict("tea.cup")[0]) == ("not applicable", "violates")
    assert (old.verdict("tea.milk")[0], old.verdict("tea.cup")[0]) == ("violates", "not applicable")


@pytest.mark.parametrize(
    ("bodies", "verdict"),
    [
        (("pass", "pass"), "conforms"),
        (("pass", "assert False"), "violates"),
        (("assert False", "raise Blocked('x')"), "violates"),
        (("pass", "raise Blocked('x')"), "not verified"),
        (("pass", "pytest.skip('x')"), "not verified"),
    ],
    ids=["both conform", "one violates", "one violates, one blocked", "one blocked", "one skipped"],
)
def test_the_worst_test_counts(made_up: MadeUp, bodies: tuple[str, str], verdict: str) -> None:
    """A clause with several tests conforms only if all of them say so."""
    made_up.write(
        "\n".join(
            f'@clause("tea.water")\ndef test_{number}():\n    {body}\n' for number, body in enumerate(bodies, start=1)
        )
    )

    assert made_up.run().verdict("tea.water")[0] == verdict


def test_a_violation_is_spelled_out(made_up: MadeUp) -> None:
    """The report says what was expected, what was seen, where to look and where the test is."""
    made_up.write("""
        @clause("tea.water")
        def test_boils():
            \"\"\"The kettle whistles.\"\"\"
            raise Violation("20 degrees", expected="100 degrees", look="the kettle's plug")
    """)

    ran = made_up.run()

    (test,) = ran.clause("tea.water")["tests"]
    assert (test["expected"], test["seen"], test["look"]) == ("100 degrees", "20 degrees", "the kettle's plug")
    assert test["where"] == "conformance/tea/test_tea.py:9"
    assert "Violation" in test["traceback"]


def test_a_plain_assertion_is_spelled_out(made_up: MadeUp) -> None:
    """A failed assert is what was seen, the test's own sentence is what was expected."""
    made_up.write("""
        @clause("tea.water")
        def test_boils():
            \"\"\"The water boils.\"\"\"
            degrees = 20
            assert degrees == 100, "it is cold"
    """)

    (test,) = made_up.run().clause("tea.water")["tests"]

    assert test["expected"] == "The water boils."
    assert "it is cold" in test["seen"]
    assert "assert 20 == 100" in test["seen"]


@pytest.mark.parametrize(
    ("test", "reason", "kind", "message"),
    [
        (
            "def test_boils(broken_kettle): pass",
            "blocked: Blocked: the kettle does not start",
            "set-up",
            "Blocked: the kettle does not start",
        ),
        (
            "def test_boils(): raise KeyError('k')",
            "the test is broken: KeyError: 'k'",
            "test",
            "KeyError: 'k'",
        ),
        (
            "def test_boils(): __import__('unittest').TestCase().assertEqual('cup', 'pot')",
            "the test is broken: 'cup' != 'pot'",
            "test",
            "'cup' != 'pot'\n- cup\n+ pot\n",
        ),
    ],
    ids=["set-up", "test", "assertion-of-a-library"],
)
def test_what_goes_wrong_with_the_run_is_no_violation(
    made_up: MadeUp, test: str, reason: str, kind: str, message: str
) -> None:
    """A fixture that fails, or a mistake in a test, leaves the clause not verified and is a problem of the run."""
    made_up.write(f'@clause("tea.water")\n{test}\n')

    ran = made_up.run()

    assert ran.verdict("tea.water") == ("not verified", reason)
    assert ran.report is not None
    assert [(problem["kind"], problem["message"]) for problem in ran.report["problems"]] == [(kind, message)]


def test_a_violation_stays_one_however_often_the_test_is_run(made_up: MadeUp) -> None:
    """Plugins that run failed tests again until they pass would hide what happens now and then."""
    (made_up.tests.parent / "conftest.py").write_text(
        "from _pytest.runner import runtestprotocol\n"
        "def pytest_runtest_protocol(item, nextitem):\n"
        "    runtestprotocol(item, nextitem=item, log=False)\n"
        "    runtestprotocol(item, nextitem=nextitem)\n"
        "    return True\n"
    )
    made_up.write("""
        attempts = []

        @clause("tea.water")
        def test_boils():
            attempts.append(1)
            assert len(attempts) == 2, "cold at first"
    """)

    ran = made_up.run()

    assert ran.verdict("tea.water") == ("violates", "")
    (test,) = ran.clause("tea.water")["tests"]
    assert "cold at first" in test["seen"]
    assert ran.exit_code == 1


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
    made_up.write(f'@clause("tea.water")\ndef test_boils({fixture}): pass\n')

    ran = made_up.run()

    assert ran.verdict("tea.water") == ("conforms", "")
    assert ran.exit_code == 1
    assert ran.report is not None
    assert [(problem["kind"], problem["message"]) for problem in ran.report["problems"]] == problems


def test_deselected_is_not_verified(made_up: MadeUp) -> None:
    """A clause whose tests were all deselected says so; one that lost some of them says how many were run."""
    made_up.write("""
        @clause("tea.cup")
        def test_cup():
            pass

        @clause("tea.water")
        @pytest.mark.parametrize("kettle", ["old", "new"])
        def test_boils(kettle):
            pass
    """)

    ran = made_up.run("-k", "old")

    assert ran.verdict("tea.cup") == ("not verified", "not selected")
    assert ran.verdict("tea.water") == ("conforms", "selected tests only: 1 of 2 tests ran")
    assert "CONFORMS in 1 of 1 verified clauses, 1 of them by selected tests only;" in ran.text


def test_selected_but_not_run_is_not_verified(made_up: MadeUp) -> None:
    """Half of a clause's tests say nothing about it if the other half was to be run as well."""
    made_up.write("""
        @clause("tea.water")
        def test_boils():
            pass

        @clause("tea.cup")
        def test_cup():
            assert False

        @clause("tea.cup", "tea.water")
        def test_steams():
            pass
    """)

    ran = made_up.run("-x")

    assert ran.verdict("tea.cup")[0] == "violates"
    assert ran.verdict("tea.water") == ("not verified", "not run: 1 of 2 tests")


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "-n 2"])
def test_what_was_not_even_collected_may_have_tests(made_up: MadeUp, workers: tuple[str, ...]) -> None:
    """`no test yet` is said only if all tests were collected."""
    made_up.write("""
        @clause("tea.water")
        def test_boils():
            pass
    """)

    ran = made_up.run("conformance/tea/test_tea.py::test_boils", *workers)

    assert ran.verdict("tea.cup") == ("not verified", "not selected")
    assert ran.verdict("tea.water") == (
        "conforms",
        "selected tests only: other files were not collected",
    )


def test_tests_that_cannot_be_read_are_not_missing(made_up: MadeUp) -> None:
    """An error while collecting says nothing about which clauses have tests."""
    made_up.write("import nothing_of_this_name")

    assert made_up.run().verdict("tea.water") == ("not verified", "not run")


def test_tests_run_in_the_order_of_the_page(made_up: MadeUp) -> None:
    """The order of the catalogue is that of the page, and tests follow it unless random order is asked for."""
    made_up.write("""
        @clause("tea.cup")
        def test_a():
            pass

        @clause("tea.water")
        def test_b():
            pass
    """)

    text = made_up.run("-v").text

    assert text.index("::test_b") < text.index("::test_a")


def test_profile_decides_and_not_the_target(made_up: MadeUp) -> None:
    """--profile asks another documentation of the same target."""
    made_up.write("""
        @clause("tea.milk")
        def test_milk():
            assert False
    """)

    ran = made_up.run("--profile", "1.2.6")

    assert ran.report is not None
    assert ran.report["profile"] == "1.2"
    assert ran.report["target"]["longhorn_version"] == "1.12.1"
    assert ran.verdict("tea.milk")[0] == "violates"


def test_a_target_without_documentation_is_not_judged(made_up: MadeUp) -> None:
    """A Longhorn that the catalogue does not know is verified only against a profile that was chosen."""
    made_up.write("""
        @clause("tea.water")
        def test_boils():
            pass
    """)
    conftest = made_up.path / "conftest.py"
    conftest.write_text(conftest.read_text().replace('"1.12.1"', '"1.99.0"'))

    unknown, chosen = made_up.run(), made_up.run("--profile", "1.12")

    assert unknown.exit_code == 1
    assert "no profile for Longhorn 1.99.0; pick one with --profile" in unknown.text
    assert chosen.exit_code == 0
