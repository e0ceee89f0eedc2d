"""Responses as the document describes them: status, media type, headers and body of operations without a statement."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from specduet.mocks import create_app
from specduet.mocks.request import Request
from specduet.mocks.settings import Settings
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw


def serve(tmp_path: Path, responses: dict[str, Any], method: str = "get", path: str = "/x", **more: Any) -> Any:
    """Return the mock of a document with one operation."""
    for response in responses.values():
        response.setdefault("description", "")
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Responses", "version": "1"},
        "paths": {path: {method: {"responses": responses}}},
        **more,
    }
    file = tmp_path / "responses.json"
    file.write_text(json.dumps(document))
    return create_app([file])


def request(mock: Any, method: str = "GET", target: str = "/x", **headers: str) -> RawResponse:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return send_raw(mock, RawRequest(method, target, pairs))


@pytest.mark.parametrize(
    ("documented", "status"),
    [
        (["400", "200"], 200),
        (["default", "201"], 201),
        (["204", "202"], 202),
        (["206"], 206),
        (["2XX", "404"], 200),
        (["302"], 302),
        (["404", "301", "default"], 301),
        (["3XX"], 302),
        (["404"], 404),
        (["500", "403"], 403),
        (["4XX"], 400),
        (["5XX"], 503),
        (["default"], 200),
        (["default", "404"], 200),
    ],
)
def test_the_documented_status(tmp_path: Path, documented: list[str], status: int) -> None:
    """The lowest success is sent, and without one what is documented."""
    response = request(serve(tmp_path, {code: {} for code in documented}))
    assert response.status == status
    assert ("location" in response.headers) is (status in {301, 302})


@pytest.mark.parametrize("status", ["204", "205", "304"])
def test_statuses_without_a_body(tmp_path: Path, status: str) -> None:
    """204, 205 and 304 have no body, whatever the document says, and HEAD never has one."""
    content = {"application/json": {"schema": {"type": "string"}}}
    response = request(serve(tmp_path, {status: {"content": content}}))
    assert (response.status, response.body) == (int(status), b"")
    head = request(serve(tmp_path, {"200": {"content": content}}), "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) > 0


MANY = {
    "application/json": {"schema": {"const": {"a": 1}}},
    "text/plain": {"schema": {"const": "plain"}},
    "application/xml": {"schema": {"type": "object", "required": ["a"], "properties": {"a": {"const": 1}}}},
    "text/csv": {"example": "a\r\n1\r\n"},
}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/plain", "text/plain"),
        ("TEXT/PLAIN; q=0.5, application/xml; q=0.9", "application/xml"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/csv, */*", "text/csv"),
        ("text/*, application/json;q=0.1", "text/plain"),
        ("application/json;q=0, */*", "text/plain"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/xml"),
        ("image/png", "application/json"),
        ("nonsense, ;q=x", "application/json"),
    ],
)
def test_the_client_chooses_a_media_type(tmp_path: Path, accept: str, media_type: str) -> None:
    """``Accept`` decides by quality, then by exactness; a client that accepts nothing documented gets the first."""
    response = request(serve(tmp_path, {"200": {"content": MANY}}), accept=accept)
    assert (response.status, response.headers["content-type"]) == (200, media_type)


def test_a_documented_406(tmp_path: Path) -> None:
    """If the document has a response to a client that accepts nothing, it gets that response."""
    mock = serve(tmp_path, {"200": {"content": MANY}, "406": {}})
    assert [request(mock, accept=accept).status for accept in ("image/png", "text/plain")] == [406, 200]


@pytest.mark.parametrize(
    ("documented", "accept", "media_type"),
    [
        ("*/*", "", "application/json"),
        ("application/*", "", "application/json"),
        ("text/*", "", "text/plain"),
        ("text/*", "text/markdown", "text/markdown"),
        ("image/*", "", "image/png"),
        ("*/*", "text/plain;q=0.4, application/problem+json", "application/problem+json"),
        ("application/json; charset=utf-8", "application/json", "application/json; charset=utf-8"),
    ],
)
def test_a_range_is_sent_as_a_concrete_type(tmp_path: Path, documented: str, accept: str, media_type: str) -> None:
    """A response never has a range as its media type, and parameters of a type are kept."""
    mock = serve(tmp_path, {"200": {"content": {documented: {"schema": {"type": "string"}}}}})
    assert request(mock, accept=accept).headers["content-type"] == media_type


@pytest.mark.parametrize(
    ("media_type", "content", "body"),
    [
        ("application/json", {"example": {"a": None}}, b'{"a":null}'),
        ("application/json", {"examples": {"first": {"value": 0}, "second": {"value": 1}}}, b"0"),
        ("application/json", {}, b"{}"),
        ("application/json", {"schema": {"type": "integer"}, "example": "no", "examples": None}, None),
        ("text/plain", {}, b"Example"),
        ("text/plain", {"schema": {"const": 5}}, b"5"),
        ("text/html", {"example": "<p>hi</p>"}, b"<p>hi</p>"),
        ("text/csv", {"schema": {"const": [{"a": 1, "b": "x,y"}, {"a": 2}]}}, b'a,b\r\n1,"x,y"\r\n2,\r\n'),
        ("application/x-ndjson", {"schema": {"const": [{"a": 1}, {"a": 2}]}}, b'{"a":1}\n{"a":2}\n'),
        ("text/event-stream", {"schema": {"const": [{"a": 1}]}}, b'data: {"a":1}\n\n'),
        ("text/event-stream", {"example": "event: end\ndata: x\n\n"}, b"event: end\ndata: x\n\n"),
        (
            "text/event-stream",
            {"schema": {"const": {"event": "go", "data": "x\ny"}}},
            b"event: go\ndata: x\ndata: y\n\n",
        ),
        ("application/x-www-form-urlencoded", {"schema": {"const": {"a": [1, 2], "b": "x y"}}}, b"a=1&a=2&b=x+y"),
        ("application/xml", {"example": "<a/>"}, b"<a/>"),
        ("application/octet-stream", {"schema": {"const": "raw"}}, b"raw"),
    ],
)
def test_bodies_of_every_media_type(tmp_path: Path, media_type: str, content: Any, body: bytes | None) -> None:
    """A value is written as its media type has it, an example as it stands, and a media type needs no schema."""
    content = {name: value for name, value in content.items() if value is not None}
    response = request(serve(tmp_path, {"200": {"content": {media_type: content}}}))
    assert (response.status, response.headers["content-type"]) == (200, media_type)
    assert body is None or response.body == body
    assert int(response.headers["content-length"]) == len(response.body)


@pytest.mark.parametrize(
    ("media_type", "start"),
    [
        ("image/png", b"\x89PNG\r\n"),
        ("image/gif", b"GIF89a"),
        ("application/pdf", b"%PDF-"),
        ("application/zip", b"PK"),
        ("application/gzip", b"\x1f\x8b"),
        ("audio/wav", b"RIFF"),
    ],
)
def test_files_that_clients_can_open(tmp_path: Path, media_type: str, start: bytes) -> None:
    """An image or another well-known file is the smallest one of its type."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    assert request(serve(tmp_path, {"200": {"content": content}})).body.startswith(start)


