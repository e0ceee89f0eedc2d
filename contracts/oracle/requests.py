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
from specduet.contracts.oracle.scalars import VALID, Reading, Verdict, worst
from specduet.contracts.recording import Exchange, Sent
from specduet.specs import Api, Body, Content, Operation, Parameter, Schema

Location = Literal["path", "query", "header", "cookie", "body"]

LONGEST_URL = 4_000
LONGEST_HEADER = 3_000
LARGEST_BODY = 100_000
"""In bytes. Beyond these a server may answer 414, 431 or 413 and be right (RFC 9110, 15.5.14; RFC 6585, 5)."""
_DEEPEST_JSON = 200
_SLACK = timedelta(hours=1)  # how far the clocks of both sides may be apart
_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})  # OAS 3.1, 4.8.12.1


@dataclass(frozen=True)
class Part:
    """A parameter, or one spot of the body; a wholly valid body is a single part.

    ``loc`` is where FastAPI says it is. ``freely``: any 4xx is a fitting refusal, since not the validation but
    something in front of it may refuse first. ``pointer`` leads to the schema; that of a body which cannot be read at
    all (missing, no JSON, wrongly labelled) leads to the request body.
    """

    location: Location
    name: str
    verdict: Verdict
    loc: Loc
    reason: str = ""
    pointer: str = ""
    freely: bool = False

    @property
    def where(self) -> str:
        """``query/limit``, ``body/agents/0/goal``: how a finding names the part."""
        return "/".join(map(str, self.loc))


def judge(api: Api, operation: Operation, exchange: Exchange) -> tuple[Part, ...]:
    """The parts of an exchange's request, judged at the time when it was sent."""
    # Kept on the exchange, which belongs to one operation: every clause asks for the same.
    known: tuple[Part, ...] | None = vars(exchange).get("_parts")
    if known is None:
        known = vars(exchange)["_parts"] = parts(api, operation, exchange.sent, at=exchange.sent_at)
    return known


def parts(api: Api, operation: Operation, sent: Sent, *, at: float | None = None) -> tuple[Part, ...]:
    """Every declared parameter and the body of a request. ``at``: when it was sent, in seconds since 1970."""
    found = [
        *_path(api, operation, sent),
        *_query(api, operation, sent, time.time() if at is None else at),
        *_fields(api, operation, sent),
        *_body(api, operation, sent),
    ]
    return (*found, *_sizes(sent))


def verdict(judged: Sequence[Part]) -> Verdict:
    """What the parts come to: one invalid part makes a request invalid, one lenient part leaves it open."""
    return worst(Reading(part.verdict) for part in judged).verdict


def _part(parameter: Parameter, reading: Reading, *, freely: bool = False) -> Part:
    loc = (parameter.location, parameter.name)
    return Part(parameter.location, parameter.name, reading.verdict, loc, reading.reason, parameter.pointer, freely)


def _sizes(sent: Sent) -> Iterator[Part]:
    if len(sent.url) > LONGEST_URL:
        yield Part("path", "", "lenient", ("path",), "the address is longer than some servers take", freely=True)
    if sum(len(name) + len(value) for name, value in sent.headers) > LONGEST_HEADER:
        yield Part("header", "", "lenient", ("header",), "the headers are longer than some servers take", freely=True)


# ------------------------------------------------------------------------------------------------------------ texts


def _decoded(raw: str, *, plus: bool) -> tuple[str, bool]:
    """Percent-decoded text, and whether every server decodes it alike."""
    data = unquote_to_bytes(raw.replace("+", " ") if plus else raw)
    clean = not re.search(r"%(?![0-9A-Fa-f]{2})", raw) and raw.isascii()
    try:
        value = data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="replace"), False
    return value, clean and scalars.plain(value)


def _text(api: Api, parameter: Parameter, value: str, *, alike: bool) -> Part:
    """One text of a scalar parameter; what is not decoded alike is never certain."""
    reading = json_values.text(api.schemas, parameter.schema, parameter.pointer, value)
    if not alike:
        reading = Reading("lenient", "holds characters that servers treat differently")
    return _part(parameter, reading, freely=not alike)


@lru_cache(maxsize=256)
def _template(path: str) -> re.Pattern[str]:
    pieces = re.split(r"\{([^{}]*)\}", path)
    names = iter(range(len(pieces)))
    return re.compile("".join(f"(?P<p{next(names)}>[^/]*)" if i % 2 else re.escape(p) for i, p in enumerate(pieces)))


