"""OpenAPI documents: as much as kubectl needs to validate, explain and discover."""

from collections.abc import Iterable
from typing import Any

from simulator.kubernetes.resources import Obj, Resource, copy_of

OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
REFERENCE_V3 = "#/components/schemas/"
REFERENCE_V2 = "#/definitions/"
PATCH_TYPES = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")


def schema_name(resource: Resource) -> str:
    """The name of a resource's schema in the documents."""
    if not resource.builtin:
        reverse = ".".join(reversed(resource.group.split(".")))
        return f"{reverse}.{resource.version}.{resource.kind}"
    group = resource.group.removesuffix(".k8s.io") or "core"
    if group == "apiextensions":
        return f"io.k8s.apiextensions-apiserver.pkg.apis.{group}.{resource.version}.{resource.kind}"
    return f"io.k8s.api.{group}.{resource.version}.{resource.kind}"


def _kind_of(resource: Resource) -> Obj:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _path(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def index(group_versions: Iterable[tuple[str, str]]) -> Obj:
    """GET /openapi/v3"""
    paths = [_path(group, version) for group, version in group_versions]
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}"} for path in paths}}


def _schema(resource: Resource, reference: str) -> Obj:
    described = copy_of(resource.schema) or {"type": "object"}
    metadata: Obj = {"$ref": f"{reference}{OBJECT_META}"}
    if reference == REFERENCE_V3:
        metadata = {"description": "Names, labels, annotations and what else every object has.", "allOf": [metadata]}
    properties: dict[str, Any] = {
        "apiVersion": {"type": "string", "description": "The version of the schema of this object."},
        "kind": {"type": "string", "description": "The kind of this object."},
        "metadata": metadata,
    }
    described["properties"] = {**properties, **described.get("properties", {})}
    described["properties"].update(properties)
    described["x-kubernetes-group-version-kind"] = [_kind_of(resource)]
    result: Obj = described
    return result


def _object_meta() -> Obj:
    text: Obj = {"type": "string"}
    texts: Obj = {"type": "object", "additionalProperties": {"type": "string"}}
    owner: Obj = {
        "type": "object",
        "properties": {
            **{name: dict(text) for name in ("apiVersion", "kind", "name", "uid")},
            "controller": {"type": "boolean"},
            "blockOwnerDeletion": {"type": "boolean"},
        },
    }
    properties: Obj = {
        name: dict(text) for name in ("name", "generateName", "namespace", "uid", "resourceVersion", "selfLink")
    }
    for name in ("creationTimestamp", "deletionTimestamp"):
        properties[name] = {"type": "string", "format": "date-time"}
    for name in ("generation", "deletionGracePeriodSeconds"):
        properties[name] = {"type": "integer", "format": "int64"}
    properties["labels"] = dict(texts)
    properties["annotations"] = dict(texts)
    properties["finalizers"] = {"type": "array", "items": dict(text), "x-kubernetes-patch-strategy": "merge"}
    properties["ownerReferences"] = {
        "type": "array",
        "items": owner,
        "x-kubernetes-patch-strategy": "merge",
        "x-kubernetes-patch-merge-key": "uid",
    }
    properties["managedFields"] = {"type": "array", "items": {"type": "object"}}
    return {"type": "object", "description": "Metadata that every object has.", "properties": properties}


def _query(name: str) -> Obj:
    return {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}


def _operations(resource: Resource, reference: str) -> tuple[str, Obj, Obj]:
    """The path of the collection, and the operations on collection and object."""
    kind = _kind_of(resource)
    reference_of = {"$ref": f"{reference}{schema_name(resource)}"}
    answer = {"200": {"description": "OK", "content": {"application/json": {"schema": reference_of}}}}
    writes = [_query(name) for name in ("dryRun", "fieldManager", "fieldValidation")]

    def operation(action: str, parameters: list[Obj]) -> Obj:
        return {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": kind,
            "parameters": parameters,
            "responses": answer,
        }

    patch = operation("patch", [*writes, _query("force")])
    patch["requestBody"] = {"content": {each: {"schema": {"type": "object"}} for each in PATCH_TYPES}}
    base = f"/{_path(resource.group, resource.version)}"
    place = "/namespaces/{namespace}" if resource.namespaced else ""
    collection = {"get": operation("list", []), "post": operation("post", writes)}
    single = {
        "get": operation("get", []),
        "put": operation("put", writes),
        "patch": patch,
        "delete": operation("delete", [_query("dryRun")]),
    }
    return f"{base}{place}/{resource.plural}", collection, single


def document_v3(resources: Iterable[Resource]) -> Obj:
    """GET /openapi/v3/apis/<group>/<version>"""
    paths: Obj = {}
    schemas: Obj = {OBJECT_META: _object_meta()}
    for resource in resources:
        path, collection, single = _operations(resource, REFERENCE_V3)
        paths[path] = collection
        paths[f"{path}/{{name}}"] = single
        schemas[schema_name(resource)] = _schema(resource, REFERENCE_V3)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.33.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def document_v2(resources: Iterable[Resource]) -> Obj:
    """GET /openapi/v2"""
    paths: Obj = {}
    definitions: Obj = {OBJECT_META: _object_meta()}
    for resource in resources:
        definitions[schema_name(resource)] = _schema(resource, REFERENCE_V2)
        path, _, _ = _operations(resource, REFERENCE_V2)
        kind = _kind_of(resource)
        parameters = [
            {"name": name, "in": "query", "type": "string", "uniqueItems": True}
            for name in ("dryRun", "fieldManager", "fieldValidation")
        ]
        answers = {"200": {"description": "OK", "schema": {"$ref": f"{REFERENCE_V2}{schema_name(resource)}"}}}
        operation = {"x-kubernetes-group-version-kind": kind, "parameters": parameters, "responses": answers}
        paths[f"{path}/{{name}}"] = {"patch": {**operation, "x-kubernetes-action": "patch"}}
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": "v1.33.0"},
        "paths": paths,
        "definitions": definitions,
    }
