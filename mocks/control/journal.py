"""The journal: which requests came in, and how each was answered."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import Any

# What one entry keeps at most, in bytes. A larger request is kept cut, so that no client can fill the memory.
KEPT = 16_384
KEPT_HEADERS = 100

Headers = list[tuple[bytes, bytes]]


class Entry:
    """A request as it came, in raw bytes: nothing is decoded before somebody asks.

    The handler that takes the request fills in ``api``, ``operation`` and ``body``; ``status`` stays None where the
    connection was dropped instead of an answer.
    """

    __slots__ = (
        "api",
        "body",
        "body_bytes",
        "fault",
        "headers",
        "method",
        "operation",
        "path",
        "query",
        "status",
        "time",
    )

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.time = time()
        self.method: str = scope["method"]
        self.path: bytes = scope.get("raw_path") or scope["path"].encode()
        self.query: bytes = scope["query_string"]
        self.headers: Headers = scope["headers"]
        self.api: str | None = None
        self.operation: str | None = None
        self.body = b""
        self.body_bytes = 0
        self.status: int | None = None
        self.fault: str | None = None

    def close(self) -> None:
        """Keep only what an entry may keep, now that the request has been answered."""
        self.body_bytes = len(self.body)
        if self.body_bytes > KEPT:
            self.body = bytes(self.body[:KEPT])
        if len(self.path) + len(self.query) > KEPT:
            self.path, self.query = self.path[:KEPT], self.query[:KEPT]
        if len(self.headers) > KEPT_HEADERS or sum([len(value) for _, value in self.headers]) > KEPT:
            share = KEPT // KEPT_HEADERS
            self.headers = [(name[:share], value[:share]) for name, value in self.headers[:KEPT_HEADERS]]

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
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._count = 0

    def add(self, entry: Entry) -> None:
        self._count += 1
        self._entries.append(entry)

    def clear(self) -> None:
        self._entries.clear()
        self._count = 0

    @property
    def dropped(self) -> int:
        return self._count - len(self._entries)

    def find(self, wanted: Wanted) -> Iterator[tuple[int, Entry]]:
        """The entries asked for, oldest first, with their numbers, which count from 1."""
        for number, entry in enumerate(self._entries, start=self.dropped + 1):
            if wanted.takes(entry):
                yield number, entry
