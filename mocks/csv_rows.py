"""Rows of a CSV file: its first line has the names of properties, those within objects with dots (``address.city``).

A cell has no type, so its text is converted to the type that the schema has for the property. An empty cell is null
where a property is demanded and may be null, and else no value at all.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from specduet.mocks.json_codec import parse_json_text
from specduet.mocks.world import PlacedRow
from specduet.mocks.world.derived_fields import ABSENT, get_path
from specduet.specs.bounds import FILE_BYTES
from specduet.specs.errors import SpecError
from specduet.specs.files import decode_text, read_bytes
from specduet.specs.locations import display_path
from specduet.specs.problem_log import ProblemLog
from specduet.specs.schemas import Field

_SEPARATORS = ",;\t"
_LIST_SEPARATOR = ";"
_WORDS = {"true", "false", "null"}

Check = Callable[[str, Any], bool]
"""A function from the pointer of a schema and a value to whether the value satisfies the schema."""


def read_csv_rows(path: Path, fields: Iterable[Field], is_valid: Check) -> list[PlacedRow]:
    """Return the rows of a file. ``fields`` are those of the resource. Raises ``SpecError``."""
    text = decode_text(read_bytes(path), ProblemLog(path, None))
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    csv.field_size_limit(FILE_BYTES.value)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    known = [*fields]
    rows: list[PlacedRow] = []
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_names(names, path)
        columns = [_Column(name, known) for name in names]
        for line, cells in _iter_lines(reader):
            if len(cells) > len(names):
                raise SpecError(f"has {len(cells)} cells, and {len(names)} names above them", file=path, line=line)
            row = _build_row(columns, cells, is_valid)
            rows.append(PlacedRow(row, partial("{}:{}".format, display_path(path), line)))
    except csv.Error as error:
        raise SpecError(f"is no CSV: {error}", file=path, line=reader.line_num) from None
    return rows


class _Column:
    """A column: the path of its property, and the fields of the schema that stand for it, one in each branch."""

    def __init__(self, name: str, known: Iterable[Field]) -> None:
        parts = tuple(name.split("."))
        self.fields = [field for field in known if ".".join(field.path) == name]
        if not self.fields:
            self.fields = [field for field in known if _is_below(parts, field.path)]
        has_own_path = bool(self.fields) and "*" not in self.fields[0].path
        self.path = self.fields[0].path if has_own_path else parts

    @property
    def is_null(self) -> bool:
        """True if an empty cell is null: the property is demanded, and may be null."""
        return any(field.required and field.nullable for field in self.fields)


def _is_below(parts: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Return whether names are those of a path, in which ``*`` stands for any key of a map."""
    return len(parts) == len(path) and all(step in (part, "*") for part, step in zip(parts, path, strict=True))


def _build_row(columns: list[_Column], cells: list[str], is_valid: Check) -> dict[str, Any]:
    """Return the row of some cells. An object of which every cell is empty is left out."""
    row: dict[str, Any] = {}
    pairs = [*zip(columns, cells, strict=False)]
    for column, text in (pair for pair in pairs if pair[1]):
        _find_holder(row, column.path)[column.path[-1]] = convert_text(text, column.fields, is_valid)
    for column, _ in (pair for pair in pairs if not pair[1] and pair[0].is_null):
        if len(column.path) == 1 or get_path(row, column.path[:-1]) is not ABSENT:
            _find_holder(row, column.path)[column.path[-1]] = None
    return row


def _find_holder(row: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Return the object that holds the property at a path."""
    for part in path[:-1]:
        row = row.setdefault(part, {})
    return row


def _check_names(names: list[str], path: Path) -> None:
    if not all(names):
        raise SpecError("has a column without a name", file=path, line=1)
    doubled = next((name for name in names if names.count(name) > 1), None)
    split = next((n for n in names if any(other.startswith(f"{n}.") for other in names)), None)
    if split is not None:
        raise SpecError(f"has a column {split!r}, and others for what is in it", file=path, line=1)
    if doubled is not None:
        raise SpecError(f"has two columns called {doubled!r}", file=path, line=1)


def _iter_lines(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row that has any, with the line in which it begins."""
    line = reader.line_num + 1
    for cells in reader:
        if any(cells):
            yield line, cells
        line = reader.line_num + 1


def convert_text(text: str, fields: Iterable[Field], is_valid: Check) -> Any:
    """Return a text as the type that a field has; the text itself where it fits none, for an error to show it."""
    readings = ((field, value) for field in fields for value in _iter_readings(text, field))
    return next((value for field, value in readings if is_valid(field.pointer, value)), text)


def _iter_readings(text: str, field: Field) -> Iterator[Any]:
    """Yield what a text may mean, the most likely first."""
    kind = field.resolved.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if kind != "string" and text[0] in "{[":  # also where any text is allowed
        yield parse_json_text(text)
    if "string" in kinds or kind is None:
        yield text
    yield parse_json_text(text.lower() if text.lower() in _WORDS else text)
    if "array" in kinds:
        parts = [part.strip() for part in text.split(_LIST_SEPARATOR)]
        yield parts
        yield [parse_json_text(part) for part in parts if part]
