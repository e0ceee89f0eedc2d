"""Following a run: as a list, or as a stream of events that ends with the run or with its listener."""

import json
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from tests.mocks.raw_http import RawRequest, listen, send_raw

KEY = [(b"authorization-psk", b"k")]
STREAM = (b"accept", b"text/event-stream")


@pytest.fixture
def mock() -> Any:
    return create_app(["nx1"], Settings(pace=1_000))


def create_run(mock: Any) -> str:
    headers = [*KEY, (b"content-type", b"application/json")]
    correlation_id: str = send_raw(mock, RawRequest("POST", "/api/crews/run", headers, b'{"crew_type": "ask"}')).json[
        "correlation_id"
    ]
    return correlation_id


def read_stream(mock: Any, correlation_id: str, hang_up_after: int = 99) -> list[dict[str, Any]]:
    """The events of a stream whose listener hangs up after so many."""
    return follow_events(mock, RawRequest("GET", f"/api/events/{correlation_id}", [*KEY, STREAM]), hang_up_after)


def follow_events(mock: Any, request: RawRequest, hang_up_after: int = 99) -> list[dict[str, Any]]:
    pieces = listen(mock, request, lambda pieces: len(pieces) >= hang_up_after)
    assert all(piece.startswith(b"data: ") and piece.endswith(b"\n\n") for piece in pieces)
    return [json.loads(piece.removeprefix(b"data: ")) for piece in pieces]


def test_a_stream_ends_with_the_run(mock: Any) -> None:
    """The events come one by one, and the last is the run's last status; as a list they are the same."""
    correlation_id = create_run(mock)
    events = read_stream(mock, correlation_id)
    assert events[0]["status"] == "pending"
    assert events[-1]["status"] in {"completed", "failed"}
    assert send_raw(mock, RawRequest("GET", f"/api/events/{correlation_id}", KEY)).json == events


def test_a_stream_ends_with_its_listener(mock: Any) -> None:
    """Where the clock stands still, a run never ends; nothing goes on once nobody listens."""
    mock.sessions.default.clock.freeze()
    events = read_stream(mock, create_run(mock), hang_up_after=1)
    assert [event["status"] for event in events] == ["pending"]


@pytest.mark.parametrize("headers", [[], [STREAM]])
def test_an_unknown_run_is_not_followed(mock: Any, headers: Any) -> None:
    """404 in the dialect, whatever is accepted."""
    response = send_raw(mock, RawRequest("GET", "/api/events/nope", [*KEY, *headers]))
    assert (response.status, response.json) == (404, {"detail": "Crew run not found"})
    assert send_raw(mock, RawRequest("GET", "/api/crews/results/nope", KEY)).status == 404


def test_head_of_a_stream(mock: Any) -> None:
    """The headers of the stream, and no event."""
    response = send_raw(mock, RawRequest("HEAD", f"/api/events/{create_run(mock)}", [*KEY, STREAM]))
    assert (response.status, response.headers["content-type"], response.body) == (200, "text/event-stream", b"")


def test_an_unknown_scope() -> None:
    """A collection that does not exist is named by what its parameter names."""
    mock = create_app(["seekrflow"])
    response = send_raw(mock, RawRequest("GET", "/v1/threads/nope/runs", [(b"authorization", b"k")]))
    assert (response.status, response.json) == (404, {"detail": "Thread not found"})


@pytest.mark.parametrize("event", [{"type": "string"}, {"type": "object", "properties": {"id": {}, "status": {}}}])
def test_a_stream_below_a_job_follows_it(tmp_path: Path, event: Any) -> None:
    """Without an overlay: server-sent events below an item whose status is that of a job are its changes."""
    members = ["queued", "running", "succeeded", "failed"]
    properties = {"id": {"type": "string"}, "status": {"type": "string", "enum": members}}
    job = {"type": "object", "required": ["id", "status"], "properties": properties}

    def describe(schema: Any, media_type: str = "application/json") -> Any:
        return {"200": {"description": "It", "content": {media_type: {"schema": schema}}}}

    given = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    paths = {
        "/jobs": {"post": {"summary": "Create a job", "responses": describe(job)}},
        "/jobs/{id}": {"get": {"parameters": given, "responses": describe(job)}},
        "/jobs/{id}/events": {"get": {"parameters": given, "responses": describe(event, "text/event-stream")}},
    }
    path = tmp_path / "jobs.json"
    path.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "Jobs", "version": "1"}, "paths": paths}))
    mock = create_app([path], Settings(pace=1_000, auth=False))
    number = send_raw(mock, RawRequest("POST", "/jobs")).json["id"]
    events = follow_events(mock, RawRequest("GET", f"/jobs/{number}/events"))
    assert [event["status"] for event in events][:2] == ["queued", "running"]
    assert events[-1]["status"] in {"succeeded", "failed"}
    assert {event["id"] for event in events} == {number}
    assert send_raw(mock, RawRequest("GET", "/jobs/nope/events")).status == 404
