"""A service on plain sockets: every request gets an answer of one kind, and a few kinds of right ones in between."""

import gzip
import json
import select
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

ROW = {"id": "r-1", "name": "Ann", "state": "open", "size": 3, "created_at": "2024-01-01T00:00:00Z"}
_MAX_WAIT_S = 120.0


@dataclass
class Conversation:
    """One request, and the connection on which it came."""

    connection: socket.socket
    method: str
    target: str
    head: bytes
    body: bytes
    number: int
    """Counts the requests to the service."""

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.connection.sendall(piece)

    def respond(
        self,
        body: bytes | None = None,
        *headers: str | bytes,
        status: str = "200 OK",
        kind: str | bytes = "application/json",
        length: int | str | None = None,
    ) -> None:
        """Send a complete response; without a body, the one that fits the request."""
        content = self.fitting_body if body is None else body
        lines = [f"HTTP/1.1 {status}".encode(), b"Content-Type: " + _to_bytes(kind)]
        lines += [f"Content-Length: {len(content) if length is None else length}".encode(), *map(_to_bytes, headers)]
        self.send(b"\r\n".join([*lines, b"", b""]), content)

    def begin(self, *headers: str | bytes, status: str = "200 OK", kind: str = "application/json") -> None:
        """Send the head of a response that has no length."""
        lines = [f"HTTP/1.1 {status}".encode(), f"Content-Type: {kind}".encode(), *map(_to_bytes, headers)]
        self.send(b"\r\n".join([*lines, b"", b""]))

    def send_chunks(self, pieces: Iterable[bytes], *headers: str) -> None:
        """Send a response in chunks, and its end."""
        self.begin(*headers, "Transfer-Encoding: chunked")
        for piece in pieces:
            self.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.send(b"0\r\n\r\n")

    def choose(self, options: Sequence[str]) -> str:
        """Return one of several texts: another one for each request, in turn."""
        return options[self.number % len(options)]

    @property
    def fitting_body(self) -> bytes:
        """The body of a right answer to the request: a list, or a row."""
        is_list = self.method == "GET" and self.target.partition("?")[0].rstrip("/").endswith("rows")
        return json.dumps([ROW] if is_list else ROW).encode()

    def wait(self, seconds: float = _MAX_WAIT_S) -> bool:
        """Wait, and return whether the other side has hung up meanwhile."""
        return bool(select.select([self.connection], [], [], seconds)[0])

    def drip(self, pieces: Iterable[bytes], pause_s: float = 1.0) -> None:
        """Send a piece a second, until the other side hangs up."""
        for piece in pieces:
            self.send(piece)
            if self.wait(pause_s):
                return


Answer = Callable[[Conversation], Any]
"""What a service does with a request. It leaves the connection open, unless it raises ``OSError`` or closes it."""

ANSWERS: dict[str, Answer] = {}
"""Every kind of answer by its name."""


def hostile(answer: Answer) -> Answer:
    """Enter a kind of answer into the catalogue under the name of its function, with hyphens."""
    name = answer.__name__.replace("_", "-")
    assert name not in ANSWERS
    ANSWERS[name] = answer
    return answer


def pack_body(body: bytes) -> Answer:
    """Return an answer that has this body, compressed with gzip."""
    packed = gzip.compress(body)
    return lambda c: c.respond(packed, "Content-Encoding: gzip")


class HostileService:
    """A server on a free port; ``choose`` returns the answer to a request, None for a right one."""

    def __init__(self, choose: Callable[[Conversation], Answer | None]) -> None:
        self._choose = choose
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.count = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept_connections, daemon=True).start()

    def _accept_connections(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.add(connection)
                threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError):
            connection.settimeout(_MAX_WAIT_S)
            while (conversation := self._read_request(connection)) is not None:
                answer = self._choose(conversation)
                if answer is None:
                    conversation.respond()
                else:
                    answer(conversation)
        self._open.discard(connection)

    def _read_request(self, connection: socket.socket) -> Conversation | None:
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].partition(b":")[2]) if lengths else 0
        while len(body) < length:
            body += connection.recv(65536)
        method, target = head.decode("latin-1").split(" ", 2)[:2]
        with self._lock:
            self.count += 1
        return Conversation(connection, method, target, head, body, self.count)

    def close(self) -> None:
        """Close the listener and every connection."""
        for opened in (self._listener, *self._open):
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()


@contextmanager
def serve(answer: Answer, *, every: int = 1) -> Iterator[HostileService]:
    """Serve one kind of answer while the block runs: to each request, or to every so many, the others answered well."""
    service = HostileService(lambda conversation: answer if conversation.number % every == 0 else None)
    try:
        yield service
    finally:
        service.close()


def _to_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
