"""The statements on one operation, compiled once for all requests to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from specduet.mocks.clock import Micros, parse_micros
from specduet.mocks.generation.values import ValueGenerator
from specduet.mocks.world.creation import CreateAction
from specduet.mocks.world.projection import ListEnvelope, Projection, find_success_content, locate_rows
from specduet.mocks.world.table import Table
from specduet.specs import Api, Operation
from specduet.specs.list_statements import Filter


@dataclass(frozen=True)
class FilterPlan:
    """One filter of a list, compiled."""

    parameter: str
    statement: Filter
    default: Micros | None
    """The filter's value, relative to now and negative, where the request leaves the parameter out."""
    oldest: Micros | None
    """The lowest value that is accepted, relative to now and negative."""


@dataclass(frozen=True)
class OperationPlan:
    """The statements on one operation, compiled: its table, and the form of its response."""

    operation: Operation
    table: Table
    projection: Projection
    envelope: ListEnvelope | None = None
    filters: tuple[FilterPlan, ...] = ()
    is_cacheable: bool = False
    """The same request to a list has the same response as long as no row changes."""
    create_action: CreateAction | None = None


def compile_plan(
    api: Api, operation: Operation, tables: Mapping[str, Table], generator: ValueGenerator
) -> OperationPlan | None:
    """Compile the statements on an operation; None for one that is not about the rows of a resource.

    ``tables`` are those of the world by resource; ``generator`` makes what a response shows beyond its rows.
    """
    behavior = operation.behavior
    if behavior.subject is None:
        return None
    table = tables[behavior.subject.resource]
    content = find_success_content(operation)
    schema, pointer = table.resource.schema, table.resource.pointer
    if content:
        schema, pointer = content.schema, content.pointer
    envelope = None
    if content and (behavior.lists or behavior.watches):
        rows_property, schema, pointer = locate_rows(api, table.resource, schema, pointer)
        if rows_property is not None:
            envelope = ListEnvelope(api, content.schema, content.pointer, rows_property, generator)
    projection = Projection(api, table.resource, schema, pointer, generator)
    filters = tuple(
        FilterPlan(name, statement, _to_micros(statement.default), _to_micros(statement.oldest))
        for name, statement in behavior.filters.items()
    )
    # An envelope counts rows, a projection depends on more than the row, and a window moves with the time.
    has_window = any(plan.statement.default or plan.statement.oldest for plan in filters)
    is_cacheable = envelope is None and projection.is_identity and not has_window
    create_action = CreateAction(operation, table, projection) if behavior.creates else None
    return OperationPlan(operation, table, projection, envelope, filters, is_cacheable, create_action)


def _to_micros(duration: str | None) -> Micros | None:
    return None if duration is None else parse_micros(duration)
