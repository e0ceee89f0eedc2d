"""A library in the style of the other Python framework: count and URLs beside the rows, slashes after every path."""

import json
from collections.abc import Iterable
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

_PAGE_SIZE = 20
Row = dict[str, Any]


class InvalidBody(Exception):
    """A body whose fields are wrong, with the messages of each."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(errors)
        self.errors = errors


class UnknownRow(Exception):
    """An id that no row has."""


async def show_invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, InvalidBody)
    return JSONResponse(error.errors, 400)


async def show_unknown(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "Not found."}, 404)


async def read_fields(request: Request, required: Iterable[str] = ()) -> Row:
    body: Row = json.loads(await request.body() or b"{}")
    missing = {name: ["This field is required."] for name in required if name not in body}
    if missing:
        raise InvalidBody(missing)
    return body


def list_page(request: Request, rows: list[Row]) -> JSONResponse:
    limit = int(request.query_params.get("limit", _PAGE_SIZE))
    offset = int(request.query_params.get("offset", 0))

    def link(start: int) -> str:
        return str(request.url.include_query_params(limit=limit, offset=start))

    return JSONResponse(
        {
            "count": len(rows),
            "next": link(offset + limit) if offset + limit < len(rows) else None,
            "previous": link(max(offset - limit, 0)) if offset > 0 else None,
            "results": rows[offset : offset + limit],
        }
    )


def build(clock: Clock) -> Starlette:  # noqa: C901  one function an operation
    books: dict[int, Row] = {}
    authors: dict[int, Row] = {}
    book_ids, author_ids = count(1_001), count(70_001)

    def find(rows: dict[int, Row], request: Request) -> Row:
        if request.path_params["id"] not in rows:
            raise UnknownRow
        return rows[request.path_params["id"]]

    async def list_books(request: Request) -> JSONResponse:
        query = request.query_params
        found = [*books.values()][::-1]
        if "genre" in query:
            found = [book for book in found if book["genre"] == query["genre"]]
        if "author" in query:
            found = [book for book in found if str(book["author"]) == query["author"]]
        if "search" in query:
            words = query["search"].lower()
            found = [book for book in found if words in f"{book['title']} {book.get('summary', '')}".lower()]
        if "ordering" in query:
            found.sort(key=lambda book: book[query["ordering"].lstrip("-")], reverse=query["ordering"][0] == "-")
        return list_page(request, found)

    async def create_book(request: Request) -> JSONResponse:
        body, now = await read_fields(request, ["title", "author", "genre", "pages"]), clock.now().isoformat()
        made = {"id": next(book_ids), **body, "created": now, "modified": now}
        books[made["id"]] = made
        return JSONResponse(made, 201)

    async def retrieve_book(request: Request) -> JSONResponse:
        return JSONResponse(find(books, request))

    async def update_book(request: Request) -> JSONResponse:
        body = await read_fields(request, ["title", "author", "genre", "pages"])
        book = find(books, request)
        book.pop("summary", None)
        book |= body | {"modified": clock.now().isoformat()}
        return JSONResponse(book)

    async def patch_book(request: Request) -> JSONResponse:
        body, book = await read_fields(request), find(books, request)
        book |= body | {"modified": clock.now().isoformat()}
        return JSONResponse(book)

    async def destroy_book(request: Request) -> Response:
        del books[find(books, request)["id"]]
        return Response(status_code=204)

    async def list_authors(request: Request) -> JSONResponse:
        return list_page(request, [*authors.values()][::-1])

    async def create_author(request: Request) -> JSONResponse:
        made = {"id": next(author_ids), "born": None, **await read_fields(request, ["name"])}
        authors[made["id"]] = made
        return JSONResponse(made, 201)

    async def retrieve_author(request: Request) -> JSONResponse:
        return JSONResponse(find(authors, request))

    return Starlette(
        routes=[
            Route("/api/books/", list_books),
            Route("/api/books/", create_book, methods=["POST"]),
            Route("/api/books/{id:int}/", retrieve_book),
            Route("/api/books/{id:int}/", update_book, methods=["PUT"]),
            Route("/api/books/{id:int}/", patch_book, methods=["PATCH"]),
            Route("/api/books/{id:int}/", destroy_book, methods=["DELETE"]),
            Route("/api/authors/", list_authors),
            Route("/api/authors/", create_author, methods=["POST"]),
            Route("/api/authors/{id:int}/", retrieve_author),
        ],
        exception_handlers={InvalidBody: show_invalid, UnknownRow: show_unknown},
    )


SERVICE = Service(
    name="library",
    build=build,
    document=read_document("library"),
    collections=(
        Collection(
            "/api/books/", "id", rows="results", paging=Paging("url", "offset", next="next"), item="/api/books/{id}/"
        ),
        Collection(
            "/api/authors/",
            "author",
            rows="results",
            paging=Paging("url", "offset", next="next"),
            item="/api/authors/{id}/",
        ),
    ),
    same={"/api/authors/{id}/ id": "author"},
    made=frozenset(["id", "author"]),
    tokens=frozenset(["next", "previous"]),
    references={"author": "author"},
    values={
        "limit": [1, 2, 3, 50],
        "offset": [0, 0, 1, 2],
        "pages": [*range(20, 300_000, 3)],
        "ordering": ["pages", "-pages", "created", "-modified"],
        "search": ["alpha", "GAMMA", "zzz"],
        "summary": ["Alpha and more", "nothing"],
    },
)
