"""Any OpenAPI document can be served: operations without a statement, and parameters and bodies of every kind."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from specduet.mocks import create_app
from specduet.mocks.handler import ValidatedRequest
from specduet.mocks.responses import HttpResponse, make_json_response
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw


def serve_operation(
    tmp_path: Path, operation: dict[str, Any], path: str = "/x", method: str = "get", **components: Any
) -> Any:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Any", "version": "1"},
        "paths": {path: {method: {"responses": {"204": {"description": ""}}, **operation}}},
        "components": components,
    }
    file = tmp_path / "any.json"
    file.write_text(json.dumps(document))
    return create_app([file])


def echo_parameters(mock: Any) -> Any:
    """Return ``mock`` with handlers that respond with the parameters they have read."""

    def echo(_handler: Any, _world: Any, validated: ValidatedRequest, _request: Any) -> HttpResponse:
        return make_json_response(200, validated.parameters)

    for handler in mock.handlers:
        handler.action = echo
    return mock


def get(mock: Any, target: str, *headers: tuple[bytes, bytes]) -> RawResponse:
    return send_raw(mock, RawRequest("GET", target, list(headers)))


def describe_response(schema: Any, status: str = "200", media_type: str = "application/json") -> dict[str, Any]:
    return {"responses": {status: {"description": "", "content": {media_type: {"schema": schema}}}}}


TREE = {
    "type": "object",
    "required": ["id", "kind", "children"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "kind": {"enum": ["leaf", "branch", None]},
        "weight": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 5},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}, "maxItems": 3},
    },
}


@pytest.mark.parametrize("status", ["200", "201", "2XX", "default"])
def test_a_body_is_made_from_its_schema(tmp_path: Path, status: str) -> None:
    """An operation without a statement responds with its lowest success and a valid body, recursion and all."""
    operation = describe_response({"$ref": "#/components/schemas/Tree"}, status)
    mock = serve_operation(tmp_path, operation, schemas={"Tree": TREE})
    response = get(mock, "/x")
    assert response.status == (201 if status == "201" else 200)
    schema = {"$ref": "#/components/schemas/Tree", "components": {"schemas": {"Tree": TREE}}}
    jsonschema.validate(response.json, schema, format_checker=jsonschema.FormatChecker())
    assert get(mock, "/x").body == response.body


def test_a_response_depends_on_its_parameters(tmp_path: Path) -> None:
    """Two ids get two bodies, the same id the same."""
    parameters = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    operation = {"parameters": parameters, **describe_response({"type": "string", "format": "uuid"})}
    mock = serve_operation(tmp_path, operation, "/x/{id}")
    assert get(mock, "/x/1").body == get(mock, "/x/1").body != get(mock, "/x/2").body


def test_a_response_without_content(tmp_path: Path) -> None:
    """204 has neither body nor length."""
    response = get(serve_operation(tmp_path, {}), "/x")
    assert (response.status, response.headers, response.body) == (204, {}, b"")


def test_a_response_that_is_no_json(tmp_path: Path) -> None:
    """Text is sent as text, under its documented media type."""
    response = get(serve_operation(tmp_path, describe_response({"const": "hello"}, media_type="text/plain")), "/x")
    assert (response.headers["content-type"], response.body) == ("text/plain", b"hello")


def describe_parameter(schema: Any, **more: Any) -> dict[str, Any]:
    return {"parameters": [{"name": "p", "in": "query", "schema": schema, **more}]}


INTEGERS = {"type": "array", "items": {"type": "integer"}, "maxItems": 3, "uniqueItems": True}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}, "required": ["x"]}


@pytest.mark.parametrize(
    ("operation", "query", "value"),
    [
        (describe_parameter(INTEGERS), "p=1&p=2", [1, 2]),
        (describe_parameter(INTEGERS), "q=1", None),
        (describe_parameter(INTEGERS, explode=False), "p=1,2", [1, 2]),
        (describe_parameter(INTEGERS, style="pipeDelimited", explode=False), "p=1%7C2", [1, 2]),
        (describe_parameter(INTEGERS, style="spaceDelimited", explode=False), "p=1%202", [1, 2]),
        (describe_parameter(POINT, style="deepObject", explode=True), "p[x]=1&p[y]=2", {"x": 1, "y": 2}),
        (describe_parameter(POINT), "x=1&y=2", {"x": 1, "y": 2}),
        (describe_parameter(POINT, explode=False), "p=x,1,y,2", {"x": 1, "y": 2}),
        (describe_parameter({"type": "boolean"}), "p=true", True),
        (describe_parameter({"type": "number", "multipleOf": 0.5}), "p=1.5", 1.5),
        (describe_parameter({"type": ["integer", "null"]}), "p=5", 5),
        (describe_parameter({"oneOf": [{"type": "integer"}, {"enum": ["all"]}]}), "p=all", "all"),
        (
            describe_parameter({"type": "string", "format": "date-time"}),
            "p=2026-01-01T00:00:00",
            "2026-01-01T00:00:00Z",
        ),
        (describe_parameter({"type": "string", "format": "email"}), "p=a@b.example", "a@b.example"),
        (describe_parameter({"type": "string", "pattern": "^(?!x)a"}), "p=ab", "ab"),
        (describe_parameter({"type": "integer", "default": 7}), "", 7),
        (describe_parameter({"allOf": [{"type": "integer"}, {"minimum": 3}]}), "p=5", 5),
    ],
)
def test_parameters_of_every_kind(tmp_path: Path, operation: Any, query: str, value: Any) -> None:
    """Lists, objects, and schemas that pydantic has no word for are read as the document spells them."""
    response = get(echo_parameters(serve_operation(tmp_path, operation)), f"/x?{query}")
    assert response.status == 200, response.body
    assert response.json == ({} if value is None else {"p": value})


@pytest.mark.parametrize(
    ("operation", "query", "places"),
    [
        (describe_parameter(INTEGERS), "p=1&p=x", ["p.1"]),
        (describe_parameter(INTEGERS), "p=1&p=2&p=3&p=4", ["p"]),
        (describe_parameter(INTEGERS), "p=1&p=1", ["p"]),
        (describe_parameter(POINT, style="deepObject", explode=True), "p[y]=z", ["p.x", "p.y"]),
        (describe_parameter({"type": "string", "format": "email"}), "p=ab", ["p"]),
        (describe_parameter({"type": "string", "format": "ipv4"}), "p=1.2.3", ["p"]),
        (describe_parameter({"type": "string", "pattern": "^(?!x)a"}), "p=xa", ["p"]),
        (describe_parameter({"type": "string", "pattern": "^a+$"}), "p=b", ["p"]),
        (describe_parameter({"type": "string", "not": {"const": "no"}}), "p=no", ["p"]),
        (
            describe_parameter({"oneOf": [{"type": "integer"}, {"enum": ["all"]}]}),
            "p=none",
            ["p.int", "p.literal['all']"],
        ),
        (describe_parameter({"type": "string"}, required=True), "q=1", ["p"]),
        (describe_parameter({"const": 5}), "p=6", ["p"]),
    ],
)
def test_parameters_that_are_wrong(tmp_path: Path, operation: Any, query: str, places: list[str]) -> None:
    """What the schema forbids is rejected, and its place is named."""
    response = get(serve_operation(tmp_path, operation), f"/x?{query}")
    assert response.status == 400
    assert [error["parameter"] for error in response.json["errors"]] == places


def test_parameters_in_headers_and_cookies(tmp_path: Path) -> None:
    """Headers and cookies are read, and the headers that OpenAPI keeps for itself are not."""
    integer = {"type": "integer"}
    parameters = [
        {"name": "X-Number", "in": "header", "schema": integer},
        {"name": "Accept", "in": "header", "required": True, "schema": integer},
        {"name": "session", "in": "cookie", "required": True, "schema": integer},
        {"name": "list", "in": "header", "schema": {"type": "array", "items": integer}},
    ]
    mock = echo_parameters(serve_operation(tmp_path, {"parameters": parameters}))
    response = get(mock, "/x", (b"x-number", b"5"), (b"cookie", b"a=b; session=7"), (b"list", b"1,2"))
    assert response.json == {"X-Number": 5, "session": 7, "list": [1, 2]}
    response = get(mock, "/x", (b"x-number", b"a"), (b"cookie", b"\xff; =; session"))
    assert [error["parameter"] for error in response.json["errors"]] == ["X-Number", "session"]


def test_a_parameter_with_content(tmp_path: Path) -> None:
    """A parameter may be JSON (OAS 3.1, 4.8.12.2)."""
    operation = {"parameters": [{"name": "p", "in": "query", "content": {"application/json": {"schema": POINT}}}]}
    mock = echo_parameters(serve_operation(tmp_path, operation))
    assert get(mock, "/x?p=%7B%22x%22%3A1%7D").json["p"]["x"] == 1
    assert get(mock, "/x?p=%7B%7D").status == 400


def describe_body(schema: Any, media_type: str = "application/json", *, required: bool = True) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": {media_type: {"schema": schema}}}}


def post(mock: Any, raw: bytes, media_type: bytes = b"application/json") -> RawResponse:
    return send_raw(mock, RawRequest("POST", "/x", [(b"content-type", media_type)], raw))


HARD = {
    "type": "object",
    "allOf": [{"required": ["a"]}, {"properties": {"a": {"minLength": 2}}}],
    "properties": {
        "a": {"type": "string", "maxLength": 4},
        "b": {"not": {"type": "string"}},
        "c": {"type": "array", "contains": {"const": 1}, "uniqueItems": True, "minItems": 1},
        "d": {"if": {"type": "string"}, "then": {"minLength": 3}},
        "e": {"type": "object", "patternProperties": {"^x": {"type": "integer"}}, "minProperties": 1},
        "f": {"type": "string", "format": "ipv6"},
        "g": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
        "h": {"type": "integer", "multipleOf": 3, "exclusiveMaximum": 9},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        ({"a": "abc", "b": 1, "c": [1, 2], "d": "abc", "e": {"x": 1}, "f": "::1", "g": 1.5, "h": 6}, []),
        ({}, ["#/a"]),
        ({"a": "x"}, ["#/a"]),
        ({"a": "abcde"}, ["#/a"]),
        ({"a": "ab", "b": "x"}, ["#/b"]),
        ({"a": "ab", "c": []}, ["#/c"]),
        ({"a": "ab", "c": [1, 1]}, ["#/c"]),
        ({"a": "ab", "d": "x"}, ["#/d"]),
        ({"a": "ab", "e": {"x": "y"}}, ["#/e/x"]),
        ({"a": "ab", "e": {}}, ["#/e"]),
        ({"a": "ab", "f": "1.2.3.4"}, ["#/f"]),
        ({"a": "ab", "g": 1}, ["#/g"]),
        ({"a": "ab", "h": 7, "z": 1}, ["#/h", "#/z"]),
        ({"a": "ab", "h": 9}, ["#/h"]),
        ([], ["#"]),
    ],
)
def test_the_original_schema_decides(tmp_path: Path, value: Any, pointers: list[str]) -> None:
    """Keywords that pydantic has no word for are enforced too, each problem once and at its place."""
    response = post(serve_operation(tmp_path, describe_body(HARD), method="post"), json.dumps(value).encode())
    assert (response.status == 204) is (not pointers)
    if pointers:
        assert sorted({error["pointer"] for error in response.json["errors"]}) == pointers


def test_forms(tmp_path: Path) -> None:
    """A form's fields are text, and read as such."""
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {"n": {"type": "integer", "minimum": 1}, "tags": {"type": "array", "items": {"type": "string"}}},
    }
    form = b"application/x-www-form-urlencoded"
    mock = serve_operation(tmp_path, describe_body(schema, form.decode()), method="post")
    assert post(mock, b"n=5&tags=a&tags=b", form).status == 204
    assert [e["pointer"] for e in post(mock, b"n=0", form).json["errors"]] == ["#/n"]
    assert post(mock, b'{"n": 5}').status == 415


