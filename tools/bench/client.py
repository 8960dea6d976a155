"""A small client for the simulator that is measured."""

import contextlib
import json
import threading
import time
from typing import Any

from tools.api_access import ApiAccess, AuthorizedConnection

Obj = dict[str, Any]


class BenchError(Exception):
    """The simulator refused a request, or did not do in time what is measured."""


def request(connection: AuthorizedConnection, method: str, path: str, body: Obj | None = None) -> Obj:
    """The answer to a request. Raises BenchError for an error status."""
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer: Obj = json.loads(response.read())
    if response.status >= 300:
        raise BenchError(f"{method} {path}: {answer.get('message', answer)}")
    return answer


class Watch:
    """A watch in its own thread, which notes when each event arrived."""

    def __init__(self, access: ApiAccess, path: str) -> None:
        self._connection = access.connect()
        self._connection.request("GET", f"{path}?watch=true")
        self._response = self._connection.getresponse()
        self._seen: list[tuple[float, Obj]] = []
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def wait(self, name: str, key: str, value: Any, seconds: float = 30) -> float:
        """When the object `name` first had `value` at the dotted path `key`."""

        def found() -> float | None:
            return next(
                (moment for moment, obj in self._seen if obj["metadata"]["name"] == name and _at(obj, key) == value),
                None,
            )

        with self._news:
            moment = self._news.wait_for(found, seconds)
        if moment is None:
            raise BenchError(f"{name}: {key} did not become {value} within {seconds} s")
        return moment

    def _follow(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while line := self._response.readline():
                moment = time.perf_counter()
                with self._news:
                    self._seen.append((moment, json.loads(line)["object"]))
                    self._news.notify_all()


def _at(obj: Obj, path: str) -> Any:
    value: Any = obj
    for part in path.split("."):
        value = value.get(part, {}) if isinstance(value, dict) else {}
    return value
