"""JSON texts as the mock reads and writes them: as Python's own parser and encoder do, and several times as fast."""

import json
import re
from typing import Any

import msgspec

MAX_NESTING = 200
"""The number of arrays and objects that may stand in each other, not counting the outermost one."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_EXPONENT = re.compile(rb"e[-0-9]")


def decode_json(text: bytes) -> Any:
    """Return the value of a JSON text.

    Raise ``ValueError`` for anything that is not JSON by RFC 8259, and for what nothing after the parser can carry:
    numbers beyond a double, lone surrogates, and arrays and objects that are nested too deep.
    """
    try:
        value = msgspec.json.decode(text)
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if text.count(b"[") + text.count(b"{") > MAX_NESTING and is_nested_too_deep(value):
        raise ValueError("nested too deep")
    return value


def parse_json_text(text: str) -> Any:
    """Return the value of a text that should be JSON; the text itself if it is none."""
    try:
        return decode_json(text.encode())
    except ValueError:
        return text


def encode_json(value: Any) -> bytes:
    """Return the JSON text of a value, without spaces."""
    text = msgspec.json.encode(value)
    if _EXPONENT.search(text) or b"0.0000" in text:  # perhaps 1e22 or 0.00001, for which Python has 1e+22 and 1e-05
        text = _ENCODER.encode(json.loads(text)).encode()
    return text


def is_nested_too_deep(value: Any, allowed: int = MAX_NESTING) -> bool:
    """Return True if a value has more than ``allowed`` arrays and objects in each other within its outermost one."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return False
    return allowed < 0 or any(is_nested_too_deep(item, allowed - 1) for item in value)
