"""The output of containers: kept in memory by line, read with the options of `kubectl logs`."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from simulator.clock import Clock
from simulator.kubernetes.server import LogOptions

LIMIT = 10 * 1024 * 1024
"""Bytes kept per container, as the kubelet rotates logs."""

LONGEST_LINE = 64 * 1024


@dataclass(frozen=True)
class Line:
    """A line with its line break, if it has one, and when it was read."""

    number: int
    time: datetime
    text: bytes


class Log:
    """The output of one run of a container."""

    def __init__(self, clock: Clock, shown: Callable[[bytes], bytes] = bytes) -> None:
        """`shown` converts each line before it is kept."""
        self._clock = clock
        self._shown = shown
        self._lines: deque[Line] = deque()
        self._bytes = 0
        self._count = 0
        self._partial = b""
        self._more = asyncio.Event()
        self.is_closed = False

    def write(self, data: bytes) -> None:
        """Add output; a line is added when it is complete, or very long."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._append(line + b"\n")
        if len(self._partial) > LONGEST_LINE:
            self._append(self._partial)
            self._partial = b""
        self._wake()

    def close(self) -> None:
        """The output is complete."""
        if self._partial:
            self._append(self._partial)
            self._partial = b""
        self.is_closed = True
        self._wake()

    async def read(self, options: LogOptions) -> AsyncIterator[bytes]:
        """The lines that the options select, with `follow` also future ones."""
        begin = self._count - options.tail_lines if options.tail_lines is not None else 0
        left = options.limit_bytes
        while True:
            more = self._more
            for line in tuple(self._lines):
                if line.number < begin or (options.since is not None and line.time < options.since):
                    continue
                begin = line.number + 1
                text = _stamped(line) if options.timestamps else line.text
                if left is not None:
                    text = text[:left]
                    left -= len(text)
                if text:
                    yield text
                if left == 0:
                    return
            if self.is_closed or not options.follow:
                return
            await more.wait()

    def _append(self, text: bytes) -> None:
        text = self._shown(text)
        self._lines.append(Line(self._count, self._clock.now(), text))
        self._count += 1
        self._bytes += len(text)
        while self._bytes > LIMIT:
            self._bytes -= len(self._lines.popleft().text)

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()


def _stamped(line: Line) -> bytes:
    return line.time.strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode() + line.text
