"""Links of rows to themselves, which lead to the mock."""

import json
from pathlib import Path
from typing import Any

from specduet.mocks import Settings, create_app
from specduet.specs import load
from tests.mocks.raw_http import send_json

TEXT, LINK, NUMBER = {"type": "string"}, {"type": "string", "format": "uri"}, {"type": "integer"}
HOST, OTHER_HOST = "127.0.0.1:8080", "localhost:81"


def describe(schema: Any) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


def build_document(sent: dict[str, Any]) -> dict[str, Any]:
    """Return a document of books with pages, each with links to itself; ``sent`` are properties of a new book."""
    held = {"type": "object", "required": ["self"], "properties": {"self": {"properties": {"href": LINK}}}}
    book = {
        "type": "object",
        "required": ["id", "url", "_links"],
        "properties": {"id": NUMBER, "url": {**LINK, "nullable": True}, "cover": LINK, "self": TEXT, "_links": held},
    }
    page = {"type": "object", "required": ["id", "href"], "properties": {"id": NUMBER, "text": TEXT, "href": LINK}}
    parameters = {
        name: {"name": name, "in": "path", "required": True, "schema": NUMBER} for name in ("bookId", "pageId")
    }
    books, pages = ({"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}} for name in ("Book", "Page"))
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": sent}}}}
    shown = {"201": describe({"$ref": "#/components/schemas/Book"})}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Books", "version": "1"},
        "servers": [{"url": "https://books.example/v1"}],
        "paths": {
            "/books": {
                "get": {"responses": {"200": describe(books)}},
                "post": {"requestBody": body, "responses": shown},
            },
            "/books/{bookId}": {
                "parameters": [parameters["bookId"]],
                "get": {"responses": {"200": describe({"$ref": "#/components/schemas/Book"})}},
            },
            "/books/{bookId}/pages": {
                "parameters": [parameters["bookId"]],
                "get": {"responses": {"200": describe(pages)}},
            },
            "/books/{bookId}/pages/{pageId}": {
                "parameters": [*parameters.values()],
                "get": {"responses": {"200": describe({"$ref": "#/components/schemas/Page"})}},
            },
        },
        "components": {"schemas": {"Book": book, "Page": page}},
    }


class BooksClient:
    """A client of the mock of such a document, at an address of its own."""

    def __init__(self, folder: Path, **sent: Any) -> None:
        file = folder / "books.json"
        file.write_text(json.dumps(build_document(sent)))
        self.app = create_app([load(file)], Settings())

    def send(self, method: str, target: str, body: Any = None, host: str = HOST) -> Any:
        response = send_json(self.app, method, target, body, [(b"host", host.encode())])
        assert response.status < 300, response
        return response.json if response.body else None

    def follow(self, link: str) -> Any:
        """Return what a link leads to."""
        assert link.startswith(f"http://{HOST}/")
        return self.send("GET", link.removeprefix(f"http://{HOST}"))


def test_links_lead_to_their_row(tmp_path: Path) -> None:
    """Each link of a row to itself is its address at the mock; other links stay what they are."""
    client = BooksClient(tmp_path, cover=LINK)
    for book in [*client.send("GET", "/v1/books")[:3], client.send("POST", "/v1/books", {})]:
        links = [book["url"], book["self"], book["_links"]["self"]["href"]]
        assert [client.follow(link) for link in links] == [book] * 3
        assert HOST not in book.get("cover", "")
    book = client.send("GET", "/v1/books")[0]
    for page in client.send("GET", f"/v1/books/{book['id']}/pages"):
        assert client.follow(page["href"]) == page


def test_links_have_the_address_of_the_client(tmp_path: Path) -> None:
    """A client that reaches the mock under another name has links with that name, also of a state that was put."""
    client = BooksClient(tmp_path)
    here, there = (client.send("GET", "/v1/books", host=host)[0]["url"] for host in (HOST, OTHER_HOST))
    assert OTHER_HOST in there
    assert here == there.replace(OTHER_HOST, HOST)
    client.send("PUT", "/__mock__/state", client.send("GET", "/__mock__/state"))
    assert client.send("GET", "/v1/books", host=OTHER_HOST)[0]["url"] == there


def test_what_a_client_sends_is_its_own(tmp_path: Path) -> None:
    """A property that requests set is no link of the row to itself."""
    client = BooksClient(tmp_path, url=LINK)
    assert client.send("POST", "/v1/books", {"url": "https://example.com/a"})["url"] == "https://example.com/a"
    assert all(HOST not in (book["url"] or "") for book in client.send("GET", "/v1/books"))
