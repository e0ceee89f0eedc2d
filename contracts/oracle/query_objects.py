"""Objects in a query: ``filter[size]=5`` (``deepObject``), ``size=5`` (``form`` with ``explode``)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from specduet.contracts.oracle.json_values import judge_text
from specduet.contracts.oracle.scalars import ScalarVerdict, pick_strictest
from specduet.contracts.oracle.schema_access import list_properties, list_required, list_types, strip_null
from specduet.contracts.oracle.url_text import DecodedText
from specduet.specs import Parameter, Schemas


class QueryMember(NamedTuple):
    """One property of an object, sent as a pair of its own."""

    name: str
    pair_name: str
    """The name of the pair: ``filter[size]``, or ``size``."""
    text: DecodedText


def is_content_parameter(parameter: Parameter) -> bool:
    """Return whether a parameter is described by ``content``: its text is that of a media type."""
    return "/content/" in parameter.pointer


def is_object_parameter(schemas: Schemas, parameter: Parameter) -> bool:
    """Return whether the value of a query parameter is an object that is sent as several pairs."""
    schema, _, _ = strip_null(schemas, parameter.schema, parameter.pointer)
    is_object = "object" in list_types(schema) or (not list_types(schema) and "properties" in schema)
    is_split = parameter.style == "deepObject" or (parameter.style == "form" and parameter.explode and is_object)
    return parameter.location == "query" and is_split and not is_content_parameter(parameter)


def find_query_members(
    schemas: Schemas, parameter: Parameter, pairs: Sequence[tuple[str, DecodedText]]
) -> list[QueryMember] | None:
    """Return the pairs of a query that belong to an object; None for a parameter that is no such object."""
    if not is_object_parameter(schemas, parameter):
        return None
    if parameter.style == "deepObject":
        prefix = f"{parameter.name}["
        return [
            QueryMember(name[len(prefix) :].rstrip("]"), name, text) for name, text in pairs if name.startswith(prefix)
        ]
    schema, pointer, _ = strip_null(schemas, parameter.schema, parameter.pointer)
    names = {name for name, _, _ in list_properties(schema, pointer)}
    if not names or schema.get("additionalProperties"):
        names |= {name for name, _ in pairs}  # any pair may be a property
    return [QueryMember(name, name, text) for name, text in pairs if name in names]


def judge_query_members(schemas: Schemas, parameter: Parameter, members: Sequence[QueryMember]) -> ScalarVerdict:
    """Judge an object by its properties; whatever is nested, repeated or not documented is lenient."""
    schema, pointer, _ = strip_null(schemas, parameter.schema, parameter.pointer)
    properties: dict[str, tuple[Any, str]] = {name: (inner, at) for name, inner, at in list_properties(schema, pointer)}
    missing = [name for name in list_required(schema) if name not in {member.name for member in members}]
    if missing:
        return ScalarVerdict("lenient", f"has no {missing[0]}")
    if {"anyOf", "oneOf", "allOf", "not", "if"} & schema.keys() or len({m.name for m in members}) < len(members):
        return ScalarVerdict("lenient", "is written differently by servers")
    return pick_strictest(_judge_member(schemas, *properties.get(m.name, (None, "")), m.text) for m in members)


def _judge_member(schemas: Schemas, schema: Any, pointer: str, text: DecodedText) -> ScalarVerdict:
    inner, _, is_nullable = strip_null(schemas, schema, pointer)
    if schema is None or {"array", "object"} & set(list_types(inner)) or not text.is_unambiguous:
        return ScalarVerdict("lenient", "is written differently by servers")
    if is_nullable or not text.value.strip():
        return ScalarVerdict("lenient", "is nothing to some servers")
    return judge_text(schemas, schema, pointer, text.value)
