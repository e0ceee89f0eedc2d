"""Request bodies, parsed from bytes: JSON as FastAPI parses it, forms, and everything else as text.

Three things that Python's parser accepts are rejected, because nothing after it can carry them: ``NaN`` and
``Infinity``, numbers beyond a double, and lone surrogates. Nesting deeper than 200 gets the response that FastAPI gives
to nesting that is too deep for it, about 1,000.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from specduet.mocks.error_responses import UNPARSABLE_BODY, Dialect, HttpError
from specduet.mocks.json_codec import decode_json, encode_json, is_nested_too_deep
from specduet.mocks.request import Request, is_json
from specduet.mocks.responses import JSON
from specduet.mocks.validation import BodyValidator, Problem, make_missing_problem, make_problem
from specduet.specs import Operation, Schemas

ABSENT_BODY: Final = object()
"""The value of a body that is empty."""

_FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
_STRING_PATTERN = r'"(?:[^"\\]|\\.)*"'
_CONSTANT_PATTERN = re.compile(rf"{_STRING_PATTERN}|(-?Infinity|NaN)")
_NUMBER_PATTERN = re.compile(rf"{_STRING_PATTERN}|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_SURROGATE_PATTERN = re.compile(r"\\u[dD][89a-fA-F]")


class NonJsonBody(str):
    """The text of a body that is not JSON."""

    __slots__ = ()


class FormFields(dict[str, Any]):
    """The fields of a form, all of them texts or lists of texts."""


class _NonJsonConstant(Exception):
    """``NaN`` or ``Infinity`` in a body, which Python parses and JSON does not have."""


class BodyReader:
    """The reader of the bodies of one operation."""

    def __init__(self, schemas: Schemas, operation: Operation, dialect: Dialect) -> None:
        assert operation.body is not None
        content = operation.body.content
        self._required = operation.body.required
        self._dialect = dialect
        self._is_fastapi = dialect.is_fastapi
        self._unsupported_status = _choose_unsupported_status(operation, dialect)
        self._media_types = {media_type.lower() for media_type in content}
        json_content = next((content[name] for name in content if is_json(name) or name == "*/*"), None)
        form_content = content.get(_FORM_MEDIA_TYPE)
        self._json_validator = BodyValidator(schemas, json_content) if json_content else None
        self._form_validator = BodyValidator(schemas, form_content) if form_content else None

    def read(self, raw: bytes, request: Request) -> tuple[Any, Sequence[Problem]]:
        """Return the value of a body, ``ABSENT_BODY`` for an empty one, and the problems with it.

        Of the headers, it depends on ``content-type`` alone. Raises ``HttpError`` if the body cannot be parsed.
        """
        value = self.parse(raw, request) if raw else ABSENT_BODY
        return value, self.find_problems(value)

    def parse(self, raw: bytes, request: Request) -> Any:
        """Return the value of a body that is not empty. Raises ``HttpError`` if it cannot be parsed."""
        if self._json_validator and request.headers.get(b"content-type") == JSON:  # as nearly all are
            return self._parse_json(raw)
        content_type = request.get_header(b"content-type")
        if content_type is None and not self._is_fastapi and self._json_validator:
            return self._parse_json(raw)
        if content_type and is_json(content_type) and self._json_validator:
            return self._parse_json(raw)
        media_type = (content_type or "").partition(";")[0].strip().lower()
        if media_type == _FORM_MEDIA_TYPE and self._form_validator:
            return _parse_form(raw)
        if not self._is_fastapi and not self._accepts_media_type(media_type):
            message = f"{media_type or 'no content type'} is not supported"
            raise HttpError(self._dialect.render_error(self._unsupported_status, message))
        return NonJsonBody(raw.decode("utf-8", "replace"))

    def find_problems(self, body: Any) -> Sequence[Problem]:
        """Return the problems of a parsed body: where it is missing, and where it breaks its schema."""
        if body is ABSENT_BODY:
            return [make_missing_problem(("body",))] if self._required else ()
        if isinstance(body, FormFields):
            return self._form_validator.find_problems(body, strict=False) if self._form_validator else ()
        if self._json_validator is None or (isinstance(body, NonJsonBody) and not self._is_fastapi):
            return ()
        return self._json_validator.find_problems(str(body) if isinstance(body, NonJsonBody) else body)

    def _accepts_media_type(self, media_type: str) -> bool:
        family = f"{media_type.partition('/')[0]}/*"
        return not self._media_types.isdisjoint({media_type, family, "*/*"})

    def _parse_json(self, raw: bytes) -> Any:
        try:
            return decode_json(raw)
        except ValueError:
            return self._parse_json_as_python(raw)

    def _parse_json_as_python(self, raw: bytes) -> Any:
        """Parse JSON with Python's parser, as FastAPI does: for other encodings, and for the wording of its errors."""
        try:
            text = raw.decode(json.detect_encoding(raw), "surrogatepass")
        except UnicodeDecodeError:
            self._raise_unparsable()
        try:
            value = _DECODER.decode(text)
        except json.JSONDecodeError as error:
            self._raise_json_error(error.pos, error.msg)
        except _NonJsonConstant:
            self._raise_json_error(_find_position(_CONSTANT_PATTERN, text), "Expecting value")
        except (ValueError, RecursionError):  # digits without end, depth without end
            self._raise_unparsable()
        if is_nested_too_deep(value):
            self._raise_unparsable()
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
                self._raise_unparsable()
            self._raise_json_error(surrogate.start(), "Lone surrogate")

    def _raise_number_out_of_range(self, text: str) -> NoReturn:
        numbers = (match for match in _NUMBER_PATTERN.finditer(text) if match[1])
        position = next((match.start(1) for match in numbers if math.isinf(float(match[1]))), 0)
        self._raise_json_error(position, "Number out of range")

    def _raise_json_error(self, position: int, error: str) -> NoReturn:
        problem = make_problem("json_invalid", ("body", position), "JSON decode error", {}, {"error": error})
        raise HttpError(self._dialect.render_validation_error([problem]))

    def _raise_unparsable(self) -> NoReturn:
        raise HttpError(self._dialect.render_error(400 if self._is_fastapi else self._dialect.status, UNPARSABLE_BODY))


def _choose_unsupported_status(operation: Operation, dialect: Dialect) -> int:
    """Return the status for a media type that is not documented: that of other invalid requests, or 415.

    415 (RFC 9110, section 15.5.16) is chosen if it is documented, and neither 400 nor 422 is.
    """
    alternatives = {"400", "422"} & set(operation.responses)
    return 415 if "415" in operation.responses and not alternatives else dialect.status


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


def _parse_form(raw: bytes) -> FormFields:
    fields = FormFields()
    for name, value in parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True):
        earlier = fields.get(name)
        fields[name] = value if earlier is None else [*(earlier if isinstance(earlier, list) else [earlier]), value]
    return fields
