"""Lists that are too long to be compared: their first rows are counted, and no more of them than the limit allows."""

import json
from collections.abc import Iterator

from specduet.contracts.analysis import single_list
from specduet.contracts.analysis.list_comparison import ListResponse
from specduet.contracts.analysis.list_rules import CollectionRules
from specduet.contracts.analysis.row_values import locate_envelope, parse_list_request, shows_rows
from specduet.contracts.analysis.single_list import ListViolation
from specduet.contracts.recording import Exchange, Row
from specduet.specs import Api, Operation

_READ_BYTES = 2**20
"""Bytes in which the first rows are looked for."""
_SPACE = " \t\n\r"


def find_excess_rows(
    api: Api, operation: Operation, rules: CollectionRules, exchange: Exchange
) -> Iterator[ListViolation]:
    """Yield a violation if a body that is not compared with others has more rows than its limit."""
    if exchange.response is None or exchange.response.is_compared or not shows_rows(exchange):
        return
    rule = rules.behavior.limit
    request = parse_list_request(api, operation, exchange) if rule is not None and rule.basis != "assumed" else None
    limit = rules.get_limit(request) if request is not None else None
    if request is not None and limit is not None:
        text = exchange.response.body[:_READ_BYTES].decode(errors="ignore")
        rows = read_first_rows(text, [name for name in locate_envelope(operation).split("/") if name], limit + 1)
        yield from single_list.find_excess_rows(rules, ListResponse(exchange, request, rows), "more than ")


def read_first_rows(text: str, path: list[str], most: int) -> list[Row]:
    """Return at most so many rows of the list at a path of the beginning of a JSON text."""
    decoder, rows = json.JSONDecoder(), list[Row]()
    try:
        start = _enter(decoder, text, _skip(text, 0), path)
        at = _skip(text, start + 1) if start >= 0 and text[start] == "[" else len(text)
        while at < len(text) and text[at] != "]" and len(rows) < most:
            row, at = decoder.raw_decode(text, at)
            rows.append(row)
            at = _skip(text, at)
            at = _skip(text, at + 1) if text[at : at + 1] == "," else len(text)
    except (ValueError, IndexError, RecursionError):
        pass  # the text was cut here, or is no JSON
    return rows


def _enter(decoder: json.JSONDecoder, text: str, at: int, path: list[str]) -> int:
    """Return the place of the value at a path of an object, -1 where it has none. Raises ``ValueError``."""
    for wanted in path:
        if text[at] != "{":
            return -1
        name, at = decoder.raw_decode(text, _skip(text, at + 1))
        while name != wanted:
            _, at = decoder.raw_decode(text, _skip(text, _skip(text, at) + 1))
            name, at = decoder.raw_decode(text, _skip(text, _skip(text, at) + 1))
        at = _skip(text, _skip(text, at) + 1)
    return at


def _skip(text: str, at: int) -> int:
    """Return the place of the next character that is no white space."""
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
