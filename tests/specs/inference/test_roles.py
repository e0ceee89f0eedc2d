"""Roles of operations: a table of paths with their labels."""

from typing import Any

import pytest

from tests.specs.inference.conftest import Infer, describe_json

BOOK = {"$ref": "#/components/schemas/Book"}
ONE = {"responses": {"200": describe_json(BOOK)}}
MANY = {"responses": {"200": describe_json({"type": "array", "items": BOOK})}}
SENT = {"requestBody": describe_json(BOOK), **ONE}

LABELS: dict[str, tuple[dict[str, Any], str]] = {
    "GET /books": (MANY, "list"),
    "POST /books": (SENT, "create"),
    "DELETE /books": ({}, "other"),
    "POST /books/search": (MANY, "list"),
    "GET /books/{bookId}": (ONE, "fetch"),
    "PUT /books/{bookId}": (SENT, "replace"),
    "PATCH /books/{bookId}": (SENT, "update"),
    "DELETE /books/{bookId}": ({}, "delete"),
    "POST /books/{bookId}/publish": (ONE, "action"),
    "POST /books/{bookId}/addReaders": ({}, "action"),
    "GET /books/{bookId}/pages": (MANY, "list"),
    "GET /books/{bookId}/cover": (ONE, "fetch"),
    "DELETE /books/{bookId}/cover": ({"summary": "Deletes the cover"}, "delete"),
    "POST /books/{bookId}:archive": (ONE, "action"),
    "GET /account": (ONE, "fetch"),
    "PATCH /account": ({"summary": "Change the account", **SENT}, "update"),
    "GET /v1/Shelves.json": (MANY, "list"),
    "GET /v1/Shelves/{Sid}.json": (ONE, "fetch"),
    "POST /v1/Shelves/{Sid}.json": (SENT, "update"),
    "GET /reports/{date}": ({"summary": "List the reports of a day", **MANY}, "list"),
    "GET /flags/contains": (
        {"responses": {"200": describe_json({"type": "array", "items": {"type": "boolean"}})}},
        "other",
    ),
    "PUT /player/volume": ({"summary": "Set the volume"}, "action"),
}


MORE_LABELS: dict[str, tuple[dict[str, Any], str]] = {
    "GET /installations/{id}": (ONE, "fetch"),
    "PUT /installations/{id}/suspended": ({"summary": "Suspend an installation"}, "action"),
    "DELETE /installations/{id}/suspended": ({"summary": "Unsuspend an installation"}, "action"),
    "GET /me/albums": (MANY, "list"),
    "PUT /me/albums": ({"summary": "Save albums"}, "other"),
    "DELETE /me/albums": ({"summary": "Remove albums"}, "other"),
    "GET /blocks/{id}/children": (MANY, "list"),
    "PATCH /blocks/{id}/children": ({"summary": "Append children"}, "other"),
    "POST /databases/{id}/query": (MANY, "other"),
    "GET /balance": (ONE, "fetch"),
    "POST /videos/{id}/thumbnail": ({"summary": "Upload a thumbnail", **ONE}, "create"),
    "PATCH /videos/{id}/thumbnail": ({"summary": "Pick a thumbnail", **ONE}, "action"),
    "POST /deliveries/{id}/attempts": ({"summary": "Redeliver it"}, "action"),
    "POST /auth/refresh": ({"summary": "Refresh a token", **ONE}, "action"),
    "GET /related-artists": (
        {"responses": {"200": describe_json({"properties": {"artists": {"type": "array", "items": BOOK}}})}},
        "list",
    ),
    "PUT /pulls/{id}/update-branch": ({"summary": "Update the branch"}, "action"),
    "GET /config": (ONE, "fetch"),
    "PUT /config": ({"summary": "Replace the configuration", **SENT}, "replace"),
    "HEAD /config": ({}, "other"),
    "GET /keys/{id}/exists": ({"summary": "Check a key", "responses": {"204": {"description": "Yes"}}}, "other"),
    "POST /users/bulk": ({"summary": "Delete users"}, "action"),
}


