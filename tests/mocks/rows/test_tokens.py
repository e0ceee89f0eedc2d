"""Tokens that lead back as well as forward, in the forms that documents have for them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.mocks.rows.conftest import RowClient

TEXT = {"type": ["string", "null"]}
BOOK = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "title": {"type": "string"}}}
MakeBooks = Callable[[list[str], dict[str, Any]], RowClient]


@pytest.fixture
def make_books(tmp_path: Path) -> MakeBooks:
    """A function from the names of tokens, and the facts beside the rows, to a client of a list of books."""

    def do(names: list[str], facts: dict[str, Any]) -> RowClient:
        parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
        parameters.append({"name": "limit", "in": "query", "schema": {"type": "integer"}})
        page = {
            "type": "object",
            "required": ["data"],
            "properties": {"data": {"type": "array", "items": BOOK}, **facts},
        }
        content = {"content": {"application/json": {"schema": page}}, "description": "Books"}
        listed = {"parameters": parameters, "responses": {"200": content}}
        document = {
            "openapi": "3.1.0",
            "info": {"title": "Books", "version": "1"},
            "paths": {"/books": {"get": listed}},
        }
        path = tmp_path / "books.json"
        path.write_text(json.dumps(document))
        return RowClient(path, infer=True)

    return do


def list_ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["data"]]


def walk(books: RowClient, find_next: Callable[[dict[str, Any]], str | None], target: str) -> list[list[str]]:
    """Return the ids of each page; ``find_next`` returns what to ask for after a page."""
    pages = []
    following: str | None = target
    while following is not None:
        page = books.get(following)
        pages.append(list_ids(page))
        following = find_next(page)
        assert len(pages) < 50
    return pages


def test_ids_lead_forward_and_back(make_books: MakeBooks) -> None:
    """``starting_after`` goes through the list, ``ending_before`` the same way back, and both say when they end."""
    books = make_books(["starting_after", "ending_before"], {"has_more": {"type": "boolean"}})
    forth = walk(
        books,
        lambda page: f"/books?limit=7&starting_after={page['data'][-1]['id']}" if page["has_more"] else None,
        "/books?limit=7",
    )
    last = forth[-1][-1]
    back = walk(
        books,
        lambda page: f"/books?limit=7&ending_before={page['data'][0]['id']}" if page["has_more"] else None,
        f"/books?limit=7&ending_before={last}",
    )
    everything = [number for page in forth for number in page]
    assert len(everything) == len(set(everything)) > 7
    assert [number for page in reversed(back) for number in page] == everything[:-1]


def test_opaque_cursors_lead_forward_and_back(make_books: MakeBooks) -> None:
    """The cursors of a page's first and last row lead to the pages beside it; the first page has none before it."""
    info = {
        "startCursor": TEXT,
        "endCursor": TEXT,
        "hasNextPage": {"type": "boolean"},
        "hasPreviousPage": {"type": "boolean"},
    }
    books = make_books(["after", "before"], {"pageInfo": {"type": "object", "properties": info}})
    first = books.get("/books?limit=5")
    second = books.get(f"/books?limit=5&after={first['pageInfo']['endCursor']}")
    third = books.get(f"/books?limit=5&after={second['pageInfo']['endCursor']}")
    back = books.get(f"/books?limit=5&before={third['pageInfo']['startCursor']}")
    assert list_ids(back) == list_ids(second)
    assert (back["pageInfo"]["hasNextPage"], back["pageInfo"]["hasPreviousPage"]) == (True, True)
    start = books.get(f"/books?limit=5&before={back['pageInfo']['startCursor']}")
    assert list_ids(start) == list_ids(first)
    assert start["pageInfo"]["hasPreviousPage"] is False


@pytest.mark.parametrize("name", ["cursor", "page_token"])
def test_one_parameter_takes_the_tokens_of_both_directions(make_books: MakeBooks, name: str) -> None:
    """A previous token is sent as the next one is; a row that was put before the page does not move it."""
    books = make_books([name], {"next_cursor": TEXT, "prev_cursor": TEXT})
    first = books.get("/books?limit=5")
    second = books.get(f"/books?limit=5&{name}={first['next_cursor']}")
    third = books.get(f"/books?limit=5&{name}={second['next_cursor']}")
    assert list_ids(books.get(f"/books?limit=5&{name}={third['prev_cursor']}")) == list_ids(second)
    assert list_ids(books.get(f"/books?limit=5&{name}={second['prev_cursor']}")) == list_ids(first)
    assert first.get("prev_cursor") is None


def test_previous_links_lead_back_page_by_page(make_books: MakeBooks) -> None:
    """Links with tokens lead through all pages and back through the same ones."""
    link = {"type": ["string", "null"], "format": "uri"}
    books = make_books(["cursor"], {"links": {"type": "object", "properties": {"next": link, "prev": link}}})

    def follow(name: str) -> Callable[[dict[str, Any]], str | None]:
        def find(page: dict[str, Any]) -> str | None:
            url = urlsplit(page["links"][name] or "")
            return f"{url.path}?{url.query}" if url.path else None

        return find

    forth = walk(books, follow("next"), "/books?limit=9")
    target = "/books?limit=9"
    for _ in forth[1:]:
        target = follow("next")(books.get(target)) or ""
    assert walk(books, follow("prev"), target) == forth[::-1]


def test_an_object_about_the_next_page_is_gone_on_the_last(make_books: MakeBooks) -> None:
    """``next: {starting_after}`` leads on, and is no empty object where nothing follows."""
    following = {
        "type": "object",
        "properties": {"per_page": {"type": "integer"}, "starting_after": {"type": "string"}},
    }
    pages = {"type": "object", "properties": {"next": following, "total_pages": {"type": "integer"}}}
    books = make_books(["starting_after"], {"pages": pages})

    def find_next(page: dict[str, Any]) -> str | None:
        return (
            f"/books?limit=9&starting_after={page['pages']['next']['starting_after']}"
            if page["pages"].get("next")
            else None
        )

    found = [number for page in walk(books, find_next, "/books?limit=9") for number in page]
    assert len(found) == len(set(found)) > 9
    assert "next" not in books.get("/books?limit=1000")["pages"]
