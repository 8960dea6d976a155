"""The handle of a backing image: bi://backing?<name>=<value>&..., as Go's net/url takes a query apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

NAME, SOURCE_TYPE, CHECKSUM = "backingImage", "backingImageDataSourceType", "backingImageChecksum"
HEX = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True)
class ImageHandle:
    """What a handle says: image, source type and checksum are "" where they are missing."""

    image: str
    source_type: str
    checksum: str
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "ImageHandle":
        """The handle with these query values."""
        rest = {key: value for key, value in values.items() if key not in {NAME, SOURCE_TYPE, CHECKSUM}}
        return cls(values.get(NAME, ""), values.get(SOURCE_TYPE, ""), values.get(CHECKSUM, ""), rest)


def text(values: Mapping[str, str]) -> str:
    """The handle with these query values, in the order of their names; nothing in them needs an escape."""
    query = "&".join(f"{key}={values[key]}" for key in sorted(values))
    return f"bi://backing?{query}"


def pairs(handle: str) -> dict[str, str]:
    """Names and values of the query as they are spelled; of two values for a name the first counts."""
    found: dict[str, str] = {}
    query = handle.partition("#")[0].partition("?")[2]
    for pair in query.split("&"):
        if not pair or ";" in pair:
            continue
        key, _, value = pair.partition("=")
        found.setdefault(key, value)
    return found


def unescaped(value: str) -> str | None:
    """A value with its escapes undone, None when one of them is broken."""
    parts = value.split("%")[1:]
    if any(len(part) < 2 or not set(part[:2]) <= HEX for part in parts):
        return None
    return unquote_to_bytes(value.replace("+", " ")).decode("utf-8", "replace")
