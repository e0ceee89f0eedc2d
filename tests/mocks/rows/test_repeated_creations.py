"""Rows that one request creates again and again: prepared ahead, and yet the rows that any request creates."""

import json
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from tests.mocks.raw_http import RawResponse, send_json

TEXT, MOMENT = {"type": "string"}, {"type": "string", "format": "date-time"}
COUNT = 150


class ThingsClient:
    """A client of things whose ids have a given schema, without any statement about them."""

    def __init__(self, folder: Path, own_id: dict[str, Any], **properties: Any) -> None:
        thing = {
            "type": "object",
            "required": ["id", "name", "createdAt"],
            "properties": {
                "id": own_id,
                "name": TEXT,
                "owner": TEXT,
                "score": {"type": "number", "nullable": True},
                "createdAt": MOMENT,
                "updatedAt": MOMENT,
                **properties,
            },
        }
        body = {"type": "object", "required": ["name"], "properties": {"name": TEXT, "id": own_id}}
        shown = {"description": "", "content": {"application/json": {"schema": thing}}}
        listed = {"description": "", "content": {"application/json": {"schema": {"type": "array", "items": thing}}}}
        identity = {"name": "id", "in": "path", "required": True, "schema": own_id}
        create = {
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {"201": shown, "409": {"description": ""}},
        }
        item = {"parameters": [identity], "get": {"responses": {"200": shown, "404": {"description": ""}}}}
        item["delete"] = {"responses": {"204": {"description": ""}}}
        document = {
            "openapi": "3.0.3",
            "info": {"title": "Things", "version": "1"},
            "paths": {"/things": {"get": {"responses": {"200": listed}}, "post": create}, "/things/{id}": item},
        }
        file = folder / "things.json"
        file.write_text(json.dumps(document))
        self.app = create_app([file], Settings(auth=False))

    def send(self, method: str, target: str, body: Any = None) -> RawResponse:
        return send_json(self.app, method, target, body)

    def create(self, body: Any) -> Any:
        response = self.send("POST", "/things", body)
        assert response.status == 201, response
        assert response.headers["location"].endswith(f"/things/{response.json['id']}")
        return response.json


@pytest.mark.parametrize(
    "own_id",
    [
        {"type": "string", "format": "uuid"},
        {"type": "integer"},
        {"type": "string"},
        {"type": "string", "pattern": "^[a-z][0-9]{3}$"},
    ],
)
def test_repeated_requests_create_the_rows_of_different_ones(tmp_path: Path, own_id: dict[str, Any]) -> None:
    """The same request, sent often, creates the rows that different ones do, each with an id, and as it is fetched."""
    same, different = ThingsClient(tmp_path, own_id), ThingsClient(tmp_path, own_id)
    rows = [same.create({"name": "Roof"}) for _ in range(COUNT)]
    others = [different.create({"name": f"Roof {number}"}) for number in range(COUNT)]
    own = {"name": "", "createdAt": "", "updatedAt": ""}
    assert [{**row, **own} for row in rows] == [{**row, **own} for row in others]
    assert len({row["id"] for row in rows}) == COUNT
    assert [same.send("GET", f"/things/{row['id']}").json for row in rows] == rows
    assert [row["createdAt"] for row in rows] == sorted({row["createdAt"] for row in rows})


def test_a_chosen_number_is_not_given_again(tmp_path: Path) -> None:
    """A row with a number that the client chose, amid prepared ones, keeps it, and later rows have higher ones."""
    client = ThingsClient(tmp_path, {"type": "integer"})
    before = [client.create({"name": "Roof"})["id"] for _ in range(COUNT)]
    chosen = client.create({"name": "Door", "id": before[-1] + 2})
    after = [client.create({"name": "Roof"})["id"] for _ in range(3)]
    assert chosen["id"] == before[-1] + 2
    assert [chosen["id"], *after] == sorted({chosen["id"], *after})
    assert client.send("GET", f"/things/{chosen['id']}").json == chosen


def test_few_ids_are_used_up(tmp_path: Path) -> None:
    """Where there are fewer ids than rows, the last row with an id is the one that is there."""
    client = ThingsClient(tmp_path, {"type": "string", "pattern": "^[a-d][0-9]$"})
    rows = [client.create({"name": f"Roof {number % 2}"}) for number in range(60)]
    last = {row["id"]: row for row in rows}
    assert len(last) > 20
    assert all(client.send("GET", f"/things/{row['id']}").json == row for row in last.values())


def test_requests_may_alternate(tmp_path: Path) -> None:
    """Several requests in turn create what each of them says, also after a removal and a reset."""
    client = ThingsClient(tmp_path, {"type": "string", "format": "uuid"})
    bodies = [{"name": "Roof"}, {"name": "Door"}, {"name": "Wall"}]
    for _ in range(2):
        rows = [client.create(bodies[number % 3]) for number in range(COUNT)]
        assert [row["name"] for row in rows] == [bodies[number % 3]["name"] for number in range(COUNT)]
        client.send("DELETE", f"/things/{rows[0]['id']}")
        assert client.send("GET", f"/things/{rows[0]['id']}").status == 404
        assert client.create(bodies[0])["id"] not in {row["id"] for row in rows}
        client.send("POST", "/__mock__/reset")


def test_a_new_row_can_have_any_fields(tmp_path: Path) -> None:
    """Rows with deadlines, statuses, choices and maps are the same in the response to their creation and afterwards."""
    choice = {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"kind": TEXT}}]}
    client = ThingsClient(
        tmp_path,
        {"type": "string", "format": "uuid"},
        expiresAt=MOMENT,
        status={"type": "string", "enum": ["open", "running", "done"]},
        finishedAt={**MOMENT, "nullable": True},
        choice=choice,
        labels={"type": "object", "additionalProperties": TEXT},
    )
    rows = [client.create({"name": "Roof"}) for _ in range(COUNT)]
    assert [client.send("GET", f"/things/{row['id']}").json for row in rows] == rows
