"""Rows of the mock's state in the media type that the client accepts."""

import json
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import create_app
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw

SCHEMA = {"$ref": "#/components/schemas/Pet"}
LIST = {"type": "array", "items": SCHEMA}


def serve(tmp_path: Path, media_types: list[str], **more: Any) -> Any:
    """Return the mock of a list and of one item, each in all of the media types."""

    def describe(schema: Any) -> dict[str, Any]:
        content = {media_type: {"schema": schema} for media_type in media_types}
        return {"200": {"description": "", "content": content}, **more}

    path_id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    basis = {"resource": "pet", "basis": "assumed"}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Pets", "version": "1"},
        "paths": {
            "/pets": {"get": {"responses": describe(LIST), "x-specduet": {"lists": basis}}},
            "/pets/{id}": {
                "get": {
                    "parameters": [path_id],
                    "responses": describe(SCHEMA),
                    "x-specduet": {
                        "fetches": {
                            **basis,
                            "parameter": "id",
                            "field": "id",
                            "unknown": 404,
                            "unknown-basis": "assumed",
                        }
                    },
                }
            },
        },
        "components": {
            "schemas": {
                "Pet": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {"id": {"type": "string", "format": "uuid"}},
                    "x-specduet": {"resource": "pet", "id": {"field": "id", "basis": "assumed"}},
                }
            }
        },
    }
    file = tmp_path / "pets.json"
    file.write_text(json.dumps(document))
    return create_app([file])


def request(mock: Any, accept: str, target: str = "/pets") -> RawResponse:
    headers = [(b"accept", accept.encode())] if accept else []
    return send_raw(mock, RawRequest("GET", target, headers))


@pytest.mark.parametrize(
    ("documented", "accept", "media_type", "start"),
    [
        (["application/json", "application/xml"], "", "application/json", b'[{"id":"'),
        (["application/json", "application/xml"], "application/xml", "application/xml", b"<?xml"),
        (["application/json", "application/xml"], "application/xml;q=0.5, */*", "application/json", b'[{"id":"'),
        (["application/json", "text/csv"], "text/csv", "text/csv", b"id\r\n"),
        (["application/json", "application/vnd.a+json"], "application/vnd.a+json", "application/vnd.a+json", b"[{"),
        (["application/json"], "application/xml", "application/json", b"[{"),
        (["*/*"], "application/xml", "application/xml", b"<?xml"),
        (["application/xml"], "", "application/xml", b"<?xml"),
        (["application/x-ndjson"], "", "application/x-ndjson", b'{"id":"'),
    ],
)
def test_rows_in_every_media_type(
    tmp_path: Path, documented: list[str], accept: str, media_type: str, start: bytes
) -> None:
    """A list is written in the documented type that ``Accept`` prefers, as any other body is."""
    response = request(serve(tmp_path, documented), accept)
    assert (response.status, response.headers["content-type"]) == (200, media_type)
    assert response.body.startswith(start)


def test_one_item_in_xml(tmp_path: Path) -> None:
    """The item of a list is fetched in XML and is the same item."""
    mock = serve(tmp_path, ["application/json", "application/xml"])
    item_id = request(mock, "").json[0]["id"]
    assert f"<id>{item_id}</id>".encode() in request(mock, "application/xml", f"/pets/{item_id}").body


def test_rows_that_a_client_does_not_accept(tmp_path: Path) -> None:
    """Where a 406 is documented, a client that accepts none of the types gets it."""
    mock = serve(tmp_path, ["application/json", "text/csv"], **{"406": {"description": ""}})
    assert [request(mock, accept).status for accept in ("image/png", "text/csv", "*/*", "")] == [406, 200, 200, 200]
