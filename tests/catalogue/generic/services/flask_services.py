"""Services on Flask, with documents written beside them."""

import secrets
from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, jsonify, request, url_for
from werkzeug.exceptions import HTTPException

from tests.catalogue.generic.crud import BOOL, INT, NAME, STR, arr, obj, ref
from tests.catalogue.generic.small_api import Refused, SmallApi


def write_document(title: str, paths: Mapping[str, Any], schemas: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a document of OpenAPI 3.0."""
    components = {"schemas": dict(schemas), **more.pop("components", {})}
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "components": components,
        **more,
    }


def answer(schema: Any = None, text: str = "An answer", media: str = "application/json") -> dict[str, Any]:
    """Return a response of a document."""
    return {"description": text} | ({} if schema is None else {"content": {media: {"schema": schema}}})


def take(schema: Any, media: str = "application/json") -> dict[str, Any]:
    """Return a request body of a document."""
    return {"required": True, "content": {media: {"schema": schema}}}


def name_parameter(name: str, schema: Any, place: str = "query") -> dict[str, Any]:
    """Return a parameter of a document."""
    return {"name": name, "in": place, "schema": schema} | ({"required": True} if place == "path" else {})


def check_json(checker: SmallApi, schema: Any) -> Any:
    """Return the JSON body of the request. Aborts with 400 where it is none or invalid, with 415 for other types."""
    if request.mimetype != "application/json":
        abort(415)
    body = request.get_json(silent=True)
    if body is None and request.get_data(as_text=False).strip() != b"null":
        abort(400)
    try:
        checker.validate(schema, body, 400, "body")
    except Refused as error:
        abort(400, error.detail)
    return body


def keep_allow(error: HTTPException) -> dict[str, str]:
    """Return the header that a 405 has to have (RFC 9110, 15.5.6)."""
    return {name: text for name, text in error.get_headers() if name == "Allow"}


def read_number(name: str, default: int, low: int, high: int) -> int:
    """Return a number of the query. Aborts with 400 where it is none or out of range."""
    text = request.args.getlist(name)[-1:] or [str(default)]
    if not text[0].isascii() or not text[0].isdecimal() or len(text[0]) > 9 or not low <= int(text[0]) <= high:
        abort(400, f"{name} has to be between {low} and {high}")
    return int(text[0])


def build_html_errors() -> Flask:
    """Errors are Flask's own pages in HTML, and numbers in paths that are none are 404."""
    app = Flask("todos")
    new = obj("title", title=NAME, done=BOOL)
    todo = obj("id title done", id=INT, title=STR, done=BOOL)
    rows: dict[int, Any] = {n: {"id": n, "title": f"todo {n}", "done": n % 2 == 0} for n in range(1, 6)}
    checker = SmallApi("todos")
    page = answer(STR, "Refused", "text/html")
    one = {"parameters": [name_parameter("todo_id", {"type": "integer", "minimum": 0}, "path")]}
    app.document = write_document(  # type: ignore[attr-defined]
        "Todos on Flask",
        {
            "/todos": {
                "get": {
                    "responses": {"200": answer(arr(ref("Todo"))), "400": page},
                    "parameters": [name_parameter("done", BOOL)],
                },
                "post": {
                    "requestBody": take(ref("New")),
                    "responses": {"201": answer(ref("Todo")), "400": page, "415": page},
                },
            },
            "/todos/{todo_id}": {
                **one,
                "get": {"responses": {"200": answer(ref("Todo")), "404": page}},
                "patch": {
                    "requestBody": take(obj("", title=NAME, done=BOOL)),
                    "responses": {"200": answer(ref("Todo")), "400": page, "404": page, "415": page},
                },
                "delete": {"responses": {"204": answer(), "404": page}},
            },
        },
        {"Todo": todo, "New": new},
    )

    @app.get("/todos")
    def list_todos() -> Any:
        done = request.args.get("done")
        if done not in {None, "true", "false"}:
            abort(400)
        return jsonify([r for r in rows.values() if done is None or r["done"] == (done == "true")])

    @app.post("/todos")
    def create_todo() -> Any:
        key = max(rows, default=0) + 1
        rows[key] = {"done": False, **check_json(checker, new), "id": key}
        return rows[key], 201

    @app.get("/todos/<int:key>")
    def get_todo(key: int) -> Any:
        return rows.get(key) or abort(404)

    @app.patch("/todos/<int:key>")
    def change_todo(key: int) -> Any:
        row = rows.get(key) or abort(404)
        row.update({**check_json(checker, obj("", title=NAME, done=BOOL)), "id": key})
        return row

    @app.delete("/todos/<int:key>")
    def delete_todo(key: int) -> Any:
        rows.pop(key, None) or abort(404)
        return "", 204

    return app


def build_json_errors() -> Flask:  # noqa: C901  one function an operation
    """Pages by number, errors as JSON, absolute addresses of new rows, and slashes at the end that redirect."""
    app = Flask("posts")
    new = obj(
        "title body",
        title=NAME,
        body=STR,
        tags={"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}, "maxItems": 3},
    )
    post = obj(
        "id title body tags url", id=STR, title=STR, body=STR, tags=arr(STR), url={"type": "string", "format": "uri"}
    )
    problem = answer(obj("code name", code=INT, name=STR, description=STR), "Refused")
    rows: dict[str, Any] = {}
    checker = SmallApi("posts")
    path = [name_parameter("post_id", {"type": "string"}, "path")]
    listing = obj("items page pages total", items=arr(ref("Post")), page=INT, pages=INT, total=INT)
    created = {
        **answer(ref("Post")),
        "headers": {"Location": {"required": True, "schema": {"type": "string", "format": "uri"}}},
    }
    app.document = write_document(  # type: ignore[attr-defined]
        "Posts on Flask",
        {
            "/posts/": {
                "get": {
                    "parameters": [
                        name_parameter("page", {"type": "integer", "minimum": 1, "maximum": 10000, "default": 1}),
                        name_parameter("per_page", {"type": "integer", "minimum": 1, "maximum": 50, "default": 5}),
                        name_parameter("tag", {"type": "string", "enum": ["a", "b", "c"]}),
                    ],
                    "responses": {"200": answer(listing), "400": problem},
                },
                "post": {"requestBody": take(new), "responses": {"201": created, "400": problem, "415": problem}},
            },
            "/posts/{post_id}": {
                "parameters": path,
                "get": {"responses": {"200": answer(ref("Post")), "404": problem}},
                "put": {
                    "requestBody": take(new),
                    "responses": {"200": answer(ref("Post")), "400": problem, "404": problem, "415": problem},
                },
                "delete": {"responses": {"204": answer(), "404": problem}},
            },
        },
        {"Post": post},
    )

    @app.errorhandler(HTTPException)
    def show_error(error: HTTPException) -> Any:
        response = error.get_response()
        if error.code and error.code < 400:
            return response
        return {"code": error.code, "name": error.name, "description": error.description}, error.code, keep_allow(error)

    def show(row: Any) -> Any:
        return {**row, "url": url_for("get_post", key=row["id"], _external=True)}

    @app.get("/posts/")
    def list_posts() -> Any:
        page, size, tag = read_number("page", 1, 1, 10_000), read_number("per_page", 5, 1, 50), request.args.get("tag")
        if tag not in {None, "a", "b", "c"}:
            abort(400)
        found = [r for r in rows.values() if tag is None or tag in r["tags"]]
        shown = [show(r) for r in found[(page - 1) * size : page * size]]
        return {"items": shown, "page": page, "pages": -(-len(found) // size), "total": len(found)}

    @app.post("/posts/")
    def create_post() -> Any:
        key = secrets.token_hex(6)
        rows[key] = {"tags": [], **check_json(checker, new), "id": key}
        row = show(rows[key])
        return row, 201, {"Location": row["url"]}

    @app.get("/posts/<key>")
    def get_post(key: str) -> Any:
        return show(rows.get(key) or abort(404))

    @app.put("/posts/<key>")
    def replace_post(key: str) -> Any:
        rows.get(key) or abort(404)
        rows[key] = {"tags": [], **check_json(checker, new), "id": key}
        return show(rows[key])

    @app.delete("/posts/<key>")
    def delete_post(key: str) -> Any:
        rows.pop(key, None) or abort(404)
        return "", 204

    for seed in range(8):
        key = secrets.token_hex(6)
        rows[key] = {"title": f"post {seed}", "body": "", "tags": ["a"] if seed % 2 else [], "id": key}
    return app
