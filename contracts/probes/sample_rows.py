"""Rows that a list needs so that filters, orders and pages can be told from their absence: created where it has few.

Each has other values than the last: the next member of an enum, the next number within its bounds, the other boolean, a
text of its own, another day.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET

from specduet.contracts.analysis.created_fields import list_body_properties
from specduet.contracts.analysis.row_values import open_sent_envelope
from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.generation.mutations import replace_at
from specduet.contracts.oracle.schema_access import get_number, is_valid_value, list_members, list_types, strip_null
from specduet.contracts.sending.sender import ForeignRow, OperationUnresponsive, Sender
from specduet.specs import Api, Operation, Schema

SAMPLE_COUNT = {True: 6, False: 3}
"""Rows that a list is to have; True is for this machine, False for others."""
_LETTERS = ("beta", "alpha", "delta", "gamma", "epsilon", "zeta", "eta", "theta")


def add_sample_rows(sender: Sender, listing: Operation, path: Mapping[str, str], known: KnownValues, few: int) -> bool:
    """Create rows below a path until the list, which has ``few``, has enough; return whether any was created.

    Raises ``BudgetSpent``.
    """
    resource = listing.behavior.lists.resource if listing.behavior.lists is not None else ""
    if not sender.api.resources[resource].is_inferred:
        return False  # the overlay says how rows come about
    for creation in sender.api.operations:
        rule = creation.behavior.creates
        if rule is None or rule.resource != resource or not sender.can_send(creation) or not sender.is_chosen(creation):
            continue
        request = known.build_valid_request(creation)
        names = {p.name for p in creation.parameters if p.location == "path"}
        if request is None or not names <= path.keys() or not isinstance(request.json, dict):
            continue
        request = request.with_path(**{name: path[name] for name in names})
        return _create_rows(sender, creation, request, SAMPLE_COUNT[sender.target.loopback] - few)
    return False


def _create_rows(sender: Sender, creation: Operation, request: PlannedRequest, count: int) -> bool:
    """Create rows; after a refusal with every property varied, only those are sent that the request needs."""
    created = 0
    variants = RowVariants(sender.api, creation, request)
    is_full = True
    try:
        for number in range(count + 2):
            exchange = sender.send(creation, **variants.vary_request(number, is_full=is_full).send_arguments)
            created += exchange.is_success
            if not exchange.is_success and not is_full:
                break
            is_full = is_full and exchange.is_success
            if created >= count:
                break
    except (ForeignRow, OperationUnresponsive):
        pass
    return created > 0


class RowVariants:
    """Requests that create rows which differ in every property that a request can set."""

    def __init__(self, api: Api, creation: Operation, request: PlannedRequest) -> None:
        self.api = api
        self.operation = creation
        self.request = request
        envelope = creation.behavior.envelope
        self.place = tuple(envelope.request.split(".")) if envelope is not None and envelope.request else ()

    def vary_request(self, number: int, *, is_full: bool = True) -> PlannedRequest:
        """Return the request of the row with this number; ``is_full`` adds the optional properties."""
        body = open_sent_envelope(self.operation, self.request.json)
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
        for name, schema, pointer in list_body_properties(self.api, self.operation):
            inner, _, _ = strip_null(self.api.request_schemas, schema, pointer)
            is_sent = name in body or (is_full and number > 0)
            if is_sent and not schema.get("readOnly") and not _refers_to_row(name, inner):
                value = vary_value(inner, name, number)
                if value is not UNSET:
                    yield name, value


def _refers_to_row(name: str, schema: Schema) -> bool:
    """Return whether a value is the id of another row, which cannot be made up."""
    return name.lower() != "id" and (
        name.lower().endswith(("id", "ids", "_by", "ref")) or schema.get("format") == "uuid"
    )


def vary_value(schema: Schema, name: str, number: int) -> Any:
    """Return the value that a property has in the row with this number, ``UNSET`` where none is known."""
    members = list_members(schema)
    if members is not None:
        shown = [member for member in members if member is not None]
        return shown[number % len(shown)] if shown else UNSET
    types = list_types(schema)
    if "boolean" in types:
        return number % 2 == 0
    if "integer" in types or "number" in types:
        return _vary_number(schema, number)
    if "string" in types:
        return _vary_text(schema, name, number)
    items = schema.get("items")
    if "array" in types and isinstance(items, Mapping) and "string" in list_types(items) and "format" not in items:
        item = vary_value(items, name, number % 3)
        return [] if item is UNSET else [item]
    return UNSET


def _vary_number(schema: Schema, number: int) -> Any:
    minimum, maximum = get_number(schema, "minimum"), get_number(schema, "maximum")
    least = int(minimum) if minimum is not None else 1
    value = least + (number * 3 + 1) % 7
    return min(value, int(maximum)) if maximum is not None else value


def _vary_text(schema: Schema, name: str, number: int) -> Any:
    kind = schema.get("format")
    day = f"2026-0{1 + number % 6}-1{(number * 7) % 10}"
    by_format = {
        "date": day,
        "date-time": f"{day}T08:30:00Z",
        "email": f"{_LETTERS[number % 8]}{number}@example.com",
        "uri": f"https://example.com/{_LETTERS[number % 8]}",
        None: _vary_plain_text(schema, name, number),
    }
    return by_format.get(kind, UNSET)


def _vary_plain_text(schema: Schema, name: str, number: int) -> str:
    if "mail" in name.lower():
        return f"{_LETTERS[number % 8]}{number}@example.com"
    text = f"{_LETTERS[number % 8]} {number}" if "pattern" not in schema else f"{_LETTERS[number % 8]}-{number}"
    longest = get_number(schema, "maxLength")
    return text if longest is None else text[-int(longest) :]
