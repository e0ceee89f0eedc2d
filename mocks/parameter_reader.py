"""The reader of one parameter: it finds its text in a request, takes it apart, and makes a value of it.

The validator that FastAPI uses reads the text, so that ``+1``, ``1_0`` and ``1.0`` are integers here as there, and a
UUID may stand in braces. Where it refuses a text that the schema allows, the schema decides.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from specduet.mocks.json_codec import parse_json_text
from specduet.mocks.parameter_styles import choose_splitter, nest_brackets, split_brackets
from specduet.mocks.text_values import TextReader
from specduet.mocks.validation import Problem, SchemaCheck, locate_errors, make_missing_problem
from specduet.specs import Parameter, Schema, Schemas

if TYPE_CHECKING:
    from specduet.mocks.pydantic_schemas import PydanticValidator

_PLAIN_TYPES = {int, str, bool, float}
_PLAIN_INTEGER = re.compile("0|-?[1-9][0-9]{0,14}").fullmatch
# What a schema may say for its valid plain texts to be valid for pydantic, too, and with the same value.
_ANNOTATIONS = {"default", "deprecated", "description", "example", "examples", "title", "type"}
_PLAIN_KEYWORDS: Mapping[Any, tuple[type, set[str]]] = {
    "integer": (int, {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "string": (str, {"minLength", "maxLength", "enum"}),
}


class ParameterReader:
    """The reader of one parameter. A list or an object is read from all of its texts, any other value from one."""

    def __init__(
        self, schemas: Schemas, parameter: Parameter, text_reader: TextReader, *, is_fastapi: bool = True
    ) -> None:
        """Without ``is_fastapi``, values of formats have no other spelling; a date-time may lack its time zone."""
        self.name = parameter.name
        self.location = parameter.location
        self.required = parameter.required or parameter.location == "path"
        self.header_key = parameter.name.lower().encode("latin-1", "replace")
        self._declared_default = parameter.default
        self._schemas = schemas
        self._pointer = parameter.pointer
        self._texts = text_reader
        steps = parameter.pointer.split("/")
        self._has_content = steps[-3:-2] == ["content"]
        self._is_json = self._has_content and "json" in steps[-2].lower()  # OAS 3.1, 4.8.12.2
        types = frozenset() if self._has_content else text_reader.list_types(parameter.pointer)
        self.needs_all_texts = bool(types & {"array", "object"})
        self.is_object = "object" in types
        self._is_bracketed = parameter.style == "deepObject" and self.needs_all_texts
        self._is_exploded = parameter.explode
        self._is_fastapi = is_fastapi
        self._separator = {"form": ",", "pipeDelimited": "|"}.get("" if parameter.explode else parameter.style)
        self._split = None if self._has_content else choose_splitter(parameter, types)
        self.splits_text = self._split is not None and self._separator is not None
        """True if one text of the query holds several values between separators."""
        self._allows_empty = _allows_empty_value(schemas, parameter)
        is_plain = self._split is None and not self._has_content and not self._allows_empty
        self._plain_type = _find_plain_type(parameter.schema) if is_plain else None

    @cached_property
    def _pydantic(self) -> "PydanticValidator":
        from specduet.mocks.pydantic_schemas import compile_validator  # imports pydantic, which start-up does without

        return compile_validator(self._schemas, self._pointer)

    @cached_property
    def _schema_check(self) -> SchemaCheck:
        return SchemaCheck(self._schemas, self._pointer)

    @cached_property
    def default(self) -> Any:
        """Return the default as a value. One that breaks its own schema stays as it is, as with pydantic."""
        default = self._declared_default
        if default is None or (type(default) is self._plain_type and self._schema_check.is_valid(default)):
            return default
        value, errors = self._pydantic.validate(default)
        return default if errors else _normalize_value(value)

    def find_text(self, texts: Mapping[str, list[str]], names: Collection[str]) -> Any:
        """Return the text of this parameter in a query, or its texts; None if there is none (OAS 3.1, 4.8.12.4).

        ``texts`` are all values of the query by name, ``{"limit": ["5"], "tag": ["a", "b"]}``, and ``names`` are those
        of all parameters.
        """
        if self._is_bracketed:
            own = [(name, found) for name, found in texts.items() if split_brackets(name)[0] == self.name]
            found: Any = nest_brackets(own).get(self.name)
            return None if self.is_object and isinstance(found, list) else found
        if self.is_object and self._is_exploded:
            return self._find_exploded_object(texts, names)
        own_texts = texts.get(self.name)
        if own_texts is None or (self.needs_all_texts and self._is_exploded):
            return own_texts
        return own_texts[-1]

    def split_encoded(self, raw: str | None) -> Any:
        """Return the value of a text that is not decoded yet, if it has separators; else None.

        An encoded separator is part of a value: ``a%2Cb,c`` is ``["a,b", "c"]`` (OAS 3.1, appendix E).
        """
        if raw is None or self._split is None or str(self._separator) not in raw or _is_json_text(unquote_plus(raw)):
            return None
        pieces = self._split(raw)
        if isinstance(pieces, Mapping):
            return {unquote_plus(name): unquote_plus(piece) for name, piece in pieces.items()}
        return [unquote_plus(piece) for piece in pieces] if isinstance(pieces, list) else None

    def _find_exploded_object(self, texts: Mapping[str, list[str]], names: Collection[str]) -> Any:
        """Return the object whose properties stand side by side in the query, with any other name if it is a map."""
        declared = self._texts.list_properties(self._pointer)
        is_map = not declared or self._texts.describes_other_properties(self._pointer)
        found = {name: values for name, values in texts.items() if name in declared or (is_map and name not in names)}
        return found or None

    def decode_into(self, text: Any, values: dict[str, Any], problems: list[Problem]) -> None:
        """Add the value of a text to ``values``, or the problems with it to ``problems``. None means no text at all."""
        if text is None:
            if self.required:
                problems.append(make_missing_problem((self.location, self.name)))
            return
        value = None if self._plain_type is None else self._read_plain_text(text)
        if value is None:
            value, own_problems = self._read_text(text)
            if own_problems:
                problems += own_problems
                return
        values[self.name] = value

    def _read_plain_text(self, text: str) -> Any:
        """Return the value of a text as nearly all clients spell it, or None: those texts are read without pydantic."""
        value: Any = text if self._plain_type is str else int(text) if _PLAIN_INTEGER(text) else None
        return value if value is not None and self._schema_check.is_valid(value) else None

    def _read_text(self, text: Any) -> tuple[Any, Sequence[Problem]]:
        """Return the value of any text, or the problems with it."""
        if self._plain_type is not None and self._pydantic.is_complete:
            value, errors = self._pydantic.validate(text)
            return value, locate_errors(errors, (self.location, self.name))
        if text in ("", [""]) and self._allows_empty:
            return "", ()
        if self._has_content:
            value = parse_json_text(text) if self._is_json else text
            return value, self._schema_check.find_problems(value, (self.location, self.name))
        if self.location == "cookie" and isinstance(text, list) and len(text) == 1:
            text = text[0]
        if isinstance(text, str) and self.needs_all_texts and _is_json_text(text):  # no style, and common
            value = parse_json_text(text)
            if not isinstance(value, str) and self._schema_check.is_valid(value):
                return value, ()
        if isinstance(text, str) and self._split is not None:
            text = self._split(text)
        return self._validate(self._texts.arrange_texts(text, self._pointer))

    def _validate(self, texts: Any) -> tuple[Any, Sequence[Problem]]:
        """Return the value of texts that were taken apart, or the problems with it."""
        value, errors = self._pydantic.validate(texts)
        if not errors and (self._is_fastapi or _is_free(value) or self._is_documented(texts)):
            if type(value) not in _PLAIN_TYPES:
                value = _normalize_value(value)
            if self._pydantic.is_complete or self._schema_check.is_valid(_to_json_value(value)):
                return value, ()
        converted = self._texts.convert_texts(texts, self._pointer)
        if self._may_be_valid(converted, texts) and self._schema_check.is_valid(converted):
            return converted, ()
        if converted != texts:
            other = self._texts.convert_texts(texts, self._pointer, prefers_text=True)
            if other != converted and self._schema_check.is_valid(other):
                return other, ()
        location = (self.location, self.name)
        return None, locate_errors(errors, location) or self._schema_check.find_problems(converted, location)

    def _is_documented(self, texts: Any) -> bool:
        """Return True if the schema itself allows what texts stand for: pydantic reads more dates than RFC 3339 has."""
        converted = (self._texts.convert_texts(texts, self._pointer, prefers_text=prefers) for prefers in (False, True))
        return any(map(self._schema_check.is_valid, converted))

    def _may_be_valid(self, converted: Any, texts: Any) -> bool:
        """Return False for a text that stands for nothing else, where the schema has no text."""
        types = self._texts.list_types(self._pointer)
        return not isinstance(texts, str) or converted != texts or "string" in types or not types


def _allows_empty_value(schemas: Schemas, parameter: Parameter) -> bool:
    """Return True if an empty text is a value, whatever the schema says (OAS 3.1, 4.8.12.2)."""
    holder = schemas.node_at(parameter.pointer.removesuffix("/schema"))
    return isinstance(holder, Mapping) and holder.get("allowEmptyValue") is True


def _find_plain_type(schema: Schema) -> type | None:
    """Return the type of a value whose plain text the schema alone decides about: ``int`` or ``str``, or None."""
    kind = schema.get("type")
    plain_type, keywords = _PLAIN_KEYWORDS.get(kind if isinstance(kind, str) else None, (None, set()))
    return plain_type if schema.keys() <= _ANNOTATIONS | keywords else None


def _normalize_value(value: Any) -> Any:
    """Return a value with plain ones for members of enumerations, and with UTC for times without a time zone."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if isinstance(value, list):
        return [_normalize_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _normalize_value(item) for key, item in value.items()}
    dump = getattr(value, "model_dump", None)  # a model, without importing pydantic to know
    return value if dump is None else _normalize_value(dump(by_alias=True, exclude_unset=True))


def _is_json_text(text: str) -> bool:
    """Return True if a text looks like an array or object of JSON."""
    return text[:1] in {"{", "["}


def _is_free(value: Any) -> bool:
    """Return True if a value is or holds nothing but what JSON has as well, and times."""
    if isinstance(value, list):
        return all(map(_is_free, value))
    if isinstance(value, dict):
        return all(map(_is_free, value.values()))
    return value is None or type(value) in _PLAIN_TYPES or isinstance(value, datetime)


def _to_json_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _to_json_value(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_to_json_value(inner) for inner in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
