"""How rows are changed."""

import hashlib
import json
import time
from typing import Any

from tests.catalogue.generic.crud import BOOL, INT, NAME, STR, TIME, Crud, arr, obj, ref, write_now
from tests.catalogue.generic.small_api import Call, Refused, SmallApi

_KEY = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,30}$"}


def build_upsert() -> SmallApi:
    """A PUT creates the row where there is none, with 201."""
    api = SmallApi("Settings by name")
    flags = Crud(
        api,
        "/flags",
        "Flag",
        obj("key on", key=_KEY, on=BOOL, note=STR),
        obj("on", on=BOOL, note=STR),
        key="key",
        key_schema=_KEY,
        seeds=[{"key": "dark-mode", "on": True}, {"key": "beta", "on": False, "note": "soon"}],
    )
    flags.add_list()
    flags.add_fetch()

    @api.add("PUT /flags/{key}", {200: flags.row, 201: flags.row}, path={"key": _KEY}, body=flags.new)
    def put_flag(call: Call) -> Any:
        is_new = call["key"] not in flags.rows
        row = flags.insert({"key": call["key"], **call.body})
        return (201 if is_new else 200), row

    flags.add_delete()
    return api


def build_read_only_ignored() -> SmallApi:
    """One schema for requests and responses; what the server decides is ignored in requests."""
    api = SmallApi("Articles with one schema", openapi="3.0.3")
    ro = {"readOnly": True}
    article = obj(
        "id title created_at",
        id={"type": "integer", **ro},
        title=NAME,
        body={"type": "string", "nullable": True},
        created_at={**TIME, **ro},
        words={"type": "integer", **ro},
    )

    def write(_crud: Crud, body: Any) -> Any:
        text = body.get("body")
        return {
            "id": body.get("id"),
            "title": body["title"],
            "body": text,
            "words": len((text or "").split()),
            "created_at": body.get("made") or write_now(),
        }

    articles = Crud(
        api, "/articles", "Article", article, make=write, seeds=[{"title": "One", "body": "a b c"}, {"title": "Two"}]
    )
    articles.new = ref("Article")
    articles.add_list()

    @api.add("POST /articles", {201: articles.row}, body=articles.new)
    def create_article(call: Call) -> Any:
        return 201, articles.insert({"title": call.body["title"], "body": call.body.get("body")})

    articles.add_fetch()

    @api.add("PUT /articles/{id}", {200: articles.row}, path={"id": INT}, body=articles.new, refusals=[404])
    def replace_article(call: Call) -> Any:
        row = articles.find(call)
        row.update(
            write(
                articles,
                {
                    "title": call.body["title"],
                    "body": call.body.get("body"),
                    "made": row["created_at"],
                    "id": row["id"],
                },
            )
        )
        return row

    articles.add_delete()
    return api


def build_read_only_refused() -> SmallApi:
    """What the server decides may not be sent: 422."""
    api = SmallApi("Articles with strict fields", invalid=422)
    article = obj(
        "id title state",
        id={"type": "integer", "readOnly": True},
        title=NAME,
        state={"type": "string", "enum": ["draft", "live"], "readOnly": True},
    )
    articles = Crud(
        api, "/articles", "Article", article, make=lambda _c, b: {"state": "draft", **b}, seeds=[{"title": "One"}]
    )
    articles.new = ref("Article")

    def refuse_read_only(call: Call) -> None:
        if {"id", "state"} & call.body.keys():
            raise Refused(422, "id and state are read-only")

    articles.add_list()

    @api.add("POST /articles", {201: articles.row}, body=articles.new)
    def create_article(call: Call) -> Any:
        refuse_read_only(call)
        return 201, articles.insert(call.body)

    articles.add_fetch()

    @api.add(
        "PATCH /articles/{id}",
        {200: articles.row},
        path={"id": INT},
        body=obj("", id={"type": "integer", "readOnly": True}, title=NAME),
        refusals=[404],
    )
    def change_article(call: Call) -> Any:
        row = articles.find(call)
        refuse_read_only(call)
        row.update(call.body)
        return row

    return api


def build_merge_patch() -> SmallApi:
    """A JSON Merge Patch: null takes a field away."""
    api = SmallApi("Profiles with merge patches")
    new = obj("name", name=NAME, nickname={"type": "string"}, address=obj("", street=STR, city=STR))
    row = {**new, "properties": {"id": INT, **new["properties"]}, "required": ["id", "name"]}
    profiles = Crud(
        api, "/profiles", "Profile", row, new, seeds=[{"name": "Ada", "nickname": "A", "address": {"city": "Bonn"}}]
    )
    profiles.add_all("replace")
    patch = obj(
        "",
        name=NAME,
        nickname={"type": ["string", "null"]},
        address={
            **obj("", street={"type": ["string", "null"]}, city={"type": ["string", "null"]}),
            "type": ["object", "null"],
        },
    )

    def merge(old: Any, new: Any) -> Any:
        if not isinstance(new, dict):
            return new
        kept = dict(old) if isinstance(old, dict) else {}
        for key, value in new.items():
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = merge(kept.get(key), value)
        return kept

    @api.add(
        "PATCH /profiles/{id}",
        {200: profiles.row},
        path={"id": INT},
        body=patch,
        body_media="application/merge-patch+json",
        refusals=[404],
    )
    def patch_profile(call: Call) -> Any:
        row = profiles.find(call)
        profiles.rows[row["id"]] = {**merge(row, call.body), "id": row["id"]}
        return profiles.rows[row["id"]]

    return api


