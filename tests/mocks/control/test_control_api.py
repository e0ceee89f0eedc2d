"""The control plane, in process: every operation, what it changes in the mock, and its error responses."""

import asyncio
from datetime import datetime
from typing import Any

import httpx
import pytest

from specduet.mocks import Settings, create_app
from specduet.mocks.control.sessions import MAX_SESSIONS
from specduet.specs import load

EPOCH = datetime.fromisoformat("2027-01-31T08:00:00+00:00")
KEY = {"Authorization-PSK": "k", "cc-key": "k", "Authorization": "k"}
CONTROL = load("mocks/control/openapi.yaml")


class Client:
    """Calls of an application in process, one after the other."""

    def __init__(self, app: Any, headers: dict[str, str] | None = None) -> None:
        self._app = app
        self._headers = {**KEY, **(headers or {})}

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://mock", headers=self._headers) as client:
                given = {} if body is None else {"json": body}
                return await client.request(method, path, **given, **options)

        response = asyncio.run(call())
        if path.startswith("/__mock__/"):
            check_response(method, path.partition("?")[0], response)
        return response

    def session(self, name: str) -> "Client":
        return Client(self._app, {"X-Mock-Session": name})


def check_response(method: str, path: str, response: httpx.Response) -> None:
    """Every response of the control plane is one that its own document allows."""
    for operation in CONTROL.operations:
        fixed = operation.path.partition("{")[0]
        if operation.method == method and (
            path == operation.path or ("{" in operation.path and path.startswith(fixed))
        ):
            documented = operation.responses[str(response.status_code)]
            for content in documented.content.values():
                assert response.headers["content-type"] == content.media_type
                CONTROL.schemas.validator_at(content.pointer).validate(response.json())
            assert documented.content or not response.content


@pytest.fixture
def client() -> Client:
    return Client(create_app(settings=Settings(epoch=EPOCH)))


def list_rows(client: Client, **params: Any) -> list[dict[str, Any]]:
    response = client("GET", "/api/crew-runs", params={"limit": 1000, **params})
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()
    return found


def create_run(client: Client) -> dict[str, Any]:
    response = client("POST", "/api/crews/run", {"crew_type": "ask", "task_input": {}})
    assert response.status_code == 200
    started: dict[str, Any] = response.json()
    return started


# --------------------------------------------------------------------------------------------- the mock itself


def test_ready_tells_seed_and_epoch(client: Client) -> None:
    """Whoever waits for the mock learns what decides its responses."""
    assert client("GET", "/__mock__/ready").json() == {
        "ready": True,
        "seed": 1,
        "epoch": "2027-01-31T08:00:00Z",
        "apis": ["cloudcruise", "nx1", "seekrflow"],
    }


def test_apis_tell_what_a_client_cannot_find_out(client: Client) -> None:
    """Operations, schemes, the values of scopes, the fullest first, ids that can be fetched, and owners."""
    apis = {api["name"]: api for api in client("GET", "/__mock__/apis").json()["apis"]}
    seekrflow, nx1 = apis["seekrflow"], apis["nx1"]
    operations = [(o["method"], o["path"]) for o in seekrflow["operations"]]
    assert operations[0] == ("GET", "/v1/threads/{thread_id}/runs")
    assert len(operations) == 18
    sizes = [
        len(client("GET", f"/v1/threads/{thread}/runs?limit=1000").json())
        for thread in seekrflow["scopes"]["thread_id"]
    ]
    assert sizes[0] >= 40
    assert sizes == sorted(sizes, reverse=True)
    assert {"name": "APIKeyHeader", "in": "header", "field": "Authorization-PSK", "prefix": ""} in nx1["schemes"]
    assert nx1["any_credential"]
    for run_id in nx1["ids"]["/api/crew-runs/{run_id}"]:
        assert client("GET", f"/api/crew-runs/{run_id}").json()["id"] == run_id
    assert {row["owner_id"] for row in list_rows(client)} == set(nx1["owners"])


