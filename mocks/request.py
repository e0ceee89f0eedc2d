"""The request as it is read from ASGI: what came over the wire, split and not yet judged."""

from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from specduet.mocks.responses import Receive

# The longest query string that is read, in bytes; a longer one is refused with 414.
LONGEST_QUERY = 65_536

Pairs = Sequence[tuple[str, str]]
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Memory(dict[_Key, _Value]):
    """What was worked out for the last requests, ``most`` of them at most: a full one is emptied."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: _Key, value: _Value) -> None:
        if len(self) >= self._most:
            self.clear()
        self[key] = value


class Request:
    """``path_values`` are the texts of the path's parameters in the order of the template, percent-decoded.

    ``body`` is what was read of the body: empty before ``read``, None where it has more bytes than may be read.
    """

    __slots__ = ("body", "headers", "method", "path_values", "query_string", "receive", "scope")

    def __init__(self, scope: Mapping[str, Any], receive: Receive, path_values: Sequence[str] = ()) -> None:
        self.scope = scope
        self.receive = receive
        self.path_values = path_values
        self.method: str = scope["method"]
        self.query_string: bytes = scope["query_string"]
        # of a repeated header the first counts, as with Starlette
        self.headers: dict[bytes, bytes] = dict([*scope["headers"]][::-1])
        self.body: bytes | None = b""

    def header(self, name: bytes) -> str | None:
        """The first header of this lower-case name, as text."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def pairs(self) -> Pairs:
        """The query's (name, value) pairs, decoded, in order, blank ones kept."""
        return pairs(self.query_string.decode("latin-1"))

    def cookies(self) -> dict[str, str]:
        """The cookies by name; those that cannot be read are left out."""
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(self.header(b"cookie") or "")
        except CookieError:
            return {}
        return {name: morsel.value for name, morsel in jar.items()}

    async def read(self, limit: int) -> None:
        """Read the body, if it has no more than ``limit`` bytes: no more of it than it takes to know."""
        self.body = None
        announced = self.headers.get(b"content-length", b"")
        if len(announced) > 20 or (announced.isdigit() and int(announced) > limit):
            return
        message = await self.receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            body = await self._rest(body, limit)
        if len(body) <= limit:
            self.body = body

    async def _rest(self, first: bytes, limit: int) -> bytes:
        pieces, size, more = [first], len(first), True
        while more and size <= limit:
            message = await self.receive()
            pieces.append(message.get("body", b""))
            size += len(pieces[-1])
            more = message.get("more_body", False)
        return b"".join(pieces)


def pairs(query: str) -> Pairs:
    """What ``urllib.parse.parse_qsl`` gives, blank values kept; the common case, with nothing to decode, is quicker."""
    if "%" in query or "+" in query:
        return parse_qsl(query, keep_blank_values=True)
    found = []
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            found.append((name, value))
    return found


@lru_cache(maxsize=256)
def is_json(content_type: str) -> bool:
    """Whether a content type is ``application/json`` or ``application/…+json``: as FastAPI decides what is JSON."""
    from email.message import Message  # only the first of its kind pays for the import

    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
