"""Coverage: what was seen, what was not, and nothing claimed that was not shown."""

import json
from collections.abc import Callable
from typing import Any

from specduet.contracts.coverage import Coverage
from specduet.specs import Api

LIST = "GET /api/crew-runs"
START = "POST /api/crews/run"
DETAIL = "GET /api/crew-runs/{run_id}"
RUNS = "GET /runs"
Books = Callable[[Api], Any]


def seen(book: Any, label: str) -> Any:
    coverage = Coverage.from_recording([book.api], book.recording)
    return next(entry for entry in coverage.operations if entry.operation == label)


def test_members_nulls_and_statuses_are_counted(nx1: Api, book: Books, crew_run: dict[str, Any]) -> None:
    """Each member of an enumeration, null and not null, and each documented status."""
    written = book(nx1)
    rows = [
        crew_run,
        {**crew_run, "status": "failed", "error": None},
        {**crew_run, "error": "boom", "crew_config": None},
    ]
    written.add(LIST, json_=rows)
    written.add(LIST, status=422, json_={"detail": []}, query="limit=x")
    entry = seen(written, LIST)
    fields = {one.path: one for one in entry.fields}
    assert fields["*/status"].members == {"pending": 0, "running": 0, "completed": 2, "failed": 1}
    assert (fields["*/error"].null, fields["*/error"].filled) == (1, 1)
    assert (fields["*/crew_config"].null, fields["*/crew_config"].filled) == (1, 2)
    assert fields["*/crew_config/agents/*/id"].filled == 0
    assert (entry.documented, entry.answered) == ({"200": 1, "422": 1}, {"200": 1, "422": 1})
    gaps = list(entry.list_gaps())
    assert "*/status was never pending, running" in gaps
    assert "*/started_at was never set" in gaps
    assert not any("422" in gap for gap in gaps)


def test_only_successful_answers_show_members(cloudcruise: Api, book: Books, run_row: dict[str, Any]) -> None:
    """What a refusal says proves nothing of the rows."""
    written = book(cloudcruise)
    written.add(RUNS, status=400, json_=[run_row])
    assert not seen(written, RUNS).has_succeeded
    assert sum(next(one for one in seen(written, RUNS).fields if one.members).members.values()) == 0


def test_parameters_are_counted_by_verdict(cloudcruise: Api, book: Books) -> None:
    """Sent right, sent wrong, or so that servers may differ; one that was left out was right."""
    written = book(cloudcruise)
    for query in ("", "limit=1", "limit=0", "limit=1.0"):
        written.add(RUNS, json_=[], query=query)
    parameters = {one.parameter: one for one in seen(written, RUNS).parameters}
    limit = parameters["query/limit"]
    assert (limit.valid, limit.invalid, limit.lenient) == (2, 1, 1)
    gaps = list(seen(written, RUNS).list_gaps())
    assert "query/status was never sent wrong" in gaps
    assert "query/credential_id was never sent wrong" not in gaps  # any text is right


def test_schemes_that_let_nobody_in_are_named(nx1: Api, book: Books, crew_run: dict[str, Any]) -> None:
    """Of two documented schemes only the one that was used is tested."""
    written = book(nx1)
    written.add(LIST, json_=[crew_run], sent_headers=[("Authorization-PSK", "k")])
    written.add(LIST, status=401, json_={}, sent_headers=[("Authorization", "Bearer t")])
    assert seen(written, LIST).schemes == {"APIKeyHeader": 1, "OAuth2AuthorizationCodeBearer": 0}
    assert "nobody was let in by OAuth2AuthorizationCodeBearer" in list(seen(written, LIST).list_gaps())


def test_a_start_is_expected_to_answer_with_the_initial_status(nx1: Api, book: Books) -> None:
    """That a run which was just started is not completed yet is no gap."""
    written = book(nx1)
    written.add(START, json_={"correlation_id": "c", "status": "pending", "message": "started"})
    assert [gap for gap in seen(written, START).list_gaps() if gap.startswith("status")] == []


def test_an_operation_without_a_success_is_said_loudly_and_alone(nx1: Api, book: Books) -> None:
    """One sentence takes the place of a hundred."""
    written = book(nx1)
    written.add(DETAIL, status=404)
    written.add(DETAIL, failure="timeout: …")
    assert list(seen(written, DETAIL).list_gaps()) == ["was never answered 2xx (1 of 0, 1 of 404)"]
    assert list(seen(written, LIST).list_gaps()) == ["was never sent"]


def test_the_whole_is_json(nx1: Api, book: Books, crew_run: dict[str, Any]) -> None:
    """``report.json`` takes it as it is."""
    written = book(nx1)
    written.add(LIST, json_=[crew_run])
    document = Coverage.from_recording([nx1], written.recording).to_json()
    assert json.loads(json.dumps(document)) == document
    assert [entry["operation"] for entry in document["operations"]] == [o.label for o in nx1.operations]
    assert document["operations"][0]["succeeded"] is True
    assert document["operations"][0]["not_seen"]
