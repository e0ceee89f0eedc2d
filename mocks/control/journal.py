"""The journal: the last requests of a session, and the status that each was responded to with."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from operator import itemgetter
from time import time
from typing import Any, NamedTuple
from weakref import WeakSet

from specduet.mocks.control.masking import SecretFields

# The most that an entry keeps of path and query, of the headers, and of the body, in bytes. A larger request is cut, so
# that no client can fill the memory.
MAX_PART_BYTES = 16_384
MAX_HEADERS = 100

MAX_BYTES = 67_108_864
"""Bytes that the entries of all sessions of a mock keep together. The oldest of all go first."""

_ENTRY_BYTES = 400
"""What an entry takes besides the bytes of its parts."""

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
    reason: str
    """Why it was refused, or what of it was ignored; empty where it was taken as it came."""

    def to_dict(self, number: int, secrets: SecretFields) -> dict[str, Any]:
        """Return the entry as the control plane shows it, with ``secrets`` masked.

        A repeated header is joined by commas (RFC 9110, 5.3).
        """
        headers: dict[str, str] = {}
        for raw_name, raw_value in self.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            value = secrets.mask_header(name, value)
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return {
            "number": number,
            "time": datetime.fromtimestamp(self.time, UTC).isoformat().replace("+00:00", "Z"),
            "api": self.api,
            "operation": self.operation,
            "method": self.method,
            "path": self.path.decode("latin-1"),
            "query": secrets.mask_query(self.query.decode("latin-1")),
            "headers": headers,
            "body": self.body.decode("utf-8", "replace"),
            "body_bytes": self.body_bytes,
            "status": self.status,
            "fault": self.fault,
            "reason": self.reason,
        }


# Where the fields that are filled in later stand in an OpenEntry.
STATUS_INDEX, FAULT_INDEX, BODY_INDEX, BODY_BYTES_INDEX, REASON_INDEX = (
    JournalEntry._fields.index(name) for name in ("status", "fault", "body", "body_bytes", "reason")
)
_SIZED_INDEXES = tuple(JournalEntry._fields.index(name) for name in ("path", "query", "headers", "body", "reason"))


def open_entry(scope: Mapping[str, Any], api: str | None, operation: str | None, head_bytes: int) -> OpenEntry:
    """Return the entry of a request that has just come in. Status, fault, body and reason are filled in later.

    ``head_bytes`` is the length of the names and values of its headers.
    """
    path = scope.get("raw_path") or scope["path"].encode()  # a server need not give it (the ASGI specification)
    query, headers = scope["query_string"], scope["headers"]
    if len(path) + len(query) > MAX_PART_BYTES:
        path, query = path[:MAX_PART_BYTES], query[:MAX_PART_BYTES]
    if len(headers) > MAX_HEADERS or head_bytes > MAX_PART_BYTES:
        share = MAX_PART_BYTES // MAX_HEADERS
        headers = [(name[:share], value[:share]) for name, value in headers[:MAX_HEADERS]]
    return [time(), scope["method"], path, query, headers, api, operation, None, None, b"", 0, ""]


def _measure_entry(entry: OpenEntry) -> int:
    """Return the bytes of an entry whose request is handled."""
    path, query, headers, body, reason = (entry[i] for i in _SIZED_INDEXES)
    return _ENTRY_BYTES + len(path) + len(query) + len(body) + len(reason) + sum(map(len, chain.from_iterable(headers)))


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


class JournalSpace:
    """The memory that the journals of one mock take together, bounded by ``limit`` bytes of recorded requests."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._journals: WeakSet[Journal] = WeakSet()
        self._new_bytes = 0

    def open_journal(self, limit: int) -> "Journal":
        """Return a new journal of the last ``limit`` requests in this space."""
        journal = Journal(limit, self)
        self._journals.add(journal)
        return journal

    def take(self, size: int) -> None:
        """Count bytes that are recorded; where half the limit has come in, drop old entries until half is free.

        What is kept is measured only then, so that an entry costs an addition.
        """
        self._new_bytes += size
        if self._new_bytes > self._limit // 2:
            self._new_bytes = 0
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        entries = sorted(((e[0], j, _measure_entry(e)) for j in self._journals for e in j.entries), key=itemgetter(0))
        excess = sum(size for _, _, size in entries) - self._limit // 2
        for _, journal, size in entries:
            if excess <= 0:
                return
            journal.entries.popleft()
            excess -= size


class Journal:
    """The last ``limit`` requests in the order they came. Older ones are dropped and counted."""

    def __init__(self, limit: int, space: JournalSpace) -> None:
        self.entries: deque[OpenEntry] = deque(maxlen=limit)
        self._total_count = 0
        self._space = space

    def add(self, entry: OpenEntry, size: int) -> None:
        """Add an entry of ``size`` bytes without its body."""
        self._total_count += 1
        self.entries.append(entry)
        self._space.take(size)

    def record_body(self, entry: OpenEntry, body: bytes) -> None:
        """Put a body into an entry, cut to ``MAX_PART_BYTES``."""
        entry[BODY_BYTES_INDEX] = len(body)
        entry[BODY_INDEX] = kept = body if len(body) <= MAX_PART_BYTES else bytes(body[:MAX_PART_BYTES])
        self._space.take(len(kept))

    def clear(self) -> None:
        self.entries.clear()
        self._total_count = 0

    @property
    def dropped_count(self) -> int:
        return self._total_count - len(self.entries)

    def find_entries(self, entry_filter: EntryFilter) -> Iterator[tuple[int, JournalEntry]]:
        """Yield the matching entries, oldest first, with their numbers, which count from 1 and include dropped ones."""
        for number, open_fields in enumerate(self.entries, start=self.dropped_count + 1):
            entry = JournalEntry(*open_fields)
            if entry_filter.matches_entry(entry):
                yield number, entry
