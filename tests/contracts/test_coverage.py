"""Coverage counts what the service has shown, and names what it has not."""

import json
from typing import Any

from specduet.contracts.coverage import Coverage
from specduet.specs import Api
from tests.contracts.recording_builder import RecordingBuilder

LIST = "GET /api/crew-runs"
CREATE = "POST /api/crews/run"
DETAIL = "GET /api/crew-runs/{run_id}"
RUNS = "GET /runs"


def measure_operation(builder: RecordingBuilder, label: str) -> Any:
    coverage = Coverage.from_recording([builder.api], builder.recording)
    return next(entry for entry in coverage.operations if entry.operation == label)


def test_members_nulls_and_statuses_are_counted(nx1: Api, crew_run: dict[str, Any]) -> None:
    """Coverage counts each enum member, null and other values, and each documented status."""
    builder = RecordingBuilder(nx1)
    rows = [
        crew_run,
        {**crew_run, "status": "failed", "error": None},
        {**crew_run, "error": "boom", "crew_config": None},
    ]
    builder.add(LIST, json_=rows)
    builder.add(LIST, status=422, json_={"detail": []}, query="limit=x")
    entry = measure_operation(builder, LIST)
    fields = {f.path: f for f in entry.fields}
    assert fields["*/status"].members == {"pending": 0, "running": 0, "completed": 2, "failed": 1}
    assert (fields["*/error"].null, fields["*/error"].filled) == (1, 1)
    assert (fields["*/crew_config"].null, fields["*/crew_config"].filled) == (1, 2)
    assert fields["*/crew_config/agents/*/id"].filled == 0
    assert (entry.documented, entry.answered) == ({"200": 1, "422": 1}, {"200": 1, "422": 1})
    gaps = list(entry.list_gaps())
    assert '*/status was never "pending" or "running"' in gaps
    assert "*/started_at was never set" in gaps
    assert not any("422" in gap for gap in gaps)


def test_only_successful_answers_show_members(cloudcruise: Api, run_row: dict[str, Any]) -> None:
    """The body of an error response proves nothing about rows."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, status=400, json_=[run_row])
    assert not measure_operation(builder, RUNS).has_succeeded
    assert sum(next(f for f in measure_operation(builder, RUNS).fields if f.members).members.values()) == 0


def test_parameters_are_counted_by_verdict(cloudcruise: Api) -> None:
    """Requests are counted as valid, invalid or lenient; an optional parameter that is left out is valid."""
    builder = RecordingBuilder(cloudcruise)
    for query in ("", "limit=1", "limit=0", "limit=1.0"):
        builder.add(RUNS, json_=[], query=query)
    parameters = {p.parameter: p for p in measure_operation(builder, RUNS).parameters}
    limit = parameters["query/limit"]
    assert (limit.valid, limit.invalid, limit.lenient) == (2, 1, 1)
    gaps = list(measure_operation(builder, RUNS).list_gaps())
    assert "query/status was never sent wrong" in gaps
    assert "query/credential_id was never sent wrong" not in gaps  # any text is right


def test_schemes_that_let_nobody_in_are_named(nx1: Api, crew_run: dict[str, Any]) -> None:
    """Of two documented schemes, the one without a 2xx response is a gap."""
    builder = RecordingBuilder(nx1)
    builder.add(LIST, json_=[crew_run], sent_headers=[("Authorization-PSK", "k")])
    builder.add(LIST, status=401, json_={}, sent_headers=[("Authorization", "Bearer t")])
    assert measure_operation(builder, LIST).schemes == {"APIKeyHeader": 1, "OAuth2AuthorizationCodeBearer": 0}
    assert "no credential of OAuth2AuthorizationCodeBearer was accepted" in list(
        measure_operation(builder, LIST).list_gaps()
    )


def test_a_start_is_expected_to_answer_with_the_initial_status(nx1: Api) -> None:
    """A run that was just created cannot be completed yet, so that the other statuses are no gaps."""
    builder = RecordingBuilder(nx1)
    builder.add(CREATE, json_={"correlation_id": "c", "status": "pending", "message": "started"})
    assert [gap for gap in measure_operation(builder, CREATE).list_gaps() if gap.startswith("status")] == []


def test_an_operation_without_a_success_is_said_loudly_and_alone(nx1: Api) -> None:
    """An operation without a 2xx response has one gap instead of a hundred."""
    builder = RecordingBuilder(nx1)
    builder.add(DETAIL, status=404)
    builder.add(DETAIL, failure="timeout: …")
    assert list(measure_operation(builder, DETAIL).list_gaps()) == ["was never answered 2xx (1 of 0, 1 of 404)"]
    assert list(measure_operation(builder, LIST).list_gaps()) == ["was never sent"]


def test_the_whole_is_json(nx1: Api, crew_run: dict[str, Any]) -> None:
    """Coverage is a JSON document with every operation, for ``report.json``."""
    builder = RecordingBuilder(nx1)
    builder.add(LIST, json_=[crew_run])
    document = Coverage.from_recording([nx1], builder.recording).to_json()
    assert json.loads(json.dumps(document)) == document
    assert [entry["operation"] for entry in document["operations"]] == [o.label for o in nx1.operations]
    assert document["operations"][0]["succeeded"] is True
    assert document["operations"][0]["not_seen"]
