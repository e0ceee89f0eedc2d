"""How rows are created and changed."""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from tests.catalogue.generic.crud import BOOL, INT, NAME, NUM, STR, UUID, Crud, arr, make_uuid, obj, ref
from tests.catalogue.generic.small_api import Call, Refused, SmallApi


def build_later_creation() -> SmallApi:
    """A creation is accepted with 202 and the address of a job; the row is there when the job is done."""
    api = SmallApi("Reports that take a while")
    state = {"type": "string", "enum": ["queued", "running", "done"]}
    reports = Crud(api, "/reports", "Report", obj("id title", id=INT, title=NAME), obj("title", title=NAME))
    jobs = Crud(
        api,
        "/jobs",
        "Job",
        obj("id state", id=UUID, state=state, report_id={"type": ["integer", "null"]}),
        key_schema=UUID,
        new_key=make_uuid,
    )
    begun: dict[str, tuple[float, Any]] = {}

    def work(_request: Any) -> None:
        for key, (at, body) in list(begun.items()):
            age = time.monotonic() - at
            jobs.rows[key]["state"] = "queued" if age < 0.1 else "running" if age < 0.3 else "done"
            if age >= 0.3:
                jobs.rows[key]["report_id"] = reports.insert(body)["id"]
                del begun[key]

    api.before = work
    reports.add_list()
    location = {202: {"Location": {"schema": STR, "required": True}}}

    @api.add("POST /reports", {202: jobs.row}, body=reports.new, answer_headers=location)
    def create_report(call: Call) -> Any:
        job = jobs.insert({"state": "queued", "report_id": None})
        begun[job["id"]] = (time.monotonic(), call.body)
        return 202, job, {"Location": f"/jobs/{job['id']}"}

    reports.add_fetch()
    reports.add_delete()
    jobs.add_fetch()
    return api


def build_unique_names() -> SmallApi:
    """A second row of one name is refused with 409, whatever its case."""
    api = SmallApi("Teams with names of their own")
    teams = Crud(
        api,
        "/teams",
        "Team",
        obj("id name", id=INT, name=NAME),
        obj("name", name=NAME),
        seeds=[{"name": "Red"}, {"name": "Blue"}],
    )

    def keep_unique(call: Call) -> None:
        taken = {r["name"].casefold() for r in teams.rows.values() if r["id"] != call.path.get("id")}
        if call.body["name"].casefold() in taken:
            raise Refused(409, "this name is taken")

    teams.add_list()

    @api.add("POST /teams", {201: teams.row}, body=teams.new, refusals=[409])
    def create_team(call: Call) -> Any:
        keep_unique(call)
        return 201, teams.insert(call.body)

    teams.add_fetch()

    @api.add("PUT /teams/{id}", {200: teams.row}, path={"id": INT}, body=teams.new, refusals=[404, 409])
    def replace_team(call: Call) -> Any:
        row = teams.find(call)
        keep_unique(call)
        row["name"] = call.body["name"]
        return row

    teams.add_delete()
    return api


