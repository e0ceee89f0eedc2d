"""Texts that match a regular expression of a document, short ones first, always the same."""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from random import Random

from specduet.specs.pattern_syntax import (
    AnyCharacter,
    BackReference,
    CharacterClass,
    CharacterSet,
    Choice,
    Concatenation,
    Group,
    Literal,
    Node,
    Repeat,
    parse_pattern,
)
from specduet.specs.patterns import compile_pattern

_TRIES = 60
_MAX_EXTRA_REPEATS = 3
_MAX_REPEATS = 2_000
_MAX_LENGTH = 20_000
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PRINTABLE = "".join(map(chr, range(32, 127)))
_ALPHABET = "a0A-_.:/ @+" + _PRINTABLE + "éßЖ東\u0660"
_CLASSES = {"d": "0123456789", "w": _LETTERS + "0123456789_", "s": " "}


def texts_matching(pattern: str, min_length: int = 0) -> Iterator[str]:
    """Yield texts that match a pattern, those of at least ``min_length`` characters first.

    Nothing is yielded for a pattern that no engine takes.
    """
    texts = _find_texts(pattern)
    yield from sorted(texts, key=lambda text: (len(text) < min_length, len(text), text))


def draw_texts(pattern: str, number: int) -> Iterator[str]:
    """Yield a few texts that match a pattern, others for each number; none for a pattern that no engine takes."""
    try:
        compiled, tree = compile_pattern(pattern), parse_pattern(pattern)
    except ValueError:
        return
    for seed in range(number * _TRIES, (number + 1) * _TRIES):
        text = _TextDrawing(Random(seed), seed).draw(tree.root)[:_MAX_LENGTH]  # noqa: S311
        if compiled.is_match(text):
            yield text


@lru_cache(maxsize=256)
def _find_texts(pattern: str) -> tuple[str, ...]:
    try:
        compiled, tree = compile_pattern(pattern), parse_pattern(pattern)
    except ValueError:
        return ()
    drawn = (_TextDrawing(Random(number), number).draw(tree.root) for number in range(_TRIES))  # noqa: S311
    candidates = dict.fromkeys(text[:_MAX_LENGTH] for text in drawn)
    return tuple(text for text in ("", *candidates) if compiled.is_match(text))


class _TextDrawing:
    """One text, made by walking the tree; lookarounds are left to the engine that checks the text afterwards."""

    def __init__(self, random: Random, number: int) -> None:
        self._random = random
        self._max_extra = number // 8 % (_MAX_EXTRA_REPEATS + 1)
        self._groups: dict[int, str] = {}
        self._steps = 0

    def _repeat(self, body: Node, count: int) -> str:
        texts: list[str] = []
        for _ in range(count):
            if self._steps > _MAX_LENGTH:  # repetitions of repetitions have no end
                break
            self._steps += 1
            texts.append(self.draw(body))
        return "".join(texts)

    def draw(self, node: Node) -> str:
        """Return a text for a part of the expression."""
        match node:
            case Group(body, number, _):
                text = self.draw(body)
                if number is not None:
                    self._groups[number] = text
            case Repeat(body, low, high, _):
                count = min(low + self._random.randint(0, self._max_extra), _MAX_REPEATS)
                text = self._repeat(body, count if high is None else min(count, high))
            case Concatenation(parts):
                text = "".join(map(self.draw, parts))
            case Choice(branches):
                text = self.draw(self._random.choice(branches))
            case _:
                text = self._draw_character(node)
        return text

    def _draw_character(self, node: Node) -> str:
        """Return the text of a part without parts; an anchor and a lookaround have none."""
        match node:
            case Literal(character):
                return character
            case AnyCharacter():
                return self._random.choice(_LETTERS)
            case CharacterClass() | CharacterSet():
                return self._random.choice(_list_characters(node) or "a")
            case BackReference(number):
                return self._groups.get(number, "")
        return ""


@lru_cache(maxsize=512)
def _list_characters(node: CharacterClass | CharacterSet) -> str:
    """Return the characters that a class or set has, of those that are tried; the plain ones first."""
    if isinstance(node, CharacterSet) and not node.is_negated:
        singles = "".join(chr(c) for item in node.items if isinstance(item, tuple) for c in _sample_range(*item))
        return singles + "".join(_list_characters(item) for item in node.items if isinstance(item, CharacterClass))
    return "".join(dict.fromkeys(c for c in _ALPHABET if _is_member(node, c)))


def _sample_range(first: str, last: str) -> list[int]:
    codes = range(ord(first), ord(last) + 1)
    return [code for code in codes[:26] if not 0xD800 <= code < 0xE000]


def _is_member(node: CharacterClass | CharacterSet, character: str) -> bool:
    if isinstance(node, CharacterClass):
        return _is_in_class(node, character)
    found = any(
        _is_in_class(item, character) if isinstance(item, CharacterClass) else item[0] <= character <= item[1]
        for item in node.items
    )
    return found is not node.is_negated


def _is_in_class(node: CharacterClass, character: str) -> bool:
    if node.property_name:
        category = unicodedata.category(character)
        is_letter = node.property_name in {"Letter", "Alphabetic"} and category[0] == "L"
        return (category.startswith(node.property_name) or is_letter) is (node.letter == "p")
    return (character in _CLASSES[node.letter.lower()]) is node.letter.islower()
