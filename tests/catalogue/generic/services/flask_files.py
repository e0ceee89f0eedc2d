"""Services on Flask with files, cookies, versions and keys that are paths."""

import io
from typing import Any

from flask import Flask, Response, abort, jsonify, make_response, request, send_file
from werkzeug.exceptions import HTTPException

from tests.catalogue.generic.crud import INT, NAME, NUM, STR, arr, obj, ref
from tests.catalogue.generic.services.flask_services import (
    answer,
    check_json,
    keep_allow,
    name_parameter,
    take,
    write_document,
)
from tests.catalogue.generic.small_api import SmallApi


def build_uploads() -> Flask:
    """Files with fields beside them; downloads have ETags and ranges, as send_file gives them."""
    app = Flask("files")
    rows: dict[int, Any] = {1: {"id": 1, "name": "a.txt", "size": 5, "label": "", "folder": "inbox"}}
    contents = {1: b"hello"}
    form = obj(
        "file",
        file={"type": "string", "format": "binary"},
        label={"type": "string", "maxLength": 30},
        folder={"type": "string", "enum": ["inbox", "done"]},
    )
    bad = answer(obj("message", message=STR), "Refused")
    path = {"parameters": [name_parameter("file_id", {"type": "integer", "minimum": 1}, "path")]}
    binary = answer({"type": "string", "format": "binary"}, "The content", "application/octet-stream")
    app.document = write_document(  # type: ignore[attr-defined]
        "Files on Flask",
        {
            "/files": {
                "get": {"responses": {"200": answer(arr(ref("File")))}},
                "post": {
                    "requestBody": take(form, "multipart/form-data"),
                    "responses": {"201": answer(ref("File")), "400": bad, "415": bad},
                },
            },
            "/files/{file_id}": {
                **path,
                "get": {"responses": {"200": answer(ref("File")), "404": bad}},
                "delete": {"responses": {"204": answer(), "404": bad}},
            },
            "/files/{file_id}/content": {
                **path,
                "get": {
                    "responses": {
                        "200": {**binary, "headers": {"ETag": {"required": True, "schema": STR}}},
                        "206": binary,
                        "304": answer(),
                        "404": bad,
                        "416": answer(),
                    },
                    "parameters": [
                        name_parameter("If-None-Match", STR, "header"),
                        name_parameter("Range", STR, "header"),
                    ],
                },
            },
        },
        {
            "File": obj(
                "id name size",
                id=INT,
                name=STR,
                size=INT,
                label=STR,
                folder={"type": "string", "enum": ["inbox", "done"]},
            )
        },
    )

    @app.errorhandler(HTTPException)
    def show_error(error: HTTPException) -> Any:
        if error.code == 416:
            return Response(status=416)
        return {"message": error.name}, error.code, keep_allow(error)

    @app.get("/files")
    def list_files() -> Any:
        return list(rows.values())

    @app.post("/files")
    def create_file() -> Any:
        if request.mimetype != "multipart/form-data":
            abort(415 if request.data else 400)
        sent = request.files.get("file") or abort(400)
        label, folder = request.form.get("label", ""), request.form.get("folder", "inbox")
        if len(label) > 30 or folder not in {"inbox", "done"} or request.files.keys() & {"label", "folder"}:
            abort(400)
        key = max(rows, default=0) + 1
        contents[key] = sent.read()
        rows[key] = {
            "id": key,
            "name": sent.filename or "",
            "size": len(contents[key]),
            "label": label,
            "folder": folder,
        }
        return rows[key], 201

    @app.get("/files/<int:key>")
    def get_file(key: int) -> Any:
        return rows.get(key) or abort(404)

    @app.get("/files/<int:key>/content")
    def get_content(key: int) -> Any:
        rows.get(key) or abort(404)
        return send_file(
            io.BytesIO(contents[key]), "application/octet-stream", conditional=True, etag=f"c{key}-{len(contents[key])}"
        )

    @app.delete("/files/<int:key>")
    def delete_file(key: int) -> Any:
        rows.pop(key, None) or abort(404)
        return "", 204

    return app


