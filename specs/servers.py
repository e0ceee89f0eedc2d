"""Addresses in ``servers``: the path below which a server serves an operation."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from specduet.specs.bounds import ADDRESS

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def read_base_path(*holders: Mapping[str, Any]) -> str:
    """Return the path of the first server of the first holder that has one: ``/v1``, or ``""``.

    The holders are operation, path item and document, in this order (OAS 3.1, 4.8.10).
    """
    for holder in holders:
        servers = holder.get("servers")
        if isinstance(servers, list) and servers:
            return _read_path(servers[0])
    return ""


def fill_variables(server: Mapping[str, Any]) -> str:
    """Return a server's URL with its variables at their defaults; empty where it is longer than any address."""
    variables = server.get("variables")
    known = variables if isinstance(variables, Mapping) else {}

    def fill(match: re.Match[str]) -> str:
        variable = known.get(match[1])
        default = variable.get("default") if isinstance(variable, Mapping) else None
        return match[0] if default is None else str(default)[: ADDRESS.value]

    url = str(server.get("url", ""))
    filled = _VARIABLE.sub(fill, url) if len(url) <= ADDRESS.value else ""
    return filled if len(filled) <= ADDRESS.value else ""


def _read_path(server: Any) -> str:
    url = fill_variables(server) if isinstance(server, Mapping) else ""
    try:
        path = urlsplit(url).path
    except ValueError:  # such as an unclosed bracket of an IPv6 address
        return ""
    path = re.sub(r"/{2,}", "/", path).rstrip("/")
    if path in {"", "."} or "{" in path:
        return ""
    return "/" + path.removeprefix(".").lstrip("/")
