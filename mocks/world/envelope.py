"""Objects around the rows, or the one row, of a response: ``{"data": [...], "has_more": true, "total": 60}``."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from specduet.mocks.generation.merged_schema import LocatedSchema, MergedSchema, merge_schemas
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import CannotGenerate, ValueGenerator
from specduet.mocks.world.derived_fields import ABSENT, get_path, set_path
from specduet.specs import Api, Content, Schema, Schemas

_NOTHING = (None, ABSENT, "", False, 0)
"""Values that stand for no other page, the first that the schema allows."""


_OTHER_PAGES = frozenset(["next", "previous", "prev"])
"""Objects that are left out where there is no other page."""


class FactField(NamedTuple):
    """A property of the envelope that holds a fact about the page."""

    path: tuple[str, ...]
    fact: str
    pointer: str
    is_required: bool


class ResponseEnvelope:
    """The way from rows, or a row, as JSON to the whole body of a response."""

    def __init__(
        self, api: Api, content: Content, path: Sequence[str], facts: Mapping[str, str], generator: ValueGenerator
    ) -> None:
        """``path`` leads to the rows. ``facts`` are the statement's, by dotted path."""
        self._schemas = api.response_schemas
        self._path = tuple(path)
        self._generator = generator
        self._located: LocatedSchema = (content.schema, content.pointer)
        self._fact_fields = [field for name, fact in facts.items() for field in self._find_fact_fields(name, fact)]
        if not facts:
            self._fact_fields = list(self._guess_fact_fields())
        self._other_pages = [holder for field in self._fact_fields for holder in self._find_other_page(field)]
        self._template: dict[str, Any] | None = None
        self.has_facts = bool(self._fact_fields)
        """True if the body says more of the page than its rows."""
        self.has_urls = any(field.fact.endswith("-url") for field in self._fact_fields)

    def wrap(self, inner: bytes, facts: Mapping[str, Any]) -> bytes:
        """Return the whole body as JSON around ``inner``, which is JSON."""
        if self._template is None:
            self._template = self._make_template()
        body = dict(self._template)
        for field in self._fact_fields:
            set_path(body, field.path, self._fit_value(field, facts.get(field.fact)))
        for holder in self._other_pages:
            if facts.get(holder.fact) is None:
                set_path(body, holder.path, self._fit_value(holder, None))
        set_path(body, self._path, msgspec.Raw(inner))
        return msgspec.json.encode(body)

    def _fit_value(self, field: FactField, value: Any) -> Any:
        """Return the value in the form that the schema has for it; for no value, what the schema has for nothing."""
        is_valid = self._schemas.validator_at(field.pointer).is_valid
        if value is not None:
            if is_valid(value):
                return value
            return next((v for v in (str(value), _to_number(value)) if v is not None and is_valid(v)), value)
        for nothing in _NOTHING:
            if not field.is_required if nothing is ABSENT else is_valid(nothing):
                return nothing
        return None

    def _make_template(self) -> dict[str, Any]:
        """Return the required properties of the body, and those that rows or facts are put into."""
        try:
            made = self._make_value(self._located)
        except CannotGenerate:
            made = {}
        merged = merge_schemas(self._schemas, [self._located])
        kept = {*merged.required_names} if isinstance(made, dict) else set()
        template = {name: made[name] for name in made if name in kept}
        for path in (self._path, *(field.path for field in self._fact_fields)):
            self._add_holders(template, made, path)
        return template

    def _make_value(self, located: LocatedSchema) -> Any:
        schema, pointer = located[0], str(located[1])
        return self._generator.build_valid_maker(schema, pointer, null=False)(SeededRandom(pointer))

    def _add_holders(self, template: dict[str, Any], made: Any, path: Sequence[str]) -> None:
        """Add the objects on the way to a path, as they were made or else with their required properties alone."""
        for depth in range(1, len(path)):
            holder = path[:depth]
            if not isinstance(get_path(template, holder), dict):
                known = get_path(made, holder)
                set_path(template, holder, dict(known) if isinstance(known, dict) else self._make_holder(holder))

    def _make_holder(self, path: Sequence[str]) -> dict[str, Any]:
        located, _ = locate_property(self._schemas, self._located, path)
        try:
            value = self._make_value(located)
        except (CannotGenerate, KeyError):
            return {}
        return value if isinstance(value, dict) else {}

    def _find_fact_fields(self, name: str, fact: str) -> list[FactField]:
        path = split_path(self._schemas, self._located, name)
        located, is_required = locate_property(self._schemas, self._located, path)
        return [] if located[1] is None else [FactField(path, fact, located[1], is_required)]

    def _find_other_page(self, field: FactField) -> list[FactField]:
        """Return the object that a field is in and that leads to another page: ``next: {starting_after: …}``."""
        path = field.path[:-1]
        if not path or path[-1] not in _OTHER_PAGES:
            return []
        located, is_required = locate_property(self._schemas, self._located, path)
        return [] if located[1] is None else [FactField(path, field.fact, located[1], is_required)]

    def _guess_fact_fields(self) -> "list[FactField]":
        """Return the fields of an envelope of which no statement speaks: a boolean with *more*, a total or count."""
        merged = merge_schemas(self._schemas, [self._located])
        found = []
        for name, parts in merged.properties.items():
            schema, pointer = parts[0]
            kind = self._schemas.split_null(schema, str(pointer))[0].get("type")
            fact = _guess_fact(name.lower(), kind)
            if fact is not None:
                found.append(FactField((name,), fact, str(pointer), name in merged.required_names))
        return found


