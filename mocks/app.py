"""The ASGI application. It finds the handler of a request and hands both to the pipeline.

``Mock.__call__`` does two things:

1. Routing. ``RouteCache`` (routing.py) is looked up by method and path. Only for a path that is not in it, the request
   goes through Connexion (connexion_router.py), which finds the operation and does not respond to the request. A
   redirect to the path without a trailing slash is the exception: Connexion sends it itself, and the request ends
   there.
2. Handling. ``RequestPipeline.handle`` (pipeline.py) takes it from there, to the last byte of the response.
"""

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from specduet.mocks import credentials
from specduet.mocks.connexion_router import ConnexionRouter
from specduet.mocks.control.api import ControlApi
from specduet.mocks.control.fault_effects import ConnectionDropped
from specduet.mocks.control.sessions import SessionRegistry
from specduet.mocks.documented_errors import choose_documented_dialect
from specduet.mocks.handler import OperationHandler
from specduet.mocks.index_page import IndexPage
from specduet.mocks.pipeline import RequestPipeline
from specduet.mocks.request import Request
from specduet.mocks.request_log import RequestLog
from specduet.mocks.responses import HttpResponse, Receive, Send
from specduet.mocks.routing import NotFoundHandler, RouteCache, RouteMatch, RouteTable
from specduet.mocks.row_actions import choose_action
from specduet.mocks.settings import Settings
from specduet.mocks.value_choices import choose_values
from specduet.specs import Api, UsageError, bundled, load
from specduet.specs.loading import number_names


class Mock:
    """The mock of several APIs, as an ASGI application."""

    def __init__(self, apis: Sequence[Api], settings: Settings, previous: "Mock | None" = None) -> None:
        self.apis = tuple(apis)
        self.settings = settings
        self.sessions: SessionRegistry = SessionRegistry(self.apis, settings, previous.sessions if previous else None)
        find_world = self.sessions.default.get_world
        self.handlers = [
            OperationHandler(api, operation, settings, find_world, choose_action(operation))
            for api in apis
            for operation in api.operations
        ]
        control = ControlApi(self.sessions) if settings.control else None
        if control is not None:
            own_settings = replace(settings, base_path=None)
            self.handlers += [
                OperationHandler(control.api, operation, own_settings, control.get_any_world, control.run_operation)
                for operation in control.api.operations
            ]
        index = IndexPage(self.sessions, self.handlers)
        self._pipeline = RequestPipeline(self.sessions, control.api if control else None, index)
        self._route_cache = RouteCache()
        self._log = RequestLog(settings.log) if settings.log else None
        table = RouteTable(self.handlers)
        dialects = {api.name: choose_documented_dialect(api) for api in self.apis}
        self._not_found = RouteMatch(NotFoundHandler(table, dialects), ())
        self._router = ConnexionRouter(table)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        started = perf_counter() if self._log is not None else 0.0
        match = self._route_cache.get(scope)
        if match is None:
            if scope["type"] != "http":
                await self._handle_other(scope, receive, send)
                return
            found = await self._router.find_match(scope, receive, send)
            if isinstance(found, HttpResponse):  # Connexion has sent a redirect
                if self._log is not None:
                    self._log.add_entry(scope, found, started)
                return
            match = found or self._not_found
            self._route_cache.store(scope, match)
        request = Request(scope, receive, match.path_values)
        try:
            await self._pipeline.handle(match.handler, request, send)
        except ConnectionDropped:
            raise ConnectionResetError("the connection was reset by a fault") from None
        finally:
            if self._log is not None:
                self._log.add_entry(scope, request.response, started)

    async def _handle_other(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Handle start-up and shutdown, and refuse a WebSocket."""
        if scope["type"] == "lifespan":
            await self._router.handle_lifespan(scope, receive, send)
            self.sessions.stop_webhooks()
            if self._log is not None:
                self._log.flush()
        else:
            await send({"type": "websocket.close"})


def create_app(
    apis: Api | str | Path | Sequence[Api | str | Path] | None = None,
    settings: Settings | None = None,
    *,
    previous: Mock | None = None,
) -> Mock:
    """Return the mock of some APIs as an ASGI application.

    ``apis`` is one loaded API, name of a bundled one or path to an OpenAPI document, or several; without it, all
    bundled APIs. The sessions of a ``previous`` mock go on: their clocks, faults and journals, and the rows that still
    fit. Raises ``SpecError`` for a document that cannot be loaded; ``UsageError`` for an unknown name, an unknown
    security scheme in ``settings.credentials``, seed data that do not fit, an API given twice, and two APIs with the
    same path.

    Example: ``create_app("petstore.yaml", Settings(seed=7))``.
    """
    if apis is None:
        apis = bundled()
    sources = [apis] if isinstance(apis, Api | str | Path) else apis
    loaded_apis = number_names(api if isinstance(api, Api) else load(api) for api in sources)
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
    for what, given in (("seed data", settings.seed_data), ("values", settings.values)):
        unknown = next((name for name in given if name not in names), None)
        if unknown is not None:
            raise UsageError(f"there are {what} for {unknown}", remedy=f"Served: {', '.join(names)}.")
    chosen = [choose_values(api, settings.values.get(api.name, {})) for api in loaded_apis]
    return Mock(chosen, settings, previous)
