"""The reference of the APIs at ``/__mock__/docs``: Swagger UI on the documents, with what is stated about behavior.

Swagger UI comes with the package ``flask-swagger-ui`` (the extra ``reference``), of which only its files are used: of
what PyPI has, it alone follows the releases that know OpenAPI 3.1.
"""

import copy
from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from specduet.mocks import responses
from specduet.mocks.error_responses import ProblemDetailsDialect
from specduet.mocks.handler import OperationHandler
from specduet.mocks.json_codec import encode_json
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse
from specduet.specs import Api
from specduet.specs.describe import describe_operation_statements
from specduet.specs.schemas import split_pointer

_ASSETS: Mapping[str, bytes] = {
    "swagger-ui.css": b"text/css",
    "swagger-ui-bundle.js": b"text/javascript",
    "swagger-ui-standalone-preset.js": b"text/javascript",
}
_OWN_ASSETS: Mapping[str, bytes] = {"reference.js": b"text/javascript"}
_POLICY = (  # Swagger UI writes styles into elements
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
_TEMPLATES = Path(__file__).parent / "templates"


class ReferencePages:
    """The pages and files of the reference, below ``prefix``: ``/__mock__/docs``."""

    def __init__(self, prefix: str, handlers: Sequence[OperationHandler]) -> None:
        self._prefix = prefix
        self._handlers = handlers
        self._apis = {handler.api.name: handler.api for handler in handlers}

    def is_at(self, path: str) -> bool:
        return path == self._prefix or path.startswith(f"{self._prefix}/")

    def respond(self, request: Request, path: str) -> HttpResponse:
        """Return the page, one of its files, or a document."""
        name = path.removeprefix(self._prefix).strip("/")
        root = request.scope.get("root_path", "")
        if self._assets is None:
            return ProblemDetailsDialect().render_error(501, "The reference needs: pip install 'specduet[reference]'")
        if not name:
            return responses.make_response(200, self._render(root).encode(), b"text/html; charset=utf-8")
        if name in _OWN_ASSETS:
            return responses.make_response(200, (_TEMPLATES / name).read_bytes(), _OWN_ASSETS[name])
        if name in _ASSETS:
            return responses.make_response(200, (self._assets / name).read_bytes(), _ASSETS[name])
        api = self._apis.get(unquote(name.removesuffix(".json")))
        if api is None:
            return responses.make_empty_response(404)
        return responses.make_response(200, encode_json(self._describe_document(api, request.origin + root)))

    def _render(self, root: str) -> str:
        base = f"{root}{self._prefix}"
        urls = [{"name": api.name, "url": f"{base}/{quote(api.name, safe='')}.json"} for api in self._apis.values()]
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            "<title>specduet mock: reference</title>"
            f'<link rel="icon" href="data:,"><link rel="stylesheet" href="{base}/swagger-ui.css"></head>'
            f'<body><div id="reference" data-urls="{escape(encode_json(urls).decode())}"></div>'
            + "".join(f'<script src="{base}/{name}"></script>' for name in (*list(_ASSETS)[1:], *_OWN_ASSETS))
            + "</body></html>"
        )

    def _describe_document(self, api: Api, origin: str) -> dict[str, Any]:
        """Return the document with the mock as its server, and the statements on each operation in its description."""
        document: dict[str, Any] = {**copy.deepcopy(api.document), "servers": [{"url": origin}]}
        for handler in self._handlers:
            node = _find_node(document, handler.operation.pointer) if handler.api is api else None
            if node is None:
                continue
            node["servers"] = [{"url": origin + handler.base_path}]
            statements = [*describe_operation_statements(handler.operation)]
            if statements:
                said = "\n".join(f"- `{statement}`" for statement in statements)
                node["description"] = f"{node.get('description', '')}\n\n**Behavior of the mock**\n\n{said}".strip()
        return document

    @cached_property
    def _assets(self) -> Path | None:
        """The folder of Swagger UI, if it is installed. The package itself is not imported: it would import Flask."""
        spec = find_spec("flask_swagger_ui")
        folders = spec.submodule_search_locations if spec is not None else None
        return Path(next(iter(folders))) / "dist" if folders else None


def _find_node(document: Any, pointer: str) -> dict[str, Any] | None:
    """Return the operation at a pointer; None where it stands behind a reference."""
    node = document
    for part in split_pointer(pointer):
        node = node.get(part) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else None
