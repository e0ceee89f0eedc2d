"""``exchanges.har``: every request and response, for the network panel of a browser and other tools (HAR 1.2)."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import harfile

from specduet.contracts.recording import Exchange, Headers, ReceivedResponse
from specduet.contracts.reports.model import Report, installed_version
from specduet.contracts.sending.encoded_forms import has_many_escapes
from specduet.contracts.sending.redaction import Secrets

_HTTP = "HTTP/1.1"
_ONE_BODY = 256 * 2**10
"""Bytes of one body that are written."""
_ALL_BODIES = 64 * 2**20
"""Bytes of all bodies; after that, only the beginning of each is written."""
_BEGINNING = 2**10
_WEIGHT = 16


def write(report: Report, path: Path) -> None:
    creator = harfile.Creator(name="specduet", version=installed_version())
    room = _Room(_ALL_BODIES)
    with path.open("w", encoding="utf-8") as file, harfile.open(file, creator=creator) as har:
        for exchange in report.recording.exchanges:
            _add_entry(har, exchange, report.secrets, room)


@dataclass
class _Room:
    """Bytes that are left for bodies."""

    left: int

    def take(self, body: bytes) -> int:
        """Return how many bytes of a body are written; one in which secrets are hard to find takes more room."""
        weight = _WEIGHT if has_many_escapes(body) else 1
        given = min(len(body), _ONE_BODY, max(self.left // weight, _BEGINNING))
        self.left -= weight * given
        return given


def _add_entry(har: harfile.HarFile, exchange: Exchange, secrets: Secrets, room: _Room) -> None:
    received = exchange.response
    elapsed_ms = round(received.elapsed_s * 1000, 3) if received else 0
    har.add_entry(
        startedDateTime=datetime.fromtimestamp(exchange.sent_at, UTC),
        time=elapsed_ms,
        request=_to_har_request(exchange, secrets),
        response=_to_har_response(received, secrets, room)
        if received
        else _to_failed_response(exchange.failure, secrets),
        timings=harfile.Timings(send=0, wait=elapsed_ms, receive=0),
        comment=f"{exchange.number}: {exchange.api} {exchange.operation}, {exchange.origin}",
    )


def _to_har_request(exchange: Exchange, secrets: Secrets) -> harfile.Request:
    sent = exchange.request
    body = None
    if sent.body is not None:
        text = secrets.mask(sent.body.decode("utf-8", "replace"))
        body = harfile.PostData(mimeType=sent.get_header("content-type") or "", text=text)
    pairs = parse_qsl(sent.query, keep_blank_values=True)
    return harfile.Request(
        method=sent.method,
        url=secrets.mask(sent.url),
        httpVersion=_HTTP,
        headers=_to_records(sent.headers, secrets),
        queryString=_to_records(tuple(pairs), secrets),
        postData=body,
        bodySize=len(sent.body or b""),
    )


def _to_har_response(received: ReceivedResponse, secrets: Secrets, room: _Room) -> harfile.Response:
    return harfile.Response(
        status=received.status,
        statusText="",
        httpVersion=_HTTP,
        headers=_to_records(received.headers, secrets),
        content=_to_har_content(received, secrets, room),
        redirectURL=secrets.mask(received.get_header("location") or ""),
        bodySize=received.body_length,
    )


def _to_har_content(received: ReceivedResponse, secrets: Secrets, room: _Room) -> harfile.Content:
    """Return the body, or as much of it as there is room for, which a comment tells."""
    whole = received.body
    shown = room.take(whole)
    body = secrets.mask_bytes(whole[:shown])
    if shown < len(whole):
        body = body[: max(len(body) - secrets.longest, 0)]  # where half of a secret may stand
    size = received.size or len(whole)
    comment = f"the first {len(body):,} of {size:,} bytes" if shown < size else ""
    kind = secrets.mask(received.get_header("content-type") or "")
    text = _decode(body, is_cut=shown < len(whole))
    if text is not None:
        return harfile.Content(size=size, mimeType=kind, text=text, comment=comment or None)
    encoded = base64.b64encode(body).decode()
    return harfile.Content(size=size, mimeType=kind, text=encoded, encoding="base64", comment=comment or None)


def _decode(body: bytes, *, is_cut: bool) -> str | None:
    """Return a body as text, None where it is none; where it is cut, the last character may be half a one."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        return body[: error.start].decode() if is_cut and error.start >= len(body) - 3 else None


def _to_failed_response(failure: str, secrets: Secrets) -> harfile.Response:
    """Return the response of a request that got none: HAR has status 0 for it."""
    return harfile.Response(
        status=0,
        statusText=secrets.mask(failure),
        httpVersion="",
        headers=[],
        content=harfile.Content(),
        redirectURL="",
    )


def _to_records(headers: Headers, secrets: Secrets) -> list[harfile.Record]:
    return [harfile.Record(name=secrets.mask(name), value=secrets.mask(value)) for name, value in headers]
