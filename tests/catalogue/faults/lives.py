"""Faults of behaviour: how a run starts and lives, and how list and detail agree; each true to the schema."""

import copy
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.catalogue.changes import Answer, Call
from tests.catalogue.client import PSK, Client, Probe
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import RUNS_S, WAITS_S, Row, crew_run_at

_ENDED = {"completed", "failed"}
_ALL = ("nx1.list", "nx1.get", "nx1.start")
_SEEN = ("nx1.list", "nx1.get")
Life = Callable[[Row, float, Call], Row]


# ------------------------------------------------------------------------------------------ the life of a run


def changed(change: Callable[[Row, float], dict[str, Any]]) -> Life:
    """The right life, with some fields of it otherwise."""

    def life(run: Row, age_s: float, _call: Call) -> Row:
        state = crew_run_at(run, age_s)
        return {**state, **change(state, age_s)}

    return life


def when_status(status: str | set[str], **fields: Any) -> Life:
    """The right life, with these fields whenever the run has this status; a callable is asked."""
    statuses = {status} if isinstance(status, str) else status

    def change(state: Row, _age_s: float) -> dict[str, Any]:
        if state["status"] not in statuses:
            return {}
        return {name: value(state) if callable(value) else value for name, value in fields.items()}

    return changed(change)


def _timed(*phases: tuple[float, str]) -> Life:
    """A life by (age in seconds, status), the first that is not over; times and results as they should be."""

    def life(run: Row, age_s: float, _call: Call) -> Row:
        status = next(name for until, name in phases if age_s < until)
        stand_in = {"pending": 0.0, "running": WAITS_S}.get(status, WAITS_S + RUNS_S)
        return crew_run_at({**run, "_fails": status == "failed"}, stand_in)

    return life


_EVER = float("inf")


def lives(see: Callable[[list[Row]], bool], **options: Any) -> Probe:
    """Whether four runs in a row (one of which fails) are seen to live wrongly."""
    return lambda client: any(see(client.life(**options)) for _ in range(4))


def _moves(rows: list[Row]) -> bool:
    """Whether the statuses go where they should not."""
    right = {"pending": 0, "running": 1, "completed": 2, "failed": 2}
    ranks = [right.get(row.get("status", ""), 9) for row in rows]
    ends = {row.get("status") for row in rows if row.get("status") in _ENDED}
    return ranks != sorted(ranks) or len(ends) > 1


def some(wrong: Callable[[Row], bool]) -> Callable[[list[Row]], bool]:
    return lambda rows: any(wrong(row) for row in rows)


def _varies(*names: str) -> Callable[[list[Row]], bool]:
    """Whether a field that must stay does not."""
    return lambda rows: any(len({str(row.get(name)) for row in rows}) > 1 for name in names)


def _set_in(name: str, *statuses: str) -> Callable[[list[Row]], bool]:
    return some(lambda row: row.get("status") in statuses and row.get(name) is not None)


def _unset_in(name: str, *statuses: str) -> Callable[[list[Row]], bool]:
    return some(lambda row: row.get("status") in statuses and row.get(name) is None)


def later(seconds: float) -> Callable[[Row], datetime]:
    return lambda state: state["created_at"] + timedelta(seconds=seconds)


def _end_moves(state: Row, age_s: float) -> dict[str, Any]:
    ended = state["status"] in _ENDED
    return {"completed_at": state["created_at"] + timedelta(seconds=int(age_s * 4))} if ended else {}


def _new_id(state: Row, _age_s: float) -> dict[str, Any]:
    return {"correlation_id": state["id"]} if state["status"] in _ENDED else {}


