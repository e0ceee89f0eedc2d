"""Pages of lists: the rows that a request asks for by limit, offset, page number or token, and facts about the page."""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple
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
    is_backward: bool = False
    """The request asks for the rows before one that it names."""


class TokenPlace(NamedTuple):
    """The row that a token stands for, and whether the page begins after it or ends before it."""

    identity: Any
    position: int | None
    direction: Literal["after", "before"]


def read_limit(behavior: OperationBehavior, values: RequestValues) -> int | None:
    """Return the number of rows of a page, or None where a list has no pages."""
    if behavior.limit is not None:
        limit = _read_number(values.get(behavior.limit.parameter), behavior.limit.default)
        if limit is not None:
            return max(limit, 0)
    is_paged = behavior.page or behavior.tokens or (behavior.offset and behavior.page_info)
    return _USUAL_LIMIT if is_paged else None


def _read_number(value: Any, default: int | None) -> int | None:
    """Return a number of rows, also from text; the default for none, and for a text that is no number."""
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError, OverflowError):
        return default


def _has_pages(behavior: OperationBehavior) -> bool:
    """Return whether a request can ask for another page than the first: without that, no page has a next one."""
    is_ranged = any(statement.op in {"lt", "le", "gt", "ge"} for statement in behavior.filters.values())
    return is_ranged or any((behavior.page, behavior.tokens, behavior.offset, behavior.cursor))


def read_token_value(token: Token, values: RequestValues) -> Any:
    """Return the token of a request, None where it has none: an empty one asks for the first page."""
    value = values.get(token.parameter)
    return None if value == "" else value


def read_window(
    behavior: OperationBehavior, values: RequestValues, find_place: Callable[[Token, Any], TokenPlace | None]
) -> PageWindow:
    """Return the page that a request asks for.

    ``find_place`` returns the row that a token stands for. Raises ``BadToken``.
    """
    limit = read_limit(behavior, values)
    for token in behavior.tokens:
        value = read_token_value(token, values)
        if value is None:
            continue
        place = find_place(token, value)
        if place is None or place.position is None:
            raise BadToken(token.parameter, value)
        if token.direction == "after" and place.direction == "after":
            return PageWindow(place.position + 1, limit)
        start = max(place.position - (place.position if limit is None else limit), 0)
        return PageWindow(start, place.position - start, is_backward=True)
    if behavior.page is not None and (page := values.get(behavior.page.parameter)) is not None:
        number = _read_number(page, behavior.page.first) or 0
        return PageWindow(min(max(number - behavior.page.first, 0) * (limit or 0), _MAX_INT), limit)
    if behavior.offset is not None:
        return PageWindow(min(max(_read_number(values.get(behavior.offset.parameter), 0) or 0, 0), _MAX_INT), limit)
    return PageWindow(0, limit)


def write_token(identity: Any, position: int, *, is_backward: bool = False) -> str:
    """Return the opaque token of the row after which a page begins, or before which one ends."""
    content = [identity, position, *(["before"] if is_backward else [])]
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).decode().rstrip("=")


