"""Schemas of any shape that a document may have, as a Hypothesis strategy."""

from typing import Any

from hypothesis import strategies as st

NAMES = ("id", "a/b", "til~de", "", "größe", "$ref?", "type")
PATTERNS = ("^[a-z]+$", r"^(?<year>\d{4})$", r"^\p{Lu}+$", "^(?!x).+$", "(", r"^(a+)+$", r"\/")
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.just(1.5), st.sampled_from(["", "a", "null"]))
_COUNTS = st.integers(0, 3)
_NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, -1.25, 10**18]))
_TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])


def _optional(keywords: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


def _extend(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    properties = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    branches = st.lists(inner, min_size=1, max_size=2)
    return _optional(
        {
            "type": st.one_of(_TYPES, st.lists(_TYPES, min_size=1, max_size=3, unique=True)),
            "properties": properties,
            "required": st.lists(st.sampled_from(NAMES), max_size=3, unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(st.just("^x"), inner, max_size=1),
            "items": inner,
            "prefixItems": branches,
            "contains": inner,
            "anyOf": branches,
            "oneOf": branches,
            "allOf": branches,
            "not": inner,
            "if": inner,
            "discriminator": st.just({"propertyName": "type"}),
        }
    )


_LEAVES = st.one_of(
    st.booleans(),
    st.just({"$ref": "#/components/schemas/Tree"}),
    _optional(
        {
            "type": st.one_of(_TYPES, st.lists(_TYPES, min_size=1, max_size=2, unique=True)),
            "enum": st.lists(_SCALARS, min_size=1, max_size=3, unique_by=repr),
            "const": _SCALARS,
            "format": st.sampled_from(["date-time", "uuid", "int32", "binary", "nonsense"]),
            "pattern": st.sampled_from(PATTERNS),
            "minLength": _COUNTS,
            "maxLength": _COUNTS,
            "minimum": _NUMBERS,
            "exclusiveMaximum": _NUMBERS,
            "multipleOf": st.sampled_from([1, 2, 0.1]),
            "minItems": _COUNTS,
            "maxItems": _COUNTS,
            "uniqueItems": st.booleans(),
            "minProperties": _COUNTS,
            "readOnly": st.booleans(),
            "default": _SCALARS,
            "examples": st.lists(_SCALARS, max_size=2),
        }
    ),
)
SCHEMAS = st.recursive(_LEAVES, _extend, max_leaves=6)
"""A schema of at most six parts, whether or not any value satisfies it."""

JSON_VALUES = st.recursive(
    st.one_of(_SCALARS, st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=6,
)
TREE = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/components/schemas/Tree"}}}
"""A schema that needs itself, so that no finite value satisfies it."""
