"""Rare faults of values: in one row of two hundred, in one status, on one page, or for one kind of request alone."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tests.catalogue.changes import AnswerHook, FakeAnswer, FakeCall, RowHook
from tests.catalogue.fake_world import LARGE_SIZE, FakeRow
from tests.catalogue.faults.documented_fields import (
    DOCUMENTED_FIELDS,
    MISSING,
    DocumentedField,
    find_bad_rows,
    list_shown_rows,
)
from tests.catalogue.faults.field_faults import break_field
from tests.catalogue.operations import CLOUDCRUISE_LIST, NX1_LIST, NX1_READS, NX1_START, SEEKRFLOW_LIST, get_api
from tests.catalogue.probe_client import CREDENTIALS, OTHER_THREAD, FaultProbe, ProbeClient
from tests.catalogue.variant import Variant, fault

_fault = partial(fault, family="rare", clauses="SD1 SD2")

RowCondition = Callable[[FakeRow, FakeCall, FakeRow], bool]
"""(the row as it is sent, the call, the row as the world has it) -> true where the fault shows."""


def find_field(op: str, path: str) -> DocumentedField:
    return next(field for field in DOCUMENTED_FIELDS[get_api(op)] if field.path == path)


def match_rank(number: int) -> RowCondition:
    return lambda _row, _call, known: bool(known["_rank"] == number)


def match_status(member: str) -> RowCondition:
    return lambda row, _call, _known: bool(row["status"] == member)


def is_on_third_page(_row: FakeRow, call: FakeCall, _known: FakeRow) -> bool:
    limit, offset = call.values["limit"], call.values["offset"]
    return bool(limit and 2 * limit <= offset < 3 * limit)


def is_on_later_ascending_page(_row: FakeRow, call: FakeCall, _known: FakeRow) -> bool:
    return bool(call.values["order"] == "asc" and call.values["offset"] > 0)


def match_query(*names: str) -> RowCondition:
    return lambda _row, call, _known: all(call.has_query(name) for name in names)


def is_tenth_call(_row: FakeRow, call: FakeCall, _known: FakeRow) -> bool:
    return call.number % 10 == 0


def is_in_second_thread(row: FakeRow, _call: FakeCall, _known: FakeRow) -> bool:
    return bool(row["thread_id"] == OTHER_THREAD)


def has_team(_row: FakeRow, call: FakeCall, _known: FakeRow) -> bool:
    return call.get_header("x-team-id") is not None


def probe_field_in(op: str, path: str, **query: Any) -> FaultProbe:
    """Return a probe that is true where a field is broken in some row, of the whole list if no query is given."""
    field = find_field(op, path)

    def probe(client: ProbeClient) -> bool:
        return bool(find_bad_rows(client.get(query=query).rows if query else list_shown_rows(client, op), field))

    return probe


def probe_field_in_second_thread(path: str, headers: Mapping[str, str] = {}) -> FaultProbe:
    """Return a probe that is true where a field is broken in some run of the second thread."""
    field, url = find_field(SEEKRFLOW_LIST, path), f"/v1/threads/{OTHER_THREAD}/runs"
    sent = {**CREDENTIALS["seekrflow"], **headers}
    return lambda client: bool(find_bad_rows(client.get(url, {"limit": 300}, sent).rows, field))


def has_missing_id_in_ten_calls(client: ProbeClient) -> bool:
    field = find_field(SEEKRFLOW_LIST, "id")
    return any(find_bad_rows(client.get().rows, field) for _ in range(10))


def has_missing_id_with_two_filters(client: ProbeClient) -> bool:
    row = next(row for row in client.get_rows() if row["workflow_id"] and row["status"] == "execution.success")
    found = client.get_rows(status=row["status"], workflow_id=row["workflow_id"])
    return bool(find_bad_rows(found, find_field(CLOUDCRUISE_LIST, "session_id")))


def break_field_when(path: str, value: Any, condition: RowCondition) -> RowHook:
    """Return the hook that breaks a field in some rows of lists, null or not."""
    is_simple = "." not in path and value is not MISSING

    def break_row(row: FakeRow, call: FakeCall, known: FakeRow) -> FakeRow:
        if not call.op.endswith("list") or not condition(row, call, known):
            return row
        return {**row, path: value} if is_simple else break_field(row, path, value)

    return break_row


def rename_started_status(row: FakeRow, _call: FakeCall, known: FakeRow) -> FakeRow:
    return {**row, "status": "finished"} if "_born" in known and row["crew_type"] == "semantic_model" else row


def answer_message_object(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
    if answer.is_success and call.op == NX1_START and call.get_header("x-correlation-id"):
        return FakeAnswer(200, {**answer.body, "message": {"text": "started"}})
    return answer


def answer_queued(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
    if answer.is_success and call.op == NX1_START and call.values["body"].crew_type == "data_engineering":
        return FakeAnswer(200, {**answer.body, "status": "queued"})
    return answer


def change_last_row(change: Callable[[FakeRow], FakeRow]) -> AnswerHook:
    """Return the hook that changes the last row of each page of ten or more."""

    def change_answer(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
        if not answer.is_success or not call.op.endswith("list") or len(answer.body) < 10:
            return answer
        return FakeAnswer(200, [*answer.body[:-1], change(answer.body[-1])])

    return change_answer


FAULTS: tuple[Variant, ...] = (
    _fault(
        "nx1-list-one-row-status",
        NX1_LIST,
        "one run has a misspelt status",
        probe_field_in(NX1_LIST, "status"),
        row=break_field_when("status", "complete", match_rank(163)),
        size=LARGE_SIZE,
    ),
    _fault(
        "nx1-list-one-row-owner-null",
        NX1_LIST,
        "one run has no owner",
        probe_field_in(NX1_LIST, "owner_id"),
        row=break_field_when("owner_id", None, match_rank(197)),
        size=LARGE_SIZE,
    ),
    _fault(
        "nx1-list-one-row-agents",
        NX1_LIST,
        "one run has an agent without a role",
        probe_field_in(NX1_LIST, "crew_config.agents.*.role"),
        row=break_field_when("crew_config.agents.*.role", None, match_rank(153)),
        size=LARGE_SIZE,
    ),
    _fault(
        "nx1-list-failed-error-object",
        NX1_LIST,
        "error is an object in failed runs",
        probe_field_in(NX1_LIST, "error"),
        row=break_field_when("error", {"code": 7}, match_status("failed")),
    ),
    _fault(
        "nx1-list-pending-result-false",
        NX1_LIST,
        "verbose is a text in waiting runs",
        probe_field_in(NX1_LIST, "crew_config.verbose"),
        row=break_field_when("crew_config.verbose", "no", match_status("pending")),
    ),
    _fault(
        "cloudcruise-list-one-row-status",
        CLOUDCRUISE_LIST,
        "one run has a misspelt status",
        probe_field_in(CLOUDCRUISE_LIST, "status"),
        row=break_field_when("status", "execution.succes", match_rank(201)),
        size=LARGE_SIZE,
    ),
    _fault(
        "cloudcruise-list-one-row-session",
        CLOUDCRUISE_LIST,
        "one run's id is no UUID",
        probe_field_in(CLOUDCRUISE_LIST, "session_id"),
        row=break_field_when("session_id", "run-000201", match_rank(211)),
        size=LARGE_SIZE,
    ),
    _fault(
        "cloudcruise-list-one-row-no-status",
        CLOUDCRUISE_LIST,
        "one run has no status",
        probe_field_in(CLOUDCRUISE_LIST, "status"),
        row=break_field_when("status", MISSING, match_rank(233)),
        size=LARGE_SIZE,
    ),
    _fault(
        "cloudcruise-list-requeued-dry_run",
        CLOUDCRUISE_LIST,
        "dry_run is a text in requeued runs",
        probe_field_in(CLOUDCRUISE_LIST, "dry_run"),
        row=break_field_when("dry_run", "false", match_status("execution.requeued")),
    ),
    _fault(
        "cloudcruise-list-old-created_at",
        CLOUDCRUISE_LIST,
        "runs older than a day have a created_at of another form",
        probe_field_in(CLOUDCRUISE_LIST, "created_at"),
        row=break_field_when("created_at", "2026-02-15 10:00", lambda _row, _call, known: known["_rank"] >= 72),
    ),
    _fault(
        "cloudcruise-list-stopped-end",
        CLOUDCRUISE_LIST,
        "execution_end is 0 in stopped runs",
        probe_field_in(CLOUDCRUISE_LIST, "execution_end"),
        row=break_field_when("execution_end", 0, match_status("execution.stopped")),
    ),
    _fault(
        "seekrflow-list-one-row-model",
        SEEKRFLOW_LIST,
        "one run has no model",
        probe_field_in(SEEKRFLOW_LIST, "model"),
        row=break_field_when("model", None, match_rank(187)),
        size=LARGE_SIZE,
    ),
    _fault(
        "seekrflow-list-one-row-temperature",
        SEEKRFLOW_LIST,
        "one run's temperature is a text",
        probe_field_in(SEEKRFLOW_LIST, "temperature"),
        row=break_field_when("temperature", "0.7", match_rank(205)),
        size=LARGE_SIZE,
    ),
    _fault(
        "seekrflow-list-one-row-expires_at",
        SEEKRFLOW_LIST,
        "one run expires never",
        probe_field_in(SEEKRFLOW_LIST, "expires_at"),
        row=break_field_when("expires_at", "never", match_rank(172)),
        size=LARGE_SIZE,
    ),
    _fault(
        "seekrflow-list-page-3-status",
        SEEKRFLOW_LIST,
        "the third page has another status",
        probe_field_in(SEEKRFLOW_LIST, "status", limit=20, offset=40),
        row=break_field_when("status", "done", is_on_third_page),
    ),
    _fault(
        "seekrflow-list-asc-later-created_at",
        SEEKRFLOW_LIST,
        "ascending pages after the first have no created_at",
        probe_field_in(SEEKRFLOW_LIST, "created_at", order="asc", offset=5),
        row=break_field_when("created_at", None, is_on_later_ascending_page),
    ),
    _fault(
        "seekrflow-list-one-row-usage",
        SEEKRFLOW_LIST,
        "one run's usage lacks its sum",
        probe_field_in(SEEKRFLOW_LIST, "usage.total_tokens"),
        row=break_field_when("usage.total_tokens", MISSING, match_rank(170)),
        size=LARGE_SIZE,
    ),
    _fault(
        "seekrflow-list-canceled-model",
        SEEKRFLOW_LIST,
        "the model is a number in runs called canceled",
        probe_field_in(SEEKRFLOW_LIST, "model"),
        row=break_field_when("model", 4, match_status("canceled")),
    ),
    _fault(
        "seekrflow-list-second-thread-agent",
        SEEKRFLOW_LIST,
        "in the second thread runs have no agent",
        probe_field_in_second_thread("agent_id"),
        row=break_field_when("agent_id", None, is_in_second_thread),
    ),
    _fault(
        "seekrflow-list-team-top_p",
        SEEKRFLOW_LIST,
        "with x-team-id top_p is a text",
        probe_field_in_second_thread("top_p", {"x-team-id": "blue"}),
        row=break_field_when("top_p", "1", has_team),
    ),
    _fault(
        "seekrflow-list-tenth-call-id",
        SEEKRFLOW_LIST,
        "at every tenth call runs have no id",
        has_missing_id_in_ten_calls,
        row=break_field_when("id", None, is_tenth_call),
    ),
    _fault(
        "cloudcruise-list-two-filters-id",
        CLOUDCRUISE_LIST,
        "with status and workflow_id together runs have no id",
        has_missing_id_with_two_filters,
        row=break_field_when("session_id", None, match_query("status", "workflow_id")),
    ),
    _fault(
        "nx1-start-one-type-status",
        NX1_READS,
        "only started runs of type semantic_model have a foreign status",
        lambda c: c.start_and_find(crew_type="semantic_model")["status"] == "finished",
        clauses="SD2 SD6",
        row=rename_started_status,
    ),
    _fault(
        "nx1-start-one-type-answer",
        NX1_START,
        "only data_engineering is answered with a foreign status",
        lambda c: c.start_run("data_engineering").json["status"] == "queued",
        clauses="SD2",
        answer=answer_queued,
    ),
    _fault(
        "nx1-start-correlation-message",
        NX1_START,
        "only with x-correlation-id is the message an object",
        lambda c: isinstance(c.start_run(headers={"x-correlation-id": "c"}).json["message"], dict),
        clauses="SD2",
        answer=answer_message_object,
    ),
    _fault(
        "nx1-list-last-row-status",
        NX1_LIST,
        "the last row of each page has no status",
        lambda c: c.get().rows[-1]["status"] is None,
        clauses="SD2",
        answer=change_last_row(lambda row: {**row, "status": None}),
    ),
    _fault(
        "seekrflow-list-large-page-tools",
        SEEKRFLOW_LIST,
        "tools is null in pages of more than fifty rows",
        lambda c: c.get_rows()[0]["tools"] is None,
        clauses="SD2",
        row=lambda row, call, _: {**row, "tools": None} if call.values["limit"] > 50 else row,
    ),
    _fault(
        "seekrflow-list-limit-1-usage",
        SEEKRFLOW_LIST,
        "only with limit=1 is model a list",
        lambda c: isinstance(c.get(query={"limit": 1}).rows[0]["model"], list),
        clauses="SD2",
        row=lambda row, call, _: {**row, "model": [row["model"]]} if call.values["limit"] == 1 else row,
    ),
    _fault(
        "cloudcruise-list-status-filter-dry_run",
        CLOUDCRUISE_LIST,
        "where a status is asked for dry_run is a number",
        lambda c: any(
            row["dry_run"] == 1 and row["dry_run"] is not True
            for row in c.get(query={"status": "execution.success"}).rows
        ),
        clauses="SD2",
        row=lambda row, call, _: (
            {**row, "dry_run": row["dry_run"] and int(row["dry_run"])} if call.has_query("status") else row
        ),
    ),
)