_LIVES: tuple[tuple[str, str, Life, Probe], ...] = (
    (
        "goes-back",
        "a running run waits again",
        _timed((0.3, "pending"), (0.6, "running"), (0.9, "pending"), (1.2, "running"), (_EVER, "completed")),
        lives(_moves),
    ),
    (
        "restarts",
        "a completed run runs again",
        _timed((0.3, "pending"), (0.8, "running"), (1.6, "completed"), (_EVER, "running")),
        lives(_moves),
    ),
    (
        "fails-later",
        "a completed run has failed a second later",
        _timed((0.3, "pending"), (0.8, "running"), (1.6, "completed"), (_EVER, "failed")),
        lives(_moves),
    ),
    (
        "recovers",
        "a failed run is completed a second later",
        _timed((0.3, "pending"), (0.8, "running"), (1.6, "failed"), (_EVER, "completed")),
        lives(_moves),
    ),
    (
        "no-started_at",
        "a running run has no started_at",
        when_status("running", started_at=None),
        lives(_unset_in("started_at", "running")),
    ),
    (
        "completed-no-started_at",
        "a completed run has no started_at",
        when_status("completed", started_at=None),
        lives(_unset_in("started_at", "completed")),
    ),
    (
        "early-started_at",
        "a waiting run has a started_at",
        when_status("pending", started_at=later(0)),
        lives(_set_in("started_at", "pending")),
    ),
    (
        "early-completed_at",
        "a running run has a completed_at",
        when_status("running", completed_at=later(1)),
        lives(_set_in("completed_at", "running")),
    ),
    (
        "no-completed_at",
        "a completed run has no completed_at",
        when_status("completed", completed_at=None),
        lives(_unset_in("completed_at", "completed")),
    ),
    (
        "early-result",
        "a running run has a result",
        when_status("running", result="So far so good"),
        lives(_set_in("result", "running")),
    ),
    (
        "no-result",
        "a completed run has no result",
        when_status("completed", result=None),
        lives(_unset_in("result", "completed")),
    ),
    ("no-error", "a failed run has no error", when_status("failed", error=None), lives(_unset_in("error", "failed"))),
    (
        "error-when-completed",
        "a completed run has an error",
        when_status("completed", error="none"),
        lives(_set_in("error", "completed")),
    ),
    (
        "early-error",
        "a waiting run has an error",
        when_status("pending", error="waiting"),
        lives(_set_in("error", "pending")),
    ),
    (
        "ends-before-start",
        "a run is completed before it was started",
        when_status("completed", completed_at=later(0.1)),
        lives(some(lambda r: bool(r["completed_at"]) and r["completed_at"] < r["started_at"])),
    ),
    (
        "starts-before-created",
        "a run is started before it was created",
        when_status({"running", "completed"}, started_at=later(-60)),
        lives(some(lambda r: bool(r["started_at"]) and r["started_at"] < r["created_at"])),
    ),
    (
        "end-moves",
        "completed_at goes on after the end",
        changed(_end_moves),
        lives(lambda rows: len({r["completed_at"] for r in rows if r["status"] in _ENDED}) > 1),
    ),
    (
        "created_at-moves",
        "created_at is the moment of the answer",
        changed(lambda s, age: {"created_at": s["created_at"] + timedelta(seconds=age * 0.1)}),
        lives(_varies("created_at")),
    ),
    (
        "correlation-id-changes",
        "at its end a run has another correlation id",
        changed(_new_id),
        lives(_varies("correlation_id")),
    ),
    (
        "owner-changes",
        "a completed run belongs to another user",
        when_status("completed", owner_id="jonas.weber"),
        lives(_varies("owner_id")),
    ),
    (
        "crew_type-changes",
        "a completed run has another crew type",
        when_status("completed", crew_type="semantic_model"),
        lives(_varies("crew_type")),
    ),
    (
        "task_input-lost",
        "a completed run has lost its task_input",
        when_status("completed", task_input=None),
        lives(_varies("task_input"), task_input={"question": "?"}),
    ),
)


def _lived() -> Iterator[Variant]:
    for name, words, life, probe in _LIVES:
        yield fault(f"nx1-run-{name}", _SEEN, "lifecycle", words, probe, clauses="SD6", life=life)


