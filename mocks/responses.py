"""An answer, and its way out: status, headers and bytes, or bytes that come one after the other."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
from pydantic_core import to_json

Headers = list[tuple[bytes, bytes]]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

JSON = b"application/json"
PROBLEM_JSON = b"application/problem+json"
EVENT_STREAM = b"text/event-stream"


class Answer(msgspec.Struct, eq=False):
    """``stream`` gives the body in pieces where it is not None; ``body`` is empty then."""

    status: int
    headers: Headers
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None


def answer(status: int, body: bytes, media_type: bytes = JSON) -> Answer:
    """An answer with a body that is already encoded."""
    return Answer(status, [(b"content-length", b"%d" % len(body)), (b"content-type", media_type)], body)


def encoded(status: int, value: Any, media_type: bytes = JSON) -> Answer:
    """An answer whose body is ``value`` in JSON, spelt as Python's own encoder spells it."""
    body = to_json(value)
    if b"e-" in body or b"0.0000" in body:  # perhaps a small number, which the quicker encoder spells otherwise
        body = _ENCODER.encode(json.loads(body)).encode()
    return answer(status, body, media_type)


def empty(status: int, headers: Headers | None = None) -> Answer:
    """An answer without a body; only those that may have one announce its length (RFC 9110, section 8.6)."""
    length = [] if status == 204 or status < 200 else [(b"content-length", b"0")]
    return Answer(status, [*length, *(headers or ())])


def streamed(pieces: AsyncIterator[bytes], media_type: bytes) -> Answer:
    """An answer whose length is not known before its end."""
    return Answer(200, [(b"content-type", media_type), (b"cache-control", b"no-cache")], stream=pieces)


async def deliver(answer: Answer, method: str, send: Send) -> None:
    """Send an answer; to HEAD, everything but its body (RFC 9110, section 9.3.2)."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if answer.stream is not None and method != "HEAD":
        async for piece in answer.stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})
