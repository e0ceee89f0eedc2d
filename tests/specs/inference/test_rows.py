"""Statements on rows and on what changes them."""

from typing import Any

import pytest

from specduet.specs import Api
from tests.specs.inference.conftest import Infer, describe_json

TEXT = {"type": "string"}
TIME = {"type": ["string", "null"], "format": "date-time"}


def infer_rows(infer: Infer, properties: dict[str, Any], more: dict[str, Any] | None = None, **options: Any) -> Api:
    """Infer the API of tasks with these properties: list, creation, fetch, and more operations."""
    schema = {"type": "object", "properties": {"id": TEXT, **properties}, "required": ["id"]}
    task = {"$ref": "#/components/schemas/Task"}
    operations = {
        "GET /tasks": {"responses": {"200": describe_json({"type": "array", "items": task})}},
        "POST /tasks": {
            "requestBody": describe_json({"type": "object", "properties": options.get("sent", {})}),
            "responses": {"201": describe_json(task), **options.get("answers", {})},
        },
        "GET /tasks/{id}": {"responses": {"200": describe_json(task), "404": {"description": "None"}}},
    }
    return infer({**operations, **(more or {})}, Task=schema)


def test_a_job_moves_by_itself(infer: Infer) -> None:
    """A status whose members are those of a job moves along, and its times and error belong to its members."""
    members = ["queued", "running", "completed", "failed", "cancelled"]
    times = {"created_at": TIME, "started_at": TIME, "finished_at": TIME, "error": {"type": ["string", "null"]}}
    api = infer_rows(infer, {"status": {"type": "string", "enum": members}, **times})
    behavior = api.resources["task"].behavior
    assert behavior.status
    assert (behavior.status.initial, behavior.status.moves, behavior.status.basis) == ("queued", True, "inferred")
    assert behavior.status.transitions == {
        "queued": ("running", "failed", "cancelled"),
        "running": ("completed", "failed", "cancelled"),
    }
    assert behavior.timeline[0].fields == ("created_at", "started_at", "finished_at")
    rules = {(rule.field, rule.basis): (rule.set, rule.unset) for rule in behavior.set_when}
    assert rules["finished_at", "inferred"] == (("completed", "failed"), ("queued", "running"))
    assert rules["finished_at", "assumed"] == (("cancelled",), ())
    assert rules["error", "assumed"] == (("failed",), ("queued", "running", "completed", "cancelled"))


def test_a_job_that_is_repeated_has_not_ended(infer: Infer) -> None:
    """Where there is a retry, a failed job begins anew."""
    status = {"type": "string", "enum": ["queued", "running", "completed", "failed"]}
    more = {"POST /tasks/{id}/retry": {"responses": {"200": describe_json({"$ref": "#/components/schemas/Task"})}}}
    found = infer_rows(infer, {"status": status}, more).resources["task"].behavior.status
    assert found
    assert found.terminal == ("completed",)
    assert found.transitions["failed"] == ("queued",)


def test_the_only_time_of_an_end_may_stand_for_any(infer: Infer) -> None:
    """``completed_at`` alone may be set when a job fails; beside ``failed_at`` it is not."""
    status = {"type": "string", "enum": ["queued", "running", "completed", "failed"]}
    alone = infer_rows(infer, {"status": status, "completed_at": TIME, "created_at": TIME}).resources["task"].behavior
    assert [(rule.set, rule.unset) for rule in alone.set_when] == [(("completed",), ("queued", "running"))]
    beside = infer_rows(infer, {"status": status, "completed_at": TIME, "failed_at": TIME}).resources["task"].behavior
    assert [(rule.set, rule.unset) for rule in beside.set_when] == [
        (("completed",), ("queued", "running", "failed")),
        (("failed",), ("queued", "running", "completed")),
    ]


@pytest.mark.parametrize(
    ("members", "initial", "terminal"),
    [
        (["draft", "published", "archived"], "draft", ()),
        (["open", "closed"], "open", ()),
        (["ACTIVE", "INACTIVE"], "ACTIVE", ()),
        (["pending", "paid", "shipped", "cancelled"], "pending", ("shipped", "cancelled")),
        (["pending", "approved", "rejected"], "pending", ("approved", "rejected")),
        (["todo", "doing", "done"], "todo", ()),
    ],
)
def test_people_move_other_statuses(infer: Infer, members: list[str], initial: str, terminal: tuple[str, ...]) -> None:
    """A status of a family that people move stays until a request changes it."""
    status = infer_rows(infer, {"status": {"type": "string", "enum": members}}).resources["task"].behavior.status
    assert status
    assert (status.initial, status.moves, status.basis, status.terminal) == (initial, False, "assumed", terminal)


