"""The rules of one collection: limit, offset, order, filters and cursor, as the contract suite reads them.

``CollectionRules`` turns a request into conditions that every row has to meet. A condition has three values: None for a
row whose field is null, or so close to a bound that clocks or precision decide.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from specduet.contracts.analysis.list_orders import ListOrder, choose_direction, find_order, is_sorted_otherwise
from specduet.contracts.analysis.page_facts import find_fact, read_facts, tells_next
from specduet.contracts.analysis.row_values import (
    ListRequest,
    compare_values,
    get_path,
    is_same_value,
    locate_envelope,
    read_timestamp,
)
from specduet.contracts.recording import ABSENT, Exchange, Row
from specduet.specs import Api, Operation
from specduet.specs.list_statements import Filter, Offset, Page, Scope, Token
from specduet.specs.statement import Basis, parse_duration

CLOCK_SLACK_S = 150.0
"""The clocks of both sides may differ by this many seconds before a default time window counts as wrong."""
OLDEST_SLACK_S = 3_600.0
"""A service may list rows that are older than ``oldest`` allows by this many seconds."""

_MIN_ROWS_WHEN_CAPPED = 100  # a shorter list is not taken for one that the service has capped to protect itself
_EPSILON_S = 5e-7  # a float of seconds since 1970 is no more precise

RowTest = Callable[[Row], bool | None]
"""A test of one row, with None for: not certain."""


@dataclass(frozen=True)
class Condition:
    """A condition that a request puts on every row of the response."""

    clause: str
    """The name of the clause that a row breaks which does not meet the condition, for example ``cursor-strict``."""
    parameter: str
    field: str
    basis: Basis
    pointer: str
    description: str
    """For messages: ``started_at is not before 2026-01-01T00:00:00Z``."""
    is_met_by: RowTest


class CollectionRules:
    """The rules of one operation that lists rows.

    ``shown_fields`` are the fields that any recorded row of the operation has, ``is_scope_shown``: a row
    has the value of the path in the field of its scope, so that the field holds such values.
    """

    def __init__(
        self,
        api: Api,
        operation: Operation,
        shown_fields: Iterable[str] = (),
        *,
        is_scope_shown: bool = False,
    ) -> None:
        assert operation.behavior.lists is not None
        self.api = api
        self.operation = operation
        self.behavior = operation.behavior
        self.resource = api.resources[operation.behavior.lists.resource]
        self.shown_fields = frozenset(shown_fields)
        self.is_scope_shown = is_scope_shown
        self._id_field = self.resource.behavior.id.field

    # --------------------------------------------------------------------------------------- rows

    def get_id(self, row: Row) -> Any:
        """Return the id of a row (text or int), ``ABSENT`` where the row does not show it."""
        value = get_path(row, self._id_field)
        return value if isinstance(value, (str, int)) else ABSENT

    def get_order_key(self, row: Row) -> Any:
        """Return a key that is equal for rows that may change places, None where the row has no value to order by."""
        if self.behavior.order is None:
            return self.get_id(row)
        value = get_path(row, self.behavior.order.by)
        timestamp = read_timestamp(value)
        if timestamp is not None:
            return timestamp.utc
        return None if value in (None, ABSENT) or isinstance(value, dict | list) else value

    def has_ended(self, row: Row) -> bool:
        """Return whether the row has a terminal status, so that it does not change any more."""
        status = self.resource.behavior.status
        return status is not None and get_path(row, status.field) in status.terminal

    # ----------------------------------------------------------------------------------- requests

    def get_parameter_pointer(self, name: str | None) -> str:
        """Return the JSON pointer to the schema of a parameter, empty where there is no such parameter."""
        parameter = self.operation.parameter(name) if name else None
        return parameter.pointer if parameter else ""

    def get_default(self, name: str | None) -> Any:
        """Return the documented default of a parameter, None where there is none."""
        parameter = self.operation.parameter(name) if name else None
        return parameter.default if parameter is not None else None

    def get_limit(self, request: ListRequest) -> int | None:
        """Return the largest allowed number of rows of the response, None where it has no certain bound."""
        if self.behavior.limit is None:
            return None
        name = self.behavior.limit.parameter
        value = request.values.get(name, self.get_default(name))
        least = 0 if self.behavior.limit.basis == "documented" else 1  # to some services 0 is all rows, or the default
        return value if isinstance(value, int) and value >= least else None

    def is_whole(self, request: ListRequest, count: int, exchange: Exchange) -> bool:
        """Return whether a list of ``count`` rows has all there are: it is shorter than its limit, and the first page.

        A page of a size of its own never is, nor one whose response says that another one follows, nor one under a
        filter that holds unless the request says otherwise.
        """
        limit, told = self.get_limit(request), read_facts(self.operation, exchange)
        total = find_fact(told, "total")
        is_short = count < limit if limit is not None else not (self.behavior.page or self.behavior.tokens)
        if self.has_own_size(request):
            is_short = tells_next(told) is False or (total is not None and total.value == count)
        if not is_short or self.is_later_page(request) or self._find_filter_defaults(request):
            return False
        return not tells_next(told) and not (total and isinstance(total.value, int) and total.value > count)

    def has_own_size(self, request: ListRequest) -> bool:
        """Return whether the service chooses the number of rows: the request has no limit, nor has the document."""
        rule = self.behavior.limit
        return rule is not None and rule.basis != "documented" and self.get_limit(request) is None

    def is_later_page(self, request: ListRequest) -> bool:
        """Return whether a request asks for a page by its number or by a token: no comparison knows where it begins."""
        page = self.behavior.page
        if any(token.parameter in request for token in self.behavior.tokens):
            return True
        return page is not None and request.values.get(page.parameter, page.first) != page.first

    def _find_filter_defaults(self, request: ListRequest) -> dict[str, Any]:
        """Return the documented defaults of filters that the request leaves out, by the parameter."""
        defaults = {n: self.get_default(n) for n in self.behavior.filters if n not in request}
        return {
            name: default
            for name, default in defaults.items()
            if default is not None and str(default) not in self.behavior.filters[name].every
        }

    def is_comparable(self, reference: ListRequest, request: ListRequest) -> bool:
        """Return whether a list can be compared with another one: the same filters hold in both by default."""
        return self._find_filter_defaults(reference) == self._find_filter_defaults(request) and not self.is_later_page(
            request
        )

    def find_position(self) -> Page | Offset | Token | None:
        """Return the statement on the parameter that says which page is requested."""
        token = self.behavior.token
        return (token if token and token.direction == "after" else None) or self.behavior.page or self.behavior.offset

    def can_be_capped(self, count: int) -> bool:
        """Return whether ``count`` may be the most rows that the service lists, whatever is requested.

        No document forbids that, but one with a ``maximum`` for the limit promises that many rows.
        """
        rule = self.behavior.limit
        parameter = self.operation.parameter(rule.parameter) if rule else None
        if parameter is None or "maximum" in parameter.schema:
            return False
        default = parameter.default
        return count >= max(_MIN_ROWS_WHEN_CAPPED, default if isinstance(default, int) else 0)

    def get_offset(self, request: ListRequest) -> int:
        """Return the number of rows to leave out at the head of the list."""
        if self.behavior.offset is None:
            return 0
        name = self.behavior.offset.parameter
        value = request.values.get(name, self.get_default(name))
        return value if isinstance(value, int) and value >= 0 else 0

    def get_direction(self, request: ListRequest) -> str:
        """Return ``asc`` or ``desc``."""
        order = self.behavior.order
        if order is None:
            return "asc"
        return choose_direction(self.operation, order, order.parameter, request.values)

    def find_order(self, request: ListRequest) -> ListOrder | None:
        """Return the order of the rows of a response, None where it is not certain."""
        return find_order(self.operation, request.values)

    def has_order(self, request: ListRequest) -> bool:
        """Return whether the rows of a response have an order: one that is stated or asked for, or that of pages."""
        behavior = self.behavior
        is_stated = behavior.lists is not None and behavior.lists.basis == "documented"
        is_paged = self.find_position() is not None or behavior.cursor is not None or behavior.limit is not None
        return is_stated or is_paged or self.find_order(request) is not None

    def is_sorted_otherwise(self, request: ListRequest) -> bool:
        """Return whether a request names a field to sort by."""
        return is_sorted_otherwise(self.operation, request.values)

    def locate_row(self, index: int | str, field: str) -> str:
        """Return the JSON pointer to a field of a row of a response: ``/data/0/status``."""
        return f"{locate_envelope(self.operation)}/{index}/{field.replace('.', '/')}"

    def list_conditions(self, request: ListRequest, sent_at: float) -> list[Condition]:
        """Return the conditions on every row; ``sent_at`` is the time of the request in seconds since 1970."""
        conditions = []
        scope, cursor = self.behavior.scope, self.behavior.cursor
        if scope is not None and scope.parameter in request:
            is_met_by = self._make_scope_test(scope, request.values[scope.parameter])
            conditions.append(
                self._make_condition("scope", scope.parameter, scope.field, scope.basis, "is the path's", is_met_by)
            )
        for name, rule in self.behavior.filters.items():
            conditions += self._list_filter_conditions(name, rule, request, sent_at)
        if cursor is not None and cursor.parameter in request:
            is_met_by = self._make_time_test(cursor.before, request.values[cursor.parameter], _is_before)
            description = f"is strictly before {request.texts[cursor.parameter]}"
            conditions.append(
                self._make_condition(
                    "cursor-strict", cursor.parameter, cursor.before, cursor.basis, description, is_met_by
                )
            )
        return conditions

    def _make_condition(
        self, clause: str, parameter_name: str, field: str, basis: Basis, description: str, is_met_by: RowTest
    ) -> Condition:
        parameter = self.operation.parameter(parameter_name)
        pointer = parameter.pointer if parameter else self.operation.pointer
        return Condition(clause, parameter_name, field, basis, pointer, f"{field} {description}", is_met_by)

    def _list_filter_conditions(
        self, name: str, rule: Filter, request: ListRequest, sent_at: float
    ) -> Iterable[Condition]:
        now = datetime.fromtimestamp(sent_at, UTC)
        if rule.oldest is not None:
            bound = now + parse_duration(rule.oldest) - timedelta(seconds=OLDEST_SLACK_S)
            is_met_by = self._make_time_test(rule.field, bound, _is_not_before, tolerance_s=0.0)
            description = f"is at most {rule.oldest.removeprefix('-')} old"
            yield self._make_condition("oldest", name, rule.field, rule.basis, description, is_met_by)
        if name in request:
            yield self._make_filter_condition(name, rule, request)
        elif rule.default is not None and rule.op == "ge":
            bound = now + parse_duration(rule.default)
            is_met_by = self._make_time_test(rule.field, bound, _is_not_before, tolerance_s=CLOCK_SLACK_S)
            description = f"is at most {rule.default.removeprefix('-')} old where {name} is left out"
            yield self._make_condition("window-keeps-only", name, rule.field, rule.basis, description, is_met_by)

    def _make_filter_condition(self, name: str, rule: Filter, request: ListRequest) -> Condition:
        value, text = request.values[name], request.texts[name]
        if rule.hidden:  # the rows do not show the field, so that nothing is certain
            return self._make_condition("hidden-filter", name, rule.field, rule.basis, f"is {text}", lambda _: None)
        is_several = rule.basis != "documented" and "," in text  # each server reads it in its own way
        if rule.op in {"search", "conditions"} or text in rule.every or is_several:
            return self._make_condition(
                "filter-keeps-only", name, rule.field, rule.basis, f"has {text}", lambda _: None
            )
        if rule.op in _COMPARISONS:
            accepts_order, words = _COMPARISONS[rule.op]
            is_met_by = self._make_time_test(rule.field, value, _leave_bound_open(rule, value, accepts_order))
            description = f"{words} {text}"
            return self._make_condition("window-keeps-only", name, rule.field, rule.basis, description, is_met_by)
        is_exact = rule.basis == "documented"
        is_met_by = self._make_equality_test(rule.field, value, is_negated=rule.op == "ne", is_exact=is_exact)
        description = f"is {'not ' if rule.op == 'ne' else ''}{text}"
        return self._make_condition("filter-keeps-only", name, rule.field, rule.basis, description, is_met_by)

    def _make_scope_test(self, scope: Scope, value: Any) -> RowTest:
        """Return a test of the field that names the owner of a row.

        Where only the names say that it does, nothing is certain before a row has shown it.
        """
        if scope.basis == "documented" or (self.is_scope_shown and not scope.hidden):
            return self._make_equality_test(scope.field, value)
        return lambda _: None

    def _make_equality_test(
        self, field: str, value: Any, *, is_negated: bool = False, is_exact: bool = True
    ) -> RowTest:
        """Return a test that compares a field with a value.

        Where it is not exact, a text that has the value somewhere is not certain.
        """

        def is_met_by(row: Row) -> bool | None:
            shown = get_path(row, field)
            if shown is ABSENT and field.partition(".")[0] not in self.shown_fields:
                return None
            if isinstance(shown, list | dict) or (is_negated and shown in (None, ABSENT)):
                return True if _has_member(shown, value) and not is_negated else None  # lists are compared in many ways
            is_same = shown not in (None, ABSENT) and is_same_value(shown, value)
            if not is_same and not is_exact and isinstance(shown, str) and str(value).casefold() in shown.casefold():
                return None
            return is_same is not is_negated

        return is_met_by

    def _make_time_test(
        self, field: str, bound: Any, accepts_order: Callable[[int], bool | None], *, tolerance_s: float | None = None
    ) -> RowTest:
        """Return a test that compares a timestamp, or a number, of a row with ``bound``.

        A value that is closer to the bound than ``tolerance_s`` is not certain; the default tolerance is the last digit
        of the value. ``accepts_order`` gets -1, 0 or 1: the value is less than, equal to or greater than the bound.
        """
        bound_s = bound.timestamp() if isinstance(bound, datetime) else 0.0

        def is_met_by(row: Row) -> bool | None:
            shown = read_timestamp(get_path(row, field))
            if shown is None or not isinstance(bound, datetime):
                order = None if isinstance(bound, datetime) else compare_values(get_path(row, field), bound)
                return None if order is None else accepts_order(order)
            distance_s = shown.unix_s - bound_s
            last_digit_s = 0.1**shown.digits if shown.utc != bound else 0.0
            uncertain_s = last_digit_s if tolerance_s is None else tolerance_s
            if abs(distance_s) < uncertain_s - _EPSILON_S or not shown.has_zone:
                return None
            return accepts_order((shown.utc > bound) - (shown.utc < bound))

        return is_met_by


def _has_member(shown: Any, value: Any) -> bool:
    return isinstance(shown, list) and any(is_same_value(item, value) for item in shown)


def _leave_bound_open(rule: Filter, bound: Any, accepts_order: Callable[[int], bool]) -> Callable[[int], bool | None]:
    """Return the test of an order in which a bound that is a time is not certain, where no document says so."""
    is_time = isinstance(bound, datetime) or read_timestamp(bound) is not None
    if rule.basis == "documented" or not is_time:
        return accepts_order
    return lambda order: accepts_order(order) if order else None


def _is_before(order: int) -> bool:
    return order < 0


def _is_not_before(order: int) -> bool:
    return order >= 0


_COMPARISONS: dict[str, tuple[Callable[[int], bool], str]] = {
    "ge": (_is_not_before, "is not before"),
    "gt": (lambda order: order > 0, "is after"),
    "le": (lambda order: order <= 0, "is not after"),
    "lt": (_is_before, "is before"),
}
"""The operators of filters that compare: which orders of the row's value and the parameter's they accept."""
