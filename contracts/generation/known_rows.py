"""Rows that responses have shown, by resource: they give the ids of paths."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from specduet.contracts.oracle.addresses import extract_path_texts
from specduet.contracts.planning.row_paths import fill_row_path, to_path_text
from specduet.contracts.recording import Exchange, Row
from specduet.specs import Operation, Resource

_MAX_ROWS = 200
"""Rows of one resource that are remembered."""


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

    def remember_rows(self, operation: Operation, resource: Resource, exchange: Exchange, new: Sequence[Row]) -> None:
        """Remember the rows of a 2xx response; one that the run has created is remembered however many there are."""
        texts = extract_path_texts(operation, exchange.request) or {}
        path = {name: unquote(text) for name, text in texts.items()}
        rows = self._rows.setdefault(resource.name, {})
        for row in new:
            text = to_path_text(row, resource.behavior.id.field)
            if text is not None and (len(rows) < _MAX_ROWS or operation.behavior.creates is not None):
                rows[text] = KnownRow(row, path)

    def forget_row(self, operation: Operation, exchange: Exchange) -> tuple[str, str, str] | None:
        """Forget the row that a request has deleted; return its resource, and the field and value of the path."""
        lookup = operation.behavior.deletes
        text = (extract_path_texts(operation, exchange.request) or {}).get(lookup.parameter) if lookup else None
        if lookup is None or text is None:
            return None
        value = unquote(text)
        rows = self._rows.get(lookup.resource, {})
        for row_id in [i for i, known in rows.items() if to_path_text(known.row, lookup.field) == value]:
            del rows[row_id]
        return lookup.resource, lookup.field, value

    def list_ids(self, resource: str) -> Iterator[str]:
        """Yield the ids of the rows of a resource, oldest first."""
        yield from self._rows.get(resource, ())

    def list_rows(self, resource: str) -> Iterator[KnownRow]:
        """Yield the rows of a resource, oldest first."""
        yield from self._rows.get(resource, {}).values()

    def list_paths(self, operation: Operation) -> Iterator[dict[str, str]]:
        """Yield the whole paths to known rows, for an operation on one row.

        A parameter above the row has the value with which the row was listed or created, or that of the row's field.
        """
        lookup = operation.behavior.lookup
        if lookup is None or not lookup.parameter:
            return
        for known in [*self.list_rows(lookup.resource)]:
            path = fill_row_path(operation, known.row, known.path)
            if path is not None:
                yield path
