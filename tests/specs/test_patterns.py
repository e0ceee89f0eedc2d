"""Regular expressions of documents: ECMA-262, matched in bounded time."""

import time

import pytest

from specduet.specs.patterns import compile_pattern, translate_pattern

MATCHES = [
    (r"^\p{L}+$", "é", "1"),
    (r"^\p{Script=Greek}$", "\u03b1", "a"),
    (r"^(?<year>\d{4})\/(?<!x)\d\d$", "2020/12", "2020-12"),
    (r"^(?<x>a|b)\k<x>$", "aa", "ab"),
    (r"^(?P<x>a|b)(?P=x)$", "bb", "ab"),
    (r"^(a|b)\1$", "aa", "ba"),
    (r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$", "12.5", "+."),
    (r"(?<=a+)b", "aab", "b"),
    (r"^(?=.*[A-Z])(?=.*\d)[\w-.]{4,}$", "Aa1-", "aa1-"),
    (r"^[\w-.]+$", "a-b.c", "a b"),
    (r"^[a-\d]$", "-", "b"),
    (r"^[^]$", "\n", ""),
    (r"^a{$", "a{", "a"),
    (r"^{a,3}]}$", "{a,3}]}", "a"),
    (r"^\ud83d\ude00[\ud83d\ude00]$", "\U0001f600\U0001f600", "?"),
    (r"^\u{1F600}\u0041\x42\cI\0$", "\U0001f600AB\t\0", "AB"),
    (r"^[\0-\x1f\b]$", "\x08", "a"),
    (r"^\<\>\-\_\é\h$", "<>-_éh", "-_éh"),
    (r"\Aab\Z", "ab", "abc"),
    (r"(?i)^ab\h$", "ABH", "ab"),
    (r"^(?i:a)b\h$", "Abh", "ABh"),
    (r"^(?>a+)b++$", "aabb", "b"),
    (r"^\d\w\s$", "1a\ufeff", "\u0663a "),
    (r"^x$", "x", "x\n"),
    (r"^\D[\S ][\W]$", "a -", "1 -"),
    (r"^.{1,2147483648}$", "a", ""),
    (r"^[\p{L}]{0,1024}$", "é" * 1024, "é" * 1025),
    (r"^[\s\S]{2,65535}$", "\n" * 65535, "a"),
    ("[&&&&a]", "&", "b"),
]


@pytest.mark.parametrize(("pattern", "matching", "other"), MATCHES)
def test_matches(pattern: str, matching: str, other: str) -> None:
    """A pattern is found in the one text and not in the other."""
    assert compile_pattern(pattern).is_match(matching)
    assert not compile_pattern(pattern).is_match(other)


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "[a", "*", "a**", "a{2,1}", "(?<1>a)", "(?Xa)", "\\", r"(?<a>)\k<b>", "[b-a]", "(" * 9999],
)
def test_what_is_no_pattern(pattern: str) -> None:
    """A text that no engine takes raises a ValueError that says why."""
    with pytest.raises(ValueError, match="the pattern"):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^(a+)+\1$", "a" * 60 + "!"),
        (r"^(?:a|aa)+(?!b)\s$", "a" * 60),
        (r"^(([a-z])+.)+[A-Z](?!x)([a-z])+$", "a" * 60),
        (r"(x+x+)+y(?!z)", "x" * 3000),
        (r"^(.*)*\1z(?=a)", "ab" * 2000),
    ],
)
def test_time_is_bounded(pattern: str, text: str) -> None:
    """A pattern whose steps grow exponentially is given up in seconds, and does not match."""
    start = time.perf_counter()
    assert not compile_pattern(pattern).is_match(text)
    assert time.perf_counter() - start < 10


def test_a_pattern_that_the_engine_takes_stays() -> None:
    """Only an expression that the engine does not take as it stands is written again."""
    assert translate_pattern(r"^[a-z]+\/\d$") == r"^[a-z]+\/\d$"
    assert translate_pattern(r"^[\w-.]$") == r"^[\w\x{2d}\x{2e}]$"


def test_a_lone_surrogate_matches_nothing() -> None:
    """Text that UTF-8 cannot hold is no match, and no error."""
    assert not compile_pattern("^.$").is_match("\ud800")
