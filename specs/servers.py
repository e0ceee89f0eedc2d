"""Addresses in ``servers`` of a normalized document: the path below which a server serves an operation."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any
from urllib.parse import urlsplit

from specduet.specs.bounds import ADDRESS

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_MAX_SERVERS = 8


def read_base_path(*holders: Mapping[str, Any]) -> str:
    """Return the path of the first server of the first holder that has one: ``/v1``, or ``""``.

    The holders are operation, path item and document, in this order (OAS 3.1, 4.8.10).
    """
    servers = _find_servers(holders)
    return _read_path(servers[0]) if servers else ""


def list_base_paths(*holders: Mapping[str, Any]) -> Sequence[str]:
    """Return the paths of all servers of the first holder that has any, with every value that a variable may have."""
    servers = _find_servers(holders)[:_MAX_SERVERS]
    choices = [(server, values) for server in servers for values in islice(_iter_values(server), _MAX_SERVERS)]
    return list(dict.fromkeys(_read_path(server, values) for server, values in choices))[:_MAX_SERVERS]


def _find_servers(holders: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return next((holder["servers"] for holder in holders if holder.get("servers")), [])


def _iter_values(server: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the values of a server's variables, the defaults first: ``{"version": "v1"}``."""
    yield {}
    variables = server.get("variables", {}).items()
    enums = {name: variable["enum"] for name, variable in variables if isinstance(variable.get("enum"), list)}
    for values in product(*enums.values()):
        yield dict(zip(enums, values, strict=True))


def fill_variables(server: Mapping[str, Any], values: Mapping[str, Any] | None = None) -> str:
    """Return a server's URL with its variables at their defaults; empty where it is longer than any address.

    ``values`` come before the defaults.
    """
    variables = server.get("variables", {})

    def fill(match: re.Match[str]) -> str:
        value = (values or {}).get(match[1], variables.get(match[1], {}).get("default"))
        return match[0] if value is None else str(value)[: ADDRESS.value]

    url = str(server.get("url", ""))
    filled = _VARIABLE.sub(fill, url) if len(url) <= ADDRESS.value else ""
    return filled if len(filled) <= ADDRESS.value else ""


def _read_path(server: Mapping[str, Any], values: Mapping[str, Any] | None = None) -> str:
    try:
        path = urlsplit(fill_variables(server, values)).path
    except ValueError:  # such as an unclosed bracket of an IPv6 address
        return ""
    path = re.sub(r"/{2,}", "/", path).rstrip("/")
    if path in {"", "."} or "{" in path:
        return ""
    return "/" + path.removeprefix(".").lstrip("/")
