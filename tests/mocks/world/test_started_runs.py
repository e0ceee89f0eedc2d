"""Started runs: they appear, move, end and keep what they were given, as the clock says and nothing else."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specduet.mocks.settings import CallerIdentity
from specduet.mocks.world import UnknownScopeValue
from specduet.mocks.world.derived_fields import ABSENT, get_path

Ask = Callable[..., Any]
BODY = {"crew_type": "ask", "task_input": {"question": "why?"}}
few = settings(max_examples=8, deadline=None)


def is_set(row: Any, path: str) -> bool:
    return get_path(row, path.split(".")) not in (None, ABSENT)


def polled(asked: Any, every: float, for_seconds: float) -> list[dict[str, Any]]:
    """The newest run, looked at again and again."""
    seen = []
    for _ in range(int(for_seconds / every)):
        seen.append(asked.rows(limit=1)[0])
        asked.clock.advance(every)
    return seen


def test_a_started_run_is_listed_first_and_fetched(ask: Ask) -> None:
    """It is the head of the list with its correlation id and body, and the detail is that very row."""
    asked = ask("nx1")
    before = asked.rows()
    answer = asked.start(BODY, **{"x-correlation-id": "my-own-id"})
    assert answer == {"correlation_id": "my-own-id", "status": "pending", "message": answer["message"]}
    head, *rest = asked.rows()
    assert rest == before
    assert (head["correlation_id"], head["crew_type"], head["task_input"]) == ("my-own-id", "ask", BODY["task_input"])
    fetch = asked.api.operation("get_run_api_crew_runs__run_id__get")
    assert json.loads(asked.world.fetch_row(fetch, {"run_id": UUID(head["id"])}, CallerIdentity())) == head
    assert asked.start(BODY)["correlation_id"] == asked.rows()[0]["correlation_id"] != "my-own-id"


def test_an_absent_body_field_is_null(ask: Ask) -> None:
    """What the request left out is null where the row allows that."""
    asked = ask("nx1")
    asked.start({"crew_type": "ask"})
    assert asked.rows()[0]["task_input"] is None


def test_what_the_row_forbids_is_not_copied(ask: Ask) -> None:
    """A value of the request that the row's schema refuses gives way to a made one."""
    asked = ask("jobs")
    job = asked.start({"kind": "gigantic", "label": "a label far too long for a row"})
    assert job["kind"] in {"small", "large"}
    assert job["label"] is None or len(job["label"]) <= 20


@given(seed=st.integers(0, 10**6))
@few
@pytest.mark.parametrize("every", [0.1, 0.3])
def test_polling_sees_a_run_move_and_end(ask: Ask, every: float, seed: int) -> None:
    """It goes from pending over running to an end, within three seconds, and each step lasts long enough to be seen."""
    asked = ask("nx1", seed=seed)
    asked.start(BODY)
    seen = polled(asked, every, 4)
    statuses = [status for status, _ in pairwise([*(row["status"] for row in seen), ""]) if status]
    steps = list(dict.fromkeys(statuses))
    assert steps[:2] == ["pending", "running"]
    assert steps[2:] in (["completed"], ["failed"])
    assert all(statuses.count(step) * every >= 0.4 - every for step in steps)
    assert seen[int(3 / every)]["status"] == steps[2]


@given(seed=st.integers(0, 10**6))
@few
@pytest.mark.parametrize("name", ["nx1", "jobs"])
def test_what_is_set_stays(ask: Ask, name: str, seed: int) -> None:
    """Fields are set when a statement says so, and a value once set never changes, but for the latest change."""
    asked = ask(name, seed=seed)
    asked.start(BODY)
    operation = asked.speaking("lists")[0]
    identity = asked.start({})
    (resource,) = asked.api.resources.values()
    key = resource.behavior.id.field
    wanted = identity.get(key) or asked.rows(limit=1)[0][key]
    seen = []
    for _ in range(12):
        seen.append(next(r for r in asked.world.dump_state()[resource.name] if r[key] == wanted))
        asked.clock.advance(0.3)
    for earlier, later in pairwise(seen):
        changed = {f for f in earlier if earlier[f] is not None and earlier[f] != later[f]}
        assert changed <= {resource.behavior.status.field, "updated", "open", "outcome"}
    rules = {rule.field: rule for rule in resource.behavior.set_when}
    for row in seen:
        status = row[resource.behavior.status.field]
        assert all(is_set(row, f) for f, rule in rules.items() if status in rule.set)
        assert all(not is_set(row, f) for f, rule in rules.items() if status in rule.unset)
    assert operation.behavior.order is not None


def test_some_runs_fail(ask: Ask) -> None:
    """About one in six ends otherwise than usual, always the same ones."""
    ends = []
    for _ in range(2):
        asked = ask("nx1")
        for _ in range(120):
            asked.start(BODY)
        asked.clock.advance(3)
        ends.append([row["status"] for row in asked.rows(limit=120)])
    assert ends[0] == ends[1]
    assert set(ends[0]) == {"completed", "failed"}
    assert 8 <= ends[0].count("failed") <= 35


def test_the_same_starts_give_the_same_runs(ask: Ask) -> None:
    """Ids come from the seed and the count of starts, and not from the time or from what was asked in between."""
    one, other = ask("nx1"), ask("nx1")
    first = [one.start(BODY) for _ in range(3)]
    other.rows()
    assert [other.start(BODY) for _ in range(3)] == first
    assert one.rows(limit=3) == other.rows(limit=3)


