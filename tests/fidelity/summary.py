"""What the fidelity comparison came to, at the end of a run of the project's tests."""

import json
from collections.abc import Iterator

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what was compared and how many differences are accepted (pytest hook)."""
    rows = list(_rows(terminalreporter))
    if not rows:
        return
    terminalreporter.section("fidelity: the simulator beside the real cluster", sep="-")
    for row in rows:
        terminalreporter.write_line(
            "{scenario:<11} {objects:>3} objects {events:>3} events {writes:>4} writes {notes:>4} notes: "
            "{accepted:>3} differences accepted, {open} open ({seconds} s)".format(**row)
        )
    total = {key: sum(row[key] for row in rows) for key in ("accepted", "open")}
    accepted = f"{total['accepted']} differences are accepted, with reasons in tests/fidelity/accepted.toml"
    terminalreporter.write_line(f"{accepted}; {total['open']} are open")


def _rows(terminalreporter: pytest.TerminalReporter) -> Iterator[dict[str, int]]:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, value in report.user_properties:
                if name == "fidelity" and report.when == "call":
                    yield json.loads(value)
