"""The fields of a resource's rows, each a function of the row's seed and of its phase.

A field can be made without the others, so that a hundred thousand rows can be sorted and found before one of them is
made as a whole.
"""

from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from specduet.mocks.clock import Micros, format_time
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker
from specduet.mocks.generation.values import CannotGenerate, ValueGenerator
from specduet.mocks.world.derived_fields import ABSENT, DerivedFields, get_path, tells_change
from specduet.mocks.world.field_makers import (
    TURN_COUNT,
    FieldMaker,
    FieldMakers,
    has_extra_properties,
    name_created_row,
)
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX, IndexedFields
from specduet.mocks.world.lifecycle import RowSeed
from specduet.mocks.world.property_values import PropertyValues
from specduet.mocks.world.related_rows import RelatedRows
from specduet.mocks.world.row_templates import RowTemplate
from specduet.mocks.world.self_links import build_link_changes
from specduet.specs import Api, Resource

if TYPE_CHECKING:  # hypothesis is imported only for adversarial data
    from specduet.mocks.generation.adversarial import AdversarialGenerator

_TRIES = 8


class RowFactory:
    """Makes the fields, rows and index keys of one resource from row seeds."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        indexed_fields: IndexedFields,
        stream: str,
        *,
        values: PropertyValues,
        is_composed: bool,
        related_rows: RelatedRows,
        generator: ValueGenerator,
        adversary: "AdversarialGenerator | None" = None,
    ) -> None:
        self.stream = stream
        """Name of the random stream of choices that concern all rows: ``7/shop/order``."""
        self.resource = resource
        self.indexed_fields = indexed_fields
        self._generator = generator
        self._behavior = resource.behavior
        self._is_composed = is_composed
        self._has_own_values = adversary is not None
        self._values = values
        links = build_link_changes(api, resource, self._find_key)
        self._derived_fields = DerivedFields(api, resource, generator, links)
        self._makers = FieldMakers(
            resource.behavior,
            values,
            indexed_fields,
            related_rows,
            stream,
            totals=self._derived_fields.totals,
            adversary=adversary,
        )
        self.status_members = self._makers.status_members
        """The statuses of seeded rows; a single empty one where the resource has no status."""
        self._decided = self._makers.find_decided_properties()
        """Properties that statements decide, so that a row that was made as a whole gets them anew."""
        self._whole_maker: ValueMaker | None = None
        self._whole_rows: dict[tuple[int, str], dict[str, Any] | None] = {}
        """Rows that were made as a whole, for created rows to take turns with."""
        self._templates: dict[int, dict[str, Any] | None] = {}
        """For each turn, the values that created rows share; None where they have to be made one by one."""
        shared = self._makers.shared_names
        self._own_makers = [(name, make) for name, make in self._makers.by_name.items() if name not in shared]
        """Makers of the fields that each created row has for itself."""
        self._extras = self._makers.make_extra_properties()
        identity, makers = indexed_fields.identity_field, self._makers
        self.identity_maker = (
            makers.by_name.get(identity) or makers.hidden.get(identity) or partial(self.make_field, identity)
        )
        self._validator = api.response_schemas.validator_at(resource.pointer)

    def choose_turn(self, number: int) -> int | None:
        """Return the turn of a created row, None where each has values of its own."""
        return None if self._has_own_values else number % TURN_COUNT

    # ----------------------------------------------------------------------------------------- rows and fields

    def make_row(self, seed: RowSeed, phase: int) -> dict[str, Any]:
        """Return the whole row. Raises ``CannotGenerate`` where no combination of its fields is valid.

        Where the values that a request decided fit no row, those that the row need not have are left out.
        """
        for attempt in range(_TRIES):
            salted = seed.with_salt(f"~{attempt}") if attempt else seed
            is_bare = self._is_composed and attempt % 2 == 1
            as_whole = self._is_composed or attempt >= _TRIES // 2
            row = self._make_bare(salted, phase) if is_bare else self._make_candidate(salted, phase, as_whole=as_whole)
            if row is not None and self._validator.is_valid(row):
                return row
        needed = {n: v for n, v in seed.fixed_values.items() if n in self._decided}
        if len(needed) < len(seed.fixed_values):
            return self.make_row(replace(seed, fixed_values=needed, _path=None), phase)
        raise CannotGenerate(self.resource.pointer)

    def _make_candidate(self, seed: RowSeed, phase: int, *, as_whole: bool) -> dict[str, Any] | None:
        """Return a row that may be valid: made property by property, or ``as_whole`` and then changed where decided."""
        template = None if as_whole or seed.turn is None or seed.salt else self._find_template(seed)
        if template is not None:
            row = self._fill_template(template, seed, phase)
            self._derived_fields.apply_to(row, seed, phase)
            return row
        if as_whole:
            whole = self._make_whole(seed)
            if whole is None:
                return None
            row = whole
            names = [n for n in self._makers.by_name if n in seed.fixed_values or n in self._decided]
            for name in names:
                value = self._makers.by_name[name](seed, phase)
                if value is ABSENT:
                    row.pop(name, None)
                elif name in row or name in seed.fixed_values or name in self.indexed_fields.unique_fields:
                    row[name] = value
        else:
            row = {n: value for n, make in self._makers.by_name.items() if (value := make(seed, phase)) is not ABSENT}
        if self._extras and has_extra_properties(seed):
            row = {**SeededRandom(f"{seed.stream}/extras").pick(self._extras), **row}
        if seed.fixed_values:
            described = self._values.properties
            row |= {n: v for n, v in seed.fixed_values.items() if n not in described and _is_shown(n, v)}
        self._derived_fields.apply_to(row, seed, phase)
        return row

    def _find_template(self, seed: RowSeed) -> dict[str, Any] | None:
        """Return every property in order, with the values that created rows of one turn share, and no others.

        None where they have to be made one by one.
        """
        if seed.turn is None:
            return None
        if seed.turn not in self._templates:
            bare, shared = replace(seed, fixed_values={}), self._makers.shared_names
            try:
                template = {n: make(bare, 0) if n in shared else ABSENT for n, make in self._makers.by_name.items()}
            except CannotGenerate:  # which does not matter where a request decides that property
                template = None
            self._templates[seed.turn] = template
        return self._templates[seed.turn]

    def _fill_template(self, template: dict[str, Any], seed: RowSeed, phase: int) -> dict[str, Any]:
        row: dict[str, Any] = {**template, **seed.fixed_values}
        for name, make in self._own_makers:
            row[name] = make(seed, phase)
        for name in [n for n, value in row.items() if value is ABSENT or n[:1] == HIDDEN_PREFIX]:
            if name not in template or row[name] is ABSENT:
                del row[name]
        return row

    def build_template(self, row: Mapping[str, Any], decided: Collection[str]) -> RowTemplate | None:
        """Return the template of new rows like one of them; None where more than ids and times makes them differ.

        ``decided`` are the fields that the request decides.
        """
        known_times = self._makers.creation_times
        own = {name: prop for name, prop in self._values.properties.items() if name in row and name not in decided}
        ids = {name: self._makers.by_name[name] for name in own if name in self.indexed_fields.unique_fields}
        times = {name: prop.time_format for name, prop in own.items() if prop.time_format and name not in ids}
        is_alike = times.items() <= known_times.items() and len({*times.values()}) <= 1
        if self._has_own_values or self._derived_fields.changed_properties or not is_alike:
            return None
        return RowTemplate(row, ids, times)

    def _make_bare(self, seed: RowSeed, phase: int) -> dict[str, Any]:
        """Return the values that a request decided and those that statements decide, and nothing else."""
        names = [name for name in self._makers.by_name if name in seed.fixed_values or name in self._decided]
        made = {name: self._makers.by_name[name](seed, phase) for name in names}
        return {name: value for name, value in {**seed.fixed_values, **made}.items() if _is_shown(name, value)}

    def _make_whole(self, seed: RowSeed) -> dict[str, Any] | None:
        """Return any valid row, or None where there is none that is an object; created rows take turns with them."""
        if seed.turn is None:
            return self._generate_whole(seed)
        key = (seed.turn, seed.salt)
        if key not in self._whole_rows:
            self._whole_rows[key] = self._generate_whole(replace(seed, stream=name_created_row(self.stream, seed.turn)))
        row = self._whole_rows[key]
        return None if row is None else {**row}

    def _generate_whole(self, seed: RowSeed) -> dict[str, Any] | None:
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
        if path in self._makers.by_name and not self._depends_on_row(path, seed):
            return self._makers.by_name[path](seed, phase)
        if path in self._makers.hidden:
            return self._makers.hidden[path](seed, phase)
        name, *inner = path.split(".")
        if name not in self._makers.by_name:
            return ABSENT
        if self._depends_on_row(name, seed):
            value = self.make_row(seed, phase).get(name, ABSENT)
        else:
            value = self._makers.by_name[name](seed, phase)
        return get_path(value, inner)

    def _find_key(self, field: str, row: Mapping[str, Any], seed: RowSeed) -> Any:
        """Return the value of an indexed field of a finished row, also of one that it does not show."""
        if field in seed.fixed_values:
            value = seed.fixed_values[field]
        elif field in self._makers.hidden:
            value = self._makers.hidden[field](seed, 0)
        else:
            value = get_path(row, field.split("."))
        return None if value is ABSENT else value

    def _depends_on_row(self, name: str, seed: RowSeed | None) -> bool:
        """Return whether a property cannot be made without the others."""
        if name in self._derived_fields.changed_properties:
            return True
        is_decided = name in self._decided or (seed is not None and name in seed.fixed_values)
        return self._is_composed and not is_decided

    def is_independent(self, name: str) -> bool:
        """Return whether a property depends neither on a time nor on other properties."""
        return not self._values.properties[name].time_format and not self._depends_on_row(name, None)

    def field_maker(self, name: str) -> FieldMaker:
        """Return the maker of one property: ``make_field`` without the search for it each time."""
        return partial(self.make_field, name) if self._depends_on_row(name, None) else self._makers.by_name[name]

    @property
    def status_fields(self) -> set[str]:
        """Properties that a change of status sets."""
        return {rule.field for rule in self._behavior.set_when}

    @property
    def timed_fields(self) -> set[str]:
        """Properties with times that statements order or that a change of status decides."""
        ordered = {name for timeline in self._behavior.timeline for name in timeline.fields}
        return ordered | self.status_fields

    def forget_references(self) -> None:
        """Choose anew among the rows of other resources, which may be others than before."""
        self._makers.forget_references()

    def is_decided(self, name: str) -> bool:
        """Return whether a statement decides a property, so that a request which leaves it out changes nothing."""
        return name in self._decided and all(name != reference.field for reference in self._behavior.references)

    # --------------------------------------------------------------------------------------------- index keys

    def index_key_maker(self, path: str) -> FieldMaker:
        """Return the maker of one field's index key, without formatting a time only to parse it again."""
        if path in self._makers.times:
            time_at = self._makers.times[path]
            return lambda seed, phase: (
                self._values.index_key(path, seed.fixed_values[path])
                if path in seed.fixed_values
                else time_at(seed, phase)
            )
        prop = self._values.properties.get(path)
        if prop is None or self._depends_on_row(path, None):
            return lambda seed, phase: self._values.index_key(path, self.make_field(path, seed, phase))
        make, is_plain = self._makers.by_name[path], not (prop.is_uuid or prop.time_format)

        def make_index_key(seed: RowSeed, phase: int) -> Any:
            value = make(seed, phase)
            return value if is_plain and type(value) is str else self._values.index_key(path, value)

        return make_index_key

    # ------------------------------------------------------------------------------------- statuses and times

    def make_change_times(self, now: Micros) -> dict[str, Any]:
        """Return the properties that hold the time of the latest change, at a time at which a request changes a row."""
        by_status = {rule.field for rule in self._behavior.set_when}
        return {
            name: format_time(prop.time_format, now)
            for name, prop in self._values.properties.items()
            if prop.time_format and name not in by_status and tells_change(name)
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


def _is_shown(name: str, value: Any) -> bool:
    return value is not ABSENT and not name.startswith(HIDDEN_PREFIX)
