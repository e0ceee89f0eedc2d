"""Faults of what rows claim: times, sums and identities that cannot be, each true to the schema."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.catalogue.changes import Call
from tests.catalogue.client import Client, Probe
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import Row

# ------------------------------------------------------------------------ what rows say that cannot be, by themselves

Say = Callable[[Row], dict[str, Any]]


def saying(say: Say) -> Callable[[Row, Call, Row], Row]:
    """Fields of rows as they would be said by a server that reckons wrongly; works on the row as the world knows it."""
    return lambda row, _call, known: {**row, **_wire(say(known), row)}


def _wire(fields: dict[str, Any], row: Row) -> dict[str, Any]:
    zulu = str(row.get("created_at")).endswith("Z")
    return {n: _text(v, zulu=zulu) if isinstance(v, datetime) else v for n, v in fields.items()}


def _text(moment: datetime, *, zulu: bool) -> str:
    return moment.isoformat().replace("+00:00", "Z") if zulu else moment.isoformat()


def any_row(wrong: Callable[[Row], bool]) -> Probe:
    return lambda client: any(wrong(row) for row in client.rows())


def _before(row: Row, earlier: str, later: str) -> bool:
    return bool(row[earlier] and row[later]) and datetime.fromisoformat(row[later]) < datetime.fromisoformat(
        row[earlier]
    )


def _usage(known: Row, **change: Any) -> dict[str, Any]:
    return {"usage": known["usage"] and {**known["usage"], **change}}


def _is(status: str, name: str, *, given: bool) -> Callable[[Row], bool]:
    return lambda row: row["status"] == status and (row[name] is not None) is given


_CC, _SK = "cloudcruise.list", "seekrflow.list"
_SAYINGS: tuple[tuple[str, str, str, str, Say, Callable[[Row], bool]], ...] = (
    (
        _SK,
        "sum-wrong",
        "semantics",
        "total_tokens counts the prompt twice",
        lambda k: (
            _usage(k, total_tokens=2 * k["usage"]["prompt_tokens"] + k["usage"]["completion_tokens"])
            if k["usage"]
            else {}
        ),
        lambda r: (
            bool(r["usage"])
            and r["usage"]["total_tokens"] != r["usage"]["prompt_tokens"] + r["usage"]["completion_tokens"]
        ),
    ),
    (
        _SK,
        "sum-zero",
        "semantics",
        "total_tokens is 0",
        lambda k: _usage(k, total_tokens=0),
        lambda r: bool(r["usage"]) and r["usage"]["total_tokens"] == 0,
    ),
    (
        _SK,
        "object-wrong",
        "semantics",
        "object is run",
        lambda _: {"object": "run"},
        lambda r: r["object"] != "thread.run",
    ),
    (
        _SK,
        "ended-active",
        "semantics",
        "runs that have ended are active",
        lambda _: {"is_active": True},
        lambda r: r["is_active"] and r["status"] == "completed",
    ),
    (
        _SK,
        "ends-before-start",
        "lifecycle",
        "completed_at is before started_at",
        lambda k: {"completed_at": k["started_at"] - timedelta(seconds=9)} if k["completed_at"] else {},
        lambda r: _before(r, "started_at", "completed_at"),
    ),
    (
        _SK,
        "fails-before-start",
        "lifecycle",
        "failed_at is before created_at",
        lambda k: {"failed_at": k["created_at"] - timedelta(days=1)} if k["failed_at"] else {},
        lambda r: _before(r, "created_at", "failed_at"),
    ),
    (
        _SK,
        "expired-before-created",
        "lifecycle",
        "expires_at is before created_at",
        lambda k: {"expires_at": k["created_at"] - timedelta(hours=1)} if k["expires_at"] else {},
        lambda r: _before(r, "created_at", "expires_at"),
    ),
    (
        _SK,
        "queued-started",
        "lifecycle",
        "queued runs have a started_at",
        lambda k: {"started_at": k["created_at"]} if k["status"] == "queued" else {},
        _is("queued", "started_at", given=True),
    ),
    (
        _SK,
        "running-not-started",
        "lifecycle",
        "running runs have no started_at",
        lambda k: {"started_at": None} if k["status"] == "running" else {},
        _is("running", "started_at", given=False),
    ),
    (
        _SK,
        "running-completed",
        "lifecycle",
        "running runs have a completed_at",
        lambda k: {"completed_at": k["started_at"]} if k["status"] == "running" else {},
        _is("running", "completed_at", given=True),
    ),
    (
        _SK,
        "completed-not-ended",
        "lifecycle",
        "completed runs have no completed_at",
        lambda _: {"completed_at": None},
        _is("completed", "completed_at", given=False),
    ),
    (
        _SK,
        "failed-not-failed_at",
        "lifecycle",
        "failed runs have no failed_at",
        lambda _: {"failed_at": None},
        _is("failed", "failed_at", given=False),
    ),
    (
        _SK,
        "completed-cancelled_at",
        "lifecycle",
        "completed runs have a cancelled_at",
        lambda k: {"cancelled_at": k["completed_at"]} if k["completed_at"] else {},
        _is("completed", "cancelled_at", given=True),
    ),
    (
        _SK,
        "canceled-no-cancelled_at",
        "lifecycle",
        "runs called canceled have no cancelled_at",
        lambda k: {"cancelled_at": None} if k["status"] == "canceled" else {},
        _is("canceled", "cancelled_at", given=False),
    ),
    (
        _SK,
        "failed-completed_at",
        "lifecycle",
        "failed runs have a completed_at",
        lambda k: {"completed_at": k["failed_at"]} if k["failed_at"] else {},
        _is("failed", "completed_at", given=True),
    ),
    (
        _CC,
        "ends-before-start",
        "lifecycle",
        "execution_end is before execution_start",
        lambda k: (
            {"execution_end": k["execution_start"] - timedelta(seconds=1)}
            if k["execution_end"] and k["execution_start"]
            else {}
        ),
        lambda r: _before(r, "execution_start", "execution_end"),
    ),
    (
        _CC,
        "starts-before-created",
        "lifecycle",
        "execution_start is before created_at",
        lambda k: {"execution_start": k["created_at"] - timedelta(minutes=5)} if k["execution_start"] else {},
        lambda r: _before(r, "created_at", "execution_start"),
    ),
    (
        _CC,
        "queued-started",
        "lifecycle",
        "queued runs have an execution_start",
        lambda k: {"execution_start": k["created_at"]} if k["status"] == "execution.queued" else {},
        _is("execution.queued", "execution_start", given=True),
    ),
    (
        _CC,
        "started-not-started",
        "lifecycle",
        "started runs have no execution_start",
        lambda k: {"execution_start": None} if k["status"] == "execution.start" else {},
        _is("execution.start", "execution_start", given=False),
    ),
    (
        _CC,
        "started-ended",
        "lifecycle",
        "started runs have an execution_end",
        lambda k: {"execution_end": k["execution_start"]} if k["status"] == "execution.start" else {},
        _is("execution.start", "execution_end", given=True),
    ),
    (
        _CC,
        "success-not-ended",
        "lifecycle",
        "successful runs have no execution_end",
        lambda k: {"execution_end": None} if k["status"] == "execution.success" else {},
        _is("execution.success", "execution_end", given=False),
    ),
    (
        _CC,
        "stopped-not-ended",
        "lifecycle",
        "stopped runs have no execution_end",
        lambda k: {"execution_end": None} if k["status"] == "execution.stopped" else {},
        _is("execution.stopped", "execution_end", given=False),
    ),
)


def _clause(name: str) -> str:
    """The one clause that says it most exactly."""
    exact = {"sum": "SD610", "object": "SD609", "ended-active": "SD608"}
    exact |= dict.fromkeys(("ends-before", "fails-before", "expired-before", "starts-before"), "SD604")
    unset = ("queued-started", "running-completed", "completed-cancelled_at", "failed-completed_at", "started-ended")
    exact |= dict.fromkeys(unset, "SD606")
    return next((code for start, code in exact.items() if name.startswith(start)), "SD605")


def _said() -> Iterator[Variant]:
    for op, name, family, words, say, wrong in _SAYINGS:
        full = f"{op.replace('.', '-')}-{name}"
        yield fault(full, op, family, words, any_row(wrong), clauses=_clause(name), row=saying(say))


# ------------------------------------------------------------------------------- seeded runs that do what none may


def _by_look(status: str, then: str, name: str) -> Callable[[Row, Call, Row], Row]:
    """From the third look at a run on, another status than before."""

    def hook(row: Row, call: Call, _known: Row) -> Row:
        looks = call.world.memory.setdefault("looks", {})
        key = row[name]
        looks[key] = looks.get(key, 0) + 1
        return {**row, "status": then} if row["status"] == status and looks[key] > 2 else row

    return hook


def _changes_its_mind(client: Client) -> bool:
    seen = [[row["status"] for row in client.rows()] for _ in range(5)]
    return any(now != seen[0] for now in seen)


def _same_id(row: Row, _call: Call, known: Row) -> Row:
    """Two runs have one id."""
    name = "session_id" if "session_id" in row else "id"
    return {**row, name: "0f8fad5b-d9cb-469f-a165-70867728950e"} if known["_rank"] in {4, 5} else row


def _doubled(client: Client) -> bool:
    ids = [row.get("session_id") or row["id"] for row in client.rows()]
    return len(ids) != len(set(ids))


def _fresh_ids(row: Row, call: Call, _known: Row) -> Row:
    return {**row, "session_id": f"{call.n % 65536:08x}{row['session_id'][8:]}"}


def _looked_at() -> Iterator[Variant]:
    cc, sk = "cloudcruise.list", "seekrflow.list"
    yield fault(
        "cloudcruise-list-leaves-end",
        cc,
        "lifecycle",
        "successful runs are started ones at a later look",
        _changes_its_mind,
        clauses="SD6 SD5",
        row=_by_look("execution.success", "execution.start", "session_id"),
    )
    yield fault(
        "seekrflow-list-leaves-end",
        sk,
        "lifecycle",
        "failed runs are completed at a later look",
        _changes_its_mind,
        clauses="SD6 SD5",
        row=_by_look("failed", "completed", "id"),
    )
    for op in (cc, sk, "nx1.list"):
        yield fault(
            f"{op.replace('.', '-')}-same-id",
            op,
            "semantics",
            "two runs have the same id",
            _doubled,
            clauses="SD5 SD6",
            row=_same_id,
        )
    yield fault(
        "cloudcruise-list-fresh-ids",
        cc,
        "semantics",
        "a run has another id at each call",
        lambda c: c.ids(limit=5) != c.ids(limit=5),
        clauses="SD5 SD6",
        row=_fresh_ids,
    )


VARIANTS = (*_said(), *_looked_at())
