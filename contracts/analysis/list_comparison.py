"""What an answer should hold, by the longest listing that was made before and after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from specduet.contracts.analysis.list_rules import CollectionRules, Condition
from specduet.contracts.analysis.row_values import ListRequest
from specduet.contracts.recording import ABSENT, Exchange, Row


def evaluate_conditions(conditions: Sequence[Condition], *versions: Row) -> bool | None:
    """Whether a row meets every condition; None where that is not certain, or changed between its versions."""
    first = _evaluate_row(conditions, versions[0])
    for row in versions[1:]:
        if row != versions[0] and _evaluate_row(conditions, row) is not first:
            return None
    return first


def _evaluate_row(conditions: Sequence[Condition], row: Row) -> bool | None:
    """Three-valued conjunction: one failure decides, then one doubt."""
    is_uncertain = False
    for condition in conditions:
        is_met = condition.is_met_by(row)
        if is_met is False:
            return False
        is_uncertain = is_uncertain or is_met is None
    return None if is_uncertain else True


@dataclass(frozen=True)
class ListResponse:
    """An answer that is a list, with what was asked for."""

    exchange: Exchange
    request: ListRequest
    rows: Sequence[Row]


@dataclass(frozen=True)
class ReferenceList:
    """The longest listing of a collection, made before and after some answers.

    ``is_unchanged``: both show the same rows in the same order. ``is_complete``: no rows lie beyond it.
    """

    request: ListRequest
    row_pairs: Sequence[tuple[Row, Row]]
    known_ids: frozenset[Any]
    is_unchanged: bool
    is_complete: bool

    @classmethod
    def from_lists(
        cls, rules: CollectionRules, before: ListResponse, after: ListResponse, *, is_complete: bool
    ) -> "ReferenceList":
        """``row_pairs``: each row of both listings as it was before and after; ``known_ids``: the ids of those before."""
        ids_before = [rules.get_id(row) for row in before.rows]
        rows_after = {rules.get_id(row): row for row in after.rows}
        pairs = [
            (row, rows_after[ident]) for row, ident in zip(before.rows, ids_before, strict=True) if ident in rows_after
        ]
        return cls(before.request, pairs, frozenset(ids_before), ids_before == list(rows_after), is_complete)

    def select_conditions(self, rules: CollectionRules, response: ListResponse) -> list[Condition]:
        """What the answer's request asked for, save hidden fields that this listing was asked for, too."""
        shared = {name for name, value in self.request.values.items() if response.request.values.get(name) == value}
        conditions = rules.list_conditions(response.request, response.exchange.sent_at)
        return [c for c in conditions if c.clause != "hidden-filter" or c.parameter not in shared]


@dataclass(frozen=True)
class ListDifference:
    """How an answer differs from what it should hold: ``kind`` is missing, surplus, stranger or order."""

    kind: str
    seen: Any
    index: int
    message: str


def find_difference(rules: CollectionRules, reference: ReferenceList, response: ListResponse) -> ListDifference | None:
    """The first way in which an answer differs from what the reference says it should hold."""
    conditions = reference.select_conditions(rules, response)
    judged = [(row, evaluate_conditions(conditions, row, later)) for row, later in reference.row_pairs]
    if not reference.is_unchanged:
        return _find_lost_row(rules, [row for row, is_due in judged if is_due], response)
    return _UnchangedListComparison(rules, reference, response.request, judged).compare_rows(response.rows)


def _find_lost_row(
    rules: CollectionRules, required_rows: Sequence[Row], response: ListResponse
) -> ListDifference | None:
    """A row that was there before and after, and that the answer should have held whatever came and went."""
    limit = rules.get_limit(response.request)
    if rules.get_offset(response.request) or (limit is not None and len(response.rows) >= limit):
        return None
    return _find_missing_row(rules, required_rows, response.rows)


def _make_missing(rules: CollectionRules, row: Row) -> ListDifference:
    return ListDifference("missing", rules.get_id(row), -1, f"the row {rules.get_id(row)} is missing")


