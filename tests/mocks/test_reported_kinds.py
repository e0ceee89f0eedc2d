"""Kinds of requests that public bug reports on mocks and validators are about, each with the right answer."""

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import create_app
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw

INTEGER, TEXT, BOOLEAN = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
VENDOR = "application/vnd.a+json"


def make_array(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def make_object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({"required": [*required]} if required else {})}


def serve(tmp_path: Path, operation: dict[str, Any], path: str = "/x", method: str = "get", **top: Any) -> Any:
    """Return the mock of a document in OpenAPI 3.0 with one operation."""
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Kinds", "version": "1"},
        "paths": {path: {method: {"responses": {"204": {"description": ""}}, **operation}}},
        **top,
    }
    file = tmp_path / "kinds.json"
    file.write_text(json.dumps(document))
    return create_app([file])


def request(mock: Any, target: str = "/x", method: str = "GET", body: bytes = b"", **headers: str) -> RawResponse:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return send_raw(mock, RawRequest(method, target, pairs, body))


@pytest.mark.parametrize(
    ("name", "schema", "more", "query", "status"),
    [
        ("ids[]", make_array(TEXT), {}, "ids%5B%5D=a&ids[]=b", 204),
        ("page[size]", INTEGER, {"required": True}, "page%5Bsize%5D=5", 204),
        ("$filter", TEXT, {"required": True}, "%24filter=x%20eq%201", 204),
        ("näme", TEXT, {"required": True}, "n%C3%A4me=x", 204),
        ("two words", TEXT, {"required": True}, "two+words=x", 204),
        ("p", TEXT, {"required": True}, "P=x", 400),
        ("p", TEXT, {"allowReserved": True, "required": True}, "p=:/?@!$'()*,;=", 204),
        ("p", {"type": "string", "enum": ["a+b"]}, {}, "p=a%2Bb", 204),
        ("p", {"type": "string", "enum": ["a b"]}, {}, "p=a+b", 204),
        ("p", {"type": "string", "enum": ["a=b=c"]}, {}, "p=a=b=c", 204),
        ("p", INTEGER, {"allowEmptyValue": True}, "p", 204),
        ("p", INTEGER, {}, "p=", 400),
        ("p", {"type": "string", "enum": ["1", "2"]}, {}, "p=1", 204),
        ("p", {"type": "number", "enum": [0.5, 1]}, {}, "p=1", 204),
        ("p", {"type": "string", "nullable": True, "enum": ["a", None]}, {}, "p=a", 204),
        ("p", {"type": "integer", "minimum": 0, "exclusiveMinimum": True}, {}, "p=0", 400),
        ("p", {"type": "number", "multipleOf": 0.01}, {}, "p=19.99", 204),
        ("p", {"type": "integer"}, {}, "p=123456789012345678901234567890", 204),
        ("p", {"type": "string", "maxLength": 2}, {}, "p=%F0%9F%98%80%F0%9F%98%80", 204),
        ("p", {"type": "string", "format": "date"}, {}, "p=2024-02-29", 204),
        ("p", {"type": "string", "format": "date"}, {}, "p=2023-02-29", 400),
        ("p", {"type": "string", "format": "date"}, {}, "p=2024-02-29T00:00:00Z", 400),
        ("p", {"type": "string", "format": "date-time"}, {}, "p=2024-01-01T00:00:00%2B02:00", 204),
        ("p", {"type": "string", "format": "date-time"}, {}, "p=2024-01-01T00:00:00.123456789Z", 204),
        ("p", {"type": "string", "format": "date-time"}, {}, "p=2024-01-01T00:00:00", 204),
        ("p", {"type": "string", "format": "date-time"}, {}, "p=yesterday", 400),
        ("p", make_array({"type": "string", "format": "date"}), {}, "p=2024-02-29T00:00:00Z", 400),
        ("p", {"type": "string", "format": "uuid"}, {}, "p=3FA85F64-5717-4562-B3FC-2C963F66AFA6", 204),
        ("p", {"type": "string", "format": "uuid"}, {}, "p=3fa85f6457174562b3fc2c963f66afa6", 400),
        ("p", {"type": "string", "format": "phone"}, {}, "p=1", 204),
        ("p", make_array({"type": "string", "enum": ["a,b", "c"]}), {"explode": False}, "p=a%2Cb,c", 204),
        ("p", make_array({"type": "string", "enum": ["a", "b"]}), {"explode": False}, "p=a%2Cb", 204),
        ("p", make_array({"enum": ["a|b", "c"]}), {"style": "pipeDelimited", "explode": False}, "p=a%7Cb|c", 204),
        ("p", make_array(INTEGER), {"explode": False}, "p=%5B1,2%5D", 204),
        ("p", make_object("a", a={"enum": ["x,y"]}), {"explode": False}, "p=a,x%2Cy", 204),
        ("p", make_object("id", id={"type": "integer", "readOnly": True}, a=TEXT), {}, "a=x", 204),
        ("p", {"type": "object", "properties": {"a": INTEGER}, "additionalProperties": INTEGER}, {}, "a=1&b=x", 400),
        ("p", make_object(a=make_array(make_object(b=INTEGER))), {"style": "deepObject"}, "p[a][0][b]=1", 204),
        ("p", make_object("a", a=TEXT), {"style": "deepObject", "required": True}, "", 400),
        ("p", TEXT, {}, "p=x&unknown=1", 204),
    ],
)
def test_queries(tmp_path: Path, name: str, schema: Any, more: Any, query: str, status: int) -> None:
    """Names, reserved characters, enumerations, numbers, formats, and values that hold the separator of their list."""
    parameter = {"name": name, "in": "query", "schema": schema, **more}
    assert request(serve(tmp_path, {"parameters": [parameter]}), f"/x?{query}").status == status


