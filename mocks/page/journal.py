"""The last requests of a session as the page shows them: what came in, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import islice

from specduet.mocks.control.journal import Journal, JournalEntry
from specduet.mocks.control.masking import SecretFields

MAX_SHOWN = 60
_MAX_TARGET = 200
_LEAST_LIKENESS = 0.6
"""Of an address that is called near, from 0 to 1: a letter or a segment is wrong."""
Labels = Mapping[tuple[str, str], str]
"""Method and full path of each operation, by its API and id."""


@dataclass(frozen=True)
class RequestView:
    """One request on the page."""

    number: int
    time: str
    method: str
    target: str
    status: str
    verdict: str
    """``valid``, ``refused``, ``not served``, ``broken`` or ``dropped``."""
    reason: str
    fault: str


def list_request_views(journal: Journal, labels: Labels, secrets: SecretFields) -> list[RequestView]:
    """Return the last requests, the newest first."""
    count = journal.dropped_count + len(journal.entries)
    newest = islice(reversed(journal.entries), MAX_SHOWN)
    return [
        _build_view(number, JournalEntry(*entry), labels, secrets)
        for number, entry in zip(range(count, 0, -1), newest, strict=False)
    ]


def _build_view(number: int, entry: JournalEntry, labels: Labels, secrets: SecretFields) -> RequestView:
    path, query = entry.path.decode("latin-1"), secrets.mask_query(entry.query.decode("latin-1"))
    target = f"{path}?{query}" if query else path
    verdict = _judge(entry)
    return RequestView(
        number,
        datetime.fromtimestamp(entry.time, UTC).strftime("%H:%M:%S"),
        entry.method,
        target if len(target) <= _MAX_TARGET else f"{target[: _MAX_TARGET - 1]}…",
        "" if entry.status is None else str(entry.status),
        verdict,
        _name_nearest(entry.method, path, labels) if verdict == "not served" else entry.reason,
        entry.fault or "",
    )


def _judge(entry: JournalEntry) -> str:
    if entry.status is None:
        return "dropped" if entry.fault else "open"
    if entry.operation is None:
        return "not served"
    return "valid" if entry.status < 400 else "refused" if entry.status < 500 else "broken"


def _name_nearest(method: str, path: str, labels: Labels) -> str:
    """Return the operation that a request may have meant; empty where none is near."""
    known = [*labels.values()]
    near = get_close_matches(f"{method} {path}", known, 1, _LEAST_LIKENESS)
    return f"near to it: {near[0]}" if near else "no operation is near to it"
