"""The fields of a resource's rows, each a function of the row's seed and of its phase.

A field can be made without the others, so that a hundred thousand rows can be sorted and found before one of them is
made as a whole.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from specduet.mocks.clock import DAY, HOUR, SECOND, Micros, format_time, to_micros
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker, random_uuid
from specduet.mocks.generation.values import CannotGenerate, ValueGenerator
from specduet.mocks.world.derived_fields import ABSENT, DerivedFields, get_path
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX, IndexedFields
from specduet.mocks.world.lifecycle import RowSeed, merge_set_when, phase_set_since
from specduet.mocks.world.related_rows import RelatedRows
from specduet.mocks.world.row_properties import RowProperty, RowShape
from specduet.specs import Api, Resource
from specduet.specs.behavior import SetWhen

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator

FieldMaker = Callable[[RowSeed, int], Any]
"""A function that makes one field of a row from its seed and its phase; ``ABSENT`` where the row has none."""

_UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_TRIES = 8
_NULL_EVERY = 4  # one of so many neighbouring rows is null
_ADVERSARIAL_KINDS = 8  # one of so many neighbouring adversarial rows is of each of these kinds; the others of none:
_ALL_NULL, _OPTIONAL_ABSENT, _EXTRA_PROPERTIES = 3, 5, 6
_REFERENCE_COUNT = 6  # different values of a field that refers to something else, such as ``workflow_id``
_DEADLINE_WORDS = ("expire", "deadline", "due", "until", "valid_to", "next")
_CHANGE_WORDS = ("updat", "modif", "chang", "last", "latest")


class RowFactory:
    """Makes the fields, rows and index keys of one resource from row seeds."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        indexed_fields: IndexedFields,
        stream: str,
        *,
        shape: RowShape,
        related_rows: RelatedRows,
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
        self._shape = shape
        self._related_rows = related_rows
        self.properties = self._shape.properties
        self._derived_fields = DerivedFields(api, resource, generator)
        self._times: dict[str, Callable[[RowSeed, int], Micros]] = {}
        """Of properties whose time is never null: the same time before it is formatted."""
        self._makers = {name: self._build_property(prop) for name, prop in self.properties.items()}
        self._hidden_makers = self._build_hidden_identity()
        """Makers of fields that rows do not show, by their name with its prefix."""
        self._decided = self._find_decided_properties()
        """Properties that statements decide, so that a row that was made as a whole gets them anew."""
        self._whole_maker: ValueMaker | None = None
        self._extras = self._make_extra_properties()
        self._validator = api.response_schemas.validator_at(resource.pointer)

    # ----------------------------------------------------------------------------------------- rows and fields

    def make_row(self, seed: RowSeed, phase: int) -> dict[str, Any]:
        """Return the whole row. Raises ``CannotGenerate`` where no combination of its fields is valid.

        Where the values that a request decided fit no row, those that the row need not have are left out.
        """
        for attempt in range(_TRIES):
            salted = seed.with_salt(f"~{attempt}") if attempt else seed
            row = self._make_candidate(salted, phase, as_whole=self._shape.is_composed or attempt >= _TRIES // 2)
            if row is not None and self._validator.is_valid(row):
                return row
        needed = {n: v for n, v in seed.fixed_values.items() if n in self._decided}
        if len(needed) < len(seed.fixed_values):
            return self.make_row(replace(seed, fixed_values=needed, _path=None), phase)
        raise CannotGenerate(self.resource.pointer)

    def _make_candidate(self, seed: RowSeed, phase: int, *, as_whole: bool) -> dict[str, Any] | None:
        """Return a row that may be valid: made property by property, or ``as_whole`` and then changed where decided."""
        if as_whole:
            row = self._make_whole(seed)
            if row is None:
                return None
            names = [n for n in self._makers if n in seed.fixed_values or n in self._decided]
            for name in names:
                value = self._makers[name](seed, phase)
                if value is ABSENT:
                    row.pop(name, None)
                elif name in row or name in seed.fixed_values or name in self.indexed_fields.unique_fields:
                    row[name] = value
        else:
            row = {n: value for n, make in self._makers.items() if (value := make(seed, phase)) is not ABSENT}
        if self._extras and _adversarial_kind(seed) == _EXTRA_PROPERTIES:
            row = {**SeededRandom(f"{seed.stream}/extras").pick(self._extras), **row}
        self._derived_fields.apply_to(row, seed, phase)
        return row

    def _make_whole(self, seed: RowSeed) -> dict[str, Any] | None:
        """Return any valid row, or None where there is none that is an object."""
        if self._whole_maker is None:
            self._whole_maker = self._generator.build_valid_maker(
                self.resource.schema, self.resource.pointer, null=False
            )
        try:
            row = self._whole_maker(SeededRandom(f"{seed.stream}/whole{seed.salt}"))
        except CannotGenerate:
            return None
        return dict(row) if isinstance(row, Mapping) else None

    def make_field(self, path: str, seed: RowSeed, phase: int) -> Any:
        """Return one field, at a dotted path; ``ABSENT`` where the row has none."""
        if path in self._makers and not self._depends_on_row(path, seed):
            return self._makers[path](seed, phase)
        if path in self._hidden_makers:
            return self._hidden_makers[path](seed, phase)
        name, *inner = path.split(".")
        if name not in self._makers:
            return ABSENT
        if self._depends_on_row(name, seed):
            value = self.make_row(seed, phase).get(name, ABSENT)
        else:
            value = self._makers[name](seed, phase)
        return get_path(value, inner)

    def _depends_on_row(self, name: str, seed: RowSeed | None) -> bool:
        """Return whether a property cannot be made without the others."""
        if name in self._derived_fields.changed_properties:
            return True
        is_decided = name in self._decided or (seed is not None and name in seed.fixed_values)
        return self._shape.is_composed and not is_decided

    def is_independent(self, name: str) -> bool:
        """Return whether a property depends neither on a time nor on other properties."""
        return not self.properties[name].time_format and not self._depends_on_row(name, None)

    def field_maker(self, name: str) -> FieldMaker:
        """Return the maker of one property: ``make_field`` without the search for it each time."""
        return partial(self.make_field, name) if self._depends_on_row(name, None) else self._makers[name]

    def distinct_values(self, name: str, count: int) -> list[Any]:
        """Return different values of a property, fewer than ``count`` where its schema has no more."""
        prop = self.properties[name]
        make = self._build_valid_maker(prop)
        by_key: dict[Any, Any] = {}
        for index in range(4 * count):
            value = make(SeededRandom(f"{self.stream}/{name}/{index}"))
            by_key.setdefault(self.index_key(name, value), value)
            if len(by_key) == count:
                break
        return list(by_key.values())

    @property
    def timed_fields(self) -> set[str]:
        """Properties with times that statements order or that a change of status decides."""
        ordered = {name for timeline in self._behavior.timeline for name in timeline.fields}
        return {*ordered, *(rule.field for rule in self._behavior.set_when)}

    @property
    def is_closed(self) -> bool:
        """True if rows have no properties but those that their schema describes."""
        return self._shape.is_closed

    def is_decided(self, name: str) -> bool:
        """Return whether a statement decides a property, so that a request which leaves it out changes nothing."""
        return name in self._decided and all(name != reference.field for reference in self._behavior.references)

    def is_allowed(self, name: str) -> Callable[[Any], bool]:
        """Return a function that tells whether the row's schema allows a value, or null, for a property."""
        prop = self.properties[name]
        checks = [self._schemas.validator_at(str(pointer)).is_valid for _, pointer in prop.parts]
        if len(checks) == 1:
            is_valid = checks[0]
            return lambda value: prop.nullable if value is None else is_valid(value)
        return lambda value: prop.nullable if value is None else all(check(value) for check in checks)

    def fit_value(self, path: str, value: Any) -> Any:
        """Return a value in the type of a property, as paths and queries have no types; ``ABSENT`` if there is none."""
        if not isinstance(value, str | int | float):
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

    def is_plain_key(self, path: str) -> bool:
        """Return whether the index key of a property is its value."""
        prop = self.properties.get(path)
        return prop is not None and not prop.is_uuid and not prop.time_format

    def index_key_maker(self, path: str) -> FieldMaker:
        """Return the maker of one field's index key, without formatting a time only to parse it again."""
        if path in self._times:
            time_at = self._times[path]
            return lambda seed, phase: (
                self.index_key(path, seed.fixed_values[path]) if path in seed.fixed_values else time_at(seed, phase)
            )
        prop = self.properties.get(path)
        if prop is None or self._depends_on_row(path, None):
            return lambda seed, phase: self.index_key(path, self.make_field(path, seed, phase))
        make, is_plain = self._makers[path], not (prop.is_uuid or prop.time_format)

        def make_index_key(seed: RowSeed, phase: int) -> Any:
            value = make(seed, phase)
            return value if is_plain and type(value) is str else self.index_key(path, value)

        return make_index_key

    # --------------------------------------------------------------------------------- compiling a property

    def _build_hidden_identity(self) -> dict[str, FieldMaker]:
        identity = self.indexed_fields.hidden_identity
        if identity is None:
            return {}
        key = HIDDEN_PREFIX + identity.field
        if identity.schema.get("type") == "integer":
            first = max(int(identity.schema.get("minimum", 1)), 1)
            return {key: lambda seed, _phase: seed.fixed_values.get(key, first + seed.number)}
        make = (
            self._generator.build_valid_maker(identity.schema, identity.pointer, identity.field, null=False)
            if identity.pointer
            else random_uuid
        )
        return {
            key: lambda seed, _phase: (
                seed.fixed_values[key] if key in seed.fixed_values else make(SeededRandom(f"{seed.stream}/{key}"))
            )
        }

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
        return self._build_picked(prop)

    def _build_picked(self, prop: RowProperty) -> FieldMaker:
        """Return the maker of an owner, of the identity of another row, or of any value that the schema allows."""
        if prop.name == self.indexed_fields.owner_field and self.indexed_fields.owner_values:
            return self._build_pick(prop.name, self.indexed_fields.owner_values)
        for reference in self._behavior.references:
            if reference.field == prop.name:
                return self._build_reference(prop, reference.resource)
        return self._build_generated(prop)

    def _build_generated(self, prop: RowProperty) -> FieldMaker:
        name = prop.name
        if name not in self.indexed_fields.unique_fields:
            if prop.resolved.get("enum"):
                return self._build_round_robin(prop)
            is_reference = name in self.indexed_fields.filter_fields or name.endswith("_id")
            if is_reference and not prop.resolved.get("examples"):
                # Few values, so that a filter on the field finds several rows.
                return self._build_pick(name, self.distinct_values(name, _REFERENCE_COUNT))
        elif prop.resolved.get("type") in {"integer", "number"}:
            return self._build_counter(prop)
        adversary = self._adversary_for(prop)
        make: ValueMaker = (
            self._build_value_maker(prop)
            if adversary is None
            else adversary.build_valid_maker(prop.schema, prop.pointer, name, null=False)
        )
        if name in self.indexed_fields.all_fields:
            # Not salted: an index key has to stay the same when the row is made anew.
            return lambda seed, _phase: make(SeededRandom(f"{seed.stream}/{name}"))
        return lambda seed, _phase: make(SeededRandom(f"{seed.stream}/{name}{seed.salt}"))

    def _build_reference(self, prop: RowProperty, resource: str) -> FieldMaker:
        """Return the maker of the identity of a row of another resource, or of a list of some."""
        generate = self._build_generated(prop)
        choices: list[Any] = []
        is_allowed = self.is_allowed(prop.name)
        is_list = "items" in prop.resolved

        def make_reference(seed: RowSeed, phase: int) -> Any:
            if not choices:
                identities = self._related_rows.list_identities(resource)[:_REFERENCE_COUNT]
                choices.extend(v for v in ([i] if is_list else i for i in identities) if is_allowed(v))
            return SeededRandom(f"{seed.stream}/{prop.name}").pick(choices) if choices else generate(seed, phase)

        return make_reference

    def _build_value_maker(self, prop: RowProperty) -> ValueMaker:
        if len(prop.parts) > 1:
            return self._generator.build_parts(prop.parts, prop.name)
        return self._generator.build_maker(prop.schema, prop.pointer, prop.name, null=False)

    def _build_valid_maker(self, prop: RowProperty) -> ValueMaker:
        if len(prop.parts) > 1:
            return self._generator.build_parts(prop.parts, prop.name)
        return self._generator.build_valid_maker(prop.schema, prop.pointer, prop.name, null=False)

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

    def _find_decided_properties(self) -> set[str]:
        behavior, indexed = self._behavior, self.indexed_fields
        times = {name for timeline in behavior.timeline for name in timeline.fields}
        by_status = {rule.field for rule in behavior.set_when}
        found = {*self._stated_properties(), *times, *by_status, *indexed.unique_fields, *indexed.sort_fields}
        found |= {*indexed.scope_fields} | {reference.field for reference in behavior.references}
        return found | {name for name, _ in indexed.parent_fields} | {indexed.owner_field or ""}

    def _stated_properties(self) -> set[str]:
        """Return the properties whose value a statement decides."""
        behavior = self._behavior
        stated = {rule.field for rule in behavior.constant} | {rule.field for rule in behavior.true_only_when}
        return stated | self._derived_fields.totals | ({behavior.status.field} if behavior.status else set())

    # --------------------------------------------------------------------------------------- adversarial data

    def _adversary_for(self, prop: RowProperty) -> "AdversarialGenerator | None":
        """Return the adversarial generator for a property that nothing but its schema restricts, else None."""
        restricted = self._stated_properties() | {*self.indexed_fields.all_fields}
        has_shape = isinstance(prop.schema, Mapping) and "shape" in prop.schema.get("x-specduet", {})
        return None if prop.name in restricted or prop.time_format or has_shape else self._adversary

    def _sometimes_absent(self, make: FieldMaker) -> FieldMaker:
        return lambda seed, phase: ABSENT if _adversarial_kind(seed) == _OPTIONAL_ABSENT else make(seed, phase)

    def _make_extra_properties(self) -> list[dict[str, Any]]:
        if self._adversary is None or self._shape.is_closed:
            return []
        return self._adversary.make_extra_properties([*self.properties])

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

    def make_change_times(self, now: Micros) -> dict[str, Any]:
        """Return the properties that hold the time of the latest change, at a time at which a request changes a row."""
        by_status = {rule.field for rule in self._behavior.set_when}
        return {
            name: format_time(prop.time_format, now)
            for name, prop in self.properties.items()
            if prop.time_format and name not in by_status and any(word in name.lower() for word in _CHANGE_WORDS)
        }

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
