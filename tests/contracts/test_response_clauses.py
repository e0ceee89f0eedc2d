"""SD1xx and SD2xx: responses and the values in them, valid and invalid ones."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.findings import Finding, deduplicate
from specduet.specs import Api, load
from tests.contracts.recording_builder import RecordingBuilder, load_paths

RUNS = "GET /runs"
LIST = "GET /api/crew-runs"
DETAIL = "GET /api/crew-runs/{run_id}"
START = "POST /api/crews/run"
ALL = [f"SD10{n}" for n in range(1, 7)] + [f"SD20{n}" for n in range(1, 8)]


def find_violations(builder: RecordingBuilder, label: str) -> list[Finding]:
    """Return one finding for each cause in the families response and values, none that is only assumed."""
    every = (finding for code in ALL for finding in builder.check_clause(code, label))
    return deduplicate(finding for finding in every if finding.basis != "assumed")


def find_only(builder: RecordingBuilder, label: str) -> Finding:
    findings = find_violations(builder, label)
    assert len(findings) == 1, findings
    return findings[0]


# ------------------------------------------------------------------------------------------------------ the answer


@pytest.mark.parametrize("status", [200, 304, 400, 401, 403, 404, 405, 406, 413, 415, 429])
def test_documented_successes_and_any_error_are_no_finding(
    cloudcruise: Api, run_row: dict[str, Any], status: int
) -> None:
    """CloudCruise documents a 200 alone: its error responses need no documentation."""
    builder = RecordingBuilder(cloudcruise)
    refused = {"statusCode": status, "error": "No", "message": "No"}
    builder.add(RUNS, status=status, json_=[run_row] if status == 200 else refused)
    assert find_violations(builder, RUNS) == []


@pytest.mark.parametrize("status", [201, 204, 206, 301, 302, 307])
def test_an_undocumented_success_or_redirect_is_one(cloudcruise: Api, status: int) -> None:
    """A client cannot know what it means."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, status=status, body=b"")
    finding = find_only(builder, RUNS)
    assert (finding.code, finding.value, finding.severity) == ("SD101", str(status), "error")
    assert finding.pointer == "/paths/~1runs/get/responses"


@pytest.mark.parametrize("path", ["/api/crew-runs/", "/api/crew-runs/a%2Fb", "/api/crew-runs/..", "/api//crew-runs/x"])
def test_a_response_that_may_be_another_operations_is_not_checked(nx1: Api, path: str) -> None:
    """Routers read an empty segment, a dot or an encoded slash as they like."""
    builder = RecordingBuilder(nx1)
    builder.add(DETAIL, status=307, path=path, body=b"")
    builder.add(DETAIL, path=path, json_=[])
    assert find_violations(builder, DETAIL) == []


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"],
)
def test_parameters_and_case_of_a_content_type_do_not_matter(
    cloudcruise: Api, run_row: dict[str, Any], kind: str
) -> None:
    """RFC 9110, 8.3.1."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, json_=[run_row], headers=[("Content-Type", kind)])
    assert find_violations(builder, RUNS) == []


@pytest.mark.parametrize("headers", [[("content-type", "text/html")], [("content-type", "")], []])
def test_another_content_type_is_one_finding(
    cloudcruise: Api, run_row: dict[str, Any], headers: list[tuple[str, str]]
) -> None:
    """The body itself is not reported: the content type says that it is not JSON."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, json_=[run_row], headers=headers)
    assert find_only(builder, RUNS).code == "SD102"


def test_an_html_page_labelled_as_html_is_one_finding(cloudcruise: Api) -> None:
    """The content type is wrong; that the page is not JSON is the same cause."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, body=b"<html>", headers=[("content-type", "text/html")])
    assert find_only(builder, RUNS).code == "SD102"


@pytest.mark.parametrize("body", [b"", b"[{", b"[NaN]", b"{'a': 1}", b'["\xff"]', b"\xef\xbb\xbf[]", b"[]\n[]"])
def test_what_is_not_json_does_not_parse(cloudcruise: Api, body: bytes) -> None:
    """RFC 8259 knows no NaN, no single quotes, no byte order mark and no second value."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, body=body)
    assert find_only(builder, RUNS).code == "SD103"


