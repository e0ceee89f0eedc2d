"""A helpdesk on Starlette: tickets that are merge-patched, comments with replies, tokens, and problem documents."""

import base64
import json
from http import HTTPStatus
from itertools import count
from typing import Annotated, Any, Literal, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.planted.services import read_planted_document
from tests.twins.service import Clock, Service

TOKEN = "desk-token"  # noqa: S105  of this service alone
Row = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)
Priority = Annotated[int, Field(ge=1, le=4)]
Subject = Annotated[str, Field(min_length=1, max_length=200)]
STATUSES = ("new", "open", "waiting", "closed")
SORTS = ("created_at", "-created_at", "priority", "-priority")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Requester(Strict):
    name: str = Field(min_length=1, max_length=100)
    email: str = Field(min_length=3)


class NewTicket(Strict):
    subject: Subject
    priority: Priority = 3
    requester: Requester
    assignee: str | None = None
    labels: list[Annotated[str, Field(min_length=1)]] = Field(default=[], max_length=10)


class TicketChanges(Strict):
    subject: Subject = ""
    priority: Priority = 3
    assignee: str | None = None
    status: Literal["open", "waiting"] = "open"


class NewComment(Strict):
    text: str = Field(min_length=1, max_length=5000)
    internal: bool = False


def make_problem(status: int, detail: str) -> Response:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(body, status, headers, "application/problem+json")


async def show_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return make_problem(error.status_code, error.detail)


