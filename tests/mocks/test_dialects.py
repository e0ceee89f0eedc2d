"""What refusals look like where an API does not speak FastAPI's dialect."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from specduet.mocks import create_app
from tests.mocks.asking import RawRequest, RawResponse, send_raw

KEY = [(b"cc-key", b"sk")]


@pytest.fixture(scope="module")
def cloudcruise() -> Any:
    return create_app(["cloudcruise"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "query limit: Input should be greater than or equal to 1"),
        ("limit=10001", "query limit: Input should be less than or equal to 10000"),
        ("limit=x&cursor=y", "query limit: Input should be a valid integer"),
        ("status=done", "query status: Input should be 'execution.queued', 'execution.start'"),
        ("workflow_id=1", "query workflow_id: Input should be a valid UUID, invalid length: found 1"),
        ("start_time=1999-01-01T00:00:00Z", "query start_time: Value error, should not be more than 31 days ago"),
    ],
)
def test_one_sentence(cloudcruise: Any, query: str, message: str) -> None:
    """Status in figures and in words, and one sentence that names each parameter and what is wrong with it."""
    refused = send_raw(cloudcruise, RawRequest("GET", f"/runs?{query}", KEY))
    assert refused.status == 400
    body = refused.json
    assert list(body) == ["statusCode", "error", "message"]
    assert (body["statusCode"], body["error"]) == (400, "Bad Request")
    assert body["message"].startswith(message)
    assert ("cursor" in body["message"]) is ("cursor" in query)


def described(tmp_path: Path, responses: dict[str, Any], **more: Any) -> Any:
    """The mock of a document with one operation, whose refusals are documented as given."""
    operation = {
        "operationId": "start",
        "parameters": [{"name": "n", "in": "query", "schema": {"type": "integer"}}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object", "required": ["a"], "properties": {"a": {}}}}},
        },
        "security": [{"key": []}],
        "responses": {"204": {"description": ""}, **responses},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Described", "version": "1"},
        "paths": {"/x": {"post": operation}},
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "key"}}, **more},
    }
    path = tmp_path / "described.json"
    path.write_text(json.dumps(document))
    return create_app([path])


def refused(
    mock: Any, target: str = "/x", body: bytes = b"{}", *, key: bool = True, kind: bytes | None = None
) -> RawResponse:
    headers = [(b"content-type", kind or b"application/json"), *([(b"key", b"k")] if key else [])]
    return send_raw(mock, RawRequest("POST", target, headers, body))


def test_problem_details(tmp_path: Path) -> None:
    """RFC 9457 is what a document without any word on refusals gets, each error with its place."""
    got = refused(described(tmp_path, {}), "/x?n=a")
    assert (got.status, got.headers["content-type"]) == (400, "application/problem+json")
    assert got.json == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "query n: Input should be a valid integer, unable to parse string as an integer; "
        "body a: Field required",
        "errors": [
            {
                "detail": "Input should be a valid integer, unable to parse string as an integer",
                "in": "query",
                "parameter": "n",
            },
            {"detail": "Field required", "pointer": "#/a"},
        ],
    }


@pytest.mark.parametrize(
    ("body", "kind", "status", "detail"),
    [
        (b"{", b"application/json", 400, "body 1: JSON decode error"),
        (b"\xff", b"application/json", 400, "There was an error parsing the body"),
        (b"a: b", b"application/yaml", 400, "application/yaml is not supported"),
        (b"", b"application/json", 400, "body: Field required"),
        (b"[]", b"application/json", 400, "body: Input should be a valid dictionary or object to extract fields from"),
    ],
)
def test_bodies_that_cannot_be_read(tmp_path: Path, body: bytes, kind: bytes, status: int, detail: str) -> None:
    """Malformed, mislabelled and missing bodies are refused with the status of wrong input."""
    got = refused(described(tmp_path, {}), body=body, kind=kind)
    assert (got.status, got.json["detail"]) == (status, detail)


def test_a_body_without_a_content_type_is_json(tmp_path: Path) -> None:
    """Where JSON is what the document asks for, an unlabelled body is taken for it."""
    mock = described(tmp_path, {})
    assert send_raw(mock, RawRequest("POST", "/x", [(b"key", b"k")], b'{"a": 1}')).status == 204
    assert send_raw(mock, RawRequest("POST", "/x", [(b"key", b"k")], b"{}")).status == 400


@pytest.mark.parametrize(
    ("documented", "status"), [(["422"], 422), (["400", "422"], 400), (["404"], 400), (["4XX"], 400)]
)
def test_the_documented_status_is_taken(tmp_path: Path, documented: list[str], status: int) -> None:
    """400 or 422, whichever the operation documents; 400 where it documents neither."""
    assert refused(described(tmp_path, {code: {"description": ""} for code in documented})).status == status


@pytest.mark.parametrize(("documented", "status"), [(["401"], 401), (["403"], 403), (["401", "403"], 401), ([], 401)])
def test_a_credential_is_refused_as_documented(tmp_path: Path, documented: list[str], status: int) -> None:
    """401, unless only a 403 is documented."""
    got = refused(described(tmp_path, {code: {"description": ""} for code in documented}), key=False)
    assert got.status == status
    assert ("www-authenticate" in got.headers) is (status == 401)


ERROR = {
    "type": "object",
    "additionalProperties": False,
    "required": ["error", "request_id"],
    "properties": {
        "request_id": {"type": "string", "format": "uuid"},
        "error": {
            "type": "object",
            "required": ["code", "message", "retriable"],
            "properties": {
                "code": {"type": "integer", "minimum": 400},
                "message": {"type": "string"},
                "retriable": {"type": "boolean"},
            },
        },
    },
}


def test_a_documented_shape_is_kept(tmp_path: Path) -> None:
    """A refusal satisfies the schema of its status, and still tells what is wrong."""
    content = {"application/json": {"schema": ERROR}}
    responses = {code: {"description": "", "content": content} for code in ("400", "401", "default")}
    mock = described(tmp_path, responses)
    for got, text in (
        (refused(mock), "body a: Field required"),
        (refused(mock, key=False), "Not authenticated"),
        (refused(mock, body=b"\xff"), "There was an error parsing the body"),
    ):
        assert got.headers["content-type"] == "application/json"
        jsonschema.validate(got.json, ERROR, format_checker=jsonschema.FormatChecker())
        assert got.json["error"]["message"] == text
        assert got.json["error"]["code"] == got.status


def test_a_documented_media_type_is_kept(tmp_path: Path) -> None:
    """A problem that satisfies the schema goes out under the media type that the document names."""
    schema = {"type": "object", "required": ["title", "status"]}
    content = {"application/vnd.error+json": {"schema": schema}}
    got = refused(described(tmp_path, {"400": {"description": "", "content": content}}))
    assert (got.headers["content-type"], got.json["title"]) == ("application/vnd.error+json", "Bad Request")
