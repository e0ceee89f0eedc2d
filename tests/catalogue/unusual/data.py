"""Unusual data: no runs, hundreds of them, ties, and runs that arrive or move while one looks."""

import uuid
from collections.abc import Callable
from datetime import timedelta

from tests.catalogue.changes import FakeAnswer, FakeCall
from tests.catalogue.fake_world import LARGE_SIZE, FakeRow, FakeWorld
from tests.catalogue.operations import CLOUDCRUISE_LIST, LIST_OPS, NX1_OPS
from tests.catalogue.probe_client import ID_FIELDS, ProbeClient
from tests.catalogue.variant import Variant, unusual_server, unusual_servers


def keep_only(keep: Callable[[FakeRow], bool]) -> Callable[[FakeWorld], None]:
    """Return a seed that leaves the rows for which ``keep`` is true."""

    def keep_rows(world: FakeWorld) -> None:
        for table in (world.crew_runs, world.browser_runs, world.thread_runs):
            table[:] = [row for row in table if keep(row)]

    return keep_rows


def tie_runs(world: FakeWorld) -> None:
    """Create five runs at a time in the same second: no page of the usual sizes is free of a tie."""
    for table in (world.crew_runs, world.thread_runs):
        for row in table:
            leader = next(
                other
                for other in table
                if other.get("thread_id") == row.get("thread_id") and other["_rank"] == row["_rank"] // 5 * 5
            )
            row["created_at"] = leader["created_at"]
            for name in ("started_at", "completed_at", "failed_at", "cancelled_at", "expires_at"):
                if row.get(name) and row[name] < row["created_at"]:
                    row[name] = row["created_at"] + timedelta(days=1 if name == "expires_at" else 0)


def has_ties(client: ProbeClient) -> bool:
    timestamps = [row["created_at"] for row in client.get_rows()]
    return len(set(timestamps)) < len(timestamps) / 2


def tie_some_runs(world: FakeWorld) -> None:
    """Let pairs of runs share ``created_at``: a row that a cursor then loses is lost by the contract alone."""
    for newer, older in zip(world.browser_runs[::6], world.browser_runs[1::6], strict=False):
        shift = newer["created_at"] - older["created_at"]
        for name in ("created_at", "execution_start", "execution_end"):
            older[name] = older[name] and older[name] + shift


def add_run(newest: FakeRow, number: int, call: FakeCall) -> None:
    """Insert a copy of the newest run that was created, and ended, now."""
    now = call.clock.now().replace(microsecond=0) + timedelta(
        microseconds=1000 * (number % 900) if call.api == "cloudcruise" else 0
    )
    created_at = max(now, newest["created_at"] + timedelta(seconds=0 if call.api == "seekrflow" else 0.001))
    times = {
        name: created_at for name in newest if name.endswith(("_at", "_start", "_end")) and newest[name] is not None
    }
    if newest.get("expires_at"):
        times["expires_at"] = created_at + timedelta(days=1)
    ids = {ID_FIELDS[call.api]: f"run_{number:024x}" if call.api == "seekrflow" else str(uuid.uuid4())}
    find_table(call).insert(0, {**newest, **times, **ids, "_rank": -number})


async def add_run_at_third_call(call: FakeCall) -> FakeAnswer | None:
    """Add a run to the requested thread, or to all runs, before every third list."""
    if call.op not in LIST_OPS or call.number % 3:
        return None
    rows = [
        row for row in find_table(call) if "_born" not in row and row.get("thread_id") == call.values.get("thread_id")
    ]
    if rows:
        number = call.world.memory["arrived"] = call.world.memory.get("arrived", 0) + 1
        add_run(max(rows, key=lambda row: row["created_at"]), number, call)
    return None


def find_table(call: FakeCall) -> list[FakeRow]:
    """Return all rows of the request's API."""
    world = call.world
    return {"nx1": world.crew_runs, "cloudcruise": world.browser_runs, "seekrflow": world.thread_runs}[call.api]


def is_growing(client: ProbeClient) -> bool:
    count = len(client.get_rows())
    return any(len(client.get_rows()) > count for _ in range(8))


