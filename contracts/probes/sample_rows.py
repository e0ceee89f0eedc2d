"""Rows that a list needs so that filters, orders and pages can be told from their absence: created where it has few.

Each has other values than the last: the next member of an enum, the next number within its bounds, the other boolean, a
text of its own, another day.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from msgspec import UNSET

from specduet.contracts.analysis.created_fields import list_body_properties
from specduet.contracts.analysis.row_values import open_sent_envelope
from specduet.contracts.generation.id_pool import IdPool, is_reference_name, place_of_name
from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.generation.mutations import replace_at
from specduet.contracts.generation.varied_values import refers_to_row, vary_value
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.schema_access import (
    is_valid_value,
    list_properties,
    list_types,
    locate_content,
    resolve_schema,
    strip_null,
)
from specduet.contracts.probes.fresh_requests import send_fresh
from specduet.contracts.probes.row_creation import RowCreation, find_creations
from specduet.contracts.sending.sender import ForeignRow, OperationUnresponsive, Sender
from specduet.specs import Api, Operation, Schema

SAMPLE_COUNT = {True: 6, False: 3}
"""Rows that a list is to have; True is for this machine, False for others."""
_MAX_IDS = 3
"""Rows to which new rows refer in turn."""


def add_sample_rows(sender: Sender, listing: Operation, path: Mapping[str, str], known: KnownValues, few: int) -> bool:
    """Create rows below a path until the list, which has ``few``, has enough; return whether any was created.

    Raises ``BudgetSpent``.
    """
    resource = listing.behavior.lists.resource if listing.behavior.lists is not None else ""
    if not sender.api.resources[resource].is_inferred:
        return False  # the overlay says how rows come about
    for creation in find_creations(sender, known, resource, path):
        if sender.is_chosen(creation.operation) and (
            _is_batch(creation.request) or isinstance(creation.request.json, dict)
        ):
            return _create_rows(sender, creation, known, SAMPLE_COUNT[sender.target.loopback] - few)
    return False


def _create_rows(sender: Sender, creation: RowCreation, known: KnownValues, count: int) -> bool:
    """Create rows; after a refusal with every property varied, only those are sent that the request needs."""
    created = 0
    variants = RowVariants(sender.api, creation.operation, creation.request, ids=known.ids)
    is_full = True
    try:
        for number in range(count + 2):
            request = creation.name_row(variants.vary_request(number, is_full=is_full), number)
            exchange = send_fresh(sender, creation.operation, known, request)
            created += exchange.is_success
            if not exchange.is_success and not is_full:
                break
            is_full = is_full and exchange.is_success
            if created >= count:
                break
    except (ForeignRow, OperationUnresponsive):
        pass
    return created > 0


def _is_batch(request: PlannedRequest) -> bool:
    """Return whether a request creates several rows at once: its body is a list of them."""
    return isinstance(request.json, list) and bool(request.json) and isinstance(request.json[0], dict)


class RowVariants:
    """Requests that create rows which differ in every property that a request can set."""

    def __init__(
        self,
        api: Api,
        creation: Operation,
        request: PlannedRequest,
        left_out: frozenset[str] = frozenset(),
        ids: IdPool | None = None,
    ) -> None:
        self.left_out = left_out
        self.ids = ids
        self.api = api
        self.operation = creation
        self.request = request
        envelope = creation.behavior.envelope
        self.place: tuple[str | int, ...] = ()
        if _is_batch(request):
            self.place = (0,)
        elif envelope is not None and envelope.request:
            self.place = tuple(envelope.request.split("."))

    def vary_request(self, number: int, *, is_full: bool = True) -> PlannedRequest:
        """Return the request of the row with this number; ``is_full`` adds the optional properties."""
        sent = self.request.json
        body = sent[0] if _is_batch(self.request) else open_sent_envelope(self.operation, sent)
        if not isinstance(body, dict):
            return self.request
        varied = dict(body)
        for name, value in self._vary_properties(body, number, is_full=is_full):
            candidate = {**varied, name: value}
            if self._is_valid(candidate):
                varied = candidate
        return self.request.with_json(replace_at(self.request.json, self.place, varied))

    def _is_valid(self, inner: Mapping[str, Any]) -> bool:
        body = self.operation.body
        content = next(iter(body.content.values()), None) if body is not None else None
        whole = replace_at(self.request.json, self.place, inner)
        return content is None or is_valid_value(self.api.request_schemas, content.pointer, whole)

    def _vary_properties(self, body: Mapping[str, Any], number: int, *, is_full: bool) -> Iterator[tuple[str, Any]]:
        for name, schema, pointer in self._list_properties():
            inner, _, _ = strip_null(self.api.request_schemas, schema, pointer)
            is_sent = name in body or (is_full and number > 0)
            if not is_sent or schema.get("readOnly") or name in self.left_out:
                continue
            if refers_to_row(name, inner):
                value = self._choose_reference(name, schema, number) if name not in body else UNSET
            else:
                value = vary_value(inner, name, number)
                if value == inner.get("default", schema.get("default")) and number:
                    value = vary_value(inner, name, number + 1)
            if value is not UNSET:
                yield name, value

    def _list_properties(self) -> Iterator[tuple[str, Schema, str]]:
        """Yield the properties of the row in the body."""
        schemas, body = self.api.request_schemas, self.operation.body
        content = find_json_content(body.content) if body is not None else None
        if not _is_batch(self.request) or content is None:
            yield from list_body_properties(self.api, self.operation)
            return
        listed, pointer, _ = strip_null(schemas, *locate_content(schemas, content))
        row, at, _ = strip_null(schemas, listed.get("items", {}), f"{pointer}/items")
        for name, inner, place in list_properties(row, at):
            resolved = resolve_schema(schemas, inner, place)
            yield name, resolved.schema, resolved.pointer

    def _choose_reference(self, name: str, schema: Schema, number: int) -> Any:
        """Return the id of a known row, another one for each number; ``UNSET`` where none is known."""
        known = list(islice(self.ids.list_ids(place_of_name(name)), _MAX_IDS)) if self.ids is not None else []
        if not known or not is_reference_name(name):
            return UNSET
        value = known[number % len(known)]
        return [value] if "array" in list_types(schema) else value
