"""Rows that are members of rows of another resource: added, listed, asked for and removed."""

import json
from pathlib import Path
from typing import Any

import pytest

from specduet.mocks import Settings, create_app
from specduet.specs import load
from tests.mocks.raw_http import send_json

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def describe(schema: Any) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def build_document(member: dict[str, Any], **collection: Any) -> dict[str, Any]:
    """Return a document of users and teams; ``member`` are the operations of one member of a team."""
    user = {"type": "object", "required": ["id", "name"], "properties": {"id": NUMBER, "name": TEXT}}
    gone = {"204": {"description": ""}, "404": {"description": ""}}
    ids = {
        name: {"name": name, "in": "path", "required": True, "schema": NUMBER} for name in ("userId", "teamId", "id")
    }
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": {"name": TEXT}}}}}
    listed = {"200": describe({"type": "array", "items": {"$ref": "#/components/schemas/User"}})}
    shown = {"200": describe({"$ref": "#/components/schemas/User"}), "404": {"description": ""}}
    team = {"type": "object", "required": ["id", "title"], "properties": {"id": NUMBER, "title": TEXT}}
    members: dict[str, Any] = {"parameters": [ids["teamId"]], "get": {"responses": listed}, **collection}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Teams", "version": "1"},
        "paths": {
            "/users": {"get": {"responses": listed}, "post": {"requestBody": body, "responses": {"201": shown["200"]}}},
            "/users/{id}": {
                "parameters": [ids["id"]],
                "get": {"responses": shown},
                "patch": {"requestBody": body, "responses": shown},
                "delete": {"responses": gone},
            },
            "/teams": {
                "get": {"responses": {"200": describe({"type": "array", "items": team})}},
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"properties": {"title": TEXT}}}}},
                    "responses": {"201": describe(team)},
                },
            },
            "/teams/{teamId}": {
                "parameters": [ids["teamId"]],
                "get": {"responses": {"200": describe(team), "404": {"description": ""}}},
                "delete": {"responses": gone},
            },
            "/teams/{teamId}/members": members,
            "/teams/{teamId}/members/{userId}": {
                "parameters": [ids["teamId"], ids["userId"]],
                "delete": {"responses": gone},
                **member,
            },
        },
        "components": {"schemas": {"User": user}},
    }


