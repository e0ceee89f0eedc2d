"""The seeds of seeded rows: their order, times and statuses, so that every list shows many of them in its window."""

from collections.abc import Callable, Sequence

from specduet.mocks.clock import HOUR, Micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.world.field_makers import round_robin
from specduet.mocks.world.indexed_fields import IndexedFields
from specduet.mocks.world.lifecycle import RowSeed, StatusPath

_SECOND_SCOPE_ROWS = 10  # rows that the second scope has at least
_SECOND_SCOPE_FROM = 50  # from so many rows on that leaves forty to the first
_RECENT = 12 * HOUR


class SeedingPlan:
    """The scope and the time of each of ``count`` rows, by its index; index 0 is the newest row."""

    def __init__(self, count: int, epoch: Micros, stream: str, indexed_fields: IndexedFields) -> None:
        self.count = count
        self._epoch = epoch
        self._stream = stream
        self._default_window = indexed_fields.default_window
        self._max_window = indexed_fields.max_window
        self._second_scope_rows = max(_SECOND_SCOPE_ROWS, count // 6) if count >= _SECOND_SCOPE_FROM else count // 6

    def is_in_second_scope(self, index: int) -> bool:
        """Return whether a row belongs to the second scope; its rows are spread evenly among those of the first."""
        rows = self._second_scope_rows
        return (index * rows) // self.count != ((index + 1) * rows) // self.count

    def created_at(self, index: int) -> Micros:
        """Return the time of a row: three quarters lie in the last half day, the others further back than lists look.

        The rows share their part of the time evenly, each with a random deviation, so that no two tie.
        """
        recent = self.count - self.count // 4
        if index < recent:
            first, last, place, places = 0, min(self._default_window // 2, _RECENT), index, recent
        else:
            first = self._default_window + self._default_window // 20
            last = self._max_window - self._max_window // 30
            place, places = index - recent, self.count - recent
        width = (last - first if last > first else self._default_window) // places
        jitter = SeededRandom(f"{self._stream}/slot/{index}").randbelow(max(width // 2, 1))
        return self._epoch - first - place * width - width // 4 - jitter - 1

    def make_seed(
        self,
        index: int,
        statuses: Sequence[str],
        build_path: Callable[[RowSeed], StatusPath],
        *,
        is_sorted_by_change: bool,
    ) -> RowSeed:
        """Return the seed of a row, without the values that its scope decides."""
        seed = RowSeed(
            f"{self._stream}/seeded/{index}",
            self.count - 1 - index,
            build_path,
            created_at=self.created_at(index),
            index=index,
            status=round_robin(f"{self._stream}/status", statuses, index),
        )
        if is_sorted_by_change:
            # The latest change, by which lists are sorted, takes the place that the creation would have.
            seed.created_at -= seed.status_path.times[-1] - seed.created_at
        return seed
