"""What stands in for docker, kind and kubectl: `main(TOOL, WORLD, ARGUMENTS)` does what a call of one of them does.

Each call is noted in WORLD/calls.jsonl; files in WORLD say how to answer:
clusters/NAME   the clusters that there are          kubeconfig   what a new cluster's kubeconfig says
images/NAME     the images that docker has           port         where the S3 port of a node is mapped to
keeps           if it is there, docker's builder keeps the images that it builds to itself
fail            lines `TOOL WORD`: calls with that word fail      hang   likewise, and these never end
slow            likewise, and these take a second
empty           if it is there, new clusters are empty      kind-version  what kind says, v0.33.0 if it is not there
unready         names of Deployments and DaemonSets that never become ready
"""

import hashlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

PATHS = {
    "Namespace": "/api/v1/namespaces",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "DaemonSet": "/apis/apps/v1/namespaces/{}/daemonsets",
    "InstanceManager": "/apis/longhorn.io/v1beta2/namespaces/{}/instancemanagers",
}
FLAGS = {
    "create cluster": {"--name", "--kubeconfig", "--image", "--config", "--retain"},
    "delete cluster": {"--name", "--kubeconfig"},
    "export kubeconfig": {"--name", "--kubeconfig"},
    "export logs": {"--name"},
    "get clusters": set(),
    "load image-archive": {"--name"},
    "version": set(),
}
"""Of kind's commands, as far as they are used."""

MAPPING = {"containerPort", "hostPort", "listenAddress", "protocol"}
SIDECARS = ("csi-attacher", "csi-provisioner", "csi-resizer", "csi-snapshotter")


def main(tool: str, world: Path, arguments: list[str]) -> int:
    """The exit status of the tool."""
    given = "" if sys.stdin.isatty() or "-" not in arguments else sys.stdin.read()
    with (world / "calls.jsonl").open("a") as calls:
        calls.write(json.dumps({"tool": tool, "arguments": arguments, "given": given}) + "\n")
    words = f"{' '.join(arguments)}\n{given}"
    if _listed(world / "hang", tool, words):
        time.sleep(600)
    if _listed(world / "slow", tool, words):
        time.sleep(1)
    if _listed(world / "fail", tool, words):
        if arguments[:1] == ["create"] and "--retain" in arguments:
            (world / "clusters" / _options(arguments)["--name"]).touch()
        print("first line\nERROR: it was told to fail", file=sys.stderr)
        return 3
    return {"docker": docker, "kind": kind, "kubectl": kubectl}[tool](world, arguments, given)


def docker(world: Path, arguments: list[str], given: str) -> int:
    """Stand in for docker."""
    del given
    if arguments[:1] == ["port"]:
        print(f"127.0.0.1:{(world / 'port').read_text().strip()}")
    elif arguments[:2] == ["image", "inspect"]:
        there = (world / "images" / arguments[-1].replace("/", "_")).exists()
        if not there:
            print(f"Error response from daemon: No such image: {arguments[-1]}", file=sys.stderr)
        return 0 if there else 1
    elif arguments[:1] == ["build"]:
        tag = arguments[arguments.index("--tag") + 1]
        if not (Path(arguments[-1]) / "Dockerfile").is_file():
            return _refuse("ERROR: failed to read dockerfile: open Dockerfile: no such file or directory")
        if not (world / "keeps").exists():
            (world / "images" / tag.replace("/", "_")).touch()
    elif arguments[:1] == ["exec"]:
        node, crictl, verb, image = (*arguments[1:4], arguments[-1])
        if crictl != "crictl" or verb not in ("inspecti", "pull"):
            return _refuse(f"OCI runtime exec failed: {crictl} {verb} is not in {node}")
        pulled = world / "images" / f"{node}_{image.replace('/', '_')}"
        if verb == "inspecti" and not pulled.exists():
            return _refuse(f'level=fatal msg="no such image \\"{image}\\" present"')
        pulled.touch()
    elif arguments[:1] == ["info"]:
        print((world / "docker-info.json").read_text())
    return 0


def kind(world: Path, arguments: list[str], given: str) -> int:
    """Stand in for kind."""
    del given
    command = next((each for each in FLAGS if f"{' '.join(arguments)} ".startswith(f"{each} ")), None)
    if command is None:
        return _refuse(f'ERROR: unknown command "{arguments[0]}" for "kind"')
    for flag in (each.partition("=")[0] for each in arguments if each.startswith("-")):
        if flag not in FLAGS[command]:
            return _refuse(f"ERROR: unknown flag: {flag}")
    options = _options(arguments)
    clusters = world / "clusters"
    there = "--name" in options and (clusters / options["--name"]).exists()
    match command:
        case "get clusters":
            names = [path.name for path in clusters.iterdir()]
            print("\n".join(names) if names else "No kind clusters found.", file=sys.stdout if names else sys.stderr)
        case "create cluster" if there:
            return _refuse("ERROR: failed to create cluster: node(s) already exist for a cluster with that name")
        case "create cluster":
            _check_configuration(Path(options["--config"]))
            (clusters / options["--name"]).touch()
            if (world / "empty").exists():
                _empty(_server(world / "kubeconfig"))
            Path(options["--kubeconfig"]).write_text((world / "kubeconfig").read_text())
        case "delete cluster":
            (clusters / options["--name"]).unlink(missing_ok=True)
        case "version":
            said = world / "kind-version"
            print(f"kind {said.read_text().strip() if said.exists() else 'v0.33.0'} go1.26.1 linux/amd64")
        case _ if not there:
            return _refuse(f'ERROR: no nodes found for cluster "{options["--name"]}"')
        case "export kubeconfig":
            Path(options["--kubeconfig"]).write_text((world / "kubeconfig").read_text())
        case "export logs":
            pod = Path(arguments[2]) / "node" / "pods" / "longhorn-system_longhorn-manager"
            pod.mkdir(parents=True)
            (pod / "0.log").write_text((world / "log").read_text() if (world / "log").exists() else "")
            (Path(arguments[2]) / "docker-info.txt").write_text("x" * 300000)
    return 0


