"""Containers with a known server in their image: it runs in this process, and its ports are reachable."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from simulator.kubernetes.node.environment import Launch
from simulator.kubernetes.node.logs import Log
from simulator.kubernetes.node.process import CannotStart, Process

Address = tuple[str, int]


class Program(Protocol):
    """A server; `ports` maps the container's ports to addresses on this machine."""

    ports: dict[int, Address]

    async def start(
        self, command: Sequence[str], environment: Mapping[str, str], to_host: Callable[[str], str]
    ) -> None:
        """Raises ValueError or OSError if it cannot be started like that."""

    async def wait(self) -> int: ...

    def end(self) -> None: ...


Programs = Mapping[str, Callable[[], Program]]
"""Servers by the last part of their images' names."""


class Served:
    """One run of a container with such a server. It writes to no volumes, so it is never frozen."""

    def __init__(self, program: Program, log: Log) -> None:
        self._program = program
        self._log = log

    @property
    def ports(self) -> Mapping[int, Address]:
        """Open ports of the container."""
        return self._program.ports

    async def start(self, launch: Launch) -> None:
        """Raises CannotStart."""
        try:
            await self._program.start(launch.command, launch.environment, launch.to_host)
        except (ValueError, OSError) as error:
            raise CannotStart(str(error)) from error
        self._log.write(f"listening on {', '.join(map(str, self.ports))}\n".encode())

    async def wait(self) -> int:
        """The exit code once it has ended."""
        code = await self._program.wait()
        self._log.close()
        return code

    async def stop(self, grace: float) -> None:
        """End it, without delay."""
        del grace
        self._program.end()

    def kill(self) -> None:
        """End it at once."""
        self._program.end()

    def freeze(self) -> None:
        """Nothing to do."""

    async def stopped(self) -> None:
        """At once."""

    def thaw(self) -> None:
        """Nothing to do."""


Running = Process | Served
"""One run of a container, as a process or in this process."""


def program_of(programs: Programs, container: Mapping[str, object]) -> Program | None:
    """The server in a container's image, None if it is unknown or the container has a command."""
    if container.get("command"):
        return None
    name = str(container["image"]).rpartition("/")[2].partition("@")[0].partition(":")[0]
    return programs[name]() if name in programs else None


def ports_of(runs: Iterator[Running | None]) -> dict[int, Address]:
    """The ports of all servers among the containers of a pod."""
    return {port: place for run in runs if isinstance(run, Served) for port, place in run.ports.items()}
