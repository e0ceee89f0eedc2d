"""CORS: pages of any origin may call the mock from a browser (the Fetch standard, section 3.2).

A request without an ``Origin`` header gets no CORS headers.
"""

from collections.abc import Mapping

from specduet.mocks.responses import Headers, HttpResponse, Message, Send, make_empty_response

_ALLOWED_METHODS = b"GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
_EXPOSED_HEADERS = b"Allow, Location, Preference-Applied, Retry-After, WWW-Authenticate, X-Mock-Fault"
_MAX_AGE_S = b"600"


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    return method == "OPTIONS" and b"access-control-request-method" in headers


def make_preflight_response(headers: Mapping[bytes, bytes]) -> HttpResponse:
    """Return the response to a preflight: any method is allowed, and the headers that it names."""
    allowed = [
        *_build_origin_headers(headers[b"origin"]),
        (b"access-control-allow-methods", _ALLOWED_METHODS),
        (b"access-control-allow-headers", headers.get(b"access-control-request-headers", b"*")),
        (b"access-control-max-age", _MAX_AGE_S),
    ]
    return make_empty_response(204, allowed)


def add_cors_headers(origin: bytes, send: Send) -> Send:
    """Return ``send`` with the headers that let a page of ``origin`` read the response."""
    cors_headers = [*_build_origin_headers(origin), (b"access-control-expose-headers", _EXPOSED_HEADERS)]

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            # a document may describe some of them itself, and a browser rejects a header that comes twice
            own = [pair for pair in message.get("headers", ()) if not pair[0].startswith(b"access-control-")]
            message = {**message, "headers": [*own, *cors_headers]}
        await send(message)

    return send_with_headers


def _build_origin_headers(origin: bytes) -> Headers:
    # the origin itself and not `*`, which a browser rejects for requests with credentials
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]
