"""What becomes of rows that are deleted, and of their ids."""

import time
from itertools import count
from typing import Any

from tests.catalogue.generic.crud import BOOL, INT, NAME, STR, TIME, UUID, Crud, arr, make_uuid, obj, ref, write_now
from tests.catalogue.generic.small_api import Call, Refused, SmallApi

_SEEDS = [{"name": name} for name in ("oak", "ash", "elm", "fir", "yew")]


def build_soft_delete_by_status() -> SmallApi:
    """A deletion sets a status: the row is shown as deleted from then on, and listed where that is wanted."""
    api = SmallApi("Trees with a status")
    state = {"type": "string", "enum": ["active", "deleted"]}
    trees = Crud(
        api,
        "/trees",
        "Tree",
        obj("id name status", id=INT, name=NAME, status=state),
        obj("name", name=NAME),
        seeds=_SEEDS,
        make=lambda _crud, body: {"status": "active", **body},
    )
    shown = {"type": "boolean", "default": False, "x-text": "List deleted trees, too."}

    @api.add("GET /trees", {200: arr(trees.row)}, query={"include_deleted": shown})
    def list_trees(call: Call) -> Any:
        return [r for r in trees.rows.values() if call.query["include_deleted"] or r["status"] == "active"]

    trees.add_create()
    trees.add_fetch()

    @api.add("DELETE /trees/{id}", {200: trees.row}, path={"id": INT}, refusals=[404])
    def delete_tree(call: Call) -> Any:
        row = trees.find(call)
        row["status"] = "deleted"
        return row

    return api


def build_soft_delete_by_time() -> SmallApi:
    """A deleted row can still be fetched, with the time of its deletion; lists leave it out."""
    api = SmallApi("Trees with a trash")
    gone = {"type": ["string", "null"], "format": "date-time"}
    trees = Crud(
        api,
        "/trees",
        "Tree",
        obj("id name deleted_at", id=UUID, name=NAME, deleted_at=gone),
        obj("name", name=NAME),
        key_schema=UUID,
        seeds=_SEEDS,
        make=lambda _crud, body: {"deleted_at": None, **body},
        new_key=make_uuid,
    )

    @api.add("GET /trees", {200: obj("items", items=arr(trees.row))})
    def list_trees(_call: Call) -> Any:
        return {"items": [row for row in trees.rows.values() if not row["deleted_at"]]}

    trees.add_create()
    trees.add_fetch()

    @api.add("DELETE /trees/{id}", {204: None}, path={"id": UUID}, refusals=[404])
    def delete_tree(call: Call) -> Any:
        trees.find(call)["deleted_at"] = write_now()
        return 204, None

    @api.add("POST /trees/{id}/restore", {200: trees.row}, path={"id": UUID}, refusals=[404])
    def restore_tree(call: Call) -> Any:
        row = trees.find(call)
        row["deleted_at"] = None
        return row

    return api


def build_delete_is_archive() -> SmallApi:
    """A deletion archives: the row stays where it was, and only a flag changes."""
    api = SmallApi("Trees that are archived")
    trees = Crud(
        api,
        "/trees",
        "Tree",
        obj("id name archived", id=INT, name=NAME, archived=BOOL),
        obj("name", name=NAME),
        seeds=_SEEDS,
        make=lambda _crud, body: {"archived": False, **body},
    )
    trees.add_list()
    trees.add_create()
    trees.add_fetch()

    @api.add(
        "DELETE /trees/{id}",
        {202: trees.row},
        path={"id": INT},
        refusals=[404],
        summary="Archive a tree",
        description="The tree is kept, with `archived: true`.",
    )
    def archive_tree(call: Call) -> Any:
        row = trees.find(call)
        row["archived"] = True
        return 202, row

    return api


def build_delete_twice() -> SmallApi:
    """A deletion succeeds whether or not there was a row."""
    api = SmallApi("Trees that are deleted as often as you like")
    trees = Crud(api, "/trees", "Tree", obj("id name", id=INT, name=NAME), obj("name", name=NAME), seeds=_SEEDS)
    trees.add_all("delete")

    @api.add(
        "DELETE /trees/{id}", {204: None}, path={"id": INT}, description="Succeeds, too, if there is no such tree."
    )
    def delete_tree(call: Call) -> Any:
        trees.rows.pop(call["id"], None)
        return 204, None

    return api


