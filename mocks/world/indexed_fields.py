"""The fields of a resource that need an index: those by which its operations sort, find, filter and separate rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from specduet.mocks.clock import DAY, HOUR, Micros, parse_micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.values import get_generator
from specduet.mocks.settings import Settings
from specduet.mocks.world.row_properties import RowShape
from specduet.specs import Api, Operation, Resource, Schema, UsageError
from specduet.specs.behavior import Identity, OperationBehavior
from specduet.specs.schemas import escape_pointer

HIDDEN_PREFIX = "?"
"""Before the name of a hidden field (one that rows do not show), so that it differs from a shown field of that name."""

_DEFAULT_WINDOW = 24 * HOUR
_MAX_WINDOW = 31 * DAY


@dataclass(frozen=True)
class HiddenIdentity:
    """An id that rows do not show, and that only the path has: the schema of its path parameter."""

    field: str
    schema: Schema
    pointer: str


@dataclass(frozen=True)
class RowNumbers:
    """A field that counts the rows of each parent from 1, and by which paths find them."""

    field: str
    parent: str
    """The field that holds the identity of the parent, with its prefix where rows do not show it."""


@dataclass(frozen=True)
class IndexedFields:
    """Names of fields by the use that operations make of them, each tuple in the order of the document."""

    identity_field: str
    """The field that identifies a row, with its prefix where rows do not show it."""
    sort_fields: tuple[str, ...] = ()
    """Fields that order a list or that a cursor compares."""
    sorts_by_number: bool = False
    """A list has no order of its own, so that its rows come by their number."""
    is_ascending: bool = False
    """The first list begins with the oldest or lowest row, in place of the newest or highest."""
    unique_fields: tuple[str, ...] = ()
    """Fields that find one row: its identity, and the parameters of operations that fetch or watch it."""
    filter_fields: tuple[str, ...] = ()
    """Fields of filters that ask for one value (``op: eq``)."""
    range_fields: tuple[str, ...] = ()
    """Fields of filters that ask for a value or more (``op: ge``)."""
    hidden_fields: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """Fields of filters that rows do not show, and the values that rows have for them."""
    scope_fields: tuple[str, ...] = ()
    """Fields that separate collections whose owners are no rows themselves."""
    scope_choices: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    """Of these, fields whose path parameter takes certain values alone, and the values."""
    parent_fields: tuple[tuple[str, str], ...] = ()
    """Fields that hold the identity of a parent, hidden ones with their prefix, and the parent's resource."""
    hidden_identity: HiddenIdentity | None = None
    path_schemas: tuple[tuple[str, Schema, str], ...] = ()
    """Fields by which paths find rows, with the schema of the path parameter and its pointer."""
    numbers: RowNumbers | None = None
    followed_fields: tuple[str, ...] = ()
    """Fields by which many rows are followed, hidden ones with their prefix."""
    owner_field: str | None = None
    owner_values: tuple[str, ...] = ()
    default_window: Micros = _DEFAULT_WINDOW
    """How far back lists look when the request does not say."""
    max_window: Micros = _MAX_WINDOW
    """How far back a request may look."""

    def find_range(self, field: str, own: Schema) -> tuple[int, int | None]:
        """Return the lowest number, from 1 on, and the highest that a field and the paths to its rows allow."""
        schemas = [own, *(schema for name, schema, _ in self.path_schemas if name == field)]
        lowest = [schema["minimum"] for schema in schemas if isinstance(schema.get("minimum"), int)]
        highest = [schema["maximum"] for schema in schemas if isinstance(schema.get("maximum"), int)]
        return max([1, *lowest]), min(highest, default=None)

    @property
    def exact_match_fields(self) -> tuple[str, ...]:
        """The fields that are asked for a single value, hidden ones with their prefix."""
        owner = () if self.owner_field is None else (self.owner_field,)
        hidden = (HIDDEN_PREFIX + name for name, _ in self.hidden_fields)
        parents = (field for field, _ in self.parent_fields)
        return _deduplicate((*self.scope_fields, *parents, *owner, *self.filter_fields, *hidden, *self.followed_fields))

    @property
    def all_fields(self) -> tuple[str, ...]:
        """Every field that a row is found or sorted by, hidden ones with their prefix."""
        return _deduplicate((*self.sort_fields, *self.unique_fields, *self.exact_match_fields, *self.range_fields))


