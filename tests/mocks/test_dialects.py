"""Error responses of APIs that do not speak FastAPI's dialect."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from specduet.mocks import create_app
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw

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
    response = send_raw(cloudcruise, RawRequest("GET", f"/runs?{query}", KEY))
    assert response.status == 400
    body = response.json
    assert list(body) == ["statusCode", "error", "message"]
    assert (body["statusCode"], body["error"]) == (400, "Bad Request")
    assert body["message"].startswith(message)
    assert ("cursor" in body["message"]) is ("cursor" in query)


def serve_document(tmp_path: Path, responses: dict[str, Any], **more: Any) -> Any:
    """The mock of a document with one operation, whose error responses are documented as given."""
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


def post(
    mock: Any, target: str = "/x", body: bytes = b"{}", *, key: bool = True, kind: bytes | None = None
) -> RawResponse:
    headers = [(b"content-type", kind or b"application/json"), *([(b"key", b"k")] if key else [])]
    return send_raw(mock, RawRequest("POST", target, headers, body))


def test_problem_details(tmp_path: Path) -> None:
    """A document without error responses gets those of RFC 9457, each error with its place."""
    response = post(serve_document(tmp_path, {}), "/x?n=a")
    assert (response.status, response.headers["content-type"]) == (400, "application/problem+json")
    assert response.json == {
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
        (b"a: b", b"application/yaml", 415, "application/yaml is not supported"),
        (b"", b"application/json", 400, "body: Field required"),
        (b"[]", b"application/json", 400, "body: Input should be a valid dictionary or object to extract fields from"),
    ],
)
def test_bodies_that_cannot_be_read(tmp_path: Path, body: bytes, kind: bytes, status: int, detail: str) -> None:
    """Malformed, mislabelled and missing bodies are rejected with the status of wrong input."""
    response = post(serve_document(tmp_path, {}), body=body, kind=kind)
    assert (response.status, response.json["detail"]) == (status, detail)


def test_a_body_without_a_content_type_is_json(tmp_path: Path) -> None:
    """Where JSON is what the document asks for, an unlabelled body is taken for it."""
    mock = serve_document(tmp_path, {})
    assert send_raw(mock, RawRequest("POST", "/x", [(b"key", b"k")], b'{"a": 1}')).status == 204
    assert send_raw(mock, RawRequest("POST", "/x", [(b"key", b"k")], b"{}")).status == 400


@pytest.mark.parametrize(
    ("documented", "status"), [(["422"], 422), (["400", "422"], 400), (["404"], 400), (["4XX"], 400)]
)
def test_the_documented_status_is_taken(tmp_path: Path, documented: list[str], status: int) -> None:
    """400 or 422, whichever the operation documents; 400 where it documents neither."""
    assert post(serve_document(tmp_path, {code: {"description": ""} for code in documented})).status == status


@pytest.mark.parametrize(("documented", "status"), [(["401"], 401), (["403"], 403), (["401", "403"], 401), ([], 401)])
def test_a_credential_is_rejected_as_documented(tmp_path: Path, documented: list[str], status: int) -> None:
    """401, unless only a 403 is documented."""
    response = post(serve_document(tmp_path, {code: {"description": ""} for code in documented}), key=False)
    assert response.status == status
    assert ("www-authenticate" in response.headers) is (status == 401)


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
    """An error response satisfies the schema of its status, and still tells what is wrong."""
    content = {"application/json": {"schema": ERROR}}
    responses = {code: {"description": "", "content": content} for code in ("400", "401", "default")}
    mock = serve_document(tmp_path, responses)
    for response, text in (
        (post(mock), "body a: Field required"),
        (post(mock, key=False), "Not authenticated"),
        (post(mock, body=b"\xff"), "There was an error parsing the body"),
    ):
        assert response.headers["content-type"] == "application/json"
        jsonschema.validate(response.json, ERROR, format_checker=jsonschema.FormatChecker())
        assert response.json["error"]["message"] == text
        assert response.json["error"]["code"] == response.status


def test_a_documented_media_type_is_kept(tmp_path: Path) -> None:
    """A problem that satisfies the schema goes out under the media type that the document names."""
    schema = {"type": "object", "required": ["title", "status"]}
    content = {"application/vnd.error+json": {"schema": schema}}
    response = post(serve_document(tmp_path, {"400": {"description": "", "content": content}}))
    assert (response.headers["content-type"], response.json["title"]) == ("application/vnd.error+json", "Bad Request")