def path_texts(operation: Operation, sent: Sent) -> dict[str, str] | None:
    """The path parameters' texts by name, still percent-encoded; None where the path is not this operation's."""
    matched = _template(operation.path).fullmatch(sent.path)
    names = re.findall(r"\{([^{}]*)\}", operation.path)
    return dict(zip(names, matched.groups(), strict=True)) if matched else None


def _path(api: Api, operation: Operation, sent: Sent) -> Iterator[Part]:
    texts = path_texts(operation, sent)
    for parameter in operation.parameters:
        if parameter.location != "path":
            continue
        raw = texts.get(parameter.name) if texts is not None else None
        value, alike = _decoded(raw or "", plus=False)
        # Routers, proxies and frameworks disagree on these, so that another path may have been asked for.
        routed = raw and value.strip(".") and not set(value) & set("/\\;?#%") and value == value.strip()
        if routed:
            yield _text(api, parameter, value, alike=alike)
        else:
            yield _part(parameter, Reading("lenient", "may lead to another path"), freely=True)


# ------------------------------------------------------------------------------------------------------------ query


def _query(api: Api, operation: Operation, sent: Sent, at: float) -> Iterator[Part]:
    raw_pairs = [piece.partition("=") for piece in sent.query.split("&") if piece]
    pairs = [(_decoded(name, plus=True)[0], _decoded(value, plus=True)) for name, _, value in raw_pairs]
    declared = [parameter for parameter in operation.parameters if parameter.location == "query"]
    for parameter in declared:
        values = [value for name, value in pairs if name == parameter.name]
        yield from _query_parameter(api, operation, parameter, values, at)
    keys = {scheme.field for scheme in api.schemes.values() if scheme.location == "query"}
    yield from _undeclared((name for name, _ in pairs), keys | {parameter.name for parameter in declared})


def _undeclared(names: Iterable[str], declared: set[str]) -> Iterator[Part]:
    """Names that nobody declared: most servers ignore them, strict ones refuse them, and both keep the document."""
    for name in dict.fromkeys(names):
        if name not in declared:
            yield Part("query", name, "lenient", ("query", name), "is not declared", freely=True)


def _query_parameter(
    api: Api, operation: Operation, parameter: Parameter, values: list[tuple[str, bool]], at: float
) -> Iterator[Part]:
    schema, _, nullable = api.schemas.split_null(parameter.schema, parameter.pointer)
    kinds = json_values.kinds_of(schema)
    if not values:
        yield _absent(parameter)
    elif "array" in kinds:
        yield from _array(api, parameter, values)
    elif "object" in kinds or "/content/" in parameter.pointer:
        yield _part(parameter, Reading("lenient", "is written differently by servers"))
    elif len(values) > 1:
        yield _repeated(api, parameter, values)
    elif _says_nothing(api, schema, values[0][0], nullable=nullable):
        yield _part(parameter, Reading("lenient", "is nothing to some servers"))
    else:
        part = _text(api, parameter, values[0][0], alike=values[0][1])
        yield _worded(operation, parameter, values[0][0], part, at)


def _says_nothing(api: Api, schema: Schema, text: str, *, nullable: bool) -> bool:
    """Whether servers may take a text for none at all; FastAPI never takes an empty one for that."""
    free_text = "string" in json_values.kinds_of(schema) and not {"enum", "format"} & schema.keys()
    if text == "":
        return free_text or not fastapi_refusals(api)
    return nullable and text.lower() == "null"


def fastapi_refusals(api: Api) -> bool:
    """Whether the API documents that it refuses as FastAPI does, so that it is known to read requests likewise."""
    refusals = api.behavior.refusals
    return refusals is not None and refusals.dialect == "fastapi" and refusals.basis == "documented"


def _absent(parameter: Parameter) -> Part:
    return _part(parameter, Reading("invalid", "is missing") if parameter.required else VALID)


def _repeated(api: Api, parameter: Parameter, values: list[tuple[str, bool]]) -> Part:
    """The first, the last or none of them counts: certain only where no one of them is right."""
    each = [_text(api, parameter, value, alike=alike) for value, alike in values]
    if all(part.verdict == "invalid" for part in each):
        return each[-1]
    return _part(parameter, Reading("lenient", "is given more than once"))


