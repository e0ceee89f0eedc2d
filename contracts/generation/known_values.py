"""What is known to make valid requests: what the operator said, what the document offers, what answers have shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Api, Operation, Parameter, Resource

_MAX_VALUES = 200
_MAX_VALUE_LENGTH = 200


@dataclass(frozen=True)
class PlannedRequest:
    """A request that the document allows, in plain text; ``send_arguments`` is what ``Sender.send`` takes."""

    path: Mapping[str, str]
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    json: Any = UNSET
    body: bytes | None = None

    @property
    def send_arguments(self) -> dict[str, Any]:
        return {"path": self.path, "query": self.query, "headers": self.headers, "json": self.json, "body": self.body}

    def with_query(self, **values: str | None) -> "PlannedRequest":
        """The same with these query parameters in place of any of their names; None leaves one out."""
        kept = tuple(pair for pair in self.query if pair[0] not in values)
        return replace(self, query=(*kept, *((k, v) for k, v in values.items() if v is not None)))

    def with_path(self, **values: str) -> "PlannedRequest":
        """The same with other path parameters."""
        return replace(self, path={**self.path, **values})

    def with_header(self, name: str, value: str | None) -> "PlannedRequest":
        """The same with another header; None leaves it out."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def with_json(self, value: Any) -> "PlannedRequest":
        """The same with another body."""
        return replace(self, json=value, body=None)


