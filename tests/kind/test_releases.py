"""The table of versions that go together."""

import pytest

from fixtures.catalogue.clauses import DOCUMENTED, Version
from fixtures.targets.kind import releases
from fixtures.targets.kind.releases import Versions, together


def test_the_newest_longhorn_is_the_default() -> None:
    assert together() == Versions("1.12.1", "8.6.0", "1.36.1")


def test_another_patch_goes_with_what_its_minor_release_goes_with() -> None:
    assert together("v1.10.0") == Versions("1.10.0", "8.4.0", "1.33.1")
    assert together("1.13.0-rc1", "8.6.0", "v1.36.1") == Versions("1.13.0-rc1", "8.6.0", "1.36.1")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (("1.4.4",), "what goes with Longhorn 1.4.4 is not known.*--snapshotter and --kubernetes"),
        (("1.13.0", "8.6.0"), "1.13.0 is not known"),
        (("newest",), "'newest' is no version of Longhorn"),
        (("1.12",), "'1.12' is no version of Longhorn"),
        (("", "8"), "'8' is no version of snapshotter"),
        (("", "", "latest"), "'latest' is no version of Kubernetes"),
    ],
)
def test_what_is_not_known_is_refused(given: tuple[str, ...], wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        together(*given)


@pytest.mark.parametrize("minor", [f"1.{number}.99" for number in range(5, 13)])
def test_every_row_is_complete(minor: str) -> None:
    """Its files are recorded by digest, and its documentation is in the catalogue."""
    versions = together(minor)
    newest = next(row for row in releases._TOGETHER if releases.minor_of(row.longhorn) == releases.minor_of(minor))

    assert len(releases.longhorn_manifest(newest.longhorn).sha256) == 64
    assert all(len(each.sha256) == 64 for each in releases.snapshotter_manifests(versions.snapshotter))
    assert Version.parse(newest.longhorn) in DOCUMENTED


@pytest.mark.parametrize(
    ("longhorn", "kind", "wanted"),
    [
        ("1.12.1", (0, 32), "1.36.1"),
        ("1.12.1", (1, 0), "1.36.1"),
        ("1.12.1", (0, 31), "1.35.0"),
        ("1.12.1", (0, 29), "1.33.1"),
        ("1.12.1", (0, 20), "1.36.1"),
        ("1.11.3", (0, 30), "1.34.0"),
        ("1.11.3", (0, 29), "1.35.0"),
        ("1.5.5", (0, 24), "1.27.3"),
    ],
)
def test_an_older_kind_gets_nodes_that_it_can_start(longhorn: str, kind: tuple[int, int], wanted: str) -> None:
    """As long as that Longhorn runs on them; otherwise the usual ones, on which kind says what is wrong."""
    assert releases.kubernetes_for(kind, together(longhorn)) == wanted


def test_files_are_asked_for_at_their_tag() -> None:
    manifests = releases.snapshotter_manifests("8.6.0")

    assert releases.longhorn_manifest("1.12.1").url.endswith("/longhorn/longhorn/v1.12.1/deploy/longhorn.yaml")
    assert [each.name for each in manifests][-1] == "setup-snapshot-controller.yaml"
    assert all("/external-snapshotter/v8.6.0/" in each.url for each in manifests)


def test_a_node_is_asked_for_by_digest_where_that_is_known() -> None:
    assert releases.node_image("1.36.1").startswith("docker.io/kindest/node:v1.36.1@sha256:3489c767")
    assert releases.node_image("1.33.1") == "docker.io/kindest/node:v1.33.1"
