"""Who may do what, how often, and how much there is room for."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from tests.catalogue.generic.crud import BOOL, INT, STR, UUID, Crud, arr, make_uuid, obj
from tests.catalogue.generic.small_api import Call, Refused, SmallApi

_BEARER = {"type": "http", "scheme": "bearer"}


def make_notes(api: SmallApi) -> Crud:
    """Return a collection of notes."""
    return Crud(
        api,
        "/notes",
        "Note",
        obj("id text", id=INT, text=STR),
        obj("text", text={"type": "string", "maxLength": 200}),
        seeds=[{"text": f"note {n}"} for n in range(5)],
    )


def limit_rate(count: int, seconds: float, *, wait: str) -> Callable[[Request], None]:
    """Return a check that refuses a request with 429 if there were so many within the last seconds."""
    recent: deque[float] = deque()

    def count_request(_request: Request) -> None:
        now = time.monotonic()
        while recent and now - recent[0] > seconds:
            recent.popleft()
        if len(recent) >= count:
            raise Refused(429, "slow down", {"Retry-After": wait})
        recent.append(now)

    return count_request


def build_rate_limit() -> SmallApi:
    """Thirty requests in a moment, then 429 with Retry-After."""
    api = SmallApi("Notes, slowly")
    api.before = limit_rate(30, 0.5, wait="1")
    notes = make_notes(api)
    notes.add_list(refusals=[429])
    notes.add_create(refusals=[429])
    notes.add_fetch(refusals=[404, 429])
    notes.add_delete(refusals=[404, 429])
    return api


def build_rate_limit_undocumented() -> SmallApi:
    """A gateway in front answers 429 now and then, which the document does not tell."""
    api = SmallApi("Notes behind a gateway")
    api.before = limit_rate(40, 0.3, wait="0")
    notes = make_notes(api)
    notes.add_all()
    return api


def build_private_rows() -> SmallApi:
    """Rows of others are 404, never 403, and are not listed."""
    api = SmallApi("My notes", security=_BEARER)
    api.check = lambda request: request.headers.get("authorization", "").startswith("Bearer token-")
    api.headers = {"Authorization": "Bearer token-ada"}  # type: ignore[attr-defined]
    notes = Crud(
        api,
        "/notes",
        "Note",
        obj("id text", id=UUID, text=STR),
        obj("text", text={"type": "string", "maxLength": 200}),
        key_schema=UUID,
        new_key=make_uuid,
        show=lambda row: {"id": row["id"], "text": row["text"]},
        seeds=[{"text": f"note {n}", "owner": ("Bearer token-ada", "Bearer token-bo")[n % 2]} for n in range(8)],
    )

    def find_mine(call: Call) -> Any:
        row = notes.find(call)
        if row["owner"] != call.request.headers["authorization"]:
            raise Refused(404, "there is none")
        return row

    api.add("GET /notes", {200: arr(notes.row)})(
        lambda call: [notes.show(r) for r in notes.rows.values() if r["owner"] == call.request.headers["authorization"]]
    )

    @api.add("POST /notes", {201: notes.row}, body=notes.new)
    def create_note(call: Call) -> Any:
        return 201, notes.show(
            notes.insert({"text": call.body["text"], "owner": call.request.headers["authorization"]})
        )

    api.add("GET /notes/{id}", {200: notes.row}, path={"id": UUID}, refusals=[404])(
        lambda call: notes.show(find_mine(call))
    )

    @api.add("DELETE /notes/{id}", {204: None}, path={"id": UUID}, refusals=[404])
    def delete_note(call: Call) -> Any:
        del notes.rows[find_mine(call)["id"]]
        return 204, None

    return api


def build_forbidden_rows() -> SmallApi:
    """Rows that everyone sees may be changed by their owners alone: 403."""
    api = SmallApi("Notes of all", security={"type": "apiKey", "in": "header", "name": "X-Key"})
    api.check = lambda request: request.headers.get("x-key") in {"ada", "bo"}
    api.headers = {"X-Key": "ada"}  # type: ignore[attr-defined]
    notes = Crud(
        api,
        "/notes",
        "Note",
        obj("id text owner", id=INT, text=STR, owner=STR),
        obj("text", text=STR),
        seeds=[{"text": f"note {n}", "owner": "bo"} for n in range(4)],
    )

    def find_mine(call: Call) -> Any:
        row = notes.find(call)
        if row["owner"] != call.request.headers["x-key"]:
            raise Refused(403, "it is not yours")
        return row

    notes.add_list()

    @api.add("POST /notes", {201: notes.row}, body=notes.new)
    def create_note(call: Call) -> Any:
        return 201, notes.insert({"text": call.body["text"], "owner": call.request.headers["x-key"]})

    notes.add_fetch()

    @api.add("PUT /notes/{id}", {200: notes.row}, path={"id": INT}, body=notes.new, refusals=[403, 404])
    def replace_note(call: Call) -> Any:
        row = find_mine(call)
        row["text"] = call.body["text"]
        return row

    @api.add("DELETE /notes/{id}", {204: None}, path={"id": INT}, refusals=[403, 404])
    def delete_note(call: Call) -> Any:
        del notes.rows[find_mine(call)["id"]]
        return 204, None

    return api


def build_read_only_replica() -> SmallApi:
    """All writes are refused with 405, whatever they hold."""
    api = SmallApi("Notes on a replica", description="This instance is read-only: writes are answered with 405.")
    notes = make_notes(api)

    def refuse(request: Request) -> None:
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            raise Refused(405, "read-only", {"Allow": "GET, HEAD"})

    api.before = refuse
    notes.add_list()
    notes.add_create(refusals=[405])
    notes.add_fetch()
    notes.add_replace(refusals=[404, 405])
    notes.add_delete(refusals=[404, 405])
    return api


def build_forbidden_writes() -> SmallApi:
    """The caller may read, and is not allowed to write: 403 before anything is looked at."""
    api = SmallApi("Notes for readers", security=_BEARER)
    api.check = lambda request: request.headers.get("authorization") == "Bearer reader"
    api.headers = {"Authorization": "Bearer reader"}  # type: ignore[attr-defined]
    notes = make_notes(api)

    def refuse(request: Request) -> None:
        if request.method not in {"GET", "HEAD", "OPTIONS"} and api.check(request):
            raise Refused(403, "you may only read")

    api.before = refuse
    notes.add_list()
    notes.add_create(refusals=[403])
    notes.add_fetch()
    notes.add_replace(refusals=[403, 404])
    notes.add_delete(refusals=[403, 404])
    return api


def build_quota() -> SmallApi:
    """There is room for a few rows; a further one is 507, and one that is deleted makes room."""
    api = SmallApi("Notes with a quota")
    notes = make_notes(api)
    notes.add_list()

    @api.add(
        "POST /notes", {201: notes.row}, body=notes.new, refusals=[507], description="507 if there are twelve notes."
    )
    def create_note(call: Call) -> Any:
        if len(notes.rows) >= 12:
            raise Refused(507, "there is no room")
        return 201, notes.insert(call.body)

    notes.add_fetch()
    notes.add_delete()
    return api


def build_credits() -> SmallApi:
    """Each creation costs one of twenty credits, and then 402."""
    api = SmallApi("Notes for credits")
    left = [20]
    notes = make_notes(api)
    notes.add_list()

    @api.add("POST /notes", {201: notes.row}, body=notes.new, refusals=[402])
    def create_note(call: Call) -> Any:
        if left[0] < 1:
            raise Refused(402, "no credits are left")
        left[0] -= 1
        return 201, notes.insert(call.body)

    notes.add_fetch()
    api.add("GET /credits", {200: obj("left", left=INT)})(lambda _call: {"left": left[0]})
    return api


def build_locked() -> SmallApi:
    """A row that is locked is neither changed nor deleted: 423."""
    api = SmallApi("Notes with locks")
    notes = Crud(
        api,
        "/notes",
        "Note",
        obj("id text locked", id=INT, text=STR, locked=BOOL),
        obj("text", text=STR, locked=BOOL),
        make=lambda _c, b: {"locked": False, **b},
        seeds=[{"text": "a", "locked": True}, {"text": "b"}],
    )

    def find_free(call: Call) -> Any:
        row = notes.find(call)
        if row["locked"]:
            raise Refused(423, "it is locked")
        return row

    notes.add_list()
    notes.add_create()
    notes.add_fetch()

    @api.add(
        "PATCH /notes/{id}",
        {200: notes.row},
        path={"id": INT},
        body=obj("", text=STR, locked=BOOL),
        refusals=[404, 423],
    )
    def change_note(call: Call) -> Any:
        row = notes.find(call)
        if row["locked"] and call.body.get("locked") is not False:
            raise Refused(423, "it is locked")
        row.update(call.body)
        return row

    @api.add("DELETE /notes/{id}", {204: None}, path={"id": INT}, refusals=[404, 423])
    def delete_note(call: Call) -> Any:
        del notes.rows[find_free(call)["id"]]
        return 204, None

    return api


def build_key_in_query() -> SmallApi:
    """The key may be a query parameter; it is looked at after the path and the method."""
    api = SmallApi("Notes with a key in the query", security={"type": "apiKey", "in": "query", "name": "api_key"})
    api.check = lambda request: request.query_params.get("api_key") == "k-1" or request.headers.get("api_key") == "k-1"
    api.headers = {"api_key": "k-1"}  # type: ignore[attr-defined]
    make_notes(api).add_all()
    return api


def build_public_reads() -> SmallApi:
    """Everyone reads, and who writes needs a password."""
    api = SmallApi("Notes in public", security={"type": "http", "scheme": "basic"})
    api.check = lambda request: request.headers.get("authorization") == "Basic YWRhOnNlY3JldA=="
    api.headers = {"Authorization": "Basic YWRhOnNlY3JldA=="}  # type: ignore[attr-defined]
    notes = make_notes(api)
    notes.add_list(public=True)
    notes.add_create()
    notes.add_fetch(public=True)
    notes.add_delete()
    return api


def build_never_there() -> SmallApi:
    """Some operations are documented as gone, not built yet, or not in this plan."""
    api = SmallApi("Notes of another edition")
    notes = make_notes(api)
    notes.add_all()

    def refuse(status: int) -> Any:
        def handler(_call: Call) -> Any:
            raise Refused(status, "not here")

        return handler

    api.add("GET /export", {200: arr(notes.row)}, refusals=[410], deprecated=True)(refuse(410))
    api.add("POST /notes/{id}/share", {200: notes.row}, path={"id": INT}, refusals=[402, 404])(refuse(402))
    api.add("GET /insights", {200: obj("", n=INT)}, refusals=[501])(refuse(501))
    api.add("GET /admin/users", {200: arr(STR)}, refusals=[403])(refuse(403))
    return api
