"""Reader of ``x-specduet`` statements; it checks that every name in them exists in the document."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec

from specduet.specs.behavior import Delivers, OperationBehavior, ResourceBehavior
from specduet.specs.errors import BadStatement
from specduet.specs.list_statements import PageInfo
from specduet.specs.model import Operation, Resource, Webhook
from specduet.specs.request_statements import Echoes, Inputs
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.schemas import Schemas, escape_pointer
from specduet.specs.statement import Statement, list_fields

EXTENSION = "x-specduet"
_Behavior = TypeVar("_Behavior", bound=msgspec.Struct)


class StatementReader:
    """Reader of one document's statements. Its errors name file, line and pointer of the statement."""

    def __init__(self, schemas: Schemas, path: Path, overlays: tuple[Path, ...]) -> None:
        self.schemas = schemas
        self._reader = SchemaReader(schemas)
        self._path = path
        self._overlays = overlays

    def read_behavior(self, kind: type[_Behavior], holder: Mapping[str, Any], pointer: str) -> _Behavior | None:
        """Return the ``x-specduet`` of an object as ``kind``, or None where it has none. Raises ``BadStatement``."""
        if EXTENSION not in holder:
            return None
        at = f"{pointer}/{EXTENSION}"
        try:
            behavior = msgspec.convert(holder[EXTENSION], kind)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `")
            raise self.statement_error(
                _rephrase_error(message), at + _to_pointer(place) + _unknown_key_pointer(message)
            ) from error
        for inner, statement in _walk_statements(behavior, at):
            if statement.basis == "documented" and not statement.because:
                raise self.statement_error("a documented statement quotes its page in 'because'", inner)
        return behavior

    def statement_error(self, message: str, pointer: str) -> BadStatement:
        """Return an error at a pointer of the merged document, with file and line of where it was written."""
        from specduet.specs.source import find_line  # PyYAML is needed only where something is wrong

        overlays = [*reversed(self._overlays)]  # the last one that has it wins
        for find in (_find_neighbour_line, _find_overlay_line):
            for overlay in overlays:
                line = find(overlay, pointer)
                if line is not None:
                    return BadStatement(message, file=overlay, line=line, pointer=pointer)
        return BadStatement(message, file=self._path, line=find_line(self._path, pointer), pointer=pointer)

    def build_resource(self, behavior: ResourceBehavior, at: str) -> Resource:
        """Return a resource that is stated at the root of the document. Raises ``BadStatement``."""
        pointer = unquote((behavior.schema or "").removeprefix("#"))
        try:
            schema, pointer = self.schemas.resolve(self.schemas.node_at(pointer), pointer)
        except KeyError:
            schema = None
        if not pointer or not isinstance(schema, Mapping):
            raise self.statement_error(f"no schema is at {behavior.schema!r}", f"{at}/schema")
        resource = Resource(behavior.resource, pointer, schema, behavior, self.schemas)
        self.check_resource(resource, at)
        return resource

    def check_resource(self, resource: Resource, at: str) -> None:
        """Raise ``BadStatement`` where a statement names a field or status that the schema does not have."""
        behavior = resource.behavior
        for pointer, statement in _walk_statements(behavior, at):
            if getattr(statement, "hidden", False):
                continue
            for field in _field_paths(statement):
                self._require_field(resource, field, pointer)
        if behavior.status is not None:
            self._check_statuses(resource, at)

    def check_operations(self, operations: Sequence[Operation], resources: Mapping[str, Resource]) -> None:
        """Raise ``BadStatement`` where a statement names an operation, parameter, resource or field that is missing."""
        ids = {operation.id for operation in operations}
        silent = OperationBehavior()
        hidden = {(w.resource, w.field) for o in operations if (w := o.behavior.watches) is not None and w.hidden}
        for operation in operations:
            if operation.behavior == silent:  # nearly every operation of a document without an overlay
                continue
            at = f"{operation.pointer}/{EXTENSION}"
            for pointer, statement in _walk_statements(operation.behavior, at):
                self._check_parameter(operation, statement, pointer)
                for name in filter(
                    None,
                    (getattr(statement, k, None) for k in ("listed_by", "fetched_by")),
                ):
                    if name not in ids:
                        raise self.statement_error(f"no operation is called {name!r}", pointer)
            self._check_rows(operation, resources, at, hidden)
            self._check_stream(operation, resources, f"{at}/stream")

    def _check_stream(self, operation: Operation, resources: Mapping[str, Resource], at: str) -> None:
        """Raise ``BadStatement`` where a stream tells of nothing, or of a status or schema that does not exist."""
        behavior = operation.behavior
        if behavior.stream is None:
            return
        subject = behavior.watches or behavior.creates
        if subject is None:
            raise self.statement_error("a stream needs 'watches' or 'creates'", at)
        status = resources[subject.resource].behavior.status
        for index, event in enumerate(behavior.stream.events):
            if status is not None:
                self._require_statuses(event.status, status.names, f"{at}/events/{index}/status")
            for field in event.sets.values():
                self._require_field(resources[subject.resource], field, f"{at}/events/{index}/sets")
            try:
                self.schemas.node_at((event.schema or "").removeprefix("#"))
            except KeyError:
                message = f"no schema is at {event.schema!r}"
                raise self.statement_error(message, f"{at}/events/{index}/schema") from None

    def check_webhooks(self, webhooks: Sequence[Webhook], resources: Mapping[str, Resource]) -> None:
        """Raise ``BadStatement`` where a webhook tells of a resource or status that the document does not have."""
        for webhook in webhooks:
            sends, at = webhook.behavior.sends, f"{webhook.pointer}/{EXTENSION}/sends"
            if sends is None:
                continue
            if sends.resource not in resources:
                raise self.statement_error(f"no schema is the resource {sends.resource!r}", at)
            status = resources[sends.resource].behavior.status
            self._require_statuses(sends.status, status.names if status is not None else (), at)

    def _require_statuses(self, named: Sequence[str], known: Sequence[str], pointer: str) -> None:
        unknown = next((name for name in named if name not in known), None)
        if unknown is not None:
            raise self.statement_error(f"the rows have no status {unknown!r}", pointer)

    def _check_parameter(self, operation: Operation, statement: Statement, pointer: str) -> None:
        name = getattr(statement, "parameter", None)
        if name and not _is_in_body(name) and operation.parameter(name.removeprefix("query/")) is None:
            raise self.statement_error(f"{operation.label} has no parameter {name!r}", pointer)

    def _check_rows(
        self, operation: Operation, resources: Mapping[str, Resource], at: str, hidden: set[tuple[str, str]]
    ) -> None:
        behavior = operation.behavior
        subject = behavior.subject
        if subject is None:
            return
        if subject.resource not in resources:
            raise self.statement_error(f"no schema is the resource {subject.resource!r}", at)
        resource, identity = resources[subject.resource], resources[subject.resource].behavior.id
        unseen = {field for name, field in hidden if name == subject.resource}
        unseen |= {identity.field} if identity.hidden else set()
        for pointer, statement in _walk_statements(behavior, at):
            if not getattr(statement, "hidden", False) and not pointer.startswith(f"{at}/ancestors"):
                for field in set(_field_paths(statement)) - unseen:
                    self._require_field(resource, field, pointer)
        for name in behavior.filters:
            if not _is_in_body(name) and operation.parameter(name, "query") is None:
                raise self.statement_error(
                    f"{operation.label} has no query parameter {name!r}",
                    f"{at}/filters/{escape_pointer(name)}",
                )

    def _require_field(self, resource: Resource, path: str, place: str) -> None:
        pointer = resource.pointer
        for part in [] if path in {"*", ""} else path.split("."):
            properties = self._reader.properties_at(pointer)
            if part not in properties:
                raise self.statement_error(f"the schema has no field {path!r}", place)
            pointer = properties[part]

    def _check_statuses(self, resource: Resource, at: str) -> None:
        status = resource.behavior.status
        assert status is not None
        if "." in status.field:
            message = f"a status is a field of the row itself, and {status.field!r} is inside an object"
            raise self.statement_error(message, f"{at}/status")
        members = self._reader.members_at(resource.property_pointers[status.field])
        for pointer, name in _named_statuses(resource.behavior, at):
            if name not in members:
                raise self.statement_error(f"{status.field!r} has no member {name!r}", pointer)


def _is_in_body(parameter: str) -> bool:
    """Tell whether a statement names a property of the body: ``body/limit``."""
    return parameter.startswith("body/")


def _walk_statements(node: Any, pointer: str) -> Iterator[tuple[str, Statement]]:
    if isinstance(node, Statement):
        yield pointer, node
    elif isinstance(node, msgspec.Struct):
        for field in list_fields(type(node)):
            yield from _walk_statements(getattr(node, field.name), f"{pointer}/{field.encode_name}")
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _walk_statements(value, f"{pointer}/{escape_pointer(key)}")
    elif isinstance(node, tuple):
        for index, value in enumerate(node):
            yield from _walk_statements(value, f"{pointer}/{index}")


def _field_paths(statement: Statement) -> Iterator[str]:
    for name in ("field", "key", "by", "before", "owner"):
        if isinstance(getattr(statement, name, None), str):
            yield getattr(statement, name)
    fields = () if isinstance(statement, PageInfo | Delivers | Echoes | Inputs) else getattr(statement, "fields", ())
    yield from fields.values() if isinstance(fields, Mapping) else fields
    yield from getattr(statement, "of", ())
    yield from getattr(statement, "unique", ())
    yield from getattr(statement, "sets", ())


def _named_statuses(behavior: Any, at: str) -> Iterator[tuple[str, str]]:
    status = behavior.status
    yield f"{at}/status/initial", status.initial
    for source, targets in status.transitions.items():
        for name in (source, *targets):
            yield f"{at}/status/transitions/{escape_pointer(source)}", name
    for name in status.terminal:
        yield f"{at}/status/terminal", name
    for index, ending in enumerate(status.endings):
        yield f"{at}/status/endings/{index}/status", ending.status
    for index, wait in enumerate(status.waits):
        yield f"{at}/status/waits/{index}/status", wait.status
        yield f"{at}/status/waits/{index}/then", wait.then
    for index, rule in enumerate(behavior.set_when):
        for name in (*rule.set, *rule.unset):
            yield f"{at}/set-when/{index}", name
    for index, rule in enumerate(behavior.true_only_when):
        for name in rule.status:
            yield f"{at}/true-only-when/{index}", name


def _rephrase_error(message: str) -> str:
    return message.replace("Object contains unknown field", "unknown key").replace(
        "Object missing required field", "missing key"
    )


def _unknown_key_pointer(message: str) -> str:
    """Return the pointer part of the unknown key, so that the error has the key's line, not its object's."""
    return f"/{escape_pointer(message.split('`')[1])}" if "unknown field" in message else ""


