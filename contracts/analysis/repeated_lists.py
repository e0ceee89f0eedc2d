"""Comparison of lists that were requested several times with the same request."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from specduet.contracts.analysis.list_comparison import ListResponse
from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.row_values import has_value
from specduet.contracts.analysis.single_list import ListViolation
from specduet.contracts.recording import Row

WrittenIds = Callable[[ListResponse, ListResponse], frozenset[str]]
"""The ids, as text, of the rows that were created, changed or deleted between two responses."""


def find_unstable_lists(
    rules: CollectionRules, lists: Iterable[ListResponse], written_ids: WrittenIds
) -> Iterator[ListViolation]:
    """Yield violations where equal requests have responses in which rows come back, change places or get another id.

    Only requests that followed each other are compared: of concurrent ones nobody knows which was processed first.
    A row that was written meanwhile may be anywhere.
    """
    groups: dict[tuple[Any, ...], list[ListResponse]] = {}
    for response in sorted(lists, key=lambda response: response.exchange.sent_at):
        group = groups.setdefault((response.exchange.request.url, response.exchange.request.headers), [])
        if not group or group[-1].exchange.is_before(response.exchange):
            group.append(response)
    for group in groups.values():
        yield from _find_disappearing_rows(rules, group, written_ids)
        for earlier, later in pairwise(group):
            if any(_find_moved_rows(rules, earlier, later, frozenset())):  # a search for writes takes longer
                yield from _find_moved_rows(rules, earlier, later, written_ids(earlier, later))
            yield from _find_renamed_rows(rules, earlier, later)


def _find_disappearing_rows(
    rules: CollectionRules, group: Sequence[ListResponse], written_ids: WrittenIds
) -> Iterator[ListViolation]:
    """Yield a violation for a row that was listed, was missing, and is listed again.

    Under a filter only a row that has ended counts: any other may match the filter again.
    """
    filters = rules.behavior.filters
    absent_in: dict[Any, ListResponse] = {}
    seen_ids: set[Any] = set()
    for response in group:
        if not rules.is_whole(response.request, len(response.rows), response.exchange) or rules.get_offset(
            response.request
        ):
            return
        rows = {rules.get_id(row): row for row in response.rows}
        is_unfiltered = not any(name in filters and filters[name].op == "eq" for name in response.request.values)
        returned = (i for i, row in rows.items() if i in absent_in and (is_unfiltered or rules.has_ended(row)))
        returned_id = next(returned, None)
        if returned_id is not None and str(returned_id) not in written_ids(absent_in[returned_id], response):
            message = f"the same request again: the row {returned_id} was listed, was missing, and is back"
            exchange = absent_in[returned_id].exchange
            yield ListViolation("same-answer-again", exchange, message, "inferred", value=returned_id)
            return
        absent_in.update(dict.fromkeys(seen_ids - rows.keys() - absent_in.keys(), response))
        seen_ids |= rows.keys()


def _find_moved_rows(
    rules: CollectionRules, earlier: ListResponse, later: ListResponse, written: frozenset[str]
) -> Iterator[ListViolation]:
    """Yield a violation if rows with different order keys have changed places.

    A list that is neither paged nor sorted may be in any order, where no document promises one.
    """
    if not rules.has_order(later.request):
        return
    keys = {row_id: rules.get_order_key(row) for row in earlier.rows if str(row_id := rules.get_id(row)) not in written}
    later_ids = {rules.get_id(row) for row in later.rows}
    earlier_order = [row_id for row in earlier.rows if (row_id := rules.get_id(row)) in later_ids & keys.keys()]
    later_order = [row_id for row in later.rows if (row_id := rules.get_id(row)) in keys]
    if len(earlier_order) != len(later_order):
        return
    places = zip(earlier_order, later_order, strict=True)
    index = next((i for i, (left, right) in enumerate(places) if left != right and keys[left] != keys[right]), None)
    if index is not None:
        message = f"the same request again: the row {later_order[index]} has changed its place"
        row_id = later_order[index]
        yield ListViolation("same-answer-again", later.exchange, message, "inferred", value=row_id, cause="order")


def _find_renamed_rows(rules: CollectionRules, earlier: ListResponse, later: ListResponse) -> Iterator[ListViolation]:
    """Yield a violation if a row that has ended is listed again with the same content and another id."""
    order, field = rules.behavior.order, rules.resource.behavior.id.field
    earlier_ids = {rules.get_id(row) for row in earlier.rows}
    later_ids = {rules.get_id(row) for row in later.rows}
    gone_rows = [row for row in earlier.rows if rules.get_id(row) not in later_ids and rules.has_ended(row)]
    new_rows = [row for row in later.rows if rules.get_id(row) not in earlier_ids]
    if order is None or not gone_rows or not new_rows:
        return
    contents = {_encode_without(row, field) for row in gone_rows if has_value(row, order.by)}
    twin = next((row for row in new_rows if _encode_without(row, field) in contents), None)
    if twin is not None:
        message = f"the same request again: a row has another {field}"
        where, row_id = rules.locate_row("*", field), rules.get_id(twin)
        yield ListViolation("same-answer-again", later.exchange, message, "inferred", where, row_id, cause="id")


def _encode_without(row: Row, field: str) -> bytes:
    """Return all values of a row except one field, comparable."""
    return msgspec.json.encode({name: value for name, value in row.items() if name != field}, order="sorted")
