"""Operations that never answered 2xx, each with the reason and with what to give to get further."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specduet.contracts.coverage import OperationCoverage
from specduet.contracts.findings import cut_text, one_line
from specduet.contracts.recording import NOT_JSON, Exchange, Recording
from specduet.specs import Api, Operation

_TEXT_KEYS = ("message", "detail", "error_description", "error", "title", "reason", "msg", "description")
_LIST_KEYS = ("errors", "detail", "details", "violations")
_PLACE_KEYS = ("loc", "field", "path", "pointer", "property", "name", "param", "instancePath")
_MAX_TEXT = 70


@dataclass(frozen=True)
class UnansweredOperation:
    """One operation without a 2xx response."""

    api: str
    operation: str
    status: int
    """The most frequent one; 0 where no response came or nothing was sent."""
    count: int
    """The number of requests."""
    said: str
    """What the first response with this status says."""
    remedy: str
    """What the operator can give; empty where nothing is known to help."""

    @property
    def reason(self) -> str:
        """The status with what was said: ``422: body/name: Field required``."""
        if not self.count:
            return self.said
        return ": ".join(filter(None, (str(self.status or "no response"), self.said)))


def list_unanswered(
    apis: Sequence[Api], recording: Recording, coverage: Sequence[OperationCoverage]
) -> Iterator[UnansweredOperation]:
    """Yield the operations that never answered 2xx, but for those that document no 2xx and answered as documented."""
    operations = {(api.name, operation.label): operation for api in apis for operation in api.operations}
    for entry in coverage:
        operation = operations.get((entry.api, entry.operation))
        if operation is None or entry.has_succeeded:
            continue
        exchanges = [
            exchange
            for exchange in recording.find_exchanges(entry.api, operation.id)
            if exchange.credentials in {"given", "placeholder"}
        ]
        if not _answers_as_documented(operation, exchanges):
            yield _explain(entry, operation, exchanges)


def _answers_as_documented(operation: Operation, exchanges: Sequence[Exchange]) -> bool:
    """Return whether an operation documents no success at all, and one of its statuses came: a redirect, say."""
    documents_success = not operation.responses or any(s[:1] in {"2", "d"} for s in operation.responses)
    return not documents_success and any(str(exchange.status) in operation.responses for exchange in exchanges)


def _explain(entry: OperationCoverage, operation: Operation, exchanges: Sequence[Exchange]) -> UnansweredOperation:
    ids = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    give_ids = " ".join(f"--param {name}=…" for name in ids)
    if not exchanges:
        said, remedy = (
            ("never sent: no id is known", f"{give_ids}, or rows to begin with") if ids else ("never sent", "")
        )
        return UnansweredOperation(entry.api, entry.operation, 0, 0, said, remedy)
    status, count = Counter(exchange.status for exchange in exchanges).most_common(1)[0]
    said = find_error_text(next(exchange for exchange in exchanges if exchange.status == status).json)
    if status in {404, 410}:
        remedy = f"{give_ids}, or rows to begin with" if ids else "the base path in --url, or the right document"
    else:
        remedy = _choose_remedy(status, operation, give_ids)
    return UnansweredOperation(entry.api, entry.operation, status, count, said, remedy)


_REMEDIES = {
    3: "a document that has this status",
    401: "a credential that may do this: -H or --auth",
    403: "a credential that may do this: -H or --auth",
    405: "a document that does not have it",
    415: "the media type that the service takes, in the document",
    501: "a document that does not have it",
}
"""What to give, by a status or the first digit of one."""


def _choose_remedy(status: int, operation: Operation, give_ids: str) -> str:
    known = _REMEDIES.get(status) or _REMEDIES.get(status // 100)
    if known is not None or status >= 500 or not status:
        return known or ""
    if operation.body is not None:
        return "an example of a body that the service takes, in the document"
    return give_ids or "a value that the service takes: --param NAME=…"


def find_error_text(body: Any) -> str:
    """Return what an error response says, the field first: ``name: Field required``; empty where that is unclear."""
    if body is NOT_JSON or not isinstance(body, Mapping):
        return ""
    for key in _LIST_KEYS:
        entries = body.get(key)
        if isinstance(entries, list) and entries and isinstance(entries[0], Mapping):
            place, text = _find_place(entries[0]), _find_text(entries[0])
            return _shorten(": ".join(filter(None, (place, text))))
        if isinstance(entries, Mapping) and entries:
            name, text = next(iter(entries.items()))
            return _shorten(f"{name}: {text[0] if isinstance(text, list) and text else text}")
    return _shorten(_find_text(body))


def _find_place(entry: Mapping[str, Any]) -> str:
    place = next((entry[key] for key in _PLACE_KEYS if entry.get(key)), "")
    return "/".join(map(str, place)) if isinstance(place, list) else str(place)


def _find_text(entry: Mapping[str, Any]) -> str:
    inner = entry.get("error")
    if isinstance(inner, Mapping):
        return _find_text(inner)
    return next((entry[key] for key in _TEXT_KEYS if isinstance(entry.get(key), str) and entry[key]), "")


def _shorten(text: str) -> str:
    return cut_text(one_line(" ".join(text.split())).rstrip("."), _MAX_TEXT)
