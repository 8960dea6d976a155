"""Secrets that a VolumeSnapshotClass names for the driver, with their templates filled in."""

import re
from collections.abc import Mapping

from simulator.csi import names
from simulator.csi.snapshot_status import Failed
from simulator.kubernetes.metadata import LABEL, SUBDOMAIN
from simulator.kubernetes.objects import key_of, quoted
from simulator.kubernetes.resources import Obj

NAME_KEY = "csi.storage.k8s.io/snapshotter-secret-name"
NAMESPACE_KEY = "csi.storage.k8s.io/snapshotter-secret-namespace"
_TOKEN = re.compile(r"\$\{([^}]*)\}")


def secret_annotations(snapshot_class: Obj, content: str, snapshot: Obj) -> dict[str, str]:
    """How a content names the secret for snapshots of a class; empty when the class names none. Raises Failed."""
    parameters = snapshot_class.get("parameters") or {}
    if NAME_KEY not in parameters and NAMESPACE_KEY not in parameters:
        return {}
    if NAME_KEY not in parameters or NAMESPACE_KEY not in parameters:
        raise Failed("either name and namespace for Snapshotter secrets specified, Both must be specified")
    if not parameters[NAME_KEY] or not parameters[NAMESPACE_KEY]:
        raise Failed("Snapshotter secrets specified in parameters but value of either namespace or name is empty")
    namespace, name = key_of(snapshot)
    tokens = {"volumesnapshotcontent.name": content, "volumesnapshot.namespace": namespace}
    where = _filled(parameters[NAMESPACE_KEY], tokens)
    if not LABEL.fullmatch(where):
        raise Failed(f"{quoted(where)} is not a valid namespace name")
    who = _filled(parameters[NAME_KEY], {**tokens, "volumesnapshot.name": name})
    if not SUBDOMAIN.fullmatch(who):
        raise Failed(f"{quoted(who)} is not a valid secret name")
    return {names.DELETION_SECRET_NAME: who, names.DELETION_SECRET_NAMESPACE: where}


def _filled(template: str, tokens: Mapping[str, str]) -> str:
    unknown = [token for token in _TOKEN.findall(template) if token not in tokens]
    if unknown:
        listed = " ".join(quoted(token) for token in unknown)
        raise Failed(f"error resolving value {quoted(template)}: invalid tokens: [{listed}]")
    return _TOKEN.sub(lambda match: tokens[match[1]], template)
