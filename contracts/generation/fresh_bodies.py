"""Bodies with names and keys of their own, for services that take each name once: a repeated request is a conflict.

Changed are texts and numbers that may name a row; ids of other rows, members of enums, and times stay as they are.
"""

import uuid
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.planned_request import PlannedRequest
from specduet.contracts.generation.varied_values import refers_to_row, vary_text
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.schema_access import (
    is_valid_value,
    list_members,
    list_properties,
    list_types,
    locate_content,
    strip_null,
)
from specduet.specs import Operation, Schema, Schemas
from specduet.specs.inference.words import split_words, word_set

Values = Mapping[tuple[str, ...], Any]
"""New values of properties, by the names that lead to them."""

_MAX_DEPTH = 2
_MAX_FAILURES = 3
"""Bodies with new values that meet a conflict, after which it is taken for one of another kind."""
_FIRST_NUMBER = 20_001
_LARGEST_STEP = 900_000
_KEY_WORDS = word_set("number code no nr key id position rank")


class FreshBodies:
    """The operations of one API that take each name once, and new values for their bodies."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._numbers = count(_FIRST_NUMBER)
        self._keyed: set[str] = set()
        self._failures: dict[str, int] = {}
        self._accepted: set[int] = set()

    def note_accepted(self, operation: Operation, request: PlannedRequest) -> None:
        """Remember a request that was accepted: refused the second time, it meets a conflict."""
        self._accepted.add(_make_key(operation, request))

    def was_accepted(self, operation: Operation, request: PlannedRequest) -> bool:
        """Return whether the very same request was accepted before."""
        return _make_key(operation, request) in self._accepted

    def is_keyed(self, operation: Operation) -> bool:
        """Return whether an operation is known to refuse what it has accepted before."""
        return operation.id in self._keyed

    def may_be_keyed(self, operation: Operation) -> bool:
        """Return whether new values may help after a conflict."""
        return self._failures.get(operation.id, 0) < _MAX_FAILURES

    def note_outcome(self, operation: Operation, *, is_conflict: bool) -> None:
        """Learn from the response to a body with new values."""
        if not is_conflict:
            self._keyed.add(operation.id)
            self._failures.pop(operation.id, None)
            return
        self._failures[operation.id] = self._failures.get(operation.id, 0) + 1
        if not self.may_be_keyed(operation):
            self._keyed.discard(operation.id)

    def make_values(self, operation: Operation, request: PlannedRequest) -> Values:
        """Return new values for the properties of a request's JSON body that may name a row; empty if it has none."""
        content = find_json_content(operation.body.content) if operation.body is not None else None
        if content is None or not content.has_schema or not isinstance(request.json, Mapping):
            return {}
        located = locate_content(self._schemas, content)
        return dict(self._list_values(*located, request.json, (), next(self._numbers)))

    def _list_values(
        self, schema: Any, pointer: str, value: Mapping[str, Any], path: tuple[str, ...], number: int
    ) -> Iterator[tuple[tuple[str, ...], Any]]:
        schema, pointer, _ = strip_null(self._schemas, schema, pointer)
        for name, property_schema, at in _list_all_properties(self._schemas, schema, pointer):
            if name not in value:
                continue
            inner, place, _ = strip_null(self._schemas, property_schema, at)
            if isinstance(value[name], Mapping) and len(path) < _MAX_DEPTH:
                yield from self._list_values(inner, place, value[name], (*path, name), number)
            elif list_members(inner) is None:
                fresh = _make_value(inner, name, value[name], number)
                if fresh is not UNSET and fresh != value[name] and is_valid_value(self._schemas, place, fresh):
                    yield (*path, name), fresh


def _make_key(operation: Operation, request: PlannedRequest) -> int:
    """Return what tells requests apart: bodies can be large, and are not kept."""
    return hash((operation.id, repr(request.path), repr(request.json)))


def _list_all_properties(schemas: Schemas, schema: Schema, pointer: str) -> Iterator[tuple[str, Any, str]]:
    """Yield the properties of an object's schema, and those of the parts that it consists of."""
    yield from list_properties(schema, pointer)
    parts = schema.get("allOf")
    for number, part in enumerate(parts if isinstance(parts, list) else ()):
        inner, at, _ = strip_null(schemas, part, f"{pointer}/allOf/{number}")
        yield from list_properties(inner, at)


def _make_value(schema: Schema, name: str, value: Any, number: int) -> Any:
    """Return another value of a property that may name a row, ``UNSET`` where it names none or another one."""
    if refers_to_row(name, schema) or "date" in str(schema.get("format")):
        return UNSET
    if isinstance(value, str) and "string" in list_types(schema):
        return str(uuid.uuid4()) if schema.get("format") == "uuid" else vary_text(schema, name, number)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    words = split_words(name)
    return number % _LARGEST_STEP if is_number and words and words[-1] in _KEY_WORDS else UNSET


def apply_values(body: Any, base: Any, values: Values) -> Any:
    """Return a body with the new values, but where it differs from ``base``: that is what a request is about."""
    for path, fresh in values.items():
        body = _apply_value(body, base, path, fresh)
    return body


def _apply_value(body: Any, base: Any, path: tuple[str, ...], fresh: Any) -> Any:
    name, rest = path[0], path[1:]
    if not isinstance(body, Mapping) or not isinstance(base, Mapping) or name not in body or name not in base:
        return body
    if rest:
        return {**body, name: _apply_value(body[name], base[name], rest, fresh)}
    is_same = type(body[name]) is type(base[name]) and body[name] == base[name]
    return {**body, name: fresh} if is_same else body
