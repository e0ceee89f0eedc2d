"""The scopes and the times of seeded rows, so that every list shows many of them in its default window."""

from specduet.mocks.clock import HOUR, Micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.world.indexed_fields import IndexedFields

_SECOND_SCOPE_ROWS = 10  # rows that the second scope has at least
_SECOND_SCOPE_FROM = 50  # from so many rows on that leaves forty to the first
_RECENT = 12 * HOUR


class SeedingPlan:
    """The scope and the time of each of ``runs`` rows, by its index; index 0 is the newest row."""

    def __init__(self, runs: int, epoch: Micros, stream: str, indexed_fields: IndexedFields) -> None:
        self._runs = runs
        self._epoch = epoch
        self._stream = stream
        self._default_window = indexed_fields.default_window
        self._max_window = indexed_fields.max_window
        self._second_scope_rows = max(_SECOND_SCOPE_ROWS, runs // 6) if runs >= _SECOND_SCOPE_FROM else runs // 6

    def is_in_second_scope(self, index: int) -> bool:
        """Return whether a row belongs to the second scope; its rows are spread evenly among those of the first."""
        rows = self._second_scope_rows
        return (index * rows) // self._runs != ((index + 1) * rows) // self._runs

    def created_at(self, index: int) -> Micros:
        """Return the time of a row: three quarters lie in the last half day, the others further back than lists look.

        The rows share their part of the time evenly, each with a random deviation, so that no two tie.
        """
        recent = self._runs - self._runs // 4
        if index < recent:
            first, last, place, places = 0, min(self._default_window // 2, _RECENT), index, recent
        else:
            first = self._default_window + self._default_window // 20
            last = self._max_window - self._max_window // 30
            place, places = index - recent, self._runs - recent
        width = (last - first if last > first else self._default_window) // places
        jitter = SeededRandom(f"{self._stream}/slot/{index}").randbelow(max(width // 2, 1))
        return self._epoch - first - place * width - width // 4 - jitter - 1
