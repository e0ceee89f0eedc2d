"""A client of each vendor, written from the vendor's pages alone, gets along with the mock as with the service.

Nothing here knows the overlays: only addresses, parameters and fields that the pages name. Time is moved by the control
plane instead of waiting.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

NX1 = {"Authorization-PSK": "psk_prod_1"}
CLOUDCRUISE = {"cc-key": "sk_1"}
SEEKRFLOW = {"Authorization": "a-seekr-key"}


@pytest.fixture
def client(specduet_mock_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=specduet_mock_url, trust_env=False) as opened:
        yield opened


def get(client: httpx.Client, path: str, headers: dict[str, str], **params: Any) -> Any:
    response = client.get(path, headers=headers, params=params)
    assert response.status_code == 200, response.text
    return response.json()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def poll(client: httpx.Client, look: Callable[[], Any], ended: Callable[[Any], bool]) -> list[Any]:
    """What was seen, look by look, with a tenth of a second between two looks, until the end."""
    seen = [look()]
    while not ended(seen[-1]):
        assert len(seen) < 100, "the run does not end"
        client.post("/__mock__/clock/advance", json={"seconds": 0.1}).raise_for_status()
        seen.append(look())
    return seen


# ------------------------------------------------------------------------------------------------------- Nx1


def test_nx1_start_poll_and_read_the_result(client: httpx.Client) -> None:
    """A started run is found by its correlation id, moves from pending to its end, and leaves a result or an error."""
    body = {"crew_type": "ask", "task_input": {"question": "How many orders were there yesterday?"}}
    started = client.post("/api/crews/run", json=body, headers={**NX1, "x-correlation-id": "my-correlation-id"}).json()
    assert (started["correlation_id"], started["status"]) == ("my-correlation-id", "pending")

    newest = get(client, "/api/crew-runs", NX1, limit=1)[0]
    assert newest["correlation_id"] == "my-correlation-id"
    assert (newest["crew_type"], newest["task_input"]) == (body["crew_type"], body["task_input"])

    path = f"/api/crew-runs/{newest['id']}"
    seen = poll(client, lambda: get(client, path, NX1), lambda run: run["status"] in {"completed", "failed"})
    statuses = list(dict.fromkeys(run["status"] for run in seen))
    assert statuses in (["pending", "running", "completed"], ["pending", "running", "failed"])
    end = seen[-1]
    assert moment(end["created_at"]) <= moment(end["started_at"])
    if end["status"] == "completed":
        assert end["result"]
        assert moment(end["started_at"]) <= moment(end["completed_at"])
    else:
        assert end["error"]
    outcome = get(client, "/api/crews/results/my-correlation-id", NX1)
    assert (outcome["status"], outcome.get("result"), outcome.get("error")) == (
        end["status"],
        end["result"],
        end["error"],
    )


def test_nx1_follows_a_run_by_its_events(client: httpx.Client) -> None:
    """The events of a run are its statuses so far, as JSON, and as server-sent events that close at the run's end."""
    started = client.post("/api/crews/run", json={"crew_type": "ask", "task_input": {}}, headers=NX1).json()
    path = f"/api/events/{started['correlation_id']}"
    assert [event["status"] for event in get(client, path, NX1)] == ["pending"]
    client.post("/__mock__/clock/advance", json={"seconds": 10}).raise_for_status()
    with client.stream("GET", path, headers={**NX1, "Accept": "text/event-stream"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        data = [line for line in stream.iter_lines() if line.startswith("data:")]
    assert len(data) == 3


def test_nx1_lists_and_rejects(client: httpx.Client) -> None:
    """``limit`` cuts the list, an unknown run is not found, a key is needed, and a crew type has to be a known one."""
    runs = get(client, "/api/crew-runs", NX1)
    assert len(runs) >= 40
    assert runs[:7] == get(client, "/api/crew-runs", NX1, limit=7)
    assert runs[3] == get(client, f"/api/crew-runs/{runs[3]['id']}", NX1)
    unknown = client.get("/api/crew-runs/00000000-0000-4000-8000-000000000000", headers=NX1)
    assert unknown.status_code == 404
    assert client.get("/api/crew-runs").status_code in {401, 403}
    response = client.post("/api/crews/run", json={"crew_type": "juggling", "task_input": {}}, headers=NX1)
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "crew_type"]


# ------------------------------------------------------------------------------------------------- CloudCruise


def cloudcruise_pages(client: httpx.Client, limit: int, **filters: Any) -> Iterator[list[dict[str, Any]]]:
    """Every page, as the page describes it: the last row's created_at is the next cursor, a short page is the last."""
    cursor: dict[str, str] = {}
    while True:
        page = get(client, "/runs", CLOUDCRUISE, limit=limit, **filters, **cursor)
        yield page
        if len(page) < limit:
            return
        cursor = {"cursor": page[-1]["created_at"]}


def test_cloudcruise_walks_all_pages(client: httpx.Client) -> None:
    """Pages of any size show every run once, newest first."""
    since = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    whole = get(client, "/runs", CLOUDCRUISE, start_time=since)
    assert len(whole) >= 40
    created = [moment(run["created_at"]) for run in whole]
    assert created == sorted(created, reverse=True)
    for limit in (1, 7, 50):
        walked = [run for page in cloudcruise_pages(client, limit, start_time=since) for run in page]
        assert [run["session_id"] for run in whole] == [run["session_id"] for run in walked]


def test_cloudcruise_filters(client: httpx.Client) -> None:
    """Each filter keeps the runs that match and loses none; without ``start_time`` they are those of the last day."""
    since = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    whole = get(client, "/runs", CLOUDCRUISE, start_time=since)
    for name in ("status", "workflow_id"):
        for value in {run[name] for run in whole if run[name]}:
            expected = [run for run in whole if run[name] == value]
            assert expected == get(client, "/runs", CLOUDCRUISE, start_time=since, **{name: value})
    recent = get(client, "/runs", CLOUDCRUISE)
    day = datetime.now(UTC) - timedelta(hours=24, minutes=1)
    assert recent
    assert all(moment(run["created_at"]) >= day for run in recent)
    assert len(recent) < len(whole)
    some = get(client, "/runs", CLOUDCRUISE, start_time=since, credential_id="nobody-has-this")
    assert some == []


def test_cloudcruise_rejects(client: httpx.Client) -> None:
    """A key is needed, ``limit`` stays within its range, and ``start_time`` within 31 days."""
    assert client.get("/runs").status_code in {401, 403}
    for params in (
        {"limit": 0},
        {"limit": 10_001},
        {"status": "execution.sleeping"},
        {"start_time": (datetime.now(UTC) - timedelta(days=40)).isoformat()},
    ):
        response = client.get("/runs", headers=CLOUDCRUISE, params=params)
        assert response.status_code == 400, params
        assert response.json()["message"]


# --------------------------------------------------------------------------------------------------- SeekrFlow


@pytest.fixture
def threads(client: httpx.Client) -> list[str]:
    """The threads that the mock knows: no page of SeekrFlow's runs lists them."""
    apis = {api["name"]: api for api in client.get("/__mock__/apis").json()["apis"]}
    return list(apis["seekrflow"]["scopes"]["thread_id"])


def seekrflow_pages(client: httpx.Client, thread: str, limit: int, **params: Any) -> Iterator[list[dict[str, Any]]]:
    offset = 0
    while page := get(client, f"/v1/threads/{thread}/runs", SEEKRFLOW, limit=limit, offset=offset, **params):
        yield page
        offset += len(page)


def test_seekrflow_walks_a_thread(client: httpx.Client, threads: list[str]) -> None:
    """Offsets walk a thread from end to end in both orders, whatever the size of a page; limit 0 is an empty page."""
    first = threads[0]
    newest = [run for page in seekrflow_pages(client, first, 20) for run in page]
    assert len(newest) >= 40
    created = [moment(run["created_at"]) for run in newest]
    assert created == sorted(created, reverse=True)
    for limit in (1, 7):
        oldest = [run["id"] for page in seekrflow_pages(client, first, limit, order="asc") for run in page]
        assert oldest == [run["id"] for run in reversed(newest)]
    path = f"/v1/threads/{first}/runs"
    assert get(client, path, SEEKRFLOW, limit=0) == []
    assert get(client, path, {**SEEKRFLOW, "x-team-id": "team"}) == newest[:20]


def test_seekrflow_keeps_threads_apart(client: httpx.Client, threads: list[str]) -> None:
    """A thread shows its own runs alone; there is a full one, a smaller one and an empty one; others are unknown."""
    sizes = []
    for thread in threads[:3]:
        runs = get(client, f"/v1/threads/{thread}/runs", SEEKRFLOW, limit=1000)
        assert all(run["thread_id"] == thread for run in runs)
        sizes.append(len(runs))
    assert sizes[0] >= 40
    assert sizes[1] >= 10
    assert sizes[2] == 0
    assert client.get("/v1/threads/thread_unknown/runs", headers=SEEKRFLOW).status_code == 404


def test_seekrflow_rows_make_sense(client: httpx.Client, threads: list[str]) -> None:
    """Tokens add up, and a run that has ended is not active."""
    for run in get(client, f"/v1/threads/{threads[0]}/runs", SEEKRFLOW, limit=1000):
        usage = run["usage"]
        if usage is not None:
            assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        if run["status"] not in {"queued", "running"}:
            assert not run["is_active"]


def test_seekrflow_rejects(client: httpx.Client, threads: list[str]) -> None:
    """A key is needed; a wrong order and a negative limit are reported together, each with its place."""
    path = f"/v1/threads/{threads[0]}/runs"
    assert client.get(path).status_code in {401, 403}
    response = client.get(path, headers=SEEKRFLOW, params={"limit": -1, "order": "up"})
    assert response.status_code == 422
    assert [problem["loc"] for problem in response.json()["detail"]] == [["query", "limit"], ["query", "order"]]
