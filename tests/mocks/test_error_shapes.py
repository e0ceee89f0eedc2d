"""Error responses in the document's own words: the names in the schema of an error say what belongs where."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from specduet.mocks import create_app
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw


def serve(tmp_path: Path, responses: dict[str, Any], **schemas: Any) -> Any:
    """Return the mock of an operation with a query parameter, a body and a credential, and of one without an error."""
    operation = {
        "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object", "required": ["a"]}}},
        },
        "security": [{"key": []}],
        "responses": {"204": {"description": ""}, **responses},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Errors", "version": "1"},
        "paths": {"/x": {"post": operation}, "/y": {"get": {"responses": {"204": {"description": ""}}}}},
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "key"}},
        },
    }
    file = tmp_path / "errors.json"
    file.write_text(json.dumps(document))
    return create_app([file])


def describe(schema: Any, media_type: str = "application/json", **more: Any) -> dict[str, Any]:
    return {"description": "", "content": {media_type: {"schema": schema, **more}}}


def make_object(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object that has these properties and no others."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def post(mock: Any, target: str = "/x?n=q", body: bytes = b"{}", *, key: bool = True) -> RawResponse:
    headers = [(b"content-type", b"application/json"), *([(b"key", b"k")] if key else [])]
    return send_raw(mock, RawRequest("POST", target, headers, body))


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
MESSAGE = "query n: Input should be a valid integer, unable to parse string as an integer; body a: Field required"
PARSING = "Input should be a valid integer, unable to parse string as an integer"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (make_object(error=TEXT), {"error": MESSAGE}),
        (make_object(message=TEXT, code=NUMBER), {"message": MESSAGE, "code": 400}),
        (make_object(message=TEXT, code=TEXT), {"message": MESSAGE, "code": "bad_request"}),
        (
            make_object(error=make_object(code=TEXT, message=TEXT)),
            {"error": {"code": "bad_request", "message": MESSAGE}},
        ),
        (
            make_object(statusCode=NUMBER, error=TEXT, message=TEXT),
            {"statusCode": 400, "error": "Bad Request", "message": MESSAGE},
        ),
        (make_object(success={"type": "boolean"}, msg=TEXT), {"success": False, "msg": MESSAGE}),
        (
            make_object(errors={"type": "array", "items": make_object(field=TEXT, code=TEXT, message=TEXT)}),
            {
                "errors": [
                    {"field": "n", "code": "int_parsing", "message": PARSING},
                    {"field": "a", "code": "missing", "message": "Field required"},
                ]
            },
        ),
        (
            make_object(errors={"type": "array", "items": TEXT, "maxItems": 1}),
            {"errors": [PARSING]},
        ),
        (
            make_object(errors={"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}),
            {"errors": {"n": [PARSING], "a": ["Field required"]}},
        ),
        (
            make_object(type=TEXT, title=TEXT, status=NUMBER, detail=TEXT),
            {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": MESSAGE},
        ),
        ({"type": "string"}, MESSAGE),
        ({"type": "array", "items": make_object(message=TEXT)}, [{"message": PARSING}, {"message": "Field required"}]),
    ],
)
def test_shapes_of_invalid_requests(tmp_path: Path, schema: Any, expected: Any) -> None:
    """Message, status, code and place of each problem go where names say that they belong."""
    response = post(serve(tmp_path, {"400": describe(schema)}))
    assert (response.status, response.headers["content-type"]) == (400, "application/json")
    body = response.json
    jsonschema.validate(body, schema)
    if isinstance(body, dict) and "type" in body:
        expected = {**expected, "type": body["type"]}
    assert body == expected


def test_json_api(tmp_path: Path) -> None:
    """An error of JSON:API has its status as a text, and the source of each problem."""
    source = {"type": "object", "properties": {"pointer": TEXT, "parameter": TEXT}}
    item = {"type": "object", "properties": {"status": TEXT, "title": TEXT, "detail": TEXT, "source": source}}
    schema = make_object(errors={"type": "array", "items": item})
    media_type = "application/vnd.api+json"
    response = post(serve(tmp_path, {"422": describe(schema, media_type)}))
    assert (response.status, response.headers["content-type"]) == (422, media_type)
    first, second = response.json["errors"]
    assert (first["status"], first["detail"]) == ("422", PARSING)
    assert second["detail"] == "Field required"


def test_what_is_optional_and_says_nothing_is_left_out(tmp_path: Path) -> None:
    """Properties that no fact fits are there only if they are required; those that a fact fits are added."""
    schema = {
        "type": "object",
        "required": ["trace"],
        "properties": {
            "trace": {"type": "string", "format": "uuid"},
            "message": TEXT,
            "help_url": TEXT,
            "retry": NUMBER,
        },
    }
    body = post(serve(tmp_path, {"400": describe(schema)})).json
    assert body.keys() == {"trace", "message"}
    assert body["message"] == MESSAGE


def test_an_example_is_filled(tmp_path: Path) -> None:
    """A documented example gives the values that are not known, and a media type needs no schema."""
    example = {"error": {"type": "usage", "message": "No.", "docs": "https://a.example"}}
    mock = serve(tmp_path, {"400": {"description": "", "content": {"application/json": {"example": example}}}})
    error = post(mock).json["error"]
    assert (error["message"], error["docs"]) == (MESSAGE, "https://a.example")


@pytest.mark.parametrize("example", ["not allowed", 7, False])
def test_an_example_that_is_no_object_is_the_body(tmp_path: Path, example: Any) -> None:
    """Nothing can be put into a text or a number, and without a schema nothing else is described."""
    mock = serve(tmp_path, {"400": {"description": "", "content": {"application/json": {"example": example}}}})
    assert post(mock).json == example


@pytest.mark.parametrize(
    ("media_type", "schema"),
    [("text/plain", {"type": "string"}), ("text/html", {"type": "string"}), ("text/plain", None)],
)
def test_errors_in_text(tmp_path: Path, media_type: str, schema: Any) -> None:
    """An error that is documented as a text is sent as one."""
    content = {media_type: {} if schema is None else {"schema": schema}}
    response = post(serve(tmp_path, {"400": {"description": "", "content": content}}))
    assert response.headers["content-type"] == media_type
    assert b"Field required" in response.body
    assert response.body.startswith(b"<!doctype html>") is (media_type == "text/html")


@pytest.mark.parametrize("documented", ["400", "4XX", "default"])
def test_every_error_has_the_documented_shape(tmp_path: Path, documented: str) -> None:
    """Wrong input, credentials, methods and paths: one shape, whether documented there or elsewhere in the API."""
    schema = make_object(error=make_object(code=NUMBER, message=TEXT))
    mock = serve(tmp_path, {documented: describe({"$ref": "#/components/schemas/Error"})}, Error=schema)
    responses = {
        400: post(mock),
        401: post(mock, key=False),
        405: send_raw(mock, RawRequest("PUT", "/x")),
        404: send_raw(mock, RawRequest("GET", "/nowhere")),
    }
    for status, response in responses.items():
        assert (response.status, response.headers["content-type"]) == (status, "application/json")
        jsonschema.validate(response.json, schema)
        assert response.json["error"]["code"] == status
    assert send_raw(mock, RawRequest("DELETE", "/y")).json["error"]["code"] == 405


def test_a_schema_of_other_words(tmp_path: Path) -> None:
    """Where no fact fits a schema, the body is generated from it, and is valid."""
    schema = make_object(verdict={"enum": ["bad", "worse"]}, weight={"type": "number", "minimum": 1})
    response = post(serve(tmp_path, {"400": describe(schema)}))
    jsonschema.validate(response.json, schema)


def test_documented_headers_of_errors_stay(tmp_path: Path) -> None:
    """A 401 keeps its challenge and a 405 its ``Allow`` in every shape."""
    mock = serve(tmp_path, {"default": describe(make_object(message=TEXT))})
    assert "www-authenticate" in post(mock, key=False).headers
    assert send_raw(mock, RawRequest("PUT", "/x")).headers["allow"] == "POST"


def test_items_of_properties_that_may_be_null(tmp_path: Path) -> None:
    """A property of an item that may be null, too, is filled like one that may not."""
    item = {"type": "object", "properties": {"message": {"type": ["string", "null"]}, "code": {"type": ["null"]}}}
    schema = {"type": "object", "properties": {"errors": {"type": "array", "items": item}}}
    body = post(serve(tmp_path, {"400": describe(schema)})).json
    jsonschema.validate(body, schema)
    assert body["errors"][1]["message"] == "Field required"


def test_a_body_that_maps_fields_to_messages(tmp_path: Path) -> None:
    """An object of which only the values are described has a list of messages, or one, for each field."""
    lists = {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}
    assert post(serve(tmp_path, {"400": describe(lists)})).json == {"n": [PARSING], "a": ["Field required"]}
