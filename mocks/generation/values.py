"""Believable values: from examples, enum, default, shape, format and bounds, else from the name of the property.

A schema is compiled once into a ``ValueMaker``, a function from random choices to a value. Keywords that a maker does
not guarantee (``not``, ``oneOf``, patterns with bounds) are met by trying: a value is made, validated, and made again
with other choices.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from specduet.mocks.generation.merged_schema import (
    LocatedSchema,
    MergedSchema,
    allows_null,
    is_null_schema,
    merge_schemas,
)
from specduet.mocks.generation.nesting_depth import NestingDepths
from specduet.mocks.generation.scalars import build_number_maker, build_pattern_maker, build_string_maker
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker, random_json_value
from specduet.mocks.generation.text import text_maker_for
from specduet.specs import UsageError
from specduet.specs.schemas import Schema, Schemas

_TRIES = 24
_NULL_PROBABILITY = 0.25
_NO_EXTRAS_DEPTH = 3  # from this depth on nothing is added that is not required
_SHORTEST_DEPTH = 5  # from this depth on every choice takes the branch that ends soonest
_MAX_DEPTH = 40  # from this depth on a value is given up: its recursion does not end
_LARGE_LIMIT = 6  # of more optional objects and arrays in one object some are left out
_FREE_NAMES = ("note", "label", "source", "channel", "reference", "region", "stage", "batch")


class CannotGenerate(UsageError):
    """No valid value of a schema was found; often there is none."""

    def __init__(self, pointer: str | None) -> None:
        super().__init__(f"no value of the schema at {pointer or 'an inner place'} could be made")


class _TooDeepError(CannotGenerate):
    """A recursion does not end: another choice higher up would not end it either."""


def generate_value(schemas: Schemas, schema: Schema, pointer: str, key: str) -> Any:
    """Return a valid value of the schema at a JSON pointer; the same ``key`` gives the same value.

    Raises ``CannotGenerate`` where none is found.
    """
    return get_generator(schemas).build_valid_maker(schema, pointer)(SeededRandom(key))


def get_generator(schemas: Schemas) -> "ValueGenerator":
    """Return the generator of a document, one for all callers, so that each schema is compiled once."""
    if schemas not in _generators:
        _generators[schemas] = ValueGenerator(schemas)
    return _generators[schemas]


_generators: "WeakKeyDictionary[Schemas, ValueGenerator]" = WeakKeyDictionary()


class ValueGenerator:
    """Compiles the schemas of one document into makers of values."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._makers: dict[tuple[str, str, bool], ValueMaker] = {}
        self._depths = NestingDepths(schemas)
        self._always_valid: set[ValueMaker] = set()
        """Makers whose values need not be validated again."""

    def build_valid_maker(self, schema: Schema, pointer: str, name: str = "", *, null: bool = True) -> ValueMaker:
        """Return a maker whose values are validated; it raises ``CannotGenerate`` where it finds none.

        ``name`` is the property that the values are for. Without ``null`` the value is never null, unless the schema
        has no other.
        """
        make = self.build_maker(schema, pointer, name, null=null)
        return make if make in self._always_valid else self._retry_until_valid(make, pointer, [(schema, pointer)])

    def build_maker(self, schema: Any, pointer: str | None, name: str = "", *, null: bool = True) -> ValueMaker:
        """Return a maker whose values are believable, but validated only where a keyword cannot be guaranteed."""
        if pointer is None:
            return self._build_merged([(schema, None)], name, null=null)
        if isinstance(schema, Mapping) and schema.keys() == {"$ref"}:
            pointer = schema["$ref"].removeprefix("#")
            schema = self._schemas.node_at(pointer)
        place = (pointer, name, null)
        if place not in self._makers:
            # A recursive schema comes here again while it is being compiled, and finds this.
            self._makers[place] = lambda rng: self._makers[place](rng)  # noqa: PLW0108  it is another one later
            self._makers[place] = self._build_merged([(schema, pointer)], name, null=null)
        return self._makers[place]

    def _build_parts(self, parts: Sequence[LocatedSchema], name: str, *, null: bool = True) -> ValueMaker:
        if len(parts) == 1:
            return self.build_maker(*parts[0], name, null=null)
        return self._build_merged(parts, name, null=null)

    def _build_merged(
        self,
        parts: Sequence[LocatedSchema],
        name: str,
        *,
        null: bool,
        resolved_choices: frozenset[str] = frozenset(),
    ) -> ValueMaker:
        """Return a maker of values that meet all ``parts``."""
        merged = merge_schemas(self._schemas, parts, resolved_choices)
        pointer = parts[0][1] if len(parts) == 1 else None
        if merged.is_impossible:
            return _build_failing(pointer)
        make = self._build_from_stated_values(merged, pointer)
        if make is None and merged.choices:
            make = self._build_choice(merged, parts, name, resolved_choices, null=null)
        elif null and allows_null(self._schemas, merged):
            is_always_valid = make in self._always_valid
            make = _make_nullable(make or self._build_typed(merged, name))
            if is_always_valid:
                self._always_valid.add(make)
        else:
            make = make or self._build_typed(merged, name)
        return (
            self._retry_until_valid(make, pointer, parts) if merged.needs_validation and pointer is not None else make
        )

    # ------------------------------------------------------------------------- enum, examples, default

    def _build_from_stated_values(self, merged: MergedSchema, pointer: str | None) -> ValueMaker | None:
        """Return a maker that picks from the values the schema states itself; None where it states none."""
        keywords = merged.keywords
        if "enum" in keywords:
            members = [m for m in keywords["enum"] if m is not None] or [None]
            return _pick_from(self._filter_valid(members, pointer) or members)
        examples = self._filter_valid([*keywords.get("examples", ()), *_keyword_as_list(keywords, "example")], pointer)
        if examples:
            make = _pick_from(examples)
            if pointer is not None:
                self._always_valid.add(make)
            return make
        if "default" in keywords and isinstance(keywords["default"], str | int | float):
            default = self._filter_valid([keywords["default"]], pointer)
            if default and isinstance(default[0], bool):
                return _biased_bool(default[0])
            return _pick_from(default) if default else None
        return None

    def _filter_valid(self, values: Sequence[Any], pointer: str | None) -> list[Any]:
        if pointer is None or not values:
            return list(values)
        validator = self._schemas.validator_at(pointer)
        return [value for value in values if validator.is_valid(value)]

    def _retry_until_valid(self, make: ValueMaker, pointer: str | None, parts: Sequence[LocatedSchema]) -> ValueMaker:
        """Return a maker that makes values until one is valid, and then falls back on simple ones."""
        assert pointer is not None

        def make_valid(rng: SeededRandom) -> Any:
            validator = self._schemas.validator_at(pointer)
            for attempt in range(_TRIES):
                try:
                    value = make(_rng_of_attempt(rng, attempt))
                except CannotGenerate:
                    if rng.depth:  # the part that failed has made its own attempts
                        raise
                    continue
                if validator.is_valid(value):
                    return value
            fallback = next(self._iter_fallbacks(parts, pointer), ...)
            if fallback is ...:
                raise CannotGenerate(pointer)
            return fallback

        return make_valid

    def _iter_fallbacks(self, parts: Sequence[LocatedSchema], pointer: str) -> Iterator[Any]:
        keywords = merge_schemas(self._schemas, parts).keywords
        stated = [*_keyword_as_list(keywords, "default"), *_keyword_as_list(keywords, "example")]
        stated += keywords.get("examples", ())
        yield from self._filter_valid([*stated, None, "", 0, 1, False, True, [], {}], pointer)

    # ----------------------------------------------------------------------------------- anyOf and oneOf

    def _build_choice(
        self,
        merged: MergedSchema,
        parts: Sequence[LocatedSchema],
        name: str,
        resolved_choices: frozenset[str],
        *,
        null: bool,
    ) -> ValueMaker:
        """Return a maker that picks a branch of the first choice, and another one where that has no value."""
        choice, all_branches = merged.choices[0]
        nulls = [branch for branch in all_branches if is_null_schema(self._schemas, branch)]
        ending = [branch for branch in all_branches if self._depths.min_depth(branch) < float("inf")]
        branches = [branch for branch in ending if branch not in nulls] or ending
        depths = [self._depths.min_depth(branch) for branch in branches]
        makers: dict[int, ValueMaker] = {}

        def make_branch(index: int, rng: SeededRandom) -> Any:
            if index not in makers:  # compiled on first use: a schema may have many branches that nobody picks
                makers[index] = self._build_merged(
                    [*parts, branches[index]], name, null=null, resolved_choices=resolved_choices | {choice}
                )
            return makers[index](rng)

        def make_any(rng: SeededRandom) -> Any:
            if nulls and null and (rng.depth >= _SHORTEST_DEPTH or rng.random_bool(_NULL_PROBABILITY)):
                return None
            order = rng.shuffled_copy(range(len(branches)))
            if rng.depth >= _SHORTEST_DEPTH:
                order.sort(key=depths.__getitem__)
            for index in order:
                try:
                    return make_branch(index, rng)
                except _TooDeepError:
                    raise
                except CannotGenerate:
                    continue
            raise CannotGenerate(parts[0][1])

        return make_any

    # --------------------------------------------------------------------------------------------- types

    def _build_typed(self, merged: MergedSchema, name: str) -> ValueMaker:
        if merged.is_untyped:
            return random_json_value if not name else text_maker_for(name)
        kinds = [kind for kind in merged.types if kind != "null"] or ["null"]
        makers = [self._build_of_type(kind, merged, name) for kind in kinds]
        return makers[0] if len(makers) == 1 else lambda rng: rng.pick(makers)(rng)

    def _build_of_type(self, kind: str, merged: MergedSchema, name: str) -> ValueMaker:
        match kind:
            case "object":
                return self._build_object(merged)
            case "array":
                return self._build_array(merged, name)
            case "string":
                return build_string_maker(merged.keywords, name)
            case "integer" | "number":
                return build_number_maker(merged.keywords, name, whole=kind == "integer")
            case "boolean":
                return lambda rng: rng.random_bool(0.5)
        return lambda _rng: None

    def _build_object(self, merged: MergedSchema) -> ValueMaker:
        untyped: list[LocatedSchema] = [(True, None)]
        fallback = merged.additional_properties or untyped
        required = {n: self._build_parts(merged.properties.get(n, fallback), n) for n in merged.required_names}
        optional = {n: self._build_parts(parts, n) for n, parts in merged.properties.items() if n not in required}
        large = [n for n in optional if any(self._is_large(part) for part in merged.properties[n])]
        large_probability = min(1.0, _LARGE_LIMIT / len(large)) if large else 1.0
        dependent: Mapping[str, Sequence[str]] = merged.keywords.get("dependentRequired", {})
        add_extra_properties = self._build_extra_properties(merged)

        def is_included(name: str, rng: SeededRandom) -> bool:
            if rng.depth >= _SHORTEST_DEPTH or (rng.omit_probability and rng.random_bool(rng.omit_probability)):
                return False
            if name in large:
                return rng.depth < _NO_EXTRAS_DEPTH and (rng.depth == 0 or rng.random_bool(large_probability))
            return True

        def make_object(rng: SeededRandom) -> dict[str, Any]:
            if rng.depth > _MAX_DEPTH:
                raise _TooDeepError(None)
            names = {*required, *(name for name in optional if is_included(name, rng))}
            for name in sorted(names):
                names.update(n for n in dependent.get(name, ()) if n in optional)
            value: dict[str, Any] = {}
            for name in dict.fromkeys((*merged.properties, *required)):
                if name in required:
                    value[name] = required[name](rng.derive(name))
                elif name in names:
                    with suppress(CannotGenerate):  # an optional property without a value is left out
                        value[name] = optional[name](rng.derive(name))
            add_extra_properties(rng, value)
            return value

        return make_object

    def _is_large(self, located: LocatedSchema) -> bool:
        merged = merge_schemas(self._schemas, [located])
        return bool(merged.properties or merged.items) or not self._has_simple_branches(merged)

    def _has_simple_branches(self, merged: MergedSchema) -> bool:
        branches = [branch for _, choice in merged.choices for branch in choice]
        return all(not merge_schemas(self._schemas, [branch]).properties for branch in branches)

    def _build_extra_properties(self, merged: MergedSchema) -> Callable[[SeededRandom, dict[str, Any]], None]:
        """Return a function that adds properties the schema does not name.

        As many as ``minProperties`` demands, and up to two to an object that names none at all.
        """
        least = merged.keywords.get("minProperties", 0)
        most = merged.keywords.get("maxProperties", float("inf"))
        closed = any(schema is False for schema, _ in merged.additional_properties)
        pattern, pattern_schema = merged.pattern_properties[0] if merged.pattern_properties else (None, None)
        if closed and pattern_schema is None:
            return lambda _rng, _value: None
        make_name = self._build_parts(merged.property_names, "") if merged.property_names else None
        if closed and pattern is not None:
            make_name = build_pattern_maker(pattern)
        parts = merged.additional_properties or [(True, None)]
        if closed and pattern_schema is not None:
            parts = [pattern_schema]
        make = self._build_parts(parts, "note")

        def add_extra_properties(rng: SeededRandom, value: dict[str, Any]) -> None:
            open_map = not merged.properties and rng.depth < _SHORTEST_DEPTH and not rng.omit_probability
            wanted = min(max(least, rng.randbelow(3) if open_map else 0), most)
            for index in range(8 * least + 8):
                if len(value) >= wanted:
                    return
                child = rng.derive(f"+{index}")
                name = make_name(child) if make_name else _free_name(index)
                if isinstance(name, str) and name not in value:
                    value[name] = make(child)

        return add_extra_properties

    def _build_array(self, merged: MergedSchema, name: str) -> ValueMaker:
        least, most = merged.keywords.get("minItems", 0), merged.keywords.get("maxItems", float("inf"))
        make_item = self._build_parts(merged.items, name.removesuffix("s")) if merged.items else random_json_value
        prefix = [self._build_parts(parts, "") for parts in merged.prefix_items]
        make_contained = self._build_parts(merged.contains, "") if merged.contains else None
        contained = max(merged.keywords.get("minContains", 1), 0) if make_contained else 0
        closed = any(schema is False for schema, _ in merged.items)
        unique = bool(merged.keywords.get("uniqueItems"))

        def make_array(rng: SeededRandom) -> list[Any]:
            may_grow = rng.depth < _NO_EXTRAS_DEPTH and not rng.omit_probability
            count = int(min(max(least, contained, len(prefix), 1 + rng.randbelow(3) if may_grow else 0), most))
            if closed:
                count = min(count, len(prefix))
            items: list[Any] = []
            for index in range(count if not unique else 4 * count):
                if len(items) == count:
                    break
                make = prefix[len(items)] if len(items) < len(prefix) else make_item
                if make_contained is not None and len(prefix) <= len(items) < len(prefix) + contained:
                    make = make_contained
                item = make(_item_rng(rng, index))
                if not unique or item not in items:
                    items.append(item)
            return items

        return make_array


