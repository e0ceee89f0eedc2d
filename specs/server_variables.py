"""Values that a user chooses for the variables in the addresses of servers (OAS 3.1, 4.8.6)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from specduet.specs.errors import UsageError
from specduet.specs.request_lines import METHODS


def set_server_variables(document: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Make these values the defaults of the variables in place: ``{"version": "v2"}``.

    Raises ``UsageError`` for a name that no server has, and a value that is no member of its ``enum``.
    """
    variables = [pair for server in _iter_servers(document) for pair in server.get("variables", {}).items()]
    for name, value in values.items():
        chosen = [variable for known, variable in variables if known == name]
        if not chosen:
            known = ", ".join(dict.fromkeys(known for known, _ in variables))
            remedy = f"Known: {known}." if known else "Its servers have none."
            raise UsageError(f"no server of the document has a variable {name!r}", remedy=remedy)
        fitting = [variable for variable in chosen if value in _list_members(variable, value)]
        if not fitting:
            members = dict.fromkeys(member for variable in chosen for member in _list_members(variable, value))
            raise UsageError(f"the server variable {name!r} is never {value!r}", remedy=f"Known: {', '.join(members)}.")
        for variable in fitting:
            variable["default"] = value


def parse_server_variables(texts: Iterable[str]) -> dict[str, str]:
    """Return the values by name of texts such as ``version=v2``. Raises ``UsageError``."""
    pairs = [text.partition("=") for text in texts]
    for name, equals, value in pairs:
        if not (name and equals):
            raise UsageError(f"--server-variable expects NAME=VALUE, not {name + equals + value!r}")
    return {name: value for name, _, value in pairs}


def _iter_servers(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    items = document.get("paths", {}).values()
    operations = [item[method] for item in items for method in METHODS if method in item]
    for holder in (document, *items, *operations):
        yield from holder.get("servers", ())


def _list_members(variable: Mapping[str, Any], value: str) -> list[str]:
    """Return the values that a variable may have; without an ``enum`` any, ``value`` too."""
    members = variable.get("enum")
    return [str(member) for member in members] if isinstance(members, list) else [value]
