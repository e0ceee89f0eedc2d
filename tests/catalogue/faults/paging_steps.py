"""Steps and probes of paging that faults of several APIs share."""

import random
from collections.abc import Callable
from typing import Any

from tests.catalogue.changes import FakeCall, ListStep
from tests.catalogue.fake_world import FakeRow
from tests.catalogue.list_steps import take_limit
from tests.catalogue.probe_client import ID_FIELDS, FaultProbe, ProbeClient


def probe_walk(size: int) -> FaultProbe:
    """Return a probe that is true where a walk over pages misses or repeats a row, or ends too early."""

    def probe(client: ProbeClient) -> bool:
        name = ID_FIELDS[client.api]
        walked = [row[name] for page in client.walk_pages(size) for row in page]
        return walked != [row[name] for row in client.get_rows()]

    return probe


def probe_repeats(size: int) -> FaultProbe:
    """Return a probe that is true where a walk over pages shows a row twice."""

    def probe(client: ProbeClient) -> bool:
        walked = [row["id"] for page in client.walk_pages(size) for row in page]
        return len(walked) > len(set(walked))

    return probe


def probe_count(expected: int, **query: Any) -> FaultProbe:
    """Return a probe that is true where a list has another number of rows than expected."""
    return lambda client: len(client.get(query=query).rows) != expected


def probe_order(*, ascending: bool = False, **query: Any) -> FaultProbe:
    """Return a probe that is true where a list is not sorted by ``created_at``."""

    def probe(client: ProbeClient) -> bool:
        timestamps = [row["created_at"] for row in client.get(query=query).rows]
        return timestamps != sorted(timestamps, reverse=not ascending)

    return probe


def change_limit(change: Callable[[int], int]) -> ListStep:
    return lambda rows, call: rows[: max(change(call.values["limit"]), 0)]


def change_offset(change: Callable[[int, FakeCall], int]) -> ListStep:
    return lambda rows, call: rows[max(change(call.values["offset"], call), 0) :]


def set_default_limit(number: int) -> ListStep:
    return lambda rows, call: take_limit(rows, call) if call.has_query("limit") else rows[:number]


def sort_by(key: Callable[[FakeRow], Any], *, reverse: bool = True) -> ListStep:
    return lambda rows, _call: sorted(rows, key=key, reverse=reverse)


def shuffle_hours(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Sort the hours, and shuffle the rows of each hour anew at each call."""
    rng = random.Random(call.number)
    is_newest_first = call.values.get("order") != "asc"
    return sorted(
        rows, key=lambda row: (row["created_at"].replace(minute=0, second=0), rng.random()), reverse=is_newest_first
    )
