"""Signals that interrupt a run: Ctrl-C, SIGTERM, and the end of whoever reads standard output (``| head``)."""

import os
import select
import signal
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from specduet.contracts.interruption import Stopper

EXIT_CODE = 130
"""The exit code of a run that was interrupted."""


@contextmanager
def pass_signals(stopper: Stopper, *, watches_output: bool) -> Iterator[None]:
    """Pass signals to a run while the block runs, in the main thread; elsewhere nothing is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: Any) -> None:
        stopper.interrupt()

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    if watches_output and _is_pipe(1):
        threading.Thread(target=_wait_for_reader_to_leave, args=(1,), daemon=True).start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False


def _wait_for_reader_to_leave(descriptor: int) -> None:
    """Send SIGINT to this process once the other end of a pipe is closed."""
    poll = select.poll()
    poll.register(descriptor, 0)  # an error is always told
    if poll.poll():
        os.kill(os.getpid(), signal.SIGINT)
