"""Raw requests to an ASGI application in this process, so that nothing corrects them on their way."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Headers = list[tuple[bytes, bytes]]
JSON = (b"content-type", b"application/json")


@dataclass(frozen=True)
class RawRequest:
    method: str
    target: str
    """Path and query as they stand on the request line."""
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def to_scope(self) -> dict[str, Any]:
        """Return the ASGI scope of the request, as uvicorn makes it."""
        path, _, query = self.target.partition("?")
        default = [] if any(name == b"host" for name, _ in self.headers) else [(b"host", b"mock")]
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("latin-1"),
            "root_path": "",
            "query_string": query.encode("latin-1"),
            "headers": [*default, *self.headers],
            "client": ("127.0.0.1", 1),
            "server": ("mock", 80),
            "state": {},
        }


@dataclass(frozen=True)
class RawResponse:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send_raw(app: Any, request: RawRequest, chunks: Iterable[bytes] | None = None) -> RawResponse:
    """Return the response of ``app``. ``chunks`` are sent instead of the body, one ASGI message each."""
    return asyncio.run(send_raw_async(app, request, chunks))


def send_json(
    app: Any, method: str, target: str, body: Any = None, headers: Sequence[tuple[bytes, bytes]] = ()
) -> RawResponse:
    """Return the response to a body of JSON, or to none that is labelled as JSON."""
    content = b"" if body is None else json.dumps(body).encode()
    return send_raw(app, RawRequest(method, target, [*headers, JSON], content))


def listen(app: Any, request: RawRequest, is_enough: Callable[[list[bytes]], bool] = lambda _: False) -> list[bytes]:
    """Return the pieces of a body that is a stream, until it ends or enough have come and the client disconnects."""
    pieces: list[bytes] = []

    async def follow() -> None:
        bodies, has_heard_enough = [request.body], asyncio.Event()

        async def receive() -> dict[str, Any]:
            if bodies:
                return {"type": "http.request", "body": bodies.pop()}
            await has_heard_enough.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message.get("body"):
                pieces.append(message["body"])
                if is_enough(pieces):
                    has_heard_enough.set()

        await asyncio.wait_for(app(request.to_scope(), receive, send), 60)

    asyncio.run(follow())
    return pieces


async def send_raw_async(app: Any, request: RawRequest, chunks: Iterable[bytes] | None = None) -> RawResponse:
    """Return the response of ``app``, as ``send_raw`` does. After the body, the client disconnects."""
    pieces = list(chunks) if chunks is not None else [request.body]
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app(request.to_scope(), receive, send)
    start = messages[0]
    return RawResponse(
        start["status"],
        {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in messages[1:]),
    )
