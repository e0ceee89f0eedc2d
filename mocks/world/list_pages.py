"""Pages of lists: the rows that a request asks for by limit, offset, page number or token, and facts about the page."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from specduet.mocks.world.creation import RequestValues
from specduet.specs.behavior import OperationBehavior
from specduet.specs.list_statements import Token

_USUAL_LIMIT = 20  # rows of a page where neither request nor document says how many
_MAX_INT = 1 << 62


class BadToken(Exception):
    """A token that no response gave, or the identity of no row."""

    def __init__(self, parameter: str, value: Any) -> None:
        super().__init__(f"{value!r} is no {parameter}")
        self.parameter = parameter
        self.value = value


class RequestUrl(NamedTuple):
    """The URL of a request, from which those of other pages are made."""

    origin: str
    path: str
    query: str

    def change_query(self, changes: Mapping[str, Any]) -> str:
        """Return the URL with other values of some parameters; None takes one away."""
        pairs = [(name, value) for name, value in parse_qsl(self.query, keep_blank_values=True) if name not in changes]
        pairs += [(name, str(value)) for name, value in changes.items() if value is not None]
        query = urlencode(pairs, quote_via=quote, safe=":")
        return f"{self.origin}{self.path}{'?' if query else ''}{query}"


class PageWindow(NamedTuple):
    """The part of a list that is one page: at most ``limit`` rows from the one at ``start`` on."""

    start: int
    limit: int | None


def read_limit(behavior: OperationBehavior, values: RequestValues) -> int | None:
    """Return the number of rows of a page, or None where a list has no pages."""
    if behavior.limit is not None:
        limit = values.get(behavior.limit.parameter, behavior.limit.default)
        if limit is not None:
            return max(int(limit), 0)
    is_paged = behavior.page or behavior.token or (behavior.offset and behavior.page_info)
    return _USUAL_LIMIT if is_paged else None


def _has_pages(behavior: OperationBehavior) -> bool:
    """Return whether a request can ask for another page than the first: without that, no page has a next one."""
    is_ranged = any(statement.op in {"lt", "le", "gt", "ge"} for statement in behavior.filters.values())
    return is_ranged or any((behavior.page, behavior.token, behavior.offset, behavior.cursor))


def read_window(
    behavior: OperationBehavior, values: RequestValues, find_position: Callable[[Token, Any], int | None]
) -> PageWindow:
    """Return the page that a request asks for.

    ``find_position`` returns the position of the row that a token stands for. Raises ``BadToken``.
    """
    limit = read_limit(behavior, values)
    if behavior.token is not None and (value := values.get(behavior.token.parameter)) not in (None, ""):
        position = find_position(behavior.token, value)
        if position is None:
            raise BadToken(behavior.token.parameter, value)
        if behavior.token.direction == "after":
            return PageWindow(position + 1, limit)
        start = max(position - (limit or position), 0)
        return PageWindow(start, position - start)
    if behavior.page is not None and (page := values.get(behavior.page.parameter)) is not None:
        return PageWindow(min(max(int(page) - behavior.page.first, 0) * (limit or 0), _MAX_INT), limit)
    if behavior.offset is not None:
        return PageWindow(min(max(int(values.get(behavior.offset.parameter) or 0), 0), _MAX_INT), limit)
    return PageWindow(0, limit)


def write_token(identity: Any, position: int) -> str:
    """Return the opaque token of the row after which a page begins."""
    return base64.urlsafe_b64encode(msgspec.json.encode([identity, position])).decode().rstrip("=")


def read_token(text: Any) -> tuple[Any, int] | None:
    """Return identity and position of the row that an opaque token stands for; None for any other text."""
    try:
        content = msgspec.json.decode(base64.urlsafe_b64decode(str(text) + "=" * (-len(str(text)) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
    is_token = isinstance(content, list) and len(content) == 2 and isinstance(content[1], int)
    return (content[0], content[1]) if is_token else None


class ListPage(NamedTuple):
    """One page of a list, as a response shows it."""

    window: PageWindow
    size: int
    """The number of rows here."""
    available: int
    """The number of rows of this page and those before and after it."""
    total: int
    """The number of rows of the whole list, also of those before a cursor."""
    identities: Sequence[Any]
    """Identities of the rows of the page."""

    @property
    def stop(self) -> int:
        """The position after the last row."""
        return self.window.start + self.size


def collect_facts(behavior: OperationBehavior, page: ListPage, url: RequestUrl) -> dict[str, Any]:
    """Return the facts about a page by their names in the vocabulary; None where there is none."""
    start, limit = page.window
    size = limit or page.size or 1
    has_more = page.stop < page.available and limit != 0 and _has_pages(behavior)
    has_less = start > 0
    first_page = behavior.page.first if behavior.page else 1
    number = start // size + first_page
    last_start = (max(page.total - 1, 0) // size) * size
    last = page.identities[-1] if page.identities else None
    first = page.identities[0] if page.identities else None
    token = behavior.token

    def link_to(target: int) -> str | None:
        return url.change_query(_page_parameters(behavior, target, size, first_page, last if target > start else None))

    if token is not None and token.field:
        next_token = last
    else:
        next_token = write_token(last, page.stop - 1) if last is not None else None
    return {
        "total": page.total,
        "pages": -(-page.total // size),
        "page": number,
        "limit": limit if limit is not None else page.size,
        "offset": start,
        "count": page.size,
        "more": has_more,
        "less": has_less,
        "last": not has_more,
        "first": not has_less,
        "empty": page.size == 0,
        "next-page": number + 1 if has_more else None,
        "previous-page": number - 1 if has_less else None,
        "next-offset": page.stop if has_more else None,
        "next-token": next_token if has_more else None,
        "previous-token": write_token(first, max(start - size, 0) - 1) if has_less and start > size else None,
        "first-position": start + 1 if page.size else None,
        "last-position": page.stop if page.size else None,
        "first-id": first,
        "last-id": last,
        "self-url": url.change_query({}),
        "next-url": link_to(page.stop) if has_more else None,
        "previous-url": link_to(max(start - size, 0)) if has_less else None,
        "first-url": link_to(0),
        "last-url": link_to(last_start),
    }


def format_links(facts: Mapping[str, Any]) -> str:
    """Return the ``Link`` header of a page (RFC 8288): ``<http://…?page=2>; rel="next"``."""
    relations = {"first": "first-url", "prev": "previous-url", "next": "next-url", "last": "last-url"}
    return ", ".join(f'<{facts[fact]}>; rel="{name}"' for name, fact in relations.items() if facts[fact] is not None)


def _page_parameters(
    behavior: OperationBehavior, start: int, size: int, first_page: int, last_identity: Any
) -> dict[str, Any]:
    """Return the parameters that ask for the page from a position on, in the way that the operation has."""
    if behavior.token is not None:
        if start == 0 or last_identity is None:
            return {behavior.token.parameter: None}
        field = behavior.token.field
        return {behavior.token.parameter: last_identity if field else write_token(last_identity, start - 1)}
    if behavior.page is not None:
        return {behavior.page.parameter: start // size + first_page}
    return {behavior.offset.parameter: start} if behavior.offset is not None else {}
