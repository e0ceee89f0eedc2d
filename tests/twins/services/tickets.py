"""A help desk in the style of a Java framework: pages from zero, problem details, actions by PUT."""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

_TITLES = {400: "Bad Request", 404: "Not Found", 409: "Conflict"}
_WRITABLE = ("subject", "description", "priority", "assigneeName")
Row = dict[str, Any]


class ProblemDetail(Exception):
    """A request that is refused, with the status of the response."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


async def show_problem(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemDetail)
    shown = {"type": "about:blank", "title": _TITLES[error.status], "status": error.status, "detail": str(error)}
    return JSONResponse(shown, error.status, media_type="application/problem+json")


async def read_dto(request: Request, required: Iterable[str]) -> Row:
    body: Row = json.loads(await request.body())
    for name in required:
        if name not in body:
            raise ProblemDetail(400, f"{name} must not be null")
    return body


def build(clock: Clock) -> Starlette:  # noqa: C901  one function an operation
    tickets: dict[int, Row] = {}
    attachments: dict[int, list[Row]] = {}
    numbers, attachment_ids = count(1_001), count(800_001)

    def find_ticket(request: Request) -> Row:
        if request.path_params["id"] not in tickets:
            raise ProblemDetail(404, "Ticket not found")
        return tickets[request.path_params["id"]]

    async def find_all(request: Request) -> JSONResponse:
        query = request.query_params
        found = [*tickets.values()][::-1]
        for name in ("priority", "status", "assigneeName"):
            found = [ticket for ticket in found if query.get(name, ticket.get(name)) == ticket.get(name)]
        if "createdAfter" in query:
            earliest = datetime.fromisoformat(query["createdAfter"])
            found = [ticket for ticket in found if datetime.fromisoformat(ticket["createdAt"]) > earliest]
        number, size = int(query.get("page", 0)), int(query.get("size", 20))
        content, pages = found[number * size : (number + 1) * size], -(-len(found) // size)
        return JSONResponse(
            {
                "content": content,
                "totalElements": len(found),
                "totalPages": pages,
                "number": number,
                "size": size,
                "numberOfElements": len(content),
                "first": number == 0,
                "last": number + 1 >= pages,
                "empty": not content,
            }
        )

    async def create(request: Request) -> JSONResponse:
        body, now = await read_dto(request, ["subject", "priority"]), clock.now().isoformat()
        made = {"id": next(numbers), **body, "status": "OPEN", "createdAt": now, "updatedAt": now}
        tickets[made["id"]], attachments[made["id"]] = made, []
        return JSONResponse(made, 201, {"location": f"/api/tickets/{made['id']}"})

    async def find_by_id(request: Request) -> JSONResponse:
        return JSONResponse(find_ticket(request))

    async def update(request: Request) -> JSONResponse:
        body = await read_dto(request, ["subject", "priority"])
        ticket = find_ticket(request)
        kept = {name: value for name, value in ticket.items() if name not in _WRITABLE}
        tickets[ticket["id"]] = kept | body | {"updatedAt": clock.now().isoformat()}
        return JSONResponse(tickets[ticket["id"]])

    async def delete(request: Request) -> Response:
        identity = find_ticket(request)["id"]
        del tickets[identity], attachments[identity]
        return Response(status_code=204)

    async def resolve(request: Request) -> JSONResponse:
        ticket, now = find_ticket(request), clock.now().isoformat()
        if ticket["status"] != "OPEN":
            raise ProblemDetail(409, f"The ticket is {ticket['status']}")
        ticket |= {"status": "RESOLVED", "resolvedAt": now, "updatedAt": now}
        return JSONResponse(ticket)

    async def reopen(request: Request) -> JSONResponse:
        ticket = find_ticket(request)
        if ticket["status"] == "OPEN":
            raise ProblemDetail(409, "The ticket is OPEN")
        ticket |= {"status": "OPEN", "updatedAt": clock.now().isoformat()}
        ticket.pop("resolvedAt", None)
        return JSONResponse(ticket)

    async def list_attachments(request: Request) -> JSONResponse:
        return JSONResponse(attachments[find_ticket(request)["id"]][::-1])

    async def add_attachment(request: Request) -> JSONResponse:
        body = await read_dto(request, ["url"])
        ticket = find_ticket(request)
        made = {"id": next(attachment_ids), **body, "addedAt": clock.now().isoformat()}
        attachments[ticket["id"]].append(made)
        return JSONResponse(made, 201)

    one = "/api/tickets/{id:int}"
    return Starlette(
        routes=[
            Route("/api/tickets", find_all),
            Route("/api/tickets", create, methods=["POST"]),
            Route(one, find_by_id),
            Route(one, update, methods=["PUT"]),
            Route(one, delete, methods=["DELETE"]),
            Route(f"{one}/resolve", resolve, methods=["PUT"]),
            Route(f"{one}/reopen", reopen, methods=["PUT"]),
            Route(f"{one}/attachments", list_attachments),
            Route(f"{one}/attachments", add_attachment, methods=["POST"]),
        ],
        exception_handlers={ProblemDetail: show_problem},
    )


SERVICE = Service(
    name="tickets",
    build=build,
    document=read_document("tickets"),
    collections=(
        Collection("/api/tickets", "ticketId", rows="content", paging=Paging("page", "page", "size", first=0)),
        Collection("/api/tickets/{ticketId}/attachments", "attachmentId"),
    ),
    values={
        "assigneeName": ["Ann", "Bob"],
        "size": [1, 2, 20],
        "page": [0, 0, 1],
        "createdAfter": ["2026-01-01T00:00:10Z"],
    },
)
