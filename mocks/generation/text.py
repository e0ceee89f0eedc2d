"""Believable text and numbers, guessed from the name of a property whose schema gives no other hint."""

import re
from collections.abc import Callable, Sequence

from specduet.mocks.generation.seeded_random import SeededRandom, random_uuid

TextMaker = Callable[[SeededRandom], str]
"""A function that makes one text; the same stream of choices gives the same text."""

_FIRST_NAMES = ("Amara", "Jonas", "Mei", "Lucia", "Tomasz", "Priya", "Mateo", "Ingrid", "Yusuf", "Chloe")
_LAST_NAMES = ("Okafor", "Weber", "Tanaka", "Ferrari", "Nowak", "Raman", "Silva", "Larsen", "Demir", "Martin")
_TOPICS = ("invoice", "shipment", "customer", "contract", "forecast", "inventory", "ticket", "campaign", "payroll")
_DOCUMENTS = ("report", "summary", "import", "export", "review", "pipeline", "audit", "update", "check")
_VERBS = ("Review", "Summarise", "Compare", "Collect", "Check", "Prepare", "Translate", "Match")
_QUALIFIERS = (
    "of last quarter",
    "for the north region",
    "from the new supplier",
    "of this week",
    "before the deadline",
)
_ERROR_TEXTS = (
    "The connection was closed before an answer arrived",
    "Timed out after 120 s",
    "Access was denied",
    "The input could not be read: line 3 has no closing quote",
    "The service is out of capacity, try again later",
)
_HOSTS = ("example.com", "example.org", "example.net")
_COUNTRIES = ("DE", "FR", "NG", "JP", "BR", "IN", "PL", "US")
_CITIES = ("Hamburg", "Lyon", "Lagos", "Osaka", "Recife", "Pune", "Gdansk", "Denver")
_STREETS = ("Harbour Street", "Station Road", "Mill Lane", "Market Square", "Garden Avenue", "Bridge Street")
_COMPANIES = ("Northwind", "Fabrikam", "Contoso", "Blue Yonder", "Tailspin", "Litware", "Proseware", "Adatum")
_PRODUCTS = (
    "Desk lamp",
    "Travel mug",
    "Notebook",
    "Wireless mouse",
    "Backpack",
    "Water bottle",
    "Wall clock",
    "Umbrella",
)
_PEOPLE = (
    r"customer|client|buyer|guest|patient|member|employee|contact|recipient|sender|student|teacher|driver|manager|"
    r"passenger|tenant|applicant|reviewer|participant"
)


def make_slug(rng: SeededRandom) -> str:
    return f"{rng.pick(_TOPICS)}-{rng.pick(_DOCUMENTS)}"


def make_host(rng: SeededRandom) -> str:
    return f"{rng.pick(_TOPICS)}.{rng.pick(_HOSTS)}"


def make_email(rng: SeededRandom) -> str:
    return f"{rng.pick(_FIRST_NAMES)}.{rng.pick(_LAST_NAMES)}@{rng.pick(_HOSTS)}".lower()


def make_url(rng: SeededRandom) -> str:
    return f"https://{make_host(rng)}/{rng.pick(_DOCUMENTS)}/{rng.randbelow(9000) + 1000}"


def make_sentence(rng: SeededRandom) -> str:
    return f"{rng.pick(_VERBS)} the {rng.pick(_TOPICS)} {rng.pick(_DOCUMENTS)} {rng.pick(_QUALIFIERS)}."


def _make_full_name(rng: SeededRandom) -> str:
    return f"{rng.pick(_FIRST_NAMES)} {rng.pick(_LAST_NAMES)}"


def _make_title(rng: SeededRandom) -> str:
    return f"{rng.pick(_TOPICS)} {rng.pick(_DOCUMENTS)}".capitalize()


def _make_question(rng: SeededRandom) -> str:
    return f"Which {rng.pick(_TOPICS)} {rng.pick(_DOCUMENTS)}s are still open {rng.pick(_QUALIFIERS)}?"