@pytest.mark.parametrize("labels", [LABELS, MORE_LABELS], ids=["usual", "unusual"])
def test_roles_follow_path_method_response_and_verb(
    infer: Infer, labels: dict[str, tuple[dict[str, Any], str]]
) -> None:
    """Each path of a table has the role that a reader gives it, and a reason."""
    api = infer({label: operation for label, (operation, _) in labels.items()})
    found = {operation.label: operation.role.name for operation in api.operations}
    assert found == {label: role for label, (_, role) in labels.items()}
    assert all(operation.role.evidence for operation in api.operations if operation.method != "HEAD")


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "array", "items": BOOK}, None),
        ({"properties": {"data": {"type": "array", "items": BOOK}, "has_more": {"type": "boolean"}}}, "data"),
        ({"properties": {"books": {"type": "array", "items": BOOK}, "total": {"type": "integer"}}}, "books"),
        (
            {"properties": {"books": {"properties": {"items": {"type": "array", "items": BOOK}}}}},
            "books.items",
        ),
        (
            {"allOf": [{"properties": {"items": {"type": "array", "items": BOOK}}}, {"properties": {"next": {}}}]},
            "items",
        ),
    ],
)
def test_lists_are_found_in_envelopes(infer: Infer, schema: dict[str, Any], path: str | None) -> None:
    """A list of rows is found bare, under a known name or the resource's own, one level down, and in compositions."""
    api = infer({"GET /books": {"responses": {"200": describe_json(schema)}}, "GET /books/{id}": ONE})
    behavior = api.operations[0].behavior
    assert behavior.lists
    assert behavior.lists.resource == "book"
    assert (behavior.envelope.response if behavior.envelope else None) == path


@pytest.mark.parametrize(
    ("path", "shown", "envelope"),
    [
        ("rare_books", {"book": BOOK}, "book"),
        ("volumes", {"ok": {"type": "boolean"}, "tome": BOOK}, "tome"),
        ("volumes", {"tome": BOOK}, "tome"),
        ("volumes", {"data": BOOK, "policies": {"type": "array", "items": {"type": "object"}}}, "data"),
        ("volumes", {"volume": BOOK, "comments": {"type": "array"}, "editor": {"type": "string"}}, "volume"),
        ("volumes", {"title": {"type": "string"}, "shelf": {"properties": {"code": {"type": "string"}}}}, None),
    ],
)
def test_one_row_is_found_in_its_envelope(infer: Infer, path: str, shown: dict[str, Any], envelope: str | None) -> None:
    """A row is under its own name, its last word, a known name, or alone beside a flag; else the object is the row."""
    one = {"responses": {"200": describe_json({"type": "object", "properties": shown})}}
    behavior = infer({f"GET /{path}/{{id}}": one}).operations[0].behavior
    assert (behavior.envelope.response if behavior.envelope else None) == envelope


def test_operations_of_one_collection_are_about_one_resource(infer: Infer) -> None:
    """List, creation, fetch, update, replacement and deletion name one resource and find its rows by the path."""
    api = infer({label: operation for label, (operation, _) in LABELS.items() if label.endswith(("books", "bookId}"))})
    assert list(api.resources) == ["book"]
    assert api.resources["book"].behavior.id.field == "id"
    lookups = [o.behavior.lookup for o in api.operations if o.behavior.lookup]
    assert {type(lookup).__name__ for lookup in lookups} == {"Fetches", "Replaces", "Updates", "Deletes"}
    assert {(lookup.field, lookup.parameter) for lookup in lookups} == {("id", "bookId")}


def test_nested_collections_have_a_scope(infer: Infer) -> None:
    """A collection below an item is kept apart by its parent, in the field that names it or a hidden one."""
    note = {"type": "object", "properties": {"id": {"type": "string"}, "text": {"type": "string"}}}
    many = {"responses": {"200": describe_json({"type": "array", "items": {"$ref": "#/components/schemas/Note"}})}}
    shelf = {"type": "object", "properties": {"id": {"type": "string"}, "room": {"type": "string"}}}
    api = infer(
        {
            "GET /shelves/{id}": {"responses": {"200": describe_json({"$ref": "#/components/schemas/Shelf"})}},
            "GET /shelves/{shelf_id}/books": MANY,
            "GET /shelves/{shelf_id}/books/{book_id}": ONE,
            "GET /shelves/{shelf_id}/books/{book_id}/notes": many,
        },
        Note=note,
        Shelf=shelf,
    )
    books, notes = api.operations[1].behavior, api.operations[3].behavior
    assert books.scope
    assert (books.scope.parameter, books.scope.field, books.scope.resource, books.scope.hidden) == (
        "shelf_id",
        "shelf_id",
        "shelf",
        False,
    )
    assert notes.scope
    assert (notes.scope.field, notes.scope.resource, notes.scope.hidden) == ("book_id", "book", True)
    assert [scope.resource for scope in notes.ancestors] == ["shelf"]
    assert [operation.role.parent for operation in api.operations] == ["", "shelf", "shelf", "book"]
