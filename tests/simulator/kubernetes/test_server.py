"""The REST side: what a client sees on the wire."""

import json
from collections.abc import AsyncIterator

import pytest
import yaml
from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server import LogOptions
from tests.simulator.kubernetes.client import BASE, CLAIMS, LANTERNS, MERGE, TABLE, Client, Make

pytestmark = pytest.mark.anyio


async def test_objects_over_http(client: Client, lantern: Make) -> None:
    status, made, _ = await client.ask("POST", BASE, lantern("a"))
    assert (status, made["metadata"]["managedFields"][0]["manager"]) == (201, "tester")
    assert (await client.ask("GET", f"{BASE}/a"))[:2] == (200, made)

    status, patched, _ = await client.ask("PATCH", f"{BASE}/a/status", {"status": {"ready": True}}, kind=MERGE)
    assert (status, patched["status"]) == (200, {"ready": True})

    status, body, _ = await client.ask("PUT", f"{BASE}/a", made)
    assert (status, body["reason"], body["details"]["kind"]) == (409, "Conflict", "lanterns")

    status, body, _ = await client.ask("DELETE", f"{BASE}/a")
    assert (status, body) == (
        200,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {"name": "a", "kind": "lanterns", "group": "light.example.org", "uid": made["metadata"]["uid"]},
        },
    )
    assert await client.refusal("GET", f"{BASE}/a") == (404, 'lanterns.light.example.org "a" not found')


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/apis/light.example.org/v1beta1/lanterns", 404, "404 page not found\n"),
        ("GET", "/apis/nothing.example.org/v1/lanterns", 404, "404 page not found\n"),
        ("GET", "/api/v1/namespaces/default/oddities", 404, "404 page not found\n"),
        ("POST", f"{BASE}/a", 405, "the server does not allow this method on the requested resource"),
        ("GET", "/apis/light.example.org/v1/badges/x/status", 404, 'badges.light.example.org "x" not found'),
        (
            "GET",
            "/apis/light.example.org/v1/lanterns?fieldSelector=spec.x%3D1",
            400,
            "field label not supported: spec.x",
        ),
        ("GET", "/api/v1/pods?resourceVersion=999999", 504, "Timeout: Too large resource version: 999999, current: "),
    ],
)
async def test_missing_objects_and_paths(client: Client, method: str, path: str, status: int, message: str) -> None:
    answered, body, _ = await client.ask(method, path)
    text = body if isinstance(body, str) else body["message"]
    assert (answered, text[: len(message)]) == (status, message)


async def test_refused_bodies(client: Client, lantern: Make) -> None:
    made = (await client.ask("POST", BASE, lantern("a")))[1]
    del made["metadata"]["resourceVersion"]
    assert await client.refusal("PUT", f"{BASE}/a", made) == (
        422,
        'lanterns.light.example.org "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified '
        "for an update",
    )
    assert await client.refusal("PUT", f"{BASE}/b", made) == (
        400,
        "the name of the object (a) does not match the name on the URL (b)",
    )
    other = {**lantern("c"), "metadata": {"name": "c", "namespace": "other"}}
    assert await client.refusal("POST", BASE, other) == (
        400,
        "the namespace of the provided object does not match the namespace sent on the request",
    )
    assert await client.refusal("PATCH", f"{BASE}/a", {}, kind="application/strategic-merge-patch+json") == (
        415,
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
    )
    assert (await client.refusal("PATCH", f"{BASE}/a", [], kind=MERGE))[0] == 400
    assert await client.refusal("POST", BASE, {"metadata": {}}) == (
        400,
        "Object 'Kind' is missing in '{\"metadata\":{}}'",
    )
    assert (await client.refusal("POST", BASE, b"{"))[0] == 400
    assert (await client.refusal("POST", BASE, b"x", kind="application/vnd.kubernetes.protobuf"))[0] == 415