@pytest.mark.parametrize(
    ("members", "transitions", "terminal"),
    [
        (
            ["queued", "running", "completed", "Completed", "failed"],
            {"queued": ("running", "failed"), "running": ("completed", "Completed", "failed")},
            ("completed", "Completed", "failed"),
        ),
        (
            ["open", "in-progress", "in_progress", "deleted", "DELETED"],
            {
                "open": ("in-progress", "in_progress", "deleted", "DELETED"),
                "in-progress": ("open", "deleted", "DELETED"),
                "in_progress": ("open", "deleted", "DELETED"),
            },
            ("deleted", "DELETED"),
        ),
    ],
)
def test_two_spellings_of_a_member_are_one_stage(
    infer: Infer, members: list[str], transitions: dict[str, tuple[str, ...]], terminal: tuple[str, ...]
) -> None:
    """Each spelling is reached and left as the other is; both are ends, or none."""
    status = infer_rows(infer, {"status": {"type": "string", "enum": members}}).resources["task"].behavior.status
    assert status
    assert status.transitions == transitions
    assert status.terminal == terminal


def test_a_status_of_no_family_has_no_lifecycle(infer: Infer) -> None:
    """Members that are not known say nothing about how they follow each other."""
    colors = {"type": "string", "enum": ["red", "green"]}
    assert infer_rows(infer, {"status": colors}).resources["task"].behavior.status is None


@pytest.mark.parametrize(
    ("path", "summary", "target"),
    [
        ("/tasks/{id}/cancel", "", "canceled"),
        ("/tasks/{id}:close", "", "closed"),
        ("/tasks/{id}/reopen", "", "open"),
        ("/tasks/{id}/mark-closed", "", "closed"),
        ("/tasks/{id}/share", "Share a task", None),
    ],
)
def test_actions_move_the_status(infer: Infer, path: str, summary: str, target: str | None) -> None:
    """The verb of an action names the member to which it moves the status."""
    status = {"type": "string", "enum": ["open", "closed", "canceled"]}
    answers = {"200": describe_json({"$ref": "#/components/schemas/Task"}), "422": {"description": "It cannot"}}
    api = infer_rows(infer, {"state": status}, {f"POST {path}": {"summary": summary, "responses": answers}})
    acts = api.operations[-1].behavior.acts
    assert acts
    assert (acts.resource, acts.parameter, acts.to, acts.refused) == ("task", "id", target, 422)


def test_fields_refer_to_rows_of_other_resources(infer: Infer) -> None:
    """A field named after a resource, of the type of its ids, holds one of them; a list holds several.

    A text with the name of the resource alone is no id, unless its description says so.
    """
    user = {"type": "object", "properties": {"id": TEXT, "name": TEXT}}
    label = {"type": "object", "properties": {"id": {"type": "integer"}, "name": TEXT}}
    numbers = {"type": "array", "items": {"type": "integer"}}
    person = {"type": "string", "description": "Id of whoever does it"}
    words = {"label": TEXT, "user": TEXT, "label_id": TEXT, "other_id": TEXT}
    properties = {"user_id": TEXT, "assignee": person, "labelIds": numbers, **words}
    more = {
        "GET /users/{id}": {"responses": {"200": describe_json(user)}},
        "GET /labels/{id}": {"responses": {"200": describe_json(label)}},
    }
    found = infer_rows(infer, properties, more).resources["task"].behavior.references
    assert {(reference.field, reference.resource, reference.basis) for reference in found} == {
        ("user_id", "user", "inferred"),
        ("assignee", "user", "assumed"),
        ("labelIds", "label", "inferred"),
    }


def test_a_documented_conflict_has_a_natural_key(infer: Infer) -> None:
    """Where 409 is documented, the e-mail address, slug or name that the body brings is unique."""
    sent = {"name": TEXT, "slug": TEXT}
    api = infer_rows(infer, sent, sent=sent, answers={"409": {"description": "It exists"}})
    assert api.operations[1].behavior.creates
    assert api.operations[1].behavior.creates.unique == ("slug",)
    assert infer_rows(infer, sent, sent=sent).operations[1].behavior.creates.unique == ()  # type: ignore[union-attr]


