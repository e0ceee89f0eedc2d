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

from specduet.contracts.bodies import UNREAD, BodyStore, KeptBody, estimate_bytes, has_many_values

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
DOWN_STATUSES = frozenset({502, 503, 504})
"""Statuses that tell of a service that is busy or down for a while."""


_TEXT_BYTES = 200_000


class _JsonValues:
    """The JSON values of small bodies that were read lately. All values of a run would take gigabytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._values: dict[bytes, Any] = {}
        self._size = 0

    def decode(self, content: bytes | KeptBody) -> Any:
        """Return the value of a body, or ``NOT_JSON``."""
        if isinstance(content, bytes):
            value = self._values.get(content, UNREAD)
            return self._read(content) if value is UNREAD else value
        if content.value is UNREAD:
            content.value = read_json(content.data)
        return content.value

    def _read(self, body: bytes) -> Any:
        value = read_json(body)
        size = estimate_bytes(body)
        self._size += size
        if self._size > self._max_bytes:
            self._values, self._size = {}, size
        self._values[body] = value
        return value


def read_json(body: bytes) -> Any:
    """Return the JSON value of a body, or ``NOT_JSON``."""
    try:
        return NOT_JSON if has_many_values(body) else msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NOT_JSON


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
    content: bytes | KeptBody
    """The body as it is kept: equal bodies of a run are one object."""
    elapsed_s: float
    """Seconds from sending the request to the last byte of the response."""
    size: int | None = None
    """The number of bytes of the whole body, as far as it was read; None where all of it was kept."""
    is_measured: bool = True
    """False where the body has more bytes than ``size``."""
    goes_on: bool = False
    """True for a stream of events that was left before its end; its body has whole events."""

    @property
    def body(self) -> bytes:
        """The body, or its beginning where ``is_cut``."""
        return self.content if isinstance(self.content, bytes) else self.content.data

    @property
    def text(self) -> str:
        """The beginning of the body as text, enough for whatever an error says."""
        return self.body[:_TEXT_BYTES].decode(errors="replace")

    @property
    def body_length(self) -> int:
        """The number of bytes of ``body``."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.length

    @property
    def is_cut(self) -> bool:
        """True where only the beginning of the body was kept."""
        return self.size is not None and self.size > self.body_length

    @property
    def is_compared(self) -> bool:
        """False where the body is too large to be compared with others."""
        return not self.is_cut and (isinstance(self.content, bytes) or self.content.is_compared)

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
        """The body as a JSON value; ``NOT_JSON`` where it is none, and where it is not to be compared.

        Equal bodies share one value, which nobody changes.
        """
        return _JSON_VALUES.decode(self.content) if self.is_compared else NOT_JSON

    @property
    def is_unread(self) -> bool:
        """True where the body is too large to tell whether it is JSON."""
        return self.is_cut or has_many_values(self.body)

    def read_alone(self) -> Any:
        """Return the body as a JSON value that is not kept, also where ``json`` has none for its size."""
        if self.is_compared:
            return self.json
        if self.is_cut:
            return NOT_JSON
        value = read_json(self.body)
        if isinstance(self.content, KeptBody):
            self.content.is_json = value is not NOT_JSON
        return value

    @property
    def is_json(self) -> bool:
        """True where ``read_alone`` has a value. Of equal bodies, one is read."""
        if not self.is_cut and isinstance(self.content, KeptBody) and self.content.is_json is not None:
            return self.content.is_json
        return self.read_alone() is not NOT_JSON


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
        self.bodies = BodyStore()
        self._exchange_index: _OperationIndex[Exchange] = _OperationIndex()
        self._trace_index: _OperationIndex[Trace] = _OperationIndex()

    def share_body(self, received: ReceivedResponse) -> ReceivedResponse:
        """Return a response whose body is the very object of an earlier response with an equal body."""
        kept = self.bodies.keep(received.body)
        return received if kept is received.content else replace(received, content=kept, size=_find_size(received))

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


def _find_size(received: ReceivedResponse) -> int:
    return received.body_length if received.size is None else received.size


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
