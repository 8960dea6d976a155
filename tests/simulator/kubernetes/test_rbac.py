"""Rights: what roles and bindings allow, the words of a refusal, and tokens of service accounts."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.rbac import AUTHENTICATED, GROUP, Attributes, Authorizer, User, install
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server.attributes import attributes_of
from simulator.kubernetes.server.tokens import account_user
from tests.simulator.kubernetes.client import BASE, Client, Make, refusal

ANNA = User("anna", ("team", AUTHENTICATED))
ACCOUNT = account_user("default", "default")
TOKEN_PATH = "/api/v1/namespaces/default/serviceaccounts/default/token"


def rule(resources: str = "pods", verbs: str = "get", groups: Sequence[str] = ("",), names: Sequence[str] = ()) -> Obj:
    """A rule for resources and verbs, each separated by blanks."""
    base: Obj = {"apiGroups": list(groups), "resources": resources.split(), "verbs": verbs.split()}
    return base | ({"resourceNames": list(names)} if names else {})


def grant(api: Api, rules: Obj, subject: Obj, *, namespace: str = "", cluster_role: bool = True) -> None:
    """A role with one rule, and its binding, everywhere or in one namespace."""
    kind = "ClusterRole" if cluster_role else "Role"
    place = {"namespace": namespace} if namespace else {}
    api.create(
        f"{kind.lower()}s.{GROUP}", {"metadata": {"name": "r"} | ({} if cluster_role else place), "rules": [rules]}
    )
    binding = {
        "metadata": {"name": "r"} | place,
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": "r"},
        "subjects": [subject],
    }
    api.create(f"{'rolebindings' if namespace else 'clusterrolebindings'}.{GROUP}", binding)


ANNA_AS_SUBJECT: Obj = {"kind": "User", "apiGroup": GROUP, "name": "anna"}


def is_allowed(api: Api, request: str, user: User = ANNA, **query: str) -> bool:
    """Whether a user may send a request, such as `GET /api`."""
    method, _, path = request.partition(" ")
    try:
        Authorizer(api).check(user, attributes_of(method, path, query))
    except ApiError as error:
        return error.status != 403
    return True


PODS = "/api/v1/namespaces/default/pods"


@pytest.mark.parametrize(
    ("granted", "request_line", "allowed"),
    [
        (rule(), f"GET {PODS}/a", True),
        (rule(), f"GET {PODS}", False),
        (rule(), f"DELETE {PODS}/a", False),
        (rule(), f"GET {PODS}/a/log", False),
        (rule("pods/log"), f"GET {PODS}/a/log", True),
        (rule("pods/log"), f"GET {PODS}/a", False),
        (rule("*/log"), f"GET {PODS}/a/log", True),
        (rule("*"), f"GET {PODS}/a/log", True),
        (rule(verbs="*"), f"DELETE {PODS}", True),
        (rule(verbs="delete"), f"DELETE {PODS}", False),
        (rule(verbs="deletecollection"), f"DELETE {PODS}", True),
        (rule(verbs="create"), f"POST {PODS}", True),
        (rule(verbs="update"), f"PUT {PODS}/a", True),
        (rule(verbs="update"), f"PATCH {PODS}/a", False),
        (rule(verbs="patch"), f"PATCH {PODS}/a", True),
        (rule("pods/status", "patch"), f"PATCH {PODS}/a/status", True),
        (rule(groups=["apps"]), f"GET {PODS}/a", False),
        (rule(groups=["*"]), f"GET {PODS}/a", True),
        (rule(names=["a"]), f"GET {PODS}/a", True),
        (rule(names=["a"]), f"GET {PODS}/b", False),
        (rule(verbs="list create", names=["a"]), f"GET {PODS}", False),
        (rule(verbs="list create", names=["a"]), f"POST {PODS}", False),
        (rule("services/proxy", names=["s:9500"]), "GET /api/v1/namespaces/n/services/s:9500/proxy/v1/x", True),
        (rule("services/proxy", names=["s:9500"]), "GET /api/v1/namespaces/n/services/s:9501/proxy/v1/x", False),
        (rule("namespaces"), "GET /api/v1/namespaces/n", True),
        (rule("namespaces/finalize", "update"), "PUT /api/v1/namespaces/n/finalize", True),
        (rule("lanterns", "list", ["light.example.org"]), "GET /apis/light.example.org/v1/lanterns", True),
        (rule("lanterns", "list", ["light.example.org"]), "GET /apis/light.example.org/v7/lanterns", True),
        (rule("*", "*", ["*"]), "GET /version", False),
        ({"nonResourceURLs": ["/version"], "verbs": ["get"]}, "GET /version", True),
        ({"nonResourceURLs": ["/version"], "verbs": ["get"]}, "POST /version", False),
        ({"nonResourceURLs": ["/version"], "verbs": ["get"]}, "GET /versions", False),
        ({"nonResourceURLs": ["/apis/*"], "verbs": ["get"]}, "GET /apis/apps/v1", True),
        ({"nonResourceURLs": ["*"], "verbs": ["*"]}, f"GET {PODS}", False),
    ],
    ids=str,
)
def test_a_rule_allows_what_it_names(api: Api, granted: Obj, request_line: str, allowed: bool) -> None:
    """Group, resource, subresource, name and verb, or the path; nothing without the role."""
    assert not is_allowed(api, request_line)

    grant(api, granted, ANNA_AS_SUBJECT)

    assert is_allowed(api, request_line) is allowed


def test_a_watch_needs_its_verb(api: Api) -> None:
    """`list` does not do; with names, only the watch of one of them."""
    grant(api, rule(verbs="watch", names=["a"]), ANNA_AS_SUBJECT)

    assert is_allowed(api, f"GET {PODS}", watch="true", fieldSelector="metadata.name=a")
    assert not is_allowed(api, f"GET {PODS}", watch="true", fieldSelector="metadata.name!=a")
    assert not is_allowed(api, f"GET {PODS}", watch="true", fieldSelector="metadata.name=b")
    assert not is_allowed(api, f"GET {PODS}", watch="true")
    assert not is_allowed(api, f"GET {PODS}", fieldSelector="metadata.name=a")


@pytest.mark.parametrize("cluster_role", [True, False], ids=["ClusterRole", "Role"])
def test_a_binding_in_a_namespace_counts_there(api: Api, cluster_role: bool) -> None:
    """Whether it binds a role of the namespace or of the cluster; for the namespace itself as well."""
    grant(api, rule("pods namespaces"), ANNA_AS_SUBJECT, namespace="default", cluster_role=cluster_role)

    assert is_allowed(api, f"GET {PODS}/a")
    assert is_allowed(api, "GET /api/v1/namespaces/default")
    assert not is_allowed(api, "GET /api/v1/namespaces/kube-system/pods/a")
    assert not is_allowed(api, "GET /api/v1/namespaces/kube-system")


@pytest.mark.parametrize(
    ("subject", "allowed"),
    [
        (ANNA_AS_SUBJECT, [ANNA]),
        ({"kind": "Group", "apiGroup": GROUP, "name": "team"}, [ANNA]),
        ({"kind": "Group", "apiGroup": GROUP, "name": "anna"}, []),
        ({"kind": "Group", "apiGroup": GROUP, "name": AUTHENTICATED}, [ANNA, ACCOUNT]),
        ({"kind": "Group", "apiGroup": GROUP, "name": "system:serviceaccounts:default"}, [ACCOUNT]),
        ({"kind": "ServiceAccount", "namespace": "default", "name": "default"}, [ACCOUNT]),
        ({"kind": "ServiceAccount", "namespace": "kube-system", "name": "default"}, []),
        ({"kind": "ServiceAccount", "name": "default"}, []),
    ],
    ids=str,
)
def test_a_binding_is_for_its_subjects(api: Api, subject: Obj, allowed: list[User]) -> None:
    """Users, groups and service accounts, by kind, name and namespace."""
    grant(api, rule(), subject)

    assert [user for user in (ANNA, ACCOUNT) if is_allowed(api, f"GET {PODS}/a", user)] == allowed


@pytest.mark.parametrize(
    ("request_line", "message", "details"),
    [
        (
            "GET /apis/snapshot.storage.k8s.io/v1/namespaces/n/volumesnapshots",
            'volumesnapshots.snapshot.storage.k8s.io is forbidden: User "anna" cannot list resource "volumesnapshots" '
            'in API group "snapshot.storage.k8s.io" in the namespace "n"',
            {"group": "snapshot.storage.k8s.io", "kind": "volumesnapshots"},
        ),
        (
            f"GET {PODS}/a/log",
            'pods "a" is forbidden: User "anna" cannot get resource "pods/log" in API group "" in the namespace '
            '"default"',
            {"name": "a", "kind": "pods"},
        ),
        (
            "POST /api/v1/namespaces",
            'namespaces is forbidden: User "anna" cannot create resource "namespaces" in API group "" at the cluster '
            "scope",
            {"kind": "namespaces"},
        ),
        ("GET /version", 'forbidden: User "anna" cannot get path "/version"', {}),
    ],
)
def test_a_refusal_says_who_may_not_do_what(api: Api, request_line: str, message: str, details: Obj) -> None:
    """In the words of a real API server."""
    method, path = request_line.split()
    refused = refusal(Authorizer(api).check, ANNA, attributes_of(method, path, {}))

    assert (refused.message, refused.body()["details"]) == (message, details)


def test_a_refusal_names_a_role_that_is_missing(api: Api) -> None:
    """Only if it is bound to the user."""
    grant(api, rule(verbs="list"), ANNA_AS_SUBJECT)
    api.delete(f"clusterroles.{GROUP}", "r")
    wanted = Attributes("get", "/version")

    assert refusal(Authorizer(api).check, ANNA, wanted).message.endswith(
        'cannot get path "/version": RBAC: clusterrole.rbac.authorization.k8s.io "r" not found'
    )
    assert refusal(Authorizer(api).check, ACCOUNT, wanted).message.endswith('cannot get path "/version"')


def test_roles_may_have_names_that_others_may_not(api: Api) -> None:
    """Any segment of a path."""
    install(api)

    assert api.get(f"clusterroles.{GROUP}", "system:discovery")["rules"]
    for name, why in (("a/b", "may not contain '/'"), ("..", "may not be '..'")):
        assert why in refusal(api.create, f"clusterroles.{GROUP}", {"metadata": {"name": name}}).message


@pytest.fixture
async def account(api: Api, client: Client) -> Client:
    """The client with a token of the service account `default`, with rights enforced."""
    install(api)
    client.server.authorizer = Authorizer(api)
    use(client, (await request_token(client))[1]["status"]["token"])
    return client


async def request_token(client: Client, **spec: Any) -> tuple[int, Any]:
    """Status and answer of the request for a token of the service account `default`."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return (await client.ask("POST", TOKEN_PATH, body))[:2]


