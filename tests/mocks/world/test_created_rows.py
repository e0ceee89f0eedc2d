"""Created rows: they appear, change, end and keep their values, by the clock and nothing else."""

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

MakeClient = Callable[..., Any]
BODY = {"crew_type": "ask", "task_input": {"question": "why?"}}
few = settings(max_examples=8, deadline=None)


def is_set(row: Any, path: str) -> bool:
    return get_path(row, path.split(".")) not in (None, ABSENT)


def poll_newest_row(client: Any, every: float, for_seconds: float) -> list[dict[str, Any]]:
    """Return the newest row, fetched again and again."""
    seen = []
    for _ in range(int(for_seconds / every)):
        seen.append(client.rows(limit=1)[0])
        client.clock.advance(every)
    return seen


def test_a_created_row_is_listed_first_and_fetched(make_client: MakeClient) -> None:
    """A created row heads the list with its correlation id and body, and its detail is the same row."""
    client = make_client("nx1")
    before = client.rows()
    answer = client.create(BODY, **{"x-correlation-id": "my-own-id"})
    assert answer == {"correlation_id": "my-own-id", "status": "pending", "message": answer["message"]}
    head, *rest = client.rows()
    assert rest == before
    assert (head["correlation_id"], head["crew_type"], head["task_input"]) == ("my-own-id", "ask", BODY["task_input"])
    fetch = client.api.operation("get_run_api_crew_runs__run_id__get")
    assert json.loads(client.world.fetch_row(fetch, {"run_id": UUID(head["id"])}, CallerIdentity())) == head
    assert client.create(BODY)["correlation_id"] == client.rows()[0]["correlation_id"] != "my-own-id"


def test_an_absent_body_field_is_null(make_client: MakeClient) -> None:
    """A field of the body that the request leaves out is null where the row allows that."""
    client = make_client("nx1")
    client.create({"crew_type": "ask"})
    assert client.rows()[0]["task_input"] is None


def test_what_the_row_forbids_is_not_copied(make_client: MakeClient) -> None:
    """A value of the request that the row's schema forbids gives way to a generated one."""
    client = make_client("jobs")
    job = client.create({"kind": "gigantic", "label": "a label far too long for a row"})
    assert job["kind"] in {"small", "large"}
    assert job["label"] is None or len(job["label"]) <= 20


@given(seed=st.integers(0, 10**6))
@few
@pytest.mark.parametrize("every", [0.1, 0.3])
def test_polling_sees_a_row_change_and_end(make_client: MakeClient, every: float, seed: int) -> None:
    """A created row goes from pending over running to an end within three seconds, slowly enough to be seen."""
    client = make_client("nx1", seed=seed)
    client.create(BODY)
    seen = poll_newest_row(client, every, 4)
    statuses = [status for status, _ in pairwise([*(row["status"] for row in seen), ""]) if status]
    steps = list(dict.fromkeys(statuses))
    assert steps[:2] == ["pending", "running"]
    assert steps[2:] in (["completed"], ["failed"])
    assert all(statuses.count(step) * every >= 0.4 - every for step in steps)
    assert seen[int(3 / every)]["status"] == steps[2]


@given(seed=st.integers(0, 10**6))
@few
@pytest.mark.parametrize("name", ["nx1", "jobs"])
def test_what_is_set_stays(make_client: MakeClient, name: str, seed: int) -> None:
    """Fields are set when a statement says so, and a value once set never changes, but for the latest change."""
    client = make_client(name, seed=seed)
    client.create(BODY)
    operation = client.operations_with("lists")[0]
    identity = client.create({})
    resource = client.api.resources[operation.behavior.lists.resource]
    key = resource.behavior.id.field
    created_id = identity.get(key) or client.rows(limit=1)[0][key]
    seen = []
    for _ in range(12):
        seen.append(next(r for r in client.world.dump_state()[resource.name] if r[key] == created_id))
        client.clock.advance(0.3)
    for earlier, later in pairwise(seen):
        changed = {f for f in earlier if earlier[f] is not None and earlier[f] != later[f]}
        assert changed <= {resource.behavior.status.field, "updated", "open", "outcome"}
    rules = {rule.field: rule for rule in resource.behavior.set_when}
    for row in seen:
        status = row[resource.behavior.status.field]
        assert all(is_set(row, f) for f, rule in rules.items() if status in rule.set)
        assert all(not is_set(row, f) for f, rule in rules.items() if status in rule.unset)
    assert operation.behavior.order is not None


def test_some_rows_end_in_failure(make_client: MakeClient) -> None:
    """About one row in six ends in another status than usual, always the same ones."""
    ends = []
    for _ in range(2):
        client = make_client("nx1")
        for _ in range(120):
            client.create(BODY)
        client.clock.advance(3)
        ends.append([row["status"] for row in client.rows(limit=120)])
    assert ends[0] == ends[1]
    assert set(ends[0]) == {"completed", "failed"}
    assert 8 <= ends[0].count("failed") <= 35


def test_the_same_requests_create_the_same_rows(make_client: MakeClient) -> None:
    """Ids come from the seed and the number of created rows, not from the time or from requests in between."""
    left, right = make_client("nx1"), make_client("nx1")
    first = [left.create(BODY) for _ in range(3)]
    right.rows()
    assert [right.create(BODY) for _ in range(3)] == first
    assert left.rows(limit=3) == right.rows(limit=3)


