"""Schemas without ``not``: ``{"not": {"minimum": 5}}`` becomes ``{"exclusiveMaximum": 5}`` where that says the same.

Only what can be said otherwise is; of the rest, values are made, validated, and made again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TURNED_BOUNDS = {
    "minimum": ("exclusiveMaximum", 0),
    "maximum": ("exclusiveMinimum", 0),
    "exclusiveMinimum": ("maximum", 0),
    "exclusiveMaximum": ("minimum", 0),
    "minLength": ("maxLength", -1),
    "maxLength": ("minLength", 1),
    "minItems": ("maxItems", -1),
    "maxItems": ("minItems", 1),
    "minProperties": ("maxProperties", -1),
    "maxProperties": ("minProperties", 1),
}
_ANNOTATIONS = {"title", "description", "default", "example", "examples", "deprecated", "$comment"}


@dataclass
class Negation:
    """The values that a negated schema leaves."""

    types: set[str] = field(default_factory=set)
    """Types that no value has."""
    values: list[Any] = field(default_factory=list)
    """Values that are not allowed."""
    alternatives: list[list[Any]] = field(default_factory=list)
    """A value meets one schema of each list."""


def negate_schema(schema: Any) -> Negation:
    """Return what a value has to meet that does not meet ``schema``, as far as that can be told."""
    if not isinstance(schema, Mapping):
        return Negation(alternatives=[[False]] if schema is True else [])
    keywords = {keyword: value for keyword, value in schema.items() if keyword not in _ANNOTATIONS}
    match sorted(keywords):
        case ["type"]:
            kinds = keywords["type"] if isinstance(keywords["type"], list) else [keywords["type"]]
            return Negation(types={*kinds, *(["integer"] if "number" in kinds else [])})
        case ["const"] | ["const", "type"]:
            return Negation(values=[keywords["const"]])
        case ["enum"] | ["enum", "type"]:
            return Negation(values=list(keywords["enum"]))
        case ["anyOf"]:
            return _join_negations([negate_schema(branch) for branch in keywords["anyOf"]])
    return Negation(alternatives=_list_alternatives(keywords))


def _join_negations(negations: list[Negation]) -> Negation:
    return Negation(
        types=set().union(*(negation.types for negation in negations)),
        values=[value for negation in negations for value in negation.values],
        alternatives=[alternatives for negation in negations for alternatives in negation.alternatives],
    )


def _list_alternatives(keywords: Mapping[str, Any]) -> list[list[Any]]:
    """Return the ways to break a schema of few keywords: a bound turned around, a property left out or different."""
    if keywords.keys() == {"not"}:
        return [[keywords["not"]]]
    if keywords.keys() == {"allOf"}:
        return [[{"not": part} for part in keywords["allOf"]]]
    kind = keywords.get("type")
    rest = keywords.keys() - {"type"}
    if len(rest) == 1 and rest <= _TURNED_BOUNDS.keys():
        keyword = next(iter(rest))
        turned, change = _TURNED_BOUNDS[keyword]
        return [[{turned: keywords[keyword] + change}]]
    if not rest <= {"required", "properties"} or kind not in {None, "object"}:
        return []
    properties: Mapping[str, Any] = keywords.get("properties", {})
    absent = [{"properties": {name: False}} for name in keywords.get("required", ())]
    different = [{"properties": {name: {"not": inner}}, "required": [name]} for name, inner in properties.items()]
    return [[*absent, *different]] if absent or different else [[False]]
