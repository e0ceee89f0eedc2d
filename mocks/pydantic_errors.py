"""Errors of the installed pydantic for what only jsonschema-rs refuses: the value is held to one keyword at a time.

Like ``pydantic_schemas``, this module is imported where a request first needs it.
"""

import json
from functools import cache, lru_cache
from types import GenericAlias
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from specduet.mocks.pydantic_types import make_literal

PydanticError = dict[str, Any]
"""As ``ValidationError.errors()`` has it; ``loc`` leads from the value that was validated to what is wrong in it."""

_ARRAY, _OBJECT = GenericAlias(list, Any), GenericAlias(dict, (str, Any))
_JSON_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": _ARRAY,
    "object": _OBJECT,
    "null": None,
}
_NUMBER_LIMITS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
# The type that a keyword limits, and pydantic's name of the limit.
_LIMITS: dict[str, tuple[Any, str]] = {
    "minLength": (str, "min_length"),
    "maxLength": (str, "max_length"),
    "minItems": (_ARRAY, "min_length"),
    "maxItems": (_ARRAY, "max_length"),
    "minProperties": (_OBJECT, "min_length"),
    "maxProperties": (_OBJECT, "max_length"),
}
_KEYWORDS = {"type", "enum", "const", "pattern", *_NUMBER_LIMITS, *_LIMITS}


class _OneField(BaseModel):
    """A field that is required, and no other."""

    model_config = ConfigDict(extra="forbid")

    field: Any


@cache
def find_missing_error() -> PydanticError:
    """Return the error for a required field that is not there."""
    return _find_errors(TypeAdapter(_OneField), {})[0]


@cache
def find_extra_error() -> PydanticError:
    """Return the error for a field that is forbidden."""
    return _find_errors(TypeAdapter(_OneField), {"field": None, "extra": None})[0]


def find_value_error(message: str) -> PydanticError:
    """Return the error for a value that a validator of the application refuses with ``message``."""
    error = _find_errors(_adapt_refusal(), message)[0]
    return {**error, "ctx": {"error": message}}  # pydantic's own context holds the exception, which is no JSON


def find_keyword_error(keyword: str, limit: Any, value: Any) -> PydanticError | None:
    """Return the error for a value that violates a keyword of its schema, or None if pydantic does not refuse it.

    For example ``greater_than_equal`` for ``("minimum", 3, 2)``.
    """
    if keyword not in _KEYWORDS:
        return None
    is_float = isinstance(value, float) or isinstance(limit, float)
    try:
        adapter = _adapt_keyword(keyword, json.dumps(limit), is_float=is_float)
    except Exception:  # noqa: BLE001  # pydantic exports no class for the error of a type that it cannot build
        return None
    errors = _find_errors(adapter, value)
    if not errors and keyword in {"enum", "const"}:  # to pydantic 1 is True, to JSON Schema it is not
        errors = _find_errors(adapter, object())
    return errors[0] if errors else None


@lru_cache(maxsize=512)
def _adapt_keyword(keyword: str, limit: str, *, is_float: bool) -> TypeAdapter[Any]:
    """Return the adapter of the type that is nothing but one keyword; its limit is JSON, so that 1 is not True."""
    value = json.loads(limit)
    if keyword == "type":
        return TypeAdapter(_JSON_TYPES[value])
    if keyword in {"enum", "const"}:
        return TypeAdapter(make_literal(value if keyword == "enum" else [value]))
    if keyword == "pattern":
        return _adapt_pattern(value)
    if keyword in _NUMBER_LIMITS:
        return _adapt_limit(float if is_float else int, _NUMBER_LIMITS[keyword], value)
    return _adapt_limit(*_LIMITS[keyword], value)


def _adapt_limit(annotation: Any, name: str, value: Any) -> TypeAdapter[Any]:
    limits: dict[str, Any] = {name: value}
    limited: Any = Annotated[annotation, Field(**limits)]
    return TypeAdapter(limited)


def _adapt_pattern(pattern: str) -> TypeAdapter[Any]:
    """Return the adapter of text with a pattern, by Python's engine where pydantic's own does not take it."""
    annotation = Annotated[str, Field(pattern=pattern)]
    try:
        return TypeAdapter(annotation)
    except Exception:  # noqa: BLE001  # pydantic exports no class for the error of a type that it cannot build
        return TypeAdapter(annotation, config=ConfigDict(regex_engine="python-re"))


@cache
def _adapt_refusal() -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[str, AfterValidator(_refuse)])


def _refuse(message: str) -> str:
    raise ValueError(message)


def _find_errors(adapter: TypeAdapter[Any], value: Any) -> list[PydanticError]:
    try:
        adapter.validate_python(value, strict=True)
    except ValidationError as error:
        errors: list[Any] = error.errors(include_url=False)
        return errors
    return []
