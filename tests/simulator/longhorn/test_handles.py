"""Handles, names and versions, as seen on a real cluster or said by the documentation."""

import pytest

from simulator.longhorn import handles, names
from simulator.longhorn.decisions import LonghornDecisions
from simulator.longhorn.handles import Handle
from simulator.longhorn.version import UnknownVersionError, Version


@pytest.mark.parametrize(
    ("version", "text", "handle"),
    [
        ("1.12", "bak://v/b", Handle("bak", "v", "b")),
        ("1.12", "bs://v/b", Handle("bak", "v", "b")),
        ("1.12", "snap://v/s", Handle("snap", "v", "s")),
        ("1.12", "bak://v/b/x", Handle("bak", "v", "b")),
        ("1.12", "bak://v/", Handle("bak", "v", "")),
        ("1.12", "bak://v", Handle("")),
        ("1.12", "just-a-name", Handle("")),
        ("1.12", "foo://v/b", Handle("foo", "v", "b")),
        ("1.12", "bi://backing?backingImage=x", Handle("bi", id="backing?backingImage=x")),
        ("1.4", "bi://backing?backingImage=x", Handle("")),
        ("1.2", "bs://v/b", Handle("bak", "v", "b")),
        ("1.2", "any://v/b", Handle("bak", "v", "b")),
        ("1.2", "just-a-name", Handle("bak", "", "just-a-name")),
    ],
)
def test_a_handle_is_read_as_that_version_reads_it(version: str, text: str, handle: Handle) -> None:
    assert handles.parse(text, Version.parse(version)) == handle


@pytest.mark.parametrize(("version", "scheme"), [("1.1", "bs"), ("1.2.6", "bs"), ("1.3.0", "bak"), ("1.12.1", "bak")])
def test_the_scheme_of_a_backup_is_the_documented_one(version: str, scheme: str) -> None:
    backup = {"metadata": {"name": "b"}}

    assert LonghornDecisions(Version.parse(version)).backup_handle("v", backup) == f"{scheme}://v/b"


def test_names_are_those_of_a_real_cluster() -> None:
    volume = "pvc-4cf520c7-8a07-402c-9e79-5ea67b45c598"

    assert names.backup_volume(volume, "default", Version.parse("1.12.1")) == f"{volume}-b8068d60"
    assert names.backup_volume(volume, "default", Version.parse("1.7")) == volume
    ticket = "csi-d50a2438d1676304a3b2ce38c6c9c3c80f8ffb6aa326400e5e5abbb43daeb7b6"
    assert names.attachment_ticket(volume, "bench-control-plane") == ticket
    image = "snapshot-8aedd94e-11ac-42cd-a113-bf1a6190d159"
    assert names.corrected(image) == "snapshot-8aedd94e-11ac-42cd-a11-70dbfc51"


@pytest.mark.parametrize(("wish", "size"), [(1, 10 << 20), (10 << 20, 10 << 20), ((10 << 20) + 1, 12 << 20)])
def test_sizes_are_rounded_up(wish: int, size: int) -> None:
    assert names.rounded(wish) == size


@pytest.mark.parametrize("text", ["", "newest", "1", "1.0.9", "2.0", "1.2.3.4"])
def test_an_unknown_version_is_told_in_one_line(text: str) -> None:
    with pytest.raises(UnknownVersionError) as error:
        Version.parse(text)

    assert "\n" not in str(error.value)


def test_a_minor_version_stands_for_its_newest_patch() -> None:
    assert Version.parse("1.5").has(5, 2)
    assert not Version.parse("1.5.1").has(5, 2)
    assert Version.parse("v1.12.1").tag == "v1.12.1"
