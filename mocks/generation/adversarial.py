"""Valid values that hurt clients: empty and very long text, every plane of Unicode, numbers at their bounds, odd names.

Hypothesis makes a pool of values for each field, and rows pick from it. Left to itself, Hypothesis mixes constants of
the modules that are loaded into numbers and text, and two processes have to agree: so numbers and characters are
sampled from lists short enough (a hundred at most) that it adds nothing to them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

try:
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
    from hypothesis import strategies as st
    from hypothesis.errors import HypothesisException
except ImportError as error:
    from specduet.specs import UsageError

    raise UsageError(
        "adversarial data needs the package hypothesis", remedy="Install it with: pip install 'specduet[contracts]'"
    ) from error

import msgspec

from specduet.mocks.generation import formats, scalars
from specduet.mocks.generation.file_names import read_file_pattern
from specduet.mocks.generation.limits import CannotGenerate
from specduet.mocks.generation.merged_schema import LocatedSchema, MergedSchema, is_null_schema, merge_schemas
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker
from specduet.mocks.generation.values import ValueGenerator
from specduet.specs.schemas import Schema, Schemas

ValueStrategy = st.SearchStrategy[Any]

_POOL_SIZE = 40
_MAX_EXAMPLES = 80  # values that are made to fill a pool
_FORMATTED_COUNT = 12  # values of a format or pattern that a pool picks from
_MOST_DRAWN = 64  # items or characters that Hypothesis draws one by one
_MAX_DEPTH = 3  # optional properties and items end here
_INT64 = (-(2**63), 2**63 - 1)

CHARACTERS = (
    "aZ0 _-./\\\"'<>&%{}[]$#?*|`~^;:,=+()!@"
    "\x00\x01\x07\t\n\r\x1b\x7f\x80\x85\xa0\xad"  # control characters and unusual spaces
    "\u0130\u0131\u00df\u01c5\u0301\u0338\u05d0\u0627\u0e33\u1e9e"  # case folding changes the length; right to left
    "\u200b\u200d\u200e\u202e\u2028\u2029\u2066\ufe0f\ufeff\ufffd\ufffe\uffff\ufdd0\ue000\uac00\u4e2d"
    "\U0001f600\U0001f1e9\U0001f3fd\U0001d11e"
    "\U00020000\U00030000\U00040000\U00050000\U00060000\U00070000\U00080000\U00090000\U000a0000"
    "\U000b0000\U000c0000\U000d0000\U000e0001\U000f0000\U0010ffff"
)
"""At least one character of every plane of Unicode; no surrogates, which JSON text in UTF-8 cannot hold."""

ODD_TEXTS = (
    "",
    " ",
    "\x00",
    "null",
    "undefined",
    "NaN",
    "0",
    "-1",
    "true",
    "[]",
    "{}",
    "../../etc/passwd",
    "'; DROP TABLE runs; --",
    "<script>alert(1)</script>",
    "%s%n%x",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "\ufeffbyte order mark",
    "e\u0301" * 40,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\u202eright to left",
    "line\r\nbreak\u2028and\u2029others",
    "a" * 4096,
    "\U0001f600" * 2048,
    "word " * 2000,
)
REQUIRED_TEXTS = ("", "".join(chr(plane << 16 | 0xFFFD) for plane in range(17)), "\U0001f600" * 2048)
"""Texts that every pool holds, where the schema allows them: empty, of every plane, and long."""

PROPERTY_NAMES = (
    *("", " ", "__proto__", "constructor", "toString", "hasOwnProperty"),
    *("$ref", "a.b", "a/b", "0", "id ", "\U0001f600"),
)
INTEGERS = (
    *(0, 1, -1, 127, 128, 255, 256, 32767, 32768, 65535, 65536),
    *(2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**32, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, *_INT64),
)
FLOATS = (
    *(0.0, -0.0, 1.0, -1.0, 0.1 + 0.2, 1e-7, 1e16, 1e21, -1e21, 5e-324, 2.2250738585072014e-308),
    *(1.7976931348623157e308, -1.7976931348623157e308, 9007199254740993.0, 123456789.12345679),
)
JSON_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**53 + 1, 1e308, "", "text", "\x00", "\U0010ffff"),
    *([], {}, [None], [[]], {"": None}),
)


class AdversarialGenerator(ValueGenerator):
    """A generator whose makers pick from pools of values that Hypothesis made, always the same ones for a seed."""

    def __init__(self, schemas: Schemas, random_seed: int) -> None:
        super().__init__(schemas)
        self._random_seed = random_seed
        self._pools: dict[str, list[Any]] = {}
        """By the JSON pointer of the schema."""

    def build_valid_maker(self, schema: Schema, pointer: str, name: str = "", *, null: bool = True) -> ValueMaker:
        """Return a maker that picks from the schema's pool, and null every fourth time where that is allowed."""
        if pointer not in self._pools:
            believable = ValueGenerator(self._schemas).build_valid_maker(schema, pointer, name, null=False)
            self._pools[pointer] = self._build_pool([(schema, pointer)], pointer, believable)
        pool = self._pools[pointer]
        if not null or not self._schemas.validator_at(pointer).is_valid(None):
            return lambda rng: rng.pick(pool)
        return lambda rng: None if rng.random_bool(0.25) else rng.pick(pool)

    def make_extra_properties(self, taken_names: Sequence[str]) -> list[dict[str, Any]]:
        """Return sets of properties that no schema names, none of them called as one of ``taken_names``."""
        names = st.sampled_from([name for name in PROPERTY_NAMES if name not in taken_names])
        strategy = st.dictionaries(names, st.sampled_from(JSON_VALUES), max_size=3)
        return self._draw_examples("extras", strategy, lambda _value: True)

    def _build_pool(self, parts: Sequence[LocatedSchema], pointer: str, believable: ValueMaker) -> list[Any]:
        validator = self._schemas.validator_at(pointer)
        strategy = self._build_strategy(parts, 0, frozenset())
        pool = self._draw_examples(pointer, strategy, lambda v: v is not None and validator.is_valid(v))
        pool += [text for text in REQUIRED_TEXTS if text not in pool and validator.is_valid(text)]
        return pool or [believable(SeededRandom(f"{pointer}/{index}")) for index in range(_FORMATTED_COUNT)]

    def _draw_examples(self, name: str, strategy: ValueStrategy, is_wanted: Callable[[Any], bool]) -> list[Any]:
        random_seed = SeededRandom(f"{self._random_seed}/{name}").randbelow(1 << 32)
        # In a thread of its own: Hypothesis objects to running inside one of its tests, and the caller may be one.
        with ThreadPoolExecutor(1) as executor:
            return executor.submit(_collect_examples, strategy, random_seed, is_wanted).result()

    # ------------------------------------------------------------------------------------------ strategies

    def _build_strategy(
        self, parts: Sequence[LocatedSchema], depth: int, resolved_choices: frozenset[str]
    ) -> ValueStrategy:
        merged = merge_schemas(self._schemas, parts, resolved_choices)
        if merged.is_impossible or depth > 2 * _MAX_DEPTH:
            return st.nothing()
        if "enum" in merged.keywords:
            return st.sampled_from(merged.keywords["enum"])
        if merged.choices:
            choice, branches = merged.choices[0].name, merged.choices[0].branches
            not_null = [branch for branch in branches if not is_null_schema(self._schemas, branch)]
            resolved = resolved_choices | {choice}
            strategy = st.one_of([self._build_strategy([*parts, *branch], depth, resolved) for branch in not_null])
            return strategy if len(not_null) == len(branches) else _or_null(strategy)
        if merged.is_untyped:
            return st.sampled_from(JSON_VALUES)
        strategy = st.one_of([self._build_of_kind(kind, merged, depth) for kind in merged.types if kind != "null"])
        if merged.types == ["null"]:
            return st.none()
        return _or_null(strategy) if "null" in merged.types else strategy

    def _build_of_kind(self, kind: str, merged: MergedSchema, depth: int) -> ValueStrategy:
        builders: dict[str, Callable[[], ValueStrategy]] = {
            "boolean": st.booleans,
            "integer": lambda: _build_numbers(merged.keywords, INTEGERS, whole=True),
            "number": lambda: _build_numbers(merged.keywords, FLOATS, whole=False),
            "string": lambda: _build_texts(merged.keywords),
            "array": lambda: self._build_arrays(merged, depth),
            "object": lambda: self._build_objects(merged, depth),
        }
        return builders[kind]()

    def _build_arrays(self, merged: MergedSchema, depth: int) -> ValueStrategy:
        least, most = merged.keywords.get("minItems", 0), merged.keywords.get("maxItems", 5)
        if least > _MOST_DRAWN:
            return st.nothing()
        if any(schema is False for schema, _ in merged.parts_of_item(0)):
            return st.just([])
        if merged.prefix_items or merged.contains or (depth >= _MAX_DEPTH and not least):
            return st.just([])
        if merged.items:
            items = self._build_strategy(merged.parts_of_item(0), depth + 1, frozenset())
        else:
            items = st.sampled_from(JSON_VALUES)
        unique = repr if merged.keywords.get("uniqueItems") else None
        longest = max(least, min(most, least + 5))
        min_sizes = st.sampled_from([least, min(max(least, 1), longest)])  # half of them are not empty
        return min_sizes.flatmap(lambda size: st.lists(items, min_size=size, max_size=longest, unique_by=unique))

    def _build_objects(self, merged: MergedSchema, depth: int) -> ValueStrategy:
        required = {name: self._build_property(merged, name, depth) for name in merged.required_names}
        free = [name for name in merged.properties if name not in merged.required_names]
        optional = {} if depth >= _MAX_DEPTH else {name: self._build_property(merged, name, depth) for name in free}
        declared = st.one_of(
            st.fixed_dictionaries(required, optional=optional), st.fixed_dictionaries({**required, **optional})
        )
        additional = [*(rest.located for rest in merged.additional_properties), *merged.unevaluated_properties]
        if additional and not all(schema is True or schema == {} for schema, _ in additional):
            return declared
        names = st.sampled_from([name for name in PROPERTY_NAMES if name not in merged.properties])
        extra = st.dictionaries(names, st.sampled_from(JSON_VALUES), max_size=2)
        return st.builds(lambda left, right: {**right, **left}, declared, extra)

    def _build_property(self, merged: MergedSchema, name: str, depth: int) -> ValueStrategy:
        parts = merged.properties.get(name)
        return self._build_strategy(parts, depth + 1, frozenset()) if parts else st.sampled_from(JSON_VALUES)