def test_bodies_that_are_not_read(tmp_path: Path) -> None:
    """A documented media type is taken as it is, another one is rejected, and a missing body is reported."""
    mock = serve_operation(tmp_path, describe_body({}, "image/*"), method="post")
    assert post(mock, b"\x89PNG\xff", b"image/png").status == 204
    assert post(mock, b"a", b"text/plain").status == 415
    assert post(mock, b"", b"image/png").status == 400


def test_a_body_that_may_be_left_out(tmp_path: Path) -> None:
    """An optional body is held to its schema where there is one."""
    mock = serve_operation(tmp_path, describe_body({"type": "integer"}, required=False), method="post")
    assert [post(mock, raw).status for raw in (b"", b"5", b'"5"')] == [204, 204, 400]


def test_openapi_3_0(tmp_path: Path) -> None:
    """``nullable`` and boolean exclusive bounds of OpenAPI 3.0 mean what they say."""
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Old", "version": "1"},
        "paths": {
            "/x": {
                "post": {
                    **describe_body({"type": "integer", "nullable": True, "minimum": 3, "exclusiveMinimum": True}),
                    "responses": {"204": {"description": ""}},
                }
            }
        },
    }
    file = tmp_path / "old.json"
    file.write_text(json.dumps(document))
    mock = create_app([file])
    assert [post(mock, raw).status for raw in (b"null", b"4", b"3", b'"4"')] == [204, 204, 400, 400]
