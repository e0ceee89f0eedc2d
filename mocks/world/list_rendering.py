"""Responses of lists: the rows of one page, in their envelope, and the facts about the page."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from specduet.mocks.clock import NEVER, Micros
from specduet.mocks.settings import CallerIdentity
from specduet.mocks.world.conditions import Conditions
from specduet.mocks.world.creation import RequestValues
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.list_pages import (
    ListPage,
    PageFacts,
    PageWindow,
    RequestUrl,
    TokenPlace,
    format_links,
    read_token,
    read_token_value,
    read_window,
)
from specduet.mocks.world.operation_plan import OperationPlan
from specduet.mocks.world.queries import ListQuery, build_list_query
from specduet.mocks.world.row_scan import is_match, read_sort, sort_rows
from specduet.mocks.world.table import Table
from specduet.specs.list_statements import Filter, Token

_get_encoded, _get_fresh_until = attrgetter("encoded"), attrgetter("fresh_until")
NO_URL = RequestUrl("", "", "")


class RenderedList(NamedTuple):
    """The response of a list. It holds for one revision of the table, from a time until another."""

    body: bytes
    headers: Sequence[tuple[str, str]]
    """Facts about the page by the name of their header."""
    revision: int
    since: Micros
    until: Micros


class _Selection(NamedTuple):
    """The rows of a page, and the numbers that facts about it are made of."""

    rows: Sequence[StoredRow]
    window: PageWindow
    available: int
    """The number of rows of all pages from the request's cursor on."""
    total: int
    until: Micros
    """The time until which no other row may come into the list."""


def render_list(
    plan: OperationPlan, values: RequestValues, caller: CallerIdentity, now: Micros, url: RequestUrl
) -> RenderedList:
    """Return the response of a list. Raises ``UnknownScopeValue``, ``WindowTooOld`` and ``BadToken``."""
    selection = _select_rows(plan, values, caller, now)
    table, rows = plan.table, selection.rows
    until = min(map(_get_fresh_until, rows), default=NEVER)
    if until <= now:
        for row in rows:
            table.encode_row(row, now)
        until = min(map(_get_fresh_until, rows), default=NEVER)
    if plan.projection.is_identity:
        body = b"[" + b",".join(map(_get_encoded, rows)) + b"]"
    else:
        body = msgspec.json.encode([plan.project_row(row, now) for row in rows])
    headers: list[tuple[str, str]] = []
    if plan.needs_facts:
        identities = [table.identity_key(row) for row in rows]
        page = ListPage(selection.window, len(rows), selection.available, selection.total, identities)
        facts = PageFacts(plan.operation.behavior, page, url)
        headers = list(_make_headers(plan, facts))
        body = plan.envelope.wrap(body, facts) if plan.envelope else body
    elif plan.envelope is not None:
        body = plan.envelope.wrap(body, {})
    if plan.body_check is not None:
        plan.body_check.check(body)
    return RenderedList(body, headers, table.revision, now, min(until, selection.until))


def _select_rows(plan: OperationPlan, values: RequestValues, caller: CallerIdentity, now: Micros) -> _Selection:
    """Return the rows of the page: a slice of an index, or of all rows that were looked at."""
    behavior, table = plan.operation.behavior, plan.table
    index = table.get_index(plan.sort_field)
    if plan.is_plain_list and not plan.needs_facts:
        window = read_window(behavior, values, _find_nothing)
        listing = build_list_query(plan, values, caller, now, offset=window.start, limit=window.limit)
        if not listing.conditions:
            rows = index.select(listing.query)
            return _Selection(rows, window, 0, 0, _find_expiry(plan, listing, rows))
    listing = build_list_query(plan, values, caller, now)
    sort_fields = read_sort(behavior.sort, values, table) if behavior.sort else []
    has_token = any(read_token_value(token, values) is not None for token in behavior.tokens)
    if listing.conditions or sort_fields or has_token:
        return _scan_rows(plan, values, now, index.select(listing.query), listing, sort_fields)
    window = read_window(behavior, values, _find_nothing)
    rows = index.select(replace(listing.query, offset=window.start, limit=window.limit))
    if not plan.needs_facts:  # a filter had several values, which no index answers
        return _Selection(rows, window, 0, 0, _find_expiry(plan, listing, rows))
    until = NEVER if listing.window is None else now  # rows that are not shown are counted
    available = index.count(listing.query)
    total = available if listing.query.below is None else index.count(replace(listing.query, below=None))
    return _Selection(rows, window, available, total, min(until, listing.holds_until))


def _find_expiry(plan: OperationPlan, listing: ListQuery, rows: Sequence[StoredRow]) -> Micros:
    """Return the time at which the first of the rows leaves the window, or the request is asked too late.

    speed: a list of the last day is made anew once a row leaves it, and not for each request.
    """
    if listing.window is None or not rows or plan.sort_field is None:
        return listing.holds_until
    position = plan.table.key_positions[plan.sort_field]
    oldest: Micros = min(row.index_keys[position] for row in rows)
    return min(listing.holds_until, oldest - listing.window + 1)


def _find_nothing(_token: Token, _value: Any) -> None:
    """Stand for a search that is not needed: there is no token."""


def _scan_rows(
    plan: OperationPlan,
    values: RequestValues,
    now: Micros,
    rows: Sequence[StoredRow],
    listing: ListQuery,
    sort_fields: Sequence[tuple[str, bool]],
) -> _Selection:
    table, behavior = plan.table, plan.operation.behavior
    until = listing.holds_until if listing.window is None else now
    if listing.conditions or sort_fields:
        for row in rows:
            table.encode_row(row, now)
        until = min([until, *map(_get_fresh_until, rows)])
    matching = [row for row in rows if all(_is_kept(table, row, now, *condition) for condition in listing.conditions)]
    if sort_fields:
        matching = sort_rows(table, matching, sort_fields, now)

    def find_place(token: Token, value: Any) -> TokenPlace | None:
        known = TokenPlace(value, None, token.direction) if token.field else read_token(value)
        if known is None:
            return None
        row = None if known.identity is None else table.find_row(table.identity_field, known.identity)
        position = next((place for place, other in enumerate(matching) if other is row), known.position)
        return None if position is None else known._replace(position=position)

    window = read_window(behavior, values, find_place)
    stop = None if window.limit is None else window.start + window.limit
    return _Selection(matching[window.start : stop], window, len(matching), len(matching), until)


def _is_kept(table: Table, row: StoredRow, now: Micros, statement: Filter, value: Any) -> bool:
    if statement.op == "conditions":
        return Conditions(table, row, now).keep(value)
    return is_match(table, row, now, statement, value)


def _make_headers(plan: OperationPlan, facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    statement = plan.operation.behavior.page_info
    pairs = []
    for name, fact in statement.headers.items() if statement else ():
        value = format_links(facts) if fact == "links" else facts.get(fact)
        if value is not None and value != "":
            pairs.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs
