"""Filters and orders that no index has: every row is looked at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from specduet.mocks.clock import Micros
from specduet.mocks.world.creation import RequestValues
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.index import StoredRow, rank_by_type
from specduet.mocks.world.table import Table
from specduet.specs.list_statements import Filter, Sort

_DESCENDING_ENDINGS = (":desc", "_desc", " desc", ".desc", ",desc", "-desc", "|desc", "/desc")
_ASCENDING_ENDINGS = tuple(ending.replace("desc", "asc") for ending in _DESCENDING_ENDINGS)


def is_match(table: Table, row: StoredRow, now: Micros, statement: Filter, value: Any) -> bool:
    """Return whether a row passes a filter with the value of a request."""
    field_value = table.get_field(row, statement.field, now) if statement.op != "search" else None
    if statement.op == "search":
        return _contains_text(table, row, now, statement.field, str(value))
    make_key = table.values.index_key
    expected = [make_key(statement.field, item) for item in _as_list(value)]
    actual = [make_key(statement.field, item) for item in _as_list(field_value)]
    if statement.op == "eq":
        if any(_are_equal(a, e) for a in actual for e in expected):
            return True
        parts = [make_key(statement.field, part) for part in value.split(",")] if isinstance(value, str) else []
        if len(parts) < 2:
            return False
        combine = all if isinstance(field_value, list) else any  # labels=bug,ui are both, ids=1,2 is one of them
        return combine(any(_are_equal(a, part) for a in actual) for part in parts)
    if statement.op == "ne":
        return not any(_are_equal(a, e) for a in actual for e in expected)
    return any(COMPARISONS[statement.op](a, e) for a in actual for e in expected)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _compare(accept: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(actual: Any, expected: Any) -> bool:
        if actual is None or expected is None:
            return False
        left, right = rank_by_type(actual), rank_by_type(expected)
        return left[0] == right[0] and accept(left[1], right[1])

    return compare


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": _compare(lambda actual, expected: actual > expected),
    "ge": _compare(lambda actual, expected: actual >= expected),
    "lt": _compare(lambda actual, expected: actual < expected),
    "le": _compare(lambda actual, expected: actual <= expected),
}
"""The comparisons of index keys by operator; false where a row has no value."""


def _are_equal(actual: Any, expected: Any) -> bool:
    if isinstance(actual, dict) or actual is None or expected is None:
        return False
    return bool(actual == expected) or _to_text(actual) == _to_text(expected)


def _to_text(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _contains_text(table: Table, row: StoredRow, now: Micros, field: str, text: str) -> bool:
    if field == "*":
        return any(text.lower() in found.lower() for found in _iter_texts(table.decode_row(row, now)))
    value = table.get_field(row, field, now)
    return any(text.lower() in found.lower() for found in _iter_texts(value))


def _iter_texts(value: Any) -> "Sequence[str]":
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _iter_texts(inner)]
    return [text for inner in value for text in _iter_texts(inner)] if isinstance(value, list) else []


def read_sort(statement: Sort, values: RequestValues, table: Table) -> list[tuple[str, bool]]:
    """Return the fields by which a request wants rows sorted, each with True for from high to low."""
    value = values.get(statement.parameter)
    direction = values.get(statement.direction) if statement.direction else None
    words = [str(word) for word in (value if isinstance(value, list) else str(value).split(","))] if value else []
    if value and str(value) in statement.fields:
        words = [str(value)]
    found = []
    for word in words:
        field, is_descending = _read_sort_word(word.strip(), statement)
        if field.partition(".")[0] in table.values.properties:
            found.append((field, is_descending or str(direction).lower().startswith("desc")))
    return found


def _read_sort_word(word: str, statement: Sort) -> tuple[str, bool]:
    is_descending = word.startswith("-")
    name = word.lstrip("+-")
    if name not in statement.fields:
        lowered = name.lower()
        for endings, descends in ((_DESCENDING_ENDINGS, True), (_ASCENDING_ENDINGS, False)):
            ending = next((e for e in endings if lowered.endswith(e)), None)
            if ending is not None:
                name, is_descending = name[: -len(ending)], descends
    return statement.fields.get(name, name), is_descending


def sort_rows(
    table: Table, rows: Sequence[StoredRow], fields: Sequence[tuple[str, bool]], now: Micros
) -> list[StoredRow]:
    """Return rows sorted by fields, the first one first; rows without a value come last."""
    result = list(rows)
    for field, is_descending in reversed(fields):

        def get_key(row: StoredRow, field: str = field, *, descends: bool = is_descending) -> tuple[Any, ...]:
            value = table.get_field(row, field, now)
            key = table.values.index_key(field, None if value is ABSENT else value)
            return ((key is not None) is descends, *rank_by_type(key))

        result.sort(key=get_key, reverse=is_descending)
    return result
