"""Servers on free ports, raw and whole, and recordings made by hand."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from specduet.contracts.clauses import Clause, Subject, all_clauses
from specduet.contracts.findings import Finding
from specduet.contracts.options import RunOptions
from specduet.contracts.recording import Exchange, ReceivedResponse, Recording, SentRequest
from specduet.contracts.sending.transport import Transport
from specduet.specs import Api, load

Handler = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[Any], str]]:
    """Serves ASGI applications, each on a port of its own, as long as the module's tests run."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> str:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join()


class RawServer:
    """Accepts connections on a free port and hands each, in a thread of its own, to a handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
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
def raw() -> Iterator[Callable[[Handler], str]]:
    """Serves plain sockets: the handler gets every connection and does with it what it likes."""
    servers: list[RawServer] = []

    def start(handler: Handler) -> str:
        servers.append(RawServer(handler))
        return servers[-1].url

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every connection that a test has left open."""
    made: list[Transport] = []
    monkeypatch.setattr(Transport, "__post_init__", _remembering(Transport.__post_init__, made))
    yield
    for transport in made:
        transport.close()


def _remembering(initialise: Callable[[Transport], None], made: list[Transport]) -> Callable[[Transport], None]:
    def initialise_and_remember(self: Transport) -> None:
        made.append(self)
        initialise(self)

    return initialise_and_remember


@pytest.fixture(scope="session")
def nx1() -> Api:
    return load("nx1")


@pytest.fixture(scope="session")
def cloudcruise() -> Api:
    return load("cloudcruise")


@pytest.fixture(scope="session")
def seekrflow() -> Api:
    return load("seekrflow")


class Book:
    """A recording that is written by hand, and what a clause says of it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.recording = Recording()
        self.at = 1_800_000_000.0
        """When the next exchange is sent, in seconds since 1970."""

    def add(
        self,
        label: str,
        *,
        status: int = 200,
        json_: Any = None,
        body: bytes | None = None,
        headers: Sequence[tuple[str, str]] = (("content-type", "application/json"),),
        path: str | None = None,
        query: str = "",
        failure: str = "",
        elapsed_s: float = 0.01,
        sent_headers: Sequence[tuple[str, str]] = (),
    ) -> Exchange:
        """Write down one exchange; without a body, ``json_`` is what came back."""
        operation = next(o for o in self.api.operations if o.label == label)
        where = path or operation.path.replace("{", "").replace("}", "")
        url = f"http://127.0.0.1:1{where}{'?' if query else ''}{query}"
        sent = SentRequest(operation.method, url, where, query, tuple(sent_headers), None)
        data = json.dumps(json_).encode() if body is None else body
        received = None if failure else ReceivedResponse(status, tuple(headers), data, elapsed_s)
        number = len(self.recording.exchanges) + 1
        exchange = Exchange(number, self.api.name, operation.id, sent, received, failure, "probe", "given", self.at)
        self.recording.exchanges.append(exchange)
        return exchange

    def judged(self, code: str, label: str, options: RunOptions | None = None) -> list[Finding]:
        """What the clause with this code finds on one operation."""
        entry: Clause = next(c for c in all_clauses() if c.code == code)
        operation = next(o for o in self.api.operations if o.label == label)
        return list(entry.check(Subject(self.api, operation, self.recording, options or RunOptions(), entry)))


@pytest.fixture
def book() -> Callable[[Api], Book]:
    """Makes an empty recording of an API."""
    return Book


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
    """A right row of CloudCruise's list."""
    return json.loads(json.dumps(RUN))  # type: ignore[no-any-return]


@pytest.fixture
def crew_run() -> dict[str, Any]:
    """A right row of Nx1's list, with nested objects."""
    return json.loads(json.dumps(CREW_RUN))  # type: ignore[no-any-return]