class TokenGuard:
    """Lets only requests with the token through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        is_allowed = scope["type"] != "http" or headers.get(b"authorization") == f"Bearer {TOKEN}".encode()
        await (self.app if is_allowed else make_problem(401, "A valid token is needed"))(scope, receive, send)


async def read_body(request: Request, model: type[Model], media_type: str) -> Model:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        raise HTTPException(400, f"The body has to be {media_type}")
    try:
        return model.model_validate(json.loads(await request.body()))
    except ValidationError as error:
        flaw = error.errors()[0]
        raise HTTPException(400, f"{'.'.join(map(str, flaw['loc']))}: {flaw['msg']}") from None
    except (ValueError, RecursionError):
        raise HTTPException(400, "The body is not JSON") from None


def cut_page(request: Request, rows: list[Row], key: str) -> Row:
    """Return the page after the row that ``after`` names."""
    text = request.query_params.get("limit", "20")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 100):
        raise HTTPException(400, "limit has to be a number from 1 to 100")
    start = 0
    if "after" in request.query_params:
        try:
            last = base64.urlsafe_b64decode(request.query_params["after"]).decode()
        except ValueError:
            raise HTTPException(400, "after has to be the next of a page") from None
        start = next((place + 1 for place, row in enumerate(rows) if str(row[key]) == last), len(rows))
    page = rows[start : start + int(text)]
    has_more = start + int(text) < len(rows)
    return {"data": page, "next": base64.urlsafe_b64encode(str(page[-1][key]).encode()).decode() if has_more else None}


class Desk:
    """The handlers of the desk, and what they know."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.numbers = count(1)
        self.tickets: dict[int, Row] = {}
        self.comments: dict[str, Row] = {}
        self.places: dict[str, tuple[int, str | None]] = {}

    def now(self) -> str:
        return self.clock.now().isoformat().replace("+00:00", "Z")

    def find_ticket(self, request: Request) -> Row:
        text = request.path_params["number"]
        found = self.tickets.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None
        if found is None:
            raise HTTPException(404, "No such ticket")
        return found

    def find_comment(self, request: Request) -> Row:
        number, comment_id = self.find_ticket(request)["number"], request.path_params["comment_id"]
        if self.places.get(comment_id, (0, None))[0] != number:
            raise HTTPException(404, "No such comment")
        return self.comments[comment_id]

    def list_below(self, number: int, parent: str | None) -> list[Row]:
        return [row for name, row in self.comments.items() if self.places[name] == (number, parent)]

    async def list_tickets(self, request: Request) -> Response:
        query = request.query_params
        statuses = [*filter(None, query.get("status", "").split(","))]
        sort = query.get("sort", "-created_at")
        if sort not in SORTS or not set(statuses) <= set(STATUSES):
            raise HTTPException(400, "status or sort is none of the members")
        rows = [
            row
            for row in self.tickets.values()
            if (not statuses or row["status"] in statuses) and query.get("assignee") in {None, row["assignee"]}
        ]
        rows.sort(key=lambda row: (row[sort.lstrip("-")], row["number"]), reverse=sort.startswith("-"))
        return JSONResponse(cut_page(request, rows, "number"))

    async def open_ticket(self, request: Request) -> Response:
        body = await read_body(request, NewTicket, "application/json")
        number = next(self.numbers)
        self.tickets[number] = {
            "number": number,
            **body.model_dump(),
            "status": "new",
            "comment_count": 0,
            "created_at": self.now(),
            "closed_at": None,
        }
        return JSONResponse(self.tickets[number], 201)

    async def get_ticket(self, request: Request) -> Response:
        return JSONResponse(self.find_ticket(request))

    async def change_ticket(self, request: Request) -> Response:
        ticket = self.find_ticket(request)
        body = await read_body(request, TicketChanges, "application/merge-patch+json")
        ticket.update(body.model_dump(exclude_unset=True))
        if ticket["status"] != "closed":
            ticket["closed_at"] = None
        return JSONResponse(ticket)

    async def close_ticket(self, request: Request) -> Response:
        ticket = self.find_ticket(request)
        if ticket["status"] == "closed":
            raise HTTPException(409, "The ticket is closed")
        ticket.update(status="closed", closed_at=self.now())
        return JSONResponse(ticket)

    async def list_comments(self, request: Request) -> Response:
        return JSONResponse(cut_page(request, self.list_below(self.find_ticket(request)["number"], None), "id"))

    async def list_replies(self, request: Request) -> Response:
        parent = self.find_comment(request)["id"]
        return JSONResponse({"data": self.list_below(self.find_ticket(request)["number"], parent)})

    async def add_comment(self, request: Request) -> Response:
        ticket = self.find_ticket(request)
        parent = self.find_comment(request)["id"] if "comment_id" in request.path_params else None
        body = await read_body(request, NewComment, "application/json")
        name = f"c_{uuid4().hex[:12]}"
        self.comments[name] = {"id": name, **body.model_dump(), "author": "agent", "written_at": self.now()}
        self.places[name] = (ticket["number"], parent)
        ticket["comment_count"] += 1
        return JSONResponse(self.comments[name], 201)

    async def get_comment(self, request: Request) -> Response:
        return JSONResponse(self.find_comment(request))

    async def delete_comment(self, request: Request) -> Response:
        found, ticket = self.find_comment(request), self.find_ticket(request)
        gone = [found["id"], *(row["id"] for row in self.list_below(ticket["number"], found["id"]))]
        for name in gone:
            del self.comments[name], self.places[name]
        ticket["comment_count"] -= len(gone)
        return Response(status_code=204)


def build(clock: Clock) -> Starlette:
    desk = Desk(clock)
    ticket, comment = "/tickets/{number}", "/tickets/{number}/comments/{comment_id}"
    routes = [
        Route("/tickets", desk.list_tickets),
        Route("/tickets", desk.open_ticket, methods=["POST"]),
        Route(ticket, desk.get_ticket),
        Route(ticket, desk.change_ticket, methods=["PATCH"]),
        Route(f"{ticket}/close", desk.close_ticket, methods=["POST"]),
        Route(f"{ticket}/comments", desk.list_comments),
        Route(f"{ticket}/comments", desk.add_comment, methods=["POST"]),
        Route(comment, desk.get_comment),
        Route(comment, desk.delete_comment, methods=["DELETE"]),
        Route(f"{comment}/replies", desk.list_replies),
        Route(f"{comment}/replies", desk.add_comment, methods=["POST"]),
    ]
    return Starlette(
        routes=[Mount("/api", routes=routes)],
        middleware=[Middleware(TokenGuard)],
        exception_handlers={HTTPException: show_problem},
    )


SERVICE = Service(
    name="helpdesk",
    build=build,
    collections=(),
    base="/api",
    document=read_planted_document("helpdesk"),
    headers={"Authorization": f"Bearer {TOKEN}"},
)