def test_the_document_is_served(client: Client) -> None:
    """The control plane describes itself."""
    served = client("GET", "/__mock__/openapi.json").json()
    assert served == CONTROL.document


# ------------------------------------------------------------------------------------------------------- state


def test_a_snapshot_can_be_put_back(client: Client) -> None:
    """PUT restores what GET returned: the same document, and the same responses to clients."""
    client("POST", "/__mock__/clock/freeze")
    create_run(client)
    client("POST", "/__mock__/clock/advance", {"seconds": 0.4})
    snapshot, listed = client("GET", "/__mock__/state").json(), list_rows(client)
    create_run(client)
    client("POST", "/__mock__/clock/advance", {"seconds": 60})
    assert list_rows(client) != listed
    assert client("PUT", "/__mock__/state", snapshot).status_code == 204
    assert client("GET", "/__mock__/state").json() == snapshot
    assert list_rows(client) == listed


def test_a_fixture_is_served_as_it_was_put(client: Client) -> None:
    """Rows of one's own replace those of their resource, and leave other APIs alone."""
    state = client("GET", "/__mock__/state").json()
    kept = state["nx1"]["crew-run"][:2]
    kept[0]["result"] = "mine"
    assert client("PUT", "/__mock__/state", {"nx1": {"crew-run": kept}}).status_code == 204
    assert sorted(list_rows(client), key=lambda row: row["id"]) == sorted(kept, key=lambda row: row["id"])
    assert client("GET", "/__mock__/state").json()["seekrflow"] == state["seekrflow"]


@pytest.mark.parametrize(
    ("fixture", "message"),
    [
        ({"nowhere": {}}, "no API is called 'nowhere'"),
        ({"nx1": {"crew": []}}, "nx1 has no resource 'crew'"),
        ({"nx1": {"crew-run": [{}, {"status": "done"}]}}, "row 1 of 'crew-run' breaks the schema at /status: "),
    ],
)
def test_a_fixture_that_does_not_fit_changes_nothing(client: Client, fixture: Any, message: str) -> None:
    """Unknown APIs and resources and rows that break their schema are rejected, with the place."""
    before = client("GET", "/__mock__/state").json()
    response = client("PUT", "/__mock__/state", {"cloudcruise": {"run": []}, **fixture})
    assert response.status_code == 409
    assert message in response.json()["detail"]
    assert client("GET", "/__mock__/state").json() == before


def test_two_rows_of_one_id_are_rejected(client: Client) -> None:
    """A fixture cannot make a world in which an id says nothing."""
    row = client("GET", "/__mock__/state").json()["nx1"]["crew-run"][0]
    assert client("PUT", "/__mock__/state", {"nx1": {"crew-run": [row, row]}}).status_code == 409


def test_reset_takes_everything_back(client: Client) -> None:
    """State, clock, faults and journal are as they were at the beginning."""
    client("POST", "/__mock__/clock/freeze")
    before = client("GET", "/__mock__/state").json()
    create_run(client)
    client("POST", "/__mock__/clock/advance", {"seconds": 60})
    client("POST", "/__mock__/faults", {"kind": "reset"})
    assert client("POST", "/__mock__/reset").status_code == 204
    assert client("GET", "/__mock__/state").json() == before
    assert client("GET", "/__mock__/faults").json() == {"faults": []}
    assert client("GET", "/__mock__/requests").json() == {"count": 0, "dropped": 0, "requests": []}
    clock = client("GET", "/__mock__/clock").json()
    assert not clock["frozen"]
    assert datetime.fromisoformat(clock["now"]).timestamp() - EPOCH.timestamp() < 30


# ------------------------------------------------------------------------------------------------------- clock


def test_time_stands_still_and_is_moved(client: Client) -> None:
    """A frozen clock shows the same moment until it is advanced, by just so much; resumed, it goes on from there."""
    frozen = client("POST", "/__mock__/clock/freeze").json()
    assert frozen["frozen"]
    assert client("GET", "/__mock__/clock").json() == frozen
    moved = client("POST", "/__mock__/clock/advance", {"seconds": 90.5}).json()
    passed = datetime.fromisoformat(moved["now"]) - datetime.fromisoformat(frozen["now"])
    assert passed.total_seconds() == 90.5
    resumed = client("POST", "/__mock__/clock/resume").json()
    assert not resumed["frozen"]
    assert datetime.fromisoformat(resumed["now"]) >= datetime.fromisoformat(moved["now"])


