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

Ask = Callable[..., Any]
thorough = settings(max_examples=60, deadline=None)
LIMITS = st.one_of(st.integers(-3, 70), st.sampled_from([10**6, 10**30]))


@pytest.fixture(scope="module")
def shared(ask: Ask) -> Ask:
    """Worlds that many examples only read."""
    return cache(ask)


def within(moment: str, since: datetime | None, before: datetime | None) -> bool:
    at = datetime.fromisoformat(moment)
    return (since is None or at >= since) and (before is None or at < before)


@thorough
@given(data=st.data())
def test_windows_filters_and_cursors_combine(shared: Ask, data: st.DataObject) -> None:
    """CloudCruise's list is what a plain filter over all rows gives, newest first."""
    asked = shared("cloudcruise")
    now, state = asked.clock.now(), asked.world.dump_state()["run"]
    moments = st.one_of(
        st.sampled_from([datetime.fromisoformat(row["created_at"]) for row in state]),
        st.datetimes((now - timedelta(days=30)).replace(tzinfo=None), now.replace(tzinfo=None)).map(
            lambda at: at.replace(tzinfo=UTC)
        ),
    )
    workflows = st.sampled_from([UUID(r["workflow_id"]) for r in state if r["workflow_id"]] + [uuid4()])
    wanted = data.draw(
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
    since = wanted.get("start_time", now - timedelta(hours=24))
    expected = [
        row
        for row in state
        if within(row["created_at"], since, wanted.get("cursor"))
        and wanted.get("status") in {None, row["status"]}
        and str(wanted.get("workflow_id", row["workflow_id"])) == str(row["workflow_id"])
    ]
    assert asked.rows(**wanted) == expected[: max(wanted["limit"], 0)]


@thorough
@given(
    wanted=st.fixed_dictionaries(
        {"limit": LIMITS, "offset": LIMITS, "order": st.sampled_from(["asc", "desc"]), "scope": st.integers(0, 2)}
    )
)
def test_offset_limit_and_order(shared: Ask, wanted: dict[str, Any]) -> None:
    """SeekrFlow's list is a slice of the thread's runs, in either order."""
    asked = shared("seekrflow")
    thread = asked.world.scope_values()["thread_id"][wanted.pop("scope")]
    rows = [row for row in asked.world.dump_state()["run"] if row["thread_id"] == thread]
    if wanted["order"] == "asc":
        rows.reverse()
    first = max(wanted["offset"], 0)
    assert asked.rows(thread_id=thread, **wanted) == rows[first : first + max(wanted["limit"], 0)]


@thorough
@given(data=st.data())
def test_other_kinds_of_lists(shared: Ask, data: st.DataObject) -> None:
    """Ascending by the latest change, in numbers, with filters on other fields and rows shown in part."""
    asked = shared("jobs")
    state = asked.world.dump_state()["job"]
    numbers = lambda field: st.sampled_from([row[field] for row in state if row[field] is not None])  # noqa: E731
    wanted = data.draw(
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
        if row["queue"] == wanted["queue"]
        and row["updated"] < wanted.get("before", row["updated"] + 1)
        and row["created"] >= wanted.get("since", 0)
        and wanted.get("kind", row["kind"]) == row["kind"]
        and (row["priority"] or 0) >= wanted.get("priority", 0)
        and ("priority" not in wanted or row["priority"] is not None)
    ]
    assert [row["number"] for row in asked.rows(**wanted)] == expected[: max(wanted["limit"], 0)]


def pages(asked: Any, size: int) -> Iterator[list[Any]]:
    wanted = {"limit": size, "start_time": asked.clock.now() - timedelta(days=31)}
    while True:
        page = asked.rows(**wanted)
        yield page
        if len(page) < size:
            return
        wanted["cursor"] = datetime.fromisoformat(page[-1]["created_at"])


@pytest.mark.parametrize("size", [1, 7, 60, 61])
def test_walking_by_cursor_shows_every_row_once(ask: Ask, size: int) -> None:
    """Whatever the size of a page, the walk is the whole list, and a short page is the last."""
    asked = ask("cloudcruise")
    assert [row for page in pages(asked, size) for row in page] == asked.world.dump_state()["run"]


def test_a_hidden_filter_parts_the_rows(ask: Ask) -> None:
    """Every row belongs to one of the values that the overlay names as examples, and always to the same."""
    asked = ask("cloudcruise")
    parameter = asked.speaking("lists")[0].parameter("credential_id")
    parts = [asked.rows(credential_id=value) for value in parameter.schema["examples"]]
    assert all(parts)
    assert sorted(row["session_id"] for part in parts for row in part) == sorted(
        row["session_id"] for row in asked.rows()
    )
    assert asked.rows(credential_id="somebody else") == []
    asked.world.replace_state(asked.world.dump_state())
    assert parts == [asked.rows(credential_id=value) for value in parameter.schema["examples"]]


def test_too_old_a_start_is_refused(ask: Ask) -> None:
    """A start older than the overlay's limit raises TooOld with the parameter and the limit; a younger one does not."""
    asked = ask("cloudcruise")
    with pytest.raises(WindowTooOld) as refused:
        asked.rows(start_time=asked.clock.now() - timedelta(days=31, seconds=1))
    assert (refused.value.parameter, refused.value.oldest) == ("start_time", "-31d")
    assert len(asked.rows(start_time=asked.clock.now() - timedelta(days=31))) == 60


def test_an_unknown_scope_is_answered_as_the_overlay_says(ask: Ask) -> None:
    """404 raises UnknownScope with that status; 200 is an empty list; a known scope without rows is one too."""
    asked = ask("seekrflow")
    with pytest.raises(UnknownScopeValue) as refused:
        asked.rows(thread_id="thread_nobody")
    assert (refused.value.parameter, refused.value.value, refused.value.status) == ("thread_id", "thread_nobody", 404)
    assert asked.rows(thread_id=asked.world.scope_values()["thread_id"][2]) == []
    assert ask("jobs").rows(queue=1) == []


def test_callers_see_their_own_rows(ask: Ask) -> None:
    """A regular caller lists and fetches what is theirs, an admin and a caller without a name everything."""
    asked = ask("nx1", credentials=(Credential("APIKeyHeader", "k", owner="dana"),))
    everything = asked.rows()
    assert asked.world.list_owners()[0] == "dana"
    assert len(everything) == 60
    assert (
        everything == asked.rows(CallerIdentity("dana", admin=True)) == asked.rows(CallerIdentity("nobody", admin=True))
    )
    mine = asked.rows(CallerIdentity("dana"))
    assert mine == [row for row in everything if row["owner_id"] == "dana"] != []
    assert asked.rows(CallerIdentity("nobody")) == []
    fetch = asked.api.operation("get_run_api_crew_runs__run_id__get")
    others = next(row["id"] for row in everything if row["owner_id"] != "dana")
    assert asked.world.fetch_row(fetch, {"run_id": UUID(others)}, CallerIdentity("dana")) is None
    assert json.loads(asked.world.fetch_row(fetch, {"run_id": UUID(mine[0]["id"])}, CallerIdentity("dana"))) == mine[0]
    assert asked.world.fetch_row(fetch, {"run_id": UUID(others)}, CallerIdentity("dana", admin=True)) is not None


def test_a_long_list_costs_what_a_short_one_does(ask: Ask) -> None:
    """The same page takes no more than twice as many calls among twenty thousand rows as among sixty."""

    def calls(runs: int) -> int:
        asked = ask("seekrflow", runs=runs)
        operation, world = asked.speaking("lists")[0], asked.world
        values = asked.values(operation, limit=20, offset=5)
        world.list_rows(operation, values, CallerIdentity())  # the rows are made now
        with cProfile.Profile() as profile:
            world.list_rows(operation, values, CallerIdentity())
        return sum(entry.callcount for entry in profile.getstats())

    assert calls(20_000) < 2 * calls(60)


def test_a_list_in_an_envelope(ask: Ask) -> None:
    """Rows stand in the property that the schema has for them, with a true count and a true "more"; newest first."""
    asked = ask("jobs")
    operation = asked.api.operation("page_of_jobs")

    def page(limit: int, skip: int) -> Any:
        answer = json.loads(asked.world.list_rows(operation, {"limit": limit, "skip": skip}, CallerIdentity()))
        asked.api.schemas.validator_at(operation.responses["200"].content["application/json"].pointer).validate(answer)
        return answer

    first = page(5, 0)
    assert first.keys() == {"jobs", "page", "total_count", "has_more"}
    assert (first["total_count"], first["has_more"]) == (60, True)
    assert [job["number"] for job in first["jobs"]] == [60, 59, 58, 57, 56]
    last = page(5, 55)
    assert (len(last["jobs"]), last["total_count"], last["has_more"]) == (5, 60, False)
    asked.start({})
    assert page(1, 0)["jobs"][0]["number"] == 61
    asked.clock.advance(5)
    assert page(1, 0)["jobs"][0]["state"] in {"done", "aborted"}


def test_ids_that_can_be_asked_for(ask: Ask) -> None:
    """The first rows' values of a path parameter are known without making the rows."""
    asked = ask("nx1", runs=100_000 // 20)
    rows = asked.rows(limit=3)
    fetch, watch = asked.speaking("fetches")[0], asked.speaking("watches")[0]
    assert asked.world.sample_ids(fetch, 3) == [row["id"] for row in rows]
    assert asked.world.sample_ids(watch, 3) == [row["correlation_id"] for row in rows]
    assert asked.world.sample_ids(asked.speaking("lists")[0], 3) == []


def test_an_owner_that_the_schema_refuses(ask: Ask) -> None:
    """A credential's owner has to be a value of the owner's field: an operator error, and not an invalid row."""
    with pytest.raises(UsageError, match="cannot own"):
        ask("jobs", credentials=(Credential("key", "k", owner="x" * 50),))
