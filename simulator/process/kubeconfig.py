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
        # What a link leads to is replaced, not the link.
        path = path.resolve()
        if path.exists() and not path.is_file():
            _write_as_it_is(path, text)
            return
        if path.exists() and not _is_own(path):
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
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        # A RuntimeError is a circle of links.
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise KubeconfigError(f"cannot write the kubeconfig {str(path)[:200]}: {reason}") from error


def remove(path: Path, server: str) -> None:
    """Remove it, unless another simulator has overwritten it."""
    try:
        path = path.resolve()
        # A device or a pipe was there before, and stays.
        if path.is_file() and f"    server: {server}\n" in path.read_text():
            path.unlink()
    except OSError:
        return


def _is_own(path: Path) -> bool:
    """Whether a simulator has written the file, or it is empty."""
    with path.open("rb") as file:
        begin = file.read(len(_MARK.encode()))
    return begin in (b"", _MARK.encode())


def _write_as_it_is(path: Path, text: str) -> None:
    """Write to a device or a pipe. OSError for a directory, and for a pipe that nobody reads."""
    handle = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    with os.fdopen(handle, "w") as file:
        os.set_blocking(handle, True)
        file.write(text)
