"""A node, its targets and its initiator; tests that lack requirements name them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.node_initiator.calls import Initiator
from tests.node_initiator.node import Node, missing_powers, missing_programs, running_node
from tests.node_initiator.tgt import Tgt


@pytest.fixture(scope="session")
def means() -> None:
    """Root, FUSE, loop devices and a few programs. They are mandatory if INITIATOR_REQUIRED is set."""
    programs = missing_programs()
    missing = [f"packages (Debian: apt-get install {' '.join(sorted(set(programs)))})"] if programs else []
    missing += missing_powers()
    if missing:
        reason = f"the initiator cannot be tested here; missing: {', '.join(missing)}"
        if os.environ.get("INITIATOR_REQUIRED"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def bare_node(means: None, tmp_path: Path) -> Iterator[Node]:  # noqa: ARG001
    """A node whose service does not run."""
    with running_node(tmp_path) as node:
        yield node


@pytest.fixture
def node(bare_node: Node) -> Node:
    """A node with a running initiator."""
    bare_node.start_service()
    return bare_node


@pytest.fixture
def tgt(bare_node: Node) -> Tgt:
    """Targets that the node can reach; none yet."""
    tgt = Tgt(bare_node)
    tgt.start()
    return tgt


@pytest.fixture
def initiator(node: Node) -> Initiator:
    """Longhorn's calls."""
    return Initiator(node)
