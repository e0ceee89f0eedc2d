"""Sorted indexes of rows: a page is a slice of a sorted list, and an exact filter selects a shorter sorted list."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from specduet.mocks.clock import NEVER, Micros
from specduet.mocks.world.lifecycle import RowSeed

IndexKeys = tuple[Any, ...]
"""The index keys of one row, one for each indexed field, in the order of ``Table.key_positions``.

An index key is hashable and sortable: date-times are microseconds, absent and null are None. *Position* below always
means a position in this tuple.
"""

SortKey = tuple[int, Any, int]
"""Rank of the type, index key, row number: ordered also where rows have keys of different types."""


class StoredRow:
    """One row of a table: its index keys, and its JSON once it was first shown."""

    __slots__ = (
        "can_change",
        "encoded",
        "file",
        "fresh_until",
        "hidden_values",
        "index_keys",
        "is_removed",
        "members",
        "number",
        "seed",
    )

    def __init__(self, number: int, index_keys: IndexKeys, seed: RowSeed | None, encoded: bytes = b"") -> None:
        self.number = number
        """Higher for a later row."""
        self.index_keys = index_keys
        self.seed = seed
        """None for a row that was put into the table as JSON."""
        self.encoded = encoded
        """The row as JSON, up to date until ``fresh_until``."""
        self.fresh_until: Micros = NEVER if encoded else -NEVER
        self.can_change = False
        """True for a created row: its status changes with time."""
        self.is_removed = False
        self.file: Any = None
        """The file that the request which created the row brought."""
        self.members: Mapping[str, Sequence[Any]] = {}
        """The rows that have joined it, by the name of the list: index keys of their identities."""
        self.hidden_values: Mapping[str, Any] = {}
        """Values that a row which was put into the table as JSON does not show."""


class RowQuery(msgspec.Struct, frozen=True):
    """The rows that a request asks an index for."""

    equal: tuple[tuple[int, Any], ...] = ()
    """Pairs of a position and the index key that rows have there."""
    predicates: tuple[tuple[int, Callable[[Any], bool]], ...] = ()
    """Pairs of a position and a test of the index key there."""
    at_least: Any = None
    """The lowest key, of those that the rows are sorted by, that is included."""
    below: Any = None
    """The lowest key, of those that the rows are sorted by, that is left out."""
    descending: bool = True
    offset: int = 0
    limit: int | None = None


RowsCopier = Callable[[list[StoredRow]], list[StoredRow]]
"""A function that returns copies of rows, the same for the same row."""


class SortedIndex:
    """Rows sorted by one index key, with a shorter list of the same order for each key of the exact-match fields."""

    def __init__(self, sort_position: int | None, match_positions: Sequence[int]) -> None:
        """Sort by the key at ``sort_position``, or by the row's number where that is None."""
        self._sort_key = _sort_key_getter(sort_position)
        self._match_positions = tuple(match_positions)
        self._rows: list[StoredRow] = []
        self._subsets: dict[tuple[int, Any], list[StoredRow]] = {}
        """By position and index key: the rows that have this key, sorted like all rows."""

    def __len__(self) -> int:
        return len(self._rows)

    def load(self, rows: Iterable[StoredRow]) -> None:
        """Replace all rows."""
        self._rows = sorted(rows, key=self._sort_key)
        self._subsets = {}
        for row in self._rows:
            for position in self._match_positions:
                self._subsets.setdefault((position, row.index_keys[position]), []).append(row)

    def detach(self, copy_rows: "RowsCopier") -> None:
        """Share nothing that changes with what this is a copy of: ``copy_rows`` copies rows."""
        self._rows = copy_rows(self._rows)
        self._subsets = {pair: copy_rows(rows) for pair, rows in self._subsets.items()}

    def add(self, row: StoredRow) -> None:
        key = self._sort_key(row)
        for rows in (self._rows, *(self._subset_of(row, position) for position in self._match_positions)):
            # A row that was just created is the last in the usual order.
            if not rows or self._sort_key(rows[-1]) < key:
                rows.append(row)
            else:
                rows.insert(bisect_left(rows, key, key=self._sort_key), row)

    def remove(self, row: StoredRow) -> None:
        key = self._sort_key(row)
        for rows in (self._rows, *(self._subset_of(row, position) for position in self._match_positions)):
            del rows[bisect_left(rows, key, key=self._sort_key)]

    def select(self, query: RowQuery) -> list[StoredRow]:
        """Return the rows that a query asks for, in its order.

        Costs no more in a long list than in a short one, unless a filter needs every row to be looked at.
        """
        rows, other_equal = self._smallest_subset(query.equal)
        low = 0 if query.at_least is None and query.below is None else self._find_position(rows, query.at_least)
        high = len(rows) if query.below is None else max(self._find_position(rows, query.below), low)
        if query.limit is not None and query.limit <= 0:
            return []
        if other_equal or query.predicates:
            return self._scan_rows(rows, low, high, other_equal, query)
        start = low + query.offset if not query.descending else high - query.offset
        if not query.descending:
            return rows[start : high if query.limit is None else min(start + query.limit, high)]
        stop = low if query.limit is None else max(start - query.limit, low)
        return rows[stop:start][::-1] if start > stop else []

    def count(self, query: RowQuery) -> int:
        """Return the number of rows that a query asks for, whatever its page."""
        rows, other_equal = self._smallest_subset(query.equal)
        if other_equal or query.predicates:
            return len(self.select(replace(query, offset=0, limit=None)))
        low = 0 if query.at_least is None and query.below is None else self._find_position(rows, query.at_least)
        high = len(rows) if query.below is None else max(self._find_position(rows, query.below), low)
        return high - low

    def _scan_rows(
        self, rows: list[StoredRow], low: int, high: int, equal: Sequence[tuple[int, Any]], query: RowQuery
    ) -> list[StoredRow]:
        def is_match(row: StoredRow) -> bool:
            keys = row.index_keys
            return all(keys[position] == key for position, key in equal) and all(
                predicate(keys[position]) for position, predicate in query.predicates
            )

        order = range(high - 1, low - 1, -1) if query.descending else range(low, high)
        matches = (row for row in (rows[i] for i in order) if is_match(row))
        offset = min(query.offset, len(rows))
        return list(islice(matches, offset, None if query.limit is None else offset + min(query.limit, len(rows))))

    def _smallest_subset(self, equal: Sequence[tuple[int, Any]]) -> tuple[list[StoredRow], Sequence[tuple[int, Any]]]:
        """Return the shortest list that one of the exact filters selects, and the filters that are left to apply."""
        if not equal:
            return self._rows, ()
        subsets = [self._subsets.get(pair, []) for pair in equal]
        smallest = min(range(len(subsets)), key=lambda i: len(subsets[i]))
        return subsets[smallest], [*equal[:smallest], *equal[smallest + 1 :]]

    def _subset_of(self, row: StoredRow, position: int) -> list[StoredRow]:
        return self._subsets.setdefault((position, row.index_keys[position]), [])

    def _find_position(self, rows: list[StoredRow], index_key: Any) -> int:
        """Return the place of the first row with this key or a higher one; with None, of the first row with any key."""
        sort_key = (1, -NEVER, 0) if index_key is None else (*rank_by_type(index_key), -NEVER)
        return bisect_left(rows, sort_key, key=self._sort_key)


def _sort_key_getter(position: int | None) -> Callable[[StoredRow], SortKey]:
    if position is None:
        return lambda row: (0, 0, row.number)

    def get_sort_key(row: StoredRow) -> SortKey:
        key = row.index_keys[position]
        return (1, key, row.number) if type(key) is int else (*rank_by_type(key), row.number)

    return get_sort_key


def rank_by_type(index_key: Any) -> tuple[int, Any]:
    """Return a key that can be compared with one of another type: None first, then numbers, then text."""
    if index_key is None:
        return 0, 0
    return (1, index_key) if isinstance(index_key, int | float) else (2, index_key)
