"""Repaired bodies: where a service refuses a body and names fields, these get other values that the schema allows.

Read are FastAPI's ``detail[].loc``, the pointers and names of problem details (RFC 9457), objects with one key for each
field, and texts in which the name of a property occurs.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.generation.mutations import fill_optional
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.schema_access import (
    is_valid_value,
    list_examples,
    list_properties,
    list_required,
    locate_content,
    strip_null,
)
from specduet.contracts.recording import NOT_JSON, Exchange
from specduet.specs import Body, Schema, Schemas

REPAIRABLE_STATUSES = frozenset({400, 409, 422})
_MAX_FIELDS = 8
_MAX_DEPTH = 4
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_NAMING_KEYS = ("pointer", "field", "param", "parameter", "property", "path", "name", "key", "attribute", "source")


def repair_body(schemas: Schemas, body: Body, value: Any, refusal: Exchange) -> Iterator[Any]:
    """Yield other valid bodies in place of one that was refused, the likeliest first; none is the refused one."""
    content = find_json_content(body.content)
    if content is None or not content.has_schema or not isinstance(value, Mapping):
        return
    schema, pointer, _ = strip_null(schemas, *locate_content(schemas, content))
    properties = {name: (inner, at) for name, inner, at in list_properties(schema, pointer)}
    named = list(_find_named_fields(refusal, properties.keys()))[:_MAX_FIELDS]
    candidates = [
        _change_fields(schemas, value, properties, named),
        _leave_out(value, named, list_required(schema)),
        *content.examples.values(),
        fill_optional(schemas, schema, pointer, value),
    ]
    tried = [value]
    for candidate in candidates:
        if candidate not in tried and (named or candidate is not candidates[0]):
            tried.append(candidate)
            if is_valid_value(schemas, content.pointer, candidate):
                yield candidate


def _find_named_fields(refusal: Exchange, names: Any) -> Iterator[str]:
    """Yield the properties that an error response names, each once, structured places before texts."""
    value: Any = refusal.json
    if value is NOT_JSON and refusal.response is not None:
        value = refusal.response.text
    by_name = {str(name).lower(): str(name) for name in names}
    found = [*_read_places(value, 0), *_read_words(value, 0)]
    yield from dict.fromkeys(by_name[word.lower()] for word in found if word.lower() in by_name)


def _read_places(value: Any, depth: int) -> Iterator[str]:
    """Yield the names in the structured places of an error: ``loc``, pointers, names of fields, keys of ``errors``."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value[:20]:
            yield from _read_places(item, depth + 1)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "loc" and isinstance(inner, list):
                yield from (part for part in inner if isinstance(part, str) and part != "body")
            elif key in _NAMING_KEYS and isinstance(inner, str):
                yield from _WORD.findall(inner)
            elif depth and isinstance(inner, list | str):
                yield str(key)  # {"errors": {"name": ["is too short"]}}
            yield from _read_places(inner, depth + 1)


def _read_words(value: Any, depth: int) -> Iterator[str]:
    """Yield the words of the texts in an error."""
    if isinstance(value, str):
        yield from _WORD.findall(value[:2000])
    elif isinstance(value, list | Mapping) and depth <= _MAX_DEPTH:
        for inner in value.values() if isinstance(value, Mapping) else value[:20]:
            yield from _read_words(inner, depth + 1)


def _change_fields(
    schemas: Schemas, value: Mapping[str, Any], properties: Mapping[str, tuple[Schema, str]], named: Sequence[str]
) -> dict[str, Any]:
    """Return the body with another value in each named field, also in those that it does not have yet."""
    changed = dict(value)
    for name in named:
        other = next(_other_values(schemas, *properties[name], value.get(name, UNSET)), UNSET)
        if other is not UNSET:
            changed[name] = other
    return changed


def _other_values(schemas: Schemas, schema: Schema, pointer: str, value: Any) -> Iterator[Any]:
    """Yield other valid values of a property: examples, the default, members of its enum, then a minimal one."""
    inner, at, _ = strip_null(schemas, schema, pointer)
    offered = [*list_examples(inner), *(inner[key] for key in ("example", "default") if key in inner)]
    offered += reversed(inner.get("enum", ()))
    offered += [build_minimal_value(schemas, inner, at), *_other_texts(value)]
    for other in offered:
        if other is not UNSET and other is not None and other != value and is_valid_value(schemas, at, other):
            yield other


def _other_texts(value: Any) -> Iterator[Any]:
    """Yield values that services ask for without saying so in a schema: no empty text, no zero, one item."""
    if value is UNSET or isinstance(value, str):
        yield from ("specduet", "Specduet-1", "https://example.com/", "someone@example.com", "2030-01-01T00:00:00Z")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (1, 10, 100)
    elif value == []:
        yield ["specduet"]


def _leave_out(value: Mapping[str, Any], named: Sequence[str], required: Sequence[str]) -> dict[str, Any]:
    """Return the body without the named fields that are optional."""
    return {name: inner for name, inner in value.items() if name not in named or name in required}
