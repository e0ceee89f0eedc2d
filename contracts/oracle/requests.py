"""Verdicts on requests: does the document allow a request, judged from the bytes that were sent?

The oracle never asks what a generator meant a request to be. A part is ``valid`` if every correct server accepts it,
``invalid`` if none may, and ``lenient`` if correct servers differ, so that neither response proves anything. FastAPI,
from 0.100 on, counts as correct: a test compares the oracle with a FastAPI application.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie

from specduet.contracts.memo import compute_each
from specduet.contracts.oracle import json_values, scalars
from specduet.contracts.oracle.addresses import extract_path_texts, list_fixed_names
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.oracle.query_objects import (
    QueryMember,
    find_query_members,
    is_content_parameter,
    judge_query_members,
)
from specduet.contracts.oracle.request_body import check_body
from specduet.contracts.oracle.request_parts import RequestPart
from specduet.contracts.oracle.scalars import VALID, ScalarVerdict, pick_strictest
from specduet.contracts.oracle.schema_access import list_types, strip_null
from specduet.contracts.oracle.url_text import DecodedText, decode_percent, split_pairs
from specduet.contracts.recording import Exchange, Recording, SentRequest
from specduet.specs import Api, Operation, Parameter, Schema
from specduet.specs.statement import parse_duration

MAX_URL_LENGTH = 4_000
"""In characters; a server may reject a longer URL with 414 (RFC 9110, 15.5.15)."""
MAX_HEADERS_LENGTH = 3_000
"""In characters, all names and values; a server may reject longer headers with 431 (RFC 6585, 5)."""
_CLOCK_SLACK = timedelta(hours=1)  # the clocks of both sides may differ by this much
RESERVED_HEADERS = frozenset(
    {"accept", "content-type", "authorization"}  # OAS 3.1, 4.8.12.1: not parameters
    | {"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect", "cookie"}
)
"""Header parameters that are none, or that frame the message (RFC 9112): no other value can be sent."""

_HTTP_HEADERS = frozenset(
    {"prefer", "range", "origin", "content-encoding", "content-language", "accept-encoding", "accept-charset"}
    | {"accept-language", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"}
)
"""Headers that HTTP itself gives a syntax, whatever their schema says: frameworks and proxies may reject any other."""


def classify_exchanges(
    api: Api, operation: Operation, recording: Recording
) -> Sequence[tuple[Exchange, tuple[RequestPart, ...]]]:
    """Return all exchanges with an operation, each with the parts of its request. Each is judged once."""

    def classify(exchange: Exchange) -> tuple[Exchange, tuple[RequestPart, ...]]:
        return exchange, classify_request(api, operation, exchange.request, sent_at=exchange.sent_at)

    exchanges = list(recording.find_exchanges(api.name, operation.id))
    return compute_each(recording, ("request parts", api.name, operation.id), exchanges, classify)


def classify_request(
    api: Api, operation: Operation, request: SentRequest, *, sent_at: float | None = None
) -> tuple[RequestPart, ...]:
    """Return every declared parameter and the body of a request, with verdicts.

    ``sent_at`` is the time of sending in seconds since 1970; the default is now.
    """
    return (
        *_check_path(api, operation, request),
        *_check_query(api, operation, request, time.time() if sent_at is None else sent_at),
        *_check_headers_and_cookies(api, operation, request),
        *check_body(api, operation, request),
        *_check_sizes(request),
    )


def _make_parameter_part(parameter: Parameter, judged: ScalarVerdict, *, any_4xx_allowed: bool = False) -> RequestPart:
    loc = (parameter.location, parameter.name)
    return RequestPart(
        parameter.location, parameter.name, judged.verdict, loc, judged.reason, parameter.pointer, any_4xx_allowed
    )


def _make_lenient_part(parameter: Parameter, reason: str, *, any_4xx_allowed: bool = False) -> RequestPart:
    return _make_parameter_part(parameter, ScalarVerdict("lenient", reason), any_4xx_allowed=any_4xx_allowed)


def _check_sizes(request: SentRequest) -> Iterator[RequestPart]:
    if len(request.url) > MAX_URL_LENGTH:
        reason = "the address is longer than some servers take"
        yield RequestPart("path", "", "lenient", ("path",), reason, any_4xx_allowed=True)
    if sum(len(name) + len(value) for name, value in request.headers) > MAX_HEADERS_LENGTH:
        reason = "the headers are longer than some servers take"
        yield RequestPart("header", "", "lenient", ("header",), reason, any_4xx_allowed=True)


# ------------------------------------------------------------------------------------------------------------ texts


def _check_text(api: Api, parameter: Parameter, text: DecodedText) -> RequestPart:
    """Judge the one text of a scalar parameter; a text that servers decode differently is lenient."""
    if not text.is_unambiguous:
        return _make_lenient_part(parameter, "holds characters that servers treat differently", any_4xx_allowed=True)
    judged = json_values.judge_text(api.request_schemas, parameter.schema, parameter.pointer, text.value)
    return _make_parameter_part(parameter, judged)


def _check_path(api: Api, operation: Operation, request: SentRequest) -> Iterator[RequestPart]:
    texts = extract_path_texts(operation, request) or {}
    for parameter in operation.parameters:
        if parameter.location == "path":
            text = decode_percent(texts.get(parameter.name, ""), is_form=False)
            if parameter.style in {"label", "matrix"}:
                yield _make_lenient_part(parameter, "is read differently by servers", any_4xx_allowed=True)
            elif _is_routed_alike(text.value):
                yield _check_text(api, parameter, text)
            else:
                yield _make_lenient_part(parameter, "may lead to another path", any_4xx_allowed=True)


def _is_routed_alike(value: str) -> bool:
    # Routers, proxies and frameworks disagree on all other values, so that another path may have been requested.
    return bool(value.strip(".")) and not set(value) & set("/\\;?#%") and value == value.strip()


# ------------------------------------------------------------------------------------------------------------ query


def _check_query(api: Api, operation: Operation, request: SentRequest, sent_at: float) -> Iterator[RequestPart]:
    pairs = split_pairs(request.query)
    declared = [parameter for parameter in operation.parameters if parameter.location == "query"]
    names = {scheme.field for scheme in api.schemes.values() if scheme.location == "query"}
    names |= list_fixed_names(operation)
    for parameter in declared:
        members = find_query_members(api.request_schemas, parameter, pairs)
        if members is None:
            texts = [text for name, text in pairs if name == parameter.name]
            yield from _check_query_parameter(api, operation, parameter, texts, sent_at)
            names.add(parameter.name)
        else:
            yield _check_members(api, parameter, members)
            names |= {member.pair_name for member in members}
    yield from _check_undeclared((name for name, _ in pairs), names)


def _check_undeclared(names: Iterable[str], declared: set[str]) -> Iterator[RequestPart]:
    """Yield a lenient part for each undeclared name: most servers ignore it, strict ones reject it, both may."""
    for name in dict.fromkeys(names):
        if name not in declared:
            yield RequestPart("query", name, "lenient", ("query", name), "is not declared", any_4xx_allowed=True)


def _check_query_parameter(
    api: Api, operation: Operation, parameter: Parameter, texts: Sequence[DecodedText], sent_at: float
) -> Iterator[RequestPart]:
    schema, _, nullable = strip_null(api.request_schemas, parameter.schema, parameter.pointer)
    types = list_types(schema)
    if not texts:
        yield _make_absent_part(parameter)
    elif is_content_parameter(parameter):
        yield _check_json_text(api, parameter, texts)
    elif "array" in types:
        yield from _check_array(api, parameter, texts)
    elif "object" in types:
        yield _make_lenient_part(parameter, "is written differently by servers")
    elif len(texts) > 1:
        yield _check_repeated(api, parameter, texts)
    elif _is_blank(api, schema, texts[0].value, nullable=nullable):
        yield _make_lenient_part(parameter, "is nothing to some servers")
    else:
        part = _check_text(api, parameter, texts[0])
        yield _check_statements(operation, parameter, texts[0].value, part, sent_at)


def _check_json_text(api: Api, parameter: Parameter, texts: Sequence[DecodedText]) -> RequestPart:
    """Judge a parameter that the document gives a media type; what is no JSON is lenient."""
    value, parsed = parse_json_body(texts[0].value.encode("utf-8", "surrogatepass"))
    if len(texts) > 1 or parsed.verdict != "valid" or "/application~1json/" not in parameter.pointer:
        return _make_lenient_part(parameter, "is written differently by servers", any_4xx_allowed=True)
    loc = (parameter.location, parameter.name)
    found = json_values.find_invalid_locations(api.request_schemas, parameter.schema, parameter.pointer, value, loc)
    invalid = next((location for location in found if location.verdict == "invalid"), None)
    if invalid is None:
        return (
            _make_lenient_part(parameter, "is not read alike by servers")
            if found
            else _make_parameter_part(parameter, VALID)
        )
    return RequestPart(parameter.location, parameter.name, "invalid", invalid.loc, invalid.reason, invalid.pointer)


def _check_members(api: Api, parameter: Parameter, members: Sequence[QueryMember]) -> RequestPart:
    """Judge an object that is sent as one pair for each property."""
    if not members:
        return _make_absent_part(parameter)
    judged = judge_query_members(api.request_schemas, parameter, members)
    return _make_parameter_part(parameter, judged, any_4xx_allowed=judged.verdict != "invalid")


def _is_blank(api: Api, schema: Schema, text: str, *, nullable: bool) -> bool:
    """Return whether some servers read a text as an absent parameter. FastAPI never does that with an empty text.

    Servers that strip a value take spaces for nothing, too.
    """
    is_free_text = "string" in list_types(schema) and not {"enum", "format"} & schema.keys()
    if not text.strip() and not (text and is_free_text):
        return is_free_text or not _has_fastapi_errors(api)
    return nullable and text.lower() == "null"


def _has_fastapi_errors(api: Api) -> bool:
    """Return whether the API documents FastAPI's error responses, so that it also reads requests as FastAPI does."""
    errors = api.behavior.refusals
    return errors is not None and errors.dialect == "fastapi" and errors.basis == "documented"


