"""Compiled validators of the schemas of one document, by JSON pointer; each is compiled on its first use.

jsonschema-rs compiles all that a schema refers to into one validator. In a document whose schemas refer to each other,
every operation would have its own copy of nearly all of them: of 40 such schemas, one validator takes 7 MB and 10 ms,
and those of 200 operations 1.5 GB. When the validators of a document have become large, each further schema that
refers to much is compiled by itself, and a reference calls the validator of its target: those of 200 operations then
take 70 MB, and a validation some 150 µs instead of 12.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import jsonschema_rs

from specduet.specs.encodings import FORMATS, KEYWORDS

_URI = "urn:specduet:document"
_REFERENCE = "x-specduet-reference"
# In objects and arrays, of 2 KB and 2 µs each: what is compiled in one piece before schemas are linked, and how much a
# schema has to refer to to be linked then.
_MOST_COPIED = 10_000
_LEAST_LINKED = 50
_MOST_WHOLE = 2  # of the linked schemas that are compiled in one piece, too, which only errors need
_MOST_LEVELS = 200  # of references in each other, three Python frames each: a schema may refer to itself
_DATA = frozenset({"const", "default", "enum", "example", "examples"})
_MAPS = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
# What depends on more than the schema itself, so that it cannot be compiled apart.
_DYNAMIC = frozenset({"$anchor", "$dynamicRef", "$id", "unevaluatedItems", "unevaluatedProperties"})


class SchemaValidator(Protocol):
    """The part of the validators of jsonschema-rs that is used."""

    def is_valid(self, instance: Any) -> bool: ...

    def iter_errors(self, instance: Any) -> Iterator[Any]: ...

    def validate(self, instance: Any) -> None: ...


class _Extent(NamedTuple):
    """The size of a schema without what it refers to, and the pointers of that."""

    size: int
    targets: frozenset[str]
    is_dynamic: bool


class ValidatorStore:
    """Validators of the schemas of one document."""

    def __init__(self, document: Mapping[str, Any], node_at: Callable[[str], Any]) -> None:
        """``node_at`` returns the node of the document at a pointer, and raises ``KeyError`` if there is none."""
        self._document = document
        self._node_at = node_at
        self._copied = 0  # objects and arrays that validators in one piece have of other schemas
        self._registry: jsonschema_rs.Registry | None = None
        self._validators: dict[str, SchemaValidator] = {}
        self._whole: OrderedDict[str, SchemaValidator] = OrderedDict()
        self._extents: dict[str, _Extent] = {}
        self._linked: set[str] = set()
        self._level = 0  # number of references that are being followed

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the compiled validators out where a document is passed to another process."""
        return ValidatorStore, (self._document, self._node_at)

    def find(self, pointer: str) -> SchemaValidator:
        """Return the validator of the schema at a pointer, formats on (2020-12, as OAS 3.1 says)."""
        found = self._validators.get(pointer)
        if found is None:
            found = self._validators[pointer] = self._compile(pointer)
        return found

    def _compile(self, pointer: str) -> SchemaValidator:
        target = self._find_target(pointer)
        if target != pointer:  # of all schemas that are mere references, one validator is enough
            return self.find(target)
        foreign = self._measure_foreign(pointer)
        if foreign is None:
            return self._compile_whole(pointer)
        if foreign > _LEAST_LINKED and self._copied + foreign > _MOST_COPIED:
            self._linked.add(pointer)
            return _LinkedValidator(self, pointer)
        self._copied += foreign
        return self._compile_whole(pointer)

    def find_whole(self, pointer: str) -> SchemaValidator:
        """Return the validator of a large schema in one piece, which tells the place of an error."""
        found = self._whole.pop(pointer, None) or self._compile_whole(pointer)
        self._whole[pointer] = found
        if len(self._whole) > _MOST_WHOLE:
            self._whole.popitem(last=False)
        return found

    def _compile_whole(self, pointer: str) -> SchemaValidator:
        if self._registry is None:
            self._registry = jsonschema_rs.Registry([(_URI, dict(self._document))])
        schema = {"$ref": f"{_URI}#{quote(pointer, safe='/~')}"}
        return jsonschema_rs.Draft202012Validator(
            schema, registry=self._registry, validate_formats=True, formats=FORMATS, keywords=KEYWORDS
        )

    def compile_apart(self, pointer: str) -> SchemaValidator:
        """Return the validator of a schema whose references are links to other validators."""
        store = self

        class Link:
            """The keyword in place of a reference."""

            def __init__(self, _schema: Any, target: str, _path: Any) -> None:
                self._target = target

            def validate(self, instance: Any) -> None:
                if not store.is_valid_at(self._target, instance):
                    raise ValueError(self._target)

        schema = _replace_references(self._node_at(pointer))
        keywords = {**KEYWORDS, _REFERENCE: Link}
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats=FORMATS, keywords=keywords)

    def is_valid_at(self, pointer: str, instance: Any) -> bool:
        """Return True if a value is valid for the target of a reference."""
        if self._level >= _MOST_LEVELS:
            return True
        self._level += 1
        try:
            return self.find(pointer).is_valid(instance)
        except (KeyError, jsonschema_rs.ReferencingError, jsonschema_rs.ValidationError):
            return True  # a schema that cannot be compiled stands for anything
        finally:
            self._level -= 1

    def _find_target(self, pointer: str) -> str:
        """Return the pointer at the end of references that stand alone; of a circle, always the same one."""
        seen = {pointer}
        while True:
            try:
                node = self._node_at(pointer)
            except KeyError:
                return pointer
            target = node.get("$ref") if isinstance(node, Mapping) and len(node) == 1 else None
            if not isinstance(target, str) or not target.startswith("#/"):
                return pointer
            pointer = target[1:]
            if pointer in seen:
                return min(seen)
            seen.add(pointer)

    def _measure_foreign(self, pointer: str) -> int | None:
        """Return the size of all that a schema refers to; None if it cannot be compiled apart from that."""
        seen, waiting, size = {pointer}, [pointer], 0
        while waiting:
            at = waiting.pop()
            if at in self._linked:
                size += _MOST_COPIED + 1  # too much, and what it refers to is not measured again
                continue
            extent = self._measure(at)
            if extent.is_dynamic:
                return None
            size += extent.size if at != pointer else 0
            waiting += extent.targets - seen
            seen |= extent.targets
        return size

    def _measure(self, pointer: str) -> _Extent:
        if pointer not in self._extents:
            try:
                node = self._node_at(pointer)
            except KeyError:  # jsonschema-rs has a sentence for it
                return _Extent(0, frozenset(), is_dynamic=True)
            targets: set[str] = set()
            size, is_dynamic = _measure_node(node, targets)
            self._extents[pointer] = _Extent(size, frozenset(targets), is_dynamic)
        return self._extents[pointer]


