"""The events of rows that webhooks tell of: a function of a row's status path, as its state is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from specduet.mocks.clock import Micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.world.derived_fields import set_path
from specduet.mocks.world.envelope import locate_property, split_path
from specduet.mocks.world.event_values import format_time_at, show_row
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.projection import Projection
from specduet.mocks.world.table import Table
from specduet.specs import Api
from specduet.specs.model import Webhook


class EventKey(NamedTuple):
    """The place of an event among those of one row: in order of time, and then of the document."""

    time: Micros
    phase: int
    order: int


class RowListener(Protocol):
    """Whoever has to know of rows that requests change."""

    def note_change(self, api: str, resource: str, key: Any) -> None:
        """Take note of a row that has changed, by the index key of its identity."""


class EventPlan:
    """One webhook, compiled: when a row has its event, and the body that tells of it."""

    def __init__(self, api: Api, webhook: Webhook, table: Table, generator: ValueGenerator) -> None:
        assert webhook.behavior.sends is not None
        self.webhook = webhook
        self.sends = webhook.behavior.sends
        self._table = table
        self._schemas = api.response_schemas
        content, envelope = webhook.content, webhook.behavior.envelope
        self._located: tuple[Any, str] = (content.schema, content.pointer) if content is not None else ({}, "")
        self._path: tuple[str, ...] = ()
        self._projection: Projection | None = None
        if content is None:
            return
        if envelope is not None and envelope.request is not None:
            self._path = split_path(self._schemas, self._located, envelope.request)
        (schema, pointer), _ = locate_property(self._schemas, self._located, self._path)
        self._projection = Projection(api, table.resource, schema, str(pointer), generator)
        self._make = generator.build_valid_maker(*self._located, null=False)

    def find_times(self, row: StoredRow) -> Iterator[tuple[Micros, int]]:
        """Yield the time of each event that the row has had or will have by itself, with its phase."""
        path = self._table.seed_of(row).status_path
        for phase, status in enumerate(path.statuses):
            if self.sends.status and status not in self.sends.status:
                continue
            if not self.sends.status and phase:
                return
            start = path.times[phase]
            if not self.sends.part:
                yield start, phase
            elif phase < path.last_phase:
                yield start + int((path.times[phase + 1] - start) * self.sends.part), phase

    def render(self, row: StoredRow, key: EventKey, expires_at: Micros, echoes: Mapping[str, Any]) -> bytes:
        """Return the body that tells of an event, as compact JSON; empty where the document has none."""
        if self._projection is None:
            return b""
        table = self._table
        rng = SeededRandom(f"{table.stream}/{self.webhook.name}/{table.identity_key(row)}/{key.phase}")
        shown = body = show_row(table, self._projection, row, key.phase, rng)
        if self._path:
            body = self._make(rng)
            set_path(body, self._path, shown)
        if isinstance(body, dict):
            self._add_times(body, key.time, expires_at)
            for name, value in (*self.sends.values.items(), *echoes.items()):
                set_path(body, split_path(self._schemas, self._located, name), value)
        return msgspec.json.encode(_shorten_numbers(body))

    def _add_times(self, body: dict[str, Any], moment: Micros, expires_at: Micros) -> None:
        for name, time in ((self.sends.moment, moment), (self.sends.expires, expires_at)):
            if name is not None:
                path = split_path(self._schemas, self._located, name)
                set_path(body, path, format_time_at(self._schemas, self._located, path, time))


def _shorten_numbers(value: Any) -> Any:
    """Return a value with whole numbers written without a fraction, as every JSON encoder of JavaScript does.

    A receiver that signs what it has parsed gets the same bytes then.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    if isinstance(value, dict):
        return {name: _shorten_numbers(inner) for name, inner in value.items()}
    return [_shorten_numbers(inner) for inner in value] if isinstance(value, list) else value


class RowEvents:
    """The events of the rows of one world."""

    def __init__(self, api: Api, tables: Mapping[str, Table], generator: ValueGenerator) -> None:
        self._api = api
        self._tables = tables
        self._generator = generator
        self._plans: dict[str, EventPlan] = {}

    def find_row(self, resource: str, key: Any) -> StoredRow | None:
        """Return the row whose identity has an index key, None where it is gone."""
        table = self._tables.get(resource)
        return None if table is None else table.find_row(table.identity_field, key)

    def find_values(self, resource: str, identity: Any, now: Micros) -> dict[str, Any] | None:
        """Return the row of a resource with an identity as it is now, None where there is none."""
        table = self._tables[resource]
        table.advance_to(now)
        row = table.implied.find_any(table, table.identity_field, identity, now)
        return None if row is None else table.decode_row(row, now)

    def list_events(self, row: StoredRow, webhooks: Sequence[Webhook]) -> list[tuple[EventKey, EventPlan]]:
        """Return all events that a row has had or will have by itself, in their order."""
        found = [
            (EventKey(time, phase, order), plan)
            for order, plan in enumerate(map(self._find_plan, webhooks))
            for time, phase in plan.find_times(row)
        ]
        return sorted(found, key=lambda pair: pair[0])

    def _find_plan(self, webhook: Webhook) -> EventPlan:
        plan = self._plans.get(webhook.pointer)
        if plan is None:
            assert webhook.behavior.sends is not None
            table = self._tables[webhook.behavior.sends.resource]
            plan = self._plans[webhook.pointer] = EventPlan(self._api, webhook, table, self._generator)
        return plan
