"""Paths to rows: the path parameters of an operation on one row, taken from the row and from the path of its list."""

from collections.abc import Mapping

from specduet.contracts.analysis.row_values import get_path
from specduet.contracts.recording import Row
from specduet.specs import Operation

_MAX_TEXT_LENGTH = 200


def fill_row_path(operation: Operation, row: Row, above: Mapping[str, str]) -> dict[str, str] | None:
    """Return the path parameters that lead to a row, None where one is unknown. ``above`` are those of its list."""
    lookup, behavior = operation.behavior.lookup, operation.behavior
    scopes = {scope.parameter: scope for scope in behavior.scopes}
    path = {}
    for parameter in operation.parameters:
        if parameter.location != "path":
            continue
        scope = scopes.get(parameter.name)
        if lookup is not None and parameter.name == lookup.parameter:
            text = to_path_text(row, lookup.field)
        elif parameter.name in above:
            text = above[parameter.name]
        else:
            text = to_path_text(row, scope.field) if scope is not None and not scope.hidden else None
        if not text or not text.strip("./ "):
            return None
        path[parameter.name] = text
    return path


def to_path_text(row: Row, field: str) -> str | None:
    """Return the value of a field as it stands in a path, None where it cannot."""
    value = get_path(row, field)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    text = str(value)
    return text if text.strip("./ ") and len(text) <= _MAX_TEXT_LENGTH else None
