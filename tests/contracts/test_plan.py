"""The plan: which operations could do harm and are left out, and which only look so."""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from specduet.contracts.options import RunOptions
from specduet.contracts.planning.plan import RunPlan
from specduet.contracts.reports.console import format_plan
from specduet.contracts.run import run_contract
from specduet.contracts.sending.target import Target
from specduet.specs import Api
from tests.contracts.recording_builder import load_paths

_ROW = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
_TEXT = {"type": "string"}


def write_api(folder: Path, lines: Sequence[str], fields: Sequence[str] = ("enabled",), *, secured: bool = True) -> Api:
    """Return an API with operations such as ``POST /a/{id} | operationId | summary``, which answer with one row.

    A path that ends with a plural answers GET with an array; a body has one field for each name of ``fields``.
    """
    paths: dict[str, Any] = {}
    for line in lines:
        label, _, rest = line.partition(" | ")
        operation_id, _, summary = rest.partition(" | ")
        method, path = label.split()
        is_list = method == "GET" and path.endswith("s")
        schema = {"type": "array", "items": _ROW} if is_list else _ROW
        shown = {"description": "ok", "content": {"application/json": {"schema": schema}}}
        names = [part[1:-1] for part in path.replace(":", "/").split("/") if part.startswith("{")]
        operation: dict[str, Any] = {
            "responses": {"200": shown},
            "parameters": [{"name": n, "in": "path", "required": True, "schema": {"type": "integer"}} for n in names],
        }
        operation |= {"operationId": operation_id} if operation_id else {}
        operation |= {"summary": summary} if summary else {}
        if method in {"POST", "PUT", "PATCH"}:
            body = {"type": "object", "properties": dict.fromkeys(fields, _TEXT), "required": list(fields)}
            operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
        paths.setdefault(path, {})[method.lower()] = operation
    schemes = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    return load_paths(folder, paths, **({"components": schemes, "security": [{"key": []}]} if secured else {}))


def list_left_out(api: Api, **options: Any) -> list[str]:
    """Return the labels of the operations that a plan leaves out."""
    return [planned.operation.label for planned in RunPlan.make(api, **options).list_left_out()]


def test_a_write_to_a_collection_is_said_to_be_left_out(tmp_path: Path) -> None:
    """Without the id of a row, a change or deletion is for all rows: it is not sent, and the plan says why."""
    lines = ["DELETE /orders | delete_orders | Delete Orders", "PUT /orders", "PATCH /cart", "DELETE /cart"]
    plan = RunPlan.make(write_api(tmp_path, [*lines, "GET /orders", "POST /orders"]))
    assert sorted(map(str, plan.list_left_out())) == [
        "DELETE /cart (destroys: it may delete the only cart)",
        "DELETE /orders (destroys: it may delete all orders)",
        "PATCH /cart (changes: it changes cart, which the run has not created)",
        "PUT /orders (changes: it changes orders, which the run has not created)",
    ]


ENDS_SESSIONS = [
    "GET /auth/logout",
    "POST /logout",
    "GET /session/log-out",
    "POST /users/signOut",
    "POST /auth/logoutAll",
    "POST /auth/jwt/end | auth:jwt.logout | Auth:Jwt.Logout",
    "POST /leave | leave | Log the current user out",
    "DELETE /session",
    "DELETE /sessions/current",
    "DELETE /auth/token",
    "POST /access_token/invalidate",
    "POST /oauth/revoke",
    "POST /tokens/revoke-all",
    "POST /api-key/rotate",
    "POST /secret | newSecret | Regenerate the API secret",
    "PUT /me/password",
    "POST /auth/change-password",
    "DELETE /me",
    "DELETE /users/me",
    "PATCH /users/me",
    "DELETE /account",
    "POST /account/me/deactivate",
    "POST /users/me/2fa",
    "POST /roles/assign",
    "POST /team/members/remove",
]
SWITCHES_SERVICE = [
    "POST /shutdown",
    "GET /shutdown",
    "POST /actuator/restart",
    "POST /server:reboot",
    "POST /admin/maintenance",
    "POST /maintenance/enable",
    "PUT /settings",
    "PATCH /instance/configuration",
    "POST /system/config",
    "PUT /license",
    "POST /import",
    "POST /backup/restore",
    "POST /db/migrate",
    "POST /scheduler/pause",
    "POST /features/toggle",
    "POST /worker | w | Shut down the worker",
    "POST /runs/cancel",
    "POST /ui-config/cors | setCors | Set the allowed origins",
]
DESTROYS = [
    "POST /reset",
    "GET /debug/reset",
    "POST /cache/flush",
    "POST /purge-cache",
    "POST /items/delete",
    "DELETE /items",
    "DELETE /cart",
    "POST /all | wipe | Wipe everything",
    "PUT /cart",
    "PATCH /preferences",
    "POST /flow_runs/bulk_set_state",
]
HARMLESS = [
    "GET /settings",
    "GET /maintenance",
    "GET /me",
    "GET /sessions",
    "GET /password-resets",
    "POST /password-resets",
    "GET /password-resets/{id}",
    "GET /licenses",
    "POST /licenses",
    "GET /licenses/{id}",
    "DELETE /licenses/{id}",
    "GET /imports",
    "POST /imports | importData | Import data",
    "GET /imports/{id}",
    "POST /runs/{id}/restart",
    "POST /runs/{id}/terminate",
    "POST /runs/{id}:cancel",
    "DELETE /sessions/{id}",
    "POST /tokens/{id}/revoke",
    "PUT /users/{id}/roles",
    "POST /permissions/check",
    "GET /reset-schedules",
    "GET /shutdown-events",
    "GET /restarts",
    "POST /login",
    "POST /auth/login",
    "GET /logouts",
    "GET /features",
    "POST /features",
    "GET /features/{id}",
    "GET /terminals",
    "GET /imported",
    "POST /items/search",
    "POST /datasets/import",
    "POST /orders/cancel",
    "GET /configs",
    "POST /configs",
    "GET /configs/{id}",
]


