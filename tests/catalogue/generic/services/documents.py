"""How documents describe a service: versions, base paths, ranges of statuses."""

from typing import Any

from starlette.responses import JSONResponse, RedirectResponse, Response

from tests.catalogue.generic.crud import BOOL, INT, NAME, STR, UUID, Crud, arr, make_uuid, obj, ref
from tests.catalogue.generic.services.formats import make_cities
from tests.catalogue.generic.small_api import Call, SmallApi


def build_redirects() -> SmallApi:
    """A path with a slash at its end leads to the one without, and an old path to the new one."""
    api = SmallApi("Cities that moved")
    cities = make_cities(api)
    cities.add_all()
    location = {"Location": {"schema": STR, "required": True}}

    def lead_on(app: Any) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            path = scope["path"]
            if path.endswith("/") and path != "/":
                await RedirectResponse(path.rstrip("/") or "/", 308)(scope, receive, send)
            else:
                await app(scope, receive, send)

        return answer

    api.wrap = lead_on
    api.add("GET /towns", {301: None}, answer_headers={301: location}, deprecated=True)(
        lambda _call: (301, {}, {"Location": "/cities"})
    )
    api.operations.pop()
    api.add(
        "GET /towns/{id}",
        {302: None, 200: cities.row},
        path={"id": INT},
        refusals=[404],
        answer_headers={302: location},
    )(lambda call: Response(status_code=302, headers={"Location": f"/cities/{cities.find(call)['id']}"}))
    api.paths.pop("/towns")
    return api


def build_slash_at_the_end() -> SmallApi:
    """Collections end with a slash, and a path without one leads there."""
    api = SmallApi("Cities/")
    cities = make_cities(api)
    cities.path = "/cities/"
    cities.item = "/cities/{id}/"
    cities.add_all()

    def lead_on(app: Any) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            if not scope["path"].endswith("/"):
                query = scope["query_string"].decode()
                await RedirectResponse(scope["path"] + "/" + (f"?{query}" if query else ""), 307)(scope, receive, send)
            else:
                await app(scope, receive, send)

        return answer

    api.wrap = lead_on
    return api


def build_head_and_options() -> SmallApi:
    """HEAD and OPTIONS are documented, and answered without bodies."""
    api = SmallApi("Cities with heads")
    cities = make_cities(api)
    cities.add_all()
    count = {"X-Total": {"schema": INT, "required": True}}
    api.add("HEAD /cities", {200: None}, answer_headers={200: count})(
        lambda _call: Response(headers={"X-Total": str(len(cities.rows))})
    )

    @api.add("HEAD /cities/{id}", {200: None, 404: None}, path={"id": INT})
    def head_city(call: Call) -> Any:
        return Response(status_code=200 if call["id"] in cities.rows else 404)

    api.add("OPTIONS /cities", {204: None}, answer_headers={204: {"Allow": {"schema": STR, "required": True}}})(
        lambda _call: (204, None, {"Allow": "GET, HEAD, POST, OPTIONS"})
    )
    return api


def build_base_path() -> SmallApi:
    """Everything is below a path that the document's server has."""
    api = SmallApi("Cities below a path")
    make_cities(api).add_all()
    write = api.write_document

    def write_document() -> Any:
        return {**write(), "servers": [{"url": "/api/v{n}", "variables": {"n": {"default": "2"}}}]}

    def strip(app: Any) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            path = scope["path"]
            if not path.startswith("/api/v2/"):
                await JSONResponse({"status": 404, "title": "?"}, 404)(scope, receive, send)
                return
            raw = scope.get("raw_path", path.encode())
            await app({**scope, "path": path[7:], "raw_path": raw[7:]}, receive, send)

        return answer

    api.write_document = write_document  # type: ignore[method-assign]
    api.wrap = strip
    return api


def build_default_answers() -> SmallApi:
    """Errors are documented as `default` or `4XX` alone."""
    api = SmallApi("Cities with a default")
    make_cities(api).add_all()
    write = api.write_document

    def write_document() -> Any:
        document = write()
        for item in document["paths"].values():
            for method, operation in item.items():
                kept = {s: r for s, r in operation["responses"].items() if s < "4"}
                operation["responses"] = {
                    **kept,
                    ("default" if method in {"get", "delete"} else "4XX"): api._write_refusal(400),
                }
        return document

    api.write_document = write_document  # type: ignore[method-assign]
    return api