def _guess_fact(name: str, kind: Any) -> str | None:
    if kind == "boolean" and "more" in name:
        return "more"
    return "total" if kind == "integer" and re.search("total|count", name) else None


def _to_number(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isdecimal() else None


def locate_property(schemas: Schemas, located: LocatedSchema, path: Sequence[str]) -> tuple[LocatedSchema, bool]:
    """Return the schema at a path of properties, and whether it is required.

    A schema without a pointer stands for anything: there is no such property.
    """
    is_required = True
    for name in path:
        merged = merge_object(schemas, located)
        if name not in merged.properties:
            return ({}, None), False
        is_required = is_required and name in merged.required_names
        located = merged.properties[name][0]
    return located, is_required


def split_path(schemas: Schemas, located: LocatedSchema, path: str) -> tuple[str, ...]:
    """Return the names of a dotted path; a property may have a dot in its own name: ``@odata.count``."""
    return (path,) if path in merge_object(schemas, located).properties else tuple(path.split("."))


def merge_object(schemas: Schemas, located: LocatedSchema) -> MergedSchema:
    """Return the merged view of a schema behind its null alternative; of several others, the first object."""
    schema, pointer, _ = schemas.split_null(located[0], str(located[1]))
    merged = merge_schemas(schemas, [(schema, pointer)])
    for choice in merged.choices if not merged.properties else ():
        for branch in choice.branches:
            inner = merge_schemas(schemas, branch)
            if inner.properties:
                return inner
    return merged


def locate_items(schemas: Schemas, located: LocatedSchema) -> LocatedSchema:
    """Return the schema of the items of an array; one that allows anything where there is none."""
    schema, pointer, _ = schemas.split_null(located[0], str(located[1]))
    merged = merge_schemas(schemas, [(schema, pointer)])
    return merged.items[0].located if merged.items else ({}, None)


def find_rows_property(schemas: Schemas, resource_pointer: str, schema: Schema, pointer: str) -> tuple[str, ...]:
    """Return the path to the rows in the body of a list, for which no statement names one: () for an array."""
    merged = merge_schemas(schemas, [(schema, pointer)])
    for name, parts in () if merged.items else merged.properties.items():
        items, items_pointer = locate_items(schemas, parts[0])
        if items_pointer is not None and schemas.resolve(items, items_pointer)[1] == resource_pointer:
            return (name,)
    return ()
