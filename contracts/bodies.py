"""Bodies of one run within bounds of memory: equal ones are kept once, those beyond a bound in a file without a name.

body ─ equal to an earlier one? ─ room for its values? ─ room in memory? ─ KeptBody
"""

import os
import re
import tempfile
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import Lock
from typing import IO, Any, Final

IN_MEMORY_BYTES = 24 * 2**20
"""Bytes of bodies that are kept in memory; the others are in a file."""
IN_FILE_BYTES = 2**30
"""Bytes of that file; of a body beyond them only the beginning is kept."""
_BEGINNING_BYTES = 64 * 2**10
VALUES_BYTES = 96 * 2**20
"""Estimated bytes of the JSON values that are compared with each other; a larger body is judged by itself alone."""
_LARGEST_SHARE = 6
"""One body gets at most this part of what is left of them."""
SMALL_BYTES = 4 * 2**10
"""Bodies up to this size are kept as they are, and always compared."""
_VALUE_BYTES = 100
"""Bytes that one JSON value takes in Python, about."""
MAX_VALUES = 250_000
"""JSON values in one body; a body with more is not read as JSON."""
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # one that has no end goes to the end
UNREAD: Final = object()
"""The value of a body that nobody has read yet."""


class _BodyFile:
    """A file without a name, which is closed when no body is in it any more."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed below
        weakref.finalize(self, _close_file, self._file)

    def append(self, data: bytes) -> int:
        """Write bytes to the end, and return where they begin. Raises ``OSError``."""
        start = self._file.seek(0, os.SEEK_END)
        self._file.write(data)
        self._file.flush()
        return start

    def read(self, start: int, length: int) -> bytes:
        """Return so many bytes from a place on."""
        return os.pread(self._file.fileno(), length, start)


def _close_file(file: IO[bytes]) -> None:
    with suppress(OSError):  # a full disk was told when it was written to
        file.close()


class KeptBody:
    """The bytes of one body. Bodies with equal bytes are one object within a run."""

    __slots__ = ("_data", "_file", "_start", "is_compared", "is_json", "length", "value")

    def __init__(self, data: bytes, *, is_compared: bool) -> None:
        self._data: bytes | None = data
        self._file: _BodyFile | None = None
        self._start = 0
        self.length = len(data)
        self.is_compared = is_compared
        """False where its values would take too much memory beside those of others."""
        self.is_json: bool | None = None
        """Whether the bytes are JSON, None as long as nobody has read them alone."""
        self.value: Any = UNREAD
        """The JSON value where it is compared: it is kept with the body, so that no body of a run has it twice."""

    @property
    def data(self) -> bytes:
        """The bytes, from memory or from the file."""
        if self._data is not None or self._file is None:
            return self._data or b""
        return self._file.read(self._start, self.length)

    @property
    def is_in_memory(self) -> bool:
        return self._data is not None

    def move_to(self, file: _BodyFile) -> None:
        """Write the bytes to the end of a file, and forget them. Raises ``OSError``, with nothing forgotten."""
        assert self._data is not None
        self._start = file.append(self._data)
        self._file, self._data = file, None


@dataclass
class BodyStore:
    """The bodies of one run. Threads may share it."""

    is_cut: bool = False
    """True once the beginning of a body was all that there was room for."""
    _small: dict[bytes, bytes] = field(default_factory=dict)
    _kept: dict[bytes, KeptBody] = field(default_factory=dict)
    """Larger bodies by their digest."""
    _in_memory: int = 0
    _in_file: int = 0
    _values_left: int = field(default_factory=lambda: VALUES_BYTES)
    _file: _BodyFile | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def keep(self, body: bytes) -> bytes | KeptBody:
        """Return the body that stands for all equal ones."""
        if len(body) <= SMALL_BYTES:
            return self._small.setdefault(body, body)
        with self._lock:
            digest = blake2b(body, digest_size=16).digest()
            if digest not in self._kept:
                self._kept[digest] = self._add(body)
            return self._kept[digest]

    @property
    def uses_file(self) -> bool:
        return self._file is not None

    def _add(self, body: bytes) -> KeptBody:
        cost = estimate_bytes(body)
        is_compared = cost <= self._values_left // _LARGEST_SHARE
        self._values_left -= cost if is_compared else 0
        kept = KeptBody(body, is_compared=is_compared)
        if self._in_memory + len(body) <= IN_MEMORY_BYTES:
            self._in_memory += len(body)
        elif not self._move_to_file(kept):
            self.is_cut = True
            return KeptBody(body[:_BEGINNING_BYTES], is_compared=False)
        return kept

    def _move_to_file(self, kept: KeptBody) -> bool:
        """Move a body to the file; return False where there is no room."""
        if self._in_file + kept.length > IN_FILE_BYTES:
            return False
        with suppress(OSError):
            self._file = self._file or _BodyFile()
            kept.move_to(self._file)
            self._in_file += kept.length
            return True
        return False


def estimate_bytes(body: bytes) -> int:
    """Return how much memory a body takes together with its JSON values, about."""
    return len(body) + _VALUE_BYTES * count_marks(body)


def has_many_values(body: bytes) -> bool:
    """Return whether a body has more JSON values than are read."""
    if len(body) < MAX_VALUES:
        return False
    count = count_marks(body)
    if count > MAX_VALUES > body.count(b'"'):  # in few texts may be many commas
        count -= sum(count_marks(found[0]) - 1 for found in _TEXT.finditer(body))
    return count > MAX_VALUES


def count_marks(body: bytes) -> int:
    """Return how many JSON values a body has, or more where there are commas and brackets in its texts."""
    return 1 + body.count(b",") + body.count(b"[") + body.count(b"{")
