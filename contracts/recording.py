"""Requests that were sent and responses that came back: immutable facts, recorded first and judged afterwards.

An ``Exchange`` is one request with its response. A ``Trace`` is a fact about several exchanges that belong together,
for example the pages of one list; the kinds of traces are defined in ``contracts/traces.py``. Nothing in this module
judges.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any, Final, Generic, Literal, TypeVar
from urllib.parse import parse_qsl

import msgspec

Origin = Literal["examples", "coverage", "fuzzing", "probe"]
Headers = tuple[tuple[str, str], ...]
Row = Mapping[str, Any]


class Absence(Enum):
    """Stands for a value that is not there. None cannot, because it is a JSON value (null)."""

    NOT_JSON = "not JSON"
    ABSENT = "absent"

    def __bool__(self) -> bool:
        return False


NOT_JSON: Final = Absence.NOT_JSON
"""The ``json`` of a response whose body is not JSON."""
ABSENT: Final = Absence.ABSENT
"""The value of a field that a row does not have."""


class _JsonValues:
    """The JSON values of bodies that were read lately. All values of a run would take gigabytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._values: dict[bytes, Any] = {}
        self._size = 0

    def decode(self, body: bytes) -> Any:
        """Return the value of a body, or ``NOT_JSON``."""
        value = self._values.get(body, self)
        return self._read(body) if value is self else value

    def _read(self, body: bytes) -> Any:
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            value = NOT_JSON
        self._size += len(body)
        if self._size > self._max_bytes:
            self._values, self._size = {}, len(body)
        self._values[body] = value
        return value


_JSON_VALUES: Final = _JsonValues(16 * 2**20)


@dataclass(frozen=True)
class SentRequest:
    """A request exactly as it was sent."""

    method: str
    url: str
    path: str
    """The path below the base URL, percent-encoded."""
    query: str
    """Everything after the question mark, percent-encoded; empty where there is nothing."""
    headers: Headers
    body: bytes | None

    @cached_property
    def query_pairs(self) -> tuple[tuple[str, str], ...]:
        """The decoded (name, value) pairs of the query in order, also those with an empty value."""
        return tuple(parse_qsl(self.query, keep_blank_values=True))

    def get_header(self, name: str) -> str | None:
        return _find_header(self.headers, name)


