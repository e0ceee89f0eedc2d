"""The writes of a run by the texts in their paths and bodies: a row that was written may be another one."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from specduet.contracts.memo import compute_once
from specduet.contracts.oracle.json_body import parse_json_body
from specduet.contracts.recording import Exchange, Recording

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class WriteLog:
    """The writes of one API that may have succeeded."""

    def __init__(self, api: str, recording: Recording) -> None:
        self._by_text: dict[str, list[Exchange]] = {}
        for exchange in recording.exchanges:
            if exchange.api == api and exchange.request.method not in _READS and exchange.status < 400:
                texts = {unquote(part) for part in exchange.request.path.split("/") if part}
                for text in texts | set(_list_texts(parse_json_body(exchange.request.body or b"")[0])):
                    self._by_text.setdefault(text, []).append(exchange)

    def is_written(self, texts: Iterable[str], earlier: Exchange, later: Exchange) -> bool:
        """Return whether a write with one of these texts may have come between two exchanges."""
        return any(
            not write.is_before(earlier) and not later.is_before(write)
            for text in texts
            for write in self._by_text.get(text, ())
        )

    def is_created(self, text: str, later: Exchange) -> bool:
        """Return whether a POST or PUT with a text came before an exchange: a row may have it as its id since then."""
        writes = self._by_text.get(text, ())
        return any(write.request.method in {"POST", "PUT"} and write.is_before(later) for write in writes)


def _list_texts(body: Any) -> Iterator[str]:
    """Yield the texts in a body, which may be the id that a client gives a row; also those in its envelope."""
    values = body.values() if isinstance(body, dict) else ()
    for value in values:
        inner = value.values() if isinstance(value, dict) else (value,)
        yield from (text for text in inner if isinstance(text, str))


def collect_writes(api: str, recording: Recording) -> WriteLog:
    """Return the writes of an API, which are read once per recording."""
    return compute_once(recording, ("write log", api), lambda: WriteLog(api, recording))
