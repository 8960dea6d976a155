"""The images that manifests name, and what they are called elsewhere."""

import pytest
import yaml

from fixtures.targets.kind.images import full_name, images_in, move_all, moved

DEPLOYMENT = """\
kind: Deployment
metadata: {name: one}
spec:
  template:
    spec:
      initContainers: [{name: first, image: "quay.io/a/first:1"}]
      containers:
        - name: main
          image: longhornio/manager:v1
          command: [manager, --engine-image, "longhornio/engine:v1", --url, "http://backend:9500/v1"]
          args: [--support-bundle-manager-image, longhornio/manager-kit:v1, --name, longhornio/manager:v1]
          env:
            - {name: CSI_ATTACHER_IMAGE, value: "longhornio/attacher:v1"}
            - {name: SOME_ADDRESS, value: "host:80"}
---
kind: CustomResourceDefinition
spec: {properties: {image: {type: string}}}
"""


def test_images_are_found_where_longhorn_names_them() -> None:
    """In containers, arguments that are called so, and variables; not in addresses and schemas."""
    assert images_in(DEPLOYMENT) == (
        "quay.io/a/first:1",
        "longhornio/manager:v1",
        "longhornio/engine:v1",
        "longhornio/manager-kit:v1",
        "longhornio/attacher:v1",
    )


@pytest.mark.parametrize(
    ("image", "full", "elsewhere"),
    [
        ("busybox:1", "docker.io/library/busybox:1", "r:5000/m/library/busybox:1"),
        ("longhornio/x:1", "docker.io/longhornio/x:1", "r:5000/m/longhornio/x:1"),
        ("registry.k8s.io/a/b:1", "registry.k8s.io/a/b:1", "r:5000/m/a/b:1"),
        ("localhost:5000/b:1", "localhost:5000/b:1", "r:5000/m/b:1"),
    ],
)
def test_names(image: str, full: str, elsewhere: str) -> None:
    assert full_name(image) == full
    assert moved(image, "r:5000/m/") == elsewhere
    assert moved(image, "") == image


@pytest.mark.parametrize("others", ["a/x:1.2", "quay.io/b/a/x:1"])
def test_no_image_is_taken_for_a_part_of_another(others: str) -> None:
    pod = {"kind": "Pod", "spec": {"containers": [{"image": "a/x:1"}, {"image": others}]}}

    assert images_in(move_all(yaml.safe_dump(pod), "r/m")) == ("r/m/a/x:1", moved(others, "r/m"))


def test_all_images_of_a_manifest_move_and_nothing_else_changes() -> None:
    """Also one whose name begins like another's."""
    text = move_all(DEPLOYMENT, "r.example/m")

    assert set(images_in(text)) == {moved(image, "r.example/m") for image in images_in(DEPLOYMENT)}
    assert "http://backend:9500/v1" in text
    assert text.count("r.example/m/") == 6
    assert yaml.safe_load_all(text)
    assert move_all(DEPLOYMENT, "") == DEPLOYMENT


def test_a_moved_image_goes_by_its_tag() -> None:
    """A mirror of one platform has another digest than the registry that has all of them."""
    base = f"docker.io/kindest/node:v1.36.1@sha256:{'0' * 64}"

    assert moved(base, "r.example/m") == "r.example/m/kindest/node:v1.36.1"
    assert moved(base, "") == base
