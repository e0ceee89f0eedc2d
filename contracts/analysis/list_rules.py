"""What a list is asked for, worked out from the statements alone: the judge's own reading of limit, filter and cursor.

A ``CollectionRules`` turns a request into conditions on every row. They have three values: a row whose field is null, or so
near to a boundary that clocks or digits decide, may be there or not.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from specduet.contracts.analysis.row_values import (
    ABSENT,
    ListRequest,
    compare_values,
    get_path,
    is_same_value,
    read_timestamp,
)
from specduet.contracts.oracle.requests import seconds
from specduet.contracts.recording import Row
from specduet.specs import Api, Operation
from specduet.specs.behavior import Basis, Filter

CLOCK_SLACK_S = 150.0
"""How far the service's clock may be from ours, in seconds, before a default window counts as wrong."""
OLDEST_SLACK_S = 3_600.0
"""How much longer than stated, in seconds, a service may look back."""

_MIN_ROWS_WHEN_CAPPED = 100  # a service that lists fewer rows than this, and not all, is not taken to protect itself
_EPSILON_S = 5e-7  # seconds since 1970 are held no finer than that

RowTest = Callable[[Row], bool | None]


@dataclass(frozen=True)
class Condition:
    """What a request asks of each row: ``law`` is the kind of statement behind it, ``description`` puts it in words."""

    law: str
    parameter: str
    field: str
    basis: Basis
    pointer: str
    description: str
    is_met_by: RowTest


