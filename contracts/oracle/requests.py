"""Whether a request, as it was sent, is one that the document allows: part by part, and three-valued.

The oracle looks at bytes that went out, never at what a generator meant them to be. ``valid`` means that every correct
server takes it, ``invalid`` that none may, ``lenient`` that correct servers differ, so that nothing follows.
FastAPI, from 0.100 on, is held to be correct: a test compares the oracle with a FastAPI application.
"""

import codecs
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from functools import lru_cache
from http.cookies import CookieError, SimpleCookie
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

from specduet.contracts.oracle import json_values, scalars
from specduet.contracts.oracle.json_values import Loc
from specduet.contracts.oracle.scalars import VALID, ScalarVerdict, Verdict, strictest
from specduet.contracts.recording import Exchange, SentRequest
from specduet.specs import Api, Body, Content, Operation, Parameter, Schema

PartLocation = Literal["path", "query", "header", "cookie", "body"]

MAX_URL_LENGTH = 4_000
MAX_HEADERS_LENGTH = 3_000
MAX_BODY_LENGTH = 100_000
"""In bytes. Beyond these a server may answer 414, 431 or 413 and be right (RFC 9110, 15.5.14; RFC 6585, 5)."""
_MAX_JSON_DEPTH = 200
_CLOCK_SLACK = timedelta(hours=1)  # how far the clocks of both sides may be apart
_RESERVED_HEADERS = frozenset({"accept", "content-type", "authorization"})  # OAS 3.1, 4.8.12.1


@dataclass(frozen=True)
class RequestPart:
    """A parameter, or one spot of the body; a wholly valid body is a single part.

    ``loc`` is where FastAPI says it is. ``any_4xx_allowed``: any 4xx is a fitting refusal, since not the validation but
    something in front of it may refuse first. ``pointer`` leads to the schema; that of a body which cannot be read at
    all (missing, no JSON, wrongly labelled) leads to the request body.
    """

    location: PartLocation
    name: str
    verdict: Verdict
    loc: Loc
    reason: str = ""
    pointer: str = ""
    any_4xx_allowed: bool = False

    @property
    def display_name(self) -> str:
        """``query/limit``, ``body/agents/0/goal``: how a finding names the part."""
        return "/".join(map(str, self.loc))


def judge(api: Api, operation: Operation, exchange: Exchange) -> tuple[RequestPart, ...]:
    """The parts of an exchange's request, judged at the time when it was sent."""
    # Kept on the exchange, which belongs to one operation: every clause asks for the same.
    known: tuple[RequestPart, ...] | None = vars(exchange).get("_parts")
    if known is None:
        known = vars(exchange)["_parts"] = classify_request(api, operation, exchange.request, sent_at=exchange.sent_at)
    return known


def classify_request(
    api: Api, operation: Operation, request: SentRequest, *, sent_at: float | None = None
) -> tuple[RequestPart, ...]:
    """Every declared parameter and the body of a request. ``sent_at``: when it was sent, in seconds since 1970."""
    parts = [
        *_check_path(api, operation, request),
        *_check_query(api, operation, request, time.time() if sent_at is None else sent_at),
        *_check_headers_and_cookies(api, operation, request),
        *_check_body(api, operation, request),
    ]
    return (*parts, *_check_sizes(request))


def combine_verdicts(parts: Sequence[RequestPart]) -> Verdict:
    """What the parts come to: one invalid part makes a request invalid, one lenient part leaves it open."""
    return strictest(ScalarVerdict(part.verdict) for part in parts).verdict


def _make_parameter_part(parameter: Parameter, judged: ScalarVerdict, *, any_4xx_allowed: bool = False) -> RequestPart:
    loc = (parameter.location, parameter.name)
    return RequestPart(
        parameter.location, parameter.name, judged.verdict, loc, judged.reason, parameter.pointer, any_4xx_allowed
    )


def _check_sizes(request: SentRequest) -> Iterator[RequestPart]:
    if len(request.url) > MAX_URL_LENGTH:
        yield RequestPart(
            "path", "", "lenient", ("path",), "the address is longer than some servers take", any_4xx_allowed=True
        )
    if sum(len(name) + len(value) for name, value in request.headers) > MAX_HEADERS_LENGTH:
        yield RequestPart(
            "header", "", "lenient", ("header",), "the headers are longer than some servers take", any_4xx_allowed=True
        )


