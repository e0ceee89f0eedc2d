"""Error responses in the shape that the document gives them, for APIs whose overlay names no dialect.

The dialect's own body is sent if it satisfies the documented schema, with the documented media type. Otherwise a body
is generated from the schema, and message and status are put into the fields that seem to be meant for them.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from specduet.mocks import responses
from specduet.mocks.error_responses import Dialect
from specduet.mocks.examples import choose_content
from specduet.mocks.generation import values
from specduet.mocks.request import is_json
from specduet.mocks.responses import Headers, HttpResponse
from specduet.mocks.validation import Problem
from specduet.specs import Api, Content, Operation

_MESSAGE_FIELDS = {
    "detail",
    "details",
    "message",
    "msg",
    "error",
    "error_message",
    "error_description",
    "description",
    "reason",
}
_STATUS_FIELDS = {"status", "statuscode", "status_code", "code"}


class DocumentedDialect:
    """A dialect whose responses are changed so that they satisfy the document of one operation."""

    def __init__(self, dialect: Dialect, api: Api, operation: Operation) -> None:
        self.status = dialect.status
        self.is_fastapi = dialect.is_fastapi
        self._dialect = dialect
        self._schemas = api.schemas
        self._operation = operation

    def render_validation_error(self, problems: Sequence[Problem]) -> HttpResponse:
        return self._fit_to_document(self._dialect.render_validation_error(problems))

    def render_error(self, status: int, text: str = "", headers: Headers | None = None) -> HttpResponse:
        return self._fit_to_document(self._dialect.render_error(status, text, headers))

    def _fit_to_document(self, response: HttpResponse) -> HttpResponse:
        documented = self._operation.response_for(response.status)
        content = choose_content(documented) if documented else None
        if content is None or not is_json(content.media_type):
            return response
        body = json.loads(response.body)
        if self._schemas.validator_at(content.pointer).is_valid(body):
            return _set_media_type(response, content.media_type)
        try:
            value = self._generate_body(content, body, response.status)
        except values.CannotGenerate:
            return response
        fitted = responses.make_json_response(response.status, value)
        fitted.headers += [pair for pair in response.headers if pair[0] not in {b"content-type", b"content-length"}]
        return _set_media_type(fitted, content.media_type)

    def _generate_body(self, content: Content, body: dict[str, Any], status: int) -> Any:
        """Return a valid body with the message of ``body`` and the status in it, as far as the schema allows them."""
        is_valid = self._schemas.validator_at(content.pointer).is_valid
        value = values.generate_value(self._schemas, content.schema, content.pointer, f"{self._operation.id}/{status}")
        for container, name in _find_message_fields(value):
            before = container[name]
            container[name] = _extract_message(body) if isinstance(before, str) else status
            if not is_valid(value):
                container[name] = before
        return value


def _set_media_type(response: HttpResponse, media_type: str) -> HttpResponse:
    name = media_type.encode("latin-1", "replace")
    response.headers = [(key, name if key == b"content-type" else value) for key, value in response.headers]
    return response


def _extract_message(body: dict[str, Any]) -> str:
    """Return the message of a body in any of the dialects."""
    text = body.get("detail") or body.get("message") or body.get("title")
    if isinstance(text, list):
        return "; ".join(str(item["msg"]) for item in text)
    return str(text)


def _find_message_fields(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the object and the name of each field that seems to be meant for a message or for a status."""
    if isinstance(value, list):
        for item in value:
            yield from _find_message_fields(item)
    if isinstance(value, dict):
        for name, inner in value.items():
            names = _MESSAGE_FIELDS if isinstance(inner, str) else _STATUS_FIELDS if type(inner) is int else ()
            if name.lower() in names:
                yield value, name
            else:
                yield from _find_message_fields(inner)
