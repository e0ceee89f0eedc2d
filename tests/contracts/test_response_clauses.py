"""SD1xx and SD2xx: responses and the values in them, valid and invalid ones."""

from collections.abc import Callable
from typing import Any

import pytest

from specduet.contracts.findings import Finding, deduplicate
from specduet.specs import Api

RUNS = "GET /runs"
LIST = "GET /api/crew-runs"
DETAIL = "GET /api/crew-runs/{run_id}"
START = "POST /api/crews/run"
ALL = [f"SD10{n}" for n in range(1, 7)] + [f"SD20{n}" for n in range(1, 8)]

Books = Callable[[Api], Any]


def found(book: Any, label: str) -> list[Finding]:
    """Return one finding for each cause in the families response and values, none that is only assumed."""
    every = (finding for code in ALL for finding in book.judged(code, label))
    return deduplicate(finding for finding in every if finding.basis != "assumed")


def only(book: Any, label: str) -> Finding:
    findings = found(book, label)
    assert len(findings) == 1, findings
    return findings[0]


# ------------------------------------------------------------------------------------------------------ the answer


@pytest.mark.parametrize("status", [200, 304, 400, 401, 403, 404, 405, 406, 413, 415, 429])
def test_documented_successes_and_any_error_are_no_finding(
    cloudcruise: Api, book: Books, run_row: dict[str, Any], status: int
) -> None:
    """CloudCruise documents a 200 alone: its error responses need no documentation."""
    written = book(cloudcruise)
    refused = {"statusCode": status, "error": "No", "message": "No"}
    written.add(RUNS, status=status, json_=[run_row] if status == 200 else refused)
    assert found(written, RUNS) == []


@pytest.mark.parametrize("status", [201, 204, 206, 301, 302, 307])
def test_an_undocumented_success_or_redirect_is_one(cloudcruise: Api, book: Books, status: int) -> None:
    """A client cannot know what it means."""
    written = book(cloudcruise)
    written.add(RUNS, status=status, body=b"")
    finding = only(written, RUNS)
    assert (finding.code, finding.value, finding.severity) == ("SD101", str(status), "error")
    assert finding.pointer == "/paths/~1runs/get/responses"


@pytest.mark.parametrize("path", ["/api/crew-runs/", "/api/crew-runs/a%2Fb", "/api/crew-runs/..", "/api//crew-runs/x"])
def test_a_response_that_may_be_another_operations_is_not_checked(nx1: Api, book: Books, path: str) -> None:
    """Routers read an empty segment, a dot or an encoded slash as they like."""
    written = book(nx1)
    written.add(DETAIL, status=307, path=path, body=b"")
    written.add(DETAIL, path=path, json_=[])
    assert found(written, DETAIL) == []


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;charset=UTF-8"],
)
def test_parameters_and_case_of_a_content_type_do_not_matter(
    cloudcruise: Api, book: Books, run_row: dict[str, Any], kind: str
) -> None:
    """RFC 9110, 8.3.1."""
    written = book(cloudcruise)
    written.add(RUNS, json_=[run_row], headers=[("Content-Type", kind)])
    assert found(written, RUNS) == []


@pytest.mark.parametrize("headers", [[("content-type", "text/html")], [("content-type", "")], []])
def test_another_content_type_is_one_finding(
    cloudcruise: Api, book: Books, run_row: dict[str, Any], headers: list[tuple[str, str]]
) -> None:
    """The body itself is not reported: the content type says that it is not JSON."""
    written = book(cloudcruise)
    written.add(RUNS, json_=[run_row], headers=headers)
    assert only(written, RUNS).code == "SD102"


def test_an_html_page_labelled_as_html_is_one_finding(cloudcruise: Api, book: Books) -> None:
    """The content type is wrong; that the page is not JSON is the same cause."""
    written = book(cloudcruise)
    written.add(RUNS, body=b"<html>", headers=[("content-type", "text/html")])
    assert only(written, RUNS).code == "SD102"


@pytest.mark.parametrize("body", [b"", b"[{", b"[NaN]", b"{'a': 1}", b'["\xff"]', b"\xef\xbb\xbf[]", b"[]\n[]"])
def test_what_is_not_json_does_not_parse(cloudcruise: Api, book: Books, body: bytes) -> None:
    """RFC 8259 knows no NaN, no single quotes, no byte order mark and no second value."""
    written = book(cloudcruise)
    written.add(RUNS, body=body)
    assert only(written, RUNS).code == "SD103"


@pytest.mark.parametrize("value", [{"runs": []}, None, "[]", 3, True])
def test_another_envelope_is_one_finding(cloudcruise: Api, book: Books, value: Any) -> None:
    """An object around the list is not a list."""
    written = book(cloudcruise)
    written.add(RUNS, json_=value)
    finding = only(written, RUNS)
    assert (finding.code, finding.where) == ("SD104", "")