def move_to_window_edge(world: FakeWorld) -> None:
    """Move forty runs to where they leave the window of a day, one every 0.4 seconds."""
    for number, row in enumerate(world.browser_runs[30:70]):
        shift = world.epoch - timedelta(days=1) + timedelta(seconds=number * 0.4) - row["created_at"]
        for name in ("created_at", "execution_start", "execution_end"):
            row[name] = row[name] and row[name] + shift
            row[name] = row[name] and row[name].replace(microsecond=row[name].microsecond // 1000 * 1000)


def has_moving_window(client: ProbeClient) -> bool:
    count = len(client.get().rows)
    client.clock.advance(10)
    return len(client.get().rows) < count


_ATTEMPTS = ("queued", "start", "requeued", "start", "paused", "queued", "start", "success")
_ATTEMPT_S = 1.5


async def requeue_newest(call: FakeCall) -> FakeAnswer | None:
    """Requeue and pause the newest runs. Each attempt has its own start, and a run that waits has none."""
    age_s = (call.clock.now() - call.world.epoch).total_seconds()
    for number, row in enumerate(call.world.browser_runs[:8]):
        turn = min(max(int((age_s - number * 0.5) / _ATTEMPT_S), 0), len(_ATTEMPTS) - 1)
        status = _ATTEMPTS[turn]
        started_at = row["created_at"] + timedelta(seconds=_ATTEMPTS[: turn + 1].count("start"))
        row["status"] = f"execution.{status}"
        row["execution_start"] = started_at if status in {"start", "success"} else None
        row["execution_end"] = row["created_at"] + timedelta(seconds=20) if status == "success" else None
    return None


def has_new_starts(client: ProbeClient) -> bool:
    starts = set()
    for _ in range(30):
        starts.add(client.get_rows()[0]["execution_start"])
        client.clock.advance(0.5)
    return len(starts - {None}) > 1


def take_two_hundred(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return rows[: min(max(call.values["limit"], 0), 200)]


UNUSUAL_SERVERS: tuple[Variant, ...] = (
    *unusual_servers(
        "empty", "there are no runs at all", lambda c: c.get_rows() == [], seed=keep_only(lambda _: False)
    ),
    *unusual_servers("many", "there are hundreds of runs", lambda c: len(c.get_rows()) > 200, size=LARGE_SIZE),
    *unusual_servers(
        "few",
        "there are three runs",
        lambda c: 0 < len(c.get_rows()) <= 3,
        seed=keep_only(lambda row: row["_rank"] < 3),
    ),
    *unusual_servers(
        "one-row", "there is one run", lambda c: len(c.get_rows()) == 1, seed=keep_only(lambda row: row["_rank"] == 2)
    ),
    *unusual_servers(
        "one-status",
        "all runs have ended well",
        lambda c: len({row["status"] for row in c.get_rows()}) == 1,
        seed=keep_only(lambda row: row["status"] in {"completed", "execution.success"}),
    ),
    *unusual_servers("ties", "runs share created_at", has_ties, "nx1 seekrflow", seed=tie_runs),
    unusual_server(
        "cloudcruise-correct-ties",
        CLOUDCRUISE_LIST,
        "some pairs of runs share created_at",
        lambda c: len({row["created_at"] for row in c.get_rows()}) < len(c.get_rows()),
        seed=tie_some_runs,
    ),
    unusual_server(
        "cloudcruise-correct-taken-up-again",
        CLOUDCRUISE_LIST,
        "runs are requeued, and start anew",
        has_new_starts,
        before=requeue_newest,
    ),
    unusual_server(
        "nx1-correct-two-hundred",
        NX1_OPS,
        "no list has more than two hundred rows",
        lambda c: len(c.get_rows()) == len(c.get_rows(limit=5000)) == 200,
        size=LARGE_SIZE,
        steps={"limit": take_two_hundred},
    ),
    *unusual_servers("busy", "runs arrive while one looks", is_growing, before=add_run_at_third_call),
    unusual_server(
        "cloudcruise-correct-edge",
        CLOUDCRUISE_LIST,
        "runs leave the window of a day while one looks",
        has_moving_window,
        seed=move_to_window_edge,
    ),
)
