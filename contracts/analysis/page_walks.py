"""Walks over the pages of a list: each row once, an end, and facts that fit the pages.

A walk follows page numbers, offsets, tokens or the URL of the next page. It is judged if the list of the whole
collection was the same before and after it, and if its first page is the head of that list: only then is it certain
where the pages begin.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from specduet.contracts.analysis.list_comparison import ListResponse
from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.page_facts import NEXT_FACTS, ToldFact, find_wrong_counts, read_facts, tells_next
from specduet.contracts.analysis.single_list import ListViolation
from specduet.contracts.recording import ABSENT
from specduet.contracts.traces import BracketedQueries
from specduet.specs.statement import Basis

_MAX_EMPTY_PAGES = 3  # a service may send an empty page now and then, with the token of the next


@dataclass(frozen=True)
class PageWalk:
    """The pages of one walk, in order, and the lists of the whole collection before and after it."""

    rules: CollectionRules
    before: ListResponse
    pages: Sequence[ListResponse]
    is_finished: bool
    """The last page was followed by none."""
    is_endless: bool
    """The last page leads to one that came before."""

    def find_violations(self) -> Iterator[ListViolation]:
        """Yield the violations of the walk, at most one of rows, and those of facts if the rows are right."""
        if self.rules.behavior.offset is not None or self.rules.behavior.cursor is not None:
            yield from self._find_wrong_facts()  # their rows are compared with those of the whole list
            return
        repeated = self._find_repeated_row()
        if repeated is not None:
            yield repeated
            return
        yield from self._find_endless_pages()
        lost = self._find_lost_row()
        if lost is not None:
            yield lost
        else:
            yield from self._find_wrong_facts()

    def _page_ids(self, page: ListResponse) -> list[Any]:
        return [row_id for row in page.rows if (row_id := self.rules.get_id(row)) is not ABSENT]

    def _find_repeated_row(self) -> ListViolation | None:
        numbers: dict[Any, int] = {}
        for number, page in enumerate(self.pages, start=1):
            for row_id in self._page_ids(page):
                if numbers.setdefault(row_id, number) != number:
                    message = f"page {number} repeats the row {row_id} of page {numbers[row_id]}"
                    return self._make_violation(page, message, row_id, cause="repeated")
        return None

    def _find_lost_row(self) -> ListViolation | None:
        """Return a violation for a row of the whole list that no page has, if the walk came to its end."""
        if not self.is_finished or not self.pages:
            return None
        seen = {row_id for page in self.pages for row_id in self._page_ids(page)}
        lost = [row_id for row_id in self._page_ids(self.before) if row_id not in seen]
        if not lost:
            return None
        message = f"the {len(self.pages)} pages up to the last have no row {lost[0]}, which the whole list has"
        return self._make_violation(self.pages[-1], message, lost[0], cause="lost")

    def _find_endless_pages(self) -> Iterator[ListViolation]:
        """Yield a violation where a page leads back, or empty ones say again and again that another one follows."""
        if self.is_endless:
            message = f"the pages never end: page {len(self.pages)} leads to one that came before"
            yield self._make_violation(self.pages[-1], message, "", cause="endless")
            return
        last = self.pages[-_MAX_EMPTY_PAGES:]
        told = [tells_next(read_facts(self.rules.operation, page.exchange)) for page in last]
        if len(last) == _MAX_EMPTY_PAGES and all(told) and not any(page.rows for page in last):
            message = "the pages never end: empty ones say that another one follows"
            yield self._make_violation(last[-1], message, "", cause="endless")

    def _find_wrong_facts(self) -> Iterator[ListViolation]:
        told = [read_facts(self.rules.operation, page.exchange) for page in self.pages]
        for (page, facts), (following, _) in pairwise(zip(self.pages, told, strict=True)):
            if following.rows:
                yield from self._find_denials(page, facts)
        if not self.is_finished:
            return
        total = sum(len(page.rows) for page in self.pages)
        filled = [page for page in self.pages if page.rows]
        for page, facts in zip(self.pages, told, strict=True):
            yield from self._find_wrong_numbers(page, facts, total, len(filled))
            if page is self.pages[-1] or (filled and page is filled[-1]):
                yield from self._find_promises(page, facts)

    def _find_denials(self, page: ListResponse, facts: Sequence[ToldFact]) -> Iterator[ListViolation]:
        """Yield a violation for each fact that denies the page which follows."""
        for each in facts:
            is_denied = each.value is False if each.fact == "more" else each.fact in NEXT_FACTS and not each.value
            if is_denied:
                message = f"{each.name} says that no page follows, but one does"
                yield self._make_fact_violation(page, each, message)

    def _find_promises(self, page: ListResponse, facts: Sequence[ToldFact]) -> Iterator[ListViolation]:
        """Yield a violation for a flag that promises a page after the last."""
        for each in facts:
            if each.fact == "more" and each.value is True:
                yield self._make_fact_violation(page, each, f"{each.name} is true, but no row follows")

    def _find_wrong_numbers(
        self, page: ListResponse, facts: Sequence[ToldFact], total: int, page_count: int
    ) -> Iterator[ListViolation]:
        for each in facts:
            if not isinstance(each.value, int) or isinstance(each.value, bool):
                continue
            if each.fact == "total" and each.value != total and not _is_page_count(each, page, total):
                message = f"{each.name} is {each.value}, but the pages have {total} rows"
                yield self._make_fact_violation(page, each, message)
            elif each.fact == "pages" and each.value not in self._allowed_counts(page_count):
                message = f"{each.name} is {each.value}, but {page_count} pages have rows"
                yield self._make_fact_violation(page, each, message)

    def _allowed_counts(self, page_count: int) -> set[int]:
        """Return the numbers of pages that are right: an empty list has one page or none, and some count from 0."""
        first = self.rules.behavior.page.first if self.rules.behavior.page else 1
        return {page_count, max(page_count, 1)} | ({page_count - 1} if first == 0 else set())

    def _make_violation(self, page: ListResponse, message: str, value: Any, *, cause: str) -> ListViolation:
        statement, basis = self.rules.find_position(), self._find_basis()
        place = f"query/{statement.parameter}" if statement else ""
        pointer = self.rules.get_parameter_pointer(statement.parameter if statement else None)
        return ListViolation(
            "pages-complete", page.exchange, message, basis, place, value, pointer, cause, features=_FEATURES
        )

    def _make_fact_violation(self, page: ListResponse, each: ToldFact, message: str) -> ListViolation:
        return make_fact_violation(self.rules, page, each, message)

    def _find_basis(self) -> Basis:
        statement = self.rules.find_position() or self.rules.behavior.page_info
        return statement.basis if statement is not None else "assumed"


_FEATURES = frozenset({"pages"})


def _is_page_count(each: ToldFact, page: ListResponse, total: int) -> bool:
    """Return whether a number that is not named a total may be the number of rows here: ``count``."""
    return "total" not in each.name and each.value == len(page.rows) != total


def make_fact_violation(rules: CollectionRules, page: ListResponse, each: ToldFact, message: str) -> ListViolation:
    """Return the violation for a fact about a page that is wrong."""
    info = rules.behavior.page_info
    basis: Basis = info.basis if info is not None else "assumed"
    return ListViolation(
        "page-facts", page.exchange, message, basis, each.where, each.value, cause=each.fact, features=_FEATURES
    )


def check_page_facts(rules: CollectionRules, response: ListResponse) -> Iterator[ListViolation]:
    """Yield a violation for each fact that contradicts the rows beside it."""
    limit = rules.get_limit(response.request)
    told = read_facts(rules.operation, response.exchange)
    for each, message in find_wrong_counts(told, len(response.rows), limit):
        yield make_fact_violation(rules, response, each, message)


def read_walk(rules: CollectionRules, bracket: BracketedQueries, lists: dict[int, ListResponse]) -> PageWalk | None:
    """Return the walk of a bracket, None where it proves nothing."""
    before, after = lists.get(bracket.list_before.number), lists.get(bracket.list_after.number)
    pages = [lists[exchange.number] for exchange in bracket.exchanges if exchange.number in lists]
    if before is None or after is None or not pages or before.rows != after.rows:
        return None
    ids = [rules.get_id(row) for row in before.rows]
    head = [rules.get_id(row) for row in pages[0].rows]
    if ids and not head:
        return None
    if ABSENT in ids or len(set(ids)) < len(ids) or head != ids[: len(head)]:
        return None
    return PageWalk(rules, before, pages, bracket.is_finished, bracket.is_endless)
