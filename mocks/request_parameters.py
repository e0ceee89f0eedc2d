"""From the text of a path, query, header or cookie parameter to its value, read as FastAPI reads it.

The same validator that FastAPI uses reads the text, so that ``+1``, ``1_0`` and ``1.0`` are integers here as there, and
a UUID may stand in braces. How a list or an object is spelt as text is OpenAPI's matter (OAS 3.1, 4.8.12.2).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from pydantic_core import ValidationError, from_json

from specduet.mocks.pydantic_schemas import compile_validator
from specduet.mocks.request import Request
from specduet.mocks.validation import Problem, Residue, located, missing
from specduet.specs import Operation, Parameter, Schema, Schemas

_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
# What these say is said elsewhere in the document (OAS 3.1, 4.8.12.2).
_NOT_PARAMETERS = {"accept", "content-type", "authorization"}


class Parameters:
    """All parameters of an operation, compiled: a request in, values or problems out."""

    def __init__(self, schemas: Schemas, operation: Operation) -> None:
        names = _template_names(operation.path)
        self._path = tuple((names.index(r.name), r) for r in _readers(schemas, operation, "path") if r.name in names)
        self._query = tuple(_readers(schemas, operation, "query"))
        self._header = tuple(_readers(schemas, operation, "header"))
        self._cookie = tuple(_readers(schemas, operation, "cookie"))
        others = (*self._query, *self._header, *self._cookie)
        self._defaults = {reader.name: reader.default for reader in others if reader.default is not None}
        self._repeats = any(reader.wants_all for reader in self._query)
        self.headers = [*(reader.key for reader in self._header), *([b"cookie"] if self._cookie else ())]
        """The names of the headers that are read."""
        self._query_is_needed = any(reader.required for reader in self._query)

    def read(self, request: Request) -> tuple[Mapping[str, Any], Sequence[Problem]]:
        """The values by name, decoded, defaults filled in, and what is wrong, in FastAPI's order."""
        values = self._defaults.copy()
        problems: list[Problem] = []
        for index, reader in self._path:
            reader.take(request.path_values[index], values, problems)
        if self._query and (request.query_string or self._query_is_needed):
            self._read_query(request, values, problems)
        for reader in self._header:
            text = request.headers.get(reader.key)
            reader.take(None if text is None else text.decode("latin-1"), values, problems)
        if self._cookie:
            cookies = request.cookies()
            for reader in self._cookie:
                reader.take(cookies.get(reader.name), values, problems)
        return values, problems

    def _read_query(self, request: Request, values: dict[str, Any], problems: list[Problem]) -> None:
        if self._repeats:
            texts = _lists(request)
            for reader in self._query:
                reader.take(reader.find(texts), values, problems)
        else:
            last = dict(request.pairs())
            for reader in self._query:
                reader.take(last.get(reader.name), values, problems)


class _Reader:
    """One parameter: from its text, or from all of its texts for a list or an object, to its value."""

    def __init__(self, schemas: Schemas, parameter: Parameter) -> None:
        inner, _, _ = schemas.split_null(parameter.schema, parameter.pointer)
        self.name = parameter.name
        self.location = parameter.location
        self.required = parameter.required or parameter.location == "path"
        self.key = parameter.name.lower().encode("latin-1", "replace")
        kind = None if _has_content(parameter) else _kind(inner)
        self.wants_all = kind in {"array", "object"}
        self._is_object = kind == "object"
        self._properties = tuple(inner.get("properties", ()))
        self._deep = parameter.style == "deepObject"
        self._exploded = parameter.explode
        self._split = _decoded if _has_content(parameter) else _splitter(parameter, kind)
        validator, complete = compile_validator(schemas, parameter.pointer)
        self._validate = validator.validate_python
        self._residue = None if complete else Residue(schemas, parameter.pointer)
        self.default = self._default(parameter.default)

    def _default(self, default: Any) -> Any:
        """The default as a value; one that breaks its own schema stays as it is, as with pydantic."""
        try:
            return None if default is None else _plain(self._validate(default))
        except ValidationError:
            return default

    def find(self, texts: Mapping[str, list[str]]) -> Any:
        """What the query says of this parameter, or None (OAS 3.1, 4.8.12.4)."""
        if self._is_object and (self._deep or self._exploded):
            names = {key: f"{self.name}[{key}]" if self._deep else key for key in self._properties}
            return {key: texts[name][-1] for key, name in names.items() if name in texts} or None
        found = texts.get(self.name)
        if found is None or (self.wants_all and self._exploded):
            return found
        return found[-1]

    def take(self, text: Any, values: dict[str, Any], problems: list[Problem]) -> None:
        """Put the value of a text, or what is wrong with it, where it belongs; None stands for no text at all."""
        if text is None:
            if self.required:
                problems.append(missing((self.location, self.name)))
            return
        try:
            value = self._validate(text if self._split is None else self._split(text), from_attributes=True)
        except ValidationError as error:
            problems += located(error, (self.location, self.name))
            return
        if type(value) not in _PLAIN:
            value = _plain(value)
        if self._residue is not None:
            found = self._residue.problems(_as_json(value), (self.location, self.name))
            if found:
                problems += found
                return
        values[self.name] = value


_PLAIN = {int, str, bool, float}


def _readers(schemas: Schemas, operation: Operation, location: str) -> Iterator[_Reader]:
    for parameter in operation.parameters:
        if parameter.location == location and not (location == "header" and parameter.name.lower() in _NOT_PARAMETERS):
            yield _Reader(schemas, parameter)


def _template_names(path: str) -> list[str]:
    return [piece.partition("}")[0] for piece in path.split("{")[1:]]


def _lists(request: Request) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for name, value in request.pairs():
        texts.setdefault(name, []).append(value)
    return texts


def _has_content(parameter: Parameter) -> bool:
    """Whether the parameter is JSON: it has ``content`` instead of ``schema`` (OAS 3.1, 4.8.12.2)."""
    return parameter.pointer.split("/")[-3:-2] == ["content"]


def _kind(schema: Schema) -> Any:
    """The type of a schema other than null; the first of several."""
    kind = schema.get("type")
    return next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind


def _splitter(parameter: Parameter, kind: Any) -> Callable[[Any], Any] | None:
    """How the text of this parameter becomes what its schema speaks of; None where it is that already."""
    if kind == "array":
        separator = _SEPARATORS.get(parameter.style, ",")
        return lambda text: text.split(separator) if isinstance(text, str) else text
    if kind == "object":
        exploded = parameter.explode
        return lambda text: _object(text, exploded=exploded) if isinstance(text, str) else text
    return None


def _decoded(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return text


def _object(text: str, *, exploded: bool) -> Any:
    """``R,100,G,200``, or ``R=100,G=200`` where exploded (OAS 3.1, 4.8.12.4)."""
    pieces = text.split(",")
    if exploded:
        return dict(piece.split("=", 1) for piece in pieces if "=" in piece)
    return dict(zip(pieces[::2], pieces[1::2], strict=False))


def _plain(value: Any) -> Any:
    """The value as the rest of the mock knows it: no enumeration members, no moments without an offset."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value[0] if isinstance(value, tuple) else value  # a model comes as its fields and some bookkeeping


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_json(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_as_json(inner) for inner in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