def test_multipart_bodies(tmp_path: Path) -> None:
    """A multipart body has a boundary, which its media type names, and a part for each property."""
    response = request(serve(tmp_path, {"200": {"content": {"multipart/mixed": {"schema": {"const": {"a": "x"}}}}}}))
    boundary = response.headers["content-type"].partition("boundary=")[2].encode()
    assert response.body.startswith(b"--" + boundary + b'\r\nContent-Disposition: form-data; name="a"')
    assert response.body.endswith(b"x\r\n--" + boundary + b"--\r\n")


def test_xml_as_the_schema_describes_it(tmp_path: Path) -> None:
    """Names, attributes, wrapped lists and namespaces of a schema's ``xml`` objects are followed."""
    properties = {
        "id": {"const": 7, "xml": {"attribute": True}},
        "a b": {"const": "<&\x01", "xml": {"name": "text"}},
        "tags": {"const": ["x", "y"], "type": "array", "items": {"xml": {"name": "tag"}}, "xml": {"wrapped": True}},
        "flat": {"const": [True], "type": "array", "items": {}},
    }
    pet = {
        "type": "object",
        "required": [*properties],
        "properties": properties,
        "additionalProperties": False,
        "xml": {"name": "pet", "namespace": "urn:pets"},
    }
    content = {"application/xml": {"schema": {"$ref": "#/components/schemas/Pet"}}}
    mock = serve(tmp_path, {"200": {"content": content}}, components={"schemas": {"Pet": pet}})
    root = ET.fromstring(request(mock).body)  # noqa: S314  our own text
    assert (root.tag, root.attrib) == ("{urn:pets}pet", {"id": "7"})
    found = sorted((element.tag.partition("}")[2], element.text) for element in root.iter() if element.text)
    assert found == [("flat", "true"), ("tag", "x"), ("tag", "y"), ("text", "<&")]


def test_documented_headers(tmp_path: Path) -> None:
    """Required headers are always sent; optional ones if they have a value that misleads no client."""
    headers = {
        "X-Rate-Limit-Remaining": {"required": True, "schema": {"type": "integer", "minimum": 0}},
        "X-Request-Id": {"required": True, "schema": {"type": "string", "format": "uuid"}},
        "X-Kind": {"schema": {"type": "string"}, "example": "first"},
        "X-List": {"required": True, "schema": {"type": "array", "items": {"const": 1}, "minItems": 2, "maxItems": 2}},
        "ETag": {"schema": {"type": "string"}},
        "Link": {"schema": {"type": "string"}},
        "Content-Length": {"required": True, "schema": {"const": 1}},
        "X-Flag": {"required": True, "schema": {"const": True}},
    }
    response = request(serve(tmp_path, {"200": {"headers": headers, "content": MANY}}))
    assert int(response.headers["x-rate-limit-remaining"]) >= 0
    assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["x-request-id"])
    assert (response.headers["x-kind"], response.headers["x-list"], response.headers["x-flag"]) == (
        "first",
        "1,1",
        "true",
    )
    assert response.headers["etag"].startswith('"')
    assert "link" not in response.headers
    assert response.headers["content-length"] == str(len(response.body))


