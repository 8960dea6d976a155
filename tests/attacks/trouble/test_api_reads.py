"""Reads of the API server while the connection to it is in trouble: the same answers, or none."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.kubernetes import transport
from fixtures.kubernetes.api_errors import TransportFailed, Unreachable
from fixtures.kubernetes.budgets import API_REACHABLE, Steps
from fixtures.kubernetes.client import Cluster, reach
from fixtures.kubernetes.history import recording
from fixtures.kubernetes.resource_kinds import CONFIG_MAP, NAMESPACE, POD, Obj
from fixtures.kubernetes.run import Run
from fixtures.longhorn.target_address import TargetAddress
from tests.attacks.trouble.spoiled import Behind
from tools.trouble import catalogue
from tools.trouble.kubeconfig import behind_proxy
from tools.trouble.proxy import Fault

READS: dict[str, tuple[str, Callable[[Cluster], object]]] = {
    "get": ("/namespaces/default", lambda cluster: cluster.get(NAMESPACE, "default")["metadata"]["uid"]),
    "list": ("/namespaces", lambda cluster: len(cluster.list(NAMESPACE))),
    "raw": ("/version", lambda cluster: cluster.read_bytes("/version", "read the version")),
    "version": ("/version", lambda cluster: cluster.version()),
}
FAULTS = (*catalogue.UNAVAILABLE, catalogue.RESET, catalogue.LOST, catalogue.TRUNCATED)
QUICK_BUSY = replace(catalogue.BUSY, headers={"Retry-After": "0"})
QUICK_DRIP = replace(catalogue.DRIP, drip=0.1)
HTML = Fault("HTML", 200, {"Content-Type": "text/html"}, b"<html>Sign in</html>")


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("name", READS)
def test_a_read_is_sent_again(behind: Behind, name: str) -> None:
    """Through every kind of trouble, one after the other, it comes to what it comes to without."""
    path, read = READS[name]
    expected = read(behind.direct)
    html = () if name == "raw" else (HTML,)
    behind.script.spoil("GET", path, *FAULTS, QUICK_BUSY, *html, QUICK_DRIP)

    assert read(behind.cluster) == expected
    assert behind.script.planned == []


@pytest.mark.parametrize("fault", [*FAULTS, catalogue.BUSY, HTML], ids=lambda fault: f"{fault.name} {fault.status}")
def test_without_patience_the_trouble_costs_the_answer(
    behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    """So it is the repetition which helps, and none of these is taken for an answer."""
    monkeypatch.setattr("fixtures.kubernetes.connection.API_REACHABLE", replace(API_REACHABLE, seconds=0.0))
    cluster = Cluster(behind.kubeconfig, Run("r1"), tmp_path)
    cluster.version()
    behind.script.spoil("GET", "/namespaces/default", fault)

    with pytest.raises(TransportFailed, match="read Namespace default"):
        cluster.find(NAMESPACE, "default")
    assert cluster.find(NAMESPACE, "default") is not None


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("fault", [catalogue.RESET, *catalogue.UNAVAILABLE], ids=lambda fault: str(fault.status))
def test_trouble_in_the_first_requests(simulated: TargetAddress, tmp_path: Path, fault: Fault) -> None:
    """Whoever begins waits for the server, and discovery is made anew until it is whole."""
    decide = catalogue.first(8, fault)(1)
    with behind_proxy(simulated.kubeconfig, tmp_path / "kubeconfig", decide) as standing:
        cluster = reach(tmp_path / "kubeconfig", Run("r1"), tmp_path)

        assert cluster.serves(POD)
        assert cluster.find(NAMESPACE, "default") is not None
        assert standing.happened == {fault.name: 8}


@pytest.mark.usefixtures("short_pauses")
def test_discovery_in_trouble(behind: Behind) -> None:
    """A group whose page could not be read is not one without kinds."""
    kind = replace(
        CONFIG_MAP, api_version="snapshot.storage.k8s.io/v1", kind="VolumeSnapshot", plural="volumesnapshots"
    )
    behind.script.spoil("GET", "/apis/snapshot.storage.k8s.io/v1", *FAULTS, HTML)

    assert behind.cluster.serves(kind)
    assert behind.script.planned == []


def test_a_server_that_is_gone_is_waited_for_once(
    behind: Behind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the budget; afterwards every request says so at once, until the server is back."""
    monkeypatch.setattr("fixtures.kubernetes.connection.API_REACHABLE", replace(API_REACHABLE, seconds=0.6))
    monkeypatch.setattr("fixtures.kubernetes.transport._BLIP_SECONDS", 0.3)
    cluster = Cluster(behind.kubeconfig, Run("r1"), tmp_path)
    cluster.version()
    behind.script.spoil("GET", "/namespaces", *itertools.repeat(catalogue.RESET, 100))
    began = time.monotonic()

    with pytest.raises(Unreachable, match="list namespaces: no answer from the API server"):
        cluster.list(NAMESPACE)
    assert 0.5 < time.monotonic() - began < 10
    sent = behind.script.sent("GET", "/namespaces")
    with pytest.raises(Unreachable):
        cluster.list(NAMESPACE)
    assert behind.script.sent("GET", "/namespaces") == sent + 1
    assert cluster.last_outage > began
    assert cluster.is_gone

    behind.script.planned.clear()
    assert cluster.list(NAMESPACE)
    assert not cluster.is_gone
    behind.script.spoil("GET", "/namespaces", catalogue.RESET)
    assert cluster.list(NAMESPACE)


