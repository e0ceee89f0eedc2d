"""Probe of created rows: create some, one after the other and at the same time, and poll them until they have ended.

Rows are created once per resource, by whichever operation comes first, and only where writes are allowed. Recorded
are the traces ``CreatedRun`` and ``MissingFromList``, and those of ``contracts/probes/details.py``.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from specduet.contracts.analysis.created_fields import list_set_fields
from specduet.contracts.analysis.row_values import (
    find_shared_fields,
    get_path,
    is_same_value,
    read_single_row,
)
from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.probes.create_requests import CreateRequests
from specduet.contracts.probes.details import ResourceProbe
from specduet.contracts.probes.fresh_requests import send_fresh
from specduet.contracts.probes.locations import fetch_below_other_parent, read_location_id
from specduet.contracts.probes.other_kinds import fetch_by_other_ids
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.sending.sender import Sender
from specduet.contracts.traces import CreatedRun, MissingFromList
from specduet.specs import Operation

_POLL_INTERVAL_S = {True: 0.15, False: 1.0}
"""Seconds between two polls; in this and the next four, True is for this machine, False for others."""

_MAX_WATCH_S = {True: 8.0, False: 20.0}
"""Seconds of polling in all."""

_MAX_UNCHANGED_S = {True: 4.0, False: 12.0}
"""Seconds without any change after which polling ends."""

_PAUSES_AFTER_END_S = (0.3, 1.0)
_PAUSES_UNTIL_LISTED_S = (0.3, 1.2)
_CREATE_COUNT = {True: 12, False: 2}
_MIN_CREATE_COUNT = 2
"""Rows that are created of a resource without a status."""

_CONCURRENT_CREATES = 4


def probe_lifecycle(sender: Sender, operation: Operation, known_values: KnownValues) -> None:
    """Create rows of the operation's resource, once, and look rows up with the operation. Raises ``BudgetSpent``."""
    subject = operation.behavior.subject
    if subject is None:
        return
    resource_probe = ResourceProbe(sender, sender.api.resources[subject.resource], known_values)
    _create_rows_once(resource_probe)
    if operation.behavior.reads is not None:
        resource_probe.look_up_rows(operation)
    if operation.behavior.fetches is not None and resource_probe.resource.is_inferred:
        fetch_below_other_parent(resource_probe, operation)
        fetch_by_other_ids(resource_probe, operation)


def _create_rows_once(resource_probe: ResourceProbe) -> None:
    """Create and watch rows, unless that was done before for this resource."""
    api, resource = resource_probe.api.name, resource_probe.resource.name
    traces = resource_probe.sender.recording.traces
    if any(isinstance(trace, CreatedRun) and (trace.api, trace.resource) == (api, resource) for trace in traces):
        return
    for operation in resource_probe.operations_with("creates"):
        request = resource_probe.known_values.build_valid_request(operation)
        sender = resource_probe.sender
        if request is not None and sender.can_send(operation) and sender.is_chosen(operation):
            RunWatcher(resource_probe, operation, request).create_and_watch()


@dataclass
class _WatchedRow:
    """A created row that is polled."""

    created_by: Exchange
    requested: Mapping[str, Any]
    caller: int = 0
    row: Row | None = None
    details: list[Exchange] = field(default_factory=list)
    lists: list[Exchange] = field(default_factory=list)
    status: Any = None


