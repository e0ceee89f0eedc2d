"""Copies of everything in a table that changes, from which the table can be restored as often as you like."""

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from specduet.mocks.world.implied_rows import ImpliedRows
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.pending_rows import PendingRows
from specduet.mocks.world.row_indexes import RowIndexes

CHANGING = (
    "scope_values",
    "implied",
    "_first_identities",
    "_first_number",
    "_is_loaded",
    "_indexes",
    "_created",
    "_pending",
    "_last_created_at",
    "_due_changes",
    "_advanced_to",
)
"""Names of the attributes that requests change."""
TableSnapshot = Mapping[str, Any]
"""Attributes of a table by their name."""


class RowCopies(dict[StoredRow, StoredRow]):
    """A copy of each row, made when it is first asked for, so that several lists have the same copies."""

    def __missing__(self, row: StoredRow) -> StoredRow:
        made = self[row] = copy(row)
        return made

    def copy_rows(self, rows: list[StoredRow]) -> list[StoredRow]:
        """Return the copies of rows, in their order."""
        return [self[row] for row in rows]


def copy_attributes(attributes: Mapping[str, Any]) -> TableSnapshot:
    """Return copies of the attributes of a table, which share nothing with it that changes."""
    copies = RowCopies()
    return {name: _COPIERS.get(name, _keep)(value, copies) for name, value in attributes.items()}


def _keep(value: Any, _copies: RowCopies) -> Any:
    return value


def _copy_indexes(indexes: RowIndexes, copies: RowCopies) -> RowIndexes:
    made = copy(indexes)
    made.detach(copies.copy_rows)
    return made


def _copy_implied(implied: ImpliedRows, _copies: RowCopies) -> ImpliedRows:
    made = copy(implied)
    made.detach()
    return made


_COPIERS: Mapping[str, Callable[[Any, RowCopies], Any]] = {
    "_indexes": _copy_indexes,
    "_created": lambda rows, copies: copies.copy_rows(rows),
    "_due_changes": lambda changes, copies: [(time, number, copies[row]) for time, number, row in changes],
    "_pending": lambda _rows, _copies: PendingRows(),  # a snapshot is taken when none is pending
    "implied": _copy_implied,
    "scope_values": lambda values, _copies: {name: [*known] for name, known in values.items()},
}
"""Functions that copy an attribute by its name; others are never changed in place."""
