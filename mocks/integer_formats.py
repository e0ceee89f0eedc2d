"""Integers of 32 and 64 bits: ``format: int32`` and ``int64`` are ranges (OpenAPI Format Registry).

jsonschema-rs applies formats to text alone. Requests with an integer beyond 32 bits are rare: they alone are held to
schemas in which the formats are bounds.
"""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from specduet.specs import Schema, Schemas
from specduet.specs.schemas import iter_objects

_RANGES: Mapping[Any, tuple[int, int]] = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_SMALLEST, _LARGEST = _RANGES["int32"]
_FORMATS = (*_RANGES,)  # compared, not looked up, for a property called "format" may be anything
_NUMERIC = {"integer", "number"}

_known_formats: "WeakKeyDictionary[Schemas, bool]" = WeakKeyDictionary()
_bounded_schemas: "WeakKeyDictionary[Schemas, Schemas]" = WeakKeyDictionary()


def has_integer_formats(schemas: Schemas) -> bool:
    """Return True if any schema of a document has the format of an integer."""
    if schemas not in _known_formats:
        _known_formats[schemas] = any(node.get("format") in _FORMATS for node in iter_objects(schemas.node_at("")))
    return _known_formats[schemas]


def has_large_integer(value: Any) -> bool:
    """Return True if a value is or holds an integer of more than 32 bits."""
    if isinstance(value, int):
        return not _SMALLEST <= value <= _LARGEST
    if isinstance(value, dict):
        return any(map(has_large_integer, value.values()))
    return isinstance(value, list) and any(map(has_large_integer, value))


def get_bounded_schemas(schemas: Schemas) -> Schemas:
    """Return the schemas of a document with bounds for the formats of integers."""
    if schemas not in _bounded_schemas:
        _bounded_schemas[schemas] = Schemas(_bound_node(schemas.node_at("")))
    return _bounded_schemas[schemas]


def bound_integers(schema: Schema) -> Schema:
    """Return a schema with the bounds that its format stands for: ``{"maximum": 2147483647, …}`` for ``int32``."""
    kinds, form = schema.get("type"), schema.get("format")
    names = {kinds} if isinstance(kinds, str) else set(kinds) if isinstance(kinds, list) else set()
    if not names & _NUMERIC or not isinstance(form, str) or form not in _RANGES:
        return schema
    smallest, largest = _RANGES[form]
    bounds = {
        "minimum": max(schema.get("minimum", smallest), smallest),
        "maximum": min(schema.get("maximum", largest), largest),
    }
    return {**schema, **bounds}


def _bound_node(node: Any) -> Any:
    """Return a node of a document with bounds in all of its schemas."""
    if isinstance(node, list):
        return [_bound_node(item) for item in node]
    if not isinstance(node, dict):
        return node
    return bound_integers({name: _bound_node(value) for name, value in node.items()})
