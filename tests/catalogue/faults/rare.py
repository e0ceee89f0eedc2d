"""Faults that seldom show: one row in two hundred, one member, one page, one combination, only at the same time."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.catalogue.changes import Answer, Call, Step
from tests.catalogue.client import GIVEN, OTHER_THREAD, Client, Probe
from tests.catalogue.faults.fields import FIELDS, MISSING, Field, bad_rows, broken, rows_of
from tests.catalogue.server import equal, first
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import MANY, USUAL, Row

_CC, _SK, _NX = "cloudcruise.list", "seekrflow.list", "nx1.list"
When = Callable[[Row, Call, Row], bool]


def _field(op: str, path: str) -> Field:
    return next(field for field in FIELDS[op.partition(".")[0]] if field.path == path)


def _rank(number: int) -> When:
    return lambda _row, _call, known: bool(known["_rank"] == number)


def _status(member: str) -> When:
    return lambda row, _call, _known: bool(row["status"] == member)


def _third_page(_row: Row, call: Call, _known: Row) -> bool:
    limit, offset = call.values["limit"], call.values["offset"]
    return bool(limit and 2 * limit <= offset < 3 * limit)


def _ascending_later(_row: Row, call: Call, _known: Row) -> bool:
    return bool(call.values["order"] == "asc" and call.values["offset"] > 0)


def _asked(*names: str) -> When:
    return lambda _row, call, _known: all(call.asks(name) for name in names)


def _tenth_call(_row: Row, call: Call, _known: Row) -> bool:
    return call.n % 10 == 0


def _second_thread(row: Row, _call: Call, _known: Row) -> bool:
    return bool(row["thread_id"] == OTHER_THREAD)


def _with_team(_row: Row, call: Call, _known: Row) -> bool:
    return call.header("x-team-id") is not None


def _bad_in(op: str, field: Field, **query: Any) -> Probe:
    def probe(client: Client) -> bool:
        return bool(bad_rows(client.get(query=query).rows if query else rows_of(client, op), field))

    return probe


def _at(op: str, field: Field, path: str, headers: dict[str, str]) -> Probe:
    api = op.partition(".")[0]
    return lambda client: bool(bad_rows(client.get(path, {"limit": 300}, {**GIVEN[api], **headers}).rows, field))


def _tenth(field: Field) -> Probe:
    return lambda client: any(bad_rows(client.get().rows, field) for _ in range(10))


def _no_id(client: Client) -> bool:
    row = next(row for row in client.rows() if row["workflow_id"] and row["status"] == "execution.success")
    found = client.rows(status=row["status"], workflow_id=row["workflow_id"])
    return bool(bad_rows(found, _field(_CC, "session_id")))


_ROWS: tuple[tuple[str, str, str, Any, str, When, Probe | None], ...] = (
    (_NX, "one-row-status", "status", "complete", "one run has a misspelt status", _rank(163), None),
    (_NX, "one-row-owner-null", "owner_id", None, "one run has no owner", _rank(197), None),
    (_NX, "one-row-agents", "crew_config.agents.*.role", None, "one run has an agent without a role", _rank(153), None),
    (_NX, "failed-error-object", "error", {"code": 7}, "error is an object in failed runs", _status("failed"), None),
    (
        _NX,
        "pending-result-false",
        "crew_config.verbose",
        "no",
        "verbose is a text in waiting runs",
        _status("pending"),
        None,
    ),
    (_CC, "one-row-status", "status", "execution.succes", "one run has a misspelt status", _rank(201), None),
    (_CC, "one-row-session", "session_id", "run-000201", "one run's id is no UUID", _rank(211), None),
    (_CC, "one-row-no-status", "status", MISSING, "one run has no status", _rank(233), None),
    (
        _CC,
        "requeued-dry_run",
        "dry_run",
        "false",
        "dry_run is a text in requeued runs",
        _status("execution.requeued"),
        None,
    ),
    (
        _CC,
        "old-created_at",
        "created_at",
        "2026-02-15 10:00",
        "runs older than a day have a created_at of another form",
        lambda _r, _c, k: k["_rank"] >= 72,
        None,
    ),
    (_CC, "stopped-end", "execution_end", 0, "execution_end is 0 in stopped runs", _status("execution.stopped"), None),
    (_SK, "one-row-model", "model", None, "one run has no model", _rank(187), None),
    (_SK, "one-row-temperature", "temperature", "0.7", "one run's temperature is a text", _rank(205), None),
    (_SK, "one-row-expires_at", "expires_at", "never", "one run expires never", _rank(172), None),
    (
        _SK,
        "page-3-status",
        "status",
        "done",
        "the third page has another status",
        _third_page,
        _bad_in(_SK, _field(_SK, "status"), limit=20, offset=40),
    ),
    (
        _SK,
        "asc-later-created_at",
        "created_at",
        None,
        "ascending pages after the first have no created_at",
        _ascending_later,
        _bad_in(_SK, _field(_SK, "created_at"), order="asc", offset=5),
    ),
    (
        _SK,
        "one-row-usage",
        "usage.total_tokens",
        MISSING,
        "one run's usage lacks its sum",
        _rank(170 // 7 * 7 + 2),
        None,
    ),
    (_SK, "canceled-model", "model", 4, "the model is a number in runs called canceled", _status("canceled"), None),
    (
        _SK,
        "second-thread-agent",
        "agent_id",
        None,
        "in the second thread runs have no agent",
        _second_thread,
        _at(_SK, _field(_SK, "agent_id"), f"/v1/threads/{OTHER_THREAD}/runs", {}),
    ),
    (
        _SK,
        "team-top_p",
        "top_p",
        "1",
        "with x-team-id top_p is a text",
        _with_team,
        _at(_SK, _field(_SK, "top_p"), f"/v1/threads/{OTHER_THREAD}/runs", {"x-team-id": "blue"}),
    ),
    (
        _SK,
        "tenth-call-id",
        "id",
        None,
        "at every tenth call runs have no id",
        _tenth_call,
        _tenth(_field(_SK, "id")),
    ),
    (
        _CC,
        "two-filters-id",
        "session_id",
        None,
        "with status and workflow_id together runs have no id",
        _asked("status", "workflow_id"),
        _no_id,
    ),
)


def _rows() -> Iterator[Variant]:
    for op, name, path, value, words, when, probe in _ROWS:
        field = _field(op, path)

        def hook(row: Row, call: Call, known: Row, when: When = when, path: str = path, value: Any = value) -> Row:
            return _put(row, path, value) if call.op.endswith("list") and when(row, call, known) else row

        full = f"{op.replace('.', '-')}-{name}"
        yield fault(
            full,
            op,
            "rare",
            words,
            probe or _bad_in(op, field),
            clauses="SD1 SD2",
            row=hook,
            size=MANY if "one-row" in name else USUAL,
        )


def _put(row: Row, path: str, value: Any) -> Row:
    return {**row, path: value} if "." not in path and value is not MISSING else broken(row, path, value)


# ------------------------------------------------------------------------------------------------ combinations


def _ignored_with(parameter: str, others: tuple[str, ...], step: Step) -> Step:
    """A step that is left out when all of these are given."""
    return lambda rows, call: rows if all(call.asks(name) for name in (parameter, *others)) else step(rows, call)


def _limit_100_plus(rows: list[Row], call: Call) -> list[Row]:
    """A limit above 100 loses the hundredth row."""
    rows = first(rows, call)
    return [*rows[:99], *rows[100:]] if call.values["limit"] > 100 else rows


def _three_differ(client: Client) -> bool:
    everything = client.get().rows
    row = next(row for row in everything if row["workflow_id"] and row["status"] == "execution.failed")
    query = {"status": row["status"], "workflow_id": row["workflow_id"], "limit": 1}
    return len(client.get(query=query).rows) != 1


# --------------------------------------------------------------------------------------------- at the same time


async def _overwritten(call: Call) -> Answer | None:
    """The query is kept where the next request overwrites it before it is used."""
    call.world.memory["query"] = call.values
    await call.clock.sleep(0.02)
    call.values = call.world.memory["query"]
    return None


async def _fails_together(call: Call) -> Answer | None:
    busy = call.active > 1
    await call.clock.sleep(0.02)
    return Answer(500, b"database is locked", media="text/plain") if busy else None


def _mixed_up(client: Client) -> bool:
    key = "limit"
    return sorted(len(reply.rows) for reply in client.together({key: 2}, {key: 5})) != [2, 5]


def _fails_at_once(client: Client) -> bool:
    return any(reply.status == 500 for reply in client.together({"limit": 1}, {"limit": 1}))


# ------------------------------------------------------------------------------------------------ started runs


def _started_semantic(row: Row, _call: Call, known: Row) -> Row:
    return {**row, "status": "finished"} if "_born" in known and row["crew_type"] == "semantic_model" else row


def _answer_with_id(answer: Answer, call: Call) -> Answer:
    if answer.ok and call.op == "nx1.start" and call.header("x-correlation-id"):
        return Answer(200, {**answer.body, "message": {"text": "started"}})
    return answer


def _answer_for_type(answer: Answer, call: Call) -> Answer:
    if answer.ok and call.op == "nx1.start" and call.values["body"].crew_type == "data_engineering":
        return Answer(200, {**answer.body, "status": "queued"})
    return answer


def _by_hand() -> Iterator[Variant]:
    rare: dict[str, Any] = {"family": "rare"}
    for op in (_SK, _CC, _NX):
        name = op.replace(".", "-")
        yield fault(
            f"{name}-together-mixed-up",
            op,
            sentence="two lists at the same time are given the same query",
            probe=_mixed_up,
            clauses="SD5 SD7",
            before=_overwritten,
            **rare,
        )
    yield fault(
        "cloudcruise-list-together-500",
        _CC,
        sentence="of two lists at the same time one fails",
        probe=_fails_at_once,
        clauses="SD7",
        before=_fails_together,
        **rare,
    )
    yield fault(
        "cloudcruise-list-limit-three",
        _CC,
        sentence="limit is ignored when status and workflow_id are given",
        probe=_three_differ,
        clauses="SD5",
        steps={"limit": _ignored_with("limit", ("status", "workflow_id"), first)},
        **rare,
    )
    yield fault(
        "cloudcruise-list-cursor-workflow",
        _CC,
        sentence="workflow_id is ignored when a cursor is given",
        probe=lambda c: (
            len({r["workflow_id"] for r in c.rows(workflow_id=_workflow(c), cursor=c.rows()[9]["created_at"])}) > 1
        ),
        clauses="SD5",
        steps={"workflow_id": _ignored_with("workflow_id", ("cursor",), equal("workflow_id", "workflow_id"))},
        **rare,
    )
    yield fault(
        "seekrflow-list-asc-offset",
        _SK,
        sentence="offset is ignored in ascending order",
        probe=lambda c: c.ids(order="asc", offset=3) == c.ids(order="asc"),
        clauses="SD5",
        steps={"offset": lambda rows, call: rows if call.values["order"] == "asc" else rows[call.values["offset"] :]},
        **rare,
    )
    yield fault(
        "seekrflow-list-limit-over-100",
        _SK,
        sentence="a limit above 100 loses the hundredth row",
        probe=lambda c: c.rows(limit=101)[:100] != c.rows(limit=100),
        clauses="SD5",
        steps={"limit": _limit_100_plus},
        size=MANY,
        **rare,
    )
    yield fault(
        "nx1-start-one-type-status",
        ("nx1.list", "nx1.get"),
        sentence="only started runs of type semantic_model have a foreign status",
        probe=lambda c: c.started(crew_type="semantic_model")["status"] == "finished",
        clauses="SD2 SD6",
        row=_started_semantic,
        **rare,
    )
    yield fault(
        "nx1-start-one-type-answer",
        "nx1.start",
        sentence="only data_engineering is answered with a foreign status",
        probe=lambda c: c.start("data_engineering").json["status"] == "queued",
        clauses="SD2",
        answer=_answer_for_type,
        **rare,
    )
    yield fault(
        "nx1-start-correlation-message",
        "nx1.start",
        sentence="only with x-correlation-id is the message an object",
        probe=lambda c: isinstance(c.start(headers={"x-correlation-id": "c"}).json["message"], dict),
        clauses="SD2",
        answer=_answer_with_id,
        **rare,
    )


def _workflow(client: Client) -> str:
    return next(str(row["workflow_id"]) for row in client.rows() if row["workflow_id"])


VARIANTS = (*_rows(), *_by_hand())
