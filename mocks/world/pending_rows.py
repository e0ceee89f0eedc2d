"""Rows that requests created and nobody has read yet."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from specduet.mocks.clock import Micros

NO_KEY: Any = object()
"""Stands for an index key that is not known."""


class PendingRow(NamedTuple):
    """A row that a request created and nobody has read yet."""

    created_at: Micros
    decide_values: Callable[[], Mapping[str, Any]]
    """Returns the field values that the request decided; called when the row is materialised."""
    has_free_identity: bool = False
    """True if its identity is among those values, and is known to be that of no other row."""


class PendingRows:
    """The pending rows of one table, in the order of their creation."""

    def __init__(self) -> None:
        self.rows: list[PendingRow] = []
        self._keys: set[Any] = set()
        self.newest_key: Any = NO_KEY
        """The index key of the identity of the row that was created last, if it is known."""
        self.has_unknown_key = False
        """True if some row has an identity that is not known."""

    def has_key(self, key: Any) -> bool:
        """Return whether a row has the index key of its identity."""
        return key in self._keys

    def add(self, created_at: Micros, decide_values: Callable[[], Mapping[str, Any]]) -> None:
        """Add a row of which nothing is known yet."""
        self.rows.append(PendingRow(created_at, decide_values))
        self.newest_key = NO_KEY
        self.has_unknown_key = True

    def add_known(self, created_at: Micros, decide_values: Callable[[], Mapping[str, Any]], key: Any) -> None:
        """Add a row whose identity is that of no other one, and is among its values."""
        self.rows.append(PendingRow(created_at, decide_values, has_free_identity=True))
        self._keys.add(key)
        self.newest_key = key
