"""The result of the fidelity comparison at the end of a run of the project's tests."""

import json

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for test in terminalreporter.getreports(outcome):
            lines = [value for name, value in test.user_properties if name == "fidelity" and test.when == "call"]
            if lines:
                terminalreporter.section("fidelity: the simulator compared with a real cluster", sep="-")
                for line in json.loads(str(lines[0])):
                    terminalreporter.write_line(line)
