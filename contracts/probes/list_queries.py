"""Queries for a list operation, derived from the rows that it has shown: pure, so that they are the same every time."""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations, pairwise
from typing import Any

from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.row_values import get_path, is_number
from specduet.contracts.oracle import scalars
from specduet.contracts.oracle.schema_access import list_types
from specduet.contracts.recording import ABSENT, Row
from specduet.specs import Api, Parameter, Schema
from specduet.specs.statement import parse_duration

ListQuery = Mapping[str, str | None]
"""Query parameters laid over the query of the longest list; None leaves one out: ``{"limit": "5", "order": None}``."""

HUGE_NUMBER = 1_000_000
"""The largest limit and offset that is sent."""
UNUSED_TEXT = "specduet-never-used"
UNUSED_UUID = str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:specduet:never-used"))
_UNUSED_NUMBERS = ("2147480647", "987654")
_USUAL_MAXIMUM = 100
"""Rows that every service lists at once, if its document has no maximum."""

_MAX_SORT_KEYS = 8
_USUAL_LIMITS = (0, 1, 2, 3, 5, 10, 20, 25, 50, 100)


class ListQueries:
    """The queries for one collection, by the kind of statement that they are aimed at."""

    def __init__(
        self, collection: CollectionRules, rows: Sequence[Row], now: datetime, *, is_complete: bool = True
    ) -> None:
        """Take the rows of the longest list, requested at ``now``; ``is_complete``: the collection has no others."""
        self.collection = collection
        self.behavior = collection.behavior
        self.rows = rows
        self.now = now
        self.is_complete = is_complete

    # --------------------------------------------------------------------------------------------- limits

    def limit_queries(self) -> Iterator[ListQuery]:
        """Yield limits: none, usual ones, and both sides of the minimum, the default, the maximum and the row count."""
        if self.behavior.limit is None:
            return
        name = self.behavior.limit.parameter
        yield {name: None}
        default = self.collection.get_default(name)
        boundaries = [len(self.rows), *([default] if isinstance(default, int) else [])]
        sizes = {*_USUAL_LIMITS, *(n + d for n in boundaries for d in (-1, 0, 1))}
        for size in sorted(size for size in sizes if size <= max(len(self.rows) + 1, 3)):
            if self._is_valid_number(name, size):
                yield {name: str(size)}
        is_stated = self.behavior.limit.basis == "documented"
        maximum = self._find_parameter(name).schema.get("maximum", HUGE_NUMBER if is_stated else -1)
        if self.is_complete and self._is_valid_number(name, maximum):
            yield {name: str(maximum)}

    def _find_parameter(self, name: str) -> Parameter:
        parameter = self.collection.operation.parameter(name)
        assert parameter is not None
        return parameter

    def _is_valid_number(self, name: str, value: Any) -> bool:
        valid: bool = self.collection.api.schemas.validator_at(self._find_parameter(name).pointer).is_valid(value)
        return valid and value >= 0

    def offset_queries(self) -> Iterator[ListQuery]:
        """Yield offsets at the head, on both sides of the end, and far beyond it, with and without a limit."""
        if self.behavior.offset is None:
            return
        name, total = self.behavior.offset.parameter, len(self.rows)
        for k in sorted({0, 1, 2, 3, 7, 20, total // 2, max(total - 1, 0), total, total + 1, HUGE_NUMBER}):
            yield {name: str(k)}
        if self.behavior.limit is not None:
            limit = self.behavior.limit.parameter
            for k, size in ((1, None), (0, "1"), (1, "1"), (2, "3"), (5, "2"), (max(total - 2, 0), "5"), (total, "1")):
                yield {name: str(k), limit: size}

    def order_queries(self) -> Iterator[ListQuery]:
        """Yield both directions, alone and with a limit, an offset, and both."""
        yield from self._sort_queries()
        order = self.behavior.order
        if order is None or order.parameter is None:
            return
        for direction in ("asc", "desc"):
            order_query = {order.parameter: direction}
            yield order_query
            for page_query in self._page_queries():
                yield {**order_query, **page_query}

    def _sort_queries(self) -> Iterator[ListQuery]:
        """Yield each member of the parameter that names a field to sort by, in both directions where one is chosen."""
        sort = self.behavior.sort
        if sort is None or sort.basis == "assumed":
            return
        schema, _ = self._resolve_schema(sort.parameter)
        direction = sort.direction if sort.direction and self.collection.operation.parameter(sort.direction) else None
        for member in [member for member in schema.get("enum", ()) if isinstance(member, str)][:_MAX_SORT_KEYS]:
            yield {sort.parameter: member}
            if direction is not None:
                yield from ({sort.parameter: member, direction: way} for way in self._direction_members(direction))

    def _direction_members(self, name: str) -> list[str]:
        schema, _ = self._resolve_schema(name)
        return [str(member) for member in schema.get("enum", ("asc", "desc")) if member is not None]

    def _page_queries(self) -> Iterator[ListQuery]:
        limit, offset = self.behavior.limit, self.behavior.offset
        if limit is not None:
            yield {limit.parameter: None}
            yield {limit.parameter: "1"}
            yield {limit.parameter: "5"}
        if offset is not None:
            yield {offset.parameter: "3"}
        if limit is not None and offset is not None:
            yield {limit.parameter: "4", offset.parameter: "2"}
            yield {limit.parameter: "7", offset.parameter: str(max(len(self.rows) - 4, 0))}

    # ----------------------------------------------------------------------------------- cursors and time windows

    def cursor_queries(self) -> Iterator[ListQuery]:
        """Yield cursors at rows, between and outside of them, in several time zones, also with a limit or a window."""
        cursor = self.behavior.cursor
        if cursor is None:
            return
        texts = self._boundary_times(cursor.before)
        yield from ({cursor.parameter: text} for text in texts)
        if self.behavior.limit is not None:
            limit = self.behavior.limit.parameter
            yield from ({cursor.parameter: text, limit: size} for text in texts[:3] for size in ("1", "2", None))
        for name, rule in self.behavior.filters.items():
            if rule.op == "ge":
                yield from ({cursor.parameter: text, name: None} for text in texts[:3])
                yield from (
                    {cursor.parameter: cursor_text, name: window_text}
                    for cursor_text, window_text in pairwise(texts[:4])
                )

    def window_queries(self) -> Iterator[ListQuery]:
        """Yield the default time window, and windows that begin at rows, between them, and after the last one."""
        limit = self.behavior.limit
        for name, rule in self.behavior.filters.items():
            if rule.op != "ge" or self._find_bounds(name):
                continue
            yield {name: None}
            texts = self._boundary_times(rule.field)
            yield from ({name: text} for text in texts)
            if rule.oldest is not None:  # may be rejected, but must not list older rows
                yield from ({name: _format_time(self.now + n * parse_duration(rule.oldest))} for n in (1.1, 3))
            if limit is not None:
                yield {name: None, limit.parameter: None}
                yield from ({name: text, limit.parameter: size} for text in (*texts[1:3], None) for size in ("1", "3"))

    def bound_queries(self) -> Iterator[ListQuery]:
        """Yield values of rows, and times before and after all of them, as bounds of filters that compare."""
        for name, rule in self.behavior.filters.items():
            if rule.op in {"ge", "gt", "le", "lt"}:
                yield from ({name: text} for text in self._find_bounds(name) or self._find_time_bounds(name))

    def _find_bounds(self, name: str) -> list[str]:
        """Return the least, the middle and the greatest number of a field; none where it has no numbers."""
        values = (get_path(row, self.behavior.filters[name].field) for row in self.rows)
        numbers = sorted({value for value in values if is_number(value)})
        chosen = dict.fromkeys(numbers[index] for index in (0, len(numbers) // 2, -1)) if numbers else {}
        return self._keep_valid(name, map(str, chosen))

    def _find_time_bounds(self, name: str) -> list[str]:
        if self.behavior.filters[name].op == "ge":
            return []  # a window is tried with more times
        texts = sorted({text for row in self.rows if (text := self._time_text(row, self.behavior.filters[name].field))})
        chosen = [texts[index] for index in (0, len(texts) // 2, -1)] if texts else []
        return self._keep_valid(name, dict.fromkeys([*chosen, "1980-01-01T00:00:00Z", "2100-01-01T00:00:00Z"]))

    def _boundary_times(self, field: str) -> list[str]:
        """Return times of some rows as they are written, in other zones, and between rows, and a future time."""
        texts = [text for row in self.rows if (text := self._time_text(row, field)) is not None]
        if not texts:
            return [_format_time(self.now)]
        last = len(texts) - 1
        row_texts = [texts[i] for i in dict.fromkeys((last // 2, last // 4, 0, last * 3 // 4, last, min(1, last)))]
        middle_time = scalars.parse_timestamp(texts[last // 2])
        assert middle_time is not None
        other_zones = [middle_time.astimezone(timezone(timedelta(hours=h))).isoformat() for h in (2, -7)]
        step = timedelta(milliseconds=1) if "." in texts[last // 2] else timedelta(seconds=1)
        between = [_format_time(middle_time + step), _format_time(middle_time - step)]
        return [*row_texts[:3], *other_zones, *between, *row_texts[3:], _format_time(self.now + timedelta(hours=1))]

    def _time_text(self, row: Row, field: str) -> str | None:
        value = get_path(row, field)
        return value if isinstance(value, str) and scalars.parse_timestamp(value) is not None else None

    # -------------------------------------------------------------------------------------------- filters

    def filter_queries(self) -> Iterator[ListQuery]:
        """Yield every value of every filter, alone and with limits, and values one letter off a known one."""
        limit = self.behavior.limit
        for name in self._equality_filters():
            for value in self.filter_values(name):
                yield {name: value}
                if limit is not None:
                    yield {name: value, limit.parameter: "1"}
                    yield {name: value, limit.parameter: None}
                    yield {name: value, limit.parameter: "4"}
            yield from ({name: value} for value in self._near_values(name))

    def _near_values(self, name: str) -> list[str]:
        """Return values one letter off a shown one: a service that compares only a part of it matches both."""
        shown = [] if "enum" in self._resolve_schema(name)[0] else self.filter_values(name)[:1]
        return self._keep_valid(name, (value for text in shown for value in change_one_letter(text)))

    def combined_queries(self) -> Iterator[ListQuery]:
        """Yield pairs of filters, and filters with cursors and time windows."""
        names = self._equality_filters()
        for index, name in enumerate(names):
            for other_name in names[index + 1 :]:
                pairs = [(a, b) for a in self.filter_values(name) for b in self.filter_values(other_name)[:3]]
                yield from ({name: a, other_name: b} for a, b in pairs)
            yield from self._filter_and_time_queries(name)
        for shared in self._common_combinations(names):
            yield from ({**shared, **more} for more in self._narrowing_queries())

    def _common_combinations(self, names: Sequence[str]) -> list[ListQuery]:
        """Return the filters of the values that most rows share, for each two filters and for all of them."""
        groups = [*combinations(names, 2), tuple(names)] if len(names) > 1 else []
        queries: list[ListQuery] = []
        for group in dict.fromkeys(groups):
            values = (
                [_to_query_text(get_path(row, self.behavior.filters[name].field)) for name in group]
                for row in self.rows
            )
            common = Counter(tuple(v) for v in values if None not in v).most_common(3)
            queries += [dict(zip(group, values_of_group, strict=True)) for values_of_group, _ in common]
        return queries

    def _narrowing_queries(self) -> list[ListQuery]:
        """Return no query, a limit, a cursor, a time window, and each pair of these."""
        limit, cursor = self.behavior.limit, self.behavior.cursor
        queries: list[ListQuery] = [{limit.parameter: "1"}] if limit else []
        queries += [{cursor.parameter: self._boundary_times(cursor.before)[0]}] if cursor else []
        windows = [(name, rule) for name, rule in self.behavior.filters.items() if rule.op == "ge"]
        queries += [{name: self._boundary_times(rule.field)[:2][-1]} for name, rule in windows if len(self.rows) > 1]
        return [{}, *queries, *({**left, **right} for left, right in combinations(queries, 2))]

    def _filter_and_time_queries(self, name: str) -> Iterator[ListQuery]:
        """Yield each value of a filter with a time window, and with a cursor."""
        cursor, limit = self.behavior.cursor, self.behavior.limit
        for value in self.filter_values(name)[:8]:
            for window, rule in self.behavior.filters.items():
                if rule.op == "ge":
                    yield {name: value, window: None}
                    yield {name: value, window: self._boundary_times(rule.field)[0]}
            if cursor is not None:
                yield {name: value, cursor.parameter: self._boundary_times(cursor.before)[0]}
                if limit is not None:
                    yield {name: value, cursor.parameter: self._boundary_times(cursor.before)[0], limit.parameter: "2"}

    def _equality_filters(self) -> list[str]:
        return [name for name, rule in self.behavior.filters.items() if rule.op == "eq" and not rule.hidden]

    def hidden_filters(self) -> list[str]:
        """Return the names of the filters whose field no row shows."""
        return [name for name, rule in self.behavior.filters.items() if rule.hidden]

    def filter_values(self, name: str) -> list[str]:
        """Return each member of a filter's enum, else common and rare values of the rows, and an unused one."""
        schema, _ = self._resolve_schema(name)
        if "enum" in schema:
            return [text for text in map(_to_query_text, schema["enum"]) if text is not None]
        shown = Counter(text for row in self.rows for text in self._list_texts(row, self.behavior.filters[name].field))
        shown.pop(None, None)
        ranked = [value for value, _ in shown.most_common()]
        return self._keep_valid(name, (*ranked[:4], *ranked[4:][-3:], self.unused_value(name)))

    def _list_texts(self, row: Row, field: str) -> list[str | None]:
        """Return the value of a field as it stands in a query, or those of the members of a list."""
        value = get_path(row, field)
        return [_to_query_text(item) for item in value] if isinstance(value, list) else [_to_query_text(value)]

    def _resolve_schema(self, name: str) -> tuple[Schema, str]:
        """Return the schema of a parameter, or of the items of an array, without references and null, and its pointer.

        An array is sent with one item.
        """
        parameter, schemas = self._find_parameter(name), self.collection.api.schemas
        schema, pointer, _ = schemas.split_null(parameter.schema, parameter.pointer)
        if list_types(schema) == ("array",) and isinstance(schema.get("items"), Mapping):
            schema, pointer, _ = schemas.split_null(schema["items"], f"{pointer}/items")
        return schema, pointer

    def _keep_valid(self, name: str, texts: Iterable[str | None]) -> list[str]:
        """Return the texts that are valid values of a parameter."""
        schema, pointer = self._resolve_schema(name)
        valid = self.collection.api.schemas.validator_at(pointer).is_valid
        return [text for text in texts if text is not None and valid(parse_query_text(schema, text))]

    def unused_value(self, name: str) -> str:
        """Return a valid value that no row has."""
        return UNUSED_UUID if self._find_parameter(name).schema.get("format") == "uuid" else UNUSED_TEXT


def make_unused_value(api: Api, parameter: Parameter) -> str | None:
    """Return a valid value of a path parameter that no row has, None where none is known."""
    schema, pointer, _ = api.schemas.split_null(*api.schemas.resolve(parameter.schema, parameter.pointer))
    is_valid = api.schemas.validator_at(pointer).is_valid
    texts = (UNUSED_UUID if schema.get("format") == "uuid" else UNUSED_TEXT, *_UNUSED_NUMBERS, UNUSED_UUID)
    return next((text for text in texts if is_valid(parse_query_text(schema, text))), None)


def change_one_letter(text: str) -> list[str]:
    """Return the text with another last letter, and with another first one; a digit stays a digit.

    Example: ``abc9`` -> ``["abc0", "bbc9"]``.
    """
    return [text[:-1] + _next_letter(text[-1]), _next_letter(text[0]) + text[1:]] if text else []


def _next_letter(letter: str) -> str:
    for kind in ("0123456789", "abcdef", "ABCDEF"):
        if letter in kind:
            return kind[(kind.index(letter) + 1) % len(kind)]
    return "y" if letter == "x" else "x"


def build_longest_query(collection: CollectionRules, now: datetime, size: int) -> dict[str, str]:
    """Return the query of the longest list: up to ``size`` rows, and every time window as early as is allowed."""
    query = {}
    if collection.behavior.limit is not None:
        name = collection.behavior.limit.parameter
        parameter = collection.operation.parameter(name)
        maximum = parameter.schema.get("maximum", size) if parameter else size
        most = size if collection.behavior.limit.basis == "documented" else min(size, _USUAL_MAXIMUM)
        query[name] = str(int(min(maximum, most)))
    for name, rule in collection.behavior.filters.items():
        if rule.op == "ge" and (rule.oldest or rule.default):
            offset = (
                parse_duration(rule.oldest) + timedelta(hours=2)
                if rule.oldest
                else 30 * parse_duration(rule.default or "")
            )
            query[name] = _format_time(now + offset)
    return query


def _format_time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_query_text(value: Any) -> str | None:
    """Return a row's value as it stands in a query, or None for null, absent and nested values."""
    if value is ABSENT or value is None or isinstance(value, dict | list):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse_query_text(schema: Mapping[str, Any], text: str) -> Any:
    """Return a query text as the JSON value that a schema validates: an integer where it may be one, else the text."""
    return int(text) if "integer" in list_types(schema) and text.lstrip("-").isdigit() else text
