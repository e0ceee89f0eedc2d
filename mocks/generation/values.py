"""Believable values: from examples, enum, default, shape, format and the bounds, else from the property's name.

A schema is compiled once into a function from choices to a value. What cannot be made to measure (``not``, ``oneOf``,
patterns with bounds) is made, validated, and made again with other choices.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from math import ceil, floor
from typing import Any
from weakref import WeakKeyDictionary

from specduet.mocks.generation import formats, regex
from specduet.mocks.generation import text as words
from specduet.mocks.generation.merged_schema import LocatedSchema, MergedSchema, merge_schemas
from specduet.mocks.generation.seeded_random import SeededRandom, json_value
from specduet.specs import UsageError
from specduet.specs.schemas import Schema, Schemas

ValueMaker = Callable[[SeededRandom], Any]

_TRIES = 24
_NULLS = 0.25
_DEEP = 3  # from here on nothing is added that does not have to be
_DEEPEST = 5  # from here on every choice is the one that ends soonest
_BOTTOMLESS = 40  # here nothing will end any more
_MANY = 6  # optional objects and arrays of one object that are all shown
_WORDS = ("note", "label", "source", "channel", "reference", "region", "stage", "batch")
_STATEMENTS = "x-specduet"


class CannotGenerate(UsageError):
    """No valid value of a schema was found; often there is none."""

    def __init__(self, pointer: str | None) -> None:
        super().__init__(f"no value of the schema at {pointer or 'an inner place'} could be made")


def generate_value(schemas: Schemas, schema: Schema, pointer: str, key: str) -> Any:
    """A valid value of the schema at a pointer; the same ``key`` gives the same value.

    Raises ``CannotGenerate`` where none is found.
    """
    return get_generator(schemas).valid(schema, pointer)(SeededRandom(key))


def get_generator(schemas: Schemas) -> "ValueGenerator":
    """The generator of a document: what it compiled once is kept."""
    if schemas not in _generators:
        _generators[schemas] = ValueGenerator(schemas)
    return _generators[schemas]


_generators: "WeakKeyDictionary[Schemas, ValueGenerator]" = WeakKeyDictionary()


class _TooDeepError(CannotGenerate):
    """A recursion that nothing ends: another choice higher up would not end it either."""


class ValueGenerator:
    """Makes values of the schemas of one document."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._makers: dict[tuple[str, str, bool], ValueMaker] = {}
        self._heights: dict[str, float] = {}
        self._proven: set[ValueMaker] = set()

    def valid(self, schema: Schema, pointer: str, name: str = "", *, null: bool = True) -> ValueMaker:
        """What makes values that the validator has seen. Without ``null`` never null, where the schema has more."""
        make = self.maker(schema, pointer, name, null=null)
        return make if make in self._proven else self._tried(make, pointer, [(schema, pointer)])

    def maker(self, schema: Any, pointer: str | None, name: str = "", *, null: bool = True) -> ValueMaker:
        """What makes values of a schema; ``name`` is the property that they are for."""
        if pointer is None:
            return self._build([(schema, None)], name, null=null)
        if isinstance(schema, Mapping) and schema.keys() == {"$ref"}:
            pointer = schema["$ref"].removeprefix("#")
            schema = self._schemas.node_at(pointer)
        place = (pointer, name, null)
        if place not in self._makers:
            # A recursive schema comes here again while it is being compiled, and finds this.
            self._makers[place] = lambda dice: self._makers[place](dice)  # noqa: PLW0108  it is another one later
            self._makers[place] = self._build([(schema, pointer)], name, null=null)
        return self._makers[place]

    def _parts(self, parts: Sequence[LocatedSchema], name: str, *, null: bool = True) -> ValueMaker:
        return self.maker(*parts[0], name, null=null) if len(parts) == 1 else self._build(parts, name, null=null)

    def _build(
        self, parts: Sequence[LocatedSchema], name: str, *, null: bool, chosen: frozenset[str] = frozenset()
    ) -> ValueMaker:
        node = merge_schemas(self._schemas, parts, chosen)
        pointer = parts[0][1] if len(parts) == 1 else None
        if node.impossible:
            return _impossible(pointer)
        make = self._known(node, pointer)
        if make is None and node.choices:
            make = self._choice(node, parts, name, chosen, null=null)
        elif null and self._allows_null(node):
            proven = make in self._proven
            make = _sometimes_null(make or self._typed(node, name))
            if proven:
                self._proven.add(make)
        else:
            make = make or self._typed(node, name)
        return self._tried(make, pointer, parts) if node.doubtful and pointer is not None else make

    # ---------------------------------------------------------------------------- values that the schema names

    def _known(self, node: MergedSchema, pointer: str | None) -> ValueMaker | None:
        words_ = node.keywords
        if "enum" in words_:
            members = [m for m in words_["enum"] if m is not None] or [None]
            return _one_of(self._valid_ones(members, pointer) or members)
        examples = self._valid_ones([*words_.get("examples", ()), *_single(words_, "example")], pointer)
        if examples:
            make = _one_of(examples)
            if pointer is not None:
                self._proven.add(make)
            return make
        if "default" in words_ and isinstance(words_["default"], str | int | float):
            default = self._valid_ones([words_["default"]], pointer)
            if default and isinstance(default[0], bool):
                return _mostly(default[0])
            return _one_of(default) if default else None
        return None

    def _valid_ones(self, values: Sequence[Any], pointer: str | None) -> list[Any]:
        if pointer is None or not values:
            return list(values)
        validator = self._schemas.validator_at(pointer)
        return [v for v in values if validator.is_valid(v)]

    def _allows_null(self, node: MergedSchema) -> bool:
        if "enum" in node.keywords:
            return None in node.keywords["enum"]
        if node.choices:
            return all(any(self._is_null(b) for b in branches) for _, branches in node.choices)
        return "null" in node.keywords.get("type", ())

    def _tried(self, make: ValueMaker, pointer: str | None, parts: Sequence[LocatedSchema]) -> ValueMaker:
        assert pointer is not None

        def tried(dice: SeededRandom) -> Any:
            validator = self._schemas.validator_at(pointer)
            for attempt in range(_TRIES):
                again = (
                    SeededRandom(f"{dice.name}~{attempt}", depth=dice.depth, lean=attempt % 3 / 2) if attempt else dice
                )
                try:
                    made = make(again)
                except CannotGenerate:
                    if dice.depth:  # the part that failed has tried for itself
                        raise
                    continue
                if validator.is_valid(made):
                    return made
            last = next(self._last_resorts(parts, pointer), ...)
            if last is ...:
                raise CannotGenerate(pointer)
            return last

        return tried

    def _last_resorts(self, parts: Sequence[LocatedSchema], pointer: str) -> Iterator[Any]:
        named = merge_schemas(self._schemas, parts).keywords
        candidates = [*_single(named, "default"), *_single(named, "example"), *named.get("examples", ())]
        yield from self._valid_ones([*candidates, None, "", 0, 1, False, True, [], {}], pointer)

    # ----------------------------------------------------------------------------------------------- choices

    def _choice(
        self, node: MergedSchema, parts: Sequence[LocatedSchema], name: str, chosen: frozenset[str], *, null: bool
    ) -> ValueMaker:
        choice, branches = node.choices[0]
        nulls = [b for b in branches if self._is_null(b)]
        ending = [b for b in branches if self._height(b) < float("inf")]
        others = [b for b in ending if b not in nulls] or ending
        heights = [self._height(branch) for branch in others]
        makers: dict[int, ValueMaker] = {}

        def variant(index: int, dice: SeededRandom) -> Any:
            if index not in makers:
                makers[index] = self._build([*parts, others[index]], name, null=null, chosen=chosen | {choice})
            return makers[index](dice)

        def choose(dice: SeededRandom) -> Any:
            if nulls and null and (dice.depth >= _DEEPEST or dice.chance(_NULLS)):
                return None
            order = dice.shuffled(range(len(others)))
            if dice.depth >= _DEEPEST:
                order.sort(key=heights.__getitem__)
            for index in order:
                try:
                    return variant(index, dice)
                except _TooDeepError:
                    raise
                except CannotGenerate:
                    continue
            raise CannotGenerate(parts[0][1])

        return choose

    def _is_null(self, located: LocatedSchema) -> bool:
        node = merge_schemas(self._schemas, [located])
        return node.keywords.get("type") == ["null"] or node.keywords.get("enum") == [None]

    def _height(self, located: LocatedSchema, entered: frozenset[str] = frozenset()) -> float:
        """How many levels a value needs at least; infinite for a recursion that cannot end."""
        schema, pointer = located
        if isinstance(schema, Mapping) and schema.keys() == {"$ref"}:
            pointer = schema["$ref"].removeprefix("#")
            schema = self._schemas.node_at(pointer)
        if pointer in self._heights:
            return self._heights[pointer]
        if pointer in entered:
            return float("inf")
        node = merge_schemas(self._schemas, [(schema, pointer)])
        height = self._height_of(node, entered | ({pointer} if pointer is not None else frozenset()))
        if pointer is not None and height < float("inf"):
            self._heights[pointer] = height
        return height

    def _height_of(self, node: MergedSchema, entered: frozenset[str]) -> float:
        if "enum" in node.keywords or self._allows_null(node):
            return 0
        height = 0.0
        for _, branches in node.choices:
            height = max(height, min((self._height(b, entered) for b in branches), default=0))
        if not {"object", "array"}.issuperset(node.types):
            return height  # something simpler will do
        if "object" in node.types:
            for name in node.required:
                for part in node.properties.get(name, ()):
                    height = max(height, 1 + self._height(part, entered))
        if "array" in node.types and node.keywords.get("minItems"):
            for part in node.items:
                height = max(height, 1 + self._height(part, entered))
        return height

    # ------------------------------------------------------------------------------------------------- types

    def _typed(self, node: MergedSchema, name: str) -> ValueMaker:
        if node.untyped:
            return json_value if not name else words.text_for(name)
        kinds = [kind for kind in node.types if kind != "null"] or ["null"]
        makers = [self._of_type(kind, node, name) for kind in kinds]
        return makers[0] if len(makers) == 1 else lambda dice: dice.pick(makers)(dice)

    def _of_type(self, kind: str, node: MergedSchema, name: str) -> ValueMaker:
        match kind:
            case "object":
                return self._object(node)
            case "array":
                return self._array(node, name)
            case "string":
                return _string(node.keywords, name)
            case "integer" | "number":
                return _number(node.keywords, name, whole=kind == "integer")
            case "boolean":
                return lambda dice: dice.chance(0.5)
        return lambda _dice: None

    def _object(self, node: MergedSchema) -> ValueMaker:
        makers = {n: self._parts(parts, n) for n, parts in node.properties.items() if n not in node.required}
        needed = {n: self._parts(node.properties.get(n, node.additional or [(True, None)]), n) for n in node.required}
        large = [n for n in makers if any(self._is_large(part) for part in node.properties[n])]
        rare = min(1.0, _MANY / len(large)) if large else 1.0
        dependent: Mapping[str, Sequence[str]] = node.keywords.get("dependentRequired", {})
        extra = self._extra(node)

        def shown(name: str, dice: SeededRandom) -> bool:
            if dice.depth >= _DEEPEST or (dice.lean and dice.chance(dice.lean)):
                return False
            if name in large:
                return dice.depth < _DEEP and (dice.depth == 0 or dice.chance(rare))
            return True

        def make(dice: SeededRandom) -> dict[str, Any]:
            if dice.depth > _BOTTOMLESS:
                raise _TooDeepError(None)
            names = {*needed, *(name for name in makers if shown(name, dice))}
            for name in sorted(names):
                names.update(n for n in dependent.get(name, ()) if n in makers)
            made: dict[str, Any] = {}
            for name in dict.fromkeys((*node.properties, *needed)):
                if name in needed:
                    made[name] = needed[name](dice.child(name))
                elif name in names:
                    with suppress(CannotGenerate):  # what has no value is left out
                        made[name] = makers[name](dice.child(name))
            extra(dice, made)
            return made

        return make

    def _is_large(self, located: LocatedSchema) -> bool:
        node = merge_schemas(self._schemas, [located])
        return bool(node.properties or node.items) or not self._simple(node)

    def _simple(self, node: MergedSchema) -> bool:
        return all(not merge_schemas(self._schemas, [b]).properties for _, branches in node.choices for b in branches)

    def _extra(self, node: MergedSchema) -> Callable[[SeededRandom, dict[str, Any]], None]:
        """What adds properties that have no schema of their own: as many as needed, a few to an open map."""
        least = node.keywords.get("minProperties", 0)
        most = node.keywords.get("maxProperties", float("inf"))
        closed = any(schema is False for schema, _ in node.additional)
        name_of = self._parts(node.names, "") if node.names else None
        pattern, patterned = node.patterned[0] if node.patterned else (None, None)
        if closed and patterned is None:
            return lambda _dice, _made: None
        spell = _matching(pattern) if closed and pattern is not None else name_of
        parts = [patterned] if closed and patterned is not None else node.additional or [(True, None)]
        make = self._parts(parts, "note")

        def add(dice: SeededRandom, made: dict[str, Any]) -> None:
            open_map = not node.properties and dice.depth < _DEEPEST and not dice.lean
            wanted = min(max(least, dice.below(3) if open_map else 0), most)
            for index in range(8 * least + 8):
                if len(made) >= wanted:
                    return
                child = dice.child(f"+{index}")
                key = spell(child) if spell else _WORDS[index] if index < len(_WORDS) else f"{_WORDS[0]}_{index}"
                if isinstance(key, str) and key not in made:
                    made[key] = make(child)

        return add

    def _array(self, node: MergedSchema, name: str) -> ValueMaker:
        least, most = node.keywords.get("minItems", 0), node.keywords.get("maxItems", float("inf"))
        item = self._parts(node.items, name.removesuffix("s")) if node.items else json_value
        prefix = [self._parts(parts, "") for parts in node.prefix]
        wanted = self._parts(node.contains, "") if node.contains else None
        needed = max(node.keywords.get("minContains", 1), 0) if wanted else 0
        closed = any(schema is False for schema, _ in node.items)
        unique = bool(node.keywords.get("uniqueItems"))

        def make(dice: SeededRandom) -> list[Any]:
            spare = dice.depth < _DEEP and not dice.lean
            count = int(min(max(least, needed, len(prefix), 1 + dice.below(3) if spare else 0), most))
            if closed:
                count = min(count, len(prefix))
            made: list[Any] = []
            for index in range(count if not unique else 4 * count):
                if len(made) == count:
                    break
                maker = prefix[len(made)] if len(made) < len(prefix) else item
                if wanted is not None and len(prefix) <= len(made) < len(prefix) + needed:
                    maker = wanted
                one = maker(_item_dice(dice, index))
                if not unique or one not in made:
                    made.append(one)
            return made

        return make


