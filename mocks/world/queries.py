"""The rows that a request asks for: its parameters, read by the statements on the operation, as a query to an index."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from specduet.mocks.clock import NEVER, Micros
from specduet.mocks.settings import CallerIdentity
from specduet.mocks.world.creation import RequestValues
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.index import RowQuery
from specduet.mocks.world.indexed_fields import get_field_key
from specduet.mocks.world.memberships import find_scope_members
from specduet.mocks.world.operation_plan import FilterPlan, OperationPlan
from specduet.mocks.world.row_scan import COMPARISONS
from specduet.mocks.world.table import Table
from specduet.specs import Operation
from specduet.specs.inference.words import to_snake
from specduet.specs.list_statements import OPERATOR_KEYS, Filter, Scope


class UnknownScopeValue(Exception):
    """A path parameter has a value to which no collection belongs."""

    def __init__(self, parameter: str, value: Any, status: int, resource: str = "") -> None:
        super().__init__(f"no {parameter} is {value!r}")
        self.parameter = parameter
        self.value = value
        self.status = status
        """The HTTP status of the response, as the overlay states it."""
        self.resource = resource or parameter.removesuffix("_id").removesuffix("Id")
        """Name of what is missing."""


class WindowTooOld(Exception):
    """A filter reaches further back than the overlay allows."""

    def __init__(self, parameter: str, oldest: str) -> None:
        super().__init__(f"{parameter} reaches further back than {oldest}")
        self.parameter = parameter
        self.oldest = oldest
        """The overlay's limit, such as ``-31d``."""


class ListQuery(NamedTuple):
    """What a request asks for: what an index can answer, and conditions for which every row is looked at."""

    query: RowQuery
    conditions: Sequence[tuple[Filter, Any]]
    """Filters without an index, with their values."""
    window: Micros | None = None
    """How far back the list looks from now, negative, by the field that sorts it; None where it looks all the way."""
    holds_until: Micros = NEVER
    """The time until which the same request asks for the same rows, leaving the window aside."""


class _QueryParts(msgspec.Struct):
    """The parts of a query, while the parameters of a request are read one by one."""

    plan: OperationPlan
    equal: list[tuple[int, Any]]
    predicates: list[tuple[int, Callable[[Any], bool]]] = []
    conditions: list[tuple[Filter, Any]] = []
    at_least: Any = None
    below: Any = None
    window: Micros | None = None
    holds_until: Micros = NEVER

    def add_filter(self, filter_plan: FilterPlan, value: Any, now: Micros) -> None:
        """Add the condition of one filter. Raises ``WindowTooOld``."""
        statement, table = filter_plan.statement, self.plan.table
        if filter_plan.key_field is None or isinstance(value, list | dict):
            self.conditions += _list_conditions(statement, value)
            return
        key = _filter_key(filter_plan, table, value, now)
        if key is None:
            return
        self._note_expiry(filter_plan, value, key, now)
        position = table.key_positions[filter_plan.key_field]
        if statement.op == "ge" and statement.field == self.plan.sort_field:
            self.at_least = key if self.at_least is None else max(self.at_least, key)
        elif statement.op == "ge":
            self.predicates.append((position, _compare_with("ge", key)))
        elif statement.hidden or statement.field in table.indexed_fields.filter_fields:
            self.equal.append((position, key))
        else:
            self.predicates.append((position, _is_equal_to(key)))

    def _note_expiry(self, filter_plan: FilterPlan, value: Any, key: Any, now: Micros) -> None:
        """Note how long a filter that depends on the time keeps the same rows."""
        if value is not None:
            if filter_plan.oldest is not None and isinstance(key, int):
                self.holds_until = min(self.holds_until, key - filter_plan.oldest)
        elif filter_plan.statement.field == self.plan.sort_field and self.window is None:
            self.window = filter_plan.default
        else:
            self.holds_until = now

    def add_cursor(self, cursor_field: str, value: Any) -> None:
        """Keep only the rows whose field is before a value."""
        table = self.plan.table
        key = table.values.index_key(cursor_field, value)
        if cursor_field == self.plan.sort_field:
            self.below = key
        else:
            self.predicates.append((table.key_positions[cursor_field], _compare_with("lt", key)))


def build_list_query(
    plan: OperationPlan,
    values: RequestValues,
    caller: CallerIdentity,
    now: Micros,
    *,
    offset: int = 0,
    limit: int | None = None,
) -> ListQuery:
    """Return the query for the rows of a list request, all pages or the part at an offset.

    Raises ``UnknownScopeValue`` and ``WindowTooOld``.
    """
    cursor = plan.operation.behavior.cursor
    parts = _QueryParts(plan, scope_and_owner_filters(plan, values, caller))
    members = find_scope_members(plan.table, plan.scopes, values)
    if members is not None:
        parts.predicates.append((plan.table.key_positions[plan.table.identity_field], frozenset(members).__contains__))
    for filter_plan in plan.filters:
        value = values.get(filter_plan.parameter)
        is_stated = value is not None or filter_plan.default is not None
        if is_stated and value != "" and value not in filter_plan.statement.every:
            parts.add_filter(filter_plan, value, now)
    if cursor is not None and (value := values.get(cursor.parameter)) is not None:
        parts.add_cursor(cursor.before, value)
    query = RowQuery(
        equal=tuple(parts.equal),
        predicates=tuple(parts.predicates),
        at_least=parts.at_least,
        below=parts.below,
        descending=_is_descending(plan.operation, values),
        offset=offset,
        limit=limit,
    )
    return ListQuery(query, parts.conditions, parts.window, parts.holds_until)


