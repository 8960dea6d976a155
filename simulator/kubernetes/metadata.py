"""`metadata`: what the server sets, keeps and refuses."""

import random
import re

from simulator.kubernetes.errors import ApiError, FieldError, bad_request, field_forbidden, invalid_value, required
from simulator.kubernetes.resources import Obj, Resource

SERVER_SET = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
KNOWN = frozenset(
    {
        *SERVER_SET,
        "name",
        "generateName",
        "namespace",
        "labels",
        "annotations",
        "finalizers",
        "ownerReferences",
        "resourceVersion",
    }
)
GENERATED_PREFIX_LENGTH = 58
_SUFFIX_CHARACTERS = "bcdfghjklmnpqrstvwxz2456789"

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_KEY_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_NAMED_BY_LABEL = frozenset({"namespaces"})
_TEXTS = ("name", "generateName", "namespace", "uid", "resourceVersion")
LABEL_LENGTH = 63


def name_suffix() -> str:
    """The five characters that complete a generateName."""
    return "".join(random.choices(_SUFFIX_CHARACTERS, k=5))


def tidy(metadata: Obj) -> tuple[Obj, list[str]]:
    """The metadata without unknown and empty fields, and the names of the unknown ones.

    Raises ApiError 400 for values that cannot be decoded.
    """
    if not isinstance(metadata, dict):
        raise _undecodable("", "v1.ObjectMeta")
    unknown = [key for key in metadata if key not in KNOWN and key not in {"managedFields", "selfLink"}]
    kept = {key: metadata[key] for key in metadata if key in KNOWN and metadata[key] not in (None, "", {}, [])}
    for field in _TEXTS:
        if not isinstance(kept.get(field, ""), str):
            raise _undecodable(field, "string")
    for field in ("labels", "annotations"):
        value = kept.get(field, {})
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise _undecodable(field, "string")
    for field in ("finalizers", "ownerReferences"):
        if not isinstance(kept.get(field, []), list):
            raise _undecodable(field, "[]string")
    if not all(isinstance(each, str) for each in kept.get("finalizers", [])):
        raise _undecodable("finalizers", "string")
    if not all(isinstance(each, dict) for each in kept.get("ownerReferences", [])):
        raise _undecodable("ownerReferences", "v1.OwnerReference")
    return kept, unknown


def _undecodable(field: str, expected: str) -> ApiError:
    place = f"metadata.{field}" if field else "metadata"
    return bad_request(f"json: cannot unmarshal into Go struct field ObjectMeta.{place} of type {expected}")


def content_errors(metadata: Obj) -> list[FieldError]:
    """What is wrong with labels and owner references."""
    errors: list[FieldError] = []
    for index, owner in enumerate(metadata.get("ownerReferences", [])):
        errors += [
            invalid_value(f"metadata.ownerReferences[{index}].{field}", "", f"{word} must not be empty")
            for field, word in (("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid"))
            if not owner.get(field)
        ]
    for key, value in metadata.get("labels", {}).items():
        name = key.rpartition("/")[2]
        if not _VALUE.fullmatch(name) or len(name) > LABEL_LENGTH:
            errors.append(invalid_value("metadata.labels", key, _KEY_RULE))
        if len(value) > LABEL_LENGTH:
            errors.append(invalid_value("metadata.labels", value, f"must be no more than {LABEL_LENGTH} bytes"))
        elif value and not _VALUE.fullmatch(value):
            errors.append(invalid_value("metadata.labels", value, _VALUE_RULE))
    return errors


def name_errors(resource: Resource, metadata: Obj) -> list[FieldError]:
    """What is wrong with the name."""
    name = metadata.get("name", "")
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    if resource.group == "rbac.authorization.k8s.io":
        # Any segment of a path, such as `system:discovery`.
        why = f"may not be '{name}'" if name in {".", ".."} else ""
        found = re.search("[/%]", name)
        why = why or (f"may not contain '{found[0]}'" if found else "")
        return [invalid_value("metadata.name", name, why)] if why else []
    if resource.key in _NAMED_BY_LABEL:
        pattern, rule, limit = LABEL, _LABEL_RULE, 63
    else:
        pattern, rule, limit = SUBDOMAIN, _SUBDOMAIN_RULE, 253
    errors = []
    if len(name) > limit:
        errors.append(invalid_value("metadata.name", name, f"must be no more than {limit} bytes"))
    if not pattern.fullmatch(name):
        errors.append(invalid_value("metadata.name", name, rule))
    return errors


def carry(old: Obj, new: Obj) -> list[FieldError]:
    """Copy from `old` what a client cannot set; the errors are changes of immutable fields."""
    errors: list[FieldError] = []
    created = new.get("creationTimestamp")
    if created and created != old.get("creationTimestamp"):
        errors.append(invalid_value("metadata.creationTimestamp", created, "field is immutable"))
    for field in SERVER_SET:
        if field in old:
            new[field] = old[field]
        else:
            new.pop(field, None)
    if "generateName" in old:
        new["generateName"] = old["generateName"]
    else:
        new.pop("generateName", None)
    if old.get("deletionTimestamp"):
        added = sorted(set(new.get("finalizers", [])) - set(old.get("finalizers", [])))
        if added:
            listed = ", ".join(f'"{each}"' for each in added)
            errors.append(
                field_forbidden(
                    "metadata.finalizers",
                    "no new finalizers can be added if the object is being deleted, found new finalizers "
                    f"[]string{{{listed}}}",
                )
            )
    return errors