def test_a_request_that_was_waited_for_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time since it was sent counts: the next is sent once, and it was an outage."""
    late = [0.0]
    monkeypatch.setattr(transport, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + late[0]))
    reached = transport.Transport(replace(API_REACHABLE, seconds=0.5), known=True)
    sent = []

    def send(seconds: float) -> None:
        sent.append(seconds)
        late[0] += seconds
        raise TransportFailed("no answer")

    for seconds in (3.0, 0.0):
        with pytest.raises(TransportFailed):
            reached.again("get", lambda seconds=seconds: send(seconds))  # type: ignore[misc]

    assert sent == [3.0, 0.0]
    assert reached.last_outage > 0


def test_a_moment_is_no_outage(behind: Behind) -> None:
    """What everybody survives does not excuse a step of Longhorn's; longer failures do (the test above)."""
    began = time.monotonic()
    behind.script.spoil("GET", "/namespaces", *FAULTS[:4])

    behind.cluster.list(NAMESPACE)

    assert behind.cluster.last_outage < began


GARBAGE_LINE = Fault("garbage line", 200, {"Content-Type": "application/json"}, b'{"type": "MODIFIED"}\n<html>\n')


@pytest.mark.usefixtures("short_pauses")
def test_a_watch_goes_on_from_where_it_broke(behind: Behind) -> None:
    """With its list and each of its starts in trouble, and every watch cut: all revisions, each once, and no gap."""
    numbers = itertools.count()
    every = itertools.cycle([Fault("cut", cut_after=0.05), catalogue.RESET, *catalogue.UNAVAILABLE, GARBAGE_LINE])
    behind.script.spoil("GET", "configmaps?watch=true", *(lambda: next(every) for _ in range(200)))
    behind.script.spoil("GET", "/configmaps", *FAULTS)
    name = behind.direct.run.name("watched")
    made = behind.direct.create(CONFIG_MAP.manifest(name, "default", data={"n": "start"}))
    with recording(behind.cluster, Steps(), (CONFIG_MAP,)) as recorder:
        written = [_write(behind.direct, name, next(numbers)) for _ in range(25)]
        history = recorder.of(CONFIG_MAP, name, "default", made["metadata"]["uid"])

    seen = [revision.object["data"]["n"] for revision in history]
    assert seen == ["start", *written]
    assert history.gaps == ()
    assert behind.script.sent("GET", "configmaps?watch=true") > 5


def _write(cluster: Cluster, name: str, number: int) -> str:
    text = str(number)
    cluster.patch(CONFIG_MAP, name, {"data": {"n": text}}, "default")
    threading.Event().wait(0.02)
    return text


def test_an_expired_watch_is_a_gap(behind: Behind) -> None:
    """What happened in between is not known, and nothing is made of it: 410 lists anew."""
    status: Obj = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    gone = Fault("410", 410, {"Content-Type": "application/json"}, str(status).replace("'", '"').encode())
    behind.script.spoil("GET", "configmaps?watch=true", Fault("cut", cut_after=0.05), gone)
    name = behind.direct.run.name("expired")
    behind.direct.create(CONFIG_MAP.manifest(name, "default", data={"n": "start"}))
    with recording(behind.cluster, Steps(), (CONFIG_MAP,)) as recorder, recorder.changed:
        assert recorder.changed.wait_for(lambda: behind.script.planned == [], timeout=20)
        listed = recorder.changed.wait_for(lambda: recorder.of_so_far(CONFIG_MAP, name, "default").gaps, timeout=20)

    assert listed
