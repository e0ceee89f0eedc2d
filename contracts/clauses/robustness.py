"""RP7xx: whatever is sent, the service answers, in time, and does not break."""

from collections.abc import Iterator
from statistics import median

from contracts.clauses import Subject, clause
from contracts.findings import Finding, shown
from contracts.recording import Exchange

SLOW_S, _TIMES = 2.0, 10
"""Without a limit of the operator's: this slow, and this many times slower than the operation usually is, ..."""
_ALWAYS_SLOW_S = 5.0
"""... or this slow every time it is asked."""


@clause("RP701", "no-server-error", "Nothing that is sent is answered 5xx.", specificity=50)
def no_server_error(subject: Subject) -> Iterator[Finding]:
    """A wrong request is the client's fault (4xx); a 5xx says that the service itself failed (RFC 9110, 15.6).

    A 503 that names the time to come back (Retry-After), and is kept to, is no failure.
    """
    answered = {exchange.sent for exchange in subject.exchanges() if 0 < exchange.status < 500}
    for exchange in subject.exchanges():
        if exchange.status < 500 or exchange.received is None:
            continue
        if exchange.status == 503 and exchange.received.header("retry-after") and exchange.sent in answered:
            continue
        yield subject.finding(
            exchange,
            seen=f"{exchange.status} {shown(exchange.received.body.decode(errors='replace'))}",
            cause=str(exchange.status),
            message=f"the answer is a {exchange.status}",
        )


@clause("RP702", "no-hang", "Every request is answered.", specificity=50)
def no_hang(subject: Subject) -> Iterator[Finding]:
    """A request that gets no complete answer in time, from a service that answers others."""
    for exchange in _failed(subject, "timeout"):
        yield subject.finding(exchange, seen="(nothing)", message="no complete answer came in time")


@clause("RP703", "response-time", "Answers come within the operator's limit.", specificity=20)
def response_time(subject: Subject) -> Iterator[Finding]:
    """The limit is ``--max-response-time``. Without one only the blatant is a warning: an answer that took more than
    two seconds, ten times as long as usual, and again when the same was asked once more; or five seconds every time.
    """
    limit = subject.options.max_response_time_s
    for exchange in _too_slow(subject) if limit is None else _over(subject, limit):
        assert exchange.received is not None
        took = exchange.received.elapsed_s
        yield subject.finding(
            exchange,
            seen=f"{took:.1f} s",
            basis="inferred" if limit is None else "documented",
            message=f"the answer took {took:.1f} s" + (f", and the limit is {limit:g} s" if limit is not None else ""),
        )


@clause("RP704", "connection", "The connection is not dropped, and an answer is not cut short.", specificity=50)
def connection(subject: Subject) -> Iterator[Finding]:
    """A server may close a connection between two answers, even without saying so: only a break on one that was
    opened for the very request counts, and an answer that ends before its announced length.
    """
    for exchange in _failed(subject, "dropped", "cut short", "no HTTP", "failed"):
        if "(on a connection that was" not in exchange.failure:
            yield subject.finding(
                exchange,
                seen="(nothing)",
                cause=exchange.failure.partition(":")[0],
                message=exchange.failure.partition(": ")[2],
            )


@clause("RP705", "stays-up", "The service is still there after everything that was sent.", specificity=50)
def stays_up(subject: Subject) -> Iterator[Finding]:
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
        yield subject.finding(
            last if last.operation == first.operation else first,
            seen="(nothing listens)",
            message="the service went away: it answered before, and nothing listens any more",
        )


def _failed(subject: Subject, *kinds: str) -> Iterator[Exchange]:
    return (e for e in subject.exchanges() if e.failure.startswith(kinds))


def _over(subject: Subject, limit: float) -> Iterator[Exchange]:
    return (e for e in subject.exchanges() if e.received is not None and e.received.elapsed_s > limit)


def _too_slow(subject: Subject) -> Iterator[Exchange]:
    times = [e.received.elapsed_s for e in subject.exchanges() if e.received is not None]
    if not times:
        return
    usual = median(times)
    for exchange in _over(subject, SLOW_S):
        again = [e for e in _over(subject, SLOW_S) if e.sent == exchange.sent and e.number != exchange.number]
        if again and exchange.received is not None:
            took = exchange.received.elapsed_s
            if took > _TIMES * usual or (took > _ALWAYS_SLOW_S and min(times) > SLOW_S):
                yield exchange
