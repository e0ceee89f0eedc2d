"""Documents of the corpus, and the requests that each of them names.

A document is a file in a folder of its kind. ``info.title`` is the sentence that it proves, ``x-problems`` lists the
problems that it has as regular expressions, and ``x-requests`` lists requests with what is right for each:

    send: POST /x?p=1           method and target
    headers: {accept: text/csv}
    json: {a: 1}                the body as JSON; or ``form`` (URL-encoded) or ``text``, with ``type`` as its media type
    status: 200
    type: text/csv              the media type of the response
    body: {a: 1}                the whole body, parsed where it is JSON
    has: [regular expression]   what the body holds, as text
    sets: {location: '/.+'}     response headers, each a regular expression; null for one that is not sent
    reads: {p: [1]}             the parameters as the mock has read them
    takes: {a: 1}               the body as the mock has read it
    errors: [p.1, '#/a']        the places that the error response names

Where the document describes the response, its JSON has to satisfy the schema, too.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specduet.mocks.app import Mock
from specduet.mocks.handler import ValidatedRequest
from specduet.mocks.request_body import ABSENT_BODY
from specduet.mocks.responses import HttpResponse, make_json_response
from specduet.specs import Api, Operation
from tests.mocks.raw_http import RawRequest, RawResponse, send_raw

FOLDER = Path(__file__).parent
DOCUMENTS = sorted(path for kind in ("*/*.yaml", "*/*.json") for path in FOLDER.glob(kind))


@dataclass(frozen=True)
class ExpectedExchange:
    """A request of a document with what is right for it, and a place to send it to."""

    api: Api
    mock: Mock
    expected: Mapping[str, Any]

    def check(self) -> None:
        """Send the request. Raises ``AssertionError`` where the response is not the expected one."""
        response = send_raw(self.mock, self._build_request())
        shown = (self.expected["send"], response.status, response.headers, response.body[:500])
        assert response.status == self.expected["status"], shown
        for check in (self._check_headers, self._check_body, self._check_errors, self._check_schema):
            check(response, shown)
        self._check_reading()

    def _build_request(self) -> RawRequest:
        method, target = self.expected["send"].split(" ", 1)
        headers = {name.lower(): str(value) for name, value in self.expected.get("headers", {}).items()}
        body = b""
        for key, media_type in _BODY_TYPES.items():
            if key in self.expected:
                value = self.expected[key]
                body = (json.dumps(value) if key == "json" else value).encode("utf-8", "surrogateescape")
                headers.setdefault("content-type", media_type)
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        return RawRequest(method, target, pairs, body)

    def _check_headers(self, response: RawResponse, shown: object) -> None:
        sent = response.headers
        if "type" in self.expected:
            assert sent.get("content-type", "").split(";")[0] == self.expected["type"], shown
        for name, pattern in self.expected.get("sets", {}).items():
            value = sent.get(name)
            assert value is None if pattern is None else value and re.fullmatch(str(pattern), value), (name, shown)

    def _check_body(self, response: RawResponse, shown: object) -> None:
        if "body" in self.expected:
            is_json = "json" in response.headers.get("content-type", "")
            assert (response.json if is_json else response.body.decode()) == self.expected["body"], shown
        for pattern in self.expected.get("has", ()):
            assert re.search(pattern, response.body.decode("utf-8", "replace")), (pattern, shown)

    def _check_errors(self, response: RawResponse, shown: object) -> None:
        if "errors" in self.expected:
            found = [error.get("parameter", error.get("pointer")) for error in response.json["errors"]]
            assert [*dict.fromkeys(found)] == self.expected["errors"], shown

    def _check_schema(self, response: RawResponse, shown: object) -> None:
        operation = self._find_operation()
        described = operation.response_for(response.status) if operation else None
        for content in described.content.values() if described else ():
            media_type = response.headers.get("content-type", "").split(";")[0]
            if content.media_type.split(";")[0] == media_type and media_type.endswith("json") and content.has_schema:
                validator = self.api.response_schemas.validator_at(content.pointer)
                assert not [*validator.iter_errors(response.json)], shown

    def _find_operation(self) -> Operation | None:
        method, target = self.expected["send"].split(" ", 1)
        path = target.partition("?")[0]
        for operation in self.api.operations:
            pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(operation.full_path))
            if operation.method == method and re.fullmatch(pattern, path):
                return operation
        return None

    def _check_reading(self) -> None:
        wanted = {key: self.expected[key] for key in ("reads", "takes") if key in self.expected}
        if wanted:
            handlers = self.mock.handlers
            actions = [handler.action for handler in handlers]
            for handler in handlers:
                handler.action = _echo
            read = send_raw(self.mock, self._build_request()).json
            for handler, action in zip(handlers, actions, strict=True):
                handler.action = action
            assert {key: read[key] for key in wanted} == wanted, self.expected["send"]


_BODY_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded", "text": "text/plain"}


def _echo(_handler: Any, _world: Any, validated: ValidatedRequest, _request: Any) -> HttpResponse:
    """Respond with the parameters and the body as they were read."""
    body = None if validated.body is ABSENT_BODY else validated.body
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    return make_json_response(200, {"reads": validated.parameters, "takes": body})
