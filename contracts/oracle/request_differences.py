"""The parts in which two requests for one operation differ: only of one part can a refusal be blamed."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.oracle.json_values import Loc
from specduet.contracts.oracle.media_types import is_json, strip_parameters
from specduet.contracts.recording import ABSENT, SentRequest
from specduet.specs import Operation


class Difference(NamedTuple):
    """One part of a request with its value, and its value in the other request; ``ABSENT`` where it is left out."""

    loc: Loc
    value: Any
    other: Any


def list_differences(operation: Operation, request: SentRequest, other: SentRequest) -> list[Difference]:
    """Return every part in which a request differs from another one; the first two are enough to know that it is many.

    A body that both send as JSON objects is compared property by property, at any depth.
    """
    parts, other_parts = _list_parts(operation, request), _list_parts(operation, other)
    found = [
        Difference(loc, parts.get(loc, ABSENT), other_parts.get(loc, ABSENT))
        for loc in dict.fromkeys((*parts, *other_parts))
        if parts.get(loc, ABSENT) != other_parts.get(loc, ABSENT)
    ]
    return [*found, *_compare_bodies(request, other)]


def is_part_of(loc: Sequence[Any], other: Sequence[Any]) -> bool:
    """Return whether one of two places holds the other, or is the same."""
    shorter = min(len(loc), len(other))
    return tuple(loc[:shorter]) == tuple(other[:shorter])


def _list_parts(operation: Operation, request: SentRequest) -> Mapping[Loc, Any]:
    """Return the value of each parameter that a request has, undeclared ones in the query as well."""
    parts: dict[Loc, Any] = {
        ("path", name): text for name, text in (extract_path_texts(operation, request) or {}).items()
    }
    for name, value in request.query_pairs:
        parts["query", name] = (*parts.get(("query", name), ()), value)
    declared = {p.name.lower() for p in operation.parameters if p.location == "header"}
    for name, value in request.headers:
        if name.lower() in declared | {"cookie", "accept"}:
            parts["header", name.lower()] = value
    return parts


def _compare_bodies(request: SentRequest, other: SentRequest) -> Iterator[Difference]:
    own, its = _read_body(request), _read_body(other)
    if own[0] != its[0]:
        yield Difference(("body",), own[1], its[1])
    else:
        yield from _compare_values(own[1], its[1], ("body",))


def _read_body(request: SentRequest) -> tuple[str, Any]:
    """Return the media type of a body and its value; a body that is no JSON is its own value."""
    if not request.body:
        return "", ABSENT
    media_type = strip_parameters(request.get_header("content-type") or "")
    value, parsed = _parse_body(request.body) if is_json(media_type) else (None, None)
    return media_type, value if parsed is not None and parsed.verdict == "valid" else request.body


@lru_cache(maxsize=512)
def _parse_body(data: bytes) -> Any:
    return parse_json_body(data)


def _compare_values(value: Any, other: Any, loc: Loc) -> Iterator[Difference]:
    if isinstance(value, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*value, *other)):
            yield from _compare_values(value.get(name, ABSENT), other.get(name, ABSENT), (*loc, name))
    elif isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        for index, (left, right) in enumerate(zip(value, other, strict=True)):
            yield from _compare_values(left, right, (*loc, index))
    elif type(value) is not type(other) or value != other:
        yield Difference(loc, value, other)