async def test_unknown_fields_are_warned_of_or_refused(client: Client, lantern: Make) -> None:
    body = json.dumps(lantern("a", odd=1)).replace('"wick"', '"wick": "x", "wick"').encode()
    status, _, headers = await client.ask("POST", BASE, body, dryRun="All")
    assert status == 201
    assert headers.getall("Warning") == [
        '299 - "duplicate field \\"spec.source.wick\\""',
        '299 - "unknown field \\"spec.odd\\""',
    ]
    assert await client.refusal("POST", BASE, lantern("a", odd=1), fieldValidation="Strict") == (
        400,
        'strict decoding error: unknown field "spec.odd"',
    )
    claim = {"metadata": {"name": "c"}, "spec": {"odd": 1}}
    status, answer, _ = await client.ask("POST", CLAIMS, claim, fieldValidation="Strict")
    assert answer["message"] == (
        'PersistentVolumeClaim in version "v1" cannot be handled as a PersistentVolumeClaim: strict decoding '
        'error: unknown field "spec.odd"'
    )


async def test_a_dry_run_leaves_nothing(api: Api, client: Client, lantern: Make) -> None:
    before = api.revision
    status, made, _ = await client.ask("POST", BASE, lantern("a"), dryRun="All")
    assert status == 201
    assert made["metadata"]["uid"]
    assert "resourceVersion" not in made["metadata"]
    status, answer, _ = await client.ask("POST", BASE, lantern("a", policy="Keep"), dryRun="All")
    assert status == 422
    status, answer, _ = await client.ask("POST", BASE, lantern("a"), dryRun="Some")
    assert answer["message"] == (
        'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: "Some": supported values: "All"'
    )
    assert api.revision == before


@pytest.mark.parametrize("in_body", [False, True])
async def test_a_dry_run_deletes_nothing(api: Api, client: Client, lantern: Make, in_body: bool) -> None:
    """A misspelt dryRun is refused: ignored, it would delete."""
    api.create(LANTERNS, lantern("a"))

    for value, expected in (("All", 200), ("all", 422)):
        if in_body:
            status, _, _ = await client.ask("DELETE", f"{BASE}/a", {"dryRun": [value]})
        else:
            status, _, _ = await client.ask("DELETE", f"{BASE}/a", dryRun=value)
        assert status == expected
    assert api.find(LANTERNS, "a", "default") is not None


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_an_undeletable_namespace(client: Client, name: str) -> None:
    assert await client.refusal("DELETE", f"/api/v1/namespaces/{name}") == (
        403,
        f'namespaces "{name}" is forbidden: this namespace may not be deleted',
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            {"resourceVersionMatch": "Exactly", "resourceVersion": "1"},
            'Unsupported value: "Exactly": supported values: "Exact", "NotOlderThan", ""',
        ),
        (
            {"resourceVersionMatch": "Exact", "resourceVersion": "0"},
            'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        (
            {"resourceVersionMatch": "Exact"},
            "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
    ],
)
async def test_a_revision_that_cannot_be_matched(client: Client, query: dict[str, str], words: str) -> None:
    assert await client.refusal("GET", CLAIMS, **query) == (
        422,
        f'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: {words}',
    )


async def test_a_body_in_an_unsupported_format(client: Client) -> None:
    status, answer, _ = await client.ask("POST", CLAIMS, b"<claim/>", kind="application/xml")
    assert (status, answer["reason"]) == (415, "UnsupportedMediaType")
    assert answer["message"] == (
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        "application/yaml, application/vnd.kubernetes.protobuf"
    )


@pytest.mark.parametrize("written", ["json", "yaml"])
async def test_an_applied_configuration_is_yaml_or_json(client: Client, lantern: Make, written: str) -> None:
    """JSON is YAML as well, and most programs send it with that content type."""
    text = json.dumps(lantern("a")) if written == "json" else yaml.safe_dump(lantern("a"))

    kind = "application/apply-patch+yaml"
    status, _, _ = await client.ask("PATCH", f"{BASE}/a", text.encode(), kind=kind, fieldManager="tester")
    assert status == 201


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
    assert (listed["kind"], set(listed["items"][0])) == (
        "PartialObjectMetadataList",
        {"kind", "apiVersion", "metadata"},
    )
    status, _, _ = await client.ask("GET", BASE, accept="application/vnd.kubernetes.protobuf")
    assert status == 406


