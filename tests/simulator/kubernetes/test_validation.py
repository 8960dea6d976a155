"""Refusals with the exact messages of a Kubernetes 1.33 API server."""

import pytest

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj
from tests.simulator.kubernetes.client import LANTERNS, Make, refusal

INVALID, MISTYPED = "FieldValueInvalid", "FieldValueTypeInvalid"

NOT_CHECKED = (
    'Invalid value: "null": some validation rules were not checked because the object was invalid; '
    "correct the existing errors to complete validation"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def causes(error: ApiError) -> list[tuple[str, str, str]]:
    return [(each["field"], each["reason"], each["message"]) for each in error.details["causes"]]


def test_broken_rule(api: Api, lantern: Make) -> None:
    error = refusal(api.create, LANTERNS, lantern("both", source={"wick": "a", "cell": "b"}))

    text = 'Invalid value: "object": exactly one of wick and cell must be set'
    cause = {"reason": INVALID, "message": text, "field": "spec.source"}
    failure = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 422}
    assert error.body() == failure | {
        "message": f'Lantern.light.example.org "both" is invalid: spec.source: {text}',
        "reason": "Invalid",
        "details": {"name": "both", "group": "light.example.org", "kind": "Lantern", "causes": [cause]},
    }


def test_missing_field_keeps_rules_unchecked(api: Api, lantern: Make) -> None:
    sent = lantern("x")
    del sent["spec"]["source"]

    error = refusal(api.create, LANTERNS, sent)

    text = f"[spec.source: Required value, <nil>: {NOT_CHECKED}]"
    assert error.message == f'Lantern.light.example.org "x" is invalid: {text}'
    missing = ("spec.source", "FieldValueRequired", "Required value")
    assert causes(error) == [missing, ("<nil>", INVALID, NOT_CHECKED)]


def test_kinds_without_rules_have_no_rule_errors(api: Api) -> None:
    error = refusal(api.create, "badges.light.example.org", {"metadata": {"name": "zz"}, "policy": "Keep"})

    text = 'Unsupported value: "Keep": supported values: "Delete", "Retain"'
    assert error.message == f'Badge.light.example.org "zz" is invalid: policy: {text}'
    assert causes(error) == [("policy", "FieldValueNotSupported", text)]


@pytest.mark.parametrize(
    ("field", "value", "reason", "text"),
    [
        ("class", 5, MISTYPED, 'Invalid value: "integer": spec.class in body must be of type string: "integer"'),
        ("level", -1, INVALID, "Invalid value: -1: spec.level in body should be greater than or equal to 0"),
        ("level", 10, INVALID, "Invalid value: 10: spec.level in body should be less than or equal to 9"),
        ("size", 1.5, MISTYPED, 'Invalid value: "number": spec.size in body must be of type integer,string: "number"'),
        ("colour", "RED", INVALID, "Invalid value: \"RED\": spec.colour in body should match '^[a-z]+$'"),
        ("parts", [{}, {}, {}], "FieldValueTooMany", "Too many: 3: must have at most 2 items"),
        ("class", "", INVALID, 'Invalid value: "string": class must not be the empty string when set'),
    ],
)
def test_one_fault_each(api: Api, lantern: Make, field: str, value: object, reason: str, text: str) -> None:
    error = refusal(api.create, LANTERNS, lantern("x", **{field: value}))

    assert causes(error)[0] == (f"spec.{field}", reason, text)


def test_name(api: Api, lantern: Make) -> None:
    text = f'metadata.name: Invalid value: "A_b": {SUBDOMAIN}'
    error = refusal(api.create, LANTERNS, lantern("A_b"))

    assert error.message == f'Lantern.light.example.org "A_b" is invalid: {text}'


IMMUTABLE = ("spec.source.wick", 'Invalid value: "string": wick is immutable')
REQUIRED = ("spec.source", 'Invalid value: "object": wick is required once set')
EXACTLY_ONE = ("spec.source", 'Invalid value: "object": exactly one of wick and cell must be set')


@pytest.mark.parametrize(
    ("patch", "texts"),
    [
        ({"wick": "wool"}, [IMMUTABLE]),
        ({"cell": "zinc"}, [EXACTLY_ONE]),
        ({"wick": None, "cell": "zinc"}, [REQUIRED]),
        ({"wick": None}, [REQUIRED, EXACTLY_ONE]),
    ],
    ids=["value", "add", "swap", "remove"],
)
def test_which_rule_fires_on_update(api: Api, lantern: Make, patch: Obj, texts: list[tuple[str, str]]) -> None:
    api.create(LANTERNS, lantern("imm"))

    error = refusal(api.patch, LANTERNS, "imm", "default", {"spec": {"source": patch}})

    assert [(field, message) for field, _, message in causes(error)] == texts


def test_earlier_violations_may_stay(api: Api, lantern: Make) -> None:
    made = api.create(LANTERNS, lantern("a"))
    stored = api.stored(LANTERNS, "a", "default")
    stored.object["spec"]["source"] = {}
    stored.object["spec"]["policy"] = "Keep"

    labelled = api.patch(LANTERNS, "a", "default", {"metadata": {"labels": {"a": "b"}}})

    assert labelled["metadata"]["uid"] == made["metadata"]["uid"]
    with pytest.raises(ApiError, match='Unsupported value: "Lose"'):
        api.patch(LANTERNS, "a", "default", {"spec": {"policy": "Lose"}})


def test_unknown_fields_and_nulls_are_dropped(api: Api, lantern: Make) -> None:
    spec: Obj = {"level": None, "parts": [{"name": "x", "odd": 1}], "anything": {"deep": {"er": 1}}}

    made = api.create(LANTERNS, lantern("a", metadata={"odd": "x"}, unknown=1, **spec))

    assert made["spec"] == {
        "source": {"wick": "cotton"},
        "parts": [{"name": "x"}],
        "anything": {"deep": {"er": 1}},
        "colour": "yellow",
    }
    assert "odd" not in made["metadata"]


@pytest.mark.parametrize(
    "metadata",
    [{"labels": {"a": 1}}, {"finalizers": "x"}, {"finalizers": [1]}, {"name": 5}, {"ownerReferences": ["x"]}],
)
def test_metadata_of_the_wrong_type_cannot_be_decoded(api: Api, lantern: Make, metadata: Obj) -> None:
    assert refusal(api.create, LANTERNS, lantern("a", metadata=metadata)).status == 400


def test_built_in_kinds_of_the_wrong_type_cannot_be_decoded(api: Api) -> None:
    claim = {"metadata": {"name": "c", "namespace": "default"}, "spec": []}
    error = refusal(api.create, "persistentvolumeclaims", claim)

    assert error.status == 400
    assert error.message.startswith(
        'PersistentVolumeClaim in version "v1" cannot be handled as a PersistentVolumeClaim'
    )


def test_labels_and_owners(api: Api, lantern: Make) -> None:
    metadata = {"labels": {"a": "-b"}, "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p"}]}

    error = refusal(api.create, LANTERNS, lantern("a", metadata=metadata))
    fields = [(field, message.split(": ")[1]) for field, _, message in causes(error)]

    assert fields == [("metadata.ownerReferences[0].uid", '""'), ("metadata.labels", '"-b"')]
