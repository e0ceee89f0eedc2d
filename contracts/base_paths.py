"""Base path of an API at its target: the URL's own, else the document's, else a usual one below which it responds.

A few GET operations are tried below each, because one that is broken must not decide. A 404 says nothing where an id
was made up, unless any unknown path gets the same one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.oracle.url_text import join_address
from specduet.contracts.recording import Exchange, ReceivedResponse, Recording, SentRequest
from specduet.contracts.sending.sender import Sender, documents_stream
from specduet.contracts.sending.transport import TransportFailure
from specduet.specs import Operation
from specduet.specs.servers import list_base_paths

USUAL_PATHS = ("", "/api", "/v1", "/api/v1")
"""Base paths that are tried where those of the URL and of the document do not respond."""

_NOT_SERVED = frozenset({404, 405})
_MAX_OPERATIONS = 5
_MIN_CERTAIN = 3
"""Operations that are not found of which all cannot be broken: with fewer, the run goes on and tries the others."""
_MADE_UP_ID = "specduet"
"""The id that is sent where none is known."""
_UNKNOWN_PATH = "/specduet-unknown-path"
_CHANGING_TEXT = re.compile(r"[0-9a-fA-F]{4}[0-9a-fA-F-]{4,}|\d+")
"""Ids and times, which differ from one response to the next."""


@dataclass(frozen=True)
class BasePathTrial:
    """The requests below one base path, and what they tell about it."""

    base_path: str | None
    """None for the one that the document gives each operation."""
    address: str
    operation: Operation
    """The operation whose response decided."""
    exchange: Exchange
    is_reached: bool
    """The response is one of an API, and no 404 or 405."""
    is_unknown: bool = False
    """The response is what any unknown path gets."""


@dataclass(frozen=True)
class BasePathSearch:
    """The trial that was chosen, and whether it proves that the API is not there."""

    chosen: BasePathTrial
    trials: tuple[BasePathTrial, ...]
    is_missing: bool
    """So many operations that need no id got the 404 of an unknown path, below every base path, that none is there."""

    @property
    def note(self) -> str:
        """A sentence on a base path that is not the first that was tried; empty where it is the first."""
        if self.chosen is self.trials[0]:
            return ""
        return f"The operations are below {self.chosen.address}: below {self.trials[0].address} they are not found."


def find_base_path(sender: Sender, known_values: KnownValues, *, is_api_named: bool) -> BasePathSearch | None:
    """Set the base path of a sender to the first below which the API responds; return None if it has no GET.

    ``is_api_named``: the operator says that the API is there, so that usual base paths are tried as well. Requests
    below other base paths are taken out of the recording, for they do not tell about this service.
    """
    operations = _choose_gets(sender, known_values)
    if not operations:
        return None
    start = len(sender.recording.exchanges)
    trials: list[BasePathTrial] = []
    queue = list(_list_candidates(sender, operations[0], is_api_named=is_api_named))
    while queue:
        sender.base_path = queue.pop(0)
        trials.append(_try_base_path(sender, known_values, operations))
        if trials[-1].is_reached or trials[-1].exchange.response is None:
            break
        queue = [*_read_redirect(sender, trials), *queue]
    by_evidence = sorted(trials, key=lambda trial: (not trial.is_reached, trial.is_unknown))
    chosen = by_evidence[0]
    sender.base_path = chosen.base_path
    _keep_requests_below(chosen.address, sender.recording, start)
    is_certain = len(operations) >= _MIN_CERTAIN and not known_values.unknown_path_parameters(operations[0])
    return BasePathSearch(chosen, tuple(trials), is_certain and all(trial.is_unknown for trial in trials))


def _choose_gets(sender: Sender, known_values: KnownValues) -> list[Operation]:
    """Return a few GET operations; only such as need no unknown id, if there are any.

    One that was added to the vendor's document need not be served, and is not asked for where there are others.
    """
    gets = [o for o in sender.api.operations if o.method == "GET" and sender.can_send(o)]
    gets = [o for o in gets if o.behavior.added is None] or gets
    unknown_counts = {o.id: len(known_values.unknown_path_parameters(o)) for o in gets}
    gets.sort(key=lambda o: (documents_stream(o), unknown_counts[o.id], "{" in o.path))
    return [o for o in gets if unknown_counts[o.id] == unknown_counts[gets[0].id]][:_MAX_OPERATIONS]


def _list_candidates(sender: Sender, operation: Operation, *, is_api_named: bool) -> Iterator[str | None]:
    """Yield the base paths to try, each once: the URL's own path wins, then the document's, then the usual ones."""
    in_document = [None, *list_base_paths(sender.api.document)]
    candidates = ["", *in_document] if urlsplit(sender.target.url).path else [*in_document, ""]
    candidates += USUAL_PATHS if is_api_named else ()
    seen = set()
    for base_path in candidates:
        sender.base_path = base_path
        address = sender.address_of(operation)
        if address not in seen:
            seen.add(address)
            yield base_path


def _read_redirect(sender: Sender, trials: Sequence[BasePathTrial]) -> list[str]:
    """Return the base path to which a service redirects an operation (``/a`` to ``/v1/a``), if that was not tried."""
    exchange = trials[-1].exchange
    if exchange.response is None or not exchange.response.is_redirect:
        return []
    location = exchange.response.get_header("location")
    if not location:
        return []
    address = join_address(exchange.request.url, location).partition("?")[0]
    base = sender.target.url
    if not address.startswith(f"{base}/") or not address.endswith(exchange.request.path):
        return []
    base_path = address[len(base) : len(address) - len(exchange.request.path)]
    return [] if f"{base}{base_path}" in {trial.address for trial in trials} else [base_path]


def _try_base_path(sender: Sender, known_values: KnownValues, operations: Sequence[Operation]) -> BasePathTrial:
    """Send each operation below the sender's base path until one responds like an API."""
    address = sender.address_of(operations[0]).rstrip("/")
    for operation in operations:
        exchange = sender.send(
            operation, **_build_arguments(known_values, operation), timeout_s=sender.target.timeout_s
        )
        trial = BasePathTrial(sender.base_path, address, operation, exchange, is_reached=_is_reached(exchange))
        if trial.is_reached or exchange.response is None:
            return trial
    return replace(trial, is_unknown=_is_like_unknown_path(sender, address, trial.exchange))