def build_success_by_range() -> SmallApi:
    """Successes are documented as `2XX`, and nothing is said of errors."""
    api = SmallApi("Cities with ranges")
    make_cities(api).add_all()
    write = api.write_document

    def write_document() -> Any:
        document = write()
        for item in document["paths"].values():
            for operation in item.values():
                operation["responses"] = {"2XX": next(r for s, r in operation["responses"].items() if s < "4")}
        return document

    api.write_document = write_document  # type: ignore[method-assign]
    return api


def build_swagger() -> SmallApi:
    """A document of Swagger 2.0, with forms, collection formats and a base path."""
    api = SmallApi("Cities in Swagger")
    cities = make_cities(api, key_schema=INT)

    @api.add(
        "GET /cities",
        {200: arr(cities.row)},
        query={
            "ids": {"type": "array", "items": INT},
            "limit": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10},
        },
        styles={"ids": {"explode": False}},
    )
    def list_cities(call: Call) -> Any:
        ids = call.query.get("ids")
        return [r for r in cities.rows.values() if ids is None or r["id"] in ids][: call.query["limit"]]

    cities.add_create()
    cities.add_fetch()
    cities.add_delete()

    def write_document() -> Any:
        named = {
            "City": obj("id name", id={"type": "integer", "format": "int32"}, name=STR),
            "New": api.components["CityInput"],
            "Problem": api.problem,
        }
        problem = {"description": "Refused", "schema": {"$ref": "#/definitions/Problem"}}
        city = {"description": "One", "schema": {"$ref": "#/definitions/City"}}
        key = {"name": "id", "in": "path", "required": True, "type": "integer"}
        json_only = {"consumes": ["application/json"]}
        query = [
            {"name": "ids", "in": "query", "type": "array", "items": {"type": "integer"}, "collectionFormat": "csv"},
            {"name": "limit", "in": "query", "type": "integer", "minimum": 1, "maximum": 50, "default": 10},
        ]
        return {
            "swagger": "2.0",
            "info": {"title": "Cities in Swagger", "version": "1"},
            "produces": ["application/json", "application/problem+json"],
            "definitions": named,
            "paths": {
                "/cities": {
                    "get": {
                        "parameters": query,
                        "responses": {
                            "200": {
                                "description": "All",
                                "schema": {"type": "array", "items": {"$ref": "#/definitions/City"}},
                            },
                            "400": problem,
                        },
                    },
                    "post": {
                        **json_only,
                        "parameters": [
                            {"name": "city", "in": "body", "required": True, "schema": {"$ref": "#/definitions/New"}}
                        ],
                        "responses": {"201": city, "400": problem, "415": problem},
                    },
                },
                "/cities/{id}": {
                    "get": {"parameters": [key], "responses": {"200": city, "400": problem, "404": problem}},
                    "delete": {
                        "parameters": [key],
                        "responses": {"204": {"description": "Gone"}, "400": problem, "404": problem},
                    },
                },
            },
        }

    api.write_document = write_document  # type: ignore[method-assign]
    return api


def build_documented_in_three_zero() -> SmallApi:
    """OpenAPI 3.0: nullable references by allOf, exclusive bounds as booleans, examples that are no limits."""
    api = SmallApi("Trips in 3.0", openapi="3.0.1")
    api.components["Place"] = obj("name", name=NAME)
    place = {"allOf": [ref("Place")], "description": "Where to"}
    trips = Crud(
        api,
        "/trips",
        "Trip",
        {"allOf": [ref("TripBase"), obj("id", id=UUID)]},
        obj("to", to=place, km={"type": "number", "minimum": 0, "maximum": 50000, "example": 12}),
        key_schema=UUID,
        new_key=make_uuid,
        seeds=[{"to": {"name": "Bonn"}, "km": 3}],
    )
    api.components["TripBase"] = obj("to", to=place, km=INT | {"type": "number"}, done=BOOL)
    trips.add_all()
    return api
