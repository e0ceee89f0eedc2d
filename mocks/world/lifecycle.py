"""The status of a row over time: a path of statuses with times, decided when the row is created and then looked up."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from specduet.mocks.clock import MINUTE, SECOND, Micros, parse_micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.specs.behavior import SetWhen, Status, Wait

_SHORTEST_STAY = SECOND * 2 // 5
_SHORTEST_LIFE = SECOND * 3 // 2
_LONGEST_LIFE = SECOND * 5 // 2
_UNUSUAL_EVERY = 6  # one created row in so many does not end in the first of the terminal statuses
_MAX_ROUTES = 12  # routes to one status that are kept, the shortest ones
_MAX_EXPLORED = 2_000  # routes that are looked at; a lifecycle with many statuses has more


class StatusPath(msgspec.Struct, frozen=True):
    """The statuses of one row in order, with the time at which each was or will be entered.

    A *phase* is a position in it. Example: ``StatusPath(("pending", "running"), (0, 500_000))`` comes to phase 1, which
    is ``running``, after half a second.
    """

    statuses: tuple[str, ...]
    times: tuple[Micros, ...]

    def phase_at(self, now: Micros) -> int:
        """Return the phase at a time; 0 also before the row was created."""
        return max(bisect_right(self.times, now) - 1, 0)

    def next_change_after(self, now: Micros) -> Micros | None:
        """Return the time of the next change of status, or None where there is none."""
        later = bisect_right(self.times, now)
        return self.times[later] if later < len(self.times) else None

    @property
    def last_phase(self) -> int:
        return len(self.statuses) - 1


FINAL_PHASE = -1
"""The last phase of a row whose status does not change any more."""


class RowSeed(msgspec.Struct, eq=False):
    """Everything that decides a row's fields, small enough to keep a hundred thousand of them.

    A row is a function of its seed and a phase. Rows are made from it only when they are shown.
    """

    stream: str
    """Name of the random stream that the row's fields draw from: ``7/shop/order/seeded/12``."""
    number: int
    """Position among all rows of the table, by age: the latest has the highest."""
    build_path: "Callable[[RowSeed], StatusPath]"
    """Makes the status path when it is first needed: to ``status`` for a seeded row, from there for a created one."""
    created_at: Micros
    index: int | None = None
    """Position of a seeded row, 0 being the newest, by which it takes its turn; None for a row that was created."""
    status: str | None = None
    """The last status of a seeded row, the first one of a created row."""
    fixed_values: Mapping[str, Any] = {}
    """Field values that a request or a scope decided, as JSON has them."""
    changed_at: Micros | None = None
    """The time at which a request changed the row last."""
    turn: int | None = None
    """Place of a created row among those that take turns with the same values; None where none of them is shared."""
    salt: str = ""
    """Suffix of the stream of fields that may be made anew, where a first row was not valid."""
    _path: StatusPath | None = None

    @property
    def has_path(self) -> bool:
        """True if the status path is made, or decided by a request."""
        return self._path is not None

    @property
    def status_path(self) -> StatusPath:
        if self._path is None:
            self._path = self.build_path(self)
        return self._path

    def status_at(self, phase: int) -> str:
        """Return the status in a phase, without making the status path where ``status`` is it."""
        known_phase = 0 if self.index is None else FINAL_PHASE
        if self.status is not None and phase == known_phase:
            return self.status
        return self.status_path.statuses[phase]

    def time_at(self, phase: int) -> Micros:
        """Return the time at which a phase was entered."""
        return self.created_at if phase == 0 else self.status_path.times[phase]

    def statuses_until(self, phase: int) -> tuple[str, ...]:
        """Return the statuses so far, that of the phase included."""
        statuses = self.status_path.statuses
        return statuses if phase == FINAL_PHASE else statuses[: phase + 1]

    def with_salt(self, salt: str) -> "RowSeed":
        """Return a copy whose free fields draw other values."""
        return replace(self, salt=salt, _path=None)


