"""Status paths: along the transitions, to an end, in time."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specduet.mocks.clock import MINUTE, SECOND
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.world.lifecycle import Lifecycle, StatusPath
from specduet.specs.behavior import Status

SHORT = Status(
    field="status",
    initial="new",
    transitions={"new": ("busy", "broken", "done"), "busy": ("done", "broken")},
    terminal=("done", "broken"),
    basis="assumed",
)
LONG = Status(
    field="status",
    initial="0",
    transitions={str(n): (str(n + 1), "broken") for n in range(12)},
    terminal=("12", "broken"),
    basis="assumed",
)
LOOPED = Status(
    field="status",
    initial="a",
    transitions={"a": ("b",), "b": ("a", "c", "d"), "c": ("b", "d")},
    terminal=("d",),
    basis="assumed",
)
ENDLESS = Status(
    field="status", initial="on", transitions={"on": ("off",), "off": ("on",)}, terminal=(), basis="assumed"
)
NAMES = st.text(max_size=8)


def is_along_transitions(status: Status, path: StatusPath) -> bool:
    return all(later in status.transitions[earlier] for earlier, later in pairwise(path.statuses))


@given(name=NAMES, status=st.sampled_from([SHORT, LONG, LOOPED]))
def test_a_created_row_ends_within_three_seconds(name: str, status: Status) -> None:
    """From the initial status to a terminal one along the transitions, by way of another status."""
    path = Lifecycle(status).future_path(0, 1.0, SeededRandom(name))
    assert path.statuses[0] == status.initial
    assert path.statuses[-1] in status.terminal
    assert is_along_transitions(status, path)
    assert len(path.statuses) > 2
    assert path.times[-1] <= 3 * SECOND


@given(name=NAMES, status=st.sampled_from([SHORT, LOOPED]))
def test_each_step_can_be_seen(name: str, status: Status) -> None:
    """Before the end every status lasts 0.4 s at least."""
    path = Lifecycle(status).future_path(0, 1.0, SeededRandom(name))
    assert all(later - earlier >= SECOND * 2 // 5 for earlier, later in pairwise(path.times))


@given(name=NAMES)
def test_an_unusual_end_branches_off_late(name: str) -> None:
    """A row that does not end as usual goes the usual way for as long as it can."""
    path = Lifecycle(SHORT).future_path(0, 1.0, SeededRandom(name))
    assert path.statuses in {("new", "busy", "done"), ("new", "busy", "broken")}
    assert Lifecycle(LONG).future_path(0, 1.0, SeededRandom(name)).statuses[-2] == "11"


def test_a_lifecycle_without_an_end() -> None:
    """A row whose lifecycle has no terminal status stays in the first."""
    path = Lifecycle(ENDLESS).future_path(5, 1.0, SeededRandom("x"))
    assert (path.statuses, path.times, path.next_change_after(5)) == (("on",), (5,), None)


@given(name=NAMES, age=st.integers(0, 30 * MINUTE), status=st.sampled_from(["new", "busy", "done", "broken"]))
def test_the_past_leads_to_a_status(name: str, age: int, status: str) -> None:
    """A seeded row came to its status along the transitions, and before the epoch."""
    path = Lifecycle(SHORT).past_path(status, -age, 0, SeededRandom(name))
    assert path.statuses[-1] == status
    assert path.statuses[0] == "new"
    assert is_along_transitions(SHORT, path)
    assert list(path.times) == sorted(path.times)
    assert path.times[0] == -age
    assert path.times[-1] <= 0


def test_a_status_that_no_way_leads_to() -> None:
    """A status that no transition leads to is the whole path of its row."""
    assert Lifecycle(SHORT).past_path("unheard of", 0, 10, SeededRandom("x")).statuses == ("unheard of",)


@pytest.mark.parametrize(("now", "phase", "change"), [(-1, 0, 0), (0, 0, 10), (9, 0, 10), (10, 1, 20), (99, 2, None)])
def test_phases(now: int, phase: int, change: int | None) -> None:
    """A status is entered at its time, not after it."""
    path = StatusPath(("a", "b", "c"), (0, 10, 20))
    assert (path.phase_at(now), path.next_change_after(now)) == (phase, change)
