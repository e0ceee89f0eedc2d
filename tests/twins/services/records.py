"""Records in the style of an online spreadsheet: fields in an object of their own, an offset that is a token."""

import json
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

Row = dict[str, Any]


class ApiError(Exception):
    """A request that is refused: the status of the response, and the type of the error."""

    def __init__(self, status: int, kind: str) -> None:
        super().__init__(kind)
        self.status = status


async def show_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return JSONResponse({"error": {"type": str(error)}}, error.status)


async def read_fields(request: Request, *required: str) -> Row:
    body = json.loads(await request.body())
    if "fields" not in body or any(name not in body["fields"] for name in required):
        raise ApiError(422, "INVALID_REQUEST_BODY")
    return dict(body["fields"])


def build(clock: Clock) -> Starlette:
    records: dict[str, Row] = {}
    numbers = count(1)

    def find_record(request: Request) -> Row:
        if request.path_params["id"] not in records:
            raise ApiError(404, "MODEL_ID_NOT_FOUND")
        return records[request.path_params["id"]]

    async def list_records(request: Request) -> JSONResponse:
        size, start = int(request.query_params.get("pageSize", 100)), request.query_params.get("offset", "itr0")
        found, first = [*records.values()][::-1], int(start.removeprefix("itr"))
        shown: Row = {"records": found[first : first + size]}
        if first + size < len(found):
            shown["offset"] = f"itr{first + size}"
        return JSONResponse(shown)

    async def create_record(request: Request) -> JSONResponse:
        fields, identity = await read_fields(request, "Name"), f"rec{next(numbers):014}"
        records[identity] = {"id": identity, "createdTime": clock.now().isoformat(), "fields": fields}
        return JSONResponse(records[identity])

    async def get_record(request: Request) -> JSONResponse:
        return JSONResponse(find_record(request))

    async def update_record(request: Request) -> JSONResponse:
        fields = await read_fields(request)
        record = find_record(request)
        record["fields"] |= fields
        return JSONResponse(record)

    async def delete_record(request: Request) -> JSONResponse:
        identity = find_record(request)["id"]
        del records[identity]
        return JSONResponse({"id": identity, "deleted": True})

    one = "/v0/contacts/{id}"
    return Starlette(
        routes=[
            Route("/v0/contacts", list_records),
            Route("/v0/contacts", create_record, methods=["POST"]),
            Route(one, get_record),
            Route(one, update_record, methods=["PATCH"]),
            Route(one, delete_record, methods=["DELETE"]),
        ],
        exception_handlers={ApiError: show_error},
    )


SERVICE = Service(
    name="records",
    build=build,
    document=read_document("records"),
    collections=(
        Collection(
            "/v0/contacts", "recordId", rows="records", paging=Paging("token", "offset", "pageSize", next="offset")
        ),
    ),
    tokens=frozenset(["offset"]),
    values={"pageSize": [1, 2, 100]},
)
