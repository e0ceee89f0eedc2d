"""The only place that sends: what goes out is safe, paced, within its budget, and recorded.

Sender (one API) ── builds the request, chooses the credential, records the exchange
   └── Gate (one run) ── safety, rate limit, Retry-After, budgets
          └── Transport ── bytes
"""

import json as json_
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, urlsplit

from msgspec import UNSET

from specduet.contracts.recording import Exchange, Headers, Origin, Received, Recording, Sent
from specduet.contracts.sending.target import PLACEHOLDER, Target, choose
from specduet.contracts.sending.transport import Failed, Transport
from specduet.specs import Api, Operation

WRONG = "specduet-wrong-credential"
"""What is sent where a credential is to be wrong."""

Credentials: TypeAlias = Literal["given", "none", "empty", "wrong"] | Mapping[str, str]

_USER_AGENT = "specduet"
_LONGEST_WAIT_S = {True: 2.0, False: 60.0}
_ALL_WAITS_S = {True: 6.0, False: 300.0}
"""How long one 429 and all of a run may make us wait, on this machine and elsewhere."""


_TIMEOUTS, _MOMENT_S = 6, 2.0
_REFUSED_AT_MOST, _PAUSE_S = 4, 0.25


class BudgetSpent(Exception):
    """The time or the number of requests that a run may take is used up: nothing more is sent."""


class TargetGone(Exception):
    """A target that has answered before answers no more: nothing listens there, and not only for a moment."""


class NotSent(Exception):
    """One operation is not sent; others are."""


class Unsafe(NotSent):
    """The operation may not be sent to this target (``Sender.allows`` says so beforehand)."""


class GivenUp(NotSent):
    """The operation did not answer in time, again and again: it is not asked any more."""


@dataclass
class Gate:
    """What a run may send, shared by all its senders: budgets, pace, and the way out.

    ``max_time_s`` counts from the making of the gate. ``per_second`` is None where no rate limit holds.
    """

    transport: Transport
    loopback: bool
    max_requests: int | None = None
    max_time_s: float | None = None
    per_second: float | None = None
    sent: int = 0
    waited_s: float = 0.0
    refused: int = 0
    _next: float = 0.0
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        self.started = time.monotonic()
        self._began_at = time.time()

    @classmethod
    def to(
        cls,
        target: Target,
        *,
        max_requests: int | None = None,
        max_time_s: float | None = None,
        per_second: float | None = None,
    ) -> "Gate":
        """The gate to a target, at its pace."""
        pace = pace_of(target, per_second)
        return cls(Transport(target.url, target.verify), target.loopback, max_requests, max_time_s, pace)

    def now(self) -> float:
        """Seconds since 1970, by a clock that is never set while a run lasts."""
        return self._began_at + time.monotonic() - self.started

    @property
    def used(self) -> float:
        """How much of a budget is used up, from 0 to 1: of the time or of the requests, whichever is shorter."""
        shares = ((time.monotonic() - self.started, self.max_time_s), (self.sent, self.max_requests))
        return max((part / most if most else 1.0 for part, most in shares if most is not None), default=0.0)

    @property
    def spent(self) -> bool:
        """Whether a budget is used up."""
        return self.used >= 1.0

    def exchange(self, sent: Sent, timeout_s: float) -> Received | Failed:
        """Wait for the turn, then send. Raises ``BudgetSpent``."""
        self._pass()
        return self.transport.exchange(sent, timeout_s)

    def wait(self, received: Received) -> bool:
        """Wait as an answer asks for (RFC 9110, 10.2.3), within our ceilings; False where that would be too long."""
        seconds = _retry_after(received)
        ceiling = min(_LONGEST_WAIT_S[self.loopback], _ALL_WAITS_S[self.loopback] - self.waited_s)
        if seconds > ceiling:
            return False
        self.waited_s += seconds
        time.sleep(seconds)
        return True

    def _pass(self) -> None:
        with self._lock:
            if self.spent:
                raise BudgetSpent
            self.sent += 1
            if self.per_second is None:
                return
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 1 / self.per_second
        time.sleep(turn - now)


def pace_of(target: Target, per_second: float | None = None) -> float | None:
    """So many requests a second at most: as the caller said, else ten off this machine and any number on it."""
    return per_second or (None if target.loopback else 10.0)