class CollectionRules:
    """One operation that lists rows, with the statements about it. ``shown_fields``: the fields that any row ever had."""

    def __init__(self, api: Api, operation: Operation, shown_fields: Iterable[str] = ()) -> None:
        assert operation.behavior.lists is not None
        self.api = api
        self.operation = operation
        self.behavior = operation.behavior
        self.resource = api.resources[operation.behavior.lists.resource]
        self.shown_fields = frozenset(shown_fields)
        self._id_field = self.resource.behavior.id.field

    # --------------------------------------------------------------------------------------- rows

    def get_id(self, row: Row) -> Any:
        """What tells the row from every other, as text that can be a key; ``MISSING`` where it is not shown."""
        value = get_path(row, self._id_field)
        return value if isinstance(value, (str, int)) else ABSENT

    def get_order_key(self, row: Row) -> Any:
        """What the list is ordered by, comparable for equality: rows with equal keys may stand in any order."""
        if self.behavior.order is None:
            return self.get_id(row)
        value = get_path(row, self.behavior.order.by)
        timestamp = read_timestamp(value)
        if timestamp is not None:
            return timestamp.utc
        return None if value in (None, ABSENT) or isinstance(value, dict | list) else value

    def has_ended(self, row: Row) -> bool:
        """Whether a row is one that nothing happens to any more."""
        status = self.resource.behavior.status
        return status is not None and get_path(row, status.field) in status.terminal

    # ----------------------------------------------------------------------------------- requests

    def get_parameter_pointer(self, name: str | None) -> str:
        """Where the schema of a parameter stands, empty where there is no such parameter."""
        parameter = self.operation.parameter(name) if name else None
        return parameter.pointer if parameter else ""

    def get_default(self, name: str | None) -> Any:
        parameter = self.operation.parameter(name) if name else None
        return parameter.default if parameter is not None else None

    def get_limit(self, request: ListRequest) -> int | None:
        """The most rows that the answer may hold, None where nothing bounds it for certain."""
        if self.behavior.limit is None:
            return None
        name = self.behavior.limit.parameter
        value = request.values.get(name, self.get_default(name))
        return value if isinstance(value, int) and value >= 0 else None

    def can_be_capped(self, count: int) -> bool:
        """Whether the service may list just so many rows at the most, whatever is asked for: no document forbids it."""
        rule = self.behavior.limit
        parameter = self.operation.parameter(rule.parameter) if rule else None
        if parameter is None or "maximum" in parameter.schema:
            return False
        default = parameter.default
        return count >= max(_MIN_ROWS_WHEN_CAPPED, default if isinstance(default, int) else 0)

    def get_offset(self, request: ListRequest) -> int:
        if self.behavior.offset is None:
            return 0
        name = self.behavior.offset.parameter
        value = request.values.get(name, self.get_default(name))
        return value if isinstance(value, int) and value >= 0 else 0

    def get_direction(self, request: ListRequest) -> str:
        """``asc`` or ``desc``."""
        order = self.behavior.order
        if order is None:
            return "asc"
        requested = request.values.get(order.parameter, self.get_default(order.parameter)) if order.parameter else None
        return requested if requested in {"asc", "desc"} else order.direction

    def list_conditions(self, request: ListRequest, sent_at: float) -> list[Condition]:
        """What a request that was sent ``sent_at`` seconds since 1970 asks of each row."""
        conditions = []
        scope, cursor = self.behavior.scope, self.behavior.cursor
        if scope is not None and scope.parameter in request:
            is_met_by = self._make_equality_test(scope.field, request.values[scope.parameter])
            conditions.append(
                self._make_condition("scope", scope.parameter, scope.field, scope.basis, "is the path's", is_met_by)
            )
        for name, rule in self.behavior.filters.items():
            conditions += self._list_filter_conditions(name, rule, request, sent_at)
        if cursor is not None and cursor.parameter in request:
            is_met_by = self._make_time_test(cursor.before, request.values[cursor.parameter], _is_before)
            description = f"is strictly before {request.texts[cursor.parameter]}"
            conditions.append(
                self._make_condition("cursor", cursor.parameter, cursor.before, cursor.basis, description, is_met_by)
            )
        return conditions

    def _make_condition(
        self, law: str, parameter_name: str, field: str, basis: Basis, description: str, is_met_by: RowTest
    ) -> Condition:
        parameter = self.operation.parameter(parameter_name)
        pointer = parameter.pointer if parameter else self.operation.pointer
        return Condition(law, parameter_name, field, basis, pointer, f"{field} {description}", is_met_by)

    def _list_filter_conditions(
        self, name: str, rule: Filter, request: ListRequest, sent_at: float
    ) -> Iterable[Condition]:
        if rule.oldest is not None:
            bound = datetime.fromtimestamp(sent_at + seconds(rule.oldest) - OLDEST_SLACK_S, UTC)
            is_met_by = self._make_time_test(rule.field, bound, _is_not_before, doubt_s=0.0)
            description = f"is at most {rule.oldest.removeprefix('-')} old"
            yield self._make_condition("oldest", name, rule.field, rule.basis, description, is_met_by)
        if name in request:
            yield self._make_filter_condition(name, rule, request)
        elif rule.default is not None and rule.op == "ge":
            bound = datetime.fromtimestamp(sent_at + seconds(rule.default), UTC)
            is_met_by = self._make_time_test(rule.field, bound, _is_not_before, doubt_s=CLOCK_SLACK_S)
            description = f"is at most {rule.default.removeprefix('-')} old, which is so where {name} is left out"
            yield self._make_condition("default-window", name, rule.field, rule.basis, description, is_met_by)

    def _make_filter_condition(self, name: str, rule: Filter, request: ListRequest) -> Condition:
        value, text = request.values[name], request.texts[name]
        if rule.hidden:
            return self._make_condition("hidden", name, rule.field, rule.basis, f"is {text}", lambda _: None)
        if rule.op == "ge":
            is_met_by = self._make_time_test(rule.field, value, _is_not_before)
            return self._make_condition("window", name, rule.field, rule.basis, f"is not before {text}", is_met_by)
        return self._make_condition(
            "filter", name, rule.field, rule.basis, f"is {text}", self._make_equality_test(rule.field, value)
        )

    def _make_equality_test(self, field: str, value: Any) -> RowTest:
        def is_met_by(row: Row) -> bool | None:
            shown = get_path(row, field)
            if shown is ABSENT and field.partition(".")[0] not in self.shown_fields:
                return None
            return shown not in (None, ABSENT) and is_same_value(shown, value)

        return is_met_by

    def _make_time_test(
        self, field: str, bound: Any, accepts_order: Callable[[int], bool], *, doubt_s: float | None = None
    ) -> RowTest:
        """Compare a moment (or a number) of each row; within ``doubt_s``, else within a digit, nothing is certain."""

        bound_s = bound.timestamp() if isinstance(bound, datetime) else 0.0

        def is_met_by(row: Row) -> bool | None:
            shown = read_timestamp(get_path(row, field))
            if shown is None or not isinstance(bound, datetime):
                order = None if isinstance(bound, datetime) else compare_values(get_path(row, field), bound)
                return None if order is None else accepts_order(order)
            distance_s = shown.unix_s - bound_s
            tolerance_s = (0.1**shown.digits if shown.utc != bound else 0.0) if doubt_s is None else doubt_s
            if abs(distance_s) < tolerance_s - _EPSILON_S or not shown.has_zone:
                return None
            return accepts_order((shown.utc > bound) - (shown.utc < bound))

        return is_met_by


def _is_before(order: int) -> bool:
    return order < 0


def _is_not_before(order: int) -> bool:
    return order >= 0
