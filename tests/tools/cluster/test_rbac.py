"""The manifests with the rights of a run: how they are read, and compared with the rights that a run has used."""

from pathlib import Path

import pytest
import yaml

from fixtures.kubernetes.client import Cluster
from fixtures.kubernetes.run import Run
from fixtures.longhorn.installation import discover
from tools.cluster.rbac import LONGHORN, MANIFESTS, Right, differences, for_clean_up, for_old_releases, granted, used
from tools.cluster.simulated_cluster import simulator


def request(verb: str, resource: str, namespace: str) -> dict[str, object]:
    """A request as a simulator counts it."""
    return {"verb": verb, "group": "", "resource": resource, "namespace": namespace, "count": 1}


def test_requests_in_longhorns_namespace_need_rights_there_only() -> None:
    """Unless the same is requested elsewhere as well."""
    rights = used(
        [
            request("get", "secrets", LONGHORN),
            request("list", "pods", LONGHORN),
            request("list", "pods", ""),
            request("create", "pods", "lsc-1-one"),
        ]
    )

    assert rights == {
        Right("", "secrets", "get", LONGHORN),
        Right("", "pods", "list", ""),
        Right("", "pods", "create", ""),
    }


def test_differences_are_reported_both_ways() -> None:
    """Missing rights, and unused ones."""
    pods, secrets = Right("", "pods", "list", ""), Right("longhorn.io", "volumes", "get", LONGHORN)

    assert differences(frozenset({pods, secrets}), frozenset({pods, secrets})) == []
    assert differences(frozenset({pods}), frozenset({secrets})) == [
        "missing: get volumes.longhorn.io in longhorn-system",
        "unused: list pods",
    ]


@pytest.mark.parametrize(
    ("rule", "binding", "complaint"),
    [
        ({"apiGroups": [""], "resources": ["*"], "verbs": ["get"]}, "mine", "grants a wildcard"),
        ({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}, "yours", "has no binding"),
    ],
    ids=["wildcard", "unbound"],
)
def test_unsound_roles_are_refused(tmp_path: Path, rule: dict[str, object], binding: str, complaint: str) -> None:
    """They would grant more, or less, than what is listed."""
    documents = [
        {"kind": "ClusterRole", "metadata": {"name": "mine"}, "rules": [rule]},
        {"kind": "ClusterRoleBinding", "roleRef": {"kind": "ClusterRole", "name": binding}},
    ]
    (tmp_path / "role.yaml").write_text(yaml.safe_dump_all(documents))

    with pytest.raises(ValueError, match=complaint):
        granted(tmp_path)


def test_a_clean_up_may_do_what_it_does() -> None:
    """Also what it needs only after something went wrong."""
    assert for_clean_up() <= granted()


def test_an_old_longhorn_may_be_asked_for_its_version(tmp_path: Path) -> None:
    """It has no setting for it; the requests made instead are allowed as well."""
    with simulator(tmp_path / "cluster", longhorn_version="1.4.4") as cluster:
        discover(Cluster(cluster.kubeconfig, Run("look"), tmp_path))
        asked = used(cluster.page("/simulator/requests")["requests"])

    assert for_old_releases() <= asked
    assert asked <= granted()


def test_all_manifests_are_listed() -> None:
    """`kubectl apply -k` takes what stands in the kustomization, and nothing else."""
    for folder in (MANIFESTS, MANIFESTS / "own-bucket", MANIFESTS / "own-store", MANIFESTS / "support-bundle"):
        resources = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
        listed = [each for each in resources if each != "../own-bucket"]
        assert sorted(path.name for path in folder.glob("*.yaml")) == sorted([*listed, "kustomization.yaml"])
