"""Three-valued reading of one scalar: what every server accepts, what none may, and what servers read differently.

``lenient`` is the honest answer where correct servers differ: ``+1`` is an integer to one and none to another. Nothing
is concluded from it either way, so it has to cover what FastAPI (any version from 0.100) and other sensible servers
accept beyond the letter of the schema, and no more.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal, NamedTuple

import jsonschema_rs

from specduet.specs import Schema

Verdict = Literal["valid", "lenient", "invalid"]
_RANK: dict[Verdict, int] = {"invalid": 0, "lenient": 1, "valid": 2}

SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""


class Reading(NamedTuple):
    """A verdict and, unless it is valid, its reason: ``is below the minimum 0``."""

    verdict: Verdict
    reason: str = ""


VALID = Reading("valid")


def best(readings: Iterable[Reading]) -> Reading:
    """What alternatives come to: one that fits is enough."""
    return max(readings, key=lambda reading: _RANK[reading.verdict])


def worst(readings: Iterable[Reading]) -> Reading:
    """What conditions come to: each has to hold."""
    return min(readings, key=lambda reading: _RANK[reading.verdict], default=VALID)


def at_most_lenient(reading: Reading) -> Reading:
    return Reading("lenient", "is read differently by servers") if reading.verdict == "valid" else reading


# --------------------------------------------------------------------------------------------- numbers from text

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LOOSE_INTEGER = re.compile(r"\s*[+-]?(0[xob])?[0-9a-f_]*\d[0-9a-f_]*(\.0*)?\s*", re.IGNORECASE)
_TRUE_OR_FALSE = frozenset({"0", "1", "on", "off", "t", "f", "true", "false", "y", "n", "yes", "no"})
_DIGITS = 4_000


def integer_text(schema: Schema, text: str) -> Reading:
    """Text as an integer: canonical digits are judged by the bounds, other spellings of a whole number are lenient."""
    if _INTEGER.fullmatch(text) and text != "-0":
        return number(schema, int(text) if len(text) < _DIGITS else int(text[:_DIGITS]))
    loose = _as_float(text)
    if (loose is not None and loose.is_integer()) or re.fullmatch(r"\s*[+-]?[\d_]+(\.0*)?\s*", text):
        return Reading("lenient", "is an integer to some servers")
    if _LOOSE_INTEGER.fullmatch(text) and text.strip().lstrip("+-")[:2].lower() in {"0x", "0o", "0b"}:
        return Reading("lenient", "is an integer to some servers")
    return Reading("invalid", "is no integer")


def number_text(schema: Schema, text: str) -> Reading:
    """Text as a number; ``nan``, ``inf``, ``+1``, ``.5`` and the like are lenient."""
    loose = _as_float(text)
    if loose is None:
        return Reading("invalid", "is no number")
    if _NUMBER.fullmatch(text) and abs(loose) < float("inf"):
        return number(schema, loose)
    return Reading("lenient", "is a number to some servers")


def boolean_text(text: str) -> Reading:
    if text in {"true", "false"}:
        return VALID
    if text.strip().lower() in _TRUE_OR_FALSE:
        return Reading("lenient", "is a boolean to some servers")
    return Reading("invalid", "is no boolean")


def _as_float(text: str) -> float | None:
    with suppress(ValueError):
        return float(text.strip().replace("_", ""))
    return None


def number(schema: Schema, value: float) -> Reading:
    """A number against its bounds; one that not every reader keeps exact is never more than lenient."""
    for keyword, breaks, words in _BOUNDS:
        bound = schema.get(keyword)
        if isinstance(bound, int | float) and not isinstance(bound, bool) and breaks(value, bound):
            return Reading("invalid", f"is {words} {bound}")
    multiple = schema.get("multipleOf")
    if multiple is not None and value % multiple:
        exact = isinstance(value, int) and isinstance(multiple, int)
        return Reading("invalid" if exact else "lenient", f"is no multiple of {multiple}")
    if abs(value) > SAFE_INTEGER or not _fits(schema.get("format"), value):
        return Reading("lenient", "is too large for some servers")
    return VALID


_BOUNDS: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("minimum", lambda value, bound: value < bound, "below the minimum"),
    ("maximum", lambda value, bound: value > bound, "above the maximum"),
    ("exclusiveMinimum", lambda value, bound: value <= bound, "not above"),
    ("exclusiveMaximum", lambda value, bound: value >= bound, "not below"),
)


def _fits(width: Any, value: float) -> bool:
    return width != "int32" or -(2**31) <= value < 2**31


# --------------------------------------------------------------------------------------------------------- strings


def string(schema: Schema, text: str) -> Reading:
    """A string against its length, pattern and format."""
    return worst((_length(schema, text), _pattern(schema, text), _format(schema, text), _storable(text)))


def _length(schema: Schema, text: str) -> Reading:
    # Python counts code points, JavaScript and Java UTF-16 units: only what both agree on is certain.
    counts = (len(text), len(text.encode("utf-16-le", "surrogatepass")) // 2)
    for keyword, sign, words in (("minLength", 1, "shorter than"), ("maxLength", -1, "longer than")):
        bound = schema.get(keyword)
        broken = [bound is not None and count * sign < bound * sign for count in counts]
        if any(broken):
            return Reading("invalid" if all(broken) else "lenient", f"is {words} {bound} characters")
    return VALID


def _pattern(schema: Schema, text: str) -> Reading:
    pattern = schema.get("pattern")
    if pattern is None:
        return VALID
    fits = _matcher(pattern)
    if fits is None or not text.isascii() or "\n" in text:
        return Reading("lenient", f"is matched against {pattern} differently by servers")
    return VALID if fits.is_valid(text) else Reading("invalid", f"does not match {pattern}")


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> jsonschema_rs.Draft202012Validator | None:
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except ValueError:
        return None


def _storable(text: str) -> Reading:
    """Databases refuse NUL, encoders lone surrogates (RFC 8259, section 8.2)."""
    if "\0" in text or any(unicodedata.category(c) == "Cs" for c in text):
        return Reading("lenient", "holds characters that some servers cannot keep")
    return VALID


def plain(text: str) -> bool:
    """Whether text holds no control character: those are refused early by some servers."""
    return not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or c == "\ufffd" for c in text)


# --------------------------------------------------------------------------------------------------------- formats

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID_LOOSE = re.compile(r"\s*(urn:uuid:)?[({]?([0-9a-f]-?){32}[)}]?\s*", re.IGNORECASE)
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_MOMENT_LOOSE = re.compile(
    r"\s*(\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d(-?\d)?|\d{4}-?\d{3}|\d{4}-\d\d)([Tt_ ][\d:.,+\-\u2212Zz ]*)?\s*", re.ASCII
)
_MONTH_NAME = re.compile(r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b.*\d{4}")
_CERTAIN_YEARS = range(1700, 2201)  # outside, a moment with an offset overflows in some languages
_CERTAIN_OFFSET = timedelta(hours=14)  # no clock on Earth is further from UTC


def moment(text: str) -> datetime | None:
    """The moment that RFC 3339 text names, in the spelling every server reads; None for any other text."""
    if _MOMENT.fullmatch(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    return None


def _date_time(text: str) -> Reading:
    known = moment(text)
    if known is not None:
        certain = known.year in _CERTAIN_YEARS and abs(known.utcoffset() or timedelta()) <= _CERTAIN_OFFSET
        return VALID if certain else Reading("lenient", "is out of some servers' range")
    if _as_float(text) is not None or _MONTH_NAME.search(text):
        return Reading("lenient", "is a moment to some servers")
    if _MOMENT_LOOSE.fullmatch(text) and _day_exists(text.strip()):
        return Reading("lenient", "is a moment to some servers")
    return Reading("invalid", "is no date-time")


def _day_exists(text: str) -> bool:
    """Whether the parts that every spelling has (month, day, hour, minute, second) can exist at all."""
    parts = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?:[Tt_ ](\d\d):?(\d\d)(?::?(\d\d))?)?", text, re.ASCII)
    if parts is None:
        return True
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups())
    try:
        datetime(year or 4, month, day)  # noqa: DTZ001 - only whether the day exists
    except ValueError:
        return len(text) < 10  # an ordinal date such as 2024366
    return hour <= 24 and minute <= 59 and second <= 60


def _date(text: str) -> Reading:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        if not _day_exists(text):
            return Reading("invalid", "is no date")
        return VALID if int(text[:4]) in _CERTAIN_YEARS else Reading("lenient", "is out of some servers' range")
    loose = _date_time(text)
    return Reading("invalid", "is no date") if loose.verdict == "invalid" else Reading("lenient", loose.reason)


def _uuid(text: str) -> Reading:
    if _UUID.fullmatch(text):
        return VALID
    if _UUID_LOOSE.fullmatch(text):
        return Reading("lenient", "is a UUID to some servers")
    return Reading("invalid", "is no UUID")


def _email(text: str) -> Reading:
    if "@" not in text:
        return Reading("invalid", "is no email address")
    certain = re.fullmatch(r"[a-z0-9]{1,30}@[a-z0-9]{1,30}\.(com|org|net)", text)
    return VALID if certain else Reading("lenient", "is an email address to some servers")


def _uri(text: str) -> Reading:
    if ":" not in text or " " in text.strip():
        return Reading("invalid", "is no URI")
    certain = re.fullmatch(r"https?://[a-z0-9]+(\.[a-z0-9]+)*\.[a-z]{2,6}(/[a-z0-9]*)*", text)
    return VALID if certain else Reading("lenient", "is a URI to some servers")


def _address(kind: type[IPv4Address | IPv6Address]) -> Callable[[str], Reading]:
    def judged(text: str) -> Reading:
        with suppress(ValueError):
            kind(text)
            return VALID
        loose = re.fullmatch(r"[0-9a-fA-F.:%/\w]*\d[0-9a-fA-F.:%/\w]*", text)
        return Reading("lenient" if loose else "invalid", "is no IP address")

    return judged


_FORMATS: dict[str, Callable[[str], Reading]] = {
    "date-time": _date_time,
    "date": _date,
    "uuid": _uuid,
    "email": _email,
    "uri": _uri,
    "ipv4": _address(IPv4Address),
    "ipv6": _address(IPv6Address),
}
_ANNOTATIONS = frozenset({"password", "binary", "textarea", "text", "string", "markdown", "html"})


def _format(schema: Schema, text: str) -> Reading:
    name = schema.get("format")
    if name is None or name in _ANNOTATIONS:
        return VALID
    if name in _FORMATS:
        return _FORMATS[name](text)
    return Reading("lenient", f"is held to the format {name} differently by servers")
