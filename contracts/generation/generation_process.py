"""Requests generated in a process beside the run: while requests are sent, the next ones are generated."""

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from queue import Empty, Queue
from types import TracebackType
from typing import Self

from specduet.contracts.generation.batches import Batch, Work
from specduet.contracts.options import RunOptions

_MAX_WAITING_BATCHES = 200
"""Batches that wait to be sent; the process pauses where there are more."""
_STOP_TIMEOUT_S = 5.0


class GenerationBroken(Exception):
    """Error: the process has ended before its work was done."""


class GenerationProcess:
    """The process that generates requests. It is stopped at the end of a ``with`` block."""

    def __init__(self, work: Work, options: RunOptions) -> None:
        self._batches: Queue[Batch | Exception | None] = Queue(_MAX_WAITING_BATCHES)
        self._is_stopped = threading.Event()
        command = [sys.executable, "-I", "-m", "specduet.contracts.generation.worker"]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        # pickled here: in the thread, what the run adds to the model meanwhile would break it
        content = pickle.dumps((work, options))
        self._reader = threading.Thread(target=self._read_batches, args=(content,), daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._is_stopped.set()
        self._process.kill()
        self._process.wait(_STOP_TIMEOUT_S)
        while self._reader.is_alive():  # it may wait for a place in the queue
            self._take(0.05)

    def iterate_batches(self, patience_s: float) -> Iterator[Batch | None]:
        """Yield the batches as they come, None each time that none has come for ``patience_s`` seconds.

        Raises ``GenerationBroken``.
        """
        while True:
            batch = self._take(patience_s)
            if isinstance(batch, Exception):
                raise GenerationBroken(f"{type(batch).__name__}: {batch}".rstrip(": ")) from batch
            if batch is None:
                return
            yield None if batch is _NOTHING else batch

    def _take(self, patience_s: float) -> Batch | Exception | None:
        try:
            return self._batches.get(timeout=patience_s)
        except Empty:
            return _NOTHING

    def _read_batches(self, content: bytes) -> None:
        source, target = self._process.stdout, self._process.stdin
        assert source is not None
        assert target is not None
        try:
            with source, target:
                target.write(content)
                target.flush()
                batch: Batch | None = pickle.load(source)  # noqa: S301 - written by our own process
                while batch is not None and not self._is_stopped.is_set():
                    self._batches.put(batch)
                    batch = pickle.load(source)  # noqa: S301 - see above
            self._batches.put(None)
        except Exception as error:  # noqa: BLE001 - raised where the batches are read
            self._batches.put(error)


_NOTHING = Batch("", "", ())