class TeamsClient:
    """A client of the mock of such a document."""

    def __init__(self, folder: Path, document: dict[str, Any]) -> None:
        file = folder / "teams.json"
        file.write_text(json.dumps(document))
        self.app = create_app([load(file)], Settings(auth=False))

    def send(self, method: str, target: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and the JSON of a response."""
        response = send_json(self.app, method, target, body)
        return response.status, response.json if response.body else None

    def list_ids(self, target: str) -> list[int]:
        return [row["id"] for row in self.send("GET", target)[1]]

    def create_team(self) -> str:
        return f"/teams/{self.send('POST', '/teams', {'title': 'New'})[1]['id']}/members"


EMPTY, MISSING = {"description": ""}, {"404": {"description": ""}}
PUT = {"responses": {"204": EMPTY, **MISSING}}
ROLE = {"content": {"application/json": {"schema": {"type": "object", "properties": {"role": TEXT}}}}}
DOCUMENTS = {
    "no content": build_document({"put": PUT, "get": {"summary": "Check membership", **PUT}}),
    "created": build_document(
        {
            "put": {"requestBody": ROLE, "responses": {"201": EMPTY, "200": EMPTY, **MISSING}},
            "get": {"responses": {"200": describe({"$ref": "#/components/schemas/User"}), **MISSING}},
        }
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_members_come_and_go(tmp_path: Path, name: str) -> None:
    """Who is added is listed and found, as it is now, in this team alone; who is removed is not, and stays a user."""
    client = TeamsClient(tmp_path, DOCUMENTS[name])
    members, others = client.create_team(), client.create_team()
    one, two, *_ = client.list_ids("/users")
    assert client.list_ids(members) == []
    assert client.send("GET", f"{members}/{one}")[0] == 404
    first, second = (client.send("PUT", f"{members}/{one}", {})[0] for _ in range(2))
    assert (first, second) == ((204, 204) if name == "no content" else (201, 200))
    client.send("PUT", f"{members}/{two}", {})
    assert sorted(client.list_ids(members)) == sorted([one, two])
    assert client.send("GET", f"{members}/{one}")[0] in {200, 204}
    assert client.list_ids(others) == []
    client.send("PATCH", f"/users/{one}", {"name": "Renamed"})
    assert {"id": one, "name": "Renamed"} in client.send("GET", members)[1]
    assert client.send("DELETE", f"{members}/{one}")[0] == 204
    assert client.send("DELETE", f"{members}/{one}")[0] == 404
    assert client.send("GET", f"/users/{one}")[0] == 200
    client.send("DELETE", f"/users/{two}")
    assert client.list_ids(members) == []


def test_a_membership_may_name_the_member_by_another_name(tmp_path: Path) -> None:
    """A response that has nothing of the member but its id, called otherwise, has the id of who joined."""
    told = {"type": "object", "required": ["user_id"], "properties": {"user_id": NUMBER, "role": TEXT}}
    put = {"requestBody": ROLE, "responses": {"200": describe(told), **MISSING}}
    client = TeamsClient(tmp_path, build_document({"put": put}))
    members, user = client.create_team(), client.list_ids("/users")[3]
    status, joined = client.send("PUT", f"{members}/{user}", {})
    assert (status, joined["user_id"]) == (200, user)


def test_nobody_joins_what_is_not_there(tmp_path: Path) -> None:
    """An unknown user and an unknown team are 404, and nobody is added."""
    client = TeamsClient(tmp_path, DOCUMENTS["no content"])
    members, user = client.create_team(), client.list_ids("/users")[0]
    assert client.send("PUT", f"{members}/987654")[0] == 404
    assert client.send("PUT", f"/teams/987654/members/{user}")[0] == 404
    assert client.list_ids(members) == []


def test_a_body_may_name_the_member(tmp_path: Path) -> None:
    """A member is added by a POST to the list with its id, and no user is created."""
    sent = {"type": "object", "required": ["userId"], "properties": {"userId": NUMBER, "role": TEXT}}
    post = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": sent}}},
        "responses": {"201": describe({"$ref": "#/components/schemas/User"}), **MISSING},
    }
    client = TeamsClient(tmp_path, build_document({}, post=post))
    members, users = client.create_team(), client.list_ids("/users")
    status, added = client.send("POST", members, {"userId": users[1]})
    assert (status, added["id"]) == (201, users[1])
    assert client.list_ids(members) == [users[1]]
    assert client.list_ids("/users") == users


def test_members_are_part_of_the_state(tmp_path: Path) -> None:
    """Members are in the state and in snapshots; some teams have some to begin with."""
    client = TeamsClient(tmp_path, DOCUMENTS["no content"])
    begun = {team: client.list_ids(f"/teams/{team}/members") for team in client.list_ids("/teams")}
    assert all(begun.values())
    members, user = client.create_team(), client.list_ids("/users")[0]
    client.send("PUT", f"{members}/{user}")
    client.send("POST", "/__mock__/snapshots", {"name": "joined"})
    client.send("DELETE", f"{members}/{user}")
    client.send("POST", "/__mock__/snapshots/joined/restore")
    assert client.list_ids(members) == [user]
    state = client.send("GET", "/__mock__/state")[1]
    client.send("DELETE", f"{members}/{user}")
    assert client.send("PUT", "/__mock__/state", state)[0] == 204
    assert client.send("GET", "/__mock__/state")[1] == state
    assert client.list_ids(members) == [user]
    assert {team: client.list_ids(f"/teams/{team}/members") for team in begun} == begun
    client.send("POST", "/__mock__/reset")
    assert client.send("GET", members)[0] == 404