def build_ids_come_back() -> SmallApi:
    """The smallest free number is the id of the next row."""
    api = SmallApi("Berths with the lowest number that is free")

    def find_free(crud: Crud) -> int:
        return next(number for number in count(1) if number not in crud.rows)

    berths = Crud(
        api,
        "/berths",
        "Berth",
        obj("number ship", number=INT, ship=NAME),
        obj("ship", ship=NAME),
        key="number",
        seeds=[{"ship": "Vega"}, {"ship": "Lyra"}],
        new_key=find_free,
    )
    berths.add_all()
    return api


def build_gone() -> SmallApi:
    """A deleted row is 410, an unknown one 404."""
    api = SmallApi("Trees that leave a trace")
    trees = Crud(api, "/trees", "Tree", obj("id name", id=INT, name=NAME), obj("name", name=NAME), seeds=_SEEDS)
    dead: set[int] = set()
    trees.add_list()
    trees.add_create()

    def find_live(call: Call) -> Any:
        if call["id"] in dead:
            raise Refused(410, "gone")
        return trees.find(call)

    @api.add("GET /trees/{id}", {200: trees.row}, path={"id": INT}, refusals=[404, 410])
    def get_tree(call: Call) -> Any:
        return find_live(call)

    @api.add("DELETE /trees/{id}", {200: obj("deleted", deleted=BOOL)}, path={"id": INT}, refusals=[404, 410])
    def delete_tree(call: Call) -> Any:
        del trees.rows[find_live(call)["id"]]
        dead.add(call["id"])
        return {"deleted": True}

    return api


def build_delete_later() -> SmallApi:
    """A deletion is accepted, and done a moment later."""
    api = SmallApi("Trees that are felled later")
    due: dict[int, float] = {}

    def fell(_request: Any) -> None:
        for key in [key for key, at in due.items() if at < time.monotonic()]:
            trees.rows.pop(key, None)
            del due[key]

    api.before = fell
    trees = Crud(api, "/trees", "Tree", obj("id name", id=INT, name=NAME), obj("name", name=NAME), seeds=_SEEDS)
    trees.add_all("delete")

    @api.add("DELETE /trees/{id}", {202: None}, path={"id": INT}, refusals=[404])
    def delete_tree(call: Call) -> Any:
        due.setdefault(trees.find(call)["id"], time.monotonic() + 0.4)
        return 202, None

    return api


def build_delete_refused_in_use() -> SmallApi:
    """What is in use is not deleted: 409."""
    api = SmallApi("Owners and their pets")
    owners = Crud(
        api,
        "/owners",
        "Owner",
        obj("id name", id=INT, name=NAME),
        obj("name", name=NAME),
        seeds=[{"name": "Ada"}, {"name": "Bo"}],
    )
    pets = Crud(
        api,
        "/pets",
        "Pet",
        obj("id name owner_id", id=INT, name=NAME, owner_id=INT),
        obj("name owner_id", name=NAME, owner_id=INT),
        seeds=[{"name": "Rex", "owner_id": 1}],
    )
    owners.add_all("delete")

    @api.add("DELETE /owners/{id}", {204: None}, path={"id": INT}, refusals=[404, 409])
    def delete_owner(call: Call) -> Any:
        row = owners.find(call)
        if any(pet["owner_id"] == row["id"] for pet in pets.rows.values()):
            raise Refused(409, "it has pets")
        del owners.rows[row["id"]]
        return 204, None

    @api.add("GET /pets", {200: arr(pets.row)}, query={"owner_id": INT})
    def list_pets(call: Call) -> Any:
        return [p for p in pets.rows.values() if call.query.get("owner_id") in {None, p["owner_id"]}]

    @api.add("POST /pets", {201: pets.row}, body=pets.new, refusals=[422], description="422 if there is no such owner.")
    def create_pet(call: Call) -> Any:
        if call.body["owner_id"] not in owners.rows:
            raise Refused(422, "no such owner")
        return 201, pets.insert(call.body)

    pets.add_fetch()
    pets.add_delete()
    return api