def collect_indexed_fields(api: Api, resource: Resource, settings: Settings, shape: RowShape) -> IndexedFields:
    """Collect the fields of a resource that the statements on its operations name."""
    operations = api.operations_about(resource.name)
    behaviors = [operation.behavior for operation in operations]
    sort_fields = [b.order.by for b in behaviors if b.order] + [b.cursor.before for b in behaviors if b.cursor]
    filters = [statement for b in behaviors for statement in b.filters.values()]
    looked_up = [b.lookup.field for b in behaviors if b.lookup and b.lookup.parameter]
    identity, numbers = resource.behavior.id, _find_numbers(resource, behaviors)
    unique = (identity.field if numbers is None else identity.key, identity.field, *looked_up)
    scopes = [b.scope for b in behaviors if b.scope and not b.scope.members]
    owner = next((b.visibility.owner for b in behaviors if b.visibility), None)
    windows = [statement for statement in filters if statement.field in sort_fields]
    default_window = min((-parse_micros(w.default) for w in windows if w.default), default=_DEFAULT_WINDOW)
    oldest = (-parse_micros(w.oldest) for w in windows if w.oldest)
    exact = (
        f.field
        for f in filters
        if f.op == "eq" and not f.hidden and f.field not in sort_fields and shape.has_single_value(f.field)
    )
    return IndexedFields(
        identity_field=get_row_key(identity, unique[0] or identity.field),
        sort_fields=_deduplicate(sort_fields),
        sorts_by_number=any(b.lists and not b.order for b in behaviors) or not any(b.lists for b in behaviors),
        is_ascending=next((b.order is not None and b.order.direction == "asc" for b in behaviors if b.lists), False),
        unique_fields=()
        if resource.behavior.single
        else _deduplicate(get_row_key(identity, name) for name in unique if name),
        filter_fields=_deduplicate(exact),
        range_fields=_deduplicate(
            f.field for f in filters if f.op == "ge" and not f.hidden and shape.has_single_value(f.field)
        ),
        hidden_fields=tuple(_iter_hidden_fields(api, operations)),
        scope_fields=_deduplicate(scope.field for scope in scopes if not scope.resource and not scope.hidden),
        scope_choices=tuple(_iter_scope_choices(operations)),
        path_schemas=tuple(_iter_path_schemas(operations)),
        parent_fields=_deduplicate(
            (get_field_key(scope.field, is_hidden=scope.hidden), scope.resource) for scope in scopes if scope.resource
        ),
        hidden_identity=_find_hidden_identity(identity, operations) if identity.hidden else None,
        numbers=numbers,
        followed_fields=_deduplicate(
            get_field_key(b.watches.field, is_hidden=b.watches.hidden)
            for b in behaviors
            if b.watches is not None and b.watches.many
        ),
        owner_field=owner,
        owner_values=() if owner is None else _owner_values(api, resource, owner, settings),
        default_window=default_window,
        max_window=min(oldest, default=max(_MAX_WINDOW, 2 * default_window)),
    )


def _find_numbers(resource: Resource, behaviors: Sequence[OperationBehavior]) -> RowNumbers | None:
    """Return the field that counts the rows of each parent; None where there is none, or no parent."""
    identity = resource.behavior.id
    for behavior in behaviors if identity.key is not None else ():
        scope = behavior.scope
        if scope is not None and scope.resource and behavior.lookup and behavior.lookup.field == identity.field:
            return RowNumbers(identity.field, get_field_key(scope.field, is_hidden=scope.hidden))
    return None


def _iter_path_schemas(operations: Sequence[Operation]) -> Iterator[tuple[str, Schema, str]]:
    for operation in operations:
        lookup = operation.behavior.lookup
        parameter = operation.parameter(lookup.parameter, "path") if lookup is not None else None
        if lookup is not None and parameter is not None:
            yield lookup.field, parameter.schema, parameter.pointer


def _iter_scope_choices(operations: Sequence[Operation]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for operation in operations:
        scope = operation.behavior.scope
        parameter = operation.parameter(scope.parameter, "path") if scope is not None else None
        members = parameter.schema.get("enum") if parameter is not None else None
        if scope is not None and not scope.resource and isinstance(members, list):
            yield scope.field, tuple(members)


def get_field_key(field: str, *, is_hidden: bool) -> str:
    """Return the name under which a field is indexed."""
    return HIDDEN_PREFIX + field if is_hidden else field


def get_row_key(identity: Identity, field: str) -> str:
    """Return the name under which a field that finds a row is indexed: the identity may be hidden, others are not."""
    return get_field_key(field, is_hidden=identity.hidden and field == identity.field)


def _find_hidden_identity(identity: Identity, operations: Sequence[Operation]) -> HiddenIdentity:
    """Return the identity with the schema of the first path parameter that stands for it."""
    for operation in operations:
        lookup = operation.behavior.lookup
        if lookup is not None and lookup.field == identity.field:
            parameter = operation.parameter(lookup.parameter, "path")
            if parameter is not None:
                return HiddenIdentity(identity.field, parameter.schema, parameter.pointer)
    return HiddenIdentity(identity.field, {"type": "string"}, "")


def _iter_hidden_fields(api: Api, operations: Sequence[Operation]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    seen = set()
    for operation in operations:
        for name, statement in operation.behavior.filters.items():
            parameter = operation.parameter(name, "query")
            if statement.hidden and parameter is not None and statement.field not in seen:
                seen.add(statement.field)
                values = _candidate_values(api, parameter.schema, parameter.pointer, statement.field)
                yield statement.field, tuple(values)


def _owner_values(api: Api, resource: Resource, owner: str, settings: Settings) -> tuple[str, ...]:
    # The owners of the configured credentials come first, so that each of them has rows to see.
    pointer = f"{resource.pointer}/properties/{escape_pointer(owner)}"
    configured = [credential.owner for credential in settings.credentials if credential.owner]
    for name in configured:
        if not api.response_schemas.validator_at(pointer).is_valid(name):
            raise UsageError(f"{name!r} cannot own a {resource.name}: the schema of {owner!r} has no such value")
    return _deduplicate((*configured, *_candidate_values(api, resource.properties[owner], pointer, owner)))


def _candidate_values(api: Api, schema: Any, pointer: str, name: str) -> list[Any]:
    examples = [e for e in schema.get("examples", ()) if api.response_schemas.validator_at(pointer).is_valid(e)]
    if examples:
        return examples
    make = get_generator(api.response_schemas).build_valid_maker(schema, pointer, name, null=False)
    return [make(SeededRandom(f"{name}/{index}")) for index in range(4)]


def _deduplicate(names: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(names))
