"""Normalizer of a document: what it returns can be read without further checks.

It walks the document by its grammar (``specs/grammar.py``). Objects in other files become components, a reference to
nothing stands for anything, and whatever has no meaning is left out, each with a ``Problem``.
"""

import re
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specduet.specs import object_checks, operation_checks
from specduet.specs.extension import EXTENSION
from specduet.specs.grammar import (
    CALLBACK,
    CALLBACK_PATHS,
    DOCUMENT,
    EXAMPLE,
    PATH_ITEM,
    REQUIREMENT,
    RESPONSE,
    SCHEMA_LISTS,
    SCHEMA_MAPS,
    SCHEMA_PARTS,
    ListOf,
    MapOf,
    ObjectKind,
    Shape,
)
from specduet.specs.problems import Problem
from specduet.specs.references import FilePlace, References, Unresolved
from specduet.specs.schema_keywords import (
    ADDRESSES,
    CHECKERS,
    LEFT_OUT,
    check_flag,
    check_members,
    check_text,
    check_version,
)
from specduet.specs.schemas import Schemas
from specduet.specs.vocabulary import is_misspelt

_MAX_PROBLEMS = 1_000
_COMPONENT_DEPTH = 3  # slashes in ``#/components/schemas/Item``
_MAX_LEVELS = 250  # of one branch through all files: Python stops at 1,000 calls
#: what a fragment may hold without an escape (RFC 3986, section 3.5), so that every reader reads it alike
_PLAIN_POINTER = re.compile(r"/components/[A-Za-z]+/[A-Za-z0-9\-._~!$&'()*+,;=:@/?]+")
_ANYTHING = "the schema stands for anything"
_DESCRIPTIVE = frozenset({"summary", "description", "title", "example", "examples", "deprecated", "default"})


