"""What a schema demands, gathered: its references followed, its ``allOf`` parts laid together, its choices listed.

The gathered keywords are the narrowest of all parts, so that a value made to them has a good chance to be valid;
whether it is, only the validator knows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import lcm
from typing import Any

from specduet.specs.schemas import Schemas, escape_pointer

LocatedSchema = tuple[Any, str | None]
"""A schema and the pointer that leads to it in the document; None where it stands nowhere as it is."""

_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_HINTS = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
# What cannot be made to measure, only tried.
_DOUBTFUL = frozenset(
    {
        *("not", "if", "oneOf", "pattern", "format", "uniqueItems", "contains", "multipleOf", "propertyNames"),
        *("dependentRequired", "dependentSchemas", "patternProperties", "minProperties", "maxProperties"),
        *("unevaluatedProperties", "unevaluatedItems", "minLength", "maxLength"),
    }
)


@dataclass
class MergedSchema:
    """The keywords of all parts together, and the parts below each."""

    keywords: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, list[LocatedSchema]] = field(default_factory=dict)
    items: list[LocatedSchema] = field(default_factory=list)
    prefix: list[list[LocatedSchema]] = field(default_factory=list)
    additional: list[LocatedSchema] = field(default_factory=list)
    names: list[LocatedSchema] = field(default_factory=list)
    contains: list[LocatedSchema] = field(default_factory=list)
    choices: list[tuple[str, list[LocatedSchema]]] = field(default_factory=list)
    patterned: list[tuple[str, LocatedSchema]] = field(default_factory=list)
    impossible: bool = False
    doubtful: bool = False

    @property
    def types(self) -> list[str]:
        """The types that a value may have; all of them where the schema hints at none."""
        if "type" in self.keywords:
            return list(self.keywords["type"])
        hinted = [kind for kind, words in _HINTS.items() if any(word in self.keywords for word in words)]
        return hinted[:1] or list(_TYPES)

    @property
    def untyped(self) -> bool:
        return "type" not in self.keywords and self.types == list(_TYPES)

    @property
    def required(self) -> Sequence[str]:
        required: Sequence[str] = self.keywords.get("required", ())
        return required


def merge_schemas(
    schemas: Schemas, parts: Sequence[LocatedSchema], chosen: frozenset[str] = frozenset()
) -> MergedSchema:
    """Lay schemas together. ``chosen`` names the choices that were made already and are not listed again."""
    node = MergedSchema()
    for schema, pointer in parts:
        _add(schemas, node, schema, pointer, chosen, frozenset())
    if "type" in node.keywords and not node.keywords["type"]:
        node.impossible = True
    if "enum" in node.keywords and not node.keywords["enum"]:
        node.impossible = True
    return node


def _add(
    schemas: Schemas,
    node: MergedSchema,
    schema: Any,
    pointer: str | None,
    chosen: frozenset[str],
    entered: frozenset[str],
) -> None:
    if not isinstance(schema, Mapping):
        node.impossible = node.impossible or schema is False
        return
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in entered:
        target = reference.removeprefix("#")
        _add(schemas, node, schemas.node_at(target), target, chosen, entered | {reference})
    for index, branch in enumerate(schema.get("allOf", ())):
        _add(schemas, node, branch, _below(pointer, "allOf", index), chosen, entered)
    node.doubtful = node.doubtful or not _DOUBTFUL.isdisjoint(schema)
    for keyword, value in schema.items():
        if keyword in _MERGE:
            known = node.keywords.get(keyword)
            node.keywords[keyword] = value if known is None else _MERGE[keyword](known, value)
        elif keyword in {"type", "const", "enum"}:
            _narrow(node, keyword, value)
    _add_parts(node, schema, pointer)
    for keyword in ("anyOf", "oneOf"):
        name = f"{pointer}#{keyword}" if pointer is not None else f"{id(schema)}#{keyword}"
        if isinstance(schema.get(keyword), list) and name not in chosen:
            branches = [(b, _below(pointer, keyword, i)) for i, b in enumerate(schema[keyword])]
            node.choices.append((name, branches))


def _add_parts(node: MergedSchema, schema: Mapping[str, Any], pointer: str | None) -> None:
    for name, inner in schema.get("properties", {}).items():
        node.properties.setdefault(name, []).append((inner, _below(pointer, "properties", name)))
    for index, inner in enumerate(schema.get("prefixItems", ())):
        while len(node.prefix) <= index:
            node.prefix.append([])
        node.prefix[index].append((inner, _below(pointer, "prefixItems", index)))
    for keyword, found in (
        ("items", node.items),
        ("additionalProperties", node.additional),
        ("unevaluatedProperties", node.additional),
        ("propertyNames", node.names),
        ("contains", node.contains),
    ):
        if keyword in schema:
            found.append((schema[keyword], _below(pointer, keyword)))
    for expression, inner in schema.get("patternProperties", {}).items():
        node.patterned.append((expression, (inner, _below(pointer, "patternProperties", expression))))


def _narrow(node: MergedSchema, keyword: str, value: Any) -> None:
    if keyword == "type":
        kinds = value if isinstance(value, list) else [value]
        known = node.keywords.get("type")
        node.keywords["type"] = list(kinds) if known is None else list(_common_types(known, kinds))
    else:
        members = [value] if keyword == "const" else list(value)
        known = node.keywords.get("enum")
        node.keywords["enum"] = members if known is None else [m for m in known if m in members]


def _common_types(known: list[str], kinds: list[str]) -> Iterator[str]:
    for kind in known:
        if kind in kinds or (kind == "integer" and "number" in kinds):
            yield kind
        elif kind == "number" and "integer" in kinds:
            yield "integer"


def _below(pointer: str | None, *parts: str | int) -> str | None:
    return None if pointer is None else pointer + "".join(f"/{escape_pointer(str(part))}" for part in parts)


def _joined(first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
    return [*first, *(item for item in second if item not in first)]


def _multiple(first: Any, second: Any) -> Any:
    whole = isinstance(first, int) and isinstance(second, int)
    return lcm(first, second) if whole else max(first, second)


_MERGE: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), min),
    **dict.fromkeys(("required", "examples"), _joined),
    **dict.fromkeys(("default", "example", "format", "pattern"), lambda _known, value: value),
    "uniqueItems": lambda known, value: known or value,
    "multipleOf": _multiple,
    "dependentRequired": lambda known, value: {**known, **value},
    "x-specduet": lambda known, value: {**known, **value},
}