# ------------------------------------------------------------------------------------------------------------ texts


def _decode_percent(raw: str, *, plus: bool) -> tuple[str, bool]:
    """Percent-decoded text, and whether every server decodes it alike."""
    data = unquote_to_bytes(raw.replace("+", " ") if plus else raw)
    is_unambiguous = not re.search(r"%(?![0-9A-Fa-f]{2})", raw) and raw.isascii()
    try:
        value = data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="replace"), False
    return value, is_unambiguous and scalars.is_plain_text(value)


def _check_text(api: Api, parameter: Parameter, value: str, *, is_unambiguous: bool) -> RequestPart:
    """One text of a scalar parameter; what is not decoded alike is never certain."""
    judged = json_values.judge_text(api.schemas, parameter.schema, parameter.pointer, value)
    if not is_unambiguous:
        judged = ScalarVerdict("lenient", "holds characters that servers treat differently")
    return _make_parameter_part(parameter, judged, any_4xx_allowed=not is_unambiguous)


@lru_cache(maxsize=256)
def _compile_path_template(path: str) -> re.Pattern[str]:
    pieces = re.split(r"\{([^{}]*)\}", path)
    names = iter(range(len(pieces)))
    return re.compile("".join(f"(?P<p{next(names)}>[^/]*)" if i % 2 else re.escape(p) for i, p in enumerate(pieces)))


def extract_path_texts(operation: Operation, request: SentRequest) -> dict[str, str] | None:
    """The path parameters' texts by name, still percent-encoded; None where the path is not this operation's."""
    matched = _compile_path_template(operation.path).fullmatch(request.path)
    names = re.findall(r"\{([^{}]*)\}", operation.path)
    return dict(zip(names, matched.groups(), strict=True)) if matched else None


def _check_path(api: Api, operation: Operation, request: SentRequest) -> Iterator[RequestPart]:
    texts = extract_path_texts(operation, request)
    for parameter in operation.parameters:
        if parameter.location != "path":
            continue
        raw = texts.get(parameter.name) if texts is not None else None
        value, is_unambiguous = _decode_percent(raw or "", plus=False)
        # Routers, proxies and frameworks disagree on these, so that another path may have been asked for.
        is_routed_alike = raw and value.strip(".") and not set(value) & set("/\\;?#%") and value == value.strip()
        if is_routed_alike:
            yield _check_text(api, parameter, value, is_unambiguous=is_unambiguous)
        else:
            yield _make_parameter_part(
                parameter, ScalarVerdict("lenient", "may lead to another path"), any_4xx_allowed=True
            )


# ------------------------------------------------------------------------------------------------------------ query


def _check_query(api: Api, operation: Operation, request: SentRequest, sent_at: float) -> Iterator[RequestPart]:
    raw_pairs = [piece.partition("=") for piece in request.query.split("&") if piece]
    pairs = [(_decode_percent(name, plus=True)[0], _decode_percent(value, plus=True)) for name, _, value in raw_pairs]
    declared = [parameter for parameter in operation.parameters if parameter.location == "query"]
    for parameter in declared:
        values = [value for name, value in pairs if name == parameter.name]
        yield from _check_query_parameter(api, operation, parameter, values, sent_at)
    keys = {scheme.field for scheme in api.schemes.values() if scheme.location == "query"}
    yield from _check_undeclared((name for name, _ in pairs), keys | {parameter.name for parameter in declared})


def _check_undeclared(names: Iterable[str], declared: set[str]) -> Iterator[RequestPart]:
    """Names that nobody declared: most servers ignore them, strict ones refuse them, and both keep the document."""
    for name in dict.fromkeys(names):
        if name not in declared:
            yield RequestPart("query", name, "lenient", ("query", name), "is not declared", any_4xx_allowed=True)


def _check_query_parameter(
    api: Api, operation: Operation, parameter: Parameter, values: list[tuple[str, bool]], sent_at: float
) -> Iterator[RequestPart]:
    schema, _, nullable = api.schemas.split_null(parameter.schema, parameter.pointer)
    types = json_values.list_types(schema)
    if not values:
        yield _make_absent_part(parameter)
    elif "array" in types:
        yield from _check_array(api, parameter, values)
    elif "object" in types or "/content/" in parameter.pointer:
        yield _make_parameter_part(parameter, ScalarVerdict("lenient", "is written differently by servers"))
    elif len(values) > 1:
        yield _check_repeated(api, parameter, values)
    elif _is_blank(api, schema, values[0][0], nullable=nullable):
        yield _make_parameter_part(parameter, ScalarVerdict("lenient", "is nothing to some servers"))
    else:
        part = _check_text(api, parameter, values[0][0], is_unambiguous=values[0][1])
        yield _check_statements(operation, parameter, values[0][0], part, sent_at)


