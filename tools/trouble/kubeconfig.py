"""A cluster behind a proxy: the kubeconfig that leads there instead of to its API server."""

import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tools.trouble.proxy import Decide, Proxy, proxy


@contextmanager
def behind_proxy(kubeconfig: Path, written: Path, decide: Decide) -> Iterator[Proxy]:
    """A proxy before the one API server of a kubeconfig, which is written anew; credentials stay in it.

    It is reached by http; to the server it speaks as the kubeconfig says.
    """
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    (entry,) = config["clusters"]
    authority = entry["cluster"].pop("certificate-authority-data", None)
    trust = ssl.create_default_context(cadata=base64.b64decode(authority).decode()) if authority else None
    with proxy(entry["cluster"]["server"], decide, trust) as standing:
        entry["cluster"]["server"] = standing.url
        written.touch(mode=0o600)
        written.write_text(yaml.safe_dump(config), encoding="utf-8")
        yield standing
