"""Rows of one resource that are members of rows of another: the people of a team, who may be in other teams, too."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX
from specduet.specs import Api, Schemas
from specduet.specs.list_statements import Scope

if TYPE_CHECKING:
    from specduet.mocks.world.table import Table

_CANDIDATES = 8  # rows of which those that the state begins with have some as members
_MOST = 4  # members of one of these

MemberLists = Mapping[str, Mapping[str, str]]
"""For each resource whose rows have members, the resource of these by the name of the list."""
_member_lists: "WeakKeyDictionary[Schemas, MemberLists]" = WeakKeyDictionary()


def find_member_lists(api: Api) -> MemberLists:
    """Return which rows have members, as the statements on operations say."""
    known = _member_lists.get(api.response_schemas)
    if known is None:
        found: dict[str, dict[str, str]] = {}
        for operation in api.operations:
            scope, subject = operation.behavior.scope, operation.behavior.subject
            if scope is not None and scope.members and scope.resource and subject is not None:
                found.setdefault(scope.resource, {})[scope.members] = subject.resource
        known = _member_lists[api.response_schemas] = found
    return known


def read_members(holder: "Table", row: StoredRow, name: str, table: "Table") -> Sequence[Any]:
    """Return the index keys of the identities of a row's members, which are rows of ``table``, the first one first.

    A row that the state begins with has some; one that a request created has none before one joins.
    """
    if name in row.members:
        return row.members[name]
    given = row.hidden_values.get(HIDDEN_PREFIX + name)
    if isinstance(given, list):
        return [table.values.index_key(table.identity_field, identity) for identity in given]
    if row.seed is None or row.seed.index is None:
        return ()
    rng = SeededRandom(f"{holder.stream}/{name}/{holder.identity_key(row)}")
    chosen = rng.shuffled_copy(table.first_identities[:_CANDIDATES])[: rng.randint(1, _MOST)]
    return [table.values.index_key(table.identity_field, identity) for identity in chosen]


def describe_members(holder: "Table", row: StoredRow, tables: "Mapping[str, Table]") -> dict[str, Any]:
    """Return the members of a row that are still there, under the names of the lists with a ``?``."""
    return {
        HIDDEN_PREFIX + name: [
            key
            for key in read_members(holder, row, name, table)
            if table.find_row(table.identity_field, key) is not None
        ]
        for name, table in tables.items()
    }


def change_members(holder: "Table", row: StoredRow, name: str, table: "Table", key: Any, *, joins: bool) -> bool:
    """Let a row of ``table`` join or leave; return whether that made a difference."""
    members = read_members(holder, row, name, table)
    if (key in members) == joins:
        return False
    row.members = {**row.members, name: (*members, key) if joins else tuple(m for m in members if m != key)}
    holder.revision += 1
    table.revision += 1
    return True


def find_scope_members(table: "Table", scopes: Sequence[Scope], values: Mapping[str, Any]) -> Sequence[Any] | None:
    """Return the members to which a request is restricted, None where it is restricted to none."""
    if not scopes or not scopes[-1].members:
        return None
    found = table.related_rows.find_path_row(scopes, values)
    return () if found is None else read_members(*found, scopes[-1].members, table)
