"""Request parameters: the texts in path, query, headers and cookies, decoded to values as FastAPI decodes them.

The same validator that FastAPI uses reads the text, so that ``+1``, ``1_0`` and ``1.0`` are integers here as there, and
a UUID may stand in braces. Lists and objects are spelled as OpenAPI says (OAS 3.1, 4.8.12.2).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from specduet.mocks.json_codec import decode_json
from specduet.mocks.request import Request
from specduet.mocks.validation import Problem, SchemaCheck, locate_errors, make_missing_problem
from specduet.specs import Operation, Parameter, Schema, Schemas

if TYPE_CHECKING:
    from specduet.mocks.pydantic_schemas import PydanticValidator

_STYLE_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
# Headers that OpenAPI describes elsewhere: parameters of these names are ignored (OAS 3.1, 4.8.12.2).
_IGNORED_HEADERS = {"accept", "content-type", "authorization"}


class RequestParameters:
    """The parameters of one operation, compiled: a request in, values and problems out."""

    def __init__(self, schemas: Schemas, operation: Operation) -> None:
        names = _list_template_names(operation.path)
        self._path_readers = tuple(
            (names.index(reader.name), reader)
            for reader in _build_readers(schemas, operation, "path")
            if reader.name in names
        )
        self._query_readers = tuple(_build_readers(schemas, operation, "query"))
        self._header_readers = tuple(_build_readers(schemas, operation, "header"))
        self._cookie_readers = tuple(_build_readers(schemas, operation, "cookie"))
        self._has_repeatable_query = any(reader.needs_all_texts for reader in self._query_readers)
        self.header_names = [
            *(reader.header_key for reader in self._header_readers),
            *([b"cookie"] if self._cookie_readers else ()),
        ]
        """Names of the headers that are read."""
        self._requires_query = any(reader.required for reader in self._query_readers)

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        readers = (*self._query_readers, *self._header_readers, *self._cookie_readers)
        return {reader.name: reader.default for reader in readers if reader.default is not None}

    def read(self, request: Request) -> tuple[Mapping[str, Any], Sequence[Problem]]:
        """Return the values by name, defaults filled in, and the problems in FastAPI's order."""
        values = self._defaults.copy()
        problems: list[Problem] = []
        for index, reader in self._path_readers:
            reader.decode_into(request.path_values[index], values, problems)
        if self._query_readers and (request.query_string or self._requires_query):
            self._read_query(request, values, problems)
        for reader in self._header_readers:
            text = request.headers.get(reader.header_key)
            reader.decode_into(None if text is None else text.decode("latin-1"), values, problems)
        if self._cookie_readers:
            cookies = request.parse_cookies()
            for reader in self._cookie_readers:
                reader.decode_into(cookies.get(reader.name), values, problems)
        return values, problems

    def _read_query(self, request: Request, values: dict[str, Any], problems: list[Problem]) -> None:
        if self._has_repeatable_query:
            texts = _group_query_values(request)
            for reader in self._query_readers:
                reader.decode_into(reader.find_text(texts), values, problems)
        else:
            last = dict(request.parse_query())
            for reader in self._query_readers:
                reader.decode_into(last.get(reader.name), values, problems)