@pytest.mark.parametrize(
    ("location", "name", "schema", "headers", "status"),
    [
        ("header", "X-P", INTEGER, {"x_p": "5"}, 204),
        ("header", "x-p", INTEGER, {"X_P": "x"}, 400),
        ("header", "X-P", make_array(INTEGER), {"x_p": "1, 2"}, 204),
        ("header", "Accept", {"enum": ["x"]}, {"accept": "a/b"}, 204),
        ("header", "Authorization", TEXT, {}, 204),
        ("header", "X-P", TEXT, {}, 400),
        ("cookie", "p", INTEGER, {"cookie": "a=1;p=5; b=2"}, 204),
        ("cookie", "p", TEXT, {"cookie": "P=a"}, 400),
        ("cookie", "p", make_array(INTEGER, minItems=2), {"cookie": "p=1; p=2"}, 204),
        ("cookie", "p", make_array(INTEGER, minItems=2), {"cookie": "p=1&p=2"}, 204),
    ],
)
def test_headers_and_cookies(tmp_path: Path, location: str, name: str, schema: Any, headers: Any, status: int) -> None:
    """Names of headers have no case, those of cookies have one; three headers are described elsewhere."""
    parameter = {"name": name, "in": location, "required": True, "schema": schema}
    assert request(serve(tmp_path, {"parameters": [parameter]}), **headers).status == status


@pytest.mark.parametrize(
    ("path", "target", "schema", "status"),
    [
        ("/a/{p}.json", "/a/x.y.json", {"enum": ["x.y"]}, 204),
        ("/a/{p}:run", "/a/5:run", INTEGER, 204),
        ("/a/{p}:run", "/a/5%3Arun", INTEGER, 204),
        ("/People('{p}')", "/People(%27a%27)", {"enum": ["a"]}, 204),
        ("/a{p}", "/a;p=5", INTEGER, 400),
        ("/@{p}", "/@me", {"enum": ["me"]}, 204),
        ("/a/{p}", "/a/x%2Fy", {"enum": ["x/y"]}, 204),
        ("/a/{p}", "/a/x+y", {"enum": ["x+y"]}, 204),
        ("/a/{p}", "/a/100%25", {"enum": ["100%"]}, 204),
        ("/a/{p}", "/a/%C3%A9", {"enum": ["é"]}, 204),
        ("/a/{p}", "/a/x", INTEGER, 400),
        ("/A/{p}", "/a/x", TEXT, 404),
        ("/a.b/{p}", "/aXb/x", TEXT, 404),
    ],
)
def test_paths(tmp_path: Path, path: str, target: str, schema: Any, status: int) -> None:
    """Parts of a segment, encoded and reserved characters; the case of a path counts, and a full stop is one."""
    parameter = {"name": "p", "in": "path", "required": True, "schema": schema}
    assert request(serve(tmp_path, {"parameters": [parameter]}, path), target).status == status


