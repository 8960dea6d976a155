"""Manifests from upstream and from files."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fixtures.outcomes import Blocked
from fixtures.targets.kind.manifests_download import fetch, snapshotter_files, version_in
from fixtures.targets.kind.releases import Manifest
from tests.kind.world import LONGHORN, make_world

CONTENT = b"kind: Namespace\n"


class Handler(BaseHTTPRequestHandler):
    """Has one file."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/there.yaml" else 404)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture
def upstream() -> Iterator[str]:
    """The address of a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_file_of_the_release_is_taken(upstream: str, tmp_path: Path) -> None:
    said: list[str] = []
    manifest = Manifest(f"{upstream}/there.yaml", hashlib.sha256(CONTENT).hexdigest())

    assert fetch(manifest, tmp_path, said.append).read_bytes() == CONTENT
    assert said == []


def test_another_file_than_the_recorded_one_is_refused(upstream: str, tmp_path: Path) -> None:
    with pytest.raises(Blocked, match=r"recorded is 0000.*not the file of that release"):
        fetch(Manifest(f"{upstream}/there.yaml", "0" * 64), tmp_path, print)
    assert list(tmp_path.iterdir()) == []


def test_a_digest_that_nobody_recorded_is_said(upstream: str, tmp_path: Path) -> None:
    said: list[str] = []

    fetch(Manifest(f"{upstream}/there.yaml", ""), tmp_path, said.append)

    assert said == [f"there.yaml: sha256 {hashlib.sha256(CONTENT).hexdigest()}, not recorded and so not compared"]


@pytest.mark.parametrize("path", ["/absent.yaml", ":1/there.yaml"])
def test_what_cannot_be_downloaded_can_be_given(upstream: str, tmp_path: Path, path: str) -> None:
    url = f"{upstream}{path}" if path.startswith("/") else f"http://127.0.0.1{path}"

    with pytest.raises(Blocked, match=r"cannot download http://127.0.0.1[\s\S]*--longhorn-manifest FILE"):
        fetch(Manifest(url, ""), tmp_path, print)


def test_a_folder_needs_all_definitions_and_the_controller(tmp_path: Path, forks: Path) -> None:
    folder = make_world(tmp_path, forks).folder / "snapshotter"
    assert len(snapshotter_files(folder)) == 4

    (folder / "volumesnapshotclasses.yaml").unlink()
    with pytest.raises(ValueError, match=r"defines volumesnapshotclasses.snapshot.storage.k8s.io"):
        snapshotter_files(folder)
    (folder / "volumesnapshotclasses.yaml").write_text(
        "metadata:\n  name: volumesnapshotclasses.snapshot.storage.k8s.io"
    )
    (folder / "controller.yaml").unlink()
    with pytest.raises(ValueError, match="Deployment of the snapshot-controller"):
        snapshotter_files(folder)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("kind: Namespace\n", "has no DaemonSet longhorn-manager"),
        ("kind: [\n", "is no manifest"),
        (LONGHORN.replace("v1.12.1}", "master}"), "no label app.kubernetes.io/version"),
    ],
)
def test_a_manifest_must_tell_its_version(tmp_path: Path, text: str, wanted: str) -> None:
    file = tmp_path / "longhorn.yaml"
    file.write_text(LONGHORN)
    assert version_in(file) == "1.12.1"

    file.write_text(text)
    with pytest.raises(ValueError, match=wanted):
        version_in(file)
