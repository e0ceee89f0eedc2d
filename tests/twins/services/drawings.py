"""Drawings in the style of a cloud company: page tokens, times in camel case, methods after a colon."""

import base64
import json
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

_CODES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 409: "FAILED_PRECONDITION"}
_READ_ONLY = ("drawingId", "state", "createTime", "updateTime")
Row = dict[str, Any]


class Rejection(Exception):
    """A request that is refused, with the status of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def show_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Rejection)
    shown = {"code": error.status, "message": str(error), "status": _CODES[error.status]}
    return JSONResponse({"error": shown}, error.status)


async def read_drawing(request: Request) -> Row:
    body = json.loads(await request.body())
    if "displayName" not in body:
        raise Rejection(400, "displayName is required")
    return {name: value for name, value in body.items() if name not in _READ_ONLY}


def build(clock: Clock) -> Starlette:  # noqa: C901  one function an operation
    drawings: dict[str, Row] = {}
    numbers = count(1)

    def find_drawing(request: Request) -> Row:
        identity = request.path_params["id"]
        if identity not in drawings:
            raise Rejection(404, f"Drawing {identity} not found")
        return drawings[identity]

    async def list_drawings(request: Request) -> JSONResponse:
        query = request.query_params
        found = [drawing for drawing in drawings.values() if query.get("state", drawing["state"]) == drawing["state"]]
        size = int(query.get("pageSize", 25))
        start = int(base64.b64decode(query["pageToken"])) if "pageToken" in query else 0
        shown: Row = {"drawings": found[::-1][start : start + size], "totalSize": len(found)}
        if start + size < len(found):
            shown["nextPageToken"] = base64.b64encode(str(start + size).encode()).decode()
        return JSONResponse(shown)

    async def create_drawing(request: Request) -> JSONResponse:
        body, identity, now = await read_drawing(request), f"d{next(numbers):09}", clock.now().isoformat()
        made = {"drawingId": identity, **body, "state": "ACTIVE", "createTime": now, "updateTime": now}
        drawings[identity] = made
        return JSONResponse(made)

    async def get_drawing(request: Request) -> JSONResponse:
        return JSONResponse(find_drawing(request))

    async def patch_drawing(request: Request) -> JSONResponse:
        body = await read_drawing(request)
        drawing = find_drawing(request)
        drawing |= body | {"updateTime": clock.now().isoformat()}
        return JSONResponse(drawing)

    async def delete_drawing(request: Request) -> JSONResponse:
        del drawings[find_drawing(request)["drawingId"]]
        return JSONResponse({})

    def move_drawing(earlier: str, later: str) -> Any:
        async def move(request: Request) -> JSONResponse:
            drawing = find_drawing(request)
            if drawing["state"] != earlier:
                raise Rejection(409, f"The drawing is {drawing['state']}")
            drawing |= {"state": later, "updateTime": clock.now().isoformat()}
            return JSONResponse(drawing)

        return move

    one = "/v1/drawings/{id}"
    return Starlette(
        routes=[
            Route("/v1/drawings", list_drawings),
            Route("/v1/drawings", create_drawing, methods=["POST"]),
            Route(f"{one}:archive", move_drawing("ACTIVE", "ARCHIVED"), methods=["POST"]),
            Route(f"{one}:unarchive", move_drawing("ARCHIVED", "ACTIVE"), methods=["POST"]),
            Route(one, get_drawing),
            Route(one, patch_drawing, methods=["PATCH"]),
            Route(one, delete_drawing, methods=["DELETE"]),
        ],
        exception_handlers={Rejection: show_error},
    )


SERVICE = Service(
    name="drawings",
    build=build,
    document=read_document("drawings"),
    collections=(
        Collection(
            "/v1/drawings",
            "drawingId",
            id="drawingId",
            rows="drawings",
            paging=Paging("token", "pageToken", "pageSize", "nextPageToken"),
        ),
    ),
    made=frozenset(["drawingId"]),
    tokens=frozenset(["nextPageToken"]),
    values={"pageSize": [1, 2, 25]},
)
