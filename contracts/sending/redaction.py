"""Masking of secrets: what the operator gave as a credential is hidden in everything that people can read.

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
_MIN_LENGTH = 4
"""A shorter secret is masked in its own header only: masked anywhere, it would blot out half of a report."""

_HARMLESS_HEADERS = re.compile(
    r"accept(-.*)?|cache-control|connection|content-type|from|host|if-.*|origin|pragma|prefer|referer|te|user-agent"
    r"|x-request-id|x-correlation-id|x-mock-session|traceparent|tracestate",
    re.IGNORECASE,
)


class Secrets:
    """Mask every secret that was added. One instance serves a whole run."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Mask ``value`` from now on, and also the parts of ``Bearer x`` and ``a=x; b=y``."""
        parts = [part for part in _split_secret(value) if len(part) >= _MIN_LENGTH]
        self._values.update(parts, *(make_near_misses(part) for part in parts))
        forms = sorted({form for known in self._values for form in _encode_forms(known)}, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None

    def mask(self, text: str) -> str:
        """Return the text with every secret replaced by ``[redacted]``."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def mask_bytes(self, data: bytes) -> bytes:
        """Return bytes, which need not be text, with every secret replaced."""
        return self.mask(data.decode("latin-1")).encode("latin-1") if self._pattern else data

    def mask_json(self, value: Any) -> Any:
        """Return a JSON value with every secret replaced, in texts and in keys."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask(str(key)): self.mask_json(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_json(inner) for inner in value]
        return value


def make_near_misses(secret: str) -> list[str]:
    """Return the secret without its last letter, and in the other case: the credentials probe sends them as wrong ones.

    They are masked, too, because whoever knows one of them knows the secret. A short secret is not shortened: what is
    left could stand in a text by chance.
    """
    return [*([secret[:-1]] if len(secret) > 2 * _MIN_LENGTH else []), secret.swapcase()]


def is_secret_header(name: str) -> bool:
    """Return whether the value of a header that the operator gave is masked: all but those with a harmless name."""
    return _HARMLESS_HEADERS.fullmatch(name) is None


def _split_secret(value: str) -> Iterator[str]:
    """Yield the value, the token behind a scheme (``Bearer x``), and the values of a cookie header."""
    value = value.strip()
    yield value
    scheme, _, rest = value.partition(" ")
    if rest and re.fullmatch(r"[A-Za-z][\w-]*", scheme):
        yield rest.strip()
        if scheme.lower() == "basic":
            yield from _decode_basic(rest.strip())
    if "=" in value and ";" in value:
        yield from (pair.partition("=")[2].strip() for pair in value.split(";"))


def _decode_basic(token: str) -> Iterator[str]:
    """Yield ``user:password`` and the password of a Basic token (RFC 7617), if it is one."""
    try:
        plain = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    yield plain
    yield plain.partition(":")[2]


def _encode_forms(value: str) -> Iterator[str]:
    """Yield the value in every form in which it may appear."""
    yield value
    yield value.encode().decode("latin-1")  # as mask_bytes sees it
    yield from (quote(value, safe=""), quote(value), quote_plus(value))
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from (escape(value), quoteattr(value)[1:-1])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(value.encode()).decode()
        yield from (encoded, encoded.rstrip("="), quote(encoded, safe=""))
