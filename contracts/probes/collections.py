"""Probe of list operations: every kind of page, each between two lists of everything that show what changed meanwhile.

The queries come from ``contracts/probes/list_queries.py``. Recorded are the traces ``BracketedQueries``,
``CallerLists``, ``UnknownFilterValue``, ``PartialFilterValue`` and ``UnknownPathValue`` (``contracts/traces.py``).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.row_values import get_path, read_list_rows
from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.probes.list_queries import (
    UNUSED_TEXT,
    UNUSED_UUID,
    ListQueries,
    ListQuery,
    build_longest_query,
    change_one_letter,
)
from specduet.contracts.probes.page_walks import PageFollower
from specduet.contracts.probes.sample_rows import SAMPLE_COUNT, add_sample_rows
from specduet.contracts.recording import Exchange, Row
from specduet.contracts.sending.sender import Sender
from specduet.contracts.traces import (
    BracketedQueries,
    CallerLists,
    PartialFilterValue,
    UnknownFilterValue,
    UnknownPathValue,
)
from specduet.specs import Operation, Parameter
from specduet.specs.list_statements import Offset

_GROUP_SIZE = 12
"""Queries between two lists of everything."""

_MAX_TRIES = 3
"""Times that a group is sent if the collection changes meanwhile."""

_MAX_BUSY_GROUPS = 2
"""Changed groups in a row after which no group is sent again: the collection is never quiet."""

_MAX_SAMPLED = 2
"""Collections of one operation in which rows are created, where they have few."""

_MAX_SCOPES = 4
"""Collections of one operation that are probed."""

_CONCURRENT_ROUNDS = 5
_LONG_WALK, _SHORT_WALK, _BRIEF_WALK = 45, 8, 4
"""Pages of one walk at most."""

_MAX_DURATION_S = 12.0
"""Seconds after which no new group is sent to one collection: its service is slow."""

_MAX_LIMIT = {True: 1000, False: 200}
"""Rows in the list of everything at most; True is for this machine, False for others."""

_REDUCTION = {True: 1, False: 4}
"""One of so many queries and pages is sent; True is for this machine, False for others."""


def probe_collections(sender: Sender, operation: Operation, known_values: KnownValues) -> None:
    """Probe a list operation under every known path: the longest collection fully, others briefly, then concurrently.

    Raises ``BudgetSpent``.
    """
    if operation.behavior.lists is None or has_sent_parameters(operation):
        return
    probes = [CollectionProbe(sender, operation, path) for path in known_values.path_choices(operation)[:_MAX_SCOPES]]
    responsive = [collection for collection in probes if collection.list_everything()]
    for collection in responsive[:_MAX_SAMPLED]:
        collection.add_sample_rows(known_values)
    responsive.sort(key=lambda collection: -len(collection.rows))
    for index, collection in enumerate(responsive):
        collection.probe_fully() if index == 0 else collection.probe_briefly()
    for collection in responsive[:1]:
        collection.probe_hidden_filters(known_values)
        collection.list_as_callers()
    _send_concurrently(responsive)
    _send_unknown_scope(sender, operation, responsive)


def has_sent_parameters(operation: Operation) -> bool:
    """Return whether the id of a row, or the parameters of a list, are in the body of requests or by place."""
    lookup = operation.behavior.lookup
    is_sent_list = operation.behavior.lists is not None and operation.method != "GET" and operation.body is not None
    is_guessed_stream = operation.behavior.watches is not None and operation.behavior.watches.basis == "assumed"
    return is_sent_list or is_guessed_stream or (lookup is not None and "/" in lookup.parameter)


class CollectionProbe:
    """Requests to the list operation of one collection, which its path selects."""

    def __init__(self, sender: Sender, operation: Operation, path: Mapping[str, str]) -> None:
        self.sender = sender
        self.operation = operation
        self.path = path
        self.collection = CollectionRules(sender.api, operation)
        self.now = datetime.now(UTC)
        # no new group of queries is sent after this time (time.monotonic)
        self.deadline = time.monotonic() + _MAX_DURATION_S
        self.reduction = _REDUCTION[sender.target.loopback]
        self.base_query = build_longest_query(self.collection, self.now, _MAX_LIMIT[sender.target.loopback])
        self.rows: list[Row] = []
        self.is_capped = False
        self.busy_groups = 0

    @property
    def list_queries(self) -> ListQueries:
        """The queries that fit the rows of the last complete list."""
        limit = self.operation.behavior.limit
        requested = self.base_query.get(limit.parameter) if limit else None
        is_complete = requested is None or len(self.rows) < int(requested)
        return ListQueries(self.collection, self.rows, self.now, is_complete=is_complete)

    # ---------------------------------------------------------------------------------- sending between lists

    def send_query(self, query: ListQuery, **options: Any) -> Exchange:
        """Send a query, laid over ``base_query``, and return the exchange. ``options`` are those of ``Sender.send``."""
        parameters = {**self.base_query, **query}
        pairs = [(name, value) for name, value in parameters.items() if value is not None]
        return self.sender.send(self.operation, path=self.path, query=pairs, **options)

    def read_rows(self, exchange: Exchange) -> list[Row] | None:
        """Return the rows of a response, None where it lists none."""
        return read_list_rows(self.operation, exchange)

    def list_everything(self) -> bool:
        """Send the longest query, or none if that fails, and keep the rows; return False if neither lists rows."""
        for base_query in (self.base_query, {}):
            self.base_query = base_query
            rows = self.read_rows(self.send_query({}))
            if rows is not None:
                self.rows = rows
                self.is_capped = self._is_capped()
                return True
        return False

    def add_sample_rows(self, known_values: KnownValues) -> None:
        """Create rows where the list is too short to tell anything by, and list everything again."""
        few = len(self.rows)
        is_short = few < SAMPLE_COUNT[self.sender.target.loopback] and not self.is_capped
        if is_short and add_sample_rows(self.sender, self.operation, self.path, known_values, few):
            self.list_everything()

    def _is_capped(self) -> bool:
        """Return whether rows follow on a list that is shorter than its limit: a service may have a lower maximum."""
        behavior, total = self.operation.behavior, len(self.rows)
        if behavior.page is not None:
            return bool(self.rows) and bool(self.read_rows(self.send_query({behavior.page.parameter: self._next_page})))
        if behavior.offset is None or behavior.limit is None or not self.collection.can_be_capped(total):
            return False
        if total >= int(self.base_query.get(behavior.limit.parameter, 0)):
            return False
        return bool(self.read_rows(self.send_query({behavior.offset.parameter: str(total)})))

    @property
    def _next_page(self) -> str:
        """The number of the second page."""
        page = self.operation.behavior.page
        return str(page.first + 1 if page is not None else 1)

    def send_bracketed(self, queries: Iterable[ListQuery]) -> None:
        """Send queries in groups, each between two lists of everything, and again if rows came or went meanwhile."""
        remaining = islice(queries, 0, None, self.reduction)
        while time.monotonic() < self.deadline and (group := list(islice(remaining, _GROUP_SIZE))):
            self._bracket_requests(partial(self._send_queries, group))

    def _send_queries(self, queries: Iterable[ListQuery]) -> tuple[Exchange, ...]:
        return tuple(self.send_query(query) for query in queries)

    def _bracket_requests(
        self,
        send_requests: Callable[[], tuple[Exchange, ...]],
        describe: Callable[[], Mapping[str, bool]] = dict,
    ) -> None:
        """Call ``send_requests`` between two lists of everything, and again while these differ, at most three times.

        ``describe`` tells the facts about these requests afterwards: ``{"is_page_walk": True}``.
        """
        for _ in range(_MAX_TRIES if self.busy_groups < _MAX_BUSY_GROUPS else 1):
            list_before = self.send_query({})
            responses = send_requests()
            list_after = self.send_query({})
            is_recorded = self.record_bracket(list_before, responses, list_after, **describe())
            if not is_recorded or self._is_unchanged(list_before, list_after):
                self.busy_groups = 0
                return
        self.busy_groups += 1

    def record_bracket(
        self, list_before: Exchange, responses: tuple[Exchange, ...], list_after: Exchange, **facts: bool
    ) -> bool:
        """Record that responses came between two lists of everything; return False if one of these lists no rows."""
        if self.read_rows(list_before) is None or self.read_rows(list_after) is None:
            return False
        self.sender.record_trace(
            BracketedQueries, self.operation, list_before, responses, list_after, is_capped=self.is_capped, **facts
        )
        return True

    def _is_unchanged(self, list_before: Exchange, list_after: Exchange) -> bool:
        ids_before, ids_after = (
            [self.collection.get_id(row) for row in self.read_rows(exchange) or ()]
            for exchange in (list_before, list_after)
        )
        return ids_before == ids_after

    # ---------------------------------------------------------------------------------- choosing what to send

    def probe_fully(self) -> None:
        """Send every kind of query and walk the pages in several sizes, the simplest first."""
        queries = self.list_queries
        for make_queries in (
            queries.limit_queries,
            queries.window_queries,
            queries.bound_queries,
            queries.filter_queries,
            queries.offset_queries,
            queries.cursor_queries,
            queries.order_queries,
        ):
            self.send_bracketed(make_queries())
        self.walk_pages({}, 7, _LONG_WALK)
        for size in dict.fromkeys((max(len(self.rows) // _SHORT_WALK + 1, 2), 1)):
            self.follow_pages(size, _SHORT_WALK)
        self.send_bracketed(_thin_out(queries.combined_queries(), 120))
        for size, max_pages in ((1, _SHORT_WALK), (2, _SHORT_WALK), (10, _LONG_WALK), (50, _LONG_WALK)):
            self.walk_pages({}, size, max_pages)
        self.walk_pages({}, max(len(self.rows) // 30, 20), _LONG_WALK)
        self.walk_pages({}, None, _SHORT_WALK)
        for query in self._walk_queries():
            self.walk_pages(query, 5, _BRIEF_WALK)

    def probe_briefly(self) -> None:
        """Send a few queries of each kind and walk the pages once: for every collection beside the first."""
        queries = self.list_queries
        first_queries = [
            *islice(queries.limit_queries(), 5),
            *islice(queries.offset_queries(), 3),
            *islice(queries.order_queries(), 4),
        ]
        self.send_bracketed([*first_queries, *islice(queries.filter_queries(), 6)])
        self.walk_pages({}, 4, _SHORT_WALK)
        self.follow_pages(max(len(self.rows) // 3, 1), _BRIEF_WALK)

    def _walk_queries(self) -> Iterator[ListQuery]:
        """Yield the queries to walk over: each direction, the default time window, and each value of the filters."""
        behavior = self.operation.behavior
        if behavior.order is not None and behavior.order.parameter is not None:
            yield {behavior.order.parameter: "asc"}
            yield {behavior.order.parameter: "desc"}
        for name, rule in behavior.filters.items():
            if rule.op == "ge":
                yield {name: None}
            elif not rule.hidden:
                yield from ({name: value} for value in self.list_queries.filter_values(name)[:8])

    def walk_pages(self, query: ListQuery, page_size: int | None, max_pages: int) -> None:
        """Fetch pages of one size up to the first short one, at most ``max_pages``, between two lists of everything.

        ``page_size`` None leaves out the limit, so that its default holds.
        """
        behavior = self.operation.behavior
        if behavior.limit is None or (behavior.offset is None and behavior.cursor is None):
            return
        limit = self.collection.get_default(behavior.limit.parameter) if page_size is None else page_size
        if not isinstance(limit, int) or limit > len(self.rows) + 1 or time.monotonic() > self.deadline:
            return
        sized_query = {**query, behavior.limit.parameter: None if page_size is None else str(page_size)}
        page_count = max(max_pages // self.reduction, 3)
        self._bracket_requests(
            lambda: tuple(islice(self._fetch_pages(sized_query, limit), page_count)), lambda: {"is_page_walk": True}
        )

    def follow_pages(self, page_size: int | None, max_pages: int) -> None:
        """Follow numbers, tokens or URLs from page to page, at most ``max_pages``, between two lists of everything."""
        behavior = self.operation.behavior
        if not self._can_follow() or time.monotonic() > self.deadline:
            return
        query: dict[str, str | None] = {}
        if behavior.limit is not None and page_size is not None:
            query = {behavior.limit.parameter: str(page_size)}
        limit = page_size if behavior.limit is not None else None
        walks: list[PageFollower] = []

        def send_pages() -> tuple[Exchange, ...]:
            walks.append(PageFollower(self.collection, limit))
            pages = walks[-1].fetch_pages(lambda position: self.send_query({**query, **position}))
            return tuple(islice(pages, max_pages))

        def describe_walk() -> Mapping[str, bool]:
            walk = walks[-1]
            return {"is_page_walk": True, "is_finished": walk.is_finished, "is_endless": walk.is_endless}

        self._bracket_requests(send_pages, describe_walk)

    def _can_follow(self) -> bool:
        """Return whether a statement says how one page leads to the next, and not only by a guess."""
        behavior, position = self.operation.behavior, self.collection.find_position()
        if behavior.cursor is not None or behavior.visibility is not None:
            return False
        if position is not None:
            return position.basis == "inferred" or not isinstance(position, Offset)
        facts = (
            {*behavior.page_info.fields.values(), *behavior.page_info.headers.values()} if behavior.page_info else ()
        )
        return not {"next-url", "links"}.isdisjoint(facts)

    def _fetch_pages(self, query: ListQuery, page_size: int) -> Iterator[Exchange]:
        """Yield page after page, by offset or cursor, until one is short or the cursor stays the same."""
        behavior = self.operation.behavior
        position: dict[str, str] = {}
        row_count = 0
        while True:
            page = self.send_query({**query, **position})
            yield page
            rows = self.read_rows(page)
            if rows is None or len(rows) < page_size:
                return
            row_count += page_size
            if behavior.offset is not None:
                position = {behavior.offset.parameter: str(row_count)}
            else:
                assert behavior.cursor is not None
                last = get_path(rows[-1], behavior.cursor.before)
                if not isinstance(last, str) or position.get(behavior.cursor.parameter) == last:
                    return
                position = {behavior.cursor.parameter: last}

    # -------------------------------------------------------------------------- hidden fields, callers

    def probe_hidden_filters(self, known_values: KnownValues) -> None:
        """Send filters whose field no row shows: an unknown value, known ones alone and with other queries, parts."""
        for name in self.list_queries.hidden_filters():
            parameter = self.operation.parameter(name)
            assert parameter is not None
            unknown_value: ListQuery = {name: self.list_queries.unused_value(name)}
            self.send_bracketed([unknown_value])
            for query in (unknown_value, {**unknown_value, **self._first_filter()}):
                self.sender.record_trace(UnknownFilterValue, self.operation, name, self.send_query(query))
            values = known_values.parameter_values(parameter)[:3]
            self.send_bracketed({name: value} for value in values)
            if values:
                self._send_partial_values(name, values[0])
            for value in values:
                narrowed = CollectionProbe(self.sender, self.operation, self.path)
                narrowed.base_query = {**self.base_query, name: value}
                narrowed.rows = narrowed.read_rows(narrowed.send_query({})) or []
                queries = narrowed.list_queries
                narrowed.send_bracketed(
                    [*islice(queries.limit_queries(), 6), *islice(queries.filter_queries(), 0, 24, 3)]
                )
                narrowed.send_bracketed([*islice(queries.cursor_queries(), 4), *islice(queries.window_queries(), 3)])

    def _send_partial_values(self, name: str, value: str) -> None:
        """Send a known value without its first or last letter, or with another one: a loose filter matches it, too."""
        full_match = self.send_query({name: value})
        for part in (value[:-1], value[1:], *change_one_letter(value)):
            if part.strip() == part != "":
                self.sender.record_trace(
                    PartialFilterValue, self.operation, name, full_match, self.send_query({name: part})
                )

    def _first_filter(self) -> ListQuery:
        return next(self.list_queries.filter_queries(), {})

    def list_as_callers(self) -> None:
        """List everything as each known caller, one after the other and then at the same time."""
        callers = self.sender.callers
        if self.operation.behavior.visibility is None or len(callers) < 2:
            return
        turns = [*range(len(callers))] * 2
        sequential = tuple((i, self.send_query({}, credentials=callers[i])) for i in turns)
        concurrent_turns = turns * 2
        calls = [partial(self.send_query, {}, credentials=callers[i]) for i in concurrent_turns]
        concurrent = tuple(zip(concurrent_turns, self.sender.send_concurrently(calls), strict=True))
        self.sender.record_trace(CallerLists, self.operation, sequential)
        self.sender.record_trace(CallerLists, self.operation, concurrent, is_concurrent=True)

    def varied_queries(self) -> list[ListQuery]:
        """Return a few queries whose responses differ as much as possible, to be sent at the same time."""
        queries = self.list_queries
        limits = [q for q in queries.limit_queries() if any(q.values())]
        filters = [q for q in queries.filter_queries() if len(q) == 1]
        offsets, directions = list(islice(queries.offset_queries(), 1, 3)), list(islice(queries.order_queries(), 2))
        return [*limits[1:2], *limits[3:4], *filters[:3], *offsets, *directions, {}]


def _send_concurrently(probes: Sequence[CollectionProbe]) -> None:
    """Send different queries at the same time, to one collection and to two, several times."""
    if not probes:
        return
    first_two = probes[:2]
    queries = [[(collection, query) for query in collection.varied_queries()] for collection in first_two]
    for number in range(_CONCURRENT_ROUNDS // first_two[0].reduction):
        mixed = [pair for group in queries for pair in group[number % 2 :: 2 if len(group) > 4 else 1]][:8]
        lists_before = {collection: collection.send_query({}) for collection in first_two}
        calls = [partial(collection.send_query, query) for collection, query in mixed]
        responses = probes[0].sender.send_concurrently(calls)
        for collection in first_two:
            own_responses = tuple(r for (queried, _), r in zip(mixed, responses, strict=True) if queried is collection)
            collection.record_bracket(
                lists_before[collection], own_responses, collection.send_query({}), is_concurrent=True
            )


def _send_unknown_scope(sender: Sender, operation: Operation, probes: Sequence[CollectionProbe]) -> None:
    """Send the list request with a scope that does not exist."""
    scope = operation.behavior.scope
    parameter = operation.parameter(scope.parameter, "path") if scope else None
    if parameter is None or not probes:
        return
    exchange = sender.send(operation, path={**probes[0].path, parameter.name: unknown_path_value(parameter)})
    sender.record_trace(UnknownPathValue, operation, parameter.name, exchange)


def unknown_path_value(parameter: Parameter) -> str:
    """Return a valid value of a path parameter that no row has."""
    return UNUSED_UUID if parameter.schema.get("format") == "uuid" else UNUSED_TEXT


def _thin_out(queries: Iterable[ListQuery], max_count: int) -> list[ListQuery]:
    """Return at most ``max_count`` queries, evenly spread, so that some of each kind remain."""
    all_queries = list(queries)
    step = max(1, -(-len(all_queries) // max_count))
    return all_queries[::step]
