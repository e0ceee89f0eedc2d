"""SD7xx: 5xx, hangs, slowness, broken connections, and a service that stops."""

from collections.abc import Callable
from typing import Any

import pytest

from specduet.contracts.findings import deduplicate
from specduet.contracts.options import RunOptions
from specduet.specs import Api

RUNS = "GET /runs"
EVENTS = "GET /api/events/{cid}"
Books = Callable[[Api], Any]


def test_any_5xx_is_a_finding_and_the_same_status_one_cause(cloudcruise: Api, book: Books) -> None:
    """The finding counts all of them, and shows the shortest request."""
    written = book(cloudcruise)
    written.add(RUNS, status=500, query="limit=1&status=execution.start", body=b"Internal Server Error")
    written.add(RUNS, status=500, query="limit=0", body=b"Internal Server Error")
    written.add(RUNS, status=502, body=b"<html>")
    written.add(RUNS, status=400)
    first, second = deduplicate(written.judged("SD701", RUNS))
    assert (first.count, first.exchange.request.query, first.value) == (2, "limit=0", '500 "Internal Server Error"')
    assert second.message == "the response is a 502"


def test_503_with_a_later_success_is_no_finding(cloudcruise: Api, book: Books) -> None:
    """The service asked to send the request later, and responded then."""
    head = [("Retry-After", "1")]
    kept = book(cloudcruise)
    kept.add(RUNS, status=503, headers=head)
    kept.add(RUNS, json_=[])
    assert kept.judged("SD701", RUNS) == []
    broken = book(cloudcruise)
    broken.add(RUNS, status=503, headers=head)
    broken.add(RUNS, status=503, headers=head)
    assert len(broken.judged("SD701", RUNS)) == 2


def test_a_request_that_hangs_each_time_is_a_finding(cloudcruise: Api, book: Books) -> None:
    """No complete response in time, and none when it was sent again; once may be a coincidence."""
    silence = "timeout: no complete response in time"
    written = book(cloudcruise)
    written.add(RUNS, failure=silence)
    assert written.judged("SD702", RUNS) == []
    written.add(RUNS, failure=silence)
    assert [finding.code for finding in written.judged("SD702", RUNS)] == ["SD702"]
    written.add(RUNS, json_=[])
    assert written.judged("SD702", RUNS) == []


def test_a_stream_of_events_may_go_on(nx1: Api, book: Books) -> None:
    """A client that requests events waits for as long as there are any."""
    written = book(nx1)
    for _ in range(2):
        written.add(EVENTS, failure="timeout: …", sent_headers=[("Accept", "text/event-stream")])
    assert written.judged("SD702", EVENTS) == []


def test_the_time_limit_holds_for_every_response(cloudcruise: Api, book: Books) -> None:
    """Every response above ``--max-response-time`` is an error; without the option it is none."""
    written = book(cloudcruise)
    written.add(RUNS, elapsed_s=0.4)
    written.add(RUNS, elapsed_s=0.6)
    written.add(RUNS, elapsed_s=3.0)
    (finding,) = deduplicate(written.judged("SD703", RUNS, RunOptions(max_response_time_s=0.5)))
    assert (finding.severity, finding.count, finding.value) == ("error", 2, "0.6 s")
    assert written.judged("SD703", RUNS) == []


def test_blatant_slowness_that_repeats_is_a_warning(cloudcruise: Api, book: Books) -> None:
    """Ten times as long as usual and two seconds at least, each time; once may be a coincidence."""
    written = book(cloudcruise)
    for _ in range(5):
        written.add(RUNS)
    written.add(RUNS, query="status=execution.start", elapsed_s=3.0)
    assert written.judged("SD703", RUNS) == []
    written.at += 10
    written.add(RUNS, query="status=execution.start", elapsed_s=3.1)
    assert [(f.severity, f.value) for f in written.judged("SD703", RUNS)] == [("warning", "3.0 s")]
    written.add(RUNS, query="status=execution.start", elapsed_s=0.1)
    assert written.judged("SD703", RUNS) == []


def test_slowness_at_the_same_time_is_one_coincidence(cloudcruise: Api, book: Books) -> None:
    """Of a burst, all responses wait for the same thing."""
    written = book(cloudcruise)
    for _ in range(5):
        written.add(RUNS)
    for _ in range(3):
        written.add(RUNS, query="limit=9", elapsed_s=30.0)
    assert written.judged("SD703", RUNS) == []


def test_a_service_that_is_always_a_bit_slow_is_none(cloudcruise: Api, book: Books) -> None:
    """Three seconds for every response are no finding, six seconds are one."""
    for seconds, expected in ((3.0, 0), (6.0, 1)):
        written = book(cloudcruise)
        for _ in range(2):
            written.at += 10
            written.add(RUNS, elapsed_s=seconds)
        assert len(written.judged("SD703", RUNS)) == expected


def test_a_broken_connection_is_a_finding_unless_it_was_idle(cloudcruise: Api, book: Books) -> None:
    """A connection may be closed between two responses; one opened for the request may not."""
    written = book(cloudcruise)
    closed = "the connection was closed without a response"
    written.add(RUNS, failure=f"dropped: {closed} (on a connection that was warm)")
    assert written.judged("SD704", RUNS) == []
    written.add(RUNS, failure=f"dropped: {closed}")
    written.add(RUNS, failure="cut short: the connection was closed in the middle of the answer")
    assert [finding.message for finding in written.judged("SD704", RUNS)] == [
        closed,
        "the connection was closed in the middle of the answer",
    ]


@pytest.mark.parametrize(
    "failure",
    ["cut short: the connection was closed in the middle of the answer", "undecodable: the body is not in the coding"],
)
def test_a_response_that_began_and_is_not_whole_is_a_finding_on_any_connection(
    cloudcruise: Api, book: Books, failure: str
) -> None:
    """No server closes a connection for being idle in the middle of a response."""
    written = book(cloudcruise)
    written.add(RUNS, failure=f"{failure} (on a connection that was warm)")
    assert len(written.judged("SD704", RUNS)) == 1


def test_a_service_that_goes_away_is_one_finding(cloudcruise: Api, book: Books) -> None:
    """The finding shows the request that was sent before the first refused connection."""
    written = book(cloudcruise)
    written.add(RUNS, json_=[])
    written.add(RUNS, query="limit=0", failure="dropped: the connection was closed without a response")
    written.add(RUNS, failure="refused: nothing listens there")
    written.add(RUNS, failure="refused: nothing listens there")
    (finding,) = written.judged("SD705", RUNS)
    assert finding.exchange.request.query == "limit=0"
    never = book(cloudcruise)
    never.add(RUNS, failure="refused: nothing listens there")
    assert never.judged("SD705", RUNS) == []
