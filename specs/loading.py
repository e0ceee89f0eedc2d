"""Load a document: read, resolve references, apply the overlay, leave out what is wrong, build the model.

    openapi.yaml ─ read ─ normalize ─ neighbours.yaml ─ overlay.yaml ─ normalize ─ upgrade to 3.1 ─ build ─ Api
                          │ references, faults   └ only where there are such files
                          └ problems

The result is cached (``specs/cache.py``), so that an unchanged document is not read again. Whether it keeps the
OpenAPI specification in every respect is asked only by ``check_document`` and ``load(…, strict=True)``: it takes longer
than anything else, and does not change what is served.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from specduet.specs import cache
from specduet.specs.build import build_api
from specduet.specs.errors import NotOpenApi, SpecError, UsageError
from specduet.specs.locations import HOME
from specduet.specs.model import Api
from specduet.specs.problems import Problem
from specduet.specs.server_variables import set_server_variables
from specduet.specs.swagger import convert_swagger, is_swagger

_DOCUMENT = "openapi.yaml"
_NEIGHBOURS = "neighbours.yaml"
_OVERLAY = "overlay.yaml"
_LONGEST_NAME = 60


def bundled() -> tuple[str, ...]:
    """Return the names of the bundled APIs: the folders of this package that hold an OpenAPI document."""
    return tuple(sorted(folder.parent.name for folder in HOME.glob(f"*/{_DOCUMENT}")))


def load(
    name_or_path: str | Path,
    *,
    overlays: Sequence[str | Path] = (),
    name: str = "",
    strict: bool = False,
    allow_remote: bool = False,
    stateless: bool = False,
    server_variables: Mapping[str, str] | None = None,
) -> Api:
    """Load a bundled API by name, or any OpenAPI 3 document by path.

    A ``neighbours.yaml`` and an ``overlay.yaml`` beside a document called ``openapi.yaml`` belong to it; ``overlays``
    are applied after them, and may be documents with neighbours too.
    ``name`` is what the API is called: without one, after its title. Whatever is wrong
    in the document is left out, and stands in ``problems``; with ``strict`` it is an error.
    ``allow_remote`` follows references to URLs. ``stateless`` leaves out what the document only implies about behavior
    (``specs/inference``). ``server_variables`` are values for the variables in the addresses of servers.

    Raises ``SpecError`` for files that cannot be read or are no OpenAPI, ``UsageError`` for unknown names.
    """
    path = find_document(name_or_path)
    files = _list_overlays(path, overlays)
    if strict:
        _refuse_problems(check_document(path, overlays=overlays, allow_remote=allow_remote))
    entry = cache.load_cached(path, files)
    is_cached = entry is not None and not (allow_remote and entry.problems)
    if entry is None or not is_cached:
        entry = _read_document(path, files, allow_remote=allow_remote)
        cache.store_cached(path, files, entry)
    if server_variables:
        set_server_variables(entry.document, server_variables)
    return build_api(name or _name_api(path, entry), path, files, entry, stateless=stateless, is_cached=is_cached)


def load_all(names: Iterable[str | Path], **options: Any) -> tuple[Api, ...]:
    """Load several APIs with the options of ``load``; of those with one name, the second is called ``NAME-2``.

    Raises ``UsageError`` for a name or overlays, which belong to one document.
    """
    names = tuple(names)
    if len(names) > 1 and (options.get("name") or options.get("overlays")):
        raise UsageError("--name and --overlay belong to one document, and there are several")
    return number_names(load(each, **options) for each in names)


def number_names(apis: Iterable[Api]) -> tuple[Api, ...]:
    """Return the APIs with different names: the second document of a name is called ``NAME-2``."""
    named: dict[str, Api] = {}
    result = []
    for api in apis:
        free = (api.name if number == 1 else f"{api.name}-{number}" for number in itertools.count(1))
        name = next(name for name in free if name not in named or named[name].path == api.path)
        named[name] = api if name == api.name else replace(api, name=name)
        result.append(named[name])
    return tuple(result)


def check_document(
    name_or_path: str | Path, *, overlays: Sequence[str | Path] = (), allow_remote: bool = False
) -> tuple[Problem, ...]:
    """Return all problems of a document with their lines: those that ``load`` leaves out, and all others.

    Raises what ``load`` raises.
    """
    path = find_document(name_or_path)
    layers = _list_overlays(path, overlays)
    known = cache.load_checked(path, layers)
    if known is None or (allow_remote and known):
        from specduet.specs.checking import find_all_problems  # it imports what takes longest

        normalized, files, found = _normalize(path, layers, allow_remote=allow_remote)
        entry = _upgrade(normalized, files, found)
        api = build_api(_name_api(path, entry), path, layers, entry, stateless=True)
        known = find_all_problems(api, normalized)
        cache.store_checked(path, layers, files, known)
    return known


def find_document(name_or_path: str | Path) -> Path:
    """Return the document's file for a bundled name, a folder or a path. Raises ``UsageError`` for an unknown name."""
    bundled_path = HOME / str(name_or_path) / _DOCUMENT
    if str(name_or_path) in bundled():
        return bundled_path
    path = Path(name_or_path)
    if path.is_dir() and (path / _DOCUMENT).is_file():
        return path / _DOCUMENT
    if not path.suffix and (not str(name_or_path) or not path.exists()):
        near = get_close_matches(str(name_or_path), bundled(), n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"no API is called {str(name_or_path)!r}", remedy=f"{guess}Bundled: {', '.join(bundled())}. Or give a file."
        )
    return path


