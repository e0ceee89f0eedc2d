"""The fields of a resource's rows, each a function of the row's seed and of its phase.

A field can be made without the others, so that a hundred thousand rows can be sorted and found before one of them is
made as a whole.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from specduet.mocks.clock import DAY, HOUR, SECOND, Micros, TimeFormat, detect_time_format, format_time, to_micros
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker
from specduet.mocks.generation.values import CannotGenerate, ValueGenerator
from specduet.mocks.world.derived_fields import ABSENT, DerivedFields, get_path
from specduet.mocks.world.indexed_fields import IndexedFields
from specduet.mocks.world.lifecycle import RowSeed, merge_set_when, phase_set_since
from specduet.specs import Api, Resource, Schema
from specduet.specs.behavior import SetWhen
from specduet.specs.schemas import escape_pointer

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator

FieldMaker = Callable[[RowSeed, int], Any]
"""A function that makes one field of a row from its seed and its phase; ``ABSENT`` where the row has none."""

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TRIES = 8
_NULL_EVERY = 4  # one of so many neighbouring rows is null
_ADVERSARIAL_KINDS = 8  # one of so many neighbouring adversarial rows is of each of these kinds; the others of none:
_ALL_NULL, _OPTIONAL_ABSENT, _EXTRA_PROPERTIES = 3, 5, 6
_REFERENCE_COUNT = 6  # different values of a field that refers to something else, such as ``workflow_id``
_DEADLINE_WORDS = ("expire", "deadline", "due", "until", "valid_to", "next")
_CHANGE_WORDS = ("updat", "modif", "chang", "last", "latest")


@dataclass(frozen=True)
class RowProperty:
    """One property of the resource."""

    name: str
    schema: Schema
    resolved: Schema
    """``schema`` behind its references and its null alternative."""
    pointer: str
    required: bool
    nullable: bool
    time_format: TimeFormat = ""
    is_uuid: bool = False


class RowFactory:
    """Makes the fields, rows and index keys of one resource from row seeds."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        indexed_fields: IndexedFields,
        stream: str,
        *,
        generator: ValueGenerator,
        adversary: "AdversarialGenerator | None" = None,
    ) -> None:
        self.stream = stream
        """Name of the random stream of choices that concern all rows: ``7/shop/order``."""
        self.resource = resource
        self.indexed_fields = indexed_fields
        self._schemas = api.response_schemas
        self._generator = generator
        self._adversary = adversary
        self._behavior = resource.behavior
        self.properties = {
            name: self._describe_property(name)
            for name, schema in resource.properties.items()
            if not self._generator.is_write_only([(schema, None)])
        }
        self._derived_fields = DerivedFields(api, resource, generator)
        self._times: dict[str, Callable[[RowSeed, int], Micros]] = {}
        """Of properties whose time is never null: the same time before it is formatted."""
        self._makers = {name: self._build_property(prop) for name, prop in self.properties.items()}
        self._extras = self._make_extra_properties()
        self._validator = api.response_schemas.validator_at(resource.pointer)

    # ----------------------------------------------------------------------------------------- rows and fields

    def make_row(self, seed: RowSeed, phase: int) -> dict[str, Any]:
        """Return the whole row. Raises ``CannotGenerate`` where no combination of its fields is valid."""
        for attempt in range(_TRIES):
            salted = seed.with_salt(f"~{attempt}") if attempt else seed
            row = {n: value for n, make in self._makers.items() if (value := make(salted, phase)) is not ABSENT}
            if self._extras and _adversarial_kind(seed) == _EXTRA_PROPERTIES:
                row = {**SeededRandom(f"{seed.stream}/extras").pick(self._extras), **row}
            self._derived_fields.apply_to(row, salted, phase)
            if self._validator.is_valid(row):
                return row
        raise CannotGenerate(self.resource.pointer)

    def make_field(self, path: str, seed: RowSeed, phase: int) -> Any:
        """Return one field, at a dotted path; ``ABSENT`` where the row has none."""
        if path in self._makers and path not in self._derived_fields.changed_properties:
            return self._makers[path](seed, phase)
        name, *inner = path.split(".")
        if name not in self._makers:
            return ABSENT
        if name in self._derived_fields.changed_properties:
            value = self.make_row(seed, phase).get(name, ABSENT)
        else:
            value = self._makers[name](seed, phase)
        return get_path(value, inner)

    def is_independent(self, name: str) -> bool:
        """Return whether a property depends neither on a time nor on other properties."""
        return not self.properties[name].time_format and name not in self._derived_fields.changed_properties

    def field_maker(self, name: str) -> FieldMaker:
        """Return the maker of one property: ``make_field`` without the search for it each time."""
        if name in self._derived_fields.changed_properties:
            return partial(self.make_field, name)
        return self._makers[name]

    def distinct_values(self, name: str, count: int) -> list[Any]:
        """Return different values of a property, fewer than ``count`` where its schema has no more."""
        prop = self.properties[name]
        make = self._generator.build_valid_maker(prop.schema, prop.pointer, name, null=False)
        by_key: dict[Any, Any] = {}
        for index in range(4 * count):
            value = make(SeededRandom(f"{self.stream}/{name}/{index}"))
            by_key.setdefault(self.index_key(name, value), value)
            if len(by_key) == count:
                break
        return list(by_key.values())

    def is_allowed(self, name: str) -> Callable[[Any], bool]:
        """Return a function that tells whether the row's schema allows a value, or null, for a property."""
        prop = self.properties[name]
        is_valid = self._schemas.validator_at(prop.pointer).is_valid
        return lambda value: prop.nullable if value is None else is_valid(value)

    def only_allowed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of a request's values, by property, that the row's schema allows."""
        return {n: v for n, v in values.items() if n in self.properties and self.is_allowed(n)(v)}

    # --------------------------------------------------------------------------------------------- index keys

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

    def index_key_maker(self, path: str) -> FieldMaker:
        """Return the maker of one field's index key, without formatting a time only to parse it again."""
        if path in self._times:
            time_at = self._times[path]
            return lambda seed, phase: (
                self.index_key(path, seed.fixed_values[path]) if path in seed.fixed_values else time_at(seed, phase)
            )
        prop = self.properties.get(path)
        if prop is None or path in self._derived_fields.changed_properties:
            return lambda seed, phase: self.index_key(path, self.make_field(path, seed, phase))
        make, is_plain = self._makers[path], not (prop.is_uuid or prop.time_format)

        def make_index_key(seed: RowSeed, phase: int) -> Any:
            value = make(seed, phase)
            return value if is_plain and type(value) is str else self.index_key(path, value)

        return make_index_key

    # --------------------------------------------------------------------------------- compiling a property

    def _describe_property(self, name: str) -> RowProperty:
        schema = self.resource.properties[name]
        pointer = f"{self.resource.pointer}/properties/{escape_pointer(name)}"
        resolved, _, nullable = self._schemas.split_null(schema, pointer)
        shape = schema.get("x-specduet", {}).get("shape") if isinstance(schema, Mapping) else None
        is_timestamp = any(name in timeline.fields for timeline in self._behavior.timeline)
        return RowProperty(
            name=name,
            schema=schema,
            resolved=resolved,
            pointer=pointer,
            required=name in self.resource.schema.get("required", ()),
            nullable=nullable,
            time_format=detect_time_format(resolved, shape, is_timestamp=is_timestamp),
            is_uuid="uuid" in {shape, resolved.get("format")},
        )

    def _build_property(self, prop: RowProperty) -> FieldMaker:
        rule = merge_set_when(self._behavior.set_when, prop.name)
        make = self._build_content(prop)
        if rule is not None:
            make = self._set_by_status(prop, rule, make)
        elif self._may_be_null(prop):
            make = self._sometimes_null(prop, make)
        if self._adversary_for(prop) and rule is None and not prop.required:
            make = self._sometimes_absent(make)

        def get_fixed_or_make(seed: RowSeed, phase: int) -> Any:
            return seed.fixed_values[prop.name] if prop.name in seed.fixed_values else make(seed, phase)

        return get_fixed_or_make

    def _build_content(self, prop: RowProperty) -> FieldMaker:
        """Return the maker of a property's value, leaving aside when it is null or absent."""
        name, status = prop.name, self._behavior.status
        for constant in self._behavior.constant:
            if constant.field == name:
                return lambda _seed, _phase: constant.value
        if status is not None and status.field == name:
            return lambda seed, phase: seed.status_at(phase)
        for rule in self._behavior.true_only_when:
            if rule.field == name:
                return lambda seed, phase: seed.status_at(phase) in rule.status
        if prop.time_format:
            return self._build_time(prop)
        if name == self.indexed_fields.owner_field and self.indexed_fields.owner_values:
            return self._build_pick(name, self.indexed_fields.owner_values)
        return self._build_generated(prop)

    def _build_generated(self, prop: RowProperty) -> FieldMaker:
        name = prop.name
        if name not in self.indexed_fields.unique_fields:
            if prop.resolved.get("enum"):
                return self._build_round_robin(prop)
            is_reference = name in self.indexed_fields.filter_fields or name.endswith("_id")
            if is_reference and not prop.schema.get("examples"):
                # Few values, so that a filter on the field finds several rows.
                return self._build_pick(name, self.distinct_values(name, _REFERENCE_COUNT))
        elif prop.resolved.get("type") in {"integer", "number"}:
            return self._build_counter(prop)
        adversary = self._adversary_for(prop)
        make: ValueMaker = (
            self._generator.build_maker(prop.schema, prop.pointer, name, null=False)
            if adversary is None
            else adversary.build_valid_maker(prop.schema, prop.pointer, name, null=False)
        )
        if name in self.indexed_fields.all_fields:
            # Not salted: an index key has to stay the same when the row is made anew.
            return lambda seed, _phase: make(SeededRandom(f"{seed.stream}/{name}"))
        return lambda seed, _phase: make(SeededRandom(f"{seed.stream}/{name}{seed.salt}"))

    def _build_pick(self, name: str, choices: Sequence[Any]) -> FieldMaker:
        return lambda seed, _phase: SeededRandom(f"{seed.stream}/{name}").pick(choices)

    def _build_round_robin(self, prop: RowProperty) -> FieldMaker:
        members = [m for m in prop.resolved["enum"] if m is not None] or [None]
        return lambda seed, _phase: (
            SeededRandom(f"{seed.stream}/{prop.name}").pick(members)
            if seed.index is None
            else round_robin(f"{self.stream}/{prop.name}", members, seed.index)
        )

    def _build_counter(self, prop: RowProperty) -> FieldMaker:
        first = max(int(prop.resolved.get("minimum", 1)), 1)
        return lambda seed, _phase: first + seed.number

    # --------------------------------------------------------------------------------------- null and absent

    def _set_by_status(self, prop: RowProperty, rule: SetWhen, make: FieldMaker) -> FieldMaker:
        """Return a maker that sets the property from the first status that demands it until one forbids it."""
        unset_value = None if prop.nullable else make if prop.required else ABSENT

        def make_by_status(seed: RowSeed, phase: int) -> Any:
            since = phase_set_since(rule, seed.statuses_until(phase))
            if since is None:
                return unset_value(seed, phase) if callable(unset_value) else unset_value
            return format_time(prop.time_format, seed.time_at(since)) if prop.time_format else make(seed, phase)

        return make_by_status

    def _may_be_null(self, prop: RowProperty) -> bool:
        never_null = {*self.indexed_fields.sort_fields, *self.indexed_fields.unique_fields}
        never_null |= self._stated_properties()
        return prop.nullable and prop.name not in never_null

    def _sometimes_null(self, prop: RowProperty, make: FieldMaker) -> FieldMaker:
        name = prop.name
        return lambda seed, phase: None if self._is_null_in(seed, name) else make(seed, phase)

    def _is_null_in(self, seed: RowSeed, name: str) -> bool:
        """Return whether a property is null in a row: by turns, so that few rows of each status show null and set."""
        if self._adversary is not None and _adversarial_kind(seed) == _ALL_NULL:
            return True
        if seed.index is None:
            return SeededRandom(f"{seed.stream}/{name}?").randbelow(_NULL_EVERY) == 0
        turn, place = divmod(seed.index, len(self.status_members))
        group, position = divmod(turn, _NULL_EVERY)
        return SeededRandom(f"{self.stream}/{name}?/{group}/{place}").randbelow(_NULL_EVERY) == position

    def _stated_properties(self) -> set[str]:
        """Return the properties whose value a statement decides."""
        behavior = self._behavior
        stated = {rule.field for rule in behavior.constant} | {rule.field for rule in behavior.true_only_when}
        return stated | self._derived_fields.totals | ({behavior.status.field} if behavior.status else set())

    # --------------------------------------------------------------------------------------- adversarial data

    def _adversary_for(self, prop: RowProperty) -> "AdversarialGenerator | None":
        """Return the adversarial generator for a property that nothing but its schema restricts, else None."""
        restricted = self._stated_properties() | {*self.indexed_fields.all_fields}
        has_shape = "shape" in prop.schema.get("x-specduet", {})
        return None if prop.name in restricted or prop.time_format or has_shape else self._adversary

    def _sometimes_absent(self, make: FieldMaker) -> FieldMaker:
        return lambda seed, phase: ABSENT if _adversarial_kind(seed) == _OPTIONAL_ABSENT else make(seed, phase)

    def _make_extra_properties(self) -> list[dict[str, Any]]:
        closed = self.resource.schema.get("additionalProperties", True) not in (True, {})
        closed = closed or "unevaluatedProperties" in self.resource.schema
        return [] if self._adversary is None or closed else self._adversary.make_extra_properties([*self.properties])

    # ------------------------------------------------------------------------------------- statuses and times

    @property
    def status_members(self) -> Sequence[str]:
        """The statuses of seeded rows; a single empty one where the resource has no status."""
        status = self._behavior.status
        if status is None:
            return ("",)
        members = self.properties[status.field].resolved.get("enum")
        return members or sorted({status.initial, *status.transitions, *status.terminal})

    def _build_time(self, prop: RowProperty) -> FieldMaker:
        """Return the maker of a time that no status decides: creation, a deadline, or the latest change."""
        name = prop.name
        ranks = [timeline.fields.index(name) for timeline in self._behavior.timeline if name in timeline.fields]
        rank = max(ranks, default=0)
        time_at: Callable[[RowSeed, int], Micros] = _created_at
        if any(word in name.lower() for word in _DEADLINE_WORDS):
            time_at = partial(self._deadline_of, name, rank)
        elif rank or (not ranks and any(word in name.lower() for word in _CHANGE_WORDS)):
            time_at = RowSeed.time_at
        is_always_set = not self._may_be_null(prop) and merge_set_when(self._behavior.set_when, name) is None
        if prop.time_format == "text" and is_always_set:
            self._times[name] = time_at
        return lambda seed, phase: format_time(prop.time_format, time_at(seed, phase))

    def _deadline_of(self, name: str, rank: int, seed: RowSeed, _phase: int) -> Micros:
        return seed.created_at + rank * DAY + SeededRandom(f"{seed.stream}/{name}").randbelow(12) * HOUR

    def changes_with_status(self, name: str) -> bool:
        """Return whether a field depends on the phase of its row."""
        behavior = self._behavior
        stated = {rule.field for rule in behavior.set_when} | {rule.field for rule in behavior.true_only_when}
        late = {field for timeline in behavior.timeline for field in timeline.fields[1:]}
        return name in stated | late or (behavior.status is not None and name == behavior.status.field)

    @property
    def is_sorted_by_change(self) -> bool:
        """True where lists are sorted by the time of the latest change, and not by that of creation."""
        late = {field for timeline in self._behavior.timeline for field in timeline.fields[1:]}
        return not late.isdisjoint(self.indexed_fields.sort_fields)


def round_robin(stream: str, members: Sequence[Any], index: int) -> Any:
    """Return the member for a seeded row: each member once in every ``len(members)`` rows, in shuffled order."""
    turn, place = divmod(index, len(members))
    return members[_shuffled_order(f"{stream}/{turn}", len(members))[place]]


@lru_cache(maxsize=64)
def _shuffled_order(stream: str, count: int) -> list[int]:
    return SeededRandom(stream).shuffled_copy(range(count))


def _adversarial_kind(seed: RowSeed) -> int:
    """Return the kind of an adversarial row, by turns; five of eight have odd values and nothing else special."""
    turn = SeededRandom(f"{seed.stream}/part").randbelow(_ADVERSARIAL_KINDS) if seed.index is None else seed.index
    return turn % _ADVERSARIAL_KINDS


def _created_at(seed: RowSeed, _phase: int) -> Micros:
    return seed.created_at


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
