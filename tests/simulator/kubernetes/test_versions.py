"""A kind that is served in an older version beside the one that it is stored in."""

import asyncio
from typing import Any

import aiohttp

from simulator.clock import Clock
from simulator.csi.crds import SNAPSHOT_VERSIONS, register
from simulator.kubernetes.api import Api
from simulator.kubernetes.server import serve

GROUP = "snapshot.storage.k8s.io"
OBJECTS = "namespaces/default/volumesnapshots"
MERGE = "application/merge-patch+json"


def snapshot(version: str) -> dict[str, Any]:
    """The manifest of a VolumeSnapshot in a version."""
    spec = {"source": {"persistentVolumeClaimName": "some-claim"}}
    metadata = {"name": "s", "namespace": "default"}
    return {"apiVersion": f"{GROUP}/{version}", "kind": "VolumeSnapshot", "metadata": metadata, "spec": spec}


async def asked(versions: tuple[str, ...], requests: list[tuple[str, str, Any]]) -> list[tuple[int, Any]]:
    """Status and body of each request (method, path below /apis/, body) to a server that serves these versions."""
    api = Api(Clock(0))
    register(api, versions=versions)
    server, found = await serve(api), []
    try:
        async with aiohttp.ClientSession() as session:
            for method, path, body in requests:
                headers = {"Content-Type": MERGE} if method == "PATCH" else {}
                url = f"{server.url}/apis/{path}"
                async with session.request(method, url, json=body, headers=headers) as response:
                    is_json = response.content_type == "application/json"
                    found.append((response.status, await (response.json() if is_json else response.text())))
    finally:
        await server.stop()
    return found


def test_older_version_is_the_same_object() -> None:
    """An object of v1beta1 is read, listed and changed in either version, as an object of that version."""
    beta, stable = f"{GROUP}/v1beta1", f"{GROUP}/v1"
    change = {"metadata": {"labels": {"a": "b"}}}

    answers = asyncio.run(
        asked(
            SNAPSHOT_VERSIONS,
            [
                ("POST", f"{beta}/{OBJECTS}", snapshot("v1beta1")),
                ("GET", f"{stable}/{OBJECTS}/s", None),
                ("PATCH", f"{beta}/{OBJECTS}/s", change),
                ("GET", f"{beta}/{OBJECTS}", None),
                ("GET", GROUP, None),
            ],
        )
    )

    statuses, (made, read, patched, listed, group) = zip(*answers, strict=True)
    assert statuses == (201, 200, 200, 200, 200)
    assert [made["apiVersion"], read["apiVersion"], patched["apiVersion"]] == [beta, stable, beta]
    assert read["metadata"]["uid"] == made["metadata"]["uid"]
    assert [(item["apiVersion"], item["metadata"]["labels"]) for item in listed["items"]] == [(beta, {"a": "b"})]
    assert listed["apiVersion"] == beta
    assert [entry["version"] for entry in group["versions"]] == ["v1", "v1beta1"]
    assert group["preferredVersion"]["version"] == "v1"


def test_unserved_version_is_not_found() -> None:
    """Without the older version its path is unknown to the server."""
    answers = asyncio.run(asked(("v1",), [("POST", f"{GROUP}/v1beta1/{OBJECTS}", snapshot("v1beta1"))]))

    assert answers == [(404, "404 page not found\n")]