def _list_overlays(path: Path, given: Sequence[str | Path]) -> cache.Overlays:
    beside = [path.parent / name for name in (_NEIGHBOURS, _OVERLAY)] if path.name == _DOCUMENT else []
    own = [file for file in beside if file.is_file()]
    return tuple(own + [Path(overlay) for overlay in given if Path(overlay) not in own])


def _name_api(path: Path, entry: cache.Entry) -> str:
    """Return the folder of a bundled API, else the title in lower case with hyphens: ``swagger-petstore``."""
    if path.parent.parent == HOME:
        return path.parent.name
    slug = (
        re.sub(r"[^a-z0-9]+", "-", str(entry.document["info"]["title"]).lower()).strip("-")[:_LONGEST_NAME].strip("-")
    )
    return slug or path.stem


def _read_document(path: Path, overlays: cache.Overlays, *, allow_remote: bool) -> cache.Entry:
    return _upgrade(*_normalize(path, overlays, allow_remote=allow_remote))


def _upgrade(document: dict[str, Any], files: tuple[Path, ...], problems: list[Problem]) -> cache.Entry:
    # imported here: only a document that is not cached needs them
    from specduet.specs.directions import find_dropped
    from specduet.specs.upgrade import upgrade_to_31

    upgraded = upgrade_to_31(document)
    return cache.Entry(upgraded, files, tuple(problems), find_dropped(upgraded))


def _normalize(
    path: Path, overlays: cache.Overlays, *, allow_remote: bool
) -> tuple[dict[str, Any], tuple[Path, ...], list[Problem]]:
    # imported here: YAML, JSONPath and the grammar are needed only for a document that is not cached
    from specduet.specs.neighbours import add_neighbours, is_document
    from specduet.specs.normalizer import normalize_document
    from specduet.specs.overlay import apply_overlay
    from specduet.specs.source import read_document

    problems: list[Problem] = []
    document = _check_version(read_document(path, problems), path, problems)
    document, files, found = normalize_document(document, path, allow_remote=allow_remote)
    problems += found
    for overlay in overlays:
        layer = read_document(overlay)
        if is_document(layer):
            layer, _, found = normalize_document(layer, overlay)
            problems += found
            document = add_neighbours(document, layer, overlay)
        else:
            document = apply_overlay(document, layer, overlay)
        document, _, found = normalize_document(document, path)
        problems += (problem for problem in found if problem not in problems)
    return document, files, [replace(p, file=path) if p.file == path.resolve() else p for p in problems]


_SECTIONS = ("paths", "webhooks", "components")


def _check_version(document: Any, path: Path, problems: list[Problem]) -> dict[str, Any]:
    """Return the document with a version that every reader knows. Raises ``NotOpenApi`` for what is none of 3.x."""
    if is_swagger(document):
        document = convert_swagger(document, path, problems)
    if not isinstance(document, dict) or "openapi" not in document:
        remedy = "An OpenAPI document begins with 'openapi: 3.1.0'."
        raise NotOpenApi("is no OpenAPI", file=path, line=1, remedy=remedy)
    version = str(document["openapi"]).strip()
    if not version.startswith("3."):
        raise _refuse_at(f"is OpenAPI {version[:40]}, and only 3.0, 3.1 and 3.2 are known", path, "/openapi")
    if not any(isinstance(document.get(section), Mapping) for section in _SECTIONS):
        section = next((name for name in _SECTIONS if name in document), "")
        raise _refuse_at("has no paths, webhooks or components", path, f"/{section}" if section else "")
    read_as = {"3.0": "3.0.3", "3.2": "3.2.0"}.get(version[:3], "3.1.0")
    if version.split(".")[:2] not in (["3", "0"], ["3", "1"], ["3", "2"]):
        problems.append(Problem(path, None, "/openapi", f"is OpenAPI {version[:40]!r}", f"it is read as {read_as[:3]}"))
    elif not isinstance(document["openapi"], str) or not version.removeprefix(version[:4]).isdecimal():
        found = Problem(path, None, "/openapi", f"{version[:40]!r} is no version", f"it is read as {read_as}")
        problems.append(found)
    else:
        read_as = version
    return document | {"openapi": read_as}


def _refuse_at(message: str, path: Path, pointer: str) -> NotOpenApi:
    from specduet.specs.source import find_line

    return NotOpenApi(message, file=path, line=find_line(path, pointer), pointer=pointer)


def _refuse_problems(problems: tuple[Problem, ...]) -> None:
    """Raise ``NotOpenApi`` for the first of the problems."""
    if problems:
        first = problems[0]
        others = len(problems) - 1
        remedy = f"{others} more: specduet check {first.file} shows them." if others else ""
        raise NotOpenApi(first.message, file=first.file, line=first.line, pointer=first.pointer, remedy=remedy)


__all__ = ["SpecError", "bundled", "check_document", "find_document", "load", "load_all", "number_names"]
