"""The journal: the last requests of a session, and the status that each was responded to with."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from time import time
from typing import Any, NamedTuple

# The most that an entry keeps of path and query, of the headers, and of the body, in bytes. A larger request is cut, so
# that no client can fill the memory.
MAX_PART_BYTES = 16_384
MAX_HEADERS = 100

OpenEntry = list[Any]
"""The fields of a ``JournalEntry`` while its request is handled: a list, for every request needs one to fill in."""


class JournalEntry(NamedTuple):
    """A request as it came, in raw bytes, and what became of it."""

    time: float
    """Seconds since 1970."""
    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    api: str | None
    operation: str | None
    status: int | None
    """None if the connection was dropped instead of a response."""
    fault: str | None
    """Value of the header ``X-Mock-Fault``."""
    body: bytes
    body_bytes: int
    """Length of the whole body."""

    def to_dict(self, number: int) -> dict[str, Any]:
        """Return the entry as the control plane shows it; a repeated header is joined by commas (RFC 9110, 5.3)."""
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


# Where the fields that are filled in later stand in an OpenEntry.
STATUS_INDEX, FAULT_INDEX, BODY_INDEX, BODY_BYTES_INDEX = (
    JournalEntry._fields.index(name) for name in ("status", "fault", "body", "body_bytes")
)


def open_entry(scope: Mapping[str, Any], api: str | None, operation: str | None) -> OpenEntry:
    """Return the entry of a request that has just come in. Status, fault and body are filled in later."""
    path = scope.get("raw_path") or scope["path"].encode()  # a server need not give it (the ASGI specification)
    query, headers = scope["query_string"], scope["headers"]
    if len(path) + len(query) > MAX_PART_BYTES:
        path, query = path[:MAX_PART_BYTES], query[:MAX_PART_BYTES]
    if len(headers) > MAX_HEADERS or sum(map(len, chain.from_iterable(headers))) > MAX_PART_BYTES:
        share = MAX_PART_BYTES // MAX_HEADERS
        headers = [(name[:share], value[:share]) for name, value in headers[:MAX_HEADERS]]
    return [time(), scope["method"], path, query, headers, api, operation, None, None, b"", 0]


def record_body(entry: OpenEntry, body: bytes) -> None:
    """Put a body into an entry, cut to ``MAX_PART_BYTES``."""
    entry[BODY_BYTES_INDEX] = len(body)
    entry[BODY_INDEX] = body if len(body) <= MAX_PART_BYTES else bytes(body[:MAX_PART_BYTES])


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """A search for entries. A field that is None matches any value."""

    api: str | None = None
    operation: str | None = None
    method: str | None = None
    path: str | None = None
    """The path as it was sent, before decoding."""
    status: int | None = None

    def matches_entry(self, entry: JournalEntry) -> bool:
        return (
            self.api in {None, entry.api}
            and self.operation in {None, entry.operation}
            and self.method in {None, entry.method}
            and self.status in {None, entry.status}
            and (self.path is None or self.path == entry.path.decode("latin-1"))
        )


class Journal:
    """The last ``limit`` requests in the order they came. Older ones are dropped and counted."""

    def __init__(self, limit: int) -> None:
        self._entries: deque[OpenEntry] = deque(maxlen=limit)
        self._total_count = 0

    def add(self, entry: OpenEntry) -> None:
        self._total_count += 1
        self._entries.append(entry)

    def clear(self) -> None:
        self._entries.clear()
        self._total_count = 0

    @property
    def dropped_count(self) -> int:
        return self._total_count - len(self._entries)

    def find_entries(self, entry_filter: EntryFilter) -> Iterator[tuple[int, JournalEntry]]:
        """Yield the matching entries, oldest first, with their numbers, which count from 1 and include dropped ones."""
        for number, open_fields in enumerate(self._entries, start=self.dropped_count + 1):
            entry = JournalEntry(*open_fields)
            if entry_filter.matches_entry(entry):
                yield number, entry
