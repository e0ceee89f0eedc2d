"""Valid values that hurt clients: empty and very long text, every plane of Unicode, numbers at their bounds, odd names.

Hypothesis makes them, a pool for each field, and rows pick from it. Its own constants depend on which modules are
loaded, and two processes have to agree: so numbers and characters are sampled from lists short enough (a hundred at
most) that it puts nothing of its own among them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

try:
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
    from hypothesis import strategies as st
except ImportError as error:
    from specduet.specs import UsageError

    raise UsageError(
        "adversarial data needs the package hypothesis", remedy="Install it with: pip install 'specduet[contracts]'"
    ) from error

import msgspec

from specduet.mocks.generation import formats, regex
from specduet.mocks.generation.merged_schema import LocatedSchema, MergedSchema, merge_schemas
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import ValueGenerator, ValueMaker
from specduet.specs.schemas import Schema, Schemas

Strategy = st.SearchStrategy[Any]

_POOL = 40
_EXAMPLES = 80
_MADE = 12  # values of a format or pattern that a pool chooses from
_DEEP = 3
_INT64 = (-(2**63), 2**63 - 1)

CHARACTERS = (
    "aZ0 _-./\\\"'<>&%{}[]$#?*|`~^;:,=+()!@"
    "\x00\x01\x07\t\n\r\x1b\x7f\x80\x85\xa0\xad"  # controls, and spaces that are none
    "\u0130\u0131\u00df\u01c5\u0301\u0338\u05d0\u0627\u0e33\u1e9e"  # letters that change their length or their way
    "\u200b\u200d\u200e\u202e\u2028\u2029\u2066\ufe0f\ufeff\ufffd\ufffe\uffff\ufdd0\ue000\uac00\u4e2d"
    "\U0001f600\U0001f1e9\U0001f3fd\U0001d11e"
    "\U00020000\U00030000\U00040000\U00050000\U00060000\U00070000\U00080000\U00090000\U000a0000"
    "\U000b0000\U000c0000\U000d0000\U000e0001\U000f0000\U0010ffff"
)
"""At least one of every plane; no surrogates, which no JSON text of good will has."""

TEXTS = (
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
SURE = ("", "".join(chr(plane << 16 | 0xFFFD) for plane in range(17)), "\U0001f600" * 2048)
"""What every pool of texts has, where the schema allows it."""

NAMES = (
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
JSON: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**53 + 1, 1e308, "", "text", "\x00", "\U0010ffff"),
    *([], {}, [None], [[]], {"": None}),
)


class AdversarialGenerator(ValueGenerator):
    """A generator whose makers pick from pools of values that hypothesis made, always the same ones for a seed."""

    def __init__(self, schemas: Schemas, number: int) -> None:
        super().__init__(schemas)
        self._number = number
        self._pools: dict[str, list[Any]] = {}

    def valid(self, schema: Schema, pointer: str, name: str = "", *, null: bool = True) -> ValueMaker:
        """What picks from the pool of a schema, and null every fourth time where that is allowed."""
        if pointer not in self._pools:
            believable = ValueGenerator(self._schemas).valid(schema, pointer, name, null=False)
            self._pools[pointer] = self._pool([(schema, pointer)], pointer, believable)
        pool = self._pools[pointer]
        if not null or not self._schemas.validator_at(pointer).is_valid(None):
            return lambda dice: dice.pick(pool)
        return lambda dice: None if dice.chance(0.25) else dice.pick(pool)

    def extras(self, closed: Sequence[str]) -> list[dict[str, Any]]:
        """Sets of properties that no schema names; ``closed`` are names that are taken."""
        names = st.sampled_from([name for name in NAMES if name not in closed])
        return self._made("extras", st.dictionaries(names, st.sampled_from(JSON), max_size=3), lambda _value: True)

    def _pool(self, parts: Sequence[LocatedSchema], pointer: str, believable: ValueMaker) -> list[Any]:
        validator = self._schemas.validator_at(pointer)
        strategy = self._strategy(parts, 0, frozenset())
        made = self._made(pointer, strategy, lambda v: v is not None and validator.is_valid(v))
        made += [text for text in SURE if text not in made and validator.is_valid(text)]
        return made or [believable(SeededRandom(f"{pointer}/{index}")) for index in range(_MADE)]

    def _made(self, name: str, strategy: Strategy, wanted: Callable[[Any], bool]) -> list[Any]:
        number = SeededRandom(f"{self._number}/{name}").below(1 << 32)
        # In a thread of its own, where Hypothesis does not mind that the caller may be one of its tests too.
        with ThreadPoolExecutor(1) as alone:
            return alone.submit(_collected, strategy, number, wanted).result()

    # ------------------------------------------------------------------------------------------ strategies

    def _strategy(self, parts: Sequence[LocatedSchema], depth: int, chosen: frozenset[str]) -> Strategy:
        node = merge_schemas(self._schemas, parts, chosen)
        if node.impossible:
            return st.nothing()
        if "enum" in node.keywords:
            return st.sampled_from(node.keywords["enum"])
        if node.choices:
            choice, branches = node.choices[0]
            others = [b for b in branches if not self._is_null(b)]
            made = st.one_of([self._strategy([*parts, b], depth, chosen | {choice}) for b in others])
            return made if len(others) == len(branches) else _null_or(made)
        if node.untyped:
            return st.sampled_from(JSON)
        made = st.one_of([self._typed_strategy(kind, node, depth) for kind in node.types if kind != "null"])
        if node.types == ["null"]:
            return st.none()
        return _null_or(made) if "null" in node.types else made

    def _typed_strategy(self, kind: str, node: MergedSchema, depth: int) -> Strategy:
        strategies: dict[str, Callable[[], Strategy]] = {
            "boolean": st.booleans,
            "integer": lambda: _numbers(node.keywords, INTEGERS, whole=True),
            "number": lambda: _numbers(node.keywords, FLOATS, whole=False),
            "string": lambda: _text(node.keywords),
            "array": lambda: self._lists(node, depth),
            "object": lambda: self._objects(node, depth),
        }
        return strategies[kind]()

    def _lists(self, node: MergedSchema, depth: int) -> Strategy:
        least, most = node.keywords.get("minItems", 0), node.keywords.get("maxItems", 5)
        if node.prefix or node.contains or (depth >= _DEEP and not least):
            return st.just([])
        items = self._strategy(node.items, depth + 1, frozenset()) if node.items else st.sampled_from(JSON)
        unique = repr if node.keywords.get("uniqueItems") else None
        longest = max(least, min(most, least + 5))
        fewest = st.sampled_from([least, min(max(least, 1), longest)])  # half of them are not empty
        return fewest.flatmap(lambda size: st.lists(items, min_size=size, max_size=longest, unique_by=unique))

    def _objects(self, node: MergedSchema, depth: int) -> Strategy:
        wanted = {name: self._property(node, name, depth) for name in node.required}
        free = [name for name in node.properties if name not in node.required]
        optional = {} if depth >= _DEEP else {name: self._property(node, name, depth) for name in free}
        declared = st.one_of(
            st.fixed_dictionaries(wanted, optional=optional), st.fixed_dictionaries({**wanted, **optional})
        )
        if node.additional and not all(schema is True or schema == {} for schema, _ in node.additional):
            return declared
        names = st.sampled_from([name for name in NAMES if name not in node.properties])
        others = st.dictionaries(names, st.sampled_from(JSON), max_size=2)
        return st.builds(lambda own, more: {**more, **own}, declared, others)

    def _property(self, node: MergedSchema, name: str, depth: int) -> Strategy:
        parts = node.properties.get(name)
        return self._strategy(parts, depth + 1, frozenset()) if parts else st.sampled_from(JSON)


def get_adversarial_generator(schemas: Schemas, number: int) -> AdversarialGenerator:
    """The adversary of a document and a seed: its pools are made once."""
    known = _adversaries.setdefault(schemas, {})
    if number not in known:
        known[number] = AdversarialGenerator(schemas, number)
    return known[number]


_adversaries: "WeakKeyDictionary[Schemas, dict[int, AdversarialGenerator]]" = WeakKeyDictionary()


def _null_or(strategy: Strategy) -> Strategy:
    """Null every other time: among the alternatives of a choice it would be rare."""
    return st.booleans().flatmap(lambda null: st.none() if null else strategy)


def _collected(strategy: Strategy, number: int, wanted: Callable[[Any], bool]) -> list[Any]:
    found: list[Any] = []
    seen: set[bytes] = set()

    @seed(number)
    @settings(
        database=None,
        deadline=None,
        max_examples=_EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(strategy)
    def collect(value: Any) -> None:
        spelled = msgspec.json.encode(value)
        if len(found) < _POOL and spelled not in seen and wanted(value):
            seen.add(spelled)
            found.append(value)

    collect()
    return found


def _text(keywords: Mapping[str, Any]) -> Strategy:
    shape = keywords.get("x-specduet", {}).get("shape")
    make = formats.FORMAT_MAKERS.get(shape or "") or formats.FORMAT_MAKERS.get(keywords.get("format", ""))
    if make is None and (shape or "pattern" in keywords):
        make = regex.build_text_maker(shape or keywords["pattern"])
    if make is not None:
        return st.sampled_from([make(SeededRandom(f"{index}")) for index in range(_MADE)])
    least, most = keywords.get("minLength", 0), keywords.get("maxLength", math.inf)
    fitting = [text for text in TEXTS if least <= len(text) <= most]
    longest = int(min(most, least + 24))
    drawn = st.lists(st.sampled_from(CHARACTERS), min_size=least, max_size=max(longest, least)).map("".join)
    return st.one_of(st.sampled_from(fitting), drawn) if fitting else drawn


def _numbers(keywords: Mapping[str, Any], usual: Sequence[int | float], *, whole: bool) -> Strategy:
    low, high = keywords.get("minimum", -math.inf), keywords.get("maximum", math.inf)
    step = keywords.get("multipleOf")
    bounds = [keywords[k] for k in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if k in keywords]
    near = [edge for bound in bounds for edge in (bound, bound + 1, bound - 1)]
    numbers = [int(n) if whole else float(n) for n in (*near, *usual) if low <= n <= high]
    if step:
        numbers = [n for n in numbers if n % step == 0] or [0 if low <= 0 <= high else math.ceil(low / step) * step]
    return st.sampled_from(numbers[:100]) if numbers else st.sampled_from([low, high])
