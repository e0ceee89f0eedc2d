"""The rows of a session as the page shows them: the first of each resource, with what tells them apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specduet.mocks.control.sessions import Session
from specduet.specs import Api, Resource

MAX_TABLES = 12
MAX_ROWS = 12
_MAX_COLUMNS = 6
_MAX_TEXT = 40


@dataclass(frozen=True)
class RowTable:
    """The first rows of one resource."""

    api: str
    name: str
    total: int
    columns: tuple[str, ...]
    status: str
    """The column of the status; empty where there is none."""
    rows: tuple[tuple[str, ...], ...]
    transitions: tuple[str, ...]
    """The statuses in order, for the colours of the page."""


def list_row_tables(apis: Sequence[Api], session: Session) -> list[RowTable]:
    """Return the resources whose rows were needed so far, and others while few are shown."""
    return [table for api in apis for table in _list_tables(api, session)]


def _list_tables(api: Api, session: Session) -> Iterator[RowTable]:
    previews = session.get_world(api.name).preview_rows(MAX_TABLES, MAX_ROWS)
    for name, (total, rows) in previews.items():
        resource = api.resources[name]
        columns, status = tuple(_choose_columns(resource, rows)), resource.behavior.status
        yield RowTable(
            api.name,
            name,
            total,
            columns,
            status.field if status is not None else "",
            tuple(tuple(_to_text(row.get(column)) for column in columns) for row in rows),
            () if status is None else tuple(dict.fromkeys((status.initial, *status.transitions, *status.terminal))),
        )


def _choose_columns(resource: Resource, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the id, the status, and other fields with plain values; what rows do not show of themselves comes last."""
    status = resource.behavior.status
    first = [resource.behavior.id.field, *([status.field] if status else [])]
    shown = dict.fromkeys(name for row in rows for name in row)
    plain = [name for name in shown if not any(isinstance(row.get(name), dict | list) for row in rows)]
    plain.sort(key=lambda name: name.startswith("?"))
    chosen = [*dict.fromkeys([*(name for name in first if name in shown), *plain])]
    return chosen[:_MAX_COLUMNS]


def _to_text(value: Any) -> str:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
