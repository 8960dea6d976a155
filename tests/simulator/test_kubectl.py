"""A real kubectl against a running simulator: what people do by hand works."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tools import ROOT
from tools.simulator_process import running_simulator

SECONDS = 30

CLASS = """
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata: {name: by-hand}
driver: driver.longhorn.io
deletionPolicy: Delete
parameters: {type: bak}
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  storageClassName: longhorn
  accessModes: [ReadWriteOnce]
  volumeMode: Block
  resources: {requests: {storage: 16Mi}}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: writer}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: busybox:1
    command: [/bin/sh, -c, "printf hello | dd of=/dev/vol conv=notrunc 2>/dev/null; echo one; echo two; echo three"]
    volumeDevices: [{name: v, devicePath: /dev/vol}]
  volumes:
  - name: v
    persistentVolumeClaim: {claimName: data}
"""
SNAPSHOT = """
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {name: first}
spec:
  volumeSnapshotClassName: by-hand
  source: {persistentVolumeClaimName: data}
"""


@dataclass(frozen=True)
class Kubectl:
    """kubectl with a kubeconfig, a namespace and a cache of its own."""

    program: str
    kubeconfig: Path
    cache: Path
    namespace: str = "default"

    def command(self, *arguments: str) -> list[str]:
        common = [f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.cache}", f"--namespace={self.namespace}"]
        return [self.program, *common, *arguments]

    def run(self, *arguments: str, given: str = "", fails: bool = False) -> str:
        """Run it; returns its output, for a command that `fails` its complaint."""
        command = self.command(*arguments)
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert (done.returncode != 0) is fails, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stderr if fails else done.stdout

    def apply(self, manifest: str, *arguments: str, fails: bool = False) -> str:
        """Apply a manifest from the standard input."""
        return self.run("apply", *arguments, "-f", "-", given=manifest, fails=fails)

    def wait(self, state: str, name: str) -> None:
        """Wait until an object is in a state."""
        self.run("wait", f"--for={state}", name, f"--timeout={SECONDS}s")

    def table(self, *arguments: str) -> list[list[str]]:
        """The cells of what `get` prints."""
        return [line.split() for line in self.run("get", *arguments).splitlines()]


NOT_INSTALLED = "kubectl is not installed (Debian and Ubuntu: apt-get install kubernetes-client)"


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """A kubectl and a simulator that was started as anybody starts it."""
    program = shutil.which("kubectl")
    if program is None and os.environ.get("CI"):
        pytest.fail(f"{NOT_INSTALLED}, and CI has to have it")
    if program is None:
        pytest.skip(NOT_INSTALLED)
    place = tmp_path_factory.mktemp("kubectl")
    with running_simulator(place, "--enforce-rbac") as simulator:
        yield Kubectl(program, Path(simulator.ready["kubeconfig"]), place / "cache")


@pytest.fixture(scope="module")
def snapshot(kubectl: Kubectl) -> Kubectl:
    """A claim with data and a finished snapshot of it, all made by kubectl in a namespace of its own."""
    kubectl.run("create", "namespace", "by-hand")
    there = replace(kubectl, namespace="by-hand")
    there.apply(f"{CLASS}---{CLAIM}---{POD}")
    there.wait("jsonpath={.status.phase}=Bound", "pvc/data")
    there.wait("jsonpath={.status.phase}=Succeeded", "pod/writer")
    there.apply(SNAPSHOT)
    there.wait("jsonpath={.status.readyToUse}=true", "vs/first")
    return there


def test_api_resources(kubectl: Kubectl) -> None:
    listed = kubectl.run("api-resources", "--output=name").splitlines()

    builtin = {"pods", "persistentvolumeclaims", "volumeattachments.storage.k8s.io"}
    custom = {"volumesnapshots.snapshot.storage.k8s.io", "volumes.longhorn.io", "backups.longhorn.io"}
    assert builtin | custom <= set(listed)


@pytest.mark.parametrize(
    ("arguments", "columns"),
    [
        (["vs", "first"], "NAME READYTOUSE SOURCEPVC SOURCESNAPSHOTCONTENT RESTORESIZE SNAPSHOTCLASS SNAPSHOTCONTENT"),
        (["vsclass"], "NAME DRIVER DELETIONPOLICY AGE"),
        (["vsc"], "NAME READYTOUSE RESTORESIZE DELETIONPOLICY DRIVER VOLUMESNAPSHOTCLASS VOLUMESNAPSHOT"),
        (["pvc", "data"], "NAME STATUS VOLUME CAPACITY"),
        (["pv"], "NAME CAPACITY"),
        (["pod", "writer"], "NAME READY STATUS RESTARTS AGE"),
        (["sc"], "NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE"),
        (["ns"], "NAME STATUS AGE"),
        (["nodes"], "NAME STATUS ROLES AGE VERSION"),
        (["crd"], "NAME CREATED AT"),
        (["events"], "LAST SEEN TYPE REASON OBJECT MESSAGE"),
        (["csidrivers"], "NAME ATTACHREQUIRED"),
        (["csinodes"], "NAME DRIVERS AGE"),
        (["volumes.longhorn.io", "--all-namespaces"], "NAMESPACE NAME"),
        (["backups.longhorn.io", "--all-namespaces"], "NAMESPACE NAME"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_get(snapshot: Kubectl, arguments: list[str], columns: str) -> None:
    head, *rows = snapshot.table(*arguments)

    wanted = columns.split()
    assert head[: len(wanted)] == wanted
    assert rows


def test_get_shows_the_state(snapshot: Kubectl) -> None:
    assert snapshot.table("vs", "first")[1][:2] == ["first", "true"]
    assert snapshot.table("pod", "writer")[1][:3] == ["writer", "0/1", "Completed"]
    assert snapshot.table("pvc", "data")[1][1] == "Bound"
    assert snapshot.run("get", "vs", "first", "-o", "jsonpath={.status.restoreSize}") == "16Mi"


def test_describe(snapshot: Kubectl) -> None:
    described = snapshot.run("describe", "vs", "first")
    assert "Ready To Use:" in described
    assert "SnapshotReady" in described
    assert "Used By:       writer" in snapshot.run("describe", "pvc", "data")
    assert "Exit Code:    0" in snapshot.run("describe", "pod", "writer")


def test_a_service_account_has_the_rights_of_its_roles(kubectl: Kubectl) -> None:
    replace(kubectl, namespace="").run("apply", "-k", str(ROOT / "manifests/rbac"))
    home = replace(kubectl, namespace="longhorn-snapshot-conformance")
    token = home.run("create", "token", "conformance", "--duration=4h").strip()

    assert "driver.longhorn.io" in kubectl.run("get", "csidrivers", "driver.longhorn.io", f"--token={token}")
    assert kubectl.run("get", "csidrivers", f"--token={token}", fails=True) == (
        "Error from server (Forbidden): csidrivers.storage.k8s.io is forbidden: User "
        '"system:serviceaccount:longhorn-snapshot-conformance:conformance" cannot list resource "csidrivers" in API '
        'group "storage.k8s.io" at the cluster scope\n'
    )
    assert kubectl.table("csidrivers")


def test_logs(snapshot: Kubectl) -> None:
    assert snapshot.run("logs", "writer") == "one\ntwo\nthree\n"
    assert snapshot.run("logs", "writer", "--tail=1") == "three\n"
    assert snapshot.run("logs", "writer", "--follow") == "one\ntwo\nthree\n"


def test_apply_again_and_change(snapshot: Kubectl) -> None:
    assert "unchanged" in snapshot.apply(CLAIM)
    assert "configured" in snapshot.apply(CLAIM.replace("{name: data}", "{name: data, labels: {by: hand}}"))
    assert snapshot.run("get", "pvc", "-l", "by=hand", "-o", "name") == "persistentvolumeclaim/data\n"


def test_apply_on_the_server(snapshot: Kubectl) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '%s'}\n"
    snapshot.apply(config % "1", "--server-side", "--field-manager=one")
    second = (config % "2", "--server-side", "--field-manager=two")
    assert 'conflict with "one" using v1: .data.a' in snapshot.apply(*second, fails=True)
    snapshot.apply(*second, "--force-conflicts")
    assert snapshot.run("get", "cm", "settings", "-o", "jsonpath={.data.a}") == "2"


def test_refusals_are_explained(snapshot: Kubectl) -> None:
    both = SNAPSHOT.replace("name: first", "name: odd").replace("{persist", "{volumeSnapshotContentName: x, persist")
    misspelt = SNAPSHOT.replace("volumeSnapshotClassName", "volumeSnapshotClas")
    for manifest, complaint in (
        (both, "exactly one of volumeSnapshotContentName and persistentVolumeClaimName must be set"),
        (misspelt, 'unknown field "spec.volumeSnapshotClas"'),
    ):
        assert complaint in snapshot.apply(manifest, fails=True)
    assert "NotFound" in snapshot.run("get", "vs", "nothing", fails=True)


def test_patch_label_and_explain(snapshot: Kubectl) -> None:
    snapshot.run("label", "vs", "first", "by=hand")
    snapshot.run("annotate", "pod", "writer", "by=hand")
    snapshot.run("patch", "vs", "first", "--type=merge", "--patch", '{"metadata":{"labels":{"more":"yes"}}}')
    path = "/metadata/labels/more"
    snapshot.run("patch", "vs", "first", "--type=json", "--patch", f'[{{"op":"remove","path":"{path}"}}]')
    assert snapshot.run("get", "vs", "first", "-o", "jsonpath={.metadata.labels}") == '{"by":"hand"}'
    assert "persistentVolumeClaimName" in snapshot.run("explain", "vs.spec.source")


def test_delete_and_wait(snapshot: Kubectl) -> None:
    snapshot.apply(SNAPSHOT.replace("name: first", "name: second"))
    snapshot.wait("jsonpath={.status.readyToUse}=true", "vs/second")
    snapshot.run("delete", "vs", "second", "--wait=false")
    snapshot.wait("delete", "vs/second")
    assert "NotFound" in snapshot.run("get", "vs", "second", fails=True)


def test_watch_shows_changes(snapshot: Kubectl) -> None:
    snapshot.run("create", "configmap", "watched", "--from-literal=a=1")
    command = snapshot.command("get", "cm", "watched", "--watch", "--output=jsonpath={.data.a} ")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        try:
            assert watching.stdout is not None
            assert watching.stdout.read(2) == "1 "
            snapshot.run("patch", "cm", "watched", "--patch", '{"data":{"a":"2"}}')
            assert watching.stdout.read(2) == "2 "
        finally:
            watching.terminate()


def test_delete_namespace(kubectl: Kubectl) -> None:
    kubectl.run("create", "namespace", "short")
    there = replace(kubectl, namespace="short")
    there.run("create", "configmap", "c", "--from-literal=a=b")
    there.run("create", "secret", "generic", "s", "--from-literal=a=b")
    assert there.run("get", "secret", "s", "-o", "jsonpath={.data.a}") == "Yg=="

    there.run("delete", "namespace", "short")

    assert "NotFound" in there.run("get", "namespace", "short", fails=True)