def _make_absent_part(parameter: Parameter) -> RequestPart:
    return _make_parameter_part(parameter, ScalarVerdict("invalid", "is missing") if parameter.required else VALID)


def _check_repeated(api: Api, parameter: Parameter, texts: Sequence[DecodedText]) -> RequestPart:
    # Servers take the first text, the last one or none: invalid only if all of them are.
    parts = [_check_text(api, parameter, text) for text in texts]
    if all(part.verdict == "invalid" for part in parts):
        return parts[-1]
    return _make_lenient_part(parameter, "is given more than once")


def _check_array(api: Api, parameter: Parameter, texts: Sequence[DecodedText]) -> Iterator[RequestPart]:
    """Judge an array that is sent as one pair for each item (``style: form``, ``explode``), or one item of any style.

    Others are lenient.
    """
    schema, pointer, _ = strip_null(api.request_schemas, parameter.schema, parameter.pointer)
    is_split_alike = parameter.explode or (len(texts) == 1 and not set(texts[0].value) & set(" |"))
    if not is_split_alike or not all(t.is_unambiguous and t.value and "," not in t.value for t in texts):
        yield _make_lenient_part(parameter, "is split into items differently by servers")
        return
    values = [text.value for text in texts]
    items = schema.get("items", True)
    parts = []
    for index, value in enumerate(values):
        judged = json_values.judge_text(api.request_schemas, items, f"{pointer}/items", value)
        if judged.verdict != "valid":
            loc = (parameter.location, parameter.name, index)
            parts.append(RequestPart("query", parameter.name, judged.verdict, loc, judged.reason, parameter.pointer))
    size_keywords = {key: schema[key] for key in ("minItems", "maxItems", "uniqueItems") if key in schema}
    locations = json_values.find_invalid_locations(api.request_schemas, size_keywords, pointer, values, ())
    parts += [_make_parameter_part(parameter, ScalarVerdict(invalid.verdict, invalid.reason)) for invalid in locations]
    yield from parts or [_make_parameter_part(parameter, VALID)]