class RunWatcher:
    """Create rows with one operation and poll them until they have ended."""

    def __init__(self, resource_probe: ResourceProbe, operation: Operation, request: PlannedRequest) -> None:
        assert operation.behavior.creates is not None
        self.resource_probe = resource_probe
        self.sender = resource_probe.sender
        self.operation = operation
        self.rule = operation.behavior.creates
        self.request = request
        resource_probe.above = request.path
        self.sets = list_set_fields(resource_probe.api, operation)
        self.collection = resource_probe.open_list(self.rule.listed_by, request.path)
        self.detail_operation = next((o for o in resource_probe.api.operations if o.id == self.rule.fetched_by), None)
        self.other_lookups = [o for o in self._lookup_operations() if o is not self.detail_operation]
        self.list_before = self.collection.send_query({}) if self.collection else None
        self.ids_before = {self._row_id(row) for row in self._read_rows(self.list_before)}
        self.watched: list[_WatchedRow] = []

    @property
    def _has_status(self) -> bool:
        """Whether rows have a status that changes by itself."""
        status = self.resource_probe.resource.behavior.status
        return status is not None and status.moves

    def _lookup_operations(self) -> Iterator[Operation]:
        yield from self.resource_probe.operations_with("fetches")
        yield from self.resource_probe.operations_with("watches")

    def _read_rows(self, exchange: Exchange | None) -> list[Row]:
        """Return the rows of a list, none where there is no list."""
        return self.collection.read_rows(exchange) or [] if exchange and self.collection else []

    def _row_id(self, row: Row) -> Any:
        return get_path(row, self.resource_probe.resource.behavior.id.field)

    def create_and_watch(self) -> None:
        """Create rows, poll them, and record what was seen, even if the budget ends it early."""
        try:
            self._create_rows()
            if any(watched_row.created_by.is_success for watched_row in self.watched):
                if self._has_status:
                    self._poll_until_ended()
                    self._poll_after_end()
                else:  # nothing of such a row changes by itself: one look is enough
                    self._poll_once(with_list=False)
                self._list_again()
        finally:
            for watched_row in self.watched:
                self.sender.record_trace(
                    CreatedRun,
                    self.operation,
                    self.resource_probe.resource.name,
                    watched_row.created_by,
                    watched_row.requested,
                    watched_row.row,
                    self.list_before,
                    tuple(watched_row.lists),
                    tuple(watched_row.details),
                )

    def _list_again(self) -> None:
        """List everything again, after pauses, while a row that was created is in no list."""
        for pause in _PAUSES_UNTIL_LISTED_S if self.collection and self.resource_probe.resource.is_inferred else ():
            if all(row.row is not None for row in self.watched if row.created_by.is_success):
                return
            time.sleep(pause)
            self._list_rows()

    def _create_rows(self) -> None:
        """Create rows one by one, then several at once, then one as each other caller (on this machine only)."""
        creator = CreateRequests(self.resource_probe.api, self.operation, self.request)
        count = _CREATE_COUNT[self.resource_probe.is_loopback] if self._has_status else _MIN_CREATE_COUNT
        requests = list(creator.vary_requests(count))
        sequential = requests[: max(len(requests) - _CONCURRENT_CREATES, 2)]
        for number, (request, requested) in enumerate(sequential):
            exchange = self._send_create(request)
            self.watched.append(self._watch_row(creator, request, requested, exchange))
            if number == 1 and request.json != self.request.json and not exchange.is_success:  # optional properties
                plain = creator.read_requested_fields(self.request)
                self.watched.append(self._watch_row(creator, self.request, plain, self._send_create(self.request)))
            if not self.watched[-1].created_by.is_success and number > 1:
                return
            if number < 2:
                self._list_rows()
        concurrent = requests[len(sequential) :]
        exchanges = self.sender.send_concurrently([partial(self._send_create, request) for request, _ in concurrent])
        self.watched += [
            self._watch_row(creator, request, requested, exchange)
            for exchange, (request, requested) in zip(exchanges, concurrent, strict=True)
        ]
        for caller in range(1, min(len(self.sender.callers), 3)) if self.resource_probe.is_loopback else ():
            other = CreateRequests(self.resource_probe.api, self.operation, self.request)
            for request, requested in other.vary_requests(1):
                exchange = self._send_create(request, credentials=self.sender.callers[caller])
                self.watched.append(self._watch_row(other, request, requested, exchange, caller))
        self._list_rows()
        if self.collection is None:
            self._take_rows_from_responses()

    def _take_rows_from_responses(self) -> None:
        """Take the rows that no list can show from the responses that created them."""
        for watched_row in self.watched:
            row = read_single_row(self.operation, watched_row.created_by)
            if row is not None and isinstance(self._row_id(row), str | int):
                watched_row.row = row

    def _send_create(self, request: PlannedRequest, **options: Any) -> Exchange:
        return send_fresh(self.sender, self.operation, self.resource_probe.known_values, request, **options)

    def _watch_row(
        self,
        creator: CreateRequests,
        request: PlannedRequest,
        requested: Mapping[str, Any],
        exchange: Exchange,
        caller: int = 0,
    ) -> _WatchedRow:
        """Return the row to watch; a body that was sent with names of its own asks for other fields."""
        sent, _ = parse_json_body(exchange.request.body or b"")
        if isinstance(request.json, dict) and isinstance(sent, dict) and sent != request.json:
            requested = creator.read_requested_fields(request.with_json(sent))
        return _WatchedRow(exchange, requested, caller)

    # -------------------------------------------------------------------------------------------- watching

    def _poll_until_ended(self) -> None:
        """Poll until every row has ended, too much time has passed, or nothing has changed for long."""
        started_at = changed_at = time.monotonic()
        loopback = self.resource_probe.is_loopback
        for number in range(int(_MAX_WATCH_S[loopback] / _POLL_INTERVAL_S[loopback])):
            if self._poll_once(with_list=number % 2 == 1):
                changed_at = time.monotonic()
            now = time.monotonic()
            if (
                not self._unfinished_rows()
                or now - started_at > _MAX_WATCH_S[loopback]
                or now - changed_at > _MAX_UNCHANGED_S[loopback]
            ):
                return
            time.sleep(_POLL_INTERVAL_S[loopback])

    def _unfinished_rows(self) -> list[_WatchedRow]:
        """Return the rows that were listed and have not reached a terminal status."""
        status = self.resource_probe.resource.behavior.status
        terminal = status.terminal if status else ()
        return [
            watched_row
            for watched_row in self.watched
            if watched_row.created_by.is_success and watched_row.row is not None and watched_row.status not in terminal
        ]

    def _poll_once(self, *, with_list: bool) -> bool:
        """Fetch every unfinished row once; return whether the status of any has changed."""
        if with_list or self.detail_operation is None:
            self._list_rows()
        unfinished = self._unfinished_rows()
        for index, watched_row in enumerate(unfinished):
            self._fetch_detail(watched_row)
            if index == 0:
                self._fetch_other_lookups(watched_row)
        changes = [self._update_status(watched_row) for watched_row in unfinished]
        return any(changes)

    def _fetch_detail(self, watched_row: _WatchedRow) -> None:
        assert watched_row.row is not None
        if self.detail_operation is None:
            return
        exchange = self.resource_probe.fetch_row(
            self.detail_operation, watched_row.row, **self._caller_options(watched_row)
        )
        if exchange is not None:
            watched_row.details.append(exchange)

    def _fetch_other_lookups(self, watched_row: _WatchedRow) -> None:
        """Fetch a row by every other operation that looks rows of the resource up."""
        for operation in self.other_lookups:
            assert watched_row.row is not None
            self.resource_probe.fetch_row(operation, watched_row.row, **self._caller_options(watched_row))

    def _caller_options(self, watched_row: _WatchedRow) -> dict[str, Any]:
        """Return the options of ``Sender.send`` that send as the caller who created the row."""
        return {"credentials": self.sender.callers[watched_row.caller]} if watched_row.caller else {}

    def _update_status(self, watched_row: _WatchedRow) -> bool:
        """Take the status from the latest response about a row; return whether it has changed."""
        rule = self.resource_probe.resource.behavior.status
        latest = watched_row.row
        if watched_row.details and watched_row.details[-1].is_success and self.detail_operation is not None:
            latest = read_single_row(self.detail_operation, watched_row.details[-1])
        status = get_path(latest, rule.field) if rule else None
        before, watched_row.status = watched_row.status, status if isinstance(status, str) else None
        return bool(watched_row.status != before)

    def _poll_after_end(self) -> None:
        """Fetch every row again after a pause, twice: an ended row must stay as it is."""
        listed_rows = [watched_row for watched_row in self.watched if watched_row.row is not None]
        for pause in _PAUSES_AFTER_END_S:
            for watched_row in listed_rows:
                self._fetch_detail(watched_row)
                self._fetch_other_lookups(watched_row)
            self._list_rows()
            time.sleep(pause)
        for watched_row in listed_rows:
            self._fetch_detail(watched_row)
        self._list_rows()
        self._look_up_missing_row()

    def _look_up_missing_row(self) -> None:
        """Look up a row that was listed before and no longer is, to tell a deleted row from one that is not listed."""
        last_list = next(
            (watched_row.lists[-1] for watched_row in self.watched if watched_row.lists and not watched_row.caller),
            None,
        )
        ids_left = {self._row_id(row) for row in self._read_rows(last_list)}
        rows_before = self._read_rows(self.list_before)
        missing_rows = [row for row in rows_before if ids_left and self._row_id(row) not in ids_left]
        for row in missing_rows[:1] if self.detail_operation and self.collection and last_list else ():
            assert self.detail_operation is not None
            assert self.collection is not None
            assert last_list is not None
            exchange = self.resource_probe.fetch_row(self.detail_operation, row)
            if exchange is not None:
                list_after = self.collection.send_query({})
                self.sender.record_trace(
                    MissingFromList, self.collection.operation, row, last_list, exchange, list_after
                )

    def _list_rows(self) -> None:
        """List everything as each caller who has created a row, and find the created rows in it."""
        for caller in sorted({watched_row.caller for watched_row in self.watched}) if self.collection else ():
            assert self.collection is not None
            own_rows = [watched_row for watched_row in self.watched if watched_row.caller == caller]
            exchange = self.collection.send_query({}, **self._caller_options(own_rows[0]))
            new_rows = [row for row in self._read_rows(exchange) if self._row_id(row) not in self.ids_before]
            for watched_row in own_rows:
                watched_row.lists.append(exchange)
                row = self._find_created_row(watched_row, new_rows)
                if row is not None and (watched_row.row is None or self.detail_operation is None):
                    watched_row.row = row

    def _find_created_row(self, watched_row: _WatchedRow, new_rows: Sequence[Row]) -> Row | None:
        """Return the row that a request created, or None.

        It is found by the id in the response, else by the fields that the response shares with the rows, else by a
        header or an object that was sent.
        """
        shared = find_shared_fields(self.resource_probe.api, self.operation, self.resource_probe.resource)
        rule, id_field = self.resource_probe.resource.behavior.status, self.resource_probe.resource.behavior.id.field
        response = read_single_row(self.operation, watched_row.created_by) or {}
        shared_values = {n: response[n] for n in shared if n in response and (rule is None or n != rule.field)}
        row_id = response.get(id_field, read_location_id(watched_row.created_by))
        descriptions: list[Mapping[str, Any]] = [{id_field: row_id}] if row_id is not None else []
        descriptions.append(shared_values)
        descriptions += [
            {name: value} for name, value in watched_row.requested.items() if self.sets[name].startswith("header/")
        ]
        descriptions += [
            {name: value} for name, value in watched_row.requested.items() if isinstance(value, dict) and value
        ]
        for description in descriptions:
            matches = [
                row
                for row in new_rows
                if description and all(is_same_value(get_path(row, name), value) for name, value in description.items())
            ]
            if matches:
                return matches[0]
        return None
