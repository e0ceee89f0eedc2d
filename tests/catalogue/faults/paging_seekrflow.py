"""Faults of paging at SeekrFlow: limit, offset and order."""

from datetime import timedelta
from functools import partial

from tests.catalogue.changes import FakeCall
from tests.catalogue.fake_world import FakeRow, FakeWorld
from tests.catalogue.faults.paging_steps import (
    change_limit,
    change_offset,
    probe_count,
    probe_order,
    probe_repeats,
    probe_walk,
    set_default_limit,
    shuffle_hours,
    sort_by,
)
from tests.catalogue.list_steps import keep_all, sort_by_order, sort_newest_first, take_limit
from tests.catalogue.operations import SEEKRFLOW_LIST
from tests.catalogue.probe_client import ProbeClient
from tests.catalogue.variant import Variant, fault


def sort_within_pages(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Cut the page first and sort what is left: each page is in order, the pages are not."""
    shuffled = sorted(rows, key=lambda row: row["id"])
    offset, limit = call.values["offset"], call.values["limit"]
    page = shuffled[offset : offset + limit]
    return [*rows[:offset], *sort_by_order(page, call)]


def swap_two(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    rows = sort_by_order(rows, call)
    return [*rows[:24], rows[25], rows[24], *rows[26:]] if len(rows) > 26 else rows


def repeat_last_page(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Answer every offset beyond the end with the last page."""
    offset, limit = call.values["offset"], call.values["limit"]
    return rows[-limit:] if rows and limit and offset >= len(rows) else rows[offset:]


def has_unsorted_pages(client: ProbeClient, size: int) -> bool:
    timestamps = [row["created_at"] for page in client.walk_pages(size) for row in page]
    return timestamps != sorted(timestamps, reverse=True)


def round_to_hours(world: FakeWorld) -> None:
    """Move the creation of every run to the beginning of its hour."""
    for row in world.thread_runs:
        row["created_at"] = row["created_at"].replace(minute=0, second=0, microsecond=0)


def reverse_limited(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Take the newest rows, and turn these round for ascending order."""
    rows = take_limit(rows, call)
    return rows[::-1] if call.values["order"] == "asc" else rows


def sort_by_start(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return sorted(
        rows,
        key=lambda row: row["started_at"] or row["created_at"] - timedelta(days=30),
        reverse=call.values["order"] != "asc",
    )


def reverse_small_pages(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    return sort_newest_first(rows, call)[:: -1 if call.values["limit"] < 10 else 1]


_fault = partial(fault, family="paging", clauses="SD5")

FAULTS: tuple[Variant, ...] = (
    _fault(
        "seekrflow-list-limit-ignored",
        SEEKRFLOW_LIST,
        "limit is ignored",
        probe_count(3, limit=3),
        steps={"limit": keep_all},
    ),
    _fault(
        "seekrflow-list-limit-one-less",
        SEEKRFLOW_LIST,
        "one row less than limit is sent",
        probe_count(3, limit=3),
        steps={"limit": change_limit(lambda limit: limit - 1)},
    ),
    _fault(
        "seekrflow-list-limit-zero-default",
        SEEKRFLOW_LIST,
        "limit=0 is taken for the default",
        probe_count(0, limit=0),
        steps={"limit": change_limit(lambda limit: limit or 20)},
    ),
    _fault(
        "seekrflow-list-limit-default-100",
        SEEKRFLOW_LIST,
        "100 rows are sent without a limit",
        probe_count(20),
        steps={"limit": set_default_limit(100)},
    ),
    _fault(
        "seekrflow-list-limit-default-10",
        SEEKRFLOW_LIST,
        "10 rows are sent without a limit",
        probe_count(20),
        steps={"limit": set_default_limit(10)},
    ),
    _fault(
        "seekrflow-list-limit-capped",
        SEEKRFLOW_LIST,
        "never more than 50 rows are sent",
        probe_count(60, limit=60),
        steps={"limit": change_limit(lambda limit: min(limit, 50))},
    ),
    _fault(
        "seekrflow-list-offset-ignored",
        SEEKRFLOW_LIST,
        "offset is ignored",
        probe_walk(25),
        steps={"offset": keep_all},
    ),
    _fault(
        "seekrflow-list-offset-one-less",
        SEEKRFLOW_LIST,
        "offset skips one row too few",
        probe_walk(25),
        steps={"offset": change_offset(lambda offset, _: offset - 1)},
    ),
    _fault(
        "seekrflow-list-offset-one-more",
        SEEKRFLOW_LIST,
        "offset skips one row too many",
        probe_walk(25),
        steps={"offset": change_offset(lambda offset, _: offset + 1 if offset else 0)},
    ),
    _fault(
        "seekrflow-list-offset-in-pages",
        SEEKRFLOW_LIST,
        "offset counts pages",
        probe_walk(25),
        steps={"offset": change_offset(lambda offset, call: offset * call.values["limit"])},
    ),
    _fault(
        "seekrflow-list-offset-capped",
        SEEKRFLOW_LIST,
        "offset never skips more than 30 rows",
        probe_walk(20),
        steps={"offset": change_offset(lambda offset, _: min(offset, 30))},
    ),
    _fault(
        "seekrflow-list-offset-last-page",
        SEEKRFLOW_LIST,
        "beyond the end the last page comes again",
        probe_count(0, offset=5000),
        steps={"offset": repeat_last_page},
    ),
    _fault(
        "seekrflow-list-order-ignored",
        SEEKRFLOW_LIST,
        "order is ignored",
        probe_order(ascending=True, order="asc", limit=9),
        steps={"order": sort_newest_first},
    ),
    _fault(
        "seekrflow-list-order-reversed",
        SEEKRFLOW_LIST,
        "asc and desc are exchanged",
        probe_order(order="desc", limit=9),
        steps={"order": lambda rows, call: sort_by_order(rows, call)[::-1]},
    ),
    _fault(
        "seekrflow-list-order-default-asc",
        SEEKRFLOW_LIST,
        "without an order the oldest come first",
        probe_order(limit=9),
        steps={"order": lambda rows, call: sort_by_order(rows, call)[:: 1 if call.has_query("order") else -1]},
    ),
    _fault(
        "seekrflow-list-order-by-id",
        SEEKRFLOW_LIST,
        "runs are ordered by id",
        probe_order(limit=9),
        steps={"order": sort_by(lambda row: row["id"])},
    ),
    _fault(
        "seekrflow-list-order-within-pages",
        SEEKRFLOW_LIST,
        "each page is in order, the pages are not",
        lambda c: has_unsorted_pages(c, 25),
        steps={"order": sort_within_pages},
    ),
    _fault(
        "seekrflow-list-order-two-swapped",
        SEEKRFLOW_LIST,
        "two rows on the second page are exchanged",
        probe_order(limit=100),
        steps={"order": swap_two},
    ),
    _fault(
        "seekrflow-list-order-unstable",
        SEEKRFLOW_LIST,
        "rows of one hour come in another order at each call",
        probe_order(limit=100),
        steps={"order": shuffle_hours},
    ),
    _fault(
        "seekrflow-list-ties-shuffled",
        SEEKRFLOW_LIST,
        "rows of the same created_at come in another order at each call, as without a tie-breaker",
        probe_repeats(5),
        clauses="SD505",
        seed=round_to_hours,
        steps={"order": shuffle_hours},
    ),
    _fault(
        "seekrflow-list-asc-of-newest",
        SEEKRFLOW_LIST,
        "ascending order turns round the newest rows",
        lambda c: c.get_ids(order="asc", limit=5) != c.get_ids(order="desc", limit=1000)[::-1][:5],
        steps={"order": sort_newest_first, "limit": reverse_limited},
    ),
    _fault(
        "seekrflow-list-order-by-start",
        SEEKRFLOW_LIST,
        "runs are ordered by started_at",
        probe_order(limit=60),
        steps={"order": sort_by_start},
    ),
    _fault(
        "seekrflow-list-order-small-pages",
        SEEKRFLOW_LIST,
        "small pages are in ascending order",
        probe_order(limit=5),
        steps={"order": reverse_small_pages},
    ),
    _fault(
        "seekrflow-list-offset-before-order",
        SEEKRFLOW_LIST,
        "offset is taken before rows are put in order",
        lambda c: c.get_ids(order="asc", offset=3) != c.get_ids(order="asc", limit=23)[3:],
        steps={
            "order": keep_all,
            "offset": lambda rows, call: sort_by_order(rows[call.values["offset"] :], call),
        },
    ),
)
