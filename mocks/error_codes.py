"""Members of an enumeration of error codes that fit a status: ``invalid_argument`` for 400."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_WORDS: Mapping[int, tuple[str, ...]] = {
    400: ("badrequest", "invalid", "validation", "malformed", "badinput", "missing", "bad"),
    401: ("unauthenticated", "unauthorized", "unauthorised", "authentication", "credential", "token", "login"),
    402: ("payment",),
    403: ("forbidden", "permission", "accessdenied", "denied", "notallowed", "scope"),
    404: ("notfound", "unknown", "missing", "nosuch", "notexist"),
    405: ("methodnotallowed", "notallowed", "unsupported"),
    406: ("notacceptable", "unsupported"),
    408: ("timeout",),
    409: ("conflict", "exists", "duplicate"),
    410: ("gone", "expired", "notfound"),
    413: ("toolarge", "toobig", "size", "limit"),
    415: ("mediatype", "contenttype", "unsupported"),
    422: ("unprocessable", "validation", "invalid", "malformed", "badrequest"),
    429: ("toomany", "ratelimit", "throttl", "quota", "limit"),
    500: ("internal", "servererror", "unexpected", "unknown"),
    501: ("notimplemented", "unimplemented"),
    503: ("unavailable", "overload", "maintenance"),
    504: ("timeout", "deadline"),
}
"""What the names of codes hold, in small letters alone, the most exact first."""


def iter_fitting_codes(schema: Any, status: int) -> Iterator[str]:
    """Yield the members of a schema's enumeration that fit a status, the best first."""
    members = schema.get("enum") if isinstance(schema, Mapping) else None
    texts = [member for member in members if isinstance(member, str)] if isinstance(members, list) else []
    words = _WORDS.get(status) or _WORDS[400 if status < 500 else 500]
    for word in words:
        yield from (text for text in texts if word in re.sub(r"[^a-z]", "", text.lower()))
