"""Faults of lifecycles at Nx1: how a started run moves, ends and is shown on its way."""

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tests.catalogue.changes import FakeCall, RunLife
from tests.catalogue.fake_world import PENDING_S, RUNNING_S, FakeRow, age_crew_run
from tests.catalogue.list_steps import find_by_id
from tests.catalogue.operations import NX1_GET, NX1_LIST, NX1_OPS, NX1_READS
from tests.catalogue.probe_client import FaultProbe, ProbeClient
from tests.catalogue.variant import Variant, fault

_ENDED = {"completed", "failed"}
_FOREVER = float("inf")
RunsMatch = Callable[[list[FakeRow]], bool]
"""(one run at each look, in their order) -> true where the fault shows."""


def change_life(change: Callable[[FakeRow, float], dict[str, Any]]) -> RunLife:
    """Return the correct life of a run with some fields otherwise."""

    def live(run: FakeRow, age_s: float, _call: FakeCall) -> FakeRow:
        state = age_crew_run(run, age_s)
        return {**state, **change(state, age_s)}

    return live


def change_in_status(status: str | set[str], **fields: Any) -> RunLife:
    """Return the correct life with these fields in a status; a callable makes its field from the run."""
    statuses = {status} if isinstance(status, str) else status

    def change(state: FakeRow, _age_s: float) -> dict[str, Any]:
        if state["status"] not in statuses:
            return {}
        return {name: value(state) if callable(value) else value for name, value in fields.items()}

    return change_life(change)


def schedule_life(*phases: tuple[float, str]) -> RunLife:
    """Return a life by (end in seconds, status), with the times and results that belong to each status.

    ``schedule_life((0.3, "pending"), (inf, "completed"))`` skips the status running.
    """

    def live(run: FakeRow, age_s: float, _call: FakeCall) -> FakeRow:
        status = next(name for end_s, name in phases if age_s < end_s)
        typical_age_s = {"pending": 0.0, "running": PENDING_S}.get(status, PENDING_S + RUNNING_S)
        return age_crew_run({**run, "_fails": status == "failed"}, typical_age_s)

    return live


def probe_life(is_wrong: RunsMatch, **options: Any) -> FaultProbe:
    """Return a probe of four runs in a row, one of which fails."""
    return lambda client: any(is_wrong(client.watch_run(**options)) for _ in range(4))


def has_wrong_moves(rows: list[FakeRow]) -> bool:
    """Return true where a status follows one that it may not follow."""
    order = {"pending": 0, "running": 1, "completed": 2, "failed": 2}
    ranks = [order.get(row.get("status", ""), 9) for row in rows]
    ends = {row.get("status") for row in rows if row.get("status") in _ENDED}
    return ranks != sorted(ranks) or len(ends) > 1


def match_any_row(is_wrong: Callable[[FakeRow], bool]) -> RunsMatch:
    return lambda rows: any(is_wrong(row) for row in rows)


def match_varying(name: str) -> RunsMatch:
    """Return a match of runs in which a field varies that must stay."""
    return lambda rows: len({str(row.get(name)) for row in rows}) > 1


def match_set(name: str, status: str) -> RunsMatch:
    return match_any_row(lambda row: row.get("status") == status and row.get(name) is not None)


def match_unset(name: str, status: str) -> RunsMatch:
    return match_any_row(lambda row: row.get("status") == status and row.get(name) is None)


def add_to_created_at(seconds: float) -> Callable[[FakeRow], datetime]:
    return lambda state: state["created_at"] + timedelta(seconds=seconds)


def move_end(state: FakeRow, age_s: float) -> dict[str, Any]:
    if state["status"] not in _ENDED:
        return {}
    return {"completed_at": state["created_at"] + timedelta(seconds=int(age_s * 4))}


def renew_correlation_id(state: FakeRow, _age_s: float) -> dict[str, Any]:
    return {"correlation_id": state["id"]} if state["status"] in _ENDED else {}


def replace_last_run(run: FakeRow, call: FakeCall) -> FakeRow:
    """Remove the run that was started before."""
    call.world.crew_runs[:] = [other for other in call.world.crew_runs if "_born" not in other]
    return run


def is_first_gone(client: ProbeClient) -> bool:
    first = client.start_and_find()["id"]
    client.start_and_find()
    return client.get(f"/api/crew-runs/{first}").status == 404


