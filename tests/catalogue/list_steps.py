"""How the correct server chooses its rows: the steps of each list (filters, order, page), and the row of a detail."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from fastapi import HTTPException

from tests.catalogue.changes import FakeCall, FakeCaller, ListStep
from tests.catalogue.fake_world import FakeRow
from tests.catalogue.operations import CLOUDCRUISE_LIST, NX1_LIST, SEEKRFLOW_LIST


def keep_all(rows: list[FakeRow], _call: FakeCall) -> list[FakeRow]:
    """Keep every row: the step of a server that ignores a parameter."""
    return rows


def keep_visible(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Keep the caller's own rows; an admin's are all."""
    caller = call.caller or FakeCaller()
    return [row for row in rows if caller.admin or row["owner_id"] == caller.owner]


def keep_thread(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return [row for row in rows if row["thread_id"] == call.values["thread_id"]]


def keep_equal(parameter: str, field: str) -> ListStep:
    """Return the filter of a parameter that a field must be equal to."""

    def keep_equal_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
        expected = call.values.get(parameter)
        return rows if expected is None else [row for row in rows if row[field] == str(expected)]

    return keep_equal_rows


def keep_since(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Keep what was created at ``start_time`` or later; without one, in the last day."""
    earliest = to_utc(call.values["start_time"]) or call.clock.now() - timedelta(days=1)
    return [row for row in rows if row["created_at"] >= earliest]


def refuse_old_start(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Raise a 400 for a ``start_time`` older than 31 days, with a minute for clocks that differ.

    The page says: "Cannot be older than 31 days".
    """
    start = to_utc(call.values["start_time"])
    if start and start < call.clock.now() - timedelta(days=31, minutes=1):
        raise HTTPException(400, "start_time cannot be older than 31 days")
    return rows


def keep_before_cursor(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    cursor = to_utc(call.values["cursor"])
    return rows if cursor is None else [row for row in rows if row["created_at"] < cursor]


def sort_newest_first(rows: list[FakeRow], _call: FakeCall) -> list[FakeRow]:
    return sorted(rows, key=lambda row: row["created_at"], reverse=True)


def sort_by_order(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Sort as the parameter ``order`` says."""
    return sorted(rows, key=lambda row: row["created_at"], reverse=call.values["order"] != "asc")


def skip_offset(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return rows[call.values["offset"] :]


def take_limit(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return rows[: max(call.values["limit"], 0)]


def to_utc(timestamp: datetime | None) -> datetime | None:
    """Return a timestamp that has an offset: one without is taken for UTC."""
    return timestamp.replace(tzinfo=UTC) if timestamp and timestamp.tzinfo is None else timestamp


def find_by_id(call: FakeCall, runs: list[FakeRow]) -> FakeRow | None:
    """Return the run that a request for a detail names."""
    return next((run for run in runs if run["id"] == str(call.values["run_id"])), None)


LIST_STEPS: Mapping[str, Mapping[str, ListStep]] = {
    NX1_LIST: {"visible": keep_visible, "order": sort_newest_first, "limit": take_limit},
    CLOUDCRUISE_LIST: {
        "oldest": refuse_old_start,
        "start_time": keep_since,
        "workflow_id": keep_equal("workflow_id", "workflow_id"),
        "status": keep_equal("status", "status"),
        "credential_id": keep_equal("credential_id", "_vault"),
        "order": sort_newest_first,
        "cursor": keep_before_cursor,
        "limit": take_limit,
    },
    SEEKRFLOW_LIST: {
        "scope": keep_thread,
        "order": sort_by_order,
        "offset": skip_offset,
        "limit": take_limit,
    },
}
