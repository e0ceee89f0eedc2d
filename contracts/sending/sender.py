"""The only place that sends requests: safe, rate-limited, within the budget of the run, and recorded.

Sender (one API) ── builds the request, chooses the credential, records the exchange
   └── RequestBudget (one run) ── rate limit, Retry-After, budgets
          └── Transport ── bytes
"""

import json as json_
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any, Concatenate, ParamSpec
from urllib.parse import quote, unquote, urlsplit

from msgspec import UNSET

from specduet.contracts.oracle.addresses import PATH_CHARACTERS, extract_path_texts, fill_path, fill_query
from specduet.contracts.oracle.media_types import is_json, strip_parameters
from specduet.contracts.planning.plan import RunPlan, matches_any
from specduet.contracts.recording import Exchange, Headers, Origin, ReceivedResponse, Recording, SentRequest, Trace
from specduet.contracts.sending.budget import RequestBudget
from specduet.contracts.sending.cookies import join_cookies
from specduet.contracts.sending.credentials import ApiCredentials, CredentialChoice, CredentialKind
from specduet.contracts.sending.fair_shares import FairShares
from specduet.contracts.sending.sentinel import Watch
from specduet.contracts.sending.target import Target
from specduet.contracts.sending.transport import TransportFailure, UnsendableRequest
from specduet.specs import Api, Operation

_Facts = ParamSpec("_Facts")

