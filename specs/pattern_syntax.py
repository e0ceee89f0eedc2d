"""Syntax of regular expressions as ECMA-262 has them, parsed into a tree.

``patterns.py`` writes the tree for the engine that matches; the mock makes text from it. Annex B of ECMA-262 is
followed, as JavaScript does without the ``u`` flag: ``a{`` is text. With it come ``\\p{…}`` and what other languages
add and documents use: inline flags, ``\\A``, ``\\Z`` and ``(?P<name>…)``.
"""

import re
from dataclasses import dataclass
from typing import NoReturn

_MAX_DEPTH = 100  # groups within each other
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "v": "\v", "f": "\f", "e": "\x1b", "a": "\x07", "0": "\0"}
_CLASSES = frozenset("dDwWsS")
_QUANTIFIER = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_INLINE_FLAGS = re.compile(r"\(\?([ims]*)(?:-([ims]+))?([:)])")
_GROUP_NAME = re.compile(r"([^\W\d][\w$]*)>")
_PROPERTY = re.compile(r"\{(\^?[\w =]+)\}|([A-Z])")
_UNICODE = re.compile(
    r"u\{([0-9A-Fa-f]{1,6})\}|u([Dd][89ABab][\dA-Fa-f]{2})\\u([Dd][C-Fc-f][\dA-Fa-f]{2})|u([\dA-Fa-f]{4})"
)
_HEXADECIMAL = re.compile(r"x([0-9A-Fa-f]{2})")
_LOOKAROUNDS = {"(?=": (True, False), "(?!": (True, True), "(?<=": (False, False), "(?<!": (False, True)}


@dataclass(frozen=True, slots=True)
class Literal:
    character: str


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """A class of characters: ``\\d`` is ``CharacterClass("d")``, ``\\P{Lu}`` is ``CharacterClass("P", "Lu")``."""

    letter: str
    property_name: str = ""


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """A set in brackets; a single character is a range from itself to itself."""

    items: tuple[tuple[str, str] | CharacterClass, ...]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class AnyCharacter:
    """The dot."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place without characters: ``^``, ``$``, ``b`` or ``B``."""

    kind: str


