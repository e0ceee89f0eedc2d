"""A feed: the events of one row, or of all rows with a value, as they become due."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from typing import Any

from specduet.mocks.clock import SECOND, Clock, Micros
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.stream_plan import DueEvent, StreamedEvent, StreamPlan

_POLL_INTERVAL_S = 0.25
_SHORTEST_WAIT_S = 0.001


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
            now = self._clock.current_micros()
            for row, event in self._take_due(now):
                yield self._plan.render(row, event)
            if self._is_over():
                return
            await asyncio.sleep(self._find_wait(self._clock.current_micros()))

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

    def _list_untold(self) -> Iterator[tuple[StoredRow, list[DueEvent]]]:
        for row in self._find_rows():
            told = self._told.get(self._plan.table.identity_key(row), 0)
            yield row, self._plan.list_events(row)[told:]

    def _is_over(self) -> bool:
        if self._plan.statement.open:
            return False
        return all(not events and self._has_ended(row) for row, events in self._list_untold())

    def _has_ended(self, row: StoredRow) -> bool:
        """Return whether no request can give the row another status: seeded rows stay as they are."""
        status = self._plan.table.resource.behavior.status
        path = self._plan.table.seed_of(row).status_path
        is_free = status is not None and row.can_change and bool(status.terminal)
        return not is_free or (status is not None and path.statuses[-1] in status.terminal)

    def _find_wait(self, now: Micros) -> float:
        """Return the seconds until the next event; the clock may be moved meanwhile, so it is looked at before long."""
        times = [events[0].time for _, events in self._list_untold() if events]
        wait = (min(times) - now) / SECOND if times else _POLL_INTERVAL_S
        return min(max(wait, _SHORTEST_WAIT_S), _POLL_INTERVAL_S)
