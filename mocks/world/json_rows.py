"""Rows that are given as JSON: by a file of seed data, or by a client that puts the state of the mock.

A row need not be whole: ``row_completion`` makes up what it lacks. What it does not show, such as its parent where only
paths have it, may be given under the field's name with ``?`` before it: ``{"text": "Milk", "?list": 7}``.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from specduet.mocks.world.derived_fields import ABSENT
from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX, IndexedFields
from specduet.mocks.world.lifecycle import FINAL_PHASE, RowSeed
from specduet.mocks.world.property_values import PropertyValues
from specduet.mocks.world.related_rows import RelatedRows
from specduet.mocks.world.row_completion import BadRow, RowCompletion
from specduet.mocks.world.row_factory import RowFactory
from specduet.mocks.world.row_keys import RowKeys
from specduet.specs import Api, Resource, UsageError
from specduet.specs.inference.words import to_snake

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_TRIES = 100


class PlacedRow(dict[str, Any]):
    """A row as JSON, with the place where it was read."""

    def __init__(self, values: Mapping[str, Any], describe_place: Callable[[], str]) -> None:
        super().__init__(values)
        self.describe_place = describe_place
        """Returns the place for an error: ``data/customers.csv:3``."""


class GivenRow(NamedTuple):
    """A whole row that was given as JSON."""

    values: Mapping[str, Any]
    hidden: Mapping[str, Any]
    """Values of fields that the row does not show, by their name with its prefix."""


class JsonRows:
    """Reads the rows of one resource."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        *,
        row_factory: RowFactory,
        values: PropertyValues,
        keys: RowKeys,
        indexed_fields: IndexedFields,
        related_rows: RelatedRows,
        completion: RowCompletion,
        member_names: Collection[str] = (),
    ) -> None:
        """``member_names`` are those of the lists of members that rows have."""
        self._name = resource.name
        self._row_factory = row_factory
        self._values = values
        self._keys = keys
        self._completion = completion
        self._related_rows = related_rows
        self._identity_field = indexed_fields.identity_field
        self._is_ascending = indexed_fields.is_ascending
        self._sort_fields = indexed_fields.sort_fields
        self._is_single = resource.behavior.single
        self._parents = dict(indexed_fields.parent_fields)
        hidden = {
            *self._parents,
            self._identity_field,
            *(HIDDEN_PREFIX + name for name, _ in indexed_fields.hidden_fields),
        }
        self._hidden_names = {name for name in hidden if name.startswith(HIDDEN_PREFIX)}
        self._hidden_names |= {HIDDEN_PREFIX + name for name in member_names}
        self._validator = api.response_schemas.validator_at(resource.pointer)

    def read_rows(self, rows: Any, scopes: Mapping[str, Any], *, keeps_valid: bool) -> list[GivenRow]:
        """Return the rows with all that they need, the first of a list first.

        ``scopes`` are the values of the fields that separate collections, for rows that have none.
        ``keeps_valid``: a row that satisfies its schema and has an id stays as it is; others get what statements
        decide, too. Raises ``UsageError`` where a row violates its schema, or has the id of another one.
        """
        if not isinstance(rows, list | tuple):
            raise UsageError(f"the rows of {self._name!r} are no list")
        split = [self._split_hidden(row, index) for index, row in enumerate(rows)]
        known = self._collect_identities(rows, split)
        result = []
        for index, (shown, hidden) in enumerate(split):
            seed = self._completion.make_seed(index, len(rows), {**shown, **hidden})
            try:
                is_found = self._give_identity(seed, shown, hidden, known)
                is_whole = keeps_valid and is_found and self._validator.is_valid(shown)
                whole = shown if is_whole else self._completion.complete({**scopes, **shown}, hidden, seed)
                result.append(GivenRow(whole, hidden))
            except BadRow as error:
                place = _describe_row(self._name, rows, index)
                raise UsageError(f"{place} breaks the schema at {error.pointer or 'its root'}: {error}") from None
        return result

    def store_row(self, row: GivenRow, index: int, count: int) -> StoredRow:
        """Return a row as a table keeps it, with a number by which the list of all rows stays in its order."""
        number = index if self._is_ascending else count - 1 - index
        stored = StoredRow(number, self._keys.read_keys(row.values, row.hidden), None, _encode(row.values))
        stored.hidden_values = row.hidden
        return stored

    def make_seed(self, row: StoredRow) -> RowSeed:
        """Return a seed for a row that was given as JSON, with a status path that leads to what it shows."""
        sort_keys = [row.index_keys[self._keys.positions[name]] for name in self._sort_fields]
        created_at = sort_keys[0] if sort_keys and isinstance(sort_keys[0], int) else None
        return self._completion.make_past_seed(row.number, _decode(row.encoded), created_at)

    def read_identity(self, row: GivenRow) -> Any:
        return self._keys.read_identity(row.values, row.hidden)

    def find_hidden_values(self, row: StoredRow) -> dict[str, Any]:
        """Return what a row does not show and cannot be told from what it shows: its parents and its id."""
        names = [name for name in (*self._parents, self._identity_field) if name in self._hidden_names]
        keys = {name: row.index_keys[self._keys.positions[name]] for name in names if name in self._keys.positions}
        return {name: key for name, key in keys.items() if key is not None}

    def _split_hidden(self, row: Any, index: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the properties that a row shows, and the fields that it does not."""
        place = _describe_row(self._name, [row], 0, index)
        if not isinstance(row, Mapping):
            raise UsageError(f"{place} is no object")
        try:
            _encode(dict(row))
        except (UnicodeEncodeError, ValueError, TypeError) as error:
            raise UsageError(f"{place} is no JSON: {error}") from error
        shown, hidden = {}, {}
        for name, value in row.items():
            key = self._find_hidden_name(name)
            if key is not None and (key == name or key not in row):
                hidden[key] = self._fit_parent(key, value)
            else:
                shown[name] = value
        return shown, {name: value for name, value in hidden.items() if value is not None}

    def _find_hidden_name(self, name: str) -> str | None:
        """Return the hidden field that a name in a row means, None where it means none.

        A parent may also be called after its resource: ``project``, ``projectId`` or ``?projectId``.
        """
        plain = name.removeprefix(HIDDEN_PREFIX)
        if name in self._values.properties:
            return None
        if HIDDEN_PREFIX + plain in self._hidden_names:
            return HIDDEN_PREFIX + plain
        noun = to_snake(plain).removesuffix("_id")
        return next((n for n, r in self._parents.items() if n in self._hidden_names and to_snake(r) == noun), None)

    def _fit_parent(self, name: str, value: Any) -> Any:
        """Return the identity of a parent as its row has it, where a file may have its text."""
        resource = self._parents.get(name)
        identity = self._related_rows.find_identity(resource, value) if resource is not None else None
        return value if identity is None else identity

    def _collect_identities(self, rows: Sequence[Any], split: Sequence[tuple[Any, Any]]) -> set[Any]:
        """Return the index keys of the given identities. Raises ``UsageError`` where two rows have the same."""
        known: set[Any] = set()
        may_repeat = self._is_single or self._identity_field.startswith(HIDDEN_PREFIX)
        for index, (shown, hidden) in enumerate(split):
            key = self._read_identity_key(shown, hidden)
            if key is not None and key in known and not may_repeat:
                place = _describe_row(self._name, rows, index)
                raise UsageError(f"{place} has the same {self._identity_field!r} as an earlier one")
            known.add(key)
        return known - {None}

    def _read_identity_key(self, shown: Mapping[str, Any], hidden: Mapping[str, Any]) -> Any:
        value = self._keys.read_identity(shown, hidden)
        return self._values.index_key(self._identity_field, value)

    def _give_identity(self, seed: RowSeed, shown: dict[str, Any], hidden: dict[str, Any], known: set[Any]) -> bool:
        """Give a row an identity of its own, unless it has one. Return whether it had one, or needs none."""
        field = self._identity_field
        if self._is_single or self._read_identity_key(shown, hidden) is not None:
            return True
        holder = hidden if field.startswith(HIDDEN_PREFIX) else shown
        stream = seed.stream
        seed.fixed_values = {name: value for name, value in seed.fixed_values.items() if name != field}
        for attempt in range(_TRIES):
            seed.stream = f"{stream}~{attempt}" if attempt else stream
            identity = self._row_factory.make_field(field, seed, FINAL_PHASE)
            key = self._values.index_key(field, identity)
            if key is not None and key not in known:
                break
        else:
            identity = key = max((key for key in known if isinstance(key, int)), default=0) + 1
        seed.stream = stream
        known.add(key)
        if "." not in field and identity is not ABSENT:
            holder[field] = identity
            seed.fixed_values = {**seed.fixed_values, field: identity}
        return holder is hidden


def _describe_row(name: str, rows: Sequence[Any], position: int, index: int | None = None) -> str:
    """Return the name of a row for an error: ``data/customers.csv:3: row 1 of 'customer'``."""
    row = rows[position]
    text = f"row {position if index is None else index} of {name!r}"
    return f"{row.describe_place()}: {text}" if isinstance(row, PlacedRow) else text
