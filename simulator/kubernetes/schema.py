"""Structural schemas (OpenAPI v3): pruning, defaults, validation, and the rules that stand for CEL."""

import re
from datetime import datetime
from typing import Any

from simulator.kubernetes import errors
from simulator.kubernetes.errors import FieldError
from simulator.kubernetes.resources import Obj, Resource, at, copy_of

BLOCKING = frozenset(
    {"FieldValueRequired", "FieldValueNotSupported", "FieldValueTypeInvalid", "FieldValueTooLong", "FieldValueTooMany"}
)
"""Errors after which the server does not run the rules."""

_UNCHECKED = FieldError(
    "<nil>",
    'Invalid value: "null": some validation rules were not checked because the object was invalid; '
    "correct the existing errors to complete validation",
)
_ROOT = frozenset({"apiVersion", "kind", "metadata"})


def prune(schema: Obj, value: Any, path: str = "") -> list[str]:
    """Drop what the schema does not know, and nulls that it does not allow, from `value` in place.

    Returns the paths of the unknown fields.
    """
    unknown: list[str] = []
    if isinstance(value, list):
        items = schema.get("items", {})
        for index, item in enumerate(value):
            unknown += prune(items, item, f"{path}[{index}]")
        return unknown
    if not isinstance(value, dict):
        return unknown
    properties = schema.get("properties", {})
    additional = schema.get("additionalProperties")
    keeps = schema.get("x-kubernetes-preserve-unknown-fields") or (not schema) or additional is True
    for key in list(value):
        below = f"{path}.{key}" if path else key
        if not path and key in _ROOT:
            continue
        if key in properties:
            known = properties[key]
            if value[key] is None and not known.get("nullable"):
                del value[key]
            else:
                unknown += prune(known, value[key], below)
        elif isinstance(additional, dict):
            unknown += prune(additional, value[key], below)
        elif not keeps:
            unknown.append(below)
            del value[key]
    return unknown


def fill_defaults(schema: Obj, value: Any) -> None:
    """Put the schema's defaults into `value`, in place."""
    if isinstance(value, list):
        for item in value:
            fill_defaults(schema.get("items", {}), item)
    elif isinstance(value, dict):
        for key, known in schema.get("properties", {}).items():
            if key not in value and "default" in known:
                value[key] = copy_of(known["default"])
            if key in value:
                fill_defaults(known, value[key])
        additional = schema.get("additionalProperties")
        if isinstance(additional, dict):
            for key, item in value.items():
                if key not in schema.get("properties", {}):
                    fill_defaults(additional, item)


def shape(schema: Obj, new: Obj, old: Obj | None) -> None:
    """Prune an object and fill its defaults in, in place; parts that equal those of `old` are shaped already.

    Without a schema an object stays as it is.
    """
    if not schema:
        return
    old = old or {}
    fresh = {key: value for key, value in new.items() if key not in old or old[key] != value}
    given = set(fresh)
    prune(schema, fresh)
    fill_defaults(schema, fresh)
    for key in given - fresh.keys():
        del new[key]
    new.update({key: value for key, value in fresh.items() if key in given or key not in new})


def refuse_undecodable(served: Resource, new: Obj) -> None:
    """Raises ApiError 400 for a built-in kind with a value of the wrong type, which cannot be decoded."""
    wrong = validate(served.schema, new) if served.builtin else ()
    if wrong:
        kind = f'{served.kind} in version "{served.version}" cannot be handled as a {served.kind}'
        raise errors.bad_request(f"{kind}: json: cannot unmarshal: {wrong[0]}")


def violations(resource: Resource, new: Obj, old: Obj | None) -> list[FieldError]:
    """Everything that is wrong with a custom resource; on update, unchanged parts are not checked again."""
    found = validate(resource.schema, new, old)
    if any(error.reason in BLOCKING for error in found):
        return [*found, _UNCHECKED] if resource.rules else found
    return found + broken_rules(resource, new, old)


def broken_rules(resource: Resource, new: Obj, old: Obj | None) -> list[FieldError]:
    """The rules that the object breaks."""
    found: list[FieldError] = []
    for rule in resource.rules:
        value, before = at(new, rule.path), at(old, rule.path)
        if value is None or (rule.transition and before is None):
            continue
        if not rule.transition and before is not None and before == value:
            continue
        if not rule.check(value, before):
            body = f'Invalid value: "{_type_at(resource.schema, rule.path)}": {rule.message}'
            found.append(FieldError(rule.path, body, rule.reason))
    return found


def _type_at(schema: Obj, path: str) -> str:
    for part in path.split("."):
        schema = schema.get("properties", {}).get(part, {})
    return str(schema.get("type", "object"))


