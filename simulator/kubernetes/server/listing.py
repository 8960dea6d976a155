"""Lists: selectors, pages, and the forms in which they are shown."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError, bad_request, field_forbidden, invalid, not_supported
from simulator.kubernetes.objects import key_of
from simulator.kubernetes.resources import Obj, Resource
from simulator.kubernetes.selectors import Predicate, field_selector, label_selector
from simulator.kubernetes.server.paths import Target
from simulator.kubernetes.server.tables import Tables, metadata_only
from simulator.kubernetes.server.watching import Watch, WatchOptions, default_timeout
from simulator.kubernetes.server.wire import Rendering, flag, rendering, reply, whole_number
from simulator.kubernetes.store import Stored, encode

Query = Mapping[str, str]

LATEST = -1

MATCHES = ("Exact", "NotOlderThan")

EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True)
class _Page:
    """Where a list continues: at `revision` (LATEST: at the newest), after `key`."""

    revision: int
    key: tuple[str, str]

    def token(self) -> str:
        """The page as a `continue` parameter."""
        state = json.dumps({"v": "meta.k8s.io/v1", "rv": self.revision, "start": list(self.key)})
        return base64.urlsafe_b64encode(state.encode()).decode().rstrip("=")


def _page(token: str) -> _Page:
    try:
        state = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, name = state["start"]
        return _Page(int(state["rv"]), (namespace, name))
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"continue key is not valid: {error}") from error


def matcher(resource: Resource, query: Query, name: str = "") -> Predicate:
    """The predicate of the query's selectors; `name` restricts to one object."""
    found = [label_selector(query.get("labelSelector", "")), field_selector(resource, query.get("fieldSelector", ""))]
    predicates = [each for each in found if each is not None]
    if name:
        predicates.append(lambda obj: obj["metadata"]["name"] == name)
    return lambda obj: all(matches(obj) for matches in predicates)


def revision_of(text: str) -> int | None:
    """A resourceVersion parameter: None when absent or 0. Raises ApiError 400."""
    if text in {"", "0"}:
        return None
    if not text.isdigit():
        raise bad_request(f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax')
    return int(text)


def refuse_future(api: Api, revision: int) -> None:
    """Raises ApiError 504 for a revision that does not exist yet."""
    if revision > api.revision:
        details: Obj = {
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }
        message = f"Timeout: Too large resource version: {revision}, current: {api.revision}"
        raise ApiError(504, "Timeout", message, details)


def list_objects(api: Api, tables: Tables, target: Target, query: Query, accept: str) -> web.Response:
    """GET of a collection."""
    resource = target.resource
    shown = rendering(accept)
    matches = matcher(resource, query, target.name)
    limit = whole_number(query, "limit") or 0
    page = _page(query["continue"]) if query.get("continue") else None
    found, revision = _revisions(api, target, query, page)
    found = [stored for stored in found if matches(stored.object)]
    if page is not None:
        found = [stored for stored in found if key_of(stored.object) > page.key]
    metadata: Obj = {"resourceVersion": str(revision)}
    if 0 < limit < len(found):
        metadata["continue"] = _Page(revision, key_of(found[limit - 1].object)).token()
        if not (query.get("labelSelector") or query.get("fieldSelector")):
            metadata["remainingItemCount"] = len(found) - limit
        found = found[:limit]
    found = list(api.decisions.listed(resource, found))
    return reply(_rendered(resource, tables, shown, found, metadata, query.get("includeObject", "Metadata")))


def _revisions(api: Api, target: Target, query: Query, page: _Page | None) -> tuple[list[Stored], int]:
    requested = revision_of(query.get("resourceVersion", ""))
    match = query.get("resourceVersionMatch", "")
    if match and "resourceVersion" not in query:
        raise _match_forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided")
    if match and match not in MATCHES:
        wrong = not_supported("resourceVersionMatch", match, (*MATCHES, ""))
        raise invalid("ListOptions", "meta.k8s.io", "", [wrong])
    if match == "Exact" and requested is None:
        raise _match_forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"')
    if requested is not None:
        refuse_future(api, requested)
    revision = page.revision if page else requested if match == "Exact" else None
    if revision is None or revision == LATEST:
        return api.store.all(target.resource, target.namespace), api.revision
    found = api.store.at(target.resource, revision, target.namespace)
    if found is None:
        if page is None:
            raise ApiError(410, "Expired", f"The resourceVersion for the provided list is too old: {revision}")
        expired = ApiError(410, "Expired", EXPIRED)
        expired.continuation = _Page(LATEST, page.key).token()
        raise expired
    return found, revision


def _match_forbidden(why: str) -> ApiError:
    return invalid("ListOptions", "meta.k8s.io", "", [field_forbidden("resourceVersionMatch", why)])


def _rendered(
    resource: Resource, tables: Tables, shown: Rendering, found: list[Stored], metadata: Obj, include: str
) -> bytes | Obj:
    if shown.kind == "Table":
        return tables.table(shown, resource, found, include, metadata)
    if shown.kind == "PartialObjectMetadata":
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": shown.api_version,
            "metadata": metadata,
            "items": [metadata_only(stored, shown.version) for stored in found],
        }
    head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": metadata}
    items = b",".join(stored.encoded_item(resource) for stored in found)
    return encode(head)[:-1] + b',"items":[' + items + b"]}"


def new_watch(api: Api, tables: Tables, target: Target, query: Query, accept: str) -> Watch:
    """The watch of a GET with `watch`. Raises ApiError for options that do not fit."""
    revision = revision_of(query.get("resourceVersion", ""))
    if revision is not None:
        refuse_future(api, revision)
    initial = flag(query.get("sendInitialEvents"))
    if "sendInitialEvents" in query and query.get("resourceVersionMatch") != "NotOlderThan":
        raise _match_forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
    bookmarks = flag(query.get("allowWatchBookmarks"))
    options = WatchOptions(
        namespace=target.namespace,
        matches=matcher(target.resource, query, target.name),
        revision=None if initial else revision,
        bookmarks=bookmarks,
        initial_bookmark=initial and bookmarks,
        timeout=float(whole_number(query, "timeoutSeconds") or default_timeout()),
        rendering=rendering(accept),
        include=query.get("includeObject", "Metadata"),
    )
    return Watch(api, target.resource, options, tables)
