"""The REST side: what a client sees on the wire."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml
from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server import LogOptions
from tests.simulator.kubernetes.client import BASE, CLAIMS, JSON, LANTERNS, MERGE, TABLE, Client, Make


async def test_objects_over_http(client: Client, lantern: Make) -> None:
    status, made, _ = await client.ask("POST", BASE, lantern("a"))
    assert (status, made["metadata"]["managedFields"][0]["manager"]) == (201, "tester")
    assert (await client.ask("GET", f"{BASE}/a"))[:2] == (200, made)

    status, patched, _ = await client.ask("PATCH", f"{BASE}/a/status", {"status": {"ready": True}}, kind=MERGE)
    assert (status, patched["status"]) == (200, {"ready": True})

    status, body, _ = await client.ask("PUT", f"{BASE}/a", made)
    assert (status, body["reason"], body["details"]["kind"]) == (409, "Conflict", "lanterns")

    status, body, _ = await client.ask("DELETE", f"{BASE}/a")
    details = {"name": "a", "kind": "lanterns", "group": "light.example.org", "uid": made["metadata"]["uid"]}
    success = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    assert (status, body) == (200, success)
    assert await client.refusal("GET", f"{BASE}/a") == (404, 'lanterns.light.example.org "a" not found')


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/apis/light.example.org/v1beta1/lanterns", 404, "404 page not found\n"),
        ("GET", "/apis/nothing.example.org/v1/lanterns", 404, "404 page not found\n"),
        ("GET", "/api/v1/namespaces/default/oddities", 404, "404 page not found\n"),
        ("POST", f"{BASE}/a", 405, "the server does not allow this method on the requested resource"),
        ("GET", "/apis/light.example.org/v1/badges/x/status", 404, 'badges.light.example.org "x" not found'),
        ("GET", f"{BASE}?fieldSelector=spec.x%3D1", 400, "field label not supported: spec.x"),
        ("GET", "/api/v1/pods?resourceVersion=999999", 504, "Timeout: Too large resource version: 999999, current: "),
    ],
)
async def test_missing_objects_and_paths(client: Client, method: str, path: str, status: int, message: str) -> None:
    answered, body, _ = await client.ask(method, path)
    text = body if isinstance(body, str) else body["message"]
    assert (answered, text[: len(message)]) == (status, message)


UNREVISED = 'lanterns.light.example.org "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified'
MISNAMED = "the name of the object (a) does not match the name on the URL (b)"
MISPLACED = "the namespace of the provided object does not match the namespace sent on the request"
UNKNOWN_FORMAT = "the body of the request was in an unknown format - accepted media types include: "
PATCH_TYPES = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
BODY_TYPES = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
ELSEWHERE = {"apiVersion": "light.example.org/v1", "kind": "Lantern", "metadata": {"namespace": "other"}}
STRATEGIC, PROTOBUF = "application/strategic-merge-patch+json", "application/vnd.kubernetes.protobuf"


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status", "message"),
    [
        ("PUT", "/a", None, JSON, 422, f"{UNREVISED} for an update"),
        ("PUT", "/b", None, JSON, 400, MISNAMED),
        ("POST", "", ELSEWHERE, JSON, 400, MISPLACED),
        ("PATCH", "/a", {}, STRATEGIC, 415, UNKNOWN_FORMAT + PATCH_TYPES),
        ("PATCH", "/a", [], MERGE, 400, ""),
        ("POST", "", {"metadata": {}}, JSON, 400, "Object 'Kind' is missing in '{\"metadata\":{}}'"),
        ("POST", "", b"{", JSON, 400, ""),
        ("POST", "", b"x", PROTOBUF, 415, ""),
    ],
)
async def test_refused_bodies(
    api: Api, client: Client, lantern: Make, method: str, path: str, body: Any, kind: str, status: int, message: str
) -> None:
    """A body that is None is a stored object without its revision; a message that is empty is not compared."""
    made = api.create(LANTERNS, lantern("a"))
    del made["metadata"]["resourceVersion"]

    answered, text = await client.refusal(method, BASE + path, made if body is None else body, kind=kind)

    assert (answered, text) == (status, message or text)


async def test_unknown_fields_are_warned_of_or_refused(client: Client, lantern: Make) -> None:
    body = json.dumps(lantern("a", odd=1)).replace('"wick"', '"wick": "x", "wick"').encode()
    status, _, headers = await client.ask("POST", BASE, body, dryRun="All")
    assert status == 201
    assert headers.getall("Warning") == [
        '299 - "duplicate field \\"spec.source.wick\\""',
        '299 - "unknown field \\"spec.odd\\""',
    ]
    text = 'strict decoding error: unknown field "spec.odd"'
    assert await client.refusal("POST", BASE, lantern("a", odd=1), fieldValidation="Strict") == (400, text)
    claim = {"metadata": {"name": "c"}, "spec": {"odd": 1}}
    _, message = await client.refusal("POST", CLAIMS, claim, fieldValidation="Strict")
    assert message == f'PersistentVolumeClaim in version "v1" cannot be handled as a PersistentVolumeClaim: {text}'


async def test_a_dry_run_leaves_nothing(api: Api, client: Client, lantern: Make) -> None:
    before = api.revision
    status, made, _ = await client.ask("POST", BASE, lantern("a"), dryRun="All")
    assert status == 201
    assert made["metadata"]["uid"]
    assert "resourceVersion" not in made["metadata"]
    assert (await client.ask("POST", BASE, lantern("a", policy="Keep"), dryRun="All"))[0] == 422
    _, message = await client.refusal("POST", BASE, lantern("a"), dryRun="Some")
    text = 'dryRun: Unsupported value: "Some": supported values: "All"'
    assert message == f'CreateOptions.meta.k8s.io "" is invalid: {text}'
    assert api.revision == before


@pytest.mark.parametrize("in_body", [False, True])
async def test_a_dry_run_deletes_nothing(api: Api, client: Client, lantern: Make, in_body: bool) -> None:
    """A misspelt dryRun is refused: ignored, it would delete."""
    api.create(LANTERNS, lantern("a"))

    for value, expected in (("All", 200), ("all", 422)):
        body, query = ({"dryRun": [value]}, {}) if in_body else (None, {"dryRun": value})
        assert (await client.ask("DELETE", f"{BASE}/a", body, **query))[0] == expected
    assert api.find(LANTERNS, "a", "default") is not None


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_an_undeletable_namespace(client: Client, name: str) -> None:
    text = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    assert await client.refusal("DELETE", f"/api/v1/namespaces/{name}") == (403, text)


@pytest.mark.parametrize(
    ("match", "version", "words"),
    [
        ("Exactly", "1", 'Unsupported value: "Exactly": supported values: "Exact", "NotOlderThan", ""'),
        ("Exact", "0", 'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
        ("Exact", None, "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"),
    ],
)
async def test_a_revision_that_cannot_be_matched(client: Client, match: str, version: str | None, words: str) -> None:
    query = {"resourceVersionMatch": match, **({"resourceVersion": version} if version else {})}

    text = f'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: {words}'
    assert await client.refusal("GET", CLAIMS, **query) == (422, text)


async def test_a_body_in_an_unsupported_format(client: Client) -> None:
    status, answer, _ = await client.ask("POST", CLAIMS, b"<claim/>", kind="application/xml")
    assert (status, answer["reason"]) == (415, "UnsupportedMediaType")
    assert answer["message"] == UNKNOWN_FORMAT + BODY_TYPES


@pytest.mark.parametrize("written", ["json", "yaml"])
async def test_an_applied_configuration_is_yaml_or_json(client: Client, lantern: Make, written: str) -> None:
    """JSON is YAML as well, and most programs send it with that content type."""
    text = json.dumps(lantern("a")) if written == "json" else yaml.safe_dump(lantern("a"))

    kind = "application/apply-patch+yaml"
    answer = await client.ask("PATCH", f"{BASE}/a", text.encode(), kind=kind, fieldManager="tester")
    assert answer[0] == 201


async def test_an_invalid_json_patch_has_empty_details(api: Api, client: Client, lantern: Make) -> None:
    api.create(LANTERNS, lantern("a"))

    patch = [{"op": "remove", "path": "/spec/nothing"}]
    status, answer, _ = await client.ask("PATCH", f"{BASE}/a", patch, kind="application/json-patch+json")
    assert (status, answer["details"]) == (422, {})


async def test_tables(api: Api, client: Client, lantern: Make) -> None:
    api.create(LANTERNS, lantern("a"))
    api.patch(LANTERNS, "a", "default", {"status": {"ready": True}}, subresource="status")

    _, table, _ = await client.ask("GET", BASE, accept=TABLE)
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert [each["name"] for each in table["columnDefinitions"]] == ["Name", "Ready", "Wick", "Age"]
    row = table["rows"][0]
    assert row["cells"][:3] == ["a", True, "cotton"]
    assert row["cells"][3].endswith("s")
    assert row["object"]["kind"] == "PartialObjectMetadata"
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    _, listed, _ = await client.ask("GET", BASE, accept=accept)
    assert listed["kind"] == "PartialObjectMetadataList"
    assert set(listed["items"][0]) == {"kind", "apiVersion", "metadata"}
    status, _, _ = await client.ask("GET", BASE, accept=PROTOBUF)
    assert status == 406


async def test_every_built_in_kind_has_a_table(api: Api, client: Client) -> None:
    for resource in api.resources():
        root = f"/apis/{resource.group}" if resource.group else "/api"
        status, table, _ = await client.ask("GET", f"{root}/{resource.version}/{resource.plural}", accept=TABLE)
        assert status == 200
        assert "Name" in [column["name"] for column in table["columnDefinitions"]]
        assert all(len(row["cells"]) == len(table["columnDefinitions"]) for row in table["rows"])


async def test_discovery(client: Client) -> None:
    groups = (await client.get("/apis"))["groups"]
    assert {"name": "light.example.org"}.items() <= groups[-1].items()
    assert groups[-1]["preferredVersion"] == {"groupVersion": "light.example.org/v1", "version": "v1"}
    listed = (await client.get("/apis/light.example.org/v1"))["resources"]
    assert [each["name"] for each in listed] == ["lanterns", "lanterns/status", "badges"]
    assert (await client.get("/version"))["gitVersion"].startswith("v1.33.")
    for path in ("/healthz", "/readyz", "/livez"):
        assert (await client.ask("GET", path))[:2] == (200, "ok")

    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    _, document, headers = await client.ask("GET", "/apis", accept=accept)
    assert headers["Content-Type"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    described = document["items"][-1]["versions"][0]["resources"][0]
    assert (described["resource"], described["scope"]) == ("lanterns", "Namespaced")
    assert described["subresources"][0]["subresource"] == "status"

    index = (await client.get("/openapi/v3"))["paths"]
    document = await client.get(index["apis/light.example.org/v1"]["serverRelativeURL"])
    patch = document["paths"]["/apis/light.example.org/v1/namespaces/{namespace}/lanterns/{name}"]["patch"]
    assert "fieldValidation" in [each["name"] for each in patch["parameters"]]
    assert "org.example.light.v1.Lantern" in document["components"]["schemas"]
    assert "definitions" in await client.get("/openapi/v2")


async def test_logs_and_service_proxy(api: Api, client: Client) -> None:
    containers = [{"name": name, "image": "b:1"} for name in ("c", "d")]
    api.create("pods", {"metadata": {"name": "p", "namespace": "default"}, "spec": {"containers": containers}})
    service = {"metadata": {"name": "s", "namespace": "default"}, "spec": {"ports": [{"name": "web", "port": 80}]}}
    api.create("services", service)
    base = "/api/v1/namespaces/default"

    async def logs(pod: Obj, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        yield f"{pod['metadata']['name']}/{container} tail={options.tail_lines}\n".encode()

    async def backend(request: web.Request, path: str) -> web.StreamResponse:
        return web.json_response({"path": path, "query": dict(request.query)})

    client.server.set_logs(logs)
    client.server.add_service("default", "s", 80, backend)

    async def refused(**query: str) -> str:
        return (await client.refusal("GET", f"{base}/pods/p/log", **query))[1]

    assert await refused(container="c") == "pod p does not have a host assigned"
    api.patch("pods", "p", "default", {"spec": {"nodeName": "n"}})
    assert await refused() == "a container name must be specified for pod p, choose one of: [c d]"
    assert (await client.ask("GET", f"{base}/pods/p/log", container="c", tailLines="3"))[1] == "p/c tail=3\n"
    assert await refused(container="c", previous="true") == 'previous terminated container "c" in pod "p" not found'
    text = "sinceSeconds: Invalid value: 0: must be greater than 0"
    assert await refused(container="c", sinceSeconds="0") == f'PodLogOptions "" is invalid: {text}'

    for name in ("s", "s:80", "s:web", "http:s:80"):
        _, answer, _ = await client.ask("GET", f"{base}/services/{name}/proxy/v1/x", q="1")
        assert answer == {"path": "/v1/x", "query": {"q": "1"}}
    status, answer, _ = await client.ask("GET", f"{base}/services/s:81/proxy/")
    assert (status, answer["reason"]) == (503, "ServiceUnavailable")


async def test_collections_are_deleted_by_selector(api: Api, client: Client, lantern: Make) -> None:
    for name in ("a", "b"):
        api.create(LANTERNS, lantern(name, metadata={"labels": {"name": name}}))

    status, answer, _ = await client.ask("DELETE", BASE, labelSelector="name=a")
    assert (status, [each["metadata"]["name"] for each in answer["items"]]) == (200, ["a"])
    assert [each["metadata"]["name"] for each in api.list(LANTERNS)] == ["b"]
