"""Errors of the API server: a Status with a code, a reason and, for invalid objects, causes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.kubernetes.resources import Obj, Resource

STALE = "the object has been modified; please apply your changes to the latest version and try again"
"""Why a write with an old resourceVersion is refused."""


class ApiError(Exception):
    """A refusal: HTTP `status`, the `reason` word, the `message` and the Status' `details`.

    `continuation` is the token with which an expired list can continue, with newer objects.
    """

    def __init__(self, status: int, reason: str, message: str, details: Obj | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details or {}
        self._has_details = details is not None
        self.continuation = ""

    def body(self) -> Obj:
        """The Status object as it goes over the wire."""
        body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continuation} if self.continuation else {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self._has_details:
            body["details"] = self.details
        body["code"] = self.status
        return body


class Denied(Exception):
    """Raised by an admission hook that refuses a request.

    With `webhook` the answer reads as that webhook's, else as that of a built-in admission plugin (403).
    """

    def __init__(self, message: str, *, webhook: str = "", status: int = 422, reason: str = "Invalid") -> None:
        super().__init__(message)
        self.message = message
        self.webhook = webhook
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class FieldError:
    """One cause of an `Invalid` answer. `body` is the text after the field's path."""

    field: str
    body: str
    reason: str = "FieldValueInvalid"

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def details_of(name: str, group: str, kind: str, **more: Any) -> Obj:
    """The details of a Status about one object; `kind` is often the plural."""
    return {**({"name": name} if name else {}), **({"group": group} if group else {}), "kind": kind, **more}


def _details(resource: Resource, name: str, **more: Any) -> Obj:
    return details_of(name, resource.group, resource.plural, **more)


def not_found(resource: Resource, name: str) -> ApiError:
    """404: there is no such object."""
    return ApiError(404, "NotFound", f'{resource.key} "{name}" not found', _details(resource, name))


def already_exists(resource: Resource, name: str, *, terminating: bool = False) -> ApiError:
    """409 for a name that is taken, maybe by an object that is `terminating`."""
    prefix = "object is being deleted: " if terminating else ""
    message = f'{prefix}{resource.key} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(resource, name))


def conflict(resource: Resource, name: str, why: str = STALE) -> ApiError:
    """409: the write conflicts with the stored object."""
    message = f'Operation cannot be fulfilled on {resource.key} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def forbidden(resource: Resource, name: str, why: str, causes: Sequence[dict[str, str]] = ()) -> ApiError:
    """403, with machine-readable causes."""
    about = f'{resource.key} "{name}"' if name else resource.key
    details = _details(resource, name, causes=list(causes)) if causes else _details(resource, name)
    return ApiError(403, "Forbidden", f"{about} is forbidden: {why}", details)


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def internal(message: str) -> ApiError:
    """500: a failure of the server itself."""
    return ApiError(500, "InternalError", message, {"causes": [{"message": message}]})


def patch_failed() -> ApiError:
    """422 for a JSON patch with an operation that fails: the API server does not say which."""
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {})


def invalid(kind: str, group: str, name: str, errors: Iterable[FieldError]) -> ApiError:
    """The 422 for an object with these errors: duplicates dropped, the order of detection kept."""
    unique = list(dict.fromkeys(errors))
    texts = [str(error) for error in unique]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    qualified = f"{kind}.{group}" if group else kind
    causes = [{"reason": e.reason, "message": e.body, "field": e.field} for e in unique]
    details = details_of(name, group, kind, causes=causes)
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {text}', details)


def denied(resource: Resource, name: str, refusal: Denied) -> ApiError:
    """How an admission hook's refusal reaches the client."""
    if not refusal.webhook:
        return forbidden(resource, name, refusal.message)
    message = f'admission webhook "{refusal.webhook}" denied the request: {refusal.message}'
    return ApiError(refusal.status, refusal.reason, message)


def required(field: str, detail: str = "") -> FieldError:
    """A required field is missing."""
    return FieldError(field, f"Required value: {detail}" if detail else "Required value", "FieldValueRequired")


def invalid_value(field: str, value: object, detail: str) -> FieldError:
    """A value that is invalid for the field."""
    return FieldError(field, f"Invalid value: {_shown(value)}: {detail}")


def not_supported(field: str, value: object, supported: Iterable[str]) -> FieldError:
    """A value that is not among the `supported` ones."""
    offered = ", ".join(f'"{each}"' for each in supported)
    return FieldError(
        field, f"Unsupported value: {_shown(value)}: supported values: {offered}", "FieldValueNotSupported"
    )


def field_forbidden(field: str, detail: str) -> FieldError:
    """A field that may not be set or changed."""
    return FieldError(field, f"Forbidden: {detail}", "FieldValueForbidden")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else f'"{value}"'