def _check_statements(
    operation: Operation, parameter: Parameter, value: str, part: RequestPart, sent_at: float
) -> RequestPart:
    """Return the part, or a lenient one where a server may reject the valid text for what it means."""
    judged = pick_strictest(
        (
            _check_age(operation, parameter, value, sent_at),
            _check_row_count(operation, parameter, value),
            _check_place_in_list(operation, parameter),
        )
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
    if rule.oldest is None:
        return VALID
    oldest_s = sent_at + (parse_duration(rule.oldest) + _CLOCK_SLACK).total_seconds()
    if timestamp.timestamp() >= oldest_s:
        return VALID
    return ScalarVerdict("lenient", "is older than the service looks back")


def _check_place_in_list(operation: Operation, parameter: Parameter) -> ScalarVerdict:
    # A token is opaque: it is what an earlier response gave. Which fields a list can be sorted by is not in a schema.
    behavior = operation.behavior
    names: set[str | None] = {token.parameter for token in behavior.tokens}
    names |= {behavior.sort.parameter, behavior.sort.direction} if behavior.sort else set()
    if parameter.name in names and not {"enum", "const"} & parameter.schema.keys():
        return ScalarVerdict("lenient", "means a place or an order that the service may not know")
    return VALID


def _check_row_count(operation: Operation, parameter: Parameter, value: str) -> ScalarVerdict:
    # Where the schema has no bounds, a server may still reject a limit or offset of no, fewer or billions of rows.
    behavior, keywords = operation.behavior, parameter.schema.keys()
    minimums = {behavior.limit.parameter: 1} if behavior.limit else {}
    minimums |= {behavior.offset.parameter: 0} if behavior.offset else {}
    minimums |= {behavior.page.parameter: behavior.page.first} if behavior.page else {}
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
        if parameter.location == "header" and parameter.name.lower() not in RESERVED_HEADERS:
            yield _check_field(api, parameter, [v for k, v in request.headers if k.lower() == parameter.name.lower()])
        elif parameter.location == "cookie" and cookies is None:
            yield _make_lenient_part(parameter, "stands in cookies that servers read differently")
        elif parameter.location == "cookie" and cookies is not None:
            yield _check_field(api, parameter, [cookies[parameter.name]] if parameter.name in cookies else [])


def _check_field(api: Api, parameter: Parameter, values: Sequence[str]) -> RequestPart:
    """Judge the values of a header, or the value of a cookie."""
    schema, _, nullable = strip_null(api.request_schemas, parameter.schema, parameter.pointer)
    if not values:
        return _make_absent_part(parameter)
    value = values[0].strip(" \t")
    if parameter.location == "header" and parameter.name.lower() in _HTTP_HEADERS:
        return _make_lenient_part(parameter, "has a meaning in HTTP itself", any_4xx_allowed=True)
    is_structured = {"array", "object"} & set(list_types(schema)) or "/content/" in parameter.pointer
    if len(values) > 1 or is_structured or not value or (nullable and value.lower() == "null"):
        return _make_lenient_part(parameter, "is read differently by servers")
    if not (value.isascii() and value.isprintable()):
        reason = "holds characters that headers do not carry safely"
        return _make_lenient_part(parameter, reason, any_4xx_allowed=True)
    return _check_text(api, parameter, DecodedText(value, is_unambiguous=True))


def _parse_cookies(request: SentRequest) -> Mapping[str, str] | None:
    """Return the cookies by name, None where servers may read the header differently."""
    text = "; ".join(value for key, value in request.headers if key.lower() == "cookie")
    if not re.fullmatch(r"([\w.-]+=[\w.:+/@-]*(; |$))*", text, re.ASCII):
        return None
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(text).items()}
    except CookieError:
        return None
