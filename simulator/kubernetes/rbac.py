"""RBAC: who may do what, by the roles and bindings that the API holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import ApiError
from simulator.kubernetes.resources import Obj

GROUP = "rbac.authorization.k8s.io"
SUPERUSERS = "system:masters"
"""The group that may do everything, whatever the roles say."""

AUTHENTICATED = "system:authenticated"
"""The group of everybody who has a token."""

_DISCOVERY = ("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz")
_PUBLIC = {
    "system:discovery": (*_DISCOVERY, "/version", "/version/"),
    # As /version says what a cluster is: without it a run could take this one for real.
    "simulator:about": ("/simulator/about",),
}
"""Paths that everybody with a token may read, by the role that says so."""


@dataclass(frozen=True)
class User:
    """Who sends a request."""

    name: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attributes:
    """What a request wants. `resource` is "" for a `path` that is none of an object."""

    verb: str
    path: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""

    @property
    def combined(self) -> str:
        """The resource as rules name it, such as `pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def install(api: Api) -> None:
    """Make the roles that a cluster has from its beginning, as far as anything here asks for them."""
    for name, paths in _PUBLIC.items():
        api.create(f"clusterroles.{GROUP}", {"metadata": {"name": name}, "rules": [_reading(paths)]})
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": GROUP, "kind": "Group", "name": AUTHENTICATED}],
        }
        api.create(f"clusterrolebindings.{GROUP}", binding)


def _reading(paths: Sequence[str]) -> Obj:
    return {"nonResourceURLs": list(paths), "verbs": ["get"]}


class Authorizer:
    """Judges requests by the objects of an API."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def check(self, user: User, wanted: Attributes) -> None:
        """Raises ApiError 403, in the words of a real API server, unless a rule allows the request."""
        if SUPERUSERS in user.groups:
            return
        missing: list[str] = []
        for namespace, binding in self._bindings(user, wanted.namespace):
            role = self._role(binding.get("roleRef") or {}, namespace, missing)
            if any(_allows(rule, wanted) for rule in role.get("rules") or ()):
                return
        raise _forbidden(user, wanted, list(dict.fromkeys(missing)))

    def _bindings(self, user: User, namespace: str) -> Iterator[tuple[str, Obj]]:
        """The bindings of a user, with the namespace of each ("" for the whole cluster)."""
        places = [("", self._api.view(f"clusterrolebindings.{GROUP}"))]
        if namespace:
            places.append((namespace, self._api.view(f"rolebindings.{GROUP}", namespace)))
        for place, bindings in places:
            for binding in bindings:
                if any(_is_subject(user, subject, place) for subject in binding.get("subjects") or ()):
                    yield place, binding

    def _role(self, reference: Obj, namespace: str, missing: list[str]) -> Obj:
        """The role that a binding refers to; an empty one if there is none, which is noted in `missing`."""
        kind = reference.get("kind", "").lower()
        name = reference.get("name", "")
        place = namespace if kind == "role" else ""
        role = None
        if kind == "clusterrole" or (kind == "role" and namespace):
            role = self._api.store.find(self._api.resource(f"{kind}s.{GROUP}"), (place, name))
        if role is None:
            missing.append(f'{kind}.{GROUP} "{name}" not found')
            return {}
        return role.object


def _is_subject(user: User, subject: Obj, namespace: str) -> bool:
    name = subject.get("name", "")
    match subject.get("kind"):
        case "User":
            return bool(user.name == name)
        case "Group":
            return name in user.groups
        case "ServiceAccount":
            place = subject.get("namespace") or namespace
            return bool(place) and user.name == f"system:serviceaccount:{place}:{name}"
    return False


def _allows(rule: Obj, wanted: Attributes) -> bool:
    if not _names(rule, "verbs", wanted.verb):
        return False
    if not wanted.resource:
        urls = rule.get("nonResourceURLs") or ()
        return any(wanted.path == url or (url.endswith("*") and wanted.path.startswith(url[:-1])) for url in urls)
    if not _names(rule, "apiGroups", wanted.group):
        return False
    resources = rule.get("resources") or ()
    below = f"*/{wanted.subresource}"
    if not (_names(rule, "resources", wanted.combined) or (wanted.subresource and below in resources)):
        return False
    return not rule.get("resourceNames") or wanted.name in rule["resourceNames"]


def _names(rule: Obj, field: str, value: str) -> bool:
    values = rule.get(field) or ()
    return value in values or "*" in values


def _forbidden(user: User, wanted: Attributes, missing: Sequence[str]) -> ApiError:
    who = f'User "{user.name}" cannot {wanted.verb}'
    details: Obj = {}
    if wanted.resource:
        qualified = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
        about = f'{qualified} "{wanted.name}" is forbidden' if wanted.name else f"{qualified} is forbidden"
        where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
        message = f'{about}: {who} resource "{wanted.combined}" in API group "{wanted.group}" {where}'
        known = {"name": wanted.name, "group": wanted.group, "kind": wanted.resource}
        details = {key: value for key, value in known.items() if value}
    else:
        message = f'forbidden: {who} path "{wanted.path}"'
    if missing:
        listed = ", ".join(missing)
        message += f": RBAC: {listed if len(missing) == 1 else f'[{listed}]'}"
    return ApiError(403, "Forbidden", message, details)
