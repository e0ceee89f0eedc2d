"""Faults and preferences as a client meets them, in process."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from specduet.mocks import Settings, create_app
from specduet.specs import load

KEY = {"Authorization-PSK": "k", "cc-key": "k"}
LIST = "list_runs_api_crew_runs_get"


class Client:
    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        async def call() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://mock") as client:
                given = {} if body is None else {"json": body}
                return await client.request(method, path, **given, headers={**KEY, **headers})

        return asyncio.run(call())

    def fault(self, **order: Any) -> None:
        assert self("POST", "/__mock__/faults", order).status_code == 201


@pytest.fixture
def client() -> Client:
    return Client(create_app(settings=Settings()))


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays that were requested, none of which is waited for."""
    delays: list[float] = []

    async def sleep(delay: float) -> None:
        delays.append(delay)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return delays


# -------------------------------------------------------------------------------------------------------- faults


def test_an_error_is_injected_and_marked(client: Client) -> None:
    """Every second start fails with 503 and Retry-After, in the API's own dialect, and is not carried out."""
    client.fault(kind="error", status=503, retry_after=7, every=2, operation="run_preset_crew_api_crews_run_post")
    body = {"crew_type": "ask", "task_input": {}}
    before = len(client("GET", "/api/crew-runs?limit=1000").json())
    responses = [client("POST", "/api/crews/run", body) for _ in range(4)]
    assert [response.status_code for response in responses] == [200, 503, 200, 503]
    assert responses[1].headers["x-mock-fault"] == "error; id=f1"
    assert responses[1].headers["retry-after"] == "7"
    assert responses[1].json() == {"detail": "Service Unavailable"}
    assert "x-mock-fault" not in responses[0].headers
    assert len(client("GET", "/api/crew-runs?limit=1000").json()) == before + 2
    noted = client("GET", "/__mock__/requests?status=503").json()["requests"]
    assert [(entry["fault"], bool(entry["body"])) for entry in noted] == [("error; id=f1", True)] * 2


def test_an_injected_error_looks_as_documented(client: Client) -> None:
    """Where the document has the status, the body is valid by its schema; elsewhere it is the API's dialect."""
    client.fault(kind="error", status=422, operation=LIST)
    client.fault(kind="error", status=429, api="cloudcruise")
    documented = client("GET", "/api/crew-runs")
    api = load("nx1")
    pointer = api.operation(LIST).responses["422"].content["application/json"].pointer
    api.schemas.validator_at(pointer).validate(documented.json())
    assert client("GET", "/runs").json() == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Too Many Requests",
    }


@pytest.mark.parametrize("status", [400, 418, 499, 520, 599])
def test_any_error_status_can_be_injected(client: Client, status: int) -> None:
    """Also one that no RFC gives a name to."""
    client.fault(kind="error", status=status)
    assert client("GET", "/runs").status_code == status


def test_a_response_is_held(client: Client, slept: list[float]) -> None:
    """A delay is waited for before the request is carried out, and marked on the usual response."""
    client.fault(kind="latency", delay={"distribution": "fixed", "seconds": 2.5}, api="nx1")
    response = client("GET", "/api/crew-runs?limit=2")
    assert (response.status_code, len(response.json())) == (200, 2)
    assert response.headers["x-mock-fault"] == "latency; id=f1"
    assert slept == [2.5]
    client("GET", "/runs")
    assert slept == [2.5]


def test_a_reset_drops_the_request(client: Client) -> None:
    """The client is left without a response, and nothing was carried out."""
    client.fault(kind="reset", times=1)
    with pytest.raises(ConnectionResetError):
        client("POST", "/api/crews/run", {"crew_type": "ask", "task_input": {}})
    noted = client("GET", "/__mock__/requests").json()["requests"]
    assert [(entry["status"], entry["fault"]) for entry in noted] == [(None, "reset; id=f1")]
    assert client("GET", "/api/crew-runs").status_code == 200


def test_a_body_is_truncated(client: Client) -> None:
    """The length that is announced is the whole one; what comes is the beginning."""
    whole = client("GET", "/api/crew-runs?limit=5").content
    client.fault(kind="truncate", keep=10)
    response = client("GET", "/api/crew-runs?limit=5")
    assert response.headers["content-length"] == str(len(whole))
    assert response.content == whole[:10]
    assert response.headers["x-mock-fault"] == "truncate; id=f1"