@pytest.mark.parametrize(
    ("servers", "target", "status"),
    [
        ([{"url": "/api/v1"}, {"url": "/api/v2"}], "/api/v1/x", 204),
        ([{"url": "/api/v1"}, {"url": "/api/v2"}], "/api/v2/x", 204),
        ([{"url": "/api/v1"}, {"url": "/api/v2"}], "/api/v3/x", 404),
        ([{"url": "https://a.example"}, {"url": "https://b.example/sandbox"}], "/sandbox/x", 204),
        ([{"url": "/{v}", "variables": {"v": {"default": "v2", "enum": ["v1", "v2"]}}}], "/v2/x", 204),
        ([{"url": "/{v}", "variables": {"v": {"default": "v2", "enum": ["v1", "v2"]}}}], "/v1/x", 204),
        ([{"url": "/{v}", "variables": {"v": {"default": "v2"}}}], "/v1/x", 404),
        ([{"url": "/api/"}], "/api/x", 204),
    ],
)
def test_paths_of_every_server(tmp_path: Path, servers: list[Any], target: str, status: int) -> None:
    """An operation is served below each of its servers, with each value that a variable of theirs may have."""
    assert request(serve(tmp_path, {}, servers=servers), target).status == status


PETS = {
    "Cat": make_object("kind", "meow", kind=TEXT, meow=BOOLEAN),
    "Dog": make_object("kind", kind=TEXT, bark=BOOLEAN),
}
BRANCHES = [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]
PET = {"oneOf": BRANCHES, "discriminator": {"propertyName": "kind"}}
OBJECT = make_object("a", a=INTEGER)


@pytest.mark.parametrize(
    ("schema", "body", "status"),
    [
        ({"type": "object", "nullable": True}, b"null", 204),
        (make_object(a={"nullable": True, "allOf": [{"$ref": "#/components/schemas/Cat"}]}), b'{"a": null}', 204),
        (make_object(a=TEXT), b'{"a": null}', 400),
        (make_array({"type": "integer", "nullable": True}), b"[1, null]", 204),
        (PET, b'{"kind": "Cat", "meow": true}', 204),
        (PET, b'{"kind": "Cat", "meow": true, "bark": true}', 204),
        (PET, b'{"kind": "Cat", "bark": 1}', 400),
        (PET, b'{"meow": true}', 400),
        ({"oneOf": BRANCHES}, b'{"kind": "Cat", "meow": true}', 400),
        (make_array(PET), b'[{"kind": "Cat", "meow": true, "bark": true}]', 204),
        ({**OBJECT, "additionalProperties": False}, b'{"a": 1, "b": 2}', 400),
        ({**OBJECT, "additionalProperties": TEXT}, b'{"a": 1, "b": "x"}', 204),
        ({**OBJECT, "additionalProperties": TEXT}, b'{"a": 1, "b": 2}', 400),
        ({"type": "object", "additionalProperties": make_array(INTEGER)}, b'{"a": [1], "b": []}', 204),
        ({"enum": [1, "a", None, True]}, b"true", 204),
        (INTEGER, b"1.0", 204),
        (INTEGER, b'"1"', 400),
        (INTEGER, b"123456789012345678901234567890", 204),
        ({"type": "integer", "format": "int64"}, b"9223372036854775808", 400),
        ({"type": "number", "multipleOf": 0.01}, b"1234567.89", 204),
        (make_object("id", id={"type": "integer", "readOnly": True}), b"{}", 204),
        ({"type": "string", "maxLength": 1}, '"😀"'.encode(), 204),
        (TEXT, b'"\\ud83d\\ude00"', 204),
        ({}, b'[1, "a", null]', 204),
    ],
)
def test_json_bodies(tmp_path: Path, schema: Any, body: bytes, status: int) -> None:
    """Null, discriminators, additional properties, numbers and Unicode; overlapping branches need a discriminator."""
    content = {"required": True, "content": {JSON: {"schema": schema}}}
    mock = serve(tmp_path, {"requestBody": content}, method="post", components={"schemas": PETS})
    assert request(mock, method="POST", body=body, content_type=JSON).status == status