def read_token(text: Any) -> TokenPlace | None:
    """Return the row that an opaque token stands for; None for any other text."""
    try:
        content = msgspec.json.decode(base64.urlsafe_b64decode(str(text) + "=" * (-len(str(text)) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
    is_token = isinstance(content, list) and len(content) in {2, 3} and isinstance(content[1], int)
    if not is_token or (len(content) == 3 and content[2] != "before"):
        return None
    return TokenPlace(content[0], content[1], "before" if len(content) == 3 else "after")


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


class PageFacts(Mapping[str, Any]):
    """The facts about a page by their names in the vocabulary; None where there is none.

    Each is made when it is asked for: most responses tell one or two, and a URL costs more than all other facts. A page
    of ten rows with its total takes 17 us, and 47 us where all facts are made.
    """

    def __init__(self, behavior: OperationBehavior, page: ListPage, url: RequestUrl) -> None:
        self.page = page
        self.start, self.limit, self.is_backward = page.window
        self.size = self.limit or page.size or 1
        self.first_page = behavior.page.first if behavior.page else 1
        self.number = self.start // self.size + self.first_page
        self.has_more = page.stop < page.available and self.limit != 0 and _has_pages(behavior)
        self.has_less = self.start > 0
        self.first_identity = page.identities[0] if page.identities else None
        self.last_identity = page.identities[-1] if page.identities else None
        self._behavior = behavior
        self._url = url

    def __getitem__(self, name: str) -> Any:
        return _FACTS[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter(_FACTS)

    def __len__(self) -> int:
        return len(_FACTS)

    @property
    def goes_on_backward(self) -> bool:
        """True if the next request of a client that goes backward is for earlier rows, of which no other fact tells."""
        info = self._behavior.page_info
        return self.is_backward and not (info is not None and "less" in info.fields.values())

    @property
    def previous_start(self) -> int:
        """The position at which the page before this one begins."""
        return max(self.start - self.size, 0)

    @property
    def last_start(self) -> int:
        """The position at which the last page of the list begins."""
        return (max(self.page.total - 1, 0) // self.size) * self.size

    def make_next_token(self) -> Any:
        """Return the token of the next page: the identity of the last row here, or a text that stands for it."""
        token, last = self._behavior.token, self.last_identity
        if last is None or (token is not None and token.field):
            return last
        return write_token(last, self.page.stop - 1)

    def make_previous_token(self) -> Any:
        """Return the token of the page before: the identity of the first row here, or a text that stands for it.

        None where there is no such page, or where the only token is an identity, which leads forward.
        """
        before, first = self._behavior.token_before, self.first_identity
        if not self.has_less or first is None:
            return None
        if before is not None:
            return first if before.field else write_token(first, self.start)
        token = self._behavior.token
        return None if token is not None and token.field else write_token(first, self.start, is_backward=True)

    def make_url(self, start: int | None = None) -> str:
        """Return the URL of the page from a position on; of this page without one."""
        if start is None:
            return self._url.change_query({})
        return self._url.change_query(self._choose_parameters(start))

    def _choose_parameters(self, start: int) -> dict[str, Any]:
        """Return the parameters that ask for the page from a position on, in the way that the operation has."""
        behavior = self._behavior
        if behavior.tokens:
            return self._choose_tokens(start)
        if behavior.page is not None:
            return {behavior.page.parameter: start // self.size + self.first_page}
        return {behavior.offset.parameter: start} if behavior.offset is not None else {}

    def _choose_tokens(self, start: int) -> dict[str, Any]:
        changes: dict[str, Any] = {token.parameter: None for token in self._behavior.tokens}
        forward, backward = self._behavior.token, self._behavior.token_before or self._behavior.token
        if start == self.page.stop and forward is not None:
            changes[forward.parameter] = self.make_next_token()
        elif 0 < start < self.start and backward is not None and (token := self.make_previous_token()) is not None:
            changes[backward.parameter] = token
        elif start > 0 and forward is not None and not forward.field:
            changes[forward.parameter] = write_token(None, start - 1)
        return changes


_FACTS: Mapping[str, Callable[[PageFacts], Any]] = {
    "total": lambda facts: facts.page.total,
    "estimate": lambda facts: facts.page.total,
    "pages": lambda facts: -(-facts.page.total // facts.size),
    "page": lambda facts: facts.number,
    "limit": lambda facts: facts.limit if facts.limit is not None else facts.page.size,
    "offset": lambda facts: facts.start,
    "count": lambda facts: facts.page.size,
    "more": lambda facts: facts.has_less if facts.goes_on_backward else facts.has_more,
    "less": lambda facts: facts.has_less,
    "last": lambda facts: not facts.has_more,
    "first": lambda facts: not facts.has_less,
    "empty": lambda facts: facts.page.size == 0,
    "next-page": lambda facts: facts.number + 1 if facts.has_more else None,
    "previous-page": lambda facts: facts.number - 1 if facts.has_less else None,
    "next-offset": lambda facts: facts.page.stop if facts.has_more else None,
    "next-token": lambda facts: facts.make_next_token() if facts.has_more else None,
    "previous-token": lambda facts: facts.make_previous_token(),
    "first-position": lambda facts: facts.start + 1 if facts.page.size else None,
    "last-position": lambda facts: facts.page.stop if facts.page.size else None,
    "first-id": lambda facts: facts.first_identity,
    "last-id": lambda facts: facts.last_identity,
    "self-url": lambda facts: facts.make_url(),
    "next-url": lambda facts: facts.make_url(facts.page.stop) if facts.has_more else None,
    "previous-url": lambda facts: facts.make_url(facts.previous_start) if facts.has_less else None,
    "first-url": lambda facts: facts.make_url(0),
    "last-url": lambda facts: facts.make_url(facts.last_start),
}
"""How each fact is made."""


def format_links(facts: Mapping[str, Any]) -> str:
    """Return the ``Link`` header of a page (RFC 8288): ``<http://…?page=2>; rel="next"``."""
    relations = {"first": "first-url", "prev": "previous-url", "next": "next-url", "last": "last-url"}
    return ", ".join(f'<{facts[fact]}>; rel="{name}"' for name, fact in relations.items() if facts[fact] is not None)
