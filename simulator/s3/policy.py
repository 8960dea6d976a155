"""What the policies of a user allow, as AWS and MinIO evaluate them."""

import fnmatch
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Statement:
    """One statement of a policy; `*` and `?` in actions and resources match anything."""

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def applies(self, action: str, resource: str) -> bool:
        """Whether it covers `action` (`s3:GetObject`) on `resource` (`arn:aws:s3:::bucket/key`)."""
        return any(fnmatch.fnmatchcase(action.lower(), known.lower()) for known in self.actions) and any(
            fnmatch.fnmatchcase(resource, known) for known in self.resources
        )


def parse(document: str | bytes) -> tuple[Statement, ...]:
    """The statements of a policy document. Raises ValueError for an invalid one, or one with conditions."""
    policy = json.loads(document)
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise ValueError("a policy needs a Statement")
    statements = policy["Statement"]
    return tuple(_statement(entry) for entry in (statements if isinstance(statements, list) else [statements]))


def parse_public(document: str | bytes) -> tuple[Statement, ...]:
    """The statements of a bucket's policy whose principal is everybody. Raises ValueError as `parse` does."""
    policy = json.loads(document)
    listed = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    everybody = [each for each in listed if each.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})]
    return tuple(_statement(each) for each in everybody)


def permits(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """Whether one statement allows it and none denies it."""
    applying = [statement for statement in statements if statement.applies(action, resource)]
    return bool(applying) and all(statement.allow for statement in applying)


def _statement(entry: dict[str, Any]) -> Statement:
    if entry.get("Condition"):
        raise ValueError("conditions in policies are not evaluated here")
    effect = entry.get("Effect")
    if effect not in {"Allow", "Deny"}:
        raise ValueError(f"invalid Effect {effect!r}")
    return Statement(effect == "Allow", _texts(entry["Action"]), _texts(entry.get("Resource", "*")))


def _texts(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
