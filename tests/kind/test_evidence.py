"""What is left of a kind cluster whose set-up failed: its logs, bounded and without credentials, in the report."""

from pathlib import Path

import pytest

from fixtures.outcomes import Blocked
from fixtures.s3.access import S3Access
from tests.kind import test_target
from tests.kind.test_overlays import pytestmark as needs_kubectl
from tests.kind.world import World, make_world

pytestmark = needs_kubectl


@pytest.fixture
def world(tmp_path: Path, forks: Path) -> World:
    """Where kind fails in the middle of its work."""
    made = make_world(
        tmp_path, forks, S3Access("http://x", "http://x", "the-access-key", "the-secret-key", "bucket", "region")
    )
    made.tell("fail", "kind create")
    made.tell("log", "manager started", "AWS_SECRET_ACCESS_KEY=planted-key", "sent the-token-of-the-environment")
    return made


handled_signals = test_target.handled_signals


def kept(world: World) -> Path:
    return world.folder / "report" / "diagnostics" / "set-up"


def deleted(world: World) -> bool:
    return any(call.startswith("delete cluster") for call in world.called("kind"))


def test_logs_are_kept_before_the_cluster_goes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of each, without credentials; told while it is done."""
    monkeypatch.setenv("CI_TOKEN", "the-token-of-the-environment")
    said: list[str] = []

    with pytest.raises(Blocked, match="cannot create the kind cluster"):
        world.target(said).start()

    log = kept(world) / "node" / "pods" / "longhorn-system_longhorn-manager" / "0.log"
    assert log.read_text() == "manager started\nAWS_SECRET_ACCESS_KEY=<redacted>\nsent <redacted>\n"
    assert "cannot create the kind cluster" in (kept(world) / "failure.txt").read_text()
    assert "docker-info.txt: the last 262144 of 300000 bytes" in (kept(world) / "index.html").read_text()
    assert any("keeping the logs of the cluster" in line for line in said)
    calls = world.called("kind")
    names = [" ".join(call.split()[:2]) for call in calls]
    assert names.index("export logs") < names.index("delete cluster")


def test_logs_that_cannot_be_had(world: World) -> None:
    """The failure that led to it is the one that is told, and the cluster goes."""
    world.tell("fail", "kind create", "kind export")
    said: list[str] = []

    with pytest.raises(Blocked, match="cannot create the kind cluster"):
        world.target(said).start()

    assert any("the logs of the cluster could not be kept" in line for line in said)
    assert "export the logs" in (kept(world) / "index.html").read_text()
    assert (kept(world) / "failure.txt").exists()
    assert deleted(world)


def test_place_that_cannot_be_written(world: World) -> None:
    """As on a full disk."""
    (world.folder / "report").write_text("in the way")

    with pytest.raises(Blocked, match="cannot create the kind cluster"):
        world.target().start()

    assert deleted(world)


def test_nothing_is_kept_of_what_never_was(world: World) -> None:
    """Without a cluster there are no logs."""
    world.tell("fail", "docker inspect", "kind get")

    with pytest.raises(Blocked):
        world.target().start()

    assert not kept(world).exists()
