"""All indexes of one table, which always hold the same rows."""

import re
from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

from specduet.mocks.world.index import IndexKeys, RowsCopier, SortedIndex, StoredRow
from specduet.mocks.world.indexed_fields import IndexedFields
from specduet.mocks.world.numbered_rows import NumberedRows

_DIGITS = re.compile("-?[0-9]{1,18}")


class RowIndexes:
    """The rows of a table by each field that sorts a list or finds one row."""

    def __init__(self, indexed_fields: IndexedFields, positions: Mapping[str, int]) -> None:
        """``positions`` are those of the indexed fields in ``StoredRow.index_keys``."""
        self._positions = positions
        self._sorts_by_number = indexed_fields.sorts_by_number
        self._unique: dict[str, dict[Any, StoredRow]] = {name: {} for name in indexed_fields.unique_fields}
        """For each unique field, the rows by their index key."""
        match_positions = [positions[name] for name in indexed_fields.exact_match_fields]
        self._sorted = {name: SortedIndex(positions[name], match_positions) for name in indexed_fields.sort_fields}
        """For each field that orders a list, the rows sorted by it."""
        numbers = indexed_fields.numbers
        self.numbered = NumberedRows(numbers, positions) if numbers is not None else None
        """The rows by their numbers, where they are counted within their parent."""
        self._by_number = SortedIndex(None, match_positions)

    def load(self, rows: list[StoredRow]) -> None:
        """Add the first rows; of several with one value of a unique field, the first is found by it."""
        for row in rows:
            for name, by_key in self._unique.items():
                by_key.setdefault(row.index_keys[self._positions[name]], row)
            if self.numbered is not None:
                self.numbered.add(row)
        for index in self._iter_sorted():
            index.load(rows)

    def detach(self, copy_rows: RowsCopier) -> None:
        """Share nothing that changes with what this is a copy of: ``copy_rows`` copies rows."""
        self._unique = {
            name: dict(zip(by_key, copy_rows([*by_key.values()]), strict=True)) for name, by_key in self._unique.items()
        }
        if self.numbered is not None:
            self.numbered = copy(self.numbered)
            self.numbered.detach(copy_rows)
        self._sorted = {name: copy(index) for name, index in self._sorted.items()}
        self._by_number = copy(self._by_number)
        for index in (*self._sorted.values(), self._by_number):
            index.detach(copy_rows)

    def get_sorted(self, field: str | None) -> SortedIndex:
        """Return the rows sorted by a field, or by their number where that is None."""
        return self._by_number if field is None else self._sorted[field]

    def get_any(self) -> SortedIndex:
        """Return all rows in some order."""
        return next(self._iter_sorted())

    def find(self, field: str, key: Any) -> StoredRow | None:
        """Return the row with an index key of a unique field; the latest, where requests gave several rows the same.

        A number and the text of its digits are the same: a path has no types.
        """
        rows = self._unique.get(field, {})
        row = rows.get(key)
        if row is None and isinstance(key, int | str):
            other = str(key) if isinstance(key, int) else int(key) if _DIGITS.fullmatch(key) else None
            row = rows.get(other) if other is not None else None
        return row

    def has_key(self, field: str, key: Any) -> bool:
        """Return whether a row has an index key of a unique field."""
        return key in self._unique[field]

    def add(self, row: StoredRow) -> None:
        for index in self._iter_sorted():
            index.add(row)
        for name, by_key in self._unique.items():
            by_key[row.index_keys[self._positions[name]]] = row
        if self.numbered is not None:
            self.numbered.add(row)

    def remove(self, row: StoredRow) -> None:
        for index in self._iter_sorted():
            index.remove(row)
        self._forget_unique(row)

    def replace_keys(self, row: StoredRow, index_keys: IndexKeys) -> None:
        """Give a row other index keys, and the places that belong to them."""
        if index_keys != row.index_keys:
            self.remove(row)
            row.index_keys = index_keys
            self.add(row)

    def _forget_unique(self, row: StoredRow) -> None:
        for name, by_key in self._unique.items():
            key = row.index_keys[self._positions[name]]
            if by_key.get(key) is row:
                del by_key[key]
        if self.numbered is not None:
            self.numbered.remove(row)

    def _iter_sorted(self) -> Iterator[SortedIndex]:
        yield from self._sorted.values()
        if self._sorts_by_number:
            yield self._by_number
