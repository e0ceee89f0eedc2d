"""Which valid values a document promises to accept: those that its schema names, and not those that it says nothing of.

A string without a pattern may name a row, a number without bounds may be a page past the end, and an object without a
list of required properties may need all of them. A service that refuses these breaks no promise.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.request_differences import Difference
from specduet.contracts.oracle.request_parts import find_header_parameter
from specduet.contracts.oracle.schema_access import (
    PlacedSchema,
    get_number,
    list_branches,
    list_examples,
    list_members,
    list_properties,
    list_required,
    list_types,
    locate_content,
    strip_null,
)
from specduet.contracts.recording import ABSENT
from specduet.specs import Api, Content, Operation, Parameter, Schema

_RESTRICTING = re.compile(
    r"\b(must|only|valid|invalid|exist\w*|unless|require[sd]?|if|when|depend\w*|regex\w*|expression|pattern|either"
    r"|format|syntax|allowed|supported|available|cannot|can't|not|mutually|together|instead|error|4\d\d)\b",
    re.IGNORECASE,
)
"""Words of a description that narrow what the schema allows."""


def is_promised(api: Api, operation: Operation, difference: Difference, *, by_length: bool = True) -> bool:
    """Return whether the document promises that a valid request may have this part as it is.

    A text whose length alone is documented may still have to name something: without ``by_length`` it is not promised.
    """
    if not by_length and isinstance(difference.value, str) and _has_length_only(api, operation, difference):
        return False
    location, *names = difference.loc
    if location == "body":
        return _is_body_promised(api, operation, names, difference)
    parameter = operation.parameter(str(names[0]), location)  # type: ignore[arg-type]
    if parameter is None:
        parameter = find_header_parameter(operation, str(names[0])) if location == "header" else None
    if parameter is None or _describes_limits(_read_parameter(api, parameter)):
        return False
    schema, _, is_nullable = strip_null(api.request_schemas, parameter.schema, parameter.pointer)
    if difference.value is ABSENT:
        return location != "path" and not parameter.required and _states_optional(api, parameter)
    values = difference.value if isinstance(difference.value, tuple) else (difference.value,)
    return all(_is_value_promised(schema, _parse_text(schema, text), is_nullable=is_nullable) for text in values)


def is_restricted(api: Api, operation: Operation, difference: Difference, status: int) -> bool:
    """Return whether a sentence of the operation or of the response names the part, or the status, and a condition."""
    response = operation.response_for(status)
    name = str(difference.loc[-1] if len(difference.loc) > 1 else difference.loc[0])
    about_part = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
    about_status = re.compile(rf"(?<!\d){status}(?!\d)")
    for text, about in (
        (_read_description(api, operation), (about_part, about_status)),
        (response.description if response is not None else "", (about_part,)),
    ):
        for sentence in re.split(r"(?<=[.!?;])\s|\n\n", text):
            if _RESTRICTING.search(sentence) and any(pattern.search(sentence) for pattern in about):
                return True
    return False


def _read_description(api: Api, operation: Operation) -> str:
    try:
        node = api.schemas.node_at(operation.pointer)
    except KeyError:
        return ""
    text = node.get("description") if isinstance(node, Mapping) else None
    return text if isinstance(text, str) else ""


def _read_parameter(api: Api, parameter: Parameter) -> Mapping[str, Any]:
    """Return the parameter as the document writes it."""
    try:
        node = api.schemas.node_at(parameter.pointer.partition("/schema")[0].partition("/content/")[0])
    except KeyError:
        return {}
    return node if isinstance(node, Mapping) else {}


def _states_optional(api: Api, parameter: Parameter) -> bool:
    """Return whether the document says in so many words that a parameter may be left out."""
    return _read_parameter(api, parameter).get("required") is False or has_derived_schemas(api)


def has_derived_schemas(api: Api) -> bool:
    """Return whether the document was made from the code that checks requests, and so leaves nothing of it out."""
    components = api.document.get("components")
    schemas = components.get("schemas") if isinstance(components, Mapping) else None
    return isinstance(schemas, Mapping) and "HTTPValidationError" in schemas


def _describes_limits(node: Any) -> bool:
    if not isinstance(node, Mapping):
        return False
    schema = node.get("schema")
    texts = [node.get("description"), schema.get("description") if isinstance(schema, Mapping) else None]
    return any(isinstance(text, str) and _RESTRICTING.search(text) for text in texts)


def _parse_text(schema: Mapping[str, Any], text: str) -> Any:
    """Return the text of a parameter as the value that it stands for."""
    types = list_types(schema)
    if "boolean" in types and text in {"true", "false"}:
        return text == "true"
    if "integer" in types and re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        return int(text)
    if "number" in types and re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", text, re.ASCII):
        return float(text)
    return text


# ------------------------------------------------------------------------------------------------------------- bodies


def _is_body_promised(api: Api, operation: Operation, names: Sequence[str | int], difference: Difference) -> bool:
    body = operation.body
    content = find_json_content(body.content) if body else None
    if body is None or content is None or not content.has_schema:
        return False
    if not names:
        return difference.value is ABSENT and not body.required and has_derived_schemas(api)
    found = _find_place(api, content, names)
    if found is None or _describes_limits(found[1].schema):
        return False
    parent, place = found
    if difference.value is ABSENT:
        return bool(list_required(parent.schema)) or has_derived_schemas(api)
    schema, _, is_nullable = strip_null(api.request_schemas, *place)
    return not _describes_limits(schema) and _is_value_promised(schema, difference.value, is_nullable=is_nullable)


def _find_place(api: Api, content: Content, names: Sequence[str | int]) -> tuple[PlacedSchema, PlacedSchema] | None:
    """Return the schema of a property or an item of a body, behind that of the object or list that holds it."""
    parent = place = locate_content(api.request_schemas, content)
    for name in names:
        parent = _resolve(api, place)
        inner = next(_enter(api, parent, name), None)
        if inner is None:
            return None
        place = inner
    return parent, place


def _has_length_only(api: Api, operation: Operation, difference: Difference) -> bool:
    """Return whether nothing is documented of a text in a body but its length."""
    location, *names = difference.loc
    content = find_json_content(operation.body.content) if location == "body" and operation.body else None
    if content is None or not content.has_schema or not names:
        return False
    found = _find_place(api, content, names)
    if found is None:
        return False
    schema = _resolve(api, found[1]).schema
    named = {"pattern", "enum", "const", "default", "example", "examples"}
    return bool({"minLength", "maxLength"} & schema.keys()) and not named & schema.keys()


def _resolve(api: Api, placed: PlacedSchema) -> PlacedSchema:
    schema, pointer, _ = strip_null(api.request_schemas, *placed)
    return PlacedSchema(schema, pointer)


def _enter(api: Api, parent: PlacedSchema, name: str | int) -> Iterator[PlacedSchema]:
    """Yield the schemas of a property or an item, also those in ``allOf``."""
    schema, pointer = parent
    if isinstance(name, int):
        if isinstance(schema.get("items"), Mapping):
            yield PlacedSchema(schema["items"], f"{pointer}/items")
        return
    yield from (PlacedSchema(inner, at) for key, inner, at in list_properties(schema, pointer) if key == name)
    for _, branch, at in list_branches(schema, pointer, "allOf"):
        yield from _enter(api, _resolve(api, PlacedSchema(branch, at)), name)


# ------------------------------------------------------------------------------------------------------------- values


def _is_value_promised(schema: Schema, value: Any, *, is_nullable: bool) -> bool:
    members = list_members(schema)
    if value is None:  # a schema without a type allows null by saying nothing
        return is_nullable and bool(list_types(schema) or members)
    if members is not None:
        return str(value) in map(str, members)
    named = [schema.get("default", ABSENT), schema.get("example", ABSENT), *list_examples(schema)]
    if value in named or isinstance(value, bool):
        return value in named or "boolean" in list_types(schema)
    if isinstance(value, int | float):
        return _is_number_promised(schema, value)
    if isinstance(value, str):
        return _is_text_promised(schema, value)
    return isinstance(value, list) and not value and schema.get("minItems") == 0


def _is_number_promised(schema: Mapping[str, Any], value: float) -> bool:
    """Return whether a number lies between two documented bounds, or on the only one."""
    minimum, maximum = get_number(schema, "minimum"), get_number(schema, "maximum")
    if minimum is None:
        minimum = get_number(schema, "exclusiveMinimum")
    if maximum is None:
        maximum = get_number(schema, "exclusiveMaximum")
    if minimum is not None and maximum is not None:
        return True
    return value in (minimum, maximum)


def _is_text_promised(schema: Mapping[str, Any], value: str) -> bool:
    """Return whether a plain text has a length that is documented, or fits a pattern; a format may mean a row."""
    if "format" in schema:
        return False
    if isinstance(schema.get("pattern"), str):
        return True
    is_plain = value.isascii() and value.isalnum()
    return is_plain and ("maxLength" in schema or ("minLength" in schema and len(value) >= 1))
