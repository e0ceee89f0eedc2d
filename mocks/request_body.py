"""Request bodies: the documented media type of a body is found, and the body is read and validated by it.

JSON, forms and plain text are held to their schemas; anything else, such as XML or an image, is taken as it is.
"""

import zlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from specduet.mocks.error_responses import Dialect, HttpError
from specduet.mocks.form_body import FORM, MULTIPART_FORM, FormReader
from specduet.mocks.json_body import JsonBodyParser
from specduet.mocks.media_types import is_in_range, split_parameters
from specduet.mocks.request import Request, is_json
from specduet.mocks.responses import JSON
from specduet.mocks.text_values import TextReader
from specduet.mocks.validation import BodyValidator, Problem, make_missing_problem
from specduet.specs import Api, Content, Operation

BODY_HEADERS: Final = (b"content-type", b"content-encoding")
"""Names of the headers that say how a body is read."""
ABSENT_BODY: Final = object()
"""The value of a body that is empty."""

_PLAIN_TEXT = "text/plain"
_ANY_HEADER = zlib.MAX_WBITS | 32
"""The option of zlib that takes gzip and zlib alike (RFC 1950, RFC 1952)."""
_MAX_INFLATED = 16_777_216
_Read = tuple[Any, Sequence[Problem]]
"""The value of a body, and the problems with it."""


class _MediaType(NamedTuple):
    """A media type: ``("text/csv", {"header=present"})`` for ``text/csv; header=present``."""

    name: str
    parameters: frozenset[str]


