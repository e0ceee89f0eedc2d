"""Comparison of a list with the list of the whole collection, requested before and after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from specduet.contracts.analysis.list_rules import CollectionRules, Condition
from specduet.contracts.analysis.row_values import ListRequest
from specduet.contracts.recording import ABSENT, Exchange, Row


def evaluate_conditions(conditions: Sequence[Condition], *versions: Row) -> bool | None:
    """Return whether a row meets every condition; None where that is not certain, or differs between its versions."""
    first = _evaluate_row(conditions, versions[0])
    for row in versions[1:]:
        if row != versions[0] and _evaluate_row(conditions, row) is not first:
            return None
    return first


def _evaluate_row(conditions: Sequence[Condition], row: Row) -> bool | None:
    """Return False if any condition is not met, else None if any is not certain."""
    is_uncertain = False
    for condition in conditions:
        is_met = condition.is_met_by(row)
        if is_met is False:
            return False
        is_uncertain = is_uncertain or is_met is None
    return None if is_uncertain else True


@dataclass(frozen=True)
class ListResponse:
    """A response that is a list, with the parameters of its request."""

    exchange: Exchange
    request: ListRequest
    rows: Sequence[Row]


@dataclass(frozen=True)
class ReferenceList:
    """The longest list of a collection, requested before and after other lists, which are compared with it."""

    request: ListRequest
    """The parameters of the first of the two requests."""
    row_pairs: Sequence[tuple[Row, Row]]
    """Each row that both responses have, as it was before and after."""
    known_ids: frozenset[Any]
    """The ids of the rows of the first response."""
    is_unchanged: bool
    """True if both responses have the same rows in the same order."""
    is_complete: bool
    """True if the list has all rows of the collection."""

    @classmethod
    def from_lists(
        cls, rules: CollectionRules, before: ListResponse, after: ListResponse, *, is_complete: bool
    ) -> "ReferenceList":
        ids_before = [rules.get_id(row) for row in before.rows]
        rows_after = {rules.get_id(row): row for row in after.rows}
        pairs = [
            (row, rows_after[row_id])
            for row, row_id in zip(before.rows, ids_before, strict=True)
            if row_id in rows_after
        ]
        return cls(before.request, pairs, frozenset(ids_before), ids_before == list(rows_after), is_complete)

    def select_conditions(self, rules: CollectionRules, response: ListResponse) -> list[Condition]:
        """Return the conditions of a request, except those on hidden fields that the reference list has met as well."""
        shared = {name for name, value in self.request.values.items() if response.request.values.get(name) == value}
        conditions = rules.list_conditions(response.request, response.exchange.sent_at)
        return [c for c in conditions if c.clause != "hidden-filter" or c.parameter not in shared]


@dataclass(frozen=True)
class ListDifference:
    """The first difference between a list and the rows that it should have."""

    kind: Literal["missing", "surplus", "unknown", "order"]
    """``unknown`` is a row that the list of the whole collection lacks."""
    seen: Any
    """The id of the row, or the number of rows."""
    index: int
    """The index of the row in the list, -1 where it is missing."""
    message: str


def find_difference(rules: CollectionRules, reference: ReferenceList, response: ListResponse) -> ListDifference | None:
    """Return the first difference between a list and the rows that it should have by the reference list."""
    if not rules.is_comparable(reference.request, response.request):
        return None
    conditions = reference.select_conditions(rules, response)
    judged = [(row, evaluate_conditions(conditions, row, later)) for row, later in reference.row_pairs]
    if not reference.is_unchanged or rules.is_sorted_otherwise(response.request):
        return _find_lost_row(rules, [row for row, is_due in judged if is_due], response)
    return _UnchangedListComparison(rules, reference, response.request, judged).compare_rows(response.rows)


def _find_lost_row(
    rules: CollectionRules, required_rows: Sequence[Row], response: ListResponse
) -> ListDifference | None:
    """Return a row that existed before and afterwards and is missing: the only certain difference after a change."""
    limit = rules.get_limit(response.request)
    if (
        rules.has_own_size(response.request)
        or rules.get_offset(response.request)
        or (limit is not None and len(response.rows) >= limit)
    ):
        return None
    return _find_missing_row(rules, required_rows, response.rows)


class _UnchangedListComparison:
    """Compares a list with a reference list that did not change: the same order keys at the same places."""

    def __init__(
        self,
        rules: CollectionRules,
        reference: ReferenceList,
        request: ListRequest,
        judged: Sequence[tuple[Row, bool | None]],
    ) -> None:
        self.rules = rules
        self.is_complete = reference.is_complete
        self.limit = rules.get_limit(request)
        self.has_own_size = rules.has_own_size(request)
        self.offset = rules.get_offset(request)
        self.required_rows = [row for row, is_due in judged if is_due]
        self.optional_ids = {rules.get_id(row) for row, is_due in judged if is_due is None}
        self.known_ids = reference.known_ids
        default_direction = rules.get_direction(ListRequest({}, {}))
        self.is_reversed = rules.behavior.order is not None and rules.get_direction(request) != default_direction

    def compare_rows(self, rows: Sequence[Row]) -> ListDifference | None:
        self.limit = len(rows) if self.has_own_size else self.limit
        unknown = self._find_unknown_row(rows)
        if unknown is not None:
            return unknown
        if self.is_reversed:
            return self._compare_reversed(rows)
        if self.optional_ids:
            return self._compare_certain_rows(rows)
        return self._compare_exactly(self.required_rows[self.offset :], rows)

    def _find_unknown_row(self, rows: Sequence[Row]) -> ListDifference | None:
        if not self.is_complete:
            return None
        for index, row in enumerate(rows):
            row_id = self.rules.get_id(row)
            if row_id is not ABSENT and row_id not in self.known_ids:
                return ListDifference("unknown", row_id, index, f"the row {row_id} is not in the list of all rows")
        return None

    def _compare_reversed(self, rows: Sequence[Row]) -> ListDifference | None:
        """Compare a list in the other direction. Rows without an order key may stand anywhere in both directions."""
        if not self.is_complete:
            return None
        if self.optional_ids or any(self.rules.get_order_key(row) is None for row in self.required_rows):
            can_compare = self._is_below_limit(rows) and not self.offset
            return _find_missing_row(self.rules, self.required_rows, rows) if can_compare else None
        return self._compare_exactly(self.required_rows[::-1][self.offset :], rows)

    def _compare_certain_rows(self, rows: Sequence[Row]) -> ListDifference | None:
        """Compare the lists without the rows that may be there or not."""
        if self.offset:
            return None
        certain_rows = [row for row in rows if self.rules.get_id(row) not in self.optional_ids]
        if not self.is_complete:  # rows that the reference list lacks may follow
            certain_rows = certain_rows[: len(self.required_rows)]
        is_below_limit = self._is_below_limit(rows)
        missing = _find_missing_row(self.rules, self.required_rows, rows) if is_below_limit else None
        if missing is not None or (not is_below_limit and len(certain_rows) > len(self.required_rows)):
            return missing
        return self._compare_order_keys(self.required_rows[: len(certain_rows)], certain_rows)

    def _is_below_limit(self, rows: Sequence[Row]) -> bool:
        return self.limit is None or len(rows) < self.limit

    def _compare_exactly(self, expected: Sequence[Row], rows: Sequence[Row]) -> ListDifference | None:
        if self.limit is not None:
            expected = expected[: self.limit]
        if not self.is_complete:
            rows = rows[: len(expected)]
        return self._compare_order_keys(expected, rows)

    def _compare_order_keys(self, expected: Sequence[Row], actual: Sequence[Row]) -> ListDifference | None:
        """Return how the rows differ. Rows with equal order keys may stand for each other."""
        expected_keys = [self.rules.get_order_key(row) for row in expected]
        actual_keys = [self.rules.get_order_key(row) for row in actual]
        if actual_keys == expected_keys:
            return None
        count = f"{len(actual)} rows instead of {len(expected)}"
        actual_set, expected_set = set(actual_keys), set(expected_keys)
        missing = (row for row, key in zip(expected, expected_keys, strict=True) if key not in actual_set)
        missing_row = next(missing, None)
        if missing_row is not None and len(actual) <= len(expected):
            return _make_missing(self.rules, missing_row)
        surplus_index = next((i for i, key in enumerate(actual_keys) if key not in expected_set), None)
        if surplus_index is not None:
            row_id = self.rules.get_id(actual[surplus_index])
            return ListDifference("surplus", row_id, surplus_index, f"the row {row_id} does not belong there ({count})")
        if len(actual) != len(expected):
            return ListDifference("missing" if len(actual) < len(expected) else "surplus", len(actual), -1, count)
        pairs = zip(actual_keys, expected_keys, strict=True)
        index = next(i for i, (actual_key, expected_key) in enumerate(pairs) if actual_key != expected_key)
        row_id = self.rules.get_id(actual[index])
        return ListDifference("order", row_id, index, f"the row {row_id} is not in its place")


def _find_missing_row(
    rules: CollectionRules, required_rows: Sequence[Row], rows: Sequence[Row]
) -> ListDifference | None:
    shown_ids = {rules.get_id(row) for row in rows}
    missing_row = next((row for row in required_rows if rules.get_id(row) not in shown_ids), None)
    return None if missing_row is None else _make_missing(rules, missing_row)


def _make_missing(rules: CollectionRules, row: Row) -> ListDifference:
    return ListDifference("missing", rules.get_id(row), -1, f"the row {rules.get_id(row)} is missing")
