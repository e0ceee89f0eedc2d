"""Routing by Connexion: the document that it routes by, and the middleware that hands its matches back.

Connexion gets a *routing document*, an OpenAPI 3.0 document in memory with nothing but paths, path parameters and
operationIds. Its own reading of 3.1 schemas would be wrong, and a parameter typed ``integer`` would turn a malformed id
into a 404. Connexion is only asked which operation a path is: ``OperationApi`` records the match in the ASGI scope
instead of responding, and ``RouteCache`` keeps it, so that Connexion is asked once for each method and path.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes

from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from specduet.mocks import responses
from specduet.mocks.bounded_cache import BoundedCache
from specduet.mocks.error_responses import Dialect, FastApiDialect
from specduet.mocks.handler import OperationHandler
from specduet.mocks.lazy_connexion import RoutedAPI, RoutedMiddleware
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse, Receive, Send
from specduet.specs import Api, UsageError

ROUTE_MATCHES_KEY = "specduet.route_matches"
"""Key of the ASGI scope under which a list stands that the route match is appended to."""

_PATH_PARAMETER = re.compile(r"\{[^}]*\}")
# The number of matches that a RouteCache holds, and the longest key: method, path and root path in characters.
_CACHE_SIZE = 2_048
_MAX_KEY_LENGTH = 256
_ASCII_BYTES = bytes(range(128))


class RouteMatch(NamedTuple):
    """The handler of a request, and the texts of its path parameters in the order of the path template."""

    handler: "OperationHandler | NotFoundHandler"
    path_values: tuple[str, ...]


@dataclass
class Route:
    """One path of one API, with its handlers by method."""

    api: Api
    path: str
    handlers: dict[str, OperationHandler] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shape = _PATH_PARAMETER.sub("{}", self.path)
        """The path with ``{}`` for each parameter: ``/runs/{}``."""
        # parameters go by number, for their own names need not be names in Starlette's sense
        self.parameter_names = tuple(f"p{index}" for index, _ in enumerate(_PATH_PARAMETER.findall(self.path)))
        names = iter(self.parameter_names)
        self.starlette_path = _PATH_PARAMETER.sub(lambda _: f"{{{next(names)}}}", self.path)
        """The path with Starlette's names of its parameters: ``/runs/{p0}``."""
        self._pattern = compile_path(self.starlette_path)[0]

    def match_path(self, path: str) -> tuple[str, ...] | None:
        """Return the texts of the path parameters; None if the path is not one of this route."""
        match = self._pattern.match(path)
        return None if match is None else match.groups()

    def find_handler(self, method: str) -> OperationHandler | None:
        """Return the handler of a method. HEAD is handled by the handler of GET, unless it has one of its own."""
        return self.handlers.get(method) or (self.handlers.get("GET") if method == "HEAD" else None)


def build_routes(handlers: Iterable[OperationHandler]) -> tuple[Route, ...]:
    """Return the routes of all APIs, concrete paths before those with parameters (OAS 3.1, 4.8.8.2).

    Raises ``UsageError`` if two APIs have the same path, whatever their parameters are called.
    """
    routes: dict[str, Route] = {}
    for handler in handlers:
        route = Route(handler.api, handler.operation.path)
        route = routes.setdefault(route.shape, route)
        if route.api is not handler.api:
            raise UsageError(
                f"{route.api.name} and {handler.api.name} both have the path {route.path}",
                remedy="Serve them on two ports.",
            )
        route.handlers.setdefault(handler.operation.method, handler)
    return tuple(sorted(routes.values(), key=lambda route: [piece.count("{}") for piece in route.shape.split("/")]))


def build_routing_document(
    routes: Sequence[Route],
) -> tuple[dict[str, Any], dict[str, tuple[Route, OperationHandler]]]:
    """Return the document that Connexion routes by, and the route and the handler of each of its operationIds."""
    paths: dict[str, Any] = {}
    targets: dict[str, tuple[Route, OperationHandler]] = {}
    for route in routes:
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in route.parameter_names
        ]
        paths[route.starlette_path] = {}
        for method, handler in route.handlers.items():
            operation_id = f"{route.api.name}.{method.lower()} {route.path}"
            targets[operation_id] = (route, handler)
            paths[route.starlette_path][method.lower()] = {
                "operationId": operation_id,
                "parameters": parameters,
                "responses": {"default": {"description": "Answered by the mock"}},
            }
    return {"openapi": "3.0.3", "info": {"title": "Routing document", "version": "1"}, "paths": paths}, targets