def build_rows_expire() -> SmallApi:
    """A row lives for as long as the request says, and is gone then."""
    api = SmallApi("Notes that vanish", description="A note is deleted when its time is over.")
    until: dict[int, float] = {}

    def expire(_request: Any) -> None:
        for key in [key for key, at in until.items() if at < time.monotonic()]:
            notes.rows.pop(key, None)
            del until[key]

    api.before = expire
    span = {"type": "integer", "minimum": 1, "maximum": 3, "default": 1, "description": "Seconds until it is deleted."}
    notes = Crud(
        api,
        "/notes",
        "Note",
        obj("id text expires_at", id=INT, text=STR, expires_at=TIME),
        obj("text", text=STR, ttl=span),
    )
    notes.add_list()

    @api.add("POST /notes", {201: notes.row}, body=notes.new)
    def create_note(call: Call) -> Any:
        seconds = call.body.get("ttl", 1)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        row = notes.insert({"text": call.body["text"], "expires_at": at})
        until[row["id"]] = time.monotonic() + seconds
        return 201, row

    notes.add_fetch()
    notes.add_delete()
    return api


def build_ring() -> SmallApi:
    """There is room for ten rows: with each new one the oldest leaves."""
    api = SmallApi("A log of ten lines", description="The last ten lines are kept.")
    lines = Crud(api, "/lines", "Line", obj("id text", id=INT, text=STR), obj("text", text=STR))
    lines.add_list()

    @api.add("POST /lines", {201: lines.row}, body=lines.new)
    def create_line(call: Call) -> Any:
        row = lines.insert(call.body)
        while len(lines.rows) > 10:
            del lines.rows[next(iter(lines.rows))]
        return 201, row

    lines.add_fetch()
    return api


def build_delete_cascades() -> SmallApi:
    """A parent that is deleted takes its children along, and lists lead across parents."""
    api = SmallApi("Albums and photos")
    albums = Crud(
        api,
        "/albums",
        "Album",
        obj("id title", id=INT, title=NAME),
        obj("title", title=NAME),
        seeds=[{"title": "Sea"}, {"title": "Sky"}],
    )
    albums.add_all("delete")
    photos = Crud(
        api,
        "/albums/{album_id}/photos",
        "Photo",
        obj("id album_id caption", id=INT, album_id=INT, caption=STR),
        obj("caption", caption=STR),
        seeds=[{"album_id": 1 + n % 2, "caption": f"photo {n}"} for n in range(7)],
    )

    @api.add("DELETE /albums/{id}", {204: None}, path={"id": INT}, refusals=[404])
    def delete_album(call: Call) -> Any:
        key = albums.find(call)["id"]
        del albums.rows[key]
        for photo in [p for p in photos.rows.values() if p["album_id"] == key]:
            del photos.rows[photo["id"]]
        return 204, None

    def find_album(call: Call) -> Any:
        if call["album_id"] not in albums.rows:
            raise Refused(404, "no such album")
        return call["album_id"]

    ids = {"album_id": INT, "id": INT}

    @api.add("GET /albums/{album_id}/photos", {200: arr(photos.row)}, path=ids, refusals=[404])
    def list_photos(call: Call) -> Any:
        key = find_album(call)
        return [p for p in photos.rows.values() if p["album_id"] == key]

    @api.add("POST /albums/{album_id}/photos", {201: photos.row}, path=ids, body=photos.new, refusals=[404])
    def create_photo(call: Call) -> Any:
        return 201, photos.insert({**call.body, "album_id": find_album(call)})

    @api.add("GET /photos", {200: arr(ref("Photo"))})
    def list_all(_call: Call) -> Any:
        return list(photos.rows.values())

    @api.add("GET /photos/{id}", {200: photos.row}, path=ids, refusals=[404])
    def get_photo(call: Call) -> Any:
        return photos.find(call)

    @api.add("DELETE /photos/{id}", {204: None}, path=ids, refusals=[404])
    def delete_photo(call: Call) -> Any:
        del photos.rows[photos.find(call)["id"]]
        return 204, None

    return api
