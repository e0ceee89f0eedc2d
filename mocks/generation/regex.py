"""Makers of text that matches a regular expression.

Text is made from the expression's syntax tree and then matched: what a tree does not show (lookarounds, word
boundaries, lengths) is met by making text again, each time in a slightly different way.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from specduet.mocks.generation.limits import MAX_TEXT_LENGTH, CannotGenerate
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.specs.pattern_syntax import (
    AnyCharacter,
    Assertion,
    BackReference,
    CharacterClass,
    CharacterSet,
    Choice,
    Concatenation,
    Group,
    Literal,
    Lookaround,
    Node,
    Repeat,
    SyntaxTree,
    parse_pattern,
)
from specduet.specs.patterns import compile_pattern, write_pattern


class Draft(msgspec.Struct, eq=False):
    """A text that is being made."""

    rng: SeededRandom
    groups: list[str]
    """The texts of the groups so far, by number."""
    wanted_length: int | None = None
    """Repetitions go on until the text is so long, and then end; None lets chance decide."""
    length: int = 0
    adds_lookarounds: bool = False
    """Write what lookarounds demand into the text, instead of hoping to find it there."""
    uses_symbols: bool = False
    """Let the dot stand for every printable character, not only for letters and digits."""


FragmentMaker = Callable[[Draft], str]
"""A function that makes the text of one part of an expression."""

_TRIES = 60
_PRINTABLE = "".join(chr(code) for code in range(32, 127))
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CLASSES = {
    "d": _DIGITS,
    "w": _LETTERS + _DIGITS + "_",
    "s": " ",
    "D": _LETTERS + " -_",
    "W": " -.:/",
    "S": _LETTERS + _DIGITS,
}
_OTHER_CODES = (*range(0x20), *range(0xA0, 0x3100), 0x4E00, 0xAC00, 0xE000, *range(0x1F600, 0x1F650), 0x20000)
_EXTRA_REPEATS = 4
_MAX_CHOICE = 256  # characters of a range that are picked from


@lru_cache(maxsize=1024)
def build_text_maker(pattern: str, min_length: int = 0, max_length: int | None = None) -> Callable[[SeededRandom], str]:
    """Return a function that makes text matching the pattern: ``[a-z]{2}-[0-9]`` gives ``qd-4``.

    Raises ``ValueError`` for an expression that cannot be read; the function raises ``CannotGenerate`` where it finds
    no text within the lengths.
    """
    is_match = compile_pattern(pattern).is_match
    tree = parse_pattern(pattern)
    make = _build_node(tree.root)
    shortest = max(min_length, _shortest_length(tree.root))
    longest = max_length if max_length is not None else max(shortest, min_length) + 40

    def make_text(rng: SeededRandom) -> str:
        if shortest > MAX_TEXT_LENGTH:
            raise CannotGenerate(reason=f"the texts have at least {shortest:,} characters")
        overshoot = 0
        for attempt in range(_TRIES):
            draft = _start_draft(tree, rng, attempt)
            if attempt > 1 and (min_length or max_length is not None):
                draft.wanted_length = max(draft.rng.randint(shortest, max(shortest, longest)) - overshoot, 0)
            text = make(draft)
            if attempt > 2 and len(text) < min_length:  # an expression without an anchor allows more around it
                more = "a" * (min_length - len(text))
                text = text + more if attempt % 2 else more + text
            if len(text) < min_length or (max_length is not None and len(text) > max_length):
                overshoot = max(len(text) - longest, 0) + attempt // 8
            elif is_match(text):
                return text
        raise CannotGenerate(reason=f"no text was found that matches the pattern {pattern[:200]}")

    return make_text


def _start_draft(tree: SyntaxTree, rng: SeededRandom, attempt: int) -> Draft:
    groups = [""] * (tree.group_count + 1)
    if not attempt:
        return Draft(rng, groups)
    fresh = SeededRandom(f"{rng.name}~{attempt}", depth=rng.depth)
    return Draft(fresh, groups, adds_lookarounds=attempt % 3 == 2, uses_symbols=attempt % 2 == 1)


def _shortest_length(node: Node) -> int:
    match node:
        case Literal() | CharacterClass() | CharacterSet() | AnyCharacter():
            return 1
        case Group(body):
            return _shortest_length(body)
        case Repeat(body, low):
            return low * _shortest_length(body)
        case Concatenation(parts):
            return sum(map(_shortest_length, parts))
        case Choice(branches):
            return min(map(_shortest_length, branches))
    return 0


def _build_node(node: Node) -> FragmentMaker:
    return _BUILDERS[type(node)](node)


def _build_nothing(_node: Node) -> FragmentMaker:
    return lambda _draft: ""


def _build_literal(node: Literal) -> FragmentMaker:
    def make_literal(draft: Draft) -> str:
        draft.length += 1
        return node.character

    return make_literal


def _build_pick(characters: str) -> FragmentMaker:
    def pick_character(draft: Draft) -> str:
        draft.length += 1
        return draft.rng.pick(characters)

    return pick_character


def _build_any(_node: AnyCharacter) -> FragmentMaker:
    usual, every = _build_pick(_LETTERS + _DIGITS), _build_pick(_PRINTABLE)
    return lambda draft: (every if draft.uses_symbols else usual)(draft)


def _build_character_set(node: CharacterSet | CharacterClass) -> FragmentMaker:
    items = (node,) if isinstance(node, CharacterClass) else node.items
    characters = "".join(map(_expand_item, items))
    if isinstance(node, CharacterSet) and node.is_negated:
        characters = "".join(c for c in _PRINTABLE if c not in characters)
    characters = "".join(dict.fromkeys(characters)) or _find_characters(node)
    return _build_pick(characters) if characters else _build_failing


def _build_failing(_draft: Draft) -> str:
    raise CannotGenerate(reason="its pattern has a set without characters")


def _expand_item(item: tuple[str, str] | CharacterClass) -> str:
    if isinstance(item, CharacterClass):
        return _CLASSES.get(item.letter) or _find_characters(item)
    first, last = ord(item[0]), ord(item[1])
    codes = range(first, min(last, first + _MAX_CHOICE - 1) + 1)
    return "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000)


def _find_characters(node: CharacterSet | CharacterClass) -> str:
    """Return characters that the engine finds in a set: of ASCII if it has any, else of the rest of Unicode."""
    pattern = compile_pattern(write_pattern(SyntaxTree(node, 0, "")))
    found = "".join(filter(pattern.is_match, _PRINTABLE))
    return found or "".join(filter(pattern.is_match, map(chr, _OTHER_CODES)))[:_MAX_CHOICE]


def _build_concatenation(node: Concatenation) -> FragmentMaker:
    makers = [_build_node(part) for part in node.parts]
    return lambda draft: "".join([make(draft) for make in makers])


def _build_choice(node: Choice) -> FragmentMaker:
    makers = [_build_node(branch) for branch in node.branches]
    return lambda draft: draft.rng.pick(makers)(draft)


def _build_repeat(node: Repeat) -> FragmentMaker:
    low = node.low
    make = _build_node(node.body)
    top = low + _EXTRA_REPEATS if node.high is None else min(node.high, max(low + _EXTRA_REPEATS, 12))
    most = MAX_TEXT_LENGTH if node.high is None else node.high

    def make_until_long(draft: Draft, wanted_length: int) -> str:
        texts: list[str] = []
        while len(texts) < low or (len(texts) < most and draft.length < wanted_length):
            texts.append(make(draft))
            if len(texts) >= low and not texts[-1]:
                break
        return "".join(texts)

    def make_repeated(draft: Draft) -> str:
        if draft.wanted_length is not None:
            return make_until_long(draft, draft.wanted_length)
        count = low if low == top else draft.rng.randint(low, top)
        return "".join([make(draft) for _ in range(count)])

    return make_repeated


def _build_group(node: Group) -> FragmentMaker:
    make, number = _build_node(node.body), node.number

    def make_and_store(draft: Draft) -> str:
        text = make(draft)
        if number is not None:
            draft.groups[number] = text
        return text

    return make_and_store


def _build_reference(node: BackReference) -> FragmentMaker:
    def repeat_group(draft: Draft) -> str:
        text = draft.groups[node.number]
        draft.length += len(text)
        return text

    return repeat_group


def _build_lookaround(node: Lookaround) -> FragmentMaker:
    make = _build_node(node.body)
    return lambda draft: make(draft) if draft.adds_lookarounds and not node.is_negated else ""


_BUILDERS: dict[type[Node], Callable[[Any], FragmentMaker]] = {
    Literal: _build_literal,
    CharacterClass: _build_character_set,
    CharacterSet: _build_character_set,
    AnyCharacter: _build_any,
    Assertion: _build_nothing,
    Lookaround: _build_lookaround,
    Group: _build_group,
    BackReference: _build_reference,
    Repeat: _build_repeat,
    Concatenation: _build_concatenation,
    Choice: _build_choice,
}
