"""Neighbours: a second document of one API, with operations that the vendor's own document does not have.

Its operations and components are added to those of the document, and change none of them. Each operation says where it
comes from and with what basis, so that a habit of a client never becomes a promise of the service:
``x-specduet: {added: {basis: inferred, origin: shop-client 2.1}}``. What names neither has those of ``info``.
"""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from specduet.specs.errors import BadOverlay
from specduet.specs.extension import EXTENSION
from specduet.specs.overlay import read_basis
from specduet.specs.request_lines import METHODS
from specduet.specs.schemas import escape_pointer
from specduet.specs.source import find_line
from specduet.specs.vocabulary import fill_basis

DEFAULT_ORIGIN = "x-specduet-origin"


def is_document(layer: Any) -> bool:
    """Tell whether what was read from a file is an OpenAPI document and no overlay."""
    return isinstance(layer, Mapping) and "openapi" in layer


def add_neighbours(document: Mapping[str, Any], neighbours: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a copy of the document with the operations and components of its neighbours, both of them normalized.

    Raises ``BadOverlay`` for an operation, a component or a version that the document has otherwise.
    """
    versions = [str(each["openapi"])[:3] for each in (document, neighbours)]
    if versions[0] != versions[1]:
        raise _refuse(f"is OpenAPI {versions[1]}, and the document {versions[0]}", "/openapi", path)
    result = copy.deepcopy(dict(document))
    marked = _mark_operations(neighbours, path)
    for name, item in marked.get("paths", {}).items():
        _add_path(result.setdefault("paths", {}), name, item, path)
    for name, webhook in marked.get("webhooks", {}).items():
        if result.setdefault("webhooks", {}).setdefault(name, webhook) != webhook:
            raise _refuse(f"the document has another webhook {name!r}", f"/webhooks/{escape_pointer(name)}", path)
    for section, named in marked.get("components", {}).items():
        known = result.setdefault("components", {}).setdefault(section, {})
        for name, component in named.items():
            if known.setdefault(name, component) != component:
                pointer = f"/components/{section}/{escape_pointer(name)}"
                raise _refuse(f"the document has another {name!r} in {section}", pointer, path)
    _add_statements(result, marked)
    return result


def _mark_operations(neighbours: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a copy in which each operation says where it is from, and what else its document says of all of them."""
    info = neighbours.get("info", {})
    basis, origin = read_basis(neighbours, path) or "assumed", str(info.get(DEFAULT_ORIGIN, path.name))
    marked: dict[str, Any] = fill_basis(copy.deepcopy(dict(neighbours)), basis)
    for operation in _iter_operations(marked):
        added = operation.setdefault(EXTENSION, {}).setdefault("added", {"basis": basis})
        added.setdefault("origin", origin)
        for shared in ("security", "servers"):
            if shared in marked:
                operation.setdefault(shared, marked[shared])
    return marked


def _iter_operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document.get("paths", {}).values():
        yield from (item[method] for method in METHODS if method in item)


def _add_path(paths: dict[str, Any], name: str, item: Mapping[str, Any], path: Path) -> None:
    """Add a path, or the methods of one that the document has: what these share becomes their own."""
    if name not in paths:
        paths[name] = item
        return
    shared = {key: item[key] for key in ("parameters", "servers") if key in item}
    for method in METHODS:
        if method in paths[name] and method in item:
            pointer = f"/paths/{escape_pointer(name)}/{method}"
            raise _refuse(f"the document has {method.upper()} {name}", pointer, path)
        if method in item:
            own = {**shared, **item[method]}
            own["parameters"] = [*shared.get("parameters", ()), *item[method].get("parameters", ())]
            paths[name][method] = own


def _add_statements(document: dict[str, Any], neighbours: Mapping[str, Any]) -> None:
    """Add the statements about the whole API that the document does not make."""
    words = neighbours.get(EXTENSION)
    if isinstance(words, Mapping):
        document[EXTENSION] = {**words, **document.get(EXTENSION, {})}


def _refuse(message: str, pointer: str, path: Path) -> BadOverlay:
    return BadOverlay(message, file=path, line=find_line(path, pointer), pointer=pointer)
