"""Hostile requests: the mock responds to each, goes on, and keeps nothing of it."""

import gc
import json
import tracemalloc
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specduet.mocks import Settings, create_app
from specduet.mocks.handler import ValidatedRequest
from specduet.mocks.responses import HttpResponse, make_json_response
from tests.mocks.raw_http import RawRequest, send_raw

KEYS = [(b"authorization-psk", b"k"), (b"authorization", b"Bearer k"), (b"cc-key", b"k")]
JSON = (b"content-type", b"application/json")
FORM = b"application/x-www-form-urlencoded"
START = "/api/crews/run"


@pytest.fixture(scope="module")
def mock() -> Any:
    return create_app(settings=Settings(journal=10))


def _deep(opening: bytes, closing: bytes, depth: int = 10_000) -> bytes:
    return b'{"crew_type":"ask","task_input":' + opening * depth + b"1" + closing * depth + b"}"


HOSTILE = {
    "a deep list": RawRequest("POST", START, [*KEYS, JSON], _deep(b"[", b"]")),
    "a deep object": RawRequest("POST", START, [*KEYS, JSON], _deep(b'{"a":', b"}")),
    "a deep opening": RawRequest("POST", START, [*KEYS, JSON], b"[" * 900_000),
    "an oversize body": RawRequest("POST", START, [*KEYS, JSON], b" " * 2_000_000),
    "a lying length": RawRequest("POST", START, [*KEYS, JSON, (b"content-length", b"9" * 5_000)], b"{}"),
    "no length at all": RawRequest("POST", START, [*KEYS, JSON, (b"content-length", b"x")], b"{}"),
    "a million digits": RawRequest("POST", START, [*KEYS, JSON], b'{"crew_type":' + b"1" * 1_000_000 + b"}"),
    "a huge exponent": RawRequest("POST", START, [*KEYS, JSON], b'{"crew_type":1e999999999}'),
    "a million keys": RawRequest("POST", START, [*KEYS, JSON], b"{" + b'"a":1,' * 150_000 + b'"b":1}'),
    "half a character": RawRequest("POST", START, [*KEYS, JSON], b'{"crew_type":"\xc3"}'),
    "half a pair": RawRequest("POST", START, [*KEYS, JSON], b'{"crew_type":"\\ud83d"}'),
    "a content type of bytes": RawRequest("POST", START, [*KEYS, (b"content-type", b"\xff\xfe/\x80")], b"{}"),
    "a long content type": RawRequest("POST", START, [*KEYS, (b"content-type", b"a" * 60_000)], b"{}"),
    "a million parameters": RawRequest("GET", "/api/crew-runs?" + "a=1&" * 1_000_000, KEYS),
    "a long parameter": RawRequest("GET", "/runs?limit=" + "9" * 60_000, KEYS),
    "malformed escapes": RawRequest("GET", "/runs?limit=%&status=%zz&cursor=%f&%=%", KEYS),
    "escapes that are no text": RawRequest("GET", "/runs?status=%FF%FE&workflow_id=%C3&credential_id=%ED%A0%80", KEYS),
    "bytes in the query": RawRequest("GET", "/runs?status=\xff\xfe\x00", KEYS),
    "bytes in a redirected query": RawRequest("GET", "/runs/?status=\xff\xfe", KEYS),
    "bytes in the path": RawRequest("GET", "/v1/threads/%FF%C3%28/runs", KEYS),
    "an escape in the path": RawRequest("GET", "/v1/threads/%zz%/runs", KEYS),
    "a null in the path": RawRequest("GET", "/api/crew-runs/%00", KEYS),
    "dots in the path": RawRequest("GET", "/api/../../etc/passwd", KEYS),
    "a long path": RawRequest("GET", "/api/crew-runs/" + "a" * 60_000, KEYS),
    "a path of slashes": RawRequest("GET", "/" * 60_000, KEYS),
    "bytes in a header": RawRequest("GET", "/v1/threads/t/runs", [*KEYS, (b"x-team-id", b"\xff\x80")]),
    "bytes in a credential": RawRequest("GET", "/v1/threads/t/runs", [(b"authorization", b"\xff\x80")]),
    "many headers": RawRequest("GET", "/api/crew-runs?limit=x", [*KEYS, *[(b"x-team-id", b"a")] * 10_000]),
    "a cookie of bytes": RawRequest("GET", "/api/crew-runs?limit=x", [*KEYS, (b"cookie", b"\xff=\xfe; ;;=;a")]),
    "another version of a date": RawRequest("GET", "/runs?cursor=99999-01-01T00:00:00Z&start_time=0000-00-00", KEYS),
    "a date before the calendar": RawRequest("GET", "/runs?cursor=0001-01-01T00:00:00%2B23:59", KEYS),
    "a date after the calendar": RawRequest("GET", "/runs?cursor=9999-12-31T23:59:59-23:59", KEYS),
    "a huge epoch": RawRequest("GET", "/runs?cursor=99999999999999999999", KEYS),
    "a huge limit": RawRequest("GET", f"/runs?limit={10**40}", KEYS),
    "a huge offset": RawRequest("GET", f"/v1/threads/t/runs?limit={10**30}&offset={10**30}", KEYS),
    "a negative limit": RawRequest("GET", "/api/crew-runs?limit=-" + "9" * 30, KEYS),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_requests_get_a_response(mock: Any, name: str) -> None:
    """Each gets a response in JSON, or a redirect, and never a server error."""
    response = send_raw(mock, HOSTILE[name])
    assert 200 <= response.status < 500
    json.loads(response.body or b"null")


def test_nothing_stays(mock: Any) -> None:
    """After all of them, again and again, no more memory is in use than after the first time."""

    def send_all() -> None:
        for request in HOSTILE.values():
            send_raw(mock, request)
        gc.collect()

    send_all()
    send_all()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(2):
            send_all()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 500_000


_targets = st.sampled_from(
    ["/api/crew-runs", "/api/crew-runs/{}", START, "/runs", "/v1/threads/{}/runs", "/{}", "/api/events/{}"]
)
_some_bytes = st.binary(max_size=30)
_headers = st.lists(
    st.tuples(
        st.sampled_from(
            [b"content-type", b"accept", b"cookie", b"x-correlation-id", b"prefer", b"x-mock-session", b"range"]
        ),
        _some_bytes,
    ),
    max_size=4,
)


@settings(max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "TRACE", "PROPFIND"]),
    target=_targets,
    segment=_some_bytes.map(lambda raw: quote_from_bytes(raw, safe="%")),
    query=_some_bytes.map(lambda raw: raw.decode("latin-1").replace("#", "").replace("?", "")),
    headers=_headers,
    body=_some_bytes,
)
def test_any_bytes(
    mock: Any, method: str, target: str, segment: str, query: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """No bytes anywhere in a request make the mock fail."""
    response = send_raw(mock, RawRequest(method, f"{target.format(segment)}?{query}", [*KEYS, *headers], body))
    assert response.status < 500, response.body
    if response.body and response.headers["content-type"].endswith("json"):
        json.loads(response.body)


# --------------------------------------------------------------------------------------------------- caching

EVERYWHERE = {
    "openapi": "3.1.0",
    "info": {"title": "everywhere", "version": "1"},
    "paths": {
        "/a/{p}": {
            "put": {
                "parameters": [
                    {"name": "p", "in": "path", "required": True, "schema": {"type": "integer"}},
                    {"name": "q", "in": "query", "schema": {"type": "integer"}},
                    {"name": "x-h", "in": "header", "schema": {"type": "integer"}},
                    {"name": "c", "in": "cookie", "schema": {"type": "integer"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"type": "integer"}},
                        "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
                    },
                },
                "responses": {"200": {"description": ""}},
            }
        }
    },
    "components": {
        "securitySchemes": {
            "header": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "key"},
            "query": {"type": "apiKey", "in": "query", "name": "key"},
        }
    },
}