def get_adversarial_generator(schemas: Schemas, random_seed: int) -> AdversarialGenerator:
    """Return the generator of a document and a seed, one for all callers, so that its pools are made once."""
    by_seed = _generators.setdefault(schemas, {})
    if random_seed not in by_seed:
        by_seed[random_seed] = AdversarialGenerator(schemas, random_seed)
    return by_seed[random_seed]


_generators: "WeakKeyDictionary[Schemas, dict[int, AdversarialGenerator]]" = WeakKeyDictionary()


def _or_null(strategy: ValueStrategy) -> ValueStrategy:
    """Return a strategy that draws null every other time; among the branches of a choice it would be rare."""
    return st.booleans().flatmap(lambda null: st.none() if null else strategy)


def _collect_examples(strategy: ValueStrategy, random_seed: int, is_wanted: Callable[[Any], bool]) -> list[Any]:
    """Return different values that the strategy draws, at most ``_POOL_SIZE``."""
    examples: list[Any] = []
    seen: set[bytes] = set()

    @seed(random_seed)
    @settings(
        database=None,
        deadline=None,
        max_examples=_MAX_EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def collect(value: Any) -> None:
        encoded = msgspec.json.encode(value)
        if len(examples) < _POOL_SIZE and encoded not in seen and is_wanted(value):
            seen.add(encoded)
            examples.append(value)

    with suppress(HypothesisException):  # a schema that Hypothesis finds no values for: believable ones do
        collect()
    return examples


def _build_texts(keywords: Mapping[str, Any]) -> ValueStrategy:
    file_pattern = read_file_pattern(keywords)
    if file_pattern is not None:
        return _sample_texts(scalars.build_pattern_maker(file_pattern))
    shape = keywords.get("x-specduet", {}).get("shape")
    make = formats.FORMAT_MAKERS.get(shape or "") or formats.FORMAT_MAKERS.get(keywords.get("format", ""))
    if make is None and (shape or "pattern" in keywords):
        make = scalars.build_pattern_maker(shape or keywords["pattern"])
    if make is not None:
        return _sample_texts(make)
    least, most = keywords.get("minLength", 0), keywords.get("maxLength", math.inf)
    fitting = [text for text in ODD_TEXTS if least <= len(text) <= most]
    if least > _MOST_DRAWN:
        return st.sampled_from([character * least for character in CHARACTERS]) if least < 10_000 else st.nothing()
    longest = int(min(most, least + 24))
    drawn = st.lists(st.sampled_from(CHARACTERS), min_size=least, max_size=max(longest, least)).map("".join)
    return st.one_of(st.sampled_from(fitting), drawn) if fitting else drawn


def _sample_texts(make: Callable[[SeededRandom], Any]) -> ValueStrategy:
    try:
        return st.sampled_from([make(SeededRandom(f"{index}")) for index in range(_FORMATTED_COUNT)])
    except CannotGenerate:
        return st.nothing()


def _build_numbers(keywords: Mapping[str, Any], usual: Sequence[int | float], *, whole: bool) -> ValueStrategy:
    low, high = keywords.get("minimum", -math.inf), keywords.get("maximum", math.inf)
    step = keywords.get("multipleOf")
    bounds = [keywords[k] for k in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if k in keywords]
    near_bounds = [number for bound in bounds for number in (bound, bound + 1, bound - 1)]
    numbers = [int(n) if whole else float(n) for n in (*near_bounds, *usual) if low <= n <= high]
    if step:
        numbers = [n for n in numbers if n % step == 0] or [0 if low <= 0 <= high else math.ceil(low / step) * step]
    return st.sampled_from(numbers[:100]) if numbers else st.sampled_from([low, high])
