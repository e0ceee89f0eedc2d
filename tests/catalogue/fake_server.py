"""A correct FastAPI server of the five documented operations, with the seams at which variants change it.

Written from the vendors' pages alone. It shares nothing with the mock and the judge, so that neither can hide a
misreading behind the other.
"""

import inspect
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from tests.catalogue.changes import Changes, FakeAnswer, FakeCall, FakeCaller, encode_json
from tests.catalogue.clocks import WallClock
from tests.catalogue.fake_callers import GUARDS, build_401
from tests.catalogue.fake_world import TIMESTAMP_FORMATS, FakeRow, FakeWorld, age_crew_run, make_started_crew_run
from tests.catalogue.list_steps import LIST_STEPS, find_by_id, keep_visible
from tests.catalogue.operations import APIS, ROUTES, get_api
from tests.catalogue.parameters import PARAMETERS, REQUIRED, DeclaredParameter


class FakeServer:
    """One application: the operations of the correct server, and a variant's changes to them."""

    def __init__(self, changes: Changes, clock: WallClock, apis: Sequence[str]) -> None:
        self.changes = changes
        self.world = FakeWorld(clock, changes.size, apis)
        if changes.seed:
            changes.seed(self.world)

    # ------------------------------------------------------------------------------------- the operations

    def list_crew_runs(self, call: FakeCall) -> list[FakeRow]:
        """Return every crew run as it is at this moment."""
        return [self._age_run(run, call) for run in self.world.crew_runs]

    def _age_run(self, run: FakeRow, call: FakeCall) -> FakeRow:
        if "_born" not in run:
            return run
        age_s = (self.world.clock.now() - run["_born"]).total_seconds()
        life = self.changes.life
        return life(run, age_s, call) if life else age_crew_run(run, age_s)

    def _list_rows(self, call: FakeCall) -> list[FakeRow]:
        if call.api == "nx1":
            return self.list_crew_runs(call)
        return self.world.browser_runs if call.api == "cloudcruise" else self.world.thread_runs

    def show_list(self, call: FakeCall) -> FakeAnswer:
        """Pass the rows through the steps of the list, each of which a variant may replace."""
        rows = self._list_rows(call)
        if call.api == "seekrflow" and call.values["thread_id"] not in self.world.threads:
            raise HTTPException(404, "Thread not found")
        for name, step in LIST_STEPS[call.op].items():
            rows = self.changes.steps.get(name, step)(rows, call)
        return FakeAnswer(body=self._render_rows(rows, call))

    def show_get(self, call: FakeCall) -> FakeAnswer:
        runs = keep_visible(self.list_crew_runs(call), call)
        find = self.changes.find or find_by_id
        run = find(call, runs)
        if run is None:
            raise HTTPException(404, "Run not found")
        return FakeAnswer(body=self._render_rows([run], call)[0])

    def show_start(self, call: FakeCall) -> FakeAnswer:
        body = call.values["body"]
        correlation_id = call.values["x_correlation_id"] or str(uuid.uuid4())
        owner = (call.caller or FakeCaller()).owner
        run: FakeRow | None = make_started_crew_run(
            self.world, owner, str(body.crew_type), getattr(body, "task_input", {}), correlation_id
        )
        if self.changes.started and run is not None:
            run = self.changes.started(run, call)
        if run is not None:
            self.world.crew_runs.insert(0, run)
        return FakeAnswer(body={"correlation_id": correlation_id, "status": "pending", "message": "Crew run started"})

    def _render_rows(self, rows: Sequence[FakeRow], call: FakeCall) -> list[FakeRow]:
        format_timestamp, hook = TIMESTAMP_FORMATS[call.api], self.changes.row
        sent = []
        for row in rows:
            shown: FakeRow | None = {
                key: format_timestamp(value) if isinstance(value, datetime) else value
                for key, value in row.items()
                if not key.startswith("_")
            }
            shown = hook(shown, call, row) if hook and shown is not None else shown
            if shown is not None:
                sent.append(shown)
        return sent

    # ------------------------------------------------------------------------------------- the machinery

    def get_call(self, request: Request) -> FakeCall:
        """Return the one ``FakeCall`` of a request."""
        if not hasattr(request.state, "call"):
            op = getattr(request.scope.get("endpoint"), "op", "none.none")
            self.world.calls[op] = self.world.calls.get(op, 0) + 1
            request.state.call = FakeCall(op, request, self.world, self.world.calls[op])
        known: FakeCall = request.state.call
        return known

    async def require_caller(self, request: Request) -> None:
        """Raise a 401 as a dependency: FastAPI runs it before it validates, so that a stranger learns no schema."""
        call = self.get_call(request)
        if not self.changes.late_guard:
            self._identify_caller(call)

    def _identify_caller(self, call: FakeCall) -> None:
        call.caller = (self.changes.guard or GUARDS[call.api])(call)
        if call.caller is None:
            raise build_401(call)

    async def serve_call(
        self, request: Request, act: Callable[[FakeCall], FakeAnswer], values: dict[str, Any]
    ) -> Response:
        call = self.get_call(request)
        call.values = values
        self.world.active_calls[call.op] = call.active_calls + 1
        try:
            if self.changes.late_guard:
                self._identify_caller(call)
            early = await self.changes.before(call) if self.changes.before else None
            return self.encode_answer(early or act(call), call)
        finally:
            self.world.active_calls[call.op] -= 1

    def encode_answer(self, answer: FakeAnswer, call: FakeCall) -> Response:
        if self.changes.answer:
            answer = self.changes.answer(answer, call)
        content = answer.body if isinstance(answer.body, bytes) else encode_json(answer.body)
        response = Response(content, answer.status, dict(answer.headers))
        if answer.media_type:
            response.headers["content-type"] = answer.media_type
        return response

    async def answer_error(self, request: Request, error: Exception) -> Response:
        """Answer as FastAPI does; CloudCruise has error bodies of its own."""
        call = self.get_call(request)
        if isinstance(error, RequestValidationError):
            status, detail, headers = 422, jsonable_encoder(error.errors()), {}
        else:
            assert isinstance(error, StarletteHTTPException)
            status, detail, headers = error.status_code, error.detail, dict(error.headers or {})
        if call.api != "cloudcruise":
            return self.encode_answer(FakeAnswer(status, {"detail": detail}, headers), call)
        name = {401: "Unauthorized", 404: "Not Found"}.get(status, "Bad Request")
        message = detail if isinstance(detail, str) else f"{detail[0]['loc'][-1]}: {detail[0]['msg']}"
        status = 400 if status == 422 else status
        body = {"statusCode": status, "error": name, "message": message}
        return self.encode_answer(FakeAnswer(status, body, headers), call)


