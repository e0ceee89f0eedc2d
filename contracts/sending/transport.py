"""Bytes out, bytes in: HTTP/1.1 over kept-alive connections, exactly as told, with one deadline for a whole answer.

``http.client`` is used because it changes nothing: no normalised path, no header of its own, no redirect followed.
"""

import http.client
import io
import select
import socket
import ssl
import time
import zlib
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from specduet.contracts.recording import Headers, Received, Sent

LARGEST_ANSWER = 64 * 2**20
"""In bytes. What is longer is cut off and recorded as a failure: nobody can judge it in time."""

_IDLE_S = 1.0
"""A connection that was idle for longer may be closed at any moment; a shorter one has no reason to be."""


@dataclass(frozen=True)
class Failed:
    """No complete answer came: ``kind`` says what happened to it, ``text`` in words.

    ``connection``: whether it was ``fresh``, had just served another request (``warm``) or had been ``idle`` since.
    """

    kind: str
    text: str
    elapsed_s: float
    connection: Literal["fresh", "warm", "idle"] = "fresh"


@dataclass
class Transport:
    """A pool of connections to one host. Threads may share it: each request has a connection to itself.

    ``keep``: whether a connection is used again. It becomes False when one breaks that was in use a moment ago: from
    then on a break can only be the service's fault.
    """

    url: str
    verify: bool | str = True
    keep: bool = True
    _idle: list[tuple[http.client.HTTPConnection, float]] = field(default_factory=list, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._proxy = _proxy(parts.scheme, self._host)
        self._context = _context(self.verify) if self._secure else None

    def exchange(self, sent: Sent, timeout_s: float) -> Received | Failed:
        """Send a request and read its answer; ``timeout_s`` covers both, but not the connecting.

        Raises ``ValueError`` for what HTTP/1.1 cannot carry: a line break in a header, a space in the URL.
        """
        started = time.monotonic()
        try:
            connection, age = self._connection(timeout_s)
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            return Failed(*explain(error), time.monotonic() - started)
        started = time.monotonic()
        try:
            received = self._exchange(connection, sent, started, timeout_s)
        except (ValueError, http.client.InvalidURL) as error:
            connection.close()
            raise ValueError(str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            failed = Failed(*explain(error), time.monotonic() - started, age)
            self.keep = self.keep and (failed.kind, age) != ("dropped", "warm")
            return failed
        self._put_back(connection)
        return received

    def _put_back(self, connection: http.client.HTTPConnection) -> None:
        if not self.keep:
            connection.close()
        elif connection.sock is not None:  # None: the server said that it would close it
            with self._lock:
                self._idle.append((connection, time.monotonic()))

    def close(self) -> None:
        with self._lock:
            for connection, _ in self._idle:
                connection.close()
            self._idle.clear()

    def _connection(self, timeout_s: float) -> tuple[http.client.HTTPConnection, Literal["fresh", "warm", "idle"]]:
        while True:
            with self._lock:
                connection, since = self._idle.pop() if self._idle else (None, 0.0)
            if connection is None:
                return self._connected(timeout_s), "fresh"
            if not _closed(connection.sock):
                return connection, "idle" if time.monotonic() - since > _IDLE_S else "warm"
            connection.close()

    def _connected(self, timeout_s: float) -> http.client.HTTPConnection:
        host, port = self._proxy or (self._host, self._port)
        connection: http.client.HTTPConnection
        if self._secure:
            connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=self._context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        if self._proxy and self._secure:
            connection.set_tunnel(self._host, self._port)
        connection.connect()
        return connection

    def _exchange(
        self, connection: http.client.HTTPConnection, sent: Sent, started: float, timeout_s: float
    ) -> Received:
        clock = _Timed(connection.sock, started + timeout_s)
        connection.sock = clock
        try:
            self._send(connection, sent)
            response = connection.getresponse()
            body = _decoded(_whole(response), response.getheader("content-encoding"))
        finally:
            if connection.sock is clock:
                connection.sock = clock.inner
            else:  # the server said that it would close it
                clock.inner.close()
        elapsed = time.monotonic() - started
        headers = tuple(response.getheaders())
        return Received(response.status, headers, body, elapsed)

    def _send(self, connection: http.client.HTTPConnection, sent: Sent) -> None:
        through = self._proxy and not self._secure
        split = urlsplit(sent.url)
        target = sent.url if through else sent.url[len(f"{split.scheme}://{split.netloc}") :]
        connection.putrequest(sent.method, target or "/", skip_host=True, skip_accept_encoding=True)
        for name, value in sent.headers:
            connection.putheader(name, encoded(value))
        connection.endheaders(sent.body)


def _whole(response: http.client.HTTPResponse) -> bytes:
    """The body to its announced end; ``http.client`` itself does not mind one that is cut short."""
    announced = response.getheader("content-length", "")
    try:
        body = response.read(LARGEST_ANSWER)
    except ConnectionError as error:
        raise http.client.IncompleteRead(b"") from error
    if len(body) == LARGEST_ANSWER and response.read(1):
        raise http.client.HTTPException(f"the answer is longer than {LARGEST_ANSWER} bytes")
    bodiless = response.status in {204, 304} or response.getheader("transfer-encoding") is not None
    if announced.isdecimal() and not bodiless and len(body) < int(announced):
        raise http.client.IncompleteRead(body, int(announced) - len(body))
    return body


class _Timed:
    """A socket whose every read and write must end by one deadline (``time.monotonic``)."""

    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self.inner = inner
        self._deadline = deadline

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def close(self) -> None:
        """Nothing yet: ``http.client`` closes a connection that ends with its answer before the answer was read."""

    def sendall(self, data: bytes) -> None:
        self._arm()
        self.inner.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def read(self, buffer: memoryview) -> int:
        self._arm()
        return self.inner.recv_into(buffer)

    def _arm(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.inner.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, timed: _Timed) -> None:
        self._timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._timed.read(buffer)


def encoded(value: str) -> bytes:
    """A header's value as it goes out: Latin-1 as HTTP has it, UTF-8 where that cannot hold it."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()


class _Undecodable(http.client.HTTPException):
    """The body is not in the coding that its Content-Encoding names."""


_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...] = (
    (TimeoutError, "timeout", "no complete answer in time"),
    (ConnectionRefusedError, "refused", "nothing listens there"),
    (socket.gaierror, "unknown host", "the host's name is unknown"),
    (http.client.IncompleteRead, "cut short", "the connection was closed in the middle of the answer"),
    ((http.client.RemoteDisconnected, ConnectionError), "dropped", "the connection was closed without an answer"),
    (_Undecodable, "undecodable", "the body is not in the coding that its Content-Encoding names"),
    (http.client.BadStatusLine, "no HTTP", "what answers is no HTTP"),
)


def explain(error: Exception) -> tuple[str, str]:
    """The kind of a failure, and a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "tls", f"TLS failed ({error.verify_message.rstrip('.')})"
    if isinstance(error, ssl.SSLError):
        return "tls", f"TLS failed ({(error.reason or str(error)).replace('_', ' ').lower()})"
    known = ((kind, text) for types, kind, text in _KINDS if isinstance(error, types))
    return next(known, ("failed", f"{type(error).__name__}: {error}"))


def _closed(sock: socket.socket) -> bool:
    """Whether the other side has hung up while the connection was idle: then something, the end, can be read."""
    try:
        return bool(select.select([sock], [], [], 0)[0])
    except (OSError, ValueError):
        return True


def _context(verify: bool | str) -> ssl.SSLContext:  # noqa: FBT001 - the usual spelling of this option
    context = ssl.create_default_context(cafile=verify if isinstance(verify, str) else None)
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _proxy(scheme: str, host: str) -> tuple[str, int] | None:
    """The proxy that the environment names for a host (``HTTPS_PROXY``, ``NO_PROXY``), never for this machine."""
    if host == "localhost" or host.startswith("127.") or proxy_bypass(host):
        return None
    parts = urlsplit(getproxies().get(scheme, ""))
    return (parts.hostname, parts.port or 80) if parts.hostname else None


def _decoded(body: bytes, coding: str | None) -> bytes:
    """The body without a content coding; one that nobody here knows stays on it. Raises ``_Undecodable``."""
    if coding is None or coding.lower() not in {"gzip", "x-gzip", "deflate"} or not body:
        return body
    try:
        return zlib.decompress(body, 47)  # 47: gzip or zlib, told apart by their headers
    except zlib.error as error:
        raise _Undecodable(coding) from error


__all__ = ["LARGEST_ANSWER", "Failed", "Headers", "Transport", "encoded", "explain"]
