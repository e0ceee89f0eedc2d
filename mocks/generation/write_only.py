"""Examples without what is for requests alone: an author often shows one object for both directions."""

from collections.abc import Callable, Sequence
from typing import Any

from specduet.mocks.generation.merged_schema import LocatedSchema, merge_schemas
from specduet.specs.schemas import Schemas

_MAX_DEPTH = 30  # objects and arrays within each other; what lies deeper is kept


def remove_write_only(
    schemas: Schemas,
    parts: Sequence[LocatedSchema],
    value: Any,
    is_write_only: Callable[[Sequence[LocatedSchema]], bool],
    depth: int = 0,
) -> Any:
    """Return a value without the properties that are writeOnly, at any depth."""
    if not isinstance(value, dict | list) or not parts or depth > _MAX_DEPTH:
        return value
    merged = merge_schemas(schemas, parts)
    if isinstance(value, list):
        return [
            remove_write_only(schemas, merged.parts_of_item(index), item, is_write_only, depth + 1)
            for index, item in enumerate(value)
        ]
    kept = {}
    for name, inner in value.items():
        located = merged.parts_of_property(name)
        if not is_write_only(located):
            kept[name] = remove_write_only(schemas, located, inner, is_write_only, depth + 1)
    return kept
