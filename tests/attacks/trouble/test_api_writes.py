"""Writes whose answer is lost: carried out once, whatever becomes of the answer, and every refusal stays what it is."""

import pytest

from fixtures.kubernetes.api_errors import Missing, Rejected, RejectedByCluster, Unreachable
from fixtures.kubernetes.resource_kinds import CONFIG_MAP, VOLUME_SNAPSHOT, Obj
from tests.attacks.trouble.spoiled import Behind
from tools.trouble import catalogue
from tools.trouble.proxy import Fault

SPACE = "default"
LOSSES = (catalogue.LOST, catalogue.TRUNCATED, catalogue.RESET, *catalogue.UNAVAILABLE)
losses = pytest.mark.parametrize("fault", LOSSES, ids=lambda fault: f"{fault.name} {fault.status or ''}".strip())


def config_map(name: str, number: int = 0, **metadata: object) -> Obj:
    """A small object."""
    return CONFIG_MAP.manifest(name, SPACE, metadata=dict(metadata), data={"n": str(number)})


def uids(behind: Behind, prefix: str) -> set[str]:
    """All objects whose names begin so, as they are in truth."""
    found = behind.direct.list(CONFIG_MAP, SPACE)
    return {item["metadata"]["uid"] for item in found if item["metadata"]["name"].startswith(prefix)}


@losses
def test_a_create_makes_one_object(behind: Behind, fault: Fault) -> None:
    """It is the one that is returned and registered, whether the server has seen the first request or not."""
    name = behind.cluster.run.name("made")
    behind.script.spoil("POST", "/configmaps", fault)

    made = behind.cluster.create(config_map(name))

    assert {made["metadata"]["uid"]} == uids(behind, name)
    assert made["data"] == {"n": "0"}
    assert [each.name for each in behind.cluster.run.created] == [name]
    carried_out = fault in (catalogue.LOST, catalogue.TRUNCATED)
    assert behind.script.sent("POST", "/configmaps") == (1 if carried_out else 2)


@losses
def test_a_name_that_the_server_would_generate(behind: Behind, fault: Fault) -> None:
    """Two such creates make two objects, and no third."""
    prefix = f"{behind.cluster.run.name('generated')}-"
    manifest = {**config_map(""), "metadata": {"generateName": prefix, "namespace": SPACE}}
    behind.script.spoil("POST", "/configmaps", fault, catalogue.LOST)

    made = {behind.cluster.create(manifest)["metadata"]["uid"] for _ in range(2)}

    assert len(made) == 2
    assert made == uids(behind, prefix)


@losses
def test_a_name_in_use_is_still_refused(behind: Behind, fault: Fault) -> None:
    """An object that was there before is not taken for the new one, though this run made it, with the same labels."""
    name = behind.cluster.run.name("taken")
    before = behind.cluster.create(config_map(name, 1))
    behind.script.spoil("POST", "/configmaps", fault)

    with pytest.raises(RejectedByCluster, match="409 AlreadyExists"):
        behind.cluster.create(config_map(name, 1))

    assert uids(behind, name) == {before["metadata"]["uid"]}


def test_an_object_of_somebody_else_is_not_taken_for_the_new_one(behind: Behind) -> None:
    """Of that name, made in the moment of the trouble, and without the labels of the run."""
    name = behind.cluster.run.name("foreign")

    def somebody_is_faster() -> Fault:
        behind.direct._connection.write("post", CONFIG_MAP.path(SPACE), "make another", body=config_map(name, 2))
        return catalogue.RESET

    behind.script.spoil("POST", "/configmaps", somebody_is_faster)

    with pytest.raises(RejectedByCluster, match="409 AlreadyExists"):
        behind.cluster.create(config_map(name, 1))
    (foreign,) = uids(behind, name)
    behind.direct.delete(CONFIG_MAP, name, SPACE, uid=foreign)


@losses
def test_a_delete_is_done(behind: Behind, fault: Fault) -> None:
    """Once it has been there, it is not `Missing` because the first request has removed it."""
    name = behind.cluster.run.name("deleted")
    behind.cluster.create(config_map(name))
    behind.script.spoil("DELETE", "/configmaps", fault)

    behind.cluster.delete(CONFIG_MAP, name, SPACE)

    assert uids(behind, name) == set()
    with pytest.raises(Missing):
        behind.cluster.delete(CONFIG_MAP, name, SPACE)


def test_an_object_that_goes_before_the_second_request(behind: Behind) -> None:
    """It was there, so its absence is what the deletion wanted, and not `Missing`."""
    name = behind.cluster.run.name("going")
    behind.cluster.create(config_map(name))
    behind.script.spoil("DELETE", "/configmaps", catalogue.RESET, lambda: behind.direct.delete(CONFIG_MAP, name, SPACE))

    behind.cluster.delete(CONFIG_MAP, name, SPACE)

    assert behind.script.planned == []
    assert uids(behind, name) == set()


@losses
def test_a_successor_is_not_deleted(behind: Behind, fault: Fault) -> None:
    """One of the same name that appears before the request is sent again; in trouble or not."""
    name = behind.cluster.run.name("successor")
    behind.cluster.create(config_map(name, 1))

    def replaced() -> Fault:
        behind.direct.delete_if_exists(CONFIG_MAP, name, SPACE)
        behind.direct.create(config_map(name, 2))
        return fault

    behind.script.spoil("DELETE", "/configmaps", replaced)

    behind.cluster.delete_if_exists(CONFIG_MAP, name, SPACE)

    found = behind.direct.get(CONFIG_MAP, name, SPACE)
    assert found["data"] == {"n": "2"}
    assert "deletionTimestamp" not in found["metadata"]
    behind.direct.delete(CONFIG_MAP, name, SPACE)


