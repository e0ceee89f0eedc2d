"""Rows that are counted within their parent: each parent has a row 1, and the next one of each gets the next number."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from specduet.mocks.world.index import RowsCopier, StoredRow
from specduet.mocks.world.indexed_fields import RowNumbers

_DIGITS = re.compile("[0-9]{1,18}")


class NumberedRows:
    """The rows of a table by parent and number."""

    def __init__(self, numbers: RowNumbers, positions: Mapping[str, int]) -> None:
        """``positions`` are those of the indexed fields in ``StoredRow.index_keys``."""
        self._numbers = numbers
        self._positions = positions[numbers.parent], positions[numbers.field]
        self._rows: dict[tuple[Any, Any], StoredRow] = {}
        self._highest: dict[Any, int] = {}
        """The highest number that a row of each parent ever had."""

    def detach(self, copy_rows: RowsCopier) -> None:
        """Share nothing that changes with what this is a copy of: ``copy_rows`` copies rows."""
        self._rows = dict(zip(self._rows, copy_rows([*self._rows.values()]), strict=True))
        self._highest = {**self._highest}

    def find(self, parent: Any, number: Any) -> StoredRow | None:
        """Return the row of a parent with a number, which may be the text of its digits."""
        is_text = isinstance(number, str) and _DIGITS.fullmatch(number)
        return self._rows.get((parent, int(number) if is_text else number))

    def count_row(self, values: Mapping[str, Any], get_key: Callable[[str, Any], Any]) -> Mapping[str, Any]:
        """Return the values of a new row with its number, above that of each row that its parent ever had.

        ``get_key`` returns the index key of a field's value.
        """
        parent, field = self._numbers.parent, self._numbers.field
        if parent not in values:
            return values
        return {field: self._highest.get(get_key(parent, values[parent]), 0) + 1, **values}

    def add(self, row: StoredRow) -> None:
        parent, number = self._read_place(row)
        self._rows.setdefault((parent, number), row)
        if isinstance(number, int):
            self._highest[parent] = max(self._highest.get(parent, 0), number)

    def remove(self, row: StoredRow) -> None:
        place = self._read_place(row)
        if self._rows.get(place) is row:
            del self._rows[place]

    def _read_place(self, row: StoredRow) -> tuple[Any, Any]:
        parent, number = self._positions
        return row.index_keys[parent], row.index_keys[number]