def build_duplicates_are_found() -> SmallApi:
    """A row that is there already is what a second POST shows, with 200 instead of 201."""
    api = SmallApi("Files by their content")
    blobs = Crud(
        api,
        "/blobs",
        "Blob",
        obj("sha256 size", sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"}, size=INT),
        key="sha256",
        key_schema={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    )
    contents: dict[str, bytes] = {}
    media = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}

    @api.add(
        "POST /blobs", {200: blobs.row, 201: blobs.row}, body={"type": "string", "format": "binary"}, body_media=media
    )
    def create_blob(call: Call) -> Any:
        digest = hashlib.sha256(call.body).hexdigest()
        is_new = digest not in blobs.rows
        contents[digest] = call.body
        return (201 if is_new else 200), blobs.insert({"sha256": digest, "size": len(call.body)})

    blobs.add_list()
    blobs.add_fetch()
    binary = {"x-content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}

    @api.add("GET /blobs/{sha256}/content", {200: binary}, path={"sha256": blobs.key_schema}, refusals=[404])
    def get_content(call: Call) -> Any:
        return Response(contents[blobs.find(call)["sha256"]], media_type="application/octet-stream")

    blobs.add_delete()
    return api


def build_idempotency_keys() -> SmallApi:
    """A POST with a key that was used before shows the row of the first time."""
    api = SmallApi("Payments that are made once")
    payments = Crud(
        api,
        "/payments",
        "Payment",
        obj("id amount currency", id=UUID, amount=INT, currency=STR),
        obj(
            "amount currency",
            amount={"type": "integer", "minimum": 1, "maximum": 1_000_000},
            currency={"enum": ["EUR", "USD"], "type": "string"},
        ),
        key_schema=UUID,
        new_key=make_uuid,
    )
    known: dict[str, tuple[Any, Any]] = {}
    payments.add_list()
    key = {"type": "string", "minLength": 1, "maxLength": 64}

    @api.add(
        "POST /payments",
        {201: payments.row},
        body=payments.new,
        headers={"Idempotency-Key": key},
        refusals=[409],
        description="With an `Idempotency-Key` that was used before, the payment of then; 409 if the body is another.",
    )
    def create_payment(call: Call) -> Any:
        name = call.headers.get("idempotency-key")
        if name in known:
            body, row = known[name]
            if body != call.body:
                raise Refused(409, "this key has another body")
            return 201, row
        row = payments.insert(call.body)
        if name is not None:
            known[name] = (call.body, row)
        return 201, row

    payments.add_fetch()
    return api


def build_normalized() -> SmallApi:
    """What is created is tidied: trimmed, in lower case, rounded, without doubles, filled with defaults."""
    api = SmallApi("Contacts, tidied", description="Values are normalized before they are stored.")

    def tidy(_crud: Crud, body: Any) -> Any:
        return {
            "id": body.get("id"),
            "email": body["email"].strip().lower(),
            "name": " ".join(body.get("name", "Unnamed").split()) or "Unnamed",
            "tags": sorted({tag.lower() for tag in body.get("tags", [])}),
            "score": round(body.get("score", 0), 2),
            "country": body.get("country", "DE"),
        }

    contacts = Crud(
        api,
        "/contacts",
        "Contact",
        obj(
            "id email name tags score country",
            id=INT,
            email=STR,
            name=STR,
            tags=arr(STR),
            score=NUM,
            country=STR,
        ),
        obj(
            "email",
            email={"type": "string", "format": "email", "maxLength": 100},
            name=STR,
            tags=arr(STR),
            score={"type": "number", "minimum": 0, "maximum": 100},
            country={"type": "string", "enum": ["DE", "FR", "IT"], "default": "DE"},
        ),
        make=tidy,
        seeds=[{"email": "Ada@Example.com"}, {"email": "bo@example.com", "tags": ["B", "a", "b"]}],
    )
    contacts.add_all()
    return api


def build_write_only() -> SmallApi:
    """A password is sent and never shown; it may be left out of a change."""
    api = SmallApi("Accounts with passwords", invalid=422)
    account = obj(
        "id login password",
        id={"type": "integer", "readOnly": True},
        login={"type": "string", "pattern": "^[a-z]{2,20}$"},
        password={"type": "string", "minLength": 8, "maxLength": 64, "writeOnly": True, "format": "password"},
        pin={"type": "string", "pattern": "^[0-9]{4}$", "writeOnly": True},
        has_pin={"type": "boolean", "readOnly": True},
    )
    secrets: dict[int, Any] = {}
    accounts = Crud(api, "/accounts", "Account", account)
    accounts.new = ref("Account")

    def keep(row: Any, body: Mapping[str, Any]) -> Any:
        known = secrets.setdefault(row["id"], {})
        known.update({k: hashlib.sha256(body[k].encode()).hexdigest() for k in ("password", "pin") if k in body})
        row["has_pin"] = "pin" in known
        return row

    accounts.add_list()

    @api.add("POST /accounts", {201: accounts.row}, body=accounts.new, refusals=[409])
    def create_account(call: Call) -> Any:
        if any(r["login"] == call.body["login"] for r in accounts.rows.values()):
            raise Refused(409, "taken")
        return 201, keep(accounts.insert({"login": call.body["login"]}), call.body)

    accounts.add_fetch()
    changes = obj(
        "",
        login=account["properties"]["login"],
        password=account["properties"]["password"],
        pin=account["properties"]["pin"],
    )

    @api.add("PATCH /accounts/{id}", {200: accounts.row}, path={"id": INT}, body=changes, refusals=[404, 409])
    def change_account(call: Call) -> Any:
        row = accounts.find(call)
        login = call.body.get("login", row["login"])
        if any(r["login"] == login and r is not row for r in accounts.rows.values()):
            raise Refused(409, "taken")
        row["login"] = login
        return keep(row, call.body)

    accounts.add_delete()
    check = obj("login password", login=STR, password={"type": "string", "format": "password", "writeOnly": True})

    @api.add("POST /accounts/verify", {200: obj("correct", correct=BOOL)}, body=check)
    def verify(call: Call) -> Any:
        digest = hashlib.sha256(call.body["password"].encode()).hexdigest()
        return {
            "correct": any(
                r["login"] == call.body["login"] and secrets[r["id"]]["password"] == digest
                for r in accounts.rows.values()
            )
        }

    return api


def build_closed_objects() -> SmallApi:
    """No property that is not documented is taken, at no depth."""
    api = SmallApi("Closed shapes")
    size = {
        **obj(
            "w h",
            w={"type": "integer", "minimum": 1, "maximum": 500},
            h={"type": "integer", "minimum": 1, "maximum": 500},
        ),
        "additionalProperties": False,
    }
    label = {
        **obj("text", text=NAME, size={"type": "integer", "minimum": 6, "maximum": 72}),
        "additionalProperties": False,
    }
    new = {
        **obj(
            "kind size",
            kind={"type": "string", "enum": ["box", "disc"]},
            size=size,
            labels={"type": "array", "items": label, "maxItems": 5},
        ),
        "additionalProperties": False,
    }
    row = {**new, "properties": {"id": INT, **new["properties"]}, "required": ["id", "kind", "size"]}
    shapes = Crud(api, "/shapes", "Shape", row, new, seeds=[{"kind": "box", "size": {"w": 1, "h": 2}}])
    shapes.add_all()
    return api


def build_open_objects() -> SmallApi:
    """Properties that nobody has documented are kept, and so are free maps."""
    api = SmallApi("Open documents")
    new = {
        **obj("kind", kind=NAME, metadata={"type": "object", "additionalProperties": {"type": "string"}}, data={}),
        "additionalProperties": True,
    }
    row = {**new, "properties": {"_id": UUID, **new["properties"]}, "required": ["_id", "kind"]}
    documents = Crud(
        api,
        "/documents",
        "Document",
        row,
        new,
        key="_id",
        key_schema=UUID,
        new_key=make_uuid,
        seeds=[{"kind": "a", "colour": "red"}],
        make=lambda _c, b: {
            k: v for k, v in b.items() if k != "_id" or (isinstance(v, str) and v.startswith("00000000-"))
        },
    )

    @api.add("GET /documents", {200: obj("documents", documents=arr(documents.row))})
    def list_documents(_call: Call) -> Any:
        return {"documents": list(documents.rows.values())}

    @api.add("POST /documents", {201: documents.row}, body=documents.new)
    def create_document(call: Call) -> Any:
        return 201, documents.insert({k: v for k, v in call.body.items() if k != "_id"})

    documents.add_fetch()

    @api.add("PUT /documents/{_id}", {200: documents.row}, path={"_id": UUID}, body=documents.new, refusals=[404])
    def replace_document(call: Call) -> Any:
        key = documents.find(call)["_id"]
        documents.rows[key] = {**call.body, "_id": key}
        return documents.rows[key]

    documents.add_delete()
    return api


def build_only_id() -> SmallApi:
    """A creation answers with nothing but the id, and changes with nothing at all."""
    api = SmallApi("Tasks that say little")
    tasks = Crud(
        api,
        "/tasks",
        "Task",
        obj("id title done", id=INT, title=NAME, done=BOOL),
        obj("title", title=NAME, done=BOOL),
        make=lambda _c, b: {"done": False, **b},
        seeds=[{"title": "a"}, {"title": "b"}],
    )
    api.add("GET /tasks", {200: obj("tasks count", tasks=arr(tasks.row), count=INT)})(
        lambda _call: {"tasks": list(tasks.rows.values()), "count": len(tasks.rows)}
    )

    @api.add("POST /tasks", {200: obj("id", id=INT)}, body=tasks.new)
    def create_task(call: Call) -> Any:
        return {"id": tasks.insert(call.body)["id"]}

    tasks.add_fetch()

    @api.add("PUT /tasks/{id}", {204: None}, path={"id": INT}, body=tasks.new, refusals=[404])
    def replace_task(call: Call) -> Any:
        key = tasks.find(call)["id"]
        tasks.rows[key] = {"id": key, "done": False, **call.body}
        return 204, None

    tasks.add_delete()
    return api


def build_see_other() -> SmallApi:
    """A creation answers 303, or 201 with an address and no body."""
    api = SmallApi("Boards that point")
    boards = Crud(
        api,
        "/boards",
        "Board",
        obj("id name", id=UUID, name=NAME),
        obj("name", name=NAME),
        key_schema=UUID,
        new_key=make_uuid,
        seeds=[{"name": "one"}],
    )
    location = {"Location": {"schema": {"type": "string", "format": "uri-reference"}, "required": True}}
    boards.add_list()

    @api.add("POST /boards", {201: None}, body=boards.new, answer_headers={201: location})
    def create_board(call: Call) -> Any:
        return 201, None, {"Location": f"/boards/{boards.insert(call.body)['id']}"}

    boards.add_fetch()

    @api.add("POST /boards/{id}/copy", {303: None}, path={"id": UUID}, refusals=[404], answer_headers={303: location})
    def copy_board(call: Call) -> Any:
        made = boards.insert({"name": boards.find(call)["name"]})
        return 303, None, {"Location": f"/boards/{made['id']}"}

    boards.add_delete()
    return api


def build_batch() -> SmallApi:
    """A creation takes many rows, and says of each what became of it."""
    api = SmallApi("Readings in batches")
    reading = obj("sensor value", sensor=NAME, value={"type": "number", "minimum": -50, "maximum": 150})
    readings = Crud(
        api,
        "/readings",
        "Reading",
        obj("id sensor value", id=INT, sensor=STR, value=NUM),
        reading,
        seeds=[{"sensor": "a", "value": 1}],
    )
    readings.add_list()
    result = obj("status", status=INT, id=INT)

    @api.add(
        "POST /readings/batch",
        {207: obj("results", results=arr(result))},
        body={"type": "array", "items": readings.new, "minItems": 1, "maxItems": 20},
    )
    def create_batch(call: Call) -> Any:
        return 207, {"results": [{"status": 201, "id": readings.insert(body)["id"]} for body in call.body]}

    readings.add_fetch()
    return api


def build_checked_further() -> SmallApi:
    """What no schema can say is checked, too, and the description says so."""
    api = SmallApi("Bookings with rules", invalid=422)
    new = obj(
        "room start end",
        room={"type": "string", "enum": ["a", "b"]},
        start={"type": "integer", "minimum": 0, "maximum": 1000},
        end={"type": "integer", "minimum": 0, "maximum": 1000},
        shares=arr({"type": "integer", "minimum": 0, "maximum": 100}),
    )
    bookings = Crud(
        api,
        "/bookings",
        "Booking",
        {**new, "properties": {"id": INT, **new["properties"]}, "required": ["id", "room", "start", "end"]},
        new,
        seeds=[{"room": "a", "start": 1, "end": 2}],
    )
    bookings.add_list()

    @api.add(
        "POST /bookings",
        {201: bookings.row},
        body=bookings.new,
        description="422 if `end` is not after `start`, or if `shares` are given and do not add up to 100.",
    )
    def create_booking(call: Call) -> Any:
        if call.body["end"] <= call.body["start"] or sum(call.body.get("shares", [100])) != 100:
            raise Refused(422, "end has to be after start, and shares have to add up to 100")
        return 201, bookings.insert(call.body)

    bookings.add_fetch()
    bookings.add_delete()
    return api
