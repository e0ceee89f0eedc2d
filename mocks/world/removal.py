"""The removal of a row, and of those that belong to it."""

from collections.abc import Iterator
from typing import Any

from specduet.mocks.world.index import RowQuery, StoredRow
from specduet.mocks.world.table import Table
from specduet.mocks.world.tables import Tables


def remove_with_children(tables: Tables, table: Table, row: StoredRow) -> None:
    """Remove a row of a table, and whatever belongs to it in the tables that were made."""
    identity = table.identity_key(row)
    table.remove_row(row)
    for _, other in [*tables.iter_made()]:
        for child in [*_iter_children(other, table.resource.name, identity)]:
            remove_with_children(tables, other, child)


def _iter_children(table: Table, parent: str, identity: Any) -> Iterator[StoredRow]:
    """Yield the rows of a table that belong to a row of the resource ``parent``."""
    for field, resource in table.indexed_fields.parent_fields:
        position = table.key_positions[field]
        rows = table.get_rows().select(RowQuery()) if resource == parent else ()
        yield from (row for row in rows if str(row.index_keys[position]) == str(identity))