def build_app(changes: Changes, apis: Sequence[str] = APIS, clock: WallClock | None = None) -> FastAPI:
    """Return the application of a variant: the operations of ``apis``, with ``changes`` made to them."""
    clock = clock or WallClock()
    server = FakeServer(changes, clock, apis)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for op, (method, path) in ROUTES.items():
        if get_api(op) in apis:
            app.add_api_route(path, _make_endpoint(server, op), methods=[method], response_model=None)
    for kind in (RequestValidationError, StarletteHTTPException):
        app.add_exception_handler(kind, server.answer_error)
    if changes.wrap:
        app.add_middleware(_WrapperMiddleware, wrap=changes.wrap, clock=clock)
    return app


class _WrapperMiddleware:
    """A variant's wrapper in the form in which Starlette takes middleware."""

    def __init__(self, app: Any, wrap: Any, clock: WallClock) -> None:
        self.app = wrap(app, clock)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def _make_endpoint(server: FakeServer, op: str) -> Callable[..., Any]:
    """Return a handler whose signature is made of the declared parameters, so that a variant can declare others."""
    act = getattr(server, f"show_{op.partition('.')[2]}")

    async def handle_request(request: Request, _caller: Any = None, **values: Any) -> Response:
        return await server.serve_call(request, act, values)

    handle_request.op = op  # type: ignore[attr-defined]
    handle_request.__name__ = op.replace(".", "_")
    handle_request.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            _make_keyword("request", Request, REQUIRED),
            _make_keyword("_caller", Annotated[None, Depends(server.require_caller)], REQUIRED),
            *(_make_keyword(name, *declared) for name, declared in _list_declared(server.changes, op).items()),
        ]
    )
    return handle_request


def _list_declared(changes: Changes, op: str) -> Mapping[str, DeclaredParameter]:
    declared: dict[str, DeclaredParameter | None] = {**PARAMETERS[op], **changes.declare.get(op, {})}
    if changes.body is not None and "body" in declared:
        declared["body"] = (changes.body, REQUIRED)
    return {name: found for name, found in declared.items() if found}


def _make_keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
