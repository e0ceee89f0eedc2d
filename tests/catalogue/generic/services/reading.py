"""How rows are listed, found and paged."""

import itertools
import random
import time
import unicodedata
from typing import Any

from tests.catalogue.generic.crud import BOOL, INT, NAME, NUM, OFFSET, SIZE, STR, TIME, Crud, arr, obj, ref, write_now
from tests.catalogue.generic.small_api import Call, Refused, SmallApi

_WORDS = [
    "amber",
    "birch",
    "cedar",
    "daisy",
    "elder",
    "fern",
    "grape",
    "hazel",
    "iris",
    "jade",
    "kale",
    "lotus",
    "maple",
    "nettle",
    "olive",
    "poppy",
    "quince",
    "rose",
]


def fold(text: str) -> str:
    """Return a text without case and accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def make_plants(api: SmallApi, **more: Any) -> Crud:
    """Return a collection of plants that nobody writes to unless an operation is added."""
    row = obj("id name kind price", id=INT, name=STR, kind={"type": "string", "enum": ["herb", "tree"]}, price=INT)
    new = obj(
        "name kind",
        name=NAME,
        kind={"type": "string", "enum": ["herb", "tree"]},
        price={"type": "integer", "minimum": 0, "maximum": 99},
    )
    seeds = [{"name": word, "kind": ("herb", "tree")[n % 2], "price": n % 4} for n, word in enumerate(_WORDS)]
    options = {"seeds": seeds, "make": lambda _c, b: {"price": 0, **b}, **more}
    return Crud(api, "/plants", "Plant", row, new, **options)


def build_search() -> SmallApi:
    """Free text is searched loosely: by beginnings of words, without accents, best first; nonsense finds nothing."""
    api = SmallApi("Plants by words")
    plants = make_plants(api)

    @api.add(
        "GET /plants",
        {200: obj("results total", results=arr(plants.row), total=INT)},
        query={"q": STR, "limit": SIZE, "offset": OFFSET},
    )
    def list_plants(call: Call) -> Any:
        words = fold(call.query.get("q", "")).split()
        rows = [r for r in plants.rows.values() if all(w[:3] in fold(r["name"] + " " + r["kind"]) for w in words)]
        rows.sort(key=lambda r: len(r["name"]))
        start = call.query["offset"]
        return {"results": rows[start : start + call.query["limit"]], "total": len(rows)}

    plants.add_create()
    plants.add_fetch()
    plants.add_delete()
    return api


def build_ties() -> SmallApi:
    """Rows with equal sort keys stand in the order of ids in both directions."""
    api = SmallApi("Plants in order")
    plants = make_plants(api)
    sort = {"type": "string", "enum": ["price", "-price", "kind", "-kind"], "default": "price"}

    @api.add("GET /plants", {200: arr(plants.row)}, query={"sort": sort, "limit": SIZE, "offset": OFFSET})
    def list_plants(call: Call) -> Any:
        field, back = call.query["sort"].lstrip("-"), call.query["sort"].startswith("-")
        rows = sorted(plants.rows.values(), key=lambda r: r["id"])
        rows.sort(key=lambda r: r[field], reverse=back)
        start = call.query["offset"]
        return rows[start : start + call.query["limit"]]

    plants.add_create()
    plants.add_delete()
    return api


def build_odd_orders() -> SmallApi:
    """Sorted without regard to case, rows without a value last in both directions, several keys."""
    api = SmallApi("People in order")
    row = obj("id name age city", id=INT, name=STR, age={"type": ["integer", "null"]}, city=STR)
    names = ["bob", "Alice", "émile", "Zoe", "carol", "Dan", "eve", "Ärne"]
    people = Crud(
        api,
        "/people",
        "Person",
        row,
        obj("name", name=NAME, age={"type": ["integer", "null"], "minimum": 0, "maximum": 150}, city=STR),
        make=lambda _c, b: {"age": None, "city": "Bonn", **b},
        seeds=[
            {"name": n, "age": a, "city": c}
            for n, a, c in zip(
                names, [3, None, 44, 7, None, 90, 12, 3], itertools.cycle(["Bonn", "köln"]), strict=False
            )
        ],
    )
    keys = {"type": "array", "items": {"type": "string", "enum": ["name", "-name", "age", "-age", "city", "-city"]}}

    @api.add(
        "GET /people",
        {200: arr(people.row)},
        query={"sort": keys},
        styles={"sort": {"style": "form", "explode": False}},
        description="Sorted by several keys, without regard to case and accents; missing values come last.",
    )
    def list_people(call: Call) -> Any:
        rows = list(people.rows.values())
        for key in reversed(call.query.get("sort", [])):
            field, back = key.lstrip("-"), key.startswith("-")

            def rank(r: Any, field: str = field) -> Any:
                return fold(r[field]) if isinstance(r[field], str) else r[field]

            known = sorted((r for r in rows if r[field] is not None), key=rank, reverse=back)
            rows = known + [r for r in rows if r[field] is None]
        return rows

    people.add_create()
    people.add_fetch()
    people.add_delete()
    return api


def build_loose_filters() -> SmallApi:
    """Filters that compare without case, by a part of the name, or by several values."""
    api = SmallApi("Plants, filtered loosely")
    plants = make_plants(api)
    texts = {
        "name": {**STR, "x-text": "Plants whose name contains this, whatever the case."},
        "kind": {**STR, "x-text": "`herb` or `tree`; several with commas."},
        "min_price": INT,
        "max_price": INT,
    }

    @api.add("GET /plants", {200: arr(plants.row)}, query=texts)
    def list_plants(call: Call) -> Any:
        q = call.query
        kinds = [k.strip().lower() for k in q["kind"].split(",")] if "kind" in q else ["herb", "tree"]
        return [
            r
            for r in plants.rows.values()
            if q.get("name", "").casefold() in r["name"].casefold()
            and r["kind"] in kinds
            and q.get("min_price", r["price"]) <= r["price"] <= q.get("max_price", r["price"])
        ]

    plants.add_create()
    plants.add_fetch()
    plants.add_patch(obj("", name=NAME, price={"type": "integer", "minimum": 0, "maximum": 99}))
    plants.add_delete()
    return api


def build_default_filters() -> SmallApi:
    """Archived rows are hidden unless they are asked for, and so are rows of another region than the default."""
    api = SmallApi("Documents with an archive")
    row = obj(
        "id title archived region", id=INT, title=NAME, archived=BOOL, region={"type": "string", "enum": ["eu", "us"]}
    )
    docs = Crud(
        api,
        "/documents",
        "Document",
        row,
        obj("title", title=NAME, archived=BOOL, region={"type": "string", "enum": ["eu", "us"]}),
        make=lambda _c, b: {"archived": False, "region": "eu", **b},
        seeds=[{"title": f"d{n}", "archived": n % 3 == 0, "region": ("eu", "us")[n % 2]} for n in range(12)],
    )
    query = {
        "archived": {
            "type": "boolean",
            "x-text": "Only archived ones if true, only others if false. Default: only others.",
        },
        "region": {"type": "string", "enum": ["eu", "us", "all"], "default": "eu"},
    }

    @api.add("GET /documents", {200: arr(docs.row)}, query=query)
    def list_documents(call: Call) -> Any:
        return [
            r
            for r in docs.rows.values()
            if r["archived"] == call.query.get("archived", False) and call.query["region"] in {"all", r["region"]}
        ]

    docs.add_create()
    docs.add_fetch()
    docs.add_replace()
    docs.add_delete()
    return api


def build_seen_later() -> SmallApi:
    """Lists are brought up to date a moment after a creation or a deletion, details at once."""
    api = SmallApi("Plants that are indexed later", description="Lists are brought up to date within a second.")
    plants = make_plants(api)
    index: list[tuple[float, list[Any]]] = [(0.0, list(plants.rows.values()))]

    def keep() -> None:
        index.append((time.monotonic(), list(plants.rows.values())))

    @api.add("GET /plants", {200: arr(plants.row)}, query={"kind": {"type": "string", "enum": ["herb", "tree"]}})
    def list_plants(call: Call) -> Any:
        rows = [rows for at, rows in index if time.monotonic() - at > 0.5][-1]
        return [r for r in rows if call.query.get("kind") in {None, r["kind"]}]

    @api.add("POST /plants", {201: plants.row}, body=plants.new)
    def create_plant(call: Call) -> Any:
        row = plants.insert(call.body)
        keep()
        return 201, row

    plants.add_fetch()

    @api.add("DELETE /plants/{id}", {204: None}, path={"id": INT}, refusals=[404])
    def delete_plant(call: Call) -> Any:
        del plants.rows[plants.find(call)["id"]]
        keep()
        return 204, None

    return api


def build_lagging_replica() -> SmallApi:
    """Everything that is read is a moment old: lists and details alike."""
    api = SmallApi("Plants on a replica", description="Reads may lag behind writes by half a second.")
    plants = make_plants(api)
    history: list[tuple[float, dict[int, Any]]] = [(0.0, {k: dict(v) for k, v in plants.rows.items()})]

    def look_back() -> dict[int, Any]:
        then = time.monotonic() - 0.3
        while len(history) > 1 and history[1][0] <= then:
            history.pop(0)
        return history[0][1]

    def keep() -> None:
        look_back()
        history.append((time.monotonic(), {k: dict(v) for k, v in plants.rows.items()}))

    api.add("GET /plants", {200: arr(plants.row)})(lambda _call: list(look_back().values()))

    @api.add("POST /plants", {201: plants.row}, body=plants.new)
    def create_plant(call: Call) -> Any:
        row = plants.insert(call.body)
        keep()
        return 201, row

    @api.add("GET /plants/{id}", {200: plants.row}, path={"id": INT}, refusals=[404])
    def get_plant(call: Call) -> Any:
        row = look_back().get(call["id"])
        if row is None:
            raise Refused(404, "there is none")
        return row

    @api.add("PATCH /plants/{id}", {200: plants.row}, path={"id": INT}, body=obj("", name=NAME), refusals=[404])
    def change_plant(call: Call) -> Any:
        row = plants.find(call)
        row.update(call.body)
        keep()
        return row

    @api.add("DELETE /plants/{id}", {204: None}, path={"id": INT}, refusals=[404])
    def delete_plant(call: Call) -> Any:
        del plants.rows[plants.find(call)["id"]]
        keep()
        return 204, None

    return api


def build_shuffled() -> SmallApi:
    """A list in no order: another one at each request; and a random sample."""
    api = SmallApi("Quotes")
    quotes = Crud(
        api,
        "/quotes",
        "Quote",
        obj("id text", id=INT, text=STR),
        obj("text", text=STR),
        seeds=[{"text": w} for w in _WORDS],
    )

    @api.add("GET /quotes", {200: arr(quotes.row)}, description="All quotes, in no particular order.")
    def list_quotes(_call: Call) -> Any:
        return random.sample(list(quotes.rows.values()), len(quotes.rows))

    @api.add("GET /quotes/random", {200: quotes.row}, refusals=[404])
    def get_random(_call: Call) -> Any:
        if not quotes.rows:
            raise Refused(404, "there is none")
        return random.choice(list(quotes.rows.values()))

    quotes.add_create()
    quotes.add_fetch()
    quotes.add_delete()
    return api


def build_counters() -> SmallApi:
    """Each look at a row changes it: a counter of views, the time of the last look, an age, an id of the request."""
    api = SmallApi("Videos that are counted")
    row = obj("id title views last_seen_at", id=INT, title=NAME, views=INT, last_seen_at=TIME, age_ms=NUM)
    videos = Crud(
        api,
        "/videos",
        "Video",
        row,
        obj("title", title=NAME),
        make=lambda _c, b: {"views": 0, "last_seen_at": "2026-01-01T00:00:00Z", "age_ms": 0.0, **b},
        seeds=[{"title": "a"}, {"title": "b"}, {"title": "c"}],
    )
    videos.add_list()
    videos.add_create()

    @api.add(
        "GET /videos/{id}",
        {200: obj("request_id video", request_id=STR, video=videos.row)},
        path={"id": INT},
        refusals=[404],
    )
    def get_video(call: Call) -> Any:
        found = videos.find(call)
        found["views"] += 1
        found["age_ms"] = time.monotonic()
        found["last_seen_at"] = write_now()
        return {"request_id": f"{random.getrandbits(64):x}", "video": found}

    videos.add_delete()
    api.add("GET /stats", {200: obj("videos views", videos=INT, views=INT)})(
        lambda _call: {"videos": len(videos.rows), "views": sum(v["views"] for v in videos.rows.values())}
    )
    return api


def build_field_selection() -> SmallApi:
    """`fields` chooses what rows show, and `expand` puts an object where the id was."""
    api = SmallApi("Books and authors")
    author = obj("id name", id=INT, name=STR)
    api.components["Author"] = author
    authors = {1: {"id": 1, "name": "Ada"}, 2: {"id": 2, "name": "Bo"}}
    row = obj("id", id=INT, title=STR, pages=INT, author={"oneOf": [INT, ref("Author")]})
    books = Crud(
        api, "/books", "Book", row, seeds=[{"title": f"t{n}", "pages": n, "author": 1 + n % 2} for n in range(8)]
    )
    query = {
        "fields": {"type": "array", "items": {"type": "string", "enum": ["title", "pages", "author"]}},
        "expand": {"type": "string", "enum": ["author"]},
    }

    def show(call: Call, r: Any) -> Any:
        shown = {k: v for k, v in r.items() if k == "id" or k in call.query.get("fields", [k])}
        if "author" in shown and call.query.get("expand"):
            shown["author"] = authors[shown["author"]]
        return shown

    api.add("GET /books", {200: arr(books.row)}, query=query)(lambda call: [show(call, r) for r in books.rows.values()])
    api.add("GET /books/{id}", {200: books.row}, path={"id": INT}, query=query, refusals=[404])(
        lambda call: show(call, books.find(call))
    )
    return api


def build_maps_of_rows() -> SmallApi:
    """A list that is a map by id, and one of ids alone."""
    api = SmallApi("Sensors by name")
    key = {"type": "string", "pattern": "^[a-z]{1,12}$"}
    sensors = Crud(
        api,
        "/sensors",
        "Sensor",
        obj("value unit", name=key, value=NUM, unit=STR),
        obj("value", value={"type": "number", "minimum": -100, "maximum": 100}, unit=STR),
        key="name",
        key_schema=key,
        make=lambda _c, b: {"unit": "C", **b},
        seeds=[{"name": "attic", "value": 3.5}, {"name": "cellar", "value": 9}],
    )
    api.add("GET /sensors", {200: {"type": "object", "additionalProperties": sensors.row}})(
        lambda _call: dict(sensors.rows)
    )
    api.add("GET /sensors/names", {200: arr(STR)})(lambda _call: sorted(sensors.rows))
    sensors.add_fetch()

    @api.add("PUT /sensors/{name}", {204: None}, path={"name": key}, body=sensors.new)
    def put_sensor(call: Call) -> Any:
        sensors.insert({**call.body, "name": call["name"]})
        return 204, None

    sensors.add_delete()
    return api


def build_deep_filters() -> SmallApi:
    """Filters in deep objects, several ids at once, and a search by POST."""
    api = SmallApi("Plants, filtered deeply")
    plants = make_plants(api)
    deep = {
        "type": "object",
        "properties": {"kind": {"type": "string", "enum": ["herb", "tree"]}, "price": INT},
        "additionalProperties": False,
    }

    @api.add(
        "GET /plants",
        {200: arr(plants.row)},
        query={"filter": deep, "ids": {"type": "array", "items": INT}},
        styles={"filter": {"style": "deepObject", "explode": True}},
    )
    def list_plants(call: Call) -> Any:
        wanted = call.query.get("filter", {})
        ids = call.query.get("ids")
        return [
            r
            for r in plants.rows.values()
            if all(r[k] == v for k, v in wanted.items()) and (ids is None or r["id"] in ids)
        ]

    search = obj(
        "",
        kinds=arr({"type": "string", "enum": ["herb", "tree"]}),
        text=STR,
        limit={"type": "integer", "minimum": 1, "maximum": 50},
    )

    @api.add("POST /plants/search", {200: obj("plants", plants=arr(plants.row))}, body=search)
    def search_plants(call: Call) -> Any:
        rows = [
            r
            for r in plants.rows.values()
            if r["kind"] in (call.body.get("kinds") or ["herb", "tree"]) and call.body.get("text", "") in r["name"]
        ]
        return {"plants": rows[: call.body.get("limit", 50)]}

    plants.add_create()
    plants.add_fetch()
    plants.add_delete()
    return api


def build_lower_bounds() -> SmallApi:
    """Time windows: `since` and `until` are inclusive, and without them only the last day is listed."""
    api = SmallApi("Events of a day")
    row = obj("id name at", id=INT, name=STR, at=TIME)
    now = time.time()

    def write(seconds: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(now - seconds))

    events = Crud(
        api,
        "/events",
        "Event",
        row,
        obj("name", name=NAME),
        make=lambda _c, b: {"at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()), **b},
        seeds=[{"name": f"e{n}", "at": write(n * 14_400)} for n in range(14)],
    )

    def read(text: str) -> float:
        from datetime import datetime

        return datetime.fromisoformat(text.upper()).timestamp()

    @api.add(
        "GET /events", {200: arr(events.row)}, query={"since": {**TIME, "x-text": "Default: a day ago."}, "until": TIME}
    )
    def list_events(call: Call) -> Any:
        since = read(call.query["since"]) if "since" in call.query else time.time() - 86_400
        until = read(call.query["until"]) if "until" in call.query else time.time() + 60
        return [r for r in events.rows.values() if since <= read(r["at"]) <= until]

    events.add_create()
    events.add_fetch()
    return api
