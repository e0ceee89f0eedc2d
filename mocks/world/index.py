"""Rows under an order: a page is a slice of a sorted list, a filter is a shorter list that is sorted the same way."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec

from specduet.mocks.clock import NEVER, Micros
from specduet.mocks.world.lifecycle import Life

Marks = tuple[Any, ...]
"""What a row can be found by, in the order of the table's names: hashable, moments as microseconds."""

Key = tuple[int, Any, int]


class Row:
    """One row. ``encoded`` is good until ``fresh_until``; a higher ``number`` is a later row; few of them move."""

    __slots__ = ("encoded", "fresh_until", "life", "marks", "moves", "number")

    def __init__(self, number: int, marks: Marks, life: Life | None, encoded: bytes = b"") -> None:
        self.number = number
        self.marks = marks
        self.life = life
        self.encoded = encoded
        self.fresh_until: Micros = NEVER if encoded else -NEVER
        self.moves = False


class Page(msgspec.Struct, frozen=True):
    """What of a collection is asked for: ``equal`` marks by position, ``tests`` of marks by position.

    ``least`` is included and ``before`` is not; both speak of the mark that orders the rows.
    """

    equal: tuple[tuple[int, Any], ...] = ()
    tests: tuple[tuple[int, Callable[[Any], bool]], ...] = ()
    least: Any = None
    before: Any = None
    descending: bool = True
    offset: int = 0
    limit: int | None = None


class Collection:
    """Rows sorted by the mark at ``by`` (their number where that is None), found by the marks at ``found_by``."""

    def __init__(self, by: int | None, found_by: Sequence[int]) -> None:
        self._key = _sorting(by)
        self._found_by = tuple(found_by)
        self._rows: list[Row] = []
        self._shorter: dict[tuple[int, Any], list[Row]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def load(self, rows: Iterable[Row]) -> None:
        """Take many rows at once in place of those that are here."""
        self._rows = sorted(rows, key=self._key)
        self._shorter = {}
        for row in self._rows:
            for at in self._found_by:
                self._shorter.setdefault((at, row.marks[at]), []).append(row)

    def add(self, row: Row) -> None:
        key = self._key(row)
        for rows in (self._rows, *(self._shorter.setdefault((at, row.marks[at]), []) for at in self._found_by)):
            # A run that was just started is the last under the usual order.
            if not rows or self._key(rows[-1]) < key:
                rows.append(row)
            else:
                rows.insert(bisect_left(rows, key, key=self._key), row)

    def remove(self, row: Row) -> None:
        key = self._key(row)
        for rows in (self._rows, *(self._shorter[at, row.marks[at]] for at in self._found_by)):
            del rows[bisect_left(rows, key, key=self._key)]

    def select(self, page: Page) -> list[Row]:
        """The rows of a page, in order."""
        rows, equal = self._shortest(page.equal)
        low = 0 if page.least is None and page.before is None else self._position(rows, page.least)
        high = len(rows) if page.before is None else max(self._position(rows, page.before), low)
        if page.limit is not None and page.limit <= 0:
            return []
        if equal or page.tests:
            return self._walk(rows, low, high, equal, page)
        start = low + page.offset if not page.descending else high - page.offset
        if not page.descending:
            return rows[start : high if page.limit is None else min(start + page.limit, high)]
        stop = low if page.limit is None else max(start - page.limit, low)
        return rows[stop:start][::-1] if start > stop else []

    def _walk(self, rows: list[Row], low: int, high: int, equal: Sequence[tuple[int, Any]], page: Page) -> list[Row]:
        def kept(row: Row) -> bool:
            marks = row.marks
            return all(marks[at] == mark for at, mark in equal) and all(test(marks[at]) for at, test in page.tests)

        order = range(high - 1, low - 1, -1) if page.descending else range(low, high)
        found = (row for row in (rows[i] for i in order) if kept(row))
        offset = min(page.offset, len(rows))
        return list(islice(found, offset, None if page.limit is None else offset + min(page.limit, len(rows))))

    def _shortest(self, equal: Sequence[tuple[int, Any]]) -> tuple[list[Row], Sequence[tuple[int, Any]]]:
        if not equal:
            return self._rows, ()
        lists = [self._shorter.get(pair, []) for pair in equal]
        best = min(range(len(lists)), key=lambda i: len(lists[i]))
        return lists[best], [*equal[:best], *equal[best + 1 :]]

    def _position(self, rows: list[Row], mark: Any) -> int:
        """Where a mark would stand before all rows that have it; rows without one stand before every mark."""
        key = (1, -NEVER, 0) if mark is None else (*_ranked(mark), -NEVER)
        return bisect_left(rows, key, key=self._key)


def _sorting(by: int | None) -> Callable[[Row], Key]:
    if by is None:
        return lambda row: (0, 0, row.number)

    def key(row: Row) -> Key:
        mark = row.marks[by]
        return (1, mark, row.number) if type(mark) is int else (*_ranked(mark), row.number)

    return key


def _ranked(mark: Any) -> tuple[int, Any]:
    """A mark that can be compared with one of another type: no mark, then numbers, then text."""
    if mark is None:
        return 0, 0
    return (1, mark) if isinstance(mark, int | float) else (2, mark)
