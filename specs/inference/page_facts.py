"""Facts about a page that stand beside the rows of a list, known by name and type: ``has_more``, ``meta.total``."""

import re
from collections.abc import Iterable, Iterator, Mapping

from specduet.specs.inference.words import to_snake, word_set
from specduet.specs.list_statements import PageFact
from specduet.specs.schema_reader import SchemaReader

_NUMBERS: dict[PageFact, str] = {
    "total": "total total_count count_total total_items total_results total_records total_size total_elements"
    " total_hits total_rows total_entries records_total record_count results_count number_of_results"
    " items_total odata_count",
    "estimate": "total_estimate estimated_total approximate_total approx_total estimated_count approximate_count"
    " estimated_total_count approximate_total_count",
    "pages": "total_pages page_count num_pages pages pages_total last_page pages_count number_of_pages",
    "page": "page current_page page_number page_index page_num",
    "limit": "limit per_page page_size page_limit results_per_page max_results size",
    "offset": "offset skip start start_index from",
    "count": "count returned number_of_elements returned_count result_count item_count items_count",
    "next-page": "next_page next_page_number",
    "previous-page": "previous_page prev_page previous_page_number",
    "next-offset": "next_offset",
}
_FLAGS: dict[PageFact, str] = {
    "more": "has_more has_next has_next_page more more_results is_truncated has_more_items has_more_results more_items"
    " has_more_pages",
    "less": "has_previous has_prev has_previous_page has_prev_page has_less",
    "last": "last is_last last_page is_last_page",
    "first": "first is_first first_page is_first_page",
    "empty": "empty is_empty",
}
_TEXTS: dict[PageFact, str] = {
    "next-token": "next_page_token next_cursor next_token next_page_cursor continuation_token continuation next_marker"
    " end_cursor next_page_id next_continuation_token cursor_next after next_page next next_key continue scroll_id"
    " last_evaluated_key",
    "previous-token": "previous_cursor prev_cursor previous_page_token prev_page_token start_cursor previous_token"
    " prev_token cursor_previous before previous_page prev_page previous prev prev_marker previous_marker",
    "first-id": "first_id",
    "last-id": "last_id",
    "self-url": "self self_url self_link current_page_url href",
    "next-url": "next_url next_page_url next_page_uri next_link next_uri next_href odata_next_link next_page_link",
    "previous-url": "previous_url prev_url previous_page_url prev_page_url previous_page_uri previous_link prev_link",
    "first-url": "first_url first_page_url first_page_uri first",
    "last-url": "last_url last_page_url last_page_uri last",
}


def _turn_around(table: Mapping[PageFact, str]) -> dict[str, PageFact]:
    return {name: fact for fact, names in table.items() for name in names.split()}


_BY_KIND = {
    "integer": _turn_around(_NUMBERS),
    "number": _turn_around(_NUMBERS),
    "boolean": _turn_around(_FLAGS),
    "string": _turn_around(_TEXTS),
}
_NAMES = frozenset(name for names in _BY_KIND.values() for name in names)
_HOLDERS = word_set(
    "meta metadata pagination paging page_info page links link cursor cursors paging_info page_meta pager"
    " response_metadata list_metadata page_metadata paginator pages"
)
# objects that hold what leads to another page: `next: {starting_after: …}`
_OTHER_PAGES: dict[str, PageFact] = {"next": "next-token", "previous": "previous-token", "prev": "previous-token"}
_TOKENS = word_set("cursor marker page_token offset")
_NEXT_TOKENS = word_set("starting_after after page_after start_after next_token token")
_TO_URL: dict[PageFact, PageFact] = {"next-token": "next-url", "previous-token": "previous-url"}
_ESTIMATES = re.compile(
    r"\b(estimat\w+|approximat\w+|approx\b|roughly|inexact|not (be )?(exact|accurate))", re.IGNORECASE
)
_URL_WORDS = re.compile(r"\b(ur[li]|link|href)\b", re.IGNORECASE)

_PAGE_COUNTS = frozenset(_NUMBERS["pages"].split())
_PAGE_NUMBERS = frozenset(_NUMBERS["page"].split())
_POSITIONS: dict[str, PageFact] = {"from": "first-position", "to": "last-position"}
_HEADERS: dict[str, PageFact] = {
    "link": "links",
    "x_total_count": "total",
    "x_total": "total",
    "total_count": "total",
    "x_count": "total",
    "x_total_pages": "pages",
    "x_page_count": "pages",
    "x_page": "page",
    "x_current_page": "page",
    "x_per_page": "limit",
    "x_limit": "limit",
    "x_offset": "offset",
    "x_next_page": "next-page",
    "x_prev_page": "previous-page",
    "x_previous_page": "previous-page",
    "x_next_cursor": "next-token",
    "x_next_page_token": "next-token",
    "x_next_token": "next-token",
    "x_has_more": "more",
}


