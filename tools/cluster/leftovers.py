"""Objects that a run has left in a simulated cluster."""

from fixtures.kubernetes.run import RUN_LABEL, TARGET_LABEL
from tools.cluster.simulated_cluster import SimulatedCluster

_LABELLED = (
    "/api/v1/namespaces",
    "/api/v1/pods",
    "/api/v1/persistentvolumeclaims",
    "/api/v1/secrets",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/snapshot.storage.k8s.io/v1/volumesnapshots",
    "/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses",
    "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents",
)
_MADE_BY_RUNS_ONLY = (
    "/api/v1/persistentvolumes",
    *(
        f"/apis/longhorn.io/v1beta2/{plural}"
        for plural in ("backups", "backupvolumes", "backupbackingimages", "volumes", "snapshots", "backingimages")
    ),
)


def leftovers(cluster: SimulatedCluster) -> list[str]:
    """Objects with a label of the suite, and all objects of kinds that a new simulator has none of."""
    found = []
    for path in (*_LABELLED, *_MADE_BY_RUNS_ONLY):
        for item in cluster.page(path)["items"]:
            labels = item["metadata"].get("labels") or {}
            if path in _MADE_BY_RUNS_ONLY or RUN_LABEL in labels or TARGET_LABEL in labels:
                found.append(f"{path.rpartition('/')[2]} {item['metadata']['name']}")
    return found
