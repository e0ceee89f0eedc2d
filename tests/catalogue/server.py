"""A correct FastAPI server of the five documented operations, with the seams at which variants change it.

Written from the vendors' pages alone. It shares nothing with the mock and the judge, so that neither can hide a
misreading behind the other.
"""

import inspect
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Header, HTTPException, Path, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from tests.catalogue.changes import Answer, Call, Caller, Changes, Step, dump
from tests.catalogue.world import (
    BROWSER_STATUSES,
    CREW_TYPES,
    MOMENTS,
    USERS,
    Clock,
    Row,
    World,
    crew_run_at,
    started_crew_run,
)

REQUIRED = inspect.Parameter.empty

PSKS = {
    "psk-amara-7f3a9c": Caller(USERS[0]),
    "psk-jonas-b2e514": Caller(USERS[1]),
    "psk-admin-0dd1e8": Caller("root", admin=True),
}
TOKENS = {value.replace("psk-", "token-"): caller for value, caller in PSKS.items()}
CC_KEY = "sk_live_catalogue_4e1d77"
SEEKR_KEY = "seekr-catalogue-91c4be"


class CrewType(StrEnum):
    ASK, CLASSIFICATION, DATA_ENGINEERING, DATA_SUGGESTION, SEMANTIC_MODEL = CREW_TYPES


class CrewRunRequest(BaseModel):
    """The body that starts a preset crew."""

    crew_type: CrewType
    task_input: dict[str, Any] = {}


class BrowserStatus(StrEnum):
    QUEUED, START, FAILED, SUCCESS, PAUSED, STOPPED, REQUEUED = BROWSER_STATUSES


class Order(StrEnum):
    ASC = "asc"
    DESC = "desc"


Declared = tuple[Any, Any]
"""A parameter's annotation and default."""

PARAMETERS: dict[str, dict[str, Declared]] = {
    "nx1.list": {"limit": (Annotated[int, Query()], 100)},
    "nx1.get": {"run_id": (Annotated[uuid.UUID, Path()], REQUIRED)},
    "nx1.start": {
        "x_correlation_id": (Annotated[str | None, Header()], None),
        "body": (Annotated[CrewRunRequest, Body()], REQUIRED),
    },
    "cloudcruise.list": {
        "start_time": (Annotated[datetime | None, Query()], None),
        "workflow_id": (Annotated[uuid.UUID | None, Query()], None),
        "status": (Annotated[BrowserStatus | None, Query()], None),
        "credential_id": (Annotated[str | None, Query()], None),
        "limit": (Annotated[int, Query(ge=1, le=10_000)], 1000),
        "cursor": (Annotated[datetime | None, Query()], None),
    },
    "seekrflow.list": {
        "thread_id": (Annotated[str, Path()], REQUIRED),
        "limit": (Annotated[int, Query(ge=0)], 20),
        "order": (Annotated[Order, Query()], Order.DESC),
        "offset": (Annotated[int, Query(ge=0)], 0),
        "x_team_id": (Annotated[str | None, Header()], None),
    },
}
ROUTES = {
    "nx1.list": ("GET", "/api/crew-runs"),
    "nx1.get": ("GET", "/api/crew-runs/{run_id}"),
    "nx1.start": ("POST", "/api/crews/run"),
    "cloudcruise.list": ("GET", "/runs"),
    "seekrflow.list": ("GET", "/v1/threads/{thread_id}/runs"),
}
APIS = ("nx1", "cloudcruise", "seekrflow")


# ------------------------------------------------------------------------------------------------ who may ask


def nx1_guard(call: Call) -> Caller | None:
    """Either scheme will do: a pre-shared key in its own header or a bearer token."""
    scheme, _, token = (call.header("authorization") or "").partition(" ")
    bearer = TOKENS.get(token) if scheme.lower() == "bearer" else None
    return PSKS.get(call.header("authorization-psk") or "") or bearer


def cloudcruise_guard(call: Call) -> Caller | None:
    return Caller() if call.header("cc-key") == CC_KEY else None


def seekrflow_guard(call: Call) -> Caller | None:
    key = call.header("authorization") or ""
    return Caller() if key.removeprefix("Bearer ") == SEEKR_KEY else None


GUARDS = {"nx1": nx1_guard, "cloudcruise": cloudcruise_guard, "seekrflow": seekrflow_guard}


def _unauthorized(call: Call) -> HTTPException:
    challenge = {"nx1": "Bearer", "cloudcruise": "APIKey", "seekrflow": "APIKey"}[call.api]
    detail = "Invalid API key" if call.api == "cloudcruise" else "Not authenticated"
    return HTTPException(401, detail, {"WWW-Authenticate": challenge})


# ------------------------------------------------------------------------------------------- how lists are made


def newest_first(rows: list[Row], _call: Call) -> list[Row]:
    return sorted(rows, key=lambda row: row["created_at"], reverse=True)


