"""The statuses of a run over time: a journey is decided when the run begins, and its state is then only looked up."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from specduet.mocks.clock import MINUTE, SECOND, Micros
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.specs.behavior import SetWhen, Status

_SHORTEST_STAY = SECOND * 2 // 5
_SHORTEST_LIFE = SECOND * 3 // 2
_LONGEST_LIFE = SECOND * 5 // 2
_UNUSUAL = 6  # one started run in so many does not end in the first of the terminal statuses
_ROUTES = 12  # so many ways to a status are told apart, the shortest ones
_EXPLORED = 2_000  # so many ways are looked at, where the statuses are many


class StatusPath(msgspec.Struct, frozen=True):
    """The statuses of one run in order, and the moment at which each was or will be entered."""

    path: tuple[str, ...]
    moments: tuple[Micros, ...]

    def phase(self, now: Micros) -> int:
        """The position in ``path`` at a moment; the first one also before the run began."""
        return max(bisect_right(self.moments, now) - 1, 0)

    def next_change(self, now: Micros) -> Micros | None:
        """When the status changes next, or None where it never will."""
        later = bisect_right(self.moments, now)
        return self.moments[later] if later < len(self.moments) else None

    @property
    def last(self) -> int:
        return len(self.path) - 1


END = -1
"""The phase of a row that has come as far as it ever will."""


class Life(msgspec.Struct, eq=False):
    """What a row is made from. ``key`` names its choices, ``salt`` those of them that are made anew.

    ``index`` is None for a run that was started, ``given`` is what a request or a scope settled. ``status`` is the
    last one of a seeded row and the first one of a started run; the journey, from or to there, is made by ``plan``
    when it is asked for.
    """

    key: str
    number: int
    plan: "Callable[[Life], StatusPath]"
    begun: Micros
    index: int | None = None
    status: str | None = None
    given: Mapping[str, Any] = {}
    salt: str = ""
    _journey: StatusPath | None = None

    @property
    def journey(self) -> StatusPath:
        if self._journey is None:
            self._journey = self.plan(self)
        return self._journey

    def status_at(self, phase: int) -> str:
        known = 0 if self.index is None else END
        return self.status if self.status is not None and phase == known else self.journey.path[phase]

    def moment_at(self, phase: int) -> Micros:
        return self.begun if phase == 0 else self.journey.moments[phase]

    def until(self, phase: int) -> tuple[str, ...]:
        """The statuses so far, that of the phase included."""
        return self.journey.path if phase == END else self.journey.path[: phase + 1]

    def salted(self, salt: str) -> "Life":
        """The same life, with other choices where they are free."""
        return replace(self, salt=salt, _journey=None)


class Lifecycle:
    """The journeys that a ``Status`` statement allows."""

    def __init__(self, status: Status) -> None:
        self._routes: dict[str, list[tuple[str, ...]]] = {}
        for route in islice(_simple_routes(status), _EXPLORED):
            known = self._routes.setdefault(route[-1], [])
            if len(known) < _ROUTES:
                known.append(route)
        self._ends = self._usual_ends(status) or [(status.initial,)]

    def _usual_ends(self, status: Status) -> list[tuple[str, ...]]:
        """The way to each end: the first by way of another status, the others branching off as late as they may."""
        ends: list[tuple[str, ...]] = []
        for end in status.terminal:
            routes = self._routes.get(end, [])
            late = ends and end in status.transitions.get(ends[0][-2], ())
            if late:
                ends.append((*ends[0][:-1], end))
            elif routes:
                ends.append(next((route for route in routes if len(route) > 2), routes[0]))
        return ends

    def past(self, status: str, begun: Micros, until: Micros, dice: SeededRandom) -> StatusPath:
        """A journey that came to a status, begun at one moment and over before the other: minutes, not seconds."""
        path = dice.pick(self._routes.get(status) or [(status,)])
        stays = [dice.between(SECOND // 5, 20 * SECOND)] + [dice.between(5 * SECOND, 9 * MINUTE) for _ in path[2:]]
        return StatusPath(path, _moments(begun, stays[: len(path) - 1], most=max(until - begun, 0) * 9 // 10))

    def future(self, begun: Micros, pace: float, dice: SeededRandom) -> StatusPath:
        """The journey of a run that begins now: to an end, within three seconds at pace 1, each step to be seen."""
        unusual = len(self._ends) > 1 and dice.below(_UNUSUAL) == 0
        path = dice.pick(self._ends[1:]) if unusual else self._ends[0]
        steps = len(path) - 1
        least = min(_SHORTEST_STAY, _LONGEST_LIFE // max(steps, 1))
        spare = max(dice.between(_SHORTEST_LIFE, _LONGEST_LIFE) - steps * least, 0)
        shares = [1 + dice.below(3) for _ in range(steps)]
        stays = [int((least + spare * share // sum(shares)) / pace) for share in shares]
        return StatusPath(path, _moments(begun, stays, most=None))


def when_set(rules: Sequence[SetWhen], name: str) -> SetWhen | None:
    """All that is said of when a field is set, as one rule; None where nothing is."""
    own = [rule for rule in rules if rule.field == name]
    if not own:
        return None
    return SetWhen(
        field=name,
        set=tuple(status for rule in own for status in rule.set),
        unset=tuple(status for rule in own for status in rule.unset),
        basis=own[0].basis,
    )


def set_since(rule: SetWhen, path: Sequence[str]) -> int | None:
    """The phase since which the field has held a value, or None where it holds none now."""
    since = None
    for phase, status in enumerate(path):
        if status in rule.unset:
            since = None
        elif since is None and (status in rule.set or not rule.set):
            since = phase
    return since


def _simple_routes(status: Status) -> Iterator[tuple[str, ...]]:
    """Every way from the initial status that enters none twice, the shortest first."""
    waiting: deque[tuple[str, ...]] = deque([(status.initial,)])
    while waiting:
        route = waiting.popleft()
        yield route
        if route[-1] not in status.terminal:
            waiting.extend((*route, target) for target in status.transitions.get(route[-1], ()) if target not in route)


def _moments(begun: Micros, stays: list[Micros], *, most: Micros | None) -> tuple[Micros, ...]:
    total = sum(stays)
    moments, spent = [begun], 0
    for stay in stays:
        spent += stay
        moments.append(begun + (spent if most is None or total <= most else spent * most // total))
    return tuple(moments)
