"""SD7xx: 5xx, hangs, slowness, broken connections, and a service that stops."""

import pytest

from specduet.contracts.clauses import run_clauses
from specduet.contracts.clauses.failure_causes import find_failure_causes, find_odd_value
from specduet.contracts.findings import deduplicate
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import Recording, SentRequest
from specduet.contracts.run_notes import describe_unserved
from specduet.specs import Api
from tests.contracts.recording_builder import RecordingBuilder

RUNS = "GET /runs"
RUN_LIST, RUN = "GET /api/crew-runs", "GET /api/crew-runs/{run_id}"
EVENTS = "GET /api/events/{cid}"


def test_any_5xx_is_a_finding_and_the_same_status_one_cause(cloudcruise: Api) -> None:
    """The finding counts all of them, and shows the shortest request."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, status=500, query="limit=1&status=execution.start", body=b"Internal Server Error")
    builder.add(RUNS, status=500, query="limit=0", body=b"Internal Server Error")
    builder.add(RUNS, status=502, body=b"<html>")
    builder.add(RUNS, status=400)
    first, second = deduplicate(builder.check_clause("SD701", RUNS))
    assert (first.count, first.exchange.request.query, first.value) == (2, "limit=0", '500 "Internal Server Error"')
    assert second.message == "the response is a 502"


def test_one_kind_of_value_that_breaks_operations_is_one_finding(nx1: Api) -> None:
    """A NUL character that breaks two operations is told once, a plain failure beside it on its own."""
    builder = RecordingBuilder(nx1)
    builder.add(RUN_LIST, status=500, query="crew_type=a%00b", body=b"Internal Server Error, as always")
    builder.add(RUN, status=500, path="/api/crew-runs/a%00b", body=b"Internal Server Error, once more")
    builder.add(RUN, status=500, path="/api/crew-runs/1", body=b"Oh dear")
    found = [finding for label in (RUN_LIST, RUN) for finding in builder.check_clause("SD701", label)]
    plain, shared = sorted(deduplicate(found), key=lambda finding: len(finding.places))
    assert (plain.message, plain.count) == ("the response is a 500", 1)
    assert shared.message == "a NUL character in the request gets a 500"
    assert {place.operation for place in shared.places} == {RUN_LIST, RUN}


@pytest.mark.parametrize(
    ("path", "query", "body", "kind"),
    [
        ("/a/%ff", "", None, "a text that is no Unicode"),
        ("/a/99999999999", "", None, "an integer beyond 32 bits"),
        ("/a/9223372036854775808", "", None, "an integer beyond 64 bits"),
        ("/a", "", b'{"a": 99999999999999999999}', "an integer beyond 64 bits"),
        ("/a", "", b'{"a": 1764340000000}', None),
        ("/a", "q=" + "x" * 300, None, "a text of more than 250 characters"),
        ("/a/15d1e20b-6310-4e17-a0c2-999999999999", "q=text", b'{"a": "b"}', None),
    ],
)
def test_kinds_of_values_that_services_forget(path: str, query: str, body: bytes | None, kind: str | None) -> None:
    """Each kind is recognized in an address and a body; ids and times are no such values."""
    assert find_odd_value(SentRequest("GET", "", path, query, (), body)) == kind


def test_a_failure_without_an_odd_value_explains_those_with_one(cloudcruise: Api) -> None:
    """Where plain requests get the same error, the NUL is not to blame."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, status=500, query="limit=1", body=b"Internal Server Error")
    builder.add(RUNS, status=500, query="limit=%00", body=b"Internal Server Error")
    (finding,) = deduplicate(builder.check_clause("SD701", RUNS))
    assert (finding.message, finding.count) == ("the response is a 500", 2)


def test_503_with_a_later_success_is_no_finding(cloudcruise: Api) -> None:
    """The service asked to send the request later, and responded then."""
    head = [("Retry-After", "1")]
    kept = RecordingBuilder(cloudcruise)
    kept.add(RUNS, status=503, headers=head)
    kept.add(RUNS, json_=[])
    assert kept.check_clause("SD701", RUNS) == []
    broken = RecordingBuilder(cloudcruise)
    broken.add(RUNS, status=503, headers=head)
    broken.add(RUNS, status=503, headers=head)
    assert len(broken.check_clause("SD701", RUNS)) == 2


