"""Interruption of a run by the operator: the first one ends what is sent, the second one what is judged."""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

_Entry = TypeVar("_Entry")

_SAME_WITHIN_S = 0.7
"""Two signals within this time are one: a group of processes and its parent may get the same."""
_JUDGING_S = 20.0
"""Seconds after the first interruption in which what was recorded is judged."""


_SOONEST_S = 0.01
_AGAIN_S = 0.3
"""Seconds between two rings, for one that comes where nothing may be raised has no effect."""


class Interrupted(BaseException):
    """The operator has asked the run to end. No ``Exception``, so that nothing takes it for a failure of its own."""


class Stopper:
    """Counts the interruptions of one run, and raises ``Interrupted`` where the run can be left."""

    def __init__(self) -> None:
        self.count = 0
        self._last_at = 0.0
        self._first_at = 0.0
        self._may_raise = False
        self._actions: list[Callable[[], None]] = []
        self.has_rung = False
        """The time of a step has ended in the middle of it."""

    @property
    def is_judging_over(self) -> bool:
        """True after a second interruption, or where judging goes on for long after the first one."""
        return self.count > 1 or (self.count == 1 and time.monotonic() - self._first_at > _JUDGING_S)

    def add_action(self, action: Callable[[], None]) -> None:
        """Call a function at the first interruption, in the middle of whatever the main thread does."""
        self._actions.append(action)

    def interrupt(self) -> None:
        """Count an interruption; raise ``Interrupted`` within ``interruptible``. A handler of signals calls it."""
        now = time.monotonic()
        is_same, self._last_at = self.count > 0 and now - self._last_at < _SAME_WITHIN_S, now
        if is_same:
            return
        self.count += 1
        if self.count == 1:
            self._first_at = now
            for action in self._actions:
                action()
        if self._may_raise:
            self._may_raise = False
            raise Interrupted

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let interruptions end the block by ``Interrupted``, which the caller catches."""
        self._may_raise = True
        try:
            yield
        finally:
            self._may_raise = False

    @contextmanager
    def alarm(self, seconds: float, action: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Call ``action`` and end the block by ``Interrupted`` after so many seconds, if it is interruptible then.

        Only the main thread has an alarm; elsewhere the block takes as long as it takes.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def ring(*_: Any) -> None:
            action()
            if self._may_raise:
                self._may_raise, self.has_rung = False, True
                raise Interrupted

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, max(seconds, _SOONEST_S), _AGAIN_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def take_until_interrupted(self, entries: Iterable[_Entry]) -> Iterator[_Entry]:
        """Yield the entries of an iterator that takes long, as far as they come before an interruption."""
        iterator = iter(entries)
        while True:
            try:
                with self.interruptible():
                    entry = next(iterator, None)
            except Interrupted:
                return
            if entry is None:
                return
            yield entry