def _to_pointer(place: str) -> str:
    """Convert msgspec's path ``$.filters[...].op`` to the JSON pointer ``/filters/.../op``."""
    parts = place.strip("`$").replace("[", ".").replace("]", "").split(".")
    return "".join(f"/{escape_pointer(part)}" for part in parts if part)


def _find_neighbour_line(path: Path, pointer: str) -> int | None:
    """Return the line of a pointer in a document with neighbours, which has the pointers of the merged one."""
    from specduet.specs.source import find_line, read_document

    document = read_document(path)
    is_there = "actions" not in document and _matched_depth(document, pointer.split("/")[1:]) == pointer.count("/")
    return find_line(path, pointer) if is_there else None


def _find_overlay_line(overlay_path: Path, pointer: str) -> int | None:
    """Return the line of the overlay action that put a statement at a pointer of the merged document.

    The action whose ``update`` contains the longest tail of the pointer wins.
    """
    from specduet.specs.source import find_line, read_document

    overlay = read_document(overlay_path)
    parts = pointer.split("/")[1:]
    best: tuple[int, int] | None = None
    for index, action in enumerate(overlay.get("actions", ())):
        for start in range(len(parts)):
            depth = _matched_depth(action.get("update"), parts[start:])
            if depth and (best is None or depth > best[0]):
                inner = "".join(f"/{part}" for part in parts[start : start + depth])
                line = find_line(overlay_path, f"/actions/{index}/update{inner}")
                best = (depth, line or 1)
    return best[1] if best else None


def _matched_depth(node: Any, parts: list[str]) -> int:
    depth = 0
    for escaped in parts:
        part = escaped.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and part in node:
            node = node[part]
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            break
        depth += 1
    return depth
