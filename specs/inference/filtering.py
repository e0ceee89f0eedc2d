"""Filters of lists: query parameters that are named as a property of the rows."""

import re
from collections.abc import Mapping

from specduet.specs.inference.parameters import QueryParameter, flatten_properties, holds_conditions, name_fields
from specduet.specs.inference.sorting import find_created, find_field, spell_time
from specduet.specs.inference.words import to_singular, to_snake
from specduet.specs.list_statements import OPERATOR_KEYS, Filter, FilterOperator
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.statement import Basis

_SUFFIXES: dict[str, FilterOperator] = {
    "gte": "ge",
    "ge": "ge",
    "min": "ge",
    "from": "ge",
    "since": "ge",
    "start": "ge",
    "gt": "gt",
    "after": "gt",
    "lte": "le",
    "le": "le",
    "max": "le",
    "to": "le",
    "until": "le",
    "till": "le",
    "end": "le",
    "lt": "lt",
    "before": "lt",
    "ne": "ne",
    "not": "ne",
}
_PREFIXES: dict[str, FilterOperator] = {
    "min": "ge",
    "max": "le",
    "minimum": "ge",
    "maximum": "le",
    "from": "ge",
    "to": "le",
    "since": "ge",
    "until": "le",
    "after": "gt",
    "before": "lt",
    "start": "ge",
    "end": "le",
    "exclude": "ne",
    "not": "ne",
}
_ALONE: dict[str, FilterOperator] = {
    "since": "ge",
    "until": "le",
    "after": "gt",
    "before": "lt",
    "from": "ge",
    "to": "le",
}
_RANGES: dict[str, FilterOperator] = {
    "start_date": "ge",
    "start_time": "ge",
    "date_from": "ge",
    "end_date": "le",
    "end_time": "le",
    "date_to": "le",
}
_SEARCHES = frozenset(
    ["q", "query", "search", "keyword", "keywords", "search_text", "search_query", "search_term", "term", "text"]
)
_EXPRESSIONS = frozenset(["filter", "filters", "where", "filter_expression"])
_LANGUAGE = re.compile(
    r"query language|\bsyntax\b|expression|\bSQL\b|\bCQL\b|lucene|\bJMESPath\b|operators", re.IGNORECASE
)
_PARTIAL = re.compile(
    r"\bcontain|partial|\bsearch\b|substring|\blike\b|prefix|begins? with|starts? with|wildcard", re.IGNORECASE
)
_INCLUSIVE = re.compile(r"\bor after\b|\bor before\b|\bon or\b|inclusive|or equal", re.IGNORECASE)
_SHAPES_ROWS = re.compile(
    r"\b(whether|if set|set to true|when true)\b.{0,40}\b(include|return|show|expand|embed|add|contain)s?\b.{0,60}\b"
    r"(field|propert|column|attribute|detail)|\binclude\b.{0,60}\b(field|propert|column|attribute|detail)",
    re.IGNORECASE | re.DOTALL,
)
_OPERATOR_FIRST = re.compile(r"\((?:\?:)?\w+(?:\|\w+)+\)\\?[:.=]")
"""A pattern that wants an operator before the value: ``^(IS|IS_NOT):.*$``."""
_EVERY = frozenset(["all", "any", "both", "*"])
_SCALARS = frozenset(["string", "integer", "number", "boolean", ""])
_NUMBERS = frozenset(["integer", "number"])


