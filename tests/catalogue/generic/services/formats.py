"""How responses look: envelopes, media types, errors, redirects, compression."""

import csv
import io
from typing import Any
from xml.sax.saxutils import escape

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse, Response

from tests.catalogue.generic.crud import BOOL, INT, NAME, STR, Crud, arr, obj, ref
from tests.catalogue.generic.small_api import Call, Refused, SmallApi


def make_cities(api: SmallApi, **more: Any) -> Crud:
    """Return a collection of cities."""
    names = ("Bonn", "Köln", "Graz", "Bern", "Linz", "Ulm", "Jena")
    return Crud(
        api,
        "/cities",
        "City",
        obj("id name", id=INT, name=STR),
        obj("name", name={**NAME, "pattern": "^[^\\u0000-\\u001f]+$"}),
        **{"seeds": [{"name": n} for n in names], **more},
    )


def choose_media(call: Call, offered: tuple[str, ...]) -> str:
    """Return the media type that ``Accept`` prefers. Raises ``Refused`` with 406 where it wants none of these."""
    wanted = []
    for n, part in enumerate(call.request.headers.get("accept", "*/*").split(",")):
        media, *parameters = (text.strip() for text in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        wanted.append((-quality, n, media.lower()))
    for quality, _, media in sorted(wanted):
        for offer in offered:
            if quality and media in {offer, "*/*", offer.partition("/")[0] + "/*"}:
                return offer
    raise Refused(406, f"there are {', '.join(offered)}")


def build_xml_and_csv() -> SmallApi:
    """Rows as JSON, XML or CSV, as Accept says, and 406 for anything else."""
    api = SmallApi("Cities in three formats")
    cities = make_cities(api)
    api.components["Cities"] = arr(ref("City"))
    row_xml = {"type": "string"}
    content = {
        "application/json": {"schema": ref("Cities")},
        "application/xml": {"schema": row_xml},
        "text/csv": {"schema": {"type": "string"}},
    }

    def write_xml(row: Any) -> str:
        return f"<city><id>{row['id']}</id><name>{escape(row['name'])}</name></city>"

    @api.add("GET /cities", {200: {"x-content": content}}, refusals=[406])
    def list_cities(call: Call) -> Any:
        media = choose_media(call, tuple(content))
        rows = list(cities.rows.values())
        if media == "application/xml":
            return Response("<cities>" + "".join(map(write_xml, rows)) + "</cities>", media_type=media)
        if media == "text/csv":
            file = io.StringIO()
            csv.writer(file).writerows([["id", "name"], *([r["id"], r["name"]] for r in rows)])
            return Response(file.getvalue(), media_type=media)
        return rows

    one = {"application/json": {"schema": cities.row}, "application/xml": {"schema": row_xml}}

    @api.add("GET /cities/{id}", {200: {"x-content": one}}, path={"id": INT}, refusals=[404, 406])
    def get_city(call: Call) -> Any:
        row = cities.find(call)
        media = choose_media(call, tuple(one))
        return Response(write_xml(row), media_type=media) if media == "application/xml" else row

    cities.add_create()
    cities.add_delete()
    return api


def build_json_api() -> SmallApi:
    """JSON:API: a media type of its own, attributes, relationships, links, and a list of errors."""
    media = "application/vnd.api+json"
    error = obj("status title", status=STR, title=STR, detail=STR)
    api = SmallApi(
        "Articles in JSON:API",
        media=media,
        problem_media=media,
        problem=obj("errors", errors=arr(error)),
        invalid=422,
        make_problem=lambda status, detail: {"errors": [{"status": str(status), "title": "Refused", "detail": detail}]},
    )
    attributes = obj("title", title=NAME, body={"type": ["string", "null"]})
    resource = obj(
        "type id attributes", type={"const": "articles"}, id=STR, attributes=attributes, links=obj("", self=STR)
    )
    sent = {"data": obj("type attributes", type={"const": "articles"}, attributes=attributes)}
    articles = Crud(
        api,
        "/articles",
        "Article",
        resource,
        obj("data", **sent),
        key_schema={"type": "string", "pattern": "^[0-9]{1,9}$"},
        new_key=lambda c: str(next(c.counter)),
        seeds=[{"title": "one"}, {"title": "two"}, {"title": "three"}],
    )

    def show(row: Any) -> Any:
        fields = {"body": None, **{k: v for k, v in row.items() if k != "id"}}
        return {"type": "articles", "id": row["id"], "attributes": fields, "links": {"self": f"/articles/{row['id']}"}}

    size = {"type": "integer", "minimum": 1, "maximum": 50}
    links = obj("", next={"type": ["string", "null"]})

    @api.add(
        "GET /articles",
        {200: obj("data", data=arr(articles.row), links=links, meta=obj("", total=INT))},
        query={"page[number]": {"type": "integer", "minimum": 1}, "page[size]": size},
    )
    def list_articles(call: Call) -> Any:
        number, count = call.query.get("page[number]", 1), call.query.get("page[size]", 10)
        rows = list(articles.rows.values())
        more = f"/articles?page%5Bnumber%5D={number + 1}&page%5Bsize%5D={count}" if number * count < len(rows) else None
        return {
            "data": [show(r) for r in rows[(number - 1) * count : number * count]],
            "links": {"next": more},
            "meta": {"total": len(rows)},
        }

    body = {"body": articles.new, "body_media": media}

    @api.add(
        "POST /articles",
        {201: obj("data", data=articles.row)},
        **body,
        answer_headers={201: {"Location": {"schema": STR, "required": True}}},
    )
    def create_article(call: Call) -> Any:
        row = articles.insert(call.body["data"]["attributes"])
        return 201, {"data": show(row)}, {"Location": f"/articles/{row['id']}"}

    api.add(
        "GET /articles/{id}", {200: obj("data", data=articles.row)}, path={"id": articles.key_schema}, refusals=[404]
    )(lambda call: {"data": show(articles.find(call))})
    change = obj(
        "data",
        data=obj(
            "type id attributes",
            type={"const": "articles"},
            id=STR,
            attributes=obj("", title=NAME, body={"type": ["string", "null"]}),
        ),
    )

    @api.add(
        "PATCH /articles/{id}",
        {200: obj("data", data=articles.row)},
        path={"id": articles.key_schema},
        body=change,
        body_media=media,
        refusals=[404, 409],
        description="409 if the id in the body is another than that in the path.",
    )
    def change_article(call: Call) -> Any:
        row = articles.find(call)
        if call.body["data"]["id"] != row["id"]:
            raise Refused(409, "another id")
        row.update(call.body["data"]["attributes"])
        return {"data": show(row)}

    articles.add_delete()
    return api


def build_hal() -> SmallApi:
    """HAL: rows are embedded, and everything has links."""
    api = SmallApi("Cities in HAL", media="application/hal+json")
    link = obj("href", href=STR)
    api.components["CityHal"] = obj("id name _links", id=INT, name=STR, _links=obj("self", self=link))
    cities = make_cities(api, show=lambda row: {**row, "_links": {"self": {"href": f"/cities/{row['id']}"}}})
    cities.row = ref("CityHal")
    page = obj(
        "_embedded _links count",
        _embedded=obj("cities", cities=arr(cities.row)),
        _links=obj("self", self=link, next=link, prev=link),
        count=INT,
        total=INT,
    )

    @api.add(
        "GET /cities",
        {200: page},
        query={
            "page": {"type": "integer", "minimum": 1, "default": 1},
            "size": {"type": "integer", "minimum": 1, "maximum": 20, "default": 3},
        },
    )
    def list_cities(call: Call) -> Any:
        number, size = call.query["page"], call.query["size"]
        rows = list(cities.rows.values())
        shown = rows[(number - 1) * size : number * size]
        links = {"self": {"href": f"/cities?page={number}&size={size}"}}
        if number * size < len(rows):
            links["next"] = {"href": f"/cities?page={number + 1}&size={size}"}
        return {
            "_embedded": {"cities": [cities.show(r) for r in shown]},
            "_links": links,
            "count": len(shown),
            "total": len(rows),
        }

    cities.add_create()
    cities.add_fetch()
    cities.add_replace()
    cities.add_delete()
    return api


def build_envelopes() -> SmallApi:
    """Everything lies in an envelope, errors too, and says whether it went well."""
    problem = obj("ok error", ok={"const": False}, error=obj("code message", code=STR, message=STR))
    api = SmallApi(
        "Cities in envelopes",
        problem=problem,
        problem_media="application/json",
        make_problem=lambda status, detail: {"ok": False, "error": {"code": f"e{status}", "message": detail}},
    )
    cities = make_cities(api)

    def wrap(inner: Any, **more: Any) -> Any:
        return obj("ok data", ok={"const": True}, data=inner, **more)

    api.add("GET /cities", {200: wrap(arr(cities.row), meta=obj("", count=INT))})(
        lambda _call: {"ok": True, "data": list(cities.rows.values()), "meta": {"count": len(cities.rows)}}
    )
    api.add("POST /cities", {200: wrap(cities.row)}, body=cities.new)(
        lambda call: {"ok": True, "data": cities.insert(call.body)}
    )
    api.add("GET /cities/{id}", {200: wrap(cities.row)}, path={"id": INT}, refusals=[404])(
        lambda call: {"ok": True, "data": cities.find(call)}
    )

    @api.add("DELETE /cities/{id}", {200: wrap({"type": "null"})}, path={"id": INT}, refusals=[404])
    def delete_city(call: Call) -> Any:
        del cities.rows[cities.find(call)["id"]]
        return {"ok": True, "data": None}

    return api


def build_errors_as_text() -> SmallApi:
    """Errors are plain text."""
    api = SmallApi("Cities with plain errors", problem=STR, problem_media="text/plain")
    api.refuse = lambda error: PlainTextResponse(error.detail, error.status, error.headers)  # type: ignore[method-assign]
    make_cities(api).add_all()
    return api


def build_errors_without_body() -> SmallApi:
    """Errors have no body at all, and the document says nothing of one."""
    api = SmallApi("Cities with silent errors")
    api.refuse = lambda error: Response(status_code=error.status, headers=error.headers)  # type: ignore[method-assign]
    api._write_refusal = lambda status: {"description": f"Refused with {status}"}  # type: ignore[method-assign]
    make_cities(api).add_all()
    return api


def build_compressed() -> SmallApi:
    """Responses are compressed where the client takes that."""
    api = SmallApi("Cities, compressed", wrap=lambda app: GZipMiddleware(app, minimum_size=1))
    make_cities(api).add_all()
    return api


def build_languages() -> SmallApi:
    """Texts are in the language that Accept-Language asks for, and each response says what it depends on."""
    api = SmallApi("Greetings in languages")
    words = {"en": "hello", "de": "hallo", "fr": "bonjour"}

    @api.add(
        "GET /greeting",
        {200: obj("text language", text=STR, language={"type": "string", "enum": [*words]})},
        headers={"Accept-Language": STR},
        answer_headers={200: {"Content-Language": {"schema": STR, "required": True}, "Vary": {"schema": STR}}},
    )
    def greet(call: Call) -> Any:
        wanted = call.headers.get("accept-language", "en")[:2].lower()
        language = wanted if wanted in words else "en"
        return (
            200,
            {"text": words[language], "language": language},
            {"Content-Language": language, "Vary": "Accept-Language"},
        )

    return api


def build_health() -> SmallApi:
    """Small operations without rows: health, version, time, calculation, echo."""
    import time

    api = SmallApi("Small operations")
    api.add("GET /health", {200: obj("status", status={"const": "ok"})})(lambda _call: {"status": "ok"})
    api.add("GET /version", {200: {"x-content": {"text/plain": {"schema": STR}}}})(
        lambda _call: PlainTextResponse("1.2.3")
    )
    api.add("GET /time", {200: obj("now", now=INT)})(lambda _call: {"now": int(time.time())})
    number = {"type": "number", "minimum": -1e6, "maximum": 1e6}

    @api.add(
        "GET /divide",
        {200: obj("result", result={"type": "number"})},
        query={"a": number, "b": number},
        required=["a", "b"],
        refusals=[422],
        description="422 if `b` is 0.",
    )
    def divide(call: Call) -> Any:
        if not call.query["b"]:
            raise Refused(422, "b is 0")
        try:
            return {"result": min(max(call.query["a"] / call.query["b"], -1e300), 1e300)}
        except OverflowError:
            return {"result": 1e300}

    api.add("POST /echo", {200: {}}, body={})(lambda call: (200, call.body))
    api.add("POST /check", {200: obj("valid", valid=BOOL)}, body=obj("text", text=STR))(
        lambda call: {"valid": call.body["text"].isascii()}
    )
    return api
