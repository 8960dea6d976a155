"""The command line: `python -m tools.trouble`."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tools.cluster.simulated_cluster import SuiteRun, simulator, suite
from tools.trouble.catalogue import ALL, Trouble
from tools.trouble.kubeconfig import behind_proxy
from tools.trouble.proxy import proxy

WORKERS = ("-n", "2", "--dist", "loadfile")
_NOTHING = "not verified"


@dataclass(frozen=True)
class Outcome:
    """What came of a run: its seconds, the clauses with another verdict, and those without one, with the reasons."""

    trouble: Trouble
    seconds: float
    faults: int
    wrong: tuple[str, ...]
    missing: tuple[str, ...]
    problems: tuple[str, ...]

    def failure(self, undisturbed: float) -> bool:
        """Whether it is not as it has to be: all verdicts the same, in at most twice the time."""
        late = self.seconds > 2 * undisturbed
        return bool(self.wrong) or (not self.trouble.gone and bool(self.missing or self.problems or late))


def run(trouble: Trouble, folders: Path, seed: int, arguments: Sequence[str]) -> tuple[float, int, SuiteRun]:
    """The suite on a simulated cluster behind proxies: its seconds, how many faults happened, the run.

    Its files are in a new folder in `folders`.
    """
    folder = folders / trouble.name
    folder.mkdir()
    with simulator(folder / "cluster") as cluster, ExitStack() as stack:
        proxies = []
        reached = cluster
        if trouble.api is not None:
            kubeconfig = folder / "kubeconfig"
            proxies.append(stack.enter_context(behind_proxy(cluster.kubeconfig, kubeconfig, trouble.api(seed))))
            reached = replace(reached, kubeconfig=kubeconfig)
        if trouble.s3 is not None:
            proxies.append(stack.enter_context(proxy(cluster.s3.endpoint, trouble.s3(seed))))
            reached = replace(reached, s3=replace(cluster.s3, endpoint=proxies[-1].url))
        began = time.monotonic()
        ran = suite(folder / "report", *reached.arguments, "--allow-settings-changes", *WORKERS, *arguments)
        return time.monotonic() - began, sum(sum(each.happened.values()) for each in proxies), ran


def compare(trouble: Trouble, seconds: float, faults: int, ran: SuiteRun, expected: SuiteRun) -> Outcome:
    """How a run differs from the undisturbed one."""
    wrong: list[str] = []
    missing: list[str] = []
    for entry in expected.report["clauses"]:
        clause, verdict = entry["id"], entry["verdict"]
        found, reason = ran.verdicts.get(clause, (_NOTHING, "absent from the report"))
        if found != verdict:
            line = f"{clause}: {found} instead of {verdict}: {reason}"
            (missing if found == _NOTHING else wrong).append(line)
    problems = tuple(f"{each['kind']}: {each['message']}" for each in ran.report["problems"])
    return Outcome(trouble, seconds, faults, tuple(wrong), tuple(missing), problems)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 if no trouble has cost or changed a verdict, else 1."""
    parser = argparse.ArgumentParser(
        "python -m tools.trouble",
        description="Run the suite with --target cluster on a simulator while the connection to its API server or its "
        "store is in trouble, and print for each kind how many verdicts are wrong or missing.",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the trouble (default: 1)")
    parser.add_argument(
        "--kind", action="append", choices=[each.name for each in ALL], help="only this kind; may be repeated"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="also print each difference and its reason")
    parser.add_argument("suite", nargs="*", metavar="ARGUMENT", help="after `--`: for all runs, such as -m backup")
    given = parser.parse_args(arguments)
    wanted = [each for each in ALL if not given.kind or each.name in given.kind]
    failed = False
    print(f"{'kind of trouble':<70} {'faults':>6} {'seconds':>7} {'wrong':>5} {'missing':>7} {'problems':>8}")
    with tempfile.TemporaryDirectory(prefix="lsc-trouble-") as name:
        folders = Path(name)
        undisturbed, _, expected = run(Trouble("undisturbed", ""), folders, given.seed, given.suite)
        print(_line("undisturbed", 0, undisturbed, 0, 0, len(expected.report["problems"])), flush=True)
        for trouble in wanted:
            seconds, faults, ran = run(trouble, folders, given.seed, given.suite)
            outcome = compare(trouble, seconds, faults, ran, expected)
            failed |= outcome.failure(undisturbed)
            counts = len(outcome.wrong), len(outcome.missing), len(outcome.problems)
            print(_line(trouble.what, faults, seconds, *counts), flush=True)
            if given.verbose:
                print(*(f"    {line}" for line in (*outcome.wrong, *outcome.missing, *outcome.problems)), sep="\n")
                if not ran.verdicts:
                    print(ran.text[-3000:])
    return 1 if failed else 0


def _line(what: str, faults: int, seconds: float, wrong: int, missing: int, problems: int) -> str:
    return f"{what:<70} {faults:>6} {seconds:>7.1f} {wrong:>5} {missing:>7} {problems:>8}"


if __name__ == "__main__":
    sys.exit(main())
