"""Makers of text that matches a regular expression.

Python's own parser reads the expression. It is not public, so it is used in this module only, and a test fails when it
moves. JSON Schema means expressions of ECMA 262; the few that Python writes differently are translated first.
"""

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from specduet.mocks.generation.seeded_random import SeededRandom

# Python has no type hints for its private modules.
ops: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

FragmentMaker = Callable[[SeededRandom, list[str]], str]
"""A function that makes the text of one part of an expression, given the texts of the groups so far, by number."""

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
_EXTRA_REPEATS = 4


def build_text_maker(pattern: str) -> Callable[[SeededRandom], str]:
    """Return a function that makes text matching the pattern: ``[a-z]{2}-[0-9]`` gives ``qd-4``.

    Lookarounds and word boundaries are ignored, so a caller that needs certainty has to validate the text. Raises
    ``ValueError`` for an expression that cannot be parsed.
    """
    try:
        parsed = parser.parse(_translate_ecma(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"the pattern {pattern!r} cannot be read: {error}") from error
    make = _build_sequence(parsed)
    return lambda rng: make(rng, [""] * parsed.state.groups)


def _translate_ecma(pattern: str) -> str:
    for expression, inside in _TRANSLATIONS:
        pattern = re.sub(rf"(\[[^\]]*){expression}", rf"\g<1>{inside}", pattern)
        pattern = re.sub(expression, f"[{inside}]", pattern)
    return re.sub(r"\(\?<(?![=!])", "(?P<", pattern)


def _build_sequence(items: Iterable[tuple[Any, Any]]) -> FragmentMaker:
    makers = [_build_part(op, argument) for op, argument in items]
    if len(makers) == 1:
        return makers[0]
    return lambda rng, groups: "".join([make(rng, groups) for make in makers])


def _build_part(op: Any, argument: Any) -> FragmentMaker:
    build = _BUILDERS.get(op)
    return _make_nothing if build is None else build(argument)


def _make_nothing(_rng: SeededRandom, _groups: list[str]) -> str:
    return ""


def _build_literal(code: int) -> FragmentMaker:
    text = chr(code)
    return lambda _rng, _groups: text


def _build_choice(characters: str) -> FragmentMaker:
    return lambda rng, _groups: rng.pick(characters)


def _build_character_set(items: list[tuple[Any, Any]]) -> FragmentMaker:
    negated = bool(items) and items[0][0] is ops.NEGATE
    characters = "".join(map(_expand_set_item, items[1:] if negated else items))
    if negated:
        characters = "".join(c for c in _PRINTABLE if c not in characters) or "\u00e9"
    return _build_choice("".join(dict.fromkeys(characters)) or "x")


def _expand_set_item(item: tuple[Any, Any]) -> str:
    op, argument = item
    if op is ops.RANGE:
        first, last = argument
        return "".join(map(chr, range(first, min(last, first + 255) + 1)))
    if op is ops.CATEGORY:
        return _CATEGORIES.get(argument, "")
    return chr(argument)


def _build_repeat(argument: tuple[int, Any, Any]) -> FragmentMaker:
    low, high, items = argument
    make = _build_sequence(items)
    top = low + _EXTRA_REPEATS if high is ops.MAXREPEAT else min(high, max(low + _EXTRA_REPEATS, 12))
    if low == top:
        return lambda rng, groups: "".join([make(rng, groups) for _ in range(low)])
    return lambda rng, groups: "".join([make(rng, groups) for _ in range(rng.randint(low, top))])


def _build_branch(argument: tuple[Any, list[Any]]) -> FragmentMaker:
    makers = [_build_sequence(items) for items in argument[1]]
    return lambda rng, groups: rng.pick(makers)(rng, groups)


def _build_group(argument: tuple[int | None, int, int, Any]) -> FragmentMaker:
    number, *_, items = argument
    make = _build_sequence(items)

    def make_and_store(rng: SeededRandom, groups: list[str]) -> str:
        text = make(rng, groups)
        if number is not None:
            groups[number] = text
        return text

    return make_and_store


_BUILDERS: dict[Any, Callable[[Any], FragmentMaker]] = {
    ops.LITERAL: _build_literal,
    ops.NOT_LITERAL: lambda code: _build_choice("".join(c for c in _PRINTABLE if ord(c) != code)),
    ops.ANY: lambda _: _build_choice(_LETTERS + _DIGITS),
    ops.IN: _build_character_set,
    ops.MAX_REPEAT: _build_repeat,
    ops.MIN_REPEAT: _build_repeat,
    ops.POSSESSIVE_REPEAT: _build_repeat,
    ops.BRANCH: _build_branch,
    ops.SUBPATTERN: _build_group,
    ops.ATOMIC_GROUP: _build_sequence,
    ops.GROUPREF: lambda number: lambda _rng, groups: groups[number],
}