def test_uploads_are_stored_and_downloaded(infer: Infer) -> None:
    """The file of a form is stored with the row, and what returns a file below the row returns it."""
    form = {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}, "note": TEXT}}
    stored = {
        "requestBody": {"content": {"multipart/form-data": {"schema": form}}},
        "responses": {"201": describe_json({"$ref": "#/components/schemas/Photo"})},
    }
    content = {"responses": {"200": {"description": "It", "content": {"image/png": {}}}}}
    operations = {
        "POST /photos": stored,
        "GET /photos/{photo_id}": {"responses": {"200": describe_json({"$ref": "#/components/schemas/Photo"})}},
        "GET /photos/{photo_id}/content": content,
    }
    photo = {"type": "object", "properties": {"id": TEXT, "note": TEXT}}
    api = infer(operations, Photo=photo)
    assert api.operations[0].behavior.creates
    assert api.operations[0].behavior.creates.stores == "body/file"
    assert api.operations[2].behavior.downloads
    assert api.operations[2].behavior.downloads.parameter == "photo_id"


def test_a_singleton_has_one_row(infer: Infer) -> None:
    """What is read and changed without an id is one row; below an item there is one for each."""
    one = {"responses": {"200": describe_json({"type": "object", "properties": {"email": TEXT}})}}
    api = infer_rows(
        infer, {}, {"GET /me": one, "PATCH /me": {"summary": "Update me", **one}, "GET /tasks/{id}/plan": one}
    )
    me, plan = api.resources["me"].behavior, api.resources["plan"].behavior
    assert (me.single, plan.single) == (True, True)
    fetches = [operation.behavior.fetches for operation in api.operations if operation.behavior.fetches]
    assert [fetch.parameter for fetch in fetches] == ["id", "", ""]
    scope = api.operations[-1].behavior.scope
    assert scope
    assert (scope.resource, scope.hidden) == ("task", True)


def test_versions_of_rows_are_told_by_headers(infer: Infer) -> None:
    """An ETag, an If-Match or a 412 that is documented makes versions of rows."""
    shown = {**describe_json({"$ref": "#/components/schemas/Task"}), "headers": {"ETag": {"schema": TEXT}}}
    more = {"PUT /tasks/{id}": {"responses": {"200": shown, "412": {"description": "It has changed"}}}}
    api = infer_rows(infer, {}, more)
    behaviors = {operation.method: operation.behavior for operation in api.operations}
    assert behaviors["PUT"].etag
    assert behaviors["POST"].etag is None


def test_ids_are_found_by_the_parameter(infer: Infer) -> None:
    """The id is the field that the path's parameter names; where rows show none, it is hidden."""
    shown = {"type": "object", "properties": {"id": {"type": "integer"}, "login": TEXT, "name": TEXT}}
    api = infer(
        {
            "GET /users/{username}": {"responses": {"200": describe_json(shown)}},
            "GET /tags/{name}": {"responses": {"200": describe_json(shown)}},
            "GET /cars/{plate}": {
                "responses": {"200": describe_json({"type": "object", "properties": {"year": TEXT}})}
            },
        }
    )
    ids = {name: (resource.behavior.id.field, resource.behavior.id.hidden) for name, resource in api.resources.items()}
    assert ids == {"user": ("login", False), "tag": ("name", False), "car": ("plate", True)}


def test_an_id_may_be_in_the_body(infer: Infer) -> None:
    """PUT of a collection replaces the row whose id the body has."""
    sent = {
        "requestBody": describe_json({"$ref": "#/components/schemas/Book"}),
        "responses": {"200": {"description": "It"}},
    }
    shown = {"responses": {"200": describe_json({"$ref": "#/components/schemas/Book"})}}
    api = infer({"PUT /book": {"summary": "Update a book", **sent}, "POST /book": sent, "GET /book/{id}": shown})
    replaces = api.operations[0].behavior.replaces
    assert replaces
    assert (replaces.field, replaces.parameter) == ("id", "body/id")


