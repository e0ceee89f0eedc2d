"""Faults of paging at CloudCruise: limit, cursor and order."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial

from tests.catalogue.changes import FakeCall, ListStep
from tests.catalogue.fake_world import USUAL_SIZE, FakeRow
from tests.catalogue.faults.paging_steps import (
    change_limit,
    probe_count,
    probe_order,
    probe_walk,
    set_default_limit,
    shuffle_hours,
    sort_by,
)
from tests.catalogue.list_steps import keep_all, keep_before_cursor, keep_since, sort_newest_first, take_limit, to_utc
from tests.catalogue.operations import CLOUDCRUISE_LIST
from tests.catalogue.probe_client import ProbeClient
from tests.catalogue.variant import Variant, fault


def double_first_row(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    rows = take_limit(rows, call)
    return [*rows[:1], *rows[:-1]] if len(rows) > 3 else rows


def shorten_pages(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Drop queued rows after the page was cut, so that a page is short though more rows follow."""
    return [
        row
        for row in take_limit(rows, call)
        if row["status"] != "execution.queued" or len(rows) <= call.values["limit"]
    ]


def keep_by_cursor(keep: Callable[[datetime, datetime], bool]) -> ListStep:
    """Return a step that keeps the rows for which ``keep(created_at, cursor)`` is true."""

    def keep_rows(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
        cursor = to_utc(call.values["cursor"])
        return rows if cursor is None else [row for row in rows if keep(row["created_at"], cursor)]

    return keep_rows


def skip_after_cursor(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    rows = keep_before_cursor(rows, call)
    return rows[1:] if call.values["cursor"] else rows


def drop_filter_with_cursor(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    if call.values["cursor"] and call.values["status"]:
        return keep_before_cursor(sort_newest_first(keep_since(call.world.browser_runs, call), call), call)
    return keep_before_cursor(rows, call)


def limit_before_filters(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Keep what is among the newest rows of the whole table, as if the limit were applied before the filters."""
    newest = {row["session_id"] for row in call.world.browser_runs[: call.values["limit"]]}
    return [row for row in rows if row["session_id"] in newest]


def has_truncated_cursor(client: ProbeClient) -> bool:
    """Return true where a cursor within the second of a row, and after it, loses the row."""
    timestamp = next(str(row["created_at"]) for row in client.get_rows() if not row["created_at"].endswith(".999Z"))
    cursor = f"{timestamp[:-5]}.999Z"
    return str(client.get_rows(limit=1, cursor=cursor)[0]["created_at"]) != timestamp


def drop_cursor_offset(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Take the clock time of a cursor for UTC, whatever its offset is."""
    cursor = call.values["cursor"]
    if cursor is None:
        return rows
    return [row for row in rows if row["created_at"].replace(tzinfo=None) < cursor.replace(tzinfo=None)]


def round_cursor(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    cursor = to_utc(call.values["cursor"])
    hour = cursor and cursor.replace(minute=0, second=0, microsecond=0)
    return [row for row in rows if hour is None or row["created_at"] < hour]


def has_other_statuses_with_cursor(client: ProbeClient) -> bool:
    cursor = client.get_rows(limit=3)[2]["created_at"]
    return any(row["status"] != "execution.start" for row in client.get_rows(status="execution.start", cursor=cursor))


def has_wrong_cursor_offset(client: ProbeClient) -> bool:
    rows = client.get_rows()
    cursor = datetime.fromisoformat(rows[9]["created_at"]).astimezone(timezone(timedelta(hours=-6)))
    return client.get_rows(cursor=cursor.isoformat()) != rows[10:]


_fault = partial(fault, family="paging", clauses="SD5")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "cloudcruise-list-limit-ignored",
        CLOUDCRUISE_LIST,
        "limit is ignored",
        probe_count(2, limit=2),
        steps={"limit": keep_all},
    ),
    _fault(
        "cloudcruise-list-limit-one-more",
        CLOUDCRUISE_LIST,
        "one row more than limit is sent",
        probe_count(2, limit=2),
        steps={"limit": change_limit(lambda limit: limit + 1)},
    ),
    _fault(
        "cloudcruise-list-limit-capped",
        CLOUDCRUISE_LIST,
        "never more than 50 rows are sent",
        probe_count(60, limit=60),
        steps={"limit": change_limit(lambda limit: min(limit, 50))},
    ),
    _fault(
        "cloudcruise-list-limit-default",
        CLOUDCRUISE_LIST,
        "50 rows are sent without a limit",
        probe_count(USUAL_SIZE.recent),
        steps={"limit": set_default_limit(50)},
    ),
    _fault(
        "cloudcruise-list-order-ascending",
        CLOUDCRUISE_LIST,
        "the oldest runs come first",
        probe_order(limit=9),
        steps={"order": sort_by(lambda row: row["created_at"], reverse=False)},
    ),
    _fault(
        "cloudcruise-list-order-by-id",
        CLOUDCRUISE_LIST,
        "runs are ordered by session_id",
        probe_order(limit=9),
        steps={"order": sort_by(lambda row: row["session_id"])},
    ),
    _fault(
        "cloudcruise-list-order-by-end",
        CLOUDCRUISE_LIST,
        "runs are ordered by execution_end",
        probe_order(),
        steps={"order": sort_by(lambda row: row["execution_end"] or row["created_at"] + timedelta(days=9))},
    ),
    _fault(
        "cloudcruise-list-cursor-inclusive",
        CLOUDCRUISE_LIST,
        "the cursor's own row comes again",
        probe_walk(30),
        steps={"cursor": keep_by_cursor(lambda created_at, cursor: created_at <= cursor)},
    ),
    _fault(
        "cloudcruise-list-cursor-ignored",
        CLOUDCRUISE_LIST,
        "cursor is ignored",
        probe_walk(30),
        steps={"cursor": keep_all},
    ),
    _fault(
        "cloudcruise-list-cursor-backwards",
        CLOUDCRUISE_LIST,
        "cursor keeps what is newer",
        probe_walk(30),
        steps={"cursor": keep_by_cursor(lambda created_at, cursor: created_at > cursor)},
    ),
    _fault(
        "cloudcruise-list-cursor-skips",
        CLOUDCRUISE_LIST,
        "each page after the first lacks its first row",
        probe_walk(30),
        steps={"cursor": skip_after_cursor},
    ),
    _fault(
        "cloudcruise-list-cursor-whole-seconds",
        CLOUDCRUISE_LIST,
        "the cursor's fraction of a second is cut off",
        has_truncated_cursor,
        steps={"cursor": keep_by_cursor(lambda created_at, cursor: created_at < cursor.replace(microsecond=0))},
    ),
    _fault(
        "cloudcruise-list-cursor-drops-status",
        CLOUDCRUISE_LIST,
        "with a cursor the filter by status is ignored",
        has_other_statuses_with_cursor,
        steps={"cursor": drop_filter_with_cursor},
    ),
    _fault(
        "cloudcruise-list-page-short",
        CLOUDCRUISE_LIST,
        "pages are shorter than limit though more rows follow",
        probe_walk(30),
        steps={"limit": shorten_pages},
    ),
    _fault(
        "cloudcruise-list-limit-before-filter",
        CLOUDCRUISE_LIST,
        "limit is applied before the filters",
        lambda c: len(c.get_rows(status="execution.start", limit=8)) < 8,
        steps={"limit": limit_before_filters},
    ),
    _fault(
        "cloudcruise-list-page-repeats-row",
        CLOUDCRUISE_LIST,
        "each page has its first row twice",
        probe_walk(30),
        steps={"limit": double_first_row},
    ),
    _fault(
        "cloudcruise-list-order-unstable",
        CLOUDCRUISE_LIST,
        "rows of one hour come in another order at each call",
        probe_order(),
        steps={"order": shuffle_hours},
    ),
    _fault(
        "cloudcruise-list-cursor-offset-ignored",
        CLOUDCRUISE_LIST,
        "the offset of a cursor is dropped",
        has_wrong_cursor_offset,
        steps={"cursor": drop_cursor_offset},
    ),
    _fault(
        "cloudcruise-list-cursor-day-only",
        CLOUDCRUISE_LIST,
        "of a cursor only the hour is looked at",
        probe_walk(30),
        steps={"cursor": round_cursor},
    ),
)
