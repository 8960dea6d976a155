"""The part of MinIO's admin API, version 3, that manages users and policies.

Secrets travel encrypted with the caller's secret key (`minio.crypto`). Only the root key may call it.
"""

import io
import json
from collections.abc import Mapping

from simulator.s3.accounts import Accounts, User
from simulator.s3.connection import S3Error, access_denied
from simulator.s3.policy import parse

PREFIX = "/minio/admin/v3/"

Answer = tuple[int, Mapping[str, str], bytes]


class MinioAdmin:
    """Users, policies, and which user has which policies."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def answer(self, user: str, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request of `user`. Raises S3Error."""
        if user != self._accounts.root:
            raise access_denied()
        secret = self._accounts.users[user].secret_key
        command = path.removeprefix(PREFIX)
        try:
            content = self._run(method, command, query, body, secret)
        except (KeyError, ValueError) as error:
            raise S3Error(400, "XMinioAdminInvalidArgument", f"Invalid request: {error}") from error
        return 200, {"Content-Type": "application/json"}, content

    def _run(self, method: str, command: str, query: Mapping[str, str], body: bytes, secret: str) -> bytes:
        accounts = self._accounts
        match method, command:
            case "PUT", "add-user":
                given = json.loads(_decrypted(body, secret))
                known = accounts.users.get(query["accessKey"], User(""))
                enabled = given.get("status", "enabled") == "enabled"
                accounts.users[query["accessKey"]] = User(given["secretKey"], known.policies, enabled)
            case "DELETE", "remove-user":
                self._user(query["accessKey"])
                del accounts.users[query["accessKey"]]
            case "PUT", "set-user-status":
                self._user(query["accessKey"]).enabled = query["status"] == "enabled"
            case "GET", "user-info":
                return json.dumps(_described(self._user(query["accessKey"]))).encode()
            case "GET", "list-users":
                others = {key: user for key, user in accounts.users.items() if key != accounts.root}
                return _encrypted(json.dumps({key: _described(user) for key, user in others.items()}), secret)
            case "PUT", "add-canned-policy":
                accounts.policies[query["name"]] = parse(body)
                accounts.documents[query["name"]] = body.decode()
            case "DELETE", "remove-canned-policy":
                self._policy(query["name"])
                del accounts.policies[query["name"]]
                accounts.documents.pop(query["name"], None)
            case "GET", "info-canned-policy":
                self._policy(query["name"])
                return accounts.documents.get(query["name"], "{}").encode()
            case "GET", "list-canned-policies":
                return json.dumps({name: json.loads(text) for name, text in accounts.documents.items()}).encode()
            case "PUT", "set-user-or-group-policy":
                names = [name for name in query["policyName"].split(",") if name]
                self._set(query["userOrGroup"], names)
            case "POST", "idp/builtin/policy/attach" | "idp/builtin/policy/detach":
                given = json.loads(_decrypted(body, secret))
                user = self._user(given["user"])
                if command.endswith("attach"):
                    wanted = [*user.policies, *(name for name in given["policies"] if name not in user.policies)]
                    changed = {"policiesAttached": given["policies"]}
                else:
                    wanted = [name for name in user.policies if name not in given["policies"]]
                    changed = {"policiesDetached": given["policies"]}
                self._set(given["user"], wanted)
                return _encrypted(json.dumps(changed), secret)
            case _:
                raise S3Error(404, "XMinioAdminNotImplemented", f"{method} {command} is not served")
        return b""

    def _user(self, access_key: str) -> User:
        if access_key == self._accounts.root or access_key not in self._accounts.users:
            text = "The specified user does not exist."
            raise S3Error(404, "XMinioAdminNoSuchUser", text)
        return self._accounts.users[access_key]

    def _policy(self, name: str) -> None:
        if name not in self._accounts.policies:
            raise S3Error(404, "XMinioAdminNoSuchPolicy", "The canned policy does not exist.")

    def _set(self, access_key: str, policies: list[str]) -> None:
        for name in policies:
            self._policy(name)
        self._user(access_key).policies = policies


class _Response(io.BytesIO):
    """The part of an HTTP response that `minio.crypto.decrypt` uses."""

    def release_conn(self) -> None:
        """Nothing to release."""


def _decrypted(body: bytes, secret: str) -> bytes:
    from minio.crypto import decrypt

    return decrypt(_Response(body), secret)  # type: ignore[arg-type]


def _encrypted(text: str, secret: str) -> bytes:
    from minio.crypto import encrypt

    return encrypt(text.encode(), secret)


def _described(user: User) -> dict[str, str]:
    return {"policyName": ",".join(user.policies), "status": "enabled" if user.enabled else "disabled"}
