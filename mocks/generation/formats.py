"""Text in the formats that JSON Schema 2020-12 and OpenAPI 3.1 name."""

from base64 import b64encode
from collections.abc import Callable

from specduet.mocks.clock import DAY, SECOND, format_timestamp
from specduet.mocks.generation import text
from specduet.mocks.generation.seeded_random import SeededRandom, uuid_text

_MID_2025 = 1_750_000_000 * SECOND


def _moment(dice: SeededRandom) -> str:
    return format_timestamp(_MID_2025 - dice.below(365 * DAY // SECOND) * SECOND)


FORMAT_MAKERS: dict[str, Callable[[SeededRandom], str]] = {
    "uuid": uuid_text,
    "date-time": _moment,
    "date": lambda dice: _moment(dice)[:10],
    "time": lambda dice: _moment(dice)[11:19] + "Z",
    "duration": lambda dice: f"PT{dice.below(59) + 1}M{dice.below(60)}S",
    "email": text.email,
    "idn-email": text.email,
    "hostname": text.host,
    "idn-hostname": text.host,
    "ipv4": lambda dice: f"192.0.2.{dice.below(254) + 1}",  # RFC 5737: for documentation
    "ipv6": lambda dice: f"2001:db8::{dice.below(65535) + 1:x}",  # RFC 3849
    "uri": text.url,
    "url": text.url,
    "uri-reference": text.url,
    "iri": text.url,
    "iri-reference": text.url,
    "uri-template": lambda dice: f"{text.url(dice)}/{{id}}",
    "json-pointer": lambda dice: f"/{text.slug(dice)}/{dice.below(9)}",
    "relative-json-pointer": lambda dice: f"{dice.below(3)}/{text.slug(dice)}",
    "regex": lambda dice: f"^{text.slug(dice)}-[0-9]{{1,3}}$",
    "byte": lambda dice: b64encode(text.sentence(dice).encode()).decode(),
    "password": lambda dice: f"{dice.below(1 << 48):012x}",
}