def build_etags() -> SmallApi:
    """Strong ETags; a change needs If-Match: 428 without, 412 with another one."""
    api = SmallApi("Pages with versions")
    pages = Crud(
        api,
        "/pages",
        "Page",
        obj("id text", id=INT, text=STR),
        obj("text", text={"type": "string", "maxLength": 500}),
        seeds=[{"text": "a"}, {"text": "b"}],
    )
    etag = {"ETag": {"schema": STR, "required": True}}

    def tag(row: Any) -> str:
        return '"' + hashlib.sha256(json.dumps(row).encode()).hexdigest()[:16] + '"'

    def keep_version(call: Call, row: Any) -> None:
        sent = call.headers.get("if-match")
        if sent is None:
            raise Refused(428, "send If-Match")
        if sent != "*" and tag(row) not in [t.strip() for t in sent.split(",")]:
            raise Refused(412, "changed in between")

    pages.add_list()

    @api.add("POST /pages", {201: pages.row}, body=pages.new, answer_headers={201: etag})
    def create_page(call: Call) -> Any:
        row = pages.insert(call.body)
        return 201, row, {"ETag": tag(row)}

    @api.add(
        "GET /pages/{id}",
        {200: pages.row, 304: None},
        path={"id": INT},
        headers={"If-None-Match": STR},
        refusals=[404],
        answer_headers={200: etag},
    )
    def get_page(call: Call) -> Any:
        row = pages.find(call)
        sent = call.headers.get("if-none-match", "")
        if sent == "*" or tag(row) in [t.strip().removeprefix("W/") for t in sent.split(",")]:
            return 304, None, {"ETag": tag(row)}
        return 200, row, {"ETag": tag(row)}

    @api.add(
        "PUT /pages/{id}",
        {200: pages.row},
        path={"id": INT},
        headers={"If-Match": STR},
        body=pages.new,
        refusals=[404, 412, 428],
        answer_headers={200: etag},
    )
    def replace_page(call: Call) -> Any:
        row = pages.find(call)
        keep_version(call, row)
        row["text"] = call.body["text"]
        return 200, row, {"ETag": tag(row)}

    @api.add("DELETE /pages/{id}", {204: None}, path={"id": INT}, headers={"If-Match": STR}, refusals=[404, 412, 428])
    def delete_page(call: Call) -> Any:
        keep_version(call, pages.find(call))
        del pages.rows[call["id"]]
        return 204, None

    return api


def build_weak_etags() -> SmallApi:
    """Weak ETags of a version number, not of the content; If-Match is optional, and never holds for weak ones."""
    api = SmallApi("Pages with weak versions")
    pages = Crud(
        api,
        "/pages",
        "Page",
        obj("id text version", id=INT, text=STR, version=INT),
        obj("text", text=STR),
        seeds=[{"text": "a"}, {"text": "b"}],
        make=lambda _c, b: {"version": 1, **b},
    )
    etag = {"ETag": {"schema": STR}}
    pages.add_list()
    pages.add_create()

    @api.add(
        "GET /pages/{id}",
        {200: pages.row, 304: None},
        path={"id": INT},
        headers={"If-None-Match": STR},
        refusals=[404],
        answer_headers={200: etag},
    )
    def get_page(call: Call) -> Any:
        row = pages.find(call)
        tag = f'W/"v{row["version"]}"'
        if tag in call.headers.get("if-none-match", ""):
            return 304, None, {"ETag": tag}
        return 200, row, {"ETag": tag}

    @api.add(
        "PATCH /pages/{id}",
        {200: pages.row},
        path={"id": INT},
        headers={"If-Match": STR},
        body=pages.new,
        refusals=[404, 412],
        answer_headers={200: etag},
    )
    def change_page(call: Call) -> Any:
        row = pages.find(call)
        sent = call.headers.get("if-match")
        if sent not in {None, "*"}:
            raise Refused(412, "weak versions do not match")
        row.update(text=call.body["text"], version=row["version"] + 1)
        return 200, row, {"ETag": f'W/"v{row["version"]}"'}

    return api