class Normalizer:
    """Normalizer of one document; its ``problems`` and the ``files`` of its references are known after ``run``."""

    def __init__(self, references: References, version: str) -> None:
        self.problems: list[Problem] = []
        self._references = references
        self._is_30, self._is_32 = version.startswith("3.0"), version.startswith("3.2")
        self._level = 0
        #: component of each object that is none in its file, by place and section: ``#/components/schemas/Item``
        self._local: dict[tuple[FilePlace, str], str] = {}
        self._taken: dict[str, set[str]] = {}
        #: places of the path items that stand in other files, by pointer
        self.origins: dict[str, FilePlace] = {}
        #: schemas with a reference into a component, which may have lost that part
        self._deep: list[tuple[dict[str, Any], FilePlace]] = []
        self._waiting: deque[tuple[FilePlace, Any, Shape, str, str]] = deque()

    def run(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the normalized document."""
        components = document.get("components")
        for section, named in components.items() if isinstance(components, Mapping) else ():
            self._taken[section] = set(named) if isinstance(named, Mapping) else set()
        place = FilePlace(self._references.main, "")
        fields = {name: document[name] for name in DOCUMENT.fields if name in document}
        found = self._walk_fields(dict(fields), DOCUMENT, place)
        self._report_misspelt(document, place)
        kept = {name: value for name, value in document.items() if name in found or name not in fields}
        result = {name: found.get(name, value) for name, value in {**kept, **found}.items()}
        self._add_components(result)
        self._check_deep_references(Schemas(result))
        return result

    def _check_deep_references(self, schemas: Schemas) -> None:
        for schema, place in self._deep:
            try:
                schemas.node_at(schema["$ref"].removeprefix("#"))
            except KeyError:
                reference = schema.pop("$ref")
                self.report(place, f"the reference {reference!r} leads to what is left out", _ANYTHING)

    def _add_components(self, document: dict[str, Any]) -> None:
        while self._waiting:
            place, node, shape, section, name = self._waiting.popleft()
            value = self._walk(node, shape, place)
            if value is LEFT_OUT:
                value = object_checks.make_empty(shape)
            document.setdefault("components", {}).setdefault(section, {})[name] = value

    def report(self, place: FilePlace, message: str, effect: str) -> None:
        """Note a problem."""
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(Problem(place.file, None, place.pointer, message, effect))

    def find_origin(self, pointer: str) -> FilePlace:
        """Return the place in the files of a node of the result."""
        start = pointer
        while start and start not in self.origins:
            start = start.rpartition("/")[0]
        if start:
            origin = self.origins[start]
            return FilePlace(origin.file, origin.pointer + pointer[len(start) :])
        return FilePlace(self._references.main, pointer)

    def reporter(self, place: FilePlace) -> Callable[[str, str], None]:
        """Return a function that notes a problem at a place."""
        return lambda message, effect: self.report(place, message, effect)

    def _walk(self, node: Any, shape: Shape, place: FilePlace) -> Any:
        if self._level >= _MAX_LEVELS:
            self.report(place, f"is nested more than {_MAX_LEVELS} levels deep", "it stands for anything")
            return LEFT_OUT
        self._level += 1
        try:
            return self._walk_shape(node, shape, place)
        finally:
            self._level -= 1

    def _walk_shape(self, node: Any, shape: Shape, place: FilePlace) -> Any:
        if shape == "data":
            return node
        if shape == "schema":
            return self._walk_schema(node, place)
        if isinstance(shape, ListOf):
            return self._walk_list(node, shape, place)
        if isinstance(shape, MapOf):
            return self._walk_map(node, shape, place)
        if isinstance(shape, ObjectKind):
            return self._walk_object(node, shape, place)
        return self._walk_leaf(node, shape, place)

    def _walk_leaf(self, node: Any, shape: Shape, place: FilePlace) -> Any:
        if isinstance(node, Mapping) and isinstance(node.get("$ref"), str) and shape == "text":
            try:
                return self._references.read_text(node["$ref"], place)
            except Unresolved as error:
                self.report(place, str(error), "the text is left out")
                return LEFT_OUT
        return (check_text if shape == "text" else check_flag)(node, self.reporter(place))

    def _walk_list(self, node: Any, shape: ListOf, place: FilePlace) -> Any:
        if not isinstance(node, list):
            self.report(place, "is no list", "it is left out")
            return LEFT_OUT
        items = [self._walk(item, shape.item, place.child(index)) for index, item in enumerate(node)]
        return [item for item in items if item is not LEFT_OUT]

    def _walk_map(self, node: Any, shape: MapOf, place: FilePlace) -> Any:
        if isinstance(node, Mapping) and isinstance(node.get("$ref"), str) and shape.value != "text":
            try:  # not as OpenAPI has it, but understood by many tools: a map in a file of its own
                start, (place, node) = place, self._references.follow(node["$ref"], place)
                self._register_components(start, place, node)
            except Unresolved as error:
                self.report(place, str(error), "it is left out")
                return LEFT_OUT
        if not isinstance(node, Mapping):
            self.report(place, "is no mapping", "it is left out")
            return LEFT_OUT
        found = {}
        for name, value in node.items():
            if shape.extensible and name.startswith("x-"):
                continue
            walked = self._walk(value, shape.value, place.child(name))
            if walked is not LEFT_OUT:
                found[name] = walked
        return found

    def _register_components(self, start: FilePlace, place: FilePlace, node: Any) -> None:
        """Note the names that the objects of another file have as components."""
        section = start.pointer.removeprefix("/components/")
        if start == FilePlace(self._references.main, f"/components/{section}") and isinstance(node, Mapping):
            self._taken[section] = set(node)
            for name in node:
                if _is_component(f"/components/{section}/{name}", section):
                    self._local[place.child(name), section] = f"#/components/{section}/{name}"

    def _walk_object(self, node: Any, kind: ObjectKind, place: FilePlace) -> Any:
        if not isinstance(node, Mapping):
            self.report(place, f"is no mapping, as {kind.name} is", "it is left out")
            return LEFT_OUT
        if isinstance(node.get("$ref"), str) and kind is not REQUIREMENT:
            return self._walk_reference(node, kind, place)
        if kind is CALLBACK:
            return self._walk_map(node, CALLBACK_PATHS, place)
        return self._walk_fields(dict(node), kind, place)

    def _walk_fields(self, fields: dict[str, Any], kind: ObjectKind, place: FilePlace) -> Any:
        if kind is EXAMPLE:
            self._read_external_value(fields, place)
        self._report_misspelt(fields, place)
        found = dict(fields)
        for name, shape in kind.fields.items():
            if name in fields:
                value = self._walk(fields[name], shape, place.child(name))
                if value is LEFT_OUT:
                    del found[name]
                else:
                    found[name] = value
        if kind is RESPONSE and self._is_32:  # it need not have one
            found.setdefault("description", found.get("summary", ""))
        return object_checks.check_object(kind, found, place, self.report)

    def _report_misspelt(self, fields: Mapping[str, Any], place: FilePlace) -> None:
        for name in fields:
            if name[:1] in {"x", "X"} and is_misspelt(name):
                self.report(place.child(name), f"{name!r} is no extension that is known", f"{EXTENSION!r} may be meant")

    def _read_external_value(self, example: dict[str, Any], place: FilePlace) -> None:
        """Put the content of a file into an example in place of ``externalValue``; other URLs are left as they are."""
        name = example.get("externalValue")
        if not isinstance(name, str) or "value" in example or "://" in name:
            return
        try:
            is_tree = name.lower().endswith((".json", ".yaml", ".yml"))
            read = self._references.find_target if is_tree else self._references.read_text
            found = read(name, place)
        except Unresolved as error:
            self.report(place.child("externalValue"), str(error), "the example is ignored")
        else:
            example["value"] = found[1] if is_tree else found
            del example["externalValue"]

    def _walk_reference(self, node: Mapping[str, Any], kind: ObjectKind, place: FilePlace) -> Any:
        try:
            target, found = self._references.follow(node["$ref"], place)
        except Unresolved as error:
            self.report(place, str(error), f"the {kind.name.partition(' ')[2]} is left out")
            return object_checks.make_empty(kind) if kind.name == "a response" else LEFT_OUT
        if kind is PATH_ITEM or not kind.section:  # every path has operations of its own; others may not be components
            self.origins[place.pointer] = target
            item = self._walk_object(found, kind, target)
            siblings = self._walk_fields({k: v for k, v in node.items() if k != "$ref"}, kind, place)
            return LEFT_OUT if item is LEFT_OUT else item | siblings
        return {"$ref": self._to_local(target, found, kind, kind.section)}

    def _to_local(self, place: FilePlace, node: Any, shape: Shape, section: str) -> str:
        """Return the reference within the document to the object at a place, which may become a component."""
        if place.file == self._references.main and _is_component(place.pointer, section):
            return f"#{place.pointer}"
        key = (place, section)
        if key not in self._local or not _is_component(self._local[key][1:], section):
            name = self._choose_name(place, section)
            self._local[key] = f"#/components/{section}/{name}"
            self._waiting.append((place, node, shape, section, name))
        return self._local[key]

    def _choose_name(self, place: FilePlace, section: str) -> str:
        last = place.pointer.rpartition("/")[2].replace("~1", "_").replace("~0", "_")
        stem = re.sub(r"[^A-Za-z0-9._\-]", "_", last or place.file.stem) or "_"
        taken = self._taken.setdefault(section, set())
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name)
        return name

    def _walk_schema(self, node: Any, place: FilePlace) -> Any:
        if isinstance(node, bool):
            return node
        if not isinstance(node, Mapping):
            self.report(place, "is no schema", "it stands for anything")
            return {}
        reference = node.get("$ref", node.get("$dynamicRef", node.get("$recursiveRef")))
        found: dict[str, Any] = {}
        if isinstance(reference, str):
            local = self._find_schema(reference, place)
            if local is not None:
                found["$ref"] = local
                if local.count("/") > _COMPONENT_DEPTH:
                    self._deep.append((found, place))
            if self._is_30:
                self._check_siblings(node, place)
                return found
        self._report_misspelt(node, place)
        for keyword, value in node.items():
            self._walk_keyword(keyword, value, found, place)
        return self._finish_schema(found, place)

    def _find_schema(self, reference: str, place: FilePlace) -> str | None:
        try:
            target, node = self._references.find_target(reference, place)
            if isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
                self._references.follow(reference, place)  # a circle is an error
        except Unresolved as error:
            self.report(place, str(error), _ANYTHING)
            return None
        if target == place:
            self.report(place, f"the reference {reference!r} leads to itself", _ANYTHING)
            return None
        return self._to_local(target, node, "schema", "schemas")

    def _check_siblings(self, node: Mapping[str, Any], place: FilePlace) -> None:
        ignored = [key for key in node if key in CHECKERS or key in SCHEMA_MAPS or key in SCHEMA_LISTS]
        names = ", ".join(repr(key) for key in ignored if key not in _DESCRIPTIVE)
        if names:
            self.report(place, f"{names} beside '$ref' has no meaning in OpenAPI 3.0", "it is ignored")

    def _walk_keyword(self, keyword: str, value: Any, found: dict[str, Any], place: FilePlace) -> None:
        if keyword in ADDRESSES or keyword in {"$ref", "$dynamicRef", "$recursiveRef"}:
            return
        if keyword in SCHEMA_MAPS:
            value = self._walk(value, MapOf("schema"), place.child(keyword))
        elif keyword in SCHEMA_LISTS:
            value = self._walk(value, ListOf("schema"), place.child(keyword)) or LEFT_OUT
        elif keyword in SCHEMA_PARTS:
            if keyword == "items" and isinstance(value, list):
                self.report(place.child(keyword), "'items' is a list of schemas", "it is read as 'prefixItems'")
                keyword, value = "prefixItems", self._walk(value, ListOf("schema"), place.child(keyword)) or LEFT_OUT
            else:
                value = self._walk(value, "schema", place.child(keyword))
        elif keyword == "discriminator":
            value = self._walk_discriminator(value, place.child(keyword))
        elif keyword in CHECKERS:
            if self._is_30 and keyword in {"exclusiveMinimum", "exclusiveMaximum"} and isinstance(value, bool):
                pass  # as 3.0 has it; the upgrade translates it
            else:
                value = CHECKERS[keyword](value, self.reporter(place.child(keyword)))
        if value is not LEFT_OUT:
            found[keyword] = value

    def _walk_discriminator(self, value: Any, place: FilePlace) -> Any:
        if not isinstance(value, Mapping) or not isinstance(value.get("propertyName"), str):
            self.report(place, "a discriminator names a property in 'propertyName'", "it is ignored")
            return LEFT_OUT
        found = {key: inner for key, inner in value.items() if key not in {"mapping", "defaultMapping"}}
        if isinstance(value.get("mapping"), Mapping):
            at = place.child("mapping")
            mapped = {name: self._find_mapped(str(ref), at.child(name)) for name, ref in value["mapping"].items()}
            found["mapping"] = {name: local for name, local in mapped.items() if local is not None}
        if isinstance(value.get("defaultMapping"), str):
            default = self._find_mapped(value["defaultMapping"], place.child("defaultMapping"))
            found |= {} if default is None else {"defaultMapping": default}
        return found

    def _find_mapped(self, reference: str, place: FilePlace) -> str | None:
        """Return the reference of one value of a mapping: a schema's name, or a reference (OAS 3.1, 4.8.25)."""
        named = f"#/components/schemas/{reference}"
        for spelling in (named, reference) if "/" not in reference and "#" not in reference else (reference,):
            try:
                target, node = self._references.find_target(spelling, place)
            except Unresolved as error:
                problem = str(error)
            else:
                return self._to_local(target, node, "schema", "schemas")
        self.report(place, problem, "the mapping is ignored")
        return None

    def _finish_schema(self, schema: dict[str, Any], place: FilePlace) -> dict[str, Any]:
        check_members(schema, self.reporter(place.child("enum")))
        if self._is_30:
            check_version(schema, self.reporter(place))
        if "default" in schema:
            object_checks.check_default(schema, self.reporter(place.child("default")))
        return schema


def _is_component(pointer: str, section: str) -> bool:
    """Return whether a reference to the pointer is read by every reader, and leads to what is walked as its kind."""
    if not _PLAIN_POINTER.fullmatch(pointer):
        return False
    parts = pointer.split("/")
    return parts[2] == section or (section == "schemas" and len(parts) > 4)


def read_version(document: Any) -> str:
    """Return the ``openapi`` of a document as text; empty where there is none."""
    return str(document.get("openapi", "")) if isinstance(document, Mapping) else ""


def normalize_document(
    document: Mapping[str, Any], path: Path, *, allow_remote: bool = False
) -> tuple[dict[str, Any], tuple[Path, ...], list[Problem]]:
    """Return the normalized document, the other files it was made of, and its problems."""
    references = References(path, document, allow_remote=allow_remote)
    normalizer = Normalizer(references, read_version(document))
    result = normalizer.run(document)

    def report(pointer: str, message: str, effect: str) -> None:
        normalizer.report(normalizer.find_origin(pointer), message, effect)

    operation_checks.check_operations(result, report)
    operation_checks.check_circles(result, report)
    return result, references.files, [*references.problems, *normalizer.problems]
