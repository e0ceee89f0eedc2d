"""A team wiki: pages with versions in ETag, changes by JSON Patch, and two things that there is one of."""

import hashlib
from datetime import datetime
from itertools import count
from typing import Annotated, Any, Literal

import jsonpatch
from fastapi import Body, FastAPI, Header, HTTPException, Response
from pydantic import BaseModel

from tests.twins.service import Clock, Collection, Service


class PageDraft(BaseModel):
    title: str
    text: str
    labels: list[str] = []


class WikiPage(PageDraft):
    id: int
    created_at: datetime
    updated_at: datetime


class Profile(BaseModel):
    display_name: str
    email: str
    time_zone: str


class ProfilePatch(BaseModel):
    display_name: str | None = None
    time_zone: str | None = None


class Preferences(BaseModel):
    theme: str
    page_width: int
    notify: bool


class PageChange(BaseModel):
    """One operation of RFC 6902."""

    op: Literal["add", "replace"]
    path: Literal["/title", "/text"]
    value: str


class Message(BaseModel):
    detail: str


_TAG = {"ETag": {"schema": {"type": "string"}, "description": "The version of the page"}}


def build(clock: Clock) -> FastAPI:  # noqa: C901  one function an operation
    app = FastAPI(title="Team wiki")
    pages: dict[int, WikiPage] = {}
    numbers = count(1_001)
    profile = Profile(display_name="", email="me@example.com", time_zone="UTC")
    preferences = Preferences(theme="", page_width=0, notify=False)
    shown = {200: {"headers": _TAG}}
    unchanged = {304: {"description": "Not modified"}}
    missing = {404: {"model": Message, "description": "There is no such page"}}
    stale = {412: {"model": Message, "description": "The page has changed"}}
    IfMatch = Annotated[str | None, Header()]  # noqa: N806  a type

    def make_tag(page: WikiPage) -> str:
        return f'"{hashlib.sha256(page.model_dump_json().encode()).hexdigest()[:12]}"'

    def find_page(page_id: int, if_match: str | None = None) -> WikiPage:
        if page_id not in pages:
            raise HTTPException(404, "There is no such page")
        if if_match is not None and if_match != make_tag(pages[page_id]):
            raise HTTPException(412, "The page has changed")
        return pages[page_id]

    def store_page(page: WikiPage, response: Response) -> WikiPage:
        pages[page.id] = page
        response.headers["etag"] = make_tag(page)
        return page

    @app.get("/pages", summary="All pages, newest first")
    async def list_pages() -> list[WikiPage]:
        return [*reversed(pages.values())]

    @app.post("/pages", status_code=201, responses={201: {"headers": _TAG}})
    async def create_page(body: PageDraft, response: Response) -> WikiPage:
        now = clock.now()
        return store_page(WikiPage(id=next(numbers), created_at=now, updated_at=now, **body.model_dump()), response)

    @app.get("/pages/{page_id}", response_model=WikiPage, responses={**shown, **missing, **unchanged})
    async def read_page(page_id: int, response: Response, if_none_match: Annotated[str | None, Header()] = None) -> Any:
        page = find_page(page_id)
        if if_none_match == make_tag(page):
            return Response(status_code=304, headers={"etag": if_none_match})
        response.headers["etag"] = make_tag(page)
        return page

    @app.put("/pages/{page_id}", responses={**shown, **missing, **stale})
    async def replace_page(page_id: int, body: PageDraft, response: Response, if_match: IfMatch = None) -> WikiPage:
        page = find_page(page_id, if_match)
        return store_page(page.model_copy(update={**body.model_dump(), "updated_at": clock.now()}), response)

    @app.patch("/pages/{page_id}", responses={**shown, **missing, **stale})
    async def patch_page(
        page_id: int,
        body: Annotated[list[PageChange], Body(media_type="application/json-patch+json")],
        response: Response,
        if_match: IfMatch = None,
    ) -> WikiPage:
        page = find_page(page_id, if_match)
        changed = jsonpatch.apply_patch(page.model_dump(mode="json"), [change.model_dump() for change in body])
        return store_page(WikiPage(**{**changed, "updated_at": clock.now()}), response)

    @app.delete("/pages/{page_id}", status_code=204, responses={**missing, **stale})
    async def delete_page(page_id: int, if_match: IfMatch = None) -> None:
        del pages[find_page(page_id, if_match).id]

    @app.get("/me")
    async def read_me() -> Profile:
        return profile

    @app.patch("/me")
    async def update_me(body: ProfilePatch) -> Profile:
        for name, value in body.model_dump(exclude_none=True).items():
            setattr(profile, name, value)
        return profile

    @app.get("/settings")
    async def read_settings() -> Preferences:
        return preferences

    @app.put("/settings")
    async def replace_settings(body: Preferences) -> Preferences:
        for name, value in body.model_dump().items():
            setattr(preferences, name, value)
        return preferences

    return app


SERVICE = Service(
    name="wiki",
    build=build,
    collections=(Collection("/pages", "page_id"),),
    values={"labels": [[], ["how-to"], ["how-to", "draft"]]},
    free=frozenset(["email"]),
    setup=(
        ("PATCH", "/me", {"display_name": "Ann", "time_zone": "Europe/Oslo"}),
        ("PUT", "/settings", {"theme": "dark", "page_width": 90, "notify": True}),
    ),
)