@losses
def test_a_deletion_that_finalizers_hold_up(behind: Behind, fault: Fault) -> None:
    """It is accepted, not done; the object stays."""
    name = behind.cluster.run.name("held")
    behind.cluster.create(config_map(name, finalizers=["example.com/held"]))
    behind.script.spoil("DELETE", "/configmaps", fault)

    behind.cluster.delete(CONFIG_MAP, name, SPACE)

    assert "deletionTimestamp" in behind.direct.get(CONFIG_MAP, name, SPACE)["metadata"]
    behind.direct.patch(CONFIG_MAP, name, {"metadata": {"finalizers": None}}, SPACE)


@losses
def test_a_patch_with_a_revision_is_done_once(behind: Behind, fault: Fault) -> None:
    """The change itself does not count as that of another writer; one of another writer does."""
    name = behind.cluster.run.name("patched")
    version = behind.cluster.create(config_map(name))["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version, "annotations": {"mark": "1"}}, "data": {"n": "1"}}
    behind.script.spoil("PATCH", "/configmaps", fault, fault)

    changed = behind.cluster.patch(CONFIG_MAP, name, patch, SPACE)

    assert (changed["data"], changed["metadata"]["annotations"]) == ({"n": "1"}, {"mark": "1"})
    behind.script.planned.clear()
    behind.script.spoil("PATCH", "/configmaps", fault)
    with pytest.raises(RejectedByCluster, match="409 Conflict"):
        behind.cluster.patch(CONFIG_MAP, name, {**patch, "data": {"n": "2"}}, SPACE)
    assert behind.direct.get(CONFIG_MAP, name, SPACE)["data"] == {"n": "1"}


@losses
def test_a_replacement_is_done_once(behind: Behind, fault: Fault) -> None:
    """As a patch with a revision."""
    name = behind.cluster.run.name("replaced")
    made = behind.cluster.create(config_map(name))
    behind.script.spoil("PUT", "/configmaps", fault)

    behind.cluster.replace({**made, "data": {"n": "3"}})

    assert behind.direct.get(CONFIG_MAP, name, SPACE)["data"] == {"n": "3"}
    with pytest.raises(RejectedByCluster, match="409 Conflict"):
        behind.cluster.replace({**made, "data": {"n": "4"}})


def denial(status: int) -> Fault:
    """How an admission webhook refuses."""
    text = (
        '{"kind":"Status","code":%d,"message":"admission webhook \\"validator.longhorn.io\\" denied the request: no"}'
    )
    return Fault("denied", status, {"Content-Type": "application/json"}, (text % status).encode())


def test_a_denial_is_an_answer(behind: Behind) -> None:
    """Whatever its status: it is sent once, and means what it meant."""
    name = behind.cluster.run.name("denied")
    behind.script.spoil("POST", "/configmaps", denial(500))
    with pytest.raises(Unreachable, match=r"500 .*denied the request: no"):
        behind.cluster.create(config_map(name))
    behind.script.spoil("POST", "/configmaps", denial(403))
    with pytest.raises(Rejected, match="denied the request: no"):
        behind.cluster.create(config_map(name))

    assert behind.script.sent("POST", "/configmaps") == 2
    assert uids(behind, name) == set()


@losses
def test_a_refusal_through_trouble(behind: Behind, fault: Fault) -> None:
    """The API server's own, of a manifest that is invalid: the same with and without a lost answer, dry or not."""
    invalid = VOLUME_SNAPSHOT.manifest(behind.cluster.run.name("invalid"), SPACE, spec={"source": {}})
    expected = behind.direct.rejection(invalid)
    behind.script.spoil("POST", "/volumesnapshots", fault, fault)

    refused = behind.cluster.rejection(invalid)
    behind.script.spoil("POST", "/volumesnapshots", fault)
    with pytest.raises(Rejected) as caught:
        behind.cluster.create(invalid)

    for each in (refused, caught.value):
        assert (each.status, each.reason, each.body) == (expected.status, expected.reason, expected.body)


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("seed", range(5))
def test_many_writes_through_all_kinds_of_trouble(behind: Behind, seed: int) -> None:
    """In the end there is what there would be without, and no object was made twice."""
    odds = [(0.1, fault) for fault in (catalogue.RESET, catalogue.LOST, catalogue.TRUNCATED, catalogue.UNAVAILABLE[1])]
    behind.script.otherwise = catalogue.sometimes(*odds)(seed)
    prefix = behind.cluster.run.name(f"many-{seed}")
    made = {}
    for number in range(12):
        name = f"{prefix}-{number}"
        made[name] = behind.cluster.create(config_map(name))["metadata"]["uid"]
        behind.cluster.patch(CONFIG_MAP, name, {"data": {"n": str(number)}}, SPACE)
    for number in range(0, 12, 3):
        behind.cluster.delete(CONFIG_MAP, f"{prefix}-{number}", SPACE, uid=made.pop(f"{prefix}-{number}"))

    left = [item for item in behind.direct.list(CONFIG_MAP, SPACE) if item["metadata"]["name"].startswith(prefix)]
    assert {item["metadata"]["name"]: item["metadata"]["uid"] for item in left} == made
    assert all(item["metadata"]["name"].endswith(f"-{item['data']['n']}") for item in left)
