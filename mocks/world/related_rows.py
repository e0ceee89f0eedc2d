"""The rows of other resources to which the rows of a resource belong or refer, so that every id in a row exists."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.specs.list_statements import Scope

if TYPE_CHECKING:
    from specduet.mocks.world.index import StoredRow
    from specduet.mocks.world.table import Table

FindTable = Callable[[str], "Table | None"]
"""A function from the name of a resource to its table; None where there is none."""

# Of the parents, the first has half of all rows, the next ones share the others, and those after them have none.
_PARENTS_WITH_ROWS = 6


class RelatedRows:
    """The identities of the rows of other resources."""

    def __init__(self, find_table: FindTable, stream: str) -> None:
        self._find_table = find_table
        self._stream = stream

    def list_identities(self, resource: str) -> Sequence[Any]:
        """Return the identities of the rows of a resource as it began, the newest first."""
        table = self._find_table(resource)
        return () if table is None else table.first_identities

    def has_row(self, resource: str, identity: Any) -> bool:
        """Return whether a row of the resource has the identity now."""
        table = self._find_table(resource)
        if table is None:
            return False
        return table.implied.find_any(table, table.identity_field, identity, table.epoch) is not None

    def find_identity(self, resource: str, identity: Any) -> Any:
        """Return the identity of a row as the row has it, where a path has its text; None where there is no row."""
        table = self._find_table(resource)
        row = None if table is None else table.find_row(table.identity_field, identity)
        return None if table is None or row is None else table.identity_key(row)

    def is_numbered(self, resource: str) -> bool:
        """Return whether paths find the rows of a resource by their numbers among those of a parent."""
        table = self._find_table(resource)
        return table is not None and table.indexed_fields.numbers is not None

    def find_path_row(self, scopes: Sequence[Scope], values: Mapping[str, Any]) -> "tuple[Table, StoredRow] | None":
        """Return the innermost parent that a path names, with its table; None where there is none.

        ``scopes`` are those of the path, outermost first, and ``values`` its parameters.
        """
        value, table = values.get(scopes[-1].parameter), self._find_table(scopes[-1].resource or "")
        if table is None:
            return None
        if table.indexed_fields.numbers is None:
            row = table.find_row(table.identity_field, value)
        else:
            outer = next((place for place in range(len(scopes) - 1, 0, -1) if scopes[place - 1].resource), 0)
            row = table.find_numbered(self.find_path_identity(scopes[:outer], values) if outer else None, value)
        return None if row is None else (table, row)

    def find_path_identity(self, scopes: Sequence[Scope], values: Mapping[str, Any]) -> Any:
        """Return the identity of the innermost parent that a path names; None where there is none."""
        found = self.find_path_row(scopes, values)
        return None if found is None else found[0].identity_key(found[1])

    def is_child(self, resource: str, identity: Any, parent: str, parent_identity: Any) -> bool:
        """Return whether a row belongs to a row of the resource ``parent``; also where nothing is known of that."""
        table = self._find_table(resource)
        if table is None or (row := table.find_row(table.identity_field, identity)) is None:
            return False
        fields = [field for field, owner in table.indexed_fields.parent_fields if owner == parent]
        actual = [row.index_keys[table.key_positions[field]] for field in fields]
        expected = self.find_identity(parent, parent_identity)
        return not fields or any(str(key) == str(expected) for key in actual)

    def pick_parent(self, resource: str, identity: Any) -> Any:
        """Return the identity of the parent of the row with an identity; None where there is no parent."""
        parents = self.list_identities(resource)[:_PARENTS_WITH_ROWS]
        if not parents:
            return None
        rng = SeededRandom(f"{self._stream}/{resource}/{identity}")
        return parents[0] if len(parents) == 1 or rng.random_bool(0.5) else rng.pick(parents[1:])
