"""What one documented version's run of the suite came to."""

from collections import Counter
from dataclasses import dataclass

from fixtures.report.model import Verdict
from fixtures.report.verdicts import UNTESTABLE
from tools.faults.forked import SuiteRun
from tools.faults.judge import trouble_of_control


@dataclass(frozen=True)
class Outcome:
    """The verdicts of one version's run, counted, and what is wrong with it (nothing if it conforms)."""

    version: str
    counts: dict[str, int]
    problems: tuple[str, ...]
    seconds: float
    output: str = ""

    def progress(self) -> str:
        """One line on the run."""
        word = "NOT CONFORMING" if self.problems else "conforms"
        counts = ", ".join(f"{self.counts[verdict]} {verdict}" for verdict in Verdict if self.counts.get(verdict))
        return f"{self.version:>4} {word}: {counts or 'no verdict'}, {self.seconds:.0f} s"


def outcome(version: str, run: SuiteRun) -> Outcome:
    """Judge the run of one version.

    It conforms if the suite says so and verified each clause of this version that can be tested.
    """
    problems = [trouble] if (trouble := trouble_of_control(run)) else []
    profile = (run.document or {}).get("profile")
    if run.document is not None and profile != version:
        problems.append(f"the suite verified the documentation of {profile}")
    for entry in run.entries:
        unverified = entry["verdict"] == Verdict.NOT_VERIFIED and not entry["reason"].startswith(UNTESTABLE)
        if unverified or entry["verdict"] in (Verdict.VIOLATES, Verdict.DEVIATES):
            seen = next((test["seen"] for test in entry["tests"] if test["verdict"] == entry["verdict"]), "")
            problems.append(f"{entry['id']} {entry['verdict']}: {entry['reason'] or seen}".rstrip(": "))
    counts = Counter(entry["verdict"] for entry in run.entries)
    return Outcome(version, dict(counts), tuple(problems), run.seconds, run.output if problems else "")


def as_text(outcomes: list[Outcome]) -> str:
    """What does not conform, each with its problems, and the total."""
    lines = [""]
    for each in outcomes:
        if each.problems:
            lines += [f"{each.version} does not conform:", *(f"    {problem}" for problem in each.problems)]
            lines += [f"      | {line}" for line in each.output.splitlines()[-20:]]
    good = sum(not each.problems for each in outcomes)
    return "\n".join([*lines, f"{good} of {len(outcomes)} versions conform to their own documentation"])