class _ParameterReader:
    """The reader of one parameter. A list or an object is read from all of its texts, any other value from one."""

    def __init__(self, schemas: Schemas, parameter: Parameter) -> None:
        inner, _, _ = schemas.split_null(parameter.schema, parameter.pointer)
        self.name = parameter.name
        self.location = parameter.location
        self.required = parameter.required or parameter.location == "path"
        self.header_key = parameter.name.lower().encode("latin-1", "replace")
        kind = None if _has_content(parameter) else _find_type(inner)
        self.needs_all_texts = kind in {"array", "object"}
        self._is_object = kind == "object"
        self._properties = tuple(inner.get("properties", ()))
        self._is_deep_object = parameter.style == "deepObject"
        self._is_exploded = parameter.explode
        self._split = _parse_json_text if _has_content(parameter) else _choose_splitter(parameter, kind)
        self._plain_type = None if _has_content(parameter) else _find_plain_type(inner)
        self._declared_default = parameter.default
        self._schemas = schemas
        self._pointer = parameter.pointer

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

    def _read_plain_text(self, text: str) -> Any:
        """Return the value of a text as nearly all clients spell it, or None: those texts are read without pydantic."""
        value: Any = text if self._plain_type is str else int(text) if _PLAIN_INTEGER(text) else None
        return value if value is not None and self._schema_check.is_valid(value) else None

    def find_text(self, texts: Mapping[str, list[str]]) -> Any:
        """Return the text of this parameter in a query, or its texts; None if there is none (OAS 3.1, 4.8.12.4).

        ``texts`` are all values of the query by name: ``{"limit": ["5"], "tag": ["a", "b"]}``.
        """
        if self._is_object and (self._is_deep_object or self._is_exploded):
            names = {key: f"{self.name}[{key}]" if self._is_deep_object else key for key in self._properties}
            return {key: texts[name][-1] for key, name in names.items() if name in texts} or None
        own_texts = texts.get(self.name)
        if own_texts is None or (self.needs_all_texts and self._is_exploded):
            return own_texts
        return own_texts[-1]

    def decode_into(self, text: Any, values: dict[str, Any], problems: list[Problem]) -> None:
        """Add the value of a text to ``values``, or the problems with it to ``problems``. None means no text at all."""
        if text is None:
            if self.required:
                problems.append(make_missing_problem((self.location, self.name)))
            return
        value = None if self._plain_type is None else self._read_plain_text(text)
        if value is None:
            value, own_problems = self._validate(text if self._split is None else self._split(text))
            if own_problems:
                problems += own_problems
                return
        values[self.name] = value

    def _validate(self, given: Any) -> tuple[Any, list[Problem]]:
        """Return the value of a text that was split, or the problems with it."""
        value, errors = self._pydantic.validate(given)
        if errors:
            return None, locate_errors(errors, (self.location, self.name))
        if type(value) not in _PLAIN_TYPES:
            value = _normalize_value(value)
        if self._pydantic.is_complete:
            return value, []
        return value, self._schema_check.find_problems(_to_json_value(value), (self.location, self.name))


_PLAIN_TYPES = {int, str, bool, float}
_PLAIN_INTEGER = re.compile("0|-?[1-9][0-9]{0,14}").fullmatch
# What a schema may say for its valid plain texts to be valid for pydantic, too, and with the same value.
_ANNOTATIONS = {"default", "deprecated", "description", "example", "examples", "title", "type"}
_PLAIN_KEYWORDS: Mapping[Any, tuple[type, set[str]]] = {
    "integer": (int, {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    "string": (str, {"minLength", "maxLength", "enum"}),
}


def _find_plain_type(schema: Schema) -> type | None:
    """Return the type of a value whose plain text the schema alone decides about: ``int`` or ``str``, or None."""
    kind = schema.get("type")
    plain_type, keywords = _PLAIN_KEYWORDS.get(kind if isinstance(kind, str) else None, (None, set()))
    return plain_type if schema.keys() <= _ANNOTATIONS | keywords else None


def _build_readers(schemas: Schemas, operation: Operation, location: str) -> Iterator[_ParameterReader]:
    for parameter in operation.parameters:
        if parameter.location == location and not (location == "header" and parameter.name.lower() in _IGNORED_HEADERS):
            yield _ParameterReader(schemas, parameter)


def _list_template_names(path: str) -> list[str]:
    return [piece.partition("}")[0] for piece in path.split("{")[1:]]


def _group_query_values(request: Request) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for name, value in request.parse_query():
        texts.setdefault(name, []).append(value)
    return texts


def _has_content(parameter: Parameter) -> bool:
    """Return True if the parameter is JSON: it has ``content`` instead of ``schema`` (OAS 3.1, 4.8.12.2)."""
    return parameter.pointer.split("/")[-3:-2] == ["content"]


def _find_type(schema: Schema) -> Any:
    """Return the type of a schema other than null; the first of several."""
    kind = schema.get("type")
    return next((name for name in kind if name != "null"), None) if isinstance(kind, list) else kind


def _choose_splitter(parameter: Parameter, kind: Any) -> Callable[[Any], Any] | None:
    """Return the function that splits the text of a list or an object; None for any other type."""
    if kind == "array":
        separator = _STYLE_SEPARATORS.get(parameter.style, ",")
        return lambda text: text.split(separator) if isinstance(text, str) else text
    if kind == "object":
        exploded = parameter.explode
        return lambda text: _parse_object_text(text, exploded=exploded) if isinstance(text, str) else text
    return None


def _parse_json_text(text: str) -> Any:
    try:
        return decode_json(text.encode())
    except ValueError:
        return text


def _parse_object_text(text: str, *, exploded: bool) -> Any:
    """Return the object of ``R,100,G,200``, or of ``R=100,G=200`` if ``exploded`` (OAS 3.1, 4.8.12.4)."""
    pieces = text.split(",")
    if exploded:
        return dict(piece.split("=", 1) for piece in pieces if "=" in piece)
    return dict(zip(pieces[::2], pieces[1::2], strict=False))


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


def _to_json_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _to_json_value(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_to_json_value(inner) for inner in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
