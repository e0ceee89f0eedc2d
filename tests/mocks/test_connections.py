"""Connections: what a client may send before it is refused, and how one ends that is abandoned."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn

from specduet.mocks import Settings, connection_protocol, create_app
from specduet.mocks.request_head import MAX_HEAD_BYTES, MAX_HEADERS
from tests.mocks.raw_http import RawRequest, send_raw

GOOD = b"GET /api/crew-runs HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def mock() -> Any:
    return create_app("nx1", Settings(auth=False))


def send_over_wire(app: Any, talk: Callable[[Any, Any], Any]) -> list[str]:
    """Serve an application, let ``talk`` use a connection, and return what the event loop complained about."""
    complaints: list[str] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(str(context)))
        config = uvicorn.Config(app, http=connection_protocol.build_protocol_class(), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            serving = asyncio.ensure_future(server.serve([listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            try:
                await talk(reader, writer)
            finally:
                writer.close()
                server.should_exit = True
                await serving

    asyncio.run(run())
    return complaints


def exchange(app: Any, data: bytes) -> bytes:
    """Return the first line that comes back for some bytes, empty where the connection is closed without any."""
    received = b""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        writer.write(data)
        received = await asyncio.wait_for(reader.readline(), 30)

    assert send_over_wire(app, talk) == []
    return received


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + b"A: b\r\n" * MAX_HEADERS + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nA: " + b"b" * MAX_HEAD_BYTES + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * 2_000_000, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 200_000, 431),
        (b"GET /" + b"a" * 2_000_000, 431),
        (b"GET /api/crew-runs?" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 414),
    ],
)
def test_a_head_is_bounded(mock: Any, head: bytes, status: int) -> None:
    """Without one Host it is 400, too large it is 431 or 414, and the mock goes on."""
    assert exchange(mock, head).startswith(b"HTTP/1.1 %d " % status)
    assert exchange(mock, GOOD).startswith(b"HTTP/1.1 200 ")


def test_a_large_body_is_no_head(mock: Any) -> None:
    """What comes after the head is counted by another bound."""
    body = b" " * 900_000
    head = b"POST /api/crews/run HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n" % len(body)
    assert exchange(mock, head + b"Content-Type: application/json\r\n\r\n" + body).startswith(b"HTTP/1.1 422 ")


def test_a_head_without_end_is_not_waited_for(mock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which nobody completes a request is closed, whether or not something came."""
    monkeypatch.setattr(connection_protocol, "IDLE_CHECK_S", 0.01)
    assert exchange(mock, b"GET / HTTP/1.1\r\nHost: a\r\n") == b""
    assert exchange(mock, b"") == b""


def test_a_client_that_reads_nothing_leaves_no_trace(mock: Any) -> None:
    """Two hundred requests and a reset: nothing is written to a connection that is gone."""

    async def talk(_reader: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(GOOD.replace(b"Connection: close\r\n", b"") * 200)
        await writer.drain()
        writer.transport.abort()
        _, other = await asyncio.open_connection(*writer.get_extra_info("peername"))
        other.close()

    assert send_over_wire(mock, talk) == []


def test_other_versions_of_http_need_no_host(mock: Any) -> None:
    """HTTP/2 servers need not pass one on."""
    scope = RawRequest("GET", "/").to_scope()
    assert (scope["http_version"], send_raw(mock, RawRequest("GET", "/")).status) == ("1.1", 200)


def test_h11_keeps_its_own_bounds(mock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long connection is not cut where uvicorn runs on h11, which tells of no complete head."""
    from uvicorn.protocols.http import auto
    from uvicorn.protocols.http.h11_impl import H11Protocol

    monkeypatch.setattr(auto, "AutoHTTPProtocol", H11Protocol)
    request = b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * 40_000 + b"\r\n\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(20):
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            assert head.startswith(b"HTTP/1.1 200")
            length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length"))
            await reader.readexactly(int(length.partition(b":")[2]))

    assert send_over_wire(mock, talk) == []
