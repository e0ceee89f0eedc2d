"""Verdicts on single values: ``valid`` if every server accepts one, ``invalid`` if none may, else ``lenient``.

Example of a lenient value: ``+1`` is an integer to some correct servers, and to others it is not. A lenient value
proves nothing, so ``lenient`` has to cover what FastAPI (any version from 0.100) and other sensible servers accept
beyond the letter of the schema, and no more.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal, NamedTuple

from specduet.contracts.oracle.schema_access import get_count, get_number
from specduet.specs import Schema
from specduet.specs.patterns import Pattern, compile_pattern

Verdict = Literal["valid", "lenient", "invalid"]
_VERDICT_RANK: dict[Verdict, int] = {"invalid": 0, "lenient": 1, "valid": 2}

SAFE_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exact (RFC 8259, section 6)."""


class ScalarVerdict(NamedTuple):
    """A verdict on one value, with its reason."""

    verdict: Verdict
    reason: str = ""
    """A predicate for messages (``is below the minimum 0``); empty for a valid value."""


VALID = ScalarVerdict("valid")


def pick_most_lenient(verdicts: Iterable[ScalarVerdict]) -> ScalarVerdict:
    """Return the most lenient verdict, which is that on several alternatives: one that matches is enough."""
    return max(verdicts, key=lambda judged: _VERDICT_RANK[judged.verdict])


def pick_strictest(verdicts: Iterable[ScalarVerdict]) -> ScalarVerdict:
    """Return the strictest verdict, which is that on several conditions: each has to be met."""
    return min(verdicts, key=lambda judged: _VERDICT_RANK[judged.verdict], default=VALID)


def cap_at_lenient(judged: ScalarVerdict) -> ScalarVerdict:
    return ScalarVerdict("lenient", "is read differently by servers") if judged.verdict == "valid" else judged


# --------------------------------------------------------------------------------------------- numbers from text

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LOOSE_INTEGER = re.compile(r"\s*[+-]?(0[xob])?[0-9a-f_]*\d[0-9a-f_]*(\.0*)?\s*", re.IGNORECASE)
_TRUE_OR_FALSE = frozenset({"0", "1", "on", "off", "t", "f", "true", "false", "y", "n", "yes", "no"})
_MAX_DIGITS = 4_000


def judge_integer_text(schema: Schema, text: str) -> ScalarVerdict:
    """Judge the text of an integer: canonical digits by their bounds; other spellings of a whole number are lenient."""
    if _INTEGER.fullmatch(text) and text != "-0":
        return judge_number(schema, int(text) if len(text) < _MAX_DIGITS else int(text[:_MAX_DIGITS]))
    as_float = _to_float(text)
    if (as_float is not None and as_float.is_integer()) or re.fullmatch(r"\s*[+-]?[\d_]+(\.0*)?\s*", text):
        return ScalarVerdict("lenient", "is an integer to some servers")
    if _LOOSE_INTEGER.fullmatch(text) and text.strip().lstrip("+-")[:2].lower() in {"0x", "0o", "0b"}:
        return ScalarVerdict("lenient", "is an integer to some servers")
    return ScalarVerdict("invalid", "is no integer")


def judge_number_text(schema: Schema, text: str) -> ScalarVerdict:
    """Judge the text of a number; ``nan``, ``inf``, ``+1``, ``.5`` and the like are lenient."""
    as_float = _to_float(text)
    if as_float is None:
        return ScalarVerdict("invalid", "is no number")
    if _NUMBER.fullmatch(text) and abs(as_float) < float("inf"):
        return judge_number(schema, as_float)
    return ScalarVerdict("lenient", "is a number to some servers")


def judge_boolean_text(text: str) -> ScalarVerdict:
    if text in {"true", "false"}:
        return VALID
    if text.strip().lower() in _TRUE_OR_FALSE:
        return ScalarVerdict("lenient", "is a boolean to some servers")
    return ScalarVerdict("invalid", "is no boolean")


def is_number_text(text: str) -> bool:
    """Return whether a text spells a number."""
    return _to_float(text) is not None


def _to_float(text: str) -> float | None:
    with suppress(ValueError):
        return float(text.strip().replace("_", ""))
    return None