def test_a_request_that_hangs_each_time_is_a_finding(cloudcruise: Api) -> None:
    """No complete response in time, and none when it was sent again; once may be a coincidence."""
    silence = "timeout: no complete response in time"
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, failure=silence)
    assert builder.check_clause("SD702", RUNS) == []
    builder.add(RUNS, failure=silence)
    assert [finding.code for finding in builder.check_clause("SD702", RUNS)] == ["SD702"]
    builder.add(RUNS, json_=[])
    assert builder.check_clause("SD702", RUNS) == []


def test_a_stream_of_events_may_go_on(nx1: Api) -> None:
    """A client that requests events waits for as long as there are any."""
    builder = RecordingBuilder(nx1)
    for _ in range(2):
        builder.add(EVENTS, failure="timeout: …", sent_headers=[("Accept", "text/event-stream")])
    assert builder.check_clause("SD702", EVENTS) == []


def test_a_busy_service_is_blamed_for_the_first_request_alone(cloudcruise: Api) -> None:
    """What is asked while the service still works on a request that hangs is not what hangs."""
    builder, silence = RecordingBuilder(cloudcruise), "timeout: no complete response in time"
    builder.add(RUNS)
    for query in ("name=long", "name=long", "limit=1", "limit=1"):
        builder.add(RUNS, query=query, failure=silence)
    builder.add(RUNS)
    (finding,) = builder.check_clause("SD702", RUNS)
    assert finding.exchange is not None
    assert finding.exchange.request.query == "name=long"


def test_the_time_limit_holds_for_every_response(cloudcruise: Api) -> None:
    """Every response above ``--max-response-time`` is an error; without the option it is none."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, elapsed_s=0.4)
    builder.add(RUNS, elapsed_s=0.6)
    builder.add(RUNS, elapsed_s=3.0)
    (finding,) = deduplicate(builder.check_clause("SD703", RUNS, RunOptions(max_response_time_s=0.5)))
    assert (finding.severity, finding.count, finding.value) == ("error", 2, "0.6 s")
    assert builder.check_clause("SD703", RUNS) == []


def test_blatant_slowness_that_repeats_is_a_warning(cloudcruise: Api) -> None:
    """Ten times as long as usual and two seconds at least, each time; once may be a coincidence."""
    builder = RecordingBuilder(cloudcruise)
    for _ in range(5):
        builder.add(RUNS)
    builder.add(RUNS, query="status=execution.start", elapsed_s=3.0)
    assert builder.check_clause("SD703", RUNS) == []
    builder.sent_at += 10
    builder.add(RUNS, query="status=execution.start", elapsed_s=3.1)
    assert [(f.severity, f.value) for f in builder.check_clause("SD703", RUNS)] == [("warning", "3.0 s")]
    builder.add(RUNS, query="status=execution.start", elapsed_s=0.1)
    assert builder.check_clause("SD703", RUNS) == []


def test_slowness_at_the_same_time_is_one_coincidence(cloudcruise: Api) -> None:
    """Of a burst, all responses wait for the same thing."""
    builder = RecordingBuilder(cloudcruise)
    for _ in range(5):
        builder.add(RUNS)
    for _ in range(3):
        builder.add(RUNS, query="limit=9", elapsed_s=30.0)
    assert builder.check_clause("SD703", RUNS) == []


def test_a_service_that_is_always_a_bit_slow_is_none(cloudcruise: Api) -> None:
    """Three seconds for every response are no finding, six seconds are one."""
    for seconds, expected in ((3.0, 0), (6.0, 1)):
        builder = RecordingBuilder(cloudcruise)
        for _ in range(2):
            builder.sent_at += 10
            builder.add(RUNS, elapsed_s=seconds)
        assert len(builder.check_clause("SD703", RUNS)) == expected


def test_a_broken_connection_is_a_finding_unless_it_was_idle(cloudcruise: Api) -> None:
    """A connection may be closed between two responses; one opened for the request may not."""
    builder = RecordingBuilder(cloudcruise)
    closed = "the connection was closed without a response"
    builder.add(RUNS, failure=f"dropped: {closed} (on a connection that was warm)")
    assert builder.check_clause("SD704", RUNS) == []
    builder.add(RUNS, failure=f"dropped: {closed}")
    builder.add(RUNS, failure="cut short: the connection was closed in the middle of the answer")
    assert [finding.message for finding in builder.check_clause("SD704", RUNS)] == [
        closed,
        "the connection was closed in the middle of the answer",
    ]


@pytest.mark.parametrize(
    "failure",
    ["cut short: the connection was closed in the middle of the answer", "undecodable: the body is not in the coding"],
)
def test_a_response_that_began_and_is_not_whole_is_a_finding_on_any_connection(cloudcruise: Api, failure: str) -> None:
    """No server closes a connection for being idle in the middle of a response."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, failure=f"{failure} (on a connection that was warm)")
    assert len(builder.check_clause("SD704", RUNS)) == 1


