"""Inputs that a row of another resource describes: they are validated against the JSON Schema that the row holds."""

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import msgspec

from specduet.mocks.error_responses import HttpError
from specduet.mocks.handler import OperationHandler, ValidatedRequest
from specduet.mocks.request import Request
from specduet.mocks.request_places import read_place
from specduet.mocks.responses import HttpResponse
from specduet.mocks.world import World
from specduet.mocks.world.derived_fields import ABSENT, put_path
from specduet.specs.request_statements import Inputs
from specduet.specs.schemas import escape_pointer

_MOST = 100  # errors that are told
_LIMITS = {
    "minimum": ">=",
    "maximum": "<=",
    "exclusiveMinimum": ">",
    "exclusiveMaximum": "<",
}
_SIZES = {
    "minLength": "must NOT have fewer than {} characters",
    "maxLength": "must NOT have more than {} characters",
    "minItems": "must NOT have fewer than {} items",
    "maxItems": "must NOT have more than {} items",
    "minProperties": "must NOT have fewer than {} properties",
    "maxProperties": "must NOT have more than {} properties",
}


def check_inputs(handler: OperationHandler, world: World, validated: ValidatedRequest, request: Request) -> None:
    """Raise ``HttpError`` for inputs that the row does not allow, and for a row that is not there."""
    statement = handler.operation.behavior.inputs
    assert statement is not None
    key = read_place(statement.row, validated.parameters, validated.body, request)
    row = None if key is None else world.events.find_values(statement.resource, key, world.clock.current_micros())
    if row is None:
        name = statement.resource.replace("_", " ").replace("-", " ").capitalize()
        raise HttpError(handler.dialect.render_error(statement.unknown, f"{name} not found"))
    schema = row.get(statement.schema)
    value = read_place(statement.place, validated.parameters, validated.body, request)
    errors = list(_list_errors(schema, value)) if isinstance(schema, Mapping) else []
    if errors:
        raise HttpError(_render_refusal(handler, statement, errors[:_MOST], schema))


def _render_refusal(
    handler: OperationHandler, statement: Inputs, errors: list[dict[str, Any]], schema: Any
) -> HttpResponse:
    """Return the refusal: the facts that are stated, or else that of the API with the sentence."""
    response = handler.dialect.render_error(statement.refused, statement.message)
    if statement.fields:
        items = statement.items or {name: name for name in ("place", "message")}
        told = [{name: error[fact] for name, fact in items.items() if error[fact] is not ABSENT} for error in errors]
        facts = {"message": statement.message, "errors": told, "schema": schema}
        body: dict[str, Any] = {}
        for path, fact in statement.fields.items():
            put_path(body, path.split("."), facts[fact])
        return response.with_body(msgspec.json.encode(body))
    return response


def _list_errors(schema: Mapping[str, Any], value: Any) -> Iterator[dict[str, Any]]:
    """Yield what is wrong with a value, by the names of facts; nothing where the schema itself is wrong."""
    try:
        validator = jsonschema_rs.Draft7Validator(dict(schema), validate_formats=True, retriever=_refuse_reference)
        found = [*validator.iter_errors(value)]
    except (ValueError, jsonschema_rs.ReferencingError):
        return
    for error in found:
        keyword = str(error.schema_path[-1]) if error.schema_path else "schema"
        place = "".join(f"/{escape_pointer(str(part))}" for part in error.instance_path)
        for expected, message in _describe_error(keyword, error):
            yield {
                "place": place or f"#/{keyword}",
                "message": message,
                "keyword": keyword,
                "expected": expected,
                "received": error.instance if error.instance_path else ABSENT,
            }


def _refuse_reference(uri: str) -> Any:
    """Follow no reference that leads elsewhere."""
    raise ValueError(f"{uri} is not followed")


def _describe_error(keyword: str, error: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield what a keyword expects and a sentence of it, in the words of Ajv, which most services of JavaScript use."""
    value = getattr(error.kind, "value", None)
    if keyword == "required":
        yield {"missingProperty": value}, f"must have required property '{value}'"
    elif keyword == "additionalProperties" and isinstance(value, list):
        for name in value:
            yield {"additionalProperty": name}, "must NOT have additional properties"
    elif keyword == "type":
        kinds = value if isinstance(value, list) else [value]
        yield {"type": kinds[0] if len(kinds) == 1 else kinds}, f"must be {','.join(map(str, kinds))}"
    elif keyword in {"pattern", "format"}:
        yield {keyword: value}, f'must match {keyword} "{value}"'
    elif keyword in _LIMITS:
        yield {"comparison": _LIMITS[keyword], "limit": value}, f"must be {_LIMITS[keyword]} {value}"
    elif keyword in _SIZES:
        yield {"limit": value}, _SIZES[keyword].format(value)
    elif keyword == "enum":
        yield {"allowedValues": value}, "must be equal to one of the allowed values"
    elif keyword == "const":
        yield {"allowedValue": value}, "must be equal to constant"
    else:
        yield {}, f"must keep {keyword}"
