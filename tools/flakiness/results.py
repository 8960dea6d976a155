"""The results of a round, read from its reports, and how they differ from those of another one."""

import json
import textwrap
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OUTCOMES = ("failure", "error", "skipped")

_SHOWN = 240
"""Characters of a message in a line; the report has all of it."""

_WITHOUT_VERDICTS = ("failed with exit code 1", "nothing verified with exit code 5")
"""How a run ends that could not verify everything, or anything."""

ABSENT = "absent"
"""The outcome of what only one of two rounds has."""


class UnreadableReport(Exception):
    """A round left no report, or one that cannot be read; the text says which."""


@dataclass(frozen=True)
class Finding:
    """An outcome, and the message in the report."""

    outcome: str
    message: str = ""


@dataclass(frozen=True)
class Results:
    """The outcome of each clause and each test, and of the run itself (problems and exit code)."""

    exit_code: int
    verdict: str
    clauses: Mapping[str, Finding]
    tests: Mapping[str, Finding]
    problems: Mapping[str, Finding]


@dataclass(frozen=True)
class Difference:
    """`kind` is clause, test, problem or run; `name` is what it is about."""

    kind: str
    name: str
    expected: str
    found: str
    message: str = ""

    def __str__(self) -> str:
        text = f"{self.kind} {self.name}: {self.found} instead of {self.expected}"
        message = " ".join(self.message.split())
        return f"{text}: {textwrap.shorten(message, _SHOWN)}" if message else text


def read(directory: Path, exit_code: int) -> Results:
    """Read `conformance.json` and `junit.xml`. Raises UnreadableReport."""
    try:
        document = json.loads((directory / "conformance.json").read_text(encoding="utf-8"))
        cases = ElementTree.parse(directory / "junit.xml").getroot().iter("testcase")
        return Results(
            exit_code,
            document["verdict"],
            {entry["id"]: Finding(entry["verdict"], _message(entry)) for entry in document["clauses"]},
            _tests(cases),
            _problems(document["problems"]),
        )
    except (OSError, ValueError, KeyError, TypeError, ElementTree.ParseError) as error:
        raise UnreadableReport(f"no readable report in {directory.name}: {error}") from error


def differences(reference: Results, found: Results) -> tuple[Difference, ...]:
    """Every outcome that differs; messages may differ."""
    return (
        *_between("clause", reference.clauses, found.clauses),
        *_between("test", reference.tests, found.tests),
        *_between("problem", reference.problems, found.problems),
        *_of_run(reference, found),
    )


def wrong_verdicts(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """The differences that a cluster in trouble does not excuse: verdicts may be missing there, but none may be wrong.

    Tests and the run may fail for lack of verdicts.
    """
    return tuple(each for each in found if not _is_lack_of_verdicts(each))


def _is_lack_of_verdicts(difference: Difference) -> bool:
    match difference.kind:
        case "clause":
            return difference.found == "not verified"
        case "run":
            return difference.found in _WITHOUT_VERDICTS
    return difference.found != ABSENT and difference.kind in ("test", "problem")


def _between(kind: str, expected: Mapping[str, Finding], seen: Mapping[str, Finding]) -> Iterator[Difference]:
    nothing = Finding(ABSENT)
    for name in sorted({*expected, *seen}):
        was, now = expected.get(name, nothing), seen.get(name, nothing)
        if was.outcome != now.outcome:
            yield Difference(kind, name, was.outcome, now.outcome, now.message)


def _of_run(expected: Results, seen: Results) -> Iterator[Difference]:
    if (expected.verdict, expected.exit_code) != (seen.verdict, seen.exit_code):
        was, now = (f"{each.verdict} with exit code {each.exit_code}" for each in (expected, seen))
        yield Difference("run", "as a whole", was, now)


def _problems(listed: Sequence[Mapping[str, Any]]) -> dict[str, Finding]:
    messages: dict[str, list[str]] = {}
    for each in listed:
        messages.setdefault(f"{each['kind']} {each['test']}".strip(), []).append(each["message"])
    return {name: Finding(f"{len(said)} times", "; ".join(said)) for name, said in messages.items()}


def _message(clause: Mapping[str, Any]) -> str:
    said = [test["seen"] for test in clause["tests"] if test["verdict"] == clause["verdict"] and test["seen"]]
    return "; ".join(dict.fromkeys([*said, *([clause["reason"]] if clause["reason"] else [])]))


def _tests(cases: Iterator[ElementTree.Element]) -> dict[str, Finding]:
    """By name. A test of which both the body and the clean-up went wrong has two cases; both count."""
    found: dict[str, Finding] = {}
    for case in cases:
        name = f"{case.get('classname')}::{case.get('name')}"
        wrong = [Finding(child.tag, child.get("message") or "") for child in case if child.tag in _OUTCOMES]
        for each in wrong or [Finding("passed")]:
            before = found.get(name)
            if before is None or before.outcome == "passed":
                found[name] = each
            elif each.outcome != "passed":
                found[name] = Finding(f"{before.outcome} and {each.outcome}", f"{before.message}; {each.message}")
    return found
