"""Ids that a client can put into the paths of an API, each with those of the parents that its path names before it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from specduet.mocks.clock import Micros
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.index import RowQuery, StoredRow
from specduet.mocks.world.indexed_fields import get_row_key
from specduet.mocks.world.table import Table
from specduet.mocks.world.tables import Tables
from specduet.specs import Api, Operation


def list_path_ids(api: Api, tables: Tables, now: Micros, count: int) -> dict[str, list[Any]]:
    """Return values of the last parameter of each path to rows: ``{"/pets/{petId}": [1, 2]}``.

    Rows of a path with parents belong to the first row of these, where there are such rows.
    """
    by_path: dict[str, list[Any]] = {}
    for operation in api.operations:
        for path, values in _iter_path_values(operation, tables, now, count):
            if not by_path.get(path):
                by_path[path] = values
    return by_path


def sample_ids(operation: Operation, tables: Tables, now: Micros, count: int) -> list[Any]:
    """Return some values of the path parameter by which an operation finds a row."""
    lookup = operation.behavior.lookup
    if lookup is None or not lookup.parameter:
        return []
    table = tables[lookup.resource]
    field = get_row_key(table.resource.behavior.id, lookup.field)
    return _sample_values(table, field, tables, now, count)


def _iter_path_values(operation: Operation, tables: Tables, now: Micros, count: int) -> Iterator[tuple[str, list[Any]]]:
    behavior = operation.behavior
    for scope in behavior.scopes:
        subject = behavior.subject
        if scope.resource:
            table = tables[scope.resource]
            yield _cut_path(operation, scope.parameter), _sample_values(table, _path_field(table), tables, now, count)
        elif subject is not None and not scope.hidden:
            known = tables[subject.resource].scope_values.get(scope.field, [])
            yield _cut_path(operation, scope.parameter), known[:count]
    if behavior.lookup is not None and behavior.lookup.parameter and "/" not in behavior.lookup.parameter:
        yield _cut_path(operation, behavior.lookup.parameter), sample_ids(operation, tables, now, count)


def _path_field(table: Table) -> str:
    """Return the field by which paths find the rows of a table."""
    numbers = table.indexed_fields.numbers
    return table.identity_field if numbers is None else numbers.field


def _cut_path(operation: Operation, parameter: str) -> str:
    """Return the path up to a parameter: ``/pets/{petId}`` of ``/pets/{petId}/toys``."""
    before, braces, _ = operation.path.partition(f"{{{parameter}}}")
    return before + braces


def _sample_values(table: Table, field: str, tables: Tables, now: Micros, count: int) -> list[Any]:
    if field not in table.key_positions:  # the only row has no id
        return []
    if field == table.identity_field and not table.is_written and not table.indexed_fields.parent_fields:
        return _list_present(table.first_identities, count)
    table.advance_to(now)
    position = table.key_positions[field]
    values = (row.index_keys[position] for row in _iter_first_rows(table, tables, now, frozenset()))
    return _list_present(values, count)


def _list_present(values: Iterable[Any], count: int) -> list[Any]:
    return [*islice((value for value in values if value is not None and value is not ABSENT), count)]


def _iter_first_rows(table: Table, tables: Tables, now: Micros, seen: frozenset[str]) -> Iterator[StoredRow]:
    """Yield rows in the order of their lists: those of the first parent, or all where it has none."""
    rows = table.get_rows().select(RowQuery())
    for field, resource in table.indexed_fields.parent_fields[:1]:
        if resource in tables and resource not in seen:
            parent = tables[resource]
            parent.advance_to(now)
            first = next(_iter_first_rows(parent, tables, now, seen | {resource}), None)
            identity = None if first is None else parent.identity_key(first)
            own = [row for row in rows if row.index_keys[table.key_positions[field]] == identity]
            rows = own or rows
    yield from rows


def _list_parents(table: Table, tables: Tables, now: Micros, count: int) -> list[Any]:
    """Return the values with which paths name the first rows of a table."""
    if table.indexed_fields.numbers is None:
        return _list_present(table.first_identities, count)
    return _sample_values(table, table.indexed_fields.numbers.field, tables, now, count)


def read_scopes(api: Api, tables: Tables, now: Micros, count: int) -> Mapping[str, list[Any]]:
    """Return the known values of each path parameter that scopes a list; the first has most rows, the last none."""
    by_parameter: dict[str, list[Any]] = {}
    for operation in api.operations:
        scope, subject = operation.behavior.scope, operation.behavior.subject
        if scope is not None and subject is not None and scope.parameter not in by_parameter:
            if scope.resource:
                by_parameter[scope.parameter] = _list_parents(tables[scope.resource], tables, now, count)
            elif not scope.hidden:
                by_parameter[scope.parameter] = [*tables[subject.resource].scope_values.get(scope.field, ())]
    return by_parameter