def _is_blank(api: Api, schema: Schema, text: str, *, nullable: bool) -> bool:
    """Whether servers may take a text for none at all; FastAPI never takes an empty one for that."""
    free_text = "string" in json_values.list_types(schema) and not {"enum", "format"} & schema.keys()
    if text == "":
        return free_text or not has_fastapi_errors(api)
    return nullable and text.lower() == "null"


def has_fastapi_errors(api: Api) -> bool:
    """Whether the API documents that it refuses as FastAPI does, so that it is known to read requests likewise."""
    refusals = api.behavior.refusals
    return refusals is not None and refusals.dialect == "fastapi" and refusals.basis == "documented"


def _make_absent_part(parameter: Parameter) -> RequestPart:
    return _make_parameter_part(parameter, ScalarVerdict("invalid", "is missing") if parameter.required else VALID)


def _check_repeated(api: Api, parameter: Parameter, values: list[tuple[str, bool]]) -> RequestPart:
    """The first, the last or none of them counts: certain only where no one of them is right."""
    parts = [_check_text(api, parameter, value, is_unambiguous=is_unambiguous) for value, is_unambiguous in values]
    if all(part.verdict == "invalid" for part in parts):
        return parts[-1]
    return _make_parameter_part(parameter, ScalarVerdict("lenient", "is given more than once"))


def _check_array(api: Api, parameter: Parameter, values: list[tuple[str, bool]]) -> Iterator[RequestPart]:
    """Repeated pairs, one an item (``style: form`` and ``explode``); other spellings are lenient."""
    schema, pointer, _ = api.schemas.split_null(parameter.schema, parameter.pointer)
    if not parameter.explode or not all(
        is_unambiguous and value and "," not in value for value, is_unambiguous in values
    ):
        yield _make_parameter_part(parameter, ScalarVerdict("lenient", "is split into items differently by servers"))
        return
    items = schema.get("items", True)
    has_invalid_items = False
    for index, (value, _) in enumerate(values):
        judged = json_values.judge_text(api.schemas, items, f"{pointer}/items", value)
        if judged.verdict != "valid":
            has_invalid_items = True
            loc = (parameter.location, parameter.name, index)
            yield RequestPart("query", parameter.name, judged.verdict, loc, judged.reason, parameter.pointer)
    size_keywords = {key: schema[key] for key in ("minItems", "maxItems", "uniqueItems") if key in schema}
    for invalid in json_values.find_invalid_locations(api.schemas, size_keywords, pointer, [v for v, _ in values], ()):
        has_invalid_items = True
        yield _make_parameter_part(parameter, ScalarVerdict(invalid.verdict, invalid.reason))
    if not has_invalid_items:
        yield _make_parameter_part(parameter, VALID)


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(duration: str) -> float:
    """``-31d`` in seconds: a whole number and one of s, m, h, d, w."""
    return float(duration[:-1]) * _UNITS[duration[-1]]


def _check_statements(
    operation: Operation, parameter: Parameter, value: str, part: RequestPart, sent_at: float
) -> RequestPart:
    """A valid text that what is said in words, or plain sense, may still make a server refuse."""
    judged = strictest(
        (_check_age(operation, parameter, value, sent_at), _check_row_count(operation, parameter, value))
    )
    if part.verdict != "valid" or judged.verdict == "valid":
        return part
    return _make_parameter_part(parameter, judged, any_4xx_allowed=True)


def _check_age(operation: Operation, parameter: Parameter, value: str, sent_at: float) -> ScalarVerdict:
    rule = operation.behavior.filters.get(parameter.name)
    timestamp = scalars.parse_timestamp(value)
    if rule is None or timestamp is None:
        return VALID
    if timestamp.timestamp() > sent_at:
        return ScalarVerdict("lenient", "has not come yet, so that it makes no sense to some servers")
    if rule.oldest is None or timestamp.timestamp() >= sent_at + seconds(rule.oldest) + _CLOCK_SLACK.total_seconds():
        return VALID
    return ScalarVerdict("lenient", "is older than the service looks back")


