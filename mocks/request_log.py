"""The request log: one line for each request, on standard error.

    GET /v1/runs 200 1.2 ms
    POST /v1/runs 422 3.0 ms: body.crew_type: Input should be 'ask' or 'plan'

Lines are written in batches, at most ``_DELAY_S`` late, so that a request waits for no terminal.
"""

import asyncio
import os
import select
import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Literal, TextIO

from specduet.mocks.json_codec import encode_json
from specduet.mocks.refusal_reasons import describe_reason
from specduet.mocks.responses import HttpResponse
from specduet.specs.printing import make_printable

LogFormat = Literal["text", "json"]

_DELAY_S = 0.05
_PIECE_BYTES = 4_096
_MAX_PENDING_BYTES = 1_000_000
_MAX_PATH_LENGTH = 2_000


_Entry = tuple[str, str | bytes, HttpResponse | None, float]
"""A request that has been responded to: method, path, response and the seconds it took."""


class RequestLog:
    """Writes a line for each request to a stream."""

    def __init__(self, log_format: LogFormat, stream: TextIO | None = None) -> None:
        self._format_entry = self._format_json if log_format == "json" else self._format_text
        self._stream = stream
        self._entries: list[_Entry] = []
        self._pending = bytearray()

    def add_entry(self, scope: Mapping[str, Any], response: HttpResponse | None, started: float) -> None:
        """Add a request that was started at a time of ``perf_counter``; without a response, the connection was cut."""
        if not self._entries:
            asyncio.get_running_loop().call_later(_DELAY_S, self.flush)
        path = scope.get("raw_path") or scope["path"]
        self._entries.append((scope["method"], path, response, perf_counter() - started))

    def flush(self) -> None:
        """Write the lines of all requests that have been added, as far as the stream takes them without waiting."""
        entries, self._entries = self._entries, []
        lines = "".join(map(self._format_entry, entries))
        stream = self._stream or sys.stderr
        try:
            descriptor = stream.fileno()
        except (AttributeError, OSError, ValueError):  # no file, or none that is open
            descriptor = -1
        try:
            if descriptor < 0:
                stream.write(lines)
            else:
                self._pending += lines.encode("utf-8", "backslashreplace")
                self._write_pending(descriptor)
        except (OSError, ValueError):  # the reader has gone: the mock goes on
            self._pending.clear()

    def _write_pending(self, descriptor: int) -> None:
        """Write what a pipe takes. A full one, which nobody reads, must not stop the mock: its lines are dropped."""
        while self._pending and select.select([], [descriptor], [], 0)[1]:
            # a pipe that is ready takes as much as this without blocking (POSIX, PIPE_BUF)
            del self._pending[: os.write(descriptor, self._pending[:_PIECE_BYTES])]
        if len(self._pending) > _MAX_PENDING_BYTES:
            self._pending.clear()
            self._pending += b"... lines were dropped, for nobody read them\n"

    def _format_text(self, entry: _Entry) -> str:
        method, path, response, seconds = entry
        status = "reset" if response is None else response.status
        line = f"{method} {_format_path(path)} {status} {seconds * 1000:.1f} ms"
        if response is not None and response.reason:
            line = f"{line}: {describe_reason(response)}"
        return f"{make_printable(line)}\n"

    def _format_json(self, entry: _Entry) -> str:
        """Return ``{"method": "GET", "path": "/v1/runs", "status": 200, "ms": 1.2, "reason": ""}``."""
        method, path, response, seconds = entry
        values = {
            "method": method,
            "path": _format_path(path),
            "status": None if response is None else response.status,
            "ms": round(seconds * 1000, 3),
            "reason": "" if response is None else describe_reason(response),
        }
        return encode_json(values).decode("utf-8", "replace") + "\n"


def _format_path(path: str | bytes) -> str:
    text = path.decode("latin-1") if isinstance(path, bytes) else path
    return text if len(text) <= _MAX_PATH_LENGTH else f"{text[:_MAX_PATH_LENGTH]}…"
