"""Text that matches regular expressions."""

import re

import pytest

from specduet.mocks.generation.regex import build_text_maker
from specduet.mocks.generation.seeded_random import SeededRandom


@pytest.mark.parametrize(
    "pattern",
    [
        "run_[0-9a-f]{24}",
        r"^\d{3}-\w+\s?$",
        r"(a|bc)+",
        r"([ab])x\1",
        r"(?P<name>[A-Z])(?P=name)",
        "[^a-z]{3}",
        r"[\w.-]+@[\w-]+\.(com|org)",
        ".*",
        ".{3,50}",
        "a{0}b",
        r"\x41é[\u0400-\u04FF]",
        r"(?:x|y)?\Z",
        r"[\s\S]{2}",
        "a*?b+?",
        "(?i:abc)",
        r"\D\W\S",
        "",
    ],
)
def test_text_matches(pattern: str) -> None:
    """Twenty texts are made from a pattern, and it matches each of them."""
    make = build_text_maker(pattern)
    assert all(re.search(pattern, make(SeededRandom(f"{index}"))) for index in range(20))


@pytest.mark.parametrize(
    ("pattern", "as_python_has_it"),
    [(r"^\p{Lu}[\p{L}_]*\p{N}$", "^[A-Z][A-Za-z_]*[0-9]$"), (r"^(?<x>ab)$", "^ab$")],
)
def test_ecma_syntax(pattern: str, as_python_has_it: str) -> None:
    """Syntax of ECMA 262 that Python writes differently is understood."""
    assert all(re.search(as_python_has_it, build_text_maker(pattern)(SeededRandom(f"{index}"))) for index in range(20))


@pytest.mark.parametrize("pattern", ["(", "[a", "*", r"\k<x>", "a{2,1}"])
def test_a_broken_pattern(pattern: str) -> None:
    """A broken expression raises a ValueError that shows it."""
    with pytest.raises(ValueError, match="cannot be read"):
        build_text_maker(pattern)


def test_the_parser_is_where_it_was() -> None:
    """Python's private parser is where it was, and its parse tree has the same form."""
    from re import _constants, _parser

    (operation, (low, high, items)), *_ = _parser.parse("[ab]{2,3}c")
    assert (operation, low, high) == (_constants.MAX_REPEAT, 2, 3)
    assert [item[0] for item in items] == [_constants.IN]
