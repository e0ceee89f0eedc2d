"""The resources of a document: name, schema of a row, id, and the groups of operations that share one."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from specduet.specs.behavior import Identity
from specduet.specs.inference.grouping import OperationGroup, find_parents
from specduet.specs.inference.identities import find_identity, find_key_beside, find_named_field, name_parent
from specduet.specs.inference.lifecycles import StatusField, find_status_field
from specduet.specs.inference.members import find_member_collection
from specduet.specs.inference.row_shapes import ShownRows, read_request
from specduet.specs.inference.words import to_snake
from specduet.specs.model import Operation, Resource
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.statement import Basis


@dataclass(slots=True)
class RowKind:
    """A resource in the making."""

    name: str
    #: leads to the schema of a row
    pointer: str
    properties: Mapping[str, str]
    groups: list[OperationGroup] = field(default_factory=list)
    id_field: str = ""
    is_hidden: bool = False
    #: the unique field, where ``id_field`` counts the rows of each parent
    key_field: str | None = None
    is_single: bool = False
    is_sure: bool = False
    status: StatusField | None = None
    #: stated by the document or an overlay
    stated: Resource | None = None


def find_row_kinds(
    reader: SchemaReader, groups: Mapping[str, OperationGroup], stated: Mapping[str, Resource]
) -> dict[str, RowKind]:
    """Return the resource of each group that shows rows, by the key of the group."""
    stated_pointers = {resource.pointer: resource for resource in stated.values() if not resource.behavior.single}
    rows = {key: _find_row_pointer(reader, group) for key, group in groups.items()}
    owners = _find_owners(reader, groups, rows)
    found: dict[str, RowKind] = {}
    names = Counter(list(stated))
    for key in sorted(groups, key=lambda key: (owners.get(key, key) != key, len(groups[key].shape.parts))):
        group, pointer = groups[key], rows[key]
        if not pointer or not reader.properties_at(pointer):
            continue
        owner = owners.get(key, key)
        if owner != key and owner in found:
            found[owner].groups.append(group)
            found[key] = found[owner]
            continue
        group.has_members = False
        kind = _build_kind(reader, group, pointer, stated_pointers.get(pointer))
        if not kind.is_sure and not group.find("list", "fetch", "update", "replace"):  # nothing shows it again
            continue
        if kind.stated is None:
            kind.name = _choose_name(kind.name, group, groups, names)
        found[key] = kind
    return {key: found[key] for key in groups if key in found}


def _find_row_pointer(reader: SchemaReader, group: OperationGroup) -> str:
    """Return the pointer of the schema of a row: of what is fetched, else listed, else written; empty for none."""
    fetched = [e.rows for e in group.find("fetch") if e.rows.kind == "one"]
    listed = [e.rows for e in group.find("list") if e.rows.kind == "many" and e.rows.pointer]
    written = [e.rows for e in group.find("create", "replace", "update") if e.rows.kind == "one"]
    for entries in (fetched, listed, written):
        for rows in entries:
            pointer = reader.resolve(rows.pointer)[1]
            if reader.properties_at(pointer):
                return _choose_branch(reader, pointer, (fetched[1:] if entries is fetched else []) + listed + written)
    for entry in group.find("create", "replace", "update"):
        rows = read_request(reader, entry.operation, group.shape.noun)
        if rows.kind == "one" and reader.properties_at(rows.pointer):
            return reader.resolve(rows.pointer)[1]
    return ""


def _choose_branch(reader: SchemaReader, pointer: str, others: Iterable[ShownRows]) -> str:
    """Return the branch of a union that other operations return too: a customer, not a deleted one."""
    schema, _ = reader.resolve(pointer)
    known = {reader.resolve(rows.pointer)[1] for rows in others}
    for keyword in ("anyOf", "oneOf"):
        branches = schema.get(keyword)
        for index in range(len(branches) if isinstance(branches, list) else 0):
            branch = reader.resolve(f"{pointer}/{keyword}/{index}")[1]
            if branch in known:
                return branch
    return pointer


def _find_owners(reader: SchemaReader, groups: Mapping[str, OperationGroup], rows: Mapping[str, str]) -> dict[str, str]:
    """Return for each group that only lists or creates rows of another group's items the key of that group."""
    by_pointer: dict[str, list[str]] = {}
    joined = {key: other for key in groups if (other := find_member_collection(reader, groups, rows, key)) is not None}
    for key, group in groups.items():
        group.has_members = joined.get(key, key) not in {key, *joined}
        if group.items and not group.is_single and key not in joined:
            for pointer in _component_pointers(group, rows[key]):
                by_pointer.setdefault(pointer, []).append(key)
    owners = {key: other for key, other in joined.items() if other not in joined}
    for key, group in groups.items():
        if key in joined:
            continue
        is_apart = group.is_single and bool(group.find("fetch")) and not group.is_myself
        if not rows[key].startswith("/components/") or is_apart:
            continue
        candidates = [other for other in by_pointer.get(rows[key], ()) if other != key]
        chosen = _choose_owners(reader, groups, key, candidates, rows[key]) if candidates else []
        if chosen:
            owners[key] = min(chosen, key=lambda other: len(groups[other].shape.parts))
    for key, owner in owners.items():  # an owner that has an owner itself
        owners[key] = owners.get(owner, owner)
    return owners


