"""The keywords of a schema merged into one place: references followed, ``allOf`` parts combined, choices listed.

The merged keywords are the narrowest of all parts, so that a value made to them has a good chance to be valid; only the
validator can tell whether it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import lcm
from typing import Any

from specduet.specs.schemas import Schemas, escape_pointer

LocatedSchema = tuple[Any, str | None]
"""A schema and the JSON pointer to it in the document; None for a schema that the document does not contain."""

_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_TYPE_HINTS = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
# Keywords that a maker does not guarantee: its values have to be validated.
_UNCERTAIN_KEYWORDS = frozenset(
    {
        *("not", "if", "oneOf", "pattern", "format", "uniqueItems", "contains", "multipleOf", "propertyNames"),
        *("dependentRequired", "dependentSchemas", "patternProperties", "minProperties", "maxProperties"),
        *("unevaluatedProperties", "unevaluatedItems", "minLength", "maxLength"),
    }
)


@dataclass
class MergedSchema:
    """The keywords of several schemas together. A subschema that several of them have is a list of parts."""

    keywords: dict[str, Any] = field(default_factory=dict)
    """Keywords without subschemas: ``{"type": ["string"], "minLength": 3}``; ``const`` is an ``enum`` of one."""
    properties: dict[str, list[LocatedSchema]] = field(default_factory=dict)
    items: list[LocatedSchema] = field(default_factory=list)
    prefix_items: list[list[LocatedSchema]] = field(default_factory=list)
    additional_properties: list[LocatedSchema] = field(default_factory=list)
    """Also ``unevaluatedProperties``."""
    property_names: list[LocatedSchema] = field(default_factory=list)
    contains: list[LocatedSchema] = field(default_factory=list)
    choices: list[tuple[str, list[LocatedSchema]]] = field(default_factory=list)
    """Each ``anyOf`` and ``oneOf``: a name that is unique in the document, and its branches."""
    pattern_properties: list[tuple[str, LocatedSchema]] = field(default_factory=list)
    is_impossible: bool = False
    """The keywords contradict each other, or a part is ``false``: there is no valid value."""
    needs_validation: bool = False
    """A part has a keyword that makers do not guarantee."""

    @property
    def types(self) -> list[str]:
        """The types that a value may have, guessed from other keywords where ``type`` is missing, else all of them."""
        if "type" in self.keywords:
            return list(self.keywords["type"])
        hinted = [kind for kind, hints in _TYPE_HINTS.items() if any(hint in self.keywords for hint in hints)]
        return hinted[:1] or list(_TYPES)

    @property
    def is_untyped(self) -> bool:
        return "type" not in self.keywords and self.types == list(_TYPES)

    @property
    def required_names(self) -> Sequence[str]:
        required: Sequence[str] = self.keywords.get("required", ())
        return required


def merge_schemas(
    schemas: Schemas, parts: Sequence[LocatedSchema], resolved_choices: frozenset[str] = frozenset()
) -> MergedSchema:
    """Merge schemas that all apply to the same value.

    ``resolved_choices`` names the choices that are made already, a branch of each being one of ``parts``: they are not
    listed again.
    """
    merged = MergedSchema()
    for schema, pointer in parts:
        _merge_into(merged, schemas, schema, pointer, resolved_choices, frozenset())
    if "type" in merged.keywords and not merged.keywords["type"]:
        merged.is_impossible = True
    if "enum" in merged.keywords and not merged.keywords["enum"]:
        merged.is_impossible = True
    return merged


def is_null_schema(schemas: Schemas, located: LocatedSchema) -> bool:
    """Return whether null is the only value of a schema."""
    merged = merge_schemas(schemas, [located])
    return merged.keywords.get("type") == ["null"] or merged.keywords.get("enum") == [None]


def allows_null(schemas: Schemas, merged: MergedSchema) -> bool:
    """Return whether null is one of the values: by ``enum``, in a branch of every choice, or by ``type``."""
    if "enum" in merged.keywords:
        return None in merged.keywords["enum"]
    if merged.choices:
        return all(any(is_null_schema(schemas, branch) for branch in branches) for _, branches in merged.choices)
    return "null" in merged.keywords.get("type", ())


def _merge_into(
    merged: MergedSchema,
    schemas: Schemas,
    schema: Any,
    pointer: str | None,
    resolved_choices: frozenset[str],
    followed: frozenset[str],
) -> None:
    """Merge one schema. ``followed`` are the references on the way to it, so that a recursion ends."""
    if not isinstance(schema, Mapping):
        merged.is_impossible = merged.is_impossible or schema is False
        return
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in followed:
        target = reference.removeprefix("#")
        _merge_into(merged, schemas, schemas.node_at(target), target, resolved_choices, followed | {reference})
    for index, branch in enumerate(schema.get("allOf", ())):
        _merge_into(merged, schemas, branch, _child_pointer(pointer, "allOf", index), resolved_choices, followed)
    merged.needs_validation = merged.needs_validation or not _UNCERTAIN_KEYWORDS.isdisjoint(schema)
    for keyword, value in schema.items():
        if keyword in _MERGE_RULES:
            known = merged.keywords.get(keyword)
            merged.keywords[keyword] = value if known is None else _MERGE_RULES[keyword](known, value)
        elif keyword in {"type", "const", "enum"}:
            _narrow_values(merged, keyword, value)
    _merge_subschemas(merged, schema, pointer)
    for keyword in ("anyOf", "oneOf"):
        name = f"{pointer}#{keyword}" if pointer is not None else f"{id(schema)}#{keyword}"
        if isinstance(schema.get(keyword), list) and name not in resolved_choices:
            branches = [(branch, _child_pointer(pointer, keyword, i)) for i, branch in enumerate(schema[keyword])]
            merged.choices.append((name, branches))


def _merge_subschemas(merged: MergedSchema, schema: Mapping[str, Any], pointer: str | None) -> None:
    for name, inner in schema.get("properties", {}).items():
        merged.properties.setdefault(name, []).append((inner, _child_pointer(pointer, "properties", name)))
    for index, inner in enumerate(schema.get("prefixItems", ())):
        while len(merged.prefix_items) <= index:
            merged.prefix_items.append([])
        merged.prefix_items[index].append((inner, _child_pointer(pointer, "prefixItems", index)))
    for keyword, parts in (
        ("items", merged.items),
        ("additionalProperties", merged.additional_properties),
        ("unevaluatedProperties", merged.additional_properties),
        ("propertyNames", merged.property_names),
        ("contains", merged.contains),
    ):
        if keyword in schema:
            parts.append((schema[keyword], _child_pointer(pointer, keyword)))
    for expression, inner in schema.get("patternProperties", {}).items():
        located = (inner, _child_pointer(pointer, "patternProperties", expression))
        merged.pattern_properties.append((expression, located))


def _narrow_values(merged: MergedSchema, keyword: str, value: Any) -> None:
    if keyword == "type":
        kinds = value if isinstance(value, list) else [value]
        known = merged.keywords.get("type")
        merged.keywords["type"] = list(kinds) if known is None else list(_common_types(known, kinds))
    else:
        members = [value] if keyword == "const" else list(value)
        known = merged.keywords.get("enum")
        merged.keywords["enum"] = members if known is None else [m for m in known if m in members]


def _common_types(left: list[str], right: list[str]) -> Iterator[str]:
    for kind in left:
        if kind in right or (kind == "integer" and "number" in right):
            yield kind
        elif kind == "number" and "integer" in right:
            yield "integer"


def _child_pointer(pointer: str | None, *parts: str | int) -> str | None:
    return None if pointer is None else pointer + "".join(f"/{escape_pointer(str(part))}" for part in parts)


def _join_unique(left: Sequence[Any], right: Sequence[Any]) -> list[Any]:
    return [*left, *(item for item in right if item not in left)]


def _common_multiple(left: Any, right: Any) -> Any:
    both_whole = isinstance(left, int) and isinstance(right, int)
    return lcm(left, right) if both_whole else max(left, right)


_MERGE_RULES: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), min),
    **dict.fromkeys(("required", "examples"), _join_unique),
    **dict.fromkeys(("default", "example", "format", "pattern"), lambda _known, value: value),
    "uniqueItems": lambda known, value: known or value,
    "multipleOf": _common_multiple,
    "dependentRequired": lambda known, value: {**known, **value},
    "x-specduet": lambda known, value: {**known, **value},
}