def build_keys_with_slashes() -> Flask:
    """A store of values: keys may hold slashes, encoded or not, PUT creates, and everything may be a value."""
    app = Flask("values")
    rows: dict[str, Any] = {"a": 1, "b": [1, 2]}
    path = {"parameters": [name_parameter("key", {"type": "string", "minLength": 1, "maxLength": 100}, "path")]}
    checker = SmallApi("values")
    value = {"nullable": True}
    entry = obj("key value", key=STR, value=value)
    refused = answer(None, "Refused")
    app.document = write_document(  # type: ignore[attr-defined]
        "Values on Flask",
        {
            "/values": {"get": {"responses": {"200": answer({"type": "object", "additionalProperties": value})}}},
            "/values/{key}": {
                **path,
                "get": {"responses": {"200": answer(ref("Entry")), "404": refused}},
                "put": {
                    "requestBody": take({}),
                    "responses": {
                        "200": answer(ref("Entry")),
                        "201": answer(ref("Entry")),
                        "400": refused,
                        "415": refused,
                    },
                },
                "delete": {"responses": {"204": answer(), "404": refused}},
            },
        },
        {"Entry": entry},
    )

    @app.errorhandler(HTTPException)
    def show_error(error: HTTPException) -> Any:
        return "", error.code, keep_allow(error)

    @app.get("/values")
    def list_values() -> Any:
        return jsonify(rows)

    @app.get("/values/<path:key>")
    def get_value(key: str) -> Any:
        if key not in rows:
            abort(404)
        return {"key": key, "value": rows[key]}

    @app.put("/values/<path:key>")
    def put_value(key: str) -> Any:
        if not key or len(key) > 100:
            abort(400)
        body = check_json(checker, {})
        status = 200 if key in rows else 201
        rows[key] = body
        return {"key": key, "value": body}, status

    @app.delete("/values/<path:key>")
    def delete_value(key: str) -> Any:
        if key not in rows:
            abort(404)
        del rows[key]
        return "", 204

    return app


