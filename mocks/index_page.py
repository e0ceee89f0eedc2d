"""The page at ``GET /``: what the mock serves, at which addresses, and how a client finds ids and credentials.

It stands there as long as no document has such a path; a browser gets HTML, everyone else JSON.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from specduet.mocks import responses
from specduet.mocks.control.api import CONTROL_PREFIX, MAX_IDS
from specduet.mocks.control.sessions import Session
from specduet.mocks.handler import OperationHandler
from specduet.mocks.media_types import parse_accept
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse
from specduet.mocks.settings import Settings
from specduet.specs import Api, SecurityScheme

INDEX_PATHS = ("", "/")


class IndexPage:
    """The index of one mock."""

    def __init__(self, apis: Sequence[Api], handlers: Sequence[OperationHandler], settings: Settings) -> None:
        self._apis = apis
        self._handlers = handlers
        self._settings = settings

    def is_at(self, path: str) -> bool:
        """Return True if the index stands at a path: at ``/``, and where the control API begins."""
        is_control = self._settings.control and f"{path}/" in {CONTROL_PREFIX, f"{CONTROL_PREFIX}/"}
        return path in INDEX_PATHS or is_control

    def respond(self, request: Request, session: Session) -> HttpResponse:
        index = self._describe_mock(request.origin + request.scope.get("root_path", ""), session)
        accept = request.accept or ""
        if any(range_.media_type == "text/html" and range_.quality for range_ in parse_accept(accept)):
            page = "".join(_render_page(index))
            return responses.make_response(200, page.encode("utf-8", "replace"), b"text/html; charset=utf-8")
        return responses.make_json_response(200, index)

    def _describe_mock(self, origin: str, session: Session) -> dict[str, Any]:
        index: dict[str, Any] = {
            "mock": "specduet",
            "apis": [self._describe_api(a, origin, session) for a in self._apis],
        }
        if self._settings.control:
            index["control"] = {
                "address": origin + CONTROL_PREFIX,
                "document": f"{origin}{CONTROL_PREFIX}openapi.json",
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


def _render_page(index: Mapping[str, Any]) -> Iterator[str]:
    yield "<!doctype html><html lang=en><meta charset=utf-8><title>specduet mock</title>"
    yield "<style>body{font:16px/1.5 system-ui,sans-serif;margin:2em;max-width:70em}td{padding:.1em 1em .1em 0}</style>"
    yield "<h1>specduet mock</h1>"
    for api in index["apis"]:
        yield f"<h2>{escape(api['title'])} {escape(api['version'])}</h2><table>"
        for operation in api["operations"]:
            address = escape(operation["address"])
            is_link = operation["method"] == "GET" and "{" not in address
            cell = f'<a href="{address}">{address}</a>' if is_link else address
            yield f"<tr><td>{escape(operation['method'])}<td>{cell}<td>{escape(operation['summary'])}"
        yield "</table>"
        for name, values in api["ids"].items():
            yield f"<p>{escape(name)}: {escape(', '.join(map(str, values)))}"
        for credential in api["credentials"]:
            yield f"<p>Credential {escape(', '.join(f'{name} {value}' for name, value in credential.items()))}"
    if "control" in index:
        yield "<h2>Control API</h2>"
        for name, address in index["control"].items():
            is_link = name != "address"
            yield (
                f'<p>{name}: <a href="{escape(address)}">{escape(address)}</a>' if is_link else f"<p>{escape(address)}"
            )
    yield "</html>"
