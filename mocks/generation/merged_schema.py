"""The keywords of a schema merged into one place: references followed, ``allOf`` parts combined, choices listed.

The merged keywords are the narrowest of all parts, so that a value made to them has a good chance to be valid; only the
validator can tell whether it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import lcm
from typing import Any

import msgspec

from specduet.mocks.generation import negation
from specduet.specs.patterns import compile_pattern
from specduet.specs.schemas import Schemas, escape_pointer

LocatedSchema = tuple[Any, str | None]
"""A schema and the JSON pointer to it in the document; None for a schema that the document does not contain."""
Branch = tuple[LocatedSchema, ...]
"""Schemas that a value meets all together, if this branch of a choice is taken."""

_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_TYPE_HINTS = {
    "object": (
        *("properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"),
        *("maxProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties"),
    ),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"),
    "string": ("minLength", "maxLength", "pattern", "format", "contentEncoding", "contentMediaType"),
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


@dataclass(frozen=True, slots=True)
class Remainder:
    """The schema of those properties or items that a part does not name itself: ``additionalProperties``, ``items``."""

    located: LocatedSchema
    names: frozenset[str] = frozenset()
    """Properties that the same part names."""
    patterns: tuple[str, ...] = ()
    start: int = 0
    """The index of the first item that it applies to."""

    def covers(self, name: str) -> bool:
        """Return whether the schema applies to a property of this name."""
        return name not in self.names and not any(matches_name(pattern, name) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Contained:
    """One ``contains`` with its own ``minContains`` and ``maxContains``."""

    located: LocatedSchema
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Alternatives:
    """A choice between branches: ``anyOf``, ``oneOf``, ``if`` and what a negation or a dependency leaves open."""

    name: str
    """Unique in the document."""
    branches: tuple[Branch, ...]
    is_exclusive: bool = False
    """A value may meet one branch only: ``oneOf``."""


@dataclass(frozen=True, slots=True)
class Discriminator:
    """A discriminator and the pointer of the schema that has it."""

    property_name: str
    mapping: Mapping[str, str]
    pointer: str | None


@dataclass
class MergedSchema:
    """The keywords of several schemas together. A subschema that several of them have is a list of parts."""

    keywords: dict[str, Any] = field(default_factory=dict)
    """Keywords without subschemas: ``{"type": ["string"], "minLength": 3}``; ``const`` is an ``enum`` of one."""
    properties: dict[str, list[LocatedSchema]] = field(default_factory=dict)
    prefix_items: list[list[LocatedSchema]] = field(default_factory=list)
    items: list[Remainder] = field(default_factory=list)
    additional_properties: list[Remainder] = field(default_factory=list)
    unevaluated_properties: list[LocatedSchema] = field(default_factory=list)
    unevaluated_items: list[LocatedSchema] = field(default_factory=list)
    property_names: list[LocatedSchema] = field(default_factory=list)
    contains: list[Contained] = field(default_factory=list)
    choices: list[Alternatives] = field(default_factory=list)
    pattern_properties: list[tuple[str, LocatedSchema]] = field(default_factory=list)
    discriminators: list[Discriminator] = field(default_factory=list)
    excluded_types: set[str] = field(default_factory=set)
    excluded_values: list[Any] = field(default_factory=list)
    is_impossible: bool = False
    """The keywords contradict each other, or a part is ``false``: there is no valid value."""
    needs_validation: bool = False
    """A part has a keyword that makers do not guarantee."""

    @property
    def types(self) -> list[str]:
        """The types that a value may have, guessed from other keywords where ``type`` is missing, else all of them."""
        if "type" in self.keywords:
            return [kind for kind in self.keywords["type"] if kind not in self.excluded_types]
        hinted = [kind for kind, hints in _TYPE_HINTS.items() if any(hint in self.keywords for hint in hints)]
        hinted += ["object"] * bool(self.properties or self.additional_properties or self.pattern_properties)
        hinted += ["array"] * bool(self.items or self.prefix_items or self.contains)
        allowed = [kind for kind in hinted if kind not in self.excluded_types]
        return allowed[:1] or [kind for kind in _TYPES if kind not in self.excluded_types]

    @property
    def is_untyped(self) -> bool:
        return "type" not in self.keywords and self.types == list(_TYPES)

    @property
    def required_names(self) -> Sequence[str]:
        required: Sequence[str] = self.keywords.get("required", ())
        return required

    def parts_of_property(self, name: str) -> list[LocatedSchema]:
        """Return all schemas that apply to a property of this name; none where it may be anything."""
        matching = [located for pattern, located in self.pattern_properties if matches_name(pattern, name)]
        named = [*self.properties.get(name, ()), *matching]
        remaining = [rest.located for rest in self.additional_properties if rest.covers(name)]
        return [*named, *remaining] or list(self.unevaluated_properties)

    def parts_of_item(self, index: int) -> list[LocatedSchema]:
        """Return all schemas that apply to the item at an index; none where it may be anything."""
        named = self.prefix_items[index] if index < len(self.prefix_items) else []
        remaining = [rest.located for rest in self.items if rest.start <= index]
        return [*named, *remaining] or list(self.unevaluated_items)


def merge_schemas(
    schemas: Schemas, parts: Sequence[LocatedSchema], resolved_choices: frozenset[str] = frozenset()
) -> MergedSchema:
    """Merge schemas that all apply to the same value.

    ``resolved_choices`` names the choices that are made already, a branch of each being one of ``parts``: they are not
    listed again.
    """
    merger = _Merger(schemas, resolved_choices)
    for schema, pointer in parts:
        merger.merge(schema, pointer, frozenset())
    merged = merger.merged
    if not merged.types or ("enum" in merged.keywords and not merged.keywords["enum"]):
        merged.is_impossible = True
    if merged.excluded_values and "enum" in merged.keywords:
        excluded = {to_json_key(value) for value in merged.excluded_values}
        merged.keywords["enum"] = [m for m in merged.keywords["enum"] if to_json_key(m) not in excluded]
        merged.is_impossible = merged.is_impossible or not merged.keywords["enum"]
    return merged


def follow_reference(schemas: Schemas, reference: str) -> LocatedSchema:
    """Return the schema that a reference leads to; one that allows anything where it leads to nothing."""
    pointer = reference.removeprefix("#")
    try:
        return schemas.node_at(pointer), pointer
    except KeyError:
        return True, None


def is_null_schema(schemas: Schemas, branch: Branch) -> bool:
    """Return whether null is the only value of a branch."""
    merged = merge_schemas(schemas, branch)
    return merged.keywords.get("type") == ["null"] or merged.keywords.get("enum") == [None]


def allows_null(schemas: Schemas, merged: MergedSchema) -> bool:
    """Return whether null is one of the values: by ``enum``, in a branch of every choice, or by ``type``."""
    if "enum" in merged.keywords:
        return None in merged.keywords["enum"]
    if merged.choices:
        return all(any(is_null_schema(schemas, branch) for branch in choice.branches) for choice in merged.choices)
    return "null" in merged.keywords.get("type", ()) and "null" not in merged.excluded_types


def matches_name(pattern: str, name: str) -> bool:
    """Return whether a pattern of ``patternProperties`` is found in a name; False for what is no pattern."""
    try:
        return compile_pattern(pattern).is_match(name)
    except ValueError:
        return False


def to_json_key(value: Any) -> bytes:
    """Return a text that is the same for values that JSON Schema holds to be equal: 1 and 1.0, but not 1 and true."""
    return msgspec.json.encode(_to_comparable(value), order="sorted")


def _to_comparable(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, int) and abs(value) >= 2**63:
        return str(value)
    if isinstance(value, Mapping):
        return {name: _to_comparable(inner) for name, inner in value.items()}
    return [_to_comparable(inner) for inner in value] if isinstance(value, list) else value


class _Merger:
    def __init__(self, schemas: Schemas, resolved_choices: frozenset[str]) -> None:
        self.merged = MergedSchema()
        self._schemas = schemas
        self._resolved_choices = resolved_choices
        self._entered: set[str] = set()
        """Pointers of the schemas that are merged already: a second time changes nothing, and may double each level."""

    def merge(self, schema: Any, pointer: str | None, followed: frozenset[str]) -> None:
        """Merge one schema. ``followed`` are the references on the way to it, so that a recursion ends."""
        merged = self.merged
        if pointer is not None and pointer in self._entered:
            return
        self._entered |= {pointer} if pointer is not None else set()
        if not isinstance(schema, Mapping):
            merged.is_impossible = merged.is_impossible or schema is False
            return
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in followed:
            self.merge(*follow_reference(self._schemas, reference), followed | {reference})
        for index, branch in enumerate(schema.get("allOf", ())):
            self.merge(branch, child_pointer(pointer, "allOf", index), followed)
        merged.needs_validation = merged.needs_validation or not _UNCERTAIN_KEYWORDS.isdisjoint(schema)
        for keyword, value in schema.items():
            if keyword in _MERGE_RULES:
                known = merged.keywords.get(keyword)
                merged.keywords[keyword] = value if known is None else _MERGE_RULES[keyword](known, value)
            elif keyword in {"type", "const", "enum"}:
                _narrow_values(merged, keyword, value)
        self._merge_properties(schema, pointer)
        self._merge_items(schema, pointer)
        self._merge_choices(schema, pointer)
        self._merge_conditions(schema, pointer)
        discriminator = schema.get("discriminator")
        if isinstance(discriminator, Mapping) and isinstance(discriminator.get("propertyName"), str):
            mapping = discriminator.get("mapping") or {}
            merged.discriminators.append(Discriminator(discriminator["propertyName"], mapping, pointer))
        if "not" in schema:
            self._merge_negation(schema["not"], child_pointer(pointer, "not"), followed)

    def _merge_properties(self, schema: Mapping[str, Any], pointer: str | None) -> None:
        merged, properties = self.merged, schema.get("properties", {})
        for name, inner in properties.items():
            merged.properties.setdefault(name, []).append((inner, child_pointer(pointer, "properties", name)))
        patterns = schema.get("patternProperties", {})
        for pattern, inner in patterns.items():
            merged.pattern_properties.append((pattern, (inner, child_pointer(pointer, "patternProperties", pattern))))
        if "additionalProperties" in schema:
            located = (schema["additionalProperties"], child_pointer(pointer, "additionalProperties"))
            merged.additional_properties.append(Remainder(located, frozenset(properties), tuple(patterns)))
        for keyword, parts in (
            ("unevaluatedProperties", merged.unevaluated_properties),
            ("unevaluatedItems", merged.unevaluated_items),
            ("propertyNames", merged.property_names),
        ):
            if keyword in schema:
                parts.append((schema[keyword], child_pointer(pointer, keyword)))

    def _merge_items(self, schema: Mapping[str, Any], pointer: str | None) -> None:
        merged, prefix = self.merged, schema.get("prefixItems", ())
        for index, inner in enumerate(prefix):
            while len(merged.prefix_items) <= index:
                merged.prefix_items.append([])
            merged.prefix_items[index].append((inner, child_pointer(pointer, "prefixItems", index)))
        if "items" in schema:
            merged.items.append(Remainder((schema["items"], child_pointer(pointer, "items")), start=len(prefix)))
        if "contains" in schema:
            located = (schema["contains"], child_pointer(pointer, "contains"))
            merged.contains.append(Contained(located, schema.get("minContains", 1), schema.get("maxContains")))

    def _merge_choices(self, schema: Mapping[str, Any], pointer: str | None) -> None:
        for keyword in ("anyOf", "oneOf"):
            if isinstance(schema.get(keyword), list):
                branches = [(branch, child_pointer(pointer, keyword, i)) for i, branch in enumerate(schema[keyword])]
                is_exclusive = keyword == "oneOf" and len(branches) > 1
                self._add_choice(
                    schema, pointer, keyword, [(branch,) for branch in branches], is_exclusive=is_exclusive
                )

    def _merge_conditions(self, schema: Mapping[str, Any], pointer: str | None) -> None:
        if "if" in schema and ("then" in schema or "else" in schema):
            condition = (schema["if"], child_pointer(pointer, "if"))
            met = (condition, (schema.get("then", True), child_pointer(pointer, "then")))
            unmet = (({"not": schema["if"]}, None), (schema.get("else", True), child_pointer(pointer, "else")))
            branches = [tuple(part for part in branch if part[0] is not True) for branch in (met, unmet)]
            self._add_choice(schema, pointer, "if", branches)
        for name, inner in schema.get("dependentSchemas", {}).items():
            present: Branch = (({"required": [name]}, None), (inner, child_pointer(pointer, "dependentSchemas", name)))
            absent: Branch = (({"properties": {name: False}}, None),)
            self._add_choice(schema, pointer, f"dependentSchemas/{name}", [present, absent])

    def _merge_negation(self, schema: Any, pointer: str | None, followed: frozenset[str]) -> None:
        if isinstance(schema, Mapping) and schema.keys() == {"$ref"}:
            if schema["$ref"] in followed:
                return
            followed |= {schema["$ref"]}
            schema, _ = follow_reference(self._schemas, schema["$ref"])
        negated = negation.negate_schema(schema)
        self.merged.excluded_types |= negated.types
        self.merged.excluded_values += negated.values
        for alternatives in negated.alternatives:
            if len(alternatives) == 1:
                self.merge(alternatives[0], None, followed)
            else:
                branches: list[Branch] = [((alternative, None),) for alternative in alternatives]
                self._add_choice({}, pointer, f"not {to_json_key(alternatives).decode()}", branches)

    def _add_choice(
        self,
        schema: Mapping[str, Any],
        pointer: str | None,
        keyword: str,
        branches: Sequence[Branch],
        *,
        is_exclusive: bool = False,
    ) -> None:
        place = pointer if pointer is not None else to_json_key(schema).decode()
        name = f"{place}#{keyword}"
        if name not in self._resolved_choices and all(choice.name != name for choice in self.merged.choices):
            self.merged.choices.append(Alternatives(name, tuple(branches), is_exclusive))


def _narrow_values(merged: MergedSchema, keyword: str, value: Any) -> None:
    if keyword == "type":
        kinds = value if isinstance(value, list) else [value]
        known = merged.keywords.get("type")
        merged.keywords["type"] = list(kinds) if known is None else list(_common_types(known, kinds))
    else:
        members = [value] if keyword == "const" else list(value)
        known = merged.keywords.get("enum")
        if known is not None:
            allowed = {to_json_key(member) for member in members}
            members = [member for member in known if to_json_key(member) in allowed]
        merged.keywords["enum"] = members


def _common_types(left: list[str], right: list[str]) -> Iterator[str]:
    for kind in left:
        if kind in right or (kind == "integer" and "number" in right):
            yield kind
        elif kind == "number" and "integer" in right:
            yield "integer"


def child_pointer(pointer: str | None, *parts: str | int) -> str | None:
    """Return the pointer to a part of a schema; None for a part of one that the document does not contain."""
    return None if pointer is None else pointer + "".join(f"/{escape_pointer(str(part))}" for part in parts)


def _join_unique(left: Sequence[Any], right: Sequence[Any]) -> list[Any]:
    return [*left, *(item for item in right if item not in left)]


def _common_multiple(left: Any, right: Any) -> Any:
    both_whole = isinstance(left, int) and isinstance(right, int)
    return lcm(left, right) if both_whole else max(left, right)


def _join_dependencies(left: Mapping[str, Sequence[str]], right: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {name: _join_unique(left.get(name, ()), right.get(name, ())) for name in {**left, **right}}


_MERGE_RULES: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
    **dict.fromkeys(("required", "examples"), _join_unique),
    **dict.fromkeys(("default", "example", "format", "pattern"), lambda _known, value: value),
    **dict.fromkeys(("contentEncoding", "contentMediaType"), lambda _known, value: value),
    "uniqueItems": lambda known, value: known or value,
    "writeOnly": lambda known, value: known or value,
    "multipleOf": _common_multiple,
    "dependentRequired": _join_dependencies,
    "x-specduet": lambda known, value: {**known, **value},
}
