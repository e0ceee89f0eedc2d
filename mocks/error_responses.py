"""What a refusal looks like: the same problems, told in the dialect of the API.

``fastapi``               a list of problems (HTTPValidationError), everything else ``{"detail": "…"}``
``status-error-message``  ``{"statusCode": 400, "error": "Bad Request", "message": "…"}``
``problem``               RFC 9457, ``application/problem+json``
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol

from specduet.mocks.responses import PROBLEM_JSON, Answer, Headers, encoded
from specduet.mocks.validation import Problem
from specduet.specs import Api, Operation

_FASTAPI = "HTTPValidationError"
# The names of RFC 9110 where Python's are those of the RFC before it.
_PHRASES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
_NAMED = frozenset(HTTPStatus)
_CLASSES = {4: "Client Error", 5: "Server Error"}
UNPARSABLE = "There was an error parsing the body"


class Refused(Exception):
    """Ends the handling of a request with an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Dialect(Protocol):
    """``status`` is that of input that is wrong; ``is_fastapi``: a body is read as strictly as FastAPI reads it."""

    status: int
    is_fastapi: bool

    def invalid(self, problems: Sequence[Problem]) -> Answer: ...

    def refuse(self, status: int, text: str = "", headers: Headers | None = None) -> Answer: ...


class FastApi:
    """FastAPI's own bodies, to the letter."""

    is_fastapi = True

    def __init__(self, status: int = 422) -> None:
        self.status = status

    def invalid(self, problems: Sequence[Problem]) -> Answer:
        return encoded(self.status, {"detail": problems})

    def refuse(self, status: int, text: str = "", headers: Headers | None = None) -> Answer:
        return _with(encoded(status, {"detail": text or phrase(status)}), headers)


class StatusErrorMessage:
    """One sentence, beside the status in figures and in words."""

    is_fastapi = False

    def __init__(self, status: int = 400) -> None:
        self.status = status

    def invalid(self, problems: Sequence[Problem]) -> Answer:
        return self.refuse(self.status, "; ".join(sentence(problem) for problem in problems))

    def refuse(self, status: int, text: str = "", headers: Headers | None = None) -> Answer:
        body = {"statusCode": status, "error": phrase(status), "message": text or phrase(status)}
        return _with(encoded(status, body), headers)


class ProblemDetails:
    """RFC 9457, with one member of ``errors`` for each thing that is wrong."""

    is_fastapi = False

    def __init__(self, status: int = 400) -> None:
        self.status = status

    def invalid(self, problems: Sequence[Problem]) -> Answer:
        errors = [{"detail": problem["msg"], **_place(problem)} for problem in problems]
        return self._answer(self.status, "; ".join(sentence(problem) for problem in problems), {"errors": errors})

    def refuse(self, status: int, text: str = "", headers: Headers | None = None) -> Answer:
        return _with(self._answer(status, text, {}), headers)

    def _answer(self, status: int, text: str, more: dict[str, Any]) -> Answer:
        body = {"type": "about:blank", "title": phrase(status), "status": status}
        return encoded(status, {**body, **({"detail": text} if text else {}), **more}, PROBLEM_JSON)


_DIALECTS: Mapping[str, Callable[[int], Dialect]] = {
    "fastapi": FastApi,
    "status-error-message": StatusErrorMessage,
    "problem": ProblemDetails,
}


def dialect(api: Api, operation: Operation | None = None) -> Dialect:
    """The dialect of an API: what its overlay says, else what its document shows."""
    said = api.behavior.refusals
    if said is not None:
        return _DIALECTS[said.dialect](said.status)
    if _FASTAPI in api.document.get("components", {}).get("schemas", {}):
        return FastApi()
    documented = operation.responses if operation else {}
    return ProblemDetails(next((status for status in (400, 422) if str(status) in documented), 400))


def unauthorized(api: Api, operation: Operation, speaks: Dialect, challenge: str, *, wrong: bool) -> Answer:
    """The refusal of a credential that is missing or wrong."""
    stated = api.behavior.unauthorized
    only_forbidden = "403" in operation.responses and "401" not in operation.responses
    status = stated.status if stated else 403 if only_forbidden else 401
    headers = [(b"www-authenticate", challenge.encode("latin-1"))] if status == 401 else None
    return speaks.refuse(status, "Could not validate credentials" if wrong else "Not authenticated", headers)


def sentence(problem: Problem) -> str:
    """``query limit: Input should be greater than or equal to 1``."""
    location, *rest = problem["loc"]
    return f"{location} {'.'.join(str(part) for part in rest)}".strip() + f": {problem['msg']}"


def phrase(status: int) -> str:
    """The name of a status (RFC 9110, section 15), or of its class where it has none of its own."""
    if status in _PHRASES:
        return _PHRASES[status]
    return HTTPStatus(status).phrase if status in _NAMED else _CLASSES[status // 100]


def _place(problem: Problem) -> dict[str, str]:
    location, *rest = problem["loc"]
    if location == "body":
        return {"pointer": "#" + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in rest)}
    return {"in": str(location), "parameter": ".".join(str(part) for part in rest)}


def _with(answer: Answer, headers: Headers | None) -> Answer:
    answer.headers += headers or []
    return answer
