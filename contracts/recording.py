"""What was sent and what came back: immutable facts, gathered first and judged afterwards.

Nothing here has an opinion. An ``Exchange`` is one request and its answer. A ``Trace`` is what a probe learnt from
several exchanges that belong together (a walk over pages, a started run that was polled); each probe module defines
its own kinds of trace beside the code that makes them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl

import msgspec

Origin = Literal["examples", "coverage", "fuzzing", "probe"]
Headers = tuple[tuple[str, str], ...]
Row = Mapping[str, Any]

NOT_JSON = msgspec.UNSET
"""What ``Received.json`` is where the body is no JSON."""


@dataclass(frozen=True)
class SentRequest:
    """A request exactly as it went out. ``path`` is below the base URL; both it and ``query`` are percent-encoded."""

    method: str
    url: str
    path: str
    query: str
    headers: Headers
    body: bytes | None

    @cached_property
    def query_pairs(self) -> tuple[tuple[str, str], ...]:
        """The query as decoded (name, value) pairs, in order, blank values kept."""
        return tuple(parse_qsl(self.query, keep_blank_values=True))

    def get_header(self, name: str) -> str | None:
        return _find_header(self.headers, name)


@dataclass(frozen=True)
class ReceivedResponse:
    """An answer: status, headers in order, the body's bytes, and the seconds from sending to its last byte."""

    status: int
    headers: Headers
    body: bytes
    elapsed_s: float

    def get_header(self, name: str) -> str | None:
        return _find_header(self.headers, name)

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case; empty where there is none."""
        return (self.get_header("content-type") or "").partition(";")[0].strip().lower()

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or ``NOT_JSON``."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return NOT_JSON


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. ``operation`` is an operationId; ``sent_at`` is in seconds since 1970, and so is
    ``ended_at``, which is later than ``elapsed_s`` has it where the request had to wait on our side.

    ``response`` is None where no complete answer came; ``failure`` then says why (``timeout``, ``connection dropped``).
    ``credentials`` says what the request carried on purpose: those of the caller, a placeholder, or a probe's.
    """

    number: int
    api: str
    operation: str
    request: SentRequest
    response: ReceivedResponse | None
    failure: str
    origin: Origin
    credentials: Literal["given", "placeholder", "none", "empty", "wrong", "other"]
    sent_at: float
    ended_at: float | None = None

    @property
    def status(self) -> int:
        """The answer's status, 0 where none came."""
        return self.response.status if self.response else 0

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        return self.response.json if self.response else NOT_JSON

    @property
    def completed_at(self) -> float:
        """When the answer was complete, in seconds since 1970; not earlier than that, whatever kept us."""
        if self.ended_at is not None:
            return self.ended_at
        return self.sent_at + (self.response.elapsed_s if self.response else 0.0)

    def is_before(self, later: "Exchange") -> bool:
        """Whether this was answered before the other was asked for; of two made at the same time neither does."""
        return self.completed_at <= later.sent_at


@dataclass(frozen=True)
class Trace:
    """What a probe learnt about one operation; kinds are subclasses, defined by the probes."""

    api: str
    operation: str


_TraceKind = TypeVar("_TraceKind", bound=Trace)


@dataclass
class Recording:
    """Everything that one run saw, in the order in which it happened.

    ``results`` keeps what was worked out from it (``contracts/analysis/memo.py``), for as long as it lives.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    results: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    def find_exchanges(self, api: str, operation: str) -> Iterator[Exchange]:
        """The exchanges of one operation."""
        return (e for e in self.exchanges if (e.api, e.operation) == (api, operation))

    def find_traces(self, kind: type[_TraceKind], api: str, operation: str) -> Iterator[_TraceKind]:
        """The traces of one kind and one operation."""
        return (t for t in self.traces if isinstance(t, kind) and (t.api, t.operation) == (api, operation))


def _find_header(headers: Headers, name: str) -> str | None:
    return next((value for key, value in headers if key.lower() == name.lower()), None)