def judge_number(schema: Schema, value: float) -> ScalarVerdict:
    """Judge a number by its bounds; one that some readers round is lenient at best."""
    for keyword, is_violated, description in _BOUNDS:
        bound = get_number(schema, keyword)
        if bound is not None and is_violated(value, bound):
            return ScalarVerdict("invalid", f"is {description} {bound}")
    multiple = get_number(schema, "multipleOf")
    if multiple is not None and multiple > 0 and not _is_multiple(value, multiple):
        is_exact = isinstance(value, int) and isinstance(multiple, int)
        return ScalarVerdict("invalid" if is_exact else "lenient", f"is no multiple of {multiple}")
    if abs(value) > SAFE_INTEGER or not _fits_format(schema.get("format"), value):
        return ScalarVerdict("lenient", "is too large for some servers")
    return VALID


def _is_multiple(value: float, multiple: float) -> bool:
    try:
        return not value % multiple
    except OverflowError:  # a whole number beyond the range of floats
        return False


_BOUNDS: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("minimum", lambda value, bound: value < bound, "below the minimum"),
    ("maximum", lambda value, bound: value > bound, "above the maximum"),
    ("exclusiveMinimum", lambda value, bound: value <= bound, "not above"),
    ("exclusiveMaximum", lambda value, bound: value >= bound, "not below"),
)


def _fits_format(format_name: Any, value: float) -> bool:
    return format_name != "int32" or -(2**31) <= value < 2**31


# --------------------------------------------------------------------------------------------------------- strings


def judge_string(schema: Schema, text: str) -> ScalarVerdict:
    """Judge a string by its length, pattern and format."""
    return pick_strictest(
        (
            _judge_length(schema, text),
            _judge_pattern(schema, text),
            _judge_format(schema, text),
            _judge_characters(text),
        )
    )


def _judge_length(schema: Schema, text: str) -> ScalarVerdict:
    # Python counts code points, JavaScript and Java UTF-16 units: only what both agree on is certain.
    counts = (len(text), len(text.encode("utf-16-le", "surrogatepass")) // 2)
    for keyword, sign, description in (("minLength", 1, "shorter than"), ("maxLength", -1, "longer than")):
        bound = get_count(schema, keyword)
        violations = [bound is not None and count * sign < bound * sign for count in counts]
        if any(violations):
            return ScalarVerdict("invalid" if all(violations) else "lenient", f"is {description} {bound} characters")
    return VALID


def _judge_pattern(schema: Schema, text: str) -> ScalarVerdict:
    pattern = schema.get("pattern")
    if not isinstance(pattern, str):
        return VALID
    compiled = _compile_pattern(pattern)
    if compiled is None or not text.isascii() or "\n" in text:
        return ScalarVerdict("lenient", f"is matched against {pattern} differently by servers")
    return VALID if compiled.is_match(text) else ScalarVerdict("invalid", f"does not match {pattern}")


@lru_cache(maxsize=256)
def _compile_pattern(pattern: str) -> Pattern | None:
    try:
        return compile_pattern(pattern)
    except ValueError:
        return None


def _judge_characters(text: str) -> ScalarVerdict:
    # Databases reject NUL, encoders reject lone surrogates (RFC 8259, section 8.2).
    if "\0" in text or (not text.isascii() and any(unicodedata.category(c) == "Cs" for c in text)):
        return ScalarVerdict("lenient", "holds characters that some servers cannot keep")
    return VALID


def is_plain_text(text: str) -> bool:
    """Return whether a text is free of control characters, which some servers reject before they validate."""
    return not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} or c == "\ufffd" for c in text)


