"""The clock of a world."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from specduet.mocks import clock
from specduet.mocks.world import Clock
from specduet.specs import UsageError

PAST = datetime(2020, 2, 29, 12, tzinfo=UTC)


@pytest.fixture
def tick(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """System time, which stands still until a test moves it on."""
    now = [1_800_000_000_000_000_000]
    monkeypatch.setattr("time.time_ns", lambda: now[0])

    def move_on(seconds: float) -> None:
        now[0] += round(seconds * 1e9)

    return move_on


def test_begins_at_the_epoch_and_runs(tick: Callable[[float], None]) -> None:
    """An epoch that is not now begins when the clock is made, and then time passes as system time does."""
    world = Clock(PAST)
    assert world.now() == PAST
    tick(90)
    assert world.now() == PAST + timedelta(seconds=90)


def test_an_origin_is_shared(tick: Callable[[float], None]) -> None:
    """Two clocks with one origin agree, whenever they were made."""
    left = Clock(PAST, origin=1_800_000_000)
    tick(5)
    assert Clock(PAST, origin=1_800_000_000).now() == left.now() == PAST + timedelta(seconds=5)


def test_an_epoch_of_now_is_system_time(tick: Callable[[float], None]) -> None:
    """Two clocks whose epoch was just now agree without an origin."""
    epoch = datetime.fromtimestamp(1_800_000_000, UTC)
    left = Clock(epoch)
    tick(3)
    assert Clock(epoch).now() == left.now() == epoch + timedelta(seconds=3)


def test_advance_freeze_resume_reset(tick: Callable[[float], None]) -> None:
    """The four ways to control the clock work, alone and one after the other."""
    world = Clock(PAST)
    world.advance(60)
    assert world.now() == PAST + timedelta(seconds=60)
    world.freeze()
    tick(1000)
    assert world.is_frozen
    world.advance(-30)
    assert world.now() == PAST + timedelta(seconds=30)
    world.resume()
    tick(1)
    assert world.now() == PAST + timedelta(seconds=31)
    world.freeze(PAST - timedelta(days=1))
    assert world.now() == PAST - timedelta(days=1)
    world.reset()
    assert not world.is_frozen
    assert world.now() == PAST + timedelta(seconds=1001)


@pytest.mark.parametrize("seconds", [1e30, -1e30, float("inf"), float("nan")])
def test_time_has_ends(seconds: float) -> None:
    """A step out of the calendar is an operator error, and does not move the clock."""
    world = Clock(PAST)
    world.freeze(PAST)
    with pytest.raises(UsageError):
        world.advance(seconds)
    assert world.now() == PAST


def test_timestamps_sort_as_text() -> None:
    """Timestamps have all six decimals, so that text in order is time in order."""
    moments = [0, 1, 999_999, 1_000_000, 1_000_001, 86_400_000_000]
    assert [clock.to_micros(datetime.fromisoformat(clock.format_timestamp(at))) for at in moments] == moments
    assert sorted(clock.format_timestamp(at) for at in moments) == [clock.format_timestamp(at) for at in moments]