def build_states() -> SmallApi:
    """An order moves by actions, and each fits only in some states: 409."""
    api = SmallApi("Orders with states")
    state = {"type": "string", "enum": ["open", "paid", "shipped", "cancelled"]}
    orders = Crud(
        api,
        "/orders",
        "Order",
        obj("id item state", id=INT, item=NAME, state=state),
        obj("item", item=NAME),
        make=lambda _c, b: {"state": "open", **b},
        seeds=[{"item": "tea", "state": s} for s in ("open", "paid", "shipped")],
    )
    orders.add_list()
    orders.add_create()
    orders.add_fetch()
    for verb, before, after in (("pay", "open", "paid"), ("ship", "paid", "shipped"), ("cancel", "open", "cancelled")):

        def act(call: Call, before: str = before, after: str = after) -> Any:
            row = orders.find(call)
            if row["state"] != before:
                raise Refused(409, f"the order is {row['state']}")
            row["state"] = after
            return row

        api.add(f"POST /orders/{{id}}/{verb}", {200: orders.row}, path={"id": INT}, refusals=[404, 409])(act)

    @api.add("DELETE /orders/{id}", {204: None}, path={"id": INT}, refusals=[404, 409])
    def delete_order(call: Call) -> Any:
        if orders.find(call)["state"] not in {"open", "cancelled"}:
            raise Refused(409, "it is paid")
        del orders.rows[call["id"]]
        return 204, None

    return api


def build_stars() -> SmallApi:
    """Starring and unstarring succeed whether or not anything changes; a toggle goes back and forth."""
    api = SmallApi("Repositories and stars")
    repos = Crud(
        api,
        "/repos",
        "Repo",
        obj("id name starred stars", id=INT, name=NAME, starred=BOOL, stars=INT),
        obj("name", name=NAME),
        make=lambda _c, b: {"starred": False, "stars": 0, **b},
        seeds=[{"name": "a"}, {"name": "b"}],
    )
    repos.add_all("replace")

    def star(call: Call, *, on: bool) -> Any:
        row = repos.find(call)
        row.update(starred=on, stars=int(on))
        return 204, None

    api.add("PUT /repos/{id}/star", {204: None}, path={"id": INT}, refusals=[404])(lambda call: star(call, on=True))
    api.add("DELETE /repos/{id}/star", {204: None}, path={"id": INT}, refusals=[404])(lambda call: star(call, on=False))

    @api.add("POST /repos/{id}/toggle", {200: repos.row}, path={"id": INT}, refusals=[404])
    def toggle(call: Call) -> Any:
        row = repos.find(call)
        star(call, on=not row["starred"])
        return row

    return api


def build_copy_on_write() -> SmallApi:
    """A change makes a new version, and the old ones can be read, too."""
    api = SmallApi("Drafts with revisions")
    row = obj("id text revision", id=INT, text=STR, revision=INT)
    drafts = Crud(
        api,
        "/drafts",
        "Draft",
        row,
        obj("text", text=STR),
        make=lambda _c, b: {"revision": 1, **b},
        seeds=[{"text": "x"}],
    )
    history: dict[int, list[Any]] = {1: [dict(drafts.rows[1])]}
    drafts.add_list()

    @api.add("POST /drafts", {201: drafts.row}, body=drafts.new)
    def create_draft(call: Call) -> Any:
        made = drafts.insert(call.body)
        history[made["id"]] = [dict(made)]
        return 201, made

    drafts.add_fetch()

    @api.add("PUT /drafts/{id}", {200: drafts.row}, path={"id": INT}, body=drafts.new, refusals=[404])
    def replace_draft(call: Call) -> Any:
        old = drafts.find(call)
        old.update(text=call.body["text"], revision=old["revision"] + 1)
        history[old["id"]].append(dict(old))
        return old

    @api.add("GET /drafts/{id}/revisions", {200: arr(drafts.row)}, path={"id": INT}, refusals=[404])
    def list_revisions(call: Call) -> Any:
        return history[drafts.find(call)["id"]]

    @api.add(
        "GET /drafts/{id}/revisions/{revision}", {200: drafts.row}, path={"id": INT, "revision": INT}, refusals=[404]
    )
    def get_revision(call: Call) -> Any:
        for old in history[drafts.find(call)["id"]]:
            if old["revision"] == call["revision"]:
                return old
        raise Refused(404, "no such revision")

    drafts.add_delete()
    return api


def build_patch_answers_nothing() -> SmallApi:
    """Changes take effect a moment later."""
    api = SmallApi("Lamps that react slowly")
    lamps = Crud(
        api,
        "/lamps",
        "Lamp",
        obj("id name level", id=INT, name=NAME, level=INT),
        obj("name", name=NAME, level={"type": "integer", "minimum": 0, "maximum": 100}),
        make=lambda _c, b: {"level": 0, **b},
        seeds=[{"name": "hall"}, {"name": "attic"}],
    )
    due: list[tuple[float, int, Any]] = []

    def react(_request: Any) -> None:
        for change in [c for c in due if c[0] < time.monotonic()]:
            due.remove(change)
            if change[1] in lamps.rows:
                lamps.rows[change[1]].update(change[2])

    api.before = react
    lamps.add_list()
    lamps.add_create()
    lamps.add_fetch()

    @api.add(
        "PATCH /lamps/{id}",
        {202: None},
        path={"id": INT},
        body=obj("", name=NAME, level={"type": "integer", "minimum": 0, "maximum": 100}),
        refusals=[404],
    )
    def change_lamp(call: Call) -> Any:
        due.append((time.monotonic() + 0.3, lamps.find(call)["id"], call.body))
        return 202, None

    lamps.add_delete()
    return api
