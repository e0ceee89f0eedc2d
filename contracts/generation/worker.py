"""Program that generates requests beside a run: reads its work from standard input, writes batches to standard output.

    python -I -m specduet.contracts.generation.worker

It ends when its work is done, and when the other side has closed the pipes.
"""

import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from specduet.contracts import clauses
from specduet.contracts.generation.batches import GenerationTooSlow, generate_batches

_MAX_BATCH_CPU_S = 6.0
"""Seconds of processor time that one batch may take."""


def main() -> None:
    """Write one frame for each batch, and an empty one at the end."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a generator prints is no frame
    work, options = pickle.load(source)  # noqa: S301 - written by our own process
    threading.Thread(target=_end_with_parent, args=(source,), daemon=True).start()
    warnings.simplefilter("ignore")
    clauses.all_clauses()  # Hypothesis draws constants from what is loaded: load all, so that runs are the same
    for batch in generate_batches(work, options, _limit_time):
        _write_frame(target, batch)
    _write_frame(target, None)


def _end_with_parent(source: BinaryIO) -> None:
    """End this process when the other side has gone, whatever is being generated."""
    source.read()
    os._exit(0)


def _write_frame(target: BinaryIO, content: Any) -> None:
    try:
        pickle.dump(content, target)
        target.flush()
    except BrokenPipeError:
        os._exit(0)


@contextmanager
def _limit_time() -> Iterator[None]:
    """Raise ``GenerationTooSlow`` in a block that takes too much processor time, where the system can tell."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.signal(signal.SIGVTALRM, _raise_too_slow)
    signal.setitimer(signal.ITIMER_VIRTUAL, _MAX_BATCH_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _raise_too_slow(*_: object) -> None:
    raise GenerationTooSlow


if __name__ == "__main__":
    main()
