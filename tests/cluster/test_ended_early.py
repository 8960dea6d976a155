"""A run on a cluster that ends before its time: told to, or because the cluster is gone."""

import os
import re
import signal
from pathlib import Path

import pytest

from fixtures.outcomes import Blocked
from tests.cluster.running import Running
from tests.fixtures.plugin.test_ended_early import PART, left_of
from tools.cluster.leftovers import leftovers
from tools.cluster.simulated_cluster import simulator


@pytest.mark.e2e
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "-n 2"])
def test_sigterm_lets_it_clean_up(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """As whoever cancels a job sends it: only to the process that controls the run. Nothing is left in the cluster."""
    with simulator(tmp_path / "cluster") as cluster:
        running = Running(tmp_path / "report", *cluster.arguments, *PART, *workers)
        running.until_conforms(3)
        running.process.send_signal(signal.SIGTERM)

        ran = running.ended()

        assert (ran.exit_code, ran.report.get("verdict")) == (2, "interrupted"), ran.text
        assert leftovers(cluster) == []
    assert "conforms" in {verdict for verdict, _ in ran.verdicts.values()}
    assert "Traceback" not in ran.text


@pytest.mark.e2e
def test_cluster_that_vanishes(tmp_path: Path) -> None:
    """What was verified until then is reported, nothing is called a violation, the run fails and says why."""
    ended = pytest.raises(Blocked, match="the simulator had exited by itself")
    with ended, simulator(tmp_path / "cluster") as cluster:
        running = Running(tmp_path / "report", *cluster.arguments, *PART, "--idle-timeout=4", "--tb=no", "-n", "2")
        running.until_conforms(3)
        for pid, line in left_of(tmp_path / "cluster").items():
            if "-m simulator" in line:
                os.kill(pid, signal.SIGKILL)

        ran = running.ended()

    assert ran.exit_code == 1, ran.text
    assert "violates" not in {verdict for verdict, _ in ran.verdicts.values()}
    assert "conforms" in {verdict for verdict, _ in ran.verdicts.values()}
    # The terminal wraps what it shows, wherever the text happens to be long.
    assert re.search("no answer from the API server|cannot reach the API server", " ".join(ran.text.split()))
    assert "Traceback" not in ran.text
    assert ran.report["verdict"] == "failed"