def _choose_owners(
    reader: SchemaReader, groups: Mapping[str, OperationGroup], key: str, candidates: list[str], pointer: str
) -> list[str]:
    """Return those groups with rows of the same schema to which a group can belong."""
    group = groups[key]
    above = [other for other in candidates if key.startswith(f"{other}/")]  # `/pets/findByStatus` and `/pets`
    same_noun = [other for other in candidates if groups[other].noun == group.noun]
    if group.is_myself:
        return candidates if len(candidates) == 1 else above
    if group.is_single:  # `PUT /tasks/{id}/status` that returns the task
        return [other for other in above if groups[other].shape.key == group.shape.above.above.key]
    if not group.items:
        return above or same_noun or (candidates if len(candidates) == 1 else [])
    if not group.whole and _find_other_key(reader, group, pointer):
        return [other for other in above if groups[other].whole]
    return [other for other in same_noun if len(groups[other].shape.parts) < len(group.shape.parts)]


def _find_other_key(reader: SchemaReader, group: OperationGroup, pointer: str) -> str | None:
    """Return the field other than an id with which the paths of a group find rows: ``/releases/tags/{tag}``."""
    parameter, parameter_pointer = find_item_parameter(group)
    return find_named_field(reader, reader.properties_at(pointer), parameter, parameter_pointer)


def _component_pointers(group: OperationGroup, pointer: str) -> set[str]:
    listed = {e.rows.pointer for e in group.find("list") if e.rows.pointer.startswith("/components/")}
    return listed | ({pointer} if pointer.startswith("/components/") else set())


def _build_kind(
    reader: SchemaReader,
    group: OperationGroup,
    pointer: str,
    stated: Resource | None,
) -> RowKind:
    properties = reader.properties_at(pointer)
    kind = RowKind(group.noun, pointer, properties, [group], is_single=group.is_single, stated=stated)
    kind.status = find_status_field(reader, properties, kind.name)
    if stated is not None:
        kind.name, kind.id_field = stated.name, stated.behavior.id.field
        kind.is_hidden, kind.is_sure = stated.behavior.id.hidden, True
        return kind
    parameter, parameter_pointer = find_item_parameter(group)
    identity = find_identity(reader, properties, kind.name, parameter, parameter_pointer, is_single=kind.is_single)
    if identity is None:
        kind.id_field, kind.is_hidden = parameter or "id", True
    else:
        kind.id_field, kind.is_sure = identity
        if group.shape.parameters and group.find("list", "create"):
            kind.key_field = find_key_beside(reader, properties, kind.name, kind.id_field)
    return kind


def find_item_parameter(group: OperationGroup) -> tuple[str, str]:
    """Return the name of the parameter at the end of the items' path, and the pointer of its schema."""
    entries = sorted(group.items, key=lambda entry: (entry.key is not None, entry.role != "fetch"))
    return entries[0].item_parameter if entries else ("", "")


def _choose_name(name: str, group: OperationGroup, groups: Mapping[str, OperationGroup], names: Counter[str]) -> str:
    """Return a name that no other resource has: ``order``, else ``user_order``, else ``order_2``."""
    if names[name] and (parents := find_parents(group.shape, groups)):
        parameter, parent = parents[-1]
        owner = parent.noun if parent else name_parent(parameter) or to_snake(parameter)
        name = f"{owner}_{name}" if owner != name else name
    names[name] += 1
    return name if names[name] == 1 else f"{name}_{names[name]}"


def build_identity(kind: RowKind) -> Identity:
    """Return the statement on the id of a resource."""
    if kind.is_hidden:
        because = f"rows do not show {kind.id_field}, with which a path finds them"
        return Identity(field=kind.id_field, hidden=True, basis="assumed", because=because)
    basis: Basis = "inferred" if kind.is_sure else "assumed"
    because = f"{kind.id_field} is the name of an id"
    if kind.key_field is not None:
        because = f"{kind.id_field} counts the rows of a parent, and {kind.key_field} is the name of an id"
    return Identity(field=kind.id_field, key=kind.key_field, basis=basis, because=because)


def unknown_status(operation: Operation, *, is_call: bool = False) -> tuple[int, Basis]:
    """Return the documented status of a response to an unknown id, and its basis: 404, else 410, else assumed.

    A call has the id in its query or body, so that an unknown one may be an invalid request.
    """
    if operation.responses.get("404") is not None:
        return 404, "inferred"
    if operation.responses.get("410") is not None:
        return 410, "inferred"
    refusals = [status for status in (400, 422) if is_call and str(status) in operation.responses]
    return (refusals[0] if refusals else 404), "assumed"
