"""The request log: one line for each request, on standard error.

    GET /v1/runs 200 1.2 ms
    POST /v1/runs 422 3.0 ms: body.crew_type: Input should be 'ask' or 'plan'

Lines are written in batches, at most ``_DELAY_S`` late, so that a request waits for no terminal.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Literal, NamedTuple, TextIO

from specduet.mocks.json_codec import encode_json
from specduet.mocks.responses import HttpResponse
from specduet.mocks.validation import Problem

LogFormat = Literal["text", "json"]

_DELAY_S = 0.05
_MAX_REASON_LENGTH = 500
_MAX_PATH_LENGTH = 2_000


class _Entry(NamedTuple):
    """A request that has been responded to."""

    method: str
    path: Any
    status: int | None
    seconds: float
    reason: Any


class RequestLog:
    """Writes a line for each request to a stream."""

    def __init__(self, log_format: LogFormat, stream: TextIO | None = None) -> None:
        self._format_entry = _format_json if log_format == "json" else _format_text
        self._stream = stream
        self._entries: list[_Entry] = []

    def add_entry(self, scope: Mapping[str, Any], response: HttpResponse | None, started: float) -> None:
        """Add a request that was started at a time of ``perf_counter``; without a response, the connection was cut."""
        if not self._entries:
            asyncio.get_running_loop().call_later(_DELAY_S, self.flush)
        status, reason = (None, "") if response is None else (response.status, response.reason)
        path = scope.get("raw_path") or scope["path"]
        self._entries.append(_Entry(scope["method"], path, status, perf_counter() - started, reason))

    def flush(self) -> None:
        """Write the lines of all requests that have been added."""
        entries, self._entries = self._entries, []
        lines = "".join(map(self._format_entry, entries))
        stream = self._stream or sys.stderr
        try:
            stream.write(lines)
            stream.flush()
        except (OSError, ValueError):  # the reader has gone, or the stream is closed: the mock goes on
            return


def escape_control_characters(text: str) -> str:
    """Return a text in which no character moves the cursor or ends the line: ``\\x1b`` becomes its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in text)


def _format_text(entry: _Entry) -> str:
    status = "reset" if entry.status is None else entry.status
    line = f"{entry.method} {_format_path(entry.path)} {status} {entry.seconds * 1000:.1f} ms"
    reason = _format_reason(entry)
    return escape_control_characters(f"{line}: {reason}" if reason else line) + "\n"


def _format_json(entry: _Entry) -> str:
    """Return ``{"method": "GET", "path": "/v1/runs", "status": 200, "ms": 1.2, "reason": ""}``."""
    values = {
        "method": entry.method,
        "path": _format_path(entry.path),
        "status": entry.status,
        "ms": round(entry.seconds * 1000, 3),
        "reason": _format_reason(entry),
    }
    return encode_json(values).decode("utf-8", "replace") + "\n"


def _format_path(path: str | bytes) -> str:
    text = path.decode("latin-1") if isinstance(path, bytes) else path
    return text if len(text) <= _MAX_PATH_LENGTH else f"{text[:_MAX_PATH_LENGTH]}…"


def _format_reason(entry: _Entry) -> str:
    if not entry.reason or (entry.status or 0) < 400:
        return ""
    text = entry.reason if isinstance(entry.reason, str) else _format_problems(entry.reason)
    return text if len(text) <= _MAX_REASON_LENGTH else f"{text[:_MAX_REASON_LENGTH]}…"


def _format_problems(problems: Sequence[Problem]) -> str:
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
