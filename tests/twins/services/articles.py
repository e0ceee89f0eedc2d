"""Articles by JSON:API: attributes inside of data, links inside of links, a media type of its own."""

import json
from collections.abc import Iterable
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

_TITLES = {404: "Not Found", 422: "Unprocessable Entity"}
Row = dict[str, Any]


class JsonApiError(Exception):
    """A request that is refused, with the status of the response."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class JsonApiResponse(JSONResponse):
    """A response in the media type of JSON:API."""

    media_type = "application/vnd.api+json"


async def show_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, JsonApiError)
    shown = {"status": str(error.status), "title": _TITLES[error.status], "detail": str(error)}
    return JsonApiResponse({"errors": [shown]}, error.status)


async def read_attributes(request: Request, required: Iterable[str] = ()) -> Row:
    data = json.loads(await request.body()).get("data")
    if not data or "type" not in data or "attributes" not in data:
        raise JsonApiError(422, "data has no type or attributes")
    for name in required:
        if name not in data["attributes"]:
            raise JsonApiError(422, f"{name} is missing")
    return dict(data["attributes"])


def build(clock: Clock) -> Starlette:
    articles: dict[str, Row] = {}
    numbers = count(1)

    def find_article(request: Request) -> Row:
        identity = request.path_params["id"]
        if identity not in articles:
            raise JsonApiError(404, "There is no such article")
        return articles[identity]

    async def list_articles(request: Request) -> JSONResponse:
        query = request.query_params
        found = [*articles.values()]
        if "filter[section]" in query:
            found = [article for article in found if article["attributes"]["section"] == query["filter[section]"]]
        sort = query.get("sort", "-createdAt")
        found.sort(key=lambda article: article["attributes"][sort.lstrip("-")], reverse=sort.startswith("-"))
        number, size = int(query.get("page[number]", 1)), int(query.get("page[size]", 10))

        def link(page: int) -> str:
            return str(request.url.include_query_params(**{"page[number]": page}))

        links = {
            "self": str(request.url),
            "next": link(number + 1) if number * size < len(found) else None,
            "prev": link(number - 1) if number > 1 else None,
        }
        page = found[(number - 1) * size : number * size]
        return JsonApiResponse({"data": page, "links": links, "meta": {"total": len(found)}})

    async def create_article(request: Request) -> JSONResponse:
        sent, now = await read_attributes(request, ["headline", "section", "words"]), clock.now().isoformat()
        identity = f"3f2b8c1a-0000-4000-8000-{next(numbers):012}"
        attributes = {"standfirst": None, **sent, "createdAt": now, "updatedAt": now}
        articles[identity] = {"type": "articles", "id": identity, "attributes": attributes}
        return JsonApiResponse({"data": articles[identity]}, 201, {"location": f"/articles/{identity}"})

    async def get_article(request: Request) -> JSONResponse:
        return JsonApiResponse({"data": find_article(request)})

    async def update_article(request: Request) -> JSONResponse:
        sent = await read_attributes(request)
        article = find_article(request)
        article["attributes"] |= sent | {"updatedAt": clock.now().isoformat()}
        return JsonApiResponse({"data": article})

    async def delete_article(request: Request) -> Response:
        del articles[find_article(request)["id"]]
        return Response(status_code=204)

    return Starlette(
        routes=[
            Route("/articles", list_articles),
            Route("/articles", create_article, methods=["POST"]),
            Route("/articles/{id}", get_article),
            Route("/articles/{id}", update_article, methods=["PATCH"]),
            Route("/articles/{id}", delete_article, methods=["DELETE"]),
        ],
        exception_handlers={JsonApiError: show_error},
    )


SERVICE = Service(
    name="articles",
    build=build,
    document=read_document("articles"),
    collections=(
        Collection(
            "/articles",
            "articleId",
            rows="data",
            row="data",
            paging=Paging("page", "page[number]", "page[size]"),
        ),
    ),
    tokens=frozenset(["self", "next", "prev"]),
    values={"page[size]": [1, 2, 10], "page[number]": [1, 1, 2], "words": [*range(10, 500_000, 7)]},
)
