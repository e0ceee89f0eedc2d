"""Feeds: the events of one row, or of all rows with a value, as they become due."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any

from specduet.mocks.clock import SECOND, Clock, Micros
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.settings import CallerIdentity
from specduet.mocks.world.creation import RequestValues, to_json_value
from specduet.mocks.world.index import RowQuery, StoredRow
from specduet.mocks.world.indexed_fields import get_field_key
from specduet.mocks.world.operation_plan import OperationPlan
from specduet.mocks.world.queries import scope_and_owner_filters
from specduet.mocks.world.stream_plan import DueEvent, StreamedEvent, StreamPlan, read_event_id
from specduet.specs import Api

_POLL_INTERVAL_S = 0.25
_SHORTEST_WAIT_S = 0.001
Untold = tuple[StoredRow, list[DueEvent]]
"""A row, and those of its events that a listener has not heard."""


class RowFeed:
    """The events of rows that one listener has not heard yet."""

    def __init__(
        self, plan: StreamPlan, clock: Clock, find_rows: Callable[[], Iterable[StoredRow]], after: DueEvent | None
    ) -> None:
        """``find_rows`` returns the rows that are followed, at each look; events up to ``after`` are left out."""
        self._plan = plan
        self._clock = clock
        self._find_rows = find_rows
        self._after = after
        self._generation = -1
        self._told: dict[Any, int] = {}
        """By the identity of each row: the number of its events that were told."""

    async def follow(self) -> AsyncIterator[StreamedEvent]:
        """Yield all events so far and then each as it becomes due, until no row will have another one."""
        while True:
            for row, event in self._take_due(self._clock.current_micros()):
                yield self._plan.render(row, event)
            untold = [*self._list_untold()]
            if self._is_over(untold):
                return
            await asyncio.sleep(_find_wait(untold, self._clock.current_micros()))

    def list_due(self) -> list[StreamedEvent]:
        """Return all events so far."""
        return [self._plan.render(row, event) for row, event in self._take_due(self._clock.current_micros())]

    def _take_due(self, now: Micros) -> Sequence[tuple[StoredRow, DueEvent]]:
        """Return the events that are due and were not told, and note that they are now."""
        table = self._plan.table
        table.advance_to(now)
        if self._generation != table.generation:  # all rows were replaced
            self._generation = table.generation
            self._told.clear()
        due = []
        for row, events in self._list_untold():
            reached = max(now, table.seed_of(row).created_at)  # rows of one moment are created one after the other
            later = [event for event in events if event.time <= reached]
            self._told[table.identity_key(row)] = self._told.get(table.identity_key(row), 0) + len(later)
            due += [(row, event) for event in later if self._after is None or event > self._after]
        return sorted(due, key=lambda pair: pair[1])

    def _list_untold(self) -> Iterator[Untold]:
        for row in self._find_rows():
            told = self._told.get(self._plan.table.identity_key(row), 0)
            yield row, self._plan.list_events(row)[told:]

    def _is_over(self, untold: Sequence[Untold]) -> bool:
        if self._plan.statement.open:
            return False
        return all(not events and self._has_ended(row) for row, events in untold)

    def _has_ended(self, row: StoredRow) -> bool:
        """Return whether no request can give the row another status: seeded rows stay as they are."""
        status = self._plan.table.resource.behavior.status
        path = self._plan.table.seed_of(row).status_path
        is_free = status is not None and row.can_change and bool(status.terminal)
        return not is_free or (status is not None and path.statuses[-1] in status.terminal)


def _find_wait(untold: Sequence[Untold], now: Micros) -> float:
    """Return the seconds until the next event; the clock may be moved meanwhile, so it is looked at before long."""
    times = [events[0].time for _, events in untold if events]
    wait = (min(times) - now) / SECOND if times else _POLL_INTERVAL_S
    return min(max(wait, _SHORTEST_WAIT_S), _POLL_INTERVAL_S)


class RowFeeds:
    """The feeds of the operations of one world."""

    def __init__(self, api: Api, clock: Clock, generator: ValueGenerator) -> None:
        self._api = api
        self._clock = clock
        self._generator = generator
        self._streams: dict[str, StreamPlan] = {}

    def follow_row(self, plan: OperationPlan, row: StoredRow, after: str = "") -> RowFeed:
        """Return the events of a row, until it is removed or all rows are replaced; those after an id alone."""
        table, generation = plan.table, plan.table.generation
        return self._open(plan, lambda: [row] if table.generation == generation and not row.is_removed else [], after)

    def follow_all(self, plan: OperationPlan, values: RequestValues, caller: CallerIdentity, after: str) -> RowFeed:
        """Return the events of all rows whose field has the value of the request, also of those to come."""
        return self._open(plan, lambda: _find_followed(plan, values, caller), after)

    def _open(self, plan: OperationPlan, find_rows: Callable[[], Iterable[StoredRow]], after: str) -> RowFeed:
        stream = self._streams.get(plan.operation.pointer)
        if stream is None:
            stream = StreamPlan(self._api, plan.operation, plan.table, self._generator)
            self._streams[plan.operation.pointer] = stream
        return RowFeed(stream, self._clock, find_rows, read_event_id(after) if stream.statement.ids else None)


def _find_followed(plan: OperationPlan, values: RequestValues, caller: CallerIdentity) -> Sequence[StoredRow]:
    watches = plan.operation.behavior.watches
    assert watches is not None
    field = get_field_key(watches.field, is_hidden=watches.hidden)
    key = plan.table.values.index_key(field, to_json_value(values.get(watches.parameter)))
    equal = ((plan.table.key_positions[field], key), *scope_and_owner_filters(plan, values, caller))
    return plan.table.get_rows().select(RowQuery(equal=equal, descending=False))