@pytest.mark.parametrize("line", [*ENDS_SESSIONS, *SWITCHES_SERVICE, *DESTROYS])
def test_what_could_do_harm_is_left_out(tmp_path: Path, line: str) -> None:
    """What ends sessions, switches a service or deletes what was there is left out, and ``include`` sends it."""
    api = write_api(tmp_path, [line])
    label = line.partition(" | ")[0]
    assert list_left_out(api) == [label]
    assert list_left_out(api, included=[label]) == []
    assert list_left_out(api, is_mock=True) == []


def test_ordinary_resources_are_not_left_out(tmp_path: Path) -> None:
    """Words of harm in the names of collections, in reads and behind the id of a row leave nothing out."""
    assert list_left_out(write_api(tmp_path, HARMLESS, fields=["order_id"])) == []


def test_a_forgotten_password_is_reset(tmp_path: Path) -> None:
    """Without a credential, the password that is reset is not the caller's."""
    lines = ["POST /auth/reset-password"]
    assert list_left_out(write_api(tmp_path, lines, secured=False)) == []
    assert list_left_out(write_api(tmp_path, lines)) == lines


def test_all_writes_may_be_allowed(tmp_path: Path) -> None:
    """Where rows that were there may be changed, sessions and the service itself are still spared."""
    api = write_api(tmp_path, ["DELETE /items", "PUT /cart", "POST /logout", "POST /shutdown"])
    assert list_left_out(api, allows_foreign=True) == ["POST /logout", "POST /shutdown"]


def test_the_plan_names_what_is_left_out(tmp_path: Path) -> None:
    """The first lines of a run name each operation that is left out, with the harm and the reason."""
    lines = [f"POST /{name}/shutdown" for name in "abcdefg"]
    api = write_api(tmp_path, [*lines, "GET /things"])
    target = Target("http://127.0.0.1:1")
    dry = [str(text) for text in format_plan((api,), target, RunOptions(), dry=True)]
    assert sum("switches the service: its path says 'shutdown'" in line for line in dry) == 7
    short = [str(text) for text in format_plan((api,), target, RunOptions(), dry=False)]
    assert sum("its path says" in line for line in short) == 5
    assert any("and 2 more, which --dry-run names" in line for line in short)
    assert any("GET 1 operation" in line and "POST" not in line for line in short)


def test_the_plan_keeps_to_100_columns(tmp_path: Path) -> None:
    """A long path or a long reason goes on in the next line, beside the column of labels."""
    long = "PUT /" + "/".join(f"part_{number}" for number in range(14))
    target = Target("http://127.0.0.1:1")
    plan = [str(line) for line in format_plan((write_api(tmp_path, [long]),), target, RunOptions(), dry=True)]
    assert max(map(len, plan)) > 100  # no path is broken
    assert [line.strip() for line in plan[2:4]] == [
        f"unsent  {long}",
        "(changes: it changes part 13, which the run has not created)",
    ]
    assert plan[3].startswith(" " * 8)


