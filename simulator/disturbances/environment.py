"""What the simulator is put together with: as it is, or disturbed."""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from simulator.csi.protocol import Driver
from simulator.disturbances.catalogue import SLOW_STEP
from simulator.disturbances.chance import Chance, Disturbing
from simulator.disturbances.driver import RemoteDriver
from simulator.disturbances.faulty_cluster import ApiTroubles, S3Troubles
from simulator.disturbances.store import SlowConnections
from simulator.disturbances.timing import DisturbedTiming
from simulator.kubernetes.server import Server
from simulator.kubernetes.timing import NoDisturbance, Timing
from simulator.s3.connection import S3Connections
from simulator.s3.server import S3Server


@dataclass(frozen=True)
class Environment:
    """Without `chance` everything stays as it is."""

    timing: Timing
    hindrance: Callable[[], float] | None
    chance: Chance | None

    @classmethod
    def of(cls, disturbing: Disturbing | None) -> "Environment":
        """As asked for on the command line."""
        if disturbing is None:
            return cls(NoDisturbance(), None, None)
        chance = Chance(disturbing)
        return cls(DisturbedTiming(chance), partial(chance.seconds, SLOW_STEP), chance)

    def connections(self, s3: S3Connections) -> S3Connections:
        """How Longhorn reaches S3."""
        return s3 if self.chance is None else SlowConnections(s3, self.chance)

    def driver(self, driver: Driver) -> Driver:
        """How the sidecars and the kubelet reach the driver."""
        return driver if self.chance is None else RemoteDriver(driver, self.chance)

    def trouble(self, server: Server, s3: S3Server) -> None:
        """Let the API server and S3 get into trouble, as far as that was asked for. Before they listen."""
        if self.chance is not None:
            server.middlewares.append(ApiTroubles(self.chance).middleware)
            s3.middlewares.append(S3Troubles(self.chance).middleware)

    def show(self, server: Server) -> None:
        """Have the API server tell, at /metrics, how often each disturbance happened."""
        if self.chance is not None:
            server.set_metrics(self.chance.metrics)

    def tell(self) -> None:
        """Print on stderr how often each disturbance happened."""
        if self.chance is not None:
            with suppress(OSError):
                counts = ", ".join(f"{name} {count}" for name, count in self.chance.happened.items())
                print(f"disturbed: {counts}", file=sys.stderr)
