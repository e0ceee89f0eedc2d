r"""Forms in which a service may echo a secret: as it is, in base64 and hex, and with some or all characters escaped.

A text is searched for the literal forms. Characters may be escaped each in its own way (``s%65c\u0072et``): that takes
a pattern, which is tried only where a text has an escape of one of the characters.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from html.entities import codepoint2name
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

_MIN_CORE = 6
"""Characters of base64 that are no coincidence."""
_MIN_SHORTENED = 8
"""Characters that a value has at least that is found without its last one: the rest is no coincidence."""
_PERCENT, _AMPERSAND, _BACKSLASH, _ZEROS = "%(?:25){0,4}", "&(?:amp;){0,4}", r"\\{1,8}", "0{0,8}"
"""Marks of escapes, which may be escaped themselves: a few times, so that a text of marks alone is searched in time."""
_NAMES = {**codepoint2name, 0x27: "apos", 0x2F: "sol", 0x2B: "plus", 0x3D: "equals", 0x3A: "colon", 0x2E: "period"}


def list_forms(value: str) -> Iterator[str]:
    """Yield the literal forms of a value."""
    yield value
    yield from (quote(value, safe=""), quote(value), quote_plus(value))
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1])
    yield from (escape(value), quoteattr(value)[1:-1])
    for data in {value.encode(), value.encode("latin-1", "replace")}:
        yield from _list_base64(data)
        yield from _list_hex(data)


def misread(value: str) -> set[str]:
    """Return what a value becomes where it is read in another encoding than it was sent in."""
    if value.isascii():
        return {value}
    replaced = {"".join(c if c.isascii() else mark for c in value) for mark in ("\ufffd", "?", "\ufffd\ufffd")}
    return {value, value.encode().decode("latin-1"), *replaced}


def _list_base64(data: bytes) -> Iterator[str]:
    """Yield the base64 of a value, and the part of it that is the same whatever stands before and behind the value."""
    for lead in range(3):
        encoded = b64encode(bytes(lead) + data).decode()
        core = encoded[-(-lead * 8 // 6) : (lead + len(data)) * 8 // 6]
        whole = (encoded, encoded.rstrip("=")) if lead == 0 else ()
        for text in (*whole, *((core,) if len(core) >= _MIN_CORE else ())):
            yield from (text, text.replace("+", "-").replace("/", "_"), text.replace("/", "\\/"))
            yield from (quote(text, safe=""), quote(text, safe="").replace("%2B", "%2b").replace("%2F", "%2f"))


def _list_hex(data: bytes) -> Iterator[str]:
    for separator in ("", ":", " ", "-"):
        text = data.hex(separator) if separator else data.hex()
        yield from (text, text.upper())


def has_many_escapes(data: bytes) -> bool:
    """Return whether so much of a text are marks of escapes that searching it takes long."""
    return 8 * sum(map(data.count, (b"\\", b"%", b"&", b"="))) > len(data)


def compile_hint(values: Iterable[str]) -> re.Pattern[str]:
    """Return a quick pattern that finds something in every text that holds one of the values with an escape in it."""
    codes = sorted({form for character in set("".join(values)) for form in _list_codes(character)})
    return re.compile(rf"[%=\\&](?:%|25|\\|amp;|[#xu{{0]){{0,16}}+(?:{'|'.join(codes)})|\0", re.IGNORECASE)


def _list_codes(character: str) -> Iterator[str]:
    """Yield what stands in the escapes of a character behind their marks and zeros."""
    data = character.encode()
    yield from (f"{data[0]:02x}", f"{data[0]:o}", f"{ord(character)}", f"{ord(character):x}")
    yield character.encode("utf-16-be").hex().lstrip("0")[:4]
    yield from (re.escape(character), _NAMES.get(ord(character), "00"))


@cache  # for a long value it takes a tenth of a second, and few texts need it
def compile_escaped(value: str) -> re.Pattern[str]:
    """Return a pattern for a value whose characters are each as they are, or escaped in some way.

    It finds the value in the other case, too, and without its last character.
    """
    first = re.escape("".join({value[0].lower(), value[0].upper(), value[0].encode().decode("latin-1")[0]}))
    spellings = [f"(?:{'|'.join(_list_spellings(character))})" for character in value]
    texts = ["".join(spellings), *(["".join(spellings[:-1])] if len(value) > _MIN_SHORTENED else [])]
    return re.compile(rf"(?=[{first}%=\\&])(?:{'|'.join(texts)})", re.IGNORECASE)


def _list_spellings(character: str) -> Iterator[str]:
    """Yield a pattern for each way to write a character; as it is comes last, for it may begin an escape."""
    code, data = ord(character), character.encode()
    yield "".join(rf"(?:{_PERCENT}|=|{_BACKSLASH}x){byte:02x}" for byte in data)
    yield "".join(rf"{_BACKSLASH}{byte:03o}" for byte in data)
    units = character.encode("utf-16-be").hex()
    yield "".join(rf"(?:{_BACKSLASH}|{_PERCENT})u{units[i : i + 4]}" for i in range(0, len(units), 4))
    yield rf"{_BACKSLASH}u(?:\{{{_ZEROS}{code:x}\}}|0000{code:04x})"
    yield rf"{_AMPERSAND}#(?:{_ZEROS}{code}(?!\d)|x{_ZEROS}{code:x}(?![\da-f]));?"
    if code in _NAMES:
        yield f"{_AMPERSAND}{_NAMES[code]};"
    if not character.isalnum():
        yield rf"{_BACKSLASH}{re.escape(character)}"
    if character == " ":
        yield r"\+"
    if not character.isascii():
        yield re.escape(data.decode("latin-1"))
    if 0x80 <= code <= 0xFF:
        yield rf"(?:{_PERCENT}|=|{_BACKSLASH}x){code:02x}"
    yield rf"{re.escape(character)}\0?"  # with the zero of UTF-16
