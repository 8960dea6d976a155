"""The certificate of the API server: kubectl sends a token to https only."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class Certificate:
    """What clients must trust, in PEM, and the server's side."""

    authority: str
    context: ssl.SSLContext


def make(*names: str) -> Certificate:
    """An authority and, signed by it, a certificate for DNS names and IP addresses. No file stays."""
    import trustme

    authority = trustme.CA(organization_name="longhorn-simulator")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return Certificate(authority.cert_pem.bytes().decode(), context)
