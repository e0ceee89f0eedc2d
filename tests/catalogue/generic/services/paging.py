"""How rows are paged."""

import base64
import random
from typing import Any

from tests.catalogue.generic.crud import BOOL, INT, OFFSET, SIZE, STR, TIME, Crud, arr, obj, write_now
from tests.catalogue.generic.services.reading import make_plants
from tests.catalogue.generic.small_api import Call, Refused, SmallApi


def build_opaque_cursors() -> SmallApi:
    """Cursors that are other texts at each request, end with a page, and are refused when they were made up."""
    api = SmallApi("Plants by cursor")
    plants = make_plants(api)
    known: dict[str, int] = {}
    page = obj("items next", items=arr(plants.row), next={"type": ["string", "null"], "description": "Opaque."})

    @api.add("GET /plants", {200: page}, query={"cursor": STR, "limit": {**SIZE, "default": 5}})
    def list_plants(call: Call) -> Any:
        cursor = call.query.get("cursor")
        if cursor is not None and cursor not in known:
            raise Refused(400, "no such cursor")
        rows = [r for r in plants.rows.values() if r["id"] > known.get(cursor, 0)]
        shown = rows[: call.query["limit"]]
        token = None
        if len(rows) > len(shown):
            token = base64.urlsafe_b64encode(random.randbytes(12)).decode()
            known[token] = shown[-1]["id"]
        return {"items": shown, "next": token}

    plants.add_create()
    plants.add_fetch()
    plants.add_delete()
    return api


def build_clamped_limits() -> SmallApi:
    """A limit above the maximum counts as the maximum, and the description says so; 0 and less are the default."""
    api = SmallApi("Plants with clamped pages")
    plants = make_plants(api, seeds=[{"name": f"plant {n}", "kind": "herb"} for n in range(60)])
    limit = {
        "type": "integer",
        "default": 10,
        "x-text": "Plants of a page. Values above 25 count as 25, values below 1 as the default.",
    }

    @api.add(
        "GET /plants",
        {200: obj("data total", data=arr(plants.row), total=INT)},
        query={"limit": limit, "offset": {"type": "integer", "default": 0, "x-text": "Negative values count as 0."}},
    )
    def list_plants(call: Call) -> Any:
        size, start = call.query["limit"], max(call.query["offset"], 0)
        size = 10 if size < 1 else min(size, 25)
        return {"data": list(plants.rows.values())[start : start + size], "total": len(plants.rows)}

    plants.add_create()
    plants.add_fetch()
    plants.add_delete()
    return api


def build_limit_zero_is_all() -> SmallApi:
    """A limit of 0 means everything, pages are counted from 0, and a page past the end is 404."""
    api = SmallApi("Plants, page 0 first")
    plants = make_plants(api)
    query = {
        "per_page": {"type": "integer", "minimum": 0, "maximum": 50, "default": 6, "x-text": "0 for all plants."},
        "page": {
            "type": "integer",
            "minimum": 0,
            "default": 0,
            "x-text": "The first page is 0. 404 past the last page.",
        },
    }

    @api.add("GET /plants", {200: obj("plants page", plants=arr(plants.row), page=INT)}, query=query, refusals=[404])
    def list_plants(call: Call) -> Any:
        size, page = call.query["per_page"] or max(len(plants.rows), 1), call.query["page"]
        rows = list(plants.rows.values())[page * size : page * size + size]
        if not rows and page:
            raise Refused(404, "there is no such page")
        return {"plants": rows, "page": page}

    plants.add_create()
    plants.add_fetch()
    plants.add_delete()
    return api


def build_estimated_totals() -> SmallApi:
    """The total is an estimate, and the description says so; `has_more` may be true before an empty page."""
    api = SmallApi("Plants, about so many")
    plants = make_plants(api)
    total = {"type": "integer", "description": "An estimate of the number of plants; it may be off by some."}
    meta = obj("total_estimate approximate_total", total_estimate=total, approximate_total=total)

    @api.add(
        "GET /plants",
        {200: obj("items total meta", items=arr(plants.row), total=total, meta=meta)},
        query={"limit": SIZE, "offset": OFFSET, "kind": {"type": "string", "enum": ["herb", "tree"]}},
    )
    def list_plants(call: Call) -> Any:
        rows = [r for r in plants.rows.values() if call.query.get("kind") in {None, r["kind"]}]
        about = round(len(plants.rows) / 10) * 10
        start = call.query["offset"]
        return {
            "items": rows[start : start + call.query["limit"]],
            "total": about,
            "meta": {"total_estimate": about, "approximate_total": about},
        }

    plants.add_create()
    plants.add_fetch()
    plants.add_delete()
    return api


def build_live_feed() -> SmallApi:
    """Others write all the time: with each request a row is added at the top and the oldest leaves."""
    api = SmallApi("A feed of news")
    row = obj("id text at", id=INT, text=STR, at=TIME)
    news = Crud(
        api, "/news", "Item", row, seeds=[{"text": f"news {n}", "at": "2026-01-01T00:00:00Z"} for n in range(30)]
    )

    def go_on(_request: Any) -> None:
        news.insert({"text": "news", "at": write_now()})
        del news.rows[next(iter(news.rows))]

    api.before = go_on

    @api.add(
        "GET /news",
        {200: obj("items total", items=arr(news.row), total=INT)},
        query={"limit": SIZE, "offset": OFFSET},
        description="Newest first.",
    )
    def list_news(call: Call) -> Any:
        rows = list(news.rows.values())[::-1]
        start = call.query["offset"]
        return {"items": rows[start : start + call.query["limit"]], "total": len(rows)}

    news.add_fetch()
    return api


def build_range_pages() -> SmallApi:
    """Pages by header, `Link` to the next, and a total in a header."""
    api = SmallApi("Plants with links")
    plants = make_plants(api)
    headers = {200: {"Link": {"schema": STR}, "X-Total-Count": {"schema": INT, "required": True}}}

    @api.add(
        "GET /plants",
        {200: arr(plants.row)},
        query={"page": {"type": "integer", "minimum": 1, "default": 1}, "per_page": {**SIZE, "default": 4}},
        answer_headers=headers,
    )
    def list_plants(call: Call) -> Any:
        page, size = call.query["page"], call.query["per_page"]
        rows = list(plants.rows.values())
        shown = rows[(page - 1) * size : page * size]
        link = (
            {"Link": f'<{call.request.url.include_query_params(page=page + 1)}>; rel="next"'}
            if page * size < len(rows)
            else {}
        )
        return 200, shown, {"X-Total-Count": str(len(rows)), **link}

    plants.add_create()
    plants.add_fetch()
    plants.add_delete()
    return api


def build_seek_by_id() -> SmallApi:
    """Pages begin after an id, which need not exist, and go both ways."""
    api = SmallApi("Plants after and before")
    plants = make_plants(api)

    @api.add(
        "GET /plants",
        {200: obj("data has_more", data=arr(plants.row), has_more=BOOL)},
        query={"starting_after": INT, "ending_before": INT, "limit": {**SIZE, "default": 5}},
    )
    def list_plants(call: Call) -> Any:
        rows = sorted(plants.rows.values(), key=lambda r: r["id"])
        size = call.query["limit"]
        if "ending_before" in call.query:
            rows = [r for r in rows if r["id"] < call.query["ending_before"]]
            return {"data": rows[-size:], "has_more": len(rows) > size}
        rows = [r for r in rows if r["id"] > call.query.get("starting_after", 0)]
        return {"data": rows[:size], "has_more": len(rows) > size}

    plants.add_create()
    plants.add_fetch()
    plants.add_delete()
    return api