# Each value is combined with each of the others: the places of a request, and what may stand there.
PATHS = ["/a/1", "/a/x"]
QUERIES = ["", "?q=1", "?key=k"]
HEADERS = [
    [(b"authorization", value) for value in (b"", b"Bearer k")],
    [(b"x-h", value) for value in (b"", b"1", b"x")],
    [(b"cookie", value) for value in (b"", b"c=1", b"key=k; c=2")],
    [(b"content-type", value) for value in (b"", b"application/json", FORM)],
    [(b"x-other", value) for value in (b"", b"1")],
]
BODIES = [b"", b"1", b"a=1"]


def _create_echoing_mock(path: Any) -> Any:
    """Return a mock that responds with the parameters and the body that it has read."""

    def echo(_handler: Any, _world: Any, validated: ValidatedRequest, _request: Any) -> HttpResponse:
        return make_json_response(200, [{**validated.parameters}, str(validated.body)])

    mock = create_app([path])
    for handler in mock.handlers:
        handler.action = echo
    return mock


@pytest.mark.parametrize("schemes", [["header", "query"], ["header", "cookie", "query"]])
def test_a_cached_validation_changes_no_response(tmp_path: Path, schemes: list[str]) -> None:
    """Wherever the parameters, the body and the credentials stand, cached validations give the same responses."""
    path = tmp_path / "everywhere.json"
    path.write_text(json.dumps({**EVERYWHERE, "security": [{scheme: []} for scheme in schemes]}))
    caching, uncached = _create_echoing_mock(path), _create_echoing_mock(path)
    statuses = set()
    for target, query, body, *headers in product(PATHS, QUERIES, BODIES, *HEADERS):
        request = RawRequest("PUT", target + query, [pair for pair in headers if pair[1]], body)
        uncached.handlers[0]._validations.clear()
        cached_response, new_response = send_raw(caching, request), send_raw(uncached, request)
        assert cached_response == new_response
        statuses.add(new_response.status)
    assert statuses == {200, 400, 401}
