"""Makers of objects: required and optional properties, dependent ones, and those that the schema does not name."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from specduet.mocks.generation.limits import MAX_CHILDREN, CannotGenerate, TooMuchWorkError, WorkBudget
from specduet.mocks.generation.merged_schema import LocatedSchema, MergedSchema
from specduet.mocks.generation.scalars import build_pattern_maker
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker

NO_EXTRAS_DEPTH = 3  # from this depth on nothing is added that is not required
SHORTEST_DEPTH = 5  # from this depth on every choice takes the branch that ends soonest
_MAX_DEPTH = 160  # from this depth on a value is given up: its recursion does not end
_LARGE_LIMIT = 6  # of more optional objects and arrays in one object some are left out
_FREE_NAMES = ("note", "label", "source", "channel", "reference", "region", "stage", "batch")
_ANYTHING: list[LocatedSchema] = [(True, None)]


class TooDeepError(CannotGenerate):
    """A recursion does not end: another choice higher up would not end it either."""


class PartCompiler(Protocol):
    """The part of a generator that makers of objects and arrays need."""

    def build_parts(self, parts: Sequence[LocatedSchema], name: str) -> ValueMaker:
        """Return a maker of values that meet all parts."""
        ...

    def is_large(self, parts: Sequence[LocatedSchema]) -> bool:
        """Return whether values of the parts are objects or arrays."""
        ...

    def is_write_only(self, parts: Sequence[LocatedSchema]) -> bool:
        """Return whether a property is for requests alone."""
        ...

    def is_valid(self, value: Any, parts: Sequence[LocatedSchema]) -> bool:
        """Return whether a value meets all those parts that the document contains."""
        ...


class ObjectMaker:
    """A maker of objects of one merged schema."""

    def __init__(self, compiler: PartCompiler, merged: MergedSchema) -> None:
        self._compiler = compiler
        self._merged = merged
        self._least = merged.keywords.get("minProperties", 0)
        self._most = merged.keywords.get("maxProperties", float("inf"))
        self._dependent: Mapping[str, Sequence[str]] = merged.keywords.get("dependentRequired", {})
        self._required = {name: self._build_property(name) for name in merged.required_names}
        self._optional = {name: self._build_property(name) for name in self._optional_names()}
        self._hidden = {
            name: self._build_property(name)
            for names in self._dependent.values()
            for name in names
            if name not in self._required and name not in self._optional
        }
        """Properties that are there only because another one demands them."""
        large = [name for name in self._optional if compiler.is_large(merged.properties[name])]
        self._large = frozenset(large)
        self._large_probability = min(1.0, _LARGE_LIMIT / len(large)) if large else 1.0
        self._order = list(dict.fromkeys((*merged.properties, *self._required, *self._hidden)))
        self._extras = ExtraProperties(compiler, merged)

    def __call__(self, rng: SeededRandom) -> dict[str, Any]:
        if rng.depth > _MAX_DEPTH:
            raise TooDeepError(reason="its recursion does not end")
        if self._least > MAX_CHILDREN:
            raise CannotGenerate(reason=f"objects have at least {self._least:,} properties")
        if max(self._least, len(self._required)) > self._most:
            raise CannotGenerate(reason="objects have more properties than they may have")
        rng.budget = rng.budget or WorkBudget()
        rng.budget.spend_part()
        if self._least:
            rng.budget.spend_properties(self._least)
        names = self._choose_names(rng)
        value: dict[str, Any] = {}
        for name in self._order:
            if rng.depth == 0 and not rng.budget.is_shared:
                rng.budget.begin_part()
            if name in self._required:
                value[name] = self._required[name](rng.derive(name))
                if isinstance(value[name], str):
                    rng.budget.spend_text(value[name])
            elif name in names:
                make = self._optional.get(name) or self._hidden[name]
                with suppress(CannotGenerate):  # an optional property without a value is left out
                    value[name] = make(rng.derive(name))
        self._extras.add_to(value, rng)
        return value

    def _build_property(self, name: str) -> ValueMaker:
        return self._compiler.build_parts(self._merged.parts_of_property(name) or _ANYTHING, name)

    def _optional_names(self) -> list[str]:
        merged, names = self._merged, []
        for name in merged.properties:
            if name in merged.required_names or self._compiler.is_write_only(merged.properties[name]):
                continue
            if not merged.property_names or self._compiler.is_valid(name, merged.property_names):
                names.append(name)
        return names

    def _choose_names(self, rng: SeededRandom) -> set[str]:
        names = {*self._required, *(name for name in self._optional if self._is_included(name, rng))}
        pending = list(names) if self._dependent else []
        while pending:
            demanded = [name for name in self._dependent.get(pending.pop(), ()) if name not in names]
            names.update(demanded)
            pending += demanded
        if len(names) > self._most:
            free = rng.derive("#most").shuffled_copy(sorted(names - self._required.keys()))
            names.difference_update(free[: len(names) - int(self._most)])
        if len(names) < self._least:
            left_out = [name for name in self._optional if name not in names]
            names.update(left_out[: self._least - len(names)])
        return names

    def _is_included(self, name: str, rng: SeededRandom) -> bool:
        if rng.depth >= SHORTEST_DEPTH or (rng.omit_probability and rng.random_bool(rng.omit_probability)):
            return False
        if name in self._large:
            if rng.depth == 0:
                return True
            is_small = rng.depth < NO_EXTRAS_DEPTH and not (rng.budget is not None and rng.budget.is_enough)
            return is_small and rng.random_bool(self._large_probability)
        return True


class ExtraProperties:
    """Properties that the schema does not name.

    As many as ``minProperties`` demands, and up to two in an object whose schema names none at all.
    """

    def __init__(self, compiler: PartCompiler, merged: MergedSchema) -> None:
        self._compiler = compiler
        self._merged = merged
        self._least = merged.keywords.get("minProperties", 0)
        self._most = merged.keywords.get("maxProperties", float("inf"))
        remainders = [rest.located for rest in merged.additional_properties] or merged.unevaluated_properties
        is_closed = any(schema is False for schema, _ in remainders)
        patterns = [pattern for pattern, (schema, _) in merged.pattern_properties if schema is not False]
        self._are_possible = bool(patterns) or not is_closed
        self._make_name = self._build_name_maker(patterns if is_closed else [])
        self._makers: dict[tuple[int, ...], ValueMaker] = {}
        """By the identities of the schemas: names that fall under the same ones share a maker."""

    def add_to(self, value: dict[str, Any], rng: SeededRandom) -> None:
        """Add properties to an object that has its named ones."""
        if not self._are_possible:
            return
        is_open_map = not self._merged.properties and rng.depth < SHORTEST_DEPTH and not rng.omit_probability
        wanted = min(max(self._least, rng.randbelow(3) if is_open_map else 0), self._most)
        for index in range(8 * self._least + 8):
            if len(value) >= wanted:
                return
            child = rng.derive(f"+{index}")
            try:
                name = self._choose_name(child, index, value)
                if name is not None:
                    value[name] = self._find_maker(name)(child)
            except (TooDeepError, TooMuchWorkError):
                if len(value) < self._least:
                    raise
                return
            except CannotGenerate:
                continue

    def _choose_name(self, rng: SeededRandom, index: int, value: Mapping[str, Any]) -> str | None:
        """Return a name that the object does not have yet; None where none is found."""
        name = self._make_name(rng, index)
        if isinstance(name, str) and name in value:  # a pattern may allow more behind the name
            name += _free_name(index)
            if not self._compiler.is_valid(name, self._merged.property_names):
                return None
        return name if isinstance(name, str) and name not in value else None

    def _find_maker(self, name: str) -> ValueMaker:
        parts = self._merged.parts_of_property(name) or _ANYTHING
        key = tuple(id(schema) for schema, _ in parts)
        if key not in self._makers:
            self._makers[key] = self._compiler.build_parts(parts, "note")
        return self._makers[key]

    def _build_name_maker(self, patterns: Sequence[str]) -> Callable[[SeededRandom, int], Any]:
        names = self._merged.property_names
        if patterns:
            makers = [build_pattern_maker(pattern) for pattern in patterns]
            return lambda rng, index: makers[index % len(makers)](rng)
        if names:
            make = self._compiler.build_parts([*names, ({"type": "string"}, None)], "")
            return lambda rng, _index: make(rng)
        return lambda _rng, index: _free_name(index)


def _free_name(index: int) -> str:
    return _FREE_NAMES[index] if index < len(_FREE_NAMES) else f"{_FREE_NAMES[0]}_{index}"
