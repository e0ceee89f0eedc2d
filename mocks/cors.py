"""CORS: a page in a browser, of whatever origin, may call the mock (the Fetch standard, section 3.2).

Only a request with an ``Origin`` header costs anything.
"""

from collections.abc import Mapping

from specduet.mocks.responses import Headers, Message, Send

_METHODS = b"GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
_EXPOSED = b"Allow, Location, Preference-Applied, Retry-After, WWW-Authenticate, X-Mock-Fault"
_MAX_AGE = b"600"


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    return method == "OPTIONS" and b"access-control-request-method" in headers


async def answer_preflight(headers: Mapping[bytes, bytes], send: Send) -> None:
    """Allow what the browser asks for: any method, and the very headers that it names."""
    allowed = [
        *_allowing(headers[b"origin"]),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", headers.get(b"access-control-request-headers", b"*")),
        (b"access-control-max-age", _MAX_AGE),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": allowed})
    await send({"type": "http.response.body", "body": b""})


def allowing(origin: bytes, send: Send) -> Send:
    """``send``, with the headers that let a page of ``origin`` read the answer."""

    async def send_allowed(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = [*_allowing(origin), (b"access-control-expose-headers", _EXPOSED)]
            message = {**message, "headers": [*message.get("headers", ()), *own]}
        await send(message)

    return send_allowed


def _allowing(origin: bytes) -> Headers:
    # the origin itself and not `*`, which a browser refuses for requests with credentials
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]