class OneRowService:
    """A service with one row that was there before, which counts what is done to rows that were there."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {"1": {"id": 1, "name": "first"}}
        self.harmed: list[str] = []
        self.token_is_dead = False

    async def answer_list(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse(list(self.rows.values()))
        row = {"id": max(map(int, self.rows), default=1) + 1, "name": "new"}
        self.rows[str(row["id"])] = row
        return JSONResponse(row, 201)

    async def answer_row(self, request: Request) -> Response:
        row_id = request.path_params["id"]
        try:
            row = self.rows.get(str(int(row_id)))  # as careless services read ids: `1.0` and ` 1` are none
        except ValueError:
            return JSONResponse({"detail": "no number"}, 422)
        if row is None:
            return JSONResponse({"detail": "none"}, 404)
        if request.method != "GET" and row["id"] == 1:
            self.harmed.append(f"{request.method} {request.url.path}")
        if request.method == "DELETE":
            del self.rows[str(row["id"])]
        return JSONResponse(row)

    def build_app(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return Starlette(
            routes=[
                Route("/things", self.answer_list, methods=methods),
                Route("/things/{id}", self.answer_row, methods=methods),
                Route("/things/{id}/{rest:path}", self.answer_row, methods=methods),
            ]
        )


ROW_LINES = [
    "GET /things",
    "POST /things",
    "GET /things/{id}",
    "PUT /things/{id}",
    "PATCH /things/{id}",
    "DELETE /things/{id}",
    "POST /things/{id}/archive",
    "POST /things/{id}/notes",
    "GET /things/{id}/notes",
]


@pytest.mark.parametrize("missing", ["", "POST /things"])
def test_only_own_rows_are_changed(tmp_path: Path, serve: Callable[[Any], str], missing: str) -> None:
    """A whole run, with generated requests, on this machine, too, changes no row that was there before."""
    lines = [line for line in ROW_LINES if line != missing]
    service = OneRowService()
    api = write_api(tmp_path, lines, fields=["name"], secured=False)
    result = run_contract([api], Target(serve(service.build_app())), RunOptions(max_time_s=20))
    if missing:
        service.harmed = [done for done in service.harmed if not done.endswith("/notes")]  # a row may be added to any
    assert service.harmed == []
    assert "1" in service.rows
    answered = {e.request.method for e in result.recording.exchanges if e.is_success}
    assert answered == ({"GET", "POST"} if missing else {"GET", "POST", "PUT", "PATCH", "DELETE"})


def test_foreign_rows_are_changed_where_all_writes_are_allowed(tmp_path: Path, serve: Callable[[Any], str]) -> None:
    """``--allow-writes=all`` changes rows that the run has not created."""
    service = OneRowService()
    api = write_api(tmp_path, ROW_LINES, fields=["name"], secured=False)
    options = RunOptions(max_time_s=20, generate=False)
    run_contract([api], Target(serve(service.build_app()), allow_writes="all", params={"id": ("1",)}), options)
    assert service.harmed


def test_what_was_created_is_deleted(tmp_path: Path, serve: Callable[[Any], str]) -> None:
    """In the end only the rows are there that were there before, and no note speaks of others."""
    service = OneRowService()
    api = write_api(tmp_path, ROW_LINES[:6], fields=["name"], secured=False)
    result = run_contract([api], Target(serve(service.build_app())), RunOptions(max_time_s=20))
    assert list(service.rows) == ["1"]
    assert not [note for note in result.notes if "stay" in note]


def test_a_service_may_use_an_id_again(tmp_path: Path, serve: Callable[[Any], str]) -> None:
    """A row whose id was given to a second one is deleted once, and the run ends as any other."""
    service, numbers = OneRowService(), count(1)

    async def create_by_count(request: Request) -> Response:
        if request.method == "POST":
            row_id = len(service.rows) + 1
            service.rows[str(row_id)] = {"id": row_id, "name": f"row {next(numbers)}"}
            return JSONResponse(service.rows[str(row_id)], 201)
        return await service.answer_list(request)

    app = service.build_app()
    app.router.routes.insert(0, Route("/things", create_by_count, methods=["GET", "POST"]))
    api = write_api(tmp_path, ROW_LINES[:6], fields=["name"], secured=False)
    result = run_contract([api], Target(serve(app)), RunOptions(max_time_s=20))
    assert list(service.rows) == ["1"]
    assert not [note for note in result.notes if "stay" in note]


@pytest.mark.parametrize("is_kept", [True, False])
def test_what_stays_is_told(tmp_path: Path, serve: Callable[[Any], str], *, is_kept: bool) -> None:
    """Rows that are kept, or that the document cannot delete, are named in one sentence."""
    service = OneRowService()
    lines = ROW_LINES[:6] if is_kept else ROW_LINES[:5]
    api = write_api(tmp_path, lines, fields=["name"], secured=False)
    options = RunOptions(max_requests=200, generate=False, keep_rows=is_kept)
    result = run_contract([api], Target(serve(service.build_app())), options)
    stays = [note for note in result.notes if note.startswith("Rows that the run has created stay")]
    assert len(stays) == 1
    assert f"{len(service.rows) - 1} of /things (" in stays[0]
    assert ("--keep" in stays[0]) == is_kept


def test_the_budget_keeps_enough_for_cleaning_up(tmp_path: Path, serve: Callable[[Any], str]) -> None:
    """A run that ends at its last request has deleted what it has created, within the same number of requests."""
    service = OneRowService()
    api = write_api(tmp_path, ROW_LINES[:6], fields=["name"], secured=False)
    result = run_contract([api], Target(serve(service.build_app())), RunOptions(max_requests=60))
    assert list(service.rows) == ["1"]
    assert len(result.recording.exchanges) <= 60
