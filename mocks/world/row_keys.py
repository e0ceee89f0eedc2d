"""The index keys of a table's rows: by what its rows are found, filtered and sorted."""

from collections.abc import Mapping
from typing import Any

from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.world.derived_fields import get_path
from specduet.mocks.world.field_makers import FieldMaker
from specduet.mocks.world.index import IndexKeys
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX, IndexedFields
from specduet.mocks.world.lifecycle import FINAL_PHASE, RowSeed
from specduet.mocks.world.property_values import PropertyValues
from specduet.mocks.world.related_rows import RelatedRows
from specduet.mocks.world.row_factory import RowFactory


class RowKeys:
    """Makes the index keys of rows, one for each indexed field."""

    def __init__(
        self,
        row_factory: RowFactory,
        values: PropertyValues,
        indexed_fields: IndexedFields,
        stream: str,
        related_rows: RelatedRows,
    ) -> None:
        self.positions = {name: position for position, name in enumerate(indexed_fields.all_fields)}
        """For each indexed field, the position of its key in ``StoredRow.index_keys``."""
        self._row_factory = row_factory
        self._values = values
        self._identity_field = indexed_fields.identity_field
        self._stream = stream
        self._related_rows = related_rows
        self._hidden_choices = {HIDDEN_PREFIX + name: values for name, values in indexed_fields.hidden_fields}
        self._parents = dict(indexed_fields.parent_fields)
        self._followed = frozenset(indexed_fields.followed_fields)
        self._makers = [self._build_maker(name) for name in self.positions]

    def make_keys(self, seed: RowSeed, phase: int) -> IndexKeys:
        """Return the keys of a row that is made from a seed."""
        return tuple([make_key(seed, phase) for make_key in self._makers])

    def make_unique_keys(self, seed: RowSeed, names: list[str]) -> dict[str, Any]:
        """Return the keys of some unique fields, which depend on no other resource."""
        return {name: self._makers[self.positions[name]](seed, FINAL_PHASE) for name in names}

    def read_keys(self, value: Mapping[str, Any], hidden: Mapping[str, Any]) -> IndexKeys:
        """Return the keys of a row that is given as JSON. ``hidden`` are the values that it does not show."""
        identity = self.read_identity(value, hidden)
        return tuple(
            self._make_hidden_key(name, identity, hidden)
            if name.startswith(HIDDEN_PREFIX)
            else self._values.index_key(name, get_path(value, name.split(".")))
            for name in self.positions
        )

    def read_identity(self, value: Mapping[str, Any], hidden: Mapping[str, Any]) -> Any:
        """Return the identity of a row that is given as JSON, ``ABSENT`` where it has none."""
        if self._identity_field in hidden:
            return hidden[self._identity_field]
        return get_path(value, self._identity_field.split("."))

    def _build_maker(self, name: str) -> FieldMaker:
        if not name.startswith(HIDDEN_PREFIX):
            return self._row_factory.index_key_maker(name)
        if name == self._identity_field:
            return lambda seed, phase: self._values.index_key(name, self._make_identity(seed, phase))
        return lambda seed, phase: self._make_hidden_key(name, self._make_identity(seed, phase), seed.fixed_values)

    def _make_identity(self, seed: RowSeed, phase: int) -> Any:
        return self._row_factory.make_field(self._identity_field, seed, phase)

    def _make_hidden_key(self, name: str, identity: Any, known: Mapping[str, Any]) -> Any:
        """Return the key of a hidden field.

        It is known, or picked by the row's identity, so that it stays when the row is put back as JSON.
        """
        if name in known:
            value = known[name]
        elif name == self._identity_field:
            value = identity
        elif name in self._parents:
            value = self._related_rows.pick_parent(self._parents[name], identity)
        elif name in self._followed:  # only a request gives it one
            value = None
        else:
            value = SeededRandom(f"{self._stream}/{name}/{identity}").pick(self._hidden_choices[name])
        return self._values.index_key(name, value)
