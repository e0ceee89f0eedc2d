"""The clocks that a server can run by: the wall clock, one that a test moves, and one that jumps over waits."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

_STARTED_AT, _STARTED_S = datetime.now(UTC), time.monotonic()


class WallClock:
    """The time of day. It counts from the start of the process, so that nobody sets it while a server runs."""

    def now(self) -> datetime:
        return _STARTED_AT + timedelta(seconds=time.monotonic() - _STARTED_S)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock(WallClock):
    """A clock that stands still until ``advance`` or ``sleep`` moves it: nothing waits for real."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self.slept = 0.0

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.advance(seconds)
        await asyncio.sleep(0)


class JumpingClock(WallClock):
    """The wall clock plus every jump so far: a client that wants to wait makes its server's clock jump instead."""

    def __init__(self) -> None:
        self.jumped_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.jumped_s)

    def jump(self, seconds: float) -> None:
        self.jumped_s += seconds
