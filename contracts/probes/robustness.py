"""Input that hurts careless services: long, huge, control characters, every Unicode plane, deep, and at the same time.

Whether any of it is valid does not matter here: whatever comes, the answer is no 5xx. What a correct service would
read and then break on (``NaN``, lone surrogates) is not sent; neither is what a server in front of it cuts off.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from specduet.contracts.generation.known_values import Call, Knowledge
from specduet.contracts.options import RunOptions
from specduet.contracts.sending.sender import Sender
from specduet.specs import Api, Operation, Parameter

TEXTS = (
    "x" * 2_000,
    "\N{PILE OF POO}\N{COMBINING ACUTE ACCENT}\N{RIGHT-TO-LEFT OVERRIDE}\N{CJK UNIFIED IDEOGRAPH-20000}",
    "a\0b",
    "line\r\nbreak\ttab\x1b[0m\x7f",
    "' OR '1'='1",
    "%s%n{0}${x}{{x}}",
    "../../etc/passwd",
    "<b>&amp;\"'\\",
    " ",
    "null",
)
NUMBERS = ("9" * 30, "-" + "9" * 30, "2147483648", "9223372036854775808", "-1", "0", "1e308", "0.1", "0x10")
_HEADER_TEXTS = ("x" * 2_000, "' OR '1'='1", "%s%n{0}", "\xe9\xff", "null", "\t")
_HUGE = (10**30, -(10**30), 1e308)
_LONG = "x" * 50_000
_DEEP = 60
_AT_ONCE, _BURSTS = 8, 2


def probe(sender: Sender, api: Api, operation: Operation, knowledge: Knowledge, _options: RunOptions) -> None:
    """Try every parameter and the body of an operation with each of these, all else being right."""
    call = knowledge.valid_call(operation) or _unknown(operation, knowledge)
    for hurting in (*_parameters(operation, call), *_bodies(api, operation, call)):
        sender.send(operation, **hurting.arguments)
    sender.send(operation, **call.with_header("Accept-Encoding", "gzip").arguments)  # as most clients do
    if operation.method == "GET" and sender.target.loopback:
        for _ in range(_BURSTS):
            sender.concurrently([partial(sender.send, operation, **call.arguments)] * _AT_ONCE)


def _unknown(operation: Operation, knowledge: Knowledge) -> Call:
    """A call with an id that nobody knows, where none is known."""
    paths = [p for p in operation.parameters if p.location == "path"]
    return Call({p.name: next(iter(knowledge.path_values(operation, p)), "unknown") for p in paths})


def _parameters(operation: Operation, call: Call) -> Iterator[Call]:
    for parameter in operation.parameters:
        name = parameter.name
        if parameter.location == "path":
            yield from (call.with_path(**{name: text}) for text in _texts(parameter))
        elif parameter.location == "query":
            yield from (call.with_query(**{name: text}) for text in _texts(parameter))
        elif parameter.location == "header":
            yield from (call.with_header(name, text) for text in _HEADER_TEXTS)


def _texts(parameter: Parameter) -> tuple[str, ...]:
    numeric = parameter.schema.get("type") in {"integer", "number"}
    return (*NUMBERS, *TEXTS[:4]) if numeric else (*TEXTS, NUMBERS[0])


def _bodies(api: Api, operation: Operation, call: Call) -> Iterator[Call]:
    body = call.json
    if operation.body is None or not isinstance(body, Mapping):
        return
    for name in dict.fromkeys([*body, *_properties(api, operation)]):
        inside = ({"value": value} for value in (*TEXTS, *_HUGE, [_HUGE[0]]))
        values: tuple[Any, ...] = (*TEXTS, _LONG, *_HUGE, [], {}, _nested(), *inside)
        for value in values:
            yield call.with_json({**body, name: value})
    yield call.with_json({**body, **{f"extra{number}": _LONG[:100] for number in range(200)}})
    yield call.with_json({**body, "": "", "\N{PILE OF POO}": None, "__proto__": {}, "$ref": "#"})


def _properties(api: Api, operation: Operation) -> Iterator[str]:
    for content in operation.body.content.values() if operation.body else ():
        yield from (f.path[0] for f in api.schemas.walk_fields(content.schema, content.pointer) if len(f.path) == 1)


def _nested() -> Any:
    value: dict[str, Any] = {}
    for _ in range(_DEEP):
        value = {"a": [value]}
    return value
