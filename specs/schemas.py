"""Schemas by JSON pointer: references stay references, validators are compiled once and on first use.

Nothing is inlined: recursive schemas work, and a small document stays small.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from specduet.specs.bounds import WALKED
from specduet.specs.validators import SchemaValidator, ValidatorStore

Schema = Mapping[str, Any]

_MEMBERS = ("items", "additionalProperties")
_BRANCHES = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Field:
    """A property somewhere below a schema."""

    #: property names, and ``"*"`` for array items or map values: ``("items", "*", "id")``
    path: tuple[str, ...]
    #: leads to the property's own schema
    pointer: str
    #: that schema behind its references and its null alternative
    resolved: Schema
    required: bool
    nullable: bool

    @property
    def members(self) -> tuple[Any, ...]:
        """The members other than null, of the field's own ``members`` or ``const``."""
        if "const" in self.resolved:
            return (self.resolved["const"],)
        return tuple(v for v in self.resolved.get("enum", ()) if v is not None)


class Schemas:
    """Schemas of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._validators = ValidatorStore(document, self.node_at)

    def node_at(self, pointer: str) -> Any:
        """Return the node at a JSON pointer (RFC 6901). Raises ``KeyError`` where there is none."""
        node: Any = self._document
        for part in split_pointer(pointer):
            try:
                node = node[int(part)] if isinstance(node, list) else node[part]
            except (LookupError, ValueError, TypeError) as error:
                raise KeyError(pointer) from error
        return node

    def resolve(self, schema: Schema, pointer: str) -> tuple[Schema, str]:
        """Follow ``$ref`` to its end and return (schema, its pointer). Siblings of a ``$ref`` override it (OAS 3.1)."""
        seen = set()
        siblings: dict[str, Any] = {}
        while isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str) and pointer not in seen:
            seen.add(pointer)
            siblings = {**{k: v for k, v in schema.items() if k != "$ref"}, **siblings}
            pointer = schema["$ref"].removeprefix("#")
            schema = self.node_at(pointer)
        return ({**schema, **siblings} if siblings else schema), pointer

    def validator_at(self, pointer: str) -> SchemaValidator:
        """Return the compiled validator of the schema at a pointer, formats on (2020-12, as OAS 3.1 says)."""
        return self._validators.find(pointer)

    def split_null(self, schema: Schema, pointer: str) -> tuple[Schema, str, bool]:
        """Return the schema behind references and a null alternative, its pointer, and whether null is allowed.

        With several alternatives besides null, the schema itself is returned.
        """
        return self._split_null(schema, pointer, frozenset())

    def _split_null(self, schema: Schema, pointer: str, entered: frozenset[str]) -> tuple[Schema, str, bool]:
        schema, pointer = self.resolve(schema, pointer)
        if isinstance(schema, bool):
            return {} if schema else {"not": {}}, pointer, schema
        for keyword in ("anyOf", "oneOf"):
            branches = schema.get(keyword)
            if not isinstance(branches, list) or pointer in entered:
                continue
            resolved = [self.resolve(b, f"{pointer}/{keyword}/{i}") for i, b in enumerate(branches)]
            others = [pair for pair in resolved if not _is_null_schema(pair[0])]
            inner_entered = entered | {pointer}
            null = len(others) < len(resolved) or any(self._split_null(*p, inner_entered)[2] for p in others)
            if len(others) == 1:
                inner, inner_pointer, _ = self._split_null(*others[0], inner_entered)
                return inner, inner_pointer, null
            return schema, pointer, null
        return schema, pointer, _allows_null(schema)

    def walk_fields(self, schema: Schema, pointer: str) -> Iterator[Field]:
        """Yield every property below a schema once; a recursive schema is entered a single time.

        Of schemas that refer to each other without end, the nearest properties are found.
        """
        found: list[tuple[tuple[int, ...], Field]] = []
        waiting = deque([_Visit(schema, pointer, (), (), frozenset())])
        for _ in range(WALKED.value):
            if not waiting:
                break
            visit = waiting.popleft()
            schema, pointer, _ = self.split_null(visit.schema, visit.pointer)
            if pointer not in visit.entered:
                waiting.extend(self._visit_parts(visit, schema, pointer, found))
        for _, known in sorted(found, key=itemgetter(0)):
            yield known

    def _visit_parts(
        self, visit: "_Visit", schema: Schema, pointer: str, found: list[tuple[tuple[int, ...], Field]]
    ) -> Iterator["_Visit"]:
        """Yield what is to be visited below a schema, and add its properties to ``found``."""
        entered, rank = visit.entered | {pointer}, 0
        for name, inner in schema.get("properties", {}).items():
            at, path, rank = f"{pointer}/properties/{escape_pointer(name)}", (*visit.path, name), rank + 1
            resolved, _, null = self.split_null(inner, at)
            found.append(((*visit.rank, rank), Field(path, at, resolved, name in schema.get("required", ()), null)))
            yield _Visit(inner, at, path, (*visit.rank, rank), entered)
        parts = [((*visit.path, "*"), k, schema[k]) for k in _MEMBERS if isinstance(schema.get(k), Mapping)]
        parts += [(visit.path, f"{k}/{i}", part) for k in _BRANCHES for i, part in enumerate(schema.get(k, ()))]
        for path, keyword, inner in parts:
            rank += 1
            yield _Visit(inner, f"{pointer}/{keyword}", path, (*visit.rank, rank), entered)


class _Visit(NamedTuple):
    """A schema that is to be looked through for properties."""

    schema: Schema
    pointer: str
    #: of the properties and members that it stands for
    path: tuple[str, ...]
    #: place in the order of the document
    rank: tuple[int, ...]
    #: pointers of the schemas around it
    entered: frozenset[str]


def iter_objects(document: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document, in no order."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def split_pointer(pointer: str) -> list[str]:
    """Return the unescaped parts of a JSON pointer (RFC 6901, section 4): ``/a~1b/0`` gives ``["a/b", "0"]``."""
    parts = pointer.split("/")[1:]
    if "~" not in pointer:
        return parts
    return [part.replace("~1", "/").replace("~0", "~") if "~" in part else part for part in parts]


def escape_pointer(part: str) -> str:
    """Escape one part of a JSON pointer (RFC 6901, section 3)."""
    return part.replace("~", "~0").replace("/", "~1")


def _is_null_schema(schema: Schema) -> bool:
    if isinstance(schema, bool):
        return False
    return schema.get("type") == "null" or schema.get("const", ...) is None or schema.get("enum") == [None]


def _allows_null(schema: Schema) -> bool:
    if "const" in schema:
        return schema["const"] is None
    if "enum" in schema and None not in schema["enum"]:
        return False
    kind = schema.get("type")
    if kind is None:
        return "enum" in schema or not any(key in schema for key in ("properties", "items", "allOf"))
    return kind == "null" or (isinstance(kind, list) and "null" in kind)
