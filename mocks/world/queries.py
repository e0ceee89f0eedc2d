"""The rows that a request asks for: its parameters, read by the statements on the operation, as a query to an index."""

from collections.abc import Callable
from typing import Any

from specduet.mocks.clock import Micros
from specduet.mocks.settings import CallerIdentity
from specduet.mocks.world.creation import RequestValues
from specduet.mocks.world.index import RowQuery
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX
from specduet.mocks.world.operation_plan import FilterPlan, OperationPlan
from specduet.mocks.world.table import Table
from specduet.specs import Operation
from specduet.specs.list_statements import Scope


class UnknownScopeValue(Exception):
    """A path parameter has a value to which no collection belongs."""

    def __init__(self, parameter: str, value: Any, status: int) -> None:
        super().__init__(f"no {parameter} is {value!r}")
        self.parameter = parameter
        self.value = value
        self.status = status
        """The HTTP status of the response, as the overlay states it."""


class WindowTooOld(Exception):
    """A filter reaches further back than the overlay allows."""

    def __init__(self, parameter: str, oldest: str) -> None:
        super().__init__(f"{parameter} reaches further back than {oldest}")
        self.parameter = parameter
        self.oldest = oldest
        """The overlay's limit, such as ``-31d``."""


def build_row_query(plan: OperationPlan, values: RequestValues, caller: CallerIdentity, now: Micros) -> RowQuery:
    """Return the query for the rows of a list request. Raises ``UnknownScopeValue`` and ``WindowTooOld``."""
    behavior, table = plan.operation.behavior, plan.table
    equal = scope_and_owner_filters(plan, values, caller)
    predicates: list[tuple[int, Callable[[Any], bool]]] = []
    at_least = below = None
    sort_field = behavior.order.by if behavior.order else None
    for filter_plan in plan.filters:
        statement = filter_plan.statement
        key = _filter_key(filter_plan, table, values.get(filter_plan.parameter), now)
        if key is None:
            continue
        position = table.key_positions[HIDDEN_PREFIX + statement.field if statement.hidden else statement.field]
        if statement.op == "ge" and statement.field == sort_field:
            at_least = key if at_least is None else max(at_least, key)
        elif statement.op == "ge":
            predicates.append((position, _is_at_least(key)))
        elif statement.hidden or statement.field in table.indexed_fields.filter_fields:
            equal.append((position, key))
        else:
            predicates.append((position, _is_equal_to(key)))
    if behavior.cursor is not None and (cursor := values.get(behavior.cursor.parameter)) is not None:
        key = table.row_factory.index_key(behavior.cursor.before, cursor)
        if behavior.cursor.before == sort_field:
            below = key
        else:
            predicates.append((table.key_positions[behavior.cursor.before], _is_below(key)))
    return RowQuery(
        equal=tuple(equal),
        predicates=tuple(predicates),
        at_least=at_least,
        below=below,
        descending=_is_descending(plan.operation, values),
        offset=max(values.get(behavior.offset.parameter) or 0, 0) if behavior.offset else 0,
        limit=values.get(behavior.limit.parameter) if behavior.limit else None,
    )


def scope_and_owner_filters(
    plan: OperationPlan, values: RequestValues, caller: CallerIdentity
) -> list[tuple[int, Any]]:
    """Return the index keys that a row must have to belong to the request's scope and to be the caller's to see.

    Each is a pair of the position in the row's index keys and the key. Raises ``UnknownScopeValue``.
    """
    behavior, table = plan.operation.behavior, plan.table
    filters = []
    if behavior.scope is not None:
        scope_key = get_scope_key(table, behavior.scope, values)
        filters.append((table.key_positions[behavior.scope.field], scope_key))
    if behavior.visibility is not None and caller.owner is not None and not caller.admin:
        owner_field = behavior.visibility.owner
        owner_key = table.row_factory.index_key(owner_field, caller.owner)
        filters.append((table.key_positions[owner_field], owner_key))
    return filters


def get_scope_key(table: Table, scope: Scope, values: RequestValues) -> Any:
    """Return the index key of the request's scope value. Raises ``UnknownScopeValue`` if the overlay says so."""
    value = values.get(scope.parameter)
    key = table.row_factory.index_key(scope.field, value)
    if scope.unknown >= 400 and not table.has_scope(scope.field, key):
        raise UnknownScopeValue(scope.parameter, value, scope.unknown)
    return key


def _filter_key(plan: FilterPlan, table: Table, value: Any, now: Micros) -> Any:
    """Return the index key that a filter compares with, or None where it applies no condition.

    Where the parameter is left out, that is the start of its default window, if it has one. Raises ``WindowTooOld``.
    """
    if value is None:
        return None if plan.default is None else now + plan.default
    key = table.row_factory.index_key(plan.statement.field, value)
    if plan.oldest is not None and key is not None and key < now + plan.oldest:
        raise WindowTooOld(plan.parameter, plan.statement.oldest or "")
    return key


def _is_descending(operation: Operation, values: RequestValues) -> bool:
    order = operation.behavior.order
    if order is None:
        return True
    direction = values.get(order.parameter, order.direction) if order.parameter else order.direction
    return bool(direction == "desc")


def _is_at_least(expected: Any) -> Callable[[Any], bool]:
    return lambda key: key is not None and key >= expected


def _is_below(expected: Any) -> Callable[[Any], bool]:
    return lambda key: key is not None and key < expected


def _is_equal_to(expected: Any) -> Callable[[Any], bool]:
    return lambda key: bool(key == expected)
