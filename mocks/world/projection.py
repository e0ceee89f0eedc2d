"""Rows in the form of an operation's response: unchanged, or its own properties with the row's values in them."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from specduet.mocks.clock import Micros, detect_time_format, format_time
from specduet.mocks.generation.merged_schema import merge_schemas
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.world.derived_fields import ABSENT
from specduet.specs import Api, Content, Operation, Resource, Schema
from specduet.specs.schemas import escape_pointer


class Projection:
    """The way from a row of a resource to a value of a response's schema."""

    def __init__(self, api: Api, resource: Resource, schema: Schema, pointer: str, generator: ValueGenerator) -> None:
        self._schemas = api.response_schemas
        resolved, resolved_pointer = api.response_schemas.resolve(schema, pointer)
        merged = merge_schemas(api.response_schemas, [(schema, pointer)])
        self.is_identity = resolved_pointer == resource.pointer or not resolved
        """The response's schema is the resource itself (or demands nothing), so that a row is sent as it is."""
        self._required = frozenset(merged.required_names)
        self._properties = {name: parts[0] for name, parts in merged.properties.items()}
        self._generator = generator
        self._makers: dict[str, ValueMaker] = {}
        self._located = (schema, pointer)
        self.is_valid = api.response_schemas.validator_at(pointer).is_valid
        """Returns whether the response's schema allows a value."""
        self.names = [*self._properties] or [*resource.properties]
        """The properties of the response."""
        self.shared_names = frozenset(resource.properties).intersection(self.names)
        """The properties that the row has too."""

    def project_row(self, get_field: Callable[[str], Any], rng: SeededRandom) -> Any:
        """Return the response's properties: the row's values where the row has them, generated ones elsewhere.

        ``get_field`` returns a field of the row by name, or ``ABSENT``.
        """
        projected = {}
        for name in self.names:
            value = get_field(name) if name in self.shared_names else self.generate_property(name, rng)
            if value is ABSENT and name in self._required:
                value = self.generate_property(name, rng)
            if value is not ABSENT:
                projected[name] = value
        return projected if self.is_valid(projected) else self._replace_invalid_properties(projected, rng)

    def format_time_property(self, name: str, timestamp: Micros) -> str | int | float:
        """Return a timestamp in the form of the response's property."""
        schema, pointer = self._properties[name]
        resolved = self._schemas.split_null(schema, str(pointer))[0]
        return format_time(detect_time_format(resolved, None, is_timestamp=True), timestamp)

    def _replace_invalid_properties(self, projected: dict[str, Any], rng: SeededRandom) -> Any:
        # The row's schema may allow more than the response's, and the response has to be valid.
        for name, value in projected.items():
            if name in self._properties:
                _, pointer = self._properties[name]
                if not self._schemas.validator_at(str(pointer)).is_valid(value):
                    projected[name] = self.generate_property(name, rng)
        if self.is_valid(projected):
            return projected
        return self._generator.build_valid_maker(*self._located)(rng)

    def generate_property(self, name: str, rng: SeededRandom) -> Any:
        """Return a value for a property of the response that the row does not have."""
        make = self._makers.get(name)
        if make is None:
            schema, pointer = self._properties[name]
            make = self._makers[name] = self._generator.build_valid_maker(schema, str(pointer), name)
        return make(rng.derive(name))


class ListEnvelope:
    """An object around the rows of a list: ``{"jobs": [...], "total_count": 60, "has_more": true}``.

    Only properties that the schema requires are there, with generated values. A boolean with *more* in its name and an
    integer called *total* or *count* are true to the list.
    """

    def __init__(self, api: Api, schema: Schema, pointer: str, rows_property: str, generator: ValueGenerator) -> None:
        merged = merge_schemas(api.response_schemas, [(schema, pointer)])
        kinds = {
            name: api.response_schemas.split_null(inner, str(inner_pointer))[0].get("type")
            for name, ((inner, inner_pointer), *_) in merged.properties.items()
        }
        self._rows_property = rows_property
        self._more = [name for name, kind in kinds.items() if kind == "boolean" and "more" in name.lower()]
        self._totals = [n for n, kind in kinds.items() if kind == "integer" and re.search("total|count", n.lower())]
        self._make = generator.build_valid_maker(schema, pointer)
        self._kept = {*merged.required_names, rows_property}

    def wrap_rows(self, rows: bytes, total: int, *, has_more: bool, rng: SeededRandom) -> bytes:
        """Return the response as JSON, around ``rows``, a JSON array that is part of a list of ``total`` rows."""
        envelope = {name: value for name, value in self._make(rng).items() if name in self._kept}
        envelope |= dict.fromkeys(self._more, has_more) | dict.fromkeys(self._totals, total)
        return msgspec.json.encode({**envelope, self._rows_property: msgspec.Raw(rows)})


def locate_rows(api: Api, resource: Resource, schema: Schema, pointer: str) -> tuple[str | None, Schema, str]:
    """Find the rows in the response of a list.

    Returns the name of the property that holds them, or None where the response is the array itself; and the schema of
    one row with its pointer.
    """
    schema, pointer = api.response_schemas.resolve(schema, pointer)
    for name, inner in () if "items" in schema else schema.get("properties", {}).items():
        array, array_pointer, _ = api.response_schemas.split_null(inner, f"{pointer}/properties/{escape_pointer(name)}")
        items_pointer = f"{array_pointer}/items"
        if "items" in array and api.response_schemas.resolve(array["items"], items_pointer)[1] == resource.pointer:
            return name, array["items"], items_pointer
    return None, schema.get("items", {}), f"{pointer}/items"


def find_success_content(operation: Operation) -> Content | None:
    """Return the JSON content of the operation's first documented 2xx response that has a schema, or None."""
    for status, response in operation.responses.items():
        if status.startswith("2"):
            for media_type, content in response.content.items():
                if media_type.partition(";")[0].endswith("json") and content.schema:
                    return content
    return None