def build_cookies() -> Flask:
    """A session in a cookie; forms in place of JSON, and a redirect after a creation."""
    app = Flask("guestbook")
    rows: dict[int, Any] = {1: {"id": 1, "author": "ada", "text": "hi", "stars": 5}}
    form = obj(
        "author text",
        author={"type": "string", "minLength": 1, "maxLength": 20},
        text={"type": "string", "minLength": 1, "maxLength": 200},
        stars={"type": "integer", "minimum": 1, "maximum": 5},
    )
    refused = answer(STR, "Refused", "text/plain")
    found = {"description": "See the entry", "headers": {"Location": {"required": True, "schema": STR}}}
    path = {"parameters": [name_parameter("entry_id", {"type": "integer", "minimum": 1}, "path")]}
    app.document = write_document(  # type: ignore[attr-defined]
        "Guestbook on Flask",
        {
            "/entries": {
                "get": {"responses": {"200": answer(arr(ref("Entry"))), "401": refused}},
                "post": {
                    "requestBody": take(form, "application/x-www-form-urlencoded"),
                    "responses": {"303": found, "400": refused, "401": refused, "415": refused},
                },
            },
            "/entries/{entry_id}": {
                **path,
                "get": {"responses": {"200": answer(ref("Entry")), "401": refused, "404": refused}},
            },
        },
        {"Entry": obj("id author text stars", id=INT, author=STR, text=STR, stars=INT)},
        components={"securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "session"}}},
        security=[{"session": []}],
    )
    app.headers = {"Cookie": "session=s-1"}  # type: ignore[attr-defined]

    @app.errorhandler(HTTPException)
    def show_error(error: HTTPException) -> Any:
        return Response(error.name, error.code, keep_allow(error), mimetype="text/plain")

    @app.before_request
    def check_session() -> None:
        if request.cookies.get("session") != "s-1":
            abort(401)

    @app.get("/entries")
    def list_entries() -> Any:
        return jsonify(list(rows.values()))

    @app.post("/entries")
    def create_entry() -> Any:
        if request.mimetype != "application/x-www-form-urlencoded":
            abort(415 if request.data else 400)
        author, text, stars = (request.form.get(n, "") for n in ("author", "text", "stars"))
        if (
            not 1 <= len(author) <= 20
            or not 1 <= len(text) <= 200
            or ("stars" in request.form and stars not in {"1", "2", "3", "4", "5"})
        ):
            abort(400)
        key = max(rows) + 1
        rows[key] = {"id": key, "author": author, "text": text, "stars": int(stars or "3")}
        return "", 303, {"Location": f"/entries/{key}"}

    @app.get("/entries/<int:key>")
    def get_entry(key: int) -> Any:
        return rows.get(key) or abort(404)

    return app


def build_versions() -> Flask:
    """Responses with ETags that Flask makes of their bodies, 304 for those that are known, and If-Match on changes."""
    app = Flask("rooms")
    rows: dict[int, Any] = {n: {"id": n, "name": f"room {n}", "seats": n * 10, "area": n + 0.5} for n in (1, 2, 3)}
    new = obj(
        "name seats",
        name=NAME,
        seats={"type": "integer", "minimum": 1, "maximum": 999},
        area={"type": "number", "minimum": 0, "maximum": 10000},
    )
    checker = SmallApi("rooms")
    refused = answer(obj("error", error=STR), "Refused")
    tagged = {**answer(ref("Room")), "headers": {"ETag": {"required": True, "schema": STR}}}
    path = {"parameters": [name_parameter("room_id", {"type": "integer", "minimum": 1}, "path")]}
    app.document = write_document(  # type: ignore[attr-defined]
        "Rooms on Flask",
        {
            "/rooms": {
                "get": {"responses": {"200": answer(obj("rooms", rooms=arr(ref("Room"))))}},
                "post": {"requestBody": take(new), "responses": {"201": tagged, "400": refused, "415": refused}},
            },
            "/rooms/{room_id}": {
                **path,
                "get": {
                    "parameters": [name_parameter("If-None-Match", STR, "header")],
                    "responses": {"200": tagged, "304": answer(), "404": refused},
                },
                "put": {
                    "parameters": [name_parameter("If-Match", STR, "header")],
                    "requestBody": take(new),
                    "responses": {"200": tagged, "400": refused, "404": refused, "412": refused, "415": refused},
                },
                "delete": {"responses": {"204": answer(), "404": refused}},
            },
        },
        {"Room": obj("id name seats", id=INT, name=STR, seats=INT, area=NUM)},
    )

    @app.errorhandler(HTTPException)
    def show_error(error: HTTPException) -> Any:
        return {"error": error.name}, error.code, keep_allow(error)

    def show(row: Any, status: int = 200) -> Response:
        response = make_response(jsonify(row), status)
        response.add_etag()
        return response

    @app.get("/rooms")
    def list_rooms() -> Any:
        return {"rooms": list(rows.values())}

    @app.post("/rooms")
    def create_room() -> Any:
        key = max(rows, default=0) + 1
        rows[key] = {**check_json(checker, new), "id": key}
        return show(rows[key], 201)

    @app.get("/rooms/<int:key>")
    def get_room(key: int) -> Any:
        return show(rows.get(key) or abort(404)).make_conditional(request)

    @app.put("/rooms/<int:key>")
    def replace_room(key: int) -> Any:
        row = rows.get(key) or abort(404)
        body = check_json(checker, new)
        if request.if_match and show(row).get_etag()[0] not in request.if_match:
            abort(412)
        rows[key] = {**body, "id": key}
        return show(rows[key])

    @app.delete("/rooms/<int:key>")
    def delete_room(key: int) -> Any:
        rows.pop(key, None) or abort(404)
        return "", 204

    return app