# ---------------------------------------------------------------------------------------------- starting a run


def _last(call: Call) -> dict[str, Any]:
    remembered: dict[str, Any] = call.world.memory.setdefault("last", {})
    return remembered


def _shared_defaults(run: Row, call: Call) -> Row:
    """A mutable default that every request updates."""
    defaults: dict[str, Any] = call.world.memory.setdefault("defaults", {})
    defaults.update(run["task_input"] or {})
    return {**run, "task_input": dict(defaults)}


def _in_snake_case(task_input: Any) -> Any:
    return task_input and {key.lower().replace("-", "_"): value for key, value in task_input.items()}


def _keeps_first_input(run: Row, call: Call) -> Row:
    return {**run, "task_input": _last(call).setdefault("task_input", run["task_input"])}


def _in_place_of_the_last(run: Row, call: Call) -> Row:
    """There is only one started run: the next one takes its place."""
    call.world.crew_runs[:] = [known for known in call.world.crew_runs if "_born" not in known]
    return run


def _constant_correlation_id(answer: Answer, call: Call) -> Answer:
    if answer.ok and call.op == "nx1.start" and not call.header("x-correlation-id"):
        return Answer(200, {**answer.body, "correlation_id": "00000000-0000-4000-8000-000000000001"})
    return answer


def _answers_other_id(answer: Answer, call: Call) -> Answer:
    if answer.ok and call.op == "nx1.start":
        return Answer(200, {**answer.body, "correlation_id": f"{answer.body['correlation_id']}-0"})
    return answer


_CID = {"x-correlation-id": "order-4711"}


def _start_probe(name: str, expected: Any, **options: Any) -> Probe:
    return lambda client: client.started(**options).get(name) != expected


_STARTS: tuple[tuple[str, str, str, Probe, dict[str, Any]], ...] = (
    (
        "correlation-id-ignored",
        "semantics",
        "x-correlation-id is not kept in the run",
        _start_probe("correlation_id", "order-4711", headers=_CID),
        {"started": lambda run, _call: {**run, "correlation_id": run["id"]}},
    ),
    (
        "correlation-id-cut",
        "semantics",
        "a correlation id is cut after eight characters",
        _start_probe("correlation_id", "order-4711", headers=_CID),
        {"started": lambda run, _call: {**run, "correlation_id": run["correlation_id"][:8]}},
    ),
    (
        "correlation-id-upper",
        "semantics",
        "a correlation id is kept in capitals",
        _start_probe("correlation_id", "order-4711", headers=_CID),
        {"started": lambda run, _call: {**run, "correlation_id": run["correlation_id"].upper()}},
    ),
    (
        "correlation-id-other",
        "semantics",
        "the answer names another correlation id than the one given",
        lambda c: c.start(headers=_CID).json["correlation_id"] != "order-4711",
        {"answer": _answers_other_id},
    ),
    (
        "correlation-id-constant",
        "semantics",
        "every run that brings no correlation id is answered the same one",
        lambda c: len({c.start().json["correlation_id"] for _ in range(3)}) == 1,
        {"answer": _constant_correlation_id},
    ),
    (
        "not-listed",
        "semantics",
        "a started run is not listed",
        lambda c: c.started() == {},
        {"started": lambda _run, _call: None},
    ),
    (
        "crew_type-fixed",
        "semantics",
        "every started run is one of type ask",
        _start_probe("crew_type", "classification", crew_type="classification"),
        {"started": lambda run, _call: {**run, "crew_type": "ask"}},
    ),
    (
        "task_input-lost",
        "semantics",
        "task_input is not kept",
        _start_probe("task_input", {"q": 1}, task_input={"q": 1}),
        {"started": lambda run, _call: {**run, "task_input": {}}},
    ),
    (
        "task_input-of-first",
        "semantics",
        "every run has the task_input of the first",
        lambda c: bool(c.started(task_input={"q": 1})) and c.started(task_input={"q": 2})["task_input"] != {"q": 2},
        {"started": _keeps_first_input},
    ),
    (
        "task_input-mixed",
        "semantics",
        "a run's task_input has keys of runs before it",
        lambda c: bool(c.started(task_input={"a": 1})) and "a" in c.started(task_input={"b": 2})["task_input"],
        {"started": _shared_defaults},
    ),
    (
        "task_input-keys",
        "semantics",
        "keys of task_input are written in the service's own way",
        _start_probe("task_input", {"Max-Depth": 1}, task_input={"Max-Depth": 1}),
        {"started": lambda run, _call: {**run, "task_input": _in_snake_case(run["task_input"])}},
    ),
    (
        "task_input-as-text",
        "semantics",
        "numbers in task_input become texts",
        _start_probe("task_input", {"q": 1}, task_input={"q": 1}),
        {"started": lambda run, _call: {**run, "task_input": {k: str(v) for k, v in run["task_input"].items()}}},
    ),
    (
        "owner-wrong",
        "semantics",
        "a started run belongs to somebody else",
        lambda c: c.started() == {},
        {"started": lambda run, _call: {**run, "owner_id": "jonas.weber"}},
    ),
    (
        "replaces-last",
        "lifecycle",
        "a started run takes the place of the one before",
        lambda c: c.detail(c.started()["id"]) is not None and _first_is_gone(c),
        {"started": _in_place_of_the_last},
    ),
)


