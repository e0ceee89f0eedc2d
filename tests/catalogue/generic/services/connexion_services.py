"""Services on Connexion, which checks requests by the document that it is given."""

import logging
import warnings
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.catalogue.generic.crud import BOOL, INT, NAME, STR, arr, obj, ref
from tests.catalogue.generic.services.flask_services import answer, name_parameter, take, write_document

with warnings.catch_warnings():  # Connexion's import of Starlette's test client, which asks for another httpx
    warnings.simplefilter("ignore")
    from connexion import AsyncApp, problem
    from connexion.middleware import MiddlewarePosition

logging.getLogger("connexion").setLevel(logging.CRITICAL)
_PROBLEM = answer(
    obj("title status", title=STR, status=INT, detail=STR, type=STR), "Refused", "application/problem+json"
)


def _show(body: Any, status: int = 200) -> Any:
    """Return a result of JSON: Connexion asks for the media type where an operation documents several."""
    return body, status, {"Content-Type": "application/json"}


def _build(document: dict[str, Any], handlers: dict[str, Any], **options: Any) -> AsyncApp:
    app = AsyncApp("generic")
    app.add_api(document, resolver=_Resolver(handlers), **options)
    app.add_middleware(_Utf8Only, MiddlewarePosition.BEFORE_EXCEPTION)
    app.document = document  # type: ignore[attr-defined]
    return app


class _Utf8Only:
    """Refuses bodies that are no UTF-8, on which Connexion fails."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            body.decode()
        except UnicodeDecodeError:
            refused = {"title": "Bad Request", "status": 400}
            await JSONResponse(refused, 400, media_type="application/problem+json")(scope, receive, send)
            return
        messages: list[Message] = [{"type": "http.request", "body": body}]

        async def receive_again() -> Message:
            return messages.pop() if messages else await receive()

        await self.app(scope, receive_again, send)


class _Resolver:
    """Finds handlers by operationId."""

    def __new__(cls, handlers: dict[str, Any]) -> Any:
        from connexion.resolver import Resolver

        return Resolver(handlers.__getitem__)


def build_strict_queries() -> AsyncApp:
    """Query parameters that are not documented are refused, and so are properties that are not."""
    rows: dict[int, Any] = {n: {"id": n, "name": f"boat {n}", "sails": n % 3} for n in range(1, 7)}
    new = {
        **obj("name", name=NAME, sails={"type": "integer", "minimum": 0, "maximum": 9}),
        "additionalProperties": False,
    }
    path = {"parameters": [name_parameter("boat_id", {"type": "integer", "minimum": 1}, "path")]}
    document = write_document(
        "Boats on Connexion",
        {
            "/boats": {
                "get": {
                    "operationId": "list",
                    "description": "Unknown query parameters are refused.",
                    "parameters": [
                        name_parameter("sails", {"type": "integer", "minimum": 0, "maximum": 9}),
                        name_parameter("limit", {"type": "integer", "minimum": 1, "maximum": 50, "default": 20}),
                    ],
                    "responses": {"200": answer(arr(ref("Boat"))), "400": _PROBLEM},
                },
                "post": {
                    "operationId": "create",
                    "requestBody": take(ref("New")),
                    "responses": {"201": answer(ref("Boat")), "400": _PROBLEM, "415": _PROBLEM},
                },
            },
            "/boats/{boat_id}": {
                **path,
                "get": {
                    "operationId": "get",
                    "responses": {"200": answer(ref("Boat")), "400": _PROBLEM, "404": _PROBLEM},
                },
                "put": {
                    "operationId": "replace",
                    "requestBody": take(ref("New")),
                    "responses": {"200": answer(ref("Boat")), "400": _PROBLEM, "404": _PROBLEM, "415": _PROBLEM},
                },
                "delete": {"operationId": "delete", "responses": {"204": answer(), "400": _PROBLEM, "404": _PROBLEM}},
            },
        },
        {"Boat": obj("id name", id=INT, name=STR, sails=INT), "New": new},
    )

    async def list_boats(limit: int = 20, sails: int | None = None) -> Any:
        return _show([r for r in rows.values() if sails in {None, r["sails"]}][:limit])

    async def create(body: Any) -> Any:
        key = max(rows, default=0) + 1
        rows[key] = {"sails": 1, **body, "id": key}
        return _show(rows[key], 201)

    async def get(boat_id: int) -> Any:
        return _show(rows[boat_id]) if boat_id in rows else problem(404, "Not Found", "there is none")

    async def replace(boat_id: int, body: Any) -> Any:
        if boat_id not in rows:
            return problem(404, "Not Found", "there is none")
        rows[boat_id] = {"sails": 1, **body, "id": boat_id}
        return _show(rows[boat_id])

    async def delete(boat_id: int) -> Any:
        return problem(404, "Not Found", "there is none") if rows.pop(boat_id, None) is None else (None, 204)

    handlers = {"list": list_boats, "create": create, "get": get, "replace": replace, "delete": delete}
    return _build(document, handlers, strict_validation=True)


def build_keys() -> AsyncApp:
    """A key in a header, looked at by Connexion."""
    rows: dict[int, Any] = {1: {"id": 1, "text": "a", "pinned": False}}
    new = obj("text", text={"type": "string", "minLength": 1, "maxLength": 100}, pinned=BOOL)
    path = {"parameters": [name_parameter("memo_id", {"type": "integer", "minimum": 1}, "path")]}
    refused = {"400": _PROBLEM, "401": _PROBLEM}
    document = write_document(
        "Memos on Connexion",
        {
            "/memos": {
                "get": {
                    "operationId": "list",
                    "responses": {"200": answer(obj("memos", memos=arr(ref("Memo")))), **refused},
                    "parameters": [name_parameter("pinned", BOOL)],
                },
                "post": {
                    "operationId": "create",
                    "requestBody": take(new),
                    "responses": {"201": answer(ref("Memo")), "415": _PROBLEM, **refused},
                },
            },
            "/memos/{memo_id}": {
                **path,
                "get": {"operationId": "get", "responses": {"200": answer(ref("Memo")), "404": _PROBLEM, **refused}},
                "delete": {"operationId": "delete", "responses": {"204": answer(), "404": _PROBLEM, **refused}},
            },
        },
        {"Memo": obj("id text pinned", id=INT, text=STR, pinned=BOOL)},
        components={
            "securitySchemes": {
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Api-Key",
                    "x-apikeyInfoFunc": "tests.catalogue.generic.services.connexion_services.check_key",
                }
            }
        },
        security=[{"key": []}],
    )

    async def list_memos(pinned: bool | None = None) -> Any:  # noqa: FBT001  a query parameter
        return _show({"memos": [r for r in rows.values() if pinned in {None, r["pinned"]}]})

    async def create(body: Any) -> Any:
        key = max(rows, default=0) + 1
        rows[key] = {"pinned": False, **body, "id": key}
        return _show(rows[key], 201)

    async def get(memo_id: int) -> Any:
        return _show(rows[memo_id]) if memo_id in rows else problem(404, "Not Found", "there is none")

    async def delete(memo_id: int) -> Any:
        return problem(404, "Not Found", "there is none") if rows.pop(memo_id, None) is None else (None, 204)

    app = _build(document, {"list": list_memos, "create": create, "get": get, "delete": delete})
    app.headers = {"X-Api-Key": "k-1"}  # type: ignore[attr-defined]
    return app


def check_key(apikey: str, required_scopes: Any = None) -> Any:  # noqa: ARG001  Connexion's signature
    """Return who has a key, None for nobody."""
    return {"sub": "ada"} if apikey == "k-1" else None
