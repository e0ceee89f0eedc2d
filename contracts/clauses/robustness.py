"""SD7xx: the service responds to every request, in time, and keeps running."""

from collections.abc import Iterator, Sequence
from statistics import median

from specduet.contracts.clauses.failure_causes import find_failure_causes
from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.clauses.undocumented_status import NOT_IMPLEMENTED
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.memo import compute_once
from specduet.contracts.recording import DOWN_STATUSES, Exchange, SentRequest
from specduet.contracts.sending.sender import documents_stream

SLOW_S = 2.0
"""Without ``--max-response-time``, a response is slow after this many seconds, if it also took ..."""
_NO_ROOM = 507
_SLOW_FACTOR = 10
"""... this many times as long as the operation usually does, or ..."""
_ALWAYS_SLOW_S = 5.0
"""... this many seconds, where every response of the operation is slow."""


@clause("SD701", "no-server-error", "No request gets a 5xx response.", specificity=50)
def check_no_server_error(subject: Subject) -> Iterator[Finding]:
    """An invalid request is the client's mistake (4xx); a 5xx says that the service itself failed (RFC 9110, 15.6).

    A 503 with ``Retry-After`` is not reported if the service responds when the request is sent again, and a 502, 503 or
    504 is then a warning. A 501 is no failure: it says that the service does not have this (``documented-error``), nor
    is a documented 507: there is no room for more.
    """
    failed = [exchange for exchange in subject.exchanges() if exchange.status >= 500 and exchange.response is not None]
    answered = {exchange.request for exchange in subject.exchanges() if 0 < exchange.status < 500} if failed else set()
    causes = find_failure_causes(failed)
    for exchange in failed:
        if exchange.status == NOT_IMPLEMENTED or exchange.response is None:
            continue
        if exchange.status == _NO_ROOM and str(_NO_ROOM) in subject.operation.responses:
            continue
        if exchange.status == 503 and exchange.response.get_header("retry-after") and exchange.request in answered:
            continue
        cause = causes[exchange.number]
        yield subject.make_finding(
            exchange,
            value=f"{exchange.status} {to_text(exchange.response.text)}",
            cause=cause.name,
            message=cause.message,
            shared=cause.name if cause.is_shared else "",
            basis="inferred" if exchange.status in DOWN_STATUSES and exchange.request in answered else None,
        )


@clause("SD702", "no-hang", "Every request gets a response.", specificity=50)
def check_no_hang(subject: Subject) -> Iterator[Finding]:
    """Reports a request that gets no complete response in time, twice, from a service that responds to others. Of
    several requests in a row only the first is to blame: the service may still have been busy with it.

    A stream of events (``Accept: text/event-stream``, or documented as one) may stay open as long as it likes.
    """
    if documents_stream(subject.operation):
        return
    hung: dict[SentRequest, list[Exchange]] = {}
    exchanges = subject.recording.exchanges
    blocked = compute_once(subject.recording, ("blocked",), lambda: frozenset(_find_blocked_exchanges(exchanges)))
    for exchange in _failed_exchanges(subject, "timeout"):
        if exchange.number in blocked:
            continue
        if "event-stream" not in (exchange.request.get_header("accept") or ""):
            hung.setdefault(exchange.request, []).append(exchange)
    answered = {exchange.request for exchange in subject.exchanges() if exchange.response is not None}
    for sent, exchanges in hung.items():
        if len(exchanges) > 1 and sent not in answered:
            yield subject.make_finding(exchanges[0], value="(nothing)", message="no complete response arrived in time")


def _find_blocked_exchanges(exchanges: Sequence[Exchange]) -> Iterator[int]:
    """Yield the numbers of requests without a response that follow another such request, nothing between them."""
    first: SentRequest | None = None
    for exchange in exchanges:
        if not exchange.failure.startswith("timeout"):
            first = None
        elif first is None:
            first = exchange.request
        elif exchange.request != first:
            yield exchange.number


