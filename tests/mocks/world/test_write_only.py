"""Properties for requests alone: no row has them, also where the document requires them."""

import json
from pathlib import Path
from typing import Any

from specduet.mocks.settings import CallerIdentity, Settings
from specduet.mocks.world import Clock, World
from specduet.specs import load

USER = {
    "type": "object",
    "x-specduet": {"resource": "user", "id": {"field": "id", "basis": "assumed"}},
    "required": ["id", "password", "pin"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "password": {"type": "string", "writeOnly": True},
        "pin": {"$ref": "#/components/schemas/Pin"},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Users", "version": "1"},
    "paths": {
        "/users": {
            "get": {
                "operationId": "list_users",
                "x-specduet": {"lists": {"resource": "user", "basis": "assumed"}},
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/User"}}
                            }
                        },
                    }
                },
            }
        }
    },
    "components": {"schemas": {"User": USER, "Pin": {"type": "integer", "writeOnly": True}}},
}


def test_rows_have_no_write_only_property(tmp_path: Path) -> None:
    """Rows of a schema that requires two writeOnly properties are listed without them."""
    path = tmp_path / "users.json"
    path.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    api = load(str(path))
    settings = Settings()
    world = World(api, settings, Clock(settings.epoch))
    rows = json.loads(world.list_rows(api.operation("list_users"), {}, CallerIdentity()))
    assert rows
    assert all(row.keys() == {"id"} for row in rows)
