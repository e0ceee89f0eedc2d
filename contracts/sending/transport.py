"""Bytes out, bytes in: HTTP/1.1 over kept-alive connections, with one deadline for a whole response.

``http.client`` is used because it changes nothing: no normalised path, no header of its own, no redirect followed.
"""

import http.client
import io
import select
import socket
import ssl
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from specduet.contracts.recording import Headers, ReceivedResponse, SentRequest

MAX_RESPONSE_BYTES = 64 * 2**20
"""A longer response is cut off and recorded as a failure: it could not be judged in time."""
_EVENT_STREAM = "text/event-stream"

_WHOLE_STREAMS = 20
"""So many streams are followed for the whole time; one in which much is heard is not heard again and again."""
_SHORT_STREAM_S = 0.5
_IDLE_AFTER_S = 1.0
"""Seconds after which a connection counts as idle: the server may then close it at any time."""


@dataclass(frozen=True)
class TransportFailure:
    """Failure of a request: no complete response came."""

    kind: str
    """For example ``timeout``, ``refused``, ``dropped``; all are listed in ``explain_failure``."""
    text: str
    """The same in words."""
    elapsed_s: float
    connection: Literal["fresh", "warm", "idle"] = "fresh"
    """``fresh``: new; ``warm``: it had served another request a moment ago; ``idle``: unused since then."""


