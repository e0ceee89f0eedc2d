"""Values of requests: what parameters of every style and forms of every encoding stand for."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import create_app
from specduet.mocks.handler import ValidatedRequest
from specduet.mocks.responses import HttpResponse, make_json_response
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw

FORM = "application/x-www-form-urlencoded"
INTEGER, BOOLEAN, TEXT = {"type": "integer"}, {"type": "boolean"}, {"type": "string"}
INT32, INT64 = {"type": "integer", "format": "int32"}, {"type": "integer", "format": "int64"}
INTEGERS = {"type": "array", "items": INTEGER}
COLOR = {"type": "object", "required": ["R"], "properties": {"R": INTEGER, "G": INTEGER}}
MAP = {"type": "object", "additionalProperties": INTEGER}


def serve_operation(tmp_path: Path, operation: dict[str, Any], path: str = "/x", **components: Any) -> Any:
    """Return a mock of one operation that responds with the values it has read."""
    method = "post" if "requestBody" in operation else "get"
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Values", "version": "1"},
        "paths": {path: {method: {"responses": {"204": {"description": ""}}, **operation}}},
        "components": components,
    }
    file = tmp_path / "values.json"
    file.write_text(json.dumps(document))
    mock = create_app([file])

    def echo(_handler: Any, _world: Any, validated: ValidatedRequest, _request: Any) -> HttpResponse:
        body = validated.body if isinstance(validated.body, dict | list | str | int) else None
        return make_json_response(200, {"parameters": validated.parameters, "body": body})

    for handler in mock.handlers:
        handler.action = echo
    return mock


def describe_parameter(schema: Any, location: str = "query", **more: Any) -> dict[str, Any]:
    parameter = {"name": "p", "in": location, "required": location == "path", "schema": schema, **more}
    return {"parameters": [parameter]}


def read_query(tmp_path: Path, schema: Any, query: str, **more: Any) -> Any:
    """Return the value of the parameter ``p``, or the status of the error response."""
    mock = serve_operation(tmp_path, describe_parameter(schema, **more))
    response = send_raw(mock, RawRequest("GET", f"/x?{query}"))
    return response.json["parameters"].get("p") if response.status == 200 else response.status


@pytest.mark.parametrize(
    ("schema", "query", "value"),
    [
        ({"type": "integer", "enum": [10, 20]}, "p=10", 10),
        ({"type": "integer", "enum": [10, 20]}, "p=30", 400),
        ({"type": "integer", "enum": [10, 20]}, "p=a", 400),
        ({"enum": [10, 20]}, "p=20", 20),
        ({"const": 5}, "p=5", 5),
        ({"const": 0.5}, "p=0.5", 0.5),
        ({"const": True}, "p=true", True),
        ({"const": True}, "p=false", 400),
        ({"type": "boolean", "enum": [True]}, "p=true", True),
        ({"type": "array", "items": {"type": "integer", "enum": [1, 2]}}, "p=1&p=2", [1, 2]),
        ({"type": "array", "items": {"type": "integer", "enum": [1, 2]}}, "p=1&p=3", 400),
        ({"allOf": [{"type": "integer", "enum": [1, 2]}]}, "p=1", 1),
        ({"anyOf": [{"enum": [1, 2]}, {"type": "null"}]}, "p=2", 2),
        ({"oneOf": [{"type": "integer", "enum": [1]}, {"enum": ["all"]}]}, "p=1", 1),
        ({"oneOf": [{"type": "integer", "enum": [1]}, {"enum": ["all"]}]}, "p=all", "all"),
        ({"oneOf": [{"type": "integer", "enum": [1]}, {"enum": ["all"]}]}, "p=2", 400),
        ({"$ref": "#/components/schemas/Size"}, "p=2", 2),
        ({"allOf": [{"$ref": "#/components/schemas/Size"}, {"description": "more"}]}, "p=2", 2),
        ({"allOf": [{"minimum": 3}, {"maximum": 5}], "type": "integer"}, "p=4", 4),
        ({"allOf": [{"minimum": 3}, {"maximum": 5}], "type": "integer"}, "p=6", 400),
        ({"type": ["integer", "null"]}, "p=1", 1),
        ({"type": ["integer", "null"]}, "p=x", 400),
        ({"type": ["integer", "boolean"]}, "p=true", True),
        ({}, "p=5", "5"),
        ({"type": "string", "format": "uint-like"}, "p=", ""),
        ({"not": {"const": 5}, "type": "integer"}, "p=5", 400),
        ({"not": {"const": 5}, "type": "integer"}, "p=6", 6),
        ({"type": "string", "pattern": r"^\d+$"}, "p=%D9%A3", 400),
    ],
)
def test_a_text_becomes_what_its_schema_says(tmp_path: Path, schema: Any, query: str, value: Any) -> None:
    """Members of an enumeration, constants and combined schemas are compared with the value, not with the text."""
    parameter = {"parameters": [{"name": "p", "in": "query", "schema": schema}]}
    mock = serve_operation(tmp_path, parameter, schemas={"Size": {"type": "integer", "enum": [1, 2]}})
    response = send_raw(mock, RawRequest("GET", f"/x?{query}"))
    assert (response.json["parameters"]["p"] if response.status == 200 else response.status) == value


CLOSED = {**COLOR, "additionalProperties": False}
OPTIONAL = {"type": "object", "properties": {"id": TEXT, "at": {"type": "string", "format": "at"}, "n": {"not": TEXT}}}
NESTED = {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": INTEGER}}, "c": INTEGERS}}


@pytest.mark.parametrize(
    ("schema", "query", "value"),
    [
        (CLOSED, "p[R]=1&p[G]=2", {"R": 1, "G": 2}),
        (CLOSED, "p%5BR%5D=1", {"R": 1}),
        (CLOSED, "p[R]=x", 400),
        (CLOSED, "p[R]=1&p[Z]=1", 400),
        (CLOSED, "q=1", None),
        (MAP, "p[one]=1&p[two]=2", {"one": 1, "two": 2}),
        (MAP, "p[one]=x", 400),
        (OPTIONAL, "p[id]=a", {"id": "a"}),
        ({"type": "object", "properties": {"id": TEXT, "at": {"pattern": "^(?=a)a"}}}, "p[id]=a", {"id": "a"}),
        (NESTED, "p[a][b]=1", {"a": {"b": 1}}),
        (NESTED, "p[a][b]=x", 400),
        (NESTED, "p[c][]=1&p[c][]=2", {"c": [1, 2]}),
        (NESTED, "p[c][1]=2&p[c][0]=1", {"c": [1, 2]}),
        (NESTED, "p[c]=1", {"c": [1]}),
        (NESTED, "p[c]=1&p[c]=2", {"c": [1, 2]}),
        (INTEGERS, "p[]=1&p[]=2", [1, 2]),
        (INTEGERS, "p[0]=1", [1]),
        ({"type": "object", "additionalProperties": TEXT}, "p" + "[a]" * 300 + "=1", None),
        ({"allOf": [COLOR, {"properties": {"B": BOOLEAN}}]}, "p[R]=1&p[B]=true", {"R": 1, "B": True}),
        ({"type": "object", "patternProperties": {"^n": INTEGER}}, "p[n]=1&p[x]=1", {"n": 1, "x": "1"}),
    ],
)
def test_deep_objects(tmp_path: Path, schema: Any, query: str, value: Any) -> None:
    """Brackets nest objects and lists, maps take any name, and what is left out is not null."""
    assert read_query(tmp_path, schema, query, style="deepObject", explode=True) == value


@pytest.mark.parametrize(
    ("schema", "more", "query", "value"),
    [
        (COLOR, {}, "R=1&G=2", {"R": 1, "G": 2}),
        (COLOR, {}, "G=2", 400),
        (OPTIONAL, {}, "id=a", {"id": "a"}),
        (MAP, {"required": True}, "one=1&two=2", {"one": 1, "two": 2}),
        (MAP, {"required": True}, "", 400),
        ({"type": "object"}, {"required": True}, "a=1", {"a": "1"}),
        (COLOR, {"explode": False}, "p=R,1,G,2", {"R": 1, "G": 2}),
        (COLOR, {"style": "pipeDelimited", "explode": False}, "p=R%7C1%7CG%7C2", {"R": 1, "G": 2}),
        (INTEGERS, {}, "p=1", [1]),
        (INTEGERS, {"explode": False}, "p=1", [1]),
        (INTEGERS, {"explode": False}, "p=1%2C2", [1, 2]),
        (INTEGERS, {"style": "spaceDelimited", "explode": False}, "p=1+2", [1, 2]),
        (INTEGERS, {"style": "pipeDelimited"}, "p=1|2", [1, 2]),
        (INTEGERS, {"style": "pipeDelimited", "explode": True}, "p=1&p=2", [1, 2]),
        (INTEGERS, {"explode": False}, "p=[1,2]", [1, 2]),
        (COLOR, {"explode": False}, "p=%7B%22R%22%3A1%7D", {"R": 1}),
        (INT32, {}, "p=2147483647", 2147483647),
        (INT32, {}, "p=2147483648", 400),
        ({"type": "array", "items": INT64}, {}, "p=9223372036854775808", 400),
        (INTEGERS, {}, "p=", 400),
        (INTEGER, {}, "p=", 400),
        (INTEGER, {"allowEmptyValue": True}, "p=", ""),
        (INTEGER, {"allowEmptyValue": True}, "p", ""),
        (INTEGERS, {"allowEmptyValue": True}, "p=", ""),
        (TEXT, {"allowReserved": True}, "p=a/b?c:d", "a/b?c:d"),
        ({"type": ["array", "string"], "items": TEXT}, {}, "p=a&p=b", ["a", "b"]),
        ({"oneOf": [INTEGER, INTEGERS]}, {"explode": False}, "p=1,2", [1, 2]),
        ({"oneOf": [INTEGER, INTEGERS]}, {"explode": False}, "p=1", 1),
        ({"type": "array", "prefixItems": [INTEGER, TEXT]}, {}, "p=1&p=a", [1, "a"]),
        ({"type": "array"}, {}, "p=1&p=a", ["1", "a"]),
    ],
)
def test_styles_of_the_query(tmp_path: Path, schema: Any, more: Any, query: str, value: Any) -> None:
    """Lists and objects are read in each style, exploded or not; empty values where they are allowed."""
    assert read_query(tmp_path, schema, query, **more) == value


def test_an_object_leaves_other_parameters_alone(tmp_path: Path) -> None:
    """A map that stands exploded in the query has the names that belong to no other parameter."""
    parameters = [{"name": "p", "in": "query", "schema": MAP}, {"name": "q", "in": "query", "schema": TEXT}]
    mock = serve_operation(tmp_path, {"parameters": parameters})
    assert send_raw(mock, RawRequest("GET", "/x?a=1&q=b")).json["parameters"] == {"p": {"a": 1}, "q": "b"}


@pytest.mark.parametrize(
    ("schema", "style", "explode", "text", "value"),
    [
        (INTEGER, "simple", False, "5", 5),
        (TEXT, "simple", False, "a%2Fb", "a/b"),
        (INTEGERS, "simple", False, "1,2", [1, 2]),
        (INTEGERS, "simple", False, "1", [1]),
        (COLOR, "simple", False, "R,1,G,2", {"R": 1, "G": 2}),
        (COLOR, "simple", True, "R=1,G=2", {"R": 1, "G": 2}),
        (INTEGER, "label", False, ".5", 5),
        (INTEGERS, "label", False, ".1,2", [1, 2]),
        (INTEGERS, "label", False, ".1.2", [1, 2]),
        (INTEGERS, "label", True, ".1.2", [1, 2]),
        (COLOR, "label", False, ".R,1,G,2", {"R": 1, "G": 2}),
        (COLOR, "label", True, ".R=1.G=2", {"R": 1, "G": 2}),
        (INTEGER, "matrix", False, ";p=5", 5),
        (INTEGER, "matrix", False, ";p=x", 400),
        (INTEGERS, "matrix", False, ";p=1,2", [1, 2]),
        (INTEGERS, "matrix", True, ";p=1;p=2", [1, 2]),
        (COLOR, "matrix", False, ";p=R,1,G,2", {"R": 1, "G": 2}),
        (COLOR, "matrix", True, ";R=1;G=2", {"R": 1, "G": 2}),
        ({"type": "integer", "enum": [1, 2]}, "simple", False, "2", 2),
    ],
)
def test_styles_of_the_path(tmp_path: Path, schema: Any, style: str, explode: Any, text: str, value: Any) -> None:
    """A value in the path is read as simple, label or matrix (RFC 6570)."""
    operation = describe_parameter(schema, "path", style=style, explode=explode)
    response = send_raw(serve_operation(tmp_path, operation, "/x/{p}"), RawRequest("GET", f"/x/{text}"))
    assert (response.json["parameters"]["p"] if response.status == 200 else response.status) == value


@pytest.mark.parametrize(
    ("schema", "location", "explode", "header", "value"),
    [
        (INTEGERS, "header", False, b"1, 2", [1, 2]),
        (COLOR, "header", False, b"R,1,G,2", {"R": 1, "G": 2}),
        (COLOR, "header", True, b"R=1, G=2", {"R": 1, "G": 2}),
        ({"type": "boolean", "enum": [False]}, "header", False, b"false", False),
        (INTEGERS, "cookie", False, b"p=1,2", [1, 2]),
        (INTEGERS, "cookie", True, b'a={"b": 1, "c": 2}; p=1', [1]),
        (TEXT, "cookie", True, b'p="a b"', "a b"),
        (INTEGERS, "cookie", True, b"p=1&p=2", [1, 2]),
        (COLOR, "cookie", False, b"p=R,1", {"R": 1}),
        (COLOR, "cookie", True, b"R=1; G=2", {"R": 1, "G": 2}),
        ({"type": "integer", "enum": [7]}, "cookie", True, b"p=7", 7),
    ],
)
def test_headers_and_cookies(
    tmp_path: Path, schema: Any, location: str, explode: Any, header: bytes, value: Any
) -> None:
    """Lists and objects stand in headers and cookies, too."""
    mock = serve_operation(tmp_path, describe_parameter(schema, location, explode=explode))
    name = b"p" if location == "header" else b"cookie"
    response = send_raw(mock, RawRequest("GET", "/x", [(name, header)]))
    assert response.json["parameters"]["p"] == value


@pytest.mark.parametrize(
    ("schema", "location", "lines", "value"),
    [
        (INTEGERS, "header", [b"1", b"2, 3"], [1, 2, 3]),
        (INTEGERS, "header", [b"1", b"x"], 400),
        (TEXT, "header", [b"first", b"second"], "first"),
        (INTEGER, "header", [b"1", b"x"], 1),
        (TEXT, "cookie", [b"a=1", b"p=2"], "2"),
    ],
)
def test_repeated_header_lines(tmp_path: Path, schema: Any, location: str, lines: list[bytes], value: Any) -> None:
    """The lines of one header are one list (RFC 9110, section 5.3); of any other value, the first counts."""
    mock = serve_operation(tmp_path, describe_parameter(schema, location))
    name = b"p" if location == "header" else b"cookie"
    for _ in range(2):  # the second may come from the cache
        send_raw(mock, RawRequest("GET", "/x", [(name, lines[0])]))
        response = send_raw(mock, RawRequest("GET", "/x", [(name, line) for line in lines]))
        assert (response.json["parameters"]["p"] if response.status == 200 else response.status) == value


@pytest.mark.parametrize(
    ("content", "query", "value"),
    [
        ({"application/json": {"schema": COLOR}}, "p=%7B%22R%22%3A1%7D", {"R": 1}),
        ({"application/json": {"schema": COLOR}}, "p=%7B%22R%22%3A%221%22%7D", 400),
        ({"application/json": {"schema": COLOR}}, "p={", 400),
        ({"application/json": {}}, "p=[1]", [1]),
        ({"application/vnd.a+json": {"schema": INTEGERS}}, "p=[1]", [1]),
        ({"text/plain": {"schema": TEXT}}, "p=1", "1"),
    ],
)
def test_parameters_with_content(tmp_path: Path, content: Any, query: str, value: Any) -> None:
    """A parameter with a media type is JSON, and as strict as a body, or text."""
    mock = serve_operation(tmp_path, {"parameters": [{"name": "p", "in": "query", "content": content}]})
    response = send_raw(mock, RawRequest("GET", f"/x?{query}"))
    assert (response.json["parameters"]["p"] if response.status == 200 else response.status) == value


def describe_body(schema: Any, media_type: str = FORM, **more: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema, **more}}}}


def post(mock: Any, raw: bytes, content_type: str) -> RawResponse:
    return send_raw(mock, RawRequest("POST", "/x", [(b"content-type", content_type.encode())], raw))


def describe_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)[:1]}


@pytest.mark.parametrize(
    ("schema", "encoding", "form", "value"),
    [
        (describe_object(a={"type": "array", "items": TEXT}), {}, b"a=x", {"a": ["x"]}),
        (describe_object(a=INTEGERS), {}, b"a=1&a=2", {"a": [1, 2]}),
        (describe_object(a=INTEGERS), {}, b"a=1&a=x", 400),
        (describe_object(a=INTEGERS), {"a": {"explode": False}}, b"a=1,2", {"a": [1, 2]}),
        (describe_object(a=INTEGERS), {"a": {"style": "pipeDelimited"}}, b"a=1|2", {"a": [1, 2]}),
        (describe_object(a=INTEGERS), {}, b"a[]=1&a[]=2", {"a": [1, 2]}),
        (describe_object(a=INTEGERS), {}, b"a[0]=1&a[1]=2", {"a": [1, 2]}),
        (describe_object(**{"a[]": INTEGERS}), {}, b"a[]=1&a[]=2", {"a[]": [1, 2]}),
        (describe_object(a=COLOR), {"a": {"style": "deepObject"}}, b"a[R]=1", {"a": {"R": 1}}),
        (describe_object(a=COLOR), {}, b"a[G]=1", 400),
        (describe_object(a=COLOR), {}, b"a=%7B%22R%22%3A1%7D", {"a": {"R": 1}}),
        (describe_object(a=COLOR), {}, b"a=%7B%22G%22%3A1%7D", 400),
        (describe_object(a=COLOR), {}, b"a=%7B%22R%22%3A%221%22%7D", 400),
        (describe_object(a=COLOR), {}, b"a=x", 400),
        (describe_object(a={"type": "integer", "enum": [1, 2]}), {}, b"a=2", {"a": 2}),
        (describe_object(a={"type": "integer", "enum": [1, 2]}), {}, b"a=3", 400),
        (describe_object(a=BOOLEAN), {}, b"a=true", {"a": True}),
        (describe_object(a={"type": ["integer", "null"]}), {}, b"a=", {"a": None}),
        (describe_object(a=TEXT), {}, b"a=", {"a": ""}),
        (describe_object(a=TEXT), {}, b"a=1&a=2", {"a": "2"}),
        (describe_object(a=TEXT, b=INTEGER), {}, b"a=5", {"a": "5"}),
        (describe_object(a=TEXT), {}, b"b=5", 400),
        (describe_object(a={"anyOf": [COLOR, {"enum": [""]}]}), {}, b"a=", {"a": ""}),
        (describe_object(a={"anyOf": [COLOR, {"enum": [""]}]}), {}, b"a[R]=1", {"a": {"R": 1}}),
        (describe_object(a={"type": "array", "items": COLOR}), {}, b"a[0][R]=1&a[1][R]=2", {"a": [{"R": 1}, {"R": 2}]}),
        ({**describe_object(a=TEXT), "additionalProperties": False}, {}, b"a=1&b=2", 400),
        (MAP, {}, b"a=1&b=2", {"a": 1, "b": 2}),
        ({}, {}, b"a=1", {"a": "1"}),
        ({"oneOf": [describe_object(a=INTEGER), describe_object(b=TEXT)]}, {}, b"b=5", {"b": "5"}),
    ],
)
def test_forms(tmp_path: Path, schema: Any, encoding: Any, form: bytes, value: Any) -> None:
    """A form's fields are read by their schemas and encodings: one value is a list where a list is due."""
    mock = serve_operation(tmp_path, describe_body(schema, encoding=encoding))
    response = post(mock, form, FORM)
    assert (response.json["body"] if response.status == 200 else response.status) == value


