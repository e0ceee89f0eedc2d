"""Documents for one direction: requests owe no readOnly property, responses no writeOnly one.

OAS 3.0.3, Schema Object: if such a property is required, this takes effect on the other direction only. JSON Schema
knows no directions, so that the names are taken out of ``required``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from specduet.specs.schemas import Schemas, escape_pointer

Mark = Literal["readOnly", "writeOnly"]

_PARTS = ("allOf", "anyOf", "oneOf")
_DATA = {"example", "examples", "default", "enum", "const"}


def has_mark(node: Any, mark: Mark) -> bool:
    """Return whether any object of the document is marked ``readOnly: true`` or ``writeOnly: true``."""
    if isinstance(node, dict):
        return node.get(mark) is True or any(has_mark(value, mark) for value in node.values())
    return isinstance(node, list) and any(has_mark(value, mark) for value in node)


def relax_required(schemas: Schemas, mark: Mark) -> dict[str, Any]:
    """Return the document without the marked properties in any ``required``; what does not change is shared."""
    dropped: dict[str, set[str]] = {}
    document = schemas.node_at("")
    for pointer, schema in _walk_objects(document, ""):
        names = _marked_names(schemas, schema, pointer, mark, frozenset())
        if names:
            _collect_dropped(schemas, schema, pointer, names, dropped, frozenset())
    relaxed: dict[str, Any] = _drop_names(document, "", dropped)
    return relaxed


def _walk_objects(node: Any, pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
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


def _drop_names(node: Any, pointer: str, dropped: Mapping[str, set[str]]) -> Any:
    if isinstance(node, list):
        items = [_drop_names(value, f"{pointer}/{index}", dropped) for index, value in enumerate(node)]
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    if not isinstance(node, dict):
        return node
    inner = {key: _drop_names(value, f"{pointer}/{escape_pointer(key)}", dropped) for key, value in node.items()}
    names = dropped.get(pointer)
    if names and isinstance(node.get("required"), list):
        inner["required"] = [name for name in node["required"] if name not in names]
        return inner
    return node if all(inner[key] is value for key, value in node.items()) else inner
