"""Calls: paths with a verb, of services where everything is a POST, and searches by POST."""

from typing import Any

import pytest

from specduet.specs import Api
from tests.specs.inference.conftest import BOOK, Infer, describe_json

BOOK_REF = {"$ref": "#/components/schemas/Book"}
ONE = {
    "responses": {"200": describe_json({"type": "object", "properties": {"ok": {"type": "boolean"}, "book": BOOK_REF}})}
}
MANY = {
    "responses": {
        "200": describe_json(
            {
                "type": "object",
                "properties": {"books": {"type": "array", "items": BOOK_REF}, "next_cursor": {"type": "string"}},
            }
        )
    }
}
DONE = {"responses": {"200": describe_json({"type": "object", "properties": {"ok": {"type": "boolean"}}})}}


def send(**properties: Any) -> dict[str, Any]:
    """Return a body of these properties: ``send(id="string")``."""
    schema = {"type": "object", "properties": {name: _describe(kind) for name, kind in properties.items()}}
    return {"requestBody": describe_json(schema)}


def _describe(kind: Any) -> Any:
    if isinstance(kind, dict):
        return {"type": "object", "properties": {name: _describe(inner) for name, inner in kind.items()}}
    return {"type": kind}


STYLES = {
    "dotted": ("books.list", "books.info", "books.create", "books.update", "books.delete"),
    "last part": ("book/list", "book/get", "book/create", "book/update", "book/remove"),
    "own noun": ("books/getBooks", "books/getBook", "books/createBook", "books/editBook", "books/deleteBook"),
    "verb first": ("getBooks", "getBook", "createBook", "updateBook", "deleteBook"),
    "snake": ("list_books", "get_book", "add_book", "edit_book", "remove_book"),
    "custom": ("books:list", "books:get", "books:create", "books:update", "books:delete"),
}


def infer_style(infer: Infer, paths: tuple[str, ...], key: str = "book_id") -> Api:
    listed, fetched, created, updated, deleted = (f"POST /{path}" for path in paths)
    return infer(
        {
            listed: {**MANY, **send(limit="integer", cursor="string", shelf_id="string")},
            fetched: {**ONE, **send(**{key: "string"})},
            created: {**ONE, **send(title="string")},
            updated: {**ONE, **send(**{key: "string", "title": "string"})},
            deleted: {**DONE, **send(**{key: "string"})},
        }
    )


@pytest.mark.parametrize("style", STYLES)
def test_verbs_in_paths_are_roles(infer: Infer, style: str) -> None:
    """Whatever way the paths have their verbs, the five roles are found, all about one resource."""
    api = infer_style(infer, STYLES[style])
    assert [o.role.name for o in api.operations] == ["list", "fetch", "create", "update", "delete"]
    assert {o.behavior.subject and o.behavior.subject.resource for o in api.operations} == {"book"}


@pytest.mark.parametrize("key", ["id", "book_id", "bookId", "book", "book_uuid"])
def test_the_id_of_a_call_is_in_its_body(infer: Infer, key: str) -> None:
    """A property that is named as the row, or as its id, finds it; rows have the id in their own field."""
    api = infer_style(infer, STYLES["dotted"], key)
    lookups = [o.behavior.lookup for o in api.operations if o.behavior.lookup]
    assert [(lookup.parameter, lookup.field, lookup.basis) for lookup in lookups] == [
        (f"body/{key}", "id", "assumed")
    ] * 3


def test_the_id_of_a_call_is_in_its_query(infer: Infer) -> None:
    """A GET has the id in its query, which may be called as the envelope of the row is."""
    parameter = {"name": "book", "in": "query", "schema": {"type": "string"}}
    api = infer({"GET /volumes.info": {**ONE, "parameters": [parameter]}, "GET /volumes.list": MANY})
    assert api.operations[0].behavior.fetches
    assert api.operations[0].behavior.fetches.parameter == "query/book"
    assert api.operations[0].behavior.reads is None  # no path leads to the row


def test_parameters_of_a_list_are_in_its_body(infer: Infer) -> None:
    """Limit, token and filters are properties of the body, also inside ``pagination`` and ``query.filter``."""
    flat = send(limit="integer", cursor="string", shelf_id="string")
    deep = send(pagination={"per_page": "integer", "cursor": "string"}, query={"filter": {"shelf_id": "string"}})
    shown = {"GET /books/{id}": {"responses": {"200": describe_json(BOOK_REF)}}}
    for body, places in (
        (flat, ("body/limit", "body/cursor", "body/shelf_id")),
        (deep, ("body/pagination/per_page", "body/pagination/cursor", "body/query/filter/shelf_id")),
    ):
        api = infer({"POST /books/search": {**MANY, **body}, **shown})
        behavior = api.operations[0].behavior
        assert behavior.lists
        assert behavior.limit
        assert behavior.token
        assert (behavior.limit.parameter, behavior.token.parameter, *behavior.filters) == places
        assert {behavior.lists.basis, behavior.limit.basis, *(f.basis for f in behavior.filters.values())} == {
            "assumed"
        }