def make_multipart(*parts: tuple[str, bytes]) -> bytes:
    """Return a body of parts, each with the rest of its headers and its content."""
    texts = [b"--XX\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + raw for head, raw in parts]
    return b"\r\n".join([*texts, b"--XX--\r\n"])


FILE = {"type": "string", "format": "binary"}
UPLOAD = {
    "type": "object",
    "required": ["docs", "n"],
    "properties": {"n": INTEGER, "docs": {"type": "array", "items": FILE}, "logo": FILE, "meta": COLOR},
}
DOC, NUMBER = ('name="docs"; filename="a"', b"\x01\xff"), ('name="n"', b"5")
PNG, JSON_PART = "Content-Type: image/png", "Content-Type: application/json"


@pytest.mark.parametrize(
    ("parts", "pointers"),
    [
        ([DOC, NUMBER], []),
        ([DOC, DOC, NUMBER], []),
        ([NUMBER], ["#/docs"]),
        ([DOC], ["#/n"]),
        ([DOC, ('name="n"', b"five")], ["#/n"]),
        ([DOC, NUMBER, (f'name="logo"; filename="l"\r\n{PNG}', b"\x89PNG\r\n\x1a\n")], []),
        ([DOC, NUMBER, ('name="logo"; filename="l"\r\nContent-Type: text/html', b"a")], ["#/logo"]),
        ([DOC, NUMBER, (f'name="meta"\r\n{JSON_PART}', b'{"R": 1}')], []),
        ([DOC, NUMBER, (f'name="meta"\r\n{JSON_PART}', b'{"R": "a"}')], ["#/meta/R"]),
        ([DOC, NUMBER, (f'name="meta"\r\n{JSON_PART}', b"{}")], ["#/meta/R"]),
        ([DOC, NUMBER, ('name="meta"', b"a")], ["#/meta"]),
        ([DOC, NUMBER, ('name="meta[R]"', b"1")], []),
        ([DOC, NUMBER, ('name="more"', b"1")], []),
        ([], ["#/docs", "#/n"]),
    ],
)
def test_multipart(tmp_path: Path, parts: Sequence[tuple[str, bytes]], pointers: list[str]) -> None:
    """Each part is read by its schema: files, several of one name, numbers, JSON, and required ones."""
    encoding = {"logo": {"contentType": "image/png, image/gif"}}
    mock = serve_operation(tmp_path, describe_body(UPLOAD, "multipart/form-data", encoding=encoding))
    response = post(mock, make_multipart(*parts), "multipart/form-data; boundary=XX")
    assert response.status == (400 if pointers else 200), response.body
    if pointers:
        assert sorted(error["pointer"] for error in response.json["errors"]) == pointers


@pytest.mark.parametrize(
    ("headers", "pointers"),
    [
        ("X-Size: 5\r\nX-Tags: 1, 2", []),
        ("X-SIZE: 5", []),
        ("X-Tags: 1", ["#/logo/X-Size"]),
        ("X-Size: big", ["#/logo/X-Size"]),
        ("X-Size: 5\r\nX-Tags: 1, a", ["#/logo/X-Tags/1"]),
    ],
)
def test_headers_of_parts(tmp_path: Path, headers: str, pointers: list[str]) -> None:
    """A part has the headers that its encoding requires, and their values satisfy their schemas."""
    described = {
        "X-Size": {"required": True, "schema": INTEGER},
        "X-Tags": {"schema": INTEGERS},
        "Content-Type": {"required": True, "schema": INTEGER},
    }
    encoding = {"logo": {"headers": described}, "other": {"headers": described}}
    body = describe_body(describe_object(logo=FILE), "multipart/form-data", encoding=encoding)
    response = post(
        serve_operation(tmp_path, body),
        make_multipart((f'name="logo"; filename="l"\r\n{headers}', b"a")),
        "multipart/form-data; boundary=XX",
    )
    assert response.status == (400 if pointers else 200), response.body
    assert [error["pointer"] for error in response.json.get("errors", ())] == pointers


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b"anything", "multipart/form-data"),
        (b"anything", "multipart/form-data; boundary=XX"),
        (b"--XX\r\nno header\r\n\r\na\r\n--XX--", "multipart/form-data; boundary=XX"),
        (b'--YY\r\nContent-Disposition: form-data; name="n"\r\n\r\n5\r\n--YY--', "multipart/form-data; boundary=XX"),
    ],
)
def test_multipart_that_cannot_be_read(tmp_path: Path, raw: bytes, content_type: str) -> None:
    """A body without its boundary is rejected."""
    mock = serve_operation(tmp_path, describe_body(UPLOAD, "multipart/form-data"))
    assert post(mock, raw, content_type).status == 400


