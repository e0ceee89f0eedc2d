"""Parts of a body, for clients that ask for a range of its bytes (RFC 9110, section 14).

Only operations that document a 206 have ranges: any server may ignore the header ``Range``.
"""

import re

from specduet.mocks.error_responses import Dialect
from specduet.mocks.responses import HttpResponse
from specduet.specs import Operation

_SINGLE_RANGE = re.compile(r"bytes=\s*(\d{0,15})-(\d{0,15})", re.IGNORECASE)


def cut_range(operation: Operation, dialect: Dialect, response: HttpResponse, header: str | None) -> HttpResponse:
    """Return the part of a response that a ``Range`` header asks for, or the whole one if it asks for no single part.

    A range behind the end is responded to with 416 if that is documented.
    """
    match = _SINGLE_RANGE.fullmatch((header or "").strip())
    if (
        match is None
        or not any(match.groups())
        or "206" not in operation.responses
        or response.status not in {200, 206}
    ):
        return response
    size = len(response.body)
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    else:  # the last bytes, so many
        first, last = max(size - int(match[2]), 0), size - 1
    if match[1] and match[2] and int(match[2]) < first:  # no range at all
        return response
    if first > last:
        if "416" not in operation.responses:
            return response
        return dialect.render_error(416, headers=[(b"content-range", b"bytes */%d" % size)])
    body = response.body[first : last + 1]
    replaced = {b"content-length": b"%d" % len(body), b"content-range": b"bytes %d-%d/%d" % (first, last, size)}
    headers = [pair for pair in response.headers if pair[0] not in replaced]
    return HttpResponse(206, [*replaced.items(), *headers], body)
