"""Follow the address in ``Location`` of a creation, and look a row up below a parent that it does not belong to."""

import time
from collections.abc import Mapping
from itertools import pairwise
from urllib.parse import unquote

from specduet.contracts.analysis.row_values import get_path, read_single_row
from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.oracle.url_text import join_address, read_address_end
from specduet.contracts.probes.collections import CollectionProbe
from specduet.contracts.probes.details import ResourceProbe
from specduet.contracts.recording import Exchange, SentRequest
from specduet.contracts.traces import FollowedLocation, ForeignParentFetch
from specduet.specs import Api, Operation

_PAUSE_S = 0.3
_MAX_PARENTS = 4
_MISSING = frozenset({404, 410})


def follow_location(resource_probe: ResourceProbe, creation: Operation, exchange: Exchange) -> None:
    """Request the address of a new row; one that is missing is requested again, after the row itself."""
    sender, response = resource_probe.sender, exchange.response
    location = response.get_header("location") if response is not None else None
    found = _find_operation(sender.api, exchange, location) if location else None
    if found is None:
        return
    operation, path = found
    details = [o for o in resource_probe.operations_with("fetches") if o.behavior.reads is not None]
    if operation not in details:  # what becomes of the row may be there later only
        return
    if not sender.can_send(operation) or sender.send(operation, path=path).status not in _MISSING:
        return
    time.sleep(_PAUSE_S)
    row = read_single_row(creation, exchange)
    fetched = resource_probe.fetch_row(operation, row) if row is not None else None
    if fetched is not None:
        again = sender.send(operation, path=path)
        sender.record_trace(FollowedLocation, creation, exchange, again, fetched)


def read_location_id(creation: Exchange) -> str | None:
    """Return the last part of the address that a creation gives in ``Location``, None where it gives none."""
    location = creation.response.get_header("location") if creation.response is not None else None
    return read_address_end(location or "") or None


def _find_operation(api: Api, creation: Exchange, location: str) -> tuple[Operation, dict[str, str]] | None:
    """Return the operation that an address leads to, with its path parameters; None for an address elsewhere."""
    sent = creation.request
    base = sent.url.partition("?")[0].removesuffix(sent.path)
    url = join_address(sent.url, location).partition("?")[0].partition("#")[0]
    if not base or not url.startswith(f"{base}/"):
        return None
    target = SentRequest("GET", url, url.removeprefix(base), "", (), None)
    for operation in api.operations:
        texts = extract_path_texts(operation, target) if operation.method == "GET" else None
        if texts is not None:
            return operation, {name: unquote(text) for name, text in texts.items()}
    return None


def fetch_below_other_parent(resource_probe: ResourceProbe, operation: Operation) -> None:
    """Fetch a row of one parent below another one, whose list does not have it."""
    rule = operation.behavior.fetches
    listing = next(iter(resource_probe.operations_with("lists")), None)
    if rule is None or listing is None or not _has_parents(listing, operation):
        return
    paths = resource_probe.known_values.path_choices(listing)[:_MAX_PARENTS]
    for own_path, other_path in pairwise(paths):
        if _try_parents(resource_probe, operation, listing, own_path, other_path):
            return


def _has_parents(listing: Operation, detail: Operation) -> bool:
    """Return whether a list and a detail are below the same rows, and not below a language or another fixed choice."""
    parents = {p.name: p for p in listing.parameters if p.location == "path"}
    own = {p.name for p in detail.parameters if p.location == "path"}
    return bool(parents) and parents.keys() < own and not any("enum" in p.schema for p in parents.values())


def _try_parents(
    resource_probe: ResourceProbe,
    operation: Operation,
    listing: Operation,
    own_path: Mapping[str, str],
    other_path: Mapping[str, str],
) -> bool:
    """Try one pair of parents; return False where the first has no row of its own."""
    sender, rule = resource_probe.sender, operation.behavior.fetches
    own = resource_probe.open_list(listing.id, own_path)
    if rule is None or own is None or not own.rows:
        return False
    other = resource_probe.open_list(listing.id, other_path)
    if other is None or not is_complete_list(other):
        return False
    listed = {str(get_path(row, rule.field)) for row in other.rows}
    for row in own.rows:
        row_id = get_path(row, rule.field)
        if not isinstance(row_id, str | int) or str(row_id) in listed:
            continue
        exchange = sender.send(operation, path={**own_path, rule.parameter: str(row_id)})
        if exchange.is_success:
            foreign = sender.send(operation, path={**other_path, rule.parameter: str(row_id)})
            listed_after = other.send_query({})
            sender.record_trace(ForeignParentFetch, operation, row, exchange, listed_after, foreign)
            return True
    return False


def is_complete_list(collection: CollectionProbe) -> bool:
    """Return whether a list that was opened has all its rows on its first page."""
    behavior = collection.operation.behavior
    is_paged = behavior.page is not None or bool(behavior.tokens) or behavior.offset is not None
    is_paged = is_paged or behavior.cursor is not None or behavior.limit is not None
    limit = collection.base_query.get(behavior.limit.parameter) if behavior.limit is not None else None
    return not is_paged or not collection.rows or (limit is not None and len(collection.rows) < min(int(limit), 5))
