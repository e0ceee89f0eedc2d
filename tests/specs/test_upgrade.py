"""Upgrade of OpenAPI 3.0 to 3.1: schemas change where 3.0 has words of its own, and data never."""

import copy
from typing import Any

import jsonschema_rs
import pytest

from specduet.specs.upgrade import upgrade_to_31

NULL = {"type": "null"}
REF = {"$ref": "#/components/schemas/B"}


def document(schema: Any, version: str = "3.0.3") -> dict[str, Any]:
    return {"openapi": version, "paths": {}, "components": {"schemas": {"A": schema, "B": {"type": "string"}}}}


def upgrade(schema: Any) -> Any:
    """Upgrade a schema of a 3.0 document, which stays as it is."""
    given = document(schema)
    before = copy.deepcopy(given)
    upgraded = upgrade_to_31(given)
    assert given == before
    assert upgraded["openapi"] == "3.1.0"
    return upgraded["components"]["schemas"]["A"]


SCHEMAS = [
    pytest.param({"type": "string", "nullable": True}, {"type": ["string", "null"]}, id="nullable"),
    pytest.param({"type": "string", "nullable": False}, {"type": "string"}, id="not-nullable"),
    pytest.param({"nullable": True, "title": "t"}, {"title": "t"}, id="without-type"),
    pytest.param({"nullable": True, "enum": ["a", None]}, {"enum": ["a", None]}, id="without-type-enum"),
    pytest.param(
        {"type": "string", "nullable": True, "enum": ["a", None]},
        {"type": ["string", "null"], "enum": ["a", None]},
        id="enum-with-null",
    ),
    pytest.param({"type": ["string"], "nullable": True}, {"type": ["string", "null"]}, id="list-of-types"),
    pytest.param({"type": ["string", "null"], "nullable": True}, {"type": ["string", "null"]}, id="null-twice"),
    pytest.param(
        {"allOf": [REF], "nullable": True, "description": "d", "readOnly": True, "x-a": 1},
        {"description": "d", "readOnly": True, "x-a": 1, "anyOf": [{"allOf": [REF]}, NULL]},
        id="allof",
    ),
    pytest.param(
        {"type": "object", "oneOf": [REF], "nullable": True},
        {"anyOf": [{"type": "object", "oneOf": [REF]}, NULL]},
        id="oneof-with-type",
    ),
    pytest.param(
        {"allOf": [REF], "properties": {"a": REF}, "nullable": True},
        {"properties": {"a": REF}, "anyOf": [{"allOf": [REF], "properties": {"a": REF}}, NULL]},
        id="references-lead-into-properties",
    ),
    pytest.param({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}, id="exclusive"),
    pytest.param({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}, id="inclusive"),
    pytest.param({"exclusiveMaximum": True}, {}, id="exclusive-of-nothing"),
    pytest.param({"exclusiveMinimum": 3}, {"exclusiveMinimum": 3}, id="exclusive-of-31"),
    pytest.param({**REF, "nullable": True, "maxLength": 1, "x-a": 1}, {**REF, "x-a": 1}, id="ref-siblings"),
    pytest.param(
        {"properties": {"nullable": {"type": "string", "nullable": True}, "$ref": {"type": "integer"}}},
        {"properties": {"nullable": {"type": ["string", "null"]}, "$ref": {"type": "integer"}}},
        id="names",
    ),
    pytest.param(
        {"additionalProperties": {"items": {"not": {"type": "string", "nullable": True}}}},
        {"additionalProperties": {"items": {"not": {"type": ["string", "null"]}}}},
        id="nested",
    ),
]


@pytest.mark.parametrize(("schema", "upgraded"), SCHEMAS)
def test_schemas_of_3_0_are_written_as_3_1(schema: Any, upgraded: Any) -> None:
    """Each keyword that 3.0 has of its own becomes what means the same in JSON Schema 2020-12."""
    assert upgrade(schema) == upgraded


KEPT = [
    {"type": ["string", "null"], "const": "a", "examples": ["a"], "if": {"minLength": 1}},
    {"type": "string", "format": "byte"},
    {"default": {"nullable": True, "type": "a"}, "example": {"nullable": True}, "enum": [{"nullable": True}]},
    {"x-data": {"type": "string", "nullable": True}, "x-more": [{"nullable": True}]},
    True,
]


@pytest.mark.parametrize("schema", KEPT)
def test_data_and_words_of_3_1_stay(schema: Any) -> None:
    """Values that are no schemas, and keywords of 3.1, are not touched, nor copied."""
    given = document(schema)
    assert upgrade_to_31(given)["components"] is given["components"]


def test_every_place_of_a_schema_is_found() -> None:
    """Schemas of parameters, headers, bodies, responses and callbacks are upgraded, what only looks like one is not."""
    old, new = {"type": "string", "nullable": True}, {"type": ["string", "null"]}

    def build(schema: Any) -> dict[str, Any]:
        media = {"a/b": {"schema": schema, "example": old, "encoding": {"p": {"headers": {"H": {"schema": schema}}}}}}
        parameter = {
            "name": "schema",
            "in": "query",
            "schema": schema,
            "example": old,
            "examples": {"e": {"value": old}},
        }
        response = {"headers": {"schema": {"schema": schema}}, "content": media, "links": {"l": {"requestBody": old}}}
        operation = {
            "parameters": [parameter, {"content": media}],
            "requestBody": {"content": media},
            "responses": {"default": response, "x-note": {"content": {"a/b": {"schema": old}}}},
            "callbacks": {"c": {"{$url}": {"post": {"responses": {"200": response}}}, "x-c": {"post": old}}},
            "x-schema": {"schema": old},
        }
        components = {
            "schemas": {"example": schema},
            "responses": {"default": response},
            "examples": {"A": {"value": old}},
        }
        return {"paths": {"/a": {"parameters": [parameter], "get": operation}}, "components": components}

    assert upgrade_to_31({"openapi": "3.0.0", **build(old)}) == {"openapi": "3.1.0", **build(new)}


def test_documents_of_3_1_stay_as_they_are() -> None:
    """`nullable` is no keyword of 3.1."""
    given = document({"type": "string", "nullable": True}, "3.1.0")
    assert upgrade_to_31(given) is given


def test_null_is_taken_where_3_0_takes_it() -> None:
    """An upgraded schema takes null by `nullable` and by nothing else."""
    nullable = upgrade({"type": "object", "nullable": True, "allOf": [{"type": "object", "required": ["a"]}]})
    is_valid = jsonschema_rs.validator_for(nullable).is_valid
    assert (is_valid(None), is_valid({"a": 1}), is_valid({}), is_valid("a")) == (True, True, False, False)
    assert not jsonschema_rs.validator_for(upgrade({"type": "string", "enum": ["a"], "nullable": True})).is_valid(None)
