"""What a walk sent to the cluster, as a shell script that does the same with kubectl."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import yaml

from fixtures.kubernetes.client import Write
from fixtures.kubernetes.resource_kinds import POD, PVC, VOLUME_SNAPSHOT, Kind

_TIMEOUT = "--timeout=300s"
_UNTIL = {
    PVC: "jsonpath={.status.phase}=Bound",
    VOLUME_SNAPSHOT: "jsonpath={.status.readyToUse}=true",
    POD: "jsonpath={.status.phase}=Succeeded",
}
"""What is waited for after an object of a kind was created."""


@dataclass
class Script:
    """Collects writes, step by step."""

    parts: list[tuple[str, list[Write]]] = field(default_factory=list)

    def begin(self, words: str) -> None:
        """What follows belongs to a new step."""
        self.parts.append((words, []))

    def hear(self, write: Write) -> None:
        """A write to the cluster."""
        self.parts[-1][1].append(write)

    def __str__(self) -> str:
        lines = ["#!/bin/sh", "set -e"]
        for words, writes in self.parts:
            lines += ["", f"# {words}", *_commands(writes)]
        return "\n".join(lines) + "\n"


def _commands(writes: Iterable[Write]) -> Iterable[str]:
    waits = list[str]()
    for write in writes:
        if write.verb != "create":
            yield from waits
            waits.clear()
        yield from _command(write)
        if write.verb == "create" and write.kind in _UNTIL:
            what = _named(write.kind, write.name, write.namespace)
            waits.append(f"kubectl wait {what} --for='{_UNTIL[write.kind]}' {_TIMEOUT}")
            if write.kind == POD:
                waits.append(f"kubectl logs {_named(write.kind, write.name, write.namespace)}")
    yield from waits


def _command(write: Write) -> Iterable[str]:
    if write.verb == "create":
        yield "kubectl create -f - <<'END'"
        yield yaml.safe_dump(write.body, sort_keys=False, width=10_000).rstrip()
        yield "END"
        return
    what = _named(write.kind, write.name, write.namespace)
    if write.verb == "patch":
        quoted = json.dumps(write.body).replace("'", "'\\''")
        yield f"kubectl patch {what} --type=merge --patch='{quoted}'"
    else:
        yield f"kubectl delete {what} --ignore-not-found {_TIMEOUT}"


def _named(kind: Kind, name: str, namespace: str) -> str:
    group = kind.api_version.partition("/")[0] if "/" in kind.api_version else ""
    plural = f"{kind.plural}.{group}" if group else kind.plural
    return f"{plural}/{name}" + (f" -n {namespace}" if namespace else "")