class RouteCache:
    """Route matches by method, path and root path. Routing depends on nothing else, so a match holds for good."""

    # speed: without it, Connexion's middleware runs for each request, which costs 65 % ("list of the last day") to
    # 96 % ("422") more processor time (make bench ARGS='--only tricks', 2026-11-28)

    def __init__(self) -> None:
        self._matches: BoundedCache[tuple[str | None, ...], RouteMatch] = BoundedCache(_CACHE_SIZE)

    def get(self, scope: Mapping[str, Any]) -> RouteMatch | None:
        """Return the stored match of a request; None if there is none."""
        return self._matches.get((scope.get("method"), scope.get("path"), scope.get("root_path")))

    def store(self, scope: Mapping[str, Any], match: RouteMatch) -> None:
        """Store the match of a request, unless no operation was found or the path is too long to be kept."""
        key = (scope["method"], scope["path"], scope.get("root_path"))
        if isinstance(match.handler, OperationHandler) and sum(map(len, filter(None, key))) <= _MAX_KEY_LENGTH:
            self._matches.store(key, match)


class OperationApi(RoutedAPI):  # type: ignore[misc]  # Connexion is not typed
    """The operations of the routing document, as applications that record the match and send nothing."""

    def __init__(self, *arguments: Any, targets: Mapping[str, tuple[Route, OperationHandler]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._targets = targets
        self.add_paths()

    def make_operation(self, operation: Any) -> Any:
        route, handler = self._targets[operation.operation_id]

        async def record_match(scope: Mapping[str, Any], _receive: Receive, _send: Send) -> None:
            path_values = tuple(scope["path_params"][name] for name in route.parameter_names)
            scope[ROUTE_MATCHES_KEY].append(RouteMatch(handler, path_values))

        return record_match


class OperationMiddleware(RoutedMiddleware):  # type: ignore[misc, type-arg, unused-ignore]  # Connexion is not typed
    """Connexion's extension point: it calls the operation that RoutingMiddleware found."""

    api_cls = OperationApi


class MethodNotAllowedMiddleware:
    """Middleware around the routing: for a known path with another method, Starlette's router raises HTTPException."""

    def __init__(self, app: Any, not_found_handler: "NotFoundHandler") -> None:
        self._app = app
        self._not_found_handler = not_found_handler

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        # a copy, for the router writes into it; if it redirects, it fails on a query that is not UTF-8
        query = scope.get("query_string", b"")  # the lifespan has none
        if not query.isascii():
            query = quote_from_bytes(query, safe=_ASCII_BYTES).encode()
        try:
            await self._app({**scope, "query_string": query}, receive, send)
        except HTTPException:
            await self._not_found_handler(scope, receive, send)


class NotFoundHandler:
    """Handler of requests that belong to no operation: unknown paths, other methods, OPTIONS.

    Called as an ASGI application by Connexion, it records itself as the route match. ``respond`` then makes the
    response.
    """

    def __init__(self, routes: Sequence[Route], dialect: Dialect | None) -> None:
        self._routes = routes
        self._dialect = dialect or FastApiDialect()

    async def __call__(self, scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        route, path_values = self._find_route(scope)
        handler = route.find_handler(scope["method"]) if route else None
        # Connexion's own mount does not match a path with a line break in it, so that there may be a handler
        match = RouteMatch(self, ()) if handler is None else RouteMatch(handler, path_values)
        scope[ROUTE_MATCHES_KEY].append(match)

    def respond(self, request: Request) -> HttpResponse:
        """Return 404, 405, or for OPTIONS the methods that the path allows (RFC 9110, section 9.3.7)."""
        route, _ = self._find_route(request.scope)
        if route is None:
            return self._dialect.render_error(404)
        if request.method == "OPTIONS":
            extra = ["HEAD"] if "GET" in route.handlers else []
            allowed = ", ".join([*route.handlers, *extra, "OPTIONS"])
            return responses.make_empty_response(204, [(b"allow", allowed.encode())])
        dialect = next(iter(route.handlers.values())).dialect
        return dialect.render_error(405, headers=[(b"allow", ", ".join(route.handlers).encode())])

    def _find_route(self, scope: Mapping[str, Any]) -> tuple[Route | None, tuple[str, ...]]:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        for route in self._routes:
            path_values = route.match_path(path)
            if path_values is not None:
                return route, path_values
        return None, ()
