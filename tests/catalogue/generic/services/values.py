"""Values that are odd: ids, numbers, times, texts, and what is null or absent."""

import time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.catalogue.generic.crud import BOOL, INT, NAME, NUM, STR, TIME, Crud, arr, obj, ref
from tests.catalogue.generic.small_api import Call, Refused, SmallApi


def build_money_as_text() -> SmallApi:
    """Amounts are texts with two decimals, whatever was sent."""
    api = SmallApi("Invoices in decimals")
    sent = {"type": "string", "pattern": r"^\d{1,7}(\.\d{1,4})?$", "description": "A decimal number."}
    shown = {"type": "string", "pattern": r"^\d+\.\d{2}$"}

    def fix(_crud: Crud, body: Any) -> Any:
        amount = Decimal(body["amount"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return {**body, "amount": str(amount), "vat": str((amount * Decimal("0.19")).quantize(Decimal("0.01")))}

    invoices = Crud(
        api,
        "/invoices",
        "Invoice",
        obj("id amount vat customer", id=STR, amount=shown, vat=shown, customer=STR),
        obj("amount customer", amount=sent, customer=NAME),
        make=fix,
        key_schema={"type": "string", "pattern": r"^\d{1,9}$"},
        new_key=lambda c: str(next(c.counter)),
        seeds=[{"amount": "1.5", "customer": "a"}, {"amount": "20", "customer": "b"}],
    )
    invoices.add_all()
    return api


def build_big_ids() -> SmallApi:
    """Ids are integers beyond 2**53."""
    api = SmallApi("Messages with large ids")
    big = {"type": "integer", "format": "int64", "minimum": 1}
    messages = Crud(
        api,
        "/messages",
        "Message",
        obj("id text", id=big, text=STR, reply_to={"type": ["integer", "null"], "format": "int64"}),
        obj("text", text=STR),
        key_schema=big,
        new_key=lambda c: 2**60 + 3 * next(c.counter) + 1,
        make=lambda _c, b: {"reply_to": None, **b},
        seeds=[{"text": "a"}, {"text": "b"}, {"text": "c"}],
    )
    messages.add_all()
    return api


def build_unicode_ids() -> SmallApi:
    """Ids are names in any script, with blanks, dots and percent signs."""
    api = SmallApi("Pages by title")
    title = {
        "type": "string",
        "minLength": 1,
        "maxLength": 60,
        "pattern": "^[^/\\u0000-\\u001f]+$",
        "description": "Any text without a slash.",
    }
    pages = Crud(
        api,
        "/pages",
        "Page",
        obj("title text", title=title, text=STR),
        obj("title text", title=title, text=STR),
        key="title",
        key_schema=title,
        seeds=[
            {"title": t, "text": "x"} for t in ("Straße 7", "東京", "50% off", "a.b,c;d", "naïve+plus", "q?x#y&z=1")
        ],
    )
    pages.add_list()

    @api.add("POST /pages", {201: pages.row}, body=pages.new, refusals=[409])
    def create_page(call: Call) -> Any:
        if call.body["title"] in pages.rows or call.body["title"] in {".", ".."}:
            raise Refused(409, "this title is taken")
        return 201, pages.insert(call.body)

    pages.add_fetch()
    pages.add_delete()
    return api


def build_ids_with_slashes() -> SmallApi:
    """Ids are paths: their slashes are encoded."""
    api = SmallApi("Objects by key", slashes=frozenset({"key"}))
    key = {
        "type": "string",
        "pattern": "^[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,3}$",
        "description": "With slashes encoded as %2F.",
    }
    objects = Crud(
        api,
        "/objects",
        "Object",
        obj("key size", key=key, size=INT),
        obj("size", size={"type": "integer", "minimum": 0, "maximum": 10**9}),
        key="key",
        key_schema=key,
        seeds=[{"key": "a/b", "size": 1}, {"key": "a/b/c", "size": 2}, {"key": "z", "size": 3}],
    )
    objects.add_list()
    objects.add_fetch()

    @api.add("PUT /objects/{key}", {200: objects.row}, path={"key": key}, body=objects.new)
    def put_object(call: Call) -> Any:
        return objects.insert({**call.body, "key": call["key"]})

    objects.add_delete()
    return api


def build_ids_any_case() -> SmallApi:
    """Names are found whatever their case, and shown in lower case."""
    api = SmallApi("Users by name")
    name = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,20}$"}
    users = Crud(
        api,
        "/users",
        "User",
        obj("name bio", name=STR, bio=STR),
        obj("name", name=name, bio=STR),
        key="name",
        key_schema=name,
        make=lambda _c, b: {"bio": "", **b, "name": b["name"].lower()},
        seeds=[{"name": "ada"}, {"name": "bo"}],
    )

    def find(call: Call) -> Any:
        row = users.rows.get(call["name"].lower())
        if row is None:
            raise Refused(404, "there is none")
        return row

    users.add_list()

    @api.add("POST /users", {201: users.row}, body=users.new, refusals=[409])
    def create_user(call: Call) -> Any:
        if call.body["name"].lower() in users.rows:
            raise Refused(409, "taken")
        return 201, users.insert(call.body)

    api.add("GET /users/{name}", {200: users.row}, path={"name": name}, refusals=[404])(find)

    @api.add("DELETE /users/{name}", {204: None}, path={"name": name}, refusals=[404])
    def delete_user(call: Call) -> Any:
        del users.rows[find(call)["name"]]
        return 204, None

    return api


def build_slug_or_id() -> SmallApi:
    """A row is found by its number or its slug; `latest` is one, too."""
    api = SmallApi("Releases by number or name")
    releases = Crud(
        api,
        "/releases",
        "Release",
        obj("id slug", id=INT, slug=STR, notes=STR),
        obj("slug", slug={"type": "string", "pattern": "^v[a-z0-9.]{1,15}$"}, notes=STR),
        key_schema=STR,
        seeds=[{"slug": "v1.0"}, {"slug": "v1.1"}, {"slug": "v2.0"}],
    )
    text = {"type": "string", "description": "A number, a slug, or `latest`."}

    @api.add("GET /releases/{id}", {200: releases.row}, path={"id": text}, refusals=[404])
    def get_release(call: Call) -> Any:
        if call["id"] == "latest" and releases.rows:
            return list(releases.rows.values())[-1]
        for row in releases.rows.values():
            if call["id"] in {str(row["id"]), row["slug"]}:
                return row
        raise Refused(404, "there is none")

    releases.add_list()

    @api.add("POST /releases", {201: releases.row}, body=releases.new, refusals=[409])
    def create_release(call: Call) -> Any:
        if any(r["slug"] == call.body["slug"] for r in releases.rows.values()):
            raise Refused(409, "taken")
        return 201, releases.insert(call.body)

    return api


def build_two_part_keys() -> SmallApi:
    """A row is named by two values in its path."""
    api = SmallApi("Cells of a grid")
    column = {"type": "string", "pattern": "^[A-F]$"}
    line = {"type": "integer", "minimum": 1, "maximum": 9}
    api.components["Cell"] = obj(
        "column line value", column=column, line=line, value={"type": ["string", "number", "null"]}
    )
    cells: dict[Any, Any] = {("A", 1): "x", ("B", 2): 7}
    where = {"column": column, "line": line}

    def show(key: Any) -> Any:
        return {"column": key[0], "line": key[1], "value": cells.get(key)}

    api.add("GET /cells", {200: arr(ref("Cell"))})(lambda _call: [show(k) for k in cells])
    api.add(
        "GET /cells/{column}/{line}",
        {200: ref("Cell")},
        path=where,
        description="A cell that was never set has the value null.",
    )(lambda call: show((call["column"], call["line"])))

    @api.add(
        "PUT /cells/{column}/{line}",
        {200: ref("Cell")},
        path=where,
        body=obj("value", value={"type": ["string", "number", "null"], "maxLength": 50}),
    )
    def put_cell(call: Call) -> Any:
        cells[call["column"], call["line"]] = call.body["value"]
        return show((call["column"], call["line"]))

    @api.add("DELETE /cells/{column}/{line}", {204: None}, path=where)
    def clear_cell(call: Call) -> Any:
        cells.pop((call["column"], call["line"]), None)
        return 204, None

    return api


def build_absent_not_null() -> SmallApi:
    """What is not set is not there: null is never shown, and is refused."""
    api = SmallApi("Cards without null")
    new = obj(
        "title",
        title=NAME,
        due={"type": "string", "format": "date"},
        points={"type": "integer", "minimum": 0, "maximum": 100},
    )
    cards = Crud(
        api,
        "/cards",
        "Card",
        {**new, "properties": {"id": INT, **new["properties"]}, "required": ["id", "title"]},
        new,
        seeds=[{"title": "a"}, {"title": "b", "due": "2026-05-01"}],
    )
    cards.add_all()
    return api


def build_null_not_absent() -> SmallApi:
    """Every field is always there, null where it is not set; null in a request is the same as none (OpenAPI 3.0)."""
    api = SmallApi("Cards with null", openapi="3.0.3")
    due = {"type": "string", "format": "date", "nullable": True}
    points = {"type": "integer", "minimum": 0, "maximum": 100, "nullable": True}
    colour = {"type": "string", "enum": ["red", "blue", None], "nullable": True}
    cards = Crud(
        api,
        "/cards",
        "Card",
        obj("id title due points colour", id=INT, title=NAME, due=due, points=points, colour=colour),
        obj("title", title=NAME, due=due, points=points, colour=colour),
        make=lambda _c, b: {"due": None, "points": None, "colour": None, **b},
        seeds=[{"title": "a"}, {"title": "b", "due": "2026-05-01", "colour": "red"}],
    )
    cards.add_all()
    cards.add_patch(obj("", title=NAME, due=due, points=points, colour=colour))
    return api


def build_epochs() -> SmallApi:
    """Times are numbers: seconds or milliseconds since 1970; days are texts of another form."""
    api = SmallApi("Shifts in seconds")
    row = obj(
        "id worker created updatedAt day",
        id=INT,
        worker=STR,
        created=INT,
        updatedAt={"type": "integer", "format": "int64"},
        day={"type": "string", "pattern": r"^\d{2}\.\d{2}\.\d{4}$"},
    )
    day = {"type": "string", "pattern": r"^(0[1-9]|1\d|2[0-8])\.(0[1-9]|1[0-2])\.20\d\d$"}

    def write(_crud: Crud, body: Any) -> Any:
        return {"created": int(time.time()), "day": "01.01.2026", **body, "updatedAt": int(time.time() * 1000)}

    shifts = Crud(
        api,
        "/shifts",
        "Shift",
        row,
        obj("worker", worker=NAME, day=day),
        make=write,
        seeds=[{"worker": "a"}, {"worker": "b"}],
    )
    shifts.add_list()
    shifts.add_create()
    shifts.add_fetch()
    shifts.add_patch(obj("", worker=NAME, day=day))
    shifts.add_delete()
    return api


def build_local_times() -> SmallApi:
    """Times keep their offsets, and are shown in another than they were sent in."""
    from datetime import datetime, timedelta, timezone

    api = SmallApi("Meetings at local times")
    zone = timezone(timedelta(hours=5, minutes=30))

    def write(_crud: Crud, body: Any) -> Any:
        at = datetime.fromisoformat(body["at"].upper())
        try:
            local = at.astimezone(zone)
        except OverflowError:
            raise Refused(400, "this time is out of range") from None
        return {**body, "at": local.isoformat()}

    meetings = Crud(
        api,
        "/meetings",
        "Meeting",
        obj("id title at", id=INT, title=STR, at=TIME),
        obj(
            "title at",
            title=NAME,
            at={**TIME, "description": "Shown in the time zone of the house. 400 if it is out of range there."},
        ),
        make=write,
        seeds=[{"title": "a", "at": "2026-01-01T00:00:00Z"}],
    )
    meetings.add_all()
    return api


def build_variants() -> SmallApi:
    """Rows of several kinds, told apart by a property."""
    api = SmallApi("Payment methods of two kinds")
    card = {
        **obj("kind number", kind={"const": "card"}, number={"type": "string", "pattern": "^[0-9]{12,16}$"}),
        "additionalProperties": False,
    }
    bank = {
        **obj("kind iban", kind={"const": "bank"}, iban={"type": "string", "pattern": "^[A-Z]{2}[0-9]{10,20}$"}),
        "additionalProperties": False,
    }
    api.components |= {"Card": card, "Bank": bank}
    method = {
        "oneOf": [ref("Card"), ref("Bank")],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"card": "#/components/schemas/Card", "bank": "#/components/schemas/Bank"},
        },
    }
    methods = Crud(
        api,
        "/methods",
        "Stored",
        obj("id method default", id=INT, method=method, default=BOOL),
        method,
        make=lambda c, b: b if "method" in b else {"method": b, "default": not c.rows},
        seeds=[{"kind": "card", "number": "123412341234"}],
    )
    methods.add_all("replace")
    return api


