"""Reads what an API serves from YAML files that stand beside the code: kinds with their names, schemas and columns.

A file has the kinds by group and version. Of a kind it says its `names` (the plural, then the short names), its
`scope` (Namespaced unless it says Cluster), its printer `columns` (path and type of each) and its `fields`. A kind
with a field `status` has that subresource. Schemas are OpenAPI v3 in a short form:

- a word of WORDS, or words between bars for the values of an enumeration;
- a list of one schema for an array of such items;
- a mapping for an object: a key names fields (`?`: nullable, `!`: required), `*` any other field, `+` that fields
  which are not named are kept, and `$keyword` a keyword of OpenAPI as it is.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from simulator.kubernetes.resources import Column, Obj, Resource

_OPEN: Obj = {"x-kubernetes-preserve-unknown-fields": True}
WORDS: dict[str, Obj] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "int64": {"type": "integer", "format": "int64"},
    "boolean": {"type": "boolean"},
    "date-time": {"type": "string", "format": "date-time"},
    "quantity": {"x-kubernetes-int-or-string": True},
    "object": {"type": "object"},
    "free": {"type": "object", **_OPEN},
}
_AGE = ".metadata.creationTimestamp date"
_ROOT: Obj = {"apiVersion": WORDS["string"], "kind": WORDS["string"], "metadata": WORDS["object"]}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML itself would keep the last of two entries of one name."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        names = [key.value for key, _ in node.value]
        if len(set(names)) < len(names):
            twice = max(names, key=names.count)
            raise yaml.constructor.ConstructorError(None, None, f"two entries are named {twice!r}", node.start_mark)
        return super().construct_mapping(node, deep)


@cache
def read(path: Path) -> Any:
    """The data of a YAML file, which others get as well: do not change them. Raises YAMLError."""
    return yaml.load(path.read_bytes(), _Loader)


def resources(path: Path, *, builtin: bool = False) -> list[Resource]:
    """The kinds of a file; custom ones, unless they are `builtin`, have age as last column."""
    return [
        _resource(served, kind, definition, builtin=builtin)
        for served, kinds in read(path).items()
        for kind, definition in kinds.items()
    ]


def _resource(served: str, kind: str, definition: Obj, *, builtin: bool) -> Resource:
    group, _, version = served.rpartition("/")
    plural, *short_names = definition["names"].split()
    fields = schema(definition["fields"])
    columns = definition.get("columns", {}) if builtin else {**definition.get("columns", {}), "Age": _AGE}
    return Resource(
        group=group,
        version=version,
        plural=plural,
        singular=kind.lower(),
        kind=kind,
        namespaced=definition.get("scope", "Namespaced") == "Namespaced",
        short_names=tuple(short_names),
        status_subresource="status" in fields["properties"],
        schema=fields if builtin else {**fields, "properties": {**_ROOT, **fields["properties"]}},
        columns=tuple(Column(name, *text.split()) for name, text in columns.items()),
        categories=tuple(definition.get("categories", ())),
        builtin=builtin,
        counts_generations=definition.get("generations", not builtin),
    )


def schema(short: Any) -> Obj:
    """The schema that a short form stands for. Raises KeyError for an unknown word."""
    if isinstance(short, str):
        return {"type": "string", "enum": short.split("|")} if "|" in short else dict(WORDS[short])
    if isinstance(short, list):
        return {"type": "array", "items": schema(short[0])}
    found: Obj = {key[1:]: value for key, value in short.items() if key[0] == "$"}
    fields = {key: value for key, value in short.items() if key[0] not in "$*+"}
    if "*" in short:
        found |= {"type": "object", "additionalProperties": schema(short["*"])}
    if "+" in short:
        found |= _OPEN
    if fields or "+" in short:
        found |= {"type": "object", "properties": {}}
    for key, value in fields.items():
        for name in key.split():
            known = {**schema(value), "nullable": True} if name.endswith("?") else schema(value)
            found["properties"][name.rstrip("?!")] = known
            if name.endswith("!"):
                found.setdefault("required", []).append(name.rstrip("!"))
    return found
