"""Statements that reach across a row: about fields inside its objects, and about totals.

A statement about a property of the row itself decides how that property is made (row_factory.py). A field further
inside belongs to an object that the generator has made as a whole, so the finished row is changed there, and nowhere
else.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import msgspec

from specduet.mocks.clock import TimeFormat, detect_time_format, format_time
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.world.lifecycle import RowSeed, merge_set_when, phase_set_since
from specduet.specs import Api, Resource
from specduet.specs.schemas import Field

_CHANGE_WORDS = ("updat", "modif", "chang", "edit", "last", "latest")
ABSENT = msgspec.UNSET
"""The value of a field that a row does not have."""

JsonRow = dict[str, Any]
RowChange = Callable[[JsonRow, RowSeed, int], None]
"""A function that changes a row in place, given its seed and its phase."""


class DerivedFields:
    """The last changes to the rows of a resource, in the order of their statements."""

    def __init__(
        self, api: Api, resource: Resource, generator: ValueGenerator, links: Iterable[tuple[str, RowChange]] = ()
    ) -> None:
        """``links`` are further changes, by the dotted path of the field that each sets."""
        self._behavior = resource.behavior
        self._generator = generator
        self._schemas = api.response_schemas
        self._resource = resource
        nested = [*self._iter_nested_changes(), *links]
        self.totals = {total.field.partition(".")[0] for total in self._behavior.sum}
        """Properties of the row that hold a sum, by themselves or somewhere inside."""
        self.changed_properties = self.totals | {path.partition(".")[0] for path, _ in nested}
        """Properties of the row that a change may touch: they cannot be made without the others."""
        self._changes = [change for _, change in nested]
        self._changes += [_sum_change(total.field, total.of) for total in self._behavior.sum]

    @cached_property
    def _fields(self) -> dict[str, Field]:
        """Every field of the rows, by its dotted path."""
        fields = self._schemas.walk_fields(self._resource.schema, self._resource.pointer)
        return {".".join(field.path): field for field in fields}

    def apply_to(self, row: JsonRow, seed: RowSeed, phase: int) -> None:
        """Change a row, in a phase, so that the statements hold. Objects that rows share are copied first."""
        for change in self._changes:
            change(row, seed, phase)

    def _iter_nested_changes(self) -> Iterator[tuple[str, RowChange]]:
        """Yield the dotted path of each field inside an object that a statement is about, and the change to it."""
        behavior = self._behavior
        by_status = dict.fromkeys(rule.field for rule in behavior.set_when if "." in rule.field)
        for name in by_status:
            yield name, self._set_by_status(name)
        for constant in behavior.constant:
            if "." in constant.field:
                yield constant.field, _overwrite(constant.field, partial(_constant_value, constant.value))
        for rule in behavior.true_only_when:
            if "." in rule.field:
                yield rule.field, _overwrite(rule.field, partial(_has_status, rule.status))
        for timeline in behavior.timeline:
            for rank, name in enumerate(timeline.fields):
                if "." in name and name not in by_status:
                    yield name, _overwrite(name, partial(_timeline_value, self._time_format(name), name, rank))

    def _set_by_status(self, name: str) -> RowChange:
        """Return the change that sets a field, or takes its value away, as ``set-when`` demands.

        Where the row lacks an object on the way to the field, one is made.
        """
        path, rule = name.split("."), merge_set_when(self._behavior.set_when, name)
        assert rule is not None
        field = self._fields[name]
        unset_value = None if field.nullable else ABSENT
        holder_paths = [path[:depth] for depth in range(1, len(path))]
        holders = [(holder, self._build_maker(".".join(holder))) for holder in holder_paths]
        make, time_format = self._build_maker(name), self._time_format(name)

        def change(row: JsonRow, seed: RowSeed, phase: int) -> None:
            since = phase_set_since(rule, seed.statuses_until(phase))
            if since is None:
                if field.nullable or not field.required:
                    set_path(row, path, unset_value)
                return
            for holder, make_holder in holders:
                if not isinstance(get_path(row, holder), Mapping):
                    set_path(row, holder, make_holder(_field_rng(seed, ".".join(holder))))
            if time_format:
                set_path(row, path, format_time(time_format, seed.time_at(since)))
            elif get_path(row, path) in (None, ABSENT):
                set_path(row, path, make(_field_rng(seed, name)))

        return change

    def _build_maker(self, name: str) -> ValueMaker:
        field = self._fields[name]
        schema = self._schemas.node_at(field.pointer)
        return self._generator.build_valid_maker(schema, field.pointer, field.path[-1], null=False)

    def _time_format(self, name: str) -> TimeFormat:
        field: Field = self._fields[name]
        is_timestamp = any(name in timeline.fields for timeline in self._behavior.timeline)
        return detect_time_format(field.resolved, None, is_timestamp=is_timestamp)


def _overwrite(name: str, value_at: Callable[[RowSeed, int], Any]) -> RowChange:
    """Return the change that gives the field its value wherever the row has one."""
    path = name.split(".")

    def change(row: JsonRow, seed: RowSeed, phase: int) -> None:
        if get_path(row, path) not in (None, ABSENT):
            set_path(row, path, value_at(seed, phase))

    return change


def _constant_value(value: Any, _seed: RowSeed, _phase: int) -> Any:
    return value


def _has_status(statuses: Sequence[str], seed: RowSeed, phase: int) -> bool:
    return seed.status_at(phase) in statuses


def _timeline_value(time_format: TimeFormat, name: str, rank: int, seed: RowSeed, phase: int) -> str | int | float:
    """Return the creation time for the first field of a timeline, the time of the latest change for each later one."""
    if rank and seed.changed_at is not None and tells_change(name):
        return format_time(time_format, max(seed.changed_at, seed.created_at))
    return format_time(time_format, seed.time_at(phase) if rank else seed.created_at)


def tells_change(name: str) -> bool:
    """Return whether a field has the name of the time of the latest change."""
    return any(word in name.lower() for word in _CHANGE_WORDS)


def _field_rng(seed: RowSeed, name: str) -> SeededRandom:
    return SeededRandom(f"{seed.stream}/{name}{seed.salt}")


def _sum_change(field: str, of: Sequence[str]) -> RowChange:
    """Return the change that sets a total, where the row has the total and all of its parts."""
    path, part_paths = field.split("."), [part.split(".") for part in of]

    def change(row: JsonRow, _seed: RowSeed, _phase: int) -> None:
        numbers = [get_path(row, part) for part in part_paths]
        if get_path(row, path) is not ABSENT and all(isinstance(n, int | float) for n in numbers):
            set_path(row, path, sum(numbers))

    return change


# ------------------------------------------------------------------------------------------- paths into a row


def get_path(value: Any, path: Sequence[str]) -> Any:
    """Return the value at a path of property names; ``ABSENT`` where there is none."""
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return ABSENT
        value = value[part]
    return value


def set_path(row: JsonRow, path: Sequence[str], value: Any) -> None:
    """Set the value at a path, or remove it with ``ABSENT``; do nothing where the row has no object there.

    The objects on the way are copied, since rows may share them.
    """
    name, *inner = path
    if inner:
        holder = row.get(name)
        if not isinstance(holder, Mapping):
            return
        row[name] = dict(holder)
        set_path(row[name], inner, value)
    elif value is ABSENT:
        row.pop(name, None)
    else:
        row[name] = value


def put_path(value: JsonRow, path: Sequence[str], inner: Any) -> JsonRow:
    """Put a value at a path, with objects on the way where there are none, and return the whole."""
    holder: Any = value
    for name in path[:-1]:
        if not isinstance(holder.get(name), dict):
            holder[name] = {}
        holder = holder[name]
    holder[path[-1]] = inner
    return value
