"""A refusal in the shape that the document gives it, where no overlay names a dialect.

The dialect's own body is sent where it satisfies the documented schema, with the documented media type. Else a body is
made from the schema, and what is to be told is put where it seems to belong.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from specduet.mocks import responses
from specduet.mocks.error_responses import Dialect
from specduet.mocks.examples import preferred
from specduet.mocks.generation import values
from specduet.mocks.request import is_json
from specduet.mocks.responses import Answer, Headers
from specduet.mocks.validation import Problem
from specduet.specs import Api, Content, Operation

_TELLING = {
    "detail",
    "details",
    "message",
    "msg",
    "error",
    "error_message",
    "error_description",
    "description",
    "reason",
}
_COUNTING = {"status", "statuscode", "status_code", "code"}


class Documented:
    """``dialect`` as far as the document of ``operation`` lets it speak."""

    def __init__(self, dialect: Dialect, api: Api, operation: Operation) -> None:
        self.status = dialect.status
        self.is_fastapi = dialect.is_fastapi
        self._dialect = dialect
        self._schemas = api.schemas
        self._operation = operation

    def invalid(self, problems: Sequence[Problem]) -> Answer:
        return self._fitted(self._dialect.invalid(problems))

    def refuse(self, status: int, text: str = "", headers: Headers | None = None) -> Answer:
        return self._fitted(self._dialect.refuse(status, text, headers))

    def _fitted(self, answer: Answer) -> Answer:
        response = self._operation.response_for(answer.status)
        content = preferred(response) if response else None
        if content is None or not is_json(content.media_type):
            return answer
        body = json.loads(answer.body)
        if self._schemas.validator_at(content.pointer).is_valid(body):
            return _called(answer, content.media_type)
        try:
            value = self._made(content, body, answer.status)
        except values.CannotGenerate:
            return answer
        fitted = responses.encoded(answer.status, value)
        fitted.headers += [pair for pair in answer.headers if pair[0] not in {b"content-type", b"content-length"}]
        return _called(fitted, content.media_type)

    def _made(self, content: Content, body: dict[str, Any], status: int) -> Any:
        is_valid = self._schemas.validator_at(content.pointer).is_valid
        value = values.generate_value(self._schemas, content.schema, content.pointer, f"{self._operation.id}/{status}")
        for holder, name in _places(value):
            before = holder[name]
            holder[name] = _told(body) if isinstance(before, str) else status
            if not is_valid(value):
                holder[name] = before
        return value


def _called(answer: Answer, media_type: str) -> Answer:
    """``answer`` under the name of the documented media type."""
    name = media_type.encode("latin-1", "replace")
    answer.headers = [(key, name if key == b"content-type" else value) for key, value in answer.headers]
    return answer


def _told(body: dict[str, Any]) -> str:
    text = body.get("detail") or body.get("message") or body.get("title")
    if isinstance(text, list):
        return "; ".join(str(item["msg"]) for item in text)
    return str(text)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where a body tells in words what is wrong, and where in figures."""
    if isinstance(value, list):
        for item in value:
            yield from _places(item)
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.lower() in (_TELLING if isinstance(inner, str) else _COUNTING if type(inner) is int else ()):
                yield value, name
            else:
                yield from _places(inner)
