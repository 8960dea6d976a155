"""Kinds and schemas as the YAML files beside the simulator's code describe them."""

from pathlib import Path
from typing import Any

import pytest

from simulator.kubernetes.definitions import resources, schema

TEXT = {"type": "string"}

KINDS = """
example.org/v2:
  Cat:
    names: cats c kitty
    scope: Cluster
    columns: {Lives: .status.lives integer}
    fields: {spec!: {name: string}, status: {lives: integer}}
  Setting:
    names: settings
    fields: {value: string}
"""


@pytest.mark.parametrize(
    ("short", "expected"),
    [
        ("int64", {"type": "integer", "format": "int64"}),
        ("Delete|Retain", {"type": "string", "enum": ["Delete", "Retain"]}),
        (["string"], {"type": "array", "items": TEXT}),
        ({"a b": "string"}, {"type": "object", "properties": {"a": TEXT, "b": TEXT}}),
        ({"a?": "string"}, {"type": "object", "properties": {"a": {**TEXT, "nullable": True}}}),
        ({"a!": "string"}, {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}),
        ({"*": "string"}, {"type": "object", "additionalProperties": TEXT}),
        ({"+": "kept"}, {"type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": True}),
        ({"$type": "integer", "$minimum": 0}, {"type": "integer", "minimum": 0}),
    ],
    ids=str,
)
def test_a_short_form_stands_for_a_schema(short: Any, expected: dict[str, Any]) -> None:
    assert schema(short) == expected


def test_an_unknown_word_is_an_error() -> None:
    with pytest.raises(KeyError, match="strng"):
        schema({"name": "strng"})


def test_a_file_describes_kinds(tmp_path: Path) -> None:
    (tmp_path / "kinds.yaml").write_text(KINDS)

    cat, setting = resources(tmp_path / "kinds.yaml")

    assert (cat.key, cat.api_version, cat.short_names) == ("cats.example.org", "example.org/v2", ("c", "kitty"))
    assert [(column.name, column.path, column.type) for column in cat.columns] == [
        ("Lives", ".status.lives", "integer"),
        ("Age", ".metadata.creationTimestamp", "date"),
    ]
    assert (cat.namespaced, cat.status_subresource, cat.schema["required"]) == (False, True, ["spec"])
    assert (setting.namespaced, setting.status_subresource) == (True, False)
    assert set(setting.schema["properties"]) == {"apiVersion", "kind", "metadata", "value"}
