"""Lifecycles: the statuses of a resource in columns, and the transitions between them, seen or not."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from specduet.contracts.analysis.row_history import RowHistories, collect_histories
from specduet.contracts.reports.model import Report
from specduet.specs import Resource
from specduet.specs.behavior import Status

_COLUMN, _ROW, _WIDTH, _HEIGHT = 190, 56, 130, 34


@dataclass(frozen=True)
class State:
    """One status as a box."""

    name: str
    x: int
    y: int
    seen: int
    """Rows that were seen in it."""
    is_initial: bool
    is_terminal: bool


@dataclass(frozen=True)
class Transition:
    """One documented way from a status to another."""

    source: str
    target: str
    seen: int
    """Rows that were seen to go it."""
    path: str
    """The line, as the ``d`` of an SVG path."""


@dataclass(frozen=True)
class LifecyclePicture:
    """The picture of one resource's lifecycle."""

    api: str
    resource: str
    field: str
    width: int
    height: int
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    others: tuple[tuple[str, str, int], ...]
    """Changes that were seen between statuses with no single transition between them."""


def draw_lifecycles(report: Report) -> list[LifecyclePicture]:
    """Return a picture for each resource with a lifecycle of which rows were seen."""
    pictures = []
    for api in report.apis:
        for resource in api.resources.values():
            if resource.behavior.status is not None:
                histories = collect_histories(api, resource, report.recording)
                if histories.distinct_observations:
                    pictures.append(_draw(api.name, resource, resource.behavior.status, histories))
    return pictures


def _draw(api: str, resource: Resource, status: Status, histories: RowHistories) -> LifecyclePicture:
    places = _place_statuses(status)
    rows = Counter(
        name
        for name, _ in {
            (histories.get_status(o.row), str(_get_id(resource, o.row))) for o in histories.distinct_observations
        }
    )
    changes = Counter(_list_changes(histories))
    states = tuple(
        State(name, x, y, rows[name], name == status.initial, name in status.terminal)
        for name, (x, y) in places.items()
    )
    known = [(source, target) for source, targets in status.transitions.items() for target in targets]
    transitions = tuple(
        Transition(source, target, changes[source, target], _draw_line(places[source], places[target]))
        for source, target in known
    )
    others = tuple(
        (source, target, count) for (source, target), count in changes.items() if (source, target) not in known
    )
    width = max(x for x, _ in places.values()) + _WIDTH + _COLUMN // 4
    height = max(y for _, y in places.values()) + _HEIGHT + 20
    return LifecyclePicture(api, resource.name, status.field, width, height, states, transitions, others)


def _get_id(resource: Resource, row: Mapping[str, object]) -> object:
    return row.get(resource.behavior.id.field)


def _list_changes(histories: RowHistories) -> Iterator[tuple[str, str]]:
    """Yield the statuses before and after each change of one that an operation showed."""
    for earlier, later in histories.iterate_changes(same_operation=True):
        before, after = histories.get_status(earlier.row), histories.get_status(later.row)
        if isinstance(before, str) and isinstance(after, str) and before != after:
            yield before, after


def _place_statuses(status: Status) -> dict[str, tuple[int, int]]:
    """Return the corner of each status: a column further right for each step; terminal ones are in the last column."""
    steps = {status.initial: 0}
    queue = [status.initial]
    for name in queue:
        for target in status.transitions.get(name, ()):
            if target not in steps:
                steps[target] = steps[name] + 1
                queue.append(target)
    for name in (*status.transitions, *status.terminal):
        steps.setdefault(name, 0)
    last = 1 + max((step for name, step in steps.items() if name not in status.terminal), default=0)
    taken: Counter[int] = Counter()
    places = {}
    for name, step in steps.items():
        column = last if name in status.terminal else step
        places[name] = (10 + column * _COLUMN, 10 + taken[column] * _ROW)
        taken[column] += 1
    return places


def _draw_line(source: tuple[int, int], target: tuple[int, int]) -> str:
    """Return a curve from one box to another: forward between their sides, down the right side, or back below both."""
    (x1, y1), (x2, y2) = source, target
    middle, right = _HEIGHT // 2, x1 + _WIDTH
    if x2 > x1:
        bend = (x2 - right) // 2
        return f"M{right},{y1 + middle} C{right + bend},{y1 + middle} {x2 - bend},{y2 + middle} {x2 - 5},{y2 + middle}"
    if x2 == x1:
        out = right + _COLUMN // 4
        return f"M{right},{y1 + middle} C{out},{y1 + middle} {out},{y2 + middle} {right + 5},{y2 + middle}"
    start, end, low = x1 + _WIDTH // 2, x2 + _WIDTH // 2, max(y1, y2) + _HEIGHT
    return f"M{start},{y1 + _HEIGHT} C{start},{low + 36} {end},{low + 36} {end},{y2 + _HEIGHT + 5}"
