"""The journal: which requests came in, and how each was answered."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from time import time
from typing import Any, NamedTuple

# What one entry keeps at most, in bytes. A larger request is kept cut, so that no client can fill the memory.
KEPT = 16_384
KEPT_HEADERS = 100

Note = list[Any]
"""An entry while its request is under way, in the order of ``Entry``: every request makes one, few are looked at."""


class Entry(NamedTuple):
    """A request as it came, in raw bytes; ``status`` is None where the connection was dropped instead of an answer."""

    time: float
    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    api: str | None
    operation: str | None
    status: int | None
    fault: str | None
    body: bytes
    body_bytes: int

    def document(self, number: int) -> dict[str, Any]:
        """The entry as the control plane shows it; a repeated header is joined by commas (RFC 9110, section 5.3)."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in self.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return {
            "number": number,
            "time": datetime.fromtimestamp(self.time, UTC).isoformat().replace("+00:00", "Z"),
            "api": self.api,
            "operation": self.operation,
            "method": self.method,
            "path": self.path.decode("latin-1"),
            "query": self.query.decode("latin-1"),
            "headers": headers,
            "body": self.body.decode("utf-8", "replace"),
            "body_bytes": self.body_bytes,
            "status": self.status,
            "fault": self.fault,
        }


STATUS, FAULT, BODY, BODY_BYTES = (Entry._fields.index(name) for name in ("status", "fault", "body", "body_bytes"))


def note(scope: Mapping[str, Any], api: str | None, operation: str | None) -> Note:
    """A request as it comes in; status, fault and body follow."""
    path = scope.get("raw_path") or scope["path"].encode()  # a server need not give it (the ASGI specification)
    query, headers = scope["query_string"], scope["headers"]
    if len(path) + len(query) > KEPT:
        path, query = path[:KEPT], query[:KEPT]
    if len(headers) > KEPT_HEADERS or sum(map(len, chain.from_iterable(headers))) > KEPT:
        share = KEPT // KEPT_HEADERS
        headers = [(name[:share], value[:share]) for name, value in headers[:KEPT_HEADERS]]
    return [time(), scope["method"], path, query, headers, api, operation, None, None, b"", 0]


def keep_body(taken: Note, body: bytes) -> None:
    """Keep as much of a body as may be kept."""
    taken[BODY_BYTES] = len(body)
    taken[BODY] = body if len(body) <= KEPT else bytes(body[:KEPT])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; None asks for any. ``path`` is compared as it was sent, before decoding."""

    api: str | None = None
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    status: int | None = None

    def takes(self, entry: Entry) -> bool:
        return (
            self.api in {None, entry.api}
            and self.operation in {None, entry.operation}
            and self.method in {None, entry.method}
            and self.status in {None, entry.status}
            and (self.path is None or self.path == entry.path.decode("latin-1"))
        )


class Journal:
    """The last ``limit`` requests, in the order they came; older ones are dropped, and how many is known."""

    def __init__(self, limit: int) -> None:
        self._notes: deque[Note] = deque(maxlen=limit)
        self._count = 0

    def add(self, taken: Note) -> None:
        self._count += 1
        self._notes.append(taken)

    def clear(self) -> None:
        self._notes.clear()
        self._count = 0

    @property
    def dropped(self) -> int:
        return self._count - len(self._notes)

    def find(self, wanted: Wanted) -> Iterator[tuple[int, Entry]]:
        """The entries asked for, oldest first, with their numbers, which count from 1."""
        for number, taken in enumerate(self._notes, start=self.dropped + 1):
            entry = Entry(*taken)
            if wanted.takes(entry):
                yield number, entry
