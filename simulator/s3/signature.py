"""Checking the AWS signature, version 4, of a request (in a header or, presigned, in the query)."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from simulator.s3.connection import S3Error, access_denied, wrong_signature

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_FIELDS = ("Credential", "SignedHeaders", "Signature")


def authenticate(
    method: str, raw_path: str, headers: Mapping[str, str], body: bytes, secret_of: Callable[[str], str]
) -> str:
    """The access key whose secret signed the request. Raises S3Error.

    `raw_path` is path and query as they came over the wire; `headers` must be case-insensitive.
    """
    path, _, query = raw_path.partition("?")
    parameters = _parameters(query)
    if headers.get("Authorization", "").startswith(_ALGORITHM):
        fields = _authorization(headers["Authorization"])
        stamp = headers.get("x-amz-date", "")
        payload = headers.get("x-amz-content-sha256", _UNSIGNED)
        if len(payload) == hashlib.sha256().digest_size * 2 and payload != hashlib.sha256(body).hexdigest():
            text = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise S3Error(400, "XAmzContentSHA256Mismatch", text)
    elif dict(parameters).get("X-Amz-Algorithm") == _ALGORITHM:
        given = dict(parameters)
        fields = {name: given.get(f"X-Amz-{name}", "") for name in _FIELDS}
        stamp = given.get("X-Amz-Date", "")
        payload = _UNSIGNED
        _check_expiry(stamp, given.get("X-Amz-Expires", ""))
        parameters = [(key, value) for key, value in parameters if key != "X-Amz-Signature"]
    else:
        raise access_denied()
    access_key, scope = _credential(fields["Credential"])
    secret = secret_of(access_key)
    signed = fields["SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            method,
            quote(unquote(path), safe="/-_.~"),
            "&".join(sorted(f"{_encoded(key)}={_encoded(value)}" for key, value in parameters)),
            *(f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed),
            "",
            ";".join(signed),
            payload,
        ]
    )
    text = "\n".join([_ALGORITHM, stamp, "/".join(scope), hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    if not hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), fields["Signature"]):
        raise wrong_signature()
    return access_key


def is_anonymous(raw_path: str, headers: Mapping[str, str]) -> bool:
    """Whether a request carries no signature at all."""
    return "Authorization" not in headers and "X-Amz-Algorithm=" not in raw_path.partition("?")[2]


def _authorization(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.removeprefix(_ALGORITHM).split(","))
    fields = {name: value for name, _, value in pairs}
    if not set(_FIELDS) <= fields.keys():
        raise S3Error(400, "AuthorizationHeaderMalformed", "The authorization header is malformed.")
    return fields


def _credential(text: str) -> tuple[str, list[str]]:
    access_key, *scope = text.rsplit("/", 4)
    if len(scope) != 4:
        text = "The authorization header is malformed; the credential has no scope."
        raise S3Error(400, "AuthorizationHeaderMalformed", text)
    return access_key, scope


def _check_expiry(stamp: str, seconds: str) -> None:
    try:
        signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        end = signed + timedelta(seconds=int(seconds))
    except ValueError:
        text = "The authorization query parameters are malformed."
        raise S3Error(400, "AuthorizationQueryParametersError", text) from None
    if datetime.now(UTC) > end:
        raise S3Error(403, "AccessDenied", "Request has expired")


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(unquote(key.replace("+", " ")), unquote(value.replace("+", " "))) for key, _, value in pairs]


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
