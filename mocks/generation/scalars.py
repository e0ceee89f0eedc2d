"""Makers of strings and numbers, from the keywords of their schema and the name of their property."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from specduet.mocks.generation import formats, regex, text
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker

_EXTENSION = "x-specduet"
_BOUNDS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("minimum", "exclusiveMinimum", max),
    ("maximum", "exclusiveMaximum", min),
)


def build_string_maker(keywords: Mapping[str, Any], name: str) -> ValueMaker:
    """Return a maker of strings: by shape, format or pattern, else believable text for a property of this name."""
    shape = keywords.get(_EXTENSION, {}).get("shape")
    least, most = keywords.get("minLength", 0), keywords.get("maxLength")
    if shape in formats.FORMAT_MAKERS or keywords.get("format") in formats.FORMAT_MAKERS:
        return formats.FORMAT_MAKERS[shape if shape in formats.FORMAT_MAKERS else keywords["format"]]
    if shape is not None or "pattern" in keywords:
        return build_pattern_maker(shape or keywords["pattern"])
    make = text.text_maker_for(name)
    if not least and most is None:
        return make
    return lambda rng: _fit_length(make(rng), least, most)


def build_pattern_maker(pattern: str) -> ValueMaker:
    """Return a maker of text that matches a pattern; of plain sentences for a pattern that cannot be parsed."""
    try:
        return regex.build_text_maker(pattern)
    except ValueError:
        return text.make_sentence


def build_number_maker(keywords: Mapping[str, Any], name: str, *, whole: bool) -> ValueMaker:
    """Return a maker of numbers: integers, or multiples of 0.01 where ``multipleOf`` demands no other step."""
    step = Fraction(str(keywords.get("multipleOf", 1 if whole else "0.01")))
    if whole:
        step = Fraction(step.numerator)
    first, last = _range_of_multiples(keywords, name, step, whole=whole)
    if first > last:  # no multiple lies between the bounds
        low, high = (float(_tightest_bound(keywords, *bound)) for bound in _BOUNDS)
        return lambda rng: low + (high - low) * (0.25 + rng.random_float() / 2)

    def make_number(rng: SeededRandom) -> int | float:
        chosen = rng.randint(first, last) * step
        return int(chosen) if whole else float(chosen)

    return make_number


def _fit_length(value: str, least: int, most: int | None) -> str:
    while len(value) < least:
        value = f"{value} {value}" if value else "x"
    return value if most is None or len(value) <= most else value[: max(most, 0)]


def _range_of_multiples(keywords: Mapping[str, Any], name: str, step: Fraction, *, whole: bool) -> tuple[int, int]:
    """Return the first and the last factor of ``step`` to pick from.

    The range that is believable for the property's name, where at least half of it lies within the schema's bounds;
    else a range of the same width at a bound.
    """
    low, high = (_tightest_bound(keywords, *bound) for bound in _BOUNDS)
    usual_low, usual_high = text.number_range_for(name)
    first, last = ceil(usual_low / step), floor(usual_high / step)
    width = last - first
    least = None if low is None else ceil(low / step)
    if least is not None and least * step in _exclusive_bounds(keywords, "exclusiveMinimum"):
        least += 1
    if whole and keywords.get("format") == "int32":
        high = min(Fraction(2**31 - 1), Fraction(2**31 - 1) if high is None else high)
    most = None if high is None else floor(high / step)
    if most is not None and most * step in _exclusive_bounds(keywords, "exclusiveMaximum"):
        most -= 1
    overlap_first = first if least is None else max(first, least)
    overlap_last = last if most is None else min(last, most)
    if overlap_last - overlap_first >= width // 2:
        return overlap_first, overlap_last
    if least is not None:
        return least, least + width if most is None else min(most, least + width)
    assert most is not None
    return most - width, most


def _tightest_bound(keywords: Mapping[str, Any], inclusive: str, exclusive: str, tighter: Callable[..., Any]) -> Any:
    bounds = [Fraction(keywords[inclusive])] if inclusive in keywords else []
    bounds += _exclusive_bounds(keywords, exclusive)
    return tighter(bounds) if bounds else None


def _exclusive_bounds(keywords: Mapping[str, Any], keyword: str) -> list[Fraction]:
    # A boolean, as OpenAPI 3.0 has it, is no bound.
    bound = keywords.get(keyword)
    return [Fraction(bound)] if isinstance(bound, int | float) and not isinstance(bound, bool) else []
