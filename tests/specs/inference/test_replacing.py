"""PUT: a replacement, or a change of what it names; and the key that a client chooses."""

from typing import Any

import pytest

from tests.specs.inference.conftest import Infer, describe_json

TEXT = {"type": "string"}
ITEM = {"type": "object", "required": ["id", "name"], "properties": {"id": TEXT, "name": TEXT, "note": TEXT}}


def put_item(infer: Infer, body: dict[str, Any], summary: str = "", *, has_patch: bool = False) -> Any:
    """Return the statements on the PUT of an item with a body."""
    shown = {"200": describe_json({"$ref": "#/components/schemas/Item"})}
    write = {"requestBody": {"content": {"application/json": {"schema": body}}}, "responses": shown}
    operations = {"GET /items/{id}": {"responses": shown}, "PUT /items/{id}": {**write, "summary": summary}}
    if has_patch:
        operations["PATCH /items/{id}"] = write
    return next(o for o in infer(operations, Item=ITEM).operations if o.method == "PUT").behavior


@pytest.mark.parametrize(
    ("required", "summary", "has_patch", "is_update"),
    [
        (["name"], "Replace an item", False, False),
        ([], "Save an item", False, True),
        ([], "Save an item", True, False),
        (["name"], "Save an item; what is left out stays", False, True),
        (["name"], "Save an item; what is not sent gets its default", False, False),
    ],
)
def test_a_put_that_needs_nothing_changes_what_it_names(
    infer: Infer,
    required: list[str],
    summary: str,
    has_patch: bool,  # noqa: FBT001  a value, not an option
    is_update: bool,  # noqa: FBT001
) -> None:
    """A PUT replaces, unless it says that the rest stays, or asks for nothing and there is no PATCH beside it."""
    body = {"type": "object", "required": required, "properties": {"name": TEXT, "note": TEXT}}
    behavior = put_item(infer, body, summary, has_patch=has_patch)
    assert (behavior.updates is not None) is is_update
    assert (behavior.replaces is not None) is not is_update


def test_an_id_that_the_client_chooses_is_the_natural_key(infer: Infer) -> None:
    """Where a conflict is documented and the body has the id, that is what two rows cannot share."""
    shown = {"200": describe_json({"$ref": "#/components/schemas/Item"}), "409": {"description": "There is one"}}
    create = {"requestBody": {"content": {"application/json": {"schema": ITEM}}}, "responses": shown}
    api = infer({"POST /items": create, "GET /items/{id}": {"responses": shown}}, Item=ITEM)
    creates = api.operations[0].behavior.creates
    assert creates
    assert creates.unique == ("id",)
