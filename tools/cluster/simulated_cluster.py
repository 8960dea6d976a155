"""A simulator, and the suite run on it through its kubeconfig, as on an existing cluster."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.report.model import OBSERVER
from fixtures.s3.access import S3Access
from fixtures.targets.registry import make_target
from fixtures.targets.simulator.options import SimulatorOptions
from tools import ROOT
from tools.api_access import ApiAccess


@dataclass(frozen=True)
class SimulatedCluster:
    """A simulated cluster, and what a run needs to verify it. `keys` is a file in the format of AWS's tools."""

    kubeconfig: Path
    s3: S3Access
    keys: Path
    files: Path

    @property
    def arguments(self) -> list[str]:
        return [
            "--target=cluster",
            f"--kubeconfig={self.kubeconfig}",
            f"--s3-endpoint={self.s3.endpoint}",
            f"--s3-cluster-endpoint={self.s3.cluster_endpoint}",
            f"--s3-credentials={self.keys}",
        ]

    def page(self, path: str) -> Any:
        """The API server's JSON answer to a GET. HTTPError for an error status."""
        return ApiAccess.read(self.kubeconfig).json(path)


@contextmanager
def simulator(folder: Path, **options: Any) -> Iterator[SimulatedCluster]:
    """A simulator that runs as long as the body, with its files in `folder`; `options` are of SimulatorOptions."""
    folder.mkdir(exist_ok=True)
    target = make_target(SimulatorOptions(**options), folder)
    address = target.start()
    try:
        assert address.s3 is not None
        assert address.files is not None
        keys = folder / "keys"
        keys.write_text(
            f"[default]\naws_access_key_id = {address.s3.access_key}\naws_secret_access_key = {address.s3.secret_key}\n"
        )
        yield SimulatedCluster(address.kubeconfig, address.s3, keys, address.files)
    finally:
        target.stop()


@dataclass(frozen=True)
class SuiteRun:
    """A finished run of the suite."""

    exit_code: int
    text: str
    report: dict[str, Any]

    @classmethod
    def read(cls, exit_code: int, text: str, reports: Path) -> "SuiteRun":
        """Reads the report in a folder; one without clauses if there is none."""
        path = reports / "conformance.json"
        report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"clauses": [], "problems": []}
        return cls(exit_code, text, report)

    @property
    def verdicts(self) -> dict[str, tuple[str, str]]:
        """Verdict and reason of each clause."""
        return {entry["id"]: (entry["verdict"], entry["reason"]) for entry in self.report["clauses"]}

    @property
    def workers(self) -> frozenset[str]:
        """Those that ran tests; what observers saw in all of them is put together."""
        tests = (test for entry in self.report["clauses"] for test in entry["tests"])
        return frozenset(test["worker"] for test in tests if not test["test"].startswith(OBSERVER))


def command(reports: Path, arguments: Sequence[str]) -> list[str]:
    """The command line of a run that writes its report to a folder."""
    return [sys.executable, "-m", "pytest", f"--report-dir={reports}", *arguments]


def environment() -> dict[str, str]:
    """The environment of this process without variables that change how pytest and AWS's tools behave."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "AWS_"))}


def suite(reports: Path, *arguments: str) -> SuiteRun:
    """Run the suite, its report written to a folder."""
    ran = subprocess.run(
        command(reports, arguments), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    return SuiteRun.read(ran.returncode, ran.stdout + ran.stderr, reports)
