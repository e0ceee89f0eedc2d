"""Makers of text for each format that JSON Schema 2020-12 and OpenAPI 3.1 name."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable

from specduet.mocks.clock import DAY, SECOND, format_timestamp
from specduet.mocks.generation import text
from specduet.mocks.generation.seeded_random import SeededRandom, random_uuid

_MID_2025 = 1_750_000_000 * SECOND


def _make_timestamp(rng: SeededRandom) -> str:
    return format_timestamp(_MID_2025 - rng.randbelow(365 * DAY // SECOND) * SECOND)


FORMAT_MAKERS: dict[str, Callable[[SeededRandom], str]] = {
    "uuid": random_uuid,
    "date-time": _make_timestamp,
    "date": lambda rng: _make_timestamp(rng)[:10],
    "time": lambda rng: _make_timestamp(rng)[11:19] + "Z",
    "duration": lambda rng: f"PT{rng.randbelow(59) + 1}M{rng.randbelow(60)}S",
    "email": text.make_email,
    "idn-email": text.make_email,
    "hostname": text.make_host,
    "idn-hostname": text.make_host,
    "ipv4": lambda rng: f"192.0.2.{rng.randbelow(254) + 1}",  # RFC 5737: for documentation
    "ipv6": lambda rng: f"2001:db8::{rng.randbelow(65535) + 1:x}",  # RFC 3849
    "uri": text.make_url,
    "url": text.make_url,
    "uri-reference": text.make_url,
    "iri": text.make_url,
    "iri-reference": text.make_url,
    "uri-template": lambda rng: f"{text.make_url(rng)}/{{id}}",
    "json-pointer": lambda rng: f"/{text.make_slug(rng)}/{rng.randbelow(9)}",
    "relative-json-pointer": lambda rng: f"{rng.randbelow(3)}/{text.make_slug(rng)}",
    "regex": lambda rng: f"^{text.make_slug(rng)}-[0-9]{{1,3}}$",
    "byte": lambda rng: b64encode(text.make_sentence(rng).encode()).decode(),
    "base64url": lambda rng: urlsafe_b64encode(text.make_sentence(rng).encode()).decode(),
    "password": lambda rng: f"{rng.randbelow(1 << 48):012x}",
}
MEDIA_MAKERS: dict[str, Callable[[SeededRandom], str]] = {
    "application/json": lambda rng: f'{{"{text.make_slug(rng)}": {rng.randbelow(100)}}}',
    "application/xml": lambda rng: f"<note>{text.make_slug(rng)}</note>",
    "text/html": lambda rng: f"<p>{text.make_sentence(rng)}</p>",
}
"""Makers of text for values of ``contentMediaType``."""

_SHORT_TEXTS = {
    "email": ("a@b.co",),
    "idn-email": ("a@b.co",),
    "hostname": ("ab.co", "a"),
    "idn-hostname": ("ab.co", "a"),
    "ipv6": ("::1",),
    "ipv4": ("1.1.1.1",),
    "uri": ("http://a.co", "a:b"),
    "url": ("http://a.co", "a:b"),
    "iri": ("http://a.co", "a:b"),
    "uri-reference": ("/a", "a", ""),
    "iri-reference": ("/a", "a", ""),
    "uri-template": ("/{a}", "a", ""),
    "json-pointer": ("/a", ""),
    "relative-json-pointer": ("0/a", "0"),
    "regex": ("a+", "a", ""),
    **dict.fromkeys(("byte", "base64url"), ("YWJj", "")),
    "duration": ("P1D",),
    "time": ("10:20:30Z",),
    "date-time": ("2025-06-15T10:20:30Z",),
}
"""Texts of a format that are used where a believable one is too long."""


def build_format_maker(name: str, least: int = 0, most: int | None = None) -> Callable[[SeededRandom], str]:
    """Return a maker of text of a format and a length; of another length where the format has no such text."""
    make = FORMAT_MAKERS[name]
    if not least and most is None:
        return make

    def make_fitting(rng: SeededRandom) -> str:
        value = make(rng)
        if most is not None and len(value) > most:
            fitting = [short for short in _SHORT_TEXTS.get(name, ()) if len(short) <= most]
            if name == "password":
                return value[:most]
            value = fitting[0] if fitting else value
        if len(value) < least and name in _LENGTHENED:
            value = _LENGTHENED[name](value, least - len(value))
        return value

    return make_fitting


def fit_length(value: str, least: int, most: int | None) -> str:
    """Return plain text repeated or cut until its length is within the bounds."""
    if len(value) < least:
        value = " ".join([value or "x"] * (least // max(len(value), 1) + 1))
    return value if most is None or len(value) <= most else value[:most]


def _lengthen_email(value: str, more: int) -> str:
    local, _, domain = value.partition("@")
    local += "a" * min(more, 64 - len(local))  # RFC 5321, section 4.5.3.1.1
    return f"{local}@{_lengthen_host(domain, more - (len(local) + 1 + len(domain) - len(value)))}"


def _lengthen_host(value: str, more: int) -> str:
    while more > 0:
        label = "a" * min(max(more - 1, 1), 63)  # RFC 1035, section 2.3.4
        value = f"{label}.{value}"
        more -= len(label) + 1
    return value


_LENGTHENED: dict[str, Callable[[str, int], str]] = {
    **dict.fromkeys(("email", "idn-email"), _lengthen_email),
    **dict.fromkeys(("hostname", "idn-hostname"), _lengthen_host),
    **dict.fromkeys(
        (
            "uri",
            "url",
            "iri",
            "uri-reference",
            "iri-reference",
            "uri-template",
            "json-pointer",
            "relative-json-pointer",
        ),
        lambda value, more: value + "a" * more,
    ),
    "regex": lambda value, more: "a" * more + value,
    **dict.fromkeys(("byte", "base64url"), lambda value, more: "YWJj" * -(-more // 4) + value),
    "password": lambda value, more: value + "a" * more,
    "date-time": lambda value, more: f"{value[:-1]}.{'0' * max(more - 1, 1)}Z",
    "time": lambda value, more: f"{value[:-1]}.{'0' * max(more - 1, 1)}Z",
}
