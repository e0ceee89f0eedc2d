"""Routing by Connexion: the documents that it routes by, and the middleware that hands its matches back.

Connexion gets *routing documents*, OpenAPI 3.0 documents in memory with nothing but paths, path parameters and
operationIds. Its own reading of 3.1 schemas would be wrong, and a parameter typed ``integer`` would turn a malformed id
into a 404. Connexion is only asked which operation a path is: ``OperationApi`` records the match in the ASGI scope
instead of responding. The exception is a path with a slash too many or too few at its end, for which Connexion
sends a redirect.

    ConnexionMiddleware
    ├── ExceptionMiddleware     Connexion's
    ├── RoutingMiddleware       Connexion's: method and path -> operationId
    ├── OperationMiddleware     ours: operationId -> route and path values, appended to a list in the ASGI scope
    └── LifespanMiddleware      Connexion's

A document with 1,000 operations would take Connexion a second to check. So the routes are split into groups, each with
a routing document of its own, which Connexion gets when the first request to one of its routes comes.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote_from_bytes

from starlette.exceptions import HTTPException

from specduet.mocks.lazy_connexion import (
    ConnexionMiddleware,
    ExceptionMiddleware,
    LifespanMiddleware,
    Resolver,
    RoutedAPI,
    RoutedMiddleware,
    RoutingMiddleware,
)
from specduet.mocks.path_templates import decode_path_value, normalize_path
from specduet.mocks.responses import HttpResponse, Message, Receive, Send
from specduet.mocks.routing import Route, RouteMatch, RouteTable, get_normalized_path

_MATCHES_KEY = "specduet.route_matches"
"""Key of the ASGI scope under which a list stands that the matches are appended to."""
# Connexion takes about 0.8 ms for each operation and 3 ms for each document.
_GROUP_SIZE = 24
_ASCII_BYTES = bytes(range(128))


class ConnexionRouter:
    """Connexion's middleware around the routes of a table, a group of routes at a time."""

    def __init__(self, table: RouteTable) -> None:
        self._table = table
        self._apps: dict[int, ConnexionMiddleware] = {}
        routes = table.routes
        self._groups = [routes[start : start + _GROUP_SIZE] for start in range(0, len(routes), _GROUP_SIZE)]
        self._group_of = {id(route): index for index, group in enumerate(self._groups) for route in group}

    async def handle_lifespan(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Let Connexion handle start-up and shutdown."""
        await self._get_app(0)(scope, receive, send)

    async def find_match(
        self, scope: Mapping[str, Any], receive: Receive, send: Send
    ) -> RouteMatch | HttpResponse | None:
        """Return the match of a request, or the redirect that Connexion has sent; None if no operation is meant."""
        method, query, path = scope["method"], scope["query_string"], get_normalized_path(scope)
        route = self._table.find_route(path, method, query)
        if route is None:
            return await self._redirect(path, scope, receive, send)
        found = route.find_target(method, query)
        if found is None:
            return None
        target, query_values = found
        matches: list[tuple[Route, tuple[str, ...]]] = []
        await self._ask_connexion(route, {**scope, _MATCHES_KEY: matches}, path, receive, send)
        # Connexion knows one group of routes, and no conditions on the query
        is_same = bool(matches) and matches[0][0] is route
        values = matches[0][1] if is_same else route.template.extract_values(path)
        texts = (*map(decode_path_value, values), *query_values)
        return RouteMatch(target.handler, texts, depends_on_query=route.depends_on_query())

    async def _redirect(self, path: str, scope: Mapping[str, Any], receive: Receive, send: Send) -> HttpResponse | None:
        """Let Connexion send a redirect if there is a route with one slash more or less at its end, and return it."""
        other = path.rstrip("/") if path.endswith("/") else f"{path}/"
        route = self._table.find_route(other, scope["method"], scope["query_string"]) if path != "/" else None
        if route is None:
            return None
        sent: list[HttpResponse] = []

        async def send_redirect(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent.append(HttpResponse(message["status"], list(message["headers"])))
            await send(message)

        await self._ask_connexion(route, {**scope, _MATCHES_KEY: []}, path, receive, send_redirect)
        return sent[0] if sent else None

    async def _ask_connexion(
        self, route: Route, scope: Mapping[str, Any], path: str, receive: Receive, send: Send
    ) -> None:
        """Let Connexion route a request by its normalized path."""
        root_path = normalize_path(scope.get("root_path", ""))
        query = scope["query_string"]
        if not query.isascii():  # a redirect fails on a query that is not UTF-8
            query = quote_from_bytes(query, safe=_ASCII_BYTES).encode()
        changed = {"path": root_path + path, "root_path": root_path, "query_string": query}
        try:
            await self._get_app(self._group_of[id(route)])({**scope, **changed}, receive, send)
        except HTTPException:  # Starlette's router raises it for another method of a known path
            return

    def _get_app(self, index: int) -> ConnexionMiddleware:
        """Return Connexion with the routing document of a group."""
        if index not in self._apps:
            self._apps[index] = _build_app(self._groups[index])
        return self._apps[index]


class OperationApi(RoutedAPI):  # type: ignore[misc]  # Connexion is not typed
    """The operations of a routing document, as applications that record the match and send nothing."""

    def __init__(self, *arguments: Any, targets: Mapping[str, Route], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._targets = targets
        self.add_paths()

    def make_operation(self, operation: Any) -> Any:
        route = self._targets[operation.operation_id]

        async def record_match(scope: Mapping[str, Any], _receive: Receive, _send: Send) -> None:
            values = tuple(scope["path_params"][name] for name in route.template.parameter_names)
            scope[_MATCHES_KEY].append((route, values))

        return record_match


class OperationMiddleware(RoutedMiddleware):  # type: ignore[misc, type-arg, unused-ignore]  # Connexion is not typed
    """Connexion's extension point: it calls the operation that RoutingMiddleware found."""

    api_cls = OperationApi


def _build_app(routes: Sequence[Route]) -> ConnexionMiddleware:
    app = ConnexionMiddleware(
        _ignore_request,
        middlewares=[ExceptionMiddleware, RoutingMiddleware, OperationMiddleware, LifespanMiddleware],
        lifespan=_empty_lifespan,
        resolver=Resolver(lambda _operation_id: _ignore_request),
    )
    document, targets = _build_routing_document(routes)
    app.add_api(document, base_path="", targets=targets)
    return app


def _build_routing_document(routes: Sequence[Route]) -> tuple[dict[str, Any], dict[str, Route]]:
    """Return the document that Connexion routes by, and the route of each of its operationIds."""
    paths: dict[str, Any] = {}
    targets: dict[str, Route] = {}
    for route in routes:
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in route.template.parameter_names
        ]
        paths[route.template.starlette_path] = {}
        for method in route.targets:
            operation_id = f"{method} {route.template.shape}"
            targets[operation_id] = route
            paths[route.template.starlette_path][method.lower()] = {
                "operationId": operation_id,
                "parameters": parameters,
                "responses": {"default": {"description": "Answered by the mock"}},
            }
    return {"openapi": "3.0.3", "info": {"title": "Routing document", "version": "1"}, "paths": paths}, targets


async def _ignore_request(_scope: Mapping[str, Any], _receive: Receive, _send: Send) -> None:
    """Do nothing: the request belongs to no operation of the group."""


@asynccontextmanager
async def _empty_lifespan(_app: Any) -> AsyncIterator[None]:
    """Do nothing at start-up and shutdown. LifespanMiddleware wants a function and responds to the server."""
    yield