def _item_dice(dice: SeededRandom, index: int) -> SeededRandom:
    # A list is no level of its own: what counts is how many objects lie within each other.
    return SeededRandom(f"{dice.name}/{index}", depth=dice.depth + (dice.depth >= _DEEP), lean=dice.lean)


def _single(keywords: Mapping[str, Any], keyword: str) -> list[Any]:
    return [keywords[keyword]] if keyword in keywords else []


def _one_of(choices: Sequence[Any]) -> ValueMaker:
    return lambda dice: dice.pick(choices)


def _mostly(choice: bool) -> ValueMaker:  # noqa: FBT001  a value, not an option
    return lambda dice: choice if dice.chance(0.75) else not choice


def _sometimes_null(make: ValueMaker) -> ValueMaker:
    return lambda dice: None if dice.depth >= _DEEPEST or dice.chance(_NULLS) else make(dice)


def _impossible(pointer: str | None) -> ValueMaker:
    def fail(_dice: SeededRandom) -> Any:
        raise CannotGenerate(pointer)

    return fail


def _matching(pattern: str) -> ValueMaker:
    try:
        return regex.build_text_maker(pattern)
    except ValueError:
        return words.sentence


def _string(keywords: Mapping[str, Any], name: str) -> ValueMaker:
    shape = keywords.get(_STATEMENTS, {}).get("shape")
    least, most = keywords.get("minLength", 0), keywords.get("maxLength")
    if shape in formats.FORMAT_MAKERS or keywords.get("format") in formats.FORMAT_MAKERS:
        return formats.FORMAT_MAKERS[shape if shape in formats.FORMAT_MAKERS else keywords["format"]]
    if shape is not None or "pattern" in keywords:
        return _matching(shape or keywords["pattern"])
    make = words.text_for(name)
    if not least and most is None:
        return make
    return lambda dice: _fitted(make(dice), least, most)