# --------------------------------------------------------------------------------------------------------- formats

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID_LOOSE = re.compile(r"\s*(urn:uuid:)?[({]?([0-9a-f]-?){32}[)}]?\s*", re.IGNORECASE)
_TIMESTAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_TIMESTAMP_LOOSE = re.compile(
    r"\s*(\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d(-?\d)?|\d{4}-?\d{3}|\d{4}-\d\d)([Tt_ ][\d:.,+\-\u2212Zz ]*)?\s*", re.ASCII
)
_MONTH_NAME = re.compile(r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b.*\d{4}")
_CERTAIN_YEARS = range(1700, 2201)  # outside, a timestamp with an offset overflows in some languages
_CERTAIN_OFFSET = timedelta(hours=14)  # no clock on Earth is further from UTC


def parse_timestamp(text: str) -> datetime | None:
    """Return the time of an RFC 3339 text in the spelling that every server reads, None for any other text."""
    if _TIMESTAMP.fullmatch(text):
        with suppress(ValueError):
            return datetime.fromisoformat(text)
    return None


def _judge_date_time(text: str) -> ScalarVerdict:
    timestamp = parse_timestamp(text)
    if timestamp is not None:
        is_certain = timestamp.year in _CERTAIN_YEARS and abs(timestamp.utcoffset() or timedelta()) <= _CERTAIN_OFFSET
        return VALID if is_certain else ScalarVerdict("lenient", "is out of some servers' range")
    if _to_float(text) is not None or _MONTH_NAME.search(text):
        return ScalarVerdict("lenient", "is a timestamp to some servers")
    if _TIMESTAMP_LOOSE.fullmatch(text) and _is_possible_date(text.strip()):
        return ScalarVerdict("lenient", "is a timestamp to some servers")
    return ScalarVerdict("invalid", "is no date-time")


def _is_possible_date(text: str) -> bool:
    """Return whether the parts that every spelling has (month, day, hour, minute, second) are within their ranges."""
    parts = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?:[Tt_ ](\d\d):?(\d\d)(?::?(\d\d))?)?", text, re.ASCII)
    if parts is None:
        return True
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups())
    try:
        datetime(year or 4, month, day)  # noqa: DTZ001 - only whether the day exists
    except ValueError:
        return len(text) < 10  # an ordinal date such as 2024366
    return hour <= 24 and minute <= 59 and second <= 60


def _judge_date(text: str) -> ScalarVerdict:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        if not _is_possible_date(text):
            return ScalarVerdict("invalid", "is no date")
        return VALID if int(text[:4]) in _CERTAIN_YEARS else ScalarVerdict("lenient", "is out of some servers' range")
    as_date_time = _judge_date_time(text)
    return (
        ScalarVerdict("invalid", "is no date")
        if as_date_time.verdict == "invalid"
        else ScalarVerdict("lenient", as_date_time.reason)
    )


def _judge_uuid(text: str) -> ScalarVerdict:
    if _UUID.fullmatch(text):
        return VALID
    if _UUID_LOOSE.fullmatch(text):
        return ScalarVerdict("lenient", "is a UUID to some servers")
    return ScalarVerdict("invalid", "is no UUID")


def _judge_email(text: str) -> ScalarVerdict:
    if "@" not in text:
        return ScalarVerdict("invalid", "is no email address")
    is_certain = re.fullmatch(r"[a-z0-9]{1,30}@[a-z0-9]{1,30}\.(com|org|net)", text)
    return VALID if is_certain else ScalarVerdict("lenient", "is an email address to some servers")


def _judge_uri(text: str) -> ScalarVerdict:
    if ":" not in text or " " in text.strip():
        return ScalarVerdict("invalid", "is no URI")
    is_certain = re.fullmatch(r"https?://[a-z0-9]+(\.[a-z0-9]+)*\.[a-z]{2,6}(/[a-z0-9]*)*", text)
    return VALID if is_certain else ScalarVerdict("lenient", "is a URI to some servers")


def _make_address_judge(address_type: type[IPv4Address | IPv6Address]) -> Callable[[str], ScalarVerdict]:
    def judge_address(text: str) -> ScalarVerdict:
        with suppress(ValueError):
            address_type(text)
            return VALID
        is_similar = re.fullmatch(r"[0-9a-fA-F.:%/\w]*\d[0-9a-fA-F.:%/\w]*", text)
        return ScalarVerdict("lenient" if is_similar else "invalid", "is no IP address")

    return judge_address


_FORMATS: dict[str, Callable[[str], ScalarVerdict]] = {
    "date-time": _judge_date_time,
    "date": _judge_date,
    "uuid": _judge_uuid,
    "email": _judge_email,
    "uri": _judge_uri,
    "ipv4": _make_address_judge(IPv4Address),
    "ipv6": _make_address_judge(IPv6Address),
}
_ANNOTATIONS = frozenset({"password", "binary", "textarea", "text", "string", "markdown", "html"})


def _judge_format(schema: Schema, text: str) -> ScalarVerdict:
    name = schema.get("format")
    if not isinstance(name, str) or name in _ANNOTATIONS:
        return VALID
    if name in _FORMATS:
        return _FORMATS[name](text)
    return ScalarVerdict("lenient", f"is held to the format {name} differently by servers")