ANY_JSON = {"application/json": {}}


@pytest.mark.parametrize(
    ("content", "content_type", "raw", "status"),
    [
        (ANY_JSON, "application/json", b"[1]", 200),
        (ANY_JSON, "application/json", b"{", 400),
        (ANY_JSON, "text/plain", b"a", 415),
        ({}, "text/plain", b"a", 200),
        ({FORM: {}}, FORM, b"a=1", 200),
        ({"application/octet-stream": {}}, "application/octet-stream", b"\x00\xff", 200),
        ({"application/octet-stream": {}}, "application/octet-stream", b"", 400),
        ({"*/*": {"schema": INTEGER}}, "application/json", b'"a"', 400),
        ({"*/*": {"schema": FILE}}, "image/png", b"\x89", 200),
        ({"application/*": {"schema": INTEGER}}, "application/json", b"5", 200),
        ({"application/*": {"schema": INTEGER}}, "text/plain", b"5", 415),
        ({"application/json; charset=utf-8": {"schema": INTEGER}}, "application/json", b'"a"', 400),
        ({"application/json": {"schema": INTEGER}}, "application/json; charset=utf-8", b"5", 200),
        ({"application/json": {"schema": INTEGER}}, "Application/JSON", b"5", 200),
        ({"application/json": {"schema": INTEGER}}, "application/vnd.a+json", b"5", 415),
        ({"application/vnd.a+json": {"schema": INTEGER}}, "application/vnd.a+json", b'"a"', 400),
        ({"text/plain": {"schema": {"type": "string", "maxLength": 3}}}, "text/plain", b"abc", 200),
        ({"text/plain": {"schema": {"type": "string", "maxLength": 3}}}, "text/plain", b"abcd", 400),
        ({"text/plain": {"schema": INTEGER}}, "text/plain; charset=utf-8", b"5", 200),
        ({"text/csv": {"schema": {"type": "array"}}}, "text/csv", b"a,b", 200),
        ({"application/xml": {"schema": COLOR}}, "application/xml", b"<a/>", 200),
        ({"application/json": {"schema": INTEGER}, "text/csv": {}}, "text/csv", b"a", 200),
        ({"a/b; v=1": {"schema": INTEGER}, "a/b; v=2": {"schema": TEXT}}, "a/b; v=2", b"a", 200),
    ],
)
def test_bodies_of_every_kind(tmp_path: Path, content: Any, content_type: str, raw: bytes, status: int) -> None:
    """JSON and plain text are held to their schemas, other media types are taken as they are, unknown ones rejected."""
    mock = serve_operation(tmp_path, {"requestBody": {"required": True, "content": content}})
    assert post(mock, raw, content_type).status == status