def test_a_service_that_goes_away_is_one_finding(cloudcruise: Api) -> None:
    """The finding shows the request that was sent before the first refused connection."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, json_=[])
    builder.add(RUNS, query="limit=0", failure="dropped: the connection was closed without a response")
    builder.add(RUNS, failure="refused: nothing listens there")
    builder.add(RUNS, failure="refused: nothing listens there")
    (finding,) = builder.check_clause("SD705", RUNS)
    assert finding.exchange.request.query == "limit=0"
    never = RecordingBuilder(cloudcruise)
    never.add(RUNS, failure="refused: nothing listens there")
    assert never.check_clause("SD705", RUNS) == []


def test_a_501_of_the_mock_tells_of_the_document(cloudcruise: Api) -> None:
    """The mock responds so where no value satisfies a schema; from any other service it is an undocumented status."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, status=501, body=b"no value of the schema at /a could be made")
    assert len(builder.check_clause("SD108", RUNS)) == 1
    assert builder.check_clause("SD701", RUNS) == []
    assert builder.check_clause("SD108", RUNS, RunOptions(is_mock=True)) == []
    assert [line.partition(":")[0] for line in describe_unserved([cloudcruise], builder.recording)] == [RUNS]
    builder.add(RUNS, status=501, body=b"KeyError")
    assert len(builder.check_clause("SD108", RUNS, RunOptions(is_mock=True))) == 1


def test_operations_that_the_time_did_not_reach_are_named(nx1: Api) -> None:
    """Where the time of the run is up, the rest is not judged, and a note says so."""
    notes: list[str] = []
    findings = run_clauses(nx1, Recording(), RunOptions(), notes, is_over=lambda o: o is nx1.operations[1])
    assert list(findings) == []
    count = len(nx1.operations)
    assert [note.partition(":")[0] for note in notes] == [
        f"{count - 1} of {count} operations were not judged, because the time was up"
    ]


@pytest.mark.parametrize(
    ("query", "status", "told"), [("limit=abc", 400, 0), ("limit=abc", 422, 0), ("limit=5", 422, 1)]
)
def test_a_rejection_that_nothing_is_documented_for_is_no_finding(
    cloudcruise: Api, query: str, status: int, told: int
) -> None:
    """Where no 400 and no 422 is documented, an invalid request gets either of them; a valid one gets neither."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, status=status, query=query, json_={})
    assert len(builder.check_clause("SD108", RUNS)) == told


def test_an_error_that_names_the_type_of_what_was_sent_is_one_cause(cloudcruise: Api) -> None:
    """Messages that differ in the type or number that was sent, and in nothing else, are of one failure."""
    builder = RecordingBuilder(cloudcruise)
    text = "join() argument must be str, bytes, or os.PathLike object, not {}; see the log of the service for more"
    for sent in ("'int'", "'bool'", "'NoneType'"):
        builder.add(RUNS, status=500, json_={"message": text.format(sent)})
    builder.add(RUNS, status=500, json_={"message": text.replace("join", "open").format("'int'")})
    names = [cause.name for cause in find_failure_causes(builder.recording.exchanges).values()]
    assert len(set(names[:3])) == 1
    assert names[3] not in names[:3]


def test_a_page_with_an_error_is_known_by_its_title(cloudcruise: Api) -> None:
    """Pages that hold another secret each time are of one failure where they have one title."""
    builder = RecordingBuilder(cloudcruise)
    page = "<!doctype html><html><head><title>{}</title><script>SECRET = '{}{}'</script>"
    for title, secret in (("TypeError: no int", "a"), ("TypeError: no str", "b"), ("KeyError", "c")):
        body = page.format(
            title + " is a number, see the log of the service for more of this error" * 2, secret, "x" * 90
        )
        builder.add(RUNS, status=500, body=body.encode())
    names = [cause.name for cause in find_failure_causes(builder.recording.exchanges).values()]
    assert names[0] == names[1] != names[2]
