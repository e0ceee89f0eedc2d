"""Values that make requests valid: from the operator, from the document, and from responses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Api, Operation, Parameter, Resource

_MAX_VALUES = 200
"""Values of one field that are remembered."""

_MAX_VALUE_LENGTH = 200
"""Letters; longer values are not remembered."""


@dataclass(frozen=True)
class PlannedRequest:
    """A request in plain text, neither encoded nor bound to a target."""

    path: Mapping[str, str]
    """Path parameters by name."""
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    json: Any = UNSET
    """JSON body; ``UNSET`` for none."""
    body: bytes | None = None
    """Raw body, instead of ``json``."""

    @property
    def send_arguments(self) -> dict[str, Any]:
        """The request as keyword arguments of ``Sender.send``."""
        return {"path": self.path, "query": self.query, "headers": self.headers, "json": self.json, "body": self.body}

    def with_query(self, **values: str | None) -> "PlannedRequest":
        """Return the request with these query parameters instead of any of their names; None leaves one out."""
        kept = tuple(pair for pair in self.query if pair[0] not in values)
        return replace(self, query=(*kept, *((k, v) for k, v in values.items() if v is not None)))

    def with_path(self, **values: str) -> "PlannedRequest":
        """Return the request with other path parameters."""
        return replace(self, path={**self.path, **values})

    def with_header(self, name: str, value: str | None) -> "PlannedRequest":
        """Return the request with another header; None leaves it out."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def with_json(self, value: Any) -> "PlannedRequest":
        """Return the request with another JSON body."""
        return replace(self, json=value, body=None)


class KnownValues:
    """Known values of one API on one target. They grow with every exchange that is given to ``observe_exchange``."""

    def __init__(self, api: Api, params: Mapping[str, tuple[str, ...]]) -> None:
        self.api = api
        self.params = params
        self._field_values: dict[tuple[str, str], dict[str, None]] = {}
        self._values_by_path: dict[tuple[str, str], dict[str, None]] = {}
        self._seen_responses: set[int] = set()
        self._operations_by_id = {operation.id: operation for operation in api.operations}

    # ---------------------------------------------------------------------------------------- reading values

    def build_valid_request(self, operation: Operation) -> PlannedRequest | None:
        """Return a minimal valid request, or None if a path parameter is unknown or no valid body could be made."""
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
        """Return every known way to fill the path, with the operator's values first: ``[{"thread_id": "t1"}]``.

        ``[{}]`` if the path has no parameters; ``[]`` if one of them is unknown.
        """
        choices: list[dict[str, str]] = [{}]
        for parameter in operation.parameters:
            if parameter.location == "path":
                values = self.path_values(operation, parameter)
                choices = [{**choice, parameter.name: value} for choice in choices for value in values]
        return choices

    def path_values(self, operation: Operation, parameter: Parameter) -> list[str]:
        """Return the known values of a path parameter: the operator's and those of responses, else the document's."""
        from_operator = list(self.params.get(parameter.name, ()))
        observed = [value for value in self._observed_values(operation, parameter) if value not in from_operator]
        return from_operator + observed or list(self._document_values(parameter))

    def parameter_values(self, parameter: Parameter) -> list[str]:
        """Return the operator's values of a parameter, else those that the document offers."""
        return list(self.params.get(parameter.name, ())) or list(self._document_values(parameter))

    def field_values(self, resource: str, field: str) -> list[str]:
        """Return the values of a field that rows of a resource have shown, oldest first (at most 200)."""
        return list(self._field_values.get((resource, field), ()))

    def build_minimal_body(self, operation: Operation) -> Any:
        """Return a minimal valid body; ``UNSET`` if the operation takes none, None if none could be made."""
        body = operation.body
        if body is None:
            return UNSET
        for media_type, content in body.content.items():
            if media_type == "application/json" or media_type.endswith("+json"):
                value = build_minimal_value(self.api.schemas, content.schema, content.pointer)
                return None if value is UNSET else value
        return None if body.required else UNSET

    def unknown_path_parameters(self, operation: Operation) -> list[str]:
        """Return the names of the path parameters without a known value."""
        paths = (p for p in operation.parameters if p.location == "path")
        return [p.name for p in paths if not self.path_values(operation, p)]

    # -------------------------------------------------------------------------------------- observing responses

    def observe_exchange(self, exchange: Exchange) -> None:
        """Remember the ids and values that a successful response shows."""
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
        """Return whether the operation has had the very same response before."""
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
        """Yield the values of a path parameter that responses have shown."""
        lookup, scope = operation.behavior.lookup, operation.behavior.scope
        if lookup is not None and lookup.parameter == parameter.name:
            yield from self.field_values(lookup.resource, lookup.field)
            return
        if scope is not None and scope.parameter == parameter.name:
            return
        yield from self._guess_ids(operation, parameter)

    def _guess_ids(self, operation: Operation, parameter: Parameter) -> Iterator[str]:
        """Yield ids where no statement helps: ``/things/{thing_id}`` takes ``thing_id`` or ``id`` from ``/things``."""
        collection_path = operation.path.partition(f"/{{{parameter.name}}}")[0]
        for name in (parameter.name, "id"):
            ids = self._values_by_path.get((collection_path, name)) or self._values_by_path.get(
                (f"{collection_path}/", name)
            )
            if ids:
                yield from ids
                return

    # ------------------------------------------------------------------------------------ values of the document

    def _fill_required(self, operation: Operation, location: str) -> tuple[tuple[str, str], ...] | None:
        """Return the required parameters of a location with a value each, or None if one has none."""
        pairs = []
        for parameter in operation.parameters:
            if parameter.location == location and parameter.required:
                value = next(iter(self.parameter_values(parameter)), None) or self._sample_text(parameter)
                if value is None:
                    return None
                pairs.append((parameter.name, value))
        return tuple(pairs)

    def _document_values(self, parameter: Parameter) -> Iterator[str]:
        """Yield the valid examples, enum members, constants and defaults of a parameter."""
        schema = parameter.schema
        offered = [*schema.get("examples", ()), *schema.get("enum", ())]
        offered += [schema[key] for key in ("example", "const", "default") if key in schema]
        valid = self.api.schemas.validator_at(parameter.pointer).is_valid
        yield from dict.fromkeys(to_parameter_text(value) for value in offered if value is not None and valid(value))

    def _sample_text(self, parameter: Parameter) -> str | None:
        value = build_minimal_value(self.api.schemas, parameter.schema, parameter.pointer)
        return None if value is UNSET or value is None else to_parameter_text(value)


def to_parameter_text(value: Any) -> str:
    """Return a value as it stands in a path, a query or a header: ``true``, ``1,2``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(to_parameter_text, value))
    return str(value)


def _find_objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a response: of an array, of the arrays in an envelope, and the response itself."""
    if isinstance(value, list):
        yield from (row for row in value if isinstance(row, dict))
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            if isinstance(inner, list):
                yield from (row for row in inner if isinstance(row, dict))


def _add_value(values_by_key: dict[tuple[str, str], dict[str, None]], key: tuple[str, str], value: float | str) -> None:
    """Add a value as text, unless it is known, too long, or one too many."""
    values = values_by_key.setdefault(key, {})
    if len(values) < _MAX_VALUES and (text := str(value)) not in values and len(text) <= _MAX_VALUE_LENGTH:
        values[text] = None


__all__ = ["KnownValues", "PlannedRequest", "to_parameter_text"]
