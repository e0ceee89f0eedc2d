"""Bodies of responses, read within bounds: a part is kept, the rest is measured, and a coding never unpacks more.

connection ─ pieces ─ one decompressor for each coding ─ what is kept, and the size of all
"""

import http.client
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

KEPT_BYTES = 16 * 2**20
"""Bytes of a body that are kept and judged; those beyond are only counted."""
MEASURED_BYTES = 256 * 2**20
"""Bytes after which counting ends: the size of the body is then said to be more."""
SENT_BYTES = 64 * 2**20
"""Bytes on the wire after which a response is not read any further."""
_STREAM_BYTES = 4 * 2**20
"""Bytes of a stream of events after which it is left."""
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
_PIECE_BYTES = 64 * 2**10
_UNPACKED_BYTES = 2**20
_ANY_HEADER = 47
"""What zlib is told so that it tells gzip from zlib by their headers."""
_GZIP_STARTS = (b"\x1f", b"\x1f\x8b")
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})
_MAX_CODINGS = 4
"""More codings, one in another, are left as they are."""


class UndecodableBody(http.client.HTTPException):
    """Error: the body is not in the coding that its Content-Encoding names."""


@dataclass(frozen=True)
class ReadBody:
    """The body of a response, without its codings."""

    kept: bytes
    size: int
    """The number of bytes of the whole body, as far as it was read."""
    is_measured: bool = True
    """False where the body is longer than ``size``: it was not read to its end."""
    goes_on: bool = False
    """True for a stream of events that was left before its end."""


def read_body(response: http.client.HTTPResponse, method: str) -> ReadBody:
    """Return the body. Raises ``IncompleteRead`` where it is cut short, and ``UndecodableBody``."""
    pieces = _read_pieces(response, method)
    codings = _list_codings(response)
    for coding in reversed(codings):
        pieces = _decompress(pieces, coding)
    kept, size = bytearray(), 0
    try:
        for piece in pieces:
            kept += piece[: max(KEPT_BYTES - size, 0)]
            size += len(piece)
            if size > MEASURED_BYTES:
                return ReadBody(bytes(kept), size, is_measured=False)
    except _TooMuchSent:
        return ReadBody(bytes(kept), size, is_measured=False)
    return ReadBody(bytes(kept), size)


def read_stream(response: http.client.HTTPResponse) -> ReadBody:
    """Return the whole events that come in time, and whether the stream goes on."""
    body = bytearray()
    try:
        while len(body) < _STREAM_BYTES:
            piece = response.read1(_PIECE_BYTES)
            if not piece:
                return ReadBody(bytes(body), len(body))
            body += piece
    except TimeoutError:
        pass
    end = max(body.rfind(mark) + len(mark) if mark in body else 0 for mark in _EVENT_ENDS)
    return ReadBody(bytes(body[:end]), end, is_measured=False, goes_on=True)


class _TooMuchSent(Exception):
    """Signal: there are more bytes on the wire than are read."""


def _list_codings(response: http.client.HTTPResponse) -> list[str]:
    """Return the codings of the body in the order in which they were applied; none where one of them is unknown."""
    names = (response.getheader("content-encoding") or "").lower().split(",")
    codings = [name.strip() for name in names if name.strip() not in {"", "identity"}]
    return codings if len(codings) <= _MAX_CODINGS and _CODINGS.issuperset(codings) else []


def _read_pieces(response: http.client.HTTPResponse, method: str) -> Iterator[bytes]:
    """Yield the body as it comes. Raises ``IncompleteRead``, which ``http.client`` itself tolerates."""
    announced = response.getheader("content-length", "")
    count = 0
    try:
        while piece := response.read(_PIECE_BYTES):
            yield piece
            count += len(piece)
            if count >= SENT_BYTES:
                raise _TooMuchSent
    except ConnectionError as error:
        raise http.client.IncompleteRead(b"") from error
    is_bare = method == "HEAD" or response.status in {204, 304}
    has_length = not is_bare and response.getheader("transfer-encoding") is None and announced.isdecimal()
    missing = _read_length(announced) - count if has_length else 0
    if missing > 0:
        raise http.client.IncompleteRead(b"", missing)


def _read_length(digits: str) -> int:
    """Return an announced length; one that no body has stands for any number of so many digits."""
    return int(digits) if len(digits) < 20 else 10**20


def _decompress(pieces: Iterator[bytes], coding: str) -> Iterator[bytes]:
    """Yield what compressed pieces hold, in pieces of bounded size. Raises ``UndecodableBody``."""
    unpacker, is_empty = zlib.decompressobj(_ANY_HEADER), True
    try:
        for piece in pieces:
            is_empty, waiting = False, piece
            while waiting:
                if unpacker.eof:
                    if waiting[:2] not in _GZIP_STARTS:
                        break  # bytes after the end, which everybody passes over
                    unpacker = zlib.decompressobj(_ANY_HEADER)  # another member (RFC 1952, 2.2)
                yield unpacker.decompress(waiting, _UNPACKED_BYTES)
                waiting = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        yield unpacker.flush(_UNPACKED_BYTES)
    except zlib.error as error:
        raise UndecodableBody(coding) from error
    if not (is_empty or unpacker.eof):
        raise UndecodableBody(coding)
