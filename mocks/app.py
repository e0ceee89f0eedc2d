"""The ASGI application: Connexion's middleware around handlers that were compiled at start-up.

Mock                      ours: a way that was found once is taken at once
ConnexionMiddleware
├── ExceptionMiddleware   Connexion's
├── Refusing              ours: a known path and another method get the answer of their API
├── RoutingMiddleware     Connexion's: path and method → operationId
├── HandlingMiddleware    ours: operationId → Handler
└── LifespanMiddleware    Connexion's
"""

from collections.abc import AsyncIterator, MutableMapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from specduet.mocks import credentials, error_responses
from specduet.mocks.control.api import Plane
from specduet.mocks.control.fault_effects import Dropped
from specduet.mocks.control.sessions import Sessions
from specduet.mocks.handler import Handler
from specduet.mocks.lazy_connexion import (
    ConnexionMiddleware,
    ExceptionMiddleware,
    LifespanMiddleware,
    Resolver,
    RoutingMiddleware,
)
from specduet.mocks.pipeline import Control
from specduet.mocks.request import Request
from specduet.mocks.responses import Receive, Send
from specduet.mocks.routing import FOUND, HandlingMiddleware, Refusing, Unrouted, Way, Ways, routing_view, sites
from specduet.mocks.settings import Settings
from specduet.specs import Api, UsageError, bundled, load


class Mock:
    """An ASGI application that serves ``apis``."""

    def __init__(self, apis: Sequence[Api], settings: Settings) -> None:
        self.apis = tuple(apis)
        self.settings = settings
        self.sessions = Sessions(self.apis, settings)
        world = self.sessions.default.world
        self.handlers = [Handler(api, operation, settings, world) for api in apis for operation in api.operations]
        plane = Plane(self.sessions) if settings.control else None
        if plane is not None:
            self.handlers += [Handler(plane.api, o, settings, plane.world, plane.act) for o in plane.api.operations]
        self._control = Control(self.sessions, plane.api if plane else None)
        self._ways = Ways()
        self._app = _connexion(self.apis, self.handlers)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        way = self._ways.find(scope)
        if way is None:
            way = await self._found(scope, receive, send)
            if way is None:  # it has been answered
                return
            self._ways.keep(scope, way)
        try:
            await self._control.handle(way[0], Request(scope, receive, way[1]), send)
        except Dropped:
            raise ConnectionResetError("the connection was reset by a fault") from None

    async def _found(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> Way | None:
        """The way of a request as Connexion finds it."""
        found: list[Way] = []
        await self._app({**scope, FOUND: found}, receive, send)
        return found[0] if found else None


def create_app(apis: Sequence[Api | str | Path] | None = None, settings: Settings | None = None) -> Mock:
    """The mock as an ASGI application.

    ``apis`` are loaded APIs, bundled names or paths to OpenAPI documents; all bundled ones without it. Raises
    ``SpecError`` for a document that cannot be loaded, ``UsageError`` for an unknown name, an unknown security scheme
    in ``settings.credentials``, an API given twice, and two APIs with the same path.
    """
    chosen = bundled() if apis is None else apis
    loaded = tuple(api if isinstance(api, Api) else load(api) for api in chosen)
    if not loaded:
        raise UsageError("there is no API to serve", remedy=f"Bundled: {', '.join(bundled())}.")
    names = [api.name for api in loaded]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"two APIs are called {twice}", remedy="Give each document a folder or a file name of its own."
        )
    settings = settings or Settings()
    credentials.check(loaded, settings)
    return Mock(loaded, settings)


def _connexion(apis: Sequence[Api], handlers: Sequence[Handler]) -> ConnexionMiddleware:
    served = sites(handlers)
    unrouted = Unrouted(served, error_responses.dialect(apis[0]) if len(apis) == 1 else None)
    view, targets = routing_view(served)
    app = ConnexionMiddleware(
        unrouted,
        middlewares=[
            ExceptionMiddleware,
            partial(Refusing, unrouted=unrouted),
            RoutingMiddleware,
            HandlingMiddleware,
            LifespanMiddleware,
        ],
        lifespan=_lifespan,
        resolver=Resolver(lambda _operation_id: unrouted),
    )
    app.add_api(view, base_path="", targets=targets)
    return app


@asynccontextmanager
async def _lifespan(_app: Any) -> AsyncIterator[None]:
    yield
