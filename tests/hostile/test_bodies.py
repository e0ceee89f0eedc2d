"""Bodies of a run are kept within bounds of memory, and judged all the same."""

import errno
import json
import tempfile
from typing import Any

import pytest

from specduet.contracts import bodies
from specduet.contracts.analysis.long_lists import read_first_rows
from specduet.contracts.bodies import BodyStore, KeptBody
from specduet.contracts.recording import NOT_JSON, Exchange, ReceivedResponse, Recording, SentRequest
from specduet.contracts.run_notes import describe_long_bodies


def receive(recording: Recording, body: bytes) -> ReceivedResponse:
    return recording.share_body(ReceivedResponse(200, (), body, 0.1))


def test_equal_bodies_are_kept_once() -> None:
    """However often a body comes, it is one object, large or small."""
    recording = Recording()
    for body in (b"[]", b'["' + b"x" * 10_000 + b'"]'):
        assert receive(recording, body).content is receive(recording, bytes(bytearray(body))).content
        assert receive(recording, body).body == body


def test_bodies_beyond_the_bound_are_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no room in memory is read from the file when it is asked for."""
    monkeypatch.setattr(bodies, "IN_MEMORY_BYTES", 50_000)
    recording = Recording()
    texts = [json.dumps({"id": str(number) * 20_000}).encode() for number in range(6)]
    received = [receive(recording, text) for text in texts]
    assert [r.body for r in received] == texts
    assert [r.json["id"][0] for r in received] == list("012345")
    assert sum(isinstance(r.content, KeptBody) and r.content.is_in_memory for r in received) == 2


@pytest.mark.parametrize("limit", ["IN_FILE_BYTES", "disk"])
def test_without_room_the_beginning_is_kept(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """A full disk, or a full file, cuts bodies; they say so, and nothing breaks."""

    class FullFile:
        def seek(self, *_: Any) -> int:
            return 0

        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bodies, "IN_MEMORY_BYTES", 0)
    if limit == "disk":
        monkeypatch.setattr(tempfile, "TemporaryFile", FullFile)
    else:
        monkeypatch.setattr(bodies, limit, 0)
    received = receive(Recording(), b"[" + b"1," * 50_000 + b"1]")
    assert (received.is_cut, received.size, received.json) == (True, 100_003, NOT_JSON)
    assert len(received.body) == 64 * 2**10


def test_large_values_are_judged_alone() -> None:
    """A body whose values would take much memory is not compared with others, but read by itself."""
    received = receive(Recording(), json.dumps([{"id": number} for number in range(100_000)]).encode())
    assert (received.is_compared, received.json) == (False, NOT_JSON)
    assert len(received.read_alone()) == 100_000
    small = receive(Recording(), json.dumps([{"id": number} for number in range(1_000)]).encode())
    assert small.is_compared
    assert small.json[999] == {"id": 999}


def test_commas_in_texts_are_no_values() -> None:
    """What decides whether a body is read counts values, and not the commas of a long text."""
    text, values = json.dumps([{"id": "," * 400_000}]).encode(), json.dumps([1] * 300_000).encode()
    assert not bodies.has_many_values(text)
    assert bodies.has_many_values(values)
    assert ReceivedResponse(200, (), values, 0.1).is_unread


@pytest.mark.parametrize(
    ("text", "path", "count"),
    [
        ('[{"id": 1}, {"id": 2}, {"id": 3}]', [], 2),
        ('[{"id": 1}, {"id": 2', [], 1),
        (' { "total": 3, "data": {"items": [ {"id": 1} , {"id": 2}, 3]}}', ["data", "items"], 2),
        ('{"data": {}, "more": [1, 2]}', ["rows"], 0),
        ('{"data": 3}', ["data", "items"], 0),
        ("[" * 5_000, [], 0),
        ("", [], 0),
        ("[]", [], 0),
    ],
)
def test_the_first_rows_of_a_long_list_are_counted(text: str, path: list[str], count: int) -> None:
    """As many as are asked for, also of a text that was cut off."""
    assert len(read_first_rows(text, path, 2)) == count


def test_a_store_without_bodies_opens_no_file() -> None:
    """A run with small responses needs no disk."""
    store = BodyStore()
    assert store.keep(b"{}") == b"{}"
    assert not store.uses_file


def test_what_was_cut_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note counts the bodies of which a part was judged, and those that were judged alone."""
    monkeypatch.setattr(bodies, "VALUES_BYTES", 0)
    recording = Recording()
    sent = SentRequest("GET", "http://x/", "/", "", (), None)
    for received in (
        ReceivedResponse(200, (), b"[1", 0.1, size=100),
        ReceivedResponse(200, (), json.dumps([1] * 99_000).encode(), 0.1),
        ReceivedResponse(200, (), b"[]", 0.1),
    ):
        shared = recording.share_body(received)
        recording.exchanges.append(Exchange(1, "a", "b", sent, shared, "", "probe", "given", 0.0))
    cut, alone = describe_long_bodies(recording)
    assert cut == "1 of 3 bodies were longer than what is kept of one: only their beginning is judged."
    assert alone == "1 of 3 bodies were so large that they were judged alone, not beside the others."
