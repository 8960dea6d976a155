"""Run the suite on the simulator as every documented version; write profiles.json; exit with 1 if one does not conform.

Each version is verified against its own documentation.
"""

from collections.abc import Sequence
from dataclasses import asdict

from fixtures.catalogue.clauses import DOCUMENTED
from tools import matrices
from tools.faults.forked import SuiteRun
from tools.faults.runs import Task, of_version, run_tasks
from tools.profiles.outcome import Outcome, as_text, outcome

NAME = "profiles.json"
SCHEMA_VERSION = 1


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if every version conforms, 1 if one does not, 2 for a wrong command."""
    parser = matrices.parser("python -m tools.profiles", __doc__, "version")
    given = parser.parse_args(arguments)
    known = [str(version) for version in DOCUMENTED]
    if unknown := [name for name in given.names if name not in known]:
        parser.error(f"unknown version {unknown[0]!r}; documented: {', '.join(known)}")
    matrices.check(parser, given, known, "version")
    chosen = [version for version in known if not given.names or version in given.names]
    by_task = {Task(of_version(version)): version for version in chosen}
    found: dict[str, Outcome] = {}

    def ended(task: Task, run: SuiteRun) -> str:
        version = by_task[task]
        found[version] = outcome(version, run)
        return found[version].progress()

    print(f"{len(chosen)} versions, {given.jobs} at a time", flush=True)
    run_tasks(list(by_task), given.jobs, ended)
    outcomes = [found[version] for version in chosen]
    print(as_text(outcomes))
    good = not any(each.problems for each in outcomes)
    versions = [{key: value for key, value in asdict(each).items() if key != "output"} for each in outcomes]
    document = {"schema_version": SCHEMA_VERSION, "good": good, "versions": versions}
    print(f"written: {matrices.write(given.report_dir, NAME, document)}")
    return 0 if good else 1


if __name__ == "__main__":
    matrices.run(main)
