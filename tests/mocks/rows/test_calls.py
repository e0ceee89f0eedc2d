"""Services where paths have verbs and bodies have ids, and searches by POST."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.mocks.rows.conftest import RowClient

NOTE = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "folder_id": {"type": "string"}},
}
PAGE = {"type": "object", "properties": {"notes": {"type": "array", "items": NOTE}, "next_cursor": {"type": "string"}}}
ONE = {"type": "object", "properties": {"ok": {"type": "boolean"}, "note": NOTE}}
DONE = {"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}}


def describe_call(shown: Any, status: str = "200", **sent: str) -> dict[str, Any]:
    """Return a POST with these properties in its body: ``id="string"``."""
    body = {"type": "object", "properties": {name: {"type": kind} for name, kind in sent.items()}}
    response = {"description": "It", "content": {"application/json": {"schema": shown}}}
    refused = {"description": "No", "content": {"application/json": {"schema": DONE}}}
    return {
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"200": response, status: refused if status != "200" else response},
    }


CALLS = {
    "/notes.list": {"post": describe_call(PAGE, limit="integer", cursor="string", folder_id="string")},
    "/notes.info": {"post": describe_call(ONE, "400", note_id="string")},
    "/notes.create": {"post": describe_call(ONE, title="string", folder_id="string")},
    "/notes.rename": {"post": describe_call(ONE, note_id="string", title="string")},
    "/notes.delete": {"post": describe_call(DONE, note_id="string")},
}


@pytest.fixture
def notes(tmp_path: Path) -> RowClient:
    return make_client(tmp_path, CALLS)


def make_client(folder: Path, paths: dict[str, Any]) -> RowClient:
    path = folder / "notes.json"
    path.write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "Notes", "version": "1"}, "paths": paths}))
    return RowClient(path, infer=True)


def list_all(client: RowClient, target: str, size: int = 7, **filters: str) -> list[str]:
    """Return the ids of all pages of a list by POST."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(50):
        page = client.send("POST", target, {"limit": size, **filters, **cursor}).json
        assert len(page["notes"]) <= size
        found += [row["id"] for row in page["notes"]]
        if not page.get("next_cursor"):
            return found
        cursor = {"cursor": page["next_cursor"]}
    raise AssertionError("the list has no end")


def test_calls_work_on_rows(notes: RowClient) -> None:
    """What a call creates, others list, fetch, change and delete, by the id in their bodies."""
    made = notes.send("POST", "/notes.create", {"title": "Plan", "folder_id": "f1"}).json["note"]
    assert made["title"] == "Plan"
    named = {"note_id": made["id"]}
    assert notes.send("POST", "/notes.info", named).json["note"] == made
    assert notes.send("POST", "/notes.rename", {**named, "title": "New"}).json["note"]["title"] == "New"
    assert notes.send("POST", "/notes.info", named).json["note"]["title"] == "New"
    found = list_all(notes, "/notes.list")
    assert made["id"] in found
    assert len(found) == len(set(found)) > 7
    assert list_all(notes, "/notes.list", folder_id="f1") == [made["id"]]
    assert notes.send("POST", "/notes.delete", named).json == {"ok": True}
    assert made["id"] not in list_all(notes, "/notes.list")


def test_an_unknown_id_is_refused_as_documented(notes: RowClient) -> None:
    """400 where a call documents that and no 404; else 404; also for a body without an id."""
    assert notes.send("POST", "/notes.info", {"note_id": "none"}).status == 400
    assert notes.send("POST", "/notes.info", {}).status == 400
    assert notes.send("POST", "/notes.delete", {"note_id": "none"}).status == 404


def test_a_token_in_a_body_is_refused_there(notes: RowClient) -> None:
    """A token that no response gave is an invalid property of the body."""
    answer = notes.send("POST", "/notes.list", {"cursor": "nonsense"})
    assert 400 <= answer.status < 500


def test_a_search_by_post_creates_nothing(tmp_path: Path) -> None:
    """It shows the rows of its collection, page by page, and filters by what its body names."""
    shown = {"description": "It", "content": {"application/json": {"schema": NOTE}}}
    listed = {"description": "All", "content": {"application/json": {"schema": PAGE}}}
    sent = {"requestBody": {"content": {"application/json": {"schema": NOTE}}}, "responses": {"201": shown}}
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    given = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    client = make_client(
        tmp_path,
        {
            "/notes": {"get": {"parameters": [limit], "responses": {"200": listed}}, "post": sent},
            "/notes/{id}": {"get": {"parameters": [given], "responses": {"200": shown}}},
            "/notes/search": {"post": describe_call(PAGE, limit="integer", cursor="string", folder_id="string")},
        },
    )
    made = client.send("POST", "/notes", {"id": "x", "title": "Plan", "folder_id": "f1"}).json
    before = client.get("/notes?limit=1000")["notes"]
    found = list_all(client, "/notes/search")
    assert sorted(found) == sorted(row["id"] for row in before)
    assert list_all(client, "/notes/search", folder_id="f1") == [made["id"]]
    assert client.get("/notes?limit=1000")["notes"] == before