def use(client: Client, token: str) -> None:
    """Send this token from now on."""
    client.session.headers["Authorization"] = f"Bearer {token}"


async def test_rights_are_enforced(api: Api, account: Client, lantern: Make) -> None:
    """Each right as soon as it is granted and as long as it is; nothing of a refused request is done."""
    user = 'User "system:serviceaccount:default:default"'
    why = (
        f'lanterns.light.example.org is forbidden: {user} cannot create resource "lanterns" in API group '
        '"light.example.org" in the namespace "default"'
    )
    assert await account.refusal("POST", BASE, lantern("a")) == (403, why)
    assert api.list("lanterns.light.example.org") == []

    subject = {"kind": "ServiceAccount", "namespace": "default", "name": "default"}
    grant(api, rule("lanterns", "create", ["light.example.org"]), subject, namespace="default")
    assert (await account.ask("POST", BASE, lantern("a")))[0] == 201

    api.delete(f"rolebindings.{GROUP}", "r", "default")
    assert (await account.refusal("POST", BASE, lantern("b")))[0] == 403


async def test_kinds_that_do_not_exist_are_refused_first(account: Client) -> None:
    """As by a real API server: whether they exist is none of the business of who may not ask for them."""
    assert (await account.refusal("GET", "/apis/nothing.example.org/v1/lanterns"))[0] == 403


