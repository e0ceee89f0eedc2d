"""Values that make requests valid: from the operator, from the document, and from responses."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice, product
from typing import Any

from msgspec import UNSET

from specduet.contracts.analysis.row_values import read_located_rows
from specduet.contracts.generation.bodies import PlannedBody, plan_bodies
from specduet.contracts.generation.body_references import fill_references
from specduet.contracts.generation.fresh_bodies import FreshBodies
from specduet.contracts.generation.id_pool import IdPool, find_parameter_place, is_reference_name, place_of_name
from specduet.contracts.generation.known_rows import KnownRows
from specduet.contracts.generation.linked_requests import LinkedPaths
from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.generation.mutations import fill_optional
from specduet.contracts.generation.parameter_texts import to_query_pairs, to_styled_text
from specduet.contracts.generation.planned_request import PlannedRequest, is_header_name
from specduet.contracts.oracle.requests import RESERVED_HEADERS
from specduet.contracts.oracle.schema_access import is_valid_value, list_examples, resolve_schema, strip_null
from specduet.contracts.planning.harm import list_row_parameters
from specduet.contracts.planning.own_rows import OwnRows, find_objects
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Api, Operation, Parameter, Resource

_MAX_VALUES = 200
"""Values of one field that are remembered."""

_MAX_GUESSES = 20
"""Ids of other operations that are tried in a parameter."""

_MAX_VALUE_LENGTH = 200
"""Letters; longer values are not remembered."""


class KnownValues:
    """Known values of one API on one target. They grow with every exchange that is given to ``observe_exchange``."""

    def __init__(self, api: Api, params: Mapping[str, tuple[str, ...]]) -> None:
        self.api = api
        self.params = params
        self._field_values: dict[tuple[str, str], dict[str, None]] = {}
        self.rows = KnownRows()
        self.own_rows = OwnRows(api, params)
        self.ids = IdPool()
        self.links = LinkedPaths(api)
        self.fresh_bodies = FreshBodies(api.request_schemas)
        self._values_by_path: dict[tuple[str, str], dict[str, None]] = {}
        self._seen_responses: set[int] = set()
        self._planned_bodies: dict[str, PlannedBody | None] = {}
        self._operations_by_id = {operation.id: operation for operation in api.operations}

    # ---------------------------------------------------------------------------------------- reading values

    def build_valid_request(self, operation: Operation) -> PlannedRequest | None:
        """Return a minimal valid request, or None if a path parameter is unknown or no valid body could be made."""
        path = next(iter(self.path_choices(operation)), None)
        if path is None:
            return None
        query = self._fill_required(operation, "query")
        headers = self._fill_required(operation, "header")
        if query is None or headers is None:
            return None
        request = PlannedRequest(path, query, headers)
        if operation.body is None:
            return request
        if operation.id not in self._planned_bodies:
            planned = next(plan_bodies(self.api.request_schemas, operation.body), None)
            self._planned_bodies[operation.id] = planned
        body = self._planned_bodies[operation.id]
        if body is not None:
            return self._fill_references(operation, request.with_body(body))
        return None if operation.body.required else request

    def remember_body(self, operation: Operation, value: Any) -> None:
        """Use a JSON body that the service has accepted in place of the planned one."""
        self._planned_bodies[operation.id] = PlannedBody("application/json", value)

    def _fill_references(self, operation: Operation, request: PlannedRequest) -> PlannedRequest:
        """Return a request whose JSON body refers to rows that exist."""
        if operation.body is None or not isinstance(request.json, Mapping):
            return request
        value = fill_references(self.api.request_schemas, operation.body, request.json, self.ids)
        return replace(request, json=value)

    def path_choices(self, operation: Operation) -> list[dict[str, str]]:
        """Return every known way to fill the path, with the operator's values first: ``[{"thread_id": "t1"}]``.

        ``[{}]`` if the path has no parameters; ``[]`` if one of them is unknown.
        """
        parameters = [parameter for parameter in operation.parameters if parameter.location == "path"]
        if len(parameters) > 1 and not all(p.name in self.params for p in parameters):
            paths = list(islice(self._list_linked_paths(operation), _MAX_VALUES))
            known = self._list_own_paths if self.own_rows.needs_own_row(operation) else self.rows.list_paths
            paths = paths or list(islice(known(operation), _MAX_VALUES))
            if paths:
                return paths
        values = [self.path_values(operation, parameter) for parameter in parameters]
        names = [parameter.name for parameter in parameters]
        return [dict(zip(names, texts, strict=True)) for texts in islice(product(*values), _MAX_VALUES)]

    def _list_own_paths(self, operation: Operation) -> Iterator[dict[str, str]]:
        """Yield the paths to rows that this run has created."""
        return self.own_rows.list_paths(operation, partial(self._observed_values, operation))

    def _list_linked_paths(self, operation: Operation) -> Iterator[dict[str, str]]:
        """Yield the paths that links have given, of an operation that changes rows only those to rows of this run."""
        return (path for path in self.links.list_paths(operation) if not self.is_protected(operation, path))

    def path_values(self, operation: Operation, parameter: Parameter) -> list[str]:
        """Return the known values of a path parameter: the operator's and those of responses, else the document's."""
        from_operator = list(self.params.get(parameter.name, ()))
        observed = [value for value in self._observed_values(operation, parameter) if value not in from_operator]
        if from_operator or observed or self.takes_own_row(operation, parameter):
            return from_operator + observed
        return list(self._document_values(parameter))

    def takes_own_row(self, operation: Operation, parameter: Parameter) -> bool:
        """Return whether a path parameter takes only ids of rows that this run has created."""
        rows = list_row_parameters(operation)
        return rows[-1:] == [parameter] and self.own_rows.needs_own_row(operation)

    def is_protected(self, operation: Operation, path: Mapping[str, str]) -> bool:
        """Return whether a request would change a row that this run has not created, and the operator has not named."""
        return self.own_rows.is_protected(operation, path)

    def parameter_values(self, parameter: Parameter) -> list[str]:
        """Return the operator's values of a parameter, else those that the document offers."""
        return list(self.params.get(parameter.name, ())) or list(self._document_values(parameter))

    def field_values(self, resource: str, field: str) -> list[str]:
        """Return the values of a field that rows of a resource have shown, oldest first (at most 200)."""
        return list(self._field_values.get((resource, field), ()))

    def unknown_path_parameters(self, operation: Operation) -> list[str]:
        """Return the names of the path parameters without a known value."""
        paths = (p for p in operation.parameters if p.location == "path")
        return [p.name for p in paths if not self.path_values(operation, p)]

    # -------------------------------------------------------------------------------------- observing responses

    def observe_exchange(self, exchange: Exchange) -> None:
        """Remember the ids and values that a successful response shows."""
        operation = self._operations_by_id.get(exchange.operation)
        if operation is not None:
            self.own_rows.observe_exchange(operation, exchange)
            self.ids.observe_exchange(operation, exchange)
            self.links.observe_exchange(operation, exchange)
        if operation is not None and exchange.is_success and operation.behavior.deletes is not None:
            self._forget_row(operation, exchange)
        if operation is None or not exchange.is_success or exchange.json is NOT_JSON or self._was_seen_before(exchange):
            return
        behavior = operation.behavior
        statement = behavior.lists or behavior.fetches or behavior.creates  # events of a watch are not rows
        resource = self.api.resources.get(statement.resource) if statement else None
        if resource is not None:
            rows = [row for _, row in read_located_rows(operation, exchange)]
            self.rows.remember_rows(operation, resource, exchange, rows)
            for row in rows:
                self._remember_row(resource, row)
        for row in find_objects(exchange.json, also_inner=False):
            for name, value in row.items():
                if isinstance(value, str | int) and not isinstance(value, bool):
                    _add_value(self._values_by_path, (operation.path, name), value)

    def _forget_row(self, operation: Operation, exchange: Exchange) -> None:
        """Forget the values of a row that was deleted: paths to it lead nowhere."""
        forgotten = self.rows.forget_row(operation, exchange)
        if forgotten is not None:
            resource, field, value = forgotten
            self._field_values.get((resource, field), {}).pop(value, None)

    def _was_seen_before(self, exchange: Exchange) -> bool:
        """Return whether the operation has had the very same response before."""
        assert exchange.response is not None
        key = hash((exchange.operation, exchange.response.content))
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
        if self.takes_own_row(operation, parameter):
            yield from self.own_rows.list_ids(operation, parameter)
            return
        yield from dict.fromkeys(
            [*self.links.list_values(operation, parameter.name), *self._list_seen(operation, parameter)]
        )

    def _list_seen(self, operation: Operation, parameter: Parameter) -> Iterator[str]:
        """Yield the values of a path parameter that responses have shown, without those that links have given."""
        lookup = operation.behavior.lookup
        stated = list(self._list_stated_values(operation, parameter))
        if stated and (lookup is None or lookup.parameter != parameter.name or lookup.basis == "documented"):
            yield from stated
            return
        guessed = list(self._guess_ids(operation, parameter))
        place = find_parameter_place(operation, parameter)
        is_disproved = stated and self.ids.has_proven(place) and not self.ids.is_proven(place, stated[0])
        yield from dict.fromkeys([*guessed, *stated] if is_disproved else [*stated, *guessed])

    def _list_stated_values(self, operation: Operation, parameter: Parameter) -> Iterator[str]:
        """Yield the values of the field that a statement names for a path parameter."""
        lookup = operation.behavior.lookup
        if lookup is not None and lookup.parameter == parameter.name:
            yield from self.field_values(lookup.resource, lookup.field)
            return
        for scope in operation.behavior.scopes:
            if scope.parameter == parameter.name:
                yield from self.rows.list_ids(scope.resource) if scope.resource else ()
                return

    def _guess_ids(self, operation: Operation, parameter: Parameter) -> Iterator[str]:
        """Yield ids where no statement helps.

        ``/things/{thing_id}`` takes ``thing_id`` or ``id`` from ``/things``, else from wherever a thing was seen.
        """
        collection_path = operation.path.partition(f"/{{{parameter.name}}}")[0]
        for name in (parameter.name, "id"):
            ids = self._values_by_path.get((collection_path, name)) or self._values_by_path.get(
                (f"{collection_path}/", name)
            )
            if ids:
                yield from ids
                return
        for value in islice(self.ids.list_ids(find_parameter_place(operation, parameter)), _MAX_GUESSES):
            if self._find_typed(parameter, value) is not UNSET:
                yield str(value)

    def _find_typed(self, parameter: Parameter, value: Any) -> Any:
        """Return an id as a parameter takes it, as it was seen or as a text or number; ``UNSET`` where it does not."""
        number = int(value) if str(value).isdecimal() else value
        typed = (
            v
            for v in (value, str(value), number, [value], [str(value)])
            if is_valid_value(self.api.request_schemas, parameter.pointer, v)
        )
        return next(typed, UNSET)

    # ------------------------------------------------------------------------------------ values of the document

    def _fill_required(self, operation: Operation, location: str) -> tuple[tuple[str, str], ...] | None:
        """Return the required parameters of a location with a value each, or None if one has none."""
        pairs: list[tuple[str, str]] = []
        for parameter in operation.parameters:
            if parameter.location == location and parameter.required and not is_reserved_header(parameter):
                sample = self._sample_pairs(parameter)
                if sample is None:
                    return None
                pairs += sample
        return tuple(pairs)

    def _sample_pairs(self, parameter: Parameter) -> list[tuple[str, str]] | None:
        """Return a parameter with a value, in a query as many pairs as its style takes; None if it has no value."""
        given = self.params.get(parameter.name)
        if given:
            return [(parameter.name, given[0])]
        value = self._find_known_id(parameter)
        if value is UNSET:
            value = next(self._offered_values(parameter), UNSET)
        if value is UNSET:
            value = build_minimal_value(self.api.request_schemas, parameter.schema, parameter.pointer)
        if value is UNSET or value is None:
            return None
        if parameter.location == "query":
            return to_query_pairs(parameter, value or self._fill_empty(parameter, value))
        text = to_styled_text(parameter, value)
        return [(parameter.name, text)] if text.isascii() and text.isprintable() else None

    def _find_known_id(self, parameter: Parameter) -> Any:
        """Return a known id for a parameter that is called after one (``?customer_id=``), else ``UNSET``."""
        place = place_of_name(parameter.name) if is_reference_name(parameter.name) else None
        found = (self._find_typed(parameter, value) for value in islice(self.ids.list_ids(place), _MAX_GUESSES))
        return next((value for value in found if value is not UNSET), UNSET)

    def _fill_empty(self, parameter: Parameter, value: Any) -> Any:
        """Return an empty array with one item and an empty object with a property: otherwise they leave no pair."""
        schemas = self.api.request_schemas
        schema, pointer, _ = strip_null(schemas, parameter.schema, parameter.pointer)
        if isinstance(value, list):
            item = build_minimal_value(schemas, schema.get("items", {}), f"{pointer}/items")
            filled: Any = [] if item is UNSET else [item]
        elif isinstance(value, dict):
            filled = fill_optional(schemas, schema, pointer, value) or {"key": "text"}
        else:
            return value
        return filled if is_valid_value(schemas, parameter.pointer, filled) else value

    def _offered_values(self, parameter: Parameter) -> Iterator[Any]:
        """Yield the valid examples, enum members, constants and defaults of a parameter."""
        schema, pointer = resolve_schema(self.api.request_schemas, parameter.schema, parameter.pointer)
        offered = [*list_examples(schema), *schema.get("enum", ())]
        offered += [schema[key] for key in ("example", "const", "default") if key in schema]
        for value in offered:
            if value is not None and is_valid_value(self.api.request_schemas, pointer, value):
                yield value

    def _document_values(self, parameter: Parameter) -> Iterator[str]:
        """Yield the values that the document offers for a parameter, as texts; in a path those that lead there."""
        texts = dict.fromkeys(to_styled_text(parameter, value) for value in self._offered_values(parameter))
        yield from (text for text in texts if parameter.location != "path" or text.strip("./ "))


def is_reserved_header(parameter: Parameter) -> bool:
    """Return whether a parameter is a header that is none (OAS 3.1, 4.8.12.1), or that no request can have."""
    if parameter.location != "header":
        return False
    return parameter.name.lower() in RESERVED_HEADERS or not is_header_name(parameter.name)


def _add_value(values_by_key: dict[tuple[str, str], dict[str, None]], key: tuple[str, str], value: float | str) -> None:
    """Add a value as text, unless it is known, too long, or one too many."""
    values = values_by_key.setdefault(key, {})
    if len(values) < _MAX_VALUES and (text := str(value)) not in values and len(text) <= _MAX_VALUE_LENGTH:
        values[text] = None


__all__ = ["KnownValues", "PlannedRequest", "is_header_name", "is_reserved_header"]