class _LinkedValidator:
    """The validator of a schema that is linked to others: errors are found by the schema in one piece."""

    def __init__(self, store: ValidatorStore, pointer: str) -> None:
        self._store = store
        self._pointer = pointer
        self._apart = store.compile_apart(pointer)

    def is_valid(self, instance: Any) -> bool:
        return self._apart.is_valid(instance)

    def iter_errors(self, instance: Any) -> Iterator[Any]:
        if self.is_valid(instance):
            return iter(())
        return self._store.find_whole(self._pointer).iter_errors(instance)

    def validate(self, instance: Any) -> None:
        if not self.is_valid(instance):
            self._store.find_whole(self._pointer).validate(instance)


def _measure_node(node: Any, targets: set[str], *, is_named: bool = False) -> tuple[int, bool]:
    """Return the size of a node and if it is dynamic, and add the pointers of its references to ``targets``."""
    if isinstance(node, list):
        measured = [_measure_node(item, targets) for item in node]
    elif isinstance(node, dict):
        reference = node.get("$ref")
        is_dynamic = False
        if isinstance(reference, str) and not is_named:
            targets.add(reference[1:])
            is_dynamic = not reference.startswith("#/")
        is_dynamic = is_dynamic or (not is_named and not _DYNAMIC.isdisjoint(node))
        measured = [
            (1, is_dynamic),
            *(
                _measure_node(value, targets, is_named=key in _MAPS and not is_named)
                for key, value in node.items()
                if is_named or not (key in _DATA or key.startswith("x-"))
            ),
        ]
    else:
        return 0, False
    return sum(size for size, _ in measured), any(dynamic for _, dynamic in measured)


def _replace_references(node: Any, *, is_named: bool = False) -> Any:
    """Return a schema with links in place of its references; ``is_named``: its keys are names, not keywords."""
    if isinstance(node, list):
        return [_replace_references(item) for item in node]
    if not isinstance(node, dict):
        return node
    replaced = {}
    for key, value in node.items():
        if key == "$ref" and not is_named:
            replaced[_REFERENCE] = value[1:]
        elif key in _DATA and not is_named:
            replaced[key] = value
        elif is_named or not key.startswith("x-"):
            replaced[key] = _replace_references(value, is_named=key in _MAPS and not is_named)
    return replaced
