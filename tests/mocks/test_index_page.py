"""``GET /`` shows what is served, as long as no document has a path there."""

import json
from pathlib import Path
from typing import Any

from specduet.mocks import create_app
from specduet.mocks.settings import Credential, Settings
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw


def get(mock: Any, target: str = "/", accept: str = "*/*") -> RawResponse:
    return send_raw(mock, RawRequest("GET", target, [(b"accept", accept.encode())]))


def serve(tmp_path: Path, title: str = "Things", **paths: Any) -> Any:
    operation = {"summary": "<List>", "responses": {"204": {"description": ""}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": "https://a.example/v1"}],
        "paths": {"/things": {"get": operation, "post": operation}, **paths},
    }
    file = tmp_path / "things.json"
    file.write_text(json.dumps(document))
    return create_app([file])


def test_the_index(tmp_path: Path) -> None:
    """It names each operation by its full address, and the control API."""
    index = get(serve(tmp_path)).json
    (api,) = index["apis"]
    addresses = [(operation["method"], operation["address"]) for operation in api["operations"]]
    assert addresses == [("GET", "http://mock/v1/things"), ("POST", "http://mock/v1/things")]
    assert index["control"]["address"] == "http://mock/__mock__/"


def test_ids_and_credentials() -> None:
    """It has ids that have rows, and says which credentials are accepted."""
    (api,) = get(create_app(["seekrflow"])).json["apis"]
    assert len(api["ids"]["/v1/threads/{thread_id}"]) == 5
    assert {credential["accepted"] for credential in api["credentials"]} == {"any value that is not empty"}
    scheme = api["credentials"][0]["scheme"]
    given = create_app(["seekrflow"], Settings(credentials=(Credential(scheme, "secret"),)))
    page = get(given)
    assert b"secret" not in page.body
    assert "only" in page.json["apis"][0]["credentials"][0]["accepted"]


def test_where_it_stands(tmp_path: Path) -> None:
    """It stands at the beginning of the control API, too; a document's own path goes first, and it is not recorded."""
    mock = serve(tmp_path)
    assert get(mock, "/__mock__/").json == get(mock).json == get(mock, "/__mock__").json
    assert get(mock, "/__mock__/requests").json["requests"] == []
    assert send_raw(mock, RawRequest("POST", "/")).status == 404
    own = serve(tmp_path, **{"/": {"get": {"responses": {"202": {"description": ""}}}}})
    assert get(own).status == 202
    bare = create_app([tmp_path / "things.json"], Settings(control=False))
    assert get(bare, "/__mock__/").status == 404
