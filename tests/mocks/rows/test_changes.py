"""Rows that requests create, change, replace and remove."""

import json
from pathlib import Path
from typing import Any

from tests.mocks.rows.conftest import RowClient

NEW = {"name": "Bo", "email": "bo@example.org"}


def create_customer(shop: RowClient, **values: Any) -> Any:
    """Return the id of a new customer."""
    answer = shop.send("POST", "/customers", {**NEW, **values})
    assert answer.status == 201
    return answer.json["customer"]["id"]


def test_what_is_sent_comes_back_and_is_listed_and_fetched(shop: RowClient) -> None:
    """A created row has the values that were sent, and every operation shows the same."""
    created = shop.send("POST", "/customers", {**NEW, "tags": ["a"], "address": {"city": "Rome"}}).json["customer"]
    assert {**NEW, "tags": ["a"], "address": {"city": "Rome"}}.items() <= created.items()
    assert shop.get(f"/customers/{created['id']}")["customer"] == created
    assert shop.get("/customers?size=1")["data"] == [created]


def test_what_is_not_sent_has_its_default(shop: RowClient) -> None:
    """A property that the request leaves out has its default, else null where that is allowed, else is absent."""
    created = shop.send("POST", "/customers", NEW).json["customer"]
    assert created["tier"] == "basic"
    assert created["score"] is None
    assert "tags" not in created


def test_read_only_properties_are_the_service_s(shop: RowClient) -> None:
    """An id or a time that the request has cannot be chosen by it."""
    created = shop.send("POST", "/customers", {**NEW, "created_at": "1999-01-01T00:00:00Z"}).json["customer"]
    assert created["created_at"] > "2020"


def test_location_leads_to_the_new_row(shop: RowClient) -> None:
    """The response to a creation has the absolute URL at which the row is fetched."""
    answer = shop.send("POST", "/customers", NEW)
    assert answer.headers["location"] == f"http://mock/customers/{answer.json['customer']['id']}"


def test_a_second_row_with_a_unique_value_is_refused(shop: RowClient) -> None:
    """A unique value that a row has already is a conflict, and leaves no row."""
    create_customer(shop)
    total = shop.get("/customers")["meta"]["total"]
    assert shop.send("POST", "/customers", NEW).status == 409
    assert shop.get("/customers")["meta"]["total"] == total


def test_an_update_changes_what_it_names(shop: RowClient) -> None:
    """PATCH sets the properties that it has, keeps the others, and moves the time of the latest change."""
    number = create_customer(shop, tags=["a"])
    before = shop.get(f"/customers/{number}")["customer"]
    after = shop.send("PATCH", f"/customers/{number}", {"name": "Cy"}).json["customer"]
    assert after["updated_at"] > before["updated_at"]
    assert after == {**before, "name": "Cy", "updated_at": after["updated_at"]}
    assert shop.get(f"/customers/{number}")["customer"] == after


def test_a_merge_patch_goes_into_objects(shop: RowClient) -> None:
    """RFC 7396: objects are merged, and null removes a property."""
    number = create_customer(shop, address={"city": "Rome", "zip": "00100"}, tags=["a"])
    patch = {"address": {"zip": None}, "tags": None}
    answer = shop.send("PATCH", f"/customers/{number}", patch, content_type="application/merge-patch+json")
    assert answer.json["customer"]["address"] == {"city": "Rome"}
    assert "tags" not in answer.json["customer"]


def test_a_json_patch_is_applied(shop: RowClient) -> None:
    """RFC 6902: operations are applied in their order; one that does not fit is refused, and changes nothing."""
    number = create_customer(shop, tags=["a"])
    patch = [{"op": "add", "path": "/tags/-", "value": "b"}, {"op": "replace", "path": "/name", "value": "Di"}]
    answer = shop.send("PATCH", f"/customers/{number}", patch, content_type="application/json-patch+json")
    assert answer.json["customer"]["tags"] == ["a", "b"]
    assert answer.json["customer"]["name"] == "Di"
    wrong = [{"op": "remove", "path": "/nothing"}]
    refused = shop.send("PATCH", f"/customers/{number}", wrong, content_type="application/json-patch+json")
    assert refused.status == 422
    assert shop.get(f"/customers/{number}")["customer"] == answer.json["customer"]


