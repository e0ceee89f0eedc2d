"""Todo lists with items: what somebody writes after an afternoon with the FastAPI tutorial."""

from datetime import date, datetime
from itertools import count
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel, Field

from tests.twins.service import Clock, Collection, Paging, Service


class TodoListCreate(BaseModel):
    name: str = Field(min_length=1, max_length=80)
    color: str | None = None


class TodoList(TodoListCreate):
    id: int
    created_at: datetime


class ItemCreate(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    notes: str | None = None
    due: date | None = None
    priority: int = Field(default=0, ge=0, le=5)


class ItemUpdate(BaseModel):
    title: str | None = Field(default=None, min_length=1, max_length=200)
    notes: str | None = None
    due: date | None = None
    priority: int | None = Field(default=None, ge=0, le=5)
    done: bool | None = None


class Item(ItemCreate):
    id: int
    list_id: int
    done: bool = False
    created_at: datetime


class Message(BaseModel):
    detail: str


def build(clock: Clock) -> FastAPI:  # noqa: C901  one function an operation
    app = FastAPI(title="Todo lists")
    lists: dict[int, TodoList] = {}
    items: dict[int, Item] = {}
    list_ids, item_ids = count(1001), count(5001)
    not_found = {404: {"model": Message, "description": "Not found"}}

    def find_list(list_id: int) -> TodoList:
        if list_id not in lists:
            raise HTTPException(404, "List not found")
        return lists[list_id]

    def find_item(list_id: int, item_id: int) -> Item:
        find_list(list_id)
        item = items.get(item_id)
        if item is None or item.list_id != list_id:
            raise HTTPException(404, "Item not found")
        return item

    @app.get("/lists")
    async def read_lists(
        limit: Annotated[int, Query(ge=1, le=100)] = 20, offset: Annotated[int, Query(ge=0)] = 0
    ) -> list[TodoList]:
        return [*reversed(lists.values())][offset : offset + limit]

    @app.post("/lists", status_code=201)
    async def create_list(body: TodoListCreate) -> TodoList:
        made = TodoList(id=next(list_ids), created_at=clock.now(), **body.model_dump())
        lists[made.id] = made
        return made

    @app.get("/lists/{list_id}", responses=not_found)
    async def read_list(list_id: int) -> TodoList:
        return find_list(list_id)

    @app.put("/lists/{list_id}", responses=not_found)
    async def replace_list(list_id: int, body: TodoListCreate) -> TodoList:
        lists[list_id] = find_list(list_id).model_copy(update=body.model_dump())
        return lists[list_id]

    @app.delete("/lists/{list_id}", status_code=204, responses=not_found)
    async def delete_list(list_id: int) -> None:
        del lists[find_list(list_id).id]
        for item in [item for item in items.values() if item.list_id == list_id]:
            del items[item.id]

    @app.get("/lists/{list_id}/items", responses=not_found)
    async def read_items(
        list_id: int,
        done: bool | None = None,  # noqa: FBT001  a query parameter
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> list[Item]:
        find_list(list_id)
        found = [item for item in reversed(items.values()) if item.list_id == list_id and done in {None, item.done}]
        return found[offset : offset + limit]

    @app.post("/lists/{list_id}/items", status_code=201, responses=not_found)
    async def create_item(list_id: int, body: ItemCreate) -> Item:
        find_list(list_id)
        made = Item(id=next(item_ids), list_id=list_id, created_at=clock.now(), **body.model_dump())
        items[made.id] = made
        return made

    @app.get("/lists/{list_id}/items/{item_id}", responses=not_found)
    async def read_item(list_id: int, item_id: int) -> Item:
        return find_item(list_id, item_id)

    @app.patch("/lists/{list_id}/items/{item_id}", responses=not_found)
    async def update_item(list_id: int, item_id: int, body: ItemUpdate) -> Item:
        found = find_item(list_id, item_id)
        items[item_id] = found.model_copy(update=body.model_dump(exclude_unset=True))
        return items[item_id]

    @app.delete("/lists/{list_id}/items/{item_id}", status_code=204, responses=not_found)
    async def delete_item(list_id: int, item_id: int) -> None:
        del items[find_item(list_id, item_id).id]

    return app


SERVICE = Service(
    name="todo-lists",
    build=build,
    collections=(
        Collection("/lists", "list_id", paging=Paging("offset", "offset")),
        Collection("/lists/{list_id}/items", "item_id", paging=Paging("offset", "offset")),
    ),
    made=frozenset(["id", "list_id"]),
)
