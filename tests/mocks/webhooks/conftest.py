"""A mock on a port, and a receiver of its webhooks."""

import json
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from specduet.mocks import Settings, create_app
from tests.json_handler import JsonHandler, run_server

ORDERS = Path(__file__).with_name("orders.yaml")
TIMEOUT_S = 30


@dataclass(frozen=True)
class ReceivedWebhook:
    """One request to the receiver."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.content)


class Receiver(ThreadingHTTPServer):
    """A server on loopback that takes every webhook, or responds with the ``statuses`` that it is given, in turn."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReceivingHandler)
        self.statuses: list[int] = []
        self.received: queue.Queue[ReceivedWebhook] = queue.Queue()
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"

    def take(self) -> ReceivedWebhook:
        """Return the next webhook, as soon as it is there."""
        return self.received.get(timeout=TIMEOUT_S)


class ReceivingHandler(JsonHandler):
    server: Receiver

    def do_POST(self) -> None:  # noqa: N802 - what http.server calls
        content = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.end_headers()
        self.wfile.write(b"thanks")
        self.server.received.put(ReceivedWebhook(self.path, headers, content))


class OrderClient:
    """A client of the mock of orders.yaml, whose clock stands still until a test moves it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.send("POST", "/__mock__/reset")
        self.send("POST", "/__mock__/clock/freeze")

    def send(self, method: str, target: str, body: Any = None) -> Any:
        """Return the status and the JSON of the response."""
        response = httpx.request(method, self.url + target, json=body, timeout=TIMEOUT_S)
        return response.status_code, response.json() if response.content else None

    def create(self, target: str, body: Any) -> Any:
        """Return what was created."""
        status, created = self.send("POST", target, body)
        assert status == 201, created
        return created

    def advance(self, seconds: float) -> None:
        assert self.send("POST", "/__mock__/clock/advance", {"seconds": seconds})[0] == 200

    def list_webhooks(self, query: str = "") -> Any:
        return self.send("GET", f"/__mock__/webhooks{query}")[1]["webhooks"]


@pytest.fixture(scope="module")
def address(serve: Callable[[Any], str]) -> str:
    """The address of a mock."""
    return serve(create_app(ORDERS, Settings(auth=False)))


@pytest.fixture
def client(address: str) -> OrderClient:
    return OrderClient(address)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    with run_server(found):
        yield found


@pytest.fixture
def await_true() -> Callable[[Callable[[], bool]], None]:
    """A function that returns as soon as something is true."""

    def wait(is_true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not is_true():
            assert time.monotonic() < deadline

    return wait
