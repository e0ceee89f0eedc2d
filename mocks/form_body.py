"""Forms: the fields and files of a body, read by the schema of their media type.

A field is text, and its schema says whether it stands for a number, an array or an object. Fields of one name are an
array, ``a[b]=1`` is an object, and an object may be one text of JSON (OAS 3.1, 4.8.14 and 4.8.15).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from specduet.mocks.multipart import FormPart, parse_multipart
from specduet.mocks.parameter_styles import nest_brackets
from specduet.mocks.text_values import TextReader
from specduet.mocks.validation import (
    BodyValidator,
    Location,
    Problem,
    SchemaCheck,
    make_missing_problem,
    make_problem,
)
from specduet.specs import Content, Schemas
from specduet.specs.schemas import escape_pointer

FORM = "application/x-www-form-urlencoded"
MULTIPART_FORM = "multipart/form-data"

_SEPARATORS = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}
_MAX_FIELDS = 10_000


class FormReader:
    """The reader of the forms of one media type of one operation."""

    def __init__(self, schemas: Schemas, content: Content, *, is_fastapi: bool) -> None:
        self._schemas = schemas
        self._pointer = content.pointer
        self._is_fastapi = is_fastapi
        self._texts = TextReader(schemas, reads_forms=True)
        self._validator = BodyValidator(schemas, content, is_fastapi=is_fastapi)

    @cached_property
    def _encodings(self) -> Mapping[str, Mapping[str, Any]]:
        """The encoding objects of the media type by property (OAS 3.1, 4.8.15)."""
        holder = self._schemas.node_at(self._pointer.removesuffix("/schema"))
        encodings = holder.get("encoding") if isinstance(holder, Mapping) else None
        found = encodings.items() if isinstance(encodings, Mapping) else ()
        return {name: encoding for name, encoding in found if isinstance(encoding, Mapping)}

    def read_urlencoded(self, raw: bytes) -> tuple[dict[str, Any], Sequence[Problem]]:
        """Return the values of a form, and the problems with it. Raises ``ValueError`` for too many fields."""
        pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        return self._read_fields(pairs)

    def read_multipart(self, raw: bytes, content_type: str) -> tuple[dict[str, Any], Sequence[Problem]]:
        """Return the values of the parts, and the problems with them. Raises ``ValueError`` for no multipart body."""
        parts = parse_multipart(raw, content_type)
        value, problems = self._read_fields([(part.name, part.text) for part in parts])
        part_problems = [
            problem for part in parts for problem in (*self._check_content_type(part), *self._check_headers(part))
        ]
        return value, [*problems, *part_problems]

    def _read_fields(self, pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, Any], Sequence[Problem]]:
        texts = self._nest_fields(pairs)
        arranged = self._texts.arrange_texts(texts, self._pointer)
        value = self._texts.convert_texts(arranged, self._pointer)
        readable = None if _has_json(value, arranged) else arranged
        problems = self._validator.find_problems(value, readable)
        if problems:
            other = self._texts.convert_texts(arranged, self._pointer, prefers_text=True)
            if other != value and not self._validator.find_problems(other, readable):
                return other, ()
        if self._is_fastapi:  # which reads each field by itself, so that a missing one has no input
            for problem in problems:
                if problem["type"] == "missing" and len(problem["loc"]) == 2:
                    problem["input"] = None
        return value, problems

    def _nest_fields(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Return the texts by name, those of one name as a list, and those with brackets in objects."""
        declared = self._texts.list_properties(self._pointer)
        fields: dict[str, list[str]] = {}
        for name, text in pairs:
            fields.setdefault(name, []).extend(self._split_field(name, text))
        plain = {name: texts for name, texts in fields.items() if "[" not in name or name in declared}
        return plain | nest_brackets((name, texts) for name, texts in fields.items() if name not in plain)

    def _split_field(self, name: str, text: str) -> list[str]:
        """Return the pieces of a field whose encoding has an array in one text: ``a=1,2``."""
        encoding = self._encodings.get(name, {})
        style = encoding.get("style", "form")
        if "style" not in encoding and "explode" not in encoding:
            return [text]
        separator = None if encoding.get("explode", style == "form") else _SEPARATORS.get(style)
        property_pointer = f"{self._pointer}/properties/{escape_pointer(name)}"
        if separator is None or "array" not in self._texts.list_types(property_pointer):
            return [text]
        return text.split(separator)

    def _check_content_type(self, part: FormPart) -> list[Problem]:
        """Return the problem of a part that states another media type than its encoding does."""
        allowed = self._encodings.get(part.name, {}).get("contentType")
        if not isinstance(allowed, str) or not part.content_type:
            return []
        family = f"{part.content_type.partition('/')[0]}/*"
        media_types = {media_type.partition(";")[0].strip().lower() for media_type in allowed.split(",")}
        if not media_types.isdisjoint({part.content_type, family, "*/*"}):
            return []
        message = f"Value error, the content type should be {allowed}"
        return [make_problem("value_error", ("body", part.name), message, part.content_type)]

    def _check_headers(self, part: FormPart) -> Iterator[Problem]:
        """Yield the problems of the headers that the encoding of a part describes (OAS 3.1, 4.8.15.1)."""
        headers = self._encodings.get(part.name, {}).get("headers")
        steps = f"encoding/{escape_pointer(part.name)}/headers"
        for name, described in headers.items() if isinstance(headers, Mapping) else ():
            key = name.lower().encode("latin-1", "replace")
            if key == b"content-type" or not isinstance(described, Mapping):
                continue
            at = f"{self._pointer.removesuffix('/schema')}/{steps}/{escape_pointer(name)}"
            header, pointer = self._schemas.resolve(described, at)
            location = ("body", part.name, name)
            if key in part.headers:
                yield from self._check_header(part.headers[key].decode("latin-1"), f"{pointer}/schema", location)
            elif header.get("required") is True:
                yield make_missing_problem(location)

    def _check_header(self, text: str, pointer: str, location: Location) -> list[Problem]:
        """Return the problems of the value of a part's header, which is in the style ``simple``."""
        is_list = "array" in self._texts.list_types(pointer)
        texts = [piece.strip() for piece in text.split(",")] if is_list else text
        value = self._texts.convert_texts(self._texts.arrange_texts(texts, pointer), pointer)
        return SchemaCheck(self._schemas, pointer).find_problems(value, location)


def _has_json(value: Any, texts: Any) -> bool:
    """Return True if an object or array was one text of JSON, the types in which count."""
    if isinstance(texts, Mapping):
        return any(_has_json(value[name], text) for name, text in texts.items())
    if isinstance(texts, list):
        return any(_has_json(item, text) for item, text in zip(value, texts, strict=True))
    return isinstance(value, dict | list)
