"""A row as an operation's answer shows it: as it is, or the answer's own properties with the row's values in them."""

from collections.abc import Callable
from typing import Any

from mocks.world.dice import Dice
from mocks.world.generation import Generator
from mocks.world.nodes import gather
from mocks.world.rows import ABSENT
from specs import Api, Content, Operation, Resource, Schema


class View:
    """``whole`` where the answer is the resource itself, and the row can be passed on as it is."""

    def __init__(self, api: Api, resource: Resource, schema: Schema, pointer: str, generator: Generator) -> None:
        self._schemas = api.schemas
        self._resolved, self.pointer = api.schemas.resolve(schema, pointer)
        node = gather(api.schemas, [(schema, pointer)])
        self.whole = self.pointer == resource.pointer or not node.properties
        self._required = frozenset(node.required)
        self._makers = {
            name: generator.valid(inner, at, name)
            for name, ((inner, at), *_) in node.properties.items()
            if at is not None
        }
        self._pointers = {name: str(parts[0][1]) for name, parts in node.properties.items()}
        self._whole_maker = generator.valid(schema, pointer)
        self._validator = api.schemas.validator(pointer)
        self._shared = frozenset(resource.properties)

    def show(self, value_of: Callable[[str], Any], dice: Dice) -> dict[str, Any]:
        """The answer's properties: the row's where the row has them, made ones elsewhere."""
        shown = {}
        for name, make in self._makers.items():
            value = value_of(name) if name in self._shared else make(dice.child(name))
            if value is ABSENT and name in self._required:
                value = make(dice.child(name))
            if value is not ABSENT:
                shown[name] = value
        return shown if self._validator.is_valid(shown) else self._repaired(shown, dice)

    def _repaired(self, shown: dict[str, Any], dice: Dice) -> dict[str, Any]:
        """What the answer forbids gives way: the row's schema allows more than the answer's."""
        for name, value in shown.items():
            if not self._schemas.validator(self._pointers[name]).is_valid(value):
                shown[name] = self._makers[name](dice.child(name))
        return shown if self._validator.is_valid(shown) else {**self._whole_maker(dice)}


def answer_of(operation: Operation) -> Content | None:
    """The JSON that a successful answer of the operation holds, as documented; None where none is."""
    for status, response in operation.responses.items():
        if status.startswith("2"):
            for media_type, content in response.content.items():
                if media_type.partition(";")[0].endswith("json") and content.schema:
                    return content
    return None