@given(own=st.lists(st.booleans(), min_size=1, max_size=150), seed=st.integers(0, 10**6))
@few
def test_a_response_shows_the_values_of_the_row(make_client: MakeClient, own: list[bool], seed: int) -> None:
    """A response shows the row's key and the rest follows from its number, whatever keys other requests bring."""
    client, alone = make_client("nx1", seed=seed), make_client("nx1", seed=seed)
    usual = [alone.create(BODY) for _ in own]
    bodies = [{**BODY, "task_input": {"place": place}} for place in range(len(own))]
    answers = [
        client.create(body, **({"x-correlation-id": f"own-{place}"} if brings else {}))
        for place, (body, brings) in enumerate(zip(bodies, own, strict=True))
    ]
    for place, (answer, brings) in enumerate(zip(answers, own, strict=True)):
        assert answer == (usual[place] | {"correlation_id": f"own-{place}"} if brings else usual[place])
    rows = client.rows(limit=100)[: len(own)][::-1]
    assert [row["correlation_id"] for row in rows] == [answer["correlation_id"] for answer in answers][-100:]
    assert [row["task_input"] for row in rows] == [body["task_input"] for body in bodies][-100:]


def test_numbers_continue_from_the_rows_there_are(make_client: MakeClient) -> None:
    """A response that shows a number alone counts on from the rows there are, after a put and after a reset."""
    client = make_client("jobs")
    ticket = client.api.operation("take_ticket")

    def create_tickets(count: int) -> list[int]:
        return [json.loads(client.world.create_row(ticket, {}, {}, CallerIdentity()))["number"] for _ in range(count)]

    assert create_tickets(5) == list(range(61, 66))
    client.world.replace_state({"job": [row for row in client.world.dump_state()["job"] if row["number"] == 30]})
    assert create_tickets(5) == list(range(31, 36))
    client.world.reset()
    assert create_tickets(150) == list(range(61, 211))


def test_state_is_a_function_of_time_alone(make_client: MakeClient) -> None:
    """A row read once and late is as if it was read all the time, and it goes back with the clock."""
    watched, unwatched = make_client("nx1"), make_client("nx1")
    for client in (watched, unwatched):
        client.create(BODY)
    start = watched.world.dump_state()
    for _ in range(30):
        watched.rows()
        watched.clock.advance(0.1)
    unwatched.clock.advance(3)
    assert watched.world.dump_state() == unwatched.world.dump_state() != start
    watched.clock.advance(-3)
    assert watched.world.dump_state() == start


def test_pace_hurries(make_client: MakeClient) -> None:
    """At ten times the pace a row ends ten times as soon."""
    client = make_client("nx1", pace=10.0)
    client.create(BODY)
    client.clock.advance(0.3)
    assert client.rows()[0]["status"] in {"completed", "failed"}


def test_rows_created_at_one_time_do_not_tie(make_client: MakeClient) -> None:
    """Each row is created after the one before, also while the clock stands still."""
    client = make_client("nx1")
    for _ in range(5):
        client.create(BODY)
    moments = [row["created_at"] for row in client.rows(limit=6)]
    assert moments == sorted(set(moments), reverse=True)


def test_seeded_rows_never_change(make_client: MakeClient) -> None:
    """Seeded rows are the same a month later, also those that had not ended."""
    client = make_client("nx1")
    before = client.rows()
    client.clock.advance(timedelta(days=31).total_seconds())
    assert client.rows() == before


def test_changing_rows_are_found_by_their_current_values(make_client: MakeClient) -> None:
    """A list sorted by the latest change follows rows as they change, and loses none of them."""
    client = make_client("jobs")
    queue = client.world.scope_values()["queue"][1]
    started = set()
    for _ in range(24):
        if len(started) < 8:
            started.add(client.create({"kind": "small"}, queue=queue)["number"])
        rows = client.rows(queue=queue, kind="small", limit=100)
        assert started <= {row["number"] for row in rows}
        assert [row["updated"] for row in rows] == sorted(row["updated"] for row in rows)
        client.clock.advance(0.37)


def test_a_row_is_created_in_its_scope(make_client: MakeClient) -> None:
    """A row is created in the scope of the request's path; an unknown scope raises the overlay's status."""
    client = make_client("jobs")
    empty = client.world.scope_values()["queue"][2]
    job = client.create({}, queue=empty)
    assert [row["number"] for row in client.rows(queue=empty)] == [job["number"]]
    with pytest.raises(UnknownScopeValue):
        client.create({}, queue=1)


def test_a_row_belongs_to_its_creator(make_client: MakeClient) -> None:
    """The caller is the owner of a created row; without a name the owner is one that the world knows."""
    client = make_client("nx1")
    client.create(BODY, CallerIdentity("dana"))
    assert client.rows(CallerIdentity("dana"))[0]["owner_id"] == "dana"
    client.create(BODY)
    assert client.rows()[0]["owner_id"] in client.world.list_owners()


def test_numbers_count_up(make_client: MakeClient) -> None:
    """Ids that are numbers count up: the row created last has the highest."""
    client = make_client("jobs")
    numbers = [row["number"] for row in client.world.dump_state()["job"]]
    assert sorted(numbers) == list(range(1, 61))
    assert client.create({})["number"] == 61


def test_decoded_parameters_become_json(make_client: MakeClient) -> None:
    """A header that was decoded to a UUID is text in the row."""
    client = make_client("jobs")
    trace = UUID("0d9d5a40-0000-4000-8000-000000000001")
    assert client.create({}, **{"x-trace": trace})["trace"] == str(trace)
    assert "trace" in client.create({})


def test_numbers_count_up_after_a_put(make_client: MakeClient) -> None:
    """Ids that are numbers never repeat those of rows that were put there."""
    client = make_client("jobs")
    (row, *_) = client.world.dump_state()["job"]
    client.world.replace_state({"job": [{**row, "number": 4711}]})
    assert [client.create({})["number"] for _ in range(2)] == [4712, 4713]
