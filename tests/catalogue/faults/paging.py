"""Faults of lists: limits, offsets, cursors and order."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from tests.catalogue.changes import Call, Step
from tests.catalogue.client import Client, Probe
from tests.catalogue.server import STEPS, before_cursor, first, newest_first, since, zoned
from tests.catalogue.variant import Variant, fault
from tests.catalogue.world import MANY, USUAL, Row, World

_CC, _SK, _NX = "cloudcruise.list", "seekrflow.list", "nx1.list"
_ORDERED = STEPS[_SK]["order"]


# ---------------------------------------------------------------------------------------------------- probes


def walk_differs(size: int) -> Probe:
    """Whether a walk over pages of this size misses or repeats a row, or ends too early."""

    def probe(client: Client) -> bool:
        ids = "id" if client.api == "seekrflow" else "session_id"
        walked = [row[ids] for page in client.pages(size) for row in page]
        return walked != [row[ids] for row in client.rows()]

    return probe


def walk_repeats(size: int) -> Probe:
    """Whether a walk over pages of this size shows a row twice."""

    def probe(client: Client) -> bool:
        walked = [row["id"] for page in client.pages(size) for row in page]
        return len(walked) > len(set(walked))

    return probe


def count_differs(expected: int, **query: Any) -> Probe:
    return lambda client: len(client.get(query=query).rows) != expected


def unsorted(*, ascending: bool = False, **query: Any) -> Probe:
    def probe(client: Client) -> bool:
        moments = [row["created_at"] for row in client.get(query=query).rows]
        return moments != sorted(moments, reverse=not ascending)

    return probe


# ------------------------------------------------------------------------------------------------------- steps


def _ignored(rows: list[Row], _call: Call) -> list[Row]:
    return rows


def _limit(change: Callable[[int], int]) -> Step:
    return lambda rows, call: rows[: max(change(call.values["limit"]), 0)]


def _offset(change: Callable[[int, Call], int]) -> Step:
    return lambda rows, call: rows[max(change(call.values["offset"], call), 0) :]


def _default_limit(number: int) -> Step:
    return lambda rows, call: first(rows, call) if call.asks("limit") else rows[:number]


def _sorted_by(key: Callable[[Row], Any], *, reverse: bool = True) -> Step:
    return lambda rows, _call: sorted(rows, key=key, reverse=reverse)


def _sorted_pages(rows: list[Row], call: Call) -> list[Row]:
    """Cut first and sort what is left: each page is in order, the pages are not."""
    shuffled = sorted(rows, key=lambda row: row["id"])
    size = call.values["limit"]
    start = call.values["offset"]
    page = shuffled[start : start + size]
    return [*rows[:start], *_ORDERED(page, call)]


def _two_swapped(rows: list[Row], call: Call) -> list[Row]:
    rows = _ORDERED(rows, call)
    return [*rows[:24], rows[25], rows[24], *rows[26:]] if len(rows) > 26 else rows


def _shuffled_ties(rows: list[Row], call: Call) -> list[Row]:
    """Rows of the same hour come in another order at each call."""
    rng = random.Random(call.n)
    newest = call.values.get("order") != "asc"
    return sorted(rows, key=lambda row: (row["created_at"].replace(minute=0, second=0), rng.random()), reverse=newest)


def _repeats_last(rows: list[Row], call: Call) -> list[Row]:
    """The last page comes again for every offset beyond the end."""
    offset, limit = call.values["offset"], call.values["limit"]
    return rows[-limit:] if rows and limit and offset >= len(rows) else rows[offset:]


def _doubles_one(rows: list[Row], call: Call) -> list[Row]:
    rows = first(rows, call)
    return [*rows[:1], *rows[:-1]] if len(rows) > 3 else rows


def _short_pages(rows: list[Row], call: Call) -> list[Row]:
    """Rows that were queued are dropped after the page was cut, so that a page is short though more follow."""
    return [
        row for row in first(rows, call) if row["status"] != "execution.queued" or len(rows) <= call.values["limit"]
    ]


def _cursor(keep: Callable[[Row, Any], bool]) -> Step:
    def step(rows: list[Row], call: Call) -> list[Row]:
        cursor = zoned(call.values["cursor"])
        return rows if cursor is None else [row for row in rows if keep(row, cursor)]

    return step


def _cursor_skips(rows: list[Row], call: Call) -> list[Row]:
    rows = before_cursor(rows, call)
    return rows[1:] if call.values["cursor"] else rows


def _cursor_drops_filter(rows: list[Row], call: Call) -> list[Row]:
    if call.values["cursor"] and call.values["status"]:
        return before_cursor(newest_first(since(call.world.browser_runs, call), call), call)
    return before_cursor(rows, call)


def _limit_of_all(rows: list[Row], call: Call) -> list[Row]:
    """The limit is applied to the table and the filters to what is left."""
    newest = {row["session_id"] for row in call.world.browser_runs[: call.values["limit"]]}
    return [row for row in rows if row["session_id"] in newest]


def _cursor_loses_fractions(client: Client) -> bool:
    """A cursor a little after a row must keep it."""
    moment = next(str(row["created_at"]) for row in client.rows() if not row["created_at"].endswith(".999Z"))
    cursor = f"{moment[:-5]}.999Z"
    return str(client.rows(limit=1, cursor=cursor)[0]["created_at"]) != moment


_PAGING: tuple[tuple[str, str, str, dict[str, Step], Probe], ...] = (
    (_NX, "limit-ignored", "limit is ignored", {"limit": _ignored}, count_differs(3, limit=3)),
    (
        _NX,
        "limit-one-more",
        "one row more than limit is sent",
        {"limit": _limit(lambda n: n + 1)},
        count_differs(3, limit=3),
    ),
    (
        _NX,
        "limit-one-less",
        "one row less than limit is sent",
        {"limit": _limit(lambda n: n - 1)},
        count_differs(3, limit=3),
    ),
    (
        _NX,
        "limit-capped",
        "never more than 50 rows are sent",
        {"limit": _limit(lambda n: min(n, 50))},
        lambda c: len(c.rows()) == 50,
    ),
    (
        _NX,
        "limit-default-20",
        "20 rows are sent without a limit",
        {"limit": _default_limit(20)},
        lambda c: len(c.get().rows) == 20,
    ),
    (
        _NX,
        "limit-default-none",
        "all rows are sent without a limit",
        {"limit": _default_limit(10_000)},
        lambda c: len(c.get().rows) > 100,
    ),
    (
        _NX,
        "limit-zero-all",
        "limit=0 sends all rows",
        {"limit": _limit(lambda n: n or 10_000)},
        count_differs(0, limit=0),
    ),
    (_CC, "limit-ignored", "limit is ignored", {"limit": _ignored}, count_differs(2, limit=2)),
    (
        _CC,
        "limit-one-more",
        "one row more than limit is sent",
        {"limit": _limit(lambda n: n + 1)},
        count_differs(2, limit=2),
    ),
    (
        _CC,
        "limit-capped",
        "never more than 50 rows are sent",
        {"limit": _limit(lambda n: min(n, 50))},
        count_differs(60, limit=60),
    ),
    (
        _CC,
        "limit-default",
        "50 rows are sent without a limit",
        {"limit": _default_limit(50)},
        count_differs(USUAL.recent),
    ),
    (
        _CC,
        "order-ascending",
        "the oldest runs come first",
        {"order": _sorted_by(lambda r: r["created_at"], reverse=False)},
        unsorted(limit=9),
    ),
    (
        _CC,
        "order-by-id",
        "runs are ordered by session_id",
        {"order": _sorted_by(lambda r: r["session_id"])},
        unsorted(limit=9),
    ),
    (
        _CC,
        "order-by-end",
        "runs are ordered by execution_end",
        {"order": _sorted_by(lambda r: r["execution_end"] or r["created_at"] + timedelta(days=9))},
        unsorted(),
    ),
    (
        _CC,
        "cursor-inclusive",
        "the cursor's own row comes again",
        {"cursor": _cursor(lambda r, c: r["created_at"] <= c)},
        walk_differs(30),
    ),
    (_CC, "cursor-ignored", "cursor is ignored", {"cursor": _ignored}, walk_differs(30)),
    (
        _CC,
        "cursor-backwards",
        "cursor keeps what is newer",
        {"cursor": _cursor(lambda r, c: r["created_at"] > c)},
        walk_differs(30),
    ),
    (
        _CC,
        "cursor-skips",
        "each page after the first lacks its first row",
        {"cursor": _cursor_skips},
        walk_differs(30),
    ),
    (
        _CC,
        "cursor-whole-seconds",
        "the cursor's fraction of a second is cut off",
        {"cursor": _cursor(lambda r, c: r["created_at"] < c.replace(microsecond=0))},
        _cursor_loses_fractions,
    ),
    (
        _CC,
        "cursor-drops-status",
        "with a cursor the filter by status is ignored",
        {"cursor": _cursor_drops_filter},
        lambda client: any(
            r["status"] != "execution.start"
            for r in client.rows(status="execution.start", cursor=client.rows(limit=3)[2]["created_at"])
        ),
    ),
    (
        _CC,
        "page-short",
        "pages are shorter than limit though more rows follow",
        {"limit": _short_pages},
        walk_differs(30),
    ),
    (
        _CC,
        "limit-before-filter",
        "limit is applied before the filters",
        {"limit": _limit_of_all},
        lambda client: len(client.rows(status="execution.start", limit=8)) < 8,
    ),
    (_CC, "page-repeats-row", "each page has its first row twice", {"limit": _doubles_one}, walk_differs(30)),
    (
        _CC,
        "order-unstable",
        "rows of one hour come in another order at each call",
        {"order": _shuffled_ties},
        unsorted(),
    ),
    (_SK, "limit-ignored", "limit is ignored", {"limit": _ignored}, count_differs(3, limit=3)),
    (
        _SK,
        "limit-one-less",
        "one row less than limit is sent",
        {"limit": _limit(lambda n: n - 1)},
        count_differs(3, limit=3),
    ),
    (
        _SK,
        "limit-zero-default",
        "limit=0 is taken for the default",
        {"limit": _limit(lambda n: n or 20)},
        count_differs(0, limit=0),
    ),
    (_SK, "limit-default-100", "100 rows are sent without a limit", {"limit": _default_limit(100)}, count_differs(20)),
    (_SK, "limit-default-10", "10 rows are sent without a limit", {"limit": _default_limit(10)}, count_differs(20)),
    (
        _SK,
        "limit-capped",
        "never more than 50 rows are sent",
        {"limit": _limit(lambda n: min(n, 50))},
        count_differs(60, limit=60),
    ),
    (_SK, "offset-ignored", "offset is ignored", {"offset": _ignored}, walk_differs(25)),
    (
        _SK,
        "offset-one-less",
        "offset skips one row too few",
        {"offset": _offset(lambda n, _: n - 1)},
        walk_differs(25),
    ),
    (
        _SK,
        "offset-one-more",
        "offset skips one row too many",
        {"offset": _offset(lambda n, _: n + 1 if n else 0)},
        walk_differs(25),
    ),
    (
        _SK,
        "offset-in-pages",
        "offset counts pages",
        {"offset": _offset(lambda n, call: n * call.values["limit"])},
        walk_differs(25),
    ),
    (
        _SK,
        "offset-capped",
        "offset never skips more than 30 rows",
        {"offset": _offset(lambda n, _: min(n, 30))},
        walk_differs(20),
    ),
    (
        _SK,
        "offset-last-page",
        "beyond the end the last page comes again",
        {"offset": _repeats_last},
        count_differs(0, offset=5000),
    ),
    (
        _SK,
        "order-ignored",
        "order is ignored",
        {"order": newest_first},
        unsorted(ascending=True, order="asc", limit=9),
    ),
    (
        _SK,
        "order-reversed",
        "asc and desc are exchanged",
        {"order": lambda rows, call: _ORDERED(rows, call)[::-1]},
        unsorted(order="desc", limit=9),
    ),
    (
        _SK,
        "order-default-asc",
        "without an order the oldest come first",
        {"order": lambda rows, call: _ORDERED(rows, call)[:: 1 if call.asks("order") else -1]},
        unsorted(limit=9),
    ),
    (_SK, "order-by-id", "runs are ordered by id", {"order": _sorted_by(lambda r: r["id"])}, unsorted(limit=9)),
    (
        _SK,
        "order-within-pages",
        "each page is in order, the pages are not",
        {"order": _sorted_pages},
        lambda c: _pages_unsorted(c, 25),
    ),
    (
        _SK,
        "order-two-swapped",
        "two rows on the second page are exchanged",
        {"order": _two_swapped},
        unsorted(limit=100),
    ),
    (
        _SK,
        "order-unstable",
        "rows of one hour come in another order at each call",
        {"order": _shuffled_ties},
        unsorted(limit=100),
    ),
)


def _pages_unsorted(client: Client, size: int) -> bool:
    moments = [row["created_at"] for page in client.pages(size) for row in page]
    return moments != sorted(moments, reverse=True)


_NEEDS_MANY = {"limit-default-none"}
"""Seen only where there are more rows than the default limit."""


def _hourly(world: World) -> None:
    """All runs of an hour were created at its beginning."""
    for row in world.thread_runs:
        row["created_at"] = row["created_at"].replace(minute=0, second=0, microsecond=0)


def _ties_shuffled() -> Variant:
    words = "rows of the same created_at come in another order at each call, as without a tie-breaker"
    hooks: dict[str, Any] = {"seed": _hourly, "steps": {"order": _shuffled_ties}}
    return fault("seekrflow-list-ties-shuffled", _SK, "paging", words, walk_repeats(5), clauses="SD505", **hooks)


def _paging() -> Iterator[Variant]:
    yield _ties_shuffled()
    for op, name, words, steps, probe in _PAGING:
        size = MANY if name in _NEEDS_MANY else USUAL
        yield fault(f"{op.replace('.', '-')}-{name}", op, "paging", words, probe, clauses="SD5", steps=steps, size=size)


VARIANTS = tuple(_paging())
