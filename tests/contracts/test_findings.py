"""Findings, the recording and the registry: one finding for each cause, and codes that are given once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.clauses import FAMILIES, Subject, all_clauses, clause, run_clauses
from specduet.contracts.findings import Finding, deduplicate, to_text
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import NOT_JSON, ReceivedResponse, SentRequest, Trace
from specduet.specs import Api
from tests.contracts.recording_builder import RecordingBuilder

ROOT = Path(__file__).parents[2]
RUNS = "GET /runs"


def finding(**changes: Any) -> Finding:
    base = Finding(
        code="SD201",
        clause="status-enum",
        family="values",
        specificity=30,
        basis="documented",
        api="a",
        operation=RUNS,
        pointer="/p",
        where="/0/status",
        value="x",
        message="wrong",
        cause="",
        exchange=None,
    )
    return replace(base, **changes)


def test_rows_and_repetitions_are_one_cause_with_a_count(cloudcruise: Api) -> None:
    """A rule broken at the same place of several rows is one finding, with the shortest request to reproduce it."""
    builder = RecordingBuilder(cloudcruise)
    long, short = builder.add(RUNS, query="limit=10000"), builder.add(RUNS)
    merged = deduplicate([finding(exchange=long), finding(exchange=short, where="/7/status"), finding(exchange=long)])
    assert [(f.count, f.exchange, f.where) for f in merged] == [(3, short, "/7/status")]


def test_the_most_specific_clause_is_reported_for_a_value(cloudcruise: Api) -> None:
    """Of two clauses that one value breaks, one is reported; for another response, the other may be, too."""
    builder = RecordingBuilder(cloudcruise)
    first, second = builder.add(RUNS), builder.add(RUNS)
    general = finding(code="SD105", clause="response-schema", specificity=10)
    found = deduplicate([replace(general, exchange=first), finding(exchange=first), replace(general, exchange=second)])
    assert [(f.code, f.count) for f in found] == [("SD105", 1), ("SD201", 1)]


def test_a_cause_that_operations_share_is_one_finding_with_its_places() -> None:
    """A component schema that two operations break is one finding, which tells where else and how often."""
    other = finding(operation="GET /others", where="/status", shared="schema", count=2)
    [found] = deduplicate([other, finding(shared="schema"), finding(shared="schema", where="/4/status")])
    assert (found.operation, found.count, found.operations) == ("GET /others", 4, ("GET /others", RUNS))
    assert [(p.operation, p.where, p.count) for p in found.places] == [
        ("GET /others", "/status", 2),
        (RUNS, "/*/status", 2),
    ]


def test_findings_on_whole_responses_do_not_hide_each_other(cloudcruise: Api) -> None:
    """Two clauses that a response as a whole breaks are two findings."""
    exchange = RecordingBuilder(cloudcruise).add(RUNS)
    found = deduplicate([finding(where="", exchange=exchange), finding(code="SD105", where="", specificity=1)])
    assert len(found) == 2


def test_basis_decides_the_severity() -> None:
    """A broken statement of the vendor is an error, a broken deduction is a warning."""
    assert finding().severity == "error"
    assert finding(basis="inferred").severity == "warning"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'), (None, "null"), ({"ä": [1]}, '{"ä": [1]}'), (b"x", "b'x'"),
        ("\x07\u202e", '"\\u0007\\u202e"'), ("x" * 500, '"' + "x" * 118 + "…"),
    ],
)  # fmt: skip
def test_a_value_becomes_short_text_on_one_line(value: Any, text: str) -> None:
    """It is written as JSON where possible, without control characters that a terminal would obey."""
    assert to_text(value) == text


def test_the_query_is_read_as_pairs_in_order() -> None:
    """Blank values and repeated names are kept."""
    sent = SentRequest("GET", "http://x/?b=%20&a=&b=+", "/", "b=%20&a=&b=+", (("X-Y", "1"),), None)
    assert sent.query_pairs == (("b", " "), ("a", ""), ("b", " "))
    assert (sent.get_header("x-y"), sent.get_header("z")) == ("1", None)


@pytest.mark.parametrize("body", [b"", b"[", b"NaN", b"\xff", b'"\\ud800"', b"[" * 100_000])
def test_a_body_that_is_not_json_is_a_value_of_its_own(body: bytes) -> None:
    """Never an exception, however deep or broken."""
    assert ReceivedResponse(200, (), body, 0.0).json is NOT_JSON


def test_the_media_type_is_bare_and_lower_case() -> None:
    """RFC 9110, 8.3.1."""
    assert ReceivedResponse(200, (("Content-Type", "Text/HTML ; charset=x"),), b"", 0.0).media_type == "text/html"
    assert ReceivedResponse(200, (), b"", 0.0).media_type == ""


def test_traces_are_found_by_kind_and_operation(cloudcruise: Api) -> None:
    """A trace of another kind, or of another operation, is left out."""

    class Walk(Trace):
        pass

    recording = RecordingBuilder(cloudcruise).recording
    recording.traces += [Walk("a", "x"), Trace("a", "x"), Walk("a", "y")]
    assert list(recording.find_traces(Walk, "a", "x")) == [Walk("a", "x")]
    assert list(recording.find_exchanges("a", "x")) == []


def test_every_clause_has_a_code_of_its_family_and_explains_itself() -> None:
    """A stable code, a name, one sentence, and a docstring that ``specduet explain`` shows."""
    for entry in all_clauses():
        assert entry.family == FAMILIES[entry.code[2]]
        assert (len(entry.code), entry.code[:2]) == (5, "SD")
        assert entry.name == entry.name.lower().replace(" ", "-")
        assert entry.sentence.endswith(".")
        assert entry.details, f"{entry.code} has no details"
        assert entry.details
    assert {entry.family for entry in all_clauses()} == set(FAMILIES.values())


def test_every_rule_is_one_hop_away() -> None:
    """The file that ``specduet explain`` names exists, and defines the function that holds the rule."""
    for entry in all_clauses():
        path, _, name = entry.rule_location.partition(" ")
        assert f"def {name.rpartition('.')[2]}(" in (ROOT / path).read_text(encoding="utf-8"), entry.rule_location
    rules = {entry.name: entry.rule_location for entry in all_clauses()}
    assert rules["limit-respected"] == "contracts/analysis/single_list.py find_excess_rows"
    assert rules["status-enum"] == "contracts/clauses/values.py check_status_enum"


def test_a_code_or_a_name_is_given_once() -> None:
    """A second clause with a known code or name is a programming error, raised at once."""
    taken = all_clauses()[0]
    for code, name in ((taken.code, "new-name"), ("SD199", taken.name)):
        with pytest.raises(ValueError, match="twice"):
            clause(code, name, "Never.")(lambda _subject: ())


def test_findings_that_are_only_assumed_are_left_out(cloudcruise: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clause may give a single finding the basis ``assumed``."""

    def always(subject: Subject) -> Iterator[Finding]:
        yield subject.make_finding(None, message="documented")
        yield subject.make_finding(None, message="inferred", basis="inferred")
        yield subject.make_finding(None, message="assumed", basis="assumed")

    entry = replace(all_clauses()[0], check=always)
    monkeypatch.setattr("specduet.contracts.clauses.registry.all_clauses", lambda: (entry,))
    found = run_clauses(cloudcruise, RecordingBuilder(cloudcruise).recording, RunOptions())
    told = [(f.message, f.severity) for f in found if f.operation == "GET /runs"]
    assert told == [("documented", "error"), ("inferred", "warning")]
