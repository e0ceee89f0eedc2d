"""Encoded texts: what ``format: byte`` (OAS 3.0) and ``contentEncoding`` (JSON Schema 2020-12) say of a text.

https://github.com/OAI/OpenAPI-Specification/blob/main/versions/3.0.3.md#data-types
https://json-schema.org/draft/2020-12/json-schema-validation#name-contentencoding
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema_rs import KeywordValidator

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_BASE64_URL = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_TO_URL = str.maketrans("+/", "-_")
_BREAKS = re.compile(r"[ \t\r\n]+")  # RFC 2045, 6.8: lines of 76 characters, and what is outside of the alphabet


def is_base64(text: str) -> bool:
    """Return True for base64 text (RFC 4648, section 4), also in lines (RFC 2045, 6.8)."""
    compact = _BREAKS.sub("", text)
    return len(compact) % 4 == 0 and _BASE64.fullmatch(compact) is not None


def is_base64_url(text: str) -> bool:
    """Return True for base64url text (RFC 4648, section 5), with or without padding."""
    compact = _BREAKS.sub("", text)
    is_whole = len(compact) % 4 == 0 if compact.endswith("=") else len(compact) % 4 != 1
    return is_whole and _BASE64_URL.fullmatch(compact) is not None


def is_byte_text(text: str) -> bool:
    """Return True for a value of ``format: byte``, of which OpenAPI 3.0 does not say which base64 it is."""
    is_mixed = re.search(r"[+/]", text) is not None and re.search(r"[-_]", text) is not None
    return not is_mixed and is_base64_url(text.translate(_TO_URL))


_ENCODINGS: Mapping[str, Callable[[str], bool]] = {"base64": is_base64, "base64url": is_base64_url}

FORMATS: dict[str, Callable[..., bool]] = {"byte": is_byte_text}
"""The formats that jsonschema-rs does not check by itself."""


class ContentEncoding:
    """The keyword ``contentEncoding``, which jsonschema-rs takes for a note."""

    def __init__(self, _schema: Any, encoding: Any, _path: Any) -> None:
        self._encoding = encoding
        self._is_valid = _ENCODINGS.get(encoding) if isinstance(encoding, str) else None

    def validate(self, instance: Any) -> None:
        """Raise ``ValueError``, with the encoding, for a text that cannot be decoded."""
        if self._is_valid is not None and isinstance(instance, str) and not self._is_valid(instance):
            raise ValueError(self._encoding)


KEYWORDS: dict[str, "type[KeywordValidator]"] = {"contentEncoding": ContentEncoding}