def is_page_fact(snake: str) -> bool:
    """Tell whether a name with underscores is one of a page fact, or of an object that holds them."""
    return snake in _NAMES or snake in _HOLDERS


def find_page_facts(reader: SchemaReader, holder: str, path: str, *, token: str) -> dict[str, PageFact]:
    """Return the page facts of the object at a pointer by dotted path; ``path`` is that of the object.

    ``token`` is the name of the parameter that is a token, with underscores; empty where there is none.
    """
    found = dict(_walk_facts(reader, holder, path, "", token=token))
    if {"total", "estimate"}.isdisjoint(found.values()):  # `{count, next, previous, results}`: no other number of rows
        found = {name: "total" if fact == "count" else fact for name, fact in found.items()}
    return found


def _walk_facts(
    reader: SchemaReader, pointer: str, path: str, inside: str, *, token: str, depth: int = 0
) -> Iterator[tuple[str, PageFact]]:
    properties = reader.properties_at(pointer)
    numbers = _find_number_facts(properties)
    for name, at in properties.items():
        snake, kind = to_snake(name), reader.kind_at(at)
        inner = f"{path}.{name}" if path else name
        if kind == "object":
            if depth < 2 and _holds_facts(snake, inside):
                yield from _walk_facts(reader, at, inner, snake, token=token, depth=depth + 1)
        elif inside in _OTHER_PAGES and "links" not in path:  # `next: {per_page, starting_after}`
            if kind == "string" and (snake == token or snake in _TOKENS or snake in _NEXT_TOKENS):
                yield inner, _OTHER_PAGES[inside]
        elif kind == "string":
            text_fact = _read_text_fact(reader, at, inside, snake, token)
            if text_fact is not None and not (text_fact == "self-url" and snake == "href" and depth):
                yield inner, text_fact
        else:
            fact = numbers.get(snake) if kind == "integer" else None
            fact = fact or _BY_KIND.get(kind, {}).get(snake)
            if fact in {"total", "pages"} and _is_estimate(reader, at):
                fact = "estimate" if fact == "total" else None
            if fact is not None:
                yield inner, fact


def _is_estimate(reader: SchemaReader, pointer: str) -> bool:
    """Tell whether a number is described as one that need not be exact."""
    schema, _ = reader.resolve(pointer)
    return bool(_ESTIMATES.search(str(schema.get("description", ""))))


def _holds_facts(snake: str, inside: str) -> bool:
    return snake in _HOLDERS or snake in _OTHER_PAGES or (inside.endswith(("links", "link")) and snake in _NAMES)


def _find_number_facts(properties: Iterable[str]) -> dict[str, PageFact]:
    """Return the facts of numbers whose names mean something only beside others."""
    snakes = {to_snake(name) for name in properties}
    is_numbered = not snakes.isdisjoint(_PAGE_COUNTS) and snakes.isdisjoint(_PAGE_NUMBERS)
    facts = _POSITIONS if snakes >= _POSITIONS.keys() else {}  # `{from: 21, to: 40}`, as Laravel has it
    return {**facts, **({"number": "page"} if is_numbered else {})}  # `{number, size, totalPages}`, as Spring has it


def _read_text_fact(reader: SchemaReader, pointer: str, inside: str, snake: str, token: str) -> PageFact | None:
    texts = _BY_KIND["string"]
    if snake == "href" and inside in texts:  # `links: {next: {href: …}}`
        return _TO_URL.get(texts[inside], texts[inside])
    fact = texts.get(snake)
    if fact is None and token and (snake == token or snake in _TOKENS):
        return "next-token"
    return _TO_URL[fact] if fact in _TO_URL and _is_url(reader, pointer, inside, snake, token) else fact


def _is_url(reader: SchemaReader, pointer: str, inside: str, snake: str, token: str) -> bool:
    schema, _ = reader.resolve(pointer)
    if schema.get("format") in {"uri", "url", "uri-reference"} or "link" in inside:
        return True
    if snake not in {"next", "previous", "prev", "next_page", "previous_page", "prev_page"}:
        return False
    return not token or bool(_URL_WORDS.search(str(schema.get("description", ""))))


def find_header_facts(names: Iterable[str]) -> dict[str, PageFact]:
    """Return the fact that each documented header tells, by the header's name."""
    return {name: _HEADERS[snake] for name in names if (snake := to_snake(name)) in _HEADERS}
