"""The parameters of one operation: the texts in path, query, headers and cookies of a request, read to values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from specduet.mocks.parameter_reader import ParameterReader
from specduet.mocks.request import Request
from specduet.mocks.text_values import TextReader
from specduet.mocks.validation import Problem
from specduet.specs import Operation, Parameter, Schemas

# Headers that OpenAPI describes elsewhere: parameters of these names are ignored (OAS 3.1, 4.8.12.2).
_IGNORED_HEADERS = {"accept", "content-type", "authorization"}


class RequestParameters:
    """The parameters of one operation: a request in, values and problems out. Compiled by the first request."""

    def __init__(self, schemas: Schemas, operation: Operation, *, is_fastapi: bool = True) -> None:
        """With ``is_fastapi``, texts are read as leniently as FastAPI reads them."""
        self._schemas = schemas
        self._is_fastapi = is_fastapi
        self._operation = operation
        self.header_names = _list_header_names(operation)
        """Names of the headers that are read."""

    @cached_property
    def _text_reader(self) -> TextReader:
        return TextReader(self._schemas)

    @cached_property
    def _path_readers(self) -> Sequence[tuple[int, ParameterReader]]:
        names = _list_template_names(self._operation.path)
        readers = self._build_readers("path")
        return tuple((names.index(reader.name), reader) for reader in readers if reader.name in names)

    @cached_property
    def _query_readers(self) -> Sequence[ParameterReader]:
        return tuple(self._build_readers("query"))

    @cached_property
    def _header_readers(self) -> Sequence[ParameterReader]:
        return tuple(self._build_readers("header"))

    @cached_property
    def _cookie_readers(self) -> Sequence[ParameterReader]:
        return tuple(self._build_readers("cookie"))

    @cached_property
    def _query_names(self) -> frozenset[str]:
        return frozenset(reader.name for reader in self._query_readers)

    @cached_property
    def _requires_query(self) -> bool:
        return any(reader.required for reader in self._query_readers)

    @cached_property
    def _has_repeatable_query(self) -> bool:
        return any(reader.needs_all_texts for reader in self._query_readers)

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        readers = (*self._query_readers, *self._header_readers, *self._cookie_readers)
        return {reader.name: reader.default for reader in readers if reader.default is not None}

    def _build_readers(self, location: str) -> Iterator[ParameterReader]:
        for parameter in self._operation.parameters:
            if parameter.location == location and not _is_ignored(parameter):
                yield ParameterReader(self._schemas, parameter, self._text_reader, is_fastapi=self._is_fastapi)

    def read(self, request: Request) -> tuple[Mapping[str, Any], Sequence[Problem]]:
        """Return the values by name, defaults filled in, and the problems in FastAPI's order."""
        values = self._defaults.copy()
        problems: list[Problem] = []
        for index, reader in self._path_readers:
            reader.decode_into(request.path_values[index], values, problems)
        if self._query_readers and (request.query_string or self._requires_query):
            self._read_query(request, values, problems)
        for reader in self._header_readers:
            read = request.join_header if reader.needs_all_texts else request.headers.get
            text = read(reader.header_key)
            reader.decode_into(None if text is None else text.decode("latin-1"), values, problems)
        if self._cookie_readers:
            texts = _group_texts(
                (name, part) for name, text in request.list_cookies() for part in text.split(f"&{name}=")
            )
            for reader in self._cookie_readers:
                reader.decode_into(reader.find_text(texts, ()), values, problems)
        return values, problems

    def _read_query(self, request: Request, values: dict[str, Any], problems: list[Problem]) -> None:
        if self._has_repeatable_query:
            texts = _group_texts(request.parse_query(is_utf8=not self._is_fastapi))
            has_encoded = b"%" in request.query_string
            for reader in self._query_readers:
                text = reader.find_text(texts, self._query_names)
                if has_encoded and reader.splits_text and isinstance(text, str):
                    text = reader.split_encoded(request.find_raw_value(reader.name)) or text
                reader.decode_into(text, values, problems)
        else:
            last = dict(request.parse_query(is_utf8=not self._is_fastapi))
            for reader in self._query_readers:
                reader.decode_into(last.get(reader.name), values, problems)


def _is_ignored(parameter: Parameter) -> bool:
    return parameter.location == "header" and parameter.name.lower() in _IGNORED_HEADERS


def _list_header_names(operation: Operation) -> list[bytes]:
    """Return the names of the headers that parameters are read from, the header of cookies among them."""
    parameters = [parameter for parameter in operation.parameters if not _is_ignored(parameter)]
    names = [p.name.lower().encode("latin-1", "replace") for p in parameters if p.location == "header"]
    return [*names, b"cookie"] if any(parameter.location == "cookie" for parameter in parameters) else names


def _list_template_names(path: str) -> list[str]:
    return [piece.partition("}")[0] for piece in path.split("{")[1:]]


def _group_texts(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for name, value in pairs:
        texts.setdefault(name, []).append(value)
    return texts
