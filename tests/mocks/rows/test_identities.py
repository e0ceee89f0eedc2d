"""Ids of rows: those that the paths to them allow."""

import json
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from tests.mocks.raw_http import RawRequest, send_raw


def serve_things(tmp_path: Path, own: dict[str, Any], parameter: dict[str, Any]) -> Any:
    """Return a function that gets the JSON at a path; the ids of its things have one schema in rows, one in paths."""
    thing = {"type": "object", "required": ["id"], "properties": {"id": own, "name": {"type": "string"}}}
    shown = {"200": {"description": "", "content": {"application/json": {"schema": thing}}}}
    rows = {"type": "array", "items": thing}
    listed = {"200": {"description": "", "content": {"application/json": {"schema": rows}}}}
    id_parameter = {"name": "id", "in": "path", "required": True, "schema": parameter}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {
            "/things": {"get": {"responses": listed}},
            "/things/{id}": {"get": {"parameters": [id_parameter], "responses": shown}},
        },
    }
    file = tmp_path / "things.json"
    file.write_text(json.dumps(document))
    app = create_app([file], Settings(auth=False))
    return lambda target: send_raw(app, RawRequest("GET", target))


@pytest.mark.parametrize(
    ("own", "parameter"),
    [
        ({"type": "integer"}, {"type": "integer", "minimum": 1, "maximum": 5}),
        ({"type": "integer"}, {"type": "integer", "minimum": 1000}),
        ({"type": "string"}, {"type": "string", "format": "uuid"}),
        ({"type": "string"}, {"type": "string", "pattern": "^T[0-9]{4}$"}),
        ({"type": "string", "example": "one"}, {"type": "string"}),
        ({"type": "integer"}, {"type": "string"}),
        ({"type": "string"}, {"type": "integer"}),
        ({"type": "string", "example": "1295"}, {"type": "integer", "minimum": 1000}),
    ],
)
def test_every_listed_row_can_be_fetched(tmp_path: Path, own: dict[str, Any], parameter: dict[str, Any]) -> None:
    """Each id is one that the path takes, no two rows have the same, and the row is found by it."""
    get = serve_things(tmp_path, own, parameter)
    rows = get("/things").json
    assert rows
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert get(f"/things/{row['id']}").json == row