def test_rows_that_do_not_fit(tmp_path: Path) -> None:
    """What the document allows is sent in place of a row that it does not allow, and each header once."""
    content = {"application/json": {"schema": {"const": {"a": 1}}}}
    headers = {"X-Rate": {"required": True, "schema": {"const": 5}}}
    mock = serve(tmp_path, {"200": {"content": MANY}, "201": {"content": content, "headers": headers}})
    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": []}
    response = mock.handlers[0].make_row_response(b'{"a": 2}', Request(scope, no_body), 201)
    assert json.loads(response.body) == {"a": 1}
    assert [name for name, _ in response.headers] == [b"content-length", b"content-type", b"x-rate"]


async def no_body() -> Any:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("status", "schema", "location"),
    [
        ("201", {"type": "string"}, "/v1/x"),
        ("201", {"type": "string", "format": "uri"}, "http://mock/v1/x"),
        ("302", {"type": "string", "format": "uri-reference"}, "/"),
        ("303", {"type": "string", "format": "uri"}, "http://mock/"),
        ("307", {"const": "https://a.example/b"}, "https://a.example/b"),
    ],
)
def test_a_location_validates(tmp_path: Path, status: str, schema: Any, location: str) -> None:
    """A ``Location`` leads to the mock itself, as its schema spells it."""
    headers = {"Location": {"schema": schema}}
    mock = serve(tmp_path, {status: {"headers": headers}}, "post", servers=[{"url": "/v1"}])
    assert request(mock, "POST", "/v1/x").headers["location"] == location


@pytest.mark.parametrize(
    ("documented", "header", "status", "body", "content_range"),
    [
        (["200", "206"], "bytes=0-2", 206, b"abc", "bytes 0-2/6"),
        (["206"], "bytes=4-", 206, b"ef", "bytes 4-5/6"),
        (["200", "206"], "bytes=-2", 206, b"ef", "bytes 4-5/6"),
        (["200", "206"], "bytes=2-99", 206, b"cdef", "bytes 2-5/6"),
        (["200", "206"], "bytes=0-1,4-5", 200, b"abcdef", None),
        (["200", "206"], "bytes=3-1", 200, b"abcdef", None),
        (["200", "206"], "items=0-1", 200, b"abcdef", None),
        (["200", "206"], "bytes=9-", 200, b"abcdef", None),
        (["200", "206", "416"], "bytes=9-", 416, None, "bytes */6"),
        (["200", "206"], "", 200, b"abcdef", None),
        (["200"], "bytes=0-2", 200, b"abcdef", None),
    ],
)
def test_ranges_of_bytes(
    tmp_path: Path, documented: list[str], header: str, status: int, body: bytes | None, content_range: str | None
) -> None:
    """An operation that documents a 206 sends the bytes of one range; without that, ``Range`` is ignored."""
    content = {"text/plain": {"example": "abcdef"}}
    responses = {code: {"content": content} if code != "416" else {} for code in documented}
    response = request(serve(tmp_path, responses), range=header)
    assert (response.status, response.headers.get("content-range")) == (status, content_range)
    assert body is None or (response.body, response.headers["content-length"]) == (body, str(len(body)))


@pytest.mark.parametrize("media_type", ["application/json", "text/plain", "text/csv", "application/xml"])
def test_prefer_for_every_media_type(tmp_path: Path, media_type: str) -> None:
    """``Prefer: example`` and ``code`` choose among the examples of any media type."""
    examples = {"one": {"value": "first"}, "two": {"value": "<second/>"}}
    content = {media_type: {"schema": {"type": "string"}, "examples": examples}}
    mock = serve(tmp_path, {"200": {"content": content}, "404": {"content": content}})
    response = request(mock, prefer="code=404, example=two")
    assert (response.status, response.headers["content-type"]) == (404, media_type)
    assert b"<second/>" in response.body
    assert request(mock, prefer="example=three").status == 404
    assert b"first" in request(mock).body


def test_an_operation_that_cannot_be_served(tmp_path: Path) -> None:
    """If nothing satisfies the schema, the response is 501 with the reason, and other operations go on."""
    impossible = {"type": "string", "enum": ["a"], "minLength": 2}
    responses = {"200": {"content": {"application/json": {"schema": impossible}}}}
    response = request(serve(tmp_path, responses))
    assert (response.status, response.headers["content-type"]) == (501, "application/problem+json")
    assert response.json["detail"]
    assert request(create_app([tmp_path / "responses.json"], Settings()), prefer="code=200").status == 501


def test_an_unforeseen_error_is_no_500(tmp_path: Path) -> None:
    """Whatever goes wrong while a response is made is reported as 501 with its reason."""
    mock = serve(tmp_path, {"200": {}})

    def fail(*_arguments: Any) -> Any:
        raise RuntimeError("no way")

    mock.handlers[0].action = fail
    response = request(mock)
    assert (response.status, response.json["detail"]) == (501, "GET /x: RuntimeError: no way")
