"""What surrounds the simulated parts: undisturbed, or disturbed by chance."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from simulator.csi.protocol import Driver
from simulator.disturbances.chance import Chance, Chaos
from simulator.disturbances.driver import RemoteDriver
from simulator.disturbances.faulty_cluster import FaultyApi, FaultyS3
from simulator.disturbances.store import SlowConnections
from simulator.disturbances.timing import DisturbedTiming
from simulator.kubernetes.server import Server
from simulator.kubernetes.timing import Timing
from simulator.s3.connection import S3Connections
from simulator.s3.server import S3Server


@dataclass(frozen=True)
class Environment:
    """Without `chance` nothing is disturbed."""

    timing: Timing
    chance: Chance | None

    @classmethod
    def of(cls, chaos: Chaos | None, undisturbed: Timing) -> "Environment":
        """As the command line requests it; `undisturbed` is the timing without chaos."""
        if chaos is None:
            return cls(undisturbed, None)
        chance = Chance(chaos)
        return cls(DisturbedTiming(chance), chance)

    def connections(self, s3: S3Connections) -> S3Connections:
        """How Longhorn reaches S3."""
        return s3 if self.chance is None else SlowConnections(s3, self.chance)

    def driver(self, driver: Driver) -> Driver:
        """How the sidecars and the kubelet reach the driver."""
        return driver if self.chance is None else cast("Driver", RemoteDriver(driver, self.chance))

    def add_failures(self, server: Server, s3: S3Server) -> None:
        """Let requests to the API server and to S3 fail, if `--chaos` says `troubles`. Before they listen."""
        if self.chance is not None:
            server.middlewares.append(FaultyApi(self.chance).middleware)
            s3.middlewares.append(FaultyS3(self.chance).middleware)

    def serve_metrics(self, server: Server) -> None:
        """Count the disturbances at the API server's /metrics."""
        if self.chance is not None:
            server.metrics = self.chance.metrics

    def print_counts(self) -> None:
        """Print on stderr how often each disturbance happened."""
        if self.chance is not None:
            with suppress(OSError):
                counts = ", ".join(f"{name} {count}" for name, count in self.chance.happened.items())
                print(f"disturbed: {counts}", file=sys.stderr)
