"""Any document is loaded and served: each of its operations responds as documented, and nothing is ever a 500."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from specduet.mocks import Settings, create_app
from specduet.specs import Api, Operation, load
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw
from tests.strategies.documents import WrittenDocument, WrittenOperation, documents

FUZZ = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=30,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file for documents."""
    return tmp_path_factory.mktemp("any") / "any.json"


def start_mock(file: Path, written: WrittenDocument) -> tuple[Api, Any]:
    file.write_text(json.dumps(written.document))
    api = load(file)
    assert api.problems == ()
    return api, create_app([api], Settings(runs=3))


def find_operation(api: Api, written: WrittenOperation) -> Operation:
    return next(o for o in api.operations if (o.method, o.path) == (written.method, written.path))


def check_body(api: Api, operation: Operation, response: RawResponse) -> None:
    """Raise ``AssertionError`` where a JSON body breaks the documented schema of its status."""
    described = operation.response_for(response.status)
    media_type = response.headers.get("content-type", "")
    content = (described.content.get(media_type) or described.content.get("*/*")) if described else None
    if content is not None and "json" in media_type:
        assert [*api.response_schemas.validator_at(content.pointer).iter_errors(response.json)] == [], response.body


def list_expected_statuses(operation: Operation) -> set[int]:
    """Return the statuses that a valid request may get: of errors alone one of them, and 404 for an id made up."""
    errors = {key for key in operation.responses if key.startswith("4")}
    keys = (operation.responses.keys() - errors or errors) - {"4XX"}
    statuses = {200 if key in {"2XX", "default"} else int(key) for key in keys}
    return statuses | ({404} if "{" in operation.path else set())


@FUZZ
@given(documents())
def test_valid_requests_are_served(file: Path, written: WrittenDocument) -> None:
    """A valid request gets a documented status, and a body that satisfies its schema."""
    api, mock = start_mock(file, written)
    for each in written.operations:
        operation = find_operation(api, each)
        response = send_raw(mock, each.request)
        assert response.status in list_expected_statuses(operation), (each.request, response)
        check_body(api, operation, response)


def spoil_request(request: RawRequest) -> Iterator[RawRequest]:
    """Yield the request without its parts, and with parts that nobody expects."""
    path = request.target.partition("?")[0]
    yield replace(request, headers=[])
    yield replace(request, target=path)
    yield replace(request, target=f"{path}?q0=%FF&q1[=&q0x=", body=b'{"a": [')
    yield replace(request, body=b"null")
    yield replace(request, body=b"[" * 300, headers=[(b"content-type", b"application/json"), (b"cookie", b"=;\xff")])
    yield replace(request, headers=[*request.headers, (b"accept", b"image/png"), (b"prefer", b"code=422")])
    yield from (replace(request, method=method) for method in ("HEAD", "OPTIONS", "TRACE"))


@FUZZ
@given(documents())
def test_spoiled_requests_are_rejected(file: Path, written: WrittenDocument) -> None:
    """Whatever is sent, the response is no failure of the mock, and a documented one satisfies its schema."""
    api, mock = start_mock(file, written)
    for each in written.operations:
        operation = find_operation(api, each)
        for request in spoil_request(each.request):
            response = send_raw(mock, request)
            assert response.status < 500, (request, response)
            if request.method == each.method:
                check_body(api, operation, response)
