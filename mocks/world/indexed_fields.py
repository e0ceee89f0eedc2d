"""What the operations of an API make of a resource's fields: which order it, find it, keep callers apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from specduet.mocks.clock import DAY, HOUR, Micros, parse_duration
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import get_generator
from specduet.mocks.settings import Settings
from specduet.specs import Api, Operation, Resource, UsageError
from specduet.specs.schemas import escape_pointer

HIDDEN = "?"
"""Before the name of a field that rows do not show, where it is found among those they do."""

_NEAR = 24 * HOUR
_FAR = 31 * DAY


@dataclass(frozen=True)
class Uses:
    """Field names, each in the order of the document. ``hidden`` has the values that a hidden field is picked from.

    ``unordered`` says that rows are shown by their number too. ``near`` is how far back the lists look by themselves,
    ``far`` how far back they can be asked to look.
    """

    ordered_by: tuple[str, ...] = ()
    unordered: bool = False
    unique: tuple[str, ...] = ()
    filtered: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    hidden: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    scopes: tuple[str, ...] = ()
    owner: str | None = None
    owners: tuple[str, ...] = ()
    near: Micros = _NEAR
    far: Micros = _FAR

    @property
    def found_by(self) -> tuple[str, ...]:
        """The fields whose single values are asked for."""
        owner = () if self.owner is None else (self.owner,)
        return _once((*self.scopes, *owner, *self.filtered, *(HIDDEN + name for name, _ in self.hidden)))

    @property
    def marked(self) -> tuple[str, ...]:
        """Every field that a row is found or sorted by."""
        return _once((*self.ordered_by, *self.unique, *self.found_by, *self.compared))


def speakers(api: Api, resource: Resource) -> Iterator[Operation]:
    """The operations that speak of a resource."""
    for operation in api.operations:
        words = operation.behavior
        for said in (words.lists, words.fetches, words.watches, words.creates):
            if said is not None and said.resource == resource.name:
                yield operation
                break


def uses_of(api: Api, resource: Resource, settings: Settings) -> Uses:
    """Gather them from the statements on the operations."""
    operations = list(speakers(api, resource))
    words = [operation.behavior for operation in operations]
    orders = [w.order.by for w in words if w.order] + [w.cursor.before for w in words if w.cursor]
    filters = [f for w in words for f in w.filters.values()]
    found = [said.field for w in words for said in (w.fetches, w.watches) if said is not None]
    owner = next((w.visibility.owner for w in words if w.visibility), None)
    ordered = [f for f in filters if f.field in orders]
    near = min((-parse_duration(f.default) for f in ordered if f.default), default=_NEAR)
    return Uses(
        ordered_by=_once(orders),
        unordered=any(w.lists and not w.order for w in words) or not any(w.lists for w in words),
        unique=_once((resource.behavior.id.field, *found)),
        filtered=_once(f.field for f in filters if f.op == "eq" and not f.hidden and f.field not in orders),
        compared=_once(f.field for f in filters if f.op == "ge" and not f.hidden),
        hidden=tuple(_hidden(api, operations)),
        scopes=_once(w.scope.field for w in words if w.scope),
        owner=owner,
        owners=() if owner is None else _owners(api, resource, owner, settings),
        near=near,
        far=min((-parse_duration(f.oldest) for f in ordered if f.oldest), default=max(_FAR, 2 * near)),
    )


def _hidden(api: Api, operations: list[Operation]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    seen = set()
    for operation in operations:
        for name, said in operation.behavior.filters.items():
            parameter = operation.parameter(name, "query")
            if said.hidden and parameter is not None and said.field not in seen:
                seen.add(said.field)
                yield said.field, tuple(_choices(api, parameter.schema, parameter.pointer, said.field))


def _owners(api: Api, resource: Resource, owner: str, settings: Settings) -> tuple[str, ...]:
    """Those whom the credentials name come first, so that each of them has rows to see."""
    pointer = f"{resource.pointer}/properties/{escape_pointer(owner)}"
    named = [credential.owner for credential in settings.credentials if credential.owner]
    for name in named:
        if not api.schemas.validator_at(pointer).is_valid(name):
            raise UsageError(f"{name!r} cannot own a {resource.name}: the schema of {owner!r} has no such value")
    return _once((*named, *_choices(api, resource.properties[owner], pointer, owner)))


def _choices(api: Api, schema: Any, pointer: str, name: str) -> list[Any]:
    examples = [e for e in schema.get("examples", ()) if api.schemas.validator_at(pointer).is_valid(e)]
    if examples:
        return examples
    make = get_generator(api.schemas).valid(schema, pointer, name, null=False)
    return [make(SeededRandom(f"{name}/{index}")) for index in range(4)]


def _once(names: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(names))
