"""The cause of a 5xx: of several operations that fail at one kind of value, or with one error, one is told."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from specduet.contracts.oracle.json_body import is_utf8
from specduet.contracts.recording import DOWN_STATUSES, Exchange, SentRequest

_MAX_INT32 = 2**31 - 1
_MAX_INT64 = 2**63 - 1
_LONG_TEXT = 250  # a text column often holds 255 characters
_SPECIFIC_ERROR = 80
"""An error body of as many characters names its cause; a shorter one, "Internal Server Error", stands for any."""
_VARYING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+(\.\d+)?"
    r"|\b(?:int|integer|float|double|number|str|string|bool|boolean|list|array|dict|map|object|null|none|nonetype|undefined"
    r"|true|false)\b"
)
"""Ids, numbers and names of types, which differ with the value that was sent."""

_TITLE = re.compile(rb"(?is)<title>(.*?)</title>")


class FailureCause(NamedTuple):
    """What distinguishes one failure of an operation from another."""

    name: str
    """Equal for failures of one cause."""
    message: str
    is_shared: bool
    """Other operations that fail so have the same cause."""


def find_failure_causes(exchanges: Sequence[Exchange]) -> Mapping[int, FailureCause]:
    """Return the cause of each 5xx of one operation by the number of its exchange.

    A kind of value is to blame only where the same error has not been given to requests without any such value.
    """
    plain = {_shorten_error(exchange) for exchange in exchanges if find_odd_value(exchange.request) is None}
    return {exchange.number: _find_cause(exchange, plain) for exchange in exchanges}


def _find_cause(exchange: Exchange, plain: Iterable[str]) -> FailureCause:
    error, status = _shorten_error(exchange), exchange.status
    kind = None if error in plain else find_odd_value(exchange.request)
    if kind is not None:
        return FailureCause(f"{status} {kind}", f"{kind} in the request gets a {status}", is_shared=True)
    message = f"the response is a {status}"
    if status in DOWN_STATUSES or len(error) >= _SPECIFIC_ERROR:
        return FailureCause(f"{status} {error}", message, is_shared=True)
    return FailureCause(str(status), message, is_shared=False)


def _shorten_error(exchange: Exchange) -> str:
    """Return the text of an error, of a page its title, without the ids and numbers that are new each time."""
    body = exchange.response.body if exchange.response else b""
    title = _TITLE.search(body[:5_000])
    text = title[1] if title else body
    return _VARYING.sub("*", text[:500].decode(errors="replace").lower())


def find_odd_value(request: SentRequest) -> str | None:
    """Return the kind of value that services often forget, where a request has one."""
    address = unquote_to_bytes(f"{request.path}?{request.query}")
    body = request.body or b""
    if b"\x00" in address or b"\\u0000" in body:
        return "a NUL character"
    if not is_utf8(address) or re.search(rb"\\u[dD][89abAB]", body):
        return "a text that is no Unicode"
    if _has_integer_above(address + b" " + body, _MAX_INT64):
        return "an integer beyond 64 bits"
    if _has_integer_above(address, _MAX_INT32):  # in a body, it may be a time
        return "an integer beyond 32 bits"
    if re.search(rb"(?s)([\w ])\1{%d}" % (_LONG_TEXT - 1), address + body):
        return f"a text of more than {_LONG_TEXT} characters"
    return None


def _has_integer_above(data: bytes, most: int) -> bool:
    return any(int(digits) > most for digits in re.findall(rb"(?<![\w.\"-])-?(\d{10,400})(?![\w.\"-])", data))
