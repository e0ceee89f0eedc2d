"""Believable text and numbers, guessed from the name of a property where the schema says no more."""

import re
from collections.abc import Callable, Sequence

from specduet.mocks.generation.seeded_random import SeededRandom, uuid_text

Text = Callable[[SeededRandom], str]

_FIRST = ("Amara", "Jonas", "Mei", "Lucia", "Tomasz", "Priya", "Mateo", "Ingrid", "Yusuf", "Chloe")
_LAST = ("Okafor", "Weber", "Tanaka", "Ferrari", "Nowak", "Raman", "Silva", "Larsen", "Demir", "Martin")
_TOPICS = ("invoice", "shipment", "customer", "contract", "forecast", "inventory", "ticket", "campaign", "payroll")
_THINGS = ("report", "summary", "import", "export", "review", "pipeline", "audit", "update", "check")
_VERBS = ("Review", "Summarise", "Compare", "Collect", "Check", "Prepare", "Translate", "Match")
_WHEN = ("of last quarter", "for the north region", "from the new supplier", "of this week", "before the deadline")
_FAULTS = (
    "The connection was closed before an answer arrived",
    "Timed out after 120 s",
    "Access was denied",
    "The input could not be read: line 3 has no closing quote",
    "The service is out of capacity, try again later",
)
_HOSTS = ("example.com", "example.org", "example.net")
_COUNTRIES = ("DE", "FR", "NG", "JP", "BR", "IN", "PL", "US")
_CITIES = ("Hamburg", "Lyon", "Lagos", "Osaka", "Recife", "Pune", "Gdansk", "Denver")


def slug(dice: SeededRandom) -> str:
    return f"{dice.pick(_TOPICS)}-{dice.pick(_THINGS)}"


def host(dice: SeededRandom) -> str:
    return f"{dice.pick(_TOPICS)}.{dice.pick(_HOSTS)}"


def email(dice: SeededRandom) -> str:
    return f"{dice.pick(_FIRST)}.{dice.pick(_LAST)}@{dice.pick(_HOSTS)}".lower()


def url(dice: SeededRandom) -> str:
    return f"https://{host(dice)}/{dice.pick(_THINGS)}/{dice.below(9000) + 1000}"


def sentence(dice: SeededRandom) -> str:
    return f"{dice.pick(_VERBS)} the {dice.pick(_TOPICS)} {dice.pick(_THINGS)} {dice.pick(_WHEN)}."


def _title(dice: SeededRandom) -> str:
    return f"{dice.pick(_TOPICS)} {dice.pick(_THINGS)}".capitalize()


def _question(dice: SeededRandom) -> str:
    return f"Which {dice.pick(_TOPICS)} {dice.pick(_THINGS)}s are still open {dice.pick(_WHEN)}?"


def _token(dice: SeededRandom) -> str:
    return f"{dice.below(1 << 64):016x}"


def _one_of(choices: Sequence[str]) -> Text:
    return lambda dice: dice.pick(choices)


# The first expression that is found in the property's name decides.
_TEXTS: tuple[tuple[str, Text], ...] = (
    (r"e_?mail", email),
    (r"ur[il]$|link|href|website|webhook|callback", url),
    (r"host|domain|server", host),
    (r"uuid|guid", uuid_text),
    (r"(^|_|-)id$|Id$|key$|token|hash|digest|fingerprint|etag", _token),
    (r"first_?name|given_?name", _one_of(_FIRST)),
    (r"last_?name|surname|family_?name", _one_of(_LAST)),
    (r"user_?name|login|handle|slug", slug),
    (r"owner|author|person|user|assignee|(created|updated|started)_?by", lambda d: f"{d.pick(_FIRST)} {d.pick(_LAST)}"),
    (r"error|fail|reason|exception|fault", _one_of(_FAULTS)),
    (r"question|query|prompt", _question),
    (r"title|name|label|subject|summary$", _title),
    (r"country", _one_of(_COUNTRIES)),
    (r"city|town", _one_of(_CITIES)),
    (r"region", _one_of(("eu-central-1", "us-east-1", "ap-south-1"))),
    (r"lang|locale", _one_of(("en-GB", "de-DE", "fr-FR", "ja-JP"))),
    (r"currency", _one_of(("EUR", "USD", "JPY", "BRL"))),
    (r"colou?r", _one_of(("teal", "amber", "slate", "crimson"))),
    (r"phone|mobile|fax", lambda d: f"+49 40 {d.below(900000) + 100000}"),
    (r"version", lambda d: f"{d.below(4) + 1}.{d.below(20)}.{d.below(10)}"),
    (r"mime|media_?type|content_?type", _one_of(("application/json", "text/plain", "text/csv"))),
    (r"file|path", lambda d: f"{slug(d)}.csv"),
    (r"tags?$|kind|type|category|role|status|state|mode|level|group|team", _one_of(_TOPICS)),
)

# Low and high of a number, by the property's name.
_RANGES: tuple[tuple[str, int, int], ...] = (
    (r"temperature|probabilit|ratio|score|confidence|fraction|top_?p", 0, 1),
    (r"percent|progress", 0, 100),
    (r"port$", 1024, 49151),
    (r"year", 2018, 2026),
    (r"tokens|bytes|size", 100, 9000),
    (r"price|amount|cost|total|balance", 5, 5000),
    (r"retr(y|ies)|attempt|index|page|level|depth|priority", 0, 3),
    (r"seconds|duration|elapsed|timeout|latency|_ms$", 1, 600),
)
_ANY_NUMBER = (1, 100)


def text_for(name: str) -> Text:
    """What makes text for a property of this name."""
    return next((make for expression, make in _TEXTS if re.search(expression, name, re.IGNORECASE)), sentence)


def range_for(name: str) -> tuple[int, int]:
    """The lowest and the highest believable number for a property of this name."""
    for expression, low, high in _RANGES:
        if re.search(expression, name, re.IGNORECASE):
            return low, high
    return _ANY_NUMBER
