"""Bounds and rules on the head of a request that hold whatever it asks for."""

from itertools import chain

from specduet.mocks.error_responses import ProblemDetailsDialect
from specduet.mocks.request import Request
from specduet.mocks.responses import HttpResponse

MAX_HEADERS = 256
MAX_HEAD_BYTES = 131_072
"""Length of all names and values of the headers, in bytes."""


def refuse_head(request: Request) -> HttpResponse | None:
    """Return the response to a request whose headers are too many or too long, or that has not one ``Host``.

    It notes on the request how long they are. The statuses are those of RFC 6585, section 5 (431), and RFC 9112,
    section 3.2 (400).
    """
    lines = request.scope["headers"]
    if len(lines) > MAX_HEADERS:
        return ProblemDetailsDialect().render_error(431, f"a request may have {MAX_HEADERS} headers")
    request.head_bytes = sum(map(len, chain.from_iterable(lines)))
    if request.head_bytes > MAX_HEAD_BYTES:
        return ProblemDetailsDialect().render_error(431, f"the headers may have {MAX_HEAD_BYTES} bytes")
    if request.has_repeated_headers or b"host" not in request.headers:
        return _refuse_host(request)
    return None


def _refuse_host(request: Request) -> HttpResponse | None:
    """Return the response to a request of HTTP/1.1 that has no ``Host``, or several."""
    count = sum(name == b"host" for name, _ in request.scope["headers"])
    if count == 1 or request.scope.get("http_version") != "1.1":
        return None
    message = "a request has the header Host once" if count else "a request needs the header Host"
    return ProblemDetailsDialect().render_error(400, message)
