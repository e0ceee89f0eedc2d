"""The world of one API: its tables of rows, and the operations on them.

``World`` compiles each operation's statements once, into an ``OperationPlan``. A call then brings the table up to the
current time (``Table.advance_to``), asks it for rows, and renders them in the form of the operation's response.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from specduet.mocks.bounded_cache import BoundedCache
from specduet.mocks.clock import NEVER, SECOND, Clock, Micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import get_generator
from specduet.mocks.settings import CallerIdentity, Settings
from specduet.mocks.world.creation import RequestValues
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.index import RowQuery, StoredRow
from specduet.mocks.world.operation_plan import OperationPlan, compile_plan
from specduet.mocks.world.queries import build_row_query, get_scope_key, scope_and_owner_filters
from specduet.mocks.world.table import Table
from specduet.specs import Api, Operation, UsageError

if TYPE_CHECKING:
    from specduet.mocks.generation.adversarial import AdversarialGenerator

_get_encoded, _get_fresh_until = attrgetter("encoded"), attrgetter("fresh_until")

_POLL_INTERVAL_S = 0.25
# speed: without the cache, "list" costs 28 % more processor time (make bench ARGS='--only tricks', 2026-11-28)
_CACHE_SIZE = 64  # lists
_MAX_CACHED_BYTES = 65_536  # of one list


class CachedList(NamedTuple):
    """The response of a list. It holds for one revision of the table, from a time until another."""

    body: bytes
    revision: int
    since: Micros
    until: Micros


class World:
    """The rows of one API, as its operations show them, at the time of one clock.

    ``values`` of a call holds the operation's parameters by name, decoded: int, float, bool, str, UUID, aware datetime;
    defaults of the schema filled in, absent ones left out. Responses are JSON.
    """

    def __init__(self, api: Api, settings: Settings, clock: Clock) -> None:
        self._api = api
        self._settings = settings
        self._clock = clock
        believable = get_generator(api.response_schemas)
        adversary = _load_adversary(api, settings)
        self._tables = {
            name: Table(api, resource, settings, believable, adversary) for name, resource in api.resources.items()
        }
        self._cached_lists: BoundedCache[tuple[Any, ...], CachedList] = BoundedCache(_CACHE_SIZE)
        generator = adversary or believable
        plans = (compile_plan(api, operation, self._tables, generator) for operation in api.operations)
        self._plans = {plan.operation.id: plan for plan in plans if plan is not None}

    @property
    def clock(self) -> Clock:
        return self._clock

    # ---------------------------------------------------------------------------------------- lists and details

    def list_rows(self, operation: Operation, values: RequestValues, caller: CallerIdentity) -> bytes:
        """Return the response of a list operation.

        A limit of zero or less holds no rows, an offset below zero is zero. Raises ``UnknownScopeValue`` and
        ``WindowTooOld``.
        """
        plan = self._plans[operation.id]
        table, now = plan.table, self._clock.current_micros()
        table.advance_to(now)
        if not plan.is_cacheable:
            return self._render_list(plan, values, caller, now)[0]
        key = (operation.id, caller.owner, caller.admin, *values.items())
        try:
            cached = self._cached_lists.get(key)
        except TypeError:  # a value that is a list has no hash
            return self._render_list(plan, values, caller, now)[0]
        if cached is None or cached.revision != table.revision or not cached.since <= now < cached.until:
            body, until = self._render_list(plan, values, caller, now)
            cached = CachedList(body, table.revision, now, until)
            if len(body) <= _MAX_CACHED_BYTES:
                self._cached_lists.store(key, cached)
        return cached.body

    def _render_list(
        self, plan: OperationPlan, values: RequestValues, caller: CallerIdentity, now: Micros
    ) -> tuple[bytes, Micros]:
        """Return the response of a list, and the time until which it holds if no row comes, goes or moves."""
        operation, table = plan.operation, plan.table
        order = operation.behavior.order
        index, query = table.get_index(order.by if order else None), build_row_query(plan, values, caller, now)
        rows = index.select(query)
        if plan.projection.is_identity:
            if min(map(_get_fresh_until, rows), default=NEVER) <= now:
                for row in rows:
                    table.encode_row(row, now)
            body = b"[" + b",".join(map(_get_encoded, rows)) + b"]"
        else:
            body = msgspec.json.encode([self._project_row(plan, row, now) for row in rows])
        if plan.envelope is None:
            return body, min(map(_get_fresh_until, rows), default=NEVER)
        remaining = len(index.select(replace(query, limit=None)))
        total = len(index.select(replace(query, limit=None, offset=0, below=None)))
        rng = SeededRandom(f"{table.stream}/{operation.id}")
        return plan.envelope.wrap_rows(body, total, has_more=remaining > len(rows), rng=rng), now

    def fetch_row(self, operation: Operation, values: RequestValues, caller: CallerIdentity) -> bytes | None:
        """Return the response of an operation that fetches one row; None where there is none the caller may see."""
        plan, now = self._plans[operation.id], self._clock.current_micros()
        row = self._find_row(plan, values, caller, now)
        return None if row is None else self._render_row(plan, row, now)

    def _find_row(
        self, plan: OperationPlan, values: RequestValues, caller: CallerIdentity, now: Micros
    ) -> StoredRow | None:
        lookup = plan.operation.behavior.lookup
        assert lookup is not None
        plan.table.advance_to(now)
        row = plan.table.find_row(lookup.field, values.get(lookup.parameter))
        required_keys = scope_and_owner_filters(plan, values, caller)
        if row is None or any(row.index_keys[position] != key for position, key in required_keys):
            return None
        return row

    # ------------------------------------------------------------------------------------------- status events

    def list_status_events(
        self, operation: Operation, values: RequestValues, caller: CallerIdentity
    ) -> list[bytes] | None:
        """Return an event for each status a row has had, oldest first; None where there is none the caller may see."""
        plan, now = self._plans[operation.id], self._clock.current_micros()
        row = self._find_row(plan, values, caller, now)
        return None if row is None else self._render_events(plan, row, 0, plan.table.count_changes(row, now))

    def stream_status_events(
        self, operation: Operation, values: RequestValues, caller: CallerIdentity
    ) -> AsyncIterator[bytes] | None:
        """Return the same events, and later ones as they happen, until the row's status does not change any more."""
        plan = self._plans[operation.id]
        row = self._find_row(plan, values, caller, self._clock.current_micros())
        return None if row is None else self._poll_status_events(plan, row)

    async def _poll_status_events(self, plan: OperationPlan, row: StoredRow) -> AsyncIterator[bytes]:
        path = plan.table.seed_of(row).status_path
        next_phase = 0
        while next_phase <= path.last_phase:
            now = self._clock.current_micros()
            for event in self._render_events(plan, row, next_phase, plan.table.count_changes(row, now)):
                next_phase += 1
                yield event
            change = path.next_change_after(now)
            if next_phase <= path.last_phase and change is not None:
                # The clock may be moved or frozen meanwhile, so it is read again before long.
                await asyncio.sleep(min((change - now) / SECOND, _POLL_INTERVAL_S))

    def _render_events(self, plan: OperationPlan, row: StoredRow, first_phase: int, last_phase: int) -> list[bytes]:
        table, watches = plan.table, plan.operation.behavior.watches
        path = table.seed_of(row).status_path
        events = []
        for phase in range(first_phase, last_phase + 1):
            event = plan.projection.project_row(table.field_getter(row, phase), self._row_rng(plan, row))
            if watches is not None and watches.moment is not None and watches.moment in event:
                event[watches.moment] = plan.projection.format_time_property(watches.moment, path.times[phase])
            events.append(msgspec.json.encode(event))
        return events

    # ------------------------------------------------------------------------------------------------ creation

    def create_row(
        self, operation: Operation, values: RequestValues, body: Mapping[str, Any] | None, caller: CallerIdentity
    ) -> bytes:
        """Create a row, and return the response as documented. ``body`` is valid. Raises ``UnknownScopeValue``."""
        plan, now = self._plans[operation.id], self._clock.current_micros()
        table, scope = plan.table, operation.behavior.scope
        if scope is not None:
            get_scope_key(table, scope, values)  # raises for a scope that no collection has
        assert plan.create_action is not None
        response = plan.create_action.create_row(values, body or {}, caller, now)
        return self._render_row(plan, table.newest_row(), now) if response is None else response

    # ----------------------------------------------------------------------------------------------- responses

    def _render_row(self, plan: OperationPlan, row: StoredRow, now: Micros) -> bytes:
        if plan.projection.is_identity:
            return plan.table.encode_row(row, now)
        return msgspec.json.encode(self._project_row(plan, row, now))

    def _project_row(self, plan: OperationPlan, row: StoredRow, now: Micros) -> Any:
        table = plan.table
        return plan.projection.project_row(table.field_getter(row, table.phase_at(row, now)), self._row_rng(plan, row))

    def _row_rng(self, plan: OperationPlan, row: StoredRow) -> SeededRandom:
        """Return the choices for what the operation's response shows beyond the row."""
        return SeededRandom(f"{plan.table.stream}/{plan.operation.id}/{plan.table.identity_key(row)}")

    # ------------------------------------------------------------------------------------------ the whole world

    def dump_state(self, names: Collection[str] | None = None) -> dict[str, Any]:
        """Return every row as served, by resource: by scope, the first one first, and in the order of its list.

        ``names`` are those of the resources; without it, all.
        """
        now = self._clock.current_micros()
        return {
            name: [msgspec.json.decode(table.encode_row(row, now)) for row in self._iter_rows(table, now)]
            for name, table in self._tables.items()
            if names is None or name in names
        }

    def list_changed_resources(self) -> list[str]:
        """Return the names of the resources whose rows may be others than the seeded ones."""
        return [name for name, table in self._tables.items() if table.created_count or table.revision > 1]

    def _iter_rows(self, table: Table, now: Micros) -> Iterator[StoredRow]:
        table.advance_to(now)
        behaviors = (plan.operation.behavior for plan in self._plans.values() if plan.table is table)
        order = next((behavior.order for behavior in behaviors if behavior.lists), None)
        index = table.get_index(order.by if order else None)
        descending = order is None or order.direction == "desc"
        first_scope = next(iter(table.scope_values.items()), None)
        if first_scope is None:
            yield from index.select(RowQuery(descending=descending))
            return
        field, values = first_scope
        for value in values:
            scope_filter = (table.key_positions[field], table.row_factory.index_key(field, value))
            yield from index.select(RowQuery(equal=(scope_filter,), descending=descending))

    def replace_state(self, state: Any) -> None:
        """Replace the rows of the resources that ``state`` names: ``{"run": [{"id": "…", …}]}``.

        Raises ``UsageError``, and changes nothing, where a row is invalid.
        """
        if not isinstance(state, Mapping):
            raise UsageError("a state is an object: the name of each resource, and its rows")
        for name in state:
            if name not in self._tables:
                known = ", ".join(self._tables) or "none"
                raise UsageError(f"no resource is called {name!r}", remedy=f"Known: {known}.")
        valid_rows = {name: self._tables[name].validate_rows(rows) for name, rows in state.items()}
        for name, rows in valid_rows.items():
            self._tables[name].replace_rows(rows)

    def reset(self) -> None:
        """Return to the seeded rows: all that was created or put is gone. The clock stays as it is."""
        for table in self._tables.values():
            table.reset()

    def scope_values(self) -> dict[str, list[Any]]:
        """Return the known values of each path parameter that scopes a list; the first has most rows, the last none."""
        by_parameter: dict[str, list[Any]] = {}
        for plan in self._plans.values():
            scope = plan.operation.behavior.scope
            if scope is not None:
                by_parameter.setdefault(scope.parameter, [*plan.table.scope_values[scope.field]])
        return by_parameter

    def sample_ids(self, operation: Operation, count: int) -> list[Any]:
        """Return some values of the path parameter by which an operation fetches or watches a row."""
        lookup = operation.behavior.lookup
        if lookup is None:
            return []
        table, now = self._tables[lookup.resource], self._clock.current_micros()
        rows = self._iter_rows(table, now)
        values = (table.field_getter(row, table.phase_at(row, now))(lookup.field) for row in rows)
        return [*islice((value for value in values if value is not ABSENT and value is not None), count)]

    def list_owners(self) -> list[Any]:
        """Return the owners that rows may have, those of configured credentials first."""
        tables = self._tables.values()
        return [*dict.fromkeys(owner for table in tables for owner in table.indexed_fields.owner_values)]


def _load_adversary(api: Api, settings: Settings) -> "AdversarialGenerator | None":
    if settings.data != "adversarial":
        return None
    # Imported only here: hypothesis takes half a second to import.
    from specduet.mocks.generation.adversarial import get_adversarial_generator

    return get_adversarial_generator(api.response_schemas, settings.seed)
