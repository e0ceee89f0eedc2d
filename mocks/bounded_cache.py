"""The cache of this package: the one way in which the mock remembers a result between requests."""

from collections.abc import Hashable
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class BoundedCache(dict[_Key, _Value]):
    """A cache of at most ``max_size`` values. It is emptied when it is full, which is cheaper than to track use."""

    def __init__(self, max_size: int) -> None:
        super().__init__()
        self._max_size = max_size

    def store(self, key: _Key, value: _Value) -> None:
        if len(self) >= self._max_size:
            self.clear()
        self[key] = value
