"""The creation of rows by an operation: the values a request decides, and the response, ready before there is a row.

The table adds a created row to its indexes only when rows are next read. If the response shows the whole row, that is
at once. Most responses show less: an id, the status, a message. These are functions of the row's number, so responses
are rendered ahead for the next rows, and a creation costs neither a row nor a rendering. A response that shows a value
which the request brought is rendered for itself.

The client sees generated keys in such a response, an id for instance, before the row exists. They are handed to the row
as fixed values, so that it has them whatever else the request decides.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from specduet.mocks.clock import Micros, format_timestamp, to_micros
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker
from specduet.mocks.settings import CallerIdentity
from specduet.mocks.world.body_fields import BodyFields
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.field_makers import FieldMaker
from specduet.mocks.world.index import RowQuery
from specduet.mocks.world.indexed_fields import get_field_key
from specduet.mocks.world.lifecycle import RowSeed
from specduet.mocks.world.projection import Projection
from specduet.mocks.world.shown_creation import ShownCreation
from specduet.mocks.world.table import Table
from specduet.specs import Api, Operation
from specduet.specs.list_statements import Scope

_encode = msgspec.json.Encoder().encode

RequestValues = Mapping[str, Any]
"""Decoded parameters by name, or the properties of a request body."""

# speed: 15 % less processor time for "start" than one response at a time (make bench ARGS='--only tricks', 2026-11-28)
_PREPARED_COUNT = 64  # responses that are rendered ahead at once
_CONVERTED_TYPES = (UUID, datetime)
_CYCLE_LENGTH = 64  # so many different values that one which may be null is null in some of them


class PreparedResponse(NamedTuple):
    """A response to a creation, rendered before there is a row."""

    body: bytes
    keys: dict[str, Any]
    """The unique fields that the body shows; the row has to have these values."""


class Duplicate(Exception):
    """A new row has a value that another row has already; ``status`` is that of the response."""

    def __init__(self, field: str, value: Any, status: int) -> None:
        super().__init__(f"there is one with {field} {value!r}")
        self.field = field
        self.status = status


class CreateAction:
    """Creates rows for one operation, and renders its responses."""

    def __init__(self, api: Api, operation: Operation, table: Table, projection: Projection) -> None:
        behavior = operation.behavior
        sets = behavior.creates.sets if behavior.creates else {"*": "body"}
        body_fields = BodyFields(api, operation, table) if "*" in sets else None
        self.body_fields = body_fields
        """The properties of the body that the row has, where each of them sets the row's."""
        sets = {field: source for field, source in sets.items() if field != "*"}
        self._creates = behavior.creates
        self.has_unique_fields = body_fields is not None and bool(behavior.creates and behavior.creates.unique)
        self._table = table
        self._projection = projection
        self._operation_id = operation.id
        self._scope, self._scopes = behavior.scope, behavior.scopes
        self._sources = tuple(_find_sources(table, sets))
        self._renderers = [(name, self._field_renderer(name)) for name in projection.names]
        """For each property of the response, its maker from the row's seed."""
        shared = projection.shared_names
        unique_fields = table.indexed_fields.unique_fields
        self._key_names = [name for name in projection.names if name in shared and name in unique_fields]
        self._visible_sources = [source for source in self._sources if source.field in shared]
        """Sources of fields that the response shows: a request that has a value for one gets its own response."""
        known_fields = self._fields_known_before_row({*sets})
        shows_more = bool(projection.aliases) or not shared <= known_fields
        self._needs_row = projection.is_identity or body_fields is not None or shows_more
        """Whether the response shows something that only the finished row tells."""
        self._prepared: dict[int, PreparedResponse] = {}
        """Responses for the next rows, by the number of the row among the created ones."""
        self._prepared_generation = 0
        """The generation of the table's rows that the prepared responses are for."""
        self.shown = ShownCreation(table, self._decide_values) if self._needs_row else None
        """Creates rows that the response shows; None where it does not."""

    def create_row(
        self,
        values: RequestValues,
        body: RequestValues,
        caller: CallerIdentity,
        now: Micros,
        keys: Mapping[str, Any] | None = None,
    ) -> bytes | None:
        """Create a row, and return the response, or None where it has to be rendered from the row.

        ``body`` is valid. ``keys`` are values that the row has whatever the request says.
        """
        response = None if self._needs_row else self._get_response(values, body)
        keys = keys or (response.keys if response else {})
        self._table.create_row(partial(self._decide_values, values, body, caller, keys), now)
        return response.body if response else None

    def check_unique(self, body: Mapping[str, Any], now: Micros) -> None:
        """Raise ``Duplicate`` for a body with a value that another row has in a field of which each has its own."""
        assert self._creates is not None
        assert self.body_fields is not None
        sent = self.body_fields.read_values(body)
        for field in self._creates.unique:
            if sent.get(field) is not None and _has_value(self._table, field, sent[field], now):
                raise Duplicate(field, sent[field], self._creates.conflict)

    def _get_response(self, values: RequestValues, body: RequestValues) -> PreparedResponse:
        """Return the response for the next row: a prepared one, unless the request brings a value that it shows."""
        table = self._table
        number = table.created_count
        own_values = _read_sources(self._visible_sources, values, body)
        if own_values:
            return self._render_response(table.seed_created_row(number, own_values))
        if number not in self._prepared or table.generation != self._prepared_generation:
            self._prepared_generation = table.generation
            numbers = range(number, number + _PREPARED_COUNT)
            self._prepared = {n: self._render_response(table.seed_created_row(n, {})) for n in numbers}
        return self._prepared[number]

    def _render_response(self, seed: RowSeed) -> PreparedResponse:
        fields = {name: render(seed, 0) for name, render in self._renderers}
        keys = {name: fields[name] for name in self._key_names}
        if ABSENT in fields.values() or not self._projection.is_valid(fields):
            row_fields = {name: value for name, value in fields.items() if name in self._projection.shared_names}
            rng = SeededRandom(f"{seed.stream}/{self._operation_id}")
            fields = self._projection.project_row(row_fields.__getitem__, rng)
        return PreparedResponse(_encode(fields), keys)

    def _decide_values(
        self, values: RequestValues, body: RequestValues, caller: CallerIdentity, keys: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the field values that the request decides, where the row's schema allows them, and the ``keys``.

        A row that no request places belongs to the first scope, and to the first owner.
        """
        table, fields = self._table, self._table.indexed_fields
        decided = {name: known[0] for name, known in table.scope_values.items()}
        if self.body_fields is not None:
            decided |= self.body_fields.new_values
            decided |= self.body_fields.read_values(body)
            decided |= self.body_fields.read_extra_values(body)
        decided |= _read_sources(self._sources, values, body)
        if self._scope is not None:
            decided |= self._read_scope(self._scope, values)
        if fields.owner_field is not None and fields.owner_values:
            decided[fields.owner_field] = fields.owner_values[0]
            if caller.owner:
                decided |= table.values.only_allowed({fields.owner_field: caller.owner})
        return decided | dict(keys)

    def _read_scope(self, scope: Scope, values: RequestValues) -> dict[str, Any]:
        """Return the field that the scope decides, with its value in the row's own type."""
        if not scope.resource and scope.hidden:
            return {}
        if not scope.resource:
            return self._table.values.only_allowed({scope.field: to_json_value(values[scope.parameter])})
        identity = self._table.related_rows.find_path_identity(self._scopes, values)
        field = get_field_key(scope.field, is_hidden=scope.hidden)
        fitted = self._table.values.fit_value(field, identity)
        return {} if fitted is ABSENT or fitted is None else {field: fitted}

    def _fields_known_before_row(self, request_fields: set[str]) -> set[str]:
        """Return the fields known before there is a row: unique ones, the status, and most that a request decides."""
        table = self._table
        fields = {*request_fields, *table.indexed_fields.unique_fields, table.status_field}
        fields -= {table.indexed_fields.owner_field, *table.scope_values}
        return {n for n in table.values.properties if n in fields and table.row_factory.is_independent(n)}

    def _field_renderer(self, name: str) -> FieldMaker:
        if name in self._projection.shared_names:
            return self._table.row_factory.field_maker(name)
        stream = f"{self._table.stream}/{self._operation_id}/{name}"
        return _cycle_values(partial(self._projection.generate_property, name), stream)


def _has_value(table: Table, field: str, value: Any, now: Micros) -> bool:
    """Return whether some row has a value in a field, leaving aside those that the document shows as examples.

    Who sends the documented example of a request wants it to be taken, once.
    """
    table.advance_to(now)
    key = table.values.index_key(field, value)
    return any(
        table.values.index_key(field, table.get_field(row, field, now)) == key
        for row in table.get_rows().select(RowQuery())
        if row.seed is None or row.seed.index is None or field not in row.seed.fixed_values
    )


class FieldSource(NamedTuple):
    """A field that takes its value from the request, as ``sets`` of a ``creates`` statement says."""

    field: str
    in_body: bool
    name: str
    """Name of the property of the body, or of the parameter."""
    is_allowed: Callable[[Any], bool]
    """Tells whether the row's schema allows a value for the field."""

    def read_value(self, values: RequestValues, body: RequestValues) -> Any:
        """Return the request's value as JSON has it, None where it has none; ``ABSENT`` where the row forbids it."""
        value = to_json_value((body if self.in_body else values).get(self.name))
        return value if self.is_allowed(value) else ABSENT


def _find_sources(table: Table, sets: Mapping[str, str]) -> Iterator[FieldSource]:
    for field, source in sets.items():
        place, _, name = source.partition("/")
        if field in table.values.properties:
            yield FieldSource(field, place == "body", name, table.values.is_allowed(field))
        elif get_field_key(field, is_hidden=True) in table.indexed_fields.followed_fields:
            yield FieldSource(get_field_key(field, is_hidden=True), place == "body", name, _is_key)


def _is_key(value: Any) -> bool:
    return isinstance(value, str | int)


def _read_sources(sources: Sequence[FieldSource], values: RequestValues, body: RequestValues) -> dict[str, Any]:
    read_values = {}
    for source in sources:
        value = source.read_value(values, body)
        if value is not ABSENT:
            read_values[source.field] = value
    return read_values


def _cycle_values(make: ValueMaker, stream: str) -> FieldMaker:
    """Return a maker that gives rows, by turns, values that are made once."""
    values: list[Any] = []

    def next_value(seed: RowSeed, _phase: int) -> Any:
        if not values:
            values.extend(make(SeededRandom(f"{stream}/{number}")) for number in range(_CYCLE_LENGTH))
        return values[seed.number % _CYCLE_LENGTH]

    return next_value


def to_json_value(value: Any) -> Any:
    """Return a decoded parameter as JSON has it: UUIDs and date-times become text."""
    if not isinstance(value, _CONVERTED_TYPES):
        return value
    return str(value) if isinstance(value, UUID) else format_timestamp(to_micros(value))