def _first_is_gone(client: Client) -> bool:
    first = client.started()["id"]
    client.started()
    return client.get(f"/api/crew-runs/{first}").status == 404


def _started() -> Iterator[Variant]:
    for name, family, words, probe, hooks in _STARTS:
        yield fault(f"nx1-start-{name}", _ALL, family, words, probe, clauses="SD6 SD5", **hooks)


# ------------------------------------------------------------------------------------- how list and detail agree


def _gone_when_ended(call: Call, runs: list[Row]) -> Row | None:
    run = next((run for run in runs if run["id"] == str(call.values["run_id"])), None)
    return None if run and "_born" in run and run["status"] in _ENDED else run


def _newest_if_unknown(call: Call, runs: list[Row]) -> Row | None:
    return next((run for run in runs if run["id"] == str(call.values["run_id"])), runs[0])


def _neighbour(call: Call, runs: list[Row]) -> Row | None:
    """The run before the one that was asked for."""
    place = next((n for n, run in enumerate(runs) if run["id"] == str(call.values["run_id"])), None)
    return None if place is None else runs[place - 1]


def _started_only(call: Call, runs: list[Row]) -> Row | None:
    found = next((run for run in runs if run["id"] == str(call.values["run_id"])), None)
    return found if found and found["_rank"] < 20 else None


def _not_while_pending(call: Call, runs: list[Row]) -> Row | None:
    found = next((run for run in runs if run["id"] == str(call.values["run_id"])), None)
    return None if found and found["status"] == "pending" else found


def _detail_with(**fields: Callable[[Row, Row], Any]) -> Callable[[Row, Call, Row], Row]:
    def hook(row: Row, call: Call, known: Row) -> Row:
        return {**row, **{n: make(row, known) for n, make in fields.items()}} if call.op == "nx1.get" else row

    return hook


def _disagrees(client: Client) -> bool:
    return any(client.detail(row["id"]) != row for row in client.rows()[:30])


def _stale_list(row: Row, call: Call, known: Row) -> Row:
    """The list keeps showing a started run as it was at first."""
    if call.op == "nx1.list" and "_born" in known:
        kept = call.world.memory.setdefault(f"stale {row['id']}", copy.deepcopy(row))
        assert isinstance(kept, dict)
        return kept
    return row


def _list_is_stale(client: Client) -> bool:
    run = client.started()
    client.clock.advance(5)
    return client.rows()[0]["status"] == "pending" and client.detail(run["id"])["status"] in _ENDED