@given(own=st.lists(st.booleans(), min_size=1, max_size=150), seed=st.integers(0, 10**6))
@few
def test_an_answer_tells_what_the_row_has(ask: Ask, own: list[bool], seed: int) -> None:
    """Whether a run brings its own key or not, and whatever others brought: its key finds it, its place decides it."""
    asked, alone = ask("nx1", seed=seed), ask("nx1", seed=seed)
    usual = [alone.start(BODY) for _ in own]
    bodies = [{**BODY, "task_input": {"place": place}} for place in range(len(own))]
    answers = [
        asked.start(body, **({"x-correlation-id": f"own-{place}"} if brings else {}))
        for place, (body, brings) in enumerate(zip(bodies, own, strict=True))
    ]
    for place, (answer, brings) in enumerate(zip(answers, own, strict=True)):
        assert answer == (usual[place] | {"correlation_id": f"own-{place}"} if brings else usual[place])
    rows = asked.rows(limit=100)[: len(own)][::-1]
    assert [row["correlation_id"] for row in rows] == [answer["correlation_id"] for answer in answers][-100:]
    assert [row["task_input"] for row in rows] == [body["task_input"] for body in bodies][-100:]


def test_numbers_begin_anew_with_the_rows(ask: Ask) -> None:
    """An answer that tells a number and no more goes on from the rows there are, after a put and after a reset."""
    asked = ask("jobs")
    ticket = asked.api.operation("take_ticket")

    def taken(count: int) -> list[int]:
        return [json.loads(asked.world.create_row(ticket, {}, {}, CallerIdentity()))["number"] for _ in range(count)]

    assert taken(5) == list(range(61, 66))
    asked.world.replace_state({"job": [row for row in asked.world.dump_state()["job"] if row["number"] == 30]})
    assert taken(5) == list(range(31, 36))
    asked.world.reset()
    assert taken(150) == list(range(61, 211))


def test_state_is_a_function_of_time_alone(ask: Ask) -> None:
    """Looked at once and late, a run is as if watched all the time; where the clock goes back, so does the run."""
    watched, unwatched = ask("nx1"), ask("nx1")
    for asked in (watched, unwatched):
        asked.start(BODY)
    start = watched.world.dump_state()
    for _ in range(30):
        watched.rows()
        watched.clock.advance(0.1)
    unwatched.clock.advance(3)
    assert watched.world.dump_state() == unwatched.world.dump_state() != start
    watched.clock.advance(-3)
    assert watched.world.dump_state() == start


def test_pace_hurries(ask: Ask) -> None:
    """Ten times the pace ends ten times as soon."""
    asked = ask("nx1", pace=10.0)
    asked.start(BODY)
    asked.clock.advance(0.3)
    assert asked.rows()[0]["status"] in {"completed", "failed"}


def test_starts_at_one_moment_do_not_tie(ask: Ask) -> None:
    """While the clock stands still, each run is still created after the one before."""
    asked = ask("nx1")
    for _ in range(5):
        asked.start(BODY)
    moments = [row["created_at"] for row in asked.rows(limit=6)]
    assert moments == sorted(set(moments), reverse=True)


def test_seeded_runs_never_move(ask: Ask) -> None:
    """A month later they are what they were, also those that had not ended."""
    asked = ask("nx1")
    before = asked.rows()
    asked.clock.advance(timedelta(days=31).total_seconds())
    assert asked.rows() == before


def test_moving_runs_are_found_by_what_they_are_now(ask: Ask) -> None:
    """A list under the latest change follows runs as they move, and loses none of them."""
    asked = ask("jobs")
    queue = asked.world.scope_values()["queue"][1]
    started = set()
    for _ in range(24):
        if len(started) < 8:
            started.add(asked.start({"kind": "small"}, queue=queue)["number"])
        rows = asked.rows(queue=queue, kind="small", limit=100)
        assert started <= {row["number"] for row in rows}
        assert [row["updated"] for row in rows] == sorted(row["updated"] for row in rows)
        asked.clock.advance(0.37)


def test_a_run_starts_in_its_scope(ask: Ask) -> None:
    """The path of the start says where; a scope that nobody knows is answered as the overlay says."""
    asked = ask("jobs")
    empty = asked.world.scope_values()["queue"][2]
    job = asked.start({}, queue=empty)
    assert [row["number"] for row in asked.rows(queue=empty)] == [job["number"]]
    with pytest.raises(UnknownScopeValue):
        asked.start({}, queue=1)


def test_a_run_belongs_to_who_started_it(ask: Ask) -> None:
    """The caller's name is the owner; without one it is somebody's that the world knows."""
    asked = ask("nx1")
    asked.start(BODY, CallerIdentity("dana"))
    assert asked.rows(CallerIdentity("dana"))[0]["owner_id"] == "dana"
    asked.start(BODY)
    assert asked.rows()[0]["owner_id"] in asked.world.list_owners()


def test_numbers_go_on(ask: Ask) -> None:
    """Ids that are numbers count up: the run started last has the highest."""
    asked = ask("jobs")
    numbers = [row["number"] for row in asked.world.dump_state()["job"]]
    assert sorted(numbers) == list(range(1, 61))
    assert asked.start({})["number"] == 61


def test_decoded_parameters_become_json(ask: Ask) -> None:
    """A header that was decoded to a UUID is text in the row."""
    asked = ask("jobs")
    trace = UUID("0d9d5a40-0000-4000-8000-000000000001")
    assert asked.start({}, **{"x-trace": trace})["trace"] == str(trace)
    assert "trace" in asked.start({})


def test_numbers_go_on_after_a_put(ask: Ask) -> None:
    """Ids that are numbers never meet those of rows that were put there."""
    asked = ask("jobs")
    (row, *_) = asked.world.dump_state()["job"]
    asked.world.replace_state({"job": [{**row, "number": 4711}]})
    assert [asked.start({})["number"] for _ in range(2)] == [4712, 4713]