@pytest.mark.parametrize("name", ["ID", "noteId", "note_id"])
def test_a_creation_may_tell_the_id_by_another_name(tmp_path: Path, name: str) -> None:
    """A response that has no row but its id names the row that was made, in whatever spelling."""
    told = {"type": "object", "required": [name], "properties": {name: {"type": "string"}}}
    calls = {**CALLS, "/notes.create": {"post": describe_call(told, title="string")}}
    client = make_client(tmp_path, calls)
    number = client.send("POST", "/notes.create", {"title": "Plan"}).json[name]
    assert client.send("POST", "/notes.info", {"note_id": number}).json["note"]["title"] == "Plan"


CONDITION = {
    "type": "object",
    "properties": {"field": {"type": "string"}, "operator": {"type": "string"}, "value": {}},
}
FILTERS = {
    "where": {"type": "string"},
    "query": CONDITION,
    "filters": {"type": "array", "items": CONDITION},
    "filterGroups": {
        "type": "array",
        "items": {"type": "object", "properties": {"filters": {"type": "array", "items": CONDITION}}},
    },
    "filter": {
        "type": "object",
        "properties": {
            "size": {"type": "object", "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}}}
        },
    },
    "size": {"type": "object", "properties": {"startAt": {"type": "integer"}, "endAt": {"type": "integer"}}},
}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"query": {"field": "title", "operator": "=", "value": "b"}}, "b"),
        ({"query": {"field": "size", "operator": ">", "value": "1"}}, "bc"),
        ({"query": {"field": "size", "operator": "in", "value": [1, "3"]}}, "ac"),
        ({"query": {"operator": "OR", "value": [{"field": "title", "operator": "=", "value": t} for t in "ac"]}}, "ac"),
        (
            {
                "filters": [
                    {"field": "size", "operator": "gte", "value": 2},
                    {"field": "size", "operator": "lt", "value": 3},
                ]
            },
            "b",
        ),
        ({"filters": [{"field": "Title", "operator": "not equals", "value": "a"}]}, "bc"),
        ({"filters": [{"field": "mood", "operator": "eq", "value": "good"}]}, "abc"),
        ({"filterGroups": [{"filters": [{"field": "title", "operator": "EQ", "value": t}]} for t in "ab"]}, "ab"),
        ({"filter": {"size": {"min": 2, "max": 2}}}, "b"),
        ({"filter": {"size": {}}, "filters": []}, "abc"),
        ({"size": {"startAt": 2, "endAt": 2}}, "b"),
        ({"where": 'equals(title,"b")'}, "b"),
        ({"where": "greater-than(size,1),less-than(size,3)"}, "b"),
        ({"where": "size gt 1 and title eq 'c'"}, "c"),
        ({"where": "size>=2;title!=b"}, "c"),
        ({"where": "nothing that is known"}, "abc"),
    ],
)
def test_a_search_takes_conditions(tmp_path: Path, body: dict[str, Any], expected: str) -> None:
    """Fields, operators and values, alone, in lists and in groups; of a field that rows lack nothing is asked."""
    note = {
        **NOTE,
        "properties": {**NOTE["properties"], "size": {"type": "integer"}},
        "required": ["id", "title", "size"],
    }
    page = {"type": "object", "properties": {"notes": {"type": "array", "items": note}}}

    def describe(schema: Any) -> Any:
        return {"description": "It", "content": {"application/json": {"schema": schema}}}

    search = {"type": "object", "properties": FILTERS}
    client = make_client(
        tmp_path,
        {
            "/notes": {
                "get": {"responses": {"200": describe(page)}},
                "post": {"requestBody": describe(note), "responses": {"201": describe(note)}},
            },
            "/notes/search": {"post": {"requestBody": describe(search), "responses": {"200": describe(page)}}},
        },
    )
    for size, title in enumerate("abc", start=1):
        client.send("POST", "/notes", {"id": title, "title": title, "size": size, "folder_id": "tested"})
    found = client.send("POST", "/notes/search", body).json["notes"]
    assert "".join(sorted(row["title"] for row in found if row.get("folder_id") == "tested")) == expected
