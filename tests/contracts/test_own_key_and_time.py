"""Rows that are known by another field, times that the client has sent, and texts that have to name something."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.traces import FetchedRow
from tests.contracts.recording_builder import RecordingBuilder, load_paths

ROW = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "secret": {"type": "string"},
        "kind": {"type": "string", "minLength": 2},
        "createdAt": {"type": "string", "format": "date-time"},
        "expiresAt": {"type": "string", "format": "date-time"},
    },
}


@pytest.fixture
def build(tmp_path: Path) -> Callable[[str], RecordingBuilder]:
    """The function that returns a recording of an API of tokens, whose path parameter has this name."""

    def build(parameter: str) -> RecordingBuilder:
        one = {"content": {"application/json": {"schema": ROW}}}
        many = {"content": {"application/json": {"schema": {"type": "array", "items": ROW}}}}
        names = [{"name": parameter, "in": "path", "required": True, "schema": {"type": "string"}}]
        kinds = {"content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}}}
        paths = {
            "/kinds": {"get": {"responses": {"200": {"description": "OK", **kinds}}}},
            "/tokens": {
                "get": {"responses": {"200": {"description": "OK", **many}}},
                "post": {"requestBody": one, "responses": {"201": {"description": "new", **one}}},
            },
            f"/tokens/{{{parameter}}}": {
                "parameters": names,
                "get": {"responses": {"200": {"description": "OK", **one}}},
            },
        }
        return RecordingBuilder(load_paths(tmp_path, paths))

    return build


@pytest.mark.parametrize(("parameter", "count"), [("secret_word", 0), ("token_name", 1)])
def test_rows_may_be_known_by_another_field(
    build: Callable[[str], RecordingBuilder], parameter: str, count: int
) -> None:
    """A listed row that is nowhere found by its name is told only where the path asks for a name."""
    builder, row = build(parameter), {"name": "ann", "secret": "s3"}
    label = f"GET /tokens/{{{parameter}}}"
    before = builder.add("GET /tokens", json_=[row])
    missed = builder.add(label, path="/tokens/ann", status=404, json_={})
    after = builder.add("GET /tokens", json_=[row])
    trace = FetchedRow(builder.api.name, missed.operation, row, missed, before, after)
    builder.recording.traces.append(trace)
    assert len(builder.check_clause("SD614", label)) == count


@pytest.mark.parametrize(("sent", "count"), [(b'{"name":"ann","expiresAt":"2001-01-01T00:00:00Z"}', 0), (b"{}", 1)])
def test_a_time_of_the_client_may_be_in_any_order(
    build: Callable[[str], RecordingBuilder], sent: bytes, count: int
) -> None:
    """A row that has expired before it was created is told only where no request has asked for that."""
    builder = build("name")
    row = {"name": "ann", "createdAt": "2026-01-01T00:00:00Z", "expiresAt": "2001-01-01T00:00:00.000Z"}
    builder.add("POST /tokens", status=201, json_=row, sent_body=sent)
    builder.add("GET /tokens", json_=[row])
    assert len(builder.check_clause("SD604", "GET /tokens")) == count


@pytest.mark.parametrize(("accepted", "count"), [("plain", 0), ("text", 1)])
def test_a_text_may_have_to_name_something(build: Callable[[str], RecordingBuilder], accepted: str, count: int) -> None:
    """A text of the shortest length is promised only where a text that nothing has shown is accepted."""
    builder, json_type = build("name"), [("content-type", "application/json")]

    def post(kind: str, status: int) -> Any:
        body = json.dumps({"name": "ann", "kind": kind}).encode()
        builder.sent_at += 1
        return builder.add("POST /tokens", status=status, json_={}, sent_body=body, sent_headers=json_type)

    builder.add("GET /kinds", json_=["plain", "other"])
    post("xx", 400)
    post(accepted, 201)
    assert len(builder.check_clause("SD305", "POST /tokens")) == count
