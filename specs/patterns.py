"""Patterns of a document: regular expressions of ECMA-262 (JSON Schema 2020-12, section 6.4), matched in bounded time.

The engine is that of jsonschema-rs, which also checks the ``pattern`` of schemas: linear where an expression has no
lookaround and no back-reference, and given up after a million steps back where it has. An expression that it does not
take as it is written is written again from its syntax tree.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jsonschema_rs

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

_MAX_COUNT = 100_000  # of repetitions that the engine counts; more than that are no bound
_MAX_COMPILED_COUNT = 100  # of repetitions that the engine may write out, each with a copy of the part
_READ_DIFFERENTLY = re.compile(r"\\[<>AzZ]|\[\[:")
"""What the engine takes, and reads as something else than ECMA-262: a word boundary for ``\\<``."""


class Pattern:
    """A compiled regular expression."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        """The expression as the document has it."""
        self.translated = translate_pattern(pattern)
        self._validator = _compile(self.translated)

    def is_match(self, text: str) -> bool:
        """Return whether the expression is found anywhere in the text; False where that takes too many steps."""
        try:
            return self._validator.is_valid(text)
        except ValueError:  # lone surrogates
            return False


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Pattern:
    """Compile a regular expression. Raises ``ValueError`` for what no engine takes."""
    return Pattern(pattern)


@lru_cache(maxsize=1024)
def translate_pattern(pattern: str) -> str:
    r"""Return the expression as the engine takes it: mostly the same, ``[\w\-.]`` for ``[\w-.]``.

    Raises ``ValueError`` for what no engine takes.
    """
    if not _READ_DIFFERENTLY.search(pattern):
        try:
            _compile(pattern)
            return pattern
        except ValueError:
            pass  # translated below
    translated = write_pattern(parse_pattern(pattern))
    try:
        _compile(translated)
    except ValueError:
        raise ValueError(
            f"no engine takes the pattern {pattern[:200]!r}: it is too large or names unknown classes"
        ) from None
    return translated


def _compile(pattern: str) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator({"pattern": pattern})
    except jsonschema_rs.ValidationError as error:
        raise ValueError(error.message) from error


def write_pattern(tree: SyntaxTree) -> str:
    """Write a syntax tree in the syntax of the engine."""
    flags = "".join(dict.fromkeys(tree.flags))
    return (f"(?{flags})" if flags else "") + _write_node(tree.root)


def _write_node(node: Node) -> str:
    return _WRITERS[type(node)](node)


def _write_lookaround(node: Lookaround) -> str:
    return f"(?{'' if node.is_ahead else '<'}{'!' if node.is_negated else '='}{_write_node(node.body)})"


def _write_group(node: Group) -> str:
    return ("(" if node.number is not None else f"(?{node.flags}:") + _write_node(node.body) + ")"


def _write_repeat(node: Repeat) -> str:
    body = _write_node(node.body)
    high = node.high if node.high is None or node.high <= _MAX_COUNT else None
    if max(node.low, high or 0) > _MAX_COMPILED_COUNT:
        body = f"(?=){body}"  # the engine counts a part with a lookaround, and copies any other
    return f"(?:{body}){{{node.low},{'' if high is None else high}}}{'?' if node.is_lazy else ''}"


def _write_set(node: CharacterSet | CharacterClass) -> str:
    if isinstance(node, CharacterClass):
        return f"[{_write_class(node)}]"
    inner = "".join(
        _write_class(item)
        if isinstance(item, CharacterClass)
        else _write_character(item[0]) + (f"-{_write_character(item[1])}" if item[1] != item[0] else "")
        for item in node.items
    )
    if not inner:
        return r"[\s\S]" if node.is_negated else r"[^\s\S]"
    return f"[{'^' if node.is_negated else ''}{inner}]"


def _write_class(node: CharacterClass) -> str:
    return f"\\{node.letter}{{{node.property_name}}}" if node.property_name else f"\\{node.letter}"


def _write_character(character: str) -> str:
    if character.isalnum() and character.isascii():
        return character
    if 0xD800 <= ord(character) < 0xE000:
        return r"\x{fffd}"  # a lone surrogate, which no text in UTF-8 holds
    return f"\\x{{{ord(character):x}}}"


_WRITERS: dict[type[Node], Callable[[Any], str]] = {
    Literal: lambda node: _write_character(node.character),
    CharacterClass: _write_set,
    CharacterSet: _write_set,
    AnyCharacter: lambda _node: ".",
    Assertion: lambda node: node.kind if node.kind in "^$" else f"\\{node.kind}",
    Lookaround: _write_lookaround,
    Group: _write_group,
    BackReference: lambda node: f"(?:\\{node.number})",
    Repeat: _write_repeat,
    Concatenation: lambda node: "".join(map(_write_node, node.parts)),
    Choice: lambda node: "|".join(map(_write_node, node.branches)),
}
