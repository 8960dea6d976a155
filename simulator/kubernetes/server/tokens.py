"""The tokens of service accounts, as `kubectl create token` gets them."""

from datetime import UTC, datetime
from time import monotonic, time

from aiohttp import web

from simulator.kubernetes.api import Api
from simulator.kubernetes.errors import bad_request, invalid, invalid_value
from simulator.kubernetes.rbac import AUTHENTICATED, User
from simulator.kubernetes.resources import Obj
from simulator.kubernetes.server.authentication import Authentication
from simulator.kubernetes.server.paths import Target
from simulator.kubernetes.server.wire import decode, reply

AUDIENCE = "https://kubernetes.default.svc.cluster.local"
_VERSION, _KIND = "authentication.k8s.io/v1", "TokenRequest"
_SECONDS = 3600
_LEAST_SECONDS = 600


def account_user(namespace: str, name: str) -> User:
    """Who a service account is to RBAC."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(f"system:serviceaccount:{namespace}:{name}", groups)


class Tokens:
    """Issues tokens that count until they expire or their service account is deleted."""

    def __init__(self, api: Api, authentication: Authentication) -> None:
        self._api = api
        self._authentication = authentication

    async def create(self, request: web.Request, target: Target) -> web.Response:
        """POST of a TokenRequest to `serviceaccounts/NAME/token`. Raises ApiError 404, 400, 422."""
        uid = self._api.get("serviceaccounts", target.name, target.namespace)["metadata"]["uid"]
        spec = _spec(decode(await request.read(), request.content_type).value)
        seconds, audiences = spec["expirationSeconds"], spec["audiences"]
        if seconds < _LEAST_SECONDS:
            why = "may not specify a duration less than 10 minutes"
            wrong = invalid_value("spec.expirationSeconds", seconds, why)
            raise invalid(_KIND, _VERSION.partition("/")[0], "", [wrong])
        end = monotonic() + seconds

        def is_valid() -> bool:
            account = self._api.find("serviceaccounts", target.name, target.namespace)
            is_same = account is not None and account["metadata"]["uid"] == uid
            return is_same and AUDIENCE in audiences and monotonic() < end

        token = self._authentication.issue(account_user(target.namespace, target.name), is_valid)
        expires = datetime.fromtimestamp(time() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer: Obj = {
            "kind": _KIND,
            "apiVersion": _VERSION,
            "metadata": {"name": target.name, "namespace": target.namespace},
            "spec": spec,
            "status": {"token": token, "expirationTimestamp": expires},
        }
        return reply(answer, 201)


def _spec(body: object) -> Obj:
    """The spec of a TokenRequest with its defaults. Raises ApiError 400."""
    spec = body.get("spec") or {} if isinstance(body, dict) else None
    if not isinstance(spec, dict):
        raise bad_request("the body of the request is no TokenRequest")
    if spec.get("boundObjectRef"):
        raise bad_request("the simulator binds no token to an object")
    audiences, seconds = spec.get("audiences") or [AUDIENCE], spec.get("expirationSeconds") or _SECONDS
    if not isinstance(audiences, list) or type(seconds) is not int:
        raise bad_request("the spec of the TokenRequest cannot be decoded")
    return {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": None}
