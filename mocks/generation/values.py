"""Believable values: from examples, enum, default, shape, format and bounds, else from the name of the property.

A schema is compiled into a ``ValueMaker``, a function from random choices to a value, once and on its first use.
Keywords that a maker does not guarantee (``not``, ``oneOf``, patterns with bounds) are met by trying: a value is made,
validated, and made again with other choices.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import jsonschema_rs

from specduet.mocks.generation.arrays import ArrayMaker
from specduet.mocks.generation.discriminators import apply_discriminators, find_family
from specduet.mocks.generation.limits import CannotGenerate, TooMuchWorkError
from specduet.mocks.generation.merged_schema import (
    LocatedSchema,
    MergedSchema,
    allows_null,
    follow_reference,
    is_null_schema,
    merge_schemas,
)
from specduet.mocks.generation.nesting_depth import NestingDepths
from specduet.mocks.generation.objects import SHORTEST_DEPTH, ObjectMaker, TooDeepError
from specduet.mocks.generation.retries import NO_END, RetryingMaker, keyword_as_list
from specduet.mocks.generation.scalars import build_failing_maker, build_number_maker, build_string_maker
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker, random_json_value
from specduet.mocks.generation.text import text_maker_for
from specduet.mocks.generation.write_only import remove_write_only
from specduet.specs.schemas import Schema, Schemas
from specduet.specs.validators import SchemaValidator

__all__ = ["CannotGenerate", "ValueGenerator", "generate_value", "get_generator"]

_NULL_PROBABILITY = 0.25


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
        self._makers: dict[tuple[str, str, bool], _LazyMaker] = {}
        self._depths = NestingDepths(schemas)
        self._always_valid: set[ValueMaker] = set()
        """Makers whose values need not be validated again."""
        self._cleaned: dict[tuple[str, int], Any] = {}
        """Documented examples by pointer and identity: they live as long as the document."""
        self._large: dict[str, bool] = {}
        """Whether the values of a schema are objects or arrays, by its pointer."""

    def build_valid_maker(self, schema: Schema, pointer: str, name: str = "", *, null: bool = True) -> ValueMaker:
        """Return a maker whose values are validated; it raises ``CannotGenerate`` where it finds none.

        ``name`` is the property that the values are for. Without ``null`` the value is never null, unless the schema
        has no other.
        """
        located = (schema, pointer)
        try:
            if self._depths.min_depth(located) == float("inf"):
                return build_failing_maker(NO_END, pointer)
            make = self.build_maker(schema, pointer, name, null=null)
            make = make.compile() if isinstance(make, _LazyMaker) else make
        except RecursionError:
            return build_failing_maker(NO_END, pointer)
        return make if make in self._always_valid else self._retry_until_valid(make, [located])

    def build_maker(self, schema: Any, pointer: str | None, name: str = "", *, null: bool = True) -> ValueMaker:
        """Return a maker whose values are believable, but validated only where a keyword cannot be guaranteed."""
        if isinstance(schema, Mapping) and schema.keys() == {"$ref"}:
            schema, pointer = follow_reference(self._schemas, schema["$ref"])
        if pointer is None:
            return _LazyMaker(lambda: self._build_merged([(schema, None)], name, null=null))
        place = (pointer, name, null)
        if place not in self._makers:
            located = (schema, pointer)
            self._makers[place] = _LazyMaker(lambda: self._build_merged([located], name, null=null))
        return self._makers[place]

    def build_parts(self, parts: Sequence[LocatedSchema], name: str) -> ValueMaker:
        """Return a maker of values that meet all parts."""
        if len(parts) == 1:
            return self.build_maker(*parts[0], name)
        return _LazyMaker(lambda: self._build_merged(parts, name, null=True))

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
        if merged.is_impossible:
            return build_failing_maker("it contradicts itself", parts[0][1])
        if merged.discriminators and not merged.choices:
            apply_discriminators(self._schemas, merged, parts)
        make = self._build_from_stated_values(merged, parts)
        is_stated = make is not None
        if make is None and merged.choices:
            make = self._build_choice(merged, parts, name, resolved_choices, null=null)
        elif null and allows_null(self._schemas, merged):
            is_always_valid = make in self._always_valid
            make = _make_nullable(make or self._build_typed(merged, name))
            if is_always_valid:
                self._always_valid.add(make)
        else:
            make = make or self._build_typed(merged, name)
        if not is_stated and not merged.choices and (family := find_family(self._schemas, merged, parts)):
            return self._retry_until_valid(self._build_member(family, make), parts)
        # A branch of a choice is validated with the schema that has the choice.
        needs_validation = merged.needs_validation and not resolved_choices and make not in self._always_valid
        return self._retry_until_valid(make, parts) if needs_validation else make

    # ---------------------------------------------------------------------------------------- validation

    def is_valid(self, value: Any, parts: Sequence[LocatedSchema]) -> bool:
        """Return whether a value meets all those parts that the document contains."""
        try:
            return all(self._validator_at(pointer).is_valid(value) for _, pointer in parts if pointer is not None)
        except (OverflowError, ValueError):  # a number that no validator reads
            return False

    def _validator_at(self, pointer: str) -> SchemaValidator:
        try:
            return self._schemas.validator_at(pointer)
        except (KeyError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            raise CannotGenerate(pointer, "it is no valid schema") from error

    def _filter_valid(self, values: Sequence[Any], parts: Sequence[LocatedSchema]) -> list[Any]:
        return [value for value in values if self.is_valid(value, parts)]

    def _retry_until_valid(self, make: ValueMaker, parts: Sequence[LocatedSchema]) -> ValueMaker:
        return RetryingMaker(self._schemas, make, parts, self.is_valid)

    # ------------------------------------------------------------------------- enum, examples, default

    def _build_from_stated_values(self, merged: MergedSchema, parts: Sequence[LocatedSchema]) -> ValueMaker | None:
        """Return a maker that picks from the values the schema states itself; None where it states none."""
        keywords = merged.keywords
        if "enum" in keywords:
            return self._build_from_enum(keywords["enum"], parts)
        stated = [*keywords.get("examples", ()), *keyword_as_list(keywords, "example")]
        cleaned = [remove_write_only(self._schemas, parts, value, self.is_write_only) for value in stated]
        examples = self._filter_valid(cleaned, parts)
        if examples:
            make = _pick_from(examples)
            if all(pointer is not None for _, pointer in parts):
                self._always_valid.add(make)
            return make
        if "default" in keywords and isinstance(keywords["default"], str | int | float):
            default = self._filter_valid([keywords["default"]], parts)
            if default and isinstance(default[0], bool):
                return _biased_bool(default[0])
            return _pick_from(default) if default else None
        return None

    def _build_from_enum(self, members: Sequence[Any], parts: Sequence[LocatedSchema]) -> ValueMaker:
        usual = self._filter_valid([member for member in members if member is not None], parts)
        allowed = usual or self._filter_valid([None] if None in members else [], parts)
        return _pick_from(allowed) if allowed else build_failing_maker("no member of its enum is valid", parts[0][1])

    # ------------------------------------------------------------------------------------------- choices

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
        choice = merged.choices[0]
        nulls = [branch for branch in choice.branches if is_null_schema(self._schemas, branch)]
        ending = [branch for branch in choice.branches if self._depths.branch_depth(branch) < float("inf")]
        branches = [branch for branch in ending if branch not in nulls] or ending
        depths = [self._depths.branch_depth(branch) for branch in branches]
        makers: dict[int, ValueMaker] = {}

        def make_branch(index: int, rng: SeededRandom) -> Any:
            if index not in makers:  # compiled on first use: a schema may have many branches that nobody picks
                makers[index] = self._build_merged(
                    [*parts, *branches[index]], name, null=null, resolved_choices=resolved_choices | {choice.name}
                )
            return makers[index](rng)

        def make_any(rng: SeededRandom) -> Any:
            if nulls and null and (rng.depth >= SHORTEST_DEPTH or rng.random_bool(_NULL_PROBABILITY)):
                return None
            order = rng.shuffled_copy(range(len(branches)))
            if rng.depth >= SHORTEST_DEPTH:
                order.sort(key=depths.__getitem__)
            reason = ""
            for index in order:
                try:
                    return make_branch(index, rng)
                except (TooDeepError, TooMuchWorkError):
                    raise
                except CannotGenerate as error:
                    reason = reason or error.reason
            raise CannotGenerate(parts[0][1], reason)

        return make_any

    def _build_member(self, family: Sequence[LocatedSchema], make_parent: ValueMaker) -> ValueMaker:
        """Return a maker of values of one of several schemas; where none has any, of their parent."""

        makers: dict[int, ValueMaker] = {}

        def make_member(rng: SeededRandom) -> Any:
            for index in rng.shuffled_copy(range(len(family))) if rng.depth < SHORTEST_DEPTH else ():
                schema, pointer = family[index]
                assert pointer is not None
                if index not in makers:  # compiled on first use, as a member may hold its parent
                    makers[index] = self.build_valid_maker(schema, pointer)
                try:
                    return makers[index](rng)
                except (TooDeepError, TooMuchWorkError):
                    raise
                except CannotGenerate:
                    continue
            return make_parent(rng)

        return make_member

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
                return ObjectMaker(self, merged)
            case "array":
                return ArrayMaker(self, merged, name)
            case "string":
                return build_string_maker(merged.keywords, name)
            case "integer" | "number":
                return build_number_maker(merged.keywords, name, whole=kind == "integer")
            case "boolean":
                return lambda rng: rng.random_bool(0.5)
        return lambda _rng: None

    def clean_example(self, value: Any, schema: Schema, pointer: str) -> Any:
        """Return a documented example without its writeOnly properties; of the same example always the same object."""
        key = (pointer, id(value))
        if key not in self._cleaned:
            self._cleaned[key] = remove_write_only(self._schemas, [(schema, pointer)], value, self.is_write_only)
        return self._cleaned[key]

    def is_large(self, parts: Sequence[LocatedSchema]) -> bool:
        """Return whether values of the parts are objects or arrays."""
        return any(self._is_large(part) for part in parts)

    def _is_large(self, located: LocatedSchema) -> bool:
        pointer = located[1]
        if pointer is None or pointer not in self._large:
            merged = merge_schemas(self._schemas, [located])
            large = bool(merged.properties or merged.items) or not self._has_simple_branches(merged)
            if pointer is None:
                return large
            self._large[pointer] = large
        return self._large[pointer]

    def _has_simple_branches(self, merged: MergedSchema) -> bool:
        branches = [branch for choice in merged.choices for branch in choice.branches]
        return all(not merge_schemas(self._schemas, branch).properties for branch in branches)

    def is_write_only(self, parts: Sequence[LocatedSchema]) -> bool:
        """Return whether a property is for requests alone."""
        return any(
            isinstance(schema, Mapping)
            and (schema.get("writeOnly") is True or (("$ref" in schema or "allOf" in schema) and self._is_marked(part)))
            for part in parts
            for schema in part[:1]
        )

    def _is_marked(self, located: LocatedSchema) -> bool:
        return merge_schemas(self._schemas, [located]).keywords.get("writeOnly") is True


class _LazyMaker:
    """A maker that is compiled when the first value is made: most schemas of a large document are never needed."""

    __slots__ = ("_build", "_make")

    def __init__(self, build: Callable[[], ValueMaker]) -> None:
        self._build: Callable[[], ValueMaker] | None = build
        self._make: ValueMaker | None = None

    def __call__(self, rng: SeededRandom) -> Any:
        return (self._make or self.compile())(rng)

    def compile(self) -> ValueMaker:
        """Return the compiled maker."""
        if self._make is None:
            assert self._build is not None
            self._make = self._build()
            self._build = None
        return self._make


def _pick_from(choices: Sequence[Any]) -> ValueMaker:
    return lambda rng: rng.pick(choices)


def _biased_bool(usual: bool) -> ValueMaker:  # noqa: FBT001  a value, not an option
    return lambda rng: usual if rng.random_bool(0.75) else not usual


def _make_nullable(make: ValueMaker) -> ValueMaker:
    return lambda rng: None if rng.depth >= SHORTEST_DEPTH or rng.random_bool(_NULL_PROBABILITY) else make(rng)
