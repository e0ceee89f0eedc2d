"""The index at ``GET /``: what the mock serves, at which addresses, and how a client finds ids and credentials.

It stands there as long as no document has such a path; a browser gets the page (``page/``), everyone else JSON.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from specduet.mocks import responses
from specduet.mocks.control.api import CONTROL_PREFIX, MAX_IDS
from specduet.mocks.control.sessions import Session, SessionRegistry
from specduet.mocks.handler import OperationHandler
from specduet.mocks.media_types import parse_accept
from specduet.mocks.page import MockPage
from specduet.mocks.page.live import stream_sections
from specduet.mocks.page.reference import ReferencePages
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse
from specduet.specs import Api, SecurityScheme

INDEX_PATHS = ("", "/")
LIVE_PATH = f"{CONTROL_PREFIX}live"
"""Where an open page follows the mock: a stream of events."""
REFERENCE_PATH = f"{CONTROL_PREFIX}docs"


class IndexPage:
    """The index of one mock."""

    def __init__(self, sessions: SessionRegistry, handlers: Sequence[OperationHandler]) -> None:
        self._sessions = sessions
        self._apis = sessions.apis
        self._handlers = handlers
        self._settings = sessions.settings
        self._own = [handler for handler in handlers if handler.api in self._apis]
        self._reference = ReferencePages(REFERENCE_PATH, self._own)

    def is_at(self, path: str) -> bool:
        """Return True if the index stands at a path: at ``/``, and where the control API begins."""
        is_control = path == LIVE_PATH or self._is_control_root(path) or self._reference.is_at(path)
        return path in INDEX_PATHS or (self._settings.control and is_control)

    def _is_control_root(self, path: str) -> bool:
        return f"{path}/" in {CONTROL_PREFIX, f"{CONTROL_PREFIX}/"}

    def respond(self, request: Request, path: str, session: Session) -> HttpResponse:
        """Return the page for a browser, the stream that it follows, and else the index as JSON."""
        if path == LIVE_PATH:
            pieces = stream_sections(lambda: self._render_sections(session), request.receive)
            return responses.make_streaming_response(pieces, responses.EVENT_STREAM)
        if self._reference.is_at(path):
            return self._reference.respond(request, path)
        root = request.scope.get("root_path", "")
        accept = request.accept or ""
        is_browser = any(range_.media_type == "text/html" and range_.quality for range_ in parse_accept(accept))
        if not is_browser:
            return responses.make_json_response(200, self._describe_mock(request.origin + root, session))
        if path in INDEX_PATHS and self._settings.control and not self._settings.control_token:
            return responses.make_empty_response(307, [(b"location", f"{root}{CONTROL_PREFIX}".encode("latin-1"))])
        page = self._page.render(
            self._describe_mock(request.origin + root, session),
            session,
            self._sessions.list_names(),
            is_live=self._settings.control and not self._settings.control_token,
        )
        return responses.make_response(200, page.encode("utf-8", "replace"), b"text/html; charset=utf-8")

    def _render_sections(self, session: Session) -> dict[str, Any]:
        return self._page.render_sections(session, self._sessions.list_names())

    @cached_property
    def _page(self) -> MockPage:
        return MockPage(self._apis, self._own, self._settings)

    def _describe_mock(self, origin: str, session: Session) -> dict[str, Any]:
        index: dict[str, Any] = {
            "mock": "specduet",
            "apis": [self._describe_api(a, origin, session) for a in self._apis],
        }
        if self._settings.control:
            index["control"] = {
                "address": origin + CONTROL_PREFIX,
                "document": f"{origin}{CONTROL_PREFIX}openapi.json",
                "reference": f"{origin}{REFERENCE_PATH}",
                "apis": f"{origin}{CONTROL_PREFIX}apis",
                "requests": f"{origin}{CONTROL_PREFIX}requests",
            }
        return index

    def _describe_api(self, api: Api, origin: str, session: Session) -> dict[str, Any]:
        world = session.get_world(api.name)
        return {
            "name": api.name,
            "title": api.title,
            "version": api.version,
            "operations": [
                {
                    "id": handler.operation.id,
                    "method": handler.operation.method,
                    "address": origin + handler.full_path,
                    "summary": handler.operation.summary,
                }
                for handler in self._handlers
                if handler.api is api
            ],
            "ids": world.list_path_ids(MAX_IDS),
            "credentials": self._describe_credentials(api),
        }

    def _describe_credentials(self, api: Api) -> list[dict[str, str]]:
        """Return each scheme of an API with a sentence on what the mock accepts."""
        given = {credential.scheme for credential in self._settings.credentials}
        accepted = "any value that is not empty"
        if not self._settings.auth:
            accepted = "anything, even nothing"
        elif given & api.schemes.keys():
            accepted = "only the values that were given at the start"
        return [
            {"scheme": scheme.name, "header" if scheme.location == "header" else scheme.location: _show_field(scheme)}
            | {"accepted": accepted}
            for scheme in api.schemes.values()
        ]


def _show_field(scheme: SecurityScheme) -> str:
    return f"{scheme.field}: {scheme.prefix}…" if scheme.location == "header" else f"{scheme.field}=…"
