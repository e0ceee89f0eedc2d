"""Faults of meaning at Nx1: a start that is not kept to, runs of others, and a detail that disagrees with the list."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tests.catalogue.changes import AnswerHook, FakeAnswer, FakeCall, RowHook
from tests.catalogue.fake_callers import ADMIN_PSK, AMARA_PSK, JONAS_PSK
from tests.catalogue.fake_world import FakeRow
from tests.catalogue.faults.row_claims import has_duplicate_ids, share_id
from tests.catalogue.list_steps import find_by_id, keep_all, keep_visible
from tests.catalogue.operations import NX1_GET, NX1_LIST, NX1_OPS, NX1_START
from tests.catalogue.probe_client import UNKNOWN_ID, FaultProbe, ProbeClient
from tests.catalogue.variant import Variant, fault

_JONAS_HEADER = f"Authorization-PSK: {JONAS_PSK}"
_ADMIN_HEADER = f"Authorization-PSK: {ADMIN_PSK}"
_CORRELATION = {"x-correlation-id": "order-4711"}


def has_foreign_owners(client: ProbeClient) -> bool:
    return {row["owner_id"] for row in client.get_rows()} != {"amara.okafor"}


def get_rows_as(client: ProbeClient, psk: str) -> list[FakeRow]:
    return client.get(query={"limit": 1000}, headers={"Authorization-PSK": psk}).rows


def has_less_for_admin(client: ProbeClient) -> bool:
    """Return true where an admin sees fewer runs than two users together."""
    of_admin, of_amara, of_jonas = (len(get_rows_as(client, psk)) for psk in (ADMIN_PSK, AMARA_PSK, JONAS_PSK))
    return of_admin < of_amara + of_jonas


def hide_from_admins(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    rows = keep_visible(rows, call)
    if call.caller is None or not call.caller.admin:
        return rows
    return [row for row in rows if row["owner_id"] != "jonas.weber" or row["status"] == "completed"]


def merge_task_inputs(run: FakeRow, call: FakeCall) -> FakeRow:
    """Add to the default that all runs share, as a mutable default argument does."""
    defaults: dict[str, Any] = call.world.memory.setdefault("defaults", {})
    defaults.update(run["task_input"] or {})
    return {**run, "task_input": dict(defaults)}


def to_snake_case(task_input: Any) -> Any:
    return task_input and {key.lower().replace("-", "_"): value for key, value in task_input.items()}


def keep_first_task_input(run: FakeRow, call: FakeCall) -> FakeRow:
    return {**run, "task_input": call.world.memory.setdefault("task_input", run["task_input"])}


def answer_constant_id(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
    if answer.is_success and call.op == NX1_START and not call.get_header("x-correlation-id"):
        return FakeAnswer(200, {**answer.body, "correlation_id": "00000000-0000-4000-8000-000000000001"})
    return answer


def answer_other_id(answer: FakeAnswer, call: FakeCall) -> FakeAnswer:
    if answer.is_success and call.op == NX1_START:
        return FakeAnswer(200, {**answer.body, "correlation_id": f"{answer.body['correlation_id']}-0"})
    return answer


def probe_started(name: str, expected: Any, **options: Any) -> FaultProbe:
    """Return a probe that is true where a field of a started run is not as it was requested."""
    return lambda client: client.start_and_find(**options).get(name) != expected


def find_or_newest(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    return find_by_id(call, runs) or runs[0]


def find_neighbour(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    """Return the run before the requested one."""
    place = next((n for n, run in enumerate(runs) if run["id"] == str(call.values["run_id"])), None)
    return None if place is None else runs[place - 1]


def find_recent(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    run = find_by_id(call, runs)
    return run if run and run["_rank"] < 20 else None


def change_detail(name: str, make_value: Callable[[FakeRow, FakeRow], Any]) -> RowHook:
    """Return the hook that changes one field of the detail: ``make_value(row as sent, row as the world has it)``."""

    def change_row(row: FakeRow, call: FakeCall, known: FakeRow) -> FakeRow:
        return {**row, name: make_value(row, known)} if call.op == NX1_GET else row

    return change_row


def has_disagreeing_detail(client: ProbeClient) -> bool:
    return any(client.get_detail(row["id"]) != row for row in client.get_rows()[:30])


def start_twice(run: FakeRow, call: FakeCall) -> FakeRow:
    """Make a second run of every start."""
    call.world.crew_runs.insert(0, {**run, "id": str(uuid.uuid4())})
    return run


def has_two_runs(client: ProbeClient) -> bool:
    correlation_id = client.start_run().json["correlation_id"]
    return [row["correlation_id"] for row in client.get_rows()].count(correlation_id) == 2


def find_twice(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    """Return a run at the first two looks, and none from then on."""
    run_id = str(call.values["run_id"])
    looks = call.world.memory[run_id] = call.world.memory.get(run_id, 0) + 1
    return find_by_id(call, runs) if looks <= 2 else None


def find_any(call: FakeCall, _visible: list[FakeRow]) -> FakeRow | None:
    return find_by_id(call, call.world.crew_runs)


def replace_404(body: Any) -> AnswerHook:
    """Return the hook that answers an unknown id with a 200."""
    return lambda answer, call: FakeAnswer(200, body) if (answer.status, call.op) == (404, NX1_GET) else answer


def get_foreign_id(client: ProbeClient) -> str:
    rows = get_rows_as(client, ADMIN_PSK)
    return next(str(row["id"]) for row in rows if row["owner_id"] != "amara.okafor")


_fault = partial(fault, family="semantics", clauses="SD6 SD5")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "nx1-list-same-id",
        NX1_LIST,
        "two runs have the same id",
        has_duplicate_ids,
        clauses="SD5 SD6",
        row=share_id,
    ),
    _fault(
        "nx1-list-shows-others",
        NX1_LIST,
        "a regular user sees the runs of all users",
        has_foreign_owners,
        clauses="SD5 SD6",
        headers=(_JONAS_HEADER,),
        steps={"visible": keep_all},
    ),
    _fault(
        "nx1-list-admin-sees-some",
        NX1_LIST,
        "an admin sees only the completed ones of another user's runs",
        has_less_for_admin,
        clauses="SD5 SD6",
        headers=(_JONAS_HEADER, _ADMIN_HEADER),
        steps={"visible": hide_from_admins},
    ),
    _fault(
        "nx1-list-wrong-owner",
        NX1_LIST,
        "every user sees the first user's runs",
        lambda c: any(row["owner_id"] != "jonas.weber" for row in get_rows_as(c, JONAS_PSK)),
        clauses="SD5 SD6",
        headers=(_JONAS_HEADER,),
        steps={"visible": lambda rows, _call: [row for row in rows if row["owner_id"] == "amara.okafor"]},
    ),
    _fault(
        "nx1-start-correlation-id-ignored",
        NX1_OPS,
        "x-correlation-id is not kept in the run",
        probe_started("correlation_id", "order-4711", headers=_CORRELATION),
        started=lambda run, _call: {**run, "correlation_id": run["id"]},
    ),
    _fault(
        "nx1-start-correlation-id-cut",
        NX1_OPS,
        "a correlation id is cut after eight characters",
        probe_started("correlation_id", "order-4711", headers=_CORRELATION),
        started=lambda run, _call: {**run, "correlation_id": run["correlation_id"][:8]},
    ),
    _fault(
        "nx1-start-correlation-id-upper",
        NX1_OPS,
        "a correlation id is kept in capitals",
        probe_started("correlation_id", "order-4711", headers=_CORRELATION),
        started=lambda run, _call: {**run, "correlation_id": run["correlation_id"].upper()},
    ),
    _fault(
        "nx1-start-correlation-id-other",
        NX1_OPS,
        "the answer names another correlation id than the one given",
        lambda c: c.start_run(headers=_CORRELATION).json["correlation_id"] != "order-4711",
        answer=answer_other_id,
    ),
    _fault(
        "nx1-start-correlation-id-constant",
        NX1_OPS,
        "every run that brings no correlation id is answered the same one",
        lambda c: len({c.start_run().json["correlation_id"] for _ in range(3)}) == 1,
        answer=answer_constant_id,
    ),
    _fault(
        "nx1-start-not-listed",
        NX1_OPS,
        "a started run is not listed",
        lambda c: c.start_and_find() == {},
        started=lambda _run, _call: None,
    ),
    _fault(
        "nx1-start-crew_type-fixed",
        NX1_OPS,
        "every started run is one of type ask",
        probe_started("crew_type", "classification", crew_type="classification"),
        started=lambda run, _call: {**run, "crew_type": "ask"},
    ),
    _fault(
        "nx1-start-task_input-lost",
        NX1_OPS,
        "task_input is not kept",
        probe_started("task_input", {"q": 1}, task_input={"q": 1}),
        started=lambda run, _call: {**run, "task_input": {}},
    ),
    _fault(
        "nx1-start-task_input-of-first",
        NX1_OPS,
        "every run has the task_input of the first",
        lambda c: (
            bool(c.start_and_find(task_input={"q": 1}))
            and c.start_and_find(task_input={"q": 2})["task_input"] != {"q": 2}
        ),
        started=keep_first_task_input,
    ),
    _fault(
        "nx1-start-task_input-mixed",
        NX1_OPS,
        "a run's task_input has keys of runs before it",
        lambda c: (
            bool(c.start_and_find(task_input={"a": 1})) and "a" in c.start_and_find(task_input={"b": 2})["task_input"]
        ),
        started=merge_task_inputs,
    ),
    _fault(
        "nx1-start-task_input-keys",
        NX1_OPS,
        "keys of task_input are written in the service's own way",
        probe_started("task_input", {"Max-Depth": 1}, task_input={"Max-Depth": 1}),
        started=lambda run, _call: {**run, "task_input": to_snake_case(run["task_input"])},
    ),
    _fault(
        "nx1-start-task_input-as-text",
        NX1_OPS,
        "numbers in task_input become texts",
        probe_started("task_input", {"q": 1}, task_input={"q": 1}),
        started=lambda run, _call: {**run, "task_input": {k: str(v) for k, v in run["task_input"].items()}},
    ),
    _fault(
        "nx1-start-owner-wrong",
        NX1_OPS,
        "a started run belongs to somebody else",
        lambda c: c.start_and_find() == {},
        started=lambda run, _call: {**run, "owner_id": "jonas.weber"},
    ),
    _fault(
        "nx1-get-unknown-is-newest",
        NX1_GET,
        "for an unknown id the newest run is shown",
        lambda c: c.get(f"/api/crew-runs/{UNKNOWN_ID}").status == 200,
        clauses="SD6",
        find=find_or_newest,
    ),
    _fault(
        "nx1-get-neighbour",
        NX1_GET,
        "the run before the one asked for is shown",
        has_disagreeing_detail,
        clauses="SD6",
        find=find_neighbour,
    ),
    _fault(
        "nx1-get-recent-only",
        NX1_GET,
        "older runs are listed but cannot be fetched",
        lambda c: any(c.get(f"/api/crew-runs/{row['id']}").status == 404 for row in c.get_rows()),
        clauses="SD6",
        find=find_recent,
    ),
    _fault(
        "nx1-get-disagrees-status",
        NX1_GET,
        "the detail calls running runs pending",
        has_disagreeing_detail,
        clauses="SD6",
        row=change_detail("status", lambda row, _: {"running": "pending"}.get(row["status"], row["status"])),
    ),
    _fault(
        "nx1-get-disagrees-created_at",
        NX1_GET,
        "the detail's created_at is an hour later",
        has_disagreeing_detail,
        clauses="SD6",
        row=change_detail("created_at", lambda _, known: (known["created_at"] + timedelta(hours=1)).isoformat()),
    ),
    _fault(
        "nx1-get-disagrees-owner",
        NX1_GET,
        "the detail shows the caller's key as owner",
        has_disagreeing_detail,
        clauses="SD6",
        row=change_detail("owner_id", lambda *_: AMARA_PSK),
    ),
    _fault(
        "nx1-get-disagrees-result",
        NX1_GET,
        "the detail cuts result after ten characters",
        has_disagreeing_detail,
        clauses="SD6",
        row=change_detail("result", lambda row, _: row["result"] and row["result"][:10]),
    ),
    _fault(
        "nx1-get-disagrees-crew_type",
        NX1_GET,
        "the detail has no crew_type",
        has_disagreeing_detail,
        clauses="SD6",
        row=change_detail("crew_type", lambda *_: None),
    ),
    _fault(
        "nx1-get-disagrees-correlation_id",
        NX1_GET,
        "the detail's correlation id is the run's id",
        has_disagreeing_detail,
        clauses="SD6",
        row=change_detail("correlation_id", lambda row, _: row["id"]),
    ),
    _fault(
        "nx1-get-disagrees-task_input",
        NX1_GET,
        "the detail leaves out some of task_input",
        has_disagreeing_detail,
        clauses="SD6",
        row=change_detail("task_input", lambda row, _: row["task_input"] and {"question": "?"}),
    ),
    _fault(
        "nx1-get-unknown-null",
        NX1_GET,
        "for an unknown id there is a 200 and null",
        lambda c: c.get(f"/api/crew-runs/{UNKNOWN_ID}").body == b"null",
        clauses="SD1 SD2 SD6",
        answer=replace_404(None),
    ),
    _fault(
        "nx1-get-unknown-empty",
        NX1_GET,
        "for an unknown id there is a 200 and an empty object",
        lambda c: c.get(f"/api/crew-runs/{UNKNOWN_ID}").body == b"{}",
        clauses="SD1 SD2 SD6",
        answer=replace_404({}),
    ),
    _fault(
        "nx1-start-local-time",
        NX1_OPS,
        "a started run was created two hours ago",
        lambda c: datetime.fromisoformat(c.start_and_find()["created_at"]) < c.clock.now() - timedelta(hours=1),
        started=lambda run, _call: {**run, "created_at": run["created_at"] - timedelta(hours=2)},
    ),
    _fault(
        "nx1-start-twice",
        NX1_OPS,
        "every start makes two runs",
        has_two_runs,
        started=start_twice,
    ),
    _fault(
        "nx1-get-twice-only",
        NX1_GET,
        "a run can be fetched twice, and then no more",
        lambda c: [c.get(f"/api/crew-runs/{c.get_rows()[4]['id']}").status for _ in range(3)][-1] == 404,
        find=find_twice,
    ),
    _fault(
        "nx1-get-others",
        NX1_GET,
        "a regular user can fetch the runs of others",
        lambda c: c.get(f"/api/crew-runs/{get_foreign_id(c)}").status == 200,
        clauses="SD5 SD6",
        headers=(_ADMIN_HEADER,),
        find=find_any,
    ),
    _fault(
        "nx1-list-no-crew_type",
        NX1_LIST,
        "the list has no crew_type where the detail has one",
        lambda c: any(r["crew_type"] is None and c.get_detail(r["id"])["crew_type"] for r in c.get_rows()[:9]),
        clauses="SD6",
        row=lambda row, call, _: {**row, "crew_type": None} if call.op == NX1_LIST else row,
    ),
)
