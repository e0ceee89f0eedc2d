"""The world as a whole: taken, put back, reset; and its rows watched."""

import asyncio
import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from specduet.mocks.settings import CallerIdentity
from specduet.specs import UsageError

Ask = Callable[..., Any]
APIS = ("cloudcruise", "nx1", "seekrflow", "jobs")


@pytest.mark.parametrize("name", APIS)
def test_what_was_taken_can_be_put(ask: Ask, name: str) -> None:
    """A state put back is the state, list and all, and outlives time."""
    asked = ask(name)
    if asked.speaking("creates"):
        asked.start({"crew_type": "ask"})
    state, rows = asked.world.dump_state(), asked.rows()
    other = ask(name, runs=5)
    other.world.replace_state(copy.deepcopy(state))
    assert other.world.dump_state() == state
    assert other.rows() == rows
    other.clock.advance(10)
    assert other.world.dump_state() == state


@pytest.mark.parametrize("name", APIS)
def test_reset_returns_to_the_seed(ask: Ask, name: str) -> None:
    """What was put or started is gone; ids of starts begin anew."""
    asked = ask(name)
    seeded = asked.world.dump_state()
    started = [asked.start({"crew_type": "ask"})] if asked.speaking("creates") else []
    asked.world.replace_state({resource: [] for resource in seeded})
    assert all(rows == [] for rows in asked.world.dump_state().values())
    asked.world.reset()
    assert asked.world.dump_state() == seeded
    assert started == ([asked.start({"crew_type": "ask"})] if started else [])


def test_the_first_scope_comes_first(ask: Ask) -> None:
    """The state has the rows of the first scope before those of the second, each newest first."""
    asked = ask("seekrflow")
    threads = asked.world.scope_values()["thread_id"]
    rows = asked.world.dump_state()["run"]
    assert [row["thread_id"] for row in rows] == [threads[0]] * 50 + [threads[1]] * 10
    assert rows[:20] == asked.rows()


def test_scopes_follow_what_is_put(ask: Ask) -> None:
    """The scopes of put rows come first, those that are empty now stay known."""
    asked = ask("seekrflow")
    threads = asked.world.scope_values()["thread_id"]
    row = {**asked.world.dump_state()["run"][0], "thread_id": "thread_of_mine"}
    asked.world.replace_state({"run": [row]})
    assert asked.world.scope_values()["thread_id"] == ["thread_of_mine", *threads]
    assert asked.rows() == [row]
    assert asked.rows(thread_id=threads[0]) == []


def test_rows_without_optional_fields(ask: Ask) -> None:
    """A put row may lack what the schema does not demand, also the field that orders the list."""
    asked = ask("cloudcruise")
    row = {"session_id": "0d9d5a40-0000-4000-8000-000000000001", "status": "execution.start"}
    asked.world.replace_state({"run": [row]})
    assert asked.rows() == []
    assert asked.world.dump_state() == {"run": [row]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[3].update(status="done"), "row 3 of 'run' breaks the schema at /status"),
        (lambda rows: rows[0].pop("model"), "row 0 of 'run' breaks the schema"),
        (lambda rows: rows[1].update(id=rows[0]["id"]), "row 1 of 'run' has the same 'id'"),
        (lambda rows: rows[2].update(model="\ud800"), "row 2 of 'run' is no JSON"),
    ],
)
def test_wrong_rows_are_refused(ask: Ask, change: Callable[[list[Any]], Any], message: str) -> None:
    """A row that breaks the schema is an operator error that says which and where, and nothing is changed."""
    asked = ask("seekrflow")
    before = asked.world.dump_state()
    wrong = copy.deepcopy(before)
    change(wrong["run"])
    with pytest.raises(UsageError) as refused:
        asked.world.replace_state(wrong)
    assert message in str(refused.value)
    assert asked.world.dump_state() == before


@pytest.mark.parametrize("state", [[], None, {"runs": []}, {"run": {}}, {"run": [1]}])
def test_what_is_no_state_is_refused(ask: Ask, state: Any) -> None:
    """Another shape, or a resource that nobody knows, likewise."""
    with pytest.raises(UsageError):
        ask("seekrflow").world.replace_state(state)


def events(asked: Any, correlation_id: str) -> Any:
    operation = asked.speaking("watches")[0]
    found = asked.world.list_status_events(operation, {"cid": correlation_id}, CallerIdentity())
    return None if found is None else [json.loads(event) for event in found]


def test_watching_tells_what_has_been(ask: Ask) -> None:
    """Every status so far with its moment, ending in what the row is; nothing for an id that nobody knows."""
    asked = ask("nx1")
    for row in asked.rows():
        told = events(asked, row["correlation_id"])
        assert told[0]["timestamp"] == row["created_at"]
        assert told[-1]["status"] == row["status"]
        assert [e["timestamp"] for e in told] == sorted(e["timestamp"] for e in told)
    assert events(asked, "nobody") is None


def test_a_started_run_is_told_as_it_goes(ask: Ask) -> None:
    """One event after the other, as time passes."""
    asked = ask("nx1")
    cid = asked.start({"crew_type": "ask"})["correlation_id"]
    counts = []
    for _ in range(10):
        counts.append(len(events(asked, cid)))
        asked.clock.advance(0.3)
    assert counts == sorted(counts)
    assert set(counts) == {1, 2, 3}


def test_following_ends_with_the_run(ask: Ask) -> None:
    """The stream tells each status once and is over with the last; for a row that never moves it is over at once."""
    asked = ask("nx1", pace=1000.0)
    asked.clock.resume()
    operation = asked.speaking("watches")[0]
    cid = asked.start({"crew_type": "ask"})["correlation_id"]
    pending = next(row for row in asked.rows() if row["status"] == "pending" and row["correlation_id"] != cid)

    async def told(correlation_id: str) -> list[str]:
        stream = asked.world.stream_status_events(operation, {"cid": correlation_id}, CallerIdentity())
        return [json.loads(event)["status"] async for event in stream]

    assert asyncio.run(told(cid)) in (["pending", "running", "completed"], ["pending", "running", "failed"])
    assert asyncio.run(told(pending["correlation_id"])) == ["pending"]
    assert asked.world.stream_status_events(operation, {"cid": "nobody"}, CallerIdentity()) is None


def test_the_latest_of_two_with_one_correlation_id(ask: Ask) -> None:
    """Where requests gave two runs the same id, asking for it finds the one started last."""
    asked = ask("nx1")
    for kind in ("ask", "classification"):
        asked.start({"crew_type": kind}, **{"x-correlation-id": "twice"})
    assert events(asked, "twice")[0]["timestamp"] == asked.rows()[0]["created_at"]
    assert asked.rows()[0]["crew_type"] == "classification"