def _build_arguments(known_values: KnownValues, operation: Operation) -> dict[str, Any]:
    """Return arguments of ``Sender.send`` for a GET, with an invented id where none is known."""
    request = known_values.build_valid_request(operation)
    if request is not None:
        return request.send_arguments
    values_by_name = {
        p.name: known_values.path_values(operation, p) for p in operation.parameters if p.location == "path"
    }
    return {"path": {name: values[0] if values else _MADE_UP_ID for name, values in values_by_name.items()}}


def find_suspicion(response: ReceivedResponse | TransportFailure | str) -> str:
    """Return why a response does not look like an API's (``page``, ``redirect``, a failure kind), or an empty text."""
    if isinstance(response, TransportFailure):
        return response.kind
    if isinstance(response, str):
        kind = response.partition(":")[0]
        return "" if kind == "undecodable" else kind
    if response.is_redirect:
        return "redirect"
    is_page = response.body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html", b"<head", b"<body"))
    return "page" if is_page and response.status not in _NOT_SERVED else ""


def is_not_served(exchange: Exchange) -> bool:
    """Return whether the status says that nothing is at the address."""
    return exchange.status in _NOT_SERVED


def _is_reached(exchange: Exchange) -> bool:
    return exchange.response is not None and not is_not_served(exchange) and not find_suspicion(exchange.response)


def _is_like_unknown_path(sender: Sender, address: str, exchange: Exchange) -> bool:
    """Return whether a 404 or 405 is what a path gets that no API has: the paths in it are left out, and numbers."""
    if exchange.response is None or not is_not_served(exchange):
        return False
    url = f"{address}{_UNKNOWN_PATH}"
    headers = tuple(pair for pair in exchange.request.headers if pair[0].lower() != "content-length")
    unknown = sender.budget.send(SentRequest("GET", url, _UNKNOWN_PATH, "", headers, None), sender.target.timeout_s)
    if not isinstance(unknown, ReceivedResponse):
        return False
    if exchange.status == 405 != unknown.status:
        return False
    return _outline(exchange.response, exchange.request.url, exchange.request.path) == _outline(
        unknown, url, _UNKNOWN_PATH
    )


def _outline(response: ReceivedResponse, url: str, path: str) -> tuple[int, str]:
    """Return the status and the body without what repeats the request, and without what changes."""
    text = response.text
    for part in (url, quote(url, safe=""), urlsplit(url).path, path, path.lstrip("/")):
        text = text.replace(part, "")
    return response.status, _CHANGING_TEXT.sub("", text)


def _keep_requests_below(address: str, recording: Recording, start: int) -> None:
    """Take the requests of the search that are not below an address out of the recording, and number the others."""
    sent = recording.exchanges[start:]
    kept = [exchange for exchange in sent if _is_below(exchange, address)]
    recording.exchanges[start:] = [replace(e, number=start + n) for n, e in enumerate(kept, start=1)]


def _is_below(exchange: Exchange, address: str) -> bool:
    """Return whether a request was sent below this very address, and not below a longer base path."""
    return exchange.request.url.partition("?")[0] == f"{address}{exchange.request.path}"


__all__ = ["USUAL_PATHS", "BasePathSearch", "BasePathTrial", "find_base_path", "find_suspicion", "is_not_served"]