def test_a_replacement_forgets_what_it_does_not_name(shop: RowClient) -> None:
    """PUT keeps the id and the time of creation, and resets everything else that a client may write."""
    number = create_customer(shop, tags=["a"], tier="gold")
    before = shop.get(f"/customers/{number}")["customer"]
    replaced = shop.send("PUT", f"/customers/{number}", {"name": "Eve", "email": "eve@example.org"})
    assert replaced.status == 200
    assert replaced.json["id"] == number
    assert replaced.json["created_at"] == before["created_at"]
    assert replaced.json["tier"] == "basic"
    assert "tags" not in replaced.json


def test_a_replacement_of_nothing_creates(shop: RowClient) -> None:
    """Where PUT creates, an unknown id becomes that of a new row, with 201."""
    answer = shop.send("PUT", "/customers/4711", NEW)
    assert (answer.status, answer.json["id"]) == (201, 4711)
    assert shop.get("/customers/4711")["customer"]["name"] == "Bo"


def test_what_is_removed_is_gone(shop: RowClient) -> None:
    """A removed row is neither listed nor fetched, and a second removal is refused as documented."""
    number = create_customer(shop)
    assert shop.send("DELETE", f"/customers/{number}").status == 204
    assert shop.send("GET", f"/customers/{number}").status == 404
    assert shop.send("DELETE", f"/customers/{number}").status == 410
    assert number not in [row["id"] for row in shop.get("/customers?size=100")["data"]]


def test_a_seeded_row_can_be_changed_and_removed(shop: RowClient) -> None:
    """Rows that were there from the beginning are like all others."""
    shop.send("PATCH", "/customers/7", {"name": "Grace"})
    assert shop.get("/customers/7")["customer"]["name"] == "Grace"
    shop.send("DELETE", "/customers/7")
    assert shop.send("GET", "/customers/7").status == 404


def test_a_reset_brings_back_what_was_changed(shop: RowClient) -> None:
    """After a reset every row is as it was."""
    before = shop.get("/customers?size=100")
    shop.send("PATCH", "/customers/7", {"name": "Grace"})
    shop.send("DELETE", "/customers/59")
    create_customer(shop)
    shop.send("POST", "/__mock__/reset")
    assert shop.get("/customers?size=100") == before


def test_versions_of_a_row(shop: RowClient) -> None:
    """ETag names the version: 304 for the known one, 412 for a change that is meant for another (RFC 9110, 13)."""
    number = create_customer(shop)
    tag = shop.send("GET", f"/customers/{number}").headers["etag"]
    assert shop.send("GET", f"/customers/{number}", if_none_match=tag).status == 304
    changed = shop.send("PATCH", f"/customers/{number}", {"name": "Cy"}, if_match=tag)
    assert changed.status == 200
    assert changed.headers["etag"] != tag
    assert shop.send("PATCH", f"/customers/{number}", {"name": "Di"}, if_match=tag).status == 412
    assert shop.send("PATCH", f"/customers/{number}", {"name": "Di"}, if_match="*").status == 200


def test_a_file_is_downloaded_as_it_was_uploaded(shop: RowClient) -> None:
    """Bytes, media type and name of a part of a form come back; the other parts are properties of the row."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="label"\r\n\r\nmine\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        b"\x00\x01\r\n--x--\r\n"
    )
    created = shop.send("POST", "/files", body, content_type="multipart/form-data; boundary=x").json
    assert created["label"] == "mine"
    download = shop.send("GET", f"/files/{created['id']}/content")
    assert download.body == b"\x00\x01"
    assert download.headers["content-type"] == "image/png"
    assert download.headers["content-disposition"] == 'attachment; filename="a.png"'
    assert shop.send("GET", "/files/00000000-0000-4000-8000-000000000000/content").status == 404


def test_what_is_sent_to_any_operation_comes_back(tmp_path: Path) -> None:
    """Also an operation of which nothing else is known responds with what was sent, where its response has it."""
    text = {"type": "string"}
    request = {"type": "object", "properties": {"word": text, "secret": text}}
    response = {"type": "object", "required": ["word", "length"], "properties": {"word": text, "length": {"const": 3}}}
    operation = {
        "requestBody": {"content": {"application/json": {"schema": request}}},
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": response}}}},
    }
    document = {"openapi": "3.1.0", "info": {"title": "W", "version": "1"}, "paths": {"/count": {"post": operation}}}
    file = tmp_path / "words.json"
    file.write_text(json.dumps(document))
    client = RowClient(file)
    assert client.send("POST", "/count", {"word": "cat", "secret": "x"}).json == {"word": "cat", "length": 3}
