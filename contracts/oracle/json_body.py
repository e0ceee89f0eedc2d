"""JSON bodies of requests: judged from their bytes and their content type."""

import codecs
import json
import re
from collections.abc import Iterator
from email.message import Message
from typing import Any

from specduet.contracts.oracle import json_values
from specduet.contracts.oracle.media_types import is_json, matches_media_type, strip_parameters
from specduet.contracts.oracle.request_parts import RequestPart
from specduet.contracts.oracle.scalars import VALID, ScalarVerdict
from specduet.contracts.oracle.schema_access import locate_content
from specduet.contracts.recording import SentRequest
from specduet.specs import Api, Body, Content

MAX_BODY_LENGTH = 100_000
"""In bytes; a server may reject a longer body with 413 (RFC 9110, 15.5.14)."""
_MAX_JSON_DEPTH = 200
_MAX_INTEGER_DIGITS = 400


def make_body_part(judged: ScalarVerdict, pointer: str, *, any_4xx_allowed: bool = False) -> RequestPart:
    """Return the part that stands for the body as a whole."""
    return RequestPart("body", "", judged.verdict, ("body",), judged.reason, pointer, any_4xx_allowed)


def check_json_body(api: Api, body: Body, content: Content, request: SentRequest) -> Iterator[RequestPart]:
    """Yield the parts of a body that has to be JSON."""
    data = request.body or b""
    content_type = _judge_content_type(body, request)
    value, parsed = parse_json_body(data)
    if content_type.verdict != "valid":
        yield make_body_part(content_type, body.pointer, any_4xx_allowed=True)
    if content_type.verdict == "invalid":
        return
    if len(data) > MAX_BODY_LENGTH:
        judged = ScalarVerdict("lenient", "is larger than some servers take")
        yield make_body_part(judged, body.pointer, any_4xx_allowed=True)
    elif parsed.verdict != "valid":
        any_4xx_allowed = parsed.verdict == "lenient" or not is_utf8(data)
        yield make_body_part(parsed, body.pointer, any_4xx_allowed=any_4xx_allowed)
    elif value is None and not body.required:
        yield make_body_part(ScalarVerdict("lenient", "is null where a body may be left out"), body.pointer)
    else:
        yield from _check_json_value(api, content, value)


def _check_json_value(api: Api, content: Content, value: Any) -> Iterator[RequestPart]:
    locations = json_values.find_invalid_locations(
        api.request_schemas, *locate_content(api.request_schemas, content), value, ("body",)
    )
    for invalid in locations:
        name = "/".join(map(str, invalid.loc[1:]))
        yield RequestPart("body", name, invalid.verdict, invalid.loc, invalid.reason, invalid.pointer)
    if not locations:
        yield make_body_part(VALID, content.pointer)


def _judge_content_type(body: Body, request: SentRequest) -> ScalarVerdict:
    """Judge the content type of a body that has to be JSON: one that is clearly another media type is invalid."""
    text = request.get_header("content-type")
    if text is None or not text.strip():
        return ScalarVerdict("lenient", "has no content type")
    message = Message()
    message["content-type"] = text
    media_type = strip_parameters(text)
    is_documented = any(matches_media_type(name, media_type) for name in body.content)
    states_utf8 = message.get_content_charset("utf-8") in {"utf-8", "utf8"}
    if is_json(media_type) and is_documented and states_utf8:
        return VALID
    is_ambiguous = "json" in text.lower() or "*" in text or not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", media_type)
    if is_ambiguous or is_documented:
        return ScalarVerdict("lenient", "has a content type that servers treat differently")
    return ScalarVerdict("invalid", "is labelled as a media type that is not documented")


# ---------------------------------------------------------------------------------------------------------- parsing


class NonStandardJson(Exception):
    """JSON that some parsers read and others reject."""


def parse_json_body(data: bytes) -> tuple[Any, ScalarVerdict]:
    """Return the JSON value of a body and the verdict on its syntax (RFC 8259); None where that is not valid."""
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None, ScalarVerdict("lenient", "begins with a byte order mark")
    if data.count(b"[") + data.count(b"{") > _MAX_JSON_DEPTH and _measure_depth(data) > _MAX_JSON_DEPTH:
        return None, ScalarVerdict("lenient", "is nested deeper than some parsers read")
    if not is_utf8(data):
        return None, _judge_other_encoding(data)
    try:
        return _parse_strict(data.decode()), VALID
    except NonStandardJson as error:
        return None, ScalarVerdict("lenient", str(error))
    except ValueError:
        return None, ScalarVerdict("invalid", "is no JSON")


def is_utf8(data: bytes) -> bool:
    """Return whether data is valid UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _judge_other_encoding(data: bytes) -> ScalarVerdict:
    # Python's parser recognises UTF-16 and UTF-32, others need not (RFC 8259, 8.1).
    try:
        json.loads(data)
    except ValueError:
        return ScalarVerdict("invalid", "is not UTF-8")
    return ScalarVerdict("lenient", "is JSON in another encoding than UTF-8")


def _measure_depth(data: bytes) -> int:
    """Return the deepest nesting of brackets; brackets in strings count as well."""
    deepest = depth = 0
    for byte in data:
        depth += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, depth)
    return deepest


def _parse_strict(text: str) -> Any:
    """Return the value of a JSON text. Raises ``NonStandardJson``, and ``ValueError`` where it is not JSON."""
    value = json.loads(
        text, object_pairs_hook=_reject_repeated_keys, parse_constant=_reject_constant, parse_int=_parse_integer
    )
    if re.search(r"\\u[dD][89a-fA-F]", text):
        raise NonStandardJson("holds surrogates, which some parsers reject")
    return value


def _reject_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise NonStandardJson("repeats a property")
    return value


def _reject_constant(constant: str) -> Any:
    raise NonStandardJson(f"holds {constant}")


def _parse_integer(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_DIGITS:
        raise NonStandardJson("holds a number of more digits than some parsers read")
    return int(digits)
