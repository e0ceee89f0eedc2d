"""A stockroom on FastAPI: items that are replaced as a whole, photos as forms, and corrections of the stock."""

from datetime import datetime
from enum import StrEnum
from itertools import count
from typing import Annotated, Any

from fastapi import FastAPI, File, Form, HTTPException, Query, Response, UploadFile
from pydantic import AwareDatetime, BaseModel, Field

from tests.twins.service import Clock, Service


class Unit(StrEnum):
    piece = "piece"
    box = "box"
    metre = "metre"
    litre = "litre"


class Reason(StrEnum):
    delivery = "delivery"
    damage = "damage"
    recount = "recount"


class Dimensions(BaseModel):
    width_cm: float = Field(gt=0, le=1000)
    height_cm: float = Field(gt=0, le=1000)
    depth_cm: float | None = Field(default=None, gt=0, le=1000)


class ItemIn(BaseModel):
    sku: str = Field(pattern=r"^[A-Z]{3}-\d{4}$")
    name: str = Field(min_length=1, max_length=80)
    unit: Unit
    quantity: int = Field(ge=0, le=100_000)
    reorder_level: int = Field(default=0, ge=0)
    tags: list[str] = Field(default=[], max_length=5)
    dimensions: Dimensions | None = None
    supplier_id: int | None = None


class Item(ItemIn):
    id: int
    created_at: datetime
    updated_at: datetime


class SupplierIn(BaseModel):
    name: str = Field(min_length=1, max_length=120)
    country: str = Field(pattern="^[A-Z]{2}$", examples=["NL"])
    preferred: bool = False


class Supplier(SupplierIn):
    id: int


class AdjustmentIn(BaseModel):
    delta: int = Field(ge=-1000, le=1000)
    reason: Reason
    note: str | None = Field(default=None, max_length=200)


class Adjustment(AdjustmentIn):
    id: int
    item_id: int
    quantity_after: int
    created_at: datetime


class Photo(BaseModel):
    id: int
    item_id: int
    caption: str
    position: int
    size_bytes: int


class Message(BaseModel):
    detail: str


_COUNTED: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"X-Total-Count": {"required": True, "schema": {"type": "integer", "minimum": 0}}}}
}
_PLACED: dict[int | str, dict[str, Any]] = {
    201: {"headers": {"Location": {"required": True, "schema": {"type": "string"}}}}
}
_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": Message}}
_CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Message}}
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}
PageNumber = Annotated[int, Query(ge=1)]
PageSize = Annotated[int, Query(ge=1, le=100)]


class Stock:
    """Everything that is in the room."""

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}
        self.suppliers: dict[int, Supplier] = {}
        self.adjustments: dict[int, Adjustment] = {}
        self.photos: dict[int, Photo] = {}
        self.files: dict[int, bytes] = {}
        self.numbers = count(1)

    def find_item(self, item_id: int) -> Item:
        if item_id not in self.items:
            raise HTTPException(404, "Item not found")
        return self.items[item_id]

    def check(self, body: ItemIn, item_id: int | None = None) -> None:
        if any(item.sku == body.sku and item.id != item_id for item in self.items.values()):
            raise HTTPException(409, "There is an item with this SKU")
        if body.supplier_id is not None and body.supplier_id not in self.suppliers:
            raise HTTPException(404, "Supplier not found")


def cut_page(response: Response, rows: list[Any], page: int, size: int) -> list[Any]:
    response.headers["X-Total-Count"] = str(len(rows))
    return rows[(page - 1) * size : page * size]


def build(clock: Clock) -> FastAPI:
    app = FastAPI(title="Stockroom", version="4.0.1")
    stock = Stock()
    add_items(app, stock, clock)
    add_suppliers(app, stock)
    add_adjustments(app, stock, clock)
    add_photos(app, stock)
    return app


def add_items(app: FastAPI, stock: Stock, clock: Clock) -> None:
    @app.get("/items", responses=_COUNTED, tags=["items"])
    async def search_items(
        response: Response,
        unit: Unit | None = None,
        low_stock: Annotated[bool, Query(description="Only items at or below their reorder level.")] = False,  # noqa: FBT002
        supplier_id: int | None = None,
        order_by: Annotated[str, Query(pattern="^-?(quantity|sku)$")] = "sku",
        page: PageNumber = 1,
        size: PageSize = 25,
    ) -> list[Item]:
        found = [
            item
            for item in stock.items.values()
            if unit in {None, item.unit}
            and supplier_id in {None, item.supplier_id}
            and (not low_stock or item.quantity <= item.reorder_level)
        ]
        found.sort(key=lambda item: getattr(item, order_by.lstrip("-")), reverse=order_by.startswith("-"))
        return cut_page(response, found, page, size)

    @app.post("/items", status_code=201, responses={**_PLACED, **_MISSING, **_CONFLICT}, tags=["items"])
    async def add_item(body: ItemIn, response: Response) -> Item:
        stock.check(body)
        made = Item(id=next(stock.numbers), created_at=clock.now(), updated_at=clock.now(), **body.model_dump())
        stock.items[made.id] = made
        response.headers["Location"] = f"/items/{made.id}"
        return made

    @app.get("/items/{item_id}", responses=_MISSING, tags=["items"])
    async def show_item(item_id: int) -> Item:
        return stock.find_item(item_id)

    @app.put("/items/{item_id}", responses={**_MISSING, **_CONFLICT}, tags=["items"])
    async def replace_item(item_id: int, body: ItemIn) -> Item:
        """Replace an item; what is not sent gets its default."""
        before = stock.find_item(item_id)
        stock.check(body, item_id)
        made = Item(id=item_id, created_at=before.created_at, updated_at=clock.now(), **body.model_dump())
        stock.items[item_id] = made
        return made

    @app.delete("/items/{item_id}", status_code=204, responses=_MISSING, tags=["items"])
    async def remove_item(item_id: int) -> None:
        del stock.items[stock.find_item(item_id).id]
        for photo in [photo for photo in stock.photos.values() if photo.item_id == item_id]:
            del stock.photos[photo.id], stock.files[photo.id]


