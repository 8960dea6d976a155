"""The suite on a simulator through its kubeconfig alone. All of it: `tox -e cluster`."""

from pathlib import Path
from urllib.error import HTTPError

import pytest

from tools.api_access import ApiAccess
from tools.cluster.leftovers import leftovers
from tools.cluster.rbac import granted, used
from tools.cluster.service_account import requests, with_few_rights
from tools.cluster.simulated_cluster import simulator, suite


def test_two_workers_share_a_cluster(tmp_path: Path) -> None:
    """What they find conforms, it is labelled as a simulation, the keys are nowhere, and nothing is left of it.

    They have the rights in manifests/rbac and no others, and do nothing that these do not allow.
    """
    with simulator(tmp_path / "cluster", enforce_rbac=True) as cluster:
        limited = with_few_rights(cluster)
        with pytest.raises(HTTPError, match="403"):
            ApiAccess.read(limited.kubeconfig).json("/simulator/requests")
        reports = tmp_path / "report"
        files = [f"conformance/backup/test_{name}.py" for name in ("handle", "listing")]
        ran = suite(reports, *limited.arguments, *files, "-n", "2", "--dist", "load")

        assert (ran.exit_code, ran.report["problems"]) == (0, []), ran.text
        assert used(requests(cluster)) - granted() == set()
        assert leftovers(cluster) == []

    selected = {verdict for verdict, reason in ran.verdicts.values() if not reason.startswith("not ")}
    assert "conforms" in selected
    assert "violates" not in selected
    assert ran.workers == {"gw0", "gw1"}
    assert (ran.report["target"]["name"], ran.report["qualifies"]) == ("cluster", False)
    assert "SIMULATOR" in ran.report["target"]["label"]
    everything = ran.text + "".join(path.read_text(errors="replace") for path in reports.iterdir())
    assert cluster.s3.secret_key not in everything
    assert cluster.s3.access_key not in everything
