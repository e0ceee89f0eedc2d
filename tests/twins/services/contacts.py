"""Companies and contacts in the style of a PHP framework: data, links and meta, short paths to nested rows."""

import json
from collections.abc import Iterable
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from tests.twins.service import Clock, Collection, Paging, Service, read_document

_PAGE_SIZE = 15
Row = dict[str, Any]


class ModelNotFound(Exception):
    """An id that no row has."""


class InvalidFields(Exception):
    """Fields of a body that are wrong."""


async def show_missing(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"message": "No query results"}, 404)


async def show_invalid(_request: Request, error: Exception) -> JSONResponse:
    errors = {name: [f"The {name} field is required."] for name in error.args}
    return JSONResponse({"message": "The given data was invalid.", "errors": errors}, 422)


async def read_input(request: Request, required: Iterable[str]) -> Row:
    body: Row = json.loads(await request.body())
    missing = [name for name in required if name not in body]
    if missing:
        raise InvalidFields(*missing)
    return body


def list_page(request: Request, rows: list[Row]) -> JSONResponse:
    number = int(request.query_params.get("page", 1))
    size = int(request.query_params.get("per_page", _PAGE_SIZE))
    page, last = rows[(number - 1) * size : number * size], max(-(-len(rows) // size), 1)

    def link(target: int) -> str:
        return str(request.url.include_query_params(page=target))

    links = {
        "first": link(1),
        "last": link(last),
        "prev": link(number - 1) if number > 1 else None,
        "next": link(number + 1) if number < last else None,
    }
    meta = {
        "current_page": number,
        "from": (number - 1) * size + 1 if page else None,
        "last_page": last,
        "per_page": size,
        "to": (number - 1) * size + len(page) if page else None,
        "total": len(rows),
    }
    return JSONResponse({"data": page, "links": links, "meta": meta})


def build(clock: Clock) -> Starlette:  # noqa: C901  one function an operation
    companies: dict[int, Row] = {}
    contacts: dict[int, Row] = {}
    company_ids, contact_ids = count(1_001), count(70_001)

    def find(rows: dict[int, Row], request: Request) -> Row:
        if request.path_params["id"] not in rows:
            raise ModelNotFound
        return rows[request.path_params["id"]]

    def start_row(identity: int) -> Row:
        now = clock.now().isoformat()
        return {"id": identity, "created_at": now, "updated_at": now}

    async def list_companies(request: Request) -> JSONResponse:
        return list_page(request, [*companies.values()][::-1])

    async def add_company(request: Request) -> JSONResponse:
        body = await read_input(request, ["name"])
        made = {**start_row(next(company_ids)), "website": None, **body}
        companies[made["id"]] = made
        return JSONResponse({"data": made}, 201)

    async def get_company(request: Request) -> JSONResponse:
        return JSONResponse({"data": find(companies, request)})

    async def remove_company(request: Request) -> Response:
        identity = find(companies, request)["id"]
        del companies[identity]
        for contact in [contact for contact in contacts.values() if contact["company_id"] == identity]:
            del contacts[contact["id"]]
        return Response(status_code=204)

    async def list_contacts(request: Request) -> JSONResponse:
        company, query = find(companies, request), request.query_params
        found = [contact for contact in contacts.values() if contact["company_id"] == company["id"]][::-1]
        if "search" in query:
            words = query["search"].lower()
            found = [c for c in found if words in f"{c['first_name']} {c['last_name']} {c['email']}".lower()]
        if "is_active" in query:
            found = [contact for contact in found if str(contact["is_active"]).lower() == query["is_active"]]
        return list_page(request, found)

    async def add_contact(request: Request) -> JSONResponse:
        body = await read_input(request, ["first_name", "last_name", "email"])
        company = find(companies, request)
        made = {**start_row(next(contact_ids)), "company_id": company["id"], "phones": [], "is_active": True, **body}
        contacts[made["id"]] = made
        return JSONResponse({"data": made}, 201)

    async def get_contact(request: Request) -> JSONResponse:
        return JSONResponse({"data": find(contacts, request)})

    async def replace_contact(request: Request) -> JSONResponse:
        body = await read_input(request, ["first_name", "last_name", "email"])
        contact = find(contacts, request)
        contact |= {"phones": [], **body, "updated_at": clock.now().isoformat()}
        return JSONResponse({"data": contact})

    async def remove_contact(request: Request) -> JSONResponse:
        del contacts[find(contacts, request)["id"]]
        return JSONResponse({"message": "Contact removed"})

    async def deactivate_contact(request: Request) -> JSONResponse:
        contact = find(contacts, request)
        contact |= {"is_active": False, "updated_at": clock.now().isoformat()}
        return JSONResponse({"data": contact})

    company, contact = "/companies/{id:int}", "/contacts/{id:int}"
    routes = [
        Route("/companies", list_companies),
        Route("/companies", add_company, methods=["POST"]),
        Route(company, get_company),
        Route(company, remove_company, methods=["DELETE"]),
        Route(f"{company}/contacts", list_contacts),
        Route(f"{company}/contacts", add_contact, methods=["POST"]),
        Route(contact, get_contact),
        Route(contact, replace_contact, methods=["PUT"]),
        Route(contact, remove_contact, methods=["DELETE"]),
        Route(f"{contact}/deactivate", deactivate_contact, methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {ModelNotFound: show_missing, InvalidFields: show_invalid}
    return Starlette(routes=[Mount("/api/v2", routes=routes)], exception_handlers=handlers)


_PAGES = Paging("page", "page", "per_page")
SERVICE = Service(
    name="contacts",
    build=build,
    document=read_document("contacts"),
    base="/api/v2",
    collections=(
        Collection("/companies", "company", rows="data", row="data", paging=_PAGES),
        Collection(
            "/companies/{company}/contacts",
            "contact",
            rows="data",
            row="data",
            paging=_PAGES,
            item="/contacts/{contact}",
        ),
    ),
    made=frozenset(["id", "company_id"]),
    tokens=frozenset(["first", "last", "prev", "next"]),
    free=frozenset(["message", "last_page"]),
    headers={"X-Api-Key": "of-somebody"},
    values={
        "per_page": [1, 2, 15],
        "page": [1, 1, 2],
        "search": ["alpha", "GAMMA", "zzz"],
        "number": ["+47 22 00 00 00"],
    },
)
