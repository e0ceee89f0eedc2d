"""Rows of a CSV file: its first line has the names of properties, those within objects with dots (``address.city``).

A cell has no type, so its text is converted to the type that the schema has for the property. An empty cell is null
where a property is demanded and may be null, and else no value at all.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from specduet.mocks.world import PlacedRow
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
    header = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    known: dict[str, Field] = {}
    for field in fields:
        known.setdefault(".".join(field.path), field)
    rows: list[PlacedRow] = []
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_names(names, path)
        for line, cells in _iter_lines(reader):
            if len(cells) > len(names):
                raise SpecError(f"has {len(cells)} cells, and {len(names)} names above them", file=path, line=line)
            row: dict[str, Any] = {}
            for name, cell in zip(names, cells, strict=False):
                _put_cell(row, name, cell, known, is_valid)
            rows.append(PlacedRow(row, partial("{}:{}".format, display_path(path), line)))
    except csv.Error as error:
        raise SpecError(f"is no CSV: {error}", file=path, line=reader.line_num) from None
    return rows


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


def _put_cell(row: dict[str, Any], name: str, text: str, known: dict[str, Field], is_valid: Check) -> None:
    """Put the value of a cell into a row, at the place that the name of its column says."""
    field = known.get(name)
    if text == "":
        if field is None or not (field.required and field.nullable):
            return
        value = None
    else:
        value = text if field is None else convert_text(text, field, is_valid)
    *holders, last = name.split(".") if field is None else field.path
    for part in holders:
        row = row.setdefault(part, {})
    row[last] = value


def convert_text(text: str, field: Field, is_valid: Check) -> Any:
    """Return a text as the type that the field has; the text itself where it fits none, for an error to show it."""
    return next((value for value in _iter_readings(text, field) if is_valid(field.pointer, value)), text)


def _iter_readings(text: str, field: Field) -> Iterator[Any]:
    """Yield what a text may mean, the most likely first."""
    kind = field.resolved.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "string" in kinds or kind is None:
        yield text
    yield from _parse_json([text.lower() if text.lower() in _WORDS else text])
    if "array" in kinds:
        parts = [part.strip() for part in text.split(_LIST_SEPARATOR)]
        yield parts
        yield list(_parse_json(parts))


def _parse_json(texts: Iterable[str]) -> Iterator[Any]:
    """Yield the values of texts that are JSON."""
    for text in texts:
        with suppress(ValueError, RecursionError):
            yield json.loads(text, parse_constant=_reject_constant)


def _reject_constant(name: str) -> None:
    raise ValueError(name)
