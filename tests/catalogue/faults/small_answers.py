"""Small faults of what is answered: in envelopes, lists and runs; as they grow in the wild."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.catalogue.changes import Answer, AnswerHook, Call, Step
from tests.catalogue.client import THREAD, Client, Probe
from tests.catalogue.faults.answers import raw, well_answered
from tests.catalogue.faults.filters import filter_differs, start_time_from, status_kept
from tests.catalogue.faults.lives import changed, lives, some
from tests.catalogue.faults.paging import unsorted, walk_differs
from tests.catalogue.server import PSKS, STEPS, since, zoned
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import Row

_CC, _SK, _NX, _GET, _START = "cloudcruise.list", "seekrflow.list", "nx1.list", "nx1.get", "nx1.start"
_UNKNOWN = "00000000-0000-4000-8000-000000000000"
_ADMIN = f"Authorization-PSK: {list(PSKS)[2]}"


# -------------------------------------------------------------------------------------------------- envelopes


def _for(op: str, make: Any) -> AnswerHook:
    return lambda answer, call: make(answer.body) if answer.status == 200 and call.op == op else answer


def _with_nan(body: bytes) -> bytes:
    return body.replace(b'"temperature":0.2', b'"temperature":NaN')


def _envelopes() -> Iterator[Variant]:
    envelope: dict[str, Any] = {"family": "envelope", "clauses": "SD1"}
    yield fault(
        "cloudcruise-list-answer-bom",
        _CC,
        sentence="the answer begins with a byte order mark",
        probe=lambda c: not well_answered(c.get(), _CC),
        answer=_for(_CC, raw(lambda body: b"\xef\xbb\xbf" + body)),
        **envelope,
    )
    yield fault(
        "seekrflow-list-answer-nan",
        _SK,
        sentence="a temperature is NaN, which is no JSON",
        probe=lambda c: b"NaN" in c.get().body,
        answer=_for(_SK, raw(_with_nan)),
        **envelope,
    )
    yield fault(
        "nx1-get-answer-hal",
        _GET,
        sentence="the detail is called application/hal+json",
        probe=lambda c: "hal" in c.get(f"/api/crew-runs/{c.rows()[0]['id']}").headers["content-type"],
        answer=_for(_GET, lambda body: Answer(200, body, media="application/hal+json")),
        **envelope,
    )
    yield fault(
        "nx1-get-answer-list",
        _GET,
        sentence="the detail is a list of one run",
        probe=lambda c: isinstance(c.detail(c.rows()[0]["id"]), list),
        answer=_for(_GET, lambda body: Answer(200, [body])),
        **envelope,
    )
    yield fault(
        "nx1-get-unknown-null",
        _GET,
        "semantics",
        "for an unknown id there is a 200 and null",
        lambda c: c.get(f"/api/crew-runs/{_UNKNOWN}").body == b"null",
        clauses="SD1 SD2 SD6",
        answer=lambda answer, call: Answer(200, None) if (answer.status, call.op) == (404, _GET) else answer,
    )
    yield fault(
        "nx1-get-unknown-empty",
        _GET,
        "semantics",
        "for an unknown id there is a 200 and an empty object",
        lambda c: c.get(f"/api/crew-runs/{_UNKNOWN}").body == b"{}",
        clauses="SD1 SD2 SD6",
        answer=lambda answer, call: Answer(200, {}) if (answer.status, call.op) == (404, _GET) else answer,
    )


# ----------------------------------------------------------------------------------------------------- lists


def _order_after_limit(rows: list[Row], call: Call) -> list[Row]:
    """Ascending order turns round the newest rows, not all."""
    rows = STEPS[_SK]["limit"](rows, call)
    return rows[::-1] if call.values["order"] == "asc" else rows


def _newest(rows: list[Row], _call: Call) -> list[Row]:
    return sorted(rows, key=lambda row: row["created_at"], reverse=True)


def _by_started(rows: list[Row], call: Call) -> list[Row]:
    return sorted(
        rows,
        key=lambda r: r["started_at"] or r["created_at"] - timedelta(days=30),
        reverse=call.values["order"] != "asc",
    )


def _small_pages_ascend(rows: list[Row], call: Call) -> list[Row]:
    return _newest(rows, call)[:: -1 if call.values["limit"] < 10 else 1]


def _unless_cursor(step: Step) -> Step:
    return lambda rows, call: rows if call.values["cursor"] else step(rows, call)


def _cursor_in_local_time(rows: list[Row], call: Call) -> list[Row]:
    """The offset of a cursor is dropped: its clock time is taken for UTC."""
    cursor = call.values["cursor"]
    return (
        rows
        if cursor is None
        else [r for r in rows if r["created_at"].replace(tzinfo=None) < cursor.replace(tzinfo=None)]
    )


def _cursor_by_hour(rows: list[Row], call: Call) -> list[Row]:
    cursor = zoned(call.values["cursor"])
    hour = cursor and cursor.replace(minute=0, second=0, microsecond=0)
    return [row for row in rows if hour is None or row["created_at"] < hour]


def _cursor_offset_differs(client: Client) -> bool:
    rows = client.rows()
    cursor = datetime.fromisoformat(rows[9]["created_at"]).astimezone(timezone(timedelta(hours=-6)))
    return client.rows(cursor=cursor.isoformat()) != rows[10:]


def _older_with_cursor(client: Client) -> bool:
    """Whether a cursor makes rows appear that are older than the window."""
    rows = client.get().rows
    return client.get(query={"cursor": rows[5]["created_at"]}).rows != rows[6:]


def _start_and_cursor_differ(client: Client) -> bool:
    rows = client.get().rows
    query_ = {"cursor": rows[5]["created_at"], "start_time": rows[20]["created_at"]}
    return client.get(query=query_).rows != rows[6:21]


def _window_if_given(rows: list[Row], call: Call) -> list[Row]:
    return since(rows, call) if call.values["start_time"] or not call.values["cursor"] else rows


_LISTS: tuple[tuple[str, str, str, str, dict[str, Step], Probe], ...] = (
    (
        _SK,
        "asc-of-newest",
        "paging",
        "ascending order turns round the newest rows",
        {"order": _newest, "limit": _order_after_limit},
        lambda c: c.ids(order="asc", limit=5) != c.ids(order="desc", limit=1000)[::-1][:5],
    ),
    (_SK, "order-by-start", "paging", "runs are ordered by started_at", {"order": _by_started}, unsorted(limit=60)),
    (
        _SK,
        "order-small-pages",
        "paging",
        "small pages are in ascending order",
        {"order": _small_pages_ascend},
        unsorted(limit=5),
    ),
    (
        _SK,
        "offset-before-order",
        "paging",
        "offset is taken before rows are put in order",
        {
            "order": lambda rows, _: rows,
            "offset": lambda rows, call: STEPS[_SK]["order"](rows[call.values["offset"] :], call),
        },
        lambda c: c.ids(order="asc", offset=3) != c.ids(order="asc", limit=23)[3:],
    ),
    (
        _CC,
        "cursor-offset-ignored",
        "paging",
        "the offset of a cursor is dropped",
        {"cursor": _cursor_in_local_time},
        _cursor_offset_differs,
    ),
    (
        _CC,
        "cursor-opens-window",
        "filters",
        "with a cursor rows are shown that are older than the default day",
        {"start_time": _window_if_given},
        _older_with_cursor,
    ),
    (
        _CC,
        "cursor-drops-start_time",
        "filters",
        "with a cursor start_time is ignored",
        {"start_time": _unless_cursor(since)},
        _start_and_cursor_differ,
    ),
    (
        _CC,
        "cursor-day-only",
        "paging",
        "of a cursor only the hour is looked at",
        {"cursor": _cursor_by_hour},
        walk_differs(30),
    ),
    (
        _CC,
        "status-suffix",
        "filters",
        "status compares endings, so that queued includes requeued",
        {"status": status_kept(lambda have, want: have.endswith(want.partition(".")[2]))},
        filter_differs("status"),
    ),
    (
        _CC,
        "start_time-default-short",
        "filters",
        "without start_time twenty hours are shown",
        {"start_time": start_time_from(lambda t: t, timedelta(hours=20))},
        lambda c: len(c.get().rows) < 70,
    ),
)


def _lists() -> Iterator[Variant]:
    for op, name, family, words, steps, probe in _LISTS:
        yield fault(f"{op.replace('.', '-')}-{name}", op, family, words, probe, clauses="SD5", steps=steps)


def _last_row(change: Any) -> AnswerHook:
    """Only the last row of a page of ten or more."""

    def hook(answer: Answer, call: Call) -> Answer:
        if not answer.ok or not call.op.endswith("list") or len(answer.body) < 10:
            return answer
        return Answer(200, [*answer.body[:-1], change(answer.body[-1])])

    return hook


def _rarely() -> Iterator[Variant]:
    rare: dict[str, Any] = {"family": "rare"}
    yield fault(
        "nx1-list-last-row-status",
        _NX,
        sentence="the last row of each page has no status",
        clauses="SD2",
        probe=lambda c: c.get().rows[-1]["status"] is None,
        answer=_last_row(lambda row: {**row, "status": None}),
        **rare,
    )
    yield fault(
        "seekrflow-list-large-page-tools",
        _SK,
        sentence="tools is null in pages of more than fifty rows",
        clauses="SD2",
        probe=lambda c: c.rows()[0]["tools"] is None,
        row=lambda row, call, _: {**row, "tools": None} if call.values["limit"] > 50 else row,
        **rare,
    )
    yield fault(
        "seekrflow-list-limit-1-usage",
        _SK,
        sentence="only with limit=1 is model a list",
        clauses="SD2",
        probe=lambda c: isinstance(c.get(query={"limit": 1}).rows[0]["model"], list),
        row=lambda row, call, _: {**row, "model": [row["model"]]} if call.values["limit"] == 1 else row,
        **rare,
    )
    yield fault(
        "cloudcruise-list-status-filter-dry_run",
        _CC,
        sentence="where a status is asked for dry_run is a number",
        clauses="SD2",
        probe=lambda c: any(
            row["dry_run"] == 1 and row["dry_run"] is not True
            for row in c.get(query={"status": "execution.success"}).rows
        ),
        row=lambda row, call, _: (
            {**row, "dry_run": row["dry_run"] and int(row["dry_run"])} if call.asks("status") else row
        ),
        **rare,
    )


# ------------------------------------------------------------------------------------------- what runs are said to be


def _late_result(state: Row, age_s: float) -> dict[str, Any]:
    return {"result": None} if state["status"] == "completed" and age_s < 2.5 else {}


def _twice(run: Row, call: Call) -> Row:
    """Every start makes two runs."""
    call.world.crew_runs.insert(0, {**run, "id": str(uuid.uuid4())})
    return run


def _two_of_one(client: Client) -> bool:
    cid = client.start().json["correlation_id"]
    return [row["correlation_id"] for row in client.rows()].count(cid) == 2


def _once(call: Call, runs: list[Row]) -> Row | None:
    """A detail can be looked at twice."""
    wanted = str(call.values["run_id"])
    seen = call.world.memory[wanted] = call.world.memory.get(wanted, 0) + 1
    return next((run for run in runs if run["id"] == wanted), None) if seen <= 2 else None


def _anybodys(call: Call, _visible: list[Row]) -> Row | None:
    return next((run for run in call.world.crew_runs if run["id"] == str(call.values["run_id"])), None)


def _foreign_id(client: Client) -> str:
    rows = client.get(query={"limit": 1000}, headers={"Authorization-PSK": list(PSKS)[2]}).rows
    return next(str(row["id"]) for row in rows if row["owner_id"] != "amara.okafor")


def _changing(name: str, value: Any) -> Any:
    return lambda row, call, known: {**row, name: value(row, call, known)}


def _varies(client: Client) -> bool:
    return client.rows(limit=5) != client.rows(limit=5)


def _behaviour() -> Iterator[Variant]:
    runs = (_NX, _GET)
    yield fault(
        "nx1-run-late-result",
        runs,
        "lifecycle",
        "the result of a completed run comes a second late",
        lives(some(lambda row: row["status"] == "completed" and row["result"] is None)),
        clauses="SD6",
        life=changed(_late_result),
    )
    yield fault(
        "nx1-run-result-is-error",
        runs,
        "lifecycle",
        "error is set when a run is completed and result when it has failed",
        lives(some(lambda row: row["status"] == "completed" and row["error"] is not None)),
        clauses="SD6",
        life=changed(lambda s, _: {"result": s["error"], "error": s["result"]}),
    )
    yield fault(
        "nx1-start-local-time",
        (*runs, _START),
        "semantics",
        "a started run was created two hours ago",
        lambda c: datetime.fromisoformat(c.started()["created_at"]) < c.clock.now() - timedelta(hours=1),
        clauses="SD6 SD5",
        started=lambda run, _call: {**run, "created_at": run["created_at"] - timedelta(hours=2)},
    )
    yield fault(
        "nx1-start-twice",
        (*runs, _START),
        "semantics",
        "every start makes two runs",
        _two_of_one,
        clauses="SD6 SD5",
        started=_twice,
    )
    yield fault(
        "nx1-get-twice-only",
        _GET,
        "semantics",
        "a run can be fetched twice, and then no more",
        lambda c: [c.get(f"/api/crew-runs/{c.rows()[4]['id']}").status for _ in range(3)][-1] == 404,
        clauses="SD6 SD5",
        find=_once,
    )
    yield fault(
        "nx1-get-others",
        _GET,
        "semantics",
        "a regular user can fetch the runs of others",
        lambda c: c.get(f"/api/crew-runs/{_foreign_id(c)}").status == 200,
        clauses="SD5 SD6",
        headers=(_ADMIN,),
        find=_anybodys,
    )
    yield fault(
        "nx1-list-no-crew_type",
        _NX,
        "semantics",
        "the list has no crew_type where the detail has one",
        lambda c: any(r["crew_type"] is None and c.detail(r["id"])["crew_type"] for r in c.rows()[:9]),
        clauses="SD6",
        row=lambda row, call, _: {**row, "crew_type": None} if call.op == _NX else row,
    )
    yield fault(
        "cloudcruise-list-unstable-workspace",
        _CC,
        "semantics",
        "a run is in another workspace at each look",
        _varies,
        clauses="SD5 SD6",
        row=_changing(
            "workspace_id", lambda row, call, _: str(uuid.uuid5(uuid.NAMESPACE_URL, f"{row['session_id']} {call.n}"))
        ),
    )
    yield fault(
        "seekrflow-list-unstable-model",
        _SK,
        "semantics",
        "a run has another agent at each look",
        _varies,
        clauses="SD5 SD6",
        row=_changing("agent_id", lambda _row, call, _known: f"agent_{call.n:012x}"),
    )
    yield fault(
        "seekrflow-list-unknown-is-first",
        _SK,
        "semantics",
        "a thread that does not exist shows the runs of the first one",
        lambda c: bool(c.get("/v1/threads/thread_none/runs").rows),
        clauses="SD5",
        wrap=_first_thread,
    )
    yield fault(
        "seekrflow-list-active-failed",
        _SK,
        "semantics",
        "failed runs are active",
        lambda c: any(r["is_active"] for r in c.rows() if r["status"] == "failed"),
        clauses="SD608",
        row=lambda row, _call, _known: {**row, "is_active": row["is_active"] or row["status"] == "failed"},
    )
    yield fault(
        "seekrflow-list-sum-one-off",
        _SK,
        "semantics",
        "one run's total_tokens is one too many",
        lambda c: any(
            r["usage"] and r["usage"]["total_tokens"] != r["usage"]["prompt_tokens"] + r["usage"]["completion_tokens"]
            for r in c.rows()
        ),
        clauses="SD610",
        row=_one_off,
    )


def _one_off(row: Row, _call: Call, known: Row) -> Row:
    usage = row["usage"]
    off = usage and known["_rank"] == 44
    return {**row, "usage": {**usage, "total_tokens": usage["total_tokens"] + 1}} if off else row


def _first_thread(app: Any, _clock: Any) -> Any:
    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/threads/"):
            known = scope["path"].split("/")[3].startswith("thread_") and len(scope["path"].split("/")[3]) == len(
                THREAD
            )
            if not known:
                scope = {
                    **scope,
                    "path": f"/v1/threads/{THREAD}/runs",
                    "raw_path": f"/v1/threads/{THREAD}/runs".encode(),
                }
        await app(scope, receive, send)

    return wrapped


VARIANTS = (*_envelopes(), *_lists(), *_rarely(), *_behaviour())
