"""Bytes out, bytes in: HTTP/1.1 over kept-alive connections, with one deadline for a whole response.

``http.client`` is used because it changes nothing: no normalised path, no header of its own, no redirect followed.
"""

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.sending.body_reader import SENT_BYTES, ReadBody, UndecodableBody, read_body, read_stream

_Read = TypeVar("_Read")

_SOCKET_BYTES = SENT_BYTES + 2**20
"""Bytes of one response, its head and the marks of its chunks included, after which nothing more is read."""
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

        Raises ``UnsendableRequest``.
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
        except UnsendableRequest:
            connection.close()
            raise
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
            response = _read_head(connection, timed_socket, request.method)
            body = self._read_body(response, request.method, timed_socket)
        finally:
            if connection.sock is timed_socket:
                connection.sock = timed_socket.socket
            else:  # the server said that it would close it
                timed_socket.socket.close()
        if response.will_close or not body.is_measured:
            connection.close()
        elapsed = time.monotonic() - started
        headers = tuple(response.getheaders())
        return ReceivedResponse(response.status, headers, body.kept, elapsed, body.size, body.is_measured, body.goes_on)

    def _read_body(self, response: http.client.HTTPResponse, method: str, timed_socket: "_DeadlineSocket") -> ReadBody:
        """Return the body; of a stream of events, the events that came in time."""
        kind = (response.getheader("content-type") or "").partition(";")[0].strip().lower()
        is_stream = kind == _EVENT_STREAM and response.status < 300 and method != "HEAD"
        if is_stream and not response.getheader("content-encoding"):
            with self._lock:
                self._stream_count += 1
                is_long = self._stream_count <= _WHOLE_STREAMS
            timed_socket.limit(self.stream_time_s if is_long else min(_SHORT_STREAM_S, self.stream_time_s))
            return _guard_reading(lambda: read_stream(response))
        return _guard_reading(lambda: read_body(response, method))

    def _write_request(self, connection: http.client.HTTPConnection, request: SentRequest) -> None:
        """Send a request. Raises ``UnsendableRequest``."""
        is_proxied = self._proxy and not self._is_secure
        split = urlsplit(request.url)
        target = request.url if is_proxied else request.url[len(f"{split.scheme}://{split.netloc}") :]
        try:
            connection.putrequest(request.method, target or "/", skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers:
                connection.putheader(name, encode_header_value(value))
        except (ValueError, http.client.InvalidURL) as error:
            raise UnsendableRequest(str(error)) from error
        connection.endheaders(request.body)


class UnsendableRequest(ValueError):
    """Error: HTTP/1.1 cannot carry the request: a line break in a header, a space in the URL."""


def _read_head(
    connection: http.client.HTTPConnection, timed_socket: "_DeadlineSocket", method: str
) -> http.client.HTTPResponse:
    """Return a response whose head was read. Interim responses before it are passed over (RFC 9110, 15.2)."""

    def read() -> http.client.HTTPResponse:
        response = connection.getresponse()
        while 100 <= response.status < 200 and response.status != 101:
            response.read()
            response = http.client.HTTPResponse(cast("socket.socket", timed_socket), method=method)
            response.begin()
        return response

    return _guard_reading(read)


def _guard_reading(read: Callable[[], _Read]) -> _Read:
    """Return what a function reads; a number that ``http.client`` is not prepared for is a response that is no HTTP."""
    try:
        return read()
    except (ValueError, OverflowError, AttributeError) as error:  # http.client is not prepared for every number
        raise http.client.BadStatusLine(type(error).__name__) from error


class _DeadlineSocket:
    """A socket whose reads and writes must all end by one deadline (``time.monotonic``)."""

    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self.socket = inner
        self._deadline = deadline
        self._count = 0
        self._reader = _KeptReader(_DeadlineReader(self))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)

    def close(self) -> None:
        """Do nothing: ``http.client`` closes a connection that ends with its response before the response is read."""

    def sendall(self, data: bytes) -> None:
        self._set_remaining_timeout()
        self.socket.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the one reader: bytes that it has read ahead may belong to the next response."""
        return self._reader

    def read(self, buffer: memoryview) -> int:
        self._set_remaining_timeout()
        count = self.socket.recv_into(buffer)
        self._count += count
        if self._count > _SOCKET_BYTES:
            raise _ResponseTooLong
        return count

    def limit(self, seconds: float) -> None:
        """Let the deadline be no later than in so many seconds."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def _set_remaining_timeout(self) -> None:
        remaining_s = self._deadline - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("timed out")
        self.socket.settimeout(remaining_s)


class _KeptReader(io.BufferedReader):
    """A reader that stays open: ``http.client`` closes it with each response."""

    def close(self) -> None:
        """Do nothing."""


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


class _ResponseTooLong(http.client.HTTPException):
    """Error: so many bytes came that the rest of the response is not read."""


_FAILURE_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...] = (
    (TimeoutError, "timeout", "no complete response in time"),
    (ConnectionRefusedError, "refused", "nothing listens there"),
    (socket.gaierror, "unknown host", "the host's name is unknown"),
    (http.client.IncompleteRead, "cut short", "the connection was closed in the middle of the response"),
    ((http.client.RemoteDisconnected, ConnectionError), "dropped", "the connection was closed without a response"),
    (_ResponseTooLong, "too long", f"the head or the marks of the chunks have more than {_SOCKET_BYTES:,} bytes"),
    (UndecodableBody, "undecodable", "the body is not in the coding that its Content-Encoding names"),
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


__all__ = ["Transport", "TransportFailure", "UnsendableRequest", "encode_header_value", "explain_failure"]
