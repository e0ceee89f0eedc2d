"""Access to schemas of any document: booleans, missing schemas and values of the wrong type do no harm."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from specduet.specs import Content, Schema, Schemas
from specduet.specs.schemas import escape_pointer

_NOTHING: Schema = {"not": {}}


class PlacedSchema(NamedTuple):
    """A schema behind its references, with the pointer that leads to it."""

    schema: Schema
    pointer: str


def resolve_schema(schemas: Schemas, schema: Any, pointer: str) -> PlacedSchema:
    """Return a schema behind its references as an object: ``true`` is ``{}``, ``false`` is ``{"not": {}}``."""
    if isinstance(schema, Mapping) and "$ref" in schema:
        schema, pointer = schemas.resolve(schema, pointer)
    return PlacedSchema(_to_object(schema), pointer)


def locate_content(schemas: Schemas, content: Content) -> PlacedSchema:
    """Return the schema of a body as it is in ``schemas``: in requests, no property that is readOnly is required."""
    try:
        schema = schemas.node_at(content.pointer)
    except KeyError:
        schema = content.schema
    return PlacedSchema(schema, content.pointer)


def strip_null(schemas: Schemas, schema: Any, pointer: str) -> tuple[Schema, str, bool]:
    """Return the schema behind references and a null alternative, its pointer, and whether null is allowed."""
    schema, pointer = resolve_schema(schemas, schema, pointer)
    inner, inner_pointer, is_nullable = schemas.split_null(schema, pointer)
    return _to_object(inner), inner_pointer, is_nullable


def _to_object(schema: Any) -> Schema:
    if isinstance(schema, Mapping):
        return schema
    return _NOTHING if schema is False else {}


def is_valid_value(schemas: Schemas, pointer: str, value: Any) -> bool:
    """Return whether a value satisfies the schema at a pointer; True where there is none, or none that can be used."""
    try:
        return bool(schemas.validator_at(pointer).is_valid(value))
    except (KeyError, ValueError):
        return True


def list_properties(schema: Schema, pointer: str) -> Iterator[tuple[str, Any, str]]:
    """Yield each property of an object's schema: its name, its schema, and the pointer to that."""
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        yield name, inner, f"{pointer}/properties/{escape_pointer(name)}"


def enter_properties(schemas: Schemas, content: Content, names: Iterable[str]) -> PlacedSchema:
    """Return the schema at a path of properties of a body, ``{}`` where there is none."""
    schema, pointer, _ = strip_null(schemas, content.schema, content.pointer)
    for name in names:
        properties = {key: (inner, at) for key, inner, at in list_properties(schema, pointer)}
        schema, pointer, _ = strip_null(schemas, *properties.get(name, ({}, pointer)))
    return PlacedSchema(schema, pointer)


def list_required(schema: Schema) -> tuple[str, ...]:
    """Return the names of the required properties."""
    required = schema.get("required")
    return tuple(name for name in required if isinstance(name, str)) if isinstance(required, list | tuple) else ()


def list_branches(schema: Schema, pointer: str, *keywords: str) -> Iterator[tuple[str, Any, str]]:
    """Yield each branch of the keywords (``anyOf``): the keyword, the schema of the branch, and the pointer to it."""
    for keyword in keywords:
        branches = schema.get(keyword)
        for index, branch in enumerate(branches if isinstance(branches, list | tuple) else ()):
            yield keyword, branch, f"{pointer}/{keyword}/{index}"


def get_number(schema: Schema, keyword: str) -> float | None:
    """Return the number that a keyword has, None where it has none."""
    value = schema.get(keyword)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def get_count(schema: Schema, keyword: str) -> int | None:
    """Return the count that a keyword such as ``minItems`` has, None where it has none."""
    value = get_number(schema, keyword)
    return None if value is None or value < 0 else int(value)


def list_members(schema: Schema) -> tuple[Any, ...] | None:
    """Return the values that ``const`` or ``enum`` allow, None where neither is there."""
    if "const" in schema:
        return (schema["const"],)
    members = schema.get("enum")
    return tuple(members) if isinstance(members, list | tuple) else None


def list_types(schema: Schema) -> tuple[str, ...]:
    """Return the types that a schema allows, none where it allows any type."""
    named = schema.get("type")
    if isinstance(named, str):
        return (named,)
    return tuple(name for name in named if isinstance(name, str)) if isinstance(named, list | tuple) else ()


def list_examples(schema: Schema) -> tuple[Any, ...]:
    """Return the values that ``examples`` has: a list, or by name as some documents write it."""
    examples = schema.get("examples")
    if isinstance(examples, list | tuple):
        return tuple(examples)
    return ()
