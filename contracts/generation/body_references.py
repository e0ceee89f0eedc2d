"""Bodies whose references lead to rows that exist: ``customer_id`` takes the id of a known customer."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.id_pool import IdPool, is_reference_name, place_of_name
from specduet.contracts.oracle.media_types import find_json_content
from specduet.contracts.oracle.schema_access import is_valid_value, list_properties, locate_content, strip_null
from specduet.specs import Body, Schema, Schemas

_MAX_DEPTH = 3
_MAX_TRIED = 20


def fill_references(schemas: Schemas, body: Body, value: Any, pool: IdPool) -> Any:
    """Return a JSON body with known ids in place of those that were made up."""
    content = find_json_content(body.content)
    if content is None or not content.has_schema:
        return value
    return _fill_value(schemas, *locate_content(schemas, content), value, pool, 0)


def _fill_value(schemas: Schemas, schema: Schema, pointer: str, value: Any, pool: IdPool, depth: int) -> Any:
    if not isinstance(value, Mapping) or depth > _MAX_DEPTH:
        return value
    schema, pointer, _ = strip_null(schemas, schema, pointer)
    properties = {name: (inner, at) for name, inner, at in list_properties(schema, pointer)}
    filled = dict(value)
    for name in value.keys() & properties.keys():
        inner, at, _ = strip_null(schemas, *properties[name])
        if isinstance(value[name], Mapping):
            filled[name] = _fill_value(schemas, inner, at, value[name], pool, depth + 1)
        elif not {"enum", "const"} & inner.keys():
            known = _find_known_id(schemas, name, at, value[name], pool)
            filled[name] = value[name] if known is UNSET else known
    return filled


def _find_known_id(schemas: Schemas, name: str, pointer: str, value: Any, pool: IdPool) -> Any:
    """Return a known id that a property can have, ``UNSET`` where there is none; a list gets one item."""
    is_list = isinstance(value, list)
    if not is_reference_name(name) and not isinstance(value, str):
        return UNSET
    for number, known in enumerate(pool.list_ids(place_of_name(name))):
        if number >= _MAX_TRIED:
            break
        for candidate in (known, str(known)):
            offered = [candidate] if is_list else candidate
            is_plain_name = not is_reference_name(name) and not _looks_like_id(candidate)
            if not is_plain_name and is_valid_value(schemas, pointer, offered):
                return offered
    return UNSET


def _looks_like_id(value: Any) -> bool:
    """Return whether a value is an id and no word: a property ``customer`` may also be a name."""
    return isinstance(value, int) or any(character.isdigit() for character in str(value))
