"""Bodies that are not JSON: parts, forms, files, lines."""

import json
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response

from tests.catalogue.generic.crud import BOOL, INT, NAME, STR, Crud, arr, obj
from tests.catalogue.generic.small_api import Call, Refused, SmallApi

_BINARY = {"type": "string", "format": "binary"}


async def read_parts(request: Request) -> dict[str, list[Any]]:
    """Return the parts of a multipart body by name. Raises ``Refused`` where it is none."""
    try:
        form = await request.form()
    except (HTTPException, MultiPartException, ValueError, KeyError):
        raise Refused(400, "this is no form") from None
    parts: dict[str, list[Any]] = {}
    for name, value in form.multi_items():
        parts.setdefault(name, []).append(value)
    return parts


def build_file_and_metadata() -> SmallApi:
    """A file with a part of JSON beside it, each of its own media type."""
    api = SmallApi("Documents with metadata")
    metadata = {
        **obj("title", title=NAME, tags={"type": "array", "items": STR, "maxItems": 5}, public=BOOL),
        "additionalProperties": False,
    }
    api.components["Metadata"] = metadata
    form = obj("file metadata", file=_BINARY, metadata={"$ref": "#/components/schemas/Metadata"})
    documents = Crud(
        api,
        "/documents",
        "Document",
        obj("id title size filename", id=INT, title=STR, size=INT, filename=STR, tags=arr(STR)),
        seeds=[{"title": "a", "size": 3, "filename": "a.txt"}],
    )
    contents = {1: b"abc"}

    async def read(request: Request) -> Any:
        parts = await read_parts(request)
        files, texts = parts.get("file", []), parts.get("metadata", [])
        if len(files) != 1 or not isinstance(files[0], UploadFile):
            raise Refused(400, "file has to be a file")
        if len(texts) != 1:
            raise Refused(400, "metadata is missing")
        raw = await texts[0].read() if isinstance(texts[0], UploadFile) else texts[0].encode()
        try:
            value = json.loads(raw)
        except ValueError:
            raise Refused(400, "metadata is no JSON") from None
        api.validate(metadata, value, 400, "metadata")
        request.state.content = await files[0].read()
        return {"file": files[0].filename or "unnamed", "metadata": value}

    documents.add_list()
    content = {
        "multipart/form-data": {
            "schema": form,
            "encoding": {
                "metadata": {"contentType": "application/json"},
                "file": {"contentType": "application/octet-stream, text/plain, image/png"},
            },
        }
    }

    @api.add("POST /documents", {201: documents.row}, body=form, body_media=content, read=read)
    def create_document(call: Call) -> Any:
        raw = call.request.state.content
        row = documents.insert(
            {
                **{k: v for k, v in call.body["metadata"].items() if k != "public"},
                "size": len(raw),
                "filename": call.body["file"],
            }
        )
        contents[row["id"]] = raw
        return 201, row

    documents.add_fetch()

    @api.add(
        "GET /documents/{id}/content",
        {200: {"x-content": {"application/octet-stream": {"schema": _BINARY}}}},
        path={"id": INT},
        refusals=[404],
    )
    def get_content(call: Call) -> Any:
        return Response(contents[documents.find(call)["id"]], media_type="application/octet-stream")

    documents.add_delete()
    return api


def build_many_files() -> SmallApi:
    """Several files in one part name, with numbers and choices beside them."""
    api = SmallApi("Photos by the dozen")
    form = obj(
        "photos album",
        photos={"type": "array", "items": _BINARY, "minItems": 1, "maxItems": 4},
        album=NAME,
        quality={"type": "integer", "minimum": 1, "maximum": 100},
        mode={"type": "string", "enum": ["keep", "replace"]},
        public=BOOL,
    )
    photos = Crud(
        api, "/photos", "Photo", obj("id album bytes", id=INT, album=STR, bytes=INT, quality=INT, public=BOOL)
    )

    async def read(request: Request) -> Any:
        parts = await read_parts(request)
        value: dict[str, Any] = {}
        request.state.sizes = []
        for name, values in parts.items():
            if name == "photos":
                if not all(isinstance(v, UploadFile) for v in values):
                    raise Refused(400, "photos are files")
                request.state.sizes = [len(await v.read()) for v in values]
                value["photos"] = ["file"] * len(values)
                continue
            text = values[-1]
            if isinstance(text, UploadFile):
                raise Refused(400, f"{name} is no file")
            if name == "quality":
                value[name] = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else text
            elif name == "public":
                value[name] = {"true": True, "false": False}.get(text, text)
            else:
                value[name] = text
        return value

    photos.add_list()

    @api.add("POST /photos", {201: arr(photos.row)}, body=form, body_media="multipart/form-data", read=read)
    def create_photos(call: Call) -> Any:
        more = {"quality": call.body.get("quality", 80), "public": call.body.get("public", False)}
        return 201, [
            photos.insert({"album": call.body["album"], "bytes": size, **more}) for size in call.request.state.sizes
        ]

    photos.add_fetch()
    photos.add_delete()
    return api


