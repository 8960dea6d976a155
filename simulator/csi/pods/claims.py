"""Which claims a pod uses, and whether it still uses them."""

from simulator.csi.objects import Obj, status


def claims_of(pod: Obj) -> dict[str, str]:
    """The claims of a pod, by the name of the pod's volume."""
    return {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or ()
        if volume.get("persistentVolumeClaim")
    }


def is_over(pod: Obj) -> bool:
    """Whether all containers of a pod have ended for good."""
    return status(pod).get("phase") in {"Succeeded", "Failed"}
