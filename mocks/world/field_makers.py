"""Makers of the fields of a resource's rows: each property compiled into a function of a row's seed and phase."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from specduet.mocks.clock import DAY, HOUR, Micros, TimeFormat, format_time
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker, random_uuid
from specduet.mocks.world.derived_fields import ABSENT, tells_change
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX, IndexedFields
from specduet.mocks.world.lifecycle import RowSeed, merge_set_when, phase_set_since
from specduet.mocks.world.property_values import PropertyValues
from specduet.mocks.world.related_rows import RelatedRows
from specduet.mocks.world.row_properties import RowProperty
from specduet.specs import Schema
from specduet.specs.behavior import ResourceBehavior, SetWhen

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator

FieldMaker = Callable[[RowSeed, int], Any]
"""A function that makes one field of a row from its seed and its phase; ``ABSENT`` where the row has none."""

_NULL_EVERY = 4  # one of so many neighbouring rows is null
_ADVERSARIAL_KINDS = 8  # one of so many neighbouring adversarial rows is of each of these kinds; the others of none:
_ALL_NULL, _OPTIONAL_ABSENT, _EXTRA_PROPERTIES = 3, 5, 6
_REFERENCE_COUNT = 6  # different values of a field that refers to something else, such as ``workflow_id``
TURN_COUNT = 64
"""Created rows take turns with so many different values that nothing decides: each is made once."""
_DEADLINE_WORDS = ("expire", "deadline", "due", "until", "valid_to", "next")
_FAR_FROM_EXAMPLES = 100_000
"""Added to ids that are numbers in texts, so that they are none of those that examples have."""


class FieldMakers:
    """Compiles the properties of one resource."""

    def __init__(
        self,
        behavior: ResourceBehavior,
        values: PropertyValues,
        indexed_fields: IndexedFields,
        related_rows: RelatedRows,
        stream: str,
        *,
        totals: set[str],
        adversary: "AdversarialGenerator | None",
    ) -> None:
        """``totals`` are the properties with sums; ``stream`` is that of choices that concern all rows."""
        self._behavior = behavior
        self._values = values
        self._indexed_fields = indexed_fields
        self._related_rows = related_rows
        self._stream = stream
        self._totals = totals
        self._adversary = adversary
        self.times: dict[str, Callable[[RowSeed, int], Micros]] = {}
        """Of properties whose time is never null: the same time before it is formatted."""
        self.creation_times: dict[str, TimeFormat] = {}
        """The forms of properties that hold the time of its creation in a new row."""
        self._chosen: list[list[Any] | dict[Any, Any]] = []
        """Identities of rows of other resources, and those that rows have: empty until they are needed."""
        self.shared_names: set[str] = set()
        """Properties whose values created rows share by turns, as nothing else tells of them."""
        self.by_name = {name: self._build_property(prop) for name, prop in values.properties.items()}
        self.hidden = self._build_hidden_identity()
        """Makers of fields that rows do not show, by their name with its prefix."""

    def forget_references(self) -> None:
        """Choose anew among the rows of other resources, which may be others than before."""
        for choices in self._chosen:
            choices.clear()

    @property
    def status_members(self) -> Sequence[str]:
        """The statuses of seeded rows; a single empty one where the resource has no status."""
        status = self._behavior.status
        if status is None:
            return ("",)
        members = self._values.properties[status.field].resolved.get("enum")
        return members or sorted(status.names)

    def find_decided_properties(self) -> set[str]:
        """Return the properties that statements decide, or by which rows are found."""
        behavior, indexed = self._behavior, self._indexed_fields
        times = {name for timeline in behavior.timeline for name in timeline.fields}
        by_status = {rule.field for rule in behavior.set_when}
        found = {*self._stated_properties(), *times, *by_status, *indexed.unique_fields, *indexed.sort_fields}
        found |= {*indexed.scope_fields} | {reference.field for reference in behavior.references}
        return found | {name for name, _ in indexed.parent_fields} | {indexed.owner_field or ""}

    def _stated_properties(self) -> set[str]:
        """Return the properties whose value a statement decides."""
        behavior = self._behavior
        stated = {rule.field for rule in behavior.constant} | {rule.field for rule in behavior.true_only_when}
        return stated | self._totals | ({behavior.status.field} if behavior.status else set())

    def _build_hidden_identity(self) -> dict[str, FieldMaker]:
        identity = self._indexed_fields.hidden_identity
        if identity is None:
            return {}
        key = HIDDEN_PREFIX + identity.field
        if identity.schema.get("type") == "integer":
            first = max(int(identity.schema.get("minimum", 1)), 1)
            return {key: lambda seed, _phase: seed.fixed_values.get(key, first + seed.number)}
        make = (
            self._values.build_unique_maker(identity.schema, identity.pointer, identity.field)
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
        if rule is None and self._is_free(prop):
            make = self._take_turns(prop.name, make)

        def get_fixed_or_make(seed: RowSeed, phase: int) -> Any:
            return seed.fixed_values[prop.name] if prop.name in seed.fixed_values else make(seed, phase)

        return get_fixed_or_make

    def _is_free(self, prop: RowProperty) -> bool:
        """Return whether nothing but the number of a row decides a property: no status, no time and no identity."""
        by_status = {rule.field for rule in self._behavior.true_only_when}
        by_status |= {self._behavior.status.field} if self._behavior.status else set()
        return not (prop.time_format or prop.name in by_status or prop.name in self._indexed_fields.unique_fields)

    def _take_turns(self, name: str, make: FieldMaker) -> FieldMaker:
        """Return a maker that gives created rows, by turns, values that are made once."""
        made: dict[tuple[int, str], Any] = {}
        if any(reference.field == name for reference in self._behavior.references):
            self._chosen.append(made)
        else:
            self.shared_names.add(name)

        def take_turn(seed: RowSeed, phase: int) -> Any:
            if seed.turn is None:
                return make(seed, phase)
            key = (seed.turn, seed.salt)
            if key not in made:
                made[key] = make(replace(seed, stream=name_created_row(self._stream, seed.turn)), phase)
            return made[key]

        return take_turn

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
        if prop.name == self._indexed_fields.owner_field and self._indexed_fields.owner_values:
            return self._build_pick(prop.name, self._indexed_fields.owner_values)
        for reference in self._behavior.references:
            if reference.field == prop.name:
                return self._build_reference(prop, reference.resource)
        return self._build_generated(prop)

    def _build_generated(self, prop: RowProperty) -> FieldMaker:
        name = prop.name
        if name not in self._indexed_fields.unique_fields:
            if prop.resolved.get("enum"):
                return self._build_round_robin(prop)
            is_reference = name in self._indexed_fields.filter_fields or name.endswith("_id")
            if is_reference and not prop.resolved.get("examples"):
                # Few values, so that a filter on the field finds several rows.
                return self._build_pick(name, self._values.distinct_values(name, _REFERENCE_COUNT))
        else:
            return self._build_unique(prop)
        adversary = self._adversary_for(prop)
        make: ValueMaker = (
            self._values.build_maker(prop)
            if adversary is None
            else adversary.build_valid_maker(prop.schema, prop.pointer, name, null=False)
        )
        if name in self._indexed_fields.all_fields:
            # Not salted: an index key has to stay the same when the row is made anew.
            return lambda seed, _phase: make(SeededRandom(f"{seed.stream}/{name}"))
        return lambda seed, _phase: make(SeededRandom(f"{seed.stream}/{name}{seed.salt}"))

    def _build_reference(self, prop: RowProperty, resource: str) -> FieldMaker:
        """Return the maker of the identity of a row of another resource, or of a list of some."""
        generate = self._build_generated(prop)
        choices: list[Any] = []
        self._chosen.append(choices)
        is_allowed = self._values.is_allowed(prop.name)
        is_list = "items" in prop.resolved

        def make_reference(seed: RowSeed, phase: int) -> Any:
            if not choices:
                identities = self._related_rows.list_identities(resource)[:_REFERENCE_COUNT]
                choices.extend(v for v in ([i] if is_list else i for i in identities) if is_allowed(v))
            return SeededRandom(f"{seed.stream}/{prop.name}").pick(choices) if choices else generate(seed, phase)

        return make_reference

    def _build_pick(self, name: str, choices: Sequence[Any]) -> FieldMaker:
        return lambda seed, _phase: SeededRandom(f"{seed.stream}/{name}").pick(choices)

    def _build_round_robin(self, prop: RowProperty) -> FieldMaker:
        members = [m for m in prop.resolved["enum"] if m is not None] or [None]
        return lambda seed, _phase: (
            SeededRandom(f"{seed.stream}/{prop.name}").pick(members)
            if seed.index is None
            else round_robin(f"{self._stream}/{prop.name}", members, seed.index)
        )

    def _build_counter(self, prop: RowProperty) -> FieldMaker:
        first, _ = self._indexed_fields.find_range(prop.name, prop.resolved)
        return lambda seed, _phase: first + seed.number

    def _build_unique(self, prop: RowProperty) -> FieldMaker:
        """Return the maker of a value that no other row has, and that the paths to rows allow."""
        if _is_number(prop.resolved):
            return self._build_counter(prop)
        schemas = [(schema, at) for field, schema, at in self._indexed_fields.path_schemas if field == prop.name]
        if any(_is_number(schema) for schema, _ in schemas):
            return self._build_number_text(prop)
        make_unique = self._values.choose_unique_maker(prop, schemas)
        return lambda seed, _phase: make_unique(SeededRandom(f"{seed.stream}/{prop.name}"))

    def _build_number_text(self, prop: RowProperty) -> FieldMaker:
        """Return the maker of a value that is a text in rows, and an integer in paths."""
        first, highest = self._indexed_fields.find_range(prop.name, prop.resolved)
        first += 0 if highest is not None else _FAR_FROM_EXAMPLES
        return lambda seed, _phase: str(first + seed.number)

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
        never_null = {*self._indexed_fields.sort_fields, *self._indexed_fields.unique_fields}
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
        return SeededRandom(f"{self._stream}/{name}?/{group}/{place}").randbelow(_NULL_EVERY) == position

    # --------------------------------------------------------------------------------------- adversarial data

    def _adversary_for(self, prop: RowProperty) -> "AdversarialGenerator | None":
        """Return the adversarial generator for a property that nothing but its schema restricts, else None."""
        restricted = self._stated_properties() | {*self._indexed_fields.all_fields}
        has_shape = isinstance(prop.schema, Mapping) and "shape" in prop.schema.get("x-specduet", {})
        return None if prop.name in restricted or prop.time_format or has_shape else self._adversary

    def _sometimes_absent(self, make: FieldMaker) -> FieldMaker:
        return lambda seed, phase: ABSENT if _adversarial_kind(seed) == _OPTIONAL_ABSENT else make(seed, phase)

    def make_extra_properties(self) -> list[dict[str, Any]]:
        """Return objects of properties that no schema describes, to be put into some adversarial rows."""
        if self._adversary is None or self._values.is_closed:
            return []
        return self._adversary.make_extra_properties([*self._values.properties])

    def _build_time(self, prop: RowProperty) -> FieldMaker:
        """Return the maker of a time that no status decides: creation, a deadline, or the latest change."""
        name = prop.name
        ranks = [timeline.fields.index(name) for timeline in self._behavior.timeline if name in timeline.fields]
        rank = max(ranks, default=0)
        time_at: Callable[[RowSeed, int], Micros] = _created_at
        if any(word in name.lower() for word in _DEADLINE_WORDS):
            time_at = partial(self._deadline_of, name, rank)
        elif rank or (not ranks and tells_change(name)):
            time_at = RowSeed.time_at
        is_always_set = not self._may_be_null(prop) and merge_set_when(self._behavior.set_when, name) is None
        if prop.time_format == "text" and is_always_set:
            self.times[name] = time_at
        if is_always_set and time_at in (_created_at, RowSeed.time_at):
            self.creation_times[name] = prop.time_format
        return lambda seed, phase: format_time(prop.time_format, time_at(seed, phase))

    def _deadline_of(self, name: str, rank: int, seed: RowSeed, _phase: int) -> Micros:
        return seed.created_at + rank * DAY + SeededRandom(f"{seed.stream}/{name}").randbelow(12) * HOUR


def name_created_row(stream: str, number: int) -> str:
    """Return the name of the random stream of a created row, by its number among them or by its turn."""
    return f"{stream}/started/{number}"


def round_robin(stream: str, members: Sequence[Any], index: int) -> Any:
    """Return the member for a seeded row: each member once in every ``len(members)`` rows, in shuffled order."""
    turn, place = divmod(index, len(members))
    return members[_shuffled_order(f"{stream}/{turn}", len(members))[place]]


@lru_cache(maxsize=64)
def _shuffled_order(stream: str, count: int) -> list[int]:
    return SeededRandom(stream).shuffled_copy(range(count))


def has_extra_properties(seed: RowSeed) -> bool:
    """Return whether an adversarial row has properties that no schema describes."""
    return _adversarial_kind(seed) == _EXTRA_PROPERTIES


def _adversarial_kind(seed: RowSeed) -> int:
    """Return the kind of an adversarial row, by turns; five of eight have odd values and nothing else special."""
    turn = SeededRandom(f"{seed.stream}/part").randbelow(_ADVERSARIAL_KINDS) if seed.index is None else seed.index
    return turn % _ADVERSARIAL_KINDS


def _created_at(seed: RowSeed, _phase: int) -> Micros:
    return seed.created_at


def _is_number(resolved: Schema) -> bool:
    kind = resolved.get("type")
    return not {"integer", "number"}.isdisjoint(kind if isinstance(kind, list) else [kind])