def test_a_started_run_moves_with_the_clock(client: Client) -> None:
    """With time standing still a run stays where it is; after enough time it has ended."""
    client("POST", "/__mock__/clock/freeze")
    started = create_run(client)
    path = f"/api/crews/results/{started['correlation_id']}"
    assert client("GET", path).json()["status"] == "pending"
    client("POST", "/__mock__/clock/advance", {"seconds": 3})
    assert client("GET", path).json()["status"] in {"completed", "failed"}


@pytest.mark.parametrize(
    "body", [{}, {"seconds": -1}, {"seconds": "soon"}, {"seconds": 1e9}, {"seconds": 1, "minutes": 2}, [], None, 5]
)
def test_an_unknown_clock_value_is_rejected(client: Client, body: Any) -> None:
    """What is no number of seconds is rejected as documented, and time does not move."""
    before = client("POST", "/__mock__/clock/freeze").json()
    response = client("POST", "/__mock__/clock/advance", body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert client("GET", "/__mock__/clock").json() == before


def test_time_ends_where_the_calendar_does(client: Client) -> None:
    """However often the clock is advanced, the mock never runs out of years."""
    statuses = {client("POST", "/__mock__/clock/advance", {"seconds": 31_536_000}).status_code for _ in range(3)}
    assert statuses == {200}
    session = client._app.sessions.default
    session.clock.advance(31_536_000.0 * 7960)
    assert client("POST", "/__mock__/clock/advance", {"seconds": 31_536_000}).status_code in {200, 409}
    for _ in range(30):
        response = client("POST", "/__mock__/clock/advance", {"seconds": 31_536_000})
    assert response.status_code == 409
    assert client("GET", "/runs").status_code == 200


# ------------------------------------------------------------------------------------------------- the journal


def test_the_journal_shows_what_came_in(client: Client) -> None:
    """Requests of every kind are there, unrouted ones too; those to the control plane are not."""
    list_rows(client)
    create_run(client)
    client("GET", "/api/crew-runs?limit=abc")
    client("GET", "/nowhere")
    client("DELETE", "/runs")
    found = client("GET", "/__mock__/requests").json()
    assert [(r["method"], r["path"], r["status"], r["api"]) for r in found["requests"]] == [
        ("GET", "/api/crew-runs", 200, "nx1"),
        ("POST", "/api/crews/run", 200, "nx1"),
        ("GET", "/api/crew-runs", 422, "nx1"),
        ("GET", "/nowhere", 404, None),
        ("DELETE", "/runs", 405, None),
    ]
    posted = found["requests"][1]
    assert (posted["body"], posted["headers"]["authorization-psk"]) == ('{"crew_type":"ask","task_input":{}}', "***")
    assert found["requests"][2]["query"] == "limit=abc"


def test_the_journal_is_searched_counted_and_cleared(client: Client) -> None:
    """Filters combine, ``limit`` keeps the newest, 0 only counts, DELETE forgets."""
    for limit in (1, 2, 3):
        list_rows(client, limit=limit)
    create_run(client)
    listed = client("GET", "/__mock__/requests?operation=list_runs_api_crew_runs_get&limit=2").json()
    assert (listed["count"], [r["query"] for r in listed["requests"]]) == (3, ["limit=2", "limit=3"])
    assert client("GET", "/__mock__/requests?method=POST&status=200&api=nx1&limit=0").json()["count"] == 1
    assert client("GET", "/__mock__/requests?path=/runs").json()["count"] == 0
    assert client("DELETE", "/__mock__/requests").status_code == 204
    assert client("GET", "/__mock__/requests").json()["count"] == 0


def test_the_journal_is_bounded() -> None:
    """It keeps as many entries as the settings say, and counts the others."""
    client = Client(create_app(["nx1"], Settings(journal=3)))
    for _ in range(5):
        client("GET", "/nowhere")
    found = client("GET", "/__mock__/requests").json()
    assert (found["count"], found["dropped"], [r["number"] for r in found["requests"]]) == (3, 2, [3, 4, 5])


@pytest.mark.parametrize("query", ["status=abc", "status=9", "limit=-1", "method=FETCH", "limit=1e9"])
def test_a_search_that_makes_no_sense_is_rejected(client: Client, query: str) -> None:
    """Malformed filters are rejected as documented."""
    assert client("GET", f"/__mock__/requests?{query}").status_code == 422


# --------------------------------------------------------------------------------------------------- sessions


def test_sessions_are_worlds_of_their_own(client: Client) -> None:
    """State, clock, faults and journal of one session are not seen by another."""
    ours, theirs = client.session("ours"), client.session("theirs")
    before = list_rows(theirs)
    create_run(ours)
    ours("POST", "/__mock__/clock/freeze")
    ours("POST", "/__mock__/faults", {"kind": "error", "status": 503})
    assert list_rows(theirs) == before == list_rows(client)
    assert ours("GET", "/api/crew-runs").status_code == 503
    assert not theirs("GET", "/__mock__/clock").json()["frozen"]
    assert ours("GET", "/__mock__/requests").json()["count"] == 2
    assert theirs("GET", "/__mock__/requests").json()["count"] == 2


def test_sessions_are_listed_and_deleted(client: Client) -> None:
    """A session is there once it was named, and begins anew after it was deleted."""
    create_run(client.session("one"))
    list_rows(client.session("two"))
    assert client("GET", "/__mock__/sessions").json() == {"sessions": ["default", "one", "two"]}
    assert client("DELETE", "/__mock__/sessions/one").status_code == 204
    assert client("GET", "/__mock__/sessions").json() == {"sessions": ["default", "two"]}
    assert list_rows(client.session("one")) == list_rows(client.session("two"))
    assert client("DELETE", "/__mock__/sessions/nobody").status_code == 404
    assert client("DELETE", "/__mock__/sessions/default").status_code == 404
    assert client.session("default")("GET", "/__mock__/requests").json()["count"] == 0


def test_there_are_only_so_many_sessions(client: Client) -> None:
    """One more than the limit is rejected, on the control plane as on the APIs; those there are go on."""
    for number in range(MAX_SESSIONS):
        client.session(f"s{number}")("GET", "/__mock__/clock")
    for path in ("/__mock__/clock", "/runs"):
        response = client.session("one-more")("GET", path)
        assert response.status_code == 409
        assert "delete one" in response.json()["detail"]
    assert client.session("s0")("GET", "/runs").status_code == 200


@pytest.mark.parametrize("name", ["two words", "", "x" * 65, "a/b", "é"])
def test_a_malformed_session_is_rejected(client: Client, name: str) -> None:
    """A name is letters, digits and a few signs."""
    headers = {"X-Mock-Session": name.encode("latin-1")}
    for path in ("/__mock__/state", "/runs"):
        assert client("GET", path, headers=headers).status_code == 422


# ------------------------------------------------------------------------------------------------ switched off


def test_the_control_plane_can_be_switched_off() -> None:
    """Without it its addresses are unknown, and its header means nothing; the APIs respond as ever."""
    client = Client(create_app(settings=Settings(control=False)))
    assert client("GET", "/api/crew-runs").status_code == 200
    for path in ("/__mock__", "/__mock__/ready", "/__mock__/reset"):
        response = asyncio.run(_get(client._app, path))
        assert response.status_code == 404
    create_run(client)
    assert len(list_rows(client.session("another"))) == len(list_rows(client))


async def _get(app: Any, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock") as client:
        return await client.get(path)


def test_the_document_can_be_held_against_it() -> None:
    """Every operation of the document is carried out, and nothing else is."""
    from specduet.mocks.control.api import _OPERATIONS

    assert {operation.id for operation in CONTROL.operations} == set(_OPERATIONS)
