"""Rows that responses have shown, by resource: they give the ids of paths, and tell which rows this run has created."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from specduet.contracts.analysis.row_values import get_path
from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.recording import Exchange, Row
from specduet.specs import Operation, Resource

_MAX_ROWS = 200
"""Rows of one resource that are remembered."""

_MAX_TEXT_LENGTH = 200


@dataclass(frozen=True)
class KnownRow:
    """A row as a response has shown it."""

    row: Row
    path: Mapping[str, str]
    """The path parameters of that request, in plain text."""


class KnownRows:
    """The rows of one API that responses have shown."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, KnownRow]] = {}
        self._created: dict[str, list[KnownRow]] = {}

    def remember_rows(self, operation: Operation, resource: Resource, exchange: Exchange, new: Sequence[Row]) -> None:
        """Remember the rows of a 2xx response; a created one is never forgotten."""
        texts = extract_path_texts(operation, exchange.request) or {}
        path = {name: unquote(text) for name, text in texts.items()}
        is_created = operation.behavior.creates is not None
        known_rows = [KnownRow(row, path) for row in new]
        rows = self._rows.setdefault(resource.name, {})
        if is_created:  # a POST that answers with a row that was there before has created none
            fresh = [k for k in known_rows if _to_path_text(k.row, resource.behavior.id.field) not in rows]
            self._created.setdefault(resource.name, []).extend(fresh)
        for known in known_rows if is_created or len(rows) < _MAX_ROWS else ():
            text = _to_path_text(known.row, resource.behavior.id.field)
            if text is not None and (len(rows) < _MAX_ROWS or is_created):
                rows[text] = known

    def forget_row(self, operation: Operation, exchange: Exchange) -> tuple[str, str, str] | None:
        """Forget the row that a request has deleted; return its resource, and the field and value of the path."""
        lookup = operation.behavior.deletes
        text = (extract_path_texts(operation, exchange.request) or {}).get(lookup.parameter) if lookup else None
        if lookup is None or text is None:
            return None
        value = unquote(text)
        rows, created = self._rows.get(lookup.resource, {}), self._created.get(lookup.resource, [])
        for row_id in [i for i, known in rows.items() if _to_path_text(known.row, lookup.field) == value]:
            del rows[row_id]
        created[:] = [known for known in created if _to_path_text(known.row, lookup.field) != value]
        return lookup.resource, lookup.field, value

    def list_ids(self, resource: str) -> Iterator[str]:
        """Yield the ids of the rows of a resource, oldest first."""
        yield from self._rows.get(resource, ())

    def list_rows(self, resource: str) -> Iterator[KnownRow]:
        """Yield the rows of a resource, oldest first."""
        yield from self._rows.get(resource, {}).values()

    def list_created(self, operation: Operation) -> Iterator[str]:
        """Yield the values by which an operation finds the rows that this run has created, the latest first."""
        lookup = operation.behavior.lookup
        for known in reversed(self._created.get(lookup.resource, ())) if lookup is not None else ():
            text = _to_path_text(known.row, lookup.field) if lookup is not None else None
            if text is not None:
                yield text

    def list_paths(self, operation: Operation) -> Iterator[dict[str, str]]:
        """Yield the whole paths to known rows, for an operation on one row; those of created rows if it changes them.

        A parameter above the row has the value with which the row was listed or created, or that of the row's field.
        """
        lookup = operation.behavior.lookup
        if lookup is None or not lookup.parameter:
            return
        is_change = operation.behavior.reads is None and operation.behavior.downloads is None
        created = list(reversed(self._created.get(lookup.resource, ())))
        for known in created if is_change else [*self._rows.get(lookup.resource, {}).values()]:
            path = fill_row_path(operation, known.row, known.path)
            if path is not None:
                yield path


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
            text = _to_path_text(row, lookup.field)
        elif parameter.name in above:
            text = above[parameter.name]
        else:
            text = _to_path_text(row, scope.field) if scope is not None and not scope.hidden else None
        if not text or not text.strip("./ "):
            return None
        path[parameter.name] = text
    return path


def _to_path_text(row: Row, field: str) -> str | None:
    """Return the value of a field as it stands in a path, None where it cannot."""
    value = get_path(row, field)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    text = str(value)
    return text if text.strip("./ ") and len(text) <= _MAX_TEXT_LENGTH else None