def _ordered(rows: list[Row], call: Call) -> list[Row]:
    return sorted(rows, key=lambda row: row["created_at"], reverse=call.values["order"] != "asc")


def visible(rows: list[Row], call: Call) -> list[Row]:
    caller = call.caller or Caller()
    return [row for row in rows if caller.admin or row["owner_id"] == caller.owner]


def first(rows: list[Row], call: Call) -> list[Row]:
    return rows[: max(call.values["limit"], 0)]


def equal(parameter: str, field: str) -> Step:
    def step(rows: list[Row], call: Call) -> list[Row]:
        wanted = call.values.get(parameter)
        return rows if wanted is None else [row for row in rows if row[field] == str(wanted)]

    return step


def since(rows: list[Row], call: Call) -> list[Row]:
    earliest = zoned(call.values["start_time"]) or call.clock.now() - timedelta(days=1)
    return [row for row in rows if row["created_at"] >= earliest]


def not_too_old(rows: list[Row], call: Call) -> list[Row]:
    """The page: "Cannot be older than 31 days". A minute is left for clocks that differ."""
    start = zoned(call.values["start_time"])
    if start and start < call.clock.now() - timedelta(days=31, minutes=1):
        raise HTTPException(400, "start_time cannot be older than 31 days")
    return rows


def before_cursor(rows: list[Row], call: Call) -> list[Row]:
    cursor = zoned(call.values["cursor"])
    return rows if cursor is None else [row for row in rows if row["created_at"] < cursor]


def zoned(moment: datetime | None) -> datetime | None:
    """A moment without a zone is taken for UTC."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


STEPS: dict[str, dict[str, Step]] = {
    "nx1.list": {"visible": visible, "order": newest_first, "limit": first},
    "cloudcruise.list": {
        "oldest": not_too_old,
        "start_time": since,
        "workflow_id": equal("workflow_id", "workflow_id"),
        "status": equal("status", "status"),
        "credential_id": equal("credential_id", "_vault"),
        "order": newest_first,
        "cursor": before_cursor,
        "limit": first,
    },
    "seekrflow.list": {
        "scope": lambda rows, call: [row for row in rows if row["thread_id"] == call.values["thread_id"]],
        "order": _ordered,
        "offset": lambda rows, call: rows[call.values["offset"] :],
        "limit": first,
    },
}


class Server:
    """One application: the operations of the correct server, and a variant's changes to them."""

    def __init__(self, changes: Changes, clock: Clock, apis: Sequence[str]) -> None:
        self.changes = changes
        self.world = World(clock, changes.size, apis)
        if changes.seed:
            changes.seed(self.world)

    # ------------------------------------------------------------------------------------- the operations

    def crew_runs(self, call: Call) -> list[Row]:
        """Every crew run as it is at this moment."""
        return [self._now(run, call) for run in self.world.crew_runs]

    def _now(self, run: Row, call: Call) -> Row:
        if "_born" not in run:
            return run
        age_s = (self.world.clock.now() - run["_born"]).total_seconds()
        life = self.changes.life
        return life(run, age_s, call) if life else crew_run_at(run, age_s)

    def _table(self, call: Call) -> list[Row]:
        if call.api == "nx1":
            return self.crew_runs(call)
        return self.world.browser_runs if call.api == "cloudcruise" else self.world.thread_runs

    def show_list(self, call: Call) -> Answer:
        """Rows through the steps of the list, each of which a variant may replace."""
        rows = self._table(call)
        if call.api == "seekrflow" and call.values["thread_id"] not in self.world.threads:
            raise HTTPException(404, "Thread not found")
        for name, step in STEPS[call.op].items():
            rows = self.changes.steps.get(name, step)(rows, call)
        return Answer(body=self._sent(rows, call))

    def show_get(self, call: Call) -> Answer:
        runs = visible(self.crew_runs(call), call)
        find = self.changes.find or _by_id
        run = find(call, runs)
        if run is None:
            raise HTTPException(404, "Run not found")
        return Answer(body=self._sent([run], call)[0])

    def show_start(self, call: Call) -> Answer:
        body = call.values["body"]
        correlation_id = call.values["x_correlation_id"] or str(uuid.uuid4())
        owner = (call.caller or Caller()).owner
        run: Row | None = started_crew_run(
            self.world, owner, str(body.crew_type), getattr(body, "task_input", {}), correlation_id
        )
        if self.changes.started and run is not None:
            run = self.changes.started(run, call)
        if run is not None:
            self.world.crew_runs.insert(0, run)
        return Answer(body={"correlation_id": correlation_id, "status": "pending", "message": "Crew run started"})

    def _sent(self, rows: Sequence[Row], call: Call) -> list[Row]:
        wire, hook = MOMENTS[call.api], self.changes.row
        sent = []
        for row in rows:
            shown: Row | None = {
                key: wire(value) if isinstance(value, datetime) else value
                for key, value in row.items()
                if not key.startswith("_")
            }
            shown = hook(shown, call, row) if hook and shown is not None else shown
            if shown is not None:
                sent.append(shown)
        return sent

    # ------------------------------------------------------------------------------------- the machinery

    def call(self, request: Request) -> Call:
        """The one ``Call`` of a request."""
        if not hasattr(request.state, "call"):
            op = getattr(request.scope.get("endpoint"), "op", "none.none")
            self.world.calls[op] = self.world.calls.get(op, 0) + 1
            request.state.call = Call(op, request, self.world, self.world.calls[op])
        known: Call = request.state.call
        return known

    async def guard(self, request: Request) -> None:
        """A dependency: FastAPI asks it before it validates, so that a stranger learns nothing of the schema."""
        call = self.call(request)
        if not self.changes.late_guard:
            self._identify(call)

    def _identify(self, call: Call) -> None:
        call.caller = (self.changes.guard or GUARDS[call.api])(call)
        if call.caller is None:
            raise _unauthorized(call)

    async def serve(self, request: Request, act: Callable[[Call], Answer], values: dict[str, Any]) -> Response:
        call = self.call(request)
        call.values = values
        self.world.active[call.op] = call.active + 1
        try:
            if self.changes.late_guard:
                self._identify(call)
            early = await self.changes.before(call) if self.changes.before else None
            return self.respond(early or act(call), call)
        finally:
            self.world.active[call.op] -= 1

    def respond(self, answer: Answer, call: Call) -> Response:
        if self.changes.answer:
            answer = self.changes.answer(answer, call)
        content = answer.body if isinstance(answer.body, bytes) else dump(answer.body)
        response = Response(content, answer.status, dict(answer.headers))
        if answer.media:
            response.headers["content-type"] = answer.media
        return response

    async def refuse(self, request: Request, error: Exception) -> Response:
        """FastAPI's own bodies; CloudCruise has a shape of its own."""
        call = self.call(request)
        if isinstance(error, RequestValidationError):
            status, detail, headers = 422, jsonable_encoder(error.errors()), {}
        else:
            assert isinstance(error, StarletteHTTPException)
            status, detail, headers = error.status_code, error.detail, dict(error.headers or {})
        if call.api != "cloudcruise":
            return self.respond(Answer(status, {"detail": detail}, headers), call)
        name = {401: "Unauthorized", 404: "Not Found"}.get(status, "Bad Request")
        words = detail if isinstance(detail, str) else f"{detail[0]['loc'][-1]}: {detail[0]['msg']}"
        status = 400 if status == 422 else status
        body = {"statusCode": status, "error": name, "message": words}
        return self.respond(Answer(status, body, headers), call)