def _options(arguments: list[str]) -> dict[str, str]:
    """The flags with values, in both forms."""
    apart = {flag: value for flag, value in pairwise(arguments) if flag.startswith("-") and "=" not in flag}
    return apart | dict(each.split("=", 1) for each in arguments if each.startswith("-") and "=" in each)


def _check_configuration(file: Path) -> None:
    """As strictly as kind, to which what it does not know is an error."""
    configuration = yaml.safe_load(file.read_text())
    assert (configuration["kind"], configuration["apiVersion"]) == ("Cluster", "kind.x-k8s.io/v1alpha4")
    assert set(configuration) <= {"kind", "apiVersion", "nodes"}
    for node in configuration["nodes"]:
        assert node["role"] == "control-plane"
        assert set(node) <= {"role", "extraPortMappings"}
        assert all(set(mapping) <= MAPPING and mapping["protocol"] == "TCP" for mapping in node["extraPortMappings"])


def _refuse(words: str) -> int:
    print(words, file=sys.stderr)
    return 1


def kubectl(world: Path, arguments: list[str], given: str) -> int:
    """Stand in for kubectl: `kustomize` is the real one, `apply` makes what the suite looks at, ready at once."""
    if arguments[:1] == ["kustomize"]:
        return _render((world / "kubectl").read_text().strip(), Path(arguments[1]))
    if arguments[:1] == ["version"]:
        print("Client Version: v1.36.0")
    if arguments[:1] == ["apply"]:
        server = _server(Path(os.environ["KUBECONFIG"]))
        for document in yaml.safe_load_all(given):
            for each in (document, *_made_by(document)):
                _put(server, each, (world / "unready").read_text().split())
    return 0


def _render(kubectl: str, folder: Path) -> int:
    """What the real kubectl makes of an overlay. It is asked once for each: it takes longer than all the rest."""
    digest = hashlib.sha256(kubectl.encode())
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        digest.update(f"\0{path.relative_to(folder)}\0".encode() + path.read_bytes())
    known = Path(os.environ["RENDERED"]) / digest.hexdigest()
    if not known.exists():
        ran = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False)
        if ran.returncode:
            sys.stderr.write(ran.stderr)
            return ran.returncode
        written = known.with_suffix(f".{os.getpid()}")
        written.write_text(ran.stdout)
        written.rename(known)
    sys.stdout.write(known.read_text())
    return 0


def _made_by(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What Longhorn's deployer and managers make."""
    name, namespace = document["metadata"]["name"], document["metadata"].get("namespace")
    if (document["kind"], name) == ("Deployment", "longhorn-driver-deployer"):
        made = [_workload("Deployment", each, namespace) for each in SIDECARS]
        return [*made, _workload("DaemonSet", "longhorn-csi-plugin", namespace)]
    if (document["kind"], name) == ("DaemonSet", "longhorn-manager"):
        manager = {"metadata": {"name": "instance-manager-1", "namespace": namespace}, "spec": {}}
        return [{"apiVersion": "longhorn.io/v1beta2", "kind": "InstanceManager", **manager}]
    return []


def _workload(kind: str, name: str, namespace: str | None) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 1},
    }


def _put(server: str, document: dict[str, Any], unready: list[str]) -> None:
    path = PATHS.get(document["kind"])
    if path is None:
        return
    metadata = document["metadata"]
    if metadata["name"] not in unready:
        document = {**document, "status": _ready(document)}
    url = server + path.format(metadata.get("namespace"))
    try:
        _send("POST", url, document)
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
        _send("PATCH", f"{url}/{metadata['name']}", document)


def _ready(document: dict[str, Any]) -> dict[str, Any]:
    replicas = (document.get("spec") or {}).get("replicas", 1)
    return {
        "Deployment": {"observedGeneration": 99, "updatedReplicas": replicas, "availableReplicas": replicas},
        "DaemonSet": {
            "observedGeneration": 99,
            "desiredNumberScheduled": 1,
            "numberReady": 1,
            "updatedNumberScheduled": 1,
        },
        "InstanceManager": {"currentState": "running"},
        "Namespace": {"phase": "Active"},
    }.get(document["kind"], {})


def _send(method: str, url: str, document: dict[str, Any]) -> None:
    media = "application/merge-patch+json" if method == "PATCH" else "application/json"
    request = urllib.request.Request(
        url, json.dumps(document).encode(), {"Content-Type": media, "Accept": "application/json"}, method=method
    )
    with urllib.request.urlopen(request):
        pass


def _server(kubeconfig: Path) -> str:
    """The address in a kubeconfig."""
    return kubeconfig.read_text().partition("server:")[2].split()[0].strip('",')


def _empty(server: str) -> None:
    """A new cluster has nothing of what an earlier one was given."""
    for kind in ("ConfigMap", "Deployment", "DaemonSet", "InstanceManager"):
        everywhere = server + PATHS[kind].replace("/namespaces/{}", "")
        with urllib.request.urlopen(everywhere) as answer:
            items = json.load(answer)["items"]
        for item in items:
            metadata = item["metadata"]
            _send("DELETE", f"{server}{PATHS[kind].format(metadata['namespace'])}/{metadata['name']}", {})


def _listed(file: Path, tool: str, words: str) -> bool:
    lines = file.read_text().splitlines() if file.exists() else []
    wanted = [line.partition(" ") for line in lines]
    return any(name == tool and word in words for name, _, word in wanted)
