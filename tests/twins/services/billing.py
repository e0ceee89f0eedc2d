"""Billing in the style of a payment company: forms in, objects out, POST for every change, ids with a prefix."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

Row = dict[str, Any]


class BadRequest(Exception):
    """A request that is refused, with the status of the response."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def show_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BadRequest)
    shown = {"type": "invalid_request_error", "message": str(error)}
    return JSONResponse({"error": shown}, error.status)


async def read_form(request: Request, required: Iterable[str] = ()) -> Row:
    """Return the form of a request; ``metadata[key]`` is a property of an object."""
    form: Row = {}
    for name, value in (await request.form()).items():
        head, _, key = name.rstrip("]").partition("[")
        if key:
            form.setdefault(head, {})[key] = value
        else:
            form[name] = value
    for name in required:
        if name not in form:
            raise BadRequest(400, f"Missing required param: {name}.")
    return form


def list_rows(request: Request, rows: Iterable[Row], *filters: str) -> JSONResponse:
    query = request.query_params
    found = [row for row in rows if all(row[name] == query[name] for name in filters if name in query)][::-1]
    limit = int(query.get("limit", 10))
    start = next((n + 1 for n, row in enumerate(found) if row["id"] == query.get("starting_after")), 0)
    page = found[start : start + limit]
    more = start + limit < len(found)
    return JSONResponse({"object": "list", "data": page, "has_more": more, "url": request.url.path})


def build(clock: Clock) -> Starlette:  # noqa: C901  one function an operation
    customers: dict[str, Row] = {}
    invoices: dict[str, Row] = {}
    numbers = count(1)

    def find(rows: dict[str, Row], key: str) -> Row:
        if key not in rows:
            raise BadRequest(404, f"No such object: '{key}'")
        return rows[key]

    def start_row(kind: str, prefix: str) -> Row:
        return {"id": f"{prefix}_{next(numbers):014}", "object": kind, "created": int(clock.now().timestamp())}

    async def get_customers(request: Request) -> JSONResponse:
        return list_rows(request, customers.values(), "email")

    async def post_customers(request: Request) -> JSONResponse:
        made = start_row("customer", "cus") | {"name": None, "email": None, "metadata": {}} | await read_form(request)
        customers[made["id"]] = made
        return JSONResponse(made)

    async def get_customer(request: Request) -> JSONResponse:
        return JSONResponse(find(customers, request.path_params["customer"]))

    async def update_customer(request: Request) -> JSONResponse:
        customer = find(customers, request.path_params["customer"])
        customer |= await read_form(request)
        return JSONResponse(customer)

    async def delete_customer(request: Request) -> JSONResponse:
        customer = find(customers, request.path_params["customer"])
        del customers[customer["id"]]
        return JSONResponse({"id": customer["id"], "object": "customer", "deleted": True})

    async def get_invoices(request: Request) -> JSONResponse:
        return list_rows(request, invoices.values(), "customer", "status")

    async def post_invoices(request: Request) -> JSONResponse:
        form = await read_form(request, ["customer", "amount_due"])
        made = start_row("invoice", "in") | {"description": None, "status": "draft"} | form
        made["amount_due"] = int(made["amount_due"])
        invoices[made["id"]] = made
        return JSONResponse(made)

    async def get_invoice(request: Request) -> JSONResponse:
        return JSONResponse(find(invoices, request.path_params["invoice"]))

    def move_invoice(later: str, *earlier: str) -> Any:
        async def move(request: Request) -> JSONResponse:
            invoice = find(invoices, request.path_params["invoice"])
            if invoice["status"] not in earlier:
                raise BadRequest(409, f"This invoice is {invoice['status']}.")
            invoice["status"] = later
            return JSONResponse(invoice)

        return move

    return Starlette(
        routes=[
            Route("/v1/customers", get_customers),
            Route("/v1/customers", post_customers, methods=["POST"]),
            Route("/v1/customers/{customer}", get_customer),
            Route("/v1/customers/{customer}", update_customer, methods=["POST"]),
            Route("/v1/customers/{customer}", delete_customer, methods=["DELETE"]),
            Route("/v1/invoices", get_invoices),
            Route("/v1/invoices", post_invoices, methods=["POST"]),
            Route("/v1/invoices/{invoice}", get_invoice),
            Route("/v1/invoices/{invoice}/finalize", move_invoice("open", "draft"), methods=["POST"]),
            Route("/v1/invoices/{invoice}/pay", move_invoice("paid", "draft", "open"), methods=["POST"]),
        ],
        exception_handlers={BadRequest: show_error},
    )


_PAGES = Paging("last-id", "starting_after", next="has_more")
SERVICE = Service(
    name="billing",
    build=build,
    document=read_document("billing"),
    collections=(
        Collection("/v1/customers", "customer", rows="data", paging=_PAGES),
        Collection("/v1/invoices", "invoice", rows="data", paging=_PAGES),
    ),
    made=frozenset(["id", "customer"]),
    free=frozenset(["url"]),
    references={"customer": "customer"},
    values={
        "email": ["ann@example.com", "bob@example.com"],
        "metadata": [{"plan": "gold"}, {"plan": "free", "source": "web"}],
        "limit": [1, 2, 3],
    },
)
