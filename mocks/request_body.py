"""The body of a request, from bytes to a value: JSON as FastAPI parses it, forms, and everything else as it is.

Three things that Python's parser takes are refused, because nothing after it can carry them: ``NaN`` and ``Infinity``,
numbers beyond a double, and lone surrogates. Nesting deeper than 200 is answered as FastAPI answers nesting that is too
deep for it, about 1,000.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from pydantic_core import from_json

from specduet.mocks.error_responses import UNPARSABLE, Dialect, Refused
from specduet.mocks.request import Request, is_json
from specduet.mocks.responses import JSON
from specduet.mocks.validation import BodyValidator, Problem, missing, problem
from specduet.specs import Operation, Schemas

ABSENT: Final = object()
"""What the body is where there is none."""

_FORM = "application/x-www-form-urlencoded"
_STRING = r'"(?:[^"\\]|\\.)*"'
_CONSTANT = re.compile(rf"{_STRING}|(-?Infinity|NaN)")
_NUMBER = re.compile(rf"{_STRING}|(-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_PERHAPS_HUGE = re.compile(rb"[0-9][eE]\+?[0-9]{3}|[0-9]{309}")


class Opaque(str):
    """A body that is not JSON, as text."""

    __slots__ = ()


class Form(dict[str, Any]):
    """The fields of a form: text stands for every type."""


class _Constant(Exception):
    pass


class BodyReader:
    """The body of one operation: parsed before credentials are looked at, held to its schema after."""

    def __init__(self, schemas: Schemas, operation: Operation, dialect: Dialect) -> None:
        assert operation.body is not None
        content = operation.body.content
        self._required = operation.body.required
        self._dialect = dialect
        self._is_fastapi = dialect.is_fastapi
        self._unsupported = _unsupported(operation, dialect)
        self._media_types = {media_type.lower() for media_type in content}
        as_json = next((c for media_type, c in content.items() if is_json(media_type) or media_type == "*/*"), None)
        self._json = BodyValidator(schemas, as_json) if as_json else None
        self._form = BodyValidator(schemas, content[_FORM]) if _FORM in content else None

    def read(self, raw: bytes, request: Request) -> tuple[Any, Sequence[Problem]]:
        """The value of a body, ``ABSENT`` for an empty one, and what is wrong with it. Raises ``Refused`` as ``parse``.

        Of the headers, it depends on ``content-type`` alone.
        """
        value = self.parse(raw, request) if raw else ABSENT
        return value, self.problems(value)

    def parse(self, raw: bytes, request: Request) -> Any:
        """The value of a body that is not empty. Raises ``Refused`` where it cannot be parsed."""
        if self._json and request.headers.get(b"content-type") == JSON:  # as nearly all are
            return self._parsed(raw)
        content_type = request.header(b"content-type")
        if content_type is None and not self._is_fastapi and self._json:
            return self._parsed(raw)
        if content_type and is_json(content_type) and self._json:
            return self._parsed(raw)
        media_type = (content_type or "").partition(";")[0].strip().lower()
        if media_type == _FORM and self._form:
            return _fields(raw)
        if not self._is_fastapi and not self._takes(media_type):
            raise Refused(
                self._dialect.refuse(self._unsupported, f"{media_type or 'no content type'} is not supported")
            )
        return Opaque(raw.decode("utf-8", "replace"))

    def problems(self, body: Any) -> Sequence[Problem]:
        """What is wrong with a parsed body."""
        if body is ABSENT:
            return [missing(("body",))] if self._required else ()
        if isinstance(body, Form):
            return self._form.problems(body, strict=False) if self._form else ()
        if self._json is None or (isinstance(body, Opaque) and not self._is_fastapi):
            return ()
        return self._json.problems(str(body) if isinstance(body, Opaque) else body)

    def _takes(self, media_type: str) -> bool:
        family = f"{media_type.partition('/')[0]}/*"
        return not self._media_types.isdisjoint({media_type, family, "*/*"})

    def _parsed(self, raw: bytes) -> Any:
        try:
            value = from_json(raw, allow_inf_nan=False)
        except ValueError:
            value = self._parsed_as_python_does(raw)
        if _PERHAPS_HUGE.search(raw) and _has_infinity(value):
            self._refuse_huge(raw.decode(json.detect_encoding(raw)))
        return value

    def _parsed_as_python_does(self, raw: bytes) -> Any:
        """FastAPI's parser is Python's: it takes other encodings, and it says what is wrong in its own words."""
        try:
            text = raw.decode(json.detect_encoding(raw), "surrogatepass")
        except UnicodeDecodeError:
            self._refuse_unparsable()
        try:
            _DECODER.decode(text)
            return from_json(text.encode(), allow_inf_nan=False)
        except json.JSONDecodeError as error:
            self._refuse_json(error.pos, error.msg)
        except _Constant:
            self._refuse_json(_position(_CONSTANT, text), "Expecting value")
        except (ValueError, RecursionError):  # digits without end, depth without end, or half a surrogate pair
            surrogate = _SURROGATE.search(text)
            if surrogate is None:
                self._refuse_unparsable()
            self._refuse_json(surrogate.start(), "Lone surrogate")

    def _refuse_huge(self, text: str) -> NoReturn:
        numbers = (match for match in _NUMBER.finditer(text) if match[1])
        position = next((match.start(1) for match in numbers if math.isinf(float(match[1]))), 0)
        self._refuse_json(position, "Number out of range")

    def _refuse_json(self, position: int, error: str) -> NoReturn:
        found = problem("json_invalid", ("body", position), "JSON decode error", {}, {"error": error})
        raise Refused(self._dialect.invalid([found]))

    def _refuse_unparsable(self) -> NoReturn:
        raise Refused(self._dialect.refuse(400 if self._is_fastapi else self._dialect.status, UNPARSABLE))


def _unsupported(operation: Operation, dialect: Dialect) -> int:
    """The status for a content type that is not documented: 415 (RFC 9110, section 15.5.16) where nothing else is."""
    others = {"400", "422"} & set(operation.responses)
    return 415 if "415" in operation.responses and not others else dialect.status


def _refuse_constant(_name: str) -> NoReturn:
    raise _Constant


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _position(pattern: re.Pattern[str], text: str) -> int:
    return next((match.start(1) for match in pattern.finditer(text) if match[1]), 0)


def _has_infinity(value: Any) -> bool:
    if isinstance(value, float):
        return math.isinf(value)
    if isinstance(value, dict):
        return any(map(_has_infinity, value.values()))
    return isinstance(value, list) and any(map(_has_infinity, value))


def _fields(raw: bytes) -> Form:
    fields = Form()
    for name, value in parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True):
        known = fields.get(name)
        fields[name] = value if known is None else [*(known if isinstance(known, list) else [known]), value]
    return fields
