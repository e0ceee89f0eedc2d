"""Responses as the document describes them: status, headers, media type and body, for requests with any ``Accept``."""

from collections.abc import Iterator, Mapping
from typing import Any

from specduet.mocks import responses
from specduet.mocks.generation import values
from specduet.mocks.generation.merged_schema import merge_schemas
from specduet.mocks.json_codec import decode_json
from specduet.mocks.media_types import choose_concrete_type, choose_content, get_kind
from specduet.mocks.path_templates import normalize_path
from specduet.mocks.request import Request
from specduet.mocks.response_headers import ResponseHeaders
from specduet.mocks.responses import JSON, Headers, HttpResponse
from specduet.specs import Api, Content, Operation, Response

BODILESS_STATUSES = frozenset({204, 205, 304})
"""Statuses whose responses have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""


def choose_usual_status(operation: Operation) -> int:
    """Return the status of the response to a valid request: the lowest success that is documented.

    Without one: 200 for a range or ``default``, else the lowest redirect, then the lowest error.
    """
    codes = sorted(int(status) for status in operation.responses if status.isdigit() and len(status) == 3)
    ranges = {status[0] for status in operation.responses if status[1:].upper() == "XX"}
    for family in "23":
        found = next((code for code in codes if code // 100 == int(family)), None)
        if found is not None:
            return found
        if family in ranges:
            return 200 if family == "2" else 302
    if "default" not in operation.responses:
        for family in "45":
            found = next((code for code in codes if code // 100 == int(family)), None)
            if found is not None:
                return found
            if family in ranges:
                return 400 if family == "4" else 503
    return 200


class DocumentedResponses:
    """The documented responses of one operation."""

    def __init__(self, api: Api, operation: Operation) -> None:
        self.usual_status = choose_usual_status(operation)
        self._api = api
        self._operation = operation
        self._headers: dict[int, ResponseHeaders | None] = {}

    def make_response(
        self,
        status: int,
        request: Request,
        key: str,
        *,
        example: str | None = None,
        prefers_generated: bool = False,
        sent: Any = None,
    ) -> HttpResponse:
        """Return the response of a status, its body by the named example, else by the first, else by the schema.

        The same ``key`` gives the same body. A body by the schema has the properties of ``sent``, the body of the
        request, that it may have. Raises ``CannotGenerate`` if there is no valid one, and ``KeyError`` for
        an example that is not there.
        """
        response = self._operation.response_for(status)
        accept = request.accept
        content = choose_response_content(response, accept, example) if response else None
        headers = self.make_headers(status, request)
        if content is None or status in BODILESS_STATUSES:
            return responses.make_empty_response(status, headers)
        media_type = choose_concrete_type(content, accept)
        value = make_value(self._api, content, media_type, key, example=example, prefers_generated=prefers_generated)
        if isinstance(sent, dict) and isinstance(value, dict) and content.has_schema and not content.examples:
            value = self._echo(content, value, sent)
        made = encode_response(self._api, content, status, value, media_type)
        made.headers += headers
        return made

    def _echo(self, content: Content, value: dict[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
        """Return the value with what was sent, where the schema describes it and allows it."""
        schemas = self._api.response_schemas
        known = merge_schemas(schemas, [(content.schema, content.pointer)]).properties
        generator = values.get_generator(schemas)
        for name, inner in sent.items():
            is_shown = name in known and not generator.is_write_only(known[name])
            if is_shown and self._is_valid(content, {**value, name: inner}):
                value = {**value, name: inner}
        for name, parts in known.items():
            stated = (schema["default"] for schema, _ in parts if isinstance(schema, Mapping) and "default" in schema)
            default = next(stated, value.get(name))
            is_new = name not in value or value[name] != default
            if is_new and name not in sent and self._is_valid(content, {**value, name: default}):
                value = {**value, name: default}
        return value

    def is_acceptable(self, status: int, request: Request) -> bool:
        """Return False if a client accepts no documented type, and the document has a response to that."""
        if "406" not in self._operation.responses or b"accept" not in request.headers:
            return True
        response = self._operation.response_for(status)
        if response is None or not response.content:
            return True
        return choose_content(response.content.values(), request.accept) is not None

    def has_media_types(self, status: int) -> bool:
        """Return True if a client may choose between several media types, or within a range."""
        response = self._operation.response_for(status)
        return response is not None and (len(response.content) > 1 or any("*" in name for name in response.content))

    def encode_row(self, status: int, row: bytes, request: Request) -> HttpResponse:
        """Return the response with rows, which are given in JSON, in the media type that the client accepts."""
        response, accept = self._operation.response_for(status), request.accept
        if response is not None and (not response.content or status in BODILESS_STATUSES):
            return responses.make_empty_response(status)
        content = choose_response_content(response, accept) if response else None
        media_type = choose_concrete_type(content, accept) if content else JSON.decode()
        if content is None or get_kind(media_type) == "json":
            if content is not None and content.has_schema and not self._is_valid(content, decode_json(row)):
                value = make_value(self._api, content, media_type, f"{self._api.name}/{self._operation.id}")
                return encode_response(self._api, content, status, value, media_type)
            return responses.make_response(status, row, media_type.encode("latin-1", "replace"))
        return encode_response(self._api, content, status, decode_json(row), media_type)

    def _is_valid(self, content: Content, value: Any) -> bool:
        return self._api.response_schemas.validator_at(content.pointer).is_valid(value)

    def make_headers(self, status: int, request: Request) -> Headers:
        """Return the documented headers of a status. Raises ``CannotGenerate`` if a required one cannot be made."""
        if status not in self._headers:
            response = self._operation.response_for(status)
            is_needed = response is not None and (response.headers or 300 <= status < 400)
            key = f"{self._api.name}/{self._operation.id}/{status}"
            self._headers[status] = ResponseHeaders(self._api, response, key) if response and is_needed else None
        made = self._headers[status]
        if made is None:
            return []
        return made.make_headers(status, request.origin, normalize_path(request.scope["path"]))


def choose_response_content(response: Response, accept: str | None, example: str | None = None) -> Content | None:
    """Return the content of a response for a client; the first if the client accepts none, for a mock is lenient."""
    contents = list(response.content.values())
    if example is not None:
        contents = [content for content in contents if example in content.examples] or contents
    return choose_content(contents, accept) or choose_content(contents)


def make_value(
    api: Api,
    content: Content,
    media_type: str,
    key: str,
    *,
    example: str | None = None,
    prefers_generated: bool = False,
) -> Any:
    """Return the value of a body. Raises ``CannotGenerate``, and ``KeyError`` for an example that is not there."""
    if example is not None:
        return _clean_example(api, content, content.examples[example])
    if not prefers_generated:
        for value in _find_examples(api, content, media_type):
            return value
    if not content.has_schema:
        from specduet.mocks.response_bodies import make_free_value  # most responses have a schema

        return make_free_value(media_type)
    return values.generate_value(api.response_schemas, content.schema, content.pointer, key)


def _find_examples(api: Api, content: Content, media_type: str) -> Iterator[Any]:
    """Yield the examples of a media type that may be sent as they are: JSON only if its schema allows it."""
    for stated in content.examples.values():
        value = _clean_example(api, content, stated)
        is_free = not content.has_schema or is_text_body(value, media_type)
        if is_free or api.response_schemas.validator_at(content.pointer).is_valid(value):
            yield value


def _clean_example(api: Api, content: Content, value: Any) -> Any:
    if not content.has_schema or not isinstance(value, dict | list):
        return value
    return values.get_generator(api.response_schemas).clean_example(value, content.schema, content.pointer)


def is_text_body(value: Any, media_type: str) -> bool:
    """Return True for a text that is a whole body by itself: its schema is that of what it stands for."""
    return isinstance(value, str) and get_kind(media_type) != "json"


def encode_response(api: Api, content: Content, status: int, value: Any, media_type: str) -> HttpResponse:
    """Return a response with a value under a concrete media type."""
    name = media_type.encode("latin-1", "replace")
    kind = get_kind(media_type)
    if kind == "json":
        return responses.make_json_response(status, value, name)
    from specduet.mocks import response_bodies  # imports what JSON does without

    body = response_bodies.encode_body(value, media_type, api.schemas, content.schema, content.pointer)
    if kind == "multipart" and "boundary" not in media_type:
        name += f"; boundary={response_bodies.MULTIPART_BOUNDARY}".encode()
    return responses.make_response(status, body, name)
