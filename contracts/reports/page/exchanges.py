"""Requests and responses as texts: whole ones beside a finding, and one short row for each of the run."""

import json
from dataclasses import dataclass
from typing import Any

from specduet.contracts.findings import Finding, cut_text
from specduet.contracts.recording import Exchange, Headers
from specduet.contracts.reports.model import Report
from specduet.contracts.sending.encoded_forms import has_many_escapes
from specduet.contracts.sending.redaction import Secrets
from specduet.specs.lines import find_lines_in_text

_MAX_BYTES = 2**20
"""Bytes of a body that are read for a page; of a longer one, the beginning is shown as it is."""
_FEW_BYTES = 2**15
"""The same for a body in which secrets are hard to find."""
MAX_LINES = 40
"""Lines of a body that are shown: those around the place of the finding."""
_MAX_COLUMNS = 240
_LINES_ABOVE = 14
_STATUS_CLASSES = {0: "failed", 2: "good", 3: "moved", 4: "refused", 5: "broken"}


@dataclass(frozen=True)
class BodyView:
    """A body, or the part of one around the place of a finding."""

    lines: tuple[tuple[int, str, bool], ...] = ()
    """Each with its number and whether the finding is there."""
    skipped_before: int = 0
    skipped_after: int = 0


@dataclass(frozen=True)
class ExchangeView:
    """One request with its response, as shown beside a finding."""

    number: int
    request_line: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: BodyView
    status: str
    failure: str
    elapsed: str
    response_headers: tuple[tuple[str, str], ...]
    response_body: BodyView


def build_exchange_view(finding: Finding, secrets: Secrets) -> ExchangeView | None:
    """Return the exchange that proves a finding, with the lines marked that it is about; None where there is none.

    Secrets are masked before anything is cut, since half a secret is one, too.
    """
    exchange = finding.exchange
    if exchange is None:
        return None
    sent, received = exchange.request, exchange.response
    place = finding.where
    sent_place = place.removeprefix("body") if place.startswith("body/") else ""
    return ExchangeView(
        number=exchange.number,
        request_line=f"{sent.method} {cut_text(secrets.mask(sent.url), 2_000)}",
        request_headers=_sort_headers(sent.headers, secrets),
        request_body=show_body(sent.body or b"", sent_place, secrets),
        status=str(exchange.status) if received else "no response",
        failure=exchange.failure,
        elapsed=format_duration(received.elapsed_s) if received else "",
        response_headers=_sort_headers(received.headers, secrets) if received else (),
        response_body=show_body(received.body if received else b"", place if place.startswith("/") else "", secrets),
    )


def show_body(body: bytes, place: str, secrets: Secrets) -> BodyView:
    """Return a body as lines, JSON indented; ``place`` is the JSON pointer of the line to mark, empty for none."""
    most = _FEW_BYTES if has_many_escapes(body) else _MAX_BYTES
    text, is_json = _to_text(body) if len(body) <= most else (_cut_body(body[:most], secrets), False)
    marked = find_lines_in_text(text, [place])[place] if place and is_json else None
    lines = secrets.mask(text).split("\n") if text else []
    first = max(0, (marked or 0) - _LINES_ABOVE) if len(lines) > MAX_LINES else 0
    shown = lines[first : first + MAX_LINES]
    return BodyView(
        tuple(
            (number, cut_text(line, _MAX_COLUMNS), number == marked)
            for number, line in enumerate(shown, start=first + 1)
        ),
        first,
        len(lines) - first - len(shown),
    )


def _cut_body(body: bytes, secrets: Secrets) -> str:
    """Return the beginning of a long body, without the end of it, where half of a secret may stand."""
    text = secrets.mask(body.decode("utf-8", "replace"))
    return text[: len(text) - secrets.longest]


def _to_text(body: bytes) -> tuple[str, bool]:
    """Return a body as text, and whether it is JSON."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False), True
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace"), False


def _sort_headers(headers: Headers, secrets: Secrets) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name.lower(), cut_text(secrets.mask(value), 400)) for name, value in headers))


def format_duration(seconds: float) -> str:
    """Return a duration in the unit that needs the fewest digits: ``0.4 ms``, ``12 ms``, ``3.1 s``."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def list_exchanges(report: Report) -> dict[str, Any]:
    """Return a short row for each exchange: number, operation, method, address, status, milliseconds, origin.

    Operations are numbers into a list of labels, which makes the page of 10,000 exchanges a third smaller.
    """
    labels = {
        (api.name, operation.id): f"{api.name} {operation.label}" for api in report.apis for operation in api.operations
    }
    places = {key: index for index, key in enumerate(labels)}
    return {
        "operations": [*labels.values()],
        "rows": [
            (
                exchange.number,
                places.get((exchange.api, exchange.operation), -1),
                exchange.request.method,
                cut_text(report.secrets.mask(_find_address(exchange)), 200),
                exchange.status,
                round(exchange.response.elapsed_s * 1000, 1) if exchange.response else None,
                exchange.origin,
            )
            for exchange in report.recording.exchanges
        ],
    }


def _find_address(exchange: Exchange) -> str:
    query = exchange.request.query
    return f"{exchange.request.path}?{query}" if query else exchange.request.path


def classify_status(status: int) -> str:
    """Return the word by which the page colours a status."""
    return _STATUS_CLASSES.get(status // 100, "moved")
