"""Rows that the document shows as examples: of responses first, then of the schema."""

from collections.abc import Iterator, Mapping
from typing import Any

from specduet.mocks.generation.values import get_generator
from specduet.mocks.world.derived_fields import get_path
from specduet.mocks.world.envelope import find_rows_property
from specduet.mocks.world.row_properties import RowProperty
from specduet.specs import Api, Operation, Resource

_MOST = 20  # rows; a document has rarely more than a handful


def find_example_rows(api: Api, resource: Resource) -> list[dict[str, Any]]:
    """Return the examples of a resource that satisfy its schema, each once."""
    is_valid = api.response_schemas.validator_at(resource.pointer).is_valid
    generator = get_generator(api.response_schemas)
    found: list[dict[str, Any]] = []
    for value in _iter_examples(api, resource):
        if isinstance(value, dict) and value and len(found) < _MOST:
            row = generator.clean_example(value, resource.schema, resource.pointer)
            if row not in found and is_valid(row):
                found.append(row)
    return found


def _iter_examples(api: Api, resource: Resource) -> Iterator[Any]:
    operations = api.operations_about(resource.name)
    for operation in sorted(operations, key=lambda operation: operation.behavior.lists is None):
        yield from _iter_response_examples(api, operation, resource)
    schema, _ = api.response_schemas.resolve(resource.schema, resource.pointer)
    stated = schema.get("examples")
    yield from stated if isinstance(stated, list) else ()
    if "example" in schema:
        yield schema["example"]


def _iter_response_examples(api: Api, operation: Operation, resource: Resource) -> Iterator[Any]:
    behavior = operation.behavior
    if not (behavior.lists or behavior.fetches or behavior.creates or behavior.updates or behavior.replaces):
        return
    stated = behavior.envelope.response if behavior.envelope else None
    for status, response in operation.responses.items():
        for content in response.content.values() if status.startswith("2") else ():
            path = tuple(stated.split(".")) if stated else ()
            if not stated and behavior.lists and content.has_schema and content.examples:
                path = find_rows_property(api.response_schemas, resource.pointer, content.schema, content.pointer)
            for example in content.examples.values():
                value = get_path(example, path)
                yield from value if isinstance(value, list) else (value,)


def find_example_identity(api: Api, resource: Resource) -> Any:
    """Return the id that the document shows as an example of the path parameter, None where there is none."""
    identity = resource.behavior.id
    for operation in api.operations_about(resource.name):
        lookup = operation.behavior.lookup
        if lookup is None or lookup.field != identity.field or identity.key or not lookup.parameter:
            continue
        parameter = operation.parameter(lookup.parameter, "path")
        if parameter is not None:
            holder = api.schemas.node_at(parameter.pointer.rpartition("/")[0])
            for place in (holder, parameter.schema):
                if isinstance(place, Mapping) and isinstance(place.get("example"), str | int):
                    return place["example"]
    return None


def drop_times(row: Mapping[str, Any], properties: Mapping[str, RowProperty], ordered: set[str]) -> dict[str, Any]:
    """Return the row without the times that others are compared with: these are made anew, so that they fit."""
    timed = {name for name, prop in properties.items() if prop.time_format}
    return {name: value for name, value in row.items() if not (name in timed and name in ordered)}