@pytest.mark.parametrize("value", [{"runs": []}, None, "[]", 3, True])
def test_another_envelope_is_one_finding(cloudcruise: Api, value: Any) -> None:
    """An object around the list is not a list."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, json_=value)
    finding = find_only(builder, RUNS)
    assert (finding.code, finding.where) == ("SD104", "")


def test_an_object_with_none_of_its_required_fields_is_one_finding(nx1: Api, crew_run: dict[str, Any]) -> None:
    """A wrapped object lacks its five required fields for one reason."""
    builder = RecordingBuilder(nx1)
    builder.add(DETAIL, json_={"data": crew_run})
    finding = find_only(builder, DETAIL)
    assert (finding.code, finding.where) == ("SD104", "")
    rows = RecordingBuilder(nx1)
    rows.add(LIST, json_=[{"run": crew_run}, crew_run])
    finding = find_only(rows, LIST)
    assert (finding.code, finding.where, finding.count) == ("SD204", "/0", 1)


def test_what_only_we_assume_is_not_checked(cloudcruise: Api) -> None:
    """The body of an undocumented error response may be anything."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, status=400, json_={"oops": 1})
    builder.add(RUNS, status=401, body=b"<html>no", headers=[("content-type", "text/html")])
    assert find_violations(builder, RUNS) == []


def test_a_detail_list_is_held_to_the_documents_shape(nx1: Api) -> None:
    """An operation that documents no 422 sends one: its items need ``loc``, ``msg`` and ``type``."""
    label = "GET /api/crews/results/{cid}"
    right, wrong = RecordingBuilder(nx1), RecordingBuilder(nx1)
    item = {"loc": ["path", "cid"], "msg": "wrong", "type": "value_error"}
    right.add(label, status=422, json_={"detail": [item]})
    right.add(label, status=404, json_={"detail": "Not Found"})
    right.add(label, status=422, json_={"detail": "text"})
    assert find_violations(right, label) == []
    wrong.add(label, status=422, json_={"detail": [{**item, "loc": "path"}]})
    finding = find_only(wrong, label)
    assert (finding.code, finding.where, finding.severity) == ("SD106", "/detail/0/loc", "warning")


def test_extra_fields_left_out_nulls_and_odd_values_are_right(nx1: Api, crew_run: dict[str, Any]) -> None:
    """Unusual values that the schema allows are no finding."""
    builder = RecordingBuilder(nx1)
    builder.add(LIST, json_=[])
    builder.add(LIST, json_=[{**crew_run, "extra": {"a": [None]}, "crew_type": None, "task_input": {}, "error": ""}])
    builder.add(LIST, json_=[{**crew_run, "crew_config": {"agents": [], "tasks": [], "id": None, "verbose": True}}])
    builder.add(LIST, json_=[{k: v for k, v in crew_run.items() if k != "crew_config"}])
    assert find_violations(builder, LIST) == []


# ------------------------------------------------------------------------------------------------------ the values