def build_forms() -> SmallApi:
    """Forms in place of JSON, with lists and numbers."""
    api = SmallApi("Subscribers by form", invalid=422)
    form = obj(
        "email",
        email={"type": "string", "format": "email", "maxLength": 80},
        age={"type": "integer", "minimum": 0, "maximum": 150},
        topics={"type": "array", "items": {"type": "string", "enum": ["news", "jobs", "events"]}},
        html=BOOL,
    )
    row = obj("id email topics html", id=INT, email=STR, age={"type": ["integer", "null"]}, topics=arr(STR), html=BOOL)
    people = Crud(
        api,
        "/subscribers",
        "Subscriber",
        row,
        form,
        make=lambda _c, b: {"age": None, "topics": [], "html": True, **b},
        seeds=[{"email": "a@example.com", "topics": ["news"]}],
    )
    people.add_list()
    people.add_create(body_media="application/x-www-form-urlencoded")
    people.add_fetch()
    people.add_replace(body_media="application/x-www-form-urlencoded")
    people.add_delete()
    return api


def build_form_or_json() -> SmallApi:
    """JSON and forms are read alike; nothing else is: 415."""
    api = SmallApi("Guests by form or JSON")
    guest = obj("name", name=NAME, seats={"type": "integer", "minimum": 1, "maximum": 9})
    guests = Crud(
        api,
        "/guests",
        "Guest",
        obj("id name seats", id=INT, name=STR, seats=INT),
        guest,
        make=lambda _c, b: {"seats": 1, **b},
        seeds=[{"name": "a"}],
    )
    guests.add_list()
    both = {"application/json": {"schema": guests.new}, "application/x-www-form-urlencoded": {"schema": guests.new}}
    guests.add_create(body_media=both)
    guests.add_fetch()
    guests.add_delete()
    return api


def build_raw_files() -> SmallApi:
    """A file is the body itself, of a few media types, and no larger than a bound."""
    api = SmallApi("Avatars as they are")
    users = Crud(
        api,
        "/users",
        "User",
        obj("id name has_avatar", id=INT, name=STR, has_avatar=BOOL),
        obj("name", name=NAME),
        make=lambda _c, b: {"has_avatar": False, **b},
        seeds=[{"name": "a"}, {"name": "b"}],
    )
    avatars: dict[int, tuple[bytes, str]] = {}
    users.add_all("replace")
    content = {"image/png": {"schema": _BINARY}, "image/jpeg": {"schema": _BINARY}}

    @api.add(
        "PUT /users/{id}/avatar", {204: None}, path={"id": INT}, body=_BINARY, body_media=content, refusals=[404, 413]
    )
    def put_avatar(call: Call) -> Any:
        row = users.find(call)
        if len(call.body) > 100_000:
            raise Refused(413, "too large")
        avatars[row["id"]] = (call.body, call.request.headers["content-type"].partition(";")[0])
        row["has_avatar"] = True
        return 204, None

    @api.add("GET /users/{id}/avatar", {200: {"x-content": content}}, path={"id": INT}, refusals=[404])
    def get_avatar(call: Call) -> Any:
        key = users.find(call)["id"]
        if key not in avatars:
            raise Refused(404, "there is none")
        return Response(avatars[key][0], media_type=avatars[key][1])

    @api.add("DELETE /users/{id}/avatar", {204: None}, path={"id": INT}, refusals=[404])
    def delete_avatar(call: Call) -> Any:
        row = users.find(call)
        if avatars.pop(row["id"], None) is None:
            raise Refused(404, "there is none")
        row["has_avatar"] = False
        return 204, None

    return api


