"""Places of a request that statements name: ``body/webhook/url``, ``query/NAME``, ``path/NAME``, ``{$request…}``."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from specduet.mocks.request import Request
from specduet.mocks.world.derived_fields import ABSENT, get_path
from specduet.specs.schemas import split_pointer

_EXPRESSION = re.compile(r"\{(\$[^{}]+)\}")


def read_place(place: str, parameters: Mapping[str, Any], body: Any, request: Request) -> Any:
    """Return the value at a place of a request, None where there is none; a text with expressions is filled in."""
    if place.startswith("$"):
        return _evaluate(place, parameters, body, request)
    if "{$" in place:
        values = {e: _evaluate(e, parameters, body, request) for e in _EXPRESSION.findall(place)}
        if None in values.values():
            return None
        if place.startswith("{$") and place.find("}") == len(place) - 1:
            return next(iter(values.values()))
        return _EXPRESSION.sub(lambda match: _fill(match, values), place)
    where, _, name = place.partition("/")
    if where == "body":
        value = get_path(body, name.split("/")) if isinstance(body, Mapping) else ABSENT
        return None if value is ABSENT else value
    return request.get_header(name.lower().encode()) if where == "header" else parameters.get(name)


def _fill(match: "re.Match[str]", values: Mapping[str, Any]) -> str:
    """Return the value of an expression in a URL; one that begins the URL is a URL itself."""
    text = str(values[match[1]])
    return text if match.start() == 0 else quote(text, safe="")


def _evaluate(expression: str, parameters: Mapping[str, Any], body: Any, request: Request) -> Any:
    """Return the value of a runtime expression about a request (OAS 3.1, 4.8.20.4), None where it has none."""
    if expression == "$method":
        return request.method
    if expression == "$url":
        return f"{request.origin}{request.scope['path']}"
    source, _, rest = expression.removeprefix("$request.").partition("#")
    if source == "body":
        names = split_pointer(rest)
        value = get_path(body, names) if names else body
        return None if value is ABSENT else value
    where, _, name = source.partition(".")
    if where == "header":
        return request.get_header(name.lower().encode())
    return parameters.get(name) if where in {"query", "path"} else None