def changed(row: dict[str, Any], path: str, value: Any = ...) -> dict[str, Any]:
    """Return a row with another value at a path, or without it."""
    *steps, last = path.split(".")
    inner: Any = row
    for step in steps:
        inner = inner[int(step) if step.isdigit() else step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return row


CASES: list[tuple[str, Any, str, str, str]] = [
    ("status", "archived", "SD201", "/0/status", "/components/schemas/CrewRunStatusEnum"),
    ("status", "COMPLETED", "SD201", "/0/status", "/components/schemas/CrewRunStatusEnum"),
    ("status", "", "SD201", "/0/status", "/components/schemas/CrewRunStatusEnum"),
    ("status", 3, "SD201", "/0/status", "/components/schemas/CrewRunStatusEnum"),
    ("status", None, "SD203", "/0/status", "/components/schemas/CrewRunStatusEnum"),
    ("status", ..., "SD204", "/0/status", "/components/schemas/CrewRunHistoryResponse/properties/status"),
    ("id", None, "SD203", "/0/id", "/components/schemas/CrewRunHistoryResponse/properties/id"),
    ("id", 7, "SD205", "/0/id", "/components/schemas/CrewRunHistoryResponse/properties/id"),
    ("error", 7, "SD205", "/0/error", "/components/schemas/CrewRunHistoryResponse/properties/error"),
    (
        "crew_config",
        "{}",
        "SD205",
        "/0/crew_config",
        "/components/schemas/CrewRunHistoryResponse/properties/crew_config",
    ),
    (
        "crew_config.agents.0.role",
        ...,
        "SD204",
        "/0/crew_config/agents/0/role",
        "/components/schemas/AgentConfig/properties/role",
    ),
    (
        "crew_config.agents.0.verbose",
        "true",
        "SD205",
        "/0/crew_config/agents/0/verbose",
        "/components/schemas/AgentConfig/properties/verbose",
    ),
    (
        "crew_config.tasks.0.agent_index",
        1.5,
        "SD205",
        "/0/crew_config/tasks/0/agent_index",
        "/components/schemas/TaskConfig/properties/agent_index",
    ),
    ("crew_config.tasks", None, "SD203", "/0/crew_config/tasks", "/components/schemas/CrewConfig/properties/tasks"),
]


@pytest.mark.parametrize(("path", "value", "code", "where", "pointer"), CASES)
def test_a_wrong_value_is_one_finding_at_its_place(
    nx1: Api, crew_run: dict[str, Any], path: str, value: Any, code: str, where: str, pointer: str
) -> None:
    """At any depth, and behind ``anyOf``: the innermost value is named, not the alternative that fails with it."""
    builder = RecordingBuilder(nx1)
    builder.add(LIST, json_=[changed(crew_run, path, value)])
    finding = find_only(builder, LIST)
    assert (finding.code, finding.where, finding.pointer) == (code, where, pointer)
    assert finding.severity == "error"
    assert where in finding.message


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("session_id", "run-7", "SD206"),
        ("created_at", "14/02/2026", "SD206"),
        ("created_at", "2026-02-14T10:00:00", "SD206"),
        ("created_at", 1_771_063_200, "SD205"),
        ("dry_run", 0, "SD205"),
        ("status", "execution.pause", "SD201"),
    ],
)
def test_formats_and_nullable_types(
    cloudcruise: Api, run_row: dict[str, Any], field: str, value: Any, code: str
) -> None:
    """``type: [string, 'null']`` with a format; a ``date-time`` has a time zone (RFC 3339)."""
    builder = RecordingBuilder(cloudcruise)
    builder.add(RUNS, json_=[{**run_row, field: value}])
    assert find_only(builder, RUNS).code == code


def test_every_row_of_every_page_counts_and_is_one_cause(cloudcruise: Api, run_row: dict[str, Any]) -> None:
    """The hundredth row of the third page is as good as the first; many rows are one finding with a count."""
    builder = RecordingBuilder(cloudcruise)
    for page in range(3):
        rows = [dict(run_row) for _ in range(100)]
        if page == 2:
            rows[99]["status"] = rows[98]["status"] = "gone"
        builder.add(RUNS, query=f"limit=100&page={page}", json_=rows)
    finding = find_only(builder, RUNS)
    assert (finding.code, finding.where, finding.count) == ("SD201", "/98/status", 2)
    assert finding.exchange.number == 3


