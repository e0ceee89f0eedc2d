"""Streams of events as a document states them: what each says, when it comes, and how the stream goes on and ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from specduet.mocks import Settings, create_app
from specduet.specs import load
from specduet.specs.errors import BadStatement
from specduet.specs.source import read_document
from tests.mocks import raw_http
from tests.mocks.raw_http import JSON, RawRequest, send_json

KITCHEN = Path(__file__).parent / "kitchen.yaml"


class Frame(NamedTuple):
    """An event as it came."""

    data: Any
    name: str = ""
    id: str = ""


@pytest.fixture
def mock() -> Any:
    return create_app([KITCHEN], Settings(pace=1_000))


def read_frame(piece: bytes) -> Frame:
    assert piece.endswith(b"\n\n")
    fields = dict(line.split(": ", 1) for line in piece.decode().strip().splitlines())
    data = fields["data"] if fields["data"].startswith("[D") else json.loads(fields["data"])
    return Frame(data, fields.get("event", ""), fields.get("id", ""))


def listen(mock: Any, request: RawRequest, until: Callable[[list[Frame]], bool] = lambda _: False) -> list[Frame]:
    """The events of a stream, until it ends or the listener has heard enough."""
    pieces = raw_http.listen(mock, request, lambda pieces: until([read_frame(piece) for piece in pieces]))
    return [read_frame(piece) for piece in pieces]


def cook(mock: Any, table: str, dish: str = "soup") -> str:
    response = send_json(mock, "POST", "/meals", {"dish": dish, "table": table})
    assert response.status == 201
    return str(response.json["id"])


def table_events(table: str, *headers: tuple[bytes, bytes]) -> RawRequest:
    return RawRequest("GET", f"/tables/{table}/events", [*headers])


def test_a_creation_may_be_answered_with_a_stream(mock: Any) -> None:
    """The row is created, each status tells its events, as often as stated, and the last data is the end's."""
    frames = listen(mock, RawRequest("POST", "/meals/served", [JSON], b'{"dish": "stew"}'))
    assert [frame.data["step"] for frame in frames[:-1]] == ["start", "stir", "stir", "stir", "end"]
    assert frames[-1].data == "[DONE]"
    assert {frame.name for frame in frames} == {""}
    rows = mock.sessions.default.get_world("kitchen").dump_state()["meal"]
    assert frames[0].data["meal"] in [row["id"] for row in rows if row["dish"] == "stew"]
    assert isinstance(frames[-2].data["at"], int)


def test_a_creation_with_a_stream_is_like_any_other(tmp_path: Path) -> None:
    """Its inputs are checked before, and the webhooks about its row go where the request wants them."""
    document = read_document(KITCHEN)
    words = document["paths"]["/meals/served"]["post"]["x-specduet"]
    words["inputs"] = {
        "place": "body/dish",
        "resource": "meal",
        "row": "body/like",
        "schema": "dish",
        "basis": "inferred",
    }
    words["subscribes"] = {"url": "body/hook", "basis": "inferred"}
    sends = {
        "responses": {"200": {"description": ""}},
        "x-specduet": {"sends": {"resource": "meal", "basis": "inferred"}},
    }
    document["webhooks"] = {"ordered": {"post": sends}}
    (tmp_path / "kitchen.json").write_text(json.dumps(document))
    mock = create_app([tmp_path / "kitchen.json"], Settings(pace=1_000))
    order = {"dish": "stew", "hook": "http://kitchen.example/", "like": "none"}
    assert send_json(mock, "POST", "/meals/served", order).status == 404
    order["like"] = cook(mock, "t1")
    frames = listen(mock, RawRequest("POST", "/meals/served", [JSON], json.dumps(order).encode()))
    assert frames[-1].data == "[DONE]"
    deliveries = mock.sessions.default.webhooks.deliveries
    assert [(each.subscription.key, each.state) for each in deliveries] == [(frames[0].data["meal"], "forbidden")]


def test_many_rows_are_followed_by_what_they_do_not_show(mock: Any) -> None:
    """A client hears of the rows that it has named itself, of earlier ones too, and of nobody else's."""
    first, second = cook(mock, "t1"), cook(mock, "t1")
    cook(mock, "t2")
    frames = listen(mock, table_events("t1"), lambda frames: len(frames) == 6)
    heard = [(frame.data["news"]["meal"]["id"], frame.data["news"]["state"]) for frame in frames]
    for meal in (first, second):
        assert [state for name, state in heard if name == meal] == ["ordered", "cooking", "ready"]
    assert {frame.name for frame in frames} == {"meal"}
    assert all("table" not in frame.data["news"]["meal"] for frame in frames)


def test_events_have_times_in_the_form_of_their_schema(mock: Any) -> None:
    """The moment is whole seconds where the schema has a number, and the end of its validity a text."""
    cook(mock, "t1")
    data = listen(mock, table_events("t1"), lambda frames: len(frames) == 1)[0].data
    assert isinstance(data["at"], int)
    assert isinstance(data["until"], str)


def test_a_stream_goes_on_after_the_last_event(mock: Any) -> None:
    """With the id of the last event that it has, a client gets those after it, and no other twice."""
    cook(mock, "t1")
    frames = listen(mock, table_events("t1"), lambda frames: len(frames) == 3)
    last = (b"last-event-id", frames[0].id.encode())
    again = listen(mock, table_events("t1", last), lambda heard: len(heard) == 2)
    assert again == frames[1:]
    unknown = (b"last-event-id", b"nonsense")
    assert listen(mock, table_events("t1", unknown), lambda heard: len(heard) == 3) == frames


def test_an_open_stream_stays(mock: Any) -> None:
    """Opened before anything has happened, it is kept alive by a heartbeat until the listener goes."""
    assert listen(mock, table_events("nobody"), lambda frames: len(frames) == 1) == [Frame({"ok": True}, "ping")]


def test_a_stream_ends_with_its_row() -> None:
    """A stream of one row ends when the row is gone, though its last status was not reached."""
    mock = create_app([KITCHEN], Settings())
    mock.sessions.default.clock.freeze()
    world = mock.sessions.default.get_world("kitchen")

    def start_anew(_frames: list[Frame]) -> bool:
        world.reset()
        return False

    frames = listen(mock, RawRequest("POST", "/meals/served", [JSON], b"{}"), start_anew)
    assert [frame.data for frame in frames][1:] == ["[DONE]"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"status": ["burnt"]}, "the rows have no status 'burnt'"),
        ({"sets": {"meal": "salt"}}, "the schema has no field 'salt'"),
        ({"schema": "#/components/schemas/Menu"}, "no schema is at '#/components/schemas/Menu'"),
    ],
)
def test_a_stream_of_nothing_is_an_error(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    """A status, field or schema that the document does not have is named with its line."""
    wrong: Any = read_document(KITCHEN)
    wrong["paths"]["/meals/served"]["post"]["x-specduet"]["stream"]["events"][0].update(change)
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(wrong, indent=1))
    with pytest.raises(BadStatement, match=message) as error:
        load(file)
    assert error.value.line
