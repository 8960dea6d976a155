"""What a proxy spoils, exchange by exchange, and who is behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fixtures.kubernetes.client import Cluster
from tools.trouble.proxy import Decide, Exchange, Fault


def _nothing(_: Exchange) -> Fault | None:
    return None


@dataclass
class Script:
    """Spoils the next exchanges of a method whose path contains a fragment, or all `otherwise`."""

    planned: list[tuple[str, str, Fault | Callable[[], Fault | None]]] = field(default_factory=list)
    otherwise: Decide = _nothing
    requests: list[tuple[str, str]] = field(default_factory=list)

    def spoil(self, method: str, fragment: str, *faults: Fault | Callable[[], Fault | None]) -> None:
        """One exchange after the other; a function is called when its exchange comes, and may let it pass."""
        self.planned += [(method, fragment, fault) for fault in faults]

    def decide(self, exchange: Exchange) -> Fault | None:
        self.requests.append((exchange.method, exchange.path))
        for entry in self.planned:
            method, fragment, fault = entry
            if method == exchange.method and fragment in exchange.path:
                self.planned.remove(entry)
                return fault if isinstance(fault, Fault) else fault()
        return self.otherwise(exchange)

    def sent(self, method: str, fragment: str = "") -> int:
        """How many requests of a method had a path with this fragment."""
        return sum(each == method and fragment in path for each, path in self.requests)


@dataclass(frozen=True)
class Behind:
    """An API server behind a proxy: `script` says what the proxy spoils; `direct` is a way past it."""

    cluster: Cluster
    direct: Cluster
    script: Script
    kubeconfig: Path
