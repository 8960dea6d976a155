"""Which deletion policy counts for a content whose VolumeSnapshot is being deleted."""

from simulator.csi.decisions import CsiDecisions
from simulator.kubernetes import objects
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj


def counting_policy(api: Api, decisions: CsiDecisions, content: Obj) -> Obj:
    """The content with the policy that counts; it may be another one if the VolumeSnapshot's namespace goes."""
    spec = content["spec"]
    namespace = api.find("namespaces", spec["volumeSnapshotRef"].get("namespace", ""))
    if namespace is not None and not objects.is_deleting(namespace):
        return content
    policy = decisions.policy_in_deleted_namespace(spec["deletionPolicy"])
    return {**content, "spec": {**spec, "deletionPolicy": policy}}
