"""Connexion routes: what it is given, what it hands back, and what it leaves to us.

Connexion gets a *routing view*, an OpenAPI 3.0 document in memory with nothing but paths, path parameters and
operationIds. Its own reading of 3.1 schemas would be wrong, and a parameter typed ``integer`` would turn a malformed id
into a 404. Its ``RoutedMiddleware`` then finds the handler that an operationId stands for.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from specduet.mocks import responses
from specduet.mocks.error_responses import Dialect, FastApi
from specduet.mocks.handler import Handler
from specduet.mocks.lazy_connexion import RoutedAPI, RoutedMiddleware
from specduet.mocks.request import Memory, Request
from specduet.mocks.responses import Answer, Receive, Send
from specduet.specs import Api, UsageError

_TEMPLATE = re.compile(r"\{[^}]*\}")
# How many paths the mock remembers the way of, and how long they may be, method included.
_REMEMBERED = 2_048
_LONGEST = 256
_ASCII = bytes(range(128))

# Where the ASGI scope carries a list to which Connexion's side adds the way that it found.
FOUND = "specduet.found"

Way = tuple["Handler | Unrouted", tuple[str, ...]]
"""Who answers, and the texts of the path's parameters."""


@dataclass
class Site:
    """One path of one API, with its handlers by method; ``{}`` stands for each parameter in ``shape``."""

    api: Api
    path: str
    handlers: dict[str, Handler] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shape = _TEMPLATE.sub("{}", self.path)
        # parameters go by number, for their own names need not be names in Starlette's sense
        self.parameters = tuple(f"p{index}" for index, _ in enumerate(_TEMPLATE.findall(self.path)))
        names = iter(self.parameters)
        self.template = _TEMPLATE.sub(lambda _: f"{{{next(names)}}}", self.path)
        self._pattern = compile_path(self.template)[0]

    def values(self, path: str) -> tuple[str, ...] | None:
        """The texts of the path's parameters, or None where it is another path."""
        match = self._pattern.match(path)
        return None if match is None else match.groups()

    def handler(self, method: str) -> Handler | None:
        """HEAD is answered by what answers GET."""
        return self.handlers.get(method) or (self.handlers.get("GET") if method == "HEAD" else None)


def sites(handlers: Iterable[Handler]) -> tuple[Site, ...]:
    """The paths of all APIs, concrete ones before those with parameters (OAS 3.1, 4.8.8.2).

    Raises ``UsageError`` where two APIs have the same path, whatever their parameters are called.
    """
    found: dict[str, Site] = {}
    for handler in handlers:
        site = Site(handler.api, handler.operation.path)
        site = found.setdefault(site.shape, site)
        if site.api is not handler.api:
            raise UsageError(
                f"{site.api.name} and {handler.api.name} both have the path {site.path}",
                remedy="Serve them on two ports.",
            )
        site.handlers.setdefault(handler.operation.method, handler)
    return tuple(sorted(found.values(), key=lambda site: [piece.count("{}") for piece in site.shape.split("/")]))


def routing_view(served: Sequence[Site]) -> tuple[dict[str, Any], dict[str, tuple[Site, Handler]]]:
    """The document that Connexion routes by, and what each of its operationIds stands for."""
    paths: dict[str, Any] = {}
    targets: dict[str, tuple[Site, Handler]] = {}
    for site in served:
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in site.parameters
        ]
        paths[site.template] = {}
        for method, handler in site.handlers.items():
            operation_id = f"{site.api.name}.{method.lower()} {site.path}"
            targets[operation_id] = (site, handler)
            paths[site.template][method.lower()] = {
                "operationId": operation_id,
                "parameters": parameters,
                "responses": {"default": {"description": "Answered by the mock"}},
            }
    return {"openapi": "3.0.3", "info": {"title": "Routing view", "version": "1"}, "paths": paths}, targets


class Ways:
    """Where requests led. Routing is a function of method and path, so that the same way need not be found twice."""

    def __init__(self) -> None:
        self._known: Memory[tuple[str | None, ...], Way] = Memory(_REMEMBERED)

    def find(self, scope: Mapping[str, Any]) -> Way | None:
        """Who answers a request and the texts of its path's parameters, if the way was found before."""
        return self._known.get((scope.get("method"), scope.get("path"), scope.get("root_path")))

    def keep(self, scope: Mapping[str, Any], way: Way) -> None:
        """Remember a way, unless it led nowhere or is too long to be kept."""
        key = (scope["method"], scope["path"], scope.get("root_path"))
        if isinstance(way[0], Handler) and sum(map(len, filter(None, key))) <= _LONGEST:
            self._known.keep(key, way)


class HandlingApi(RoutedAPI):  # type: ignore[misc]  # Connexion is not typed
    """Connexion's operations: each says which handler it stands for."""

    def __init__(self, *arguments: Any, targets: Mapping[str, tuple[Site, Handler]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._targets = targets
        self.add_paths()

    def make_operation(self, operation: Any) -> Any:
        site, handler = self._targets[operation.operation_id]

        async def found(scope: Mapping[str, Any], _receive: Receive, _send: Send) -> None:
            scope[FOUND].append((handler, tuple(scope["path_params"][name] for name in site.parameters)))

        return found


class HandlingMiddleware(RoutedMiddleware):  # type: ignore[misc, type-arg, unused-ignore]  # Connexion is not typed
    """Connexion's extension point: it calls the operation that the routing found."""

    api_cls = HandlingApi


class Refusing:
    """Around the routing: a known path and another method, of which Starlette's router raises instead of answering."""

    def __init__(self, app: Any, unrouted: "Unrouted") -> None:
        self._app = app
        self._unrouted = unrouted

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        # a copy, for the router writes into it; where it redirects, it fails on a query that is not UTF-8
        query = scope.get("query_string", b"")  # the lifespan has none
        routed = {**scope, "query_string": query if query.isascii() else quote_from_bytes(query, safe=_ASCII).encode()}
        try:
            await self._app(routed, receive, send)
        except HTTPException:
            await self._unrouted(scope, receive, send)


class Unrouted:
    """What no operation answers: unknown paths, other methods, OPTIONS."""

    def __init__(self, served: Sequence[Site], alone: Dialect | None) -> None:
        self._served = served
        self._dialect = alone or FastApi()

    async def __call__(self, scope: Mapping[str, Any], _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close"})
            return
        site, values = self._site(scope)
        handler = site.handler(scope["method"]) if site else None
        # Connexion's own mount does not match a path with a line break in it, so that there may be a handler
        scope[FOUND].append((self, ()) if handler is None else (handler, values))

    def answer(self, request: Request) -> Answer:
        """404, 405, or to OPTIONS what the path allows (RFC 9110, section 9.3.7)."""
        site, _ = self._site(request.scope)
        if site is None:
            return self._dialect.refuse(404)
        if request.method == "OPTIONS":
            extra = ["HEAD"] if "GET" in site.handlers else []
            return responses.empty(204, [(b"allow", ", ".join([*site.handlers, *extra, "OPTIONS"]).encode())])
        dialect = next(iter(site.handlers.values())).dialect
        return dialect.refuse(405, headers=[(b"allow", ", ".join(site.handlers).encode())])

    def _site(self, scope: Mapping[str, Any]) -> tuple[Site | None, tuple[str, ...]]:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        for site in self._served:
            values = site.values(path)
            if values is not None:
                return site, values
        return None, ()