@dataclass
class Transport:
    """A pool of connections to one host. Threads may share it: each request has a connection to itself."""

    url: str
    verify: bool | str = True
    """False leaves the TLS certificate unchecked; a text is the path of a CA file."""
    keep_alive: bool = True
    """Use connections again. Becomes False when one breaks that was in use a moment ago: from then on a break can only
    be the service's fault."""
    stream_time_s: float = 5.0
    """Seconds after which a stream of events is left, unless it has ended."""
    _stream_count: int = field(default=0, repr=False)
    _idle_connections: list[tuple[http.client.HTTPConnection, float]] = field(default_factory=list, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _busy: set[http.client.HTTPConnection] = field(default_factory=set, repr=False)
    """Connections on which a response is waited for."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self._is_secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_secure else 80)
        self._proxy = _find_proxy(parts.scheme, self._host)
        self._tls_context = _create_tls_context(self.verify) if self._is_secure else None

    def send(self, request: SentRequest, timeout_s: float) -> ReceivedResponse | TransportFailure:
        """Send a request and read its response within ``timeout_s``, which does not include connecting.

        Raises ``ValueError`` for a request that HTTP/1.1 cannot carry: a line break in a header, a space in the URL.
        """
        started = time.monotonic()
        try:
            connection, connection_state = self._get_connection(timeout_s)
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            return TransportFailure(*explain_failure(error), time.monotonic() - started)
        started = time.monotonic()
        self._busy.add(connection)
        try:
            received = self._exchange_on(connection, request, started, timeout_s)
        except (ValueError, http.client.InvalidURL) as error:
            connection.close()
            raise ValueError(str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            failure = TransportFailure(*explain_failure(error), time.monotonic() - started, connection_state)
            self.keep_alive = self.keep_alive and (failure.kind, connection_state) != ("dropped", "warm")
            return failure
        finally:
            self._busy.discard(connection)
        self._keep_connection(connection)
        return received

    def _keep_connection(self, connection: http.client.HTTPConnection) -> None:
        if not self.keep_alive:
            connection.close()
        elif connection.sock is not None:  # None: the server said that it would close it
            with self._lock:
                self._idle_connections.append((connection, time.monotonic()))

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            for connection, _ in self._idle_connections:
                connection.close()
            self._idle_connections.clear()

    def abort(self) -> None:
        """Break the connections on which a response is waited for. It locks nothing: handlers of signals call it."""
        for connection in list(self._busy):
            with suppress(OSError, AttributeError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _get_connection(self, timeout_s: float) -> tuple[http.client.HTTPConnection, Literal["fresh", "warm", "idle"]]:
        """Return an open connection, and whether it is new, was in use a moment ago, or was idle."""
        while True:
            with self._lock:
                connection, since = self._idle_connections.pop() if self._idle_connections else (None, 0.0)
            if connection is None:
                return self._open_connection(timeout_s), "fresh"
            if not _is_closed(connection.sock):
                return connection, "idle" if time.monotonic() - since > _IDLE_AFTER_S else "warm"
            connection.close()

    def _open_connection(self, timeout_s: float) -> http.client.HTTPConnection:
        host, port = self._proxy or (self._host, self._port)
        connection: http.client.HTTPConnection
        if self._is_secure:
            connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=self._tls_context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        if self._proxy and self._is_secure:
            connection.set_tunnel(self._host, self._port)
        connection.connect()
        return connection

    def _exchange_on(
        self, connection: http.client.HTTPConnection, request: SentRequest, started: float, timeout_s: float
    ) -> ReceivedResponse:
        timed_socket = _DeadlineSocket(connection.sock, started + timeout_s)
        connection.sock = timed_socket
        try:
            self._write_request(connection, request)
            response = connection.getresponse()
            body, is_cut = self._read_response(response, request.method, timed_socket)
            body = _decompress_body(body, response.getheader("content-encoding"))
        finally:
            if connection.sock is timed_socket:
                connection.sock = timed_socket.socket
            else:  # the server said that it would close it
                timed_socket.socket.close()
        elapsed = time.monotonic() - started
        headers = tuple(response.getheaders())
        if is_cut:
            connection.close()
        return ReceivedResponse(response.status, headers, body, elapsed, is_cut)

    def _read_response(
        self, response: http.client.HTTPResponse, method: str, timed_socket: "_DeadlineSocket"
    ) -> tuple[bytes, bool]:
        """Return the body, and True for a stream of events that goes on."""
        kind = (response.getheader("content-type") or "").partition(";")[0].strip().lower()
        if (
            kind != _EVENT_STREAM
            or response.status >= 300
            or method == "HEAD"
            or response.getheader("content-encoding")
        ):
            return _read_body(response, method), False
        with self._lock:
            self._stream_count += 1
            is_long = self._stream_count <= _WHOLE_STREAMS
        timed_socket.limit(self.stream_time_s if is_long else min(_SHORT_STREAM_S, self.stream_time_s))
        return _read_stream(response)

    def _write_request(self, connection: http.client.HTTPConnection, request: SentRequest) -> None:
        is_proxied = self._proxy and not self._is_secure
        split = urlsplit(request.url)
        target = request.url if is_proxied else request.url[len(f"{split.scheme}://{split.netloc}") :]
        connection.putrequest(request.method, target or "/", skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, encode_header_value(value))
        connection.endheaders(request.body)


def _read_stream(response: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """Return the whole events that came in time, and True if the stream goes on."""
    body = b""
    try:
        while piece := response.read1(65_536):
            body += piece
            if len(body) > MAX_RESPONSE_BYTES:
                break
        else:
            return body, False
    except TimeoutError:
        pass
    end = max(body.rfind(mark) + len(mark) if mark in body else 0 for mark in (b"\n\n", b"\r\n\r\n", b"\r\r"))
    return body[:end], True


def _read_body(response: http.client.HTTPResponse, method: str) -> bytes:
    """Return the whole body. Raises ``IncompleteRead`` if it is cut short, which ``http.client`` itself tolerates."""
    announced_length = response.getheader("content-length", "")
    try:
        body = response.read(MAX_RESPONSE_BYTES)
    except ConnectionError as error:
        raise http.client.IncompleteRead(b"") from error
    if len(body) == MAX_RESPONSE_BYTES and response.read(1):
        raise http.client.HTTPException(f"the response is longer than {MAX_RESPONSE_BYTES} bytes")
    is_bare = method == "HEAD" or response.status in {204, 304}
    has_no_length = is_bare or response.getheader("transfer-encoding") is not None
    if announced_length.isdecimal() and not has_no_length and len(body) < int(announced_length):
        raise http.client.IncompleteRead(body, int(announced_length) - len(body))
    return body


class _DeadlineSocket:
    """A socket whose reads and writes must all end by one deadline (``time.monotonic``)."""

    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self.socket = inner
        self._deadline = deadline

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)

    def close(self) -> None:
        """Do nothing: ``http.client`` closes a connection that ends with its response before the response is read."""

    def sendall(self, data: bytes) -> None:
        self._set_remaining_timeout()
        self.socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self))

    def read(self, buffer: memoryview) -> int:
        self._set_remaining_timeout()
        return self.socket.recv_into(buffer)

    def limit(self, seconds: float) -> None:
        """Let the deadline be no later than in so many seconds."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def _set_remaining_timeout(self) -> None:
        remaining_s = self._deadline - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("timed out")
        self.socket.settimeout(remaining_s)


class _DeadlineReader(io.RawIOBase):
    """The reading half of a ``_DeadlineSocket``, for ``io.BufferedReader``."""

    def __init__(self, timed: _DeadlineSocket) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._timed.read(buffer)


def encode_header_value(value: str) -> bytes:
    """Return a header's value in Latin-1, as HTTP has it, or in UTF-8 if Latin-1 cannot hold it."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


class _UndecodableBody(http.client.HTTPException):
    """Error: the body is not in the coding that its Content-Encoding names."""


_FAILURE_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...] = (
    (TimeoutError, "timeout", "no complete response in time"),
    (ConnectionRefusedError, "refused", "nothing listens there"),
    (socket.gaierror, "unknown host", "the host's name is unknown"),
    (http.client.IncompleteRead, "cut short", "the connection was closed in the middle of the response"),
    ((http.client.RemoteDisconnected, ConnectionError), "dropped", "the connection was closed without a response"),
    (_UndecodableBody, "undecodable", "the body is not in the coding that its Content-Encoding names"),
    (http.client.BadStatusLine, "no HTTP", "the response is not HTTP"),
)


def explain_failure(error: Exception) -> tuple[str, str]:
    """Return the kind of a failure (``timeout``) and a sentence about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "tls", f"TLS failed ({error.verify_message.rstrip('.')})"
    if isinstance(error, ssl.SSLError):
        return "tls", f"TLS failed ({(error.reason or str(error)).replace('_', ' ').lower()})"
    matches = ((kind, text) for types, kind, text in _FAILURE_KINDS if isinstance(error, types))
    return next(matches, ("failed", f"{type(error).__name__}: {error}"))


def _is_closed(sock: socket.socket) -> bool:
    """Return whether the server has closed an idle connection: then something, the end, can be read."""
    try:
        return bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _create_tls_context(verify: bool | str) -> ssl.SSLContext:  # noqa: FBT001 - the usual spelling of this option
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _find_proxy(scheme: str, host: str) -> tuple[str, int] | None:
    """Return the proxy that the environment names for a host (``HTTPS_PROXY``, ``NO_PROXY``); none for this machine."""
    if host == "localhost" or host.startswith("127.") or proxy_bypass(host):
        return None
    parts = urlsplit(getproxies().get(scheme, ""))
    return (parts.hostname, parts.port or 80) if parts.hostname else None


def _decompress_body(body: bytes, coding: str | None) -> bytes:
    """Return the body without its content coding; an unknown coding is left alone. Raises ``_UndecodableBody``."""
    if coding is None or coding.lower() not in {"gzip", "x-gzip", "deflate"} or not body:
        return body
    try:
        return zlib.decompress(body, 47)  # 47: gzip or zlib, told apart by their headers
    except zlib.error as error:
        raise _UndecodableBody(coding) from error


__all__ = ["MAX_RESPONSE_BYTES", "Headers", "Transport", "TransportFailure", "encode_header_value", "explain_failure"]