_STREAMS = frozenset(
    {"text/event-stream", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
    | {"application/json-seq", "application/stream+json", "multipart/x-mixed-replace"}
)
"""Media types of responses that may go on for as long as something happens."""
_USER_AGENT = "specduet"
_MAX_TIMEOUTS = 6
"""Timeouts in a row after which an operation is not sent any more."""

_MAX_STREAM_TIMEOUTS = 2
"""The same for an operation that documents a stream of events."""


_SHORT_TIMEOUT_S = 2.0
"""The timeout of an operation that has timed out twice in a row."""

_MAX_REFUSED_CONNECTIONS = 4
"""Refused connections in a row after which the run ends."""

_REFUSED_PAUSE_S = 0.25
"""The pause after each of them, so that a restart of the service is not taken for its end."""


class TargetGone(Exception):
    """Error: nothing listens any more at a target that has responded before, and not only for a moment."""


class NotSent(Exception):
    """Error: one operation is not sent; others still are."""


class UnsafeOperation(NotSent):
    """Error: the operation may not be sent to this target (``Sender.can_send`` is False)."""


class ForeignRow(NotSent):
    """Error: the request would change a row that the run has not created."""


class Unsendable(NotSent, ValueError):
    """Error: HTTP/1.1 cannot carry the request."""


class TurnOver(NotSent):
    """Error: the operation has used up its share of the budget; other operations still have theirs."""


class OperationUnresponsive(NotSent):
    """Error: the operation timed out so many times in a row that it is not sent any more."""


class Sender:
    """Send the operations of one API to a target and record every exchange."""

    def __init__(
        self,
        target: Target,
        api: Api,
        recording: Recording,
        *,
        budget: RequestBudget | None = None,
        shares: FairShares | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        chosen: Sequence[str] = (),
        plan: RunPlan | None = None,
        is_protected: Callable[[Operation, Mapping[str, str]], bool] | None = None,
    ) -> None:
        """``on_exchange`` is called with every exchange, after it was recorded. Without ``shares``, none is limited.

        ``chosen`` are the labels of the operations to test, none for all; ``plan`` says which are left out, and
        ``is_protected`` whether a request with these path parameters would change a row of somebody else.
        """
        self.target = target
        self.api = api
        self.recording = recording
        self.budget = budget or RequestBudget.for_target(target)
        self._shares = shares
        self.secrets = target.collect_secrets()
        self._api_credentials = ApiCredentials(target.with_fetched(), api)
        self._keeper_version = target.keeper.version if target.keeper is not None else 0
        self.base_path: str | None = None
        """The base path of every operation (``/v1``), None for those that the document gives them."""
        self._on_exchange = on_exchange
        self._chosen = frozenset(o.id for o in api.operations if not chosen or matches_any(o, chosen))
        self._plan = plan
        self._is_protected = is_protected
        self.watch = Watch(self.budget.send, can_renew=target.keeper is not None)
        self._timeouts_in_a_row: dict[str, int] = {}
        self._hanging_operations: set[str] = set()
        self._stubborn_operations: set[str] = set()
        """Operations that reject a new credential, too: it is not fetched again for them."""
        self._lock = Lock()

    @property
    def callers(self) -> Sequence[Mapping[str, str]]:
        """The credentials of each known caller by scheme name; requests are sent as the first one."""
        return self._api_credentials.callers

    @property
    def credentials(self) -> Mapping[str, str]:
        """The first caller's credentials by scheme name; empty if the operator gave none."""
        return self.callers[0] if self.callers else {}

    def can_send(self, operation: Operation) -> bool:
        """Return whether the operation may be sent to this target at all."""
        return self.target.can_send(operation) and not (self._plan is not None and self._plan.is_left_out(operation))

    def is_chosen(self, operation: Operation) -> bool:
        """Return whether the operation is one of those to test."""
        return operation.id in self._chosen

    def send(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] = {},
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
        json: Any = UNSET,
        credentials: CredentialChoice = "given",
        origin: Origin = "probe",
        timeout_s: float | None = None,
    ) -> Exchange:
        """Send a request to an operation and return the recorded exchange.

        ``path`` and ``query`` are plain text and are percent-encoded here. ``json`` is encoded and labelled
        ``application/json``; ``body`` is sent as it is and without a label. ``headers`` replace default ones of the
        same name; an empty ``Accept`` leaves that header out. ``credentials``: those of the operator (``given``),
        others by scheme name, or none, empty or wrong ones on purpose.

        Raises ``BudgetSpent``; ``UnsafeOperation`` if ``can_send`` is False; ``ForeignRow``; ``OperationUnresponsive``
        after too many timeouts in a row; ``TargetGone`` if nothing listens any more; ``HoldLost`` by a sentinel.
        """
        pairs = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query]
        encoded_query = "&".join(filter(None, (fill_query(operation.path, path), *pairs)))
        if json is not UNSET:
            body = json_.dumps(json, ensure_ascii=False, separators=(",", ":")).encode()
            headers = _override_headers((("Content-Type", "application/json"),), headers)
        return self.send_raw(
            operation,
            path=fill_path(operation.path, path),
            query=encoded_query,
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
        credentials: CredentialChoice = "given",
        origin: Origin = "probe",
        timeout_s: float | None = None,
    ) -> Exchange:
        """Send a request like ``send``, with ``path`` (below the base URL) and ``query`` percent-encoded already."""
        self._require_sendable(operation)

        def build() -> tuple[CredentialKind, SentRequest]:
            kind, configured, added = self._api_credentials.build(operation, credentials)
            full_query = "&".join(filter(None, (query, added)))
            all_headers = _override_headers(configured, headers)
            return kind, self._build_request(operation, path, full_query, all_headers, body)

        version = self._keeper_version
        credential_kind, request = build()
        self._require_own_row(operation, request)
        exchange = self._attempt_request(operation, request, credential_kind, origin, timeout_s)
        if exchange.response is not None and self._wait_to_retry(exchange.response):
            exchange = self._attempt_request(operation, request, credential_kind, origin, timeout_s)
        if credentials == "given" and self._renew_credential(operation, exchange, version):
            credential_kind, request = build()
            exchange = self._attempt_request(operation, request, credential_kind, origin, timeout_s)
            self._stubborn_operations |= {operation.id} if exchange.status == 401 else set()
        self.watch.observe_exchange(operation, exchange)
        return exchange

    def _renew_credential(self, operation: Operation, exchange: Exchange, version: int) -> bool:
        """Fetch the credential anew where that of a version was rejected; return whether to send the request again.

        The rejected request counts as one with a wrong credential: it was right when the run began, and is no more.
        """
        keeper = self.target.keeper
        if keeper is None:
            return False
        if exchange.is_success:
            keeper.confirm()
        if exchange.status != 401 or operation.id in self._stubborn_operations:
            return False
        if not keeper.renew(version):
            return False
        self._api_credentials = ApiCredentials(self.target.with_fetched(), self.api)
        self._keeper_version = keeper.version
        self.watch.forget_sentinels()
        with self._lock:
            self.recording.exchanges[exchange.number - 1] = replace(exchange, credentials="wrong")
        return True

    def repeat_request(self, operation: Operation, exchange: Exchange) -> Exchange:
        """Send the request of an exchange once more, byte by byte, and return the new exchange."""
        self._require_sendable(operation)
        repeated = self._attempt_request(operation, exchange.request, exchange.credentials, exchange.origin, None)
        self.watch.observe_exchange(operation, repeated)
        return repeated

    def send_concurrently(self, calls: Iterable[Callable[[], Exchange]]) -> list[Exchange]:
        """Make several calls at the same time and return their exchanges in the order of the calls."""
        call_list = list(calls)
        with ThreadPoolExecutor(max_workers=max(1, len(call_list))) as pool:
            return [future.result() for future in [pool.submit(call) for call in call_list]]

    def record_trace(
        self,
        kind: Callable[Concatenate[str, str, _Facts], Trace],
        operation: Operation,
        *args: _Facts.args,
        **kwargs: _Facts.kwargs,
    ) -> None:
        """Record a trace, a fact about several exchanges: ``kind``, with its arguments after ``api`` and ``operation``.

        Example: ``sender.record_trace(SchemeTrial, operation, ("cc-key",), exchange)``.
        """
        self.recording.traces.append(kind(self.api.name, operation.id, *args, **kwargs))

    def _require_sendable(self, operation: Operation) -> None:
        if not self.can_send(operation):
            raise UnsafeOperation(operation.label)
        if self._shares is not None and self._shares.is_turn_over:
            raise TurnOver(operation.label)
        limit = _MAX_STREAM_TIMEOUTS if documents_stream(operation) else _MAX_TIMEOUTS
        if self._timeouts_in_a_row.get(operation.id, 0) >= limit:
            raise OperationUnresponsive(operation.label)

    def _require_own_row(self, operation: Operation, request: SentRequest) -> None:
        """Raise ``ForeignRow`` for a request that would change a row of somebody else, or may lead there."""
        if self._is_protected is None:
            return
        texts = extract_path_texts(operation, request)
        path = {name: unquote(text) for name, text in (texts or {}).items()}
        if self._is_protected(operation, path):
            raise ForeignRow(operation.label)

    def _wait_to_retry(self, received: ReceivedResponse) -> bool:
        """Wait if the response asks for a second try, and return whether to make one.

        A 429 asks for it, and a 503 with ``Retry-After`` (RFC 9110, 15.6.4).
        """
        is_busy = received.status == 503 and received.get_header("retry-after") is not None
        return (received.status == 429 or is_busy) and self.budget.wait_for_retry(received)

    def _attempt_request(
        self,
        operation: Operation,
        request: SentRequest,
        credential_kind: CredentialKind,
        origin: Origin,
        timeout_s: float | None,
    ) -> Exchange:
        """Send a request and record the exchange; a failure that may be a coincidence is sent once more.

        A server may close an idle connection at any time (RFC 9112, 9.3.1): that goes unrecorded. A connection that
        was in use a moment ago should not break: that is recorded before the second try, and no connection is kept any
        more, so that the next break leaves no doubt. The first timeout of an operation is recorded, too.
        """
        limit_s = timeout_s or self._timeout_for(operation)
        try:
            sent_at, response = self.budget.current_time(), self.budget.send(request, limit_s)
        except UnsendableRequest as error:
            raise Unsendable(f"{operation.label}: {error}") from error
        if isinstance(response, TransportFailure) and self._is_worth_retrying(
            operation, request, response, explicit=timeout_s is not None
        ):
            if response.connection != "idle" or response.kind == "timeout":
                self._record_exchange(operation, request, response, credential_kind, origin, sent_at)
            sent_at, response = self.budget.current_time(), self.budget.send(request, limit_s)
            if isinstance(response, TransportFailure) and response.kind == "timeout":
                self._hanging_operations.add(operation.id)
        return self._record_exchange(operation, request, response, credential_kind, origin, sent_at)

    def _is_worth_retrying(
        self, operation: Operation, request: SentRequest, failure: TransportFailure, *, explicit: bool
    ) -> bool:
        """Return whether a failure may be a coincidence and sending the request once more does no harm.

        ``explicit``: the caller set the timeout, so that running into it is no surprise.
        """
        if not self.target.loopback and request.method not in {"GET", "HEAD", "OPTIONS"}:
            return False
        if failure.kind == "timeout":
            return not explicit and operation.id not in self._hanging_operations
        return failure.kind == "dropped" and failure.connection != "fresh"

    def _record_exchange(
        self,
        operation: Operation,
        request: SentRequest,
        response: ReceivedResponse | TransportFailure,
        credential_kind: CredentialKind,
        origin: Origin,
        sent_at: float,
    ) -> Exchange:
        """Record the exchange and tell the listener; raise ``TargetGone`` after too many refused connections."""
        if isinstance(response, TransportFailure):
            connection_note = (
                "" if response.connection == "fresh" else f" (on a connection that was {response.connection})"
            )
            received, failure = None, f"{response.kind}: {response.text}{connection_note}"
        else:
            received, failure = self.recording.share_body(response), ""
        ended_at = self.budget.current_time()  # after the response was read, and before the lock is waited for
        with self._lock:
            self._count_failures(operation, received, failure)
            number = len(self.recording.exchanges) + 1
            exchange = Exchange(
                number=number,
                api=self.api.name,
                operation=operation.id,
                request=request,
                response=received,
                failure=failure,
                origin=origin,
                credentials=credential_kind,
                sent_at=sent_at,
                ended_at=ended_at,
            )
            self.recording.exchanges.append(exchange)
            if self._on_exchange is not None:
                self._on_exchange(exchange)
        if self.budget.refused_count >= _MAX_REFUSED_CONNECTIONS:
            raise TargetGone(exchange.failure)
        return exchange

    def _count_failures(self, operation: Operation, received: ReceivedResponse | None, failure: str) -> None:
        """Count the timeouts of the operation and the refused connections of the run, each in a row."""
        timeouts = self._timeouts_in_a_row.get(operation.id, 0)
        self._timeouts_in_a_row[operation.id] = 0 if received else timeouts + failure.startswith("timeout")
        if received is not None:
            self.budget.refused_count = 0
        elif failure.startswith("refused"):
            self.budget.refused_count += 1
            time.sleep(_REFUSED_PAUSE_S)

    def _timeout_for(self, operation: Operation) -> float:
        """Return the timeout in seconds: a short one for an operation that has timed out twice in a row."""
        is_hanging = operation.id in self._hanging_operations or documents_stream(operation)
        return min(_SHORT_TIMEOUT_S, self.target.timeout_s) if is_hanging else self.target.timeout_s

    def address_of(self, operation: Operation) -> str:
        """Return the address below which an operation is: the target's, with the base path of the operation."""
        return f"{self.target.url}{self._find_prefix(operation)}/"

    def _find_prefix(self, operation: Operation) -> str:
        """Return the base path of an operation, empty where the address of the target has it already."""
        base_path = operation.base_path if self.base_path is None else self.base_path
        is_in_url = self.base_path is None and urlsplit(self.target.url).path.endswith(base_path)
        return "" if is_in_url else quote(base_path, safe=PATH_CHARACTERS)

    def _build_request(
        self, operation: Operation, path: str, query: str, headers: Headers, body: bytes | None
    ) -> SentRequest:
        """Return the request with all its headers; ``path`` and ``query`` are percent-encoded."""
        method = operation.method
        url = f"{self.target.url}{self._find_prefix(operation)}{path}{'?' if query else ''}{query}"
        defaults: list[tuple[str, str]] = [
            ("Host", urlsplit(self.target.url).netloc),
            ("User-Agent", _USER_AGENT),
            ("Accept", _find_accepted_types(operation)),
        ]
        all_headers = [pair for pair in _override_headers(defaults, headers) if pair != ("Accept", "")]
        if body is not None or method in {"POST", "PUT", "PATCH"}:
            all_headers.append(("Content-Length", str(len(body or b""))))
        return SentRequest(method, url, path, query, tuple(all_headers), body)


def _find_accepted_types(operation: Operation) -> str:
    """Return the ``Accept`` header: JSON, or the media types of the documented success where JSON is none of them."""
    names = [
        strip_parameters(name)
        for status, response in operation.responses.items()
        if status.startswith("2")
        for name in response.content
    ]
    if not names or any(is_json(name) and name == "application/json" for name in names) or "*/*" in names:
        return "application/json"
    return ", ".join(dict.fromkeys([*names, "application/json;q=0.5"]))


def documents_stream(operation: Operation) -> bool:
    """Return whether a documented success is a stream of events, which need not end."""
    contents = [name for status, r in operation.responses.items() if status[:1] in {"2", "d"} for name in r.content]
    return any(strip_parameters(name) in _STREAMS for name in contents)


def _override_headers(defaults: Iterable[tuple[str, str]], headers: Sequence[tuple[str, str]]) -> Headers:
    """Return the headers behind those defaults whose names they do not have, in any case; cookies are joined."""
    names = {name.lower() for name, _ in headers} - {"cookie"}
    return join_cookies((*(pair for pair in defaults if pair[0].lower() not in names), *headers))