def validate(schema: Obj, value: Any, old: Any = None, path: str = "") -> list[FieldError]:
    """The errors of `value` against the schema; a part that equals `old` is accepted."""
    if old is not None and value == old:
        return []
    if value is None and schema.get("nullable"):
        return []
    wrong = _type_error(schema, value, path)
    if wrong is not None:
        return [wrong]
    found = _scalar_errors(schema, value, path)
    if isinstance(value, list):
        found += _size_errors(schema, len(value), path, "Items", "items")
        for index, item in enumerate(value):
            found += validate(schema.get("items", {}), item, None, f"{path}[{index}]")
    elif isinstance(value, dict):
        found += _object_errors(schema, value, old if isinstance(old, dict) else {}, path)
    return found


def _object_errors(schema: Obj, value: Obj, old: Obj, path: str) -> list[FieldError]:
    properties = schema.get("properties", {})
    additional = schema.get("additionalProperties")
    found: list[FieldError] = []
    for key, item in value.items():
        below = f"{path}.{key}" if path else key
        if not path and key in _ROOT:
            continue
        if key in properties:
            found += validate(properties[key], item, old.get(key), below)
        elif isinstance(additional, dict):
            found += validate(additional, item, old.get(key), below)
    found += [
        errors.required(f"{path}.{key}" if path else key) for key in schema.get("required", ()) if key not in value
    ]
    return found + _alternative_errors(schema, value, path)


def _alternative_errors(schema: Obj, value: Obj, path: str) -> list[FieldError]:
    """`oneOf`, of which the alternatives only say which fields are required."""
    if "oneOf" not in schema:
        return []
    fitting = sum(all(key in value for key in each["required"]) for each in schema["oneOf"])
    if fitting == 1:
        return []
    seen = f"Found {fitting} valid alternatives" if fitting else "Found none valid"
    words = f'"{path}" must validate one and only one schema (oneOf). {seen}'
    return [FieldError("<nil>", f'Invalid value: "": {words}', "FieldValueInvalid")]


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def json_type(value: Any) -> str:
    """The name of a JSON value's type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for name, types in _TYPES.items():
        if isinstance(value, types):
            return name
    return "number"


def _type_error(schema: Obj, value: Any, path: str) -> FieldError | None:
    got = json_type(value)
    expected = schema.get("type")
    accepted = {expected}
    if schema.get("x-kubernetes-int-or-string"):
        expected, accepted = "integer,string", {"integer", "string"}
    elif expected == "number" or (isinstance(value, float) and value.is_integer()):
        accepted = {expected, "integer"} if expected == "number" else {expected, "number"}
    if expected is None or got in accepted:
        return None
    body = f'Invalid value: "{got}": {path} in body must be of type {expected}: "{got}"'
    return FieldError(path, body, "FieldValueTypeInvalid")


def _scalar_errors(schema: Obj, value: Any, path: str) -> list[FieldError]:
    found: list[FieldError] = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(errors.not_supported(path, value, schema["enum"]))
    if isinstance(value, str):
        found += _string_errors(schema, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if "minimum" in schema and value < schema["minimum"]:
            words = f"{path} in body should be greater than or equal to {schema['minimum']}"
            found.append(errors.invalid_value(path, value, words))
        if "maximum" in schema and value > schema["maximum"]:
            words = f"{path} in body should be less than or equal to {schema['maximum']}"
            found.append(errors.invalid_value(path, value, words))
    return found


def _string_errors(schema: Obj, value: str, path: str) -> list[FieldError]:
    found: list[FieldError] = []
    if len(value) < schema.get("minLength", 0):
        words = f"{path} in body should be at least {schema['minLength']} chars long"
        found.append(errors.invalid_value(path, value, words))
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        body = f"Too long: may not be more than {schema['maxLength']} bytes"
        found.append(FieldError(path, body, "FieldValueTooLong"))
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(errors.invalid_value(path, value, f"{path} in body should match '{schema['pattern']}'"))
    if schema.get("format") == "date-time" and not _is_time(value):
        words = f'{path} in body must be of type date-time: "{value}"'
        found.append(errors.invalid_value(path, value, words))
    return found


def _is_time(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _size_errors(schema: Obj, size: int, path: str, what: str, word: str) -> list[FieldError]:
    found: list[FieldError] = []
    if size < schema.get(f"min{what}", 0):
        words = f"{path} in body should have at least {schema[f'min{what}']} {word}"
        found.append(errors.invalid_value(path, size, words))
    if f"max{what}" in schema and size > schema[f"max{what}"]:
        body = f"Too many: {size}: must have at most {schema[f'max{what}']} items"
        found.append(FieldError(path, body, "FieldValueTooMany"))
    return found
