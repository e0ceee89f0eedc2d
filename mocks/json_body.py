"""Request bodies of JSON, parsed as FastAPI parses them.

Three things that Python's parser accepts are rejected, because nothing after it can carry them: ``NaN`` and
``Infinity``, numbers beyond a double, and lone surrogates. Nesting deeper than 200 gets the response that FastAPI gives
to nesting that is too deep for it, about 1,000.
"""

import json
import math
import re
from typing import Any, NoReturn

from specduet.mocks.error_responses import UNPARSABLE_BODY, Dialect, HttpError
from specduet.mocks.json_codec import decode_json, encode_json, is_nested_too_deep
from specduet.mocks.validation import make_problem

_STRING_PATTERN = r'"(?:[^"\\]|\\.)*"'
_CONSTANT_PATTERN = re.compile(rf"{_STRING_PATTERN}|(-?Infinity|NaN)")
_NUMBER_PATTERN = re.compile(rf"{_STRING_PATTERN}|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_SURROGATE_PATTERN = re.compile(r"\\u[dD][89a-fA-F]")


class _NonJsonConstant(Exception):
    """``NaN`` or ``Infinity`` in a body, which Python parses and JSON does not have."""


class JsonBodyParser:
    """The parser of the JSON bodies of one operation, which rejects the others in its dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def parse_json(self, raw: bytes) -> Any:
        """Return the value of a JSON text. Raises ``HttpError``."""
        try:
            return decode_json(raw)
        except ValueError:
            return self._parse_json_as_python(raw)

    def _parse_json_as_python(self, raw: bytes) -> Any:
        """Parse JSON with Python's parser, as FastAPI does: for other encodings, and for the wording of its errors."""
        try:
            text = raw.decode(json.detect_encoding(raw), "surrogatepass")
        except UnicodeDecodeError:
            self.raise_unparsable()
        try:
            value = _DECODER.decode(text)
        except json.JSONDecodeError as error:
            self._raise_json_error(error.pos, error.msg)
        except _NonJsonConstant:
            self._raise_json_error(_find_position(_CONSTANT_PATTERN, text), "Expecting value")
        except (ValueError, RecursionError):  # digits without end, depth without end
            self.raise_unparsable()
        if is_nested_too_deep(value):
            self.raise_unparsable()
        self._check_surrogates(value, text)
        if _has_infinity(value):
            self._raise_number_out_of_range(text)
        return value

    def _check_surrogates(self, value: Any, text: str) -> None:
        """Raise ``HttpError`` if a string of ``value`` has half of a surrogate pair, which no UTF-8 can carry."""
        try:
            encode_json(value)
        except UnicodeEncodeError:
            surrogate = _SURROGATE_PATTERN.search(text)
            if surrogate is None:
                self.raise_unparsable()
            self._raise_json_error(surrogate.start(), "Lone surrogate")

    def _raise_number_out_of_range(self, text: str) -> NoReturn:
        numbers = (match for match in _NUMBER_PATTERN.finditer(text) if match[1])
        position = next((match.start(1) for match in numbers if math.isinf(float(match[1]))), 0)
        self._raise_json_error(position, "Number out of range")

    def _raise_json_error(self, position: int, error: str) -> NoReturn:
        problem = make_problem("json_invalid", ("body", position), "JSON decode error", {}, {"error": error})
        raise HttpError(self._dialect.render_validation_error([problem]))

    def raise_unparsable(self) -> NoReturn:
        """Raise the ``HttpError`` for a body that cannot be read."""
        raise HttpError(
            self._dialect.render_error(400 if self._dialect.is_fastapi else self._dialect.status, UNPARSABLE_BODY)
        )


def _raise_constant(_name: str) -> NoReturn:
    raise _NonJsonConstant


_DECODER = json.JSONDecoder(parse_constant=_raise_constant)


def _find_position(pattern: re.Pattern[str], text: str) -> int:
    """Return the position of the first match that is not within a string."""
    return next((match.start(1) for match in pattern.finditer(text) if match[1]), 0)


def _has_infinity(value: Any) -> bool:
    if isinstance(value, float):
        return math.isinf(value)
    if isinstance(value, dict):
        return any(map(_has_infinity, value.values()))
    return isinstance(value, list) and any(map(_has_infinity, value))
