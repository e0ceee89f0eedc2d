"""Schemas as the inference sees them: merged properties and simple kinds, each read once."""

from collections.abc import Iterator, Mapping
from typing import Any

from specduet.specs.schemas import Schema, Schemas, escape_pointer

_COMPOSITIONS = ("allOf", "oneOf", "anyOf")
_MOST_BRANCHES = 60  # a union of more kinds of rows is not looked through


class SchemaReader:
    """Reader of one document's schemas. It answers for whatever a schema holds, and never raises."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._properties: dict[str, Mapping[str, str]] = {}
        self._resolved: dict[str, tuple[Schema, str]] = {}
        self._kinds: dict[str, str] = {}
        #: schemas that were met on the way, so that they are not looked up again
        self._nodes: dict[str, Any] = {}

    def resolve(self, pointer: str) -> tuple[Schema, str]:
        """Return the schema at a pointer behind references and null, with its pointer; empty where there is none."""
        found = self._resolved.get(pointer)
        if found is None:
            found = self._resolved[pointer] = self._resolve(pointer)
        return found

    def _resolve(self, pointer: str) -> tuple[Schema, str]:
        try:
            node = self._nodes[pointer] if pointer in self._nodes else self._schemas.node_at(pointer)
            if isinstance(node, Mapping) and ("type" in node or "properties" in node) and _is_plain(node):
                return node, pointer
            schema, at, _ = self._schemas.split_null(node, pointer)
        except (KeyError, TypeError, AttributeError, RecursionError):  # a reference that leads nowhere
            return {}, pointer
        for _ in range(5):  # `allOf` with nothing but one reference is that reference, with a description or without
            branches = schema.get("allOf") if isinstance(schema, Mapping) else None
            if not (isinstance(branches, list) and len(branches) == 1 and "properties" not in schema):
                break
            try:
                schema, at, _ = self._schemas.split_null(branches[0], f"{at}/allOf/0")
            except (KeyError, TypeError, AttributeError, RecursionError):
                break
        return (schema if isinstance(schema, Mapping) else {}), at

    def node_at(self, pointer: str) -> Any:
        """Return the node at a pointer as it is written; None where there is none."""
        if pointer not in self._nodes:
            try:
                self._nodes[pointer] = self._schemas.node_at(pointer)
            except KeyError:
                self._nodes[pointer] = None
        return self._nodes[pointer]

    def remember(self, pointer: str, node: Any) -> None:
        """Take note of the node at a pointer, which need not be looked up then."""
        self._nodes[pointer] = node

    def properties_at(self, pointer: str) -> Mapping[str, str]:
        """Return the pointers of an object's properties by name, those of its compositions too."""
        _, pointer = self.resolve(pointer)
        found = self._properties.get(pointer)
        if found is None:
            found = self._properties[pointer] = dict(self._walk_properties(pointer, frozenset()))
        return found

    def _walk_properties(self, pointer: str, entered: frozenset[str]) -> Iterator[tuple[str, str]]:
        schema, pointer = self.resolve(pointer)
        if pointer in entered or len(entered) > _MOST_BRANCHES:
            return
        entered |= {pointer}
        for keyword in _COMPOSITIONS:
            branches = schema.get(keyword)
            for index in range(min(len(branches), _MOST_BRANCHES) if isinstance(branches, list) else 0):
                yield from self._walk_properties(f"{pointer}/{keyword}/{index}", entered)
        properties = schema.get("properties")
        for name, node in properties.items() if isinstance(properties, Mapping) else ():
            at = f"{pointer}/properties/{escape_pointer(name)}"
            self._nodes[at] = node
            yield name, at

    def required_at(self, pointer: str) -> frozenset[str]:
        """Return the names of the properties that every object at a pointer has: its own and those of its ``allOf``."""
        found: set[str] = set()
        waiting, seen = [pointer], set()
        while waiting:
            schema, at = self.resolve(waiting.pop())
            if at in seen:
                continue
            seen.add(at)
            names, branches = schema.get("required"), schema.get("allOf")
            found.update(name for name in names if isinstance(name, str)) if isinstance(names, list) else None
            waiting += [f"{at}/allOf/{index}" for index in range(len(branches) if isinstance(branches, list) else 0)]
        return frozenset(found)

    def kind_at(self, pointer: str) -> str:
        """Return the type of the schema at a pointer other than null: ``object``, ``string``; empty if unknown."""
        schema, at = self.resolve(pointer)
        found = self._kinds.get(at)
        if found is None:
            found = self._kinds[at] = self._find_kind(schema, at)
        return found

    def _find_kind(self, schema: Schema, at: str) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((name for name in kind if name != "null"), None)
        if isinstance(kind, str):
            return kind
        if "items" in schema:
            return "array"
        if any(keyword in schema for keyword in ("properties", "additionalProperties")):
            return "object"
        members = schema.get("enum")
        if isinstance(members, list) and members:
            return _kind_of_value(next((member for member in members if member is not None), None))
        return self._kind_of_branches(schema, at)

    def _kind_of_branches(self, schema: Schema, pointer: str) -> str:
        for keyword in _COMPOSITIONS:
            branches = schema.get(keyword)
            for index in range(min(len(branches), 5) if isinstance(branches, list) else 0):
                branch, at = self.resolve(f"{pointer}/{keyword}/{index}")
                if at != pointer and not any(word in branch for word in _COMPOSITIONS):
                    return self.kind_at(at)
                if at != pointer and self.properties_at(at):
                    return "object"
        return ""

    def items_at(self, pointer: str) -> str | None:
        """Return the pointer of the items of the array at a pointer, behind references; None for anything else."""
        schema, pointer = self.resolve(pointer)
        items = schema.get("items")
        if not isinstance(items, Mapping):
            return None
        at = f"{pointer}/items"
        self._nodes[at] = items
        return self.resolve(at)[1]

    def members_at(self, pointer: str) -> tuple[Any, ...]:
        """Return the members of the enumeration at a pointer without null."""
        schema, _ = self.resolve(pointer)
        members = schema.get("enum")
        if "const" in schema:
            return (schema["const"],)
        return tuple(member for member in members if member is not None) if isinstance(members, list) else ()


def _is_plain(node: Mapping[str, Any]) -> bool:
    """Tell whether a schema is neither a reference nor a composition, so that there is nothing behind it."""
    return "$ref" not in node and "allOf" not in node and "anyOf" not in node and "oneOf" not in node


def _kind_of_value(value: Any) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "")
