"""First requests of one API: producers of ids before their consumers, in passes, and refused bodies once more.

lists, creations, fetches, changes     by the number of ids in the path
again                                  what had no id, or was refused, and has another request now
deletions                              at the end
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.generation.repairs import REPAIRABLE_STATUSES, repair_body
from specduet.contracts.probes.fresh_requests import send_fresh
from specduet.contracts.recording import Exchange
from specduet.contracts.sending.sender import NotSent, Sender
from specduet.specs import Operation

_MAX_PASSES = 3
"""Passes over operations that have not succeeded: an id can depend on an id that depends on another."""
_MAX_REPAIRS = 2
"""Repaired bodies that are tried after one refusal."""
_MAX_TRIED_IDS = 3
"""Known ids that are tried in turn where the first leads nowhere."""
_MAX_SCOPES = 8
"""Parents whose collection is asked for."""

_MISSING_STATUSES = frozenset({404, 410})
_METHOD_RANKS = {"GET": 1, "HEAD": 1, "OPTIONS": 1, "POST": 2, "PUT": 3, "PATCH": 3, "DELETE": 4}


class Opening:
    """Sends the first valid request of each operation, and remembers it."""

    def __init__(self, sender: Sender, known_values: KnownValues) -> None:
        self._sender = sender
        self._known_values = known_values
        self._sent: dict[str, list[PlannedRequest]] = {}
        self._succeeded: set[str] = set()
        self.first_requests: list[tuple[Operation, PlannedRequest]] = []
        """The first request of each operation, or the first that succeeded."""

    def send_all(self, operations: Callable[[], Iterator[Operation]]) -> None:
        """Send the first requests of all operations. Raises ``BudgetSpent``."""
        for number in range(_MAX_PASSES):
            sent_any = [self._open(o) for o in operations() if o.method != "DELETE" and o.id not in self._succeeded]
            if number and not any(sent_any):
                break
        for operation in operations():
            if operation.method == "DELETE":
                self._renew_row(operation)
                self._open(operation)

    def _open(self, operation: Operation) -> bool:
        """Send the first request of an operation that was not sent before; return whether there was one."""
        request = self._known_values.build_valid_request(operation)
        if request is None:
            return False
        if operation.id not in self._sent:
            self.first_requests.append((operation, request))
        sent = self._sent.setdefault(operation.id, [])
        paths: Sequence[Mapping[str, str]] = self._known_values.path_choices(operation) or [request.path]
        attempts = [replace(request, path=path) for path in paths]
        count = _MAX_SCOPES if operation.behavior.scope else _MAX_TRIED_IDS
        attempts = [attempt for attempt in attempts[:count] if attempt not in sent]
        sent += attempts
        with suppress(NotSent):
            for attempt in attempts:
                exchange = self._send(operation, attempt)
                if exchange.status in REPAIRABLE_STATUSES:
                    self._repair(operation, attempt, exchange)
                if exchange.status not in _MISSING_STATUSES and not operation.behavior.scope:
                    break  # another id would say no more
        return bool(attempts)

    def _renew_row(self, deletion: Operation) -> None:
        """Create one more row for a deletion, so that the first stays for other operations."""
        collection = deletion.path.rstrip("/").rpartition("/")[0]
        for operation, request in self.first_requests:
            is_creation = operation.role.name == "create" and operation.path.rstrip("/") == collection
            if is_creation and operation.id in self._succeeded:
                with suppress(NotSent):
                    send_fresh(self._sender, operation, self._known_values, request)

    def _send(self, operation: Operation, request: PlannedRequest) -> Exchange:
        exchange = self._sender.send(operation, **request.send_arguments)
        if exchange.is_success:
            self._known_values.fresh_bodies.note_accepted(operation, request)
        if exchange.is_success and operation.id not in self._succeeded:
            self._succeeded.add(operation.id)
            others = [entry for entry in self.first_requests if entry[0] is not operation]
            self.first_requests = [*others, (operation, request)]
        return exchange

    def _repair(self, operation: Operation, request: PlannedRequest, refusal: Exchange) -> None:
        """Try repaired bodies after a refusal; one that is accepted is used from then on."""
        if operation.body is None:
            return
        schemas = self._sender.api.request_schemas
        for body in islice(repair_body(schemas, operation.body, request.json, refusal), _MAX_REPAIRS):
            if self._send(operation, request.with_json(body)).is_success:
                self._known_values.remember_body(operation, body)
                return


def rank_operation(operation: Operation) -> tuple[bool, int, bool, int]:
    """Return a sort key: producers of ids before their consumers, and deletions at the end."""
    is_deletion = operation.method == "DELETE"
    depth = sum(parameter.location == "path" for parameter in operation.parameters)
    rank = 2 if operation.role.name == "create" else _METHOD_RANKS.get(operation.method, 3)
    return is_deletion, depth, operation.behavior.lists is None, rank
