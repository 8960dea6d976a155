"""Handles of backing images: how they are written, and how given ones are read."""

import pytest

from simulator.longhorn.backing_images import BackingImageDecisions
from simulator.longhorn.backing_images.handle import ImageHandle
from simulator.longhorn.version import Version

DECISIONS = BackingImageDecisions(Version.parse("1.12.1"))


def test_a_handle_names_the_image_and_where_it_came_from() -> None:
    values = DECISIONS.handle_values("img", "export-from-volume", {"volume-name": "vol", "export-type": "raw"})

    assert DECISIONS.handle_text(values) == (
        "bi://backing?backingImage=img&backingImageDataSourceType=export-from-volume&export-type=raw&volume-name=vol"
    )
    read = DECISIONS.parse_handle(DECISIONS.handle_text(values))
    assert read == ImageHandle("img", "export-from-volume", "", {"volume-name": "vol", "export-type": "raw"})


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("url=http%3A%2F%2Fs3%3A9000%2Fa", {"url": "http://s3:9000/a"}),
        ("url=http://s3:9000/a", {"url": "http://s3:9000/a"}),
        ("url=a+b%20c%2B", {"url": "a b c+"}),
        ("url=first&url=second", {"url": "first"}),
        ("url=broken%2", {}),
        ("url=a;b&volume-name=v", {"volume-name": "v"}),
        ("url=a#fragment", {"url": "a"}),
        ("url", {"url": ""}),
        ("", {}),
    ],
)
def test_a_query_is_read_as_go_reads_it(query: str, parameters: dict[str, str]) -> None:
    read = DECISIONS.parse_handle(f"bi://anything?backingImage=i&backingImageDataSourceType=t&{query}")

    assert read == ImageHandle("i", "t", "", parameters)


@pytest.mark.parametrize(
    ("version", "parameters", "wanted"),
    [
        ("1.12", {}, "raw"),
        ("1.12", {"export-type": "qcow2"}, "qcow2"),
        ("1.12", {"export-type": "raw", "exportType": "qcow2"}, "qcow2"),
        ("1.8", {"export-type": "raw", "exportType": "qcow2"}, "raw"),
    ],
)
def test_the_export_type_is_the_class_s(version: str, parameters: dict[str, str], wanted: str) -> None:
    assert BackingImageDecisions(Version.parse(version)).export_type(parameters) == wanted
