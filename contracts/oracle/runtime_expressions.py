"""Runtime expressions of links: values of a request and its response (OAS 3.1, 4.8.20.4).

$response.body#/id    $response.header.Location    $request.path.id    $request.query.page    $request.body#/name
$url    $method    $statusCode    constants    texts with expressions: /runs/{$response.body#/id}/log
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.recording import ABSENT, NOT_JSON, Exchange
from specduet.specs import Operation
from specduet.specs.schemas import split_pointer

_EMBEDDED = re.compile(r"\{(\$[^{}]*)\}")


def evaluate_value(operation: Operation, exchange: Exchange, value: Any) -> Any:
    """Return what a value of a link stands for after an exchange with an operation, ``ABSENT`` where it is not there.

    Objects and lists have the values of their members.
    """
    if isinstance(value, str):
        return _evaluate_text(operation, exchange, value)
    if isinstance(value, Mapping):
        found = {name: evaluate_value(operation, exchange, inner) for name, inner in value.items()}
        return ABSENT if ABSENT in found.values() else found
    if isinstance(value, list):
        items = [evaluate_value(operation, exchange, inner) for inner in value]
        return ABSENT if ABSENT in items else items
    return value


def _evaluate_text(operation: Operation, exchange: Exchange, text: str) -> Any:
    if text.startswith("$"):
        return _evaluate_expression(operation, exchange, text)
    pieces = []
    for index, piece in enumerate(_EMBEDDED.split(text)):
        value = _evaluate_expression(operation, exchange, piece) if index % 2 else piece
        if not isinstance(value, str | int | float):
            return ABSENT
        pieces.append(str(value))
    return "".join(pieces)


def _evaluate_expression(operation: Operation, exchange: Exchange, expression: str) -> Any:
    source, _, rest = expression.partition(".")
    if source == "$request":
        return _read_request(operation, exchange, rest)
    if source == "$response" and exchange.response is not None:
        name = rest.removeprefix("header.")
        return _read_body(exchange.json, rest) if name == rest else _present(exchange.response.get_header(name))
    plain = {"$url": exchange.request.url, "$method": exchange.request.method, "$statusCode": exchange.status}
    return plain.get(expression, ABSENT)


def _read_request(operation: Operation, exchange: Exchange, rest: str) -> Any:
    place, _, name = rest.partition(".")
    request = exchange.request
    match place:
        case "path":
            text = (extract_path_texts(operation, request) or {}).get(name)
            return ABSENT if text is None else unquote(text)
        case "query":
            return next((value for key, value in request.query_pairs if key == name), ABSENT)
        case "header":
            return _present(request.get_header(name))
    return _read_body(parse_json_body(request.body or b"")[0], rest)


def _read_body(value: Any, rest: str) -> Any:
    """Return the part of a body that ``body`` or ``body#/pointer`` names."""
    word, _, pointer = rest.partition("#")
    if word != "body" or value is NOT_JSON:
        return ABSENT
    for name in split_pointer(pointer):
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return ABSENT
    return value


def _present(value: str | None) -> Any:
    return ABSENT if value is None else value
