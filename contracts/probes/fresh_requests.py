"""Requests to operations that take each name once: after a conflict they are sent with names of their own."""

from collections.abc import Mapping
from typing import Any

from specduet.contracts.generation.fresh_bodies import FreshBodies, Values, apply_values
from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.recording import Exchange
from specduet.contracts.sending.sender import Sender
from specduet.specs import Operation

_CONFLICT = 409


class FreshSender:
    """Sends variants of one request; ``base`` is the request without the change that a variant is about."""

    def __init__(self, sender: Sender, operation: Operation, known_values: KnownValues, base: PlannedRequest) -> None:
        self._sender, self._operation, self._base = sender, operation, base
        self._bodies: FreshBodies = known_values.fresh_bodies
        self._values: Values = {}

    def send(self, request: PlannedRequest, **options: Any) -> tuple[PlannedRequest, Exchange]:
        """Send a request, with names of its own if it needs them; return it as it was sent, and the exchange."""
        self._values = {}
        if self._bodies.is_keyed(self._operation):
            return self._send_fresh(request, options)
        exchange = self._send(request, options)
        if self._is_conflict(request, exchange) and self._bodies.may_be_keyed(self._operation):
            return self._send_fresh(request, options)
        return request, exchange

    def _is_conflict(self, request: PlannedRequest, exchange: Exchange) -> bool:
        """Return whether a request is refused for what others have sent: 409, or what was accepted before."""
        is_refused = exchange.status in {400, 422} and self._bodies.was_accepted(self._operation, request)
        return exchange.status == _CONFLICT or is_refused

    def freshen_base(self, sent: PlannedRequest) -> PlannedRequest | None:
        """Return the base with the names of the last request, which was sent so: the two differ in nothing else.

        None where that request is about one of these names: others may have taken it.
        """
        twin = self._base.with_json(apply_values(self._base.json, self._base.json, self._values))
        has_own_name = any(_read_value(sent.json, path) != fresh for path, fresh in self._values.items())
        return None if has_own_name else twin

    @property
    def has_values(self) -> bool:
        """Whether the last request had names of its own."""
        return bool(self._values)

    def _send_fresh(self, request: PlannedRequest, options: dict[str, Any]) -> tuple[PlannedRequest, Exchange]:
        self._values = self._bodies.make_values(self._operation, self._base)
        fresh = (
            request.with_json(apply_values(request.json, self._base.json, self._values)) if self._values else request
        )
        exchange = self._send(fresh, options)
        is_base = request.json == self._base.json
        is_conflict = exchange.status == _CONFLICT or (is_base and exchange.status in {400, 422})
        self._bodies.note_outcome(self._operation, is_conflict=is_conflict)
        return fresh, exchange

    def _send(self, request: PlannedRequest, options: dict[str, Any]) -> Exchange:
        exchange = self._sender.send(self._operation, **request.send_arguments, **options)
        if exchange.is_success and self._operation.method != "GET":
            self._bodies.note_accepted(self._operation, request)
        return exchange


def _read_value(body: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def send_fresh(
    sender: Sender, operation: Operation, known_values: KnownValues, request: PlannedRequest, **options: Any
) -> Exchange:
    """Send a request, with names of its own where the operation takes each name once."""
    return FreshSender(sender, operation, known_values, request).send(request, **options)[1]
