"""The HTTP request as it came over ASGI: split into its parts, and neither decoded nor validated."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from specduet.mocks.responses import HttpResponse, Receive

MAX_QUERY_BYTES = 32_768
"""Length of the longest query string that is read; a longer one is responded to with 414.

Half of what uvicorn's parser takes as a URL, so that it can be.
"""

QueryPairs = Sequence[tuple[str, str]]
"""Decoded names and values in the order of the query: ``[("limit", "5"), ("status", "")]``."""


class Request:
    """One HTTP request.

    ``path_values`` are the texts of the path parameters in the order of the path template, percent-decoded.
    """

    __slots__ = (
        *(
            "body",
            "has_repeated_headers",
            "head_bytes",
            "headers",
            "method",
            "path_values",
            "query_string",
            "receive",
            "response",
        ),
        "scope",
    )

    def __init__(self, scope: Mapping[str, Any], receive: Receive, path_values: Sequence[str] = ()) -> None:
        self.scope = scope
        self.receive = receive
        self.path_values = path_values
        self.method: str = scope["method"]
        self.query_string: bytes = scope["query_string"]
        lines = [*scope["headers"]]
        # of a repeated header, the first counts, as with Starlette
        self.headers: dict[bytes, bytes] = dict(lines[::-1])
        self.has_repeated_headers = len(lines) > len(self.headers)
        self.head_bytes = 0
        """Length of all names and values of the headers, once ``request_head.refuse_head`` has looked at them."""
        self.response: HttpResponse | None = None
        """Response that is being sent, for the request log."""
        self.body: bytes | None = b""
        """Body as read; empty before ``read_body``, None if it has more bytes than may be read."""

    def get_header(self, name: bytes) -> str | None:
        """Return the first header of a lower-case name, as text."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def join_header(self, name: bytes) -> bytes | None:
        """Return all lines of a header as one: of a cookie as pairs, of any other as a list (RFC 9110, section 5.3)."""
        if not self.has_repeated_headers or name not in self.headers:
            return self.headers.get(name)
        return (b"; " if name == b"cookie" else b", ").join(
            value for key, value in self.scope["headers"] if key == name
        )

    @property
    def origin(self) -> str:
        """The address at which the client reached the mock: ``http://127.0.0.1:8000``."""
        return f"{self.scope.get('scheme', 'http')}://{self.get_header(b'host') or '127.0.0.1'}"

    @property
    def accept(self) -> str | None:
        """The media types that the client accepts, those of all lines of the header."""
        value = self.join_header(b"accept")
        return None if value is None else value.decode("latin-1")

    def parse_query(self, *, is_utf8: bool = False) -> QueryPairs:
        """Return the pairs of the query. Bytes that are not encoded may be UTF-8, which Starlette takes for Latin-1."""
        query = self.query_string
        if is_utf8 and not query.isascii():
            with suppress(UnicodeDecodeError):
                return parse_query_string(query.decode())
        return parse_query_string(query.decode("latin-1"))

    def find_raw_value(self, name: str) -> str | None:
        """Return the last value of a name in the query, as it was sent: percent-encoded."""
        pairs = [piece.partition("=") for piece in self.query_string.decode("latin-1").split("&")]
        return next((value for raw_name, _, value in reversed(pairs) if unquote_plus(raw_name) == name), None)

    def parse_cookies(self) -> dict[str, str]:
        """Return the cookies by name; of a repeated one, the last."""
        return dict(self.list_cookies())

    def list_cookies(self) -> QueryPairs:
        """Return names and values of the cookies; a cookie that is no pair has no name, as with Starlette."""
        cookies = []
        for piece in (self.join_header(b"cookie") or b"").decode("latin-1").split(";"):
            name, equals, value = piece.partition("=") if "=" in piece else ("", "", piece)
            value = value.strip()
            if equals or value:
                is_quoted = len(value) > 1 and value[0] == value[-1] == '"'
                cookies.append((name.strip(), value[1:-1].replace('\\"', '"') if is_quoted else value))
        return cookies

    async def read_body(self, limit: int) -> None:
        """Read the body into ``body``. A body of more than ``limit`` bytes is not read to its end, and is None."""
        self.body = None
        announced_length = self.headers.get(b"content-length", b"")
        if len(announced_length) > 20 or (announced_length.isdigit() and int(announced_length) > limit):
            return
        message = await self.receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            body = await self._read_rest(body, limit)
        if len(body) <= limit:
            self.body = body

    async def _read_rest(self, first: bytes, limit: int) -> bytes:
        pieces, size, more = [first], len(first), True
        while more and size <= limit:
            message = await self.receive()
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            more = message.get("more_body", False)
        return b"".join(pieces)


def parse_query_string(query: str) -> QueryPairs:
    """Return what ``urllib.parse.parse_qsl`` does, blank values kept. Without anything to decode it is faster."""
    if "%" in query or "+" in query:
        return parse_qsl(query, keep_blank_values=True)
    pairs = []
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((name, value))
    return pairs


@lru_cache(maxsize=256)
def is_json(content_type: str) -> bool:
    """Return True for ``application/json`` and ``application/…+json``, as FastAPI does."""
    from email.message import Message  # only the first of its kind pays for the import

    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