def build_trees() -> SmallApi:
    """Rows hold rows of their own kind."""
    api = SmallApi("Folders within folders")
    api.components["Folder"] = obj("id name children", id=INT, name=STR, children=arr(ref("Folder")))
    folders = Crud(
        api,
        "/folders",
        "Flat",
        obj("id name parent_id", id=INT, name=STR, parent_id={"type": ["integer", "null"]}),
        obj("name", name=NAME, parent_id={"type": ["integer", "null"]}),
        make=lambda _c, b: {"parent_id": None, **b},
        seeds=[
            {"name": "root"},
            {"name": "a", "parent_id": 1},
            {"name": "b", "parent_id": 1},
            {"name": "c", "parent_id": 2},
        ],
    )

    def grow(row: Any) -> Any:
        return {
            "id": row["id"],
            "name": row["name"],
            "children": [grow(r) for r in folders.rows.values() if r["parent_id"] == row["id"]],
        }

    folders.add_list()

    @api.add(
        "POST /folders",
        {201: folders.row},
        body=folders.new,
        refusals=[422],
        description="422 if there is no such parent.",
    )
    def create_folder(call: Call) -> Any:
        if call.body.get("parent_id") is not None and call.body["parent_id"] not in folders.rows:
            raise Refused(422, "no such parent")
        return 201, folders.insert(call.body)

    folders.add_fetch()
    api.add("GET /folders/{id}/tree", {200: ref("Folder")}, path={"id": INT}, refusals=[404])(
        lambda call: grow(folders.find(call))
    )
    return api


