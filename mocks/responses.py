"""HTTP responses of the mock, and how they are sent: status, headers and a body in one piece or in many."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

from specduet.mocks.json_codec import encode_json

Headers = list[tuple[bytes, bytes]]
"""Lower-case names and values: ``[(b"content-type", b"application/json")]``."""
Message = MutableMapping[str, Any]
"""A message of the ASGI specification, such as ``{"type": "http.response.body", "body": b""}``."""
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON = b"application/json"
PROBLEM_JSON = b"application/problem+json"
EVENT_STREAM = b"text/event-stream"


class HttpResponse(msgspec.Struct, eq=False):
    """An HTTP response that is not sent yet."""

    status: int
    headers: Headers
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    """Pieces of the body, if its length is not known beforehand; ``body`` is empty then."""
    reason: Any = ""
    """Why the request was rejected, or what of it was ignored, for the request log: a text, or the problems of it."""

    def copy(self) -> "HttpResponse":
        """Return a copy, to which headers may be added; a stream can be sent only once, and is not copied."""
        return HttpResponse(self.status, [*self.headers], self.body, reason=self.reason)

    def with_body(self, body: bytes) -> "HttpResponse":
        """Return a copy with another body."""
        length = (b"content-length", b"%d" % len(body))
        headers = [length if pair[0] == b"content-length" else pair for pair in self.headers]
        return HttpResponse(self.status, headers, body, reason=self.reason)


def make_response(status: int, body: bytes, media_type: bytes = JSON) -> HttpResponse:
    """Return a response with an encoded body."""
    return HttpResponse(status, [(b"content-length", b"%d" % len(body)), (b"content-type", media_type)], body)


def make_json_response(status: int, value: Any, media_type: bytes = JSON) -> HttpResponse:
    """Return a response with ``value`` as JSON, in the spelling of Python's own encoder."""
    return make_response(status, encode_json(value), media_type)


def make_empty_response(status: int, headers: Headers | None = None) -> HttpResponse:
    """Return a response without a body."""
    # only a response that may have a body announces its length (RFC 9110, section 8.6)
    length = [] if status in {204, 304} or status < 200 else [(b"content-length", b"0")]
    return HttpResponse(status, [*length, *(headers or ())])


def make_streaming_response(pieces: AsyncIterator[bytes], media_type: bytes) -> HttpResponse:
    """Return a response whose length is not known before its end."""
    return HttpResponse(200, [(b"content-type", media_type), (b"cache-control", b"no-cache")], stream=pieces)


async def send_response(response: HttpResponse, method: str, send: Send) -> None:
    """Send a response; to HEAD, everything but its body (RFC 9110, section 9.3.2)."""
    has_body = method != "HEAD"
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    if response.stream is not None and has_body:
        async for piece in response.stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": response.body if has_body else b""})


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the server reports that the client is gone. Messages before that are dropped."""
    while (await receive())["type"] != "http.disconnect":
        pass


_watched_clients: set[asyncio.Task[None]] = set()


def watch_client(receive: Receive) -> asyncio.Task[None]:
    """Return a future that is done when the client of a stream is gone, or the server stops (``end_streams``)."""
    watched = asyncio.ensure_future(wait_for_disconnect(receive))
    _watched_clients.add(watched)
    watched.add_done_callback(_watched_clients.discard)
    return watched


def end_streams() -> None:
    """End all streams, so that a server which stops does not wait for their clients."""
    for watched in [*_watched_clients]:
        watched.cancel()
