"""Faults of meaning at CloudCruise and SeekrFlow: sums, ids and threads that cannot be."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.catalogue.changes import FakeCall, RowHook
from tests.catalogue.fake_world import FakeRow
from tests.catalogue.faults.row_claims import claim_fields, has_duplicate_ids, probe_rows, share_id
from tests.catalogue.list_steps import keep_thread
from tests.catalogue.operations import CLOUDCRUISE_LIST, SEEKRFLOW_LIST
from tests.catalogue.probe_client import LIST_PATHS, OTHER_THREAD, THREAD, ProbeClient
from tests.catalogue.variant import Variant, fault


def has_wrong_sum(row: FakeRow) -> bool:
    usage = row["usage"]
    return bool(usage) and usage["total_tokens"] != usage["prompt_tokens"] + usage["completion_tokens"]


def count_prompt_twice(run: FakeRow) -> dict[str, Any]:
    usage = run["usage"]
    return change_usage(run, total_tokens=2 * usage["prompt_tokens"] + usage["completion_tokens"]) if usage else {}


def change_usage(run: FakeRow, **change: Any) -> dict[str, Any]:
    return {"usage": run["usage"] and {**run["usage"], **change}}


def renew_ids(row: FakeRow, call: FakeCall, _known: FakeRow) -> FakeRow:
    return {**row, "session_id": f"{call.number % 65536:08x}{row['session_id'][8:]}"}


def keep_similar_threads(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return [row for row in rows if row["thread_id"][:7] == call.values["thread_id"][:7]]


def leak_some_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    own = keep_thread(rows, call)
    return own + [row for row in rows if row["_rank"] == 20 and row not in own]


def has_foreign_threads(client: ProbeClient) -> bool:
    return any(row["thread_id"] != THREAD for row in client.get_rows())


def rename_thread(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    own = keep_thread(rows, call)
    return [{**row, "thread_id": THREAD} for row in own] if call.values["thread_id"] == OTHER_THREAD else own


def change_field(name: str, make_value: Callable[[FakeRow, FakeCall], Any]) -> RowHook:
    return lambda row, call, _known: {**row, name: make_value(row, call)}


def has_varying_rows(client: ProbeClient) -> bool:
    return client.get_rows(limit=5) != client.get_rows(limit=5)


def miscount_one(row: FakeRow, _call: FakeCall, known: FakeRow) -> FakeRow:
    usage = row["usage"]
    is_miscounted = usage and known["_rank"] == 44
    return {**row, "usage": {**usage, "total_tokens": usage["total_tokens"] + 1}} if is_miscounted else row


def redirect_unknown_threads(app: Any, _clock: Any) -> Any:
    """Wrap the application so that a thread with an unlikely name is taken for the first one."""
    path = LIST_PATHS["seekrflow"]

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/threads/"):
            thread = scope["path"].split("/")[3]
            if not thread.startswith("thread_") or len(thread) != len(THREAD):
                scope = {**scope, "path": path, "raw_path": path.encode()}
        await app(scope, receive, send)

    return wrapped


_fault = partial(fault, family="semantics", clauses="SD5 SD6")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "seekrflow-list-sum-wrong",
        SEEKRFLOW_LIST,
        "total_tokens counts the prompt twice",
        probe_rows(has_wrong_sum),
        clauses="SD610",
        row=claim_fields(count_prompt_twice),
    ),
    _fault(
        "seekrflow-list-sum-zero",
        SEEKRFLOW_LIST,
        "total_tokens is 0",
        probe_rows(lambda row: bool(row["usage"]) and row["usage"]["total_tokens"] == 0),
        clauses="SD610",
        row=claim_fields(lambda run: change_usage(run, total_tokens=0)),
    ),
    _fault(
        "seekrflow-list-object-wrong",
        SEEKRFLOW_LIST,
        "object is run",
        probe_rows(lambda row: row["object"] != "thread.run"),
        clauses="SD609",
        row=claim_fields(lambda _: {"object": "run"}),
    ),
    _fault(
        "seekrflow-list-ended-active",
        SEEKRFLOW_LIST,
        "runs that have ended are active",
        probe_rows(lambda row: row["is_active"] and row["status"] == "completed"),
        clauses="SD608",
        row=claim_fields(lambda _: {"is_active": True}),
    ),
    _fault(
        "cloudcruise-list-fresh-ids",
        CLOUDCRUISE_LIST,
        "a run has another id at each call",
        lambda c: c.get_ids(limit=5) != c.get_ids(limit=5),
        row=renew_ids,
    ),
    _fault(
        "cloudcruise-list-same-id",
        CLOUDCRUISE_LIST,
        "two runs have the same id",
        has_duplicate_ids,
        row=share_id,
    ),
    _fault(
        "seekrflow-list-same-id",
        SEEKRFLOW_LIST,
        "two runs have the same id",
        has_duplicate_ids,
        row=share_id,
    ),
    _fault(
        "seekrflow-list-thread-ignored",
        SEEKRFLOW_LIST,
        "every thread shows the runs of all",
        has_foreign_threads,
        steps={"scope": keep_similar_threads},
    ),
    _fault(
        "seekrflow-list-thread-leaks",
        SEEKRFLOW_LIST,
        "a few runs of other threads are shown",
        has_foreign_threads,
        steps={"scope": leak_some_rows},
    ),
    _fault(
        "seekrflow-list-thread-wrong-name",
        SEEKRFLOW_LIST,
        "the runs of the second thread name the first one",
        lambda c: any(r["thread_id"] != OTHER_THREAD for r in c.get(f"/v1/threads/{OTHER_THREAD}/runs").rows),
        steps={"scope": rename_thread},
    ),
    _fault(
        "cloudcruise-list-unstable-workspace",
        CLOUDCRUISE_LIST,
        "a run is in another workspace at each look",
        has_varying_rows,
        row=change_field(
            "workspace_id",
            lambda row, call: str(uuid.uuid5(uuid.NAMESPACE_URL, f"{row['session_id']} {call.number}")),
        ),
    ),
    _fault(
        "seekrflow-list-unstable-model",
        SEEKRFLOW_LIST,
        "a run has another agent at each look",
        has_varying_rows,
        row=change_field("agent_id", lambda _row, call: f"agent_{call.number:012x}"),
    ),
    _fault(
        "seekrflow-list-unknown-is-first",
        SEEKRFLOW_LIST,
        "a thread that does not exist shows the runs of the first one",
        lambda c: bool(c.get("/v1/threads/thread_none/runs").rows),
        clauses="SD5",
        wrap=redirect_unknown_threads,
    ),
    _fault(
        "seekrflow-list-active-failed",
        SEEKRFLOW_LIST,
        "failed runs are active",
        probe_rows(lambda row: row["is_active"] and row["status"] == "failed"),
        clauses="SD608",
        row=lambda row, _call, _known: {**row, "is_active": row["is_active"] or row["status"] == "failed"},
    ),
    _fault(
        "seekrflow-list-sum-one-off",
        SEEKRFLOW_LIST,
        "one run's total_tokens is one too many",
        probe_rows(has_wrong_sum),
        clauses="SD610",
        row=miscount_one,
    ),
)
