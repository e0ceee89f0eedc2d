"""Lists: every combination of filters, window, cursor, order, limit and offset against a plain reading of the state."""

import cProfile
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specduet.mocks.settings import CallerIdentity, Credential
from specduet.mocks.world import UnknownScopeValue, WindowTooOld
from specduet.specs import UsageError

MakeClient = Callable[..., Any]
thorough = settings(max_examples=60, deadline=None)
LIMITS = st.one_of(st.integers(-3, 70), st.sampled_from([10**6, 10**30]))


@pytest.fixture(scope="module")
def shared(make_client: MakeClient) -> MakeClient:
    """Worlds that many examples only read."""
    return cache(make_client)


def is_within(moment: str, since: datetime | None, before: datetime | None) -> bool:
    at = datetime.fromisoformat(moment)
    return (since is None or at >= since) and (before is None or at < before)


@thorough
@given(data=st.data())
def test_windows_filters_and_cursors_combine(shared: MakeClient, data: st.DataObject) -> None:
    """CloudCruise's list is what a plain filter over all rows gives, newest first."""
    client = shared("cloudcruise")
    now, state = client.clock.now(), client.world.dump_state()["run"]
    moments = st.one_of(
        st.sampled_from([datetime.fromisoformat(row["created_at"]) for row in state]),
        st.datetimes((now - timedelta(days=30)).replace(tzinfo=None), now.replace(tzinfo=None)).map(
            lambda at: at.replace(tzinfo=UTC)
        ),
    )
    workflows = st.sampled_from([UUID(r["workflow_id"]) for r in state if r["workflow_id"]] + [uuid4()])
    query = data.draw(
        st.fixed_dictionaries(
            {"limit": LIMITS},
            optional={
                "start_time": moments,
                "cursor": moments,
                "workflow_id": workflows,
                "status": st.sampled_from([row["status"] for row in state]),
            },
        )
    )
    since = query.get("start_time", now - timedelta(hours=24))
    expected = [
        row
        for row in state
        if is_within(row["created_at"], since, query.get("cursor"))
        and query.get("status") in {None, row["status"]}
        and str(query.get("workflow_id", row["workflow_id"])) == str(row["workflow_id"])
    ]
    shown = client.api.schemas.node_at("/components/schemas/Run")["properties"]
    listed = [{name: row[name] for name in row if name in shown} for row in expected]
    assert client.rows(**query) == listed[: max(query["limit"], 0)]


@thorough
@given(
    query=st.fixed_dictionaries(
        {"limit": LIMITS, "offset": LIMITS, "order": st.sampled_from(["asc", "desc"]), "scope": st.integers(0, 2)}
    )
)
def test_offset_limit_and_order(shared: MakeClient, query: dict[str, Any]) -> None:
    """SeekrFlow's list is a slice of the thread's runs, in either order."""
    client = shared("seekrflow")
    thread = client.world.scope_values()["thread_id"][query.pop("scope")]
    rows = [row for row in client.world.dump_state()["run"] if row["thread_id"] == thread]
    if query["order"] == "asc":
        rows.reverse()
    first = max(query["offset"], 0)
    assert client.rows(thread_id=thread, **query) == rows[first : first + max(query["limit"], 0)]


@thorough
@given(data=st.data())
def test_other_kinds_of_lists(shared: MakeClient, data: st.DataObject) -> None:
    """Ascending by the latest change, in numbers, with filters on other fields and rows shown in part."""
    client = shared("jobs")
    state = client.world.dump_state()["job"]
    numbers = lambda field: st.sampled_from([row[field] for row in state if row[field] is not None])  # noqa: E731
    query = data.draw(
        st.fixed_dictionaries(
            {"queue": numbers("queue"), "limit": LIMITS},
            optional={
                "before": numbers("updated"),
                "since": numbers("created"),
                "kind": numbers("kind"),
                "priority": numbers("priority"),
            },
        )
    )
    expected = [
        row["number"]
        for row in state
        if row["queue"] == query["queue"]
        and row["updated"] < query.get("before", row["updated"] + 1)
        and row["created"] >= query.get("since", 0)
        and query.get("kind", row["kind"]) == row["kind"]
        and (row["priority"] or 0) >= query.get("priority", 0)
        and ("priority" not in query or row["priority"] is not None)
    ]
    assert [row["number"] for row in client.rows(**query)] == expected[: max(query["limit"], 0)]


def pages(client: Any, size: int) -> Iterator[list[Any]]:
    query = {"limit": size, "start_time": client.clock.now() - timedelta(days=31)}
    while True:
        page = client.rows(**query)
        yield page
        if len(page) < size:
            return
        query["cursor"] = datetime.fromisoformat(page[-1]["created_at"])


@pytest.mark.parametrize("size", [1, 7, 60, 61])
def test_walking_by_cursor_shows_every_row_once(make_client: MakeClient, size: int) -> None:
    """Whatever the size of a page, the walk is the whole list, and a short page is the last."""
    client = make_client("cloudcruise")
    assert [row for page in pages(client, size) for row in page] == client.world.dump_state()["run"]


