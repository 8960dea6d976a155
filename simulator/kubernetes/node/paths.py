"""Paths of a container that stand for files elsewhere: replaced in its command, and back in its output."""

import re
from collections.abc import Mapping


class Paths:
    """The real paths behind the paths of a container."""

    def __init__(self, real: Mapping[str, str]) -> None:
        """`real` maps device and mount paths of the container to paths of this machine."""
        self._real = {path.rstrip("/") or "/": target for path, target in real.items()}
        self._inside = {target.encode(): path.encode() for path, target in self._real.items()}
        longest_first = sorted(self._real, key=len, reverse=True)
        alternatives = "|".join(re.escape(path) for path in longest_first)
        self._pattern = re.compile(rf"(?<![\w.\-/])(?:{alternatives})(?![\w\-])(?!\.\w)") if self._real else None
        backwards = b"|".join(re.escape(path) for path in sorted(self._inside, key=len, reverse=True))
        self._backwards = re.compile(backwards) if self._inside else None

    def to_host(self, text: str) -> str:
        """`text` with the real paths. Only whole path components are replaced, not parts of longer paths."""
        return self._pattern.sub(lambda match: self._real[match[0]], text) if self._pattern else text

    def to_container(self, output: bytes) -> bytes:
        """Output of the container with the container's paths."""
        return self._backwards.sub(lambda match: self._inside[match[0]], output) if self._backwards else output
