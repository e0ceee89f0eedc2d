"""Makers of strings and numbers, from the keywords of their schema and the name of their property."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any

from specduet.mocks.generation import formats, regex, text
from specduet.mocks.generation.file_names import read_file_pattern
from specduet.mocks.generation.limits import MAX_TEXT_LENGTH, CannotGenerate
from specduet.mocks.generation.seeded_random import SeededRandom, ValueMaker
from specduet.specs.patterns import compile_pattern

_EXTENSION = "x-specduet"
_BOUNDS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("minimum", "exclusiveMinimum", max),
    ("maximum", "exclusiveMaximum", min),
)


def build_string_maker(keywords: Mapping[str, Any], name: str) -> ValueMaker:
    """Return a maker of strings: by shape, format or pattern, else believable text for a property of this name."""
    file_pattern = read_file_pattern(keywords)
    shape = file_pattern or keywords.get(_EXTENSION, {}).get("shape")
    least, most = keywords.get("minLength", 0), keywords.get("maxLength")
    if least > MAX_TEXT_LENGTH:
        return build_failing_maker(f"its texts have at least {least:,} characters")
    if most is not None and most < least:
        return build_failing_maker(f"its texts have at least {least:,} and at most {most:,} characters")
    format_name = shape if shape in formats.FORMAT_MAKERS or file_pattern else keywords.get("format")
    if keywords.get("contentEncoding") in {"base64", "base64url"}:
        format_name = "base64url" if keywords["contentEncoding"] == "base64url" else "byte"
    if format_name in formats.FORMAT_MAKERS:
        make = formats.build_format_maker(format_name, least, most)
        return _match_pattern(make, keywords["pattern"], least, most) if "pattern" in keywords else make
    if shape is not None or "pattern" in keywords:
        return build_pattern_maker(shape or keywords["pattern"], least, most)
    make = formats.MEDIA_MAKERS.get(keywords.get("contentMediaType", "")) or text.text_maker_for(name)
    if not least and most is None:
        return make
    return lambda rng: formats.fit_length(make(rng), least, most)


def build_pattern_maker(pattern: str, least: int = 0, most: int | None = None) -> ValueMaker:
    """Return a maker of text that matches a pattern; of plain sentences for a pattern that cannot be read."""
    try:
        return regex.build_text_maker(pattern, least, most)
    except ValueError:
        return lambda rng: formats.fit_length(text.make_sentence(rng), least, most)


def build_failing_maker(reason: str, pointer: str | None = None) -> ValueMaker:
    """Return a maker that raises ``CannotGenerate``."""

    def raise_error(_rng: SeededRandom) -> Any:
        raise CannotGenerate(pointer, reason)

    return raise_error


def _match_pattern(make: ValueMaker, pattern: str, least: int, most: int | None) -> ValueMaker:
    """Return a maker of formatted text that matches a pattern: of the format's if it does, else of the pattern's."""
    try:
        is_match = compile_pattern(pattern).is_match
    except ValueError:
        return make
    make_matching = build_pattern_maker(pattern, least, most)

    def make_text(rng: SeededRandom) -> Any:
        formatted = make(rng)
        return formatted if is_match(formatted) else make_matching(rng)

    return make_text


def build_number_maker(keywords: Mapping[str, Any], name: str, *, whole: bool) -> ValueMaker:
    """Return a maker of numbers: integers, or multiples of 0.01 where ``multipleOf`` demands no other step."""
    low, high = (_tightest_bound(keywords, *bound) for bound in _BOUNDS)
    if low is not None and high is not None and low > high:
        return build_failing_maker("its lowest number is above its highest")
    step = _find_step(keywords, whole=whole)
    first, last = _range_of_multiples(keywords, name, step, whole=whole)
    if first > last and (whole or "multipleOf" in keywords):
        return build_failing_maker("no such number lies between its bounds")
    if first > last:  # no multiple lies between the bounds
        assert low is not None
        assert high is not None
        return lambda rng: float(low) + float(high - low) * (0.25 + rng.random_float() / 2)

    def make_number(rng: SeededRandom) -> int | float:
        chosen = rng.randint(first, last) * step
        return int(chosen) if whole else float(chosen)

    return make_number


def _find_step(keywords: Mapping[str, Any], *, whole: bool) -> Fraction:
    """Return the distance of the numbers to pick from."""
    stated = keywords.get("multipleOf", 0)
    step = Fraction(str(stated)) if isinstance(stated, int | float) and stated > 0 else Fraction(0)
    step = step or Fraction(1 if whole else "0.01")
    return Fraction(step.numerator) if whole else step


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
    if least is not None and least * step in _read_bound(keywords, "exclusiveMinimum"):
        least += 1
    if whole and keywords.get("format") == "int32":
        high = min(Fraction(2**31 - 1), Fraction(2**31 - 1) if high is None else high)
    most = None if high is None else floor(high / step)
    if most is not None and most * step in _read_bound(keywords, "exclusiveMaximum"):
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
    bounds = _read_bound(keywords, inclusive) + _read_bound(keywords, exclusive)
    return tighter(bounds) if bounds else None


def _read_bound(keywords: Mapping[str, Any], keyword: str) -> list[Fraction]:
    # A boolean, as OpenAPI 3.0 has it, is no bound.
    bound = keywords.get(keyword)
    return [Fraction(str(bound))] if isinstance(bound, int | float) and not isinstance(bound, bool) else []
