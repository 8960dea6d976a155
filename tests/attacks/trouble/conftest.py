"""A simulated cluster behind proxies that spoil chosen exchanges."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.kubernetes.client import reach
from fixtures.kubernetes.run import Run
from fixtures.longhorn.target_address import TargetAddress
from fixtures.s3.access import S3Access
from tests.attacks.trouble.spoiled import Behind, Script
from tools.trouble.kubeconfig import behind_proxy
from tools.trouble.proxy import proxy


@pytest.fixture
def behind(simulated: TargetAddress, tmp_path: Path) -> Iterator[Behind]:
    """The simulator's API server, reached once already."""
    script, kubeconfig = Script(), tmp_path / "kubeconfig"
    with behind_proxy(simulated.kubeconfig, kubeconfig, script.decide):
        for name in ("through", "direct"):
            (tmp_path / name).mkdir()
        run = Run(f"r{tmp_path.name[-10:].strip('-_').replace('_', '-')}")
        cluster = reach(kubeconfig, run, tmp_path / "through")
        direct = reach(simulated.kubeconfig, run, tmp_path / "direct")
        yield Behind(cluster, direct, script, kubeconfig)


@pytest.fixture
def stored(simulated: TargetAddress) -> Iterator[tuple[S3Access, Script]]:
    """The simulator's S3 server behind a proxy, and what that spoils."""
    assert simulated.s3 is not None
    script = Script()
    with proxy(simulated.s3.endpoint, script.decide) as standing:
        yield replace(simulated.s3, endpoint=standing.url), script