def _by_id(call: Call, runs: list[Row]) -> Row | None:
    return next((run for run in runs if run["id"] == str(call.values["run_id"])), None)


def build(changes: Changes, apis: Sequence[str] = APIS, clock: Clock | None = None) -> FastAPI:
    """The application of a variant: the operations of ``apis``, with ``changes`` made to them."""
    clock = clock or Clock()
    server = Server(changes, clock, apis)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for op, (method, path) in ROUTES.items():
        if op.partition(".")[0] in apis:
            app.add_api_route(path, _endpoint(server, op), methods=[method], response_model=None)
    for kind in (RequestValidationError, StarletteHTTPException):
        app.add_exception_handler(kind, server.refuse)
    if changes.wrap:
        app.add_middleware(_Wrapped, wrap=changes.wrap, clock=clock)
    return app


class _Wrapped:
    """A variant's wrapper in the form in which Starlette takes middleware."""

    def __init__(self, app: Any, wrap: Any, clock: Clock) -> None:
        self.app = wrap(app, clock)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def _endpoint(server: Server, op: str) -> Callable[..., Any]:
    """A handler whose signature is made of the declared parameters, so that a variant can declare others."""
    act = getattr(server, f"show_{op.partition('.')[2]}")

    async def handler(request: Request, _caller: Any = None, **values: Any) -> Response:
        return await server.serve(request, act, values)

    handler.op = op  # type: ignore[attr-defined]
    handler.__name__ = op.replace(".", "_")
    handler.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            _keyword("request", Request, REQUIRED),
            _keyword("_caller", Annotated[None, Depends(server.guard)], REQUIRED),
            *(_keyword(name, *declared) for name, declared in _declared(server.changes, op).items()),
        ]
    )
    return handler


def _declared(changes: Changes, op: str) -> Mapping[str, Declared]:
    declared: dict[str, Declared | None] = {**PARAMETERS[op], **changes.declare.get(op, {})}
    if changes.body is not None and "body" in declared:
        declared["body"] = (changes.body, REQUIRED)
    return {name: found for name, found in declared.items() if found}


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