def test_faults_are_put_listed_and_removed(client: Client) -> None:
    """PUT replaces all of them, DELETE takes one or all away."""
    client.fault(kind="reset")
    orders = [{"kind": "error", "status": 500, "every": 3}, {"kind": "truncate"}]
    put = client("PUT", "/__mock__/faults", orders).json()["faults"]
    assert [(fault["id"], fault["kind"]) for fault in put] == [("f1", "error"), ("f2", "truncate")]
    assert client("DELETE", "/__mock__/faults/f1").status_code == 204
    assert client("DELETE", "/__mock__/faults/f1").status_code == 404
    left = client("GET", "/__mock__/faults").json()["faults"]
    assert left == [{"id": "f2", "kind": "truncate", "seen": 0, "injected": 0}]
    assert client("DELETE", "/__mock__/faults").status_code == 204
    assert client("GET", "/__mock__/faults").json()["faults"] == []


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"kind": "earthquake"},
        {"kind": "error"},
        {"kind": "error", "status": 200},
        {"kind": "error", "status": 503, "delay": 1},
        {"kind": "latency"},
        {"kind": "latency", "delay": 5},
        {"kind": "latency", "delay": {"distribution": "fixed", "seconds": 61}},
        {"kind": "latency", "delay": {"distribution": "normal", "seconds": 1}},
        {"kind": "truncate", "keep": -1},
        {"kind": "reset", "every": 0},
        {"kind": "reset", "probability": 1.5},
        {"kind": "reset", "times": 1.5},
    ],
)
def test_an_unknown_fault_is_rejected(client: Client, order: Any) -> None:
    """What the document does not allow is rejected as documented, and no fault is added."""
    response = client("POST", "/__mock__/faults", order)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert client("PUT", "/__mock__/faults", [order]).status_code == 422
    assert client("GET", "/__mock__/faults").json() == {"faults": []}


@pytest.mark.parametrize("order", [{"api": "nowhere"}, {"operation": "nothing"}, {"api": "nx1", "operation": "list"}])
def test_a_fault_of_nothing_is_rejected(client: Client, order: Any) -> None:
    """An API or operation that is not served is named, with those that are."""
    response = client("POST", "/__mock__/faults", {"kind": "reset", **order})
    assert response.status_code == 409
    assert "there are" in response.json()["detail"]


# ---------------------------------------------------------------------------------------------------- preferences


def test_a_documented_response_is_chosen(client: Client) -> None:
    """``code=422`` gives a valid body of that status to a valid request; the same request gets the same one."""
    response = client("GET", "/api/crew-runs", Prefer="code=422")
    assert (response.status_code, response.headers["preference-applied"]) == (422, "code=422")
    api = load("nx1")
    pointer = api.operation(LIST).responses["422"].content["application/json"].pointer
    api.schemas.validator_at(pointer).validate(response.json())
    assert response.content == client("GET", "/api/crew-runs", Prefer="code=422").content


def test_the_usual_response_can_be_requested(client: Client) -> None:
    """``code=200`` and ``dynamic=false`` are what comes anyway, and say so."""
    usual = client("GET", "/api/crew-runs?limit=3")
    for preference in ("code=200", "dynamic=false", "code=200, dynamic=false"):
        chosen = client("GET", "/api/crew-runs?limit=3", Prefer=preference)
        assert (chosen.content, chosen.headers["preference-applied"]) == (usual.content, preference)
    assert "preference-applied" not in usual.headers


def test_success_can_be_requested_where_there_is_none(client: Client) -> None:
    """A run that does not exist is made from the schema where 200 is preferred."""
    path = "/api/crew-runs/00000000-0000-4000-8000-000000000000"
    assert client("GET", path).status_code == 404
    response = client("GET", path, Prefer="code=200")
    assert response.status_code == 200
    api = load("nx1")
    operation = api.operation("get_run_api_crew_runs__run_id__get")
    api.schemas.validator_at(operation.responses["200"].content["application/json"].pointer).validate(response.json())


def test_a_made_body_differs_from_the_usual(client: Client) -> None:
    """``dynamic=true`` makes a body from the schema: valid, not the state's, the same for the same request."""
    usual, made = (client("GET", "/runs?limit=3", **headers) for headers in ({}, {"Prefer": "dynamic=true"}))
    assert made.content != usual.content
    assert made.content == client("GET", "/runs?limit=3", Prefer="dynamic=true").content
    assert made.headers["preference-applied"] == "dynamic=true"
    api = load("cloudcruise")
    api.schemas.validator_at(api.operations[0].responses["200"].content["application/json"].pointer).validate(
        made.json()
    )


def test_a_preference_changes_nothing_about_what_is_valid(client: Client) -> None:
    """A request that is wrong is rejected as ever, and no preference is said to be applied."""
    response = client("GET", "/api/crew-runs?limit=abc", Prefer="code=200")
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["query", "limit"]
    assert "preference-applied" not in response.headers


def test_a_chosen_error_response_carries_nothing_out(client: Client) -> None:
    """A request that prefers 422 creates nothing."""
    before = client("GET", "/api/crew-runs?limit=1000").json()
    response = client("POST", "/api/crews/run", {"crew_type": "ask", "task_input": {}}, Prefer="code=422")
    assert response.status_code == 422
    assert client("GET", "/api/crew-runs?limit=1000").json() == before