async def test_everybody_with_a_token_may_discover(account: Client) -> None:
    """And ask for the version, and whether the cluster is simulated; not how it was used."""
    for path in ("/api", "/api/v1", "/apis", "/apis/light.example.org/v1", "/openapi/v2", "/version", "/healthz"):
        assert (await account.ask("GET", path, accept="*/*"))[0] == 200, path
    assert (await account.ask("GET", "/simulator/about"))[0] == 404
    assert (await account.ask("GET", "/simulator/requests"))[0] == 403


async def test_the_administrator_may_do_everything(api: Api, client: Client) -> None:
    """Whoever has the token in the kubeconfig, without any role."""
    client.server.authorizer = Authorizer(api)

    assert (await client.ask("GET", "/api/v1/secrets"))[0] == 200


async def test_without_enforcement_tokens_are_equal(account: Client) -> None:
    """Rights are enforced only on request."""
    account.server.authorizer = None

    assert (await account.ask("GET", "/api/v1/secrets"))[0] == 200


async def test_a_token_request_is_answered(client: Client) -> None:
    """With another token each time, which counts for an hour unless the request says otherwise."""
    status, first = await request_token(client)
    _, second = await request_token(client, expirationSeconds=600)

    assert (status, first["kind"], first["spec"]["expirationSeconds"]) == (201, "TokenRequest", 3600)
    assert second["spec"]["expirationSeconds"] == 600
    assert first["status"]["token"] != second["status"]["token"]
    assert (await request_token(client, expirationSeconds=599))[0] == 422
    assert (await request_token(client, expirationSeconds="long"))[0] == 400
    assert (await client.ask("POST", TOKEN_PATH.replace("default/token", "nobody/token"), {}))[0] == 404


async def test_a_token_ends_with_its_account(api: Api, account: Client) -> None:
    """Also if there is another account of that name."""
    assert (await account.ask("GET", "/version"))[0] == 200

    api.delete("serviceaccounts", "default", "default")
    api.create("serviceaccounts", {"metadata": {"name": "default", "namespace": "default"}})

    assert (await account.ask("GET", "/version"))[0] == 401


async def test_a_token_ends_with_its_time(account: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the seconds that were requested."""
    later = time.monotonic() + 3601
    assert (await account.ask("GET", "/version"))[0] == 200

    monkeypatch.setattr("simulator.kubernetes.server.tokens.monotonic", lambda: later)

    assert (await account.ask("GET", "/version"))[0] == 401


async def test_a_token_for_others_is_none_here(client: Client) -> None:
    """A token for another audience."""
    _, answer = await request_token(client, audiences=["vault"])
    use(client, answer["status"]["token"])

    assert (await client.ask("GET", "/version"))[0] == 401
