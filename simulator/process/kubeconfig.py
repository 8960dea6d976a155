"""The kubeconfig of the simulated cluster."""

import base64
import os
import tempfile
from pathlib import Path

_MARK = "# Written by python -m simulator; it is removed when the simulator stops.\n"
_NAME = "longhorn-simulator"


class KubeconfigError(Exception):
    """The file cannot be written, or is not a simulator's."""


def write(path: Path, server: str, token: str, authority: str) -> None:
    """Write it atomically, readable for nobody else; `authority` (PEM) signed the server's certificate.

    Raises KubeconfigError, also for a file that exists and was not written by a simulator.
    """
    text = _MARK + (
        "apiVersion: v1\n"
        "kind: Config\n"
        f"current-context: {_NAME}\n"
        "clusters:\n"
        f"- name: {_NAME}\n"
        "  cluster:\n"
        f"    server: {server}\n"
        f"    certificate-authority-data: {base64.b64encode(authority.encode()).decode()}\n"
        "contexts:\n"
        f"- name: {_NAME}\n"
        "  context:\n"
        f"    cluster: {_NAME}\n"
        f"    user: {_NAME}\n"
        "users:\n"
        f"- name: {_NAME}\n"
        "  user:\n"
        f"    token: {token}\n"
    )
    try:
        if path.exists() and (content := path.read_text()) and not content.startswith(_MARK):
            raise KubeconfigError(f"{path} exists and is not a simulator's kubeconfig; not overwritten")
        # Nobody else can ever read it: the new file has mode 0600 before it has a byte, and it replaces an old one.
        fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(fd, "w") as file:
                file.write(text)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink()
            raise
    except (OSError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"cannot write the kubeconfig {path}: {error}") from error


def remove(path: Path, server: str) -> None:
    """Remove it, unless another simulator has overwritten it."""
    try:
        if f"    server: {server}\n" in path.read_text():
            path.unlink()
    except OSError:
        return
