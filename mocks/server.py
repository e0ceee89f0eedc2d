"""The mock as a server: uvicorn on one port, with uvloop and httptools where they are installed."""

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from specduet.mocks.app import Mock, create_app
from specduet.mocks.control.fault_effects import TRANSPORT_KEY
from specduet.mocks.settings import Settings
from specduet.specs import Api, UsageError

if TYPE_CHECKING:
    from specduet.mocks.reloading import ReloadingMock

SHUTDOWN_TIMEOUT_S = 5
"""Time that running requests get to finish after SIGINT or SIGTERM."""

# speed: 9 % less processor time for "start" than with Python's own thresholds, for almost nothing that a request leaves
# behind is in a cycle (make bench ARGS='--only tricks', 2026-11-28)
GC_THRESHOLDS = (10_000, 20, 20)
"""Thresholds of Python's garbage collector: allocations before a search, searches before a deeper one."""

ReadyCallback = Callable[[str], None]
"""A function that is called with the base URL of the server: ``http://127.0.0.1:8000``."""

Reload = Callable[[Mock], "ReloadingMock"]
"""A function that returns the mock with its files watched."""


def serve(
    apis: Sequence[Api] | None = None,
    settings: Settings | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    on_ready: ReadyCallback | None = None,
    reload: Reload | None = None,
) -> None:
    """Serve the mock until SIGINT or SIGTERM.

    ``port`` 0 takes a free one. ``on_ready`` is called once with the base URL, when the server accepts requests. With
    ``reload``, the files of the APIs are watched. Raises ``UsageError`` if the address cannot be listened on.
    """
    with _open_listener(host, port) as listener:
        mock = create_app(apis, settings)
        config = uvicorn.Config(
            mock if reload is None else reload(mock),
            http=_build_protocol_class(),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        )
        for name in ("uvicorn", "python_multipart"):  # the request log says what is wrong with a request
            logging.getLogger(name).setLevel(logging.ERROR)
        with _absorb_reraised_signals():
            _MockServer(config, _build_base_url(listener), on_ready).run([listener])


@contextlib.contextmanager
def _absorb_reraised_signals() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM when uvicorn, having stopped because of one, raises it once more."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous_handlers = {number: signal.signal(number, _ignore_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def _ignore_signal(_number: int, _frame: FrameType | None) -> None:
    """Do nothing. ``SIG_IGN`` would be inherited by child processes."""


class _MockServer(uvicorn.Server):
    """uvicorn's server, with a callback that is called when it accepts requests."""

    def __init__(self, config: uvicorn.Config, url: str, on_ready: ReadyCallback | None) -> None:
        super().__init__(config)
        self._url = url
        self._on_ready = on_ready

    async def main_loop(self) -> None:
        gc.set_threshold(*GC_THRESHOLDS)
        if self._on_ready is not None:
            self._on_ready(self._url)
        await super().main_loop()


def _open_listener(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise UsageError(f"{port} is no port", remedy="Ports go from 0 to 65535; 0 takes a free one.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            _describe_bind_error(host, port, error),
            remedy="Choose another with --host or --port; --port 0 takes a free one.",
        ) from None


def _describe_bind_error(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use by another program"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} may not be used by this user"
    return f"{host}:{port} cannot be listened on: {error}"


def _build_base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _build_protocol_class() -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with the transport of the connection in the ASGI state: a fault may have to cut it."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    pending: list[WriteCoalescingTransport] = []

    class ConnectionProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, app_state: dict[str, Any], **options: Any) -> None:
            self._connection_state = dict(app_state)
            super().__init__(*args, app_state=self._connection_state, **options)

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            # uvloop's transports are no subclasses of asyncio's, so there is nothing to check at run time
            coalescing = WriteCoalescingTransport(cast("asyncio.Transport", transport), pending)
            self._connection_state[TRANSPORT_KEY] = coalescing
            super().connection_made(coalescing)

    return ConnectionProtocol


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
        if self._buffer:
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
