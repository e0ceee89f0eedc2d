"""Files of items, of which the document says no more than their media type."""

import json
from pathlib import Path

from specduet.mocks import Settings, create_app
from specduet.specs import load
from tests.mocks.raw_http import RawRequest, send_raw

ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
IMAGE = {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
USER = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
PATHS = {
    "/users": {
        "get": {
            "responses": {
                "200": {
                    "description": "Users",
                    "content": {"application/json": {"schema": {"type": "array", "items": USER}}},
                }
            }
        }
    },
    "/users/{id}": {
        "parameters": [ID],
        "get": {"responses": {"200": {"description": "It", "content": {"application/json": {"schema": USER}}}}},
    },
    "/users/{id}/avatar": {
        "parameters": [ID],
        "get": {"responses": {"200": {"description": "It", **IMAGE}, "404": {"description": "None"}}},
        "put": {"summary": "Upload it", "requestBody": IMAGE, "responses": {"204": {"description": "Done"}}},
        "delete": {"summary": "Delete it", "responses": {"204": {"description": "Gone"}}},
    },
}


def test_the_file_of_an_item_is_what_was_uploaded(tmp_path: Path) -> None:
    """An uploaded file is downloaded byte by byte, is gone after its removal, and belongs to an item that exists."""
    path = tmp_path / "users.json"
    path.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "Users", "version": "1"}, "paths": PATHS}))
    app = create_app([load(path)], Settings(auth=False))
    (number, *_) = [row["id"] for row in send_raw(app, RawRequest("GET", "/users")).json]
    avatar = f"/users/{number}/avatar"
    assert send_raw(app, RawRequest("PUT", avatar, [(b"content-type", b"image/png")], b"\x89PNG!")).status == 204
    downloaded = send_raw(app, RawRequest("GET", avatar))
    assert (downloaded.status, downloaded.headers["content-type"], downloaded.body) == (200, "image/png", b"\x89PNG!")
    assert send_raw(app, RawRequest("DELETE", avatar)).status == 204
    assert send_raw(app, RawRequest("GET", avatar)).status == 404
    assert send_raw(app, RawRequest("GET", "/users/-1/avatar")).status == 404