def _fitted(text: str, least: int, most: int | None) -> str:
    while len(text) < least:
        text = f"{text} {text}" if text else "x"
    return text if most is None or len(text) <= most else text[: max(most, 0)]


def _number(keywords: Mapping[str, Any], name: str, *, whole: bool) -> ValueMaker:
    step = Fraction(str(keywords.get("multipleOf", 1 if whole else "0.01")))
    if whole:
        step = Fraction(step.numerator)
    first, last = _multiples(keywords, name, step, whole=whole)
    if first > last:  # nothing so round lies between the bounds
        low, high = (float(_bound(keywords, *words_)) for words_ in _BOUNDS)
        return lambda dice: low + (high - low) * (0.25 + dice.fraction() / 2)

    def make(dice: SeededRandom) -> int | float:
        chosen = dice.between(first, last) * step
        return int(chosen) if whole else float(chosen)

    return make


def _multiples(keywords: Mapping[str, Any], name: str, step: Fraction, *, whole: bool) -> tuple[int, int]:
    """The first and the last multiple of a step to pick from: believable for the name, where the bounds allow it."""
    low, high = (_bound(keywords, *words_) for words_ in _BOUNDS)
    usual_low, usual_high = words.range_for(name)
    first, last = ceil(usual_low / step), floor(usual_high / step)
    span = last - first
    least = None if low is None else ceil(low / step)
    if least is not None and least * step in _excluded(keywords, "exclusiveMinimum"):
        least += 1
    if whole and keywords.get("format") == "int32":
        high = min(Fraction(2**31 - 1), Fraction(2**31 - 1) if high is None else high)
    most = None if high is None else floor(high / step)
    if most is not None and most * step in _excluded(keywords, "exclusiveMaximum"):
        most -= 1
    overlap_first = first if least is None else max(first, least)
    overlap_last = last if most is None else min(last, most)
    if overlap_last - overlap_first >= span // 2:
        return overlap_first, overlap_last
    if least is not None:
        return least, least + span if most is None else min(most, least + span)
    assert most is not None
    return most - span, most


_BOUNDS = (("minimum", "exclusiveMinimum", max), ("maximum", "exclusiveMaximum", min))


def _bound(keywords: Mapping[str, Any], included: str, excluded: str, narrower: Any) -> Any:
    found = [Fraction(keywords[included])] if included in keywords else []
    found += _excluded(keywords, excluded)
    return narrower(found) if found else None


def _excluded(keywords: Mapping[str, Any], keyword: str) -> list[Fraction]:
    bound = keywords.get(keyword)
    return [Fraction(bound)] if isinstance(bound, int | float) and not isinstance(bound, bool) else []