@clause("SD703", "response-time", "Responses arrive within the time limit.", specificity=20)
def check_response_time(subject: Subject) -> Iterator[Finding]:
    """The limit is ``--max-response-time``.

    Without a limit, only extreme cases are warnings: a request that took more than two seconds and ten times as long
    as usual each time that it was sent, or more than five seconds where every response takes more than two.
    """
    limit = subject.options.max_response_time_s
    for exchange in _blatantly_slow_exchanges(subject) if limit is None else _exchanges_slower_than(subject, limit):
        assert exchange.response is not None
        elapsed_s = exchange.response.elapsed_s
        yield subject.make_finding(
            exchange,
            value=f"{elapsed_s:.1f} s",
            basis="inferred" if limit is None else "documented",
            message=f"the response took {elapsed_s:.1f} s"
            + (f", but the limit is {limit:g} s" if limit is not None else ""),
        )


@clause("SD704", "connection", "The connection is not dropped, and every response is complete.", specificity=50)
def check_connection(subject: Subject) -> Iterator[Finding]:
    """Reports a response that ends before its announced length or whose Content-Encoding cannot be decoded
    (RFC 9110, 8.4), and a connection that was opened for the request and closed without a response.

    A server may close a connection between two responses without notice, so that is not reported.
    """
    for exchange in _failed_exchanges(subject, "dropped", "cut short", "undecodable", "no HTTP", "too long", "failed"):
        is_idle_close = (
            exchange.failure.startswith(("dropped", "failed")) and "(on a connection that" in exchange.failure
        )
        if not is_idle_close:
            yield subject.make_finding(
                exchange,
                value="(nothing)",
                cause=exchange.failure.partition(":")[0],
                message=exchange.failure.partition(": ")[2],
            )


@clause("SD705", "stays-up", "The service still accepts connections after every request.", specificity=50)
def check_stays_up(subject: Subject) -> Iterator[Finding]:
    """Reports a service that refuses connections although it responded before. The finding shows the request before
    the first refused one, which probably caused it.
    """
    exchanges = subject.recording.exchanges
    first = compute_once(subject.recording, ("first refusal",), lambda: _find_first_refusal(exchanges))
    if first is None or (first.api, first.operation) != (subject.api.name, subject.operation.id):
        return
    if any(e.response is not None for e in exchanges[: first.number - 1]):
        last = exchanges[first.number - 2]
        yield subject.make_finding(
            last if last.operation == first.operation else first,
            value="(nothing listens)",
            message="the service stopped: it responded before, but no longer accepts connections",
        )


def _find_first_refusal(exchanges: Sequence[Exchange]) -> Exchange | None:
    return next((e for e in exchanges if e.failure.startswith("refused")), None)


def _failed_exchanges(subject: Subject, *kinds: str) -> Iterator[Exchange]:
    return (e for e in subject.exchanges() if e.failure.startswith(kinds))


def _exchanges_slower_than(subject: Subject, limit: float) -> Iterator[Exchange]:
    return (e for e in subject.exchanges() if e.response is not None and e.response.elapsed_s > limit)


def _blatantly_slow_exchanges(subject: Subject) -> Iterator[Exchange]:
    """Yield requests that were extremely slow every time, if they were sent at least twice, one after the other."""
    by_request: dict[SentRequest, list[Exchange]] = {}
    times = []
    for exchange in subject.exchanges():
        if exchange.response is not None:
            by_request.setdefault(exchange.request, []).append(exchange)
            times.append(exchange.response.elapsed_s)
    usual_s, fastest_s = (median(times), min(times)) if times else (0.0, 0.0)
    for repetitions in by_request.values():
        least_s = min(_elapsed_s(exchange) for exchange in repetitions)
        is_blatant = least_s > SLOW_S and (
            least_s > _SLOW_FACTOR * usual_s or (fastest_s > SLOW_S and least_s > _ALWAYS_SLOW_S)
        )
        if is_blatant and repetitions[-1].sent_at >= repetitions[0].sent_at + _elapsed_s(repetitions[0]):
            yield min(repetitions, key=_elapsed_s)


def _elapsed_s(exchange: Exchange) -> float:
    return exchange.response.elapsed_s if exchange.response else 0.0
