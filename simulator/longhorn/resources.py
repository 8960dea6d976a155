"""The custom resources of longhorn.io/v1beta2: names, printer columns, and the schemas as far as they decide anything.

Fields that `resources.yaml` does not name are kept as they come. Versions before 1.3 served v1beta1 and had no Snapshot
objects; here they are served like the newer ones.
"""

from pathlib import Path

from simulator.kubernetes import definitions
from simulator.kubernetes.api import Api
from simulator.longhorn.version import Version

_SINCE = {"SupportBundle": 4, "BackupBackingImage": 6}
"""The minor versions that brought kinds."""


def register(api: Api, version: Version) -> None:
    """Add Longhorn's custom resources, as `version` has them, to what the API serves."""
    for resource in definitions.resources(Path(__file__).with_suffix(".yaml")):
        if resource.kind == "Backup" and not version.has(11):
            mode = {"enum": ["full", "incremental", ""]} if version.has(9) else {}
            resource.schema["properties"]["spec"]["properties"]["backupMode"] = {"type": "string", **mode}
        if version.has(_SINCE.get(resource.kind, 0)):
            api.register(resource)