def test_rows_have_other_keys(infer: Infer) -> None:
    """A path below a collection that fetches the same rows by another field finds them by it."""
    shown = {"responses": {"200": describe_json({"$ref": "#/components/schemas/Book"})}}
    listed = {"responses": {"200": describe_json({"type": "array", "items": {"$ref": "#/components/schemas/Book"}})}}
    api = infer({"GET /books": listed, "GET /books/{id}": shown, "GET /books/titles/{title}": shown})
    assert list(api.resources) == ["book"]
    found = [operation.behavior.fetches for operation in api.operations if operation.behavior.fetches]
    assert [(fetch.field, fetch.parameter) for fetch in found] == [("id", "id"), ("title", "title")]


def test_lists_of_the_same_rows_are_one_resource(infer: Infer) -> None:
    """A list without items of its own whose rows are another collection's lists those."""
    shown = {"responses": {"200": describe_json({"$ref": "#/components/schemas/Book"})}}
    listed = {"responses": {"200": describe_json({"type": "array", "items": {"$ref": "#/components/schemas/Book"}})}}
    operations = {
        "GET /books": listed,
        "GET /books/{id}": shown,
        "GET /books/popular": listed,
        "GET /shelves/{id}/books": listed,
    }
    api = infer(operations)
    assert {operation.role.resource for operation in api.operations} == {"book"}
    assert list(api.resources) == ["book"]


def test_a_row_beside_other_things_is_found(infer: Infer) -> None:
    """A response that holds what the collection lists, and more, is an envelope of it."""
    book = {"$ref": "#/components/schemas/Book"}
    listed = {"responses": {"200": describe_json({"type": "array", "items": book})}}
    both = {"responses": {"200": describe_json({"properties": {"book": book, "reader": {"type": "object"}}})}}
    fetched = infer({"GET /books": listed, "GET /books/{id}": both}).operations[1].behavior
    assert fetched.fetches
    assert fetched.envelope
    assert fetched.envelope.response == "book"


def test_what_nothing_shows_again_is_no_resource(infer: Infer) -> None:
    """A POST whose response has no id and that no other operation goes on with remembers nothing."""
    answer = {"responses": {"201": describe_json({"properties": {"code": {"type": "integer"}, "message": TEXT}})}}
    api = infer({"POST /feedback": {"summary": "Send feedback", **answer}})
    assert api.resources == {}
    assert api.operations[0].role.name == "create"


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Node"},
        {"allOf": [{"$ref": "#/components/schemas/Node"}, {"$ref": "#/components/schemas/Node"}]},
        {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        {"type": "object", "additionalProperties": True},
        {},
        True,
    ],
)
def test_any_schema_can_be_read(infer: Infer, schema: Any) -> None:
    """Circles, empty schemas and booleans make no trouble."""
    node = {
        "anyOf": [
            {"$ref": "#/components/schemas/Node"},
            {"properties": {"next": {"$ref": "#/components/schemas/Node"}}},
        ]
    }
    shown = {"responses": {"200": describe_json(schema)}}
    api = infer(
        {"GET /nodes": shown, "POST /nodes": shown, "GET /nodes/{id}": shown, "PATCH /nodes/{id}": shown}, Node=node
    )
    assert [operation.role.name for operation in api.operations][1:] == ["create", "fetch", "update"]


@pytest.mark.parametrize(
    ("path", "sets"),
    [
        ("archive", {"archived": True}),
        ("unarchive", {"archived": False}),
        ("lock", {"isLocked": True}),
        ("deactivate", {"active": False}),
        ("complete", {"done": True}),
        ("pin", {"pinned": True}),
        ("share", {}),
    ],
)
def test_actions_set_flags(infer: Infer, path: str, sets: dict[str, bool]) -> None:
    """The verb of an action names the flag that it sets or clears."""
    flags = {name: {"type": "boolean"} for name in ("archived", "isLocked", "active", "done", "pinned")}
    answers = {"200": describe_json({"$ref": "#/components/schemas/Task"})}
    acts = infer_rows(infer, flags, {f"POST /tasks/{{id}}/{path}": {"responses": answers}}).operations[-1].behavior.acts
    assert acts
    assert acts.sets == sets


def test_a_part_of_a_row_is_set(infer: Infer) -> None:
    """A path below an item that only writes, and returns the item, changes it."""
    sent = {"requestBody": describe_json({"properties": {"state": TEXT}}), "summary": "Set the state"}
    answers = {"200": describe_json({"$ref": "#/components/schemas/Task"})}
    api = infer_rows(infer, {"state": TEXT}, {"PUT /tasks/{id}/state": {**sent, "responses": answers}})
    assert list(api.resources) == ["task"]
    acts = api.operations[-1].behavior.acts
    assert acts
    assert (acts.resource, acts.parameter, acts.to) == ("task", "id", None)


