"""A machine with Docker, kind and kubectl as the suite sees it, of which nothing is real but kubectl's kustomize."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fixtures.s3.access import S3Access
from fixtures.targets.interface import RunSettings
from fixtures.targets.kind.options_model import KindOptions
from fixtures.targets.kind.target import KindTarget
from fixtures.targets.s3.options import S3Server
from fixtures.targets.simulator.target import address_of

ROOT = Path(__file__).resolve().parents[2]
TOOL = Path(__file__).with_name("tool.py")

LONGHORN = """\
apiVersion: v1
kind: Namespace
metadata: {name: longhorn-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: longhorn-default-setting, namespace: longhorn-system}
data: {default-setting.yaml: "priority-class: longhorn-critical"}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: longhorn-manager, namespace: longhorn-system, labels: {app.kubernetes.io/version: v1.12.1}}
spec:
  selector: {matchLabels: {app: longhorn-manager}}
  template:
    metadata: {labels: {app: longhorn-manager}}
    spec:
      containers:
        - name: longhorn-manager
          image: docker.io/longhornio/longhorn-manager:v1.12.1
          command:
            - longhorn-manager
            - daemon
            - --engine-image
            - docker.io/longhornio/longhorn-engine:v1.12.1
            - --backing-image-manager-image
            - docker.io/longhornio/backing-image-manager:v1.12.1
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: longhorn-driver-deployer, namespace: longhorn-system}
spec:
  replicas: 1
  selector: {matchLabels: {app: longhorn-driver-deployer}}
  template:
    metadata: {labels: {app: longhorn-driver-deployer}}
    spec:
      containers:
        - name: longhorn-driver-deployer
          image: docker.io/longhornio/longhorn-manager:v1.12.1
          env:
            - {name: CSI_SNAPSHOTTER_IMAGE, value: "docker.io/longhornio/csi-snapshotter:v8.6.0"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: longhorn-ui, namespace: longhorn-system}
spec:
  replicas: 2
  selector: {matchLabels: {app: longhorn-ui}}
  template:
    metadata: {labels: {app: longhorn-ui}}
    spec:
      containers: [{name: longhorn-ui, image: longhornio/longhorn-ui:v1.12.1}]
"""
"""As much of a manifest of Longhorn as the overlays and the readiness look at."""

SNAPSHOT_CONTROLLER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: snapshot-controller, namespace: kube-system}
spec:
  replicas: 2
  minReadySeconds: 35
  selector: {matchLabels: {app: snapshot-controller}}
  template:
    metadata: {labels: {app: snapshot-controller}}
    spec:
      containers: [{name: snapshot-controller, image: "registry.k8s.io/sig-storage/snapshot-controller:v8.5.0"}]
"""

DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {}.snapshot.storage.k8s.io
"""


@dataclass(frozen=True)
class World:
    """`folder` is what the fakes look at, `store` the S3 server of the cluster that they make."""

    folder: Path
    store: S3Access | None = None

    @property
    def choices(self) -> KindOptions:
        """Everything that would be downloaded or pulled is given."""
        return KindOptions(
            longhorn="1.12.1",
            node_image="docker.io/kindest/node:v1.36.1",
            longhorn_manifest=self.folder / "longhorn.yaml",
            snapshotter_manifest=self.folder / "snapshotter",
            docker_bin=str(self.folder / "bin" / "docker"),
            kind_bin=str(self.folder / "bin" / "kind"),
            kubectl_bin=str(self.folder / "bin" / "kubectl"),
            s3=S3Server("external", external=self.store),
        )

    def target(self, said: list[str] | None = None, run_id: str = "abc123", **changes: Any) -> KindTarget:
        """A target with some choices changed, in a directory of its own."""
        scratch = self.folder / f"scratch-{len(list(self.folder.glob('scratch-*')))}"
        scratch.mkdir()
        choices = replace(self.choices, **changes)
        settings = RunSettings(run_id, report=self.folder / "report")
        return KindTarget(choices, settings, scratch, ([] if said is None else said).append)

    def give(self, text: str) -> None:
        """Apply manifests to the cluster that clusters are, before it is one."""
        program = self.folder / "bin" / "kubectl"
        environment = os.environ | {"KUBECONFIG": str(self.folder / "kubeconfig")}
        subprocess.run([program, "apply", "-f", "-"], input=text, text=True, env=environment, check=True)

    def tell(self, file: str, *lines: str) -> None:
        """Tell the fakes something."""
        (self.folder / file).write_text("".join(f"{line}\n" for line in lines))

    @property
    def clusters(self) -> list[str]:
        """The kind clusters that there are."""
        return sorted(path.name for path in (self.folder / "clusters").iterdir())

    @property
    def calls(self) -> list[dict[str, Any]]:
        """All calls of the fakes so far: tool, arguments, given."""
        file = self.folder / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def called(self, tool: str) -> list[str]:
        """The command lines of a tool, without its name."""
        return [" ".join(call["arguments"]) for call in self.calls if call["tool"] == tool]


def make_world(folder: Path, forks: Path, store: S3Access | None = None) -> World:
    """Fakes, manifests, and nothing else yet. `forks` is where their calls are answered."""
    for name in ("bin", "clusters", "images", "snapshotter"):
        (folder / name).mkdir()
    for tool in ("docker", "kind", "kubectl"):
        program = folder / "bin" / tool
        # Without the start-up of an environment, which would take longer than what they do.
        python = f'"{sys.executable}" -I -S "{TOOL}" "{forks}"'
        program.write_text(f'#!/bin/sh\nRENDERED="{forks.parent}" exec {python} {tool} "{folder}" "$@"\n')
        program.chmod(0o755)
    (folder / "longhorn.yaml").write_text(LONGHORN)
    (folder / "snapshotter" / "controller.yaml").write_text(SNAPSHOT_CONTROLLER)
    for plural in ("volumesnapshots", "volumesnapshotcontents", "volumesnapshotclasses"):
        (folder / "snapshotter" / f"{plural}.yaml").write_text(DEFINITION.format(plural))
    (folder / "unready").touch()
    (folder / "kubectl").write_text(shutil.which("kubectl") or "")
    return World(folder, store)


@contextmanager
def answering(folder: Path) -> Iterator[Path]:
    """The process that does what the fakes are called for: the socket on which it listens, in a folder of its own."""
    listening = folder / "socket"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kind.forks", str(listening)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        yield listening
        process.communicate()


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Path, S3Access]]:
    """A simulator that clusters can be: its kubeconfig, and its S3 server."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kind.serve", "--kubeconfig", str(folder / "kubeconfig")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        store = address_of(process.stdout.readline(), folder).s3
        assert store is not None
        yield folder / "kubeconfig", store
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()