def _check_row_count(operation: Operation, parameter: Parameter, value: str) -> ScalarVerdict:
    """A count of rows that the schema leaves without bounds: none, fewer, or billions of rows may be refused."""
    behavior, keywords = operation.behavior, parameter.schema.keys()
    minimums = {behavior.limit.parameter: 1} if behavior.limit else {}
    minimums |= {behavior.offset.parameter: 0} if behavior.offset else {}
    if parameter.name not in minimums or not re.fullmatch(r"-?\d+", value, re.ASCII):
        return VALID
    if int(value) < minimums[parameter.name] and not {"minimum", "exclusiveMinimum"} & keywords:
        return ScalarVerdict("lenient", "makes no sense to some servers")
    if int(value) >= 2**31 and not {"maximum", "exclusiveMaximum"} & keywords:
        return ScalarVerdict("lenient", "is too large for some servers")
    return VALID


# ---------------------------------------------------------------------------------------------- headers and cookies


def _check_headers_and_cookies(api: Api, operation: Operation, request: SentRequest) -> Iterator[RequestPart]:
    cookies = _parse_cookies(request)
    for parameter in operation.parameters:
        if parameter.location == "header" and parameter.name.lower() not in _RESERVED_HEADERS:
            yield _check_field(api, parameter, [v for k, v in request.headers if k.lower() == parameter.name.lower()])
        elif parameter.location == "cookie":
            if cookies is None:
                yield _make_parameter_part(
                    parameter, ScalarVerdict("lenient", "stands in cookies that servers read differently")
                )
            else:
                yield _check_field(api, parameter, [cookies[parameter.name]] if parameter.name in cookies else [])


def _check_field(api: Api, parameter: Parameter, values: list[str]) -> RequestPart:
    schema, _, nullable = api.schemas.split_null(parameter.schema, parameter.pointer)
    if not values:
        return _make_absent_part(parameter)
    value = values[0].strip(" \t")
    is_structured = {"array", "object"} & set(json_values.list_types(schema)) or "/content/" in parameter.pointer
    if len(values) > 1 or is_structured or not value or (nullable and value.lower() == "null"):
        return _make_parameter_part(parameter, ScalarVerdict("lenient", "is read differently by servers"))
    if not (value.isascii() and value.isprintable()):
        return _make_parameter_part(
            parameter,
            ScalarVerdict("lenient", "holds characters that headers do not carry safely"),
            any_4xx_allowed=True,
        )
    return _check_text(api, parameter, value, is_unambiguous=True)


def _parse_cookies(request: SentRequest) -> Mapping[str, str] | None:
    text = "; ".join(value for key, value in request.headers if key.lower() == "cookie")
    if not re.fullmatch(r"([\w.-]+=[\w.:+/@-]*(; |$))*", text, re.ASCII):
        return None
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(text).items()}
    except CookieError:
        return None


# ------------------------------------------------------------------------------------------------------------- body


def _make_body_part(judged: ScalarVerdict, pointer: str, *, any_4xx_allowed: bool = False) -> RequestPart:
    return RequestPart("body", "", judged.verdict, ("body",), judged.reason, pointer, any_4xx_allowed)


def _check_body(api: Api, operation: Operation, request: SentRequest) -> Iterator[RequestPart]:
    body = operation.body
    if body is None:
        if request.body:
            yield _make_body_part(
                ScalarVerdict("lenient", "is sent where none is documented"), operation.pointer, any_4xx_allowed=True
            )
        return
    content = json_content(body)
    if content is None:
        yield _make_body_part(
            ScalarVerdict("lenient", "is of a media type that is not judged"), body.pointer, any_4xx_allowed=True
        )
    elif not request.body:
        yield _make_body_part(ScalarVerdict("invalid", "is missing") if body.required else VALID, body.pointer)
    else:
        yield from _check_sent_body(api, body, content, request)


def json_content(body: Body) -> Content | None:
    """The JSON alternative of a body, if it has one."""
    return next((c for name, c in body.content.items() if _is_json(name)), None)


def _is_json(media_type: str) -> bool:
    bare = media_type.partition(";")[0].strip().lower()
    return bare == "application/json" or bare.endswith("+json")


