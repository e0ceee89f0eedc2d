"""Histories of rows, on recordings that are written by hand: which observation precedes which, and of which row."""

from dataclasses import replace
from pathlib import Path

import pytest

from specduet.contracts.analysis.row_history import collect_histories
from specduet.specs import Api, load
from tests.contracts.recording_builder import RecordingBuilder


def test_waiting_on_our_side_counts_as_part_of_a_request(nx1: Api) -> None:
    """Of two requests at the same time, the first sent may be the last complete, however short its response took."""
    builder = RecordingBuilder(nx1)
    first = replace(builder.add("GET /api/crew-runs", json_=[], elapsed_s=0.01), ended_at=builder.sent_at + 0.5)
    builder.sent_at += 0.1
    second = builder.add("GET /api/crew-runs", json_=[], elapsed_s=0.01)
    builder.sent_at += 0.5
    assert not first.is_before(second)
    assert first.is_before(builder.add("GET /api/crew-runs", json_=[]))


@pytest.mark.parametrize(("creation_count", "change_count"), [(1, 1), (2, 0)])
def test_an_id_that_two_creations_were_given_names_no_run(nx1: Api, creation_count: int, change_count: int) -> None:
    """A run looked up by an id that two runs were given may be either one, though lists show only one of them."""
    builder = RecordingBuilder(nx1)
    for _ in range(creation_count):
        builder.add("POST /api/crews/run", json_={}, sent_headers=[("x-correlation-id", "c")])
    builder.sent_at += 1
    builder.add("GET /api/crew-runs", json_=[{"id": "1", "correlation_id": "c", "status": "failed"}])
    builder.sent_at += 1
    result = {"correlation_id": "c", "status": "running"}
    builder.add("GET /api/crews/results/{cid}", path="/api/crews/results/c", json_=result)
    history = collect_histories(nx1, nx1.resources["crew-run"], builder.recording)
    assert len(list(history.iterate_changes(same_operation=False))) == change_count


@pytest.mark.parametrize(
    ("status", "gap_s", "is_found"),
    [
        pytest.param("execution.start", 0.1, True, id="at-once"),
        pytest.param("execution.start", 5, False, id="much-later"),
        pytest.param("execution.requeued", 0.1, False, id="requeued"),
        pytest.param("execution.success", 0.1, True, id="ended"),
        pytest.param("execution.success", 5, False, id="ended-later"),
    ],
)
def test_a_requeued_run_may_start_anew(cloudcruise: Api, *, status: str, gap_s: float, is_found: bool) -> None:
    """The time of its start may change where it may have been requeued meanwhile, which takes some time."""
    builder = RecordingBuilder(cloudcruise)
    row = {"session_id": "1", "status": "execution.start", "execution_start": "2026-01-01T00:00:00Z"}
    for change in ({}, {"status": status, "execution_start": "2026-01-01T00:01:00Z"}):
        builder.add("GET /runs", json_=[{**row, **change}])
        builder.sent_at += gap_s
    findings = builder.check_clause("SD607", "GET /runs")
    assert [finding.where for finding in findings] == ["/0/execution_start"] * is_found


NESTED = """\
openapi: 3.0.3
info: {title: Nested, version: '1'}
paths:
  /pools/{pool}/queues:
    parameters: [{name: pool, in: path, required: true, schema: {type: string}}]
    get: {responses: {'200': {description: d, content: {application/json: {schema: {type: array, items: &row
      {type: object, properties: {name: {type: string}, created_at: {type: string, format: date-time}}}}}}}}}
  /pools/{pool}/queues/{name}:
    parameters:
      - {name: pool, in: path, required: true, schema: {type: string}}
      - {name: name, in: path, required: true, schema: {type: string}}
    get: {responses: {'200': {description: d, content: {application/json: {schema: *row}}}}}
"""


@pytest.mark.parametrize(("pools", "is_found"), [(("a", "a"), True), (("a", "b"), False)])
def test_rows_of_one_name_below_two_parents_are_two(tmp_path: Path, pools: tuple[str, str], *, is_found: bool) -> None:
    """A name that is used again below another parent is not taken for the same row, which has changed."""
    (tmp_path / "nested.yaml").write_text(NESTED, encoding="utf-8")
    api = load(str(tmp_path / "nested.yaml"))
    builder = RecordingBuilder(api)
    for day, pool in enumerate(pools, 1):
        row = {"name": "default", "created_at": f"2026-01-0{day}T00:00:00Z"}
        builder.add("GET /pools/{pool}/queues/{name}", path=f"/pools/{pool}/queues/default", json_=row)
        builder.sent_at += 1
    (resource,) = api.resources.values()
    history = collect_histories(api, resource, builder.recording)
    assert bool(list(history.iterate_changes(same_operation=True))) == is_found


NAMED = """\
openapi: 3.0.3
info: {title: Named, version: '1'}
paths:
  /limits:
    get: {responses: {'200': {description: d, content: {application/json: {schema: {type: array, items: &row
      {type: object, properties: {id: {type: string}, name: {type: string}}}}}}}}}
  /limits/{id_or_name}:
    parameters: [{name: id_or_name, in: path, required: true, schema: {type: string}}]
    get: {responses: {'200': {description: d, content: {application/json: {schema: *row}}}}}
"""


@pytest.mark.parametrize(
    ("text", "is_found"), [("7", False), ("0x7", False), ("7.0", False), ("mine", False), ("9", True), ("0x9", True)]
)
def test_a_row_may_be_fetched_by_its_name(tmp_path: Path, text: str, *, is_found: bool) -> None:
    """A detail that shows what was asked for in any field has not shown another row."""
    (tmp_path / "named.yaml").write_text(NAMED, encoding="utf-8")
    builder = RecordingBuilder(load(str(tmp_path / "named.yaml")))
    label = "GET /limits/{id_or_name}"
    builder.add(label, path=f"/limits/{text}", json_={"id": "7", "name": "mine"})
    assert bool(builder.check_clause("SD613", label)) == is_found


EVENTS = """\
openapi: 3.0.3
info: {title: Events, version: '1'}
paths:
  /events:
    get: {responses: {'200': {description: d, content: {application/json: {schema: {type: array, items: &row
      {type: object, properties: {id: {type: integer}, featureName: {type: string}}}}}}}}}
  /events/{featureName}:
    parameters: [{name: featureName, in: path, required: true, schema: {type: string}}]
    get: {responses: {'200': {description: d, content: {application/json: {schema: *row}}}}}
"""


@pytest.mark.parametrize(("ids", "is_found"), [((1, 2), False), ((1, 1), True)])
def test_rows_may_share_a_name(tmp_path: Path, ids: tuple[int, int], *, is_found: bool) -> None:
    """Rows that differ are not the same because of a name by which they can be fetched; equal rows are."""
    (tmp_path / "events.yaml").write_text(EVENTS, encoding="utf-8")
    builder = RecordingBuilder(load(str(tmp_path / "events.yaml")))
    builder.add("GET /events", json_=[{"id": number, "featureName": "a"} for number in ids])
    assert bool(builder.check_clause("SD520", "GET /events")) == is_found
