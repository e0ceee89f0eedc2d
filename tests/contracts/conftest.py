"""Raw servers on free ports, services in this process, and the rows and APIs that tests share."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.options import RunOptions
from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.sending import budget
from specduet.contracts.sending.target import Target
from specduet.contracts.sending.transport import Transport, TransportFailure
from specduet.specs import Api, load

Handler = Callable[[socket.socket], None]
Respond = Callable[[SentRequest], ReceivedResponse | TransportFailure]


class RawServer:
    """A server on a free port that hands each connection, in a thread of its own, to a handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept_connections, daemon=True)]
        self._threads[0].start()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept_connections(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                thread = threading.Thread(target=self._serve_connection, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve_connection(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._handler(connection)

    def close(self) -> None:
        for opened in (self._listener, *self._open):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)


@pytest.fixture
def serve_raw() -> Iterator[Callable[[Handler], str]]:
    """Return a function that serves plain sockets: the handler gets every connection, and is free to do anything."""
    servers: list[RawServer] = []

    def start(handler: Handler) -> str:
        servers.append(RawServer(handler))
        return servers[-1].url

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def _close_transports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every connection that a test has left open."""
    transports: list[Transport] = []
    initialize = Transport.__post_init__

    def initialize_and_remember(transport: Transport) -> None:
        transports.append(transport)
        initialize(transport)

    monkeypatch.setattr(Transport, "__post_init__", initialize_and_remember)
    yield
    for transport in transports:
        transport.close()


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., RunResult]:
    """Return a function that runs the suite over a document whose service is a function in this process."""

    def run(
        paths: str,
        service: Respond,
        *,
        url: str = "http://127.0.0.1:9",
        rest: str = "",
        max_requests: int | None = None,
    ) -> RunResult:
        class DirectTransport:
            def __init__(self, *_args: Any, **_options: Any) -> None: ...

            def send(self, request: SentRequest, _timeout_s: float) -> ReceivedResponse | TransportFailure:
                return service(request)

            def close(self) -> None: ...

        monkeypatch.setattr(budget, "Transport", DirectTransport)
        document = tmp_path / "small.yaml"
        document.write_text(f"openapi: 3.0.3\ninfo: {{title: t, version: '1'}}\npaths:\n{paths}\n{rest}\n", "utf-8")
        options = RunOptions(generate=False, max_time_s=20, max_requests=max_requests)
        result = run_contract((load(document),), Target.parse(url), options)
        assert not [note for note in result.notes if "broke off" in note]
        return result

    return run


@pytest.fixture(scope="session")
def nx1() -> Api:
    return load("nx1")


@pytest.fixture(scope="session")
def cloudcruise() -> Api:
    return load("cloudcruise")


@pytest.fixture(scope="session")
def seekrflow() -> Api:
    return load("seekrflow")


RUN = {"session_id": "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10", "status": "execution.success"}
CREW_RUN = {
    "id": "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10",
    "correlation_id": "c-1",
    "owner_id": "amara",
    "status": "completed",
    "created_at": "2024-01-01T00:00:00Z",
    "crew_config": {
        "agents": [{"role": "analyst", "goal": "answer", "backstory": "long"}],
        "tasks": [{"description": "look"}],
    },
}


@pytest.fixture
def run_row() -> dict[str, Any]:
    """Return a valid row of CloudCruise's list."""
    return json.loads(json.dumps(RUN))  # type: ignore[no-any-return]


@pytest.fixture
def crew_run() -> dict[str, Any]:
    """Return a valid row of Nx1's list, with nested objects."""
    return json.loads(json.dumps(CREW_RUN))  # type: ignore[no-any-return]
