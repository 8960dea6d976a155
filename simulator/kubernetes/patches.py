"""Patches as Kubernetes applies them: merge patch (RFC 7396) and JSON patch (RFC 6902) in the server's dialect."""

from typing import Any

from simulator.kubernetes.errors import ApiError, bad_request, patch_failed
from simulator.kubernetes.resources import copy_of

OPERATIONS_LIMIT = 10_000


def merge(target: Any, patch: Any) -> Any:
    """`target` with the merge patch applied: null deletes, maps are merged, everything else replaces."""
    if not isinstance(patch, dict):
        return copy_of(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def json_patch(document: Any, operations: list[Any]) -> Any:
    """`document` with the operations applied to a copy.

    As in the API server's library, `replace` and `add` on an absent key of an existing map add it, and `remove` of an
    absent key fails. Raises ApiError 422 when an operation fails, 400 when it is malformed, 413 when there are too
    many.
    """
    if len(operations) > OPERATIONS_LIMIT:
        message = f"The allowed maximum operations in a JSON patch is {OPERATIONS_LIMIT}, got {len(operations)}"
        raise ApiError(413, "RequestEntityTooLarge", message)
    result = copy_of(document)
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad_request("error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Operation")
        result = _apply(result, operation)
    return result


def _apply(document: Any, operation: dict[str, Any]) -> Any:
    kind, path = operation.get("op"), operation.get("path")
    if not isinstance(kind, str) or not isinstance(path, str) or (path and not path.startswith("/")):
        raise patch_failed()
    tokens = _tokens(path)
    if kind in {"add", "replace"}:
        if "value" not in operation:
            raise patch_failed()
        return _put(document, tokens, copy_of(operation["value"]), insert=kind == "add")
    if kind == "remove":
        _take(document, tokens)
        return document
    if kind == "test":
        if _look(document, tokens, missing_is_null=True) != operation.get("value"):
            raise patch_failed()
        return document
    if kind in {"move", "copy"} and isinstance(operation.get("from"), str):
        source = _tokens(operation["from"])
        value = _take(document, source) if kind == "move" else copy_of(_look(document, source))
        return _put(document, tokens, value, insert=True)
    raise patch_failed()


def _tokens(path: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]


def _look(document: Any, tokens: list[str], *, missing_is_null: bool = False) -> Any:
    for place, token in enumerate(tokens):
        if isinstance(document, dict):
            if token not in document:
                if missing_is_null and place == len(tokens) - 1:
                    return None
                raise patch_failed()
            document = document[token]
        elif isinstance(document, list):
            document = document[_index(document, token)]
        else:
            raise patch_failed()
    return document


def _index(items: list[Any], token: str, *, end: bool = False) -> int:
    if not token.lstrip("-").isdigit():
        raise patch_failed()
    index = int(token)
    if index < 0:
        index += len(items)
    if not 0 <= index < len(items) + (1 if end else 0):
        raise patch_failed()
    return index


def _put(document: Any, tokens: list[str], value: Any, *, insert: bool) -> Any:
    if not tokens:
        return value
    parent, last = _look(document, tokens[:-1]), tokens[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        if not insert:
            parent[_index(parent, last)] = value
        elif last == "-":
            parent.append(value)
        else:
            parent.insert(_index(parent, last, end=True), value)
    else:
        raise patch_failed()
    return document


def _take(document: Any, tokens: list[str]) -> Any:
    if not tokens:
        raise patch_failed()
    parent, last = _look(document, tokens[:-1]), tokens[-1]
    if isinstance(parent, dict) and last in parent:
        return parent.pop(last)
    if isinstance(parent, list):
        return parent.pop(_index(parent, last))
    raise patch_failed()
