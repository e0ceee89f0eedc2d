"""Makers of text for each format that JSON Schema 2020-12 and OpenAPI 3.1 name."""

from base64 import b64encode
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
    "password": lambda rng: f"{rng.randbelow(1 << 48):012x}",
}