class _UnchangedListComparison:
    """A quiet collection's reference against an answer: the same keys in the same places."""

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
        self.offset = rules.get_offset(request)
        self.required_rows = [row for row, is_due in judged if is_due]
        self.optional_ids = {rules.get_id(row) for row, is_due in judged if is_due is None}
        self.known_ids = reference.known_ids
        order = rules.behavior.order
        self.is_reversed = order is not None and rules.get_direction(request) != rules.get_direction(
            ListRequest({}, {})
        )

    def compare_rows(self, rows: Sequence[Row]) -> ListDifference | None:
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
                return ListDifference("stranger", row_id, index, f"the row {row_id} is not in the list of everything")
        return None

    def _compare_reversed(self, rows: Sequence[Row]) -> ListDifference | None:
        """The other direction is the reverse; where null keys may stand anywhere, only the set of rows counts."""
        if not self.is_complete:
            return None
        if self.optional_ids or any(self.rules.get_order_key(row) is None for row in self.required_rows):
            is_below_limit = self.limit is None or len(rows) < self.limit
            return (
                _find_missing_row(self.rules, self.required_rows, rows) if is_below_limit and not self.offset else None
            )
        return self._compare_exactly(self.required_rows[::-1][self.offset :], rows)

    def _compare_certain_rows(self, rows: Sequence[Row]) -> ListDifference | None:
        """Rows that may or may not be there are left out on both sides."""
        if self.offset:
            return None
        certain_rows = [row for row in rows if self.rules.get_id(row) not in self.optional_ids]
        is_below_limit = self.limit is None or len(rows) < self.limit
        if is_below_limit:
            return _find_missing_row(self.rules, self.required_rows, rows) or self._compare_order_keys(
                self.required_rows[: len(certain_rows)], certain_rows
            )
        return (
            self._compare_order_keys(self.required_rows[: len(certain_rows)], certain_rows)
            if len(certain_rows) <= len(self.required_rows)
            else None
        )

    def _compare_exactly(self, expected: Sequence[Row], rows: Sequence[Row]) -> ListDifference | None:
        if self.limit is not None:
            expected = expected[: self.limit]
        if not self.is_complete:
            rows = rows[: len(expected)]
        return self._compare_order_keys(expected, rows)

    def _compare_order_keys(self, expected: Sequence[Row], rows: Sequence[Row]) -> ListDifference | None:
        keys, expected_keys = self._list_order_keys(rows), self._list_order_keys(expected)
        if keys == expected_keys:
            return None
        first_index = next(
            (
                i
                for i, (actual_key, expected_key) in enumerate(zip(keys, expected_keys, strict=False))
                if actual_key != expected_key
            ),
            None,
        )
        actual_set, expected_set = set(keys), set(expected_keys)
        missing_row = next(
            (row for row, key in zip(expected, expected_keys, strict=True) if key not in actual_set), None
        )
        surplus_index = next((i for i, key in enumerate(keys) if key not in expected_set), None)
        return self._describe_difference(expected, rows, missing_row, surplus_index, first_index)

    def _list_order_keys(self, rows: Sequence[Row]) -> list[Any]:
        return [self.rules.get_order_key(row) for row in rows]

    def _describe_difference(
        self,
        expected: Sequence[Row],
        rows: Sequence[Row],
        missing_row: Row | None,
        surplus_index: int | None,
        first_index: int | None,
    ) -> ListDifference:
        count = f"{len(rows)} rows instead of {len(expected)}"
        if missing_row is not None and len(rows) <= len(expected):
            return ListDifference(
                "missing", self.rules.get_id(missing_row), -1, f"the row {self.rules.get_id(missing_row)} is missing"
            )
        if surplus_index is not None:
            row_id = self.rules.get_id(rows[surplus_index])
            return ListDifference("surplus", row_id, surplus_index, f"the row {row_id} does not belong there ({count})")
        if len(rows) != len(expected):
            return ListDifference("missing" if len(rows) < len(expected) else "surplus", len(rows), -1, count)
        index = first_index or 0
        row_id = self.rules.get_id(rows[index])
        return ListDifference("order", row_id, index, f"the row {row_id} is not in the place it has in the whole list")


def _find_missing_row(
    rules: CollectionRules, required_rows: Sequence[Row], rows: Sequence[Row]
) -> ListDifference | None:
    shown_ids = {rules.get_id(row) for row in rows}
    missing_row = next((row for row in required_rows if rules.get_id(row) not in shown_ids), None)
    return None if missing_row is None else _make_missing(rules, missing_row)
