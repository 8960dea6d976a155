"""What the API serves: resources with their names, schemas, rules and printer columns."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

Obj = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """A validation rule of a CRD, standing for a CEL expression.

    `path` is the dotted place of the value that the rule is about; it runs only when the value is there. `check` gets
    that value and the value before the write (None on create, or when there was none). A `transition` rule compares
    the two, so it runs only when there is an earlier value.
    """

    path: str
    message: str
    check: Callable[[Any, Any], bool]
    transition: bool = False
    reason: str = "FieldValueInvalid"


@dataclass(frozen=True)
class Column:
    """A printer column. `path` is a JSON path such as `.status.readyToUse`; priority 1 is shown by `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    description: str = ""
    priority: int = 0
    format: str = ""


@dataclass(frozen=True)
class Resource:
    """One kind that is served, stored in `version`; `older_versions` differ only in name.

    `schema` is an OpenAPI v3 structural schema of the whole object. `status_subresource` says whether /status exists
    (then the main path ignores the status). `builtin` marks a kind of Kubernetes itself, which differs from a custom
    resource in patches, lists and the answer to a deletion.
    """

    group: str
    version: str
    plural: str
    singular: str
    kind: str
    namespaced: bool
    short_names: tuple[str, ...] = ()
    status_subresource: bool = False
    schema: Obj = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    columns: tuple[Column, ...] = ()
    categories: tuple[str, ...] = ()
    builtin: bool = False
    counts_generations: bool = True
    older_versions: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """`<plural>.<group>`, for the core group just the plural."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """`<group>/<version>`, for the core group just the version."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def in_version(self, version: str) -> "Resource | None":
        """The kind as it is served in a version, None when it is not."""
        if version == self.version:
            return self
        return replace(self, version=version) if version in self.older_versions else None

    def in_all_versions(self) -> tuple["Resource", ...]:
        """The kind once for each version that is served, the stored one first."""
        return (self, *(replace(self, version=version) for version in self.older_versions))


_LEAVES = frozenset({str, int, float, bool, type(None)})


def copy_of(value: Any) -> Any:
    """A deep copy of JSON data."""
    if isinstance(value, dict):
        return {key: item if type(item) in _LEAVES else copy_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [item if type(item) in _LEAVES else copy_of(item) for item in value]
    return value


def at(value: Any, path: str) -> Any:
    """The value at a dotted `path`, None if a part of it is absent."""
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value
