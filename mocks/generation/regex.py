"""Text that matches a regular expression.

Python's own parser reads the expression. It is not public, so it is touched here only, and a test tells when it moves.
Expressions of ECMA 262, which JSON Schema means, differ little: what Python spells otherwise is translated first.
"""

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from specduet.mocks.generation.seeded_random import SeededRandom

# what is not public has no types either
ops: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

FragmentMaker = Callable[[SeededRandom, list[str]], str]

_PRINTABLE = "".join(chr(code) for code in range(32, 127))
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CATEGORIES = {
    ops.CATEGORY_DIGIT: _DIGITS,
    ops.CATEGORY_WORD: _LETTERS + _DIGITS + "_",
    ops.CATEGORY_SPACE: " ",
    ops.CATEGORY_NOT_DIGIT: _LETTERS + " -_",
    ops.CATEGORY_NOT_WORD: " -.:/",
    ops.CATEGORY_NOT_SPACE: _LETTERS + _DIGITS,
}
_TRANSLATIONS = (
    (r"\\p\{(?:Lu|Uppercase_Letter)\}", "A-Z"),
    (r"\\p\{(?:Ll|Lowercase_Letter)\}", "a-z"),
    (r"\\p\{(?:L|Letter|Alphabetic)\}", "a-zA-Z"),
    (r"\\p\{(?:N|Nd|Number)\}", "0-9"),
)
_REACH = 4


def build_text_maker(pattern: str) -> Callable[[SeededRandom], str]:
    """A function from choices to text that the pattern matches as a whole, or, unanchored, begins and ends in.

    Lookarounds and boundaries are taken for empty: a caller who needs certainty validates. Raises ``ValueError`` for
    an expression that cannot be read.
    """
    try:
        parsed = parser.parse(_translated(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the pattern {pattern!r} cannot be read: {error}") from error
    make = _sequence(parsed)
    return lambda dice: make(dice, [""] * parsed.state.groups)


def _translated(pattern: str) -> str:
    for expression, inside in _TRANSLATIONS:
        pattern = re.sub(rf"(\[[^\]]*){expression}", rf"\g<1>{inside}", pattern)
        pattern = re.sub(expression, f"[{inside}]", pattern)
    return re.sub(r"\(\?<(?![=!])", "(?P<", pattern)


def _sequence(items: Iterable[tuple[Any, Any]]) -> FragmentMaker:
    makers = [_maker(op, argument) for op, argument in items]
    if len(makers) == 1:
        return makers[0]
    return lambda dice, groups: "".join([make(dice, groups) for make in makers])


def _maker(op: Any, argument: Any) -> FragmentMaker:
    build = _BUILDERS.get(op)
    return _nothing if build is None else build(argument)


def _nothing(_dice: SeededRandom, _groups: list[str]) -> str:
    return ""


def _literal(code: int) -> FragmentMaker:
    text = chr(code)
    return lambda _dice, _groups: text


def _one_of(characters: str) -> FragmentMaker:
    return lambda dice, _groups: dice.pick(characters)


def _set(items: list[tuple[Any, Any]]) -> FragmentMaker:
    negated = bool(items) and items[0][0] is ops.NEGATE
    characters = "".join(map(_members, items[1:] if negated else items))
    if negated:
        characters = "".join(c for c in _PRINTABLE if c not in characters) or "\u00e9"
    return _one_of("".join(dict.fromkeys(characters)) or "x")


def _members(item: tuple[Any, Any]) -> str:
    op, argument = item
    if op is ops.RANGE:
        first, last = argument
        return "".join(map(chr, range(first, min(last, first + 255) + 1)))
    if op is ops.CATEGORY:
        return _CATEGORIES.get(argument, "")
    return chr(argument)


def _repeat(argument: tuple[int, Any, Any]) -> FragmentMaker:
    low, high, items = argument
    make = _sequence(items)
    top = low + _REACH if high is ops.MAXREPEAT else min(high, max(low + _REACH, 12))
    if low == top:
        return lambda dice, groups: "".join([make(dice, groups) for _ in range(low)])
    return lambda dice, groups: "".join([make(dice, groups) for _ in range(dice.between(low, top))])


def _branch(argument: tuple[Any, list[Any]]) -> FragmentMaker:
    makers = [_sequence(items) for items in argument[1]]
    return lambda dice, groups: dice.pick(makers)(dice, groups)


def _group(argument: tuple[int | None, int, int, Any]) -> FragmentMaker:
    number, *_, items = argument
    make = _sequence(items)

    def remember(dice: SeededRandom, groups: list[str]) -> str:
        text = make(dice, groups)
        if number is not None:
            groups[number] = text
        return text

    return remember


_BUILDERS: dict[Any, Callable[[Any], FragmentMaker]] = {
    ops.LITERAL: _literal,
    ops.NOT_LITERAL: lambda code: _one_of("".join(c for c in _PRINTABLE if ord(c) != code)),
    ops.ANY: lambda _: _one_of(_LETTERS + _DIGITS),
    ops.IN: _set,
    ops.MAX_REPEAT: _repeat,
    ops.MIN_REPEAT: _repeat,
    ops.POSSESSIVE_REPEAT: _repeat,
    ops.BRANCH: _branch,
    ops.SUBPATTERN: _group,
    ops.ATOMIC_GROUP: _sequence,
    ops.GROUPREF: lambda number: lambda _dice, groups: groups[number],
}