def _rng_of_attempt(rng: SeededRandom, attempt: int) -> SeededRandom:
    """Return the choices of one attempt; two of three later attempts leave out optional parts, half of them or all."""
    if not attempt:
        return rng
    return SeededRandom(f"{rng.name}~{attempt}", depth=rng.depth, omit_probability=attempt % 3 / 2)


def _item_rng(rng: SeededRandom, index: int) -> SeededRandom:
    # A list is no level of its own: depth counts the objects that lie within each other.
    return SeededRandom(
        f"{rng.name}/{index}",
        depth=rng.depth + (rng.depth >= _NO_EXTRAS_DEPTH),
        omit_probability=rng.omit_probability,
    )


def _free_name(index: int) -> str:
    return _FREE_NAMES[index] if index < len(_FREE_NAMES) else f"{_FREE_NAMES[0]}_{index}"


def _keyword_as_list(keywords: Mapping[str, Any], keyword: str) -> list[Any]:
    return [keywords[keyword]] if keyword in keywords else []


def _pick_from(choices: Sequence[Any]) -> ValueMaker:
    return lambda rng: rng.pick(choices)


def _biased_bool(usual: bool) -> ValueMaker:  # noqa: FBT001  a value, not an option
    return lambda rng: usual if rng.random_bool(0.75) else not usual


def _make_nullable(make: ValueMaker) -> ValueMaker:
    return lambda rng: None if rng.depth >= _SHORTEST_DEPTH or rng.random_bool(_NULL_PROBABILITY) else make(rng)


def _build_failing(pointer: str | None) -> ValueMaker:
    def raise_error(_rng: SeededRandom) -> Any:
        raise CannotGenerate(pointer)

    return raise_error
