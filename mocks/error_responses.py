"""Error responses in the dialect of the API: the same problems, rendered in one of three ways.

``fastapi``               a list of problems (HTTPValidationError), everything else ``{"detail": "…"}``
``status-error-message``  ``{"statusCode": 400, "error": "Bad Request", "message": "…"}``
``problem``               RFC 9457, ``application/problem+json``
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from specduet.mocks.responses import PROBLEM_JSON, Headers, HttpResponse, make_json_response
from specduet.mocks.validation import Problem
from specduet.specs import Api, Operation

UNPARSABLE_BODY = "There was an error parsing the body"

_FASTAPI_ERROR_SCHEMA = "HTTPValidationError"
# The phrases of RFC 9110 where Python's are those of the RFC before it.
_PHRASES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
_KNOWN_STATUSES = frozenset(HTTPStatus)
_CLASS_PHRASES = {4: "Client Error", 5: "Server Error"}


class HttpError(Exception):
    """An error that ends the handling of a request with a response."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status)
        self.response = response


class Dialect(Protocol):
    """The way in which an API words its error responses."""

    status: int
    """Status of the response to an invalid request."""
    is_fastapi: bool
    """True if a body is read as strictly as FastAPI reads it."""

    def render_validation_error(self, problems: Sequence[Problem]) -> HttpResponse: ...

    def render_error(self, status: int, text: str = "", headers: Headers | None = None) -> HttpResponse: ...


class FastApiDialect:
    """FastAPI's own bodies, to the letter."""

    is_fastapi = True

    def __init__(self, status: int = 422) -> None:
        self.status = status

    def render_validation_error(self, problems: Sequence[Problem]) -> HttpResponse:
        return _add_reason(make_json_response(self.status, {"detail": problems}), problems)

    def render_error(self, status: int, text: str = "", headers: Headers | None = None) -> HttpResponse:
        text = text or get_status_phrase(status)
        return _complete(make_json_response(status, {"detail": text}), text, headers)


class StatusErrorMessageDialect:
    """Bodies with the status as a number and as a phrase, and one sentence."""

    is_fastapi = False

    def __init__(self, status: int = 400) -> None:
        self.status = status

    def render_validation_error(self, problems: Sequence[Problem]) -> HttpResponse:
        return _add_reason(self.render_error(self.status, format_problems(problems)), problems)

    def render_error(self, status: int, text: str = "", headers: Headers | None = None) -> HttpResponse:
        phrase = get_status_phrase(status)
        body = {"statusCode": status, "error": phrase, "message": text or phrase}
        return _complete(make_json_response(status, body), text or phrase, headers)


class ProblemDetailsDialect:
    """Bodies of RFC 9457, with one member of ``errors`` for each problem."""

    is_fastapi = False

    def __init__(self, status: int = 400) -> None:
        self.status = status

    def render_validation_error(self, problems: Sequence[Problem]) -> HttpResponse:
        errors = [{"detail": problem["msg"], **_locate_problem(problem)} for problem in problems]
        response = self._render_problem_details(self.status, format_problems(problems), {"errors": errors})
        return _add_reason(response, problems)

    def render_error(self, status: int, text: str = "", headers: Headers | None = None) -> HttpResponse:
        response = self._render_problem_details(status, text, {})
        return _complete(response, text or get_status_phrase(status), headers)

    def _render_problem_details(self, status: int, text: str, extensions: dict[str, Any]) -> HttpResponse:
        body = {"type": "about:blank", "title": get_status_phrase(status), "status": status}
        detail = {"detail": text} if text else {}
        return make_json_response(status, {**body, **detail, **extensions}, PROBLEM_JSON)


_DIALECTS: Mapping[str, Callable[[int], Dialect]] = {
    "fastapi": FastApiDialect,
    "status-error-message": StatusErrorMessageDialect,
    "problem": ProblemDetailsDialect,
}


def choose_dialect(api: Api, operation: Operation | None = None) -> Dialect:
    """Return the dialect that the overlay of an API states, else the one that its document suggests."""
    statement = api.behavior.refusals
    if statement is not None:
        return _DIALECTS[statement.dialect](statement.status)
    if _FASTAPI_ERROR_SCHEMA in api.document.get("components", {}).get("schemas", {}):
        return FastApiDialect()
    documented = operation.responses if operation else {}
    return ProblemDetailsDialect(next((status for status in (400, 422) if str(status) in documented), 400))


def render_unauthorized(
    api: Api, operation: Operation, dialect: Dialect, challenge: str, *, wrong: bool
) -> HttpResponse:
    """Return the error response to a credential that is missing, or ``wrong``."""
    statement = api.behavior.unauthorized
    only_forbidden = "403" in operation.responses and "401" not in operation.responses
    status = statement.status if statement else 403 if only_forbidden else 401
    headers = [(b"www-authenticate", challenge.encode("latin-1"))] if status == 401 else None
    return dialect.render_error(status, "Could not validate credentials" if wrong else "Not authenticated", headers)


def render_not_implemented(reason: str) -> HttpResponse:
    """Return the response of an operation for which no valid response can be made, always RFC 9457's."""
    return ProblemDetailsDialect().render_error(501, reason)


def get_status_phrase(status: int) -> str:
    """Return the phrase of a status (RFC 9110, section 15), or of its class if it has none of its own."""
    if status in _PHRASES:
        return _PHRASES[status]
    return HTTPStatus(status).phrase if status in _KNOWN_STATUSES else _CLASS_PHRASES[status // 100]


def format_problems(problems: Sequence[Problem]) -> str:
    """Return all problems in one text: ``query limit: Input should be 1 or 2; body a: Field required``."""
    return "; ".join(map(_format_problem, problems))


def _format_problem(problem: Problem) -> str:
    location, *path = problem["loc"]
    return f"{location} {'.'.join(map(str, path))}".strip() + f": {problem['msg']}"


def _locate_problem(problem: Problem) -> dict[str, str]:
    """Return ``{"pointer": "#/a/0"}`` for a problem of the body, else ``{"in": "query", "parameter": "limit"}``."""
    location, *path = problem["loc"]
    if location == "body":
        return {"pointer": "#" + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)}
    return {"in": str(location), "parameter": ".".join(map(str, path))}


def _complete(response: HttpResponse, reason: str, headers: Headers | None) -> HttpResponse:
    response.headers += headers or []
    return _add_reason(response, reason)


def _add_reason(response: HttpResponse, reason: str | Sequence[Problem]) -> HttpResponse:
    response.reason = reason
    return response
