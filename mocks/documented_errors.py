"""Error responses in the shape that the document gives them, for APIs whose overlay names no dialect.

The dialect's own body is sent if the document describes such a body, with the documented media type. Otherwise a body
of the documented shape is filled with what is wrong (error_bodies.py). An error that an operation does not document has
the shape of those that it does, or that the rest of the API does.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from html import escape
from typing import Any
from weakref import WeakKeyDictionary

from specduet.mocks.bounded_cache import BoundedCache
from specduet.mocks.documented_responses import choose_response_content, encode_response
from specduet.mocks.error_bodies import ErrorBody, ErrorFacts
from specduet.mocks.error_responses import Dialect, choose_dialect, format_problems, get_status_phrase
from specduet.mocks.generation import values
from specduet.mocks.json_codec import decode_json
from specduet.mocks.media_types import choose_concrete_type, get_kind
from specduet.mocks.responses import Headers, HttpResponse
from specduet.mocks.validation import Problem
from specduet.specs import Api, Content, Operation, Schemas

_CACHE_SIZE = 64  # errors of one operation
_PROBLEM_MEMBERS = {"type", "title", "status", "detail"}


class DocumentedDialect:
    """A dialect whose responses are changed so that they satisfy the document of one operation."""

    def __init__(self, dialect: Dialect, api: Api, operation: Operation | None, path: str = "") -> None:
        """``operation`` is None for requests that belong to none; ``path`` is where the operation is served."""
        self.status = dialect.status
        self.is_fastapi = dialect.is_fastapi
        self._dialect = dialect
        self._api = api
        self._operation = operation
        self._path = path
        # speed: a 404 takes an eighth of the processor time
        self._known_errors: BoundedCache[tuple[Any, ...], HttpResponse] = BoundedCache(_CACHE_SIZE)

    def render_validation_error(self, problems: Sequence[Problem]) -> HttpResponse:
        response = self._dialect.render_validation_error(problems)
        phrase = get_status_phrase(response.status)
        facts = ErrorFacts(response.status, phrase, format_problems(problems), self._path, problems)
        return self._fit_to_document(response, facts)

    def render_error(self, status: int, text: str = "", headers: Headers | None = None) -> HttpResponse:
        key = (status, text, tuple(headers or ()))
        known = self._known_errors.get(key)
        if known is None:
            response = self._dialect.render_error(status, text, headers)
            phrase = get_status_phrase(status)
            known = self._fit_to_document(response, ErrorFacts(status, phrase, text or phrase, self._path))
            self._known_errors.store(key, known)
        return known.copy()

    def _fit_to_document(self, response: HttpResponse, facts: ErrorFacts) -> HttpResponse:
        content = self._find_content(response.status)
        if content is None:
            return response
        media_type = choose_concrete_type(content)
        try:
            value = self._make_value(content, media_type, decode_json(response.body), facts)
        except values.CannotGenerate:
            return response
        fitted = encode_response(self._api, content, response.status, value, media_type)
        fitted.headers += [pair for pair in response.headers if pair[0] not in {b"content-type", b"content-length"}]
        fitted.reason = response.reason
        return fitted

    def _find_content(self, status: int) -> Content | None:
        documented = self._operation.response_for(status) if self._operation else None
        content = choose_response_content(documented, None) if documented else None
        if content is not None or self.is_fastapi:  # FastAPI's other errors are never documented
            return content
        own = [*_iter_error_contents(self._operation)] if self._operation else []
        return own[0] if own else _find_usual_content(self._api)

    def _make_value(self, content: Content, media_type: str, body: Any, facts: ErrorFacts) -> Any:
        """Return a body that the document allows. Raises ``CannotGenerate`` if there is none."""
        kind = get_kind(media_type)
        if not content.has_schema:
            return _make_schemaless_value(content, kind, body, facts)
        schemas = self._api.response_schemas
        schema, pointer = schemas.resolve(content.schema, content.pointer)
        if schema is content.schema or "$ref" not in content.schema or len(content.schema) > 1:
            pointer = content.pointer
        is_valid = schemas.validator_at(pointer).is_valid
        if kind != "json" and is_valid(text := _write_text(kind, facts)):
            return text
        base = body if is_valid(body) else None
        if base is not None and kind == "json" and self._is_described(ErrorBody(schemas, schema, pointer, base), body):
            return body
        for example in content.examples.values():
            if is_valid(example):
                return ErrorBody(schemas, schema, pointer, example).fill(facts)
        generated = values.generate_value(schemas, content.schema, content.pointer, f"{self._api.name}/error")
        return ErrorBody(schemas, schema, pointer, generated, is_generated=True).fill(facts)

    def _is_described(self, error_body: ErrorBody, body: Any) -> bool:
        """Return True if the document means a valid body: it has its names, or no names at all."""
        names = error_body.list_properties()
        if not names:
            return True
        return len(names & _PROBLEM_MEMBERS) > 1 if "type" in body else not names.isdisjoint(body)


def choose_documented_dialect(api: Api, operation: Operation | None = None, path: str = "") -> Dialect:
    """Return the dialect of an operation, or of requests that belong to none: that of the overlay, else the document's.

    ``path`` is where the operation is served.
    """
    dialect = choose_dialect(api, operation)
    return dialect if api.behavior.refusals else DocumentedDialect(dialect, api, operation, path)


def _make_schemaless_value(content: Content, kind: str, body: Any, facts: ErrorFacts) -> Any:
    """Return the documented example with the facts put in; without one, the facts as a text or the dialect's body."""
    example = next(iter(content.examples.values()), None)
    if isinstance(example, dict | list):
        return ErrorBody(Schemas({"schema": True}), {}, "/schema", example).fill(facts)
    if kind != "json":
        return _write_text(kind, facts)
    return body if example is None else example


def _write_text(kind: str, facts: ErrorFacts) -> str:
    if kind != "html":
        return facts.message
    title = f"{facts.status} {facts.phrase}"
    return f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{escape(facts.message)}</p>"


def _iter_error_contents(operation: Operation) -> Iterator[Content]:
    """Yield the contents of the documented errors, those for invalid requests first."""
    errors = [status for status in operation.responses if status[0] == "4" or status == "default"]
    for status in sorted(errors, key=lambda status: (status == "default", status not in {"400", "422"}, status)):
        content = choose_response_content(operation.responses[status], None)
        if content is not None:
            yield content


def _find_usual_content(api: Api) -> Content | None:
    """Return the content that most operations of an API document for errors."""
    if api.schemas not in _usual_contents:
        by_schema: dict[str, Content] = {}
        counts: Counter[str] = Counter()
        for operation in api.operations:
            for content in _iter_error_contents(operation):
                if content.has_schema and get_kind(content.media_type) == "json":
                    with suppress(KeyError):
                        key = content.media_type + api.schemas.resolve(content.schema, content.pointer)[1]
                        counts[key] += 1
                        by_schema.setdefault(key, content)
        _usual_contents[api.schemas] = by_schema[counts.most_common(1)[0][0]] if counts else None
    return _usual_contents[api.schemas]


_usual_contents: "WeakKeyDictionary[Schemas, Content | None]" = WeakKeyDictionary()