def _make_code(rng: SeededRandom) -> str:
    letters = "".join(rng.pick("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(3))
    return f"{letters}-{rng.randbelow(90000) + 10000}"


def _make_address(rng: SeededRandom) -> str:
    return f"{rng.randbelow(180) + 1} {rng.pick(_STREETS)}"


def _make_ip_address(rng: SeededRandom) -> str:
    return f"203.0.113.{rng.randbelow(254) + 1}"  # RFC 5737: for documentation


def _make_token(rng: SeededRandom) -> str:
    return f"{rng.randbelow(1 << 64):016x}"


def _pick_from(choices: Sequence[str]) -> TextMaker:
    return lambda rng: rng.pick(choices)


# Makers by the name of the property: the first regular expression found in it wins.
_TEXT_MAKERS: tuple[tuple[str, TextMaker], ...] = (
    (r"e_?mail", make_email),
    (r"ur[il]$|link|href|website|webhook|callback", make_url),
    (r"host|domain|server", make_host),
    (r"uuid|guid", random_uuid),
    (r"(^|_|-)id$|Id$|key$|token|hash|digest|fingerprint|etag", _make_token),
    (r"first_?name|given_?name", _pick_from(_FIRST_NAMES)),
    (r"last_?name|surname|family_?name", _pick_from(_LAST_NAMES)),
    (r"user_?name|login|handle|slug", make_slug),
    (r"owner|author|person|user|assignee|(created|updated|started)_?by", _make_full_name),
    (r"(^|_)ip(_|$)|ip_?addr", _make_ip_address),
    (r"zip|post(al)?_?code", lambda rng: f"{rng.randbelow(90000) + 10000}"),
    (r"street|address", _make_address),
    (r"compan|organi[sz]ation|vendor|supplier|merchant|brand|publisher|manufacturer|employer", _pick_from(_COMPANIES)),
    (_PEOPLE, _make_full_name),
    (r"product|(^|_)item(_?name)?$", _pick_from(_PRODUCTS)),
    (r"time_?zone", _pick_from(("Europe/Berlin", "Africa/Lagos", "Asia/Tokyo", "America/Denver"))),
    (r"error|fail|reason|exception|fault", _pick_from(_ERROR_TEXTS)),
    (r"(^|_)sku$|[a-z]_code$|[a-z]Code$|serial|barcode|isbn|_(no|number|ref)$|[a-z](No|Number)$", _make_code),
    (r"question|query|prompt", _make_question),
    (r"title|name|label|subject|summary$", _make_title),
    (r"country", _pick_from(_COUNTRIES)),
    (r"city|town", _pick_from(_CITIES)),
    (r"region", _pick_from(("eu-central-1", "us-east-1", "ap-south-1"))),
    (r"lang|locale", _pick_from(("en-GB", "de-DE", "fr-FR", "ja-JP"))),
    (r"currency", _pick_from(("EUR", "USD", "JPY", "BRL"))),
    (r"colou?r", _pick_from(("teal", "amber", "slate", "crimson"))),
    (r"phone|mobile|fax", lambda rng: f"+49 40 {rng.randbelow(900000) + 100000}"),
    (r"version", lambda rng: f"{rng.randbelow(4) + 1}.{rng.randbelow(20)}.{rng.randbelow(10)}"),
    (r"mime|media_?type|content_?type", _pick_from(("application/json", "text/plain", "text/csv"))),
    (r"file|path", lambda rng: f"{make_slug(rng)}.csv"),
    (r"tags?$|kind|type|category|role|status|state|mode|level|group|team", _pick_from(_TOPICS)),
)

# Lowest and highest number, by the name of the property.
_NUMBER_RANGES: tuple[tuple[str, int, int], ...] = (
    (r"temperature|probabilit|ratio|score|confidence|fraction|top_?p", 0, 1),
    (r"percent|progress", 0, 100),
    (r"port$", 1024, 49151),
    (r"year", 2018, 2026),
    (r"tokens|bytes|size", 100, 9000),
    (r"price|amount|cost|total|balance", 5, 5000),
    (r"retr(y|ies)|attempt|index|page|level|depth|priority", 0, 3),
    (r"seconds|duration|elapsed|timeout|latency|_ms$", 1, 600),
)
_DEFAULT_RANGE = (1, 100)


def text_maker_for(name: str) -> TextMaker:
    """Return the maker of text for a property of this name: ``user_email`` gets an email address."""
    return next(
        (make for expression, make in _TEXT_MAKERS if re.search(expression, name, re.IGNORECASE)), make_sentence
    )


def number_range_for(name: str) -> tuple[int, int]:
    """Return the lowest and the highest believable number for a property of this name."""
    for expression, low, high in _NUMBER_RANGES:
        if re.search(expression, name, re.IGNORECASE):
            return low, high
    return _DEFAULT_RANGE