def test_an_object_with_none_of_its_required_fields_is_one_finding(
    nx1: Api, book: Books, crew_run: dict[str, Any]
) -> None:
    """A wrapped object lacks its five required fields for one reason."""
    written = book(nx1)
    written.add(DETAIL, json_={"data": crew_run})
    finding = only(written, DETAIL)
    assert (finding.code, finding.where) == ("SD104", "")
    rows = book(nx1)
    rows.add(LIST, json_=[{"run": crew_run}, crew_run])
    finding = only(rows, LIST)
    assert (finding.code, finding.where, finding.count) == ("SD204", "/0", 1)


def test_what_only_we_assume_is_not_checked(cloudcruise: Api, book: Books) -> None:
    """The body of an undocumented error response may be anything."""
    written = book(cloudcruise)
    written.add(RUNS, status=400, json_={"oops": 1})
    written.add(RUNS, status=401, body=b"<html>no", headers=[("content-type", "text/html")])
    assert found(written, RUNS) == []


def test_a_detail_list_is_held_to_the_documents_shape(nx1: Api, book: Books) -> None:
    """An operation that documents no 422 sends one: its items need ``loc``, ``msg`` and ``type``."""
    label = "GET /api/crews/results/{cid}"
    right, wrong = book(nx1), book(nx1)
    item = {"loc": ["path", "cid"], "msg": "wrong", "type": "value_error"}
    right.add(label, status=422, json_={"detail": [item]})
    right.add(label, status=404, json_={"detail": "Not Found"})
    right.add(label, status=422, json_={"detail": "text"})
    assert found(right, label) == []
    wrong.add(label, status=422, json_={"detail": [{**item, "loc": "path"}]})
    finding = only(wrong, label)
    assert (finding.code, finding.where, finding.severity) == ("SD106", "/detail/0/loc", "warning")


def test_extra_fields_left_out_nulls_and_odd_values_are_right(nx1: Api, book: Books, crew_run: dict[str, Any]) -> None:
    """Unusual values that the schema allows are no finding."""
    written = book(nx1)
    written.add(LIST, json_=[])
    written.add(LIST, json_=[{**crew_run, "extra": {"a": [None]}, "crew_type": None, "task_input": {}, "error": ""}])
    written.add(LIST, json_=[{**crew_run, "crew_config": {"agents": [], "tasks": [], "id": None, "verbose": True}}])
    written.add(LIST, json_=[{k: v for k, v in crew_run.items() if k != "crew_config"}])
    assert found(written, LIST) == []


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
    nx1: Api, book: Books, crew_run: dict[str, Any], path: str, value: Any, code: str, where: str, pointer: str
) -> None:
    """At any depth, and behind ``anyOf``: the innermost value is named, not the alternative that fails with it."""
    written = book(nx1)
    written.add(LIST, json_=[changed(crew_run, path, value)])
    finding = only(written, LIST)
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
    cloudcruise: Api, book: Books, run_row: dict[str, Any], field: str, value: Any, code: str
) -> None:
    """``type: [string, 'null']`` with a format; a ``date-time`` has a time zone (RFC 3339)."""
    written = book(cloudcruise)
    written.add(RUNS, json_=[{**run_row, field: value}])
    assert only(written, RUNS).code == code


def test_every_row_of_every_page_counts_and_is_one_cause(
    cloudcruise: Api, book: Books, run_row: dict[str, Any]
) -> None:
    """The hundredth row of the third page is as good as the first; many rows are one finding with a count."""
    written = book(cloudcruise)
    for page in range(3):
        rows = [dict(run_row) for _ in range(100)]
        if page == 2:
            rows[99]["status"] = rows[98]["status"] = "gone"
        written.add(RUNS, query=f"limit=100&page={page}", json_=rows)
    finding = only(written, RUNS)
    assert (finding.code, finding.where, finding.count) == ("SD201", "/98/status", 2)
    assert finding.exchange.number == 3


def test_alternatives_are_told_apart(seekrflow: Api, book: Books) -> None:
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
    written = book(seekrflow)
    written.add(label, json_=[run, {**run, "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}])
    assert found(written, label) == []
    written.add(label, json_=[{**run, "tool_choice": 3, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}])
    kind, missing = sorted(found(written, label), key=lambda finding: finding.where)
    assert "string or object" in kind.message
    assert (missing.code, missing.where) == ("SD204", "/0/usage/total_tokens")


def test_the_response_of_a_post_is_checked_as_well(nx1: Api, book: Books) -> None:
    """Its status is that of the new run, and has to be a documented member."""
    written = book(nx1)
    written.add(START, json_={"correlation_id": "c", "status": "started", "message": None})
    assert only(written, START).code == "SD201"


def test_what_an_overlay_added_is_never_more_than_a_warning(nx1: Api, book: Books) -> None:
    """The vendor does not document the operation, so its findings are as certain as the overlay's addition."""
    label = "GET /api/crews/results/{cid}"
    written = book(nx1)
    written.add(label, json_={"correlation_id": "c", "status": "archived"})
    assert only(written, label).severity == "warning"
