"""A kind that is served in an older version beside the one that it is stored in."""

from typing import Any

from simulator.clock import Clock
from simulator.csi.crds import register
from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from tests.simulator.kubernetes.client import MERGE, serving

GROUP = "snapshot.storage.k8s.io"
OBJECTS = "namespaces/default/volumesnapshots"


def snapshot(version: str) -> Obj:
    """The manifest of a VolumeSnapshot in a version."""
    spec = {"source": {"persistentVolumeClaimName": "some-claim"}}
    metadata = {"name": "s", "namespace": "default"}
    return {"apiVersion": f"{GROUP}/{version}", "kind": "VolumeSnapshot", "metadata": metadata, "spec": spec}


async def asked(release: str, requests: list[tuple[str, str, Any]]) -> list[tuple[int, Any]]:
    """Status and body of each request (method, path below /apis/, body) to a server with the CRDs of a release."""
    api, found = Api(Clock(0)), []
    register(api, release=release)
    async with serving(api) as client:
        for method, path, body in requests:
            kind = MERGE if method == "PATCH" else "application/json"
            found.append((await client.ask(method, f"/apis/{path}", body, kind=kind))[:2])
    return found


async def test_older_version_is_the_same_object() -> None:
    """An object of v1beta1 is read, listed and changed in either version, as an object of that version."""
    beta, stable = f"{GROUP}/v1beta1", f"{GROUP}/v1"
    change = {"metadata": {"labels": {"a": "b"}}}

    requests = [
        ("POST", f"{beta}/{OBJECTS}", snapshot("v1beta1")),
        ("GET", f"{stable}/{OBJECTS}/s", None),
        ("PATCH", f"{beta}/{OBJECTS}/s", change),
        ("GET", f"{beta}/{OBJECTS}", None),
        ("GET", GROUP, None),
    ]
    answers = await asked("4.0", requests)

    statuses, (made, read, patched, listed, group) = zip(*answers, strict=True)
    assert statuses == (201, 200, 200, 200, 200)
    assert [made["apiVersion"], read["apiVersion"], patched["apiVersion"]] == [beta, stable, beta]
    assert read["metadata"]["uid"] == made["metadata"]["uid"]
    assert [(item["apiVersion"], item["metadata"]["labels"]) for item in listed["items"]] == [(beta, {"a": "b"})]
    assert listed["apiVersion"] == beta
    assert [entry["version"] for entry in group["versions"]] == ["v1", "v1beta1"]
    assert group["preferredVersion"]["version"] == "v1"


async def test_unserved_version_is_not_found() -> None:
    """Without the older version its path is unknown to the server."""
    answers = await asked("6.3", [("POST", f"{GROUP}/v1beta1/{OBJECTS}", snapshot("v1beta1"))])

    assert answers == [(404, "404 page not found\n")]
