"""A row as an operation's answer shows it: as it is, or the answer's own properties with the row's values in them."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from specduet.mocks.clock import Micros, detect_time_format, format_time
from specduet.mocks.generation.merged_schema import merge_schemas
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import ValueGenerator, ValueMaker
from specduet.mocks.world.derived_fields import ABSENT
from specduet.specs import Api, Content, Operation, Resource, Schema
from specduet.specs.schemas import escape_pointer


class View:
    """``whole`` where the answer is the resource itself, and the row can be passed on as it is."""

    def __init__(self, api: Api, resource: Resource, schema: Schema, pointer: str, generator: ValueGenerator) -> None:
        self._schemas = api.schemas
        self._resolved, self.pointer = api.schemas.resolve(schema, pointer)
        node = merge_schemas(api.schemas, [(schema, pointer)])
        self.whole = self.pointer == resource.pointer or not self._resolved
        self._required = frozenset(node.required)
        self._parts = {name: parts[0] for name, parts in node.properties.items()}
        self._generator = generator
        self._makers: dict[str, ValueMaker] = {}
        self._whole = (schema, pointer)
        self.admits = api.schemas.validator_at(pointer).is_valid
        """Whether the answer's schema allows a value."""
        self._shared = frozenset(resource.properties)
        self.names = [*self._parts] or [*resource.properties]
        self.shared = self._shared.intersection(self.names)
        """The fields of the row that the answer tells."""

    def show(self, value_of: Callable[[str], Any], dice: SeededRandom) -> Any:
        """The answer's properties: the row's where the row has them, made ones elsewhere."""
        shown = {}
        for name in self.names:
            value = value_of(name) if name in self.shared else self.made(name, dice)
            if value is ABSENT and name in self._required:
                value = self.made(name, dice)
            if value is not ABSENT:
                shown[name] = value
        return shown if self.admits(shown) else self._repaired(shown, dice)

    def spelled(self, name: str, at: Micros) -> str | int | float:
        """A moment as the answer's property spells it."""
        schema, pointer = self._parts[name]
        return format_time(detect_time_format(self._schemas.split_null(schema, str(pointer))[0], None, timed=True), at)

    def _repaired(self, shown: dict[str, Any], dice: SeededRandom) -> Any:
        """What the answer forbids gives way: the row's schema allows more than the answer's."""
        for name, value in shown.items():
            if name in self._parts and not self._schemas.validator_at(str(self._parts[name][1])).is_valid(value):
                shown[name] = self.made(name, dice)
        if self.admits(shown):
            return shown
        return self._generator.valid(*self._whole)(dice)

    def made(self, name: str, dice: SeededRandom) -> Any:
        """A property of the answer that the row does not have."""
        make = self._makers.get(name)
        if make is None:
            schema, pointer = self._parts[name]
            make = self._makers[name] = self._generator.valid(schema, str(pointer), name)
        return make(dice.child(name))


class Envelope:
    """An object that holds the rows of a list in its property ``rows``, and may tell how many there are.

    Properties that the schema demands are made, the optional ones left out; a boolean called ``more`` or the like and
    a number called ``total`` or ``count`` are true.
    """

    def __init__(self, api: Api, schema: Schema, pointer: str, rows: str, generator: ValueGenerator) -> None:
        node = merge_schemas(api.schemas, [(schema, pointer)])
        kinds = {
            n: api.schemas.split_null(inner, str(at))[0].get("type") for n, ((inner, at), *_) in node.properties.items()
        }
        self._rows = rows
        self._more = [n for n, kind in kinds.items() if kind == "boolean" and "more" in n.lower()]
        self._counts = [n for n, kind in kinds.items() if kind == "integer" and re.search("total|count", n.lower())]
        self._make = generator.valid(schema, pointer)
        self._needed = {*node.required, rows}

    def around(self, rows: bytes, total: int, *, more: bool, dice: SeededRandom) -> bytes:
        """The answer as JSON."""
        made = {name: value for name, value in self._make(dice).items() if name in self._needed}
        made |= dict.fromkeys(self._more, more) | dict.fromkeys(self._counts, total)
        return msgspec.json.encode({**made, self._rows: msgspec.Raw(rows)})


def rows_in(api: Api, resource: Resource, schema: Schema, pointer: str) -> tuple[str | None, Schema, str]:
    """Where a list's answer holds its rows: the property, or None for the answer itself, and the schema of a row."""
    schema, pointer = api.schemas.resolve(schema, pointer)
    for name, inner in () if "items" in schema else schema.get("properties", {}).items():
        array, at, _ = api.schemas.split_null(inner, f"{pointer}/properties/{escape_pointer(name)}")
        if "items" in array and api.schemas.resolve(array["items"], f"{at}/items")[1] == resource.pointer:
            return name, array["items"], f"{at}/items"
    return None, schema.get("items", {}), f"{pointer}/items"


def answer_of(operation: Operation) -> Content | None:
    """The JSON that a successful answer of the operation holds, as documented; None where none is."""
    for status, response in operation.responses.items():
        if status.startswith("2"):
            for media_type, content in response.content.items():
                if media_type.partition(";")[0].endswith("json") and content.schema:
                    return content
    return None
