"""Requests for page after page of a list: by number, by offset, by token, or by the URL of the next page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.page_facts import find_fact, read_facts, read_next_query, tells_next
from specduet.contracts.analysis.row_values import get_path, read_list_rows
from specduet.contracts.recording import Exchange
from specduet.specs.list_statements import Offset, Page, Token

SendPage = Callable[[Mapping[str, str]], Exchange]
"""Sends the query of one page, laid over that of the walk: ``{"page": "2"}``."""


@dataclass
class PageFollower:
    """Follower of the pages of one list. ``is_finished`` after the last page, if the list came to its end."""

    rules: CollectionRules
    size: int | None
    """The number of rows of a page; None where it is not known."""
    is_finished: bool = False
    is_endless: bool = False
    """A page has led to one that came before."""

    def fetch_pages(self, send_page: SendPage) -> Iterator[Exchange]:
        """Yield page after page until one is the last, or leads to itself."""
        position: Mapping[str, str] = {}
        known_positions: list[Mapping[str, str]] = []
        row_count = 0
        while True:
            page = send_page(position)
            rows = read_list_rows(self.rules.operation, page)
            if rows is None:
                self.is_finished = page.status in {404, 416} and bool(known_positions)
                return
            yield page
            row_count += len(rows)
            known_positions.append(position)
            following = self._find_next(page, position, row_count, len(rows))
            if following is None or following in known_positions:
                self.is_finished, self.is_endless = following is None, following is not None
                return
            position = following

    def _find_next(
        self, page: Exchange, position: Mapping[str, str], row_count: int, count: int
    ) -> Mapping[str, str] | None:
        """Return the position of the next page, None after the last one."""
        statement = self.rules.find_position()
        if isinstance(statement, Token):
            return self._read_token(statement, page, count)
        if statement is None:
            return self._read_url(page)
        is_short = self.size is not None and count < self.size
        if count == 0 or (is_short and tells_next(read_facts(self.rules.operation, page)) is False):
            return None  # otherwise the next page tells whether this one was the last
        if isinstance(statement, Offset):
            return {statement.parameter: str(row_count)}
        return {statement.parameter: str(_read_number(statement, position) + 1)}

    def _read_token(self, token: Token, page: Exchange, count: int) -> Mapping[str, str] | None:
        """Return the token that a response tells, or the field of its last row where that is the token."""
        told = read_facts(self.rules.operation, page)
        if token.field is None:
            each = find_fact(told, "next-token")
            if each is not None and isinstance(each.value, str | int) and each.value not in ("", False):
                return {token.parameter: str(each.value)}
            query = read_next_query(told) or {}
            return {token.parameter: query[token.parameter]} if token.parameter in query else None
        is_last = tells_next(told) is False or (self.size is not None and count < self.size and not tells_next(told))
        rows = read_list_rows(self.rules.operation, page)
        if is_last or not rows:
            return None
        value = get_path(rows[-1], token.field)
        return {token.parameter: str(value)} if isinstance(value, str | int) else None

    def _read_url(self, page: Exchange) -> Mapping[str, str] | None:
        names = {p.name for p in self.rules.operation.parameters if p.location == "query"}
        query = read_next_query(read_facts(self.rules.operation, page)) or {}
        return {name: text for name, text in query.items() if name in names} or None


def _read_number(page: Page, position: Mapping[str, str]) -> int:
    return int(position.get(page.parameter, page.first))
