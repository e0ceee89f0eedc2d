"""The world of one API: its tables of rows, and the operations on them.

``World`` compiles each operation's statements once, into an ``OperationPlan``. A call then brings the table up to the
current time (``Table.advance_to``), asks it for rows, and renders them in the form of the operation's response.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from specduet.mocks.bounded_cache import BoundedCache
from specduet.mocks.clock import Clock, Micros
from specduet.mocks.generation.values import get_generator
from specduet.mocks.settings import CallerIdentity, Settings
from specduet.mocks.world import path_ids
from specduet.mocks.world.creation import RequestValues
from specduet.mocks.world.index import RowQuery, StoredRow
from specduet.mocks.world.list_pages import RequestUrl
from specduet.mocks.world.list_rendering import NO_URL, RenderedList, render_list
from specduet.mocks.world.memberships import change_members, describe_members, find_member_lists, find_scope_members
from specduet.mocks.world.operation_plan import OperationPlan, compile_plan
from specduet.mocks.world.queries import check_ancestors, get_scope_key, scope_and_owner_filters
from specduet.mocks.world.removal import remove_with_children
from specduet.mocks.world.row_events import RowEvents, RowListener
from specduet.mocks.world.row_feed import RowFeed, RowFeeds
from specduet.mocks.world.row_locations import RowLocation, find_location
from specduet.mocks.world.table import Table
from specduet.mocks.world.table_snapshot import TableSnapshot
from specduet.mocks.world.tables import Tables, match_resource
from specduet.specs import Api, Operation, UsageError

if TYPE_CHECKING:
    from specduet.mocks.generation.adversarial import AdversarialGenerator

# speed: without the cache, "list" costs 28 % more processor time (make bench ARGS='--only tricks', 2026-11-28)
_CACHE_SIZE = 64  # lists
_MAX_CACHED_BYTES = 65_536  # of one list
_SCOPE_COUNT = 3  # known values of a path parameter that are shown
WorldSnapshot = Mapping[str, TableSnapshot]
"""The snapshots of the tables that were needed so far, by the name of their resource."""
_NO_KEYS: Mapping[str, Any] = {}


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
        self._tables = Tables(api, settings, believable, adversary)
        self._cached_lists: BoundedCache[tuple[Any, ...], RenderedList] = BoundedCache(_CACHE_SIZE)
        self._generator = adversary or believable
        self.events = RowEvents(api, self._tables, self._generator)
        """The events that webhooks tell of."""
        self.listener: RowListener | None = None
        self._plans: dict[str, OperationPlan] = {}
        self._feeds = RowFeeds(api, clock, self._generator)
        self._locations: dict[str, RowLocation | None] = {}
        """For each operation that creates rows, where they are fetched."""
        seed_data = self._match_names(settings.seed_data.get(api.name, {}))
        for name in self._tables.sort_by_dependence(seed_data):
            self._tables[name].begin_with(self._tables[name].read_rows(seed_data[name], keeps_valid=False))
        for name, resource in api.resources.items():
            if not resource.is_inferred:
                self._tables[name].check_rows()

    @property
    def clock(self) -> Clock:
        return self._clock

    # ---------------------------------------------------------------------------------------- lists and details

    def find_plan(self, operation: Operation) -> OperationPlan:
        """Return the statements on an operation about rows, compiled at its first request."""
        plan = self._plans.get(operation.pointer)
        if plan is None:
            plan = compile_plan(self._api, operation, self._tables, self._generator)
            assert plan is not None
            self._plans[operation.pointer] = plan
        return plan

    def list_rows(
        self, operation: Operation, values: RequestValues, caller: CallerIdentity, url: RequestUrl = NO_URL
    ) -> bytes:
        """Return the response of a list operation; see ``list_page``."""
        return self.list_page(operation, values, caller, lambda: url).body

    def list_page(
        self, operation: Operation, values: RequestValues, caller: CallerIdentity, read_url: Callable[[], RequestUrl]
    ) -> RenderedList:
        """Return the response of a list operation, and the facts about the page that headers tell.

        A limit of zero or less holds no rows, an offset below zero is zero. ``read_url`` returns that of the
        request. Raises ``UnknownScopeValue``, ``WindowTooOld`` and ``BadToken``.
        """
        plan = self.find_plan(operation)
        table, now = plan.table, self._clock.current_micros()
        table.advance_to(now)
        if plan.scopes:
            check_ancestors(plan, values)
        url = read_url() if plan.has_urls else NO_URL
        key = (operation.pointer, caller.owner, caller.admin, url, *values.items())
        try:
            cached = self._cached_lists.get(key)
        except TypeError:  # a value that is a list has no hash
            return render_list(plan, values, caller, now, url)
        if cached is None or cached.revision != table.revision or not cached.since <= now < cached.until:
            cached = render_list(plan, values, caller, now, url)
            if len(cached.body) <= _MAX_CACHED_BYTES:
                self._cached_lists.store(key, cached)
        return cached

    def fetch_row(self, operation: Operation, values: RequestValues, caller: CallerIdentity) -> bytes | None:
        """Return the response of an operation that fetches one row; None where there is none the caller may see."""
        plan = self.find_plan(operation)
        row = self.find_row(plan, values, caller)
        return None if row is None else self.render_row(plan, row)

    def find_row(
        self, plan: OperationPlan, values: RequestValues, caller: CallerIdentity, *, joins: bool = False
    ) -> StoredRow | None:
        """Return the row that a request names, None where there is none the caller may see.

        With ``joins`` it need not be a member of the parent that the path names.
        """
        lookup, now = plan.operation.behavior.lookup, self._clock.current_micros()
        assert lookup is not None
        plan.table.advance_to(now)
        if plan.scopes:
            check_ancestors(plan, values)
        required_keys = scope_and_owner_filters(plan, values, caller)
        if not lookup.parameter:
            return plan.table.implied.find_single(plan.table, required_keys, now)
        value = values.get(lookup.parameter)
        parent = None if plan.parent_position is None else dict(required_keys).get(plan.parent_position)
        if parent is not None:
            row = plan.table.find_numbered(parent, value)
        else:
            row = plan.table.implied.find_any(plan.table, plan.lookup_field, value, now)
        if row is None or any(row.index_keys[position] != key for position, key in required_keys):
            return None
        if joins or not plan.scopes:
            return row
        members = find_scope_members(plan.table, plan.scopes, values)
        return row if members is None or plan.table.identity_key(row) in members else None

    def change_membership(self, plan: OperationPlan, row: StoredRow, values: RequestValues, *, joins: bool) -> bool:
        """Let a row join the members of a request's parent, or leave them; return whether that made a difference."""
        found = plan.table.related_rows.find_path_row(plan.scopes, values)
        name, key = plan.scopes[-1].members, plan.table.identity_key(row)
        return found is not None and bool(name) and change_members(*found, name or "", plan.table, key, joins=joins)

    def render_row(self, plan: OperationPlan, row: StoredRow) -> bytes:
        """Return the response that shows a row."""
        return plan.render_row(row, self._clock.current_micros())

    def decode_row(self, plan: OperationPlan, row: StoredRow) -> dict[str, Any]:
        """Return a row as it is now."""
        return plan.table.decode_row(row, self._clock.current_micros())

    # ------------------------------------------------------------------------------------------- status events

    def follow_rows(
        self, operation: Operation, values: RequestValues, caller: CallerIdentity, after: str = ""
    ) -> RowFeed | None:
        """Return the events of the rows that a request follows; None where it is one that the caller may not see.

        ``after`` is the id of the last event that the client has.
        """
        plan, watches = self.find_plan(operation), operation.behavior.watches
        assert watches is not None
        if watches.many:
            return self._feeds.follow_all(plan, values, caller, after)
        row = self.find_row(plan, values, caller)
        return None if row is None else self._feeds.follow_row(plan, row, after)

    def follow_newest_row(self, operation: Operation) -> RowFeed:
        """Return the events of the row that was created last in the resource of an operation."""
        plan = self.find_plan(operation)
        return self._feeds.follow_row(plan, plan.table.newest_row())

    # ----------------------------------------------------------------------------------- creation, change, removal

    def create_row(
        self,
        operation: Operation,
        values: RequestValues,
        body: Any,
        caller: CallerIdentity,
        keys: RequestValues = _NO_KEYS,
    ) -> bytes:
        """Create a row, and return the response as documented. ``body`` is valid.

        ``keys`` are fields that the row has whatever the request says. Raises ``UnknownScopeValue`` and ``Duplicate``.
        """
        plan, now = self.find_plan(operation), self._clock.current_micros()
        table = plan.table
        if plan.scopes:
            check_ancestors(plan, values)
            get_scope_key(table, plan.scopes, values)  # raises for a scope that no collection has
        action = plan.create_action
        assert action is not None
        sent = body if isinstance(body, dict) else _NO_KEYS
        if action.has_unique_fields:
            action.check_unique(sent, now)
        new = action.shown.create_row(values, sent, caller, now) if action.shown is not None and not keys else None
        if new is not None:
            return plan.render_new_row(new)
        response = action.create_row(values, sent, caller, now, keys)
        return plan.render_row(table.newest_row(), now) if response is None else response

    def describe_file(
        self, operation: Operation, describe: Callable[[Iterable[str]], dict[str, Any]], body: Any
    ) -> dict[str, Any]:
        """Return the fields of a new row that tell of its file, without those that the request sets itself.

        ``describe`` returns the facts about the file for the names of properties.
        """
        values, action = self.find_plan(operation).table.values, self.find_plan(operation).create_action
        sent = action.body_fields.read_values(body) if action is not None and action.body_fields is not None else {}
        return values.only_allowed(describe(name for name in values.properties if name not in sent))

    def newest_row(self, operation: Operation) -> StoredRow:
        """Return the row that was created last in the resource of an operation."""
        return self.find_plan(operation).table.newest_row()

    def locate_newest_row(self, operation: Operation, values: RequestValues) -> str | None:
        """Return the path at which the row that was created last is fetched, None where nothing fetches it."""
        location = self._find_location(operation)
        if location is None:
            return None
        plan = self.find_plan(location.operation)
        return location.fill(values, plan.table.newest_key(plan.lookup_field))

    def _find_location(self, operation: Operation) -> RowLocation | None:
        """Return where the rows that an operation creates are fetched."""
        if operation.pointer not in self._locations:
            subject = operation.behavior.subject
            self._locations[operation.pointer] = find_location(self._api, subject.resource) if subject else None
        return self._locations[operation.pointer]

    def change_row(self, plan: OperationPlan, row: StoredRow, changes: Mapping[str, Any]) -> bytes:
        """Set fields of a row, and return the response."""
        now, acts = self._clock.current_micros(), plan.operation.behavior.acts
        plan.table.change_row(row, changes, now, goes_on=acts is not None and acts.goes_on)
        if self.listener is not None:
            self.listener.note_change(self._api.name, plan.table.resource.name, plan.table.identity_key(row))
        return plan.render_row(row, now)

    def remove_row(self, plan: OperationPlan, row: StoredRow) -> bytes:
        """Remove a row and those that belong to it, and return the response, which may show it for the last time."""
        response = plan.render_row(row, self._clock.current_micros(), is_removed=True)
        remove_with_children(self._tables, plan.table, row)
        return response

    # ------------------------------------------------------------------------------------------ the whole world

    def dump_state(self, names: Collection[str] | None = None) -> dict[str, Any]:
        """Return every row as served, by resource: by scope, the first one first, and in the order of its list.

        What a row does not show, its parent for instance, stands under its name with a ``?``: ``{"?list": 7}``. Rows of
        which none can be made are left out.
        ``names`` are those of the resources; without it, all.
        """
        now = self._clock.current_micros()
        return {
            name: list(self._describe_rows(table, now))
            for name, table in self._tables.items()
            if names is None or name in names
        }

    def _describe_rows(self, table: Table, now: Micros) -> Iterator[dict[str, Any]]:
        lists = find_member_lists(self._api).get(table.resource.name, {})
        members = {name: self._tables[other] for name, other in lists.items()}
        for row in self._iter_rows(table, now):
            shown = table.describe_row(row, now)
            if shown is not None:
                yield shown | describe_members(table, row, members)

    def preview_rows(self, most_tables: int, most_rows: int) -> dict[str, tuple[int, list[dict[str, Any]]]]:
        """Return by resource how many rows there are, and the first ones as ``dump_state`` has them.

        These are the resources whose rows were needed so far, and others of the document up to ``most_tables``.
        """
        now = self._clock.current_micros()
        made = [name for name, _ in self._tables.iter_made()]
        names = [*dict.fromkeys([*made, *islice(self._api.resources, max(0, most_tables - len(made)))])]
        shown = {
            name: list(islice(self._describe_rows(self._tables[name], now), most_rows)) for name in names[:most_tables]
        }
        return {name: (len(self._tables[name].get_rows()), rows) for name, rows in shown.items()}

    def list_changed_resources(self) -> list[str]:
        """Return the names of the resources whose rows may be others than the seeded ones."""
        return [name for name, table in self._tables.iter_made() if table.is_written]

    def _iter_rows(self, table: Table, now: Micros) -> Iterator[StoredRow]:
        table.advance_to(now)
        behaviors = (o.behavior for o in self._api.operations_about(table.resource.name))
        order = next((behavior.order for behavior in behaviors if behavior.lists), None)
        index = table.get_index(order.by if order else None)
        descending = order is None or order.direction == "desc"
        first_scope = next(iter(table.scope_values.items()), None)
        if first_scope is None:
            yield from index.select(RowQuery(descending=descending))
            return
        field, values = first_scope
        for value in values:
            scope_filter = (table.key_positions[field], table.values.index_key(field, value))
            yield from index.select(RowQuery(equal=(scope_filter,), descending=descending))

    def list_files(self) -> dict[str, dict[Any, Any]]:
        """Return the files that requests stored, by resource and by the index key of the row's identity."""
        tables = [*self._tables.iter_made()]
        return {
            name: {table.identity_key(row): row.file for row in rows if row.file is not None}
            for name, table in tables
            if (rows := [*table.get_rows().select(RowQuery())])
        }

    def keep_files(self, files: Mapping[str, Mapping[Any, Any]]) -> None:
        """Put files to the rows that are still there."""
        for name in files.keys() & self._tables.keys():
            table = self._tables[name]
            for key, file in files[name].items():
                row = table.find_row(table.identity_field, key)
                if row is not None:
                    row.file = file

    def replace_state(self, state: Any) -> None:
        """Replace the rows of the resources that ``state`` names: ``{"run": [{"id": "…", …}]}``.

        What a row lacks is made up. Resources that refer to these, and in which nothing was written, are seeded anew.
        Raises ``UsageError``, and changes nothing, where a row is invalid.
        """
        if not isinstance(state, Mapping):
            raise UsageError("a state is an object: the name of each resource, and its rows")
        state = self._match_names(state)
        snapshot = self.take_snapshot()
        try:
            for name in self._tables.sort_by_dependence(state):
                self._tables[name].replace_rows(self._tables[name].read_rows(state[name], keeps_valid=True))
        except UsageError:
            self.restore(snapshot)
            raise
        for name in self._tables.find_dependent({*state}):
            if not self._tables[name].is_written:
                self._tables[name].reset()

    def _match_names(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return a state with the names that the resources have. Raises ``UsageError`` for what is none."""
        matched: dict[str, Any] = {}
        for name, rows in state.items():
            resource = match_resource(self._api, name)
            if resource is None:
                known = ", ".join(self._tables) or "none"
                raise UsageError(f"{self._api.name} has no resource {name!r}", remedy=f"Known: {known}.")
            if resource in matched:
                raise UsageError(f"{name!r} names the resource {resource!r} once more")
            matched[resource] = rows
        return matched

    def take_snapshot(self) -> WorldSnapshot:
        """Return a copy of all rows, to be restored as often as you like. The clock is none of it."""
        now = self._clock.current_micros()
        for _, table in [*self._tables.iter_made()]:
            if table.created_count:
                table.advance_to(now)
        return {name: table.take_snapshot() for name, table in self._tables.iter_made()}

    def restore(self, snapshot: WorldSnapshot) -> None:
        """Return to a snapshot. A table that was not needed before it has its seeded rows."""
        for name, table in self._tables.iter_made():
            if name in snapshot:
                table.restore(snapshot[name])
            else:
                table.reset()

    def reset(self) -> None:
        """Return to the seeded rows: all that was created or put is gone. The clock stays as it is."""
        for _, table in self._tables.iter_made():
            table.reset()

    def scope_values(self) -> dict[str, list[Any]]:
        """Return the known values of each path parameter that scopes a list; the first has most rows, the last none."""
        return dict(path_ids.read_scopes(self._api, self._tables, self._clock.current_micros(), _SCOPE_COUNT))

    def list_path_ids(self, count: int) -> dict[str, list[Any]]:
        """Return some values of the last parameter of each path to rows: ``{"/pets/{petId}": [1, 2]}``."""
        return path_ids.list_path_ids(self._api, self._tables, self._clock.current_micros(), count)

    def sample_ids(self, operation: Operation, count: int) -> list[Any]:
        """Return some values of the path parameter by which an operation fetches or watches a row."""
        return path_ids.sample_ids(operation, self._tables, self._clock.current_micros(), count)

    def list_owners(self) -> list[Any]:
        """Return the owners that rows may have, those of configured credentials first."""
        tables = (table for _, table in self._tables.iter_made())
        return [*dict.fromkeys(owner for table in tables for owner in table.indexed_fields.owner_values)]


def _load_adversary(api: Api, settings: Settings) -> "AdversarialGenerator | None":
    if settings.data != "adversarial":
        return None
    # Imported only here: hypothesis takes half a second to import.
    from specduet.mocks.generation.adversarial import get_adversarial_generator

    return get_adversarial_generator(api.response_schemas, settings.seed)