class BodyReader:
    """The reader of the bodies of one operation. Its validators are compiled by the first request."""

    def __init__(self, api: Api, operation: Operation, dialect: Dialect) -> None:
        assert operation.body is not None
        self._api = api
        self._operation = operation
        self._content: Mapping[str, Content] = operation.body.content
        self._required = operation.body.required
        self._dialect = dialect
        self._is_fastapi = dialect.is_fastapi
        self._json_parser = JsonBodyParser(dialect)
        self._validators: dict[str, BodyValidator] = {}
        self._form_readers: dict[str, FormReader] = {}

    @cached_property
    def _documented(self) -> Sequence[tuple[_MediaType, Content]]:
        return tuple((_parse_media_type(name), content) for name, content in self._content.items())

    @cached_property
    def _json_content(self) -> Content | None:
        """The media type that JSON is read by."""
        names = [(media_type.name, content) for media_type, content in self._documented]
        by_name = dict(reversed(names))
        others = (content for name, content in names if is_json(name))
        return by_name.get(JSON.decode()) or next(others, by_name.get("application/*") or by_name.get("*/*"))

    def read(self, raw: bytes, request: Request) -> _Read:
        """Return the value of a body, ``ABSENT_BODY`` for an empty one, and the problems with it.

        Of the headers, it depends on ``BODY_HEADERS`` alone. Raises ``HttpError`` if the body cannot be parsed.
        """
        if b"content-encoding" in request.headers and not self._is_fastapi:
            raw = self._decode(raw, request)
        if not raw:
            return ABSENT_BODY, [make_missing_problem(("body",))] if self._required else ()
        if self._json_content and request.headers.get(b"content-type") == JSON:  # as nearly all are
            return self._read_json(raw, self._json_content)
        content_type = request.get_header(b"content-type")
        if self._is_fastapi:
            return self._read_as_fastapi(raw, content_type or "")
        if not self._documented:
            return raw.decode("utf-8", "replace"), ()
        if content_type is None:
            media_type = (self._json_content or self._documented[0][1]).media_type
            content_type = JSON.decode() if media_type in {"*/*", "application/*"} else media_type
        content = self._choose_content(_parse_media_type(content_type))
        if content is None:
            message = f"{content_type or 'no content type'} is not supported"
            raise HttpError(self._dialect.render_error(self._choose_unsupported_status(), message))
        return self._read_content(raw, content_type, content)

    def _decode(self, raw: bytes, request: Request) -> bytes:
        """Return a body as it was before it was compressed. FastAPI, which reads none of these, does not come here."""
        encodings = (request.get_header(b"content-encoding") or "").lower().split(",")
        for encoding in reversed([encoding.strip() for encoding in encodings if encoding.strip()]):
            try:
                decoded = _decompress(raw, encoding)
            except ValueError:
                self._json_parser.raise_unparsable()
            if decoded is None:
                headers = [(b"accept-encoding", b"gzip, deflate")]  # RFC 9110, section 15.5.16
                raise HttpError(self._dialect.render_error(415, f"the encoding {encoding} is not supported", headers))
            raw = decoded
        return raw

    def _read_as_fastapi(self, raw: bytes, content_type: str) -> _Read:
        """Read a body as FastAPI does: JSON is text if it is not announced, and a form has no fields then."""
        content = self._choose_content(_parse_media_type(content_type))
        if is_json(content_type) and self._json_content:
            content = self._json_content
        if content is not None:
            return self._read_content(raw, content_type, content)
        text = raw.decode("utf-8", "replace")
        if self._json_content is not None:
            return text, self._find_validator(self._json_content).find_problems(text)
        forms = [found for media_type, found in self._documented if media_type.name in {FORM, MULTIPART_FORM}]
        return self._find_form_reader(forms[0]).read_urlencoded(b"") if forms else (text, ())

    def _read_content(self, raw: bytes, content_type: str, content: Content) -> _Read:
        """Read a body of a documented media type."""
        media_type = _parse_media_type(content_type).name
        if is_json(content_type):
            return self._read_json(raw, content)
        if media_type in {FORM, MULTIPART_FORM}:
            reader = self._find_form_reader(content)
            try:
                return reader.read_urlencoded(raw) if media_type == FORM else reader.read_multipart(raw, content_type)
            except ValueError:
                self._json_parser.raise_unparsable()
        text = raw.decode("utf-8", "replace")
        if media_type == _PLAIN_TEXT and content.has_schema:
            value = TextReader(self._api.request_schemas).convert_texts(text, content.pointer)
            return text, self._find_validator(content).find_problems(value)
        return text, ()

    def _read_json(self, raw: bytes, content: Content) -> _Read:
        value = self._json_parser.parse_json(raw)
        return value, self._find_validator(content).find_problems(value)

    def _find_validator(self, content: Content) -> BodyValidator:
        key = content.pointer
        if key not in self._validators:
            schemas = self._api.request_schemas
            self._validators[key] = BodyValidator(schemas, content, is_fastapi=self._is_fastapi)
        return self._validators[key]

    def _find_form_reader(self, content: Content) -> FormReader:
        key = content.pointer
        if key not in self._form_readers:
            schemas = self._api.request_schemas
            self._form_readers[key] = FormReader(schemas, content, is_fastapi=self._is_fastapi)
        return self._form_readers[key]

    def _choose_content(self, requested: _MediaType) -> Content | None:
        """Return the closest documented media type: with its parameters, without them, its range, any."""
        found: dict[int, Content] = {}
        for media_type, content in self._documented:
            if media_type.name == requested.name:
                found.setdefault(0 if media_type.parameters <= requested.parameters else 1, content)
            elif is_in_range(requested.name, media_type.name):
                found.setdefault(3 if media_type.name == "*/*" else 2, content)
        return found[min(found)] if found else None

    def _choose_unsupported_status(self) -> int:
        """Return the status for a media type that is not documented (RFC 9110, section 15.5.16).

        415, unless the document has responses to invalid requests, and 415 is not among them.
        """
        statuses = set(self._operation.responses)
        is_documented = "415" in statuses or statuses.isdisjoint({"400", "422", "4XX", "default"})
        return 415 if is_documented else self._dialect.status


def _parse_media_type(text: str) -> _MediaType:
    return _MediaType(*split_parameters(text))


def _decompress(raw: bytes, encoding: str) -> bytes | None:
    """Return a body without one encoding of ``Content-Encoding`` (RFC 9110, section 8.4.1); None for an unknown one.

    Raises ``ValueError`` if it is not so encoded, or has more bytes than are read.
    """
    if encoding == "identity":
        return raw
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return None
    try:
        inflater = zlib.decompressobj(wbits=_ANY_HEADER)
        body = inflater.decompress(raw, _MAX_INFLATED)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not inflater.eof:
        raise ValueError("incomplete, or too long")
    return body
