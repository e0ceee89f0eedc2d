"""Documents for one direction: requests owe no readOnly property, responses no writeOnly one.

OAS 3.0.3, Schema Object: if such a property is required, this takes effect on the other direction only. JSON Schema
knows no directions, so that the names are taken out of ``required``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from specduet.specs.schemas import Schemas, escape_pointer, iter_objects, split_pointer

Mark = Literal["readOnly", "writeOnly"]
_PlacedObject = tuple[str, Mapping[str, Any]]

_PARTS = ("allOf", "anyOf", "oneOf")
_DATA = {"example", "examples", "default", "enum", "const"}


def find_dropped(document: dict[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return by mark the names that each ``required`` loses for a direction, by the pointer of its schema."""
    marks = [mark for mark in get_args(Mark) if _has_mark(document, mark)]
    objects, schemas = list(_walk_objects(document, "")) if marks else [], Schemas(document)
    return {mark: _find_names(schemas, objects, mark) for mark in marks}


def _find_names(schemas: Schemas, objects: Sequence[_PlacedObject], mark: Mark) -> dict[str, list[str]]:
    dropped: dict[str, set[str]] = {}
    for pointer, schema in objects:
        names = _marked_names(schemas, schema, pointer, mark, frozenset())
        if names:
            _collect_dropped(schemas, schema, pointer, names, dropped, frozenset())
    lost = {at: sorted(names.intersection(schemas.node_at(at)["required"])) for at, names in dropped.items()}
    return {pointer: names for pointer, names in lost.items() if names}


def drop_required(document: Mapping[str, Any], dropped: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the document without these names in ``required``; what does not change is shared."""
    copied: dict[str, Any] = {"": dict(document)}
    for pointer, names in dropped.items():
        schema = _copy_path(copied, pointer)
        schema["required"] = [name for name in schema["required"] if name not in names]
    relaxed: dict[str, Any] = copied[""]
    return relaxed


def _copy_path(copied: dict[str, Any], pointer: str) -> Any:
    """Return the node at a pointer of the copy; it and all around it are copied once."""
    if pointer not in copied:
        holder, _, last = pointer.rpartition("/")
        parent = _copy_path(copied, holder)
        key = int(last) if isinstance(parent, list) else split_pointer(f"/{last}")[0]
        node = parent[key]
        copied[pointer] = parent[key] = list(node) if isinstance(node, list) else dict(node)
    return copied[pointer]


def _has_mark(document: Any, mark: Mark) -> bool:
    return any(node.get(mark) is True for node in iter_objects(document))


def _walk_objects(node: Any, pointer: str) -> Iterator[_PlacedObject]:
    """Yield the objects that have properties or are made of parts."""
    if isinstance(node, dict):
        if "properties" in node or any(part in node for part in _PARTS):
            yield pointer, node
        for key, value in node.items():
            if key not in _DATA or pointer.endswith("/properties"):
                yield from _walk_objects(value, f"{pointer}/{escape_pointer(key)}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _walk_objects(value, f"{pointer}/{index}")


def _marked_names(schemas: Schemas, schema: Any, pointer: str, mark: Mark, entered: frozenset[str]) -> frozenset[str]:
    """Return the names of the marked properties of a schema and its parts."""
    schema, pointer = schemas.resolve(schema, pointer)
    if pointer in entered or not isinstance(schema, Mapping):
        return frozenset()
    properties = schema.get("properties")
    found = set()
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        if _is_marked(schemas, inner, f"{pointer}/properties/{escape_pointer(name)}", mark, frozenset()):
            found.add(name)
    for at, part in _parts_of(schema, pointer):
        found |= _marked_names(schemas, part, at, mark, entered | {pointer})
    return frozenset(found)


def _is_marked(schemas: Schemas, schema: Any, pointer: str, mark: Mark, entered: frozenset[str]) -> bool:
    schema, pointer = schemas.resolve(schema, pointer)
    if not isinstance(schema, Mapping) or pointer in entered:
        return False
    if schema.get(mark) is True:
        return True
    parts = [pair for pair in _parts_of(schema, pointer) if pair[0].rpartition("/")[0].endswith("/allOf")]
    return any(_is_marked(schemas, part, at, mark, entered | {pointer}) for at, part in parts)


def _parts_of(schema: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, Any]]:
    for keyword in _PARTS:
        branches = schema.get(keyword)
        if isinstance(branches, list):
            yield from ((f"{pointer}/{keyword}/{index}", part) for index, part in enumerate(branches))


def _collect_dropped(
    schemas: Schemas,
    schema: Any,
    pointer: str,
    names: frozenset[str],
    dropped: dict[str, set[str]],
    entered: frozenset[str],
) -> None:
    """Note the names that each ``required`` of a schema and its parts loses.

    A part that has a property of this name itself, unmarked, may mean its own: it was looked at by itself.
    """
    schema, pointer = schemas.resolve(schema, pointer)
    if not isinstance(schema, Mapping) or pointer in entered:
        return
    own = schema.get("properties")
    kept = names - own.keys() if isinstance(own, Mapping) and entered else names
    if isinstance(schema.get("required"), list):
        dropped.setdefault(pointer, set()).update(kept)
    for at, part in _parts_of(schema, pointer):
        _collect_dropped(schemas, part, at, names, dropped, entered | {pointer})