def test_alternatives_are_told_apart(seekrflow: Api) -> None:
    """A field that may be a string or an object is neither: the message names both."""
    run = {
        "id": "r",
        "created_at": "2026-02-14T10:00:00Z",
        "agent_id": "a",
        "thread_id": "t",
        "status": "queued",
        "model": "m",
        "temperature": 1,
        "top_p": 1.0,
        "parallel_tool_calls": True,
    }
    label = "GET /v1/threads/{thread_id}/runs"
    builder = RecordingBuilder(seekrflow)
    builder.add(label, json_=[run, {**run, "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}])
    assert find_violations(builder, label) == []
    builder.add(label, json_=[{**run, "tool_choice": 3, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}])
    kind, missing = sorted(find_violations(builder, label), key=lambda finding: finding.where)
    assert "string or object" in kind.message
    assert (missing.code, missing.where) == ("SD204", "/0/usage/total_tokens")


def test_the_response_of_a_post_is_checked_as_well(nx1: Api) -> None:
    """Its status is that of the new run, and has to be a documented member."""
    builder = RecordingBuilder(nx1)
    builder.add(START, json_={"correlation_id": "c", "status": "started", "message": None})
    assert find_only(builder, START).code == "SD201"


def test_what_an_overlay_added_is_never_more_than_a_warning(nx1: Api) -> None:
    """The vendor does not document the operation, so its findings are as certain as the overlay's addition."""
    label = "GET /api/crews/results/{cid}"
    builder = RecordingBuilder(nx1)
    builder.add(label, json_={"correlation_id": "c", "status": "archived"})
    assert find_only(builder, label).severity == "warning"


@pytest.mark.parametrize(("length", "codes"), [(5_000, []), (5, ["SD102"])])
def test_a_rejection_before_the_service_has_its_own_words(cloudcruise: Api, length: int, codes: list[str]) -> None:
    """A server may reject a very long URL in plain text, whatever the operation documents; nothing else is excused."""
    builder = RecordingBuilder(cloudcruise)
    operation = next(o for o in cloudcruise.operations if o.label == RUNS)
    documented = replace(operation, responses={**operation.responses, "400": operation.responses["200"]})
    builder.api = replace(cloudcruise, operations=(documented,))
    text = (("content-type", "text/plain"),)
    builder.add(RUNS, status=400, body=b"Invalid HTTP request", headers=text, query=f"workflow_id={'a' * length}")
    assert [finding.code for finding in find_violations(builder, RUNS)] == codes


@pytest.mark.parametrize(
    ("schema", "text", "is_valid"),
    [
        ("format: byte", "aGVsbG8=", True),
        ("format: byte", "aGVs\r\nbG8=", True),
        ("format: byte", "_-_-", True),
        ("format: byte", "YQ", True),
        ("format: byte", "!!!", False),
        ("format: byte", "a", False),
        ("contentEncoding: base64", "aGVsbG8=", True),
        ("contentEncoding: base64", "YQ", False),
        ("contentEncoding: base64url", "_-", True),
        ("contentEncoding: base64url", "+/+/", False),
        ("contentEncoding: quoted-printable", "!!!", True),
    ],
)
def test_base64_text_can_be_decoded(tmp_path: Path, schema: str, text: str, is_valid: bool) -> None:  # noqa: FBT001
    """RFC 4648, and the lines of RFC 2045; ``byte`` does not say which of the two alphabets it means."""
    file = tmp_path / "bytes.yaml"
    content = f"{{application/json: {{schema: {{properties: {{data: {{type: string, {schema}}}}}}}}}}}"
    responses = f"{{'200': {{description: ok, content: {content}}}}}"
    file.write_text(
        f"openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{/a: {{get: {{responses: {responses}}}}}}}", "utf-8"
    )
    builder = RecordingBuilder(load(file))
    builder.add("GET /a", json_={"data": text})
    assert [finding.code for finding in find_violations(builder, "GET /a")] == ([] if is_valid else ["SD206"])


def test_a_rule_that_is_stated_twice_is_broken_once(tmp_path: Path) -> None:
    """A value that breaks the same keyword in two schemas of one allOf is one violation."""
    schema = {"allOf": [{"type": "object", "required": ["a"]}, {"type": "object"}]}
    content = {"content": {"application/json": {"schema": schema}}}
    paths = {"/things": {"get": {"responses": {"200": {"description": "OK", **content}}}}}
    builder = RecordingBuilder(load_paths(tmp_path, paths))
    builder.add("GET /things", json_="a text")
    assert len(builder.check_clause("SD104", "GET /things")) == 1
