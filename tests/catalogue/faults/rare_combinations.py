"""Rare faults of combinations: certain parameters together, or two requests at the same time."""

from collections.abc import Iterator
from functools import partial

from tests.catalogue.changes import FakeAnswer, FakeCall, ListStep
from tests.catalogue.fake_world import LARGE_SIZE, FakeRow
from tests.catalogue.list_steps import keep_equal, take_limit
from tests.catalogue.operations import CLOUDCRUISE_LIST, LIST_OPS, SEEKRFLOW_LIST, to_dashed
from tests.catalogue.probe_client import ProbeClient
from tests.catalogue.variant import Variant, fault

_fault = partial(fault, family="rare", clauses="SD5")


def ignore_step_with(parameter: str, others: tuple[str, ...], step: ListStep) -> ListStep:
    """Return a step that is left out where a parameter and all these others are given."""
    return lambda rows, call: rows if all(call.has_query(name) for name in (parameter, *others)) else step(rows, call)


def drop_hundredth_row(rows: list[FakeRow], call: FakeCall) -> list[FakeRow]:
    """Take ``limit`` rows, and lose the hundredth of more than a hundred."""
    rows = take_limit(rows, call)
    return [*rows[:99], *rows[100:]] if call.values["limit"] > 100 else rows


def has_wrong_triple(client: ProbeClient) -> bool:
    everything = client.get().rows
    row = next(row for row in everything if row["workflow_id"] and row["status"] == "execution.failed")
    query = {"status": row["status"], "workflow_id": row["workflow_id"], "limit": 1}
    return len(client.get(query=query).rows) != 1


async def mix_up_queries(call: FakeCall) -> FakeAnswer | None:
    """Keep the query where the next request overwrites it before it is used."""
    call.world.memory["query"] = call.values
    await call.clock.sleep(0.02)
    call.values = call.world.memory["query"]
    return None


async def fail_together(call: FakeCall) -> FakeAnswer | None:
    is_busy = call.active_calls > 1
    await call.clock.sleep(0.02)
    return FakeAnswer(500, b"database is locked", media_type="text/plain") if is_busy else None


def has_mixed_up_lists(client: ProbeClient) -> bool:
    responses = client.get_together({"limit": 2}, {"limit": 5})
    return sorted(len(response.rows) for response in responses) != [2, 5]


def has_concurrent_failure(client: ProbeClient) -> bool:
    return any(response.status == 500 for response in client.get_together({"limit": 1}, {"limit": 1}))


def has_several_workflows_with_cursor(client: ProbeClient) -> bool:
    rows = client.get_rows()
    workflow_id = next(row["workflow_id"] for row in rows if row["workflow_id"])
    found = client.get_rows(workflow_id=workflow_id, cursor=rows[9]["created_at"])
    return len({row["workflow_id"] for row in found}) > 1


def build_mixed_up_faults() -> Iterator[Variant]:
    """Yield the lists of the three APIs, each with a query that the next request overwrites."""
    for op in LIST_OPS:
        name, sentence = f"{to_dashed(op)}-together-mixed-up", "two lists at the same time are given the same query"
        yield _fault(name, op, sentence, has_mixed_up_lists, clauses="SD5 SD7", before=mix_up_queries)


FAULTS: tuple[Variant, ...] = (
    *build_mixed_up_faults(),
    _fault(
        "cloudcruise-list-together-500",
        CLOUDCRUISE_LIST,
        "of two lists at the same time one fails",
        has_concurrent_failure,
        clauses="SD7",
        before=fail_together,
    ),
    _fault(
        "cloudcruise-list-limit-three",
        CLOUDCRUISE_LIST,
        "limit is ignored when status and workflow_id are given",
        has_wrong_triple,
        steps={"limit": ignore_step_with("limit", ("status", "workflow_id"), take_limit)},
    ),
    _fault(
        "cloudcruise-list-cursor-workflow",
        CLOUDCRUISE_LIST,
        "workflow_id is ignored when a cursor is given",
        has_several_workflows_with_cursor,
        steps={"workflow_id": ignore_step_with("workflow_id", ("cursor",), keep_equal("workflow_id", "workflow_id"))},
    ),
    _fault(
        "seekrflow-list-asc-offset",
        SEEKRFLOW_LIST,
        "offset is ignored in ascending order",
        lambda c: c.get_ids(order="asc", offset=3) == c.get_ids(order="asc"),
        steps={"offset": lambda rows, call: rows if call.values["order"] == "asc" else rows[call.values["offset"] :]},
    ),
    _fault(
        "seekrflow-list-limit-over-100",
        SEEKRFLOW_LIST,
        "a limit above 100 loses the hundredth row",
        lambda c: c.get_rows(limit=101)[:100] != c.get_rows(limit=100),
        steps={"limit": drop_hundredth_row},
        size=LARGE_SIZE,
    ),
)
