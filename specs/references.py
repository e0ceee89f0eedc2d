"""References: those into other files become local components; those within the document stay references.

prance's translator copies the referenced objects. It is not public, so it is imported only here, and a test tells when
it moves. It puts everything into ``components/schemas``; parameters, responses and the like are then moved to where
they belong.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from specduet.specs.errors import BadReference
from specduet.specs.schemas import escape_pointer, split_pointer
from specduet.specs.source import find_line, read_document

_LITERAL = {"example", "examples", "default", "enum", "const"}  # their values are data, not schemas


def localize_references(document: dict[str, Any], path: Path) -> tuple[dict[str, Any], tuple[Path, ...]]:
    """Return the document with every external reference made internal, and the other files it refers to.

    Raises ``BadReference`` for a reference over HTTP, to a file outside the document's folder, or to nothing.
    """
    files = _read_external_files(document, path)
    if not files:
        return document, ()
    from prance.util.translator import (
        _RefTranslator,
    )  # costly to import, and private: see the module's docstring

    translator = _RefTranslator(document, path.resolve().as_uri())
    translator.translate_references()
    known = document.get("components", {}).get("schemas", {})
    return _sort_components(translator.specs, known), files


_KINDS = {"parameters": "parameters", "responses": "responses", "headers": "headers", "examples": "examples"}


def _sort_components(document: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Move imported objects that are no schemas out of ``components/schemas``; put path items inline."""
    components = document["components"]
    imported = components["schemas"].keys() - known.keys()
    for path, item in document["paths"].items():
        name = item.get("$ref", "").rpartition("/")[2]
        if name in imported:
            document["paths"][path] = components["schemas"].pop(name)
    moved = set()
    for pointer, reference in list(references_in(document)):
        parts, last = split_pointer(pointer), reference.rpartition("/")[2]
        kind = _component_kind(parts, known)
        if kind is not None and last in imported:
            components.setdefault(kind, {})[last] = components["schemas"][last]
            _node_at(document, parts)["$ref"] = f"#/components/{kind}/{last}"
            moved.add(last)
    for name in moved:
        del components["schemas"][name]
    return document


def _component_kind(parts: list[str], known: Mapping[str, Any]) -> str | None:
    """Return the kind of component that a reference at ``parts`` of the document means; None for a schema."""
    within_schema = "schema" in parts or (parts[:2] == ["components", "schemas"] and parts[2] in known)
    if within_schema or len(parts) < _MIN_DEPTH:
        return None
    return "requestBodies" if parts[-1] == "requestBody" else _KINDS.get(parts[-2])


_MIN_DEPTH = 3


def _node_at(document: Any, parts: list[str]) -> Any:
    for part in parts:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def check_references(document: Any, path: Path) -> None:
    """Raise ``BadReference`` for a ``$ref`` that leads nowhere in the document."""
    for pointer, reference in references_in(document):
        if not reference.startswith("#") or not _has_node(document, reference[1:]):
            raise _reference_error(f"the reference {reference!r} leads nowhere", path, pointer)


def references_in(node: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield every ``$ref`` of a document as (pointer of the object that holds it, reference)."""
    named = pointer.endswith("/properties")
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield pointer, node["$ref"]
        for key, value in node.items():
            if named or key not in _LITERAL:
                yield from references_in(value, f"{pointer}/{escape_pointer(str(key))}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from references_in(value, f"{pointer}/{index}")


def _read_external_files(document: Any, path: Path) -> tuple[Path, ...]:
    root = path.resolve().parent
    found: dict[Path, Any] = {}
    waiting = [(path.resolve(), document)]
    while waiting:
        base, content = waiting.pop()
        for pointer, reference in references_in(content):
            target = _referenced_file(base, reference, root, pointer)
            if target is None or target == path.resolve():
                continue
            if target not in found:
                _require_unique_name(target, found, base, pointer)
                found[target] = read_document(target)
                waiting.append((target, found[target]))
            fragment = reference.partition("#")[2]
            if not _has_node(found[target], fragment):
                raise _reference_error(f"the reference {reference!r} leads nowhere", base, pointer)
    return tuple(found)


def _require_unique_name(target: Path, found: Mapping[Path, Any], base: Path, pointer: str) -> None:
    """Raise ``BadReference`` for a second file of the same name: the translator would merge the two."""
    for known in found:
        if known.name == target.name:
            raise _reference_error(
                f"refers to two files called {target.name!r}", base, pointer, remedy="Give one of them another name."
            )


def _referenced_file(base: Path, reference: str, root: Path, pointer: str) -> Path | None:
    name = reference.partition("#")[0]
    if not name:
        return None
    if "://" in name:
        raise _reference_error(
            f"the reference {reference!r} goes over the network, which is not followed",
            base,
            pointer,
            remedy="Save the file beside the document and refer to it by its name.",
        )
    target = (base.parent / name).resolve()
    if not target.is_relative_to(root):
        raise _reference_error(
            f"the reference {reference!r} leaves the folder of the document",
            base,
            pointer,
        )
    if not target.is_file():
        raise _reference_error(f"the reference {reference!r} leads to no file", base, pointer)
    return target


def _has_node(document: Any, fragment: str) -> bool:
    for part in split_pointer(fragment):
        if isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        elif isinstance(document, Mapping) and part in document:
            document = document[part]
        else:
            return False
    return True


def _reference_error(message: str, path: Path, pointer: str, *, remedy: str = "") -> BadReference:
    return BadReference(message, file=path, line=find_line(path, pointer), pointer=pointer, remedy=remedy)
