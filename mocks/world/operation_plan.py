"""The statements on one operation, compiled once for all requests to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from specduet.mocks.clock import Micros, parse_micros
from specduet.mocks.generation.merged_schema import LocatedSchema
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import CannotGenerate, ValueGenerator
from specduet.mocks.world.body_fields import BodyFields
from specduet.mocks.world.creation import CreateAction
from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.envelope import (
    ResponseEnvelope,
    find_rows_property,
    locate_items,
    locate_property,
    split_path,
)
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX, get_row_key
from specduet.mocks.world.projection import Projection
from specduet.mocks.world.shown_creation import NewRow
from specduet.mocks.world.table import Table
from specduet.specs import Api, Content, Operation
from specduet.specs.behavior import OperationBehavior
from specduet.specs.list_statements import Filter, Scope

_encode = msgspec.json.Encoder().encode
_REMOVED_NAMES = ("deleted", "is_deleted", "isDeleted", "removed", "success", "ok")
"""Booleans that say in the response to a removal that it was done."""


@dataclass(frozen=True)
class FilterPlan:
    """One filter of a list, compiled."""

    parameter: str
    statement: Filter
    default: Micros | None
    """The filter's value, relative to now and negative, where the request leaves the parameter out."""
    oldest: Micros | None
    """The lowest value that is accepted, relative to now and negative."""
    key_field: str | None
    """The indexed field that the filter compares; None where every row has to be looked at."""


class BodyCheck:
    """The check of the bodies of one operation, which are rows in a frame: rows are valid, and the frame may not be."""

    def __init__(self, is_valid: Callable[[Any], bool], pointer: str) -> None:
        self._is_valid = is_valid
        self._pointer = pointer
        self.is_done = False
        """True once a body was valid: around one row, the frame is always the same."""

    def check(self, body: bytes) -> None:
        """Raise ``CannotGenerate`` if the document does not allow a body."""
        if not self._is_valid(msgspec.json.decode(body)):
            raise CannotGenerate(self._pointer, "its rows do not fit the documented response")
        self.is_done = True


