"""Streams of events: they are read until their end or for a time, and judged event by event."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from specduet.contracts.oracle.event_frames import EventFrame, read_frames
from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.sending.transport import Transport
from specduet.specs import load
from tests.contracts.recording_builder import RecordingBuilder

KITCHEN = Path(__file__).parents[1] / "mocks" / "kitchen.yaml"
STREAM = [("content-type", "text/event-stream; charset=utf-8")]
SERVE, FOLLOW = "POST /meals/served", "GET /tables/{table}/events"
MEAL = {"id": "m1", "dish": "soup", "state": "ready"}
NOTICE = {"news": {"state": "ready", "meal": MEAL}, "at": 1, "until": "2026-01-01T00:00:00Z"}


def frames(*data: Any, head: str = "") -> bytes:
    """A stream of events with this data, texts as they are."""
    texts = (each if isinstance(each, str) else json.dumps(each) for each in data)
    return "".join(f"{head}data: {text}\n\n" for text in texts).encode()


def find(code: str, label: str, body: bytes) -> list[tuple[str, str]]:
    builder = RecordingBuilder(load(KITCHEN))
    builder.add(label, body=body, headers=STREAM)
    return [(finding.where, finding.message) for finding in builder.check_clause(code, label)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data: 1\n\n", [EventFrame(0, "1")]),
        (
            "data:1\r\n\r\n: note\n\nevent: a\nid: 7\ndata: x\ndata: y\n\n",
            [EventFrame(0, "1"), EventFrame(1, "x\ny", "a", "7")],
        ),
        ("event: a\n\ndata: 2\n\ndata: cut", [EventFrame(0, "2")]),
        ("", []),
    ],
)
def test_a_stream_is_taken_apart(text: str, expected: list[EventFrame]) -> None:
    """Line ends of all kinds, comments, several lines of data; what has no data or no end is no event."""
    assert list(read_frames(text.encode())) == expected


def test_events_satisfy_their_schema() -> None:
    """Valid data, a heartbeat, a comment and the last event are no finding."""
    body = frames({"step": "start"}, {"step": "end", "at": 5}) + b": still here\n\n" + frames("[DONE]")
    assert find("SD117", SERVE, body) == []
    assert find("SD118", SERVE, body) == []


@pytest.mark.parametrize(
    ("data", "where", "message"),
    [
        ({"step": "burn"}, "/1/step", 'breaks the schema: "start", "stir", "end"'),
        ({"at": 5}, "/1/step", "is missing"),
        ("soon", "/1", "is no JSON"),
    ],
)
def test_a_wrong_event_is_found(data: Any, where: str, message: str) -> None:
    """An event that breaks the schema is found with its number and its place."""
    ((found, said),) = find("SD117", SERVE, frames({"step": "start"}, data, "[DONE]"))
    assert (found, message in said) == (where, True)


def test_an_event_may_be_described_as_a_whole() -> None:
    """As OpenAPI 3.2 has it, the schema may describe an object with the fields of the event."""
    builder = RecordingBuilder(load(KITCHEN))
    step = builder.api.document["components"]["schemas"]["Step"]
    step.update(properties={"event": {"const": "step"}, "data": {"type": "string"}}, required=["event", "data"])
    builder.add(SERVE, body=frames({"step": "start"}, head="event: step\n"), headers=STREAM)
    assert builder.check_clause("SD117", SERVE) == []


def test_names_and_end_are_as_stated() -> None:
    """An event of another name and a stream without its last event are found; a heartbeat has a name of its own."""
    assert find("SD118", FOLLOW, frames(NOTICE, head="event: meal\n") + frames({}, head="event: ping\n")) == []
    ((where, _),) = find("SD118", FOLLOW, frames(NOTICE, head="event: order\n"))
    assert where == "/0/event"
    ((_, message),) = find("SD118", SERVE, frames({"step": "start"}))
    assert message == "the stream ends without [DONE]"


@pytest.fixture
def endless() -> Iterator[str]:
    """The address of a server whose stream goes on: two events and a part of a third, and no end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
                connection.sendall(head + b"data: 1\n\ndata: 2\n\ndata: ")
                connection.recv(1)  # until the client leaves

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(30)
        assert not thread.is_alive()


def test_a_stream_that_goes_on_is_left(endless: str) -> None:
    """Its whole events are read, and the connection is closed."""
    transport = Transport(endless, stream_time_s=0.3)
    received = transport.send(SentRequest("GET", f"{endless}/", "/", "", (), None), 30)
    assert isinstance(received, ReceivedResponse)
    assert (received.body, received.goes_on) == (b"data: 1\n\ndata: 2\n\n", True)
