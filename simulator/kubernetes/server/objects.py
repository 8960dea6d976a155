"""Reading, writing and deleting single objects, and deleting collections."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from simulator.kubernetes import patches, schema
from simulator.kubernetes.api import Api
from simulator.kubernetes.apply import server_side_apply
from simulator.kubernetes.deletion import Deletion
from simulator.kubernetes.errors import FieldError, bad_request, details_of, field_forbidden, invalid, not_supported
from simulator.kubernetes.metadata import tidy
from simulator.kubernetes.resources import Obj, Resource, copy_of
from simulator.kubernetes.server.listing import matcher, refuse_future, revision_of
from simulator.kubernetes.server.paths import Target
from simulator.kubernetes.server.tables import Tables, metadata_only
from simulator.kubernetes.server.wire import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Body,
    decode,
    flag,
    rendering,
    reply,
    unsupported_media_type,
    whole_number,
)
from simulator.kubernetes.store import Stored, encode
from simulator.kubernetes.strategic_merge import strategic_merge

VALIDATIONS = ("Ignore", "Warn", "Strict")


@dataclass(frozen=True)
class Write:
    """The options of a write: manager, dry run, and how unknown fields are treated."""

    manager: str
    dry_run: bool
    validation: str
    force: bool


def write_options(request: web.Request, kind: str) -> Write:
    """Read the options from the query. Raises ApiError 422 for an unsupported value."""
    query = request.query
    wrong: list[FieldError] = []
    dry_run = query.getall("dryRun", [])
    if any(each != "All" for each in dry_run):
        wrong.append(not_supported("dryRun", ",".join(dry_run), ("All",)))
    validation = query.get("fieldValidation", "") or "Warn"
    if validation not in VALIDATIONS:
        wrong.append(not_supported("fieldValidation", validation, VALIDATIONS))
    if "force" in query and request.content_type != APPLY_PATCH:
        wrong.append(field_forbidden("force", "may not be specified for non-apply patch"))
    if wrong:
        raise invalid(kind, "meta.k8s.io", "", wrong)
    agent = request.headers.get("User-Agent", "").split("/")[0]
    manager = query.get("fieldManager", "") or ("" if request.content_type == APPLY_PATCH else agent)
    return Write(manager, bool(dry_run), validation, flag(query.get("force")))


class Objects:
    """The verbs on objects of one API."""

    def __init__(self, api: Api, tables: Tables) -> None:
        self._api = api
        self._tables = tables

    def read(self, request: web.Request, target: Target) -> web.Response:
        """GET of an object."""
        revision = revision_of(request.query.get("resourceVersion", ""))
        if revision is not None:
            refuse_future(self._api, revision)
        stored = self._api.stored(target.resource.key, target.name, target.namespace)
        return self._show(request, target, stored)

    async def create(self, request: web.Request, target: Target) -> web.Response:
        """POST to a collection."""
        options = write_options(request, "CreateOptions")
        body = decode(await request.read(), request.content_type)
        obj = self._checked(target, body.value)
        warnings = self._unknown(target.resource, body, options)
        stored = self._api.insert(target.resource.key, obj, manager=options.manager, dry_run=options.dry_run)
        return self._show(request, target, stored, 201, warnings)

    async def replace(self, request: web.Request, target: Target) -> web.Response:
        """PUT of an object or of a part of it."""
        options = write_options(request, "UpdateOptions")
        body = decode(await request.read(), request.content_type)
        obj = self._checked(target, body.value)
        self._refuse_unconditional(target, obj)
        warnings = self._unknown(target.resource, body, options)
        self._api.stored(target.resource.key, target.name, target.namespace)
        stored = self._api.replace(
            target.resource.key, obj, subresource=target.subresource, manager=options.manager, dry_run=options.dry_run
        )
        return self._show(request, target, stored, warnings=warnings)

    async def patch(self, request: web.Request, target: Target) -> web.Response:
        """PATCH of an object or of a part of it, in any of the formats."""
        options = write_options(request, "PatchOptions")
        resource = target.resource
        accepted = (JSON_PATCH, MERGE_PATCH, *((STRATEGIC_PATCH,) if resource.builtin else ()), APPLY_PATCH)
        kind = request.content_type
        if kind not in accepted:
            raise unsupported_media_type(accepted)
        body = decode(await request.read(), kind)
        if kind == APPLY_PATCH:
            return self._apply(request, target, body, options)
        stored = self._api.stored(resource.key, target.name, target.namespace)
        if isinstance(body.value, list) is not (kind == JSON_PATCH):
            raise bad_request(
                f"error decoding patch: json: cannot unmarshal {schema.json_type(body.value)} into Go value"
            )
        new = _patched({**stored.object, "apiVersion": resource.api_version}, body.value, kind)
        checked = self._checked(target, copy_of(new))
        warnings = self._unknown(resource, Body(new, body.duplicates), options)
        written = self._api.write(
            self._api.resource(resource.key),
            stored,
            checked,
            subresource=target.subresource,
            manager=options.manager,
            dry_run=options.dry_run,
        )
        return self._show(request, target, written, warnings=warnings)

    def _apply(self, request: web.Request, target: Target, body: Body, options: Write) -> web.Response:
        resource = target.resource
        config = copy_of(self._checked(target, body.value))
        warnings = self._unknown(resource, body, options)
        schema.prune(resource.schema, config)
        current = self._api.store.find(resource, (target.namespace, target.name))
        written = server_side_apply(
            self._api,
            self._api.resource(resource.key),
            current,
            config,
            manager=options.manager,
            force=options.force,
            subresource=target.subresource,
            dry_run=options.dry_run,
        )
        return self._show(request, target, written, 200 if current else 201, warnings)

    async def delete(self, request: web.Request, target: Target) -> web.Response:
        """DELETE of an object."""
        deletion = await _deletion(request)
        stored, gone = self._api.remove(target.resource.key, target.name, target.namespace, deletion)
        if not gone or self._api.strategy(target.resource).answers_object:
            return self._show(request, target, stored)
        uid = stored.object["metadata"]["uid"]
        details = details_of(target.name, target.resource.group, target.resource.plural, uid=uid)
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return reply(status)

    async def delete_collection(self, request: web.Request, target: Target) -> web.Response:
        """DELETE of a collection: answers with the deleted objects."""
        deletion = await _deletion(request)
        resource = target.resource
        matches = matcher(resource, request.query)
        chosen = [each for each in self._api.store.all(resource, target.namespace) if matches(each.object)]
        items: list[Obj] = []
        for stored in chosen:
            metadata = stored.object["metadata"]
            last, _ = self._api.remove(resource.key, metadata["name"], metadata.get("namespace", ""), deletion)
            items.append(last.complete())
        metadata = {"resourceVersion": str(self._api.revision)}
        kind = f"{resource.kind}List"
        return reply({"kind": kind, "apiVersion": resource.api_version, "metadata": metadata, "items": items})

    def _checked(self, target: Target, value: Any) -> Obj:
        """The body with name and namespace of the path. Raises ApiError 400 if they or the kind differ."""
        resource = target.resource
        if not isinstance(value, dict) or not isinstance(value.get("metadata", {}), dict):
            raise bad_request("Object 'Kind' is missing in the body of the request")
        if not resource.builtin:
            for field, shown in (("kind", "Kind"), ("apiVersion", "apiVersion")):
                if not value.get(field):
                    raise bad_request(f"Object '{shown}' is missing in '{encode(value).decode()}'")
        obj = dict(value)
        given = obj["metadata"] = dict(obj.get("metadata") or {})
        version, kind = obj.get("apiVersion") or resource.api_version, obj.get("kind") or resource.kind
        if version != resource.api_version:
            expected = f"the expected API version ({resource.api_version})"
            raise bad_request(f"the API version in the data ({version}) does not match {expected}")
        if kind != resource.kind:
            raise bad_request(f"the kind in the data ({kind}) does not match the expected kind ({resource.kind})")
        if target.name and (given.get("name") or target.name) != target.name:
            named = f"the name of the object ({given['name']})"
            raise bad_request(f"{named} does not match the name on the URL ({target.name})")
        if target.namespace and (given.get("namespace") or target.namespace) != target.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        given |= {key: of for key, of in (("name", target.name), ("namespace", target.namespace)) if of}
        return obj

    def _refuse_unconditional(self, target: Target, obj: Obj) -> None:
        resource = target.resource
        if not resource.builtin and not obj["metadata"].get("resourceVersion"):
            self._api.stored(resource.key, target.name, target.namespace)
            body = "Invalid value: 0: must be specified for an update"
            raise invalid(resource.plural, resource.group, target.name, [FieldError("metadata.resourceVersion", body)])

    def _unknown(self, resource: Resource, body: Body, options: Write) -> tuple[str, ...]:
        """The warnings about unknown and duplicate fields; with Strict they are an error."""
        if options.validation == "Ignore" or not isinstance(body.value, dict):
            return ()
        copied = copy_of(body.value)
        _, unknown = tidy(copied.get("metadata") or {})
        found = [f'duplicate field "{path}"' for path in body.duplicates]
        found += [f'unknown field "metadata.{field}"' for field in unknown]
        if resource.schema:
            found += [f'unknown field "{path}"' for path in schema.prune(resource.schema, copied)]
        if found and options.validation == "Strict":
            message = f"strict decoding error: {', '.join(found)}"
            if resource.builtin:
                kind = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
                message = f"{kind}: {message}"
            raise bad_request(message)
        return tuple(found)

    def _show(
        self, request: web.Request, target: Target, stored: Stored, status: int = 200, warnings: tuple[str, ...] = ()
    ) -> web.Response:
        shown = rendering(request.headers.get("Accept", ""))
        resource = stored.resource
        if shown.kind == "Table":
            include = request.query.get("includeObject", "Metadata")
            metadata = {"resourceVersion": str(stored.revision)}
            table = self._tables.table(shown, resource, [stored], include, metadata)
            return reply(table, status, warnings=warnings)
        if shown.kind == "PartialObjectMetadata":
            return reply(metadata_only(stored, shown.version), status, warnings=warnings)
        return reply(stored.encoded(target.resource), status, warnings=warnings)


def _patched(current: Obj, patch: Any, kind: str) -> Obj:
    if kind == JSON_PATCH:
        result = patches.json_patch(current, patch)
    else:
        result = strategic_merge(current, patch) if kind == STRATEGIC_PATCH else patches.merge(current, patch)
    if not isinstance(result, dict):
        raise bad_request("the patch leaves no object")
    return result


async def _deletion(request: web.Request) -> Deletion:
    data = await request.read()
    given: Mapping[str, Any] = {}
    if data.strip():
        decoded = decode(data, request.content_type).value
        given = decoded if isinstance(decoded, dict) else {}
    preconditions = given.get("preconditions") or {}
    query = request.query
    grace = whole_number(query, "gracePeriodSeconds")
    if grace is None:
        grace = given.get("gracePeriodSeconds")
    if not isinstance(preconditions, dict) or not isinstance(grace, int | None):
        raise bad_request("DeleteOptions in the body of the request cannot be decoded")
    dry_run = query.getall("dryRun", []) or given.get("dryRun") or []
    if not isinstance(dry_run, list) or any(each != "All" for each in dry_run):
        # Ignored, it would really delete.
        raise invalid("DeleteOptions", "meta.k8s.io", "", [not_supported("dryRun", str(dry_run[0]), ("All",))])
    propagation = query.get("propagationPolicy") or given.get("propagationPolicy") or ""
    if not propagation and (given.get("orphanDependents") or flag(query.get("orphanDependents"))):
        propagation = "Orphan"
    return Deletion(
        uid=preconditions.get("uid") or "",
        resource_version=preconditions.get("resourceVersion") or "",
        propagation=propagation,
        grace_seconds=grace,
        dry_run=bool(dry_run),
    )
