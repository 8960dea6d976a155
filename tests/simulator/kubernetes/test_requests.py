"""The requests so far, as RBAC describes them."""

from simulator.kubernetes.builtin.kinds import resources
from simulator.kubernetes.server.paths import Target
from simulator.kubernetes.server.requests import Requests

POD_REQUESTS = [
    ("GET", (), ("list", "pods", "", 1)),
    ("WATCH", (), ("watch", "pods", "", 1)),
    ("GET", ("n", "one"), ("get", "pods", "n", 1)),
    ("GET", ("n", "one", "log"), ("get", "pods/log", "n", 1)),
    ("POST", ("n",), ("create", "pods", "n", 2)),
    ("POST", ("n",), ("create", "pods", "n", 2)),
    ("PUT", ("n", "one", "status"), ("update", "pods/status", "n", 1)),
    ("PATCH", ("n", "one"), ("patch", "pods", "n", 1)),
    ("DELETE", ("n", "one"), ("delete", "pods", "n", 1)),
    ("DELETE", ("n",), ("deletecollection", "pods", "n", 1)),
]


def test_requests_are_counted_by_verb() -> None:
    pods = next(each for each, _ in resources() if each.plural == "pods")
    requests = Requests()
    for method, path, _ in POD_REQUESTS:
        query = {"watch": "true"} if method == "WATCH" else {}
        requests.note("anna", "GET" if query else method, query, Target(pods, *path))

    page = requests.page()["requests"]

    counted = {(each["verb"], each["resource"], each["namespace"], each["count"]) for each in page}
    assert counted == {entry for _, _, entry in POD_REQUESTS}
    assert {each["user"] for each in page} == {"anna"}
