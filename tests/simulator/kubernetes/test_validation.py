"""Refusals with the exact messages of a Kubernetes 1.33 API server."""

import pytest

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj
from tests.simulator.kubernetes.client import LANTERNS, Make

NOT_CHECKED = (
    'Invalid value: "null": some validation rules were not checked because the object was invalid; '
    "correct the existing errors to complete validation"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def refusal(api: Api, obj: Obj, resource: str = LANTERNS) -> ApiError:
    with pytest.raises(ApiError) as caught:
        api.create(resource, obj)
    return caught.value


def causes(error: ApiError) -> list[tuple[str, str, str]]:
    return [(each["field"], each["reason"], each["message"]) for each in error.details["causes"]]


def test_broken_rule(api: Api, lantern: Make) -> None:
    error = refusal(api, lantern("both", source={"wick": "a", "cell": "b"}))

    text = 'Invalid value: "object": exactly one of wick and cell must be set'
    assert error.body() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f'Lantern.light.example.org "both" is invalid: spec.source: {text}',
        "reason": "Invalid",
        "details": {
            "name": "both",
            "group": "light.example.org",
            "kind": "Lantern",
            "causes": [{"reason": "FieldValueInvalid", "message": text, "field": "spec.source"}],
        },
        "code": 422,
    }


def test_missing_field_keeps_rules_unchecked(api: Api, lantern: Make) -> None:
    sent = lantern("x")
    del sent["spec"]["source"]

    error = refusal(api, sent)

    assert error.message == (
        f'Lantern.light.example.org "x" is invalid: [spec.source: Required value, <nil>: {NOT_CHECKED}]'
    )
    assert causes(error) == [
        ("spec.source", "FieldValueRequired", "Required value"),
        ("<nil>", "FieldValueInvalid", NOT_CHECKED),
    ]


def test_kinds_without_rules_have_no_rule_errors(api: Api) -> None:
    error = refusal(api, {"metadata": {"name": "zz"}, "policy": "Keep"}, "badges.light.example.org")

    text = 'Unsupported value: "Keep": supported values: "Delete", "Retain"'
    assert error.message == f'Badge.light.example.org "zz" is invalid: policy: {text}'
    assert causes(error) == [("policy", "FieldValueNotSupported", text)]


@pytest.mark.parametrize(
    ("spec", "field", "reason", "text"),
    [
        (
            {"class": 5},
            "spec.class",
            "FieldValueTypeInvalid",
            'Invalid value: "integer": spec.class in body must be of type string: "integer"',
        ),
        (
            {"level": -1},
            "spec.level",
            "FieldValueInvalid",
            "Invalid value: -1: spec.level in body should be greater than or equal to 0",
        ),
        (
            {"level": 10},
            "spec.level",
            "FieldValueInvalid",
            "Invalid value: 10: spec.level in body should be less than or equal to 9",
        ),
        (
            {"size": 1.5},
            "spec.size",
            "FieldValueTypeInvalid",
            'Invalid value: "number": spec.size in body must be of type integer,string: "number"',
        ),
        (
            {"colour": "RED"},
            "spec.colour",
            "FieldValueInvalid",
            "Invalid value: \"RED\": spec.colour in body should match '^[a-z]+$'",
        ),
        ({"parts": [{}, {}, {}]}, "spec.parts", "FieldValueTooMany", "Too many: 3: must have at most 2 items"),
        (
            {"class": ""},
            "spec.class",
            "FieldValueInvalid",
            'Invalid value: "string": class must not be the empty string when set',
        ),
    ],
)
def test_one_fault_each(api: Api, lantern: Make, spec: Obj, field: str, reason: str, text: str) -> None:
    assert causes(refusal(api, lantern("x", **spec)))[0] == (field, reason, text)


def test_name(api: Api, lantern: Make) -> None:
    error = refusal(api, lantern("A_b"))

    assert error.message == (
        f'Lantern.light.example.org "A_b" is invalid: metadata.name: Invalid value: "A_b": {SUBDOMAIN}'
    )


@pytest.mark.parametrize(
    ("patch", "texts"),
    [
        ({"wick": "wool"}, [("spec.source.wick", 'Invalid value: "string": wick is immutable')]),
        ({"cell": "zinc"}, [("spec.source", 'Invalid value: "object": exactly one of wick and cell must be set')]),
        ({"wick": None, "cell": "zinc"}, [("spec.source", 'Invalid value: "object": wick is required once set')]),
        (
            {"wick": None},
            [
                ("spec.source", 'Invalid value: "object": wick is required once set'),
                ("spec.source", 'Invalid value: "object": exactly one of wick and cell must be set'),
            ],
        ),
    ],
    ids=["value", "add", "swap", "remove"],
)
def test_which_rule_fires_on_update(api: Api, lantern: Make, patch: Obj, texts: list[tuple[str, str]]) -> None:
    api.create(LANTERNS, lantern("imm"))

    with pytest.raises(ApiError) as caught:
        api.patch(LANTERNS, "imm", "default", {"spec": {"source": patch}})

    assert [(field, message) for field, _, message in causes(caught.value)] == texts


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
    sent = lantern("a", unknown=1, level=None, parts=[{"name": "x", "odd": 1}], anything={"deep": {"er": 1}})
    sent["metadata"]["odd"] = "x"

    made = api.create(LANTERNS, sent)

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
    sent = lantern("a")
    sent["metadata"].update(metadata)

    assert refusal(api, sent).status == 400


def test_built_in_kinds_of_the_wrong_type_cannot_be_decoded(api: Api) -> None:
    error = refusal(api, {"metadata": {"name": "c", "namespace": "default"}, "spec": []}, "persistentvolumeclaims")

    assert error.status == 400
    assert error.message.startswith(
        'PersistentVolumeClaim in version "v1" cannot be handled as a PersistentVolumeClaim'
    )


def test_labels_and_owners(api: Api, lantern: Make) -> None:
    sent = lantern("a")
    sent["metadata"].update(labels={"a": "-b"}, ownerReferences=[{"apiVersion": "v1", "kind": "Pod", "name": "p"}])

    fields = [(field, message.split(": ")[1]) for field, _, message in causes(refusal(api, sent))]

    assert fields == [("metadata.ownerReferences[0].uid", '""'), ("metadata.labels", '"-b"')]
