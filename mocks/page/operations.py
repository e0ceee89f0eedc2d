"""The operations of a mock as its page shows them, each with a command that works when it is pasted."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from specduet.mocks.control.sessions import Session
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import CannotGenerate, get_generator
from specduet.mocks.handler import OperationHandler
from specduet.mocks.media_types import choose_content, get_kind
from specduet.mocks.settings import Settings
from specduet.specs import Api, Operation, Schema

_MAX_BODY = 2_000
"""Characters of an example of a body; a longer one is left out."""


@dataclass(frozen=True)
class ServedOperation:
    """One operation on the page."""

    label: str
    method: str
    address: str
    """The address with placeholders, as the document has it."""
    example: str
    """The address with values that there are, and the query that is required."""
    summary: str
    role: str
    schemes: tuple[str, ...]
    statuses: tuple[str, ...]
    headers: dict[str, str]
    curl: str

    @property
    def can_try(self) -> bool:
        """True if the page itself can send it: what only reads, with nothing but headers."""
        return self.method == "GET" and "{" not in self.example


class ServedOperations:
    """The operations of all APIs of a mock."""

    def __init__(self, handlers: Sequence[OperationHandler], settings: Settings) -> None:
        self._handlers = handlers
        self._given = {credential.scheme for credential in settings.credentials}
        self._needs_credentials = settings.auth
        self._bodies: dict[str, tuple[str, str] | None] = {}

    def list_views(self, api: Api, session: Session, index: Mapping[str, Any]) -> list[ServedOperation]:
        """Return the operations of one API; ``index`` has the addresses and the ids that there are."""
        entry = next(entry for entry in index["apis"] if entry["name"] == api.name)
        addresses = {operation["id"]: operation["address"] for operation in entry["operations"]}
        return [
            self._build_view(handler, addresses[handler.operation.id], entry["ids"], session)
            for handler in self._handlers
            if handler.api is api
        ]

    def _build_view(
        self, handler: OperationHandler, address: str, ids: Mapping[str, Sequence[Any]], session: Session
    ) -> ServedOperation:
        operation = handler.operation
        headers, query = self._find_credentials(handler.api, operation)
        query |= _find_required_query(handler.api, operation)
        base = address[: len(address) - len(operation.path)]
        example = base + _fill_path(handler.api, operation, ids) + (f"?{urlencode(query)}" if query else "")
        if session.name != "default":
            headers["X-Mock-Session"] = session.name
        return ServedOperation(
            operation.label,
            operation.method,
            address,
            example,
            operation.summary,
            operation.role.name,
            tuple(" and ".join(schemes) for schemes in operation.security if schemes),
            tuple(operation.responses),
            headers,
            self._format_curl(handler, example, headers),
        )

    def _find_credentials(self, api: Api, operation: Operation) -> tuple[dict[str, str], dict[str, str]]:
        """Return the headers and the query that carry a credential which the mock accepts, or a variable for one."""
        headers: dict[str, str] = {}
        query: dict[str, str] = {}
        for name in next(iter(operation.security), ()) if self._needs_credentials else ():
            scheme = api.schemes.get(name)
            if scheme is None:
                continue
            value = f"{scheme.prefix}{'YOUR-CREDENTIAL' if name in self._given else 'any'}"
            if scheme.location == "query":
                query[scheme.field] = value
            elif scheme.location == "cookie":
                headers["Cookie"] = f"{scheme.field}={value}"
            else:
                headers[scheme.field] = value
        return headers, query

    def _format_curl(self, handler: OperationHandler, example: str, headers: Mapping[str, str]) -> str:
        operation = handler.operation
        parts = ["curl", "-i"]
        if operation.method != "GET":
            parts += ["-X", operation.method]
        for name, value in headers.items():
            parts += ["-H", f"{name}: {value}"]
        key = f"{handler.api.name} {operation.label}"
        if key not in self._bodies:
            self._bodies[key] = _make_body(handler.api, operation)
        body = self._bodies[key]
        if body is not None:
            parts += ["-H", f"Content-Type: {body[0]}", "-d", body[1]]
        return shlex.join([*parts, example])


def _fill_path(api: Api, operation: Operation, ids: Mapping[str, Sequence[Any]]) -> str:
    """Return the path with an id that there is for each parameter, or else with a value that is valid."""
    path = operation.path
    for parameter in operation.parameters:
        place = f"{{{parameter.name}}}"
        before, braces, _ = operation.path.partition(place)
        known = ids.get(before + braces)
        if parameter.location == "path":
            value = known[0] if known else _make_value(api, parameter.schema, parameter.pointer, parameter.name)
            path = path if value is None else path.replace(place, quote(str(value), safe=""))
    return path


def _find_required_query(api: Api, operation: Operation) -> dict[str, str]:
    required = [p for p in operation.parameters if p.required and p.location == "query"]
    values = {p.name: _make_value(api, p.schema, p.pointer, p.name) for p in required}
    return {name: str(value) for name, value in values.items() if isinstance(value, str | int | float)}


def _make_body(api: Api, operation: Operation) -> tuple[str, str] | None:
    """Return the media type and the text of an example of a body; None where there is none in JSON."""
    content = choose_content(operation.body.content.values()) if operation.body else None
    if content is None or get_kind(content.media_type) != "json":
        return None
    value = next(iter(content.examples.values()), None)
    if value is None:
        value = _make_value(api, content.schema, content.pointer)
    text = json.dumps(value, ensure_ascii=False)
    return (content.media_type, text) if value is not None and len(text) <= _MAX_BODY else None


def _make_value(api: Api, schema: Schema, pointer: str, name: str = "") -> Any:
    """Return a valid value; None where none can be made."""
    try:
        make = get_generator(api.request_schemas).build_valid_maker(schema, str(pointer), name, null=False)
        return make(SeededRandom(f"page/{api.name}{pointer}"))
    except CannotGenerate:
        return None
