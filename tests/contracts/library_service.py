"""A service with pages in envelopes whose behavior is only inferred, and faults that can be put into it."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_BOOK = {
    "type": "object",
    "required": ["id", "title", "genre", "year"],
    "properties": {
        "id": {"type": "integer"},
        "title": {"type": "string"},
        "genre": {"type": "string", "enum": ["novel", "poems"]},
        "year": {"type": "integer"},
    },
}
_NEW_BOOK = {
    "type": "object",
    "required": ["title", "genre"],
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "genre": {"type": "string", "enum": ["novel", "poems"]},
        "year": {"type": "integer", "minimum": 0, "maximum": 3000},
    },
}
_CHANGES = {"type": "object", "properties": {"title": {"type": "string", "minLength": 1}}}
_LOAN = {
    "type": "object",
    "required": ["id", "reader"],
    "properties": {"id": {"type": "integer"}, "reader": {"type": "string"}},
}


def _respond(schema: Any, status: str = "200") -> dict[str, Any]:
    return {status: {"description": "ok", "content": {"application/json": {"schema": schema}}}}


def _query(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


def _take(schema: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


_SIZE = {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
_MISSING = {"404": {"description": "there is none"}}
_ID = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
_NUMBER = {"type": "integer"}

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Reading room", "version": "1"},
    "paths": {
        "/books": {
            "get": {
                "operationId": "listBooks",
                "parameters": [
                    _query("page", {"type": "integer", "minimum": 1, "default": 1}),
                    _query("per_page", _SIZE),
                    _query("genre", {"type": "string", "enum": ["novel", "poems"]}),
                    _query("sort", {"type": "string", "enum": ["year", "-year"]}),
                ],
                "responses": _respond(
                    {
                        "type": "object",
                        "required": ["books", "meta"],
                        "properties": {
                            "books": {"type": "array", "items": {"$ref": "#/components/schemas/Book"}},
                            "meta": {
                                "type": "object",
                                "properties": {
                                    "total": _NUMBER,
                                    "total_pages": _NUMBER,
                                    "has_more": {"type": "boolean"},
                                },
                            },
                        },
                    }
                ),
            },
            "post": {
                "operationId": "createBook",
                "requestBody": _take(_NEW_BOOK),
                "responses": _respond({"$ref": "#/components/schemas/Book"}, "201"),
            },
        },
        "/books/{id}": {
            "parameters": _ID,
            "get": {
                "operationId": "getBook",
                "responses": _respond({"$ref": "#/components/schemas/Book"}) | _MISSING,
            },
            "patch": {
                "operationId": "updateBook",
                "requestBody": _take(_CHANGES),
                "responses": _respond({"$ref": "#/components/schemas/Book"}) | _MISSING,
            },
            "delete": {"operationId": "deleteBook", "responses": {"204": {"description": "gone"}} | _MISSING},
        },
        "/loans": {
            "get": {
                "operationId": "listLoans",
                "parameters": [_query("cursor", {"type": "string"}), _query("limit", _SIZE)],
                "responses": _respond(
                    {
                        "type": "object",
                        "required": ["data"],
                        "properties": {
                            "data": {"type": "array", "items": {"$ref": "#/components/schemas/Loan"}},
                            "next_cursor": {"type": ["string", "null"]},
                        },
                    }
                ),
            }
        },
    },
    "components": {"schemas": {"Book": _BOOK, "Loan": _LOAN}},
}

FAULTS = {
    "a page begins with the last row of the page before": ("SD505", "GET /books"),
    "the last row is on no page": ("SD505", "GET /books"),
    "the total counts one row too many": ("SD524", "GET /books"),
    "the last page says that more follows": ("SD524", "GET /books"),
    "a filter is ignored": ("SD510", "GET /books"),
    "a sort parameter is ignored": ("SD506", "GET /books"),
    "a new book is not listed": ("SD617", "POST /books"),
    "a new book has another title": ("SD620", "POST /books"),
    "a change is not kept": ("SD625", "PATCH /books/{id}"),
    "a deleted book stays": ("SD626", "DELETE /books/{id}"),
    "an unknown book is another one": ("SD613", "GET /books/{id}"),
    "an unknown book is deleted": ("SD615", "DELETE /books/{id}"),
    "a cursor repeats a row": ("SD505", "GET /loans"),
    "the cursors never end": ("SD505", "GET /loans"),
}
"""Each fault with the clause that finds it, and the operation."""


class Library:
    """The service, with at most one fault. ``deleted`` and ``changed`` are the ids that requests have named."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.books = {
            number: {"id": number, "title": f"Book {number}", "genre": ("novel", "poems")[number % 2], "year": year}
            for number, year in enumerate((1999, 1950, 2004, 1970, 1987, 2020, 1901, 1933, 2011, 1890, 1963), start=1)
        }
        self.loans = [{"id": number, "reader": f"reader {number}"} for number in range(1, 10)]
        self.written: list[int] = []
        self._ids = count(500)

    def build_app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/books", self._list_books),
                Route("/books", self._create_book, methods=["POST"]),
                Route("/books/{id}", self._handle_book, methods=["GET", "PATCH", "DELETE"]),
                Route("/loans", self._list_loans),
            ]
        )

    async def _list_books(self, request: Request) -> Response:
        query = request.query_params
        page, size = _read_number(query, "page", 1, 10**9), _read_number(query, "per_page", 20, 100)
        sort, genre = query.get("sort"), query.get("genre")
        if page is None or size is None or sort not in {None, "year", "-year"} or genre not in {None, "novel", "poems"}:
            return Response(status_code=400)
        rows = [b for b in self.books.values() if genre in {None, b["genre"]} or self.fault == "a filter is ignored"]
        if sort is not None and self.fault != "a sort parameter is ignored":
            rows.sort(key=lambda book: book["year"], reverse=sort == "-year")
        if self.fault == "a new book is not listed":
            rows = [book for book in rows if book["id"] < 500]
        start = (page - 1) * size
        shown = rows[start : start + size]
        has_more = start + size < len(rows)
        if self.fault == "a page begins with the last row of the page before" and page > 1:
            shown = rows[start - 1 : start - 1 + size]
        if self.fault == "the last row is on no page" and size < 20 and not has_more:
            shown = shown[:-1]
        total = len(rows) + (self.fault == "the total counts one row too many")
        has_more = has_more or self.fault == "the last page says that more follows"
        meta = {"total": total, "total_pages": -(-len(rows) // size), "has_more": has_more}
        return JSONResponse({"books": shown, "meta": meta})

    async def _create_book(self, request: Request) -> Response:
        body = await _read_object(request)
        if body is None or not _is_title(body.get("title")) or body.get("genre") not in ("novel", "poems"):
            return Response(status_code=400)
        year = body.get("year", 2000)
        if not isinstance(year, int) or isinstance(year, bool) or not 0 <= year <= 3000:
            return Response(status_code=400)
        number = next(self._ids)
        title = "Untitled" if self.fault == "a new book has another title" else body["title"]
        self.books[number] = {"id": number, "title": title, "genre": body["genre"], "year": year}
        return JSONResponse(self.books[number], status_code=201)

    async def _handle_book(self, request: Request) -> Response:
        text = request.path_params["id"]
        if not text.lstrip("-").isdecimal() or not text.isascii():
            return Response(status_code=400)
        book = self.books.get(int(text))
        if request.method == "GET":
            return self._show_book(book)
        body = await _read_object(request) if request.method == "PATCH" else {}
        if body is None or ("title" in body and not _is_title(body["title"])):
            return Response(status_code=400)
        if book is None:
            is_careless = self.fault == "an unknown book is deleted" and request.method == "DELETE"
            return Response(status_code=204 if is_careless else 404)
        self.written.append(book["id"])
        if request.method == "PATCH":
            if self.fault != "a change is not kept" and "title" in body:
                book["title"] = body["title"]
            return JSONResponse(book)
        if self.fault != "a deleted book stays":
            del self.books[book["id"]]
        return Response(status_code=204)

    def _show_book(self, book: Mapping[str, Any] | None) -> Response:
        if book is None and self.fault == "an unknown book is another one":
            book = self.books[1]
        return Response(status_code=404) if book is None else JSONResponse(book)

    async def _list_loans(self, request: Request) -> Response:
        size, cursor = _read_number(request.query_params, "limit", 20, 100), request.query_params.get("cursor", "at-0")
        if size is None or not cursor.startswith("at-") or not cursor[3:].isdecimal() or not cursor.isascii():
            return Response(status_code=400)
        start = int(cursor[3:])
        rows = self.loans[start : start + size]
        following = start + len(rows)
        if self.fault == "a cursor repeats a row" and len(rows) > 1:
            following -= 1
        is_last = following >= len(self.loans) and self.fault != "the cursors never end"
        return JSONResponse({"data": rows, "next_cursor": None if is_last else f"at-{following}"})


def _read_number(query: Mapping[str, str], name: str, default: int, maximum: int) -> int | None:
    """Return a number from 1 to the maximum, None for any other text."""
    text = query.get(name, str(default))
    is_number = text.isascii() and text.isdecimal() and len(text) < 12
    return int(text) if is_number and 1 <= int(text) <= maximum else None


async def _read_object(request: Request) -> dict[str, Any] | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _is_title(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
