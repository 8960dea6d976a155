"""The normal form of what the client noted at each step: refusals, logs of pods, listings of the bucket."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tools.fidelity.recording import Leaf, leaves

Plain = Callable[[str], str]
DROPPED_EVENTS = {"Scheduled", "Pulled", "Pulling"}
# Sizes of compressed data depend on the compressor's version.
COMPRESSED_SIZES = {"newlyUploadDataSize", "NewlyUploadedDataSize", "reUploadedDataSize", "ReUploadedDataSize"}


def normalised_notes(scenario: str, plain: Plain, notes: Mapping[str, Any]) -> Iterator[tuple[str, Leaf]]:
    """The notes of a scenario as leaves; `plain` puts placeholders into a text."""
    unread = {"namespace", "began", "t_start", "seconds"}
    for key, value in notes.items():
        if key in unread:
            continue
        yield from _note(scenario, plain, key, value)


def _note(scenario: str, plain: Plain, key: str, value: Any) -> Iterator[tuple[str, Leaf]]:
    if isinstance(value, Mapping) and {"kind", "apiVersion"} <= value.keys():
        yield key, f"a {value['kind']}"
    elif isinstance(value, Mapping) and "ready" in value:
        yield f"{key}.ready", value["ready"]
        yield from _note(scenario, plain, f"{key}.vs", value.get("vs"))
    elif isinstance(value, Mapping) and "phase" in value:
        yield f"{key}.phase", value["phase"]
        yield f"{key}.log", _log(scenario, plain, value.get("log"))
    elif isinstance(value, Mapping) and "magic" in value:
        yield from _download(plain, key, value)
    elif isinstance(value, Mapping) and "body" in value:
        yield f"{key}.status", value["status"]
        yield from _body(plain, f"{key}.body", value["body"])
    elif isinstance(value, Mapping) and all(isinstance(v, Mapping) and "size" in v for v in value.values()):
        yield from _listing(plain, key, value)
    elif isinstance(value, list) and all(isinstance(row, list) and len(row) == 3 for row in value) and value:
        for row in sorted(
            {tuple(plain(str(cell)) for cell in row) for row in value if str(row[1]) not in DROPPED_EVENTS}
        ):
            yield f"{key}[{': '.join(row)}]", True
    elif isinstance(value, list) and all(
        isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) for row in value
    ):
        for name, status in value:
            yield from ((f"{key}[{plain(name)}].{plain(path)}", _plain(plain, path, v)) for path, v in leaves(status))
    elif isinstance(value, float):
        yield key, "gone"
    elif key == "EXCEPTION":
        yield key, plain(str(value).strip().rpartition("\n")[2])
    else:
        yield from ((plain(path), _plain(plain, path, v)) for path, v in leaves(value, key))


def _plain(plain: Plain, path: str, value: Leaf) -> Leaf:
    """A leaf without what differs on every run: durations, revisions, times in nanoseconds, compressed sizes."""
    last = path.rpartition(".")[2]
    if isinstance(value, float):
        return "{seconds}"
    if last == "resourceVersion":
        return "{revision}"
    if last == "creationTime" and isinstance(value, int):
        return "{time in nanoseconds}"
    if last in COMPRESSED_SIZES and value not in ("", "0", 0):
        return "{bytes}"
    return plain(value) if isinstance(value, str) else value


def _log(scenario: str, plain: Plain, log: str | None) -> Leaf:
    if scenario == "filesystem" and log:
        log = re.sub(r"[0-9a-f]{64}  /data/r", "{digest of random data}  /data/r", log)
    return plain(log) if log is not None else None


def _download(plain: Plain, key: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Leaf]]:
    """The head of a downloaded file; its size depends on the compressor."""
    yield f"{key}.status", value["status"]
    yield f"{key}.magic", value["magic"][:8]
    for header in ("Content-Disposition", "Content-Type", "Transfer-Encoding"):
        yield f"{key}.headers.{header}", plain(value["headers"].get(header, ""))


def _body(plain: Plain, key: str, text: str) -> Iterator[tuple[str, Leaf]]:
    try:
        body = json.loads(text)
    except ValueError:
        yield key, plain(text)
    else:
        yield from ((f"{key}.{path}", _plain(plain, path, value)) for path, value in leaves(body))


def _listing(plain: Plain, key: str, listing: Mapping[str, Any]) -> Iterator[tuple[str, Leaf]]:
    """The bucket under this scenario's volumes: each key, and the content of each file of text."""
    for name, entry in listing.items():
        path = f"{key}[{plain(name)}]"
        if "{claim " not in path:
            continue
        if "text" not in entry:
            yield path, "{bytes}" if entry["size"] else 0
            continue
        content = json.loads(entry["text"])
        compact = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        yield f"{path}.form", "compact JSON" if compact == entry["text"] else "JSON of another form"
        yield f"{path}.fields", " ".join(content)
        for block in content.get("Blocks") or ():
            yield f"{path}.Blocks[{block.pop('Offset')}]", json.dumps(block, sort_keys=True)
        content.pop("Blocks", None)
        for leaf, value in leaves(content):
            yield f"{path}.{plain(leaf)}", _plain(plain, leaf, value)
