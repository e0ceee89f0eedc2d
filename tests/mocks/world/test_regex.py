"""Text that matches regular expressions."""

import re

import pytest

from specduet.mocks.generation.limits import CannotGenerate
from specduet.mocks.generation.regex import build_text_maker
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.specs.patterns import compile_pattern


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


@pytest.mark.parametrize("pattern", ["(", "[a", "*", r"(?<y>)\k<x>", "a{2,1}"])
def test_a_broken_pattern(pattern: str) -> None:
    """A broken expression raises a ValueError that shows it."""
    with pytest.raises(ValueError, match="cannot be read"):
        build_text_maker(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$",
        r"^(?=.*[A-Z])(?=.*[a-z])(?=.*\d)(?=.*[!#$%])[\w!#$%]{8,64}$",
        r"^(?=.*\d)(?=.*[^\w\s]).{8,}$",
        r"^(?<y>\d{4})\/(?<!x)\d\d-\k<y>$",
        r"(?<=price: )\d+",
        r"total(?= due)",
        r"^\p{L}[\p{L}\p{Nd}_-]*\p{P}$",
        r"^\p{Script=Greek}+\p{Emoji_Presentation}$",
        r"^[^\x00-\x7f]+$",
        r"\bab\b",
        r"^[\w-.]+@[\w-]+$",
        r"^(?i)abc[\b]?$",
        "^.{1,2147483648}$",
        "^a{b}$",
    ],
)
def test_what_a_tree_does_not_show(pattern: str) -> None:
    """Lookarounds, word boundaries and classes of Unicode hold in the texts that are made."""
    make, is_match = build_text_maker(pattern), compile_pattern(pattern).is_match
    assert all(is_match(make(SeededRandom(f"{index}"))) for index in range(20))


@pytest.mark.parametrize(
    ("pattern", "least", "most"),
    [
        ("^[a-z]+$", 50, 50),
        ("^[a-z]+-[0-9]+$", 30, 32),
        ("^(ab)*$", 7, 8),
        ("a", 20, 21),
        ("^x?y?z?$", 3, 3),
        (".", 0, 1),
    ],
)
def test_lengths(pattern: str, least: int, most: int) -> None:
    """Texts are as long as demanded."""
    make, is_match = build_text_maker(pattern, least, most), compile_pattern(pattern).is_match
    for index in range(20):
        text = make(SeededRandom(f"{index}"))
        assert is_match(text)
        assert least <= len(text) <= most


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [("^a{1000000000}$", "1,000,000,000 characters"), ("^(?!)$", "no text was found"), ("[]", "without characters")],
)
def test_no_text(pattern: str, reason: str) -> None:
    """A pattern that no text matches, or only a huge one, raises CannotGenerate with the reason."""
    with pytest.raises(CannotGenerate, match=reason):
        build_text_maker(pattern)(SeededRandom("1"))
