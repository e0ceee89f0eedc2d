"""Conditions in the body of a search: ``{field, operator, value}``, lists of them, and groups with *and* or *or*."""

import re
from collections.abc import Mapping
from typing import Any

from specduet.mocks.clock import Micros
from specduet.mocks.world.body_fields import normalize_name
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.row_scan import is_match
from specduet.mocks.world.table import Table
from specduet.specs.list_statements import Filter, FilterOperator

_FIELDS = ("field", "property", "propertyName", "property_name", "attribute", "column", "key")
_OPERATORS = ("operator", "op", "comparison")
_VALUES = ("value", "values")
_PARTS = ("filters", "conditions", "rules", "value", "values", "and", "or", "$and", "$or")
_WORDS: dict[FilterOperator, str] = {
    "eq": "= == eq equals equal is equal_to in any is_any_of one_of",
    "ne": "!= <> ne neq not_equals not_equal is_not not_in nin not",
    "gt": "> gt greater_than after greater",
    "ge": ">= gte ge greater_than_or_equal greater_or_equal on_or_after",
    "lt": "< lt less_than before less",
    "le": "<= lte le less_than_or_equal less_or_equal on_or_before",
    "search": "~ contains like ilike contains_token search match includes ^ starts_with $ ends_with fuzzy",
}
_BY_WORD = {word: op for op, words in _WORDS.items() for word in words.split()}
_HOLDERS = ("attributes", "properties", "fields")  # `{id, attributes: {…}}`: conditions name what is inside
_AND = re.compile(r"\s+and\s+|\s*&&\s*|;|,(?=[\w-]+\()", re.IGNORECASE)
_CALL = re.compile(r"([a-z-]+)\(\s*([\w.]+)\s*,\s*([^()]*)\)")
_INFIX = re.compile(r"([\w.]+)\s*(==|!=|<=|>=|=|<|>|\s(?:eq|ne|gt|ge|lt|le|like)\s)\s*([^=<>()]*)")


class Conditions:
    """The test of one row by the conditions of a request."""

    def __init__(self, table: Table, row: StoredRow, now: Micros) -> None:
        self._table, self._row, self._now = table, row, now

    def keep(self, condition: Any) -> bool:
        """Return whether the row passes a condition, a list of which each has to hold, or a group."""
        if isinstance(condition, list):
            is_alternative = all(isinstance(each, Mapping) and _is_plain_group(each) for each in condition)
            combine = any if is_alternative and condition else all
            return combine([self.keep(each) for each in condition])
        if isinstance(condition, str):
            return all(self.keep(part) for part in _read_text(condition))
        if not isinstance(condition, Mapping):
            return True
        name = next((condition[key] for key in _FIELDS if isinstance(condition.get(key), str)), None)
        return self._keep_group(condition) if name is None else self._keep_field(name, condition)

    def _keep_group(self, group: Mapping[str, Any]) -> bool:
        word = next((str(group[key]).lower() for key in _OPERATORS if key in group), "")
        for key in _PARTS:
            parts = group.get(key)
            if isinstance(parts, list):
                combine = any if "or" in {word, key.strip("$")} else all
                return combine([self.keep(part) for part in parts])
        return True

    def _keep_field(self, name: str, condition: Mapping[str, Any]) -> bool:
        """Return whether a field has a value; of a field that rows do not have, nothing is known."""
        field = self._find_field(name)
        word = next((str(condition[key]).lower() for key in _OPERATORS if key in condition), "eq")
        value = next((condition[key] for key in _VALUES if key in condition), None)
        op = _BY_WORD.get("_".join(word.split()))
        if field is None or value is None or op is None:
            return True
        values = [self._fit(field, each) for each in value] if isinstance(value, list) else self._fit(field, value)
        statement = Filter(field=field, op=op, basis="assumed")
        return is_match(self._table, self._row, self._now, statement, values)

    def _fit(self, field: str, value: Any) -> Any:
        """Return a value in the type of a field: a number that a text stands for."""
        fitted = self._table.values.fit_value(field, value)
        return value if fitted is ABSENT else fitted

    def _find_field(self, name: str) -> str | None:
        properties = self._table.values.properties
        if name in properties:
            return name
        plain = normalize_name(name)
        found = next((field for field in properties if normalize_name(field) == plain), None)
        holder = next((holder for holder in _HOLDERS if holder in properties), None)
        return f"{holder}.{name}" if found is None and holder is not None and "." not in name else found


def _read_text(text: str) -> list[dict[str, Any]]:
    """Return the conditions in a text, ``equals(name,"Ann")`` or ``age gt 3 and city eq 'Rome'``; none of any other."""
    found = []
    for part in _AND.split(text):
        call, infix = _CALL.fullmatch(part.strip()), _INFIX.fullmatch(part.strip())
        if call is None and infix is None:
            return []
        operator, field, value = call.groups() if call else (infix[2], infix[1], infix[3]) if infix else ("", "", "")
        found.append({"field": field, "operator": operator.replace("-", "_"), "value": value.strip().strip("'\"")})
    return found


def _is_plain_group(group: Mapping[str, Any]) -> bool:
    """Return whether an object only holds a list of conditions: ``{filters: […]}``."""
    return len(group) == 1 and isinstance(next(iter(group.values())), list)
