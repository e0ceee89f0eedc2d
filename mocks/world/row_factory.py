"""The fields of a resource's rows: each a function of the row's life and of how far that life has come.

A field can be asked for alone, so that a hundred thousand rows can be sorted and found before one of them is made.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from specduet.mocks.clock import DAY, HOUR, SECOND, Micros, detect_time_format, format_time, to_micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import CannotGenerate, ValueGenerator, ValueMaker
from specduet.mocks.world.derived_fields import ABSENT, Finishing, get_path
from specduet.mocks.world.indexed_fields import Uses
from specduet.mocks.world.lifecycle import Life, set_since, when_set
from specduet.specs import Api, Resource, Schema
from specduet.specs.behavior import SetWhen
from specduet.specs.schemas import escape_pointer

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FieldOf = Callable[[Life, int], Any]

_TRIES = 8
_NULL_EVERY = 4  # of so many neighbouring rows one is null
_PARTS = 8
_ALL_NULL, _LEFT_OUT, _WITH_EXTRAS = 3, 5, 6  # which of so many neighbouring adversarial rows do
_POOL = 6  # so many different values has a field that points elsewhere
_DEADLINES = ("expire", "deadline", "due", "until", "valid_to", "next")
_CHANGES = ("updat", "modif", "chang", "last", "latest")


@dataclass(frozen=True)
class Property:
    """One property of the resource. ``moment`` says how a time is spelled, and is empty where it is none."""

    name: str
    schema: Schema
    resolved: Schema
    pointer: str
    required: bool
    nullable: bool
    moment: str = ""
    uuid: bool = False


class Blueprint:
    """Compiles a resource's fields. ``world`` is the name of the stream that all its choices come from."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        uses: Uses,
        world: str,
        *,
        generator: ValueGenerator,
        adversary: "AdversarialGenerator | None" = None,
    ) -> None:
        self.world = world
        self.resource = resource
        self.uses = uses
        self._schemas = api.schemas
        self._generator = generator
        self._adversary = adversary
        self._words = resource.behavior
        self.properties = {name: self._property(name) for name in resource.properties}
        self._finishing = Finishing(api, resource, generator)
        self._moments: dict[str, Callable[[Life, int], Micros]] = {}
        self._fields = {name: self._field(prop) for name, prop in self.properties.items()}
        self._extras = self._extra_properties()
        self._validator = api.schemas.validator_at(resource.pointer)

    # --------------------------------------------------------------------------------------------- asked for

    def row(self, life: Life, phase: int) -> dict[str, Any]:
        """The whole row. Raises ``CannotGenerate`` where no combination of its fields is valid."""
        for attempt in range(_TRIES):
            tried = life.salted(f"~{attempt}") if attempt else life
            row = {n: value for n, make in self._fields.items() if (value := make(tried, phase)) is not ABSENT}
            if self._extras and _part(life) == _WITH_EXTRAS:
                row = {**SeededRandom(f"{life.key}/extras").pick(self._extras), **row}
            self._finishing.finish(row, tried, phase)
            if self._validator.is_valid(row):
                return row
        raise CannotGenerate(self.resource.pointer)

    def value(self, path: str, life: Life, phase: int) -> Any:
        """One field, at a dotted path; ``ABSENT`` where the row has none."""
        if path in self._fields and path not in self._finishing.touched:
            return self._fields[path](life, phase)
        name, *inner = path.split(".")
        if name not in self._fields:
            return ABSENT
        made = (
            self.row(life, phase).get(name, ABSENT)
            if name in self._finishing.touched
            else self._fields[name](life, phase)
        )
        return get_path(made, inner)

    def alone(self, name: str) -> bool:
        """Whether a field depends on no moment and on no other field."""
        return not self.properties[name].moment and name not in self._finishing.touched

    def field(self, name: str) -> FieldOf:
        """What gives one property: ``value``, without looking for its maker each time."""
        return partial(self.value, name) if name in self._finishing.touched else self._fields[name]

    def marker(self, path: str) -> FieldOf:
        """What gives the mark of one field, without spelling a moment only to read it again."""
        if path in self._moments:
            at = self._moments[path]
            return lambda life, phase: self.mark(path, life.given[path]) if path in life.given else at(life, phase)
        prop = self.properties.get(path)
        if prop is None or path in self._finishing.touched:
            return lambda life, phase: self.mark(path, self.value(path, life, phase))
        field, plain = self._fields[path], not (prop.uuid or prop.moment)

        def found(life: Life, phase: int) -> Any:
            value = field(life, phase)
            return value if plain and type(value) is str else self.mark(path, value)

        return found

    def mark(self, path: str, value: Any) -> Any:
        """What a field's value is found and sorted by: moments as microseconds, UUIDs in one spelling."""
        prop = self.properties.get(path)
        if value is None or value is ABSENT:
            return None
        if isinstance(value, datetime):
            return to_micros(value)
        if isinstance(value, UUID):
            return str(value)
        if isinstance(value, str) and prop is not None:
            return _text_mark(value, prop)
        if isinstance(value, float | int) and prop is not None and prop.moment:
            return round(value * SECOND)
        return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value

    def admits(self, name: str) -> Callable[[Any], bool]:
        """Whether the schema of the row allows a value for a field, null where it allows that."""
        prop = self.properties[name]
        is_valid = self._schemas.validator_at(prop.pointer).is_valid
        return lambda value: prop.nullable if value is None else is_valid(value)

    def admitted(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Of values that a request has for fields, those that the schema of the row allows."""
        return {n: v for n, v in wanted.items() if n in self.properties and self.admits(n)(v)}

    def pool(self, name: str) -> list[Any]:
        """The values that a field which points elsewhere is picked from."""
        return self.several(name, _POOL)

    def several(self, name: str, count: int) -> list[Any]:
        """Different values of a field, fewer where its schema has no more."""
        prop = self.properties[name]
        make = self._generator.valid(prop.schema, prop.pointer, name, null=False)
        made: dict[Any, Any] = {}
        for index in range(4 * count):
            value = make(SeededRandom(f"{self.world}/{name}/{index}"))
            made.setdefault(self.mark(name, value), value)
            if len(made) == count:
                break
        return list(made.values())

    # ---------------------------------------------------------------------------------------------- compiled

    def _property(self, name: str) -> Property:
        schema = self.resource.properties[name]
        pointer = f"{self.resource.pointer}/properties/{escape_pointer(name)}"
        resolved, _, nullable = self._schemas.split_null(schema, pointer)
        shape = schema.get("x-specduet", {}).get("shape") if isinstance(schema, Mapping) else None
        timed = any(name in timeline.fields for timeline in self._words.timeline)
        return Property(
            name=name,
            schema=schema,
            resolved=resolved,
            pointer=pointer,
            required=name in self.resource.schema.get("required", ()),
            nullable=nullable,
            moment=detect_time_format(resolved, shape, timed=timed),
            uuid="uuid" in {shape, resolved.get("format")},
        )

    def _field(self, prop: Property) -> FieldOf:
        rule = when_set(self._words.set_when, prop.name)
        make = self._content(prop)
        if rule is not None:
            make = self._by_status(prop, rule, make)
        elif self._may_be_null(prop):
            make = self._now_and_then_null(prop, make)
        if self._free(prop) and rule is None and not prop.required:
            make = self._now_and_then_absent(make)

        def given_or_made(life: Life, phase: int) -> Any:
            return life.given[prop.name] if prop.name in life.given else make(life, phase)

        return given_or_made

    def _content(self, prop: Property) -> FieldOf:
        """What the field holds while it holds anything."""
        name, status = prop.name, self._words.status
        for constant in self._words.constant:
            if constant.field == name:
                return lambda _life, _phase: constant.value
        if status is not None and status.field == name:
            return lambda life, phase: life.status_at(phase)
        for truth in self._words.true_only_when:
            if truth.field == name:
                return lambda life, phase: life.status_at(phase) in truth.status
        if prop.moment:
            return self._moment(prop)
        if name == self.uses.owner and self.uses.owners:
            return self._picked(name, self.uses.owners)
        return self._generated(prop)

    def _generated(self, prop: Property) -> FieldOf:
        name = prop.name
        if name not in self.uses.unique:
            if prop.resolved.get("enum"):
                return self._in_turn(prop)
            points_elsewhere = name in self.uses.filtered or name.endswith("_id")
            if points_elsewhere and not prop.schema.get("examples"):
                return self._picked(name, self.pool(name))
        elif prop.resolved.get("type") in {"integer", "number"}:
            return self._counted(prop)
        adversary = self._free(prop)
        make: ValueMaker = (
            self._generator.maker(prop.schema, prop.pointer, name, null=False)
            if adversary is None
            else adversary.valid(prop.schema, prop.pointer, name, null=False)
        )
        if name in self.uses.marked:
            return lambda life, _phase: make(SeededRandom(f"{life.key}/{name}"))
        return lambda life, _phase: make(SeededRandom(f"{life.key}/{name}{life.salt}"))

    def _picked(self, name: str, choices: Sequence[Any]) -> FieldOf:
        return lambda life, _phase: SeededRandom(f"{life.key}/{name}").pick(choices)

    def _in_turn(self, prop: Property) -> FieldOf:
        members = [m for m in prop.resolved["enum"] if m is not None] or [None]
        return lambda life, _phase: (
            SeededRandom(f"{life.key}/{prop.name}").pick(members)
            if life.index is None
            else in_turn(f"{self.world}/{prop.name}", members, life.index)
        )

    def _counted(self, prop: Property) -> FieldOf:
        first = max(int(prop.resolved.get("minimum", 1)), 1)
        return lambda life, _phase: first + life.number

    # ------------------------------------------------------------------------------------------ set and null

    def _by_status(self, prop: Property, rule: SetWhen, make: FieldOf) -> FieldOf:
        """Set from the status on that demands it, and kept until one forbids it."""
        nothing = None if prop.nullable else make if prop.required else ABSENT

        def made(life: Life, phase: int) -> Any:
            since = set_since(rule, life.until(phase))
            if since is None:
                return nothing(life, phase) if callable(nothing) else nothing
            return format_time(prop.moment, life.moment_at(since)) if prop.moment else make(life, phase)

        return made

    def _may_be_null(self, prop: Property) -> bool:
        fixed = {*self.uses.ordered_by, *self.uses.unique, *self._finishing.totals}
        fixed |= {rule.field for rule in self._words.constant} | {rule.field for rule in self._words.true_only_when}
        status = self._words.status
        return prop.nullable and prop.name not in fixed and (status is None or prop.name != status.field)

    def _now_and_then_null(self, prop: Property, make: FieldOf) -> FieldOf:
        name = prop.name

        def made(life: Life, phase: int) -> Any:
            return None if self._is_null(name, life) else make(life, phase)

        return made

    def _is_null(self, name: str, life: Life) -> bool:
        """By turns, so that a few rows of each status show the field null and set."""
        if self._adversary is not None and _part(life) == _ALL_NULL:
            return True
        if life.index is None:
            return SeededRandom(f"{life.key}/{name}?").below(_NULL_EVERY) == 0
        members = self.status_members
        turn, place = divmod(life.index, len(members))
        group, position = divmod(turn, _NULL_EVERY)
        return SeededRandom(f"{self.world}/{name}?/{group}/{place}").below(_NULL_EVERY) == position

    # --------------------------------------------------------------------------------------- adversarial data

    def _free(self, prop: Property) -> "AdversarialGenerator | None":
        """Who makes the field's content: the adversary, where there is one and no statement speaks of the field."""
        words = self._words
        spoken_of = {words.status.field if words.status else "", *self._finishing.totals, *self.uses.marked}
        spoken_of |= {rule.field for rule in words.constant} | {rule.field for rule in words.true_only_when}
        shaped = "shape" in prop.schema.get("x-specduet", {})
        return None if prop.name in spoken_of or prop.moment or shaped else self._adversary

    def _now_and_then_absent(self, make: FieldOf) -> FieldOf:
        return lambda life, phase: ABSENT if _part(life) == _LEFT_OUT else make(life, phase)

    def _extra_properties(self) -> list[dict[str, Any]]:
        closed = self.resource.schema.get("additionalProperties", True) not in (True, {})
        closed = closed or "unevaluatedProperties" in self.resource.schema
        return [] if self._adversary is None or closed else self._adversary.extras([*self.properties])

    @property
    def status_members(self) -> Sequence[str]:
        """The statuses of seeded rows; a single nameless one where the resource has no status."""
        status = self._words.status
        if status is None:
            return ("",)
        members = self.properties[status.field].resolved.get("enum")
        return members or sorted({status.initial, *status.transitions, *status.terminal})

    # ----------------------------------------------------------------------------------------------- moments

    def _moment(self, prop: Property) -> FieldOf:
        """A time of the row's life that no status decides: its beginning, a deadline, or its latest change."""
        ranks = [line.fields.index(prop.name) for line in self._words.timeline if prop.name in line.fields]
        rank = max(ranks, default=0)
        at: Callable[[Life, int], Micros] = _beginning
        if any(word in prop.name.lower() for word in _DEADLINES):
            at = partial(self._deadline, prop.name, rank)
        elif rank or (not ranks and any(word in prop.name.lower() for word in _CHANGES)):
            at = Life.moment_at
        if prop.moment == "text" and not self._may_be_null(prop) and when_set(self._words.set_when, prop.name) is None:
            self._moments[prop.name] = at
        return lambda life, phase: format_time(prop.moment, at(life, phase))

    def _deadline(self, name: str, rank: int, life: Life, _phase: int) -> Micros:
        return life.begun + rank * DAY + SeededRandom(f"{life.key}/{name}").below(12) * HOUR

    def changes(self, name: str) -> bool:
        """Whether a field depends on how far a row has come."""
        words = self._words
        named = {rule.field for rule in words.set_when} | {rule.field for rule in words.true_only_when}
        late = {field for line in words.timeline for field in line.fields[1:]}
        return name in named | late or (words.status is not None and name == words.status.field)

    @property
    def ends_at_order(self) -> bool:
        """Whether rows are sorted by their latest change, not by their beginning."""
        return any(name in line.fields[1:] for line in self._words.timeline for name in self.uses.ordered_by)


def in_turn(world: str, members: Sequence[Any], index: int) -> Any:
    """The member that a seeded row has: each once in every so many rows, in an order that looks like none."""
    turn, place = divmod(index, len(members))
    return members[_turn(f"{world}/{turn}", len(members))[place]]


@lru_cache(maxsize=64)
def _turn(name: str, count: int) -> list[int]:
    return SeededRandom(name).shuffled(range(count))


def _part(life: Life) -> int:
    """What an adversarial row plays, by turns: most are only full of odd values."""
    turn = SeededRandom(f"{life.key}/part").below(_PARTS) if life.index is None else life.index
    return turn % _PARTS


def _beginning(life: Life, _phase: int) -> Micros:
    return life.begun


def _text_mark(text: str, prop: Property) -> Any:
    if prop.uuid and _UUID.fullmatch(text):
        return text
    if prop.moment:
        try:
            return to_micros(datetime.fromisoformat(text.upper()))
        except ValueError:
            return None
    if prop.uuid:
        try:
            return str(UUID(text))
        except ValueError:
            return text
    return text