def find_until_ended(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    run = find_by_id(call, runs)
    return None if run and "_born" in run and run["status"] in _ENDED else run


def find_unless_pending(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    run = find_by_id(call, runs)
    return None if run and run["status"] == "pending" else run


def keep_list_stale(row: FakeRow, call: FakeCall, known: FakeRow) -> FakeRow:
    """Keep showing a started run in the list as it was at first."""
    if call.op == NX1_LIST and "_born" in known:
        kept = call.world.memory.setdefault(f"stale {row['id']}", copy.deepcopy(row))
        assert isinstance(kept, dict)
        return kept
    return row


def has_stale_list(client: ProbeClient) -> bool:
    run = client.start_and_find()
    client.clock.advance(5)
    return client.get_rows()[0]["status"] == "pending" and client.get_detail(run["id"])["status"] in _ENDED


def unlist_ended(row: FakeRow, call: FakeCall, known: FakeRow) -> FakeRow | None:
    return None if call.op == NX1_LIST and "_born" in known and row["status"] in _ENDED else row


def is_ended_unlisted(client: ProbeClient) -> bool:
    run = client.start_and_find()
    client.clock.advance(5)
    return run["id"] not in client.get_ids()


def is_ended_gone(client: ProbeClient) -> bool:
    run = client.start_and_find()
    client.clock.advance(5)
    return client.get(f"/api/crew-runs/{run['id']}").status == 404


def delay_result(state: FakeRow, age_s: float) -> dict[str, Any]:
    return {"result": None} if state["status"] == "completed" and age_s < 2.5 else {}


_fault = partial(fault, family="lifecycle", clauses="SD6")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "nx1-run-goes-back",
        NX1_READS,
        "a running run waits again",
        probe_life(has_wrong_moves),
        life=schedule_life(
            (0.3, "pending"), (0.6, "running"), (0.9, "pending"), (1.2, "running"), (_FOREVER, "completed")
        ),
    ),
    _fault(
        "nx1-run-restarts",
        NX1_READS,
        "a completed run runs again",
        probe_life(has_wrong_moves),
        life=schedule_life((0.3, "pending"), (0.8, "running"), (1.6, "completed"), (_FOREVER, "running")),
    ),
    _fault(
        "nx1-run-fails-later",
        NX1_READS,
        "a completed run has failed a second later",
        probe_life(has_wrong_moves),
        life=schedule_life((0.3, "pending"), (0.8, "running"), (1.6, "completed"), (_FOREVER, "failed")),
    ),
    _fault(
        "nx1-run-recovers",
        NX1_READS,
        "a failed run is completed a second later",
        probe_life(has_wrong_moves),
        life=schedule_life((0.3, "pending"), (0.8, "running"), (1.6, "failed"), (_FOREVER, "completed")),
    ),
    _fault(
        "nx1-run-no-started_at",
        NX1_READS,
        "a running run has no started_at",
        probe_life(match_unset("started_at", "running")),
        life=change_in_status("running", started_at=None),
    ),
    _fault(
        "nx1-run-completed-no-started_at",
        NX1_READS,
        "a completed run has no started_at",
        probe_life(match_unset("started_at", "completed")),
        life=change_in_status("completed", started_at=None),
    ),
    _fault(
        "nx1-run-early-started_at",
        NX1_READS,
        "a waiting run has a started_at",
        probe_life(match_set("started_at", "pending")),
        life=change_in_status("pending", started_at=add_to_created_at(0)),
    ),
    _fault(
        "nx1-run-early-completed_at",
        NX1_READS,
        "a running run has a completed_at",
        probe_life(match_set("completed_at", "running")),
        life=change_in_status("running", completed_at=add_to_created_at(1)),
    ),
    _fault(
        "nx1-run-no-completed_at",
        NX1_READS,
        "a completed run has no completed_at",
        probe_life(match_unset("completed_at", "completed")),
        life=change_in_status("completed", completed_at=None),
    ),
    _fault(
        "nx1-run-early-result",
        NX1_READS,
        "a running run has a result",
        probe_life(match_set("result", "running")),
        life=change_in_status("running", result="So far so good"),
    ),
    _fault(
        "nx1-run-no-result",
        NX1_READS,
        "a completed run has no result",
        probe_life(match_unset("result", "completed")),
        life=change_in_status("completed", result=None),
    ),
    _fault(
        "nx1-run-no-error",
        NX1_READS,
        "a failed run has no error",
        probe_life(match_unset("error", "failed")),
        life=change_in_status("failed", error=None),
    ),
    _fault(
        "nx1-run-error-when-completed",
        NX1_READS,
        "a completed run has an error",
        probe_life(match_set("error", "completed")),
        life=change_in_status("completed", error="none"),
    ),
    _fault(
        "nx1-run-early-error",
        NX1_READS,
        "a waiting run has an error",
        probe_life(match_set("error", "pending")),
        life=change_in_status("pending", error="waiting"),
    ),
    _fault(
        "nx1-run-ends-before-start",
        NX1_READS,
        "a run is completed before it was started",
        probe_life(match_any_row(lambda row: bool(row["completed_at"]) and row["completed_at"] < row["started_at"])),
        life=change_in_status("completed", completed_at=add_to_created_at(0.1)),
    ),
    _fault(
        "nx1-run-starts-before-created",
        NX1_READS,
        "a run is started before it was created",
        probe_life(match_any_row(lambda row: bool(row["started_at"]) and row["started_at"] < row["created_at"])),
        life=change_in_status({"running", "completed"}, started_at=add_to_created_at(-60)),
    ),
    _fault(
        "nx1-run-end-moves",
        NX1_READS,
        "completed_at goes on after the end",
        probe_life(lambda rows: len({row["completed_at"] for row in rows if row["status"] in _ENDED}) > 1),
        life=change_life(move_end),
    ),
    _fault(
        "nx1-run-created_at-moves",
        NX1_READS,
        "created_at is the moment of the answer",
        probe_life(match_varying("created_at")),
        life=change_life(lambda state, age_s: {"created_at": state["created_at"] + timedelta(seconds=age_s * 0.1)}),
    ),
    _fault(
        "nx1-run-correlation-id-changes",
        NX1_READS,
        "at its end a run has another correlation id",
        probe_life(match_varying("correlation_id")),
        life=change_life(renew_correlation_id),
    ),
    _fault(
        "nx1-run-owner-changes",
        NX1_READS,
        "a completed run belongs to another user",
        probe_life(match_varying("owner_id")),
        life=change_in_status("completed", owner_id="jonas.weber"),
    ),
    _fault(
        "nx1-run-crew_type-changes",
        NX1_READS,
        "a completed run has another crew type",
        probe_life(match_varying("crew_type")),
        life=change_in_status("completed", crew_type="semantic_model"),
    ),
    _fault(
        "nx1-run-task_input-lost",
        NX1_READS,
        "a completed run has lost its task_input",
        probe_life(match_varying("task_input"), task_input={"question": "?"}),
        life=change_in_status("completed", task_input=None),
    ),
    _fault(
        "nx1-start-replaces-last",
        NX1_OPS,
        "a started run takes the place of the one before",
        lambda c: c.get_detail(c.start_and_find()["id"]) is not None and is_first_gone(c),
        clauses="SD6 SD5",
        started=replace_last_run,
    ),
    _fault(
        "nx1-get-gone-when-ended",
        NX1_GET,
        "a run that has ended cannot be fetched any more",
        is_ended_gone,
        find=find_until_ended,
    ),
    _fault(
        "nx1-get-not-while-pending",
        NX1_GET,
        "a run that waits cannot be fetched",
        lambda c: c.get(f"/api/crew-runs/{c.start_and_find()['id']}").status == 404,
        find=find_unless_pending,
    ),
    _fault(
        "nx1-list-stale",
        NX1_LIST,
        "the list shows a started run as it was at first",
        has_stale_list,
        clauses="SD6 SD5",
        row=keep_list_stale,
    ),
    _fault(
        "nx1-list-drops-ended",
        NX1_LIST,
        "a run that has ended is listed no more",
        is_ended_unlisted,
        clauses="SD6 SD5",
        row=unlist_ended,
    ),
    _fault(
        "nx1-run-late-result",
        NX1_READS,
        "the result of a completed run comes a second late",
        probe_life(match_any_row(lambda row: row["status"] == "completed" and row["result"] is None)),
        life=change_life(delay_result),
    ),
    _fault(
        "nx1-run-result-is-error",
        NX1_READS,
        "error is set when a run is completed and result when it has failed",
        probe_life(match_any_row(lambda row: row["status"] == "completed" and row["error"] is not None)),
        life=change_life(lambda state, _: {"result": state["error"], "error": state["result"]}),
    ),
)