@dataclass(frozen=True)
class OperationPlan:
    """The statements on one operation, compiled: its table, and the form of its response."""

    operation: Operation
    table: Table
    projection: Projection
    envelope: ResponseEnvelope | None = None
    filters: tuple[FilterPlan, ...] = ()
    needs_facts: bool = False
    """The response tells more of a page than its rows."""
    has_urls: bool = False
    """The response has URLs, which depend on that of the request."""
    is_plain_list: bool = False
    """An index answers every request to the list."""
    sort_field: str | None = None
    """The field by which a list is sorted; None where rows come by their number."""
    is_array: bool = False
    """The response is an array, also where it shows one row alone."""
    create_action: CreateAction | None = None
    body_fields: BodyFields | None = None
    """What the body of a request changes."""
    lookup_field: str = ""
    """Name of the indexed field by which a path parameter finds a row."""
    parent_position: int | None = None
    """Position of the parent's index key in those of a row that is found by its number; None for any other row."""
    scopes: tuple[Scope, ...] = ()
    """The scopes of the path, from the outermost on; none where rows are in none."""
    body_check: "BodyCheck | None" = None
    """The check of bodies that are made of rows; None where rows alone decide whether a body is valid."""
    has_body: bool = True
    """The document has a body for the response."""

    def render_row(self, row: StoredRow, now: Micros, *, is_removed: bool = False) -> bytes:
        """Return the response that shows one row, ``is_removed`` for the last time; empty where it has no body."""
        if not self.has_body:
            return b""
        if self.projection.is_identity:
            body = self.table.encode_row(row, now)
        else:
            shown = self.project_row(row, now)
            if is_removed and isinstance(shown, dict):
                shown |= {name: True for name in _REMOVED_NAMES if isinstance(shown.get(name), bool)}
            body = _encode(shown)
        return self._frame(body)

    def render_new_row(self, row: NewRow) -> bytes:
        """Return the response that shows a row which was just created; empty where it has no body."""
        if not self.has_body:
            return b""
        if self.projection.is_identity:
            return self._frame(row.encoded)
        return self._frame(_encode(self._project(msgspec.json.decode(row.encoded), row.key)))

    def _frame(self, body: bytes) -> bytes:
        """Return the body of a response around one row."""
        body = b"[" + body + b"]" if self.is_array else body
        body = self.envelope.wrap(body, {}) if self.envelope else body
        if self.body_check is not None and not self.body_check.is_done:
            self.body_check.check(body)
        return body

    def project_row(self, row: StoredRow, now: Micros) -> Any:
        """Return the row in the form of the response."""
        return self._project(self.table.decode_row(row, now), self.table.identity_key(row))

    def _project(self, values: Mapping[str, Any], key: Any) -> Any:
        return self.projection.project_row(lambda name: values.get(name, ABSENT), self._choose_random(key))

    def without_identity(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return changes of a row without those of the fields by which it is found, and of its parents."""
        fields = self.table.indexed_fields
        fixed = {*fields.unique_fields, *fields.scope_fields, *(name for name, _ in fields.parent_fields)}
        if self.body_fields is not None:  # a field that a body may name may change, unless a path finds the row by it
            fixed -= {*self.body_fields.names} - {self.lookup_field, self.table.identity_field}
        return {name: value for name, value in changes.items() if name not in fixed}

    def fit_identity(self, value: Any) -> dict[str, Any]:
        """Return the field by which a path finds a row, with the value of a path."""
        fitted = self.table.values.fit_value(self.lookup_field, value)
        return {} if fitted is ABSENT else {self.lookup_field: fitted}

    def _choose_random(self, key: Any) -> SeededRandom:
        """Return the choices for what the operation's response shows beyond the row."""
        return SeededRandom(f"{self.table.stream}/{self.operation.id}/{key}")


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
    located: LocatedSchema = (table.resource.schema, table.resource.pointer)
    envelope, is_array = None, False
    if content is not None:
        located, envelope, is_array = _locate_rows(api, operation, table, content, generator)
    pointer = located[1] if located[1] is not None else table.resource.pointer
    schema = located[0] if located[1] is not None else {}
    shows_row = behavior.deletes is None
    projection = Projection(api, table.resource, schema, pointer, generator, shows_row=shows_row)
    filters = tuple(_compile_filter(table, name, statement) for name, statement in behavior.filters.items())
    creates = behavior.creates is not None or (behavior.replaces is not None and behavior.replaces.creates)
    changes = behavior.updates is not None or behavior.replaces is not None or behavior.acts is not None
    lookup = behavior.lookup
    lookup_field = get_row_key(table.resource.behavior.id, lookup.field) if lookup is not None else ""
    numbers = table.indexed_fields.numbers
    parent = numbers.parent if numbers is not None and lookup_field == numbers.field else None
    return OperationPlan(
        operation=operation,
        table=table,
        projection=projection,
        envelope=envelope,
        filters=filters,
        needs_facts=behavior.page_info is not None or (envelope is not None and envelope.has_facts),
        has_urls=_has_urls(behavior, envelope),
        is_plain_list=not (behavior.sort or behavior.tokens) and all(plan.key_field for plan in filters),
        sort_field=behavior.order.by if behavior.order else None,
        is_array=is_array and behavior.lists is None and behavior.watches is None,
        create_action=CreateAction(api, operation, table, projection) if creates else None,
        body_fields=BodyFields(api, operation, table) if changes else None,
        lookup_field=lookup_field,
        parent_position=table.key_positions[parent] if parent is not None else None,
        scopes=behavior.scopes if behavior.scope is not None else (),
        body_check=_find_body_check(api, table, projection, content, is_framed=is_array or envelope is not None),
        has_body=_has_body(operation),
    )


def _has_urls(behavior: OperationBehavior, envelope: ResponseEnvelope | None) -> bool:
    facts = behavior.page_info.headers.values() if behavior.page_info else ()
    is_linked = any(fact == "links" or fact.endswith("-url") for fact in facts)
    return is_linked or (envelope is not None and envelope.has_urls)


def _find_body_check(
    api: Api, table: Table, projection: Projection, content: Content | None, *, is_framed: bool
) -> "BodyCheck | None":
    """Return the check of bodies, None where a body is a valid row, or where the rows were stated."""
    if content is None or not table.resource.is_inferred or (projection.is_identity and not is_framed):
        return None
    return BodyCheck(api.response_schemas.validator_at(content.pointer).is_valid, content.pointer)


def _locate_rows(
    api: Api, operation: Operation, table: Table, content: Content, generator: ValueGenerator
) -> tuple[LocatedSchema, ResponseEnvelope | None, bool]:
    """Return the schema of one row in a response, the object around the rows, and whether they are an array."""
    schemas, behavior = api.response_schemas, operation.behavior
    located: LocatedSchema = (content.schema, content.pointer)
    shows_rows = behavior.lists is not None or behavior.watches is not None
    if behavior.envelope is not None and behavior.envelope.response is not None:
        path = split_path(schemas, located, behavior.envelope.response)
    else:
        path = find_rows_property(schemas, table.resource.pointer, *located) if shows_rows else ()  # type: ignore[arg-type]
    inner = locate_property(schemas, located, path)[0]
    if inner[1] is None:
        path, inner = (), located
    facts = behavior.page_info.fields if behavior.page_info else {}
    envelope = ResponseEnvelope(api, content, path, facts, generator) if path else None
    items = locate_items(schemas, inner)
    if shows_rows or items[1] is not None:
        return items, envelope, True
    return inner, envelope, False


def _compile_filter(table: Table, name: str, statement: Filter) -> FilterPlan:
    key_field = HIDDEN_PREFIX + statement.field if statement.hidden else statement.field
    is_indexed = key_field in table.key_positions and statement.op in {"eq", "ge"}
    return FilterPlan(
        parameter=name,
        statement=statement,
        default=_to_micros(statement.default),
        oldest=_to_micros(statement.oldest),
        key_field=key_field if is_indexed else None,
    )


def _to_micros(duration: str | None) -> Micros | None:
    return None if duration is None else parse_micros(duration)


def find_success_content(operation: Operation) -> Content | None:
    """Return the JSON content of the operation's first documented 2xx response that has a schema, or None."""
    successes = [response for status, response in operation.responses.items() if status.startswith("2")]
    contents = [content for response in successes for content in response.content.values() if content.schema]
    for is_match in (_is_json, _is_any):
        for content in contents:
            if is_match(content.media_type.partition(";")[0].strip()):
                return content
    return None


def _is_json(media_type: str) -> bool:
    return media_type.endswith("json")


def _is_any(media_type: str) -> bool:
    return media_type in {"*/*", "application/*"}


def _has_body(operation: Operation) -> bool:
    """Return whether a success has a body, or nothing is said of one."""
    successes = [response for status, response in operation.responses.items() if status.startswith("2")]
    return not successes or any(response.content for response in successes)
