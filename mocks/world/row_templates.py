"""New rows as JSON that is ready but for the time of their creation.

A client that sends one request again and again creates rows that differ in their ids and times, and in nothing else
that is not taken by turns.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from specduet.mocks.clock import Micros, TimeFormat, format_time
from specduet.mocks.world.field_makers import FieldMaker
from specduet.mocks.world.lifecycle import RowSeed

_encode = msgspec.json.Encoder().encode
_MARK = "\N{WHITE SQUARE} field "
_TIME = _encode("\N{WHITE SQUARE} time")


class PreparedRow(NamedTuple):
    """A row that is not created yet."""

    number: int
    key: Any
    """The index key of its identity."""
    values: dict[str, Any]
    """The field values that the request decides, and its identity."""
    pieces: list[bytes]
    """Its JSON before, between and after the times of its creation."""
    time_format: TimeFormat

    def show(self, created_at: Micros) -> bytes:
        """Return the row as JSON."""
        return _encode(format_time(self.time_format, created_at)).join(self.pieces)


class RowTemplate:
    """The JSON of a row, with holes for its ids and for the times of its creation."""

    def __init__(
        self, row: Mapping[str, Any], makers: Mapping[str, FieldMaker], times: Mapping[str, TimeFormat]
    ) -> None:
        """``makers`` are those of ids; ``times`` are the forms of the times of creation, which are all the same."""
        own = {name: f"{_MARK}{place}" for place, name in enumerate(makers) if name in row}
        self._makers = [(makers[name], _encode(mark)) for name, mark in own.items()]
        self.time_format: TimeFormat = next(iter(times.values()), "text")
        marked = {**row, **own, **{name: msgspec.Raw(_TIME) for name in times if name in row}}
        self._text = _encode(marked)

    def prepare(self, seed: RowSeed) -> list[bytes]:
        """Return the JSON of the row of a seed before, between and after the times of its creation."""
        text = self._text
        for make, mark in self._makers:
            text = text.replace(mark, _encode(make(seed, 0)))
        return text.split(_TIME)
