"""Requests to begin with: one that is valid for each operation, and one for each operation of the control API."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from msgspec import UNSET

from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.mocks.control.api import DOCUMENT_PATH
from specduet.specs import Api, Operation, load
from tests.mocks.raw_http import Headers, RawRequest, send_raw

_CREDENTIALS: Headers = [(b"authorization", b"Bearer k"), (b"x-api-key", b"k")]


def list_seeds(app: Any, apis: Sequence[Api]) -> list[RawRequest]:
    """Return a valid request for each operation of the APIs that an application serves, to items that exist."""
    described = send_raw(app, RawRequest("GET", "/__mock__/apis")).json["apis"]
    known_ids = {path: ids for api in described for path, ids in api["ids"].items() if ids}
    scopes = {name: values[0] for api in described for name, values in api["scopes"].items() if values}
    return [_build_seed(api, operation, known_ids, scopes) for api in apis for operation in api.operations]


def list_control_seeds() -> list[RawRequest]:
    """Return a valid request for each operation of the control API."""
    api = load(DOCUMENT_PATH, stateless=True)
    return [_build_seed(api, operation, {}, {"name": "default", "id": "f1"}) for operation in api.operations]


def _build_seed(api: Api, operation: Operation, known_ids: dict[str, list[str]], scopes: dict[str, str]) -> RawRequest:
    path = operation.path
    for parameter in operation.parameters:
        if parameter.location == "path":
            ids = known_ids.get(operation.path, [])
            value = scopes.get(parameter.name) or (ids[0] if ids else "1")
            path = path.replace(f"{{{parameter.name}}}", quote(str(value), safe=""))
    query = "&".join(
        f"{quote(p.name)}={quote(str(_sample(api, p)))}" for p in operation.parameters if p.location == "query"
    )
    headers, body = [*_CREDENTIALS], b""
    if operation.body is not None:
        media_type, content = next(iter(operation.body.content.items()))
        value = build_minimal_value(api.request_schemas, content.schema, content.pointer)
        headers.append((b"content-type", media_type.encode()))
        body = json.dumps({} if value is UNSET else value).encode()
    return RawRequest(operation.method, f"{operation.base_path}{path}?{query}".rstrip("?"), headers, body)


def _sample(api: Api, parameter: Any) -> Any:
    value = build_minimal_value(api.request_schemas, parameter.schema, parameter.pointer)
    return "1" if value is UNSET else value
