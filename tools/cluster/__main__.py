"""`python -m tools.cluster`: run the suite on simulators as on an existing cluster, and compare with its own target.

With a kubeconfig alone the verdicts must be those of `--target simulator`: with two workers on one cluster, in two
shards at the same time on one cluster, and without S3 options, where the run starts its own server. No run may leave
anything. The simulators enforce that runs have no other rights than those in manifests/rbac, which must be exactly the
ones that were used.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import ROOT
from tools.cluster.leftovers import leftovers
from tools.cluster.rbac import (
    MANIFESTS,
    differences,
    for_clean_up,
    for_newer_kubernetes,
    for_old_releases,
    for_old_targets,
    granted,
    least,
    used,
)
from tools.cluster.service_account import requests, with_few_rights
from tools.cluster.simulated_cluster import SimulatedCluster, SuiteRun, simulator, suite

WORKERS = ("-n", "2", "--dist", "loadfile")
OWN_STORE = (MANIFESTS / "own-bucket", MANIFESTS / "own-store")
"""The rights that a run needs in addition to start its own server."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 if nothing differs, else 1."""
    parser = argparse.ArgumentParser(
        "python -m tools.cluster",
        description="Run the suite on simulators as on an existing cluster, with just the rights in manifests/rbac: "
        "with workers, in shards, and with an S3 server of its own. Report each verdict that differs from --target "
        "simulator, each leftover, and each right in manifests/rbac that is missing or unused.",
    )
    parser.add_argument("--release", default="", metavar="X.Y.Z", help="Longhorn release to simulate")
    parser.add_argument("suite", nargs="*", metavar="ARGUMENT", help="after `--`: for all runs, such as -m backup")
    given = parser.parse_args(arguments)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lsc-cluster-") as name:
        folder = Path(name)
        release = (f"--release={given.release}",) if given.release else ()
        expected = suite(folder / "simulator", *release, *WORKERS, *given.suite)
        wrong += problems("--target simulator", expected)
        with simulator(folder / "one", release=given.release, enforce_rbac=True) as cluster:
            limited = with_few_rights(cluster)
            wrong += compare("-n 2", expected, on(limited, folder / "workers", *WORKERS, *given.suite))
            requested = used(requests(cluster))
            needed = least(requested | for_clean_up() | for_old_releases())
            wrong += [f"manifests/rbac: {each}" for each in differences(granted(), needed)]
            wrong += [f"-n 2: left over: {each}" for each in leftovers(cluster)]
            wrong += compare("shards", expected, in_shards(limited, folder, given.suite))
            wrong += [f"shards: left over: {each}" for each in leftovers(cluster)]
        with simulator(folder / "two", release=given.release, enforce_rbac=True) as cluster:
            wrong += without_s3_options(cluster, expected, folder / "own", given.suite)
    print(*wrong, f"{len(wrong)} differences", sep="\n")
    return 1 if wrong else 0


def without_s3_options(
    cluster: SimulatedCluster, expected: SuiteRun, reports: Path, arguments: Sequence[str]
) -> list[str]:
    """A run without S3 options, which starts its own server."""
    limited = with_few_rights(cluster, *OWN_STORE)
    target = ("--target=cluster", f"--kubeconfig={limited.kubeconfig}", "--allow-settings-changes")
    wrong = compare("own store", expected, suite(reports, *target, *WORKERS, *arguments))
    requested = used(requests(cluster))
    has = least(granted().union(*map(granted, OWN_STORE)))
    needed = least(requested | for_clean_up() | for_old_releases() | for_old_targets() | for_newer_kubernetes())
    wrong += [f"manifests/rbac/own-store: {each}" for each in differences(has, needed)]
    return wrong + [f"own store: left over: {each}" for each in leftovers(cluster)]


def on(cluster: SimulatedCluster, reports: Path, *arguments: str) -> SuiteRun:
    """A run on a cluster, which may change settings, such as the default class."""
    return suite(reports, *cluster.arguments, "--allow-settings-changes", *arguments)


def in_shards(cluster: SimulatedCluster, folder: Path, arguments: Sequence[str]) -> SuiteRun:
    """Two shards at once on one cluster, joined."""
    parts = [folder / f"part-{index}" for index in (1, 2)]
    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(on, cluster, part, f"--shard={index}/2", "--run-id=shard", *arguments)
            for index, part in enumerate(parts, 1)
        ]
        said = "".join(run.result().text for run in runs)
    joined = folder / "joined"
    command = [sys.executable, "-m", "fixtures.report", "merge", *map(str, parts), "-o", str(joined)]
    merged = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return SuiteRun.read(merged.returncode, f"{said}\n{merged.stdout}{merged.stderr}", joined)


def compare(name: str, expected: SuiteRun, ran: SuiteRun) -> list[str]:
    """A line for each verdict that differs."""
    lines = problems(name, ran)
    for clause, verdict in expected.verdicts.items():
        if ran.verdicts.get(clause) != verdict:
            lines.append(f"{name}: {clause}: expected {verdict}, found {ran.verdicts.get(clause)}")
    return lines


def problems(name: str, ran: SuiteRun) -> list[str]:
    """What went wrong with a run itself; also prints its outcome."""
    verdicts = [verdict for verdict, _ in ran.verdicts.values()]
    counts = ", ".join(f"{verdicts.count(each)} {each}" for each in dict.fromkeys(verdicts))
    seconds = ran.report.get("run", {}).get("seconds", 0)
    print(f"{name}: exit code {ran.exit_code}, {seconds:.1f} s, {counts or 'no report'}", flush=True)
    if not verdicts:
        print(ran.text)
    lines = [f"{name}: {each['kind']}: {each['message']}" for each in ran.report["problems"]]
    return lines if verdicts else [f"{name}: no report"]


if __name__ == "__main__":
    sys.exit(main())