def _unlisted_when_ended(row: Row, call: Call, known: Row) -> Row | None:
    return None if call.op == "nx1.list" and "_born" in known and row["status"] in _ENDED else row


def _ended_is_unlisted(client: Client) -> bool:
    run = client.started()
    client.clock.advance(5)
    return run["id"] not in client.ids()


def _ended_is_gone(client: Client) -> bool:
    run = client.started()
    client.clock.advance(5)
    return client.get(f"/api/crew-runs/{run['id']}").status == 404


_UNKNOWN = "00000000-0000-4000-8000-000000000000"


def _agreeing() -> Iterator[Variant]:
    get: dict[str, Any] = {"op": "nx1.get", "clauses": "SD6"}
    yield fault(
        "nx1-get-gone-when-ended",
        family="lifecycle",
        sentence="a run that has ended cannot be fetched any more",
        probe=_ended_is_gone,
        find=_gone_when_ended,
        **get,
    )
    yield fault(
        "nx1-get-not-while-pending",
        family="lifecycle",
        sentence="a run that waits cannot be fetched",
        probe=lambda c: c.get(f"/api/crew-runs/{c.started()['id']}").status == 404,
        find=_not_while_pending,
        **get,
    )
    yield fault(
        "nx1-list-stale",
        "nx1.list",
        "lifecycle",
        "the list shows a started run as it was at first",
        _list_is_stale,
        clauses="SD6 SD5",
        row=_stale_list,
    )
    yield fault(
        "nx1-list-drops-ended",
        "nx1.list",
        "lifecycle",
        "a run that has ended is listed no more",
        _ended_is_unlisted,
        clauses="SD6 SD5",
        row=_unlisted_when_ended,
    )
    semantic: dict[str, Any] = {"family": "semantics", **get}
    yield fault(
        "nx1-get-unknown-is-newest",
        sentence="for an unknown id the newest run is shown",
        probe=lambda c: c.get(f"/api/crew-runs/{_UNKNOWN}").status == 200,
        find=_newest_if_unknown,
        **semantic,
    )
    yield fault(
        "nx1-get-neighbour",
        sentence="the run before the one asked for is shown",
        probe=_disagrees,
        find=_neighbour,
        **semantic,
    )
    yield fault(
        "nx1-get-recent-only",
        sentence="older runs are listed but cannot be fetched",
        probe=lambda c: any(c.get(f"/api/crew-runs/{row['id']}").status == 404 for row in c.rows()),
        find=_started_only,
        **semantic,
    )
    for name, words, hook in (
        (
            "status",
            "the detail calls running runs pending",
            _detail_with(status=lambda r, _: {"running": "pending"}.get(r["status"], r["status"])),
        ),
        (
            "created_at",
            "the detail's created_at is an hour later",
            _detail_with(created_at=lambda _r, known: (known["created_at"] + timedelta(hours=1)).isoformat()),
        ),
        ("owner", "the detail shows the caller's key as owner", _detail_with(owner_id=lambda _r, _k: PSK)),
        (
            "result",
            "the detail cuts result after ten characters",
            _detail_with(result=lambda r, _: r["result"] and r["result"][:10]),
        ),
        ("crew_type", "the detail has no crew_type", _detail_with(crew_type=lambda _r, _k: None)),
        (
            "correlation_id",
            "the detail's correlation id is the run's id",
            _detail_with(correlation_id=lambda r, _: r["id"]),
        ),
        (
            "task_input",
            "the detail leaves out some of task_input",
            _detail_with(task_input=lambda r, _: r["task_input"] and {"question": "?"}),
        ),
    ):
        yield fault(f"nx1-get-disagrees-{name}", "nx1.get", "semantics", words, _disagrees, clauses="SD6", row=hook)


VARIANTS = (*_lived(), *_started(), *_agreeing())
