"""The requests so far, as RBAC describes them."""

from simulator.kubernetes.builtin.kinds import resources
from simulator.kubernetes.resources import Resource
from simulator.kubernetes.server.paths import Target
from simulator.kubernetes.server.requests import Requests


def resource(plural: str) -> Resource:
    """A built-in resource."""
    return next(each for each, _ in resources() if each.plural == plural)


def test_requests_are_counted_by_verb() -> None:
    """As RBAC names them, with subresources and watches."""
    pods = resource("pods")
    requests = Requests()
    for method, query, target in (
        ("GET", {}, Target(pods)),
        ("GET", {"watch": "true"}, Target(pods)),
        ("GET", {}, Target(pods, "n", "one")),
        ("GET", {}, Target(pods, "n", "one", "log")),
        ("POST", {}, Target(pods, "n")),
        ("POST", {}, Target(pods, "n")),
        ("PUT", {}, Target(pods, "n", "one", "status")),
        ("PATCH", {}, Target(pods, "n", "one")),
        ("DELETE", {}, Target(pods, "n", "one")),
        ("DELETE", {}, Target(pods, "n")),
    ):
        requests.note(method, query, target)

    page = requests.page()["requests"]

    assert {(each["verb"], each["resource"], each["namespace"], each["count"]) for each in page} == {
        ("list", "pods", "", 1),
        ("watch", "pods", "", 1),
        ("get", "pods", "n", 1),
        ("get", "pods/log", "n", 1),
        ("create", "pods", "n", 2),
        ("update", "pods/status", "n", 1),
        ("patch", "pods", "n", 1),
        ("delete", "pods", "n", 1),
        ("deletecollection", "pods", "n", 1),
    }
