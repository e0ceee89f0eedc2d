"""Probe of the links that the document has: each is followed with the values of a fresh 2xx response."""

import time

from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.generation.linked_requests import plan_linked_request, read_path_values
from specduet.contracts.recording import Exchange
from specduet.contracts.sending.sender import NotSent, Sender
from specduet.contracts.traces import FollowedLink
from specduet.specs import Link, Operation

_PAUSE_S = 0.3
"""Time in which a service that writes behind gets to know a new row."""

_REFUSED = frozenset({400, 404, 405, 410, 422})
_ORDER = {"GET": 0, "HEAD": 0, "OPTIONS": 0, "POST": 1, "PUT": 2, "PATCH": 2, "DELETE": 3}


def probe_links(sender: Sender, operation: Operation, known_values: KnownValues) -> None:
    """Follow each link of the operation's response, those that delete at the end. Raises ``BudgetSpent``."""
    if operation.id not in sender.api.link_targets or operation.method == "DELETE":
        return
    request = known_values.build_valid_request(operation)
    if request is None:
        return
    source = sender.send(operation, **request.send_arguments)
    if not source.is_success or (source.response is not None and source.response.is_made_up):
        return
    targets = known_values.links.list_targets(operation, source)
    for link, target in sorted(targets, key=lambda entry: _ORDER.get(entry[1].method, 1)):
        if sender.can_send(target) and (target.method != "DELETE" or operation.method == "POST"):
            try:
                _follow_link(sender, operation, known_values, source, link, target)
            except NotSent:
                continue  # the others may be followed


def _follow_link(
    sender: Sender, operation: Operation, known_values: KnownValues, source: Exchange, link: Link, target: Operation
) -> None:
    base = known_values.build_valid_request(target)
    request = plan_linked_request(operation, source, link, target, base) if base is not None else None
    if request is None:
        return
    exchange = sender.send(target, **request.send_arguments)
    if exchange.status in _REFUSED:
        time.sleep(_PAUSE_S)
        exchange = sender.send(target, **request.send_arguments)
        if operation.method == "GET" and not _is_still_given(sender, operation, source, exchange, link, target):
            return
    sender.record_trace(FollowedLink, operation, link, target.id, source, exchange)


def _is_still_given(
    sender: Sender, operation: Operation, source: Exchange, refused: Exchange, link: Link, target: Operation
) -> bool:
    """Return whether the very same request still gives the same values: the row may be gone by now."""
    again = sender.repeat_request(operation, source)
    values = [read_path_values(operation, exchange, link, target) for exchange in (source, again)]
    return again.is_success and values[0] == values[1] and refused.response is not None
