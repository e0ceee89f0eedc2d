"""Every hostile answer ends one request in time and within bounds: a response or a failure, and never another error."""

import time
from contextlib import closing

import pytest

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.sending import body_reader
from specduet.contracts.sending.body_reader import KEPT_BYTES
from specduet.contracts.sending.transport import Transport, TransportFailure
from tests.hostile.answers import ANSWERS
from tests.hostile.service import ROW, Conversation, pack_body, serve

TIMEOUT_S = 0.2
COSTLY = {
    name for name in ANSWERS if "bomb" in name or "mebibytes" in name or name in {"gzip-in-gzip", "long-line-of-status"}
}
"""Answers that take the service a while to make: ``make hostile`` judges them."""


def make_request(url: str) -> SentRequest:
    headers = (("Host", "127.0.0.1"), ("Accept", "application/json"))
    return SentRequest("GET", f"{url}/rows", "/rows", "", headers, None)


def send(transport: Transport, timeout_s: float = TIMEOUT_S) -> ReceivedResponse | TransportFailure:
    return transport.send(make_request(transport.url), timeout_s)


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() - COSTLY))
def test_a_hostile_answer_ends_one_request(name: str) -> None:
    """Two requests: no exception, no more bytes kept than are allowed, no wait beyond the time."""
    with serve(ANSWERS[name]) as service, closing(Transport(service.url)) as transport:
        started = time.monotonic()
        results = [send(transport) for _ in range(2)]
        assert time.monotonic() - started < 2 * TIMEOUT_S + 60
    for result in results:
        assert isinstance(result, ReceivedResponse | TransportFailure)
        if isinstance(result, ReceivedResponse):
            assert len(result.body) <= KEPT_BYTES
            assert 100 <= result.status <= 999


def test_a_bomb_is_measured_and_never_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of much in little, a part is kept, the rest is counted in small pieces, and what is endless is left."""
    monkeypatch.setattr(body_reader, "KEPT_BYTES", 2**20)
    monkeypatch.setattr(body_reader, "MEASURED_BYTES", 4 * 2**20)
    for count, is_measured in ((3, True), (30, False)):
        with serve(pack_body(b" " * (count * 2**20))) as service, closing(Transport(service.url)) as transport:
            result = transport.send(make_request(service.url), 60)
        assert isinstance(result, ReceivedResponse)
        assert (len(result.body), result.is_cut, result.is_measured) == (2**20, True, is_measured)
        assert result.size is not None
        assert result.size == count * 2**20 if is_measured else result.size <= 6 * 2**20


def test_an_interim_response_is_no_answer() -> None:
    """103 and 102 come before the response (RFC 9110, 15.2), which is the one that counts; so it is with the next."""

    def hint_first(c: Conversation) -> None:
        c.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
        c.respond()

    with serve(hint_first) as service, closing(Transport(service.url)) as transport:
        for _ in range(2):
            result = send(transport, 60)
            assert isinstance(result, ReceivedResponse)
            assert (result.status, result.json) == (200, [ROW])


def test_codings_in_a_row_are_undone() -> None:
    """Two codings, in one header or in two, and an unknown one, which is left alone."""
    for name, fits in (("gzip-named-twice", True), ("gzip-of-many-members", False), ("unknown-coding", True)):
        with serve(ANSWERS[name]) as service, closing(Transport(service.url)) as transport:
            result = send(transport, 60)
            assert isinstance(result, ReceivedResponse)
            assert (result.json == [ROW]) is fits