@dataclass(frozen=True)
class ReceivedResponse:
    """A complete response."""

    status: int
    headers: Headers
    """In the order in which they came; a name can be repeated."""
    body: bytes
    elapsed_s: float
    """Seconds from sending the request to the last byte of the response."""
    is_cut: bool = False
    """True for a stream of events that was left before its end; its body has whole events."""

    def get_header(self, name: str) -> str | None:
        return _find_header(self.headers, name)

    @property
    def is_redirect(self) -> bool:
        """True where the status asks for the same at another address (RFC 9110, 15.4)."""
        return self.status in {301, 302, 303, 307, 308}

    @property
    def is_made_up(self) -> bool:
        """True for an example that a mock sends in place of rows which the document does not allow."""
        return self.get_header("x-mock-example") is not None

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case; empty where there is none."""
        return (self.get_header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def json(self) -> Any:
        """The body as a JSON value, or ``NOT_JSON``. Equal bodies share one value, which nobody changes."""
        return _JSON_VALUES.decode(self.body)


@dataclass(frozen=True)
class Exchange:
    """One request with its response, if there was one."""

    number: int
    """Counts the exchanges of a run, in the order in which their responses came."""
    api: str
    operation: str
    """The operationId."""
    request: SentRequest
    response: ReceivedResponse | None
    """None where no complete response came; then ``failure`` has the reason."""
    failure: str
    """For example ``timeout: no answer within 10 s``; empty where a response came."""
    origin: Origin
    credentials: Literal["given", "placeholder", "none", "empty", "wrong", "other"]
    """The credentials that were sent on purpose: the caller's own (``given``), a placeholder, those of another caller
    (``other``), none, empty ones, or wrong ones."""
    sent_at: float
    """Seconds since 1970."""
    ended_at: float | None = None
    """Seconds since 1970. Later than ``sent_at`` + ``elapsed_s`` where the request had to wait on our side."""

    @property
    def status(self) -> int:
        """The status of the response, 0 where there is none."""
        return self.response.status if self.response else 0

    @property
    def is_success(self) -> bool:
        """True for a 2xx response."""
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """The body of the response as a JSON value, ``NOT_JSON`` where it is none."""
        return self.response.json if self.response else NOT_JSON

    @property
    def completed_at(self) -> float:
        """The latest time at which the response can have been complete, in seconds since 1970."""
        if self.ended_at is not None:
            return self.ended_at
        return self.sent_at + (self.response.elapsed_s if self.response else 0.0)

    def is_before(self, later: "Exchange") -> bool:
        """Return whether the response was complete when ``later`` was sent.

        Of two exchanges that overlap neither is before the other.
        """
        return self.completed_at <= later.sent_at


@dataclass(frozen=True)
class Trace:
    """A fact about several exchanges with one operation; the kinds of facts are subclasses."""

    api: str
    operation: str
    """The operationId."""


_TraceKind = TypeVar("_TraceKind", bound=Trace)
_Entry = TypeVar("_Entry", Exchange, Trace)


@dataclass
class Recording:
    """All exchanges and traces of one run, in the order in which they happened."""

    exchanges: list[Exchange] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    unjudged: list[Exchange] = field(default_factory=list)
    """Exchanges that say nothing of the service, since the run had lost its hold."""
    results: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False, compare=False)
    """Values computed from the recording, kept as long as it lives. Written only by ``contracts/memo.py``."""

    def __post_init__(self) -> None:
        self._bodies: dict[bytes, bytes] = {}
        self._exchange_index: _OperationIndex[Exchange] = _OperationIndex()
        self._trace_index: _OperationIndex[Trace] = _OperationIndex()

    def share_body(self, received: ReceivedResponse) -> ReceivedResponse:
        """Return a response whose body is the very object of an earlier response with an equal body."""
        shared = self._bodies.setdefault(received.body, received.body)
        return received if shared is received.body else replace(received, body=shared)

    def set_aside(self, last: int) -> None:
        """Leave the exchanges after number ``last`` and the traces about them out of what is judged."""
        if last < len(self.exchanges):
            self.unjudged += self.exchanges[last:]
            del self.exchanges[last:]
            self.traces[:] = [trace for trace in self.traces if not _mentions_later(vars(trace).values(), last)]
            self.results.clear()

    def find_exchanges(self, api: str, operation: str) -> Iterator[Exchange]:
        """Yield the exchanges with one operation (by operationId)."""
        yield from self._exchange_index.find(self.exchanges, api, operation)

    def find_traces(self, kind: type[_TraceKind], api: str, operation: str) -> Iterator[_TraceKind]:
        """Yield the traces of one kind about one operation."""
        return (t for t in self._trace_index.find(self.traces, api, operation) if isinstance(t, kind))


class _OperationIndex(Generic[_Entry]):
    """Entries of a growing list by operation: with 500 operations, every clause would read the list 500 times."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], list[_Entry]] = {}
        self._count = 0

    def find(self, entries: list[_Entry], api: str, operation: str) -> list[_Entry]:
        """Return the entries of one operation; those that were added to the list since the last call are read first."""
        if len(entries) < self._count:
            self._entries, self._count = {}, 0
        for entry in entries[self._count :]:
            self._entries.setdefault((entry.api, entry.operation), []).append(entry)
        self._count = len(entries)
        return self._entries.get((api, operation), [])


def _mentions_later(values: Iterable[Any], last: int) -> bool:
    """Return whether values hold an exchange after number ``last``, in tuples of tuples, too."""
    return any(
        value.number > last
        if isinstance(value, Exchange)
        else isinstance(value, tuple) and _mentions_later(value, last)
        for value in values
    )


def _find_header(headers: Headers, name: str) -> str | None:
    """Return the value of the first header with this name in any case."""
    return next((value for key, value in headers if key.lower() == name.lower()), None)
