"""Parts of machines by OData: a key in brackets, parameters with a dollar, next links in the body."""

import json
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

_MOST_ROWS = 20
Row = dict[str, Any]


class ODataError(Exception):
    """A request that is refused, with the status of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def show_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ODataError)
    return JSONResponse({"error": {"code": str(error.status), "message": str(error)}}, error.status)


def build(_clock: Clock) -> Starlette:  # noqa: C901  one function an operation
    parts: dict[int, Row] = {}
    numbers = count(1_001)

    def find_part(request: Request) -> Row:
        if request.path_params["id"] not in parts:
            raise ODataError(404, "Not Found")
        return parts[request.path_params["id"]]

    async def list_parts(request: Request) -> JSONResponse:
        query = request.query_params
        found = [*parts.values()][::-1]
        if "$search" in query:
            found = [part for part in found if query["$search"].lower() in f"{part['Name']} {part['Color']}".lower()]
        if "$orderby" in query:
            name, _, direction = query["$orderby"].partition(" ")
            found.sort(key=lambda part: part[name], reverse=direction == "desc")
        top, skip = int(query.get("$top", _MOST_ROWS)), int(query.get("$skip", 0))
        shown = {"@odata.count": len(found), "value": found[skip : skip + top]}
        if skip + top < len(found):
            shown["@odata.nextLink"] = str(request.url.include_query_params(**{"$skip": skip + top, "$top": top}))
        return JSONResponse(shown)

    async def add_part(request: Request) -> JSONResponse:
        body = json.loads(await request.body())
        if "Name" not in body:
            raise ODataError(400, "Name is missing")
        made = {"ID": next(numbers), "Weight": None, "Color": None, **body}
        parts[made["ID"]] = made
        return JSONResponse(made, 201)

    async def get_part(request: Request) -> JSONResponse:
        return JSONResponse(find_part(request))

    async def update_part(request: Request) -> JSONResponse:
        body, part = json.loads(await request.body()), find_part(request)
        part |= body
        return JSONResponse(part)

    async def delete_part(request: Request) -> Response:
        del parts[find_part(request)["ID"]]
        return Response(status_code=204)

    routes = [
        Route("/Parts", list_parts),
        Route("/Parts", add_part, methods=["POST"]),
        Route("/Parts({id:int})", get_part),
        Route("/Parts({id:int})", update_part, methods=["PATCH"]),
        Route("/Parts({id:int})", delete_part, methods=["DELETE"]),
    ]
    return Starlette(routes=[Mount("/odata", routes=routes)], exception_handlers={ODataError: show_error})


SERVICE = Service(
    name="parts",
    build=build,
    document=read_document("parts"),
    base="/odata",
    collections=(
        Collection(
            "/Parts",
            "ID",
            id="ID",
            rows="value",
            paging=Paging("url", "$skip", "$top", next="@odata.nextLink"),
            item="/Parts({ID})",
        ),
    ),
    made=frozenset(["ID"]),
    tokens=frozenset(["@odata.nextLink"]),
    values={
        "$top": [1, 2, 20],
        "$skip": [0, 0, 1],
        "$orderby": ["ID", "ID desc"],
        "$search": ["alpha", "GAMMA", "zzz"],
    },
)