@dataclass(frozen=True, slots=True)
class Lookaround:
    body: "Node"
    is_ahead: bool
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A part in parentheses."""

    body: "Node"
    #: counted from 1; None for a group that is not captured
    number: int | None
    #: inline flags for this group alone: ``i`` or ``i-s``
    flags: str = ""


@dataclass(frozen=True, slots=True)
class BackReference:
    #: number of the group
    number: int


@dataclass(frozen=True, slots=True)
class Repeat:
    body: "Node"
    low: int
    #: None without an upper bound
    high: int | None
    is_lazy: bool


@dataclass(frozen=True, slots=True)
class Concatenation:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    branches: tuple["Node", ...]


Node = (
    Literal
    | CharacterClass
    | CharacterSet
    | AnyCharacter
    | Assertion
    | Lookaround
    | Group
    | BackReference
    | Repeat
    | Concatenation
    | Choice
)


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """A parsed expression."""

    root: Node
    group_count: int
    #: flags of the whole expression, from inline flags at its start: ``i``, ``m``, ``s``
    flags: str


def parse_pattern(pattern: str) -> SyntaxTree:
    """Parse a regular expression. Raises ``ValueError`` where it is none."""
    return _Parser(pattern).parse()


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._depth = 0
        self._group_count = 0
        self._flags = ""
        self._names: dict[str, int] = {}
        self._all_names = set(re.findall(r"(?<!\\)\(\?P?<([^\W\d][\w$]*)>", pattern))
        self._total = len(re.findall(r"(?<!\\)\((?!\?)|\(\?P?<(?![=!])", pattern))
        """Groups in the whole expression: a number above it is no reference (Annex B)."""

    def parse(self) -> SyntaxTree:
        root = self._parse_choice()
        if self._at < len(self._text):
            self._fail("a parenthesis is closed that is not open")
        return SyntaxTree(root, self._group_count, self._flags)

    def _fail(self, reason: str) -> NoReturn:
        shown = self._text if len(self._text) <= 200 else f"{self._text[:200]}…"
        raise ValueError(f"the pattern {shown!r} cannot be read: {reason}, at character {self._at + 1}")

    def _take(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _take_match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        match = expression.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _parse_choice(self) -> Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._fail(f"more than {_MAX_DEPTH} groups lie within each other")
        branches = [self._parse_concatenation()]
        while self._take("|"):
            branches.append(self._parse_concatenation())
        self._depth -= 1
        return branches[0] if len(branches) == 1 else Choice(tuple(branches))

    def _parse_concatenation(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            part = self._parse_atom()
            if part is not None:
                parts.append(self._parse_quantifiers(part))
        return parts[0] if len(parts) == 1 else Concatenation(tuple(parts))

    def _parse_quantifiers(self, part: Node) -> Node:
        if self._take("*"):
            low, high = 0, None
        elif self._take("+"):
            low, high = 1, None
        elif self._take("?"):
            low, high = 0, 1
        elif match := self._take_match(_QUANTIFIER):
            low = int(match[1][:12])
            high = low if match[2] is None else int(match[3][:12]) if match[3] else None
        else:
            return part
        if high is not None and high < low:
            self._fail("the bounds of a quantifier are out of order")
        if isinstance(part, Assertion) or (isinstance(part, Lookaround) and not part.is_ahead):
            self._fail("nothing to repeat")
        is_lazy = self._take("?")
        self._take("+")  # possessive in other languages: the same texts, matched faster
        if self._at < len(self._text) and self._text[self._at] in "*+?":
            self._fail("nothing to repeat")
        return Repeat(part, low, high, is_lazy)

    def _parse_atom(self) -> Node | None:
        character = self._text[self._at]
        if character == "(":
            return self._parse_group()
        if character in "*+?" or _QUANTIFIER.match(self._text, self._at):
            self._fail("nothing to repeat")
        self._at += 1
        match character:
            case "^" | "$":
                return Assertion(character)
            case ".":
                return AnyCharacter()
            case "[":
                return self._parse_set()
            case "\\":
                return self._parse_escape()
        return Literal(character)

    # ----------------------------------------------------------------------------------------------- groups

    def _parse_group(self) -> Node | None:
        for opening, (is_ahead, is_negated) in _LOOKAROUNDS.items():
            if self._take(opening):
                return Lookaround(self._parse_body(), is_ahead, is_negated)
        if match := self._take_match(_INLINE_FLAGS):
            flags = match[1] + (f"-{match[2]}" if match[2] else "")
            if match[3] == ":":
                return Group(self._parse_body(), None, flags)
            self._flags += match[1]
            return None
        if self._take("(?>"):
            return Group(self._parse_body(), None)
        if self._take("(?P="):
            return self._parse_reference_by_name(")")
        return self._parse_captured_group()

    def _parse_captured_group(self) -> Node:
        name = None
        if self._take("(?<") or self._take("(?P<"):
            name = self._take_match(_GROUP_NAME)
            if not name:
                self._fail("a group has no valid name")
        elif self._text.startswith("(?", self._at):
            self._fail("an unknown kind of group")
        else:
            self._take("(")
        self._group_count += 1
        number = self._group_count
        if name:
            self._names[name[1]] = number
        return Group(self._parse_body(), number)

    def _parse_body(self) -> Node:
        body = self._parse_choice()
        if not self._take(")"):
            self._fail("a parenthesis is not closed")
        return body

    def _parse_reference_by_name(self, end: str) -> Node:
        name, _, _ = self._text[self._at :].partition(end)
        if name not in self._all_names or not self._take(name + end):
            self._fail("a reference to a group that does not exist")
        # A group that comes later has matched nothing yet, and neither has its reference.
        return BackReference(self._names[name]) if name in self._names else Concatenation(())

    # ---------------------------------------------------------------------------------- escapes and sets

    def _parse_escape(self) -> Node:
        if self._at == len(self._text):
            self._fail("it ends with a backslash")
        character = self._text[self._at]
        if character in "bB":
            self._at += 1
            return Assertion(character)
        if character in "AzZ":  # Python, Ruby and Go
            self._at += 1
            return Assertion("^" if character == "A" else "$")
        if character == "k" and self._all_names and self._text.startswith("k<", self._at):
            self._at += 2
            return self._parse_reference_by_name(">")
        if character in "123456789":
            digits = re.match(r"\d{1,4}", self._text[self._at :])
            if digits and int(digits[0]) <= self._total:
                self._at += len(digits[0])
                number = int(digits[0])
                return BackReference(number) if number <= self._group_count else Concatenation(())
        item = self._parse_character_escape()
        return item if isinstance(item, CharacterClass) else Literal(item)

    def _parse_character_escape(self) -> str | CharacterClass:
        """Read what follows a backslash, inside of a set or outside."""
        character = self._text[self._at]
        if character in "pP" and (name := _PROPERTY.match(self._text, self._at + 1)):
            self._at = name.end()
            return CharacterClass(character, name[1] or name[2])
        if match := self._take_match(_UNICODE):
            return self._to_character(match)
        if match := self._take_match(_HEXADECIMAL):
            return chr(int(match[1], 16))
        self._at += 1
        if character in _CLASSES:
            return CharacterClass(character)
        following = self._text[self._at : self._at + 1]
        if character == "c" and following.isascii() and following.isalpha():
            self._at += 1
            return chr(ord(following) % 32)
        return _CONTROLS.get(character, character)

    def _to_character(self, match: re.Match[str]) -> str:
        braced, high, low, single = match.groups()
        if high:
            return chr(0x10000 + (int(high, 16) - 0xD800) * 0x400 + int(low, 16) - 0xDC00)
        code = int(braced or single, 16)
        if code > 0x10FFFF:
            self._fail("a code point that does not exist")
        return chr(code)

    def _parse_set(self) -> Node:
        is_negated = self._take("^")
        items: list[tuple[str, str] | CharacterClass] = []
        while not self._take("]"):
            first = self._parse_set_item()
            if not self._text.startswith("-", self._at) or self._text.startswith("-]", self._at):
                items.append(first if isinstance(first, CharacterClass) else (first, first))
                continue
            self._take("-")
            last = self._parse_set_item()
            if isinstance(first, str) and isinstance(last, str):
                if last < first:
                    self._fail("the bounds of a range are out of order")
                items.append((first, last))
            else:  # Annex B: a class is no bound, and the hyphen stands for itself
                items += [i if isinstance(i, CharacterClass) else (i, i) for i in (first, "-", last)]
        return CharacterSet(tuple(items), is_negated)

    def _parse_set_item(self) -> str | CharacterClass:
        if self._at >= len(self._text):
            self._fail("a bracket is not closed")
        character = self._text[self._at]
        self._at += 1
        if character != "\\":
            return character
        if self._at >= len(self._text):
            self._fail("it ends with a backslash")
        if self._take("b"):
            return "\b"
        return self._parse_character_escape()
