"""Look a row up by the id of a row of another kind: ``GET /users/{id}`` with the id of an order."""

from collections.abc import Iterator

from specduet.contracts.analysis.row_values import get_path
from specduet.contracts.generation.known_rows import KnownRow
from specduet.contracts.probes.collections import CollectionProbe
from specduet.contracts.probes.details import ResourceProbe
from specduet.contracts.probes.list_queries import change_one_letter
from specduet.contracts.probes.locations import is_complete_list
from specduet.contracts.traces import OtherKindFetch
from specduet.specs import Operation, Resource

_MAX_KINDS = 3
"""Other resources of which one id is tried."""
_MIN_LENGTH = 2


def fetch_by_other_ids(resource_probe: ResourceProbe, operation: Operation) -> None:
    """Fetch with ids of other kinds; one that is accepted is compared with an invented id of its form and the list."""
    rule, resource = operation.behavior.fetches, resource_probe.resource
    if rule is None or rule.field != resource.behavior.id.field:
        return
    own_ids = set(resource_probe.known_values.rows.list_ids(resource.name))
    for known, field in _list_other_rows(resource_probe):
        other_id = str(get_path(known.row, field))
        if other_id in own_ids:
            continue
        path = resource_probe.build_path(operation, rule.parameter, other_id, {})
        if path is None:
            continue
        exchange = resource_probe.sender.send(operation, path=path)
        listing = resource_probe.open_list() if exchange.is_success else None
        if listing is None or not _is_whole(listing):
            continue
        invented = {**path, rule.parameter: change_one_letter(other_id)[-1]}
        unknown = resource_probe.sender.send(operation, path=invented)
        listed = listing.send_query({})
        resource_probe.sender.record_trace(OtherKindFetch, operation, known.row, other_id, exchange, unknown, listed)


def _is_whole(listing: CollectionProbe) -> bool:
    """Return whether a list has all its rows: it has no pages, or its first page is shorter than its limit."""
    rule = listing.operation.behavior.limit
    limit = listing.base_query.get(rule.parameter) if rule is not None else None
    is_short = limit is not None and len(listing.rows) < int(limit) and not listing.is_capped
    return is_short or is_complete_list(listing)


def _list_other_rows(resource_probe: ResourceProbe) -> Iterator[tuple[KnownRow, str]]:
    """Yield a row of each other resource whose ids are texts, with the name of its id field.

    Numbers coincide, and so may texts that are numbers.
    """
    resources = [r for r in resource_probe.api.resources.values() if _is_other(resource_probe.resource, r)]
    for resource in resources[:_MAX_KINDS]:
        field = resource.behavior.id.field
        for known in resource_probe.known_values.rows.list_rows(resource.name):
            value = get_path(known.row, field)
            if isinstance(value, str) and len(value) >= _MIN_LENGTH and any(letter.isalpha() for letter in value):
                yield known, field
                break


def _is_other(resource: Resource, other: Resource) -> bool:
    """Return whether two resources are kinds of their own: with schemas of their own, and most fields."""
    if other.name == resource.name or other.pointer == resource.pointer or other.schema == resource.schema:
        return False
    return other.behavior.id.basis != "assumed"
