"""Connections of the mock's server: uvicorn's protocol with bounds on what a client may send, and joined writes."""

import asyncio
from typing import Any, cast

from specduet.mocks.control.fault_effects import TRANSPORT_KEY
from specduet.mocks.request_head import MAX_HEAD_BYTES

MAX_UNREAD_BYTES = 4 * MAX_HEAD_BYTES
"""Bytes of a request that may come before its head is complete; the connection is closed at the next one.

More than a head may have, so that a client whose head is somewhat too long gets its 431 from the pipeline.
"""

IDLE_CHECK_S = 30.0
"""Seconds between two looks at a connection. One on which a head is begun and not complete at two looks is closed."""

_LINGER_S = 2.0
"""Seconds in which a client whose head was refused can read the response before the connection is closed."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 34\r\nconnection: close\r\n\r\nThe head of the request is endless"
)


def build_protocol_class() -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with the transport of the connection in the ASGI state: a fault may have to cut it."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    pending: list[WriteCoalescingTransport] = []

    class ConnectionProtocol(_bound_heads(AutoHTTPProtocol)):  # type: ignore[misc]
        def __init__(self, *args: Any, app_state: dict[str, Any], **options: Any) -> None:
            self._connection_state = dict(app_state)
            super().__init__(*args, app_state=self._connection_state, **options)

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            # uvloop's transports are no subclasses of asyncio's, so there is nothing to check at run time
            coalescing = WriteCoalescingTransport(cast("asyncio.Transport", transport), pending)
            self._connection_state[TRANSPORT_KEY] = coalescing
            super().connection_made(coalescing)

    return ConnectionProtocol


class HeadProgress:
    """How far a connection has come with the head of a request."""

    __slots__ = ("has_completed", "is_refused", "unread_bytes", "was_waiting")

    def __init__(self) -> None:
        self.unread_bytes = 0
        """Bytes that came since the last head was complete, or since the last piece of a body."""
        self.has_completed = False
        self.was_waiting = False
        """Whether a head was incomplete when it was last looked at, and none has been completed since."""
        self.is_refused = False

    def complete(self) -> None:
        self.unread_bytes, self.has_completed, self.was_waiting = 0, True, False

    def refuse(self, transport: asyncio.Transport) -> None:
        """Respond with 431 to a head that has become too large. What still comes is dropped, so that this arrives."""
        if not transport.is_closing():
            self.is_refused = True
            transport.write(_TOO_LARGE)
            asyncio.get_running_loop().call_later(_LINGER_S, transport.close)

    def watch(self, transport: asyncio.Transport) -> None:
        """Close the connection, now or at a later look, where a head stays incomplete from one look to the next."""
        if transport.is_closing():
            return
        is_waiting = self.unread_bytes > 0 or not self.has_completed
        if is_waiting and self.was_waiting:
            transport.close()
            return
        self.was_waiting = is_waiting
        asyncio.get_running_loop().call_later(IDLE_CHECK_S, self.watch, transport)


def _bound_heads(base: Any) -> Any:
    """Return a protocol that refuses a head without end with 431 (RFC 6585, 5), and closes where none is completed.

    uvicorn bounds neither with httptools. h11 bounds heads itself, and has no such callbacks: nothing is added to it.
    """
    if not hasattr(base, "on_headers_complete"):
        return base
    # speed: every request pays for these calls, and super() costs as much as the rest
    feed, complete_headers, read_body = base.data_received, base.on_headers_complete, base.on_body

    class BoundedProtocol(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            self._head = HeadProgress()
            super().__init__(*args, **options)

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._head.watch(transport)

        def data_received(self, data: bytes) -> None:
            head = self._head
            if head.is_refused:
                return
            head.unread_bytes += len(data)
            feed(self, data)
            if head.unread_bytes > MAX_UNREAD_BYTES:
                head.refuse(self.transport)

        def on_headers_complete(self) -> None:
            self._head.complete()
            complete_headers(self)

        def on_body(self, body: bytes) -> None:
            self._head.unread_bytes = 0
            read_body(self, body)

    return BoundedProtocol


class WriteCoalescingTransport(asyncio.Transport):
    """A transport that joins two writes to one, for uvicorn writes the head of a response and its body separately.

    The first write is held until the second comes, at most until the event loop's next iteration. That saves one system
    call in three, and the client a packet. ``pending`` are all transports of one server with a held write.
    """

    # speed: 11 % less processor time for "422", 4-5 % for the others (make bench ARGS='--only tricks', 2026-11-28)

    def __init__(self, transport: asyncio.Transport, pending: list["WriteCoalescingTransport"]) -> None:
        super().__init__()
        self._transport = transport
        self._pending = pending
        self._buffer: Any = b""

    def write(self, data: Any) -> None:
        if self._transport.is_closing():  # uvloop raises where nobody is there to read any more
            self._buffer = b""
        elif self._buffer:
            first, self._buffer = self._buffer, b""
            self._transport.writelines((first, data))
        elif data:
            self._buffer = data
            if not self._pending:
                asyncio.get_running_loop().call_soon(_flush_transports, self._pending)
            self._pending.append(self)

    def flush(self) -> None:
        """Write the held data, unless the connection is closing."""
        if self._buffer and not self._transport.is_closing():
            self._transport.write(self._buffer)
        self._buffer = b""

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._buffer = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()


def _flush_transports(pending: list[WriteCoalescingTransport]) -> None:
    transports = pending.copy()
    pending.clear()  # before anything is written, so that an error there does not hold up later iterations
    for transport in transports:
        transport.flush()
