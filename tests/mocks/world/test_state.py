"""The state of a world: dumped, put back and reset; and the status events of its rows."""

import asyncio
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from specduet.mocks.settings import CallerIdentity
from specduet.specs import UsageError

MakeClient = Callable[..., Any]
APIS = ("cloudcruise", "nx1", "seekrflow", "jobs")


@pytest.mark.parametrize("name", APIS)
def test_a_dumped_state_can_be_put_back(make_client: MakeClient, name: str) -> None:
    """A state that is put into another world is the same there, in lists too, and does not change with time."""
    client = make_client(name)
    if client.operations_with("creates"):
        client.create({"crew_type": "ask"})
    state, rows = client.world.dump_state(), client.rows()
    right = make_client(name, runs=5)
    right.world.replace_state(copy.deepcopy(state))
    assert right.world.dump_state() == state
    assert right.rows() == rows
    right.clock.advance(10)
    assert right.world.dump_state() == state


@pytest.mark.parametrize("name", APIS)
def test_reset_returns_to_the_seed(make_client: MakeClient, name: str) -> None:
    """After a reset, rows that were put or created are gone, and ids of created rows begin again."""
    client = make_client(name)
    seeded = client.world.dump_state()
    started = [client.create({"crew_type": "ask"})] if client.operations_with("creates") else []
    client.world.replace_state({resource: [] for resource in seeded})
    assert all(rows == [] for rows in client.world.dump_state().values())
    client.world.reset()
    assert client.world.dump_state() == seeded
    assert started == ([client.create({"crew_type": "ask"})] if started else [])


def test_the_first_scope_comes_first(make_client: MakeClient) -> None:
    """The state has the rows of the first scope before those of the second, each newest first."""
    client = make_client("seekrflow")
    threads = client.world.scope_values()["thread_id"]
    rows = client.world.dump_state()["run"]
    assert [row["thread_id"] for row in rows] == [threads[0]] * 50 + [threads[1]] * 10
    assert rows[:20] == client.rows()


def test_scopes_follow_what_is_put(make_client: MakeClient) -> None:
    """The scopes of put rows come first, those that are empty now stay known."""
    client = make_client("seekrflow")
    threads = client.world.scope_values()["thread_id"]
    row = {**client.world.dump_state()["run"][0], "thread_id": "thread_of_mine"}
    client.world.replace_state({"run": [row]})
    assert client.world.scope_values()["thread_id"] == ["thread_of_mine", *threads]
    assert client.rows() == [row]
    assert client.rows(thread_id=threads[0]) == []


def test_rows_without_optional_fields(make_client: MakeClient) -> None:
    """A put row may lack what the schema does not demand, also the field that orders the list."""
    client = make_client("cloudcruise")
    row = {"session_id": "0d9d5a40-0000-4000-8000-000000000001", "status": "execution.start"}
    client.world.replace_state({"run": [row]})
    assert client.rows() == []
    assert client.world.dump_state() == {"run": [row]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[3].update(status="done"), "row 3 of 'run' breaks the schema at /status"),
        (lambda rows: rows[0].update(model=7), "row 0 of 'run' breaks the schema at /model"),
        (lambda rows: rows[1].update(id=rows[0]["id"]), "row 1 of 'run' has the same 'id'"),
        (lambda rows: rows[2].update(model="\ud800"), "row 2 of 'run' is no JSON"),
    ],
)
def test_invalid_rows_are_rejected(make_client: MakeClient, change: Callable[[list[Any]], Any], message: str) -> None:
    """An invalid row is an operator error that names the row and the place, and nothing is changed."""
    client = make_client("seekrflow")
    before = client.world.dump_state()
    wrong = copy.deepcopy(before)
    change(wrong["run"])
    with pytest.raises(UsageError) as raised:
        client.world.replace_state(wrong)
    assert message in str(raised.value)
    assert client.world.dump_state() == before


@pytest.mark.parametrize("state", [[], None, {"walk": []}, {"run": {}}, {"run": [1]}, {"run": [], "runs": []}])
def test_an_invalid_state_is_rejected(make_client: MakeClient, state: Any) -> None:
    """A state of another shape, or with an unknown resource, is an operator error."""
    with pytest.raises(UsageError):
        make_client("seekrflow").world.replace_state(state)


def events(client: Any, correlation_id: str) -> Any:
    operation = client.operations_with("watches")[0]
    feed = client.world.follow_rows(operation, {"cid": correlation_id}, CallerIdentity())
    return None if feed is None else [json.loads(event.data) for event in feed.list_due()]


def test_events_show_past_statuses(make_client: MakeClient) -> None:
    """Events show every status so far with its time, up to the current one; an unknown id has none."""
    client = make_client("nx1")
    for row in client.rows():
        shown = events(client, row["correlation_id"])
        assert shown[0]["timestamp"] == row["created_at"]
        assert shown[-1]["status"] == row["status"]
        assert [e["timestamp"] for e in shown] == sorted(e["timestamp"] for e in shown)
    assert events(client, "nobody") is None


def test_events_of_a_created_row_come_with_time(make_client: MakeClient) -> None:
    """A created row has one more event after each change of its status."""
    client = make_client("nx1")
    cid = client.create({"crew_type": "ask"})["correlation_id"]
    counts = []
    for _ in range(10):
        counts.append(len(events(client, cid)))
        client.clock.advance(0.3)
    assert counts == sorted(counts)
    assert set(counts) == {1, 2, 3}


def test_the_stream_ends_with_the_last_status(make_client: MakeClient) -> None:
    """The stream has each status once and ends with the last; for a row that never changes it ends at once."""
    client = make_client("nx1", pace=1000.0)
    client.clock.resume()
    operation = client.operations_with("watches")[0]
    cid = client.create({"crew_type": "ask"})["correlation_id"]
    pending = next(row for row in client.rows() if row["status"] == "pending" and row["correlation_id"] != cid)

    async def stream_statuses(correlation_id: str) -> list[str]:
        feed = client.world.follow_rows(operation, {"cid": correlation_id}, CallerIdentity())
        return [json.loads(event.data)["status"] async for event in feed.follow()]

    assert asyncio.run(stream_statuses(cid)) in (["pending", "running", "completed"], ["pending", "running", "failed"])
    assert asyncio.run(stream_statuses(pending["correlation_id"])) == ["pending"]
    assert client.world.follow_rows(operation, {"cid": "nobody"}, CallerIdentity()) is None


def test_the_latest_of_two_with_one_correlation_id(make_client: MakeClient) -> None:
    """An id that requests gave to two rows finds the one created last."""
    client = make_client("nx1")
    for kind in ("ask", "classification"):
        client.create({"crew_type": kind}, **{"x-correlation-id": "twice"})
    assert events(client, "twice")[0]["timestamp"] == client.rows()[0]["created_at"]
    assert client.rows()[0]["crew_type"] == "classification"
