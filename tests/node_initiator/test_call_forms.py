"""Each call that Longhorn makes, in order, and what it reads from the answer."""

import re
from collections.abc import Callable

import pytest

from tests.node_initiator.calls import Initiator
from tests.node_initiator.node import Node
from tests.node_initiator.tgt import HOST, Tgt

UNKNOWN = "iqn.2019-10.io.longhorn:nobody"
PORTAL = f"{HOST}:3260"


def test_the_version_needs_no_service(bare_node: Node) -> None:
    done = bare_node.iscsiadm("--version")

    assert (done.code, done.output) == (0, "iscsiadm version 2.1.8\n")


def test_a_missing_service_is_named(bare_node: Node) -> None:
    done = bare_node.iscsiadm("-m", "session")

    assert done.code == 20
    assert "the node's service userspace-initiator does not run" in done.error


def test_discovery_lists_all_targets(tgt: Tgt, initiator: Initiator) -> None:
    names = [tgt.offer("one"), tgt.offer("two")]

    assert sorted(initiator.discover().splitlines()) == [f"{PORTAL},1 {iqn}" for iqn in names]


def test_discovery_of_a_host_with_nothing_for_this_node_finds_nothing(tgt: Tgt, node: Node) -> None:
    tgt.offer("one", to="192.0.2.1")

    done = node.iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", HOST)

    assert (done.code, done.output, done.error) == (21, "", "iscsiadm: No portals found\n")


def test_discovery_without_a_target_daemon_is_a_failed_connection(node: Node) -> None:
    done = node.iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", HOST)

    assert (done.code, done.output) == (4, "")
    assert f"cannot discover targets at {PORTAL}" in done.error
    assert "Could not" not in done.error


def test_only_discovered_targets_have_records(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    initiator.discover()

    assert node.iscsiadm("-m", "node", "-T", iqn).code == 0
    assert node.iscsiadm("-m", "node", "-T", iqn, "-p", HOST).code == 0
    assert node.iscsiadm("-m", "node", "-T", iqn, "-p", "127.0.0.2").code == 21
    assert node.iscsiadm("-m", "node", "-T", UNKNOWN).code == 21
    assert node.iscsiadm("-m", "node", "-T", UNKNOWN, "-p", HOST, "--login").code == 21


def test_a_target_that_disappears_is_forgotten(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    gone, stays = tgt.offer("gone"), tgt.offer("stays")
    initiator.discover()
    tgt.withdraw("gone")

    initiator.discover()

    assert node.iscsiadm("-m", "node", "-T", gone).code == 21
    assert node.iscsiadm("-m", "node", "-T", stays).code == 0


def test_settings_are_kept_and_shown(tgt: Tgt, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    initiator.discover()
    setting = "node.session.err_timeo.abort_timeout"

    initiator.call("-m", "node", "-T", iqn, "-o", "update", "-n", setting, "-v", "45")
    initiator.discover()

    shown = initiator.call("-m", "node", "-T", iqn, "-p", HOST, "-o", "show").splitlines()
    assert f"{setting} = 45" in shown
    assert f"node.name = {iqn}" in shown
    # "manual" would make Longhorn ask for a scan after the login.
    assert "node.session.scan = auto" in shown


def test_sessions_are_listed_as_longhorn_reads_them(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    assert node.iscsiadm("-m", "session").code == 21
    initiator.attach(iqn)

    assert initiator.call("-m", "session") == f"tcp: [1] {PORTAL},1 {iqn} (non-flash)\n"

    detailed = initiator.call("-m", "session", "-P", "3")
    read = rf"Target: {iqn} \(non-flash\)\n\tCurrent Portal: {PORTAL},1\n(.*\n)*"
    read += r"\t*scsi1 Channel 00 Id 0 Lun: 1\n\t*Attached scsi disk loop\d+\t\tState: running\n"
    assert re.search(read, detailed)


def test_a_second_login_is_refused(tgt: Tgt, node: Node, initiator: Initiator) -> None:
    iqn = tgt.offer("one")
    device = initiator.attach(iqn)

    assert node.iscsiadm("-m", "node", "-T", iqn, "-p", HOST, "--login").code == 15
    assert initiator.device(iqn) == device


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda tgt: tgt.withdraw("one"), "login to {} at 127.0.0.1:3260 failed"),
        (lambda tgt: tgt.set_thin("one", False), "LUN 1 of {} is not thin-provisioned"),
    ],
    ids=["the target refuses", "the LUN cannot unmap"],
)
def test_a_login_that_fails_leaves_nothing(
    tgt: Tgt, initiator: Initiator, spoil: Callable[[Tgt], None], reason: str
) -> None:
    iqn = tgt.offer("one")
    initiator.discover()
    spoil(tgt)

    done = initiator.node.iscsiadm("-m", "node", "-T", iqn, "-p", HOST, "--login")

    assert done.code == 5
    assert reason.format(iqn) in done.error
    assert initiator.node.leftovers() == []


@pytest.mark.parametrize("portal", [(), ("-p", HOST)], ids=["no-portal", "portal"])
def test_logout_and_delete_remove_everything(
    tgt: Tgt, node: Node, initiator: Initiator, portal: tuple[str, ...]
) -> None:
    iqn = tgt.offer("one")
    initiator.attach(iqn)
    assert node.iscsiadm("-m", "node", "-o", "delete", "-T", iqn, *portal).code == 15

    initiator.call("-m", "node", "-T", iqn, *portal, "--logout")
    assert node.iscsiadm("-m", "session").code == 21
    assert node.iscsiadm("-m", "node", "-T", iqn, *portal, "--logout").code == 21

    initiator.call("-m", "node", "-o", "delete", "-T", iqn, *portal)
    assert node.iscsiadm("-m", "node", "-T", iqn).code == 21
    assert node.iscsiadm("-m", "node", "-o", "delete", "-T", iqn, *portal).code == 21
    assert node.leftovers() == []


@pytest.mark.parametrize(
    "words",
    ["", "-m fw", "-m node --logon", "-m node extra", "-m discovery -t isns -p h", "-m session -P", "-m node -p a:b"],
)
def test_invalid_arguments_are_refused(node: Node, words: str) -> None:
    done = node.iscsiadm(*words.split())

    assert (done.code, done.output) == (7, "")
    assert done.error.startswith("iscsiadm: ")