async def test_every_built_in_kind_has_a_table(api: Api, client: Client) -> None:
    for resource in api.resources():
        root = f"/apis/{resource.group}" if resource.group else "/api"
        status, table, _ = await client.ask("GET", f"{root}/{resource.version}/{resource.plural}", accept=TABLE)
        assert status == 200
        assert "Name" in [column["name"] for column in table["columnDefinitions"]]
        assert all(len(row["cells"]) == len(table["columnDefinitions"]) for row in table["rows"])


async def test_discovery(client: Client) -> None:
    groups = (await client.ask("GET", "/apis"))[1]["groups"]
    assert {"name": "light.example.org"}.items() <= groups[-1].items()
    assert groups[-1]["preferredVersion"] == {"groupVersion": "light.example.org/v1", "version": "v1"}
    listed = (await client.ask("GET", "/apis/light.example.org/v1"))[1]["resources"]
    assert [each["name"] for each in listed] == ["lanterns", "lanterns/status", "badges"]
    assert (await client.ask("GET", "/version"))[1]["gitVersion"].startswith("v1.33.")
    for path in ("/healthz", "/readyz", "/livez"):
        assert (await client.ask("GET", path))[:2] == (200, "ok")

    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    _, document, headers = await client.ask("GET", "/apis", accept=accept)
    assert headers["Content-Type"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    described = document["items"][-1]["versions"][0]["resources"][0]
    assert (described["resource"], described["scope"]) == ("lanterns", "Namespaced")
    assert described["subresources"][0]["subresource"] == "status"

    index = (await client.ask("GET", "/openapi/v3"))[1]["paths"]
    where = index["apis/light.example.org/v1"]["serverRelativeURL"]
    document = (await client.ask("GET", where))[1]
    patch = document["paths"]["/apis/light.example.org/v1/namespaces/{namespace}/lanterns/{name}"]["patch"]
    assert "fieldValidation" in [each["name"] for each in patch["parameters"]]
    assert "org.example.light.v1.Lantern" in document["components"]["schemas"]
    assert "definitions" in (await client.ask("GET", "/openapi/v2"))[1]


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
    assert (await client.refusal("GET", f"{base}/pods/p/log", container="c"))[
        1
    ] == "pod p does not have a host assigned"
    api.patch("pods", "p", "default", {"spec": {"nodeName": "n"}})
    assert (await client.refusal("GET", f"{base}/pods/p/log"))[
        1
    ] == "a container name must be specified for pod p, choose one of: [c d]"
    assert (await client.ask("GET", f"{base}/pods/p/log", container="c", tailLines="3"))[1] == "p/c tail=3\n"

    assert (await client.refusal("GET", f"{base}/pods/p/log", container="c", previous="true"))[
        1
    ] == 'previous terminated container "c" in pod "p" not found'
    assert (await client.refusal("GET", f"{base}/pods/p/log", container="c", sinceSeconds="0"))[1] == (
        'PodLogOptions "" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0'
    )

    for name in ("s", "s:80", "s:web", "http:s:80"):
        assert (await client.ask("GET", f"{base}/services/{name}/proxy/v1/x", q="1"))[1] == {
            "path": "/v1/x",
            "query": {"q": "1"},
        }
    status, answer, _ = await client.ask("GET", f"{base}/services/s:81/proxy/")
    assert (status, answer["reason"]) == (503, "ServiceUnavailable")


async def test_collections_are_deleted_by_selector(api: Api, client: Client, lantern: Make) -> None:
    for name in ("a", "b"):
        api.create(LANTERNS, lantern(name, metadata={"labels": {"name": name}}))

    status, answer, _ = await client.ask("DELETE", BASE, labelSelector="name=a")
    assert (status, [each["metadata"]["name"] for each in answer["items"]]) == (200, ["a"])
    assert [each["metadata"]["name"] for each in api.list(LANTERNS)] == ["b"]
