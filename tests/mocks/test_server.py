"""The mock as a server: its port, its end, and what a fault does to a real connection."""

import asyncio
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from specduet.mocks.connection_protocol import WriteCoalescingTransport
from specduet.mocks.server import serve
from specduet.pytest_plugin import RunningMock
from specduet.specs import UsageError

COMMAND = [sys.executable, "-I", "-m", "specduet", "mock", "nx1"]


@pytest.fixture(scope="module")
def served() -> Iterator[RunningMock]:
    mock = RunningMock(("nx1", "--no-auth"))
    yield mock
    mock.stop()


@pytest.fixture
def connection(served: RunningMock) -> Iterator[http.client.HTTPConnection]:
    served.reset()
    host, port = served.url.removeprefix("http://").split(":")
    opened = http.client.HTTPConnection(host, int(port), timeout=30)
    yield opened
    opened.close()


def get(connection: http.client.HTTPConnection, path: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection.request("GET", path)
    response = connection.getresponse()
    return response, response.read()


class RecordingTransport(asyncio.Transport):
    """A transport that records the calls it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []
        self.closed = False

    def write(self, data: Any) -> None:
        self.calls.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.calls.append([*list_of_data])

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")

    def is_closing(self) -> bool:
        return self.closed


# ------------------------------------------------------------------------------------------- beginning and end


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_peace(number: signal.Signals) -> None:
    """It says where it is, with seed and epoch; a signal ends it with exit code 0 and without a word."""
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while "control API" not in lines[-1]:
            lines.append(process.stdout.readline())
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert "http://127.0.0.1:" in lines[0]
    assert ":0" not in lines[0]
    url = lines[0].rsplit(" ", 1)[1].strip()
    assert f"    GET {url}/api/crew-runs\n" in lines
    assert "seed 1, epoch 20" in lines[-2]


def test_a_request_under_way_is_finished() -> None:
    """Whoever waits for a response when the end comes still gets it."""
    with subprocess.Popen([*COMMAND, "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        host, port = process.stdout.readline().rsplit("http://", 1)[1].strip().split(":")
        waiting = http.client.HTTPConnection(host, int(port), timeout=30)
        waiting.request("GET", "/api/crew-runs", headers={"Authorization-PSK": "k", "Prefer": "wait=0.5"})
        other = http.client.HTTPConnection(host, int(port), timeout=30)
        entries: list[Any] = []
        while not entries:  # until the waiting request has come in
            other.request("GET", "/__mock__/requests")
            entries = json.load(other.getresponse())["requests"]
        other.close()
        process.terminate()
        response = waiting.getresponse()
        assert (response.status, bool(json.load(response))) == (200, True)
        waiting.close()
        assert process.wait(30) == 0


def test_a_port_in_use_is_reported() -> None:
    """Exit code 2 and a sentence, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"port {port} of 127.0.0.1 is in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("256.0.0.1", 0), ("no.such.host.invalid", 0)])
def test_an_address_that_cannot_be_had_is_reported(host: str, port: int) -> None:
    """Bad ports and hosts are the operator's to mend."""
    with pytest.raises(UsageError):
        serve(["nx1"], host=host, port=port)


IN_A_THREAD = """
import threading
from specduet.mocks.server import serve

ready = threading.Event()

def on_ready(url):
    print(url)
    ready.set()

threading.Thread(target=serve, args=(["nx1"],), kwargs={"port": 0, "on_ready": on_ready}, daemon=True).start()
assert ready.wait(30)
"""


def test_it_can_be_served_from_a_thread() -> None:
    """Signals belong to the main thread; elsewhere the server runs without touching them."""
    # in a process of its own: the thread does not end before the process does
    done = subprocess.run([sys.executable, "-c", IN_A_THREAD], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("http://127.0.0.1:")


# --------------------------------------------------------------------------------------------- on the connection


def test_a_reset_is_a_reset(served: RunningMock, connection: http.client.HTTPConnection) -> None:
    """The client's socket is reset by the peer, and the server goes on."""
    served.call("POST", "faults", {"kind": "reset", "times": 1})
    with pytest.raises(ConnectionResetError):
        get(connection, "/api/crew-runs")
    connection.close()
    assert get(connection, "/api/crew-runs")[0].status == 200


def test_a_truncated_body_ends_early(served: RunningMock, connection: http.client.HTTPConnection) -> None:
    """The connection closes before the announced length, and the server goes on."""
    served.call("POST", "faults", {"kind": "truncate", "keep": 25, "times": 1})
    connection.request("GET", "/api/crew-runs?limit=5")
    response = connection.getresponse()
    assert response.headers["x-mock-fault"] == "truncate; id=f1"
    with pytest.raises(http.client.IncompleteRead) as cut:
        response.read()
    assert len(cut.value.partial) == 25
    connection.close()
    assert get(connection, "/api/crew-runs?limit=5")[0].status == 200


def test_head_and_body_are_written_at_once() -> None:
    """Two pieces go out together and a single one in the loop's next round; a close loses none, an abort all."""

    async def write_steps(*steps: str | bytes, gone: bool = False) -> list[Any]:
        transport = RecordingTransport()
        coalescing = WriteCoalescingTransport(transport, [])
        for step in steps:
            if isinstance(step, bytes):
                coalescing.write(step)
            else:
                getattr(coalescing, step)()
        transport.closed = gone
        await asyncio.sleep(0)
        return transport.calls

    assert asyncio.run(write_steps(b"head", b"body")) == [[b"head", b"body"]]
    assert asyncio.run(write_steps(b"head", b"")) == [[b"head", b""]]
    assert asyncio.run(write_steps(b"1", b"2", b"3")) == [[b"1", b"2"], b"3"]
    assert asyncio.run(write_steps(b"head", "close")) == [b"head", "close"]
    assert asyncio.run(write_steps(b"head", "abort")) == ["abort"]
    assert asyncio.run(write_steps(b"head", gone=True)) == []
    assert asyncio.run(write_steps(b"")) == []


def test_a_connection_is_kept(connection: http.client.HTTPConnection) -> None:
    """Responses of every kind, to requests with and without a body, leave the connection open for the next."""
    connection.connect()
    first = connection.sock
    for path in ("/api/crew-runs", "/api/crew-runs?limit=abc", "/nowhere", "/__mock__/ready"):
        get(connection, path)
    connection.request("POST", "/api/crews/run", b"{", {"Content-Type": "application/json"})
    assert connection.getresponse().read()
    connection.request("POST", "/__mock__/reset")
    assert connection.getresponse().status == 204
    assert connection.sock is first


def _send_raw(served: RunningMock, request: bytes) -> bytes:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as opened:
        opened.sendall(request)
        return opened.recv(65_536)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a million query parameters": lambda: (
        b"GET /api/crew-runs?" + b"&".join([b"a=1"] * 10**6) + b" HTTP/1.1\r\nHost: h\r\n\r\n"
    ),
    "a header of a megabyte": lambda: (
        b"GET /api/crew-runs HTTP/1.1\r\nHost: h\r\nX-Long: " + b"x" * 10**6 + b"\r\n\r\n"
    ),
    "bytes that are no HTTP": lambda: b"\x00\x01\x02\xff\r\n\r\n",
    "bytes in the path": lambda: b"GET /api/crew-runs/%ff%00%zz HTTP/1.1\r\nHost: h\r\n\r\n",
    "bytes in a header": lambda: b"GET /api/crew-runs HTTP/1.1\r\nHost: h\r\nX-Mock-Session: \xff\xfe\r\n\r\n",
    "a preference of bytes": lambda: b"GET /api/crew-runs HTTP/1.1\r\nHost: h\r\nPrefer: \xff\r\n\r\n",
    "an upgrade": lambda: b"GET /runs HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "a lie about the length": lambda: b"POST /api/crews/run HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999\r\n\r\n{",
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_requests_are_rejected(served: RunningMock, hostile: str) -> None:
    """Whatever comes over the wire, the response is an error response and no failure."""
    served.reset()
    response = _send_raw(served, HOSTILE[hostile]())
    status = int(response.split(b" ")[1])
    assert 200 <= status < 500
    assert served.get_requests(status=500) == []


def test_memory_does_not_grow_with_what_was_rejected(served: RunningMock) -> None:
    """After many requests as large as the server takes, the journal is still small: what it keeps is cut."""
    served.reset()
    large = b"GET /nowhere?" + b"a=1&" * 15_000 + b" HTTP/1.1\r\nHost: h\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n"
    for _ in range(20):
        assert _send_raw(served, large).startswith(b"HTTP/1.1 404")
    kept = served.get_requests()
    assert len(kept) == 20
    assert len(json.dumps(kept)) < 20 * 40_000