class Sender:
    """Sends one API's operations to a target and records what happened.

    ``heard`` is called with every exchange, after it was recorded.
    """

    def __init__(
        self,
        target: Target,
        api: Api,
        recording: Recording,
        *,
        gate: Gate | None = None,
        heard: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.target = target
        self.api = api
        self.recording = recording
        self.gate = gate or Gate.to(target)
        self.secrets = target.secrets()
        self.callers = target.callers(api)
        self._extra = target.extra_headers(api)
        fields = {scheme.field.lower() for scheme in api.schemes.values() if scheme.location == "header"}
        self._harmless = tuple(pair for pair in self._extra if pair[0].lower() not in fields)
        self._heard = heard
        self._timeouts: dict[str, int] = {}
        self._hung: set[str] = set()
        self._lock = Lock()

    @property
    def credentials(self) -> Mapping[str, str]:
        """The first caller's credentials by scheme name; empty where the operator gave none."""
        return self.callers[0] if self.callers else {}

    def allows(self, operation: Operation) -> bool:
        """Whether ``send`` would send the operation."""
        return self.target.allows(operation)

    def authorised(self, operation: Operation) -> bool:
        """Whether requests are sent with a credential of the operator's that satisfies the operation."""
        return choose(operation, self.credentials) is not None

    def send(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] = {},
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        json: Any = UNSET,
        credentials: Credentials = "given",
        origin: Origin = "probe",
        timeout_s: float | None = None,
    ) -> Exchange:
        """Send an operation. ``path`` and ``query`` are plain text and are percent-encoded here.

        ``json`` is encoded and labelled ``application/json``; ``body`` goes out as it is, and unlabelled. A header
        given here stands in for one of the same name that would have been sent anyway.
        Raises ``BudgetSpent``, ``Unsafe`` where ``allows`` is False, ``GivenUp`` after too many timeouts in a row,
        and ``TargetGone`` where nothing listens any more.
        """
        text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query)
        if json is not UNSET:
            body = json_.dumps(json, ensure_ascii=False, separators=(",", ":")).encode()
            headers = _over((("Content-Type", "application/json"),), headers)
        return self.send_raw(
            operation,
            path=filled(operation.path, path),
            query=text,
            headers=headers,
            body=body,
            credentials=credentials,
            origin=origin,
            timeout_s=timeout_s,
        )

    def send_raw(
        self,
        operation: Operation,
        *,
        path: str,
        query: str = "",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        credentials: Credentials = "given",
        origin: Origin = "probe",
        timeout_s: float | None = None,
    ) -> Exchange:
        """The same with ``path`` (below the base URL) and ``query`` already percent-encoded, sent as they are."""
        self._check(operation)
        label, carried, in_query = self._carried(operation, credentials)
        query = "&".join(filter(None, (query, in_query)))
        extra = self._extra if credentials == "given" else self._harmless
        sent = self._request(operation.method, path, query, _over(_over(carried, extra), headers), body)
        exchange = self._once(operation, sent, label, origin, timeout_s)
        if exchange.received is not None and self._again(exchange.received):
            exchange = self._once(operation, sent, label, origin, timeout_s)
        return exchange

    def repeat(self, operation: Operation, exchange: Exchange) -> Exchange:
        """Send the very same request once more."""
        self._check(operation)
        return self._once(operation, exchange.sent, exchange.credentials, exchange.origin, None)

    def concurrently(self, calls: Iterable[Callable[[], Exchange]]) -> list[Exchange]:
        """Make several calls at the same time; their exchanges, in the order of the calls."""
        made = list(calls)
        with ThreadPoolExecutor(max_workers=max(1, len(made))) as pool:
            return [future.result() for future in [pool.submit(call) for call in made]]

    def _check(self, operation: Operation) -> None:
        if not self.allows(operation):
            raise Unsafe(operation.label)
        if self._timeouts.get(operation.id, 0) >= _TIMEOUTS:
            raise GivenUp(operation.label)

    def _again(self, received: Received) -> bool:
        """Whether an answer asks for a second try: 429, or 503 that says when (RFC 9110, 15.6.4)."""
        busy = received.status == 503 and received.header("retry-after") is not None
        return (received.status == 429 or busy) and self.gate.wait(received)

    def _once(self, operation: Operation, sent: Sent, label: Any, origin: Origin, timeout_s: float | None) -> Exchange:
        """Send and record; a failure that may be a coincidence is sent once more.

        A server may close an idle connection at any time (RFC 9112, 9.3.1), and that goes unrecorded. One that was
        in use a moment ago should not break: that is recorded before the second try, and no connection is kept
        any more, so that the next break leaves no doubt. So is the first time that an operation hangs.
        """
        limit = timeout_s or self._patience(operation)
        at, answer = self.gate.now(), self.gate.exchange(sent, limit)
        if isinstance(answer, Failed) and self._is_doubtful(operation, sent, answer, explicit=timeout_s is not None):
            if answer.connection != "idle" or answer.kind == "timeout":
                self._record(operation, sent, answer, label, origin, at)
            at, answer = self.gate.now(), self.gate.exchange(sent, limit)
            if isinstance(answer, Failed) and answer.kind == "timeout":
                self._hung.add(operation.id)
        return self._record(operation, sent, answer, label, origin, at)

    def _is_doubtful(self, operation: Operation, sent: Sent, failed: Failed, *, explicit: bool) -> bool:
        """Whether a failure may be a coincidence, and sending once more does no harm."""
        if not self.target.loopback and sent.method not in {"GET", "HEAD", "OPTIONS"}:
            return False
        if failed.kind == "timeout":
            return not explicit and operation.id not in self._hung
        return failed.kind == "dropped" and failed.connection != "fresh"

    def _record(
        self, operation: Operation, sent: Sent, answer: Received | Failed, label: Any, origin: Origin, at: float
    ) -> Exchange:
        if isinstance(answer, Failed):
            on = "" if answer.connection == "fresh" else f" (on a connection that was {answer.connection})"
            received, failure = None, f"{answer.kind}: {answer.text}{on}"
        else:
            received, failure = answer, ""
        ended_at = self.gate.now()  # before the lock is waited for, and after the answer was read
        with self._lock:
            self._note(operation, received, failure)
            number = len(self.recording.exchanges) + 1
            exchange = Exchange(
                number=number,
                api=self.api.name,
                operation=operation.id,
                sent=sent,
                received=received,
                failure=failure,
                origin=origin,
                credentials=label,
                sent_at=at,
                ended_at=ended_at,
            )
            self.recording.exchanges.append(exchange)
            if self._heard is not None:
                self._heard(exchange)
        if self.gate.refused >= _REFUSED_AT_MOST:
            raise TargetGone(exchange.failure)
        return exchange

    def _note(self, operation: Operation, received: Received | None, failure: str) -> None:
        """Count what would make the rest of a run pointless or endless."""
        timeouts = self._timeouts.get(operation.id, 0)
        self._timeouts[operation.id] = 0 if received else timeouts + failure.startswith("timeout")
        if received is not None:
            self.gate.refused = 0
        elif failure.startswith("refused"):
            self.gate.refused += 1
            time.sleep(_PAUSE_S)

    def _patience(self, operation: Operation) -> float:
        """How long to wait: an operation that has been seen to hang gets no more than a moment."""
        hangs = operation.id in self._hung
        return min(_MOMENT_S, self.target.timeout_s) if hangs else self.target.timeout_s

    def _request(self, method: str, path: str, query: str, headers: Headers, body: bytes | None) -> Sent:
        url = f"{self.target.url}{path}{'?' if query else ''}{query}"
        base: list[tuple[str, str]] = [
            ("Host", urlsplit(self.target.url).netloc),
            ("User-Agent", _USER_AGENT),
            ("Accept", "application/json"),
        ]
        rest = list(_over(base, headers))
        if body is not None or method in {"POST", "PUT", "PATCH"}:
            rest.append(("Content-Length", str(len(body or b""))))
        return Sent(method, url, path, query, tuple(rest), body)

    def _carried(self, operation: Operation, credentials: Credentials) -> tuple[Any, Headers, str]:
        """What kind of credential goes along, the headers that carry it, and the query that carries it."""
        if isinstance(credentials, Mapping):
            return ("other" if self._own(credentials) else "wrong"), *self._fields(credentials)
        if credentials == "none":
            return "none", (), ""
        own = choose(operation, self.credentials)
        names = own if own is not None else next(iter(operation.security), ())
        if credentials == "given":
            values = {name: self.credentials.get(name, PLACEHOLDER) for name in names}
            return ("given" if own is not None else "placeholder"), *self._fields(values)
        return credentials, *self._fields(dict.fromkeys(names, "" if credentials == "empty" else WRONG))

    def _own(self, credentials: Mapping[str, str]) -> bool:
        """Whether these are one caller's credentials; where nobody gave any, none is known to be wrong."""
        return not self.callers or any(credentials.items() <= caller.items() for caller in self.callers)

    def _fields(self, values: Mapping[str, str]) -> tuple[Headers, str]:
        fields = [(self.api.schemes[name], value) for name, value in values.items()]
        headers = [(s.field, f"{s.prefix}{v}") for s, v in fields if s.location == "header"]
        cookies = "; ".join(f"{s.field}={v}" for s, v in fields if s.location == "cookie")
        query = "&".join(f"{quote(s.field)}={quote(v, safe='')}" for s, v in fields if s.location == "query")
        return (*headers, *((("Cookie", cookies),) if cookies else ())), query


def filled(template: str, values: Mapping[str, str]) -> str:
    """A path template with its parameters percent-encoded in their places."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def _over(below: Iterable[tuple[str, str]], above: Sequence[tuple[str, str]]) -> Headers:
    names = {name.lower() for name, _ in above}
    return (*(pair for pair in below if pair[0].lower() not in names), *above)


def _retry_after(received: Received) -> float:
    """The seconds that an answer asks to wait (a number or a date: RFC 9110, 10.2.3); half a second where none."""
    text = (received.header("retry-after") or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.5