class KnownValues:
    """What is known of one API on one target. ``observe_exchange`` is called with every exchange, so that it grows."""

    def __init__(self, api: Api, params: Mapping[str, tuple[str, ...]]) -> None:
        self.api = api
        self.params = params
        self._field_values: dict[tuple[str, str], dict[str, None]] = {}
        self._values_by_path: dict[tuple[str, str], dict[str, None]] = {}
        self._seen_responses: set[int] = set()
        self._operations_by_id = {operation.id: operation for operation in api.operations}

    # ------------------------------------------------------------------------------------------------ to use

    def build_valid_request(self, operation: Operation) -> PlannedRequest | None:
        """A minimal valid request, or None where a path parameter is unknown or no valid body could be made."""
        path = next(iter(self.path_choices(operation)), None)
        if path is None:
            return None
        query = self._fill_required(operation, "query")
        headers = self._fill_required(operation, "header")
        body = self.build_minimal_body(operation)
        if query is None or headers is None or body is None:
            return None
        return PlannedRequest(path, query, headers, body)

    def path_choices(self, operation: Operation) -> list[dict[str, str]]:
        """Every way to fill the path that is known to lead somewhere, the operator's values first.

        One empty choice where the path has no parameters; no choice where one of them is unknown.
        """
        choices: list[dict[str, str]] = [{}]
        for parameter in operation.parameters:
            if parameter.location == "path":
                values = self.path_values(operation, parameter)
                choices = [{**choice, parameter.name: value} for choice in choices for value in values]
        return choices

    def path_values(self, operation: Operation, parameter: Parameter) -> list[str]:
        """Every known value of a path parameter: given, learnt from answers, else offered by the document."""
        given = list(self.params.get(parameter.name, ()))
        observed = [value for value in self._observed_values(operation, parameter) if value not in given]
        return given + observed or list(self._document_values(parameter))

    def parameter_values(self, parameter: Parameter) -> list[str]:
        """The operator's values of a parameter, else what the document offers for it."""
        return list(self.params.get(parameter.name, ())) or list(self._document_values(parameter))

    def field_values(self, resource: str, field: str) -> list[str]:
        """The values of a field that rows of a resource have shown, oldest first (at most 200)."""
        return list(self._field_values.get((resource, field), ()))

    def build_minimal_body(self, operation: Operation) -> Any:
        """A minimal valid body; ``UNSET`` where the operation takes none, None where none could be made."""
        body = operation.body
        if body is None:
            return UNSET
        for media_type, content in body.content.items():
            if media_type == "application/json" or media_type.endswith("+json"):
                value = build_minimal_value(self.api.schemas, content.schema, content.pointer)
                return None if value is UNSET else value
        return None if body.required else UNSET

    def unknown_path_parameters(self, operation: Operation) -> list[str]:
        """The path parameters of which no value is known."""
        paths = (p for p in operation.parameters if p.location == "path")
        return [p.name for p in paths if not self.path_values(operation, p)]

    # ---------------------------------------------------------------------------------------------- to learn

    def observe_exchange(self, exchange: Exchange) -> None:
        """Remember the ids and values that a successful answer shows."""
        operation = self._operations_by_id.get(exchange.operation)
        if operation is None or not exchange.is_success or exchange.json is NOT_JSON or self._was_seen_before(exchange):
            return
        behavior = operation.behavior
        statement = behavior.lists or behavior.fetches or behavior.creates  # events of a watch are not rows
        resource = self.api.resources.get(statement.resource) if statement else None
        for row in _find_objects(exchange.json):
            if resource is not None:
                self._remember_row(resource, row)
            for name, value in row.items():
                if isinstance(value, str | int) and not isinstance(value, bool):
                    _add_value(self._values_by_path, (operation.path, name), value)

    def _was_seen_before(self, exchange: Exchange) -> bool:
        assert exchange.response is not None
        key = hash((exchange.operation, exchange.response.body))
        was_seen = key in self._seen_responses
        self._seen_responses.add(key)
        return was_seen

    def _remember_row(self, resource: Resource, row: Mapping[str, Any]) -> None:
        for name in resource.properties:
            value = row.get(name)
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                _add_value(self._field_values, (resource.name, name), value)

    def _observed_values(self, operation: Operation, parameter: Parameter) -> Iterator[str]:
        lookup, scope = operation.behavior.lookup, operation.behavior.scope
        if lookup is not None and lookup.parameter == parameter.name:
            yield from self.field_values(lookup.resource, lookup.field)
            return
        if scope is not None and scope.parameter == parameter.name:
            return
        yield from self._guess_ids(operation, parameter)

    def _guess_ids(self, operation: Operation, parameter: Parameter) -> Iterator[str]:
        """Without a statement: ``/things/{thing_id}`` takes the ``thing_id`` or ``id`` that ``/things`` shows."""
        collection_path = operation.path.partition(f"/{{{parameter.name}}}")[0]
        for name in (parameter.name, "id"):
            ids = self._values_by_path.get((collection_path, name)) or self._values_by_path.get(
                (f"{collection_path}/", name)
            )
            if ids:
                yield from ids
                return

    # ---------------------------------------------------------------------------------------------- to offer

    def _fill_required(self, operation: Operation, location: str) -> tuple[tuple[str, str], ...] | None:
        pairs = []
        for parameter in operation.parameters:
            if parameter.location == location and parameter.required:
                value = next(iter(self.parameter_values(parameter)), None) or self._sample_text(parameter)
                if value is None:
                    return None
                pairs.append((parameter.name, value))
        return tuple(pairs)

    def _document_values(self, parameter: Parameter) -> Iterator[str]:
        schema = parameter.schema
        offered = [*schema.get("examples", ()), *schema.get("enum", ())]
        offered += [schema[key] for key in ("example", "const", "default") if key in schema]
        valid = self.api.schemas.validator_at(parameter.pointer).is_valid
        yield from dict.fromkeys(to_parameter_text(value) for value in offered if value is not None and valid(value))

    def _sample_text(self, parameter: Parameter) -> str | None:
        value = build_minimal_value(self.api.schemas, parameter.schema, parameter.pointer)
        return None if value is UNSET or value is None else to_parameter_text(value)


def to_parameter_text(value: Any) -> str:
    """A scalar as it stands in a path, a query or a header."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(to_parameter_text, value))
    return str(value)


def _find_objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of an answer: of an array, of the arrays in an envelope, or the answer itself."""
    if isinstance(value, list):
        yield from (row for row in value if isinstance(row, dict))
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            if isinstance(inner, list):
                yield from (row for row in inner if isinstance(row, dict))


def _add_value(values_by_key: dict[tuple[str, str], dict[str, None]], key: tuple[str, str], value: float | str) -> None:
    known = values_by_key.setdefault(key, {})
    if len(known) < _MAX_VALUES and (text := str(value)) not in known and len(text) <= _MAX_VALUE_LENGTH:
        known[text] = None


__all__ = ["KnownValues", "PlannedRequest", "to_parameter_text"]