class Lifecycle:
    """The status paths that a ``Status`` statement allows."""

    def __init__(self, status: Status, requested: frozenset[str] = frozenset()) -> None:
        """``requested`` are the last statuses that a row enters by a request alone."""
        self._routes: dict[str, list[tuple[str, ...]]] = {}
        """For each status, the ways that lead to it from the initial one, the shortest first."""
        for route in islice(_iter_simple_routes(status), _MAX_EXPLORED):
            known = self._routes.setdefault(route[-1], [])
            if len(known) < _MAX_ROUTES:
                known.append(route)
        complete = self._find_complete_routes(status) or [(status.initial,)]
        self._complete_routes = [route for route in complete if route[-1] not in requested] or complete
        """One way to each terminal status; the first is the usual one."""

    def _find_complete_routes(self, status: Status) -> list[tuple[str, ...]]:
        # The way to the first terminal status goes by way of another status, so that there is something to watch. The
        # others branch off from it as late as they may.
        complete: list[tuple[str, ...]] = []
        for terminal in status.terminal:
            routes = self._routes.get(terminal, [])
            branches_off_late = complete and terminal in status.transitions.get(complete[0][-2], ())
            if branches_off_late:
                complete.append((*complete[0][:-1], terminal))
            elif routes:
                complete.append(next((route for route in routes if len(route) > 2), routes[0]))
        return complete

    def past_path(self, status: str, created_at: Micros, before: Micros, rng: SeededRandom) -> StatusPath:
        """Return a path that led to ``status`` and was over ``before`` a time; each status lasted minutes at most."""
        statuses = rng.pick(self._routes.get(status) or [(status,)])
        stays = [rng.randint(SECOND // 5, 20 * SECOND)]
        stays += [rng.randint(5 * SECOND, 9 * MINUTE) for _ in statuses[2:]]
        longest = max(before - created_at, 0) * 9 // 10
        return StatusPath(statuses, _times_from_stays(created_at, stays[: len(statuses) - 1], longest=longest))

    def future_path(self, created_at: Micros, pace: float, rng: SeededRandom, end: str | None = None) -> StatusPath:
        """Return the path of a row that is created now: to an end within three seconds at pace 1.

        Each status before the last one lasts long enough to be seen by a client that polls. Without an ``end``, it is
        the usual one for most.
        """
        is_unusual = len(self._complete_routes) > 1 and rng.randbelow(_UNUSUAL_EVERY) == 0
        statuses = rng.pick(self._complete_routes[1:]) if is_unusual else self._complete_routes[0]
        if end is not None:
            statuses = next((route for route in self._complete_routes if route[-1] == end), statuses)
        steps = len(statuses) - 1
        shortest = min(_SHORTEST_STAY, _LONGEST_LIFE // max(steps, 1))
        spare = max(rng.randint(_SHORTEST_LIFE, _LONGEST_LIFE) - steps * shortest, 0)
        shares = [1 + rng.randbelow(3) for _ in range(steps)]
        stays = [int((shortest + spare * share // sum(shares)) / pace) for share in shares]
        return StatusPath(statuses, _times_from_stays(created_at, stays, longest=None))

    def insert_wait(self, path: StatusPath, wait: Wait, pace: float) -> StatusPath:
        """Return a path that leads to a wait instead, as late as it may, and on from there when nobody came."""
        routes = self._routes.get(wait.status) or [(wait.status,)]
        route = max(routes, key=lambda route: (_count_common(route, path.statuses), -len(route)))
        times = list(path.times[: len(route)])
        while len(times) < len(route):
            times.append(times[-1] + int(_SHORTEST_STAY / pace))
        end = times[-1] + int(parse_micros(wait.lasts) / pace)
        return StatusPath((*route, wait.then), (*times, end))

    @property
    def usual_end(self) -> str:
        """The status in which most rows end."""
        return self._complete_routes[0][-1]

    def continue_path(self, path: StatusPath, pace: float) -> StatusPath:
        """Return a path that goes on from its last status to an end, by the usual way."""
        last = path.statuses[-1]
        route = next((route for route in self._complete_routes if last in route), (last,))
        rest = route[route.index(last) + 1 :]
        stays = [int(2 * _SHORTEST_STAY / pace)] * len(rest)
        times = _times_from_stays(path.times[-1], stays, longest=None)
        return StatusPath((*path.statuses, *rest), (*path.times, *times[1:]))


def _count_common(left: Sequence[str], right: Sequence[str]) -> int:
    """Return how many items two routes begin with together."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(left), len(right)))


def merge_set_when(rules: Sequence[SetWhen], name: str) -> SetWhen | None:
    """Merge all ``set-when`` statements about a field into one; None where there is none."""
    own = [rule for rule in rules if rule.field == name]
    if not own:
        return None
    return SetWhen(
        field=name,
        set=tuple(status for rule in own for status in rule.set),
        unset=tuple(status for rule in own for status in rule.unset),
        basis=own[0].basis,
    )


def phase_set_since(rule: SetWhen, statuses: Sequence[str]) -> int | None:
    """Return the phase since which the field has held its value, or None where it holds none after ``statuses``."""
    since = None
    for phase, status in enumerate(statuses):
        if status in rule.unset:
            since = None
        elif since is None and (status in rule.set or not rule.set):
            since = phase
    return since


def _iter_simple_routes(status: Status) -> Iterator[tuple[str, ...]]:
    """Yield every route from the initial status that enters none twice, the shortest first."""
    queue: deque[tuple[str, ...]] = deque([(status.initial,)])
    while queue:
        route = queue.popleft()
        yield route
        if route[-1] not in status.terminal:
            queue.extend((*route, target) for target in status.transitions.get(route[-1], ()) if target not in route)


def _times_from_stays(created_at: Micros, stays: list[Micros], *, longest: Micros | None) -> tuple[Micros, ...]:
    """Add up durations, scaled down where they are longer than ``longest`` in all."""
    total = sum(stays)
    times, spent = [created_at], 0
    for stay in stays:
        spent += stay
        times.append(created_at + (spent if longest is None or total <= longest else spent * longest // total))
    return tuple(times)
