"""Strategic merge patch, which merges the lists of built-in kinds item by item."""

from typing import Any

from simulator.kubernetes.managedfields import ITEM_KEYS
from simulator.kubernetes.resources import Obj, copy_of

SET_FIELDS = frozenset({"finalizers"})
"""Lists of plain values that are merged as sets."""

DELETE_FROM = "$deleteFromPrimitiveList/"
ORDER = "$setElementOrder/"
RETAIN = "$retainKeys"
DIRECTIVE = "$patch"


def strategic_merge(target: Any, patch: Any) -> Any:
    """`target` with the patch applied; neither is changed."""
    if not isinstance(patch, dict):
        return copy_of(patch)
    result: Obj = dict(target) if isinstance(target, dict) else {}
    if patch.get(DIRECTIVE) == "replace":
        return {key: copy_of(value) for key, value in patch.items() if key != DIRECTIVE}
    if patch.get(DIRECTIVE) == "delete":
        return {}
    if RETAIN in patch:
        result = {key: value for key, value in result.items() if key in patch[RETAIN]}
    for key, value in patch.items():
        if key.startswith(DELETE_FROM):
            field = key.removeprefix(DELETE_FROM)
            result[field] = [item for item in result.get(field) or () if item not in value]
        elif value is None:
            result.pop(key, None)
        elif not key.startswith("$"):
            result[key] = _merge_value(key, result.get(key), value)
    _apply_order(result, patch)
    return result


def _apply_order(result: Obj, patch: Obj) -> None:
    for key, order in patch.items():
        field = key.removeprefix(ORDER)
        if key.startswith(ORDER) and isinstance(result.get(field), list):
            result[field] = _ordered(field, result[field], order)


def _merge_value(field: str, target: Any, patch: Any) -> Any:
    return _merge_list(field, target or [], patch) if isinstance(patch, list) else strategic_merge(target, patch)


def _merge_list(field: str, target: list[Any], patch: list[Any]) -> list[Any]:
    if field in SET_FIELDS:
        return [*target, *(item for item in patch if item not in target)]
    if field not in ITEM_KEYS or not all(isinstance(item, dict) for item in patch):
        return list(copy_of(patch))
    if any(set(item) == {DIRECTIVE} and item[DIRECTIVE] == "replace" for item in patch):
        return [copy_of(item) for item in patch if DIRECTIVE not in item]
    result = list(target)
    for item in patch:
        place = _place(field, result, item)
        if item.get(DIRECTIVE) == "delete":
            if place is not None:
                del result[place]
        elif place is None:
            result.append(copy_of(item))
        else:
            result[place] = strategic_merge(result[place], item)
    return result


def _identity(field: str, item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    return next((item[key] for key in ITEM_KEYS[field] if key in item), None)


def _place(field: str, items: list[Any], wanted: Any) -> int | None:
    identity = _identity(field, wanted)
    return next((index for index, item in enumerate(items) if _identity(field, item) == identity), None)


def _ordered(field: str, items: list[Any], order: list[Any]) -> list[Any]:
    """`items` in the order of `order`, the others after them."""
    if field not in ITEM_KEYS and field not in SET_FIELDS:
        return items
    wanted = [item if field in SET_FIELDS else _identity(field, item) for item in order]

    def rank(item: Any) -> int:
        identity = item if field in SET_FIELDS else _identity(field, item)
        return wanted.index(identity) if identity in wanted else len(wanted)

    return sorted(items, key=rank)
