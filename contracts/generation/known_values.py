"""What is known to make valid requests: what the operator said, what the document offers, what answers have shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.minimal_values import sample
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Api, Operation, Parameter, Resource

_MOST_REMEMBERED = 200
_LONGEST_REMEMBERED = 200


@dataclass(frozen=True)
class Call:
    """A request that the document allows, in plain text; ``arguments`` is what ``Sender.send`` takes."""

    path: Mapping[str, str]
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    json: Any = UNSET
    body: bytes | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        return {"path": self.path, "query": self.query, "headers": self.headers, "json": self.json, "body": self.body}

    def with_query(self, **values: str | None) -> "Call":
        """The same with these query parameters in place of any of their names; None leaves one out."""
        kept = tuple(pair for pair in self.query if pair[0] not in values)
        return replace(self, query=(*kept, *((k, v) for k, v in values.items() if v is not None)))

    def with_path(self, **values: str) -> "Call":
        """The same with other path parameters."""
        return replace(self, path={**self.path, **values})

    def with_header(self, name: str, value: str | None) -> "Call":
        """The same with another header; None leaves it out."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def with_json(self, value: Any) -> "Call":
        """The same with another body."""
        return replace(self, json=value, body=None)


class Knowledge:
    """What is known of one API on one target. ``learn`` is called with every exchange, so that it grows."""

    def __init__(self, api: Api, params: Mapping[str, tuple[str, ...]]) -> None:
        self.api = api
        self.params = params
        self._seen: dict[tuple[str, str], dict[str, None]] = {}
        self._shown: dict[tuple[str, str], dict[str, None]] = {}
        self._heard: set[int] = set()
        self._by_id = {operation.id: operation for operation in api.operations}

    # ------------------------------------------------------------------------------------------------ to use

    def valid_call(self, operation: Operation) -> Call | None:
        """A minimal valid request, or None where a path parameter is unknown or no valid body could be made."""
        path = next(iter(self.path_choices(operation)), None)
        if path is None:
            return None
        query = self._required(operation, "query")
        headers = self._required(operation, "header")
        content = self.json_content(operation)
        if query is None or headers is None or content is None:
            return None
        return Call(path, query, headers, content)

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
        learnt = [value for value in self._learnt(operation, parameter) if value not in given]
        return given + learnt or list(self._offered(parameter))

    def values(self, parameter: Parameter) -> list[str]:
        """The operator's values of a parameter, else what the document offers for it."""
        return list(self.params.get(parameter.name, ())) or list(self._offered(parameter))

    def field_values(self, resource: str, field: str) -> list[str]:
        """The values of a field that rows of a resource have shown, oldest first (at most 200)."""
        return list(self._seen.get((resource, field), ()))

    def json_content(self, operation: Operation) -> Any:
        """A minimal valid body; ``UNSET`` where the operation takes none, None where none could be made."""
        body = operation.body
        if body is None:
            return UNSET
        for media_type, content in body.content.items():
            if media_type == "application/json" or media_type.endswith("+json"):
                value = sample(self.api.schemas, content.schema, content.pointer)
                return None if value is UNSET else value
        return None if body.required else UNSET

    def missing(self, operation: Operation) -> list[str]:
        """The path parameters of which no value is known."""
        paths = (p for p in operation.parameters if p.location == "path")
        return [p.name for p in paths if not self.path_values(operation, p)]

    # ---------------------------------------------------------------------------------------------- to learn

    def learn(self, exchange: Exchange) -> None:
        """Remember the ids and values that a successful answer shows."""
        operation = self._by_id.get(exchange.operation)
        if operation is None or not exchange.succeeded or exchange.json is NOT_JSON or self._is_old(exchange):
            return
        words = operation.behavior
        speaker = words.lists or words.fetches or words.creates
        resource = self.api.resources.get(speaker.resource) if speaker else None
        for row in _rows(exchange.json):
            if resource is not None:
                self._remember_row(resource, row)
            for name, value in row.items():
                if isinstance(value, str | int) and not isinstance(value, bool):
                    _remember(self._shown, (operation.path, name), value)

    def _is_old(self, exchange: Exchange) -> bool:
        assert exchange.received is not None
        key = hash((exchange.operation, exchange.received.body))
        known = key in self._heard
        self._heard.add(key)
        return known

    def _remember_row(self, resource: Resource, row: Mapping[str, Any]) -> None:
        for name in resource.properties:
            value = row.get(name)
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                _remember(self._seen, (resource.name, name), value)

    def _learnt(self, operation: Operation, parameter: Parameter) -> Iterator[str]:
        words = operation.behavior
        speaker = words.fetches or words.watches
        if speaker is not None and speaker.parameter == parameter.name:
            yield from self.field_values(speaker.resource, speaker.field)
            return
        if words.scope is not None and words.scope.parameter == parameter.name:
            return
        yield from self._guessed(operation, parameter)

    def _guessed(self, operation: Operation, parameter: Parameter) -> Iterator[str]:
        """Without a statement: ``/things/{thing_id}`` takes the ``thing_id`` or ``id`` that ``/things`` shows."""
        above = operation.path.partition(f"/{{{parameter.name}}}")[0]
        for name in (parameter.name, "id"):
            found = self._shown.get((above, name)) or self._shown.get((f"{above}/", name))
            if found:
                yield from found
                return

    # ---------------------------------------------------------------------------------------------- to offer

    def _required(self, operation: Operation, location: str) -> tuple[tuple[str, str], ...] | None:
        pairs = []
        for parameter in operation.parameters:
            if parameter.location == location and parameter.required:
                value = next(iter(self.values(parameter)), None) or self._sampled(parameter)
                if value is None:
                    return None
                pairs.append((parameter.name, value))
        return tuple(pairs)

    def _offered(self, parameter: Parameter) -> Iterator[str]:
        schema = parameter.schema
        offered = [*schema.get("examples", ()), *schema.get("enum", ())]
        offered += [schema[key] for key in ("example", "const", "default") if key in schema]
        valid = self.api.schemas.validator_at(parameter.pointer).is_valid
        yield from dict.fromkeys(as_text(value) for value in offered if value is not None and valid(value))

    def _sampled(self, parameter: Parameter) -> str | None:
        value = sample(self.api.schemas, parameter.schema, parameter.pointer)
        return None if value is UNSET or value is None else as_text(value)


def as_text(value: Any) -> str:
    """A scalar as it stands in a path, a query or a header."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(as_text, value))
    return str(value)


def _rows(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of an answer: of an array, of the arrays in an envelope, or the answer itself."""
    if isinstance(value, list):
        yield from (row for row in value if isinstance(row, dict))
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            if isinstance(inner, list):
                yield from (row for row in inner if isinstance(row, dict))


def _remember(shelf: dict[tuple[str, str], dict[str, None]], key: tuple[str, str], value: float | str) -> None:
    known = shelf.setdefault(key, {})
    if len(known) < _MOST_REMEMBERED and (text := str(value)) not in known and len(text) <= _LONGEST_REMEMBERED:
        known[text] = None


__all__ = ["Call", "Knowledge", "as_text"]
