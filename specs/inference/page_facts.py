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
    " end_cursor next_page_id next_continuation_token cursor_next after next_page next",
    "previous-token": "previous_cursor prev_cursor previous_page_token prev_page_token start_cursor previous_token"
    " prev_token cursor_previous before previous_page prev_page previous prev",
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
    " response_metadata list_metadata page_metadata paginator"
)
_TO_URL: dict[PageFact, PageFact] = {"next-token": "next-url", "previous-token": "previous-url"}
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


def find_page_facts(reader: SchemaReader, holder: str, path: str, *, with_token: bool) -> dict[str, PageFact]:
    """Return the page facts of the object at a pointer by dotted path; ``path`` is that of the object."""
    found = dict(_walk_facts(reader, holder, path, "", with_token=with_token))
    if "total" not in found.values():  # `{count, next, previous, results}`: there is no other number of rows
        found = {name: "total" if fact == "count" else fact for name, fact in found.items()}
    return found


def _walk_facts(
    reader: SchemaReader, pointer: str, path: str, inside: str, *, with_token: bool, depth: int = 0
) -> Iterator[tuple[str, PageFact]]:
    has_positions = reader.properties_at(pointer).keys() >= {"from", "to"}  # `{from: 21, to: 40}`, as Laravel has it
    snakes = {to_snake(name) for name in reader.properties_at(pointer)}
    is_numbered = not snakes.isdisjoint(_PAGE_COUNTS) and snakes.isdisjoint(_PAGE_NUMBERS)
    for name, at in reader.properties_at(pointer).items():
        snake, kind = to_snake(name), reader.kind_at(at)
        inner = f"{path}.{name}" if path else name
        if kind == "object":
            if depth < 2 and (snake in _HOLDERS or (inside.endswith(("links", "link")) and snake in _NAMES)):
                yield from _walk_facts(reader, at, inner, snake, with_token=with_token, depth=depth + 1)
            continue
        fact = _BY_KIND.get(kind, {}).get(snake)
        if snake in _POSITIONS and kind == "integer" and has_positions:
            fact = _POSITIONS[snake]
        if snake == "number" and kind == "integer" and is_numbered:  # `{number, size, totalPages}`, as Spring has it
            fact = "page"
        if snake == "href" and inside in _BY_KIND["string"]:  # `links: {next: {href: …}}`
            fact = _BY_KIND["string"][inside]
            yield inner, _TO_URL.get(fact, fact)
        elif snake in {"cursor", "marker", "page_token", "offset"} and kind == "string" and with_token:
            yield inner, "next-token"
        elif fact in _TO_URL and _is_url(reader, at, inside, snake, with_token=with_token):
            yield inner, _TO_URL[fact]
        elif fact is not None and not (fact == "self-url" and snake == "href" and depth):
            yield inner, fact


def _is_url(reader: SchemaReader, pointer: str, inside: str, snake: str, *, with_token: bool) -> bool:
    schema, _ = reader.resolve(pointer)
    if schema.get("format") in {"uri", "url", "uri-reference"} or "link" in inside:
        return True
    if snake not in {"next", "previous", "prev", "next_page", "previous_page", "prev_page"}:
        return False
    return not with_token or bool(_URL_WORDS.search(str(schema.get("description", ""))))


def find_header_facts(names: Iterable[str]) -> dict[str, PageFact]:
    """Return the fact that each documented header tells, by the header's name."""
    return {name: _HEADERS[snake] for name in names if (snake := to_snake(name)) in _HEADERS}
