"""A shop: products with filters and sort keys, customers, and orders that refer to both."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID, uuid5

from fastapi import FastAPI, HTTPException, Query
from pydantic import BaseModel, Field

from tests.twins.service import Clock, Collection, Paging, Service

_SPACE = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
_Row = TypeVar("_Row")


class Category(StrEnum):
    tools = "tools"
    toys = "toys"
    books = "books"


class ProductIn(BaseModel):
    sku: str
    name: str
    category: Category
    price: float = Field(ge=0)
    in_stock: bool = True


class Product(ProductIn):
    id: UUID
    created_at: datetime
    updated_at: datetime


class ProductPatch(BaseModel):
    name: str | None = None
    category: Category | None = None
    price: float | None = Field(default=None, ge=0)
    in_stock: bool | None = None


class CustomerIn(BaseModel):
    email: str
    full_name: str


class Customer(CustomerIn):
    id: UUID
    created_at: datetime


class OrderLine(BaseModel):
    product_id: UUID
    quantity: int = Field(ge=1, le=9)


class OrderIn(BaseModel):
    customer_id: UUID
    lines: list[OrderLine] = Field(min_length=1)
    comment: str | None = None


class OrderStatus(StrEnum):
    pending = "pending"
    paid = "paid"
    shipped = "shipped"
    cancelled = "cancelled"


class Order(OrderIn):
    id: UUID
    status: OrderStatus
    created_at: datetime


class Page(BaseModel, Generic[_Row]):
    items: list[_Row]
    total: int
    page: int
    per_page: int
    pages: int


class Problem(BaseModel):
    detail: str


def cut_page(rows: list[_Row], page: int, per_page: int) -> Page[_Row]:
    start = (page - 1) * per_page
    pages = -(-len(rows) // per_page)
    return Page(items=rows[start : start + per_page], total=len(rows), page=page, per_page=per_page, pages=pages)


def build(clock: Clock) -> FastAPI:  # noqa: C901  one function an operation
    app = FastAPI(title="Corner shop", version="2.1.0")
    products: dict[UUID, Product] = {}
    customers: dict[UUID, Customer] = {}
    orders: dict[UUID, Order] = {}
    not_found = {404: {"model": Problem}}
    conflict = {409: {"model": Problem}}
    PageNumber = Annotated[int, Query(ge=1)]  # noqa: N806  a type
    PageSize = Annotated[int, Query(ge=1, le=50)]  # noqa: N806  a type

    def make_id() -> UUID:
        return uuid5(_SPACE, clock.now().isoformat())

    def find(rows: dict[UUID, _Row], key: UUID) -> _Row:
        if key not in rows:
            raise HTTPException(404, "Not found")
        return rows[key]

    @app.get("/products")
    async def list_products(
        category: Category | None = None,
        min_price: float | None = None,
        max_price: float | None = None,
        in_stock: bool | None = None,  # noqa: FBT001  a query parameter
        sort: Literal["price", "-price", "created_at", "-created_at"] = "-created_at",
        page: PageNumber = 1,
        per_page: PageSize = 10,
    ) -> Page[Product]:
        found = [
            product
            for product in products.values()
            if category in {None, product.category}
            and (min_price is None or product.price >= min_price)
            and (max_price is None or product.price <= max_price)
            and in_stock in {None, product.in_stock}
        ]
        found.sort(key=lambda product: getattr(product, sort.lstrip("-")), reverse=sort.startswith("-"))
        return cut_page(found, page, per_page)

    @app.post("/products", status_code=201, responses=conflict)
    async def create_product(body: ProductIn) -> Product:
        if any(product.sku == body.sku for product in products.values()):
            raise HTTPException(409, "A product with this SKU exists already")
        made = Product(id=make_id(), created_at=clock.now(), updated_at=clock.now(), **body.model_dump())
        products[made.id] = made
        return made

    @app.get("/products/{product_id}", responses=not_found)
    async def get_product(product_id: UUID) -> Product:
        return find(products, product_id)

    @app.patch("/products/{product_id}", responses=not_found)
    async def update_product(product_id: UUID, body: ProductPatch) -> Product:
        changes = {name: value for name, value in body.model_dump().items() if value is not None}
        products[product_id] = find(products, product_id).model_copy(update={**changes, "updated_at": clock.now()})
        return products[product_id]

    @app.delete("/products/{product_id}", status_code=204, responses=not_found)
    async def delete_product(product_id: UUID) -> None:
        find(products, product_id)
        del products[product_id]

    @app.get("/customers", description="Customers, newest first.")
    async def list_customers(email: str | None = None, page: PageNumber = 1, per_page: PageSize = 10) -> Page[Customer]:
        found = [customer for customer in customers.values() if email in {None, customer.email}]
        return cut_page(found[::-1], page, per_page)

    @app.post("/customers", status_code=201, responses=conflict)
    async def create_customer(body: CustomerIn) -> Customer:
        if any(customer.email == body.email for customer in customers.values()):
            raise HTTPException(409, "This e-mail address is in use")
        made = Customer(id=make_id(), created_at=clock.now(), **body.model_dump())
        customers[made.id] = made
        return made

    @app.get("/customers/{customer_id}", responses=not_found)
    async def get_customer(customer_id: UUID) -> Customer:
        return find(customers, customer_id)

    @app.get("/orders", description="Orders, newest first.")
    async def list_orders(
        customer_id: UUID | None = None,
        status: OrderStatus | None = None,
        page: PageNumber = 1,
        per_page: PageSize = 10,
    ) -> Page[Order]:
        found = [
            order
            for order in orders.values()
            if customer_id in {None, order.customer_id} and status in {None, order.status}
        ]
        return cut_page(found[::-1], page, per_page)

    @app.post("/orders", status_code=201)
    async def create_order(body: OrderIn) -> Order:
        made = Order(id=make_id(), status=OrderStatus.pending, created_at=clock.now(), **body.model_dump())
        orders[made.id] = made
        return made

    @app.get("/orders/{order_id}", responses=not_found)
    async def get_order(order_id: UUID) -> Order:
        return find(orders, order_id)

    @app.post("/orders/{order_id}/cancel", responses={**not_found, **conflict})
    async def cancel_order(order_id: UUID) -> Order:
        order = find(orders, order_id)
        if order.status in {OrderStatus.shipped, OrderStatus.cancelled}:
            raise HTTPException(409, f"The order is {order.status}")
        orders[order_id] = order.model_copy(update={"status": OrderStatus.cancelled})
        return orders[order_id]

    return app


SERVICE = Service(
    name="shop",
    build=build,
    collections=(
        Collection("/products", "product_id", rows="items", paging=Paging("page", "page", "per_page")),
        Collection("/customers", "customer_id", rows="items", paging=Paging("page", "page", "per_page")),
        Collection("/orders", "order_id", rows="items", paging=Paging("page", "page", "per_page")),
    ),
    made=frozenset(["id", "customer_id", "product_id"]),
    references={"customer_id": "customer_id", "product_id": "product_id"},
    values={
        "sku": [f"SKU-{number}" for number in range(15)],
        "email": [f"user{number}@example.com" for number in range(12)],
        "price": [number / 100 for number in range(100, 900_000, 7)],
        "min_price": [20, 45.5],
        "max_price": [30, 70.25],
        "per_page": [1, 2, 3, 10],
        "page": [1, 1, 2],
    },
)