def test_a_search_of_other_rows_is_none_of_the_resource(infer: Infer) -> None:
    """What a search returns has to be like the rows of its collection, and there has to be one."""
    hit = {"type": "object", "properties": {"score": {"type": "number"}, "text": {"type": "string"}}}
    hits = {"responses": {"200": describe_json({"type": "array", "items": hit})}}
    api = infer({"GET /books": MANY, "POST /books/search": hits, "POST /journals/search": MANY})
    assert [o.role.name for o in api.operations] == ["list", "other", "other"]


def test_other_verbs_with_an_id_are_actions(infer: Infer) -> None:
    """``/books.archive`` is an action on the row that its body names; one without an id is none."""
    api = infer(
        {
            "POST /books.info": {**ONE, **send(id="string")},
            "POST /books.archive": {**ONE, **send(id="string")},
            "POST /books.setTitle": {**ONE, **send(id="string", title="string")},
            "POST /books.purge": DONE,
        }
    )
    acts = [o.behavior.acts and o.behavior.acts.parameter for o in api.operations]
    assert acts == [None, "body/id", "body/id", None]


def test_verbs_after_an_item_are_roles_too(infer: Infer) -> None:
    """``POST /books/{id}/update`` and ``/delete`` change the row of the path, and ``/json`` is only a format."""
    api = infer(
        {
            "GET /books/json": {"responses": {"200": describe_json({"type": "array", "items": BOOK_REF})}},
            "POST /books/create": {"requestBody": describe_json(BOOK), "responses": {"201": describe_json(BOOK_REF)}},
            "GET /books/{id}/json": {"responses": {"200": describe_json(BOOK_REF)}},
            "POST /books/{id}/update": {"requestBody": describe_json(BOOK), **DONE},
            "POST /books/{id}/delete": DONE,
        }
    )
    assert [o.role.name for o in api.operations] == ["list", "create", "fetch", "update", "delete"]
    assert {o.behavior.subject and o.behavior.subject.resource for o in api.operations} == {"book"}
    creates = api.operations[1].behavior.creates
    assert creates
    assert creates.basis == "inferred"


def test_calls_on_several_rows_are_none_on_one(infer: Infer) -> None:
    """What deletes or changes by a filter, or a batch, is an action at most; a POST that gets rows is a list."""
    api = infer(
        {
            "GET /books": MANY,
            "GET /books/{id}": {"responses": {"200": describe_json(BOOK_REF)}},
            "POST /books/delete": {**DONE, **send(filter={"title": "string"})},
            "POST /books/batch/create": {**MANY, **send(title="string")},
            "POST /books": {"summary": "Get books", **MANY, **send(limit="integer")},
        }
    )
    found = {o.label: (o.role.name, o.behavior.subject is not None) for o in api.operations}
    assert found["POST /books/delete"] == ("other", False)
    assert found["POST /books/batch/create"] == ("other", False)
    assert found["POST /books"] == ("list", True)


def test_verbs_before_an_id_are_roles_too(infer: Infer) -> None:
    """``PUT /books/update/{id}`` changes the row of ``/books``; a noun before an id is a collection of its own."""
    shown = {"responses": {"200": describe_json(BOOK_REF)}}
    api = infer(
        {
            "GET /books/list": {"responses": {"200": describe_json({"type": "array", "items": BOOK_REF})}},
            "GET /books/getById/{id}": shown,
            "PUT /books/update/{id}": {"requestBody": describe_json(BOOK), **shown},
            "DELETE /books/delete/{id}": DONE,
            "POST /books/archive/{id}": shown,
            "GET /books/schedule/{id}": {"responses": {"200": describe_json({"properties": {"id": {}, "day": {}}})}},
        }
    )
    assert [o.role.name for o in api.operations] == ["list", "fetch", "update", "delete", "action", "fetch"]
    named = [o.behavior.subject.resource for o in api.operations if o.behavior.subject]
    assert named == ["book"] * 5 + ["schedule"]


def test_files_are_no_calls(infer: Infer) -> None:
    """A dot before an extension is none between a noun and a verb."""
    api = infer({"GET /feed.rss": ONE, "GET /books.csv": {}, "GET /books": MANY})
    assert [operation.behavior.lists is not None for operation in api.operations] == [False, False, True]