def _array(api: Api, parameter: Parameter, values: list[tuple[str, bool]]) -> Iterator[Part]:
    """Repeated pairs, one an item (``style: form`` and ``explode``); other spellings are lenient."""
    schema, pointer, _ = api.schemas.split_null(parameter.schema, parameter.pointer)
    if not parameter.explode or not all(alike and value and "," not in value for value, alike in values):
        yield _part(parameter, Reading("lenient", "is split into items differently by servers"))
        return
    items = schema.get("items", True)
    wrong = False
    for index, (value, _) in enumerate(values):
        reading = json_values.text(api.schemas, items, f"{pointer}/items", value)
        if reading.verdict != "valid":
            wrong = True
            loc = (parameter.location, parameter.name, index)
            yield Part("query", parameter.name, reading.verdict, loc, reading.reason, parameter.pointer)
    counted = {key: schema[key] for key in ("minItems", "maxItems", "uniqueItems") if key in schema}
    for spot in json_values.spots(api.schemas, counted, pointer, [v for v, _ in values], ()):
        wrong = True
        yield _part(parameter, Reading(spot.verdict, spot.reason))
    if not wrong:
        yield _part(parameter, VALID)


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def seconds(duration: str) -> float:
    """``-31d`` in seconds: a whole number and one of s, m, h, d, w."""
    return float(duration[:-1]) * _UNITS[duration[-1]]


def _worded(operation: Operation, parameter: Parameter, value: str, part: Part, at: float) -> Part:
    """A valid text that what is said in words, or plain sense, may still make a server refuse."""
    reading = worst((_aged(operation, parameter, value, at), _counted(operation, parameter, value)))
    if part.verdict != "valid" or reading.verdict == "valid":
        return part
    return _part(parameter, reading, freely=True)


def _aged(operation: Operation, parameter: Parameter, value: str, at: float) -> Reading:
    filtered = operation.behavior.filters.get(parameter.name)
    moment = scalars.moment(value)
    if filtered is None or moment is None:
        return VALID
    if moment.timestamp() > at:
        return Reading("lenient", "has not come yet, so that it makes no sense to some servers")
    if filtered.oldest is None or moment.timestamp() >= at + seconds(filtered.oldest) + _SLACK.total_seconds():
        return VALID
    return Reading("lenient", "is older than the service looks back")


def _counted(operation: Operation, parameter: Parameter, value: str) -> Reading:
    """A count of rows that the schema leaves without bounds: none, fewer, or billions of rows may be refused."""
    words, bounds = operation.behavior, parameter.schema.keys()
    least = {words.limit.parameter: 1} if words.limit else {}
    least |= {words.offset.parameter: 0} if words.offset else {}
    if parameter.name not in least or not re.fullmatch(r"-?\d+", value, re.ASCII):
        return VALID
    if int(value) < least[parameter.name] and not {"minimum", "exclusiveMinimum"} & bounds:
        return Reading("lenient", "makes no sense to some servers")
    if int(value) >= 2**31 and not {"maximum", "exclusiveMaximum"} & bounds:
        return Reading("lenient", "is too large for some servers")
    return VALID


# ---------------------------------------------------------------------------------------------- headers and cookies


def _fields(api: Api, operation: Operation, sent: Sent) -> Iterator[Part]:
    cookies = _cookies(sent)
    for parameter in operation.parameters:
        if parameter.location == "header" and parameter.name.lower() not in _NOT_PARAMETERS:
            yield _field(api, parameter, [v for k, v in sent.headers if k.lower() == parameter.name.lower()])
        elif parameter.location == "cookie":
            if cookies is None:
                yield _part(parameter, Reading("lenient", "stands in cookies that servers read differently"))
            else:
                yield _field(api, parameter, [cookies[parameter.name]] if parameter.name in cookies else [])


def _field(api: Api, parameter: Parameter, values: list[str]) -> Part:
    schema, _, nullable = api.schemas.split_null(parameter.schema, parameter.pointer)
    if not values:
        return _absent(parameter)
    value = values[0].strip(" \t")
    structured = {"array", "object"} & set(json_values.kinds_of(schema)) or "/content/" in parameter.pointer
    if len(values) > 1 or structured or not value or (nullable and value.lower() == "null"):
        return _part(parameter, Reading("lenient", "is read differently by servers"))
    if not (value.isascii() and value.isprintable()):
        return _part(parameter, Reading("lenient", "holds characters that headers do not carry safely"), freely=True)
    return _text(api, parameter, value, alike=True)


def _cookies(sent: Sent) -> Mapping[str, str] | None:
    text = "; ".join(value for key, value in sent.headers if key.lower() == "cookie")
    if not re.fullmatch(r"([\w.-]+=[\w.:+/@-]*(; |$))*", text, re.ASCII):
        return None
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(text).items()}
    except CookieError:
        return None


# ------------------------------------------------------------------------------------------------------------- body


def _whole(reading: Reading, pointer: str, *, freely: bool = False) -> Part:
    return Part("body", "", reading.verdict, ("body",), reading.reason, pointer, freely)