def test_an_item_has_a_file(infer: Infer) -> None:
    """What is uploaded below an item, with nothing said of rows, is its file: it is downloaded and removed there."""
    image = {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}
    more = {
        "PUT /tasks/{id}/photo": {"summary": "Upload the photo", "requestBody": image},
        "GET /tasks/{id}/photo": {"responses": {"200": {"description": "It", **image}}},
        "DELETE /tasks/{id}/photo": {"summary": "Delete the photo", "responses": {"204": {"description": "Gone"}}},
    }
    api = infer_rows(infer, {}, more)
    assert list(api.resources) == ["task"]
    behaviors = {o.method: o.behavior for o in api.operations if o.path.endswith("photo")}
    assert behaviors["GET"].downloads
    assert [behaviors[method].acts.stores for method in ("PUT", "DELETE")] == ["body", "none"]  # type: ignore[union-attr]


def test_links_and_locations_are_witnesses(infer: Infer) -> None:
    """A link names the operation that shows a created row; with a Location, the response need not show it."""
    book = {"responses": {"200": describe_json({"$ref": "#/components/schemas/Book"})}}
    made = {
        "description": "Made",
        "links": {"It": {"operationId": "showBook"}},
        "headers": {"Location": {"schema": TEXT}},
    }
    api = infer(
        {
            "POST /shelves/{shelf_id}/books": {"responses": {"201": made}},
            "GET /books/{id}": {"operationId": "showBook", **book},
            "POST /books": {"responses": {"201": {"description": "Made"}}},
        }
    )
    nested, plain = api.operations[0].behavior.creates, api.operations[2].behavior.creates
    assert plain
    assert (plain.fetched_by, plain.basis) == ("showBook", "assumed")
    assert nested is None
    linked = infer(
        {"POST /books": {"responses": {"201": made}}, "GET /books/{id}": {"operationId": "showBook", **book}}
    )
    creates = linked.operations[0].behavior.creates
    assert creates
    assert (creates.fetched_by, creates.basis) == ("showBook", "inferred")


def test_any_word_in_ing_is_at_work(infer: Infer) -> None:
    """A job may be printing or brewing: between waiting and its end, such a member is its work."""
    members = {"type": "string", "enum": ["queued", "printing", "done", "failed"]}
    status = infer_rows(infer, {"status": members}).resources["task"].behavior.status
    assert status
    assert (status.moves, status.transitions["queued"]) == (True, ("printing", "failed"))


def test_the_caller_is_one_of_the_users(infer: Infer) -> None:
    """What ``/me`` returns is a row of the resource with the same schema, and its id is found among them."""
    user = {"type": "object", "properties": {"id": TEXT, "name": TEXT}}
    one = {"responses": {"200": describe_json({"$ref": "#/components/schemas/User"})}}
    many = {"responses": {"200": describe_json({"type": "array", "items": {"$ref": "#/components/schemas/User"}})}}
    operations = {
        "GET /users": many,
        "GET /users/{id}": one,
        "GET /users/me": one,
        "PATCH /me": {"summary": "Update me", "requestBody": describe_json(user), **one},
    }
    api = infer(operations, User=user)
    assert list(api.resources) == ["user"]
    lookups = [operation.behavior.lookup for operation in api.operations if operation.behavior.lookup]
    assert [(type(lookup).__name__, lookup.parameter) for lookup in lookups] == [
        ("Fetches", "id"),
        ("Fetches", ""),
        ("Updates", ""),
    ]


def test_what_was_done_was_done_after_the_creation(infer: Infer) -> None:
    """A time that is named by a past participle is not before the creation, unless it is a plan."""
    times = {"created_at": TIME, "printed_at": TIME, "scheduled_at": TIME, "updated_at": TIME, "due_at": TIME}
    found = infer_rows(infer, times).resources["task"].behavior.timeline
    assert {(timeline.fields, timeline.basis) for timeline in found} == {
        (("created_at", "scheduled_at"), "inferred"),
        (("created_at", "updated_at"), "inferred"),
        (("created_at", "printed_at"), "assumed"),
    }
