"""The events that a stream tells of rows, compiled from its statement: when each is due, and what it says.

They are a function of a row's status path, as its state is: who listens later gets the same events.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from specduet.mocks.clock import Micros, parse_micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.world.derived_fields import ABSENT, put_path
from specduet.mocks.world.envelope import locate_items, locate_property, split_path
from specduet.mocks.world.event_values import format_time_at, show_row
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.projection import Projection
from specduet.mocks.world.table import Table
from specduet.specs import Api, Operation, Schema
from specduet.specs.behavior import Watches
from specduet.specs.stream_statements import EventStream, StreamEvent


class DueEvent(NamedTuple):
    """An event of one row, in the order in which a stream tells them."""

    time: Micros
    number: int
    """That of the row."""
    phase: int
    order: int
    """The place of its kind in the statement."""
    turn: int
    """Which of those with a ``count`` it is."""

    @property
    def id(self) -> str:
        return "-".join(map(str, self))


class StreamedEvent(NamedTuple):
    """An event as a client gets it: its data in JSON, its name, and its id, empty for none."""

    data: bytes
    name: str = ""
    id: str = ""


def read_event_id(text: str) -> DueEvent | None:
    """Return the event that a client has heard last; None for what is no id of an event."""
    parts = text.split("-")
    is_id = len(parts) == len(DueEvent._fields) and all(part.isdecimal() and len(part) < 20 for part in parts)
    return DueEvent(*map(int, parts)) if is_id else None


class StreamPlan:
    """The stream of one operation, compiled."""

    def __init__(self, api: Api, operation: Operation, table: Table, generator: ValueGenerator) -> None:
        behavior = operation.behavior
        self.table = table
        self.statement = behavior.stream or EventStream(basis="assumed")
        located = _locate_event(api, operation, table)
        kinds = self.statement.events or (_build_plain_event(behavior.watches),)
        self._kinds = [EventKind(api, table, kind, located, generator) for kind in kinds]
        self._name = self.statement.name or ""
        self._stream = f"{table.stream}/{operation.id}"

    def list_events(self, row: StoredRow) -> list[DueEvent]:
        """Return all events that a row has had or will have by itself, in their order."""
        path = self.table.seed_of(row).status_path
        found = [
            DueEvent(time, row.number, phase, order, turn)
            for phase, status in enumerate(path.statuses)
            for order, kind in enumerate(self._kinds)
            for turn, time in enumerate(kind.find_times(status, path.times[phase : phase + 2]))
        ]
        return sorted(found, key=lambda event: (event.phase, event.time, event.order, event.turn))

    def render(self, row: StoredRow, event: DueEvent) -> StreamedEvent:
        """Return an event as a client gets it."""
        kind = self._kinds[event.order]
        key = f"{self._stream}/{self.table.identity_key(row)}/{event.phase}/{event.order}/{event.turn}"
        value = kind.make_value(row, event, SeededRandom(key))
        return StreamedEvent(
            msgspec.json.encode(value),
            self._name if kind.statement.name is None else kind.statement.name,
            event.id if self.statement.ids else "",
        )


class EventKind:
    """One kind of event, compiled."""

    def __init__(
        self, api: Api, table: Table, statement: StreamEvent, documented: tuple[Schema, str], generator: ValueGenerator
    ) -> None:
        self.statement = statement
        self._table = table
        self._schemas = api.response_schemas
        self._located = documented
        if statement.schema is not None:
            pointer = statement.schema.removeprefix("#")
            self._located = (self._schemas.node_at(pointer), pointer)
        self._make = generator.build_valid_maker(*self._located, null=False)
        self._is_free = not self._located[0]
        self._lifetime = parse_micros(statement.lifetime)
        self._row_path = self._split(statement.row) if statement.row is not None else None
        if self._row_path is not None:
            (schema, at), _ = locate_property(self._schemas, self._located, self._row_path)
            self._projection = Projection(api, table.resource, schema, str(at or ""), generator)

    def find_times(self, status: str, stay: Sequence[Micros]) -> Iterator[Micros]:
        """Yield the times of the events of this kind in a status: ``stay`` is when it begins and, if so, ends."""
        if self.statement.status and status not in self.statement.status:
            return
        start, length = stay[0], stay[1] - stay[0] if len(stay) > 1 else 0
        first, count = self.statement.part, self.statement.count
        for turn in range(count):
            yield start + int(length * (first + (1 - first) * turn / count))

    def make_value(self, row: StoredRow, event: DueEvent, rng: SeededRandom) -> Any:
        """Return the data of an event."""
        statement, get_field = self.statement, self._table.field_getter(row, event.phase)
        value: Any = {} if self._is_free else self._make(rng)
        if self._row_path is not None:
            value = self._put_row(value, row, event.phase, rng)
        if not isinstance(value, dict):
            return value
        value = msgspec.json.decode(msgspec.json.encode(value))  # parts of it may be shared with other values
        for path, constant in statement.values.items():
            self._put(value, path, constant)
        for path, field in statement.sets.items():
            found = get_field(field)
            if found is not ABSENT:
                self._put(value, path, found)
        for paths, time in ((statement.moment, event.time), (statement.expires, event.time + self._lifetime)):
            for path in paths:
                parts = self._split(path)
                put_path(value, parts, format_time_at(self._schemas, self._located, parts, time))
        return value

    def _put_row(self, value: Any, row: StoredRow, phase: int, rng: SeededRandom) -> Any:
        shown = show_row(self._table, self._projection, row, phase, rng)
        if not self._row_path:
            return shown
        value = value if isinstance(value, dict) else {}
        return put_path(value, self._row_path, shown)

    def _put(self, value: dict[str, Any], path: str, inner: Any) -> None:
        put_path(value, self._split(path), inner)

    def _split(self, path: str) -> tuple[str, ...]:
        return split_path(self._schemas, self._located, path) if path else ()


def _locate_event(api: Api, operation: Operation, table: Table) -> tuple[Schema, str]:
    """Return the documented schema of one event: of an item where it is a list; that of the row where there is none."""
    for response in operation.responses.values():
        for content in response.content.values():
            if content.schema and response.status.startswith("2"):
                items, pointer = locate_items(api.response_schemas, (content.schema, content.pointer))
                return (items, pointer) if pointer is not None else (content.schema, content.pointer)
    return (table.resource.schema, table.resource.pointer)


def _build_plain_event(watches: Watches | None) -> StreamEvent:
    """Return the event of a stream of which nothing more is stated: the row at each change of its status."""
    moment = watches.moment if watches is not None else None
    return StreamEvent(row="", moment=(moment,) if moment is not None else ())
