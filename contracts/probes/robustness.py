"""Probe of input that hurts careless services: long, huge, deep, control characters, every Unicode plane, concurrent.

Whether any of it is valid does not matter here: no input may lead to a 5xx. Input that a correct service reads and
then fails on (``NaN``, lone surrogates) is not sent, nor what a server in front of it cuts off.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from specduet.contracts.generation.known_values import KnownValues, PlannedRequest, is_reserved_header
from specduet.contracts.oracle.schema_access import list_types
from specduet.contracts.probes.fresh_requests import FreshSender
from specduet.contracts.probes.methods import send_undeclared_method
from specduet.contracts.sending.sender import ForeignRow, Sender
from specduet.specs import Api, Operation, Parameter

HOSTILE_TEXTS = (
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
HOSTILE_NUMBERS = ("9" * 30, "-" + "9" * 30, "2147483648", "9223372036854775808", "-1", "0", "1e308", "0.1", "0x10")
_HEADER_TEXTS = ("x" * 2_000, "' OR '1'='1", "%s%n{0}", "\xe9\xff", "null", "\t")
_HUGE_NUMBERS = (10**30, -(10**30), 1e308)
_LONG_TEXT = "x" * 50_000
_DEPTH = 60
_BURST_SIZE, _BURST_COUNT = 8, 2


def probe_robustness(sender: Sender, operation: Operation, known_values: KnownValues) -> None:
    """Send an operation's request with each hostile value in each parameter and property, everything else valid."""
    api = sender.api
    request = known_values.build_valid_request(operation) or _request_with_unknown_id(operation, known_values)
    fresh = FreshSender(sender, operation, known_values, request)
    for variant in (*_hostile_parameters(operation, request), *_hostile_bodies(api, operation, request)):
        with suppress(ForeignRow):
            fresh.send(variant)
    sender.send(operation, **request.with_header("Accept-Encoding", "gzip").send_arguments)  # as most clients do
    for accepted in ("*/*", ""):  # a client that takes anything, and one that does not say
        sender.send(operation, **request.with_header("Accept", accepted).send_arguments)
    send_undeclared_method(sender, operation, request)
    if operation.method == "GET" and sender.target.loopback:
        for _ in range(_BURST_COUNT):
            sender.send_concurrently([partial(sender.send, operation, **request.send_arguments)] * _BURST_SIZE)


def _request_with_unknown_id(operation: Operation, known_values: KnownValues) -> PlannedRequest:
    """Return a request with an invented id where none is known."""
    paths = [p for p in operation.parameters if p.location == "path"]
    return PlannedRequest(
        {p.name: next(iter(known_values.path_values(operation, p)), "specduet-unknown") for p in paths}
    )


def _hostile_parameters(operation: Operation, request: PlannedRequest) -> Iterator[PlannedRequest]:
    for parameter in operation.parameters:
        name = parameter.name
        if parameter.location == "path":
            yield from (request.with_path(**{name: text}) for text in _hostile_texts(parameter))
        elif parameter.location == "query":
            yield from (request.with_query(**{name: text}) for text in _hostile_texts(parameter))
        elif parameter.location == "header" and not is_reserved_header(parameter):
            yield from (request.with_header(name, text) for text in _HEADER_TEXTS)


def _hostile_texts(parameter: Parameter) -> tuple[str, ...]:
    numeric = bool({"integer", "number"} & set(list_types(parameter.schema)))
    return (*HOSTILE_NUMBERS, *HOSTILE_TEXTS[:4]) if numeric else (*HOSTILE_TEXTS, HOSTILE_NUMBERS[0])


def _hostile_bodies(api: Api, operation: Operation, request: PlannedRequest) -> Iterator[PlannedRequest]:
    """Yield the request with hostile values in each property, with many properties, and with strange names."""
    body = request.json
    if operation.body is None or not isinstance(body, Mapping):
        return
    for name in dict.fromkeys([*body, *_body_property_names(api, operation)]):
        nested_values = ({"value": value} for value in (*HOSTILE_TEXTS, *_HUGE_NUMBERS, [_HUGE_NUMBERS[0]]))
        values: tuple[Any, ...] = (
            *HOSTILE_TEXTS,
            _LONG_TEXT,
            *_HUGE_NUMBERS,
            [],
            {},
            _build_deep_object(),
            *nested_values,
        )
        for value in values:
            yield request.with_json({**body, name: value})
    yield request.with_json({**body, **{f"extra{number}": _LONG_TEXT[:100] for number in range(200)}})
    yield request.with_json({**body, "": "", "\N{PILE OF POO}": None, "__proto__": {}, "$ref": "#"})


def _body_property_names(api: Api, operation: Operation) -> Iterator[str]:
    """Yield the names of the top-level properties of the body."""
    for content in operation.body.content.values() if operation.body else ():
        yield from (f.path[0] for f in api.schemas.walk_fields(content.schema, content.pointer) if len(f.path) == 1)


def _build_deep_object() -> Any:
    """Return an object nested 60 levels deep."""
    value: dict[str, Any] = {}
    for _ in range(_DEPTH):
        value = {"a": [value]}
    return value
