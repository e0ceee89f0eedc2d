"""A calendar: categories in a tree, events in a time range, replies of guests, and a count of everything."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid5

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AwareDatetime, BaseModel

from tests.twins.service import Clock, Collection, Paging, Service

_SPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


class CategoryIn(BaseModel):
    title: str
    parent_id: UUID | None = None


class Category(CategoryIn):
    id: UUID


class EventIn(BaseModel):
    title: str
    starts_at: AwareDatetime
    all_day: bool = False
    category_id: UUID | None = None
    location: str | None = None


class Event(EventIn):
    id: UUID
    status: Literal["tentative", "confirmed", "cancelled"] = "tentative"
    created_at: datetime


class EventChange(BaseModel):
    title: str | None = None
    location: str | None = None
    all_day: bool | None = None


class Events(BaseModel):
    events: list[Event]
    next_page_token: str | None = None


class Message(BaseModel):
    detail: str


def build(clock: Clock) -> FastAPI:  # noqa: C901  one function an operation
    bearer = HTTPBearer(auto_error=False)

    async def require_user(token: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if token is None or not token.credentials:
            raise HTTPException(401, "Not authenticated", {"WWW-Authenticate": "Bearer"})

    app = FastAPI(title="Calendar", dependencies=[Depends(require_user)])
    categories: dict[UUID, Category] = {}
    events: dict[UUID, Event] = {}
    missing = {404: {"model": Message}}
    conflict = {409: {"model": Message}}

    def make_id() -> UUID:
        return uuid5(_SPACE, clock.now().isoformat())

    def find_event(event_id: UUID) -> Event:
        if event_id not in events:
            raise HTTPException(404, "No such event")
        return events[event_id]

    def move_event(event_id: UUID, later: Literal["confirmed", "cancelled"], *earlier: str) -> Event:
        if find_event(event_id).status not in earlier:
            raise HTTPException(409, f"The event is {events[event_id].status}")
        events[event_id] = events[event_id].model_copy(update={"status": later})
        return events[event_id]

    @app.get("/categories")
    async def list_categories(parent_id: UUID | None = None) -> list[Category]:
        """Categories, newest first."""
        return [c for c in reversed(categories.values()) if parent_id in {None, c.parent_id}]

    @app.post("/categories", status_code=201)
    async def create_category(body: CategoryIn) -> Category:
        made = Category(id=make_id(), **body.model_dump())
        categories[made.id] = made
        return made

    @app.get("/categories/{category_id}", responses=missing)
    async def get_category(category_id: UUID) -> Category:
        if category_id not in categories:
            raise HTTPException(404, "No such category")
        return categories[category_id]

    @app.get("/events")
    async def list_events(
        starts_after: AwareDatetime | None = None,
        starts_before: AwareDatetime | None = None,
        category_id: UUID | None = None,
        status: Annotated[list[str] | None, Query(description="One or more statuses")] = None,
        page_token: str | None = None,
        page_size: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Events:
        """Events, most recently created first."""
        found = [
            event
            for event in reversed(events.values())
            if (starts_after is None or event.starts_at > starts_after)
            and (starts_before is None or event.starts_at < starts_before)
            and category_id in {None, event.category_id}
            and (not status or event.status in status)
        ]
        if page_token is not None and not page_token.isdecimal():
            error = {"loc": ["query", "page_token"], "msg": "unknown page token", "type": "value_error"}
            raise HTTPException(422, [error])
        start = int(page_token or 0)
        following = str(start + page_size) if start + page_size < len(found) else None
        return Events(events=found[start : start + page_size], next_page_token=following)

    @app.post("/events", status_code=201)
    async def create_event(body: EventIn) -> Event:
        made = Event(id=make_id(), created_at=clock.now(), **body.model_dump())
        events[made.id] = made
        return made

    @app.get("/events/{event_id}", responses=missing)
    async def get_event(event_id: UUID) -> Event:
        return find_event(event_id)

    @app.patch("/events/{event_id}", responses=missing)
    async def change_event(event_id: UUID, body: EventChange) -> Event:
        changes = {name: value for name, value in body.model_dump().items() if value is not None}
        events[event_id] = find_event(event_id).model_copy(update=changes)
        return events[event_id]

    @app.post("/events/{event_id}/confirm", responses={**missing, **conflict})
    async def confirm_event(event_id: UUID) -> Event:
        return move_event(event_id, "confirmed", "tentative")

    @app.post("/events/{event_id}/cancel", responses={**missing, **conflict})
    async def cancel_event(event_id: UUID) -> Event:
        return move_event(event_id, "cancelled", "tentative", "confirmed")

    @app.delete("/events/{event_id}", status_code=204, responses=missing)
    async def delete_event(event_id: UUID) -> None:
        del events[find_event(event_id).id]

    return app


_PAGES = Paging("token", "page_token", "page_size", next="next_page_token")
SERVICE = Service(
    name="calendar",
    build=build,
    collections=(
        Collection("/categories", "category_id"),
        Collection(
            "/events",
            "event_id",
            rows="events",
            paging=_PAGES,
        ),
    ),
    made=frozenset(["id", "category_id", "parent_id"]),
    tokens=frozenset(["next_page_token"]),
    headers={"Authorization": "Bearer of-somebody"},
    references={"category_id": "category_id", "parent_id": "category_id"},
    values={
        "starts_at": ["2026-01-05T10:00:00Z", "2026-01-06T10:00:00Z", "2026-02-05T10:00:00+02:00"],
        "starts_after": ["2026-01-05T10:00:00Z", "2026-01-20T00:00:00Z"],
        "starts_before": ["2026-01-06T10:00:00Z"],
        "query status": [["confirmed"], ["tentative", "cancelled"]],
        "page_size": [1, 2, 50],
    },
)
