"""What the initiator parses and records: portals, command lines, targets, sessions. Needs no node."""

from pathlib import Path

import pytest

from manifests.kind.node.initiator.commands import parse
from manifests.kind.node.initiator.errors import ExitCode, InitiatorError
from manifests.kind.node.initiator.loop import Device
from manifests.kind.node.initiator.records import Records, Session, Target
from manifests.kind.node.initiator.target_portals import Portal, parse_portal

PORTAL = Portal("10.0.0.1", 3260)
ONE = Target("iqn.2019-10.io.longhorn:one", PORTAL, "1")
TWO = Target("iqn.2019-10.io.longhorn:two", Portal("fd00::1", 3261), "1")


@pytest.fixture
def records(tmp_path: Path) -> Records:
    """The records of a service at its first start."""
    return Records(tmp_path)


@pytest.mark.parametrize(
    ("text", "portal", "written"),
    [
        ("10.0.0.1", PORTAL, "10.0.0.1:3260"),
        ("10.0.0.1:3261", Portal("10.0.0.1", 3261), "10.0.0.1:3261"),
        ("10.0.0.1:3261,1", Portal("10.0.0.1", 3261), "10.0.0.1:3261"),
        ("fd00::1", Portal("fd00::1", 3260), "[fd00::1]:3260"),
        ("[fd00::1]", Portal("fd00::1", 3260), "[fd00::1]:3260"),
        ("[fd00::1]:3261", Portal("fd00::1", 3261), "[fd00::1]:3261"),
    ],
)
def test_a_portal_is_read_and_written(text: str, portal: Portal, written: str) -> None:
    assert parse_portal(text) == portal
    assert str(portal) == written


@pytest.mark.parametrize("text", ["", "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "a b", "[fd00::1]3260", "iscsi://h"])
def test_an_invalid_portal_is_refused(text: str) -> None:
    with pytest.raises(InitiatorError, match="is not an address of a target") as refused:
        parse_portal(text)

    assert refused.value.code is ExitCode.INVALID_ARGUMENTS


@pytest.mark.parametrize(
    "words",
    ["-m node -T t -p h -o update -n a -v b", "--mode=node --targetname t --portal=h --op update --name a --value=b"],
)
def test_short_and_long_options_are_the_same(words: str) -> None:
    expected = {"mode": "node", "targetname": "t", "portal": "h", "op": "update", "name": "a", "value": "b"}

    assert parse(words.split()) == expected


def test_records_outlive_the_service(records: Records, tmp_path: Path) -> None:
    session = Session(records.begin(), ONE.iqn, PORTAL, Device("loop7", 12))
    records.remember(ONE)
    records.save(session)

    later = Records(tmp_path)

    assert later.targets() == [ONE]
    assert later.sessions() == [session]
    assert later.incomplete() == []


def test_records_are_found_by_name_and_host(records: Records) -> None:
    records.remember(ONE)
    records.remember(TWO)

    assert records.targets(ONE.iqn) == [ONE]
    assert records.targets(portal=Portal("fd00::1", 3260)) == [TWO]
    assert records.targets(ONE.iqn, TWO.portal) == []


def test_a_target_is_replaced_and_forgotten(records: Records) -> None:
    records.remember(ONE)
    changed = Target(ONE.iqn, ONE.portal, ONE.group, {"a": "b"})
    records.remember(changed)
    assert records.targets() == [changed]

    records.forget(ONE)
    records.forget(ONE)

    assert records.targets() == []


def test_a_session_is_incomplete_until_it_is_saved(records: Records) -> None:
    first, second = records.begin(), records.begin()
    records.save(Session(second, TWO.iqn, TWO.portal, Device("loop1", 1)))
    assert (records.incomplete(), [each.number for each in records.sessions()]) == ([first], [second])

    records.discard(first)
    records.discard(second)

    assert (records.incomplete(), records.sessions()) == ([], [])
    assert records.begin() > second