def test_a_hidden_filter_parts_the_rows(make_client: MakeClient) -> None:
    """Every row belongs to one of the values that the overlay names as examples, and always to the same."""
    client = make_client("cloudcruise")
    parameter = client.operations_with("lists")[0].parameter("credential_id")
    parts = [client.rows(credential_id=value) for value in parameter.schema["examples"]]
    assert all(parts)
    assert sorted(row["session_id"] for part in parts for row in part) == sorted(
        row["session_id"] for row in client.rows()
    )
    assert client.rows(credential_id="somebody else") == []
    client.world.replace_state(client.world.dump_state())
    assert parts == [client.rows(credential_id=value) for value in parameter.schema["examples"]]


def test_too_old_a_window_is_rejected(make_client: MakeClient) -> None:
    """A start older than the overlay's limit raises WindowTooOld with the parameter and the limit."""
    client = make_client("cloudcruise")
    with pytest.raises(WindowTooOld) as raised:
        client.rows(start_time=client.clock.now() - timedelta(days=31, seconds=1))
    assert (raised.value.parameter, raised.value.oldest) == ("start_time", "-31d")
    assert len(client.rows(start_time=client.clock.now() - timedelta(days=31))) == 60


def test_an_unknown_scope_gets_the_overlays_status(make_client: MakeClient) -> None:
    """With 404 an unknown scope raises that status, with 200 it is an empty list, as a known one without rows."""
    client = make_client("seekrflow")
    with pytest.raises(UnknownScopeValue) as raised:
        client.rows(thread_id="thread_nobody")
    assert (raised.value.parameter, raised.value.value, raised.value.status) == ("thread_id", "thread_nobody", 404)
    assert client.rows(thread_id=client.world.scope_values()["thread_id"][2]) == []
    assert make_client("jobs").rows(queue=1) == []


def test_callers_see_their_own_rows(make_client: MakeClient) -> None:
    """A regular caller lists and fetches what is theirs, an admin and a caller without a name everything."""
    client = make_client("nx1", credentials=(Credential("APIKeyHeader", "k", owner="dana"),))
    everything = client.rows()
    assert client.world.list_owners()[0] == "dana"
    assert len(everything) == 60
    assert (
        everything
        == client.rows(CallerIdentity("dana", admin=True))
        == client.rows(CallerIdentity("nobody", admin=True))
    )
    mine = client.rows(CallerIdentity("dana"))
    assert mine == [row for row in everything if row["owner_id"] == "dana"] != []
    assert client.rows(CallerIdentity("nobody")) == []
    fetch = client.api.operation("get_run_api_crew_runs__run_id__get")
    others = next(row["id"] for row in everything if row["owner_id"] != "dana")
    assert client.world.fetch_row(fetch, {"run_id": UUID(others)}, CallerIdentity("dana")) is None
    assert json.loads(client.world.fetch_row(fetch, {"run_id": UUID(mine[0]["id"])}, CallerIdentity("dana"))) == mine[0]
    assert client.world.fetch_row(fetch, {"run_id": UUID(others)}, CallerIdentity("dana", admin=True)) is not None


def test_a_long_list_costs_what_a_short_one_does(make_client: MakeClient) -> None:
    """The same page takes no more than twice as many calls among twenty thousand rows as among sixty."""

    def calls(runs: int) -> int:
        client = make_client("seekrflow", runs=runs)
        operation, world = client.operations_with("lists")[0], client.world
        values = client.values(operation, limit=20, offset=5)
        world.list_rows(operation, values, CallerIdentity())  # the rows are made now
        with cProfile.Profile() as profile:
            world.list_rows(operation, values, CallerIdentity())
        return sum(entry.callcount for entry in profile.getstats())

    assert calls(20_000) < 2 * calls(60)


def test_a_list_in_an_envelope(make_client: MakeClient) -> None:
    """Rows stand in the property that the schema has for them, with a true count and a true "more"; newest first."""
    client = make_client("jobs")
    operation = client.api.operation("page_of_jobs")

    def page(limit: int, skip: int) -> Any:
        answer = json.loads(client.world.list_rows(operation, {"limit": limit, "skip": skip}, CallerIdentity()))
        client.api.schemas.validator_at(operation.responses["200"].content["application/json"].pointer).validate(answer)
        return answer

    first = page(5, 0)
    assert first.keys() == {"jobs", "page", "total_count", "has_more"}
    assert (first["total_count"], first["has_more"]) == (60, True)
    assert [job["number"] for job in first["jobs"]] == [60, 59, 58, 57, 56]
    last = page(5, 55)
    assert (len(last["jobs"]), last["total_count"], last["has_more"]) == (5, 60, False)
    client.create({})
    assert page(1, 0)["jobs"][0]["number"] == 61
    client.clock.advance(5)
    assert page(1, 0)["jobs"][0]["state"] in {"done", "aborted"}


def test_sample_ids_need_no_rows(make_client: MakeClient) -> None:
    """The first rows' values of a path parameter are known without making the rows."""
    client = make_client("nx1", runs=100_000 // 20)
    rows = client.rows(limit=3)
    fetch, watch = client.operations_with("fetches")[0], client.operations_with("watches")[0]
    assert client.world.sample_ids(fetch, 3) == [row["id"] for row in rows]
    assert client.world.sample_ids(watch, 3) == [row["correlation_id"] for row in rows]
    assert client.world.sample_ids(client.operations_with("lists")[0], 3) == []


def test_an_owner_that_the_schema_forbids(make_client: MakeClient) -> None:
    """A credential's owner has to be a value of the owner's field: an operator error, and not an invalid row."""
    with pytest.raises(UsageError, match="cannot own"):
        make_client("jobs", credentials=(Credential("key", "k", owner="x" * 50),))
