"""Seed data: rows to begin with, from a folder or a file that the user gives.

A folder has one file for each resource, called after it: ``customer.json``, ``customers.yaml`` or ``customer.csv``.
Where several APIs are served, a subfolder or the first part of the name says which is meant: ``shop/customer.csv`` or
``shop.customer.csv``. A single file holds the rows by resource, or by API and resource.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from specduet.mocks.csv_rows import read_csv_rows
from specduet.mocks.world import PlacedRow, match_resource
from specduet.specs import Api, Resource, Schemas, SpecError, UsageError
from specduet.specs.inference.words import to_snake
from specduet.specs.lines import find_line
from specduet.specs.locations import display_path
from specduet.specs.schemas import Field, escape_pointer
from specduet.specs.source import read_document

_MAX_MAPS = 3  # within each other, of which a column may name a member
_JSON_SUFFIXES = {".json", ".yaml", ".yml"}
SUFFIXES = {*_JSON_SUFFIXES, ".csv"}
"""Endings of the files that are read."""

SeedData = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""Rows by API and resource."""


class _SeedFile(NamedTuple):
    """A file of the folder, with the API and the resource that its name says."""

    path: Path
    api: str
    """Empty where the name says none."""
    resource: str


def read_seed_data(source: Path, apis: Sequence[Api]) -> SeedData:
    """Return the rows of a folder or file. Raises ``UsageError`` and ``SpecError``, which name file and line."""
    seed_data: dict[str, dict[str, list[PlacedRow]]] = {}
    for api, resource, path, rows in _iter_rows(source, apis):
        by_resource = seed_data.setdefault(api.name, {})
        if resource in by_resource:
            raise UsageError(f"{display_path(path)}: there are rows of {resource!r} in another file, too")
        by_resource[resource] = rows
    return seed_data


def list_seed_files(source: Path) -> list[Path]:
    """Return the files of a folder of seed data, or the one that it is. Raises ``UsageError`` where there is none."""
    if not source.is_dir():
        return [source]
    inner = [path for folder in sorted(source.iterdir()) if folder.is_dir() for path in sorted(folder.iterdir())]
    files = [path for path in (*sorted(source.iterdir()), *inner) if path.suffix.lower() in SUFFIXES]
    return [path for path in files if not path.name.startswith(".")]


def _iter_rows(source: Path, apis: Sequence[Api]) -> Iterator[tuple[Api, str, Path, list[PlacedRow]]]:
    """Yield the API, the name of the resource, the file, and the rows that it has of the resource."""
    files = list_seed_files(source)
    if not files:
        raise UsageError(
            f"{display_path(source)} has no seed data", remedy="Put files such as customer.csv there, one a resource."
        )
    for path in files:
        name = _split_name(path, source, apis)
        if path.suffix.lower() == ".csv":
            api, resource = _find_resource(name, apis)
            fields = _list_fields(api.response_schemas, api.resources[resource])
            yield api, resource, path, read_csv_rows(path, fields, partial(_is_valid, api))
            continue
        content = read_document(path)
        if isinstance(content, Mapping):
            yield from _iter_objects(path, content, apis, name.api)
        else:
            yield *_find_resource(name, apis), path, _place_rows(path, content, "")


def _list_fields(schemas: Schemas, resource: Resource) -> list[Field]:
    """Return the properties of a resource, and behind them the members of its maps, which have any name."""
    fields = [*schemas.walk_fields(resource.schema, resource.pointer)]
    holders: list[tuple[tuple[str, ...], Any, str]] = [((), resource.schema, resource.pointer)]
    holders += [(field.path, schemas.node_at(field.pointer), field.pointer) for field in fields]
    for path, schema, pointer in holders:
        resolved, at, _ = schemas.split_null(schema, pointer)
        inner = resolved.get("additionalProperties")
        if isinstance(inner, Mapping) and path.count("*") < _MAX_MAPS:
            at = f"{at}/additionalProperties"
            member, _, is_nullable = schemas.split_null(inner, at)
            fields.append(Field((*path, "*"), at, member, required=False, nullable=is_nullable))
            holders.append(((*path, "*"), inner, at))
    return fields


def _is_valid(api: Api, pointer: str, value: Any) -> bool:
    return bool(api.response_schemas.validator_at(pointer).is_valid(value))


def _split_name(path: Path, source: Path, apis: Sequence[Api]) -> _SeedFile:
    first, dot, rest = path.stem.partition(".")
    if path.parent not in (source, source.parent):
        return _SeedFile(path, path.parent.name, path.stem)
    return _SeedFile(path, first, rest) if dot and _find_api(first, apis) else _SeedFile(path, "", path.stem)


def _iter_objects(
    path: Path, content: Mapping[str, Any], apis: Sequence[Api], api_name: str, pointer: str = ""
) -> Iterator[tuple[Api, str, Path, list[PlacedRow]]]:
    """Yield what an object holds: rows by resource, or such objects by API."""
    for name, value in content.items():
        inner = f"{pointer}/{escape_pointer(name)}"
        if isinstance(value, Mapping) and not api_name:
            if _find_api(name, apis) is None:
                known = ", ".join(api.name for api in apis)
                raise SpecError(
                    f"no API is called {name!r}", file=path, line=find_line(path, inner), remedy=f"Served: {known}."
                )
            yield from _iter_objects(path, value, apis, name, inner)
        else:
            try:
                api, resource = _find_resource(_SeedFile(path, api_name, name), apis)
            except UsageError as error:
                line = find_line(path, inner)
                raise SpecError(error.message, file=path, line=line, remedy=error.remedy) from None
            yield api, resource, path, _place_rows(path, value, inner)


def _place_rows(path: Path, rows: Any, pointer: str) -> list[PlacedRow]:
    """Return rows of a file with their places. Raises ``SpecError`` for what is no list of objects."""
    if not isinstance(rows, list):
        raise SpecError("is no list of rows", file=path, line=find_line(path, pointer), pointer=pointer)
    placed = []
    for index, row in enumerate(rows):
        at = f"{pointer}/{index}"
        if not isinstance(row, Mapping):
            raise SpecError("is no row: a row is an object", file=path, line=find_line(path, at), pointer=at)
        placed.append(PlacedRow(row, partial(_describe_place, path, at)))
    return placed


def _describe_place(path: Path, pointer: str) -> str:
    line = find_line(path, pointer)
    return display_path(path) if line is None else f"{display_path(path)}:{line}"


# ---------------------------------------------------------------------------------------------- names of resources


def _find_api(name: str, apis: Sequence[Api]) -> Api | None:
    return next((api for api in apis if to_snake(api.name) == to_snake(name)), None)


def _find_resource(file: _SeedFile, apis: Sequence[Api]) -> tuple[Api, str]:
    """Return the API and the name of the resource that a file or a property is called after."""
    place = display_path(file.path)
    chosen = [api for api in apis if not file.api or to_snake(api.name) == to_snake(file.api)]
    if not chosen:
        raise UsageError(
            f"{place}: no API is called {file.api!r}", remedy=f"Served: {', '.join(a.name for a in apis)}."
        )
    found = [(api, name) for api in chosen if (name := match_resource(api, file.resource)) is not None]
    if not found:
        known = ", ".join(name for api in chosen for name in api.resources) or "none"
        raise UsageError(f"{place}: no resource is called {file.resource!r}", remedy=f"Known: {known}.")
    if len(found) > 1:
        names = ", ".join(f"{api.name}.{name}" for api, name in found)
        raise UsageError(f"{place}: {file.resource!r} may be any of {names}", remedy="Put the API's name before it.")
    return found[0]