@pytest.mark.parametrize(
    ("responses", "status"), [({"204": 0}, 415), ({"400": 0}, 400), ({"415": 0, "400": 0}, 415), ({"default": 0}, 400)]
)
def test_the_status_for_another_media_type(tmp_path: Path, responses: Any, status: int) -> None:
    """An undocumented media type gets 415, unless the document has responses to invalid requests, and not this one."""
    documented = {code: {"description": ""} for code in responses}
    mock = serve_operation(tmp_path, {**describe_body(INTEGER, "application/json"), "responses": documented})
    assert post(mock, b"a", "text/plain").status == status


OWNED = {
    "type": "object",
    "required": ["id", "name", "secret"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "readOnly": True},
        "name": TEXT,
        "secret": {"type": "string", "writeOnly": True},
    },
}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "a", "secret": "s"}, 200),
        ({"name": "a", "secret": "s", "id": "6f8a1f6e-0b0b-4c0e-8d0a-3b1f6a0c9d11"}, 200),
        ({"secret": "s"}, 400),
        ({"name": "a"}, 400),
    ],
)
def test_read_only_properties_are_not_asked_for(tmp_path: Path, body: Any, status: int) -> None:
    """A required readOnly property may be left out of a request, a writeOnly one may not."""
    schema = {"$ref": "#/components/schemas/Owned"}
    mock = serve_operation(tmp_path, describe_body(schema, "application/json"), schemas={"Owned": OWNED})
    assert post(mock, json.dumps(body).encode(), "application/json").status == status


