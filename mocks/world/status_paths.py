"""The status paths of the rows of one table: what was, what will be, and what a request makes of it."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from specduet.mocks.clock import Micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.world.lifecycle import Lifecycle, RowSeed, StatusPath
from specduet.specs.behavior import Status


class StatusPaths:
    """Makes status paths by the statement on a resource's status."""

    def __init__(
        self, status: Status | None, epoch: Micros, pace: float, requested: frozenset[str] = frozenset()
    ) -> None:
        """``pace`` is the factor by which created rows run through their statuses faster than usual.

        ``requested`` are the statuses that a row enters by a request alone: an action leads there.
        """
        self.field = status.field if status else None
        """The property with the status; None where rows have none."""
        self.initial = status.initial if status else None
        self._lifecycle = Lifecycle(status, requested) if status else None
        self._moves = status is not None and status.moves
        self._epoch = epoch
        self._pace = pace
        self._waits = status.waits if status else ()
        self._endings = status.endings if status else ()

    def build_past(self, seed: RowSeed) -> StatusPath:
        """Return the path by which a seeded row came to its status."""
        if self._lifecycle is None:
            return stay_in_status(seed)
        rng = SeededRandom(f"{seed.stream}/journey")
        return self._lifecycle.past_path(seed.status or "", seed.created_at, self._epoch, rng)

    def build_future(self, seed: RowSeed) -> StatusPath:
        """Return the path that a created row will go."""
        if self._lifecycle is None or not self._moves:
            return stay_in_status(seed)
        rng = SeededRandom(f"{seed.stream}/journey")
        end = next((ending.status for ending in self._endings if _has_values(seed, ending.when)), None)
        usual = self._lifecycle.usual_end if self._endings else None
        path = self._lifecycle.future_path(seed.created_at, self._pace, rng, end or usual)
        wait = next((wait for wait in self._waits if _has_values(seed, wait.when)), None)
        return path if wait is None else self._lifecycle.insert_wait(path, wait, self._pace)

    def seed_decided(
        self, stream: str, number: int, created_at: Micros, fixed_values: Mapping[str, Any], turn: int | None
    ) -> RowSeed:
        """Return the seed of a row of which the request that creates it decides the status: there it stays."""
        status = fixed_values.get(self.field) if self.field is not None else None
        is_decided = isinstance(status, str)
        return RowSeed(
            stream,
            number,
            stay_in_status if is_decided and status != self.initial else self.build_future,
            created_at=created_at,
            status=str(status) if is_decided else self.initial,
            fixed_values={n: v for n, v in fixed_values.items() if n != self.field} if is_decided else fixed_values,
            turn=turn,
        )

    def change_seed(
        self, seed: RowSeed, changes: Mapping[str, Any], phase: int, now: Micros, *, goes_on: bool = False
    ) -> RowSeed:
        """Return the seed of a row in which a request changes properties. A status stays, or ``goes_on``."""
        status = changes.get(self.field) if self.field is not None else None
        fixed_values = {**seed.fixed_values, **changes}
        if not isinstance(status, str):
            return replace(seed, fixed_values=fixed_values)
        others = {name: value for name, value in fixed_values.items() if name != self.field}
        if status == seed.status_at(phase):
            return replace(seed, fixed_values=others)
        statuses, times = seed.statuses_until(phase), seed.status_path.times
        last = len(statuses)
        path = StatusPath((*statuses, status), (*times[:last], max(now, times[last - 1])))
        if goes_on and self._lifecycle is not None and seed.index is None:
            path = self._lifecycle.continue_path(path, self._pace)
        return replace(
            seed,
            fixed_values=others,
            build_path=lambda _seed: path,
            _path=path,
            status=status if seed.index is not None else seed.status,
        )


def _has_values(seed: RowSeed, values: Mapping[str, Any]) -> bool:
    """Return whether a request gave a row these values."""
    return all(seed.fixed_values.get(name) == value for name, value in values.items())


def stay_in_status(seed: RowSeed) -> StatusPath:
    """Return the path of a row whose status only a request changes."""
    return StatusPath((seed.status or "",), (seed.created_at,))
