"""Requests that create rows of a resource: POST to its collection, else PUT to an address that the client chooses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from msgspec import UNSET

from specduet.contracts.generation.known_values import KnownValues, PlannedRequest
from specduet.contracts.generation.varied_values import vary_text
from specduet.contracts.oracle.schema_access import is_valid_value, list_types, strip_null
from specduet.contracts.sending.sender import Sender
from specduet.specs import Api, Operation, Parameter

_FIRST_NUMBER = 40_000


@dataclass(frozen=True)
class RowCreation:
    """An operation that creates rows, with a valid request for it."""

    api: Api
    operation: Operation
    request: PlannedRequest
    key: Parameter | None = None
    """The path parameter in which the client names the new row, None where the service names it."""

    def name_row(self, request: PlannedRequest, number: int) -> PlannedRequest:
        """Return the request with the name of the row with this number, where the client names it."""
        if self.key is None:
            return request
        text = make_key(self.api, self.key, number)
        return request if text is None else request.with_path(**{self.key.name: text})


def find_creations(
    sender: Sender, known: KnownValues, resource: str, above: Mapping[str, str] | None = None
) -> Iterator[RowCreation]:
    """Yield the creations of a resource that may be sent, those below the path ``above`` where that is given."""
    for operation in sender.api.operations:
        rule = operation.behavior.creates
        if rule is not None and rule.resource == resource and sender.can_send(operation):
            request = known.build_valid_request(operation)
            if request is not None and (placed := _place_request(request, operation, above, None)) is not None:
                yield RowCreation(sender.api, operation, placed)
    for operation in sender.api.operations:
        key = find_chosen_key(operation, resource)
        text = make_key(sender.api, key, 0) if key is not None and sender.can_send(operation) else None
        if key is None or text is None:
            continue
        named = KnownValues(sender.api, {**known.params, key.name: (text,)})
        request = named.build_valid_request(operation)
        if request is not None and (placed := _place_request(request, operation, above, key)) is not None:
            yield RowCreation(sender.api, operation, placed, key)


def _place_request(
    request: PlannedRequest, operation: Operation, above: Mapping[str, str] | None, key: Parameter | None
) -> PlannedRequest | None:
    """Return the request below a path, None where it has parameters that the path does not have."""
    if above is None:
        return request if key is None or len(request.path) == 1 else None
    names = {p.name for p in operation.parameters if p.location == "path" and p != key}
    return request.with_path(**{name: above[name] for name in names}) if names <= above.keys() else None


def find_chosen_key(operation: Operation, resource: str) -> Parameter | None:
    """Return the path parameter of a PUT that creates the row with an id that is unknown, None for any other."""
    rule = operation.behavior.replaces
    if rule is None or rule.resource != resource or not rule.creates or "/" in rule.parameter:
        return None
    return operation.parameter(rule.parameter, "path")


def make_key(api: Api, parameter: Parameter, number: int) -> str | None:
    """Return the name of a new row, None where the schema of the parameter takes no text that can be made up."""
    schema, pointer, _ = strip_null(api.request_schemas, parameter.schema, parameter.pointer)
    if "string" not in (list_types(schema) or ("string",)) or "enum" in schema:
        return None
    text = (
        f"specduet-{_FIRST_NUMBER + number}" if "pattern" not in schema else vary_text(schema, parameter.name, number)
    )
    if text is UNSET or not is_valid_value(api.request_schemas, pointer, text):
        return None
    return str(text) if str(text).strip("./ ") and "/" not in str(text) else None
