"""SD7xx: whatever is sent, the service answers, in time, and does not break."""

from collections.abc import Iterator
from statistics import median

from specduet.contracts.clauses.registry import Subject, clause
from specduet.contracts.findings import Finding, to_text
from specduet.contracts.recording import Exchange, Sent

SLOW_S, _SLOW_FACTOR = 2.0, 10
"""Without a limit of the operator's: this slow, and this many times slower than the operation usually is, ..."""
_ALWAYS_SLOW_S = 5.0
"""... or this slow every time it is asked."""


@clause("SD701", "no-server-error", "Nothing that is sent is answered 5xx.", specificity=50)
def check_no_server_error(subject: Subject) -> Iterator[Finding]:
    """A wrong request is the client's fault (4xx); a 5xx says that the service itself failed (RFC 9110, 15.6).

    A 503 that names the time to come back (Retry-After), and is kept to, is no failure.
    """
    answered = {exchange.sent for exchange in subject.exchanges() if 0 < exchange.status < 500}
    for exchange in subject.exchanges():
        if exchange.status < 500 or exchange.received is None:
            continue
        if exchange.status == 503 and exchange.received.header("retry-after") and exchange.sent in answered:
            continue
        yield subject.make_finding(
            exchange,
            value=f"{exchange.status} {to_text(exchange.received.body.decode(errors='replace'))}",
            cause=str(exchange.status),
            message=f"the answer is a {exchange.status}",
        )


@clause("SD702", "no-hang", "Every request is answered.", specificity=50)
def check_no_hang(subject: Subject) -> Iterator[Finding]:
    """A request that gets no complete answer in time, and none when it is sent again, from a service that answers
    others. A stream of events (``Accept: text/event-stream``) may go on for as long as it likes.
    """
    hung: dict[Sent, list[Exchange]] = {}
    for exchange in _failed_exchanges(subject, "timeout"):
        if "event-stream" not in (exchange.sent.header("accept") or ""):
            hung.setdefault(exchange.sent, []).append(exchange)
    answered = {exchange.sent for exchange in subject.exchanges() if exchange.received is not None}
    for sent, exchanges in hung.items():
        if len(exchanges) > 1 and sent not in answered:
            yield subject.make_finding(exchanges[0], value="(nothing)", message="no complete answer came in time")


@clause("SD703", "response-time", "Answers come within the operator's limit.", specificity=20)
def check_response_time(subject: Subject) -> Iterator[Finding]:
    """The limit is ``--max-response-time``. Without one only the blatant is a warning: a request that took more than
    two seconds, ten times as long as usual, each time that it was sent; or five where none takes less than two.
    """
    limit = subject.options.max_response_time_s
    for exchange in _blatantly_slow_exchanges(subject) if limit is None else _exchanges_slower_than(subject, limit):
        assert exchange.received is not None
        elapsed_s = exchange.received.elapsed_s
        yield subject.make_finding(
            exchange,
            value=f"{elapsed_s:.1f} s",
            basis="inferred" if limit is None else "documented",
            message=f"the answer took {elapsed_s:.1f} s"
            + (f", and the limit is {limit:g} s" if limit is not None else ""),
        )


@clause("SD704", "connection", "The connection is not dropped, and an answer comes whole.", specificity=50)
def check_connection(subject: Subject) -> Iterator[Finding]:
    """A server may close a connection between two answers, even without saying so: where no answer began, only a break
    on a connection that was opened for the very request counts. An answer that ends before its announced length
    always does, and so does one whose Content-Encoding cannot be undone (RFC 9110, 8.4).
    """
    for exchange in _failed_exchanges(subject, "dropped", "cut short", "undecodable", "no HTTP", "failed"):
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


@clause("SD705", "stays-up", "The service is still there after everything that was sent.", specificity=50)
def check_stays_up(subject: Subject) -> Iterator[Finding]:
    """It refuses connections after it had answered before: the first such request is shown, and the one before it
    is the one to look at.
    """
    refused = [e for e in subject.recording.exchanges if e.failure.startswith("refused")]
    if not refused:
        return
    first = refused[0]
    before = [e for e in subject.recording.exchanges if e.number < first.number and e.received is not None]
    if before and (first.api, first.operation) == (subject.api.name, subject.operation.id):
        last = subject.recording.exchanges[first.number - 2]
        yield subject.make_finding(
            last if last.operation == first.operation else first,
            value="(nothing listens)",
            message="the service went away: it answered before, and nothing listens any more",
        )


def _failed_exchanges(subject: Subject, *kinds: str) -> Iterator[Exchange]:
    return (e for e in subject.exchanges() if e.failure.startswith(kinds))


def _exchanges_slower_than(subject: Subject, limit: float) -> Iterator[Exchange]:
    return (e for e in subject.exchanges() if e.received is not None and e.received.elapsed_s > limit)


def _blatantly_slow_exchanges(subject: Subject) -> Iterator[Exchange]:
    """What was blatantly slow every time that it was asked, and was asked at least twice, one after the other."""
    by_request: dict[Sent, list[Exchange]] = {}
    times = []
    for exchange in subject.exchanges():
        if exchange.received is not None:
            by_request.setdefault(exchange.sent, []).append(exchange)
            times.append(exchange.received.elapsed_s)
    usual_s, fastest_s = (median(times), min(times)) if times else (0.0, 0.0)
    for repetitions in by_request.values():
        least_s = min(_elapsed_s(exchange) for exchange in repetitions)
        is_blatant = least_s > SLOW_S and (
            least_s > _SLOW_FACTOR * usual_s or (fastest_s > SLOW_S and least_s > _ALWAYS_SLOW_S)
        )
        if is_blatant and repetitions[-1].sent_at >= repetitions[0].sent_at + _elapsed_s(repetitions[0]):
            yield min(repetitions, key=_elapsed_s)


def _elapsed_s(exchange: Exchange) -> float:
    return exchange.received.elapsed_s if exchange.received else 0.0