def add_suppliers(app: FastAPI, stock: Stock) -> None:
    @app.get("/suppliers", responses=_COUNTED, tags=["suppliers"])
    async def search_suppliers(
        response: Response,
        country: Annotated[str | None, Query(pattern="^[A-Z]{2}$", examples=["NL"])] = None,
        preferred: bool | None = None,  # noqa: FBT001
        page: PageNumber = 1,
        size: PageSize = 25,
    ) -> list[Supplier]:
        found = [
            supplier
            for supplier in stock.suppliers.values()
            if country in {None, supplier.country} and preferred in {None, supplier.preferred}
        ]
        return cut_page(response, found, page, size)

    @app.post("/suppliers", status_code=201, tags=["suppliers"])
    async def add_supplier(body: SupplierIn) -> Supplier:
        made = Supplier(id=next(stock.numbers), **body.model_dump())
        stock.suppliers[made.id] = made
        return made

    @app.get("/suppliers/{supplier_id}", responses=_MISSING, tags=["suppliers"])
    async def show_supplier(supplier_id: int) -> Supplier:
        if supplier_id not in stock.suppliers:
            raise HTTPException(404, "Supplier not found")
        return stock.suppliers[supplier_id]


def add_adjustments(app: FastAPI, stock: Stock, clock: Clock) -> None:
    @app.get("/items/{item_id}/adjustments", responses={**_COUNTED, **_MISSING}, tags=["stock"])
    async def list_adjustments(
        item_id: int,
        response: Response,
        reason: Reason | None = None,
        since: AwareDatetime | None = None,
        page: PageNumber = 1,
        size: PageSize = 25,
    ) -> list[Adjustment]:
        """Corrections of the stock of an item, newest first."""
        stock.find_item(item_id)
        found = [
            adjustment
            for adjustment in reversed(stock.adjustments.values())
            if adjustment.item_id == item_id
            and reason in {None, adjustment.reason}
            and (since is None or adjustment.created_at >= since)
        ]
        return cut_page(response, found, page, size)

    @app.post("/items/{item_id}/adjustments", status_code=201, responses={**_MISSING, **_CONFLICT}, tags=["stock"])
    async def adjust_stock(item_id: int, body: AdjustmentIn) -> Adjustment:
        item = stock.find_item(item_id)
        if not 0 <= item.quantity + body.delta <= 100_000:
            raise HTTPException(409, "The shelf does not hold that")
        stock.items[item_id] = item.model_copy(update={"quantity": item.quantity + body.delta})
        made = Adjustment(
            id=next(stock.numbers),
            item_id=item_id,
            quantity_after=item.quantity + body.delta,
            created_at=clock.now(),
            **body.model_dump(),
        )
        stock.adjustments[made.id] = made
        return made


def add_photos(app: FastAPI, stock: Stock) -> None:
    def find_photo(photo_id: int) -> Photo:
        if photo_id not in stock.photos:
            raise HTTPException(404, "Photo not found")
        return stock.photos[photo_id]

    @app.get("/items/{item_id}/photos", responses=_MISSING, tags=["photos"])
    async def list_photos(item_id: int) -> list[Photo]:
        stock.find_item(item_id)
        return [photo for photo in stock.photos.values() if photo.item_id == item_id]

    @app.post("/items/{item_id}/photos", status_code=201, responses=_MISSING, tags=["photos"])
    async def upload_photo(
        item_id: int,
        file: Annotated[UploadFile, File()],
        caption: Annotated[str, Form(max_length=60)] = "",
        position: Annotated[int, Form(ge=1, le=20)] = 1,
    ) -> Photo:
        stock.find_item(item_id)
        content = await file.read()
        made = Photo(
            id=next(stock.numbers), item_id=item_id, caption=caption, position=position, size_bytes=len(content)
        )
        stock.photos[made.id], stock.files[made.id] = made, content
        return made

    @app.get("/photos/{photo_id}/raw", response_class=Response, responses={**_BYTES, **_MISSING}, tags=["photos"])
    async def download_photo(photo_id: int) -> Response:
        return Response(stock.files[find_photo(photo_id).id], media_type="application/octet-stream")

    @app.delete("/photos/{photo_id}", status_code=204, responses=_MISSING, tags=["photos"])
    async def remove_photo(photo_id: int) -> None:
        found = find_photo(photo_id)
        del stock.files[found.id], stock.photos[found.id]


SERVICE = Service(name="stockroom", build=build, collections=())