def build_pictures_only() -> SmallApi:
    """What is uploaded has to be a real picture, and the description says so: 422 for other content."""
    api = SmallApi("Pictures that are looked at", invalid=422)
    form = obj("picture", picture=_BINARY, caption={"type": "string", "maxLength": 100})
    pictures = Crud(api, "/pictures", "Picture", obj("id width caption", id=INT, width=INT, caption=STR))

    async def read(request: Request) -> Any:
        parts = await read_parts(request)
        files = parts.get("picture", [])
        if len(files) != 1 or not isinstance(files[0], UploadFile):
            raise Refused(422, "picture has to be a file")
        request.state.content = await files[0].read()
        caption = parts.get("caption", [""])[-1]
        return {"picture": "x", "caption": caption if isinstance(caption, str) else 0}

    pictures.add_list()

    @api.add(
        "POST /pictures",
        {201: pictures.row},
        body=form,
        body_media="multipart/form-data",
        read=read,
        description="A PNG file; anything else is answered with 422.",
    )
    def create_picture(call: Call) -> Any:
        raw = call.request.state.content
        if not raw.startswith(b"\x89PNG\r\n\x1a\n"):
            raise Refused(422, "this is no PNG file")
        return 201, pictures.insert({"width": int.from_bytes(raw[16:20], "big"), "caption": call.body["caption"]})

    pictures.add_fetch()
    return api


def build_lines() -> SmallApi:
    """Lines of JSON are read and sent."""
    api = SmallApi("Metrics in lines")
    line = obj("name value", name=NAME, value={"type": "number", "minimum": -1e9, "maximum": 1e9})
    rows: list[Any] = [{"name": "a", "value": 1}]
    media = {"application/x-ndjson": {"schema": {"type": "string"}}}

    @api.add(
        "POST /metrics",
        {200: obj("accepted", accepted=INT)},
        body=STR,
        body_media=media,
        description="One JSON object with `name` and `value` a line; 400 if a line is something else.",
    )
    def push(call: Call) -> Any:
        read = []
        for text in call.body.splitlines():
            try:
                value = json.loads(text)
            except ValueError:
                raise Refused(400, "a line is no JSON") from None
            api.validate(line, value, 400, "line")
            read.append(value)
        rows.extend(read)
        return {"accepted": len(read)}

    @api.add("GET /metrics", {200: {"x-content": {"application/x-ndjson": {"schema": {"type": "string"}}}}})
    def pull(_call: Call) -> Any:
        return Response("".join(json.dumps(row) + "\n" for row in rows), media_type="application/x-ndjson")

    return api


def build_optional_bodies() -> SmallApi:
    """Bodies that need not be there, lists and bare values as bodies, and a deletion with a body."""
    api = SmallApi("Queues with small bodies")
    queues = Crud(
        api,
        "/queues",
        "Queue",
        obj("id name items", id=INT, name=STR, items=arr(INT)),
        obj("", name=NAME),
        make=lambda _c, b: {"name": "queue", "items": [], **b},
        seeds=[{"name": "a", "items": [1, 2]}],
    )
    queues.add_list()

    @api.add("POST /queues", {201: queues.row}, body=queues.new, body_required=False)
    def create_queue(call: Call) -> Any:
        return 201, queues.insert(call.body or {})

    queues.add_fetch()
    numbers = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 1000}, "maxItems": 10}

    @api.add("PUT /queues/{id}/items", {200: arr(INT)}, path={"id": INT}, body=numbers, refusals=[404])
    def put_items(call: Call) -> Any:
        row = queues.find(call)
        row["items"] = call.body
        return call.body

    @api.add("PUT /queues/{id}/name", {204: None}, path={"id": INT}, body=NAME, refusals=[404])
    def put_name(call: Call) -> Any:
        queues.find(call)["name"] = call.body
        return 204, None

    @api.add(
        "POST /queues/{id}/drain",
        {200: obj("drained", drained=INT)},
        path={"id": INT},
        body=obj("", count={"type": "integer", "minimum": 1}),
        body_required=False,
        refusals=[404],
    )
    def drain(call: Call) -> Any:
        row = queues.find(call)
        count = int((call.body or {}).get("count", len(row["items"])))
        drained, row["items"] = row["items"][:count], row["items"][count:]
        return {"drained": len(drained)}

    queues.add_delete()
    return api
