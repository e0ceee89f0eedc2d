"""Bodies of requests, judged by the media type with which they were sent."""

from collections.abc import Iterator

from specduet.contracts.oracle.form_body import find_invalid_fields
from specduet.contracts.oracle.json_body import MAX_BODY_LENGTH, check_json_body, make_body_part
from specduet.contracts.oracle.json_values import judge_text
from specduet.contracts.oracle.media_types import (
    FORM_MEDIA_TYPES,
    find_content,
    find_json_content,
    is_json,
    strip_parameters,
)
from specduet.contracts.oracle.request_parts import RequestPart
from specduet.contracts.oracle.scalars import VALID, ScalarVerdict
from specduet.contracts.oracle.schema_access import locate_content
from specduet.contracts.recording import SentRequest
from specduet.specs import Api, Body, Content, Operation


def check_body(api: Api, operation: Operation, request: SentRequest) -> Iterator[RequestPart]:
    """Yield the parts of the body: its invalid and lenient locations, or one part for the body as a whole."""
    body = operation.body
    if body is None:
        if request.body:
            judged = ScalarVerdict("lenient", "is sent where none is documented")
            yield make_body_part(judged, operation.pointer, any_4xx_allowed=True)
        return
    if not request.body:
        yield make_body_part(_judge_absent(body), body.pointer)
        return
    content_type = request.get_header("content-type") or ""
    sent, json_content = find_content(body.content, content_type), find_json_content(body.content)
    is_sent_as_json = is_json(strip_parameters(content_type))
    if sent is not None and not is_sent_as_json:
        yield from _check_other_body(api, sent, request, content_type)
    elif json_content is not None:
        yield from check_json_body(api, body, sent or json_content, request)
    else:
        judged = ScalarVerdict("lenient", "is of a media type that is not judged")
        yield make_body_part(judged, body.pointer, any_4xx_allowed=True)


def _judge_absent(body: Body) -> ScalarVerdict:
    if not body.required:
        return VALID
    # a form without fields, a text without letters and a file without bytes are bodies of no bytes
    is_certain = find_json_content(body.content) is not None
    return ScalarVerdict("invalid" if is_certain else "lenient", "is missing")


def _check_other_body(api: Api, content: Content, request: SentRequest, content_type: str) -> Iterator[RequestPart]:
    """Judge a body that is no JSON: a form by its fields, a text by its schema; bytes are valid whatever they are."""
    data = request.body or b""
    if len(data) > MAX_BODY_LENGTH:
        judged = ScalarVerdict("lenient", "is larger than some servers take")
        yield make_body_part(judged, content.pointer, any_4xx_allowed=True)
    elif strip_parameters(content_type) in FORM_MEDIA_TYPES and content.has_schema:
        yield from _check_form(api, content, data, content_type)
    else:
        yield make_body_part(_judge_raw(api, content, data, content_type), content.pointer, any_4xx_allowed=True)


def _check_form(api: Api, content: Content, data: bytes, content_type: str) -> Iterator[RequestPart]:
    found = find_invalid_fields(api.request_schemas, content, data, content_type)
    if found is None:
        judged = ScalarVerdict("lenient", "is a form that servers read differently")
        yield make_body_part(judged, content.pointer, any_4xx_allowed=True)
        return
    for invalid in found:
        name = "/".join(map(str, invalid.loc[1:]))
        is_lenient = invalid.verdict == "lenient"
        yield RequestPart("body", name, invalid.verdict, invalid.loc, invalid.reason, invalid.pointer, is_lenient)
    if not found:
        yield make_body_part(VALID, content.pointer)


def _judge_raw(api: Api, content: Content, data: bytes, content_type: str) -> ScalarVerdict:
    media_type = strip_parameters(content_type)
    if media_type == "application/octet-stream" and "octet-stream" in content.media_type:
        return VALID
    if media_type == "text/plain" and "text/plain" in content.media_type.lower():
        try:
            text = data.decode("ascii")
        except UnicodeDecodeError:
            return ScalarVerdict("lenient", "is a text that servers decode differently")
        if not text.isprintable():
            return ScalarVerdict("lenient", "is a text that servers read differently")
        located = locate_content(api.request_schemas, content)
        return judge_text(api.request_schemas, *located, text) if content.has_schema else VALID
    return ScalarVerdict("lenient", "is of a media type that is not judged")
