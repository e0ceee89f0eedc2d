"""Values of a resource's properties: how they are made, which are allowed, and the keys under which they are found."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from specduet.mocks.clock import SECOND, to_micros
from specduet.mocks.generation.limits import WorkBudget
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker, random_uuid
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX
from specduet.mocks.world.row_properties import RowProperty, RowShape
from specduet.specs import Api, Schema

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_RESTRICTIONS = frozenset({"pattern", "format", "minLength", "maxLength", "enum"})
"""Keywords of a path parameter that may allow less than the row's own property."""
_SAMPLE_COUNT = 3
_SAMPLES = ("example", "examples", "default")
"""Keywords that give many rows the same value."""


class PropertyValues:
    """The values that the properties of one resource may have."""

    def __init__(self, api: Api, shape: RowShape, generator: ValueGenerator, stream: str) -> None:
        """``stream`` is the name of the random stream of choices that concern all rows."""
        self.properties = shape.properties
        self.is_closed = shape.is_closed
        """True if rows have no properties but those that their schema describes."""
        self._schemas = api.response_schemas
        self._generator = generator
        self._stream = stream
        self._checks: dict[str, Callable[[Any], bool]] = {}

    def build_maker(self, prop: RowProperty) -> ValueMaker:
        """Return a maker of believable values of a property, which may still be invalid."""
        if len(prop.parts) > 1:
            make = self._generator.build_parts(prop.parts, prop.name)
        else:
            make = self._generator.build_maker(prop.schema, prop.pointer, prop.name, null=False)
        return _limit_parts(make) if self._generator.is_large(prop.parts) else make

    def build_valid_maker(self, prop: RowProperty) -> ValueMaker:
        """Return a maker of valid values of a property, never null."""
        if len(prop.parts) > 1:
            return self._generator.build_parts(prop.parts, prop.name)
        return self._generator.build_valid_maker(prop.schema, prop.pointer, prop.name, null=False)

    def build_unique_maker(self, schema: Schema, pointer: str, name: str) -> ValueMaker:
        """Return a maker of different values: the samples that a schema shows are left out, for all rows had them."""
        if not schema.keys() & {*_SAMPLES}:
            return self._generator.build_maker(schema, pointer, name, null=False)
        free = {keyword: value for keyword, value in schema.items() if keyword not in _SAMPLES}
        return self._generator.build_maker(free, None, name, null=False)

    def choose_unique_maker(self, prop: RowProperty, path_schemas: Sequence[tuple[Schema, str]]) -> ValueMaker:
        """Return a maker of different values that a property and the path parameters that find rows by it allow."""
        restricting = [(schema, at) for schema, at in path_schemas if schema.keys() & _RESTRICTIONS]
        if prop.is_uuid:
            restricting = [(schema, at) for schema, at in restricting if not _is_plain_uuid(schema)]
        if prop.is_uuid and "pattern" not in prop.resolved and not restricting:
            return random_uuid
        own = self.build_unique_maker(prop.resolved, prop.pointer, prop.name)
        makers = [own, *(self.build_unique_maker(schema, at, prop.name) for schema, at in restricting)]
        checks = [self.is_allowed(prop.name), *(self._schemas.validator_at(at).is_valid for _, at in restricting)]
        samples = range(_SAMPLE_COUNT)
        for make in makers if restricting else ():
            made = [make(SeededRandom(f"{self._stream}/{prop.name}/{number}")) for number in samples]
            if all(check(value) for check in checks for value in made):
                return make
        return own

    def distinct_values(self, name: str, count: int) -> list[Any]:
        """Return different values of a property, fewer than ``count`` where its schema has no more."""
        prop = self.properties[name]
        make = self.build_valid_maker(prop)
        by_key: dict[Any, Any] = {}
        for index in range(4 * count):
            value = make(SeededRandom(f"{self._stream}/{name}/{index}"))
            by_key.setdefault(self.index_key(name, value), value)
            if len(by_key) == count:
                break
        return list(by_key.values())

    def is_allowed(self, name: str) -> Callable[[Any], bool]:
        """Return a function that tells whether the row's schema allows a value, or null, for a property."""
        check = self._checks.get(name)
        if check is None:
            check = self._checks[name] = self._build_check(self.properties[name])
        return check

    def _build_check(self, prop: RowProperty) -> Callable[[Any], bool]:
        checks = [self._schemas.validator_at(str(pointer)).is_valid for _, pointer in prop.parts]
        if len(checks) == 1:
            is_valid = checks[0]
            return lambda value: prop.nullable if value is None else is_valid(value)
        return lambda value: prop.nullable if value is None else all(check(value) for check in checks)

    def fit_value(self, path: str, value: Any) -> Any:
        """Return a value in the type of a property, as paths and queries have no types; ``ABSENT`` if there is none.

        A hidden field, of which no schema tells, has any value.
        """
        if path.startswith(HIDDEN_PREFIX) or not isinstance(value, str | int | float):
            return value
        if path not in self.properties:
            return value if "." in path else ABSENT
        is_allowed = self.is_allowed(path)
        candidates = [value, str(value)]
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            candidates += [int(value)] if value.lstrip("-").isdigit() else [float(value)]
        if value in ("true", "false"):
            candidates.append(value == "true")
        return next((candidate for candidate in candidates if is_allowed(candidate)), ABSENT)

    def only_allowed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of a request's values, by property, that the row's schema allows."""
        return {n: v for n, v in values.items() if n in self.properties and self.is_allowed(n)(v)}

    def index_key(self, path: str, value: Any) -> Any:
        """Return the hashable, sortable key under which a field's value is indexed.

        Date-times become microseconds since 1970, UUIDs their canonical text, null and absent None.
        """
        prop = self.properties.get(path)
        if value is None or value is ABSENT:
            return None
        if isinstance(value, datetime):
            return to_micros(value)
        if isinstance(value, UUID):
            return str(value)
        if isinstance(value, str) and prop is not None:
            return _text_index_key(value, prop)
        if isinstance(value, float | int) and prop is not None and prop.time_format:
            return round(value * SECOND)
        return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value

    def is_plain_key(self, path: str) -> bool:
        """Return whether the index key of a property is its value."""
        prop = self.properties.get(path)
        return prop is not None and not prop.is_uuid and not prop.time_format


def _limit_parts(make: ValueMaker) -> ValueMaker:
    """Return a maker whose values are large when they have as many parts as one property of a row may have."""

    def make_limited(rng: SeededRandom) -> Any:
        rng.budget = rng.budget or WorkBudget(is_shared=True)
        return make(rng)

    return make_limited


def _is_plain_uuid(schema: Schema) -> bool:
    """Return whether a schema allows any UUID, and restricts nothing else."""
    return schema.get("format") == "uuid" and schema.keys() & _RESTRICTIONS == {"format"}


def _text_index_key(text: str, prop: RowProperty) -> Any:
    if prop.is_uuid and _UUID.fullmatch(text):
        return text
    if prop.time_format:
        try:
            return to_micros(datetime.fromisoformat(text.upper()))
        except ValueError:
            return None
    if prop.is_uuid:
        try:
            return str(UUID(text))
        except ValueError:
            return text
    return text