def _check_sent_body(api: Api, body: Body, content: Content, request: SentRequest) -> Iterator[RequestPart]:
    data = request.body or b""
    content_type = _judge_content_type(body, request)
    value, parsed = parse_json_body(data)
    if content_type.verdict == "invalid":
        yield _make_body_part(content_type, body.pointer, any_4xx_allowed=True)
        return
    if content_type.verdict == "lenient":
        yield _make_body_part(content_type, body.pointer, any_4xx_allowed=True)
    if len(data) > MAX_BODY_LENGTH:
        yield _make_body_part(
            ScalarVerdict("lenient", "is larger than some servers take"), body.pointer, any_4xx_allowed=True
        )
    elif parsed.verdict != "valid":
        yield _make_body_part(parsed, body.pointer, any_4xx_allowed=parsed.verdict == "lenient" or not _is_utf8(data))
    elif value is None and not body.required:
        yield _make_body_part(ScalarVerdict("lenient", "is null where a body may be left out"), body.pointer)
    else:
        yield from _check_json_value(api, content, value)


def _check_json_value(api: Api, content: Content, value: Any) -> Iterator[RequestPart]:
    invalid_locations = json_values.find_invalid_locations(
        api.schemas, content.schema, content.pointer, value, ("body",)
    )
    for invalid in invalid_locations:
        name = "/".join(map(str, invalid.loc[1:]))
        yield RequestPart("body", name, invalid.verdict, invalid.loc, invalid.reason, invalid.pointer)
    if not invalid_locations:
        yield _make_body_part(VALID, content.pointer)


def _judge_content_type(body: Body, request: SentRequest) -> ScalarVerdict:
    """Whether the body is labelled as JSON; every media type that is clearly something else is invalid."""
    text = request.get_header("content-type")
    if text is None or not text.strip():
        return ScalarVerdict("lenient", "has no content type")
    message = Message()
    message["content-type"] = text
    media_type = text.partition(";")[0].strip().lower()
    if media_type == "application/json" and message.get_content_charset("utf-8") in {"utf-8", "utf8"}:
        return VALID
    is_ambiguous = "json" in text.lower() or "*" in text or not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", media_type)
    if is_ambiguous or media_type in {name.lower() for name in body.content}:
        return ScalarVerdict("lenient", "has a content type that servers treat differently")
    return ScalarVerdict("invalid", "is labelled as a media type that is not documented")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class NonStandardJson(Exception):
    """JSON that some parsers take and others refuse."""


def parse_json_body(data: bytes) -> tuple[Any, ScalarVerdict]:
    """A body's JSON value, and whether it is JSON at all (RFC 8259); None where the reading is not valid."""
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None, ScalarVerdict("lenient", "begins with a byte order mark")
    if data.count(b"[") + data.count(b"{") > _MAX_JSON_DEPTH and _measure_depth(data) > _MAX_JSON_DEPTH:
        return None, ScalarVerdict("lenient", "is nested deeper than some parsers read")
    if not _is_utf8(data):
        return None, _judge_other_encoding(data)
    try:
        return _parse_strict(data.decode()), VALID
    except NonStandardJson as error:
        return None, ScalarVerdict("lenient", str(error))
    except ValueError:
        return None, ScalarVerdict("invalid", "is no JSON")


def _parse_strict(text: str) -> Any:
    value = json.loads(
        text, object_pairs_hook=_reject_repeated_keys, parse_constant=_reject_constant, parse_int=_parse_integer
    )
    if re.search(r"\\u[dD][89a-fA-F]", text):
        raise NonStandardJson("holds surrogates, which some parsers refuse")
    return value


def _judge_other_encoding(data: bytes) -> ScalarVerdict:
    """JSON in UTF-16 or UTF-32, which Python's parser recognises and others need not (RFC 8259, 8.1)."""
    try:
        json.loads(data)
    except ValueError:
        return ScalarVerdict("invalid", "is not UTF-8")
    return ScalarVerdict("lenient", "is JSON in another encoding than UTF-8")


def _measure_depth(data: bytes) -> int:
    deepest = depth = 0
    for byte in data:
        depth += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, depth)
    return deepest


def _reject_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise NonStandardJson("repeats a property")
    return value


def _reject_constant(constant: str) -> Any:
    raise NonStandardJson(f"holds {constant}")


def _parse_integer(digits: str) -> int:
    if len(digits) > 400:
        raise NonStandardJson("holds a number of more digits than some parsers read")
    return int(digits)