def build_defaults_from_elsewhere() -> SmallApi:
    """What is not sent is decided by the server: numbers in a row, names, colours; what is sent may be overruled."""
    api = SmallApi("Tickets with decisions")
    new = obj(
        "title", title=NAME, priority={"type": "integer", "minimum": 1, "maximum": 5, "x-text": "A wish."}, assignee=STR
    )
    row = obj(
        "id number title priority assignee",
        id=INT,
        number=STR,
        title=STR,
        priority={"type": "integer", "description": "Decided by the service."},
        assignee={"type": ["string", "null"]},
    )

    def decide(crud: Crud, body: Any) -> Any:
        return {
            "number": f"T-{len(crud.rows) + 1:04}",
            "assignee": None,
            **body,
            "priority": min(body.get("priority", 3), 3),
        }

    new["properties"]["priority"] = {
        "type": "integer",
        "minimum": 1,
        "maximum": 5,
        "description": "A wish; at most 3 is given.",
    }
    tickets = Crud(api, "/tickets", "Ticket", row, new, make=decide, seeds=[{"title": "a"}, {"title": "b"}])
    tickets.add_list()
    tickets.add_create()
    tickets.add_fetch()
    tickets.add_delete()
    return api


def build_floats() -> SmallApi:
    """Numbers are kept as single floats, whole ones are shown without a point."""
    import struct

    api = SmallApi("Points in single precision")
    number = {"type": "number", "format": "float", "minimum": -1e6, "maximum": 1e6}

    def fix(_crud: Crud, body: Any) -> Any:
        return {k: struct.unpack("f", struct.pack("f", v))[0] if k in {"x", "y"} else v for k, v in body.items()}

    points = Crud(
        api,
        "/points",
        "Point",
        obj("id x y", id=INT, x=NUM, y=NUM),
        obj("x y", x=number, y=number),
        make=fix,
        seeds=[{"x": 1, "y": 0.1}, {"x": 2.5, "y": 3}],
    )
    points.add_all()
    return api