@pytest.mark.parametrize(
    ("documented", "content_type", "body", "status"),
    [
        (JSON, 'application/json; charset="utf-8"', b'{"a": 1}', 204),
        (JSON, "APPLICATION/JSON ;charset=UTF-8", b'{"a": 1}', 204),
        (JSON, "application/json; charset=utf-16", '{"a": 1}'.encode("utf-16"), 204),
        ("application/json; charset=utf-8", JSON, b'{"a": 1}', 204),
        (VENDOR, VENDOR, b'{"a": 1}', 204),
        (VENDOR, VENDOR, b'{"a": "x"}', 400),
        ("application/*+json", VENDOR, b'{"a": 1}', 204),
        ("application/*+json", VENDOR, b'{"a": "x"}', 400),
        ("application/*+json", "application/xml", b"<a/>", 415),
        ("*/*", JSON, b'{"a": 1}', 204),
        (JSON, "text/xml", b"<a/>", 415),
        (JSON, "", b'{"a": 1}', 204),
        (JSON, JSON, b"", 400),
        ("text/markdown", "text/markdown; charset=utf-8", b"# a", 204),
        (FORM, f"{FORM}; charset=utf-8", b"a=1", 204),
    ],
)
def test_media_types_of_requests(tmp_path: Path, documented: str, content_type: str, body: bytes, status: int) -> None:
    """Parameters and case of a media type, vendors' own types, and ranges."""
    content = {"required": True, "content": {documented: {"schema": OBJECT}}}
    mock = serve(tmp_path, {"requestBody": content}, method="post")
    headers: Any = {"content_type": content_type} if content_type else {}
    assert request(mock, method="POST", body=body, **headers).status == status


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", gzip.compress(b'{"a": 1}', mtime=0), 204),
        ("GZIP", gzip.compress(b'{"a": "x"}', mtime=0), 400),
        ("deflate", zlib.compress(b'{"a": 1}'), 204),
        ("gzip, identity", gzip.compress(b'{"a": 1}', mtime=0), 204),
        ("deflate, gzip", gzip.compress(zlib.compress(b'{"a": 1}'), mtime=0), 204),
        ("identity", b'{"a": 1}', 204),
        ("gzip", b'{"a": 1}', 400),
        ("gzip", gzip.compress(b'{"a": 1}', mtime=0)[:-9], 400),
        ("gzip", gzip.compress(b" " * 20_000_000, mtime=0), 400),
        ("br", b'{"a": 1}', 415),
    ],
)
def test_compressed_bodies(tmp_path: Path, encoding: str, body: bytes, status: int) -> None:
    """A compressed body is inflated, up to a bound; an encoding that the mock cannot undo is named as such."""
    content = {"required": True, "content": {JSON: {"schema": OBJECT}}}
    mock = serve(tmp_path, {"requestBody": content}, method="post")
    for _ in range(2):
        response = request(mock, method="POST", body=body, content_type=JSON, content_encoding=encoding)
        assert response.status == status
        assert ("accept-encoding" in response.headers) is (status == 415)
    assert request(mock, method="POST", body=b'{"a": 1}', content_type=JSON).status == 204


@pytest.mark.parametrize(
    ("method", "required", "status"), [("post", False, 204), ("post", True, 400), ("patch", False, 204)]
)
def test_bodies_of_no_length(tmp_path: Path, *, method: str, required: bool, status: int) -> None:
    """``Content-Length: 0`` is no body, whatever the media type says."""
    content = {"required": required, "content": {JSON: {"schema": OBJECT}}}
    mock = serve(tmp_path, {"requestBody": content}, method=method)
    response = request(mock, method=method.upper(), content_type=JSON, content_length="0")
    assert response.status == status


def test_an_array_of_a_form_in_one_part(tmp_path: Path) -> None:
    """A part or field that holds a whole array in JSON is that array, and not its only item."""
    schema = make_object("a", a=make_array(INTEGER))
    body = (
        b'--X\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: application/json\r\n\r\n[1, 2]\r\n--X--\r\n'
    )
    content = {"multipart/form-data": {"schema": schema}, FORM: {"schema": schema}}
    mock = serve(tmp_path, {"requestBody": {"content": content}}, method="post")
    assert request(mock, method="POST", body=body, content_type="multipart/form-data; boundary=X").status == 204
    assert request(mock, method="POST", body=b"a=%5B1,2%5D", content_type=FORM).status == 204
    assert request(mock, method="POST", body=b"a=%5B1,", content_type=FORM).status == 400


SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
}
TOKEN = {"authorization": "bearer x"}


@pytest.mark.parametrize(
    ("security", "target", "headers", "status"),
    [
        ([{"bearer": []}, {"key": []}], "/x", TOKEN, 204),
        ([{"bearer": []}, {"key": []}], "/x", {"x_key": "1"}, 204),
        ([{"bearer": []}, {"key": []}], "/x", {}, 401),
        ([{"bearer": [], "key": []}], "/x", TOKEN, 401),
        ([{"bearer": [], "key": []}], "/x", {**TOKEN, "x_key": "1"}, 204),
        ([{"bearer": [], "key": []}, {"query": []}], "/x?key=1", {}, 204),
        ([{"bearer": []}, {}], "/x", {}, 204),
        ([{}, {"bearer": []}], "/x", {}, 204),
        ([], "/x", {}, 204),
        ([{"cookie": []}], "/x", {"cookie": "a=b; sid=1"}, 204),
        ([{"cookie": []}], "/x", {"cookie": "a=b"}, 401),
    ],
)
def test_security(tmp_path: Path, security: list[Any], target: str, headers: Any, status: int) -> None:
    """Alternatives are joined by OR, the schemes of one by AND, and an empty one asks for nothing."""
    mock = serve(tmp_path, {"security": security}, components={"securitySchemes": SCHEMES})
    assert request(mock, target, **headers).status == status


BODY = {"schema": OBJECT}


@pytest.mark.parametrize(
    ("documented", "accept", "media_type"),
    [
        ([JSON, VENDOR], VENDOR, VENDOR),
        ([VENDOR], JSON, VENDOR),
        (["text/plain", VENDOR], "application/*+json", VENDOR),
        (["application/*+json"], VENDOR, VENDOR),
        (["application/*+json"], "", JSON),
        ([f"{JSON}; version=1", f"{JSON}; version=2"], f"{JSON}; version=2", f"{JSON}; version=2"),
        ([f"{JSON}; version=1", f"{JSON}; version=2"], JSON, f"{JSON}; version=1"),
        ([JSON], f"{JSON}; charset=utf-8", JSON),
        ([JSON, "application/xml"], f"{JSON};q=0.1, application/xml;q=0.9", "application/xml"),
    ],
)
def test_media_types_of_responses(tmp_path: Path, documented: list[str], accept: str, media_type: str) -> None:
    """``Accept`` chooses by parameters, exact type and range."""
    responses = {"200": {"description": "", "content": dict.fromkeys(documented, BODY)}}
    headers: Any = {"accept": accept} if accept else {}
    response = request(serve(tmp_path, {"responses": responses}), **headers)
    assert (response.status, response.headers["content-type"]) == (200, media_type)


def test_the_lines_of_accept_are_one_list(tmp_path: Path) -> None:
    """A client may send ``Accept`` in several lines (RFC 9110, section 5.3)."""
    content = {JSON: BODY, "application/xml": BODY}
    mock = serve(tmp_path, {"responses": {"200": {"description": "", "content": content}}})
    lines = [(b"accept", b"text/html"), (b"accept", b"application/xml")]
    assert send_raw(mock, RawRequest("GET", "/x", lines)).headers["content-type"] == "application/xml"


def test_a_query_that_is_not_encoded(tmp_path: Path) -> None:
    """``curl`` sends a query as it is typed: bytes that are not percent-encoded are UTF-8, else Latin-1."""
    parameters = [{"name": "p", "in": "query", "schema": {"enum": ["é"]}}]
    mock = serve(tmp_path, {"parameters": parameters})
    assert request(mock, "/x?p=é".encode().decode("latin-1")).status == 204
    assert request(mock, "/x?p=é").status == 204
    assert request(mock, "/x?p=è").status == 400


@pytest.mark.parametrize("status", ["204", "304"])
def test_a_status_without_a_body_has_none(tmp_path: Path, status: str) -> None:
    """A document may describe a body that HTTP does not allow: it is not sent."""
    response = request(serve(tmp_path, {"responses": {status: {"description": "", "content": {JSON: BODY}}}}))
    assert (response.status, response.body, "content-type" in response.headers) == (int(status), b"", False)