@pytest.mark.parametrize(
    ("preference", "status", "message"),
    [
        ("code=418", 404, "200, 422"),
        ("example=nope", 404, "none"),
        ("code=422, example=nope", 404, "none"),
    ],
)
def test_what_cannot_be_preferred_is_reported(client: Client, preference: str, status: int, message: str) -> None:
    """An unknown code or example is never passed over: a problem names what there is."""
    response = client("GET", "/api/crew-runs", Prefer=preference)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert message in response.json()["detail"]
    assert "preference-applied" not in response.headers


@pytest.mark.parametrize(
    "preference",
    ["respond-async, return=minimal", "code=abc", "wait=1e9", "dynamic=perhaps", 'example="open', "wait=100"],
)
def test_what_is_not_understood_is_ignored(client: Client, preference: str) -> None:
    """RFC 7240, section 2: what the server does not know or understand does not matter."""
    response = client("GET", "/api/crew-runs?limit=1", Prefer=preference)
    assert response.status_code == 200
    assert "preference-applied" not in response.headers


def test_a_response_can_be_waited_for(client: Client, slept: list[float]) -> None:
    """``wait`` holds the response, also of a request that is rejected."""
    response = client("GET", "/api/crew-runs?limit=abc", Prefer="wait=1.5, code=200")
    assert slept == [1.5]
    assert (response.status_code, response.headers["preference-applied"]) == (422, "wait=1.5")


def test_several_headers_are_one(client: Client) -> None:
    """Repeated ``Prefer`` headers are one list (RFC 7240, section 2)."""

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(client.app), base_url="http://mock") as opened:
            return await opened.get("/runs", headers=[("cc-key", "k"), ("Prefer", "wait=0"), ("Prefer", "code=400")])

    response = asyncio.run(call())
    assert (response.status_code, response.headers["preference-applied"]) == (400, "code=400, wait=0")


_NAMED = """
openapi: 3.1.0
info: {title: Named, version: '1'}
paths:
  /things:
    get:
      operationId: things
      responses:
        '200':
          description: Things
          content:
            application/json:
              schema: {type: array, items: {type: integer}}
              examples:
                few: {value: [1, 2]}
                none at all: {value: []}
                wrong: {value: many}
                shared: {$ref: '#/components/examples/Shared'}
        '404': {description: No things}
        5XX: {description: Trouble}
components:
  examples:
    Shared: {value: [9]}
"""


def test_named_examples_are_chosen(tmp_path: Any) -> None:
    """Examples go by their name, through references too; one that breaks its schema is not served."""
    document = tmp_path / "named.yaml"
    document.write_text(_NAMED)
    client = Client(create_app([document]))
    for name, value in (("few", [1, 2]), ('"none at all"', []), ("shared", [9])):
        response = client("GET", "/things", Prefer=f"example={name}")
        assert (response.json(), response.headers["preference-applied"]) == (value, f"example={name}")
    assert client("GET", "/things", Prefer="example=wrong").status_code == 409
    unknown = client("GET", "/things", Prefer="example=many").json()["detail"]
    assert "few, none at all, wrong, shared" in unknown
    assert client("GET", "/things", Prefer="code=404").status_code == 404
    assert client("GET", "/things", Prefer="code=503").status_code == 503


# ----------------------------------------------------------------------------------------------------------- CORS


def test_a_browser_may_call(client: Client) -> None:
    """A preflight gets what it asks for, on known and unknown paths and on the control plane."""
    headers = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "cc-key",
    }
    for path in ("/runs", "/api/crews/run", "/nowhere", "/__mock__/reset"):
        response = client("OPTIONS", path, **headers)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert "POST" in response.headers["access-control-allow-methods"]
        assert response.headers["access-control-allow-headers"] == "cc-key"


def test_a_page_may_read_responses(client: Client) -> None:
    """Responses, error responses and injected errors carry the origin; without an origin nothing is added."""
    for path in ("/runs", "/runs?limit=abc", "/nowhere", "/__mock__/ready"):
        response = client("GET", path, Origin="http://localhost:3000")
        assert response.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert response.headers["vary"] == "Origin"
        assert "access-control-allow-origin" not in client("GET", path).headers
    client.fault(kind="error", status=500)
    assert (
        client("GET", "/runs", Origin="http://localhost:3000").headers["access-control-allow-origin"]
        == "http://localhost:3000"
    )


def test_options_without_an_origin_tell_the_methods(client: Client) -> None:
    """OPTIONS is no preflight by itself."""
    response = client("OPTIONS", "/runs")
    assert "GET" in response.headers["allow"]


def test_waiting_requests_do_not_hold_others(client: Client) -> None:
    """One request that waits leaves the mock free for the others."""

    async def both() -> float:
        transport = httpx.ASGITransport(client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://mock", headers=KEY) as opened:
            begun = time.perf_counter()
            await asyncio.gather(*(opened.get("/runs", headers={"Prefer": "wait=0.2"}) for _ in range(10)))
            return time.perf_counter() - begun

    assert asyncio.run(both()) < 1.5
