"""The ASGI application. It finds the handler of a request and hands both to the pipeline.

``Mock.__call__`` does two things:

1. Routing. ``RouteCache`` is looked up by method and path. Only for a path that is not in it, the request goes through
   Connexion's middleware, which finds the operation and does not respond to the request. A redirect to the path without
   a trailing slash is the exception: Connexion sends it itself, and the request ends there.

       ConnexionMiddleware
       ├── ExceptionMiddleware          Connexion's
       ├── MethodNotAllowedMiddleware   ours: a known path with another method is a match of NotFoundHandler
       ├── RoutingMiddleware            Connexion's: method and path -> operationId
       ├── OperationMiddleware          ours: operationId -> RouteMatch, appended to a list in the ASGI scope
       ├── LifespanMiddleware           Connexion's
       └── NotFoundHandler              ours: matches what no operation does

2. Handling. ``RequestPipeline.handle`` (pipeline.py) takes it from there, to the last byte of the response.
"""

from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from specduet.mocks import credentials, error_responses
from specduet.mocks.control.api import ControlApi
from specduet.mocks.control.fault_effects import ConnectionDropped
from specduet.mocks.control.sessions import SessionRegistry
from specduet.mocks.handler import OperationHandler
from specduet.mocks.lazy_connexion import (
    ConnexionMiddleware,
    ExceptionMiddleware,
    LifespanMiddleware,
    Resolver,
    RoutingMiddleware,
)
from specduet.mocks.pipeline import RequestPipeline
from specduet.mocks.request import Request
from specduet.mocks.responses import Receive, Send
from specduet.mocks.routing import (
    ROUTE_MATCHES_KEY,
    MethodNotAllowedMiddleware,
    NotFoundHandler,
    OperationMiddleware,
    RouteCache,
    RouteMatch,
    build_routes,
    build_routing_document,
)
from specduet.mocks.settings import Settings
from specduet.specs import Api, UsageError, bundled, load


class Mock:
    """The mock of several APIs, as an ASGI application."""

    def __init__(self, apis: Sequence[Api], settings: Settings) -> None:
        self.apis = tuple(apis)
        self.settings = settings
        self.sessions = SessionRegistry(self.apis, settings)
        find_world = self.sessions.default.get_world
        self.handlers = [
            OperationHandler(api, operation, settings, find_world) for api in apis for operation in api.operations
        ]
        control = ControlApi(self.sessions) if settings.control else None
        if control is not None:
            self.handlers += [
                OperationHandler(control.api, operation, settings, control.get_any_world, control.run_operation)
                for operation in control.api.operations
            ]
        self._pipeline = RequestPipeline(self.sessions, control.api if control else None)
        self._route_cache = RouteCache()
        self._connexion_app = _build_connexion_app(self.apis, self.handlers)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        match = self._route_cache.get(scope)
        if match is None:
            match = await self._find_route_match(scope, receive, send)
            if match is None:  # Connexion has responded: a redirect, or the lifespan
                return
            self._route_cache.store(scope, match)
        try:
            await self._pipeline.handle(match.handler, Request(scope, receive, match.path_values), send)
        except ConnectionDropped:
            raise ConnectionResetError("the connection was reset by a fault") from None

    async def _find_route_match(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> RouteMatch | None:
        """Ask Connexion for the route of a request; return None if it has responded itself."""
        matches: list[RouteMatch] = []
        await self._connexion_app({**scope, ROUTE_MATCHES_KEY: matches}, receive, send)
        return matches[0] if matches else None


def create_app(apis: Sequence[Api | str | Path] | None = None, settings: Settings | None = None) -> Mock:
    """Return the mock of some APIs as an ASGI application.

    ``apis`` are loaded APIs, names of bundled ones or paths to OpenAPI documents; without it, all bundled APIs. Raises
    ``SpecError`` for a document that cannot be loaded; ``UsageError`` for an unknown name, an unknown security scheme
    in ``settings.credentials``, an API given twice, and two APIs with the same path.

    Example: ``create_app(["petstore.yaml"], Settings(seed=7))``.
    """
    sources = bundled() if apis is None else apis
    loaded_apis = tuple(api if isinstance(api, Api) else load(api) for api in sources)
    if not loaded_apis:
        raise UsageError("there is no API to serve", remedy=f"Bundled: {', '.join(bundled())}.")
    names = [api.name for api in loaded_apis]
    duplicate = next((name for name in names if names.count(name) > 1), None)
    if duplicate is not None:
        raise UsageError(
            f"two APIs are called {duplicate}", remedy="Give each document a folder or a file name of its own."
        )
    settings = settings or Settings()
    credentials.check_credentials(loaded_apis, settings)
    return Mock(loaded_apis, settings)


def _build_connexion_app(apis: Sequence[Api], handlers: Sequence[OperationHandler]) -> ConnexionMiddleware:
    """Return Connexion's middleware around the routes of the handlers, which records route matches."""
    routes = build_routes(handlers)
    not_found_handler = NotFoundHandler(routes, error_responses.choose_dialect(apis[0]) if len(apis) == 1 else None)
    document, targets = build_routing_document(routes)
    app = ConnexionMiddleware(
        not_found_handler,
        middlewares=[
            ExceptionMiddleware,
            partial(MethodNotAllowedMiddleware, not_found_handler=not_found_handler),
            RoutingMiddleware,
            OperationMiddleware,
            LifespanMiddleware,
        ],
        lifespan=_empty_lifespan,
        resolver=Resolver(lambda _operation_id: not_found_handler),
    )
    app.add_api(document, base_path="", targets=targets)
    return app


@asynccontextmanager
async def _empty_lifespan(_app: Any) -> AsyncIterator[None]:
    """Do nothing at start-up and shutdown. LifespanMiddleware wants a function and responds to the server."""
    yield
