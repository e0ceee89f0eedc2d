"""Rows that exist because somebody asks for them: the only row of a parent, and any row where nothing lists them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from specduet.mocks.clock import Micros
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.index import RowQuery, StoredRow
from specduet.specs import Api, Resource

if TYPE_CHECKING:
    from specduet.mocks.world.table import Table


class ImpliedRows:
    """Makes such rows of one table when they are first asked for; one that was removed is not made again."""

    def __init__(self, api: Api, resource: Resource) -> None:
        self._is_open = resource.is_inferred and not any(
            operation.behavior.lists or operation.behavior.creates for operation in api.operations_about(resource.name)
        )
        """No operation lists or creates rows: a client cannot know which there are."""
        self._is_single = resource.behavior.single
        self.forget()

    def forget(self) -> None:
        """Forget which rows were removed."""
        self._removed_ids: set[str] = set()
        self._removed_owners: set[Any] = set()
        """Of single rows, the parents: pairs of a position and an index key."""

    def detach(self) -> None:
        """Share nothing that changes with what this is a copy of."""
        self._removed_ids = {*self._removed_ids}
        self._removed_owners = {*self._removed_owners}

    def find_any(self, table: "Table", field: str, value: Any, now: Micros) -> StoredRow | None:
        """Return the row with a value of a unique field, made where any identity is one."""
        row = table.find_row(field, value)
        if row is not None or not self._is_open or field != table.identity_field or str(value) in self._removed_ids:
            return row
        fitted = table.values.fit_value(field, value)
        if fitted is ABSENT or not isinstance(fitted, str | int):
            return None
        table.create_row(lambda: {field: fitted}, now)
        return table.newest_row()

    def find_single(self, table: "Table", required_keys: Sequence[tuple[int, Any]], now: Micros) -> StoredRow | None:
        """Return the only row, or the only one of a parent; of several the oldest, which stays the same."""
        owner = tuple(required_keys)
        found = table.get_rows().select(RowQuery(equal=owner, limit=1, descending=False))
        if found or owner in self._removed_owners or (not owner and table.is_written):
            return found[0] if found else None
        names = {position: name for name, position in table.key_positions.items()}
        values = {names[position]: key for position, key in owner}
        table.create_row(lambda: values, now)
        return table.newest_row()

    def note_removed(self, table: "Table", row: StoredRow) -> None:
        """Remember that a row is gone."""
        self._removed_ids.add(str(table.identity_key(row)))
        if self._is_single:
            positions = [table.key_positions[field] for field, _ in table.indexed_fields.parent_fields]
            self._removed_owners.add(tuple((position, row.index_keys[position]) for position in positions))