@pytest.mark.parametrize(
    ("schema", "body", "status"),
    [
        ({"allOf": [{"$ref": "#/components/schemas/N"}, {"description": "more"}]}, None, 200),
        ({"allOf": [{"$ref": "#/components/schemas/N"}, {"description": "more"}]}, 5, 400),
        ({"type": "array", "prefixItems": [INTEGER], "items": False}, [1], 200),
        ({"type": "string", "pattern": r"^\p{Lu}+$"}, "\u00c9", 200),
        ({"type": "string", "pattern": r"^\p{Lu}+$"}, "\u00e9", 400),
        ({"type": "string", "pattern": r"^(?<y>\d{4})\/\d\d$"}, "2024/05", 200),
        (INT64, -5, 200),
        (INT64, 9223372036854775807, 200),
        (INT64, 9223372036854775808, 400),
        (INT32, -2147483648, 200),
        (INT32, 2147483648, 400),
        ({"type": ["integer", "null"], "format": "int32"}, -2147483649, 400),
        ({"properties": {"a": {"anyOf": [INT32, {"type": "null"}]}}}, {"a": 2147483648}, 400),
        (INTEGER, 9223372036854775808, 200),
        ({"type": "string", "format": "date-time"}, "2016-12-31T23:59:60Z", 200),
        ({"enum": [[1], {"a": 1}]}, {"a": 1}, 200),
        ({"enum": [[1], {"a": 1}]}, {"a": 2}, 400),
        (True, {"a": 2}, 200),
        ({"type": ["array", "null"], "items": {"$ref": "#/components/schemas/N"}}, [None], 200),
        ({"$ref": "#/components/schemas/R"}, {"r": {"r": {}}}, 200),
        ({"$ref": "#/components/schemas/R"}, {"r": {"r": 1}}, 400),
    ],
)
def test_the_schema_decides_about_bodies(tmp_path: Path, schema: Any, body: Any, status: int) -> None:
    """Schemas that pydantic cannot express, or is stricter about, are served all the same."""
    components = {
        "N": {"type": ["object", "null"]},
        "R": {"type": "object", "properties": {"r": {"$ref": "#/components/schemas/R"}}, "dependentRequired": {}},
    }
    mock = serve_operation(tmp_path, describe_body(schema, "application/json"), schemas=components)
    assert post(mock, json.dumps(body).encode(), "application/json").status == status
