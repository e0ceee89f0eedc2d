"""Secrets: what the operator gave to get in, masked in everything that anybody can read.

A value is recognised as it was given, and in the forms in which it travels: percent-encoded, base64, escaped for
JSON, XML and Python.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

MASK = "[redacted]"
_SHORTEST = 4
"""A shorter secret is masked in its own header only: masked anywhere, it would blot out half of a report."""

_HARMLESS = re.compile(
    r"accept(-.*)?|cache-control|connection|content-type|from|host|if-.*|origin|pragma|prefer|referer|te|user-agent"
    r"|x-request-id|x-correlation-id|x-mock-session|traceparent|tracestate",
    re.IGNORECASE,
)


class Secrets:
    """Masks every secret it was told of. One object serves a whole run."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Mask ``value`` from now on; of ``Bearer x`` or ``a=x; b=y`` also the parts."""
        parts = [part for part in _parts(value) if len(part) >= _SHORTEST]
        self._values.update(parts, *(almost(part) for part in parts))
        forms = sorted({form for known in self._values for form in _forms(known)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None

    def mask(self, text: str) -> str:
        """The text with every secret as ``[redacted]``."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def mask_bytes(self, data: bytes) -> bytes:
        """The same for bytes, which need not be text."""
        return self.mask(data.decode("latin-1")).encode("latin-1") if self._pattern else data

    def mask_json(self, value: Any) -> Any:
        """The same for every text and key of a JSON value."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask(str(key)): self.mask_json(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_json(inner) for inner in value]
        return value


def almost(secret: str) -> list[str]:
    """What the probe of credentials sends in its place: a letter less, and other letters. To know one is to know all.

    Of a short secret nothing is cut off: what is left could stand in a text by chance.
    """
    return [*([secret[:-1]] if len(secret) > 2 * _SHORTEST else []), secret.swapcase()]


def is_secret_header(name: str) -> bool:
    """Whether the value of a header that the operator gave is to be masked: unless its name says it is harmless."""
    return _HARMLESS.fullmatch(name) is None


def _parts(value: str) -> Iterator[str]:
    value = value.strip()
    yield value
    scheme, _, rest = value.partition(" ")
    if rest and re.fullmatch(r"[A-Za-z][\w-]*", scheme):
        yield rest.strip()
        if scheme.lower() == "basic":
            yield from _unwrapped(rest.strip())
    if "=" in value and ";" in value:
        yield from (pair.partition("=")[2].strip() for pair in value.split(";"))


def _unwrapped(token: str) -> Iterator[str]:
    try:
        plain = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    yield plain
    yield plain.partition(":")[2]


def _forms(value: str) -> Iterator[str]:
    yield value
    yield value.encode().decode("latin-1")  # as mask_bytes sees it
    yield from (quote(value, safe=""), quote(value), quote_plus(value))
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from (escape(value), quoteattr(value)[1:-1])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(value.encode()).decode()
        yield from (encoded, encoded.rstrip("="), quote(encoded, safe=""))
