"""Secrets that a VolumeSnapshotClass names for the driver, with their templates filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.kubernetes.objects import key_of, quoted
from simulator.kubernetes.resources import Obj

NAME_KEY = "csi.storage.k8s.io/snapshotter-secret-name"
NAMESPACE_KEY = "csi.storage.k8s.io/snapshotter-secret-namespace"
_TOKEN = re.compile(r"\$\{([^}]*)\}")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


class SecretTemplateError(Exception):
    """A class whose secret cannot be determined."""


@dataclass(frozen=True)
class SecretReference:
    name: str
    namespace: str


def snapshotter_secret(snapshot_class: Obj, content: str, snapshot: Obj) -> SecretReference | None:
    """The secret for snapshots of a class, None when it names none. Raises SecretTemplateError."""
    parameters = snapshot_class.get("parameters") or {}
    if NAME_KEY not in parameters and NAMESPACE_KEY not in parameters:
        return None
    if NAME_KEY not in parameters or NAMESPACE_KEY not in parameters:
        raise SecretTemplateError("either name and namespace for Snapshotter secrets specified, Both must be specified")
    if not parameters[NAME_KEY] or not parameters[NAMESPACE_KEY]:
        raise SecretTemplateError(
            "Snapshotter secrets specified in parameters but value of either namespace or name is empty"
        )
    namespace, name = key_of(snapshot)
    tokens = {"volumesnapshotcontent.name": content, "volumesnapshot.namespace": namespace}
    where = _filled(parameters[NAMESPACE_KEY], tokens)
    if not _LABEL.fullmatch(where):
        raise SecretTemplateError(f"{quoted(where)} is not a valid namespace name")
    who = _filled(parameters[NAME_KEY], {**tokens, "volumesnapshot.name": name})
    if not _SUBDOMAIN.fullmatch(who):
        raise SecretTemplateError(f"{quoted(who)} is not a valid secret name")
    return SecretReference(who, where)


def _filled(template: str, tokens: Mapping[str, str]) -> str:
    unknown = [token for token in _TOKEN.findall(template) if token not in tokens]
    if unknown:
        listed = " ".join(quoted(token) for token in unknown)
        raise SecretTemplateError(f"error resolving value {quoted(template)}: invalid tokens: [{listed}]")
    return _TOKEN.sub(lambda match: tokens[match[1]], template)