def _list_conditions(statement: Filter, value: Any) -> list[tuple[Filter, Any]]:
    """Return the conditions of one parameter: an object has one for each operator that it names."""
    if value is None or value in ("", []):
        return []
    if not isinstance(value, dict) or statement.op == "conditions":
        return [(statement, value)]
    return [
        (Filter(field=statement.field, op=op, basis=statement.basis), inner)
        for name, inner in value.items()
        if inner is not None and (op := OPERATOR_KEYS.get(to_snake(name))) is not None
    ]


def scope_and_owner_filters(
    plan: OperationPlan, values: RequestValues, caller: CallerIdentity
) -> list[tuple[int, Any]]:
    """Return the index keys that a row must have to belong to the request's scope and to be the caller's to see.

    Each is a pair of the position in the row's index keys and the key. Raises ``UnknownScopeValue``; whether the
    parents exist is for ``check_ancestors``.
    """
    behavior, table = plan.operation.behavior, plan.table
    filters = []
    scope = behavior.scope
    if scope is not None and not scope.members and (scope.resource or not scope.hidden):
        scope_key = get_scope_key(table, plan.scopes, values)
        field = get_field_key(scope.field, is_hidden=scope.hidden)
        filters.append((table.key_positions[field], scope_key))
    if behavior.visibility is not None and caller.owner is not None and not caller.admin:
        owner_field = behavior.visibility.owner
        owner_key = table.values.index_key(owner_field, caller.owner)
        filters.append((table.key_positions[owner_field], owner_key))
    return filters


def check_ancestors(plan: OperationPlan, values: RequestValues) -> None:
    """Raise ``UnknownScopeValue`` if a path names a parent that does not exist, or that is not below the one before."""
    related = plan.table.related_rows
    outer: Scope | None = None
    for place, scope in enumerate(plan.scopes):
        if scope.resource:
            value = values.get(scope.parameter)
            if related.is_numbered(scope.resource):
                is_known = related.find_path_identity(plan.scopes[: place + 1], values) is not None
            else:
                is_known = related.has_row(scope.resource, value)
            if is_known and outer is not None and outer.resource and not related.is_numbered(scope.resource):
                is_known = related.is_child(scope.resource, value, outer.resource, values.get(outer.parameter))
            if not is_known and scope.unknown >= 400:
                raise UnknownScopeValue(scope.parameter, value, scope.unknown, scope.resource)
        outer = scope


def get_scope_key(table: Table, scopes: Sequence[Scope], values: RequestValues) -> Any:
    """Return the index key of a request's last scope. Raises ``UnknownScopeValue`` if the overlay says so."""
    scope = scopes[-1]
    value = values.get(scope.parameter)
    if scope.resource:
        return table.values.index_key(scope.field, get_scope_value(table, scopes, values))
    if scope.hidden:  # the owner is no row, and rows do not show it: all owners share them
        return None
    key = table.values.index_key(scope.field, value)
    if scope.unknown >= 400 and key not in {
        table.values.index_key(scope.field, known) for known in table.scope_values[scope.field]
    }:
        raise UnknownScopeValue(scope.parameter, value, scope.unknown)
    return key


def get_scope_value(table: Table, scopes: Sequence[Scope], values: RequestValues) -> Any:
    """Return the value that the rows of a scope have in its field: the parent's identity, in the field's own type."""
    scope, identity = scopes[-1], table.related_rows.find_path_identity(scopes, values)
    fitted = table.values.fit_value(get_field_key(scope.field, is_hidden=scope.hidden), identity)
    return identity if fitted is ABSENT else fitted


def _filter_key(plan: FilterPlan, table: Table, value: Any, now: Micros) -> Any:
    """Return the index key that a filter compares with, or None where it applies no condition.

    Where the parameter is left out, that is the start of its default window, if it has one. Raises ``WindowTooOld``.
    """
    if value is None:
        return None if plan.default is None else now + plan.default
    fitted = table.values.fit_value(plan.key_field or "", value)
    value = value if fitted is ABSENT else fitted
    key = table.values.index_key(plan.statement.field, value)
    if plan.oldest is not None and key is not None and key < now + plan.oldest:
        raise WindowTooOld(plan.parameter, plan.statement.oldest or "")
    return key


def _is_descending(operation: Operation, values: RequestValues) -> bool:
    order = operation.behavior.order
    if order is None:
        return True
    direction = values.get(order.parameter, order.direction) if order.parameter else order.direction
    return bool(direction == "desc")


def _compare_with(op: str, expected: Any) -> Callable[[Any], bool]:
    return lambda key: COMPARISONS[op](key, expected)


def _is_equal_to(expected: Any) -> Callable[[Any], bool]:
    return lambda key: bool(key == expected)