def _body(api: Api, operation: Operation, sent: Sent) -> Iterator[Part]:
    body = operation.body
    if body is None:
        if sent.body:
            yield _whole(Reading("lenient", "is sent where none is documented"), operation.pointer, freely=True)
        return
    content = json_content(body)
    if content is None:
        yield _whole(Reading("lenient", "is of a media type that is not judged"), body.pointer, freely=True)
    elif not sent.body:
        yield _whole(Reading("invalid", "is missing") if body.required else VALID, body.pointer)
    else:
        yield from _sent_body(api, body, content, sent)


def json_content(body: Body) -> Content | None:
    """The JSON alternative of a body, if it has one."""
    return next((c for name, c in body.content.items() if _is_json(name)), None)


def _is_json(media_type: str) -> bool:
    bare = media_type.partition(";")[0].strip().lower()
    return bare == "application/json" or bare.endswith("+json")


def _sent_body(api: Api, body: Body, content: Content, sent: Sent) -> Iterator[Part]:
    data = sent.body or b""
    labelled = _label(body, sent)
    value, reading = parse(data)
    if labelled.verdict == "invalid":
        yield _whole(labelled, body.pointer, freely=True)
        return
    if labelled.verdict == "lenient":
        yield _whole(labelled, body.pointer, freely=True)
    if len(data) > LARGEST_BODY:
        yield _whole(Reading("lenient", "is larger than some servers take"), body.pointer, freely=True)
    elif reading.verdict != "valid":
        yield _whole(reading, body.pointer, freely=reading.verdict == "lenient" or not _is_utf8(data))
    elif value is None and not body.required:
        yield _whole(Reading("lenient", "is null where a body may be left out"), body.pointer)
    else:
        yield from _spots(api, content, value)


def _spots(api: Api, content: Content, value: Any) -> Iterator[Part]:
    found = json_values.spots(api.schemas, content.schema, content.pointer, value, ("body",))
    for spot in found:
        name = "/".join(map(str, spot.loc[1:]))
        yield Part("body", name, spot.verdict, spot.loc, spot.reason, spot.pointer)
    if not found:
        yield _whole(VALID, content.pointer)


def _label(body: Body, sent: Sent) -> Reading:
    """Whether the body is labelled as JSON; every media type that is clearly something else is invalid."""
    text = sent.header("content-type")
    if text is None or not text.strip():
        return Reading("lenient", "has no content type")
    message = Message()
    message["content-type"] = text
    bare = text.partition(";")[0].strip().lower()
    if bare == "application/json" and message.get_content_charset("utf-8") in {"utf-8", "utf8"}:
        return VALID
    odd = "json" in text.lower() or "*" in text or not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", bare)
    if odd or bare in {name.lower() for name in body.content}:
        return Reading("lenient", "has a content type that servers treat differently")
    return Reading("invalid", "is labelled as a media type that is not documented")


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Odd(Exception):
    """JSON that some parsers take and others refuse."""


def parse(data: bytes) -> tuple[Any, Reading]:
    """A body's JSON value, and whether it is JSON at all (RFC 8259); None where the reading is not valid."""
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None, Reading("lenient", "begins with a byte order mark")
    if data.count(b"[") + data.count(b"{") > _DEEPEST_JSON and _depth(data) > _DEEPEST_JSON:
        return None, Reading("lenient", "is nested deeper than some parsers read")
    if not _is_utf8(data):
        return None, _not_utf8(data)
    try:
        return _strictly(data.decode()), VALID
    except _Odd as odd:
        return None, Reading("lenient", str(odd))
    except ValueError:
        return None, Reading("invalid", "is no JSON")


def _strictly(text: str) -> Any:
    value = json.loads(text, object_pairs_hook=_once, parse_constant=_odd, parse_int=_whole_number)
    if re.search(r"\\u[dD][89a-fA-F]", text):
        raise _Odd("holds surrogates, which some parsers refuse")
    return value


def _not_utf8(data: bytes) -> Reading:
    """JSON in UTF-16 or UTF-32, which Python's parser recognises and others need not (RFC 8259, 8.1)."""
    try:
        json.loads(data)
    except ValueError:
        return Reading("invalid", "is not UTF-8")
    return Reading("lenient", "is JSON in another encoding than UTF-8")


def _depth(data: bytes) -> int:
    deepest = depth = 0
    for byte in data:
        depth += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, depth)
    return deepest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _Odd("repeats a property")
    return value


def _odd(constant: str) -> Any:
    raise _Odd(f"holds {constant}")


def _whole_number(digits: str) -> int:
    if len(digits) > 400:
        raise _Odd("holds a number of more digits than some parsers read")
    return int(digits)
