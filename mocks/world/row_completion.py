"""Completion of rows that are given in part: what is given stays, and what the schema demands is made up."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from specduet.mocks.clock import MINUTE, Micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import CannotGenerate
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.field_makers import round_robin
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX, IndexedFields
from specduet.mocks.world.lifecycle import FINAL_PHASE, RowSeed, StatusPath
from specduet.mocks.world.property_values import PropertyValues
from specduet.mocks.world.row_factory import RowFactory
from specduet.specs import Api, Resource
from specduet.specs.schemas import escape_pointer

_TRIES = 6
_MAX_MESSAGE = 300  # characters: what a validator says of an object shows it as a whole


class BadRow(Exception):
    """A row that violates its schema in what was given; ``pointer`` leads to the value, and the text says why."""

    def __init__(self, pointer: str, message: str) -> None:
        half = _MAX_MESSAGE // 2
        super().__init__(message if len(message) <= _MAX_MESSAGE else f"{message[:half]} … {message[-half:]}")
        self.pointer = pointer


class RowCompletion:
    """Completes the rows of one resource."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        *,
        row_factory: RowFactory,
        values: PropertyValues,
        indexed_fields: IndexedFields,
        is_composed: bool,
        pick_parents: Callable[[RowSeed, int], Mapping[str, Any]],
        build_path: Callable[[RowSeed], StatusPath],
        status_field: str | None,
        stream: str,
        epoch: Micros,
    ) -> None:
        """``pick_parents`` returns the identities of parents for a row; ``build_path`` the way to its status."""
        self._schemas = api.response_schemas
        self._row_factory = row_factory
        self._values = values
        self._is_composed = is_composed
        self._window = indexed_fields.default_window
        self._pick_parents = pick_parents
        self._build_path = build_path
        self._status_field = status_field
        self._stream = stream
        self._epoch = epoch
        self._validator = self._schemas.validator_at(resource.pointer)

    def make_seed(self, index: int, count: int, given: Mapping[str, Any]) -> RowSeed:
        """Return the seed of a row that is given: the first of ``count`` rows is the newest."""
        step = min(MINUTE, self._window // (2 * count))
        status = given.get(self._status_field) if self._status_field is not None else None
        members = self._row_factory.status_members
        return RowSeed(
            f"{self._stream}/put/{index}",
            count - 1 - index,
            self._build_path,
            created_at=self._epoch - (index + 1) * step,
            index=index,
            status=status if isinstance(status, str) else round_robin(f"{self._stream}/status", members, index),
            fixed_values=given,
        )

    def make_past_seed(self, number: int, shown: Mapping[str, Any], created_at: Micros | None) -> RowSeed:
        """Return the seed of a row that is there as JSON, with the path to the status that it shows."""
        status = shown.get(self._status_field, ABSENT) if self._status_field is not None else ""
        return RowSeed(
            f"{self._stream}/put/{number}",
            number,
            self._build_path,
            created_at=self._epoch if created_at is None else created_at,
            index=0,
            status=str(status),
        )

    def complete(self, given: Mapping[str, Any], hidden: Mapping[str, Any], seed: RowSeed) -> dict[str, Any]:
        """Return the whole row. Raises ``BadRow`` where no row has the given values."""
        given = {name: self._complete_value(name, value, seed) for name, value in given.items()}
        seed.fixed_values = {**given, **hidden}
        parents = {n: v for n, v in self._pick_parents(seed, FINAL_PHASE).items() if not n.startswith(HIDDEN_PREFIX)}
        given = {**parents, **given}
        seed.fixed_values = {**given, **hidden}
        row = {**given, **dict(self._iter_missing(given, seed))}
        if self._validator.is_valid(row):
            return {name: row[name] for name in self._values.properties if name in row} | row
        made = self._make_row(given, hidden, seed)
        if made is None:
            raise self._find_error(row, given)
        return made

    def _iter_missing(self, given: Mapping[str, Any], seed: RowSeed) -> Iterator[tuple[str, Any]]:
        """Yield the properties that the schema demands, and those that statements decide, where they are not given."""
        for name, prop in self._values.properties.items():
            if name in given or not (prop.required or self._row_factory.is_decided(name)):
                continue
            try:
                value = self._row_factory.make_field(name, seed, FINAL_PHASE)
            except CannotGenerate:
                continue
            if value is not ABSENT and (prop.required or value is not None):
                yield name, value

    def _make_row(self, given: Mapping[str, Any], hidden: Mapping[str, Any], seed: RowSeed) -> dict[str, Any] | None:
        """Return a row that is made as others are, with the given values; None where there is none."""
        properties = self._values.properties.items()
        absent = {n: ABSENT for n, prop in properties if not prop.required and not self._row_factory.is_decided(n)}
        for spared in (absent, {}):
            seed.fixed_values = {**spared, **given, **hidden}
            try:
                row = self._row_factory.make_row(seed, FINAL_PHASE)
            except CannotGenerate:
                continue
            if all(row.get(name, ABSENT) == value for name, value in given.items()):
                return row
        return None

    # ------------------------------------------------------------------------------------------------ one property

    def _complete_value(self, name: str, value: Any, seed: RowSeed) -> Any:
        """Return a value that is given for a property, with what its objects lack. Raises ``BadRow``."""
        prop = self._values.properties.get(name)
        if prop is None or self._is_composed or self._values.is_allowed(name)(value):
            return value  # what one alternative forbids another may allow, so that the whole row tells
        if isinstance(value, Mapping | list):
            value = self._fill(name, value, f"{seed.stream}/{name}")
            if self._values.is_allowed(name)(value):
                return value
        for _, pointer in prop.parts:
            for error in self._schemas.validator_at(str(pointer)).iter_errors(value):
                raise BadRow(_join_pointer([name, *error.instance_path]), error.message)
        raise BadRow(_join_pointer([name]), f"{value!r} is no value of it")

    def _fill(self, name: str, value: Any, stream: str) -> Any:
        """Return a given object or list with the properties that its schema demands, and others where it is invalid."""
        is_allowed = self._values.is_allowed(name)
        make = self._values.build_valid_maker(self._values.properties[name])
        filled = value
        for attempt in range(_TRIES):  # an object within may be null in what is made
            try:
                filled = _merge_given(value, make(SeededRandom(f"{stream}~{attempt}")))
            except CannotGenerate:
                return value
            if is_allowed(filled):
                break
        else:
            return filled
        for path in _list_added(value, filled):
            without = _drop_path(filled, path)
            filled = without if is_allowed(without) else filled
        return filled

    def _find_error(self, row: Mapping[str, Any], given: Mapping[str, Any]) -> BadRow:
        """Return what is wrong with a row, by preference in what was given."""
        errors = list(self._validator.iter_errors(row))
        errors.sort(key=lambda error: not error.instance_path or error.instance_path[0] not in given)
        if not errors:
            return BadRow("", "no row has these values")
        return BadRow(_join_pointer(errors[0].instance_path), errors[0].message)


def _join_pointer(path: Iterable[Any]) -> str:
    return "".join(f"/{escape_pointer(str(part))}" for part in path)


def _merge_given(given: Any, made: Any) -> Any:
    """Return a given value with properties of one that was made, where the given one lacks them."""
    if isinstance(given, Mapping) and isinstance(made, Mapping):
        return {**made, **{name: _merge_given(value, made.get(name)) for name, value in given.items()}}
    if isinstance(given, list) and isinstance(made, list) and made:
        return [_merge_given(item, made[0]) for item in given]
    return given


def _list_added(given: Any, filled: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of the properties that a value has and the given one has not."""
    if isinstance(given, Mapping) and isinstance(filled, Mapping):
        added = [(*path, name) for name in filled if name not in given]
        return added + [p for name, value in given.items() for p in _list_added(value, filled[name], (*path, name))]
    if isinstance(given, list) and isinstance(filled, list):
        return [p for i, item in enumerate(given) for p in _list_added(item, filled[i], (*path, i))]
    return []


def _drop_path(value: Any, path: tuple[Any, ...]) -> Any:
    """Return a copy of a value without the property at a path."""
    first, *rest = path
    if isinstance(value, list):
        return [_drop_path(item, tuple(rest)) if index == first else item for index, item in enumerate(value)]
    if not rest:
        return {name: inner for name, inner in value.items() if name != first}
    return {name: _drop_path(inner, tuple(rest)) if name == first else inner for name, inner in value.items()}