class FilterReader:
    """Reader of the filters of one list."""

    def __init__(self, reader: SchemaReader, properties: Mapping[str, str], resource: str) -> None:
        self._reader = reader
        self._properties = flatten_properties(reader, properties)
        self._snakes = name_fields(self._properties)
        self._resource = resource

    def read_filter(self, parameter: QueryParameter) -> Filter | None:
        """Return the filter that a query parameter is, None where it is none."""
        snake = parameter.snake.removeprefix("filter_").removeprefix("filters_").removeprefix("where_")
        snake = snake.removesuffix("_filter")
        if parameter.kind in {"object", "array"} and holds_conditions(self._reader, parameter.pointer):
            because = f"{parameter.name} holds fields, operators and values"
            return Filter(field="*", op="conditions", basis="assumed", because=because)
        if parameter.snake in _EXPRESSIONS and parameter.kind == "string" and parameter.snake not in self._snakes:
            because = f"{parameter.name} is the name of an expression"
            return Filter(field="*", op="conditions", basis="assumed", because=because)
        if snake in _SEARCHES and snake not in self._snakes:
            return self._read_search(parameter)
        if self._is_other_than_value(parameter):
            return None
        found = self._match_name(snake, parameter)
        if found is None:
            found = self._match_time(snake, parameter)
        if found is None:
            return None
        field, op, basis = found
        return self._check_types(parameter, field, op, basis)

    def _is_other_than_value(self, parameter: QueryParameter) -> bool:
        """Return whether a parameter says which fields the rows have, or holds more than a value of its field."""
        if parameter.kind == "boolean" and _SHAPES_ROWS.search(parameter.description):
            return True
        return bool(_OPERATOR_FIRST.search(str(self._reader.resolve(parameter.pointer)[0].get("pattern", ""))))

    def _read_search(self, parameter: QueryParameter) -> Filter | None:
        if parameter.kind not in {"string", ""} or _LANGUAGE.search(parameter.description):
            return None
        because = f"{parameter.name} is the name of a text search"
        return Filter(field="*", op="search", basis="assumed", because=because)

    def _match_name(self, snake: str, parameter: QueryParameter) -> tuple[str, FilterOperator, Basis] | None:
        if (field := self._find_field(snake)) is not None:
            op = _RANGES.get(snake)
            return (field, self._choose_operator(op, parameter), "assumed") if op else (field, "eq", "inferred")
        if to_singular(snake) != snake and (field := self._find_field(to_singular(snake))) is not None:
            is_list = parameter.kind == "array" or "comma" in parameter.description.lower()
            return (field, "eq", "inferred") if is_list else None
        if (field := self._find_list(snake)) is not None:
            return field, "eq", "assumed"
        head, _, suffix = snake.rpartition("_")
        if suffix in _SUFFIXES and (field := self._find_compared(head)) is not None:
            return field, self._choose_operator(_SUFFIXES[suffix], parameter), "inferred"
        prefix, _, tail = snake.partition("_")
        if prefix in _PREFIXES and (field := self._find_compared(tail)) is not None:
            return field, self._choose_operator(_PREFIXES[prefix], parameter), "inferred"
        return None

    def _choose_operator(self, op: FilterOperator, parameter: QueryParameter) -> FilterOperator:
        if op in {"gt", "lt"} and _INCLUSIVE.search(parameter.description):
            return "ge" if op == "gt" else "le"
        return op

    def _find_field(self, snake: str) -> str | None:
        names = (snake, f"is_{snake}", f"{snake}_id", snake.removesuffix("_id"), snake.removeprefix("is_"))
        for name in names:
            field = self._snakes.get(name)
            if field is not None and (name == snake or self._reader.kind_at(self._properties[field]) in _SCALARS):
                return field
        return self._snakes.get("id") if snake == f"{self._resource}_id" else None

    def _find_list(self, snake: str) -> str | None:
        """Return the list of a row that is called by the plural of a parameter: ``tags`` for ``tag``."""
        plurals = [field for name, field in self._snakes.items() if name != snake and to_singular(name) == snake]
        return next((field for field in plurals if self._reader.kind_at(self._properties[field]) == "array"), None)

    def _find_compared(self, snake: str) -> str | None:
        found = find_field(self._snakes, spell_time(snake))
        if found is None and snake in {"date", "created", "created_at", "time", "created_date", "creation_date"}:
            return find_created(self._snakes)
        return found

    def _match_time(self, snake: str, parameter: QueryParameter) -> tuple[str, FilterOperator, Basis] | None:
        """Return the filter of ``since`` and the like, which name no property, by the description."""
        op = _RANGES.get(snake) or _ALONE.get(snake)
        if op is None or self._reader.resolve(parameter.pointer)[0].get("format") not in {"date-time", "date"}:
            return None
        text = parameter.description.lower()
        if "updated" in text or "modified" in text:
            names = ("updated_at", "updated", "modified_at", "last_modified", "updated_on")
            field = find_field(self._snakes, names)
        else:
            field = find_created(self._snakes)
        return (field, self._choose_operator(op, parameter), "assumed") if field else None

    def _check_types(self, parameter: QueryParameter, field: str, op: FilterOperator, basis: Basis) -> Filter | None:
        pointer = self._properties[field]
        kind, given, at = self._reader.kind_at(pointer), parameter.kind, parameter.pointer
        because = f"{parameter.name} is named as the field {field}"
        if given == "object":
            keys = {to_snake(name) for name in self._reader.properties_at(at)}
            has_operators = bool(keys) and keys <= OPERATOR_KEYS.keys()
            return Filter(field=field, basis="inferred", because=because) if has_operators else None
        if given == "array":
            at = self._reader.items_at(at) or at
            given = self._reader.kind_at(at)
        if kind == "array":
            items = self._reader.items_at(pointer)
            if items is None or op != "eq":
                return None
            pointer, kind = items, self._reader.kind_at(items)
        is_alike = kind == given or not given or {kind, given} <= _NUMBERS or kind == ""
        if kind not in _SCALARS or not is_alike:
            return None
        return self._build_filter(parameter, (field, pointer, kind), (op, basis), at)

    def _build_filter(
        self, parameter: QueryParameter, target: tuple[str, str, str], verdict: tuple[FilterOperator, Basis], at: str
    ) -> Filter | None:
        (field, pointer, kind), (op, basis) = target, verdict
        members, known = self._reader.members_at(at), self._reader.members_at(pointer)
        every = tuple(str(m) for m in members if m not in known and str(m).lower() in _EVERY)
        if known and any(member not in known and str(member) not in every for member in members):
            return None
        if kind == "string" and op == "eq" and not known and not members and not _is_identifier(field):
            if _PARTIAL.search(parameter.description):
                op = "search"
            basis = "assumed"  # a service may compare texts by case, by part or by language
        because = f"{parameter.name} is named as the field {field}"
        return Filter(field=field, op=op, every=every, basis=basis, because=because)


def _is_identifier(field: str) -> bool:
    words = to_snake(field).split("_")
    return words[-1] in {"id", "ids", "uuid", "sid", "gid", "email", "code", "sku", "slug", "currency", "country"}
