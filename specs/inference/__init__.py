"""Inference: the behavior that a document implies, as the statements that an overlay would make.

    operations ── survey ── group ── resources ── statements      basis: inferred, or assumed for weak evidence

A pure function of the document. It never raises, whatever the document holds: what it cannot read it says nothing of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from specduet.specs.behavior import OperationBehavior, ResourceBehavior
from specduet.specs.inference.grouping import find_file_keys, find_parents, group_operations, list_entries
from specduet.specs.inference.operations import StatementMaker
from specduet.specs.inference.resources import find_row_kinds
from specduet.specs.inference.rows import state_rows
from specduet.specs.inference.survey import survey_operations
from specduet.specs.model import Operation, Resource, Role
from specduet.specs.schema_reader import SchemaReader
from specduet.specs.schemas import Schemas


@dataclass(frozen=True)
class Inference:
    """The roles and statements that a document implies."""

    #: of each operation, in their order
    roles: tuple[Role, ...]
    #: of each operation, in their order
    behaviors: tuple[OperationBehavior, ...]
    resources: Mapping[str, Resource] = field(default_factory=dict)


def infer_behavior(
    schemas: Schemas, operations: Sequence[Operation], stated: Mapping[str, Resource] | None = None
) -> Inference:
    """Return what the operations of a document imply; ``stated`` are the resources that it states itself."""
    reader = SchemaReader(schemas)
    surveyed = survey_operations(reader, operations)
    groups = group_operations(surveyed)
    kinds = find_row_kinds(reader, groups, stated or {})
    parents = {key: find_parents(group.shape, groups) for key, group in groups.items()}
    by_name = {kind.name: kind for kind in kinds.values()}
    maker = StatementMaker(reader, parents, kinds, by_name)
    files = find_file_keys(groups, kinds)
    roles = {e.operation.label: Role(e.role, "", "", e.evidence) for e in surveyed}
    behaviors: dict[str, OperationBehavior] = {}
    for group, entry in list_entries(groups.values()):
        kind = kinds.get(group.shape.key)
        above = parents[group.shape.key][-1:]
        parent = kinds.get(above[0][1].shape.key) if above and above[0][1] else None
        names = (kind.name if kind else "", parent.name if parent else "")
        roles[entry.operation.label] = Role(entry.role, *names, entry.evidence)
        if kind is not None:
            behaviors[entry.operation.label] = maker.state_operation(entry, group, kind)
        elif parent is not None and group.shape.key in files:
            behaviors[entry.operation.label] = maker.state_file(entry, parent.groups[0], parent)
    resources = {
        name: build_inferred(schemas, reader, by_name[name].pointer, behavior)
        for name, behavior in state_rows(reader, by_name).items()
    }
    silent = OperationBehavior()
    return Inference(
        tuple(roles[operation.label] for operation in operations),
        tuple(behaviors.get(operation.label, silent) for operation in operations),
        resources,
    )


def build_inferred(schemas: Schemas, reader: SchemaReader, pointer: str, behavior: ResourceBehavior) -> Resource:
    """Return an inferred resource whose rows have the schema at a pointer."""
    return Resource(behavior.resource, pointer, reader.resolve(pointer)[0], behavior, schemas, is_inferred=True)
