"""Rows that are given as JSON: validated, and read into the form that a table keeps."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from specduet.mocks.world.index import StoredRow
from specduet.mocks.world.indexed_fields import HIDDEN_PREFIX
from specduet.mocks.world.lifecycle import FINAL_PHASE, RowSeed
from specduet.mocks.world.property_values import PropertyValues
from specduet.mocks.world.row_factory import RowFactory
from specduet.mocks.world.row_keys import RowKeys
from specduet.mocks.world.status_paths import stay_in_status
from specduet.specs import Api, Resource, UsageError

_encode = msgspec.json.Encoder().encode


class JsonRows:
    """Reads the rows of one resource."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        row_factory: RowFactory,
        values: PropertyValues,
        keys: RowKeys,
        *,
        identity_field: str,
        stream: str,
    ) -> None:
        self._name = resource.name
        self._row_factory = row_factory
        self._values = values
        self._keys = keys
        self._identity_field = identity_field
        self._stream = stream
        self._validator = api.response_schemas.validator_at(resource.pointer)

    def validate(self, values: Any) -> Sequence[Mapping[str, Any]]:
        """Return rows that may replace those of the table.

        Raises ``UsageError`` where one of them violates the schema or has no identity of its own.
        """
        name, seen = self._name, set()
        if not isinstance(values, list):
            raise UsageError(f"the rows of {name!r} are no list")
        for index, value in enumerate(values):
            problem = next(self._validator.iter_errors(value), None)
            if problem is not None:
                place = "".join(f"/{part}" for part in problem.instance_path)
                raise UsageError(
                    f"row {index} of {name!r} breaks the schema at {place or 'its root'}: {problem.message}"
                )
            key = self._values.index_key(self._identity_field, self.read_identity(value, index))
            if key is None or key in seen:
                missing = "no" if key is None else "the same"
                raise UsageError(f"row {index} of {name!r} has {missing} {self._identity_field!r}")
            seen.add(key)
            try:
                _encode(value)
            except (UnicodeEncodeError, ValueError) as error:
                raise UsageError(f"row {index} of {name!r} is no JSON: {error}") from error
        return values

    def read_identity(self, value: Mapping[str, Any], index: int) -> Any:
        return self._keys.read_identity(value, self._make_hidden_values(index))

    def _make_hidden_values(self, index: int) -> dict[str, Any]:
        """Return what a row that is given as JSON does not show: its id, where only paths have it."""
        if not self._identity_field.startswith(HIDDEN_PREFIX):
            return {}
        seed = RowSeed(f"{self._stream}/put/{index}", index, stay_in_status, created_at=0, index=index)
        return {self._identity_field: self._row_factory.make_field(self._identity_field, seed, FINAL_PHASE)}

    def read_row(self, value: Mapping[str, Any], index: int, count: int) -> StoredRow:
        hidden = self._make_hidden_values(index)
        row = StoredRow(count - 1 - index, self._keys.read_keys(value, hidden), None, _encode(value))
        row.hidden_values = hidden
        return row
