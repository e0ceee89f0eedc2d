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
from typing import Any, cast

import uvicorn

from specduet.mocks.app import create_app
from specduet.mocks.control.fault_effects import TRANSPORT
from specduet.mocks.settings import Settings
from specduet.specs import Api, UsageError

# How long a request under way may take to finish after SIGINT or SIGTERM, in seconds.
GRACE = 5

# Python's thresholds for garbage collection: allocations before a search, searches before a deeper one.
SEARCHES = (10_000, 20, 20)

Ready = Callable[[str], None]


def serve(
    apis: Sequence[Api] | None = None,
    settings: Settings | None = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    on_ready: Ready | None = None,
) -> None:
    """Serve the mock until SIGINT or SIGTERM.

    ``port`` 0 takes a free one. ``on_ready`` is called once with the base URL, when requests are taken. Raises
    ``UsageError`` where the address cannot be had.
    """
    with _listen(host, port) as listener:
        config = uvicorn.Config(
            create_app(apis, settings),
            http=_protocol(),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
        )
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        with _ordinary_signals():
            _Server(config, _url(listener), on_ready).run([listener])


@contextlib.contextmanager
def _ordinary_signals() -> Iterator[None]:
    """uvicorn ends on SIGINT and SIGTERM, then raises them once more: here they have done their work by then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Not ``SIG_IGN``, which a child process would inherit."""


class _Server(uvicorn.Server):
    """uvicorn's server, which tells when it takes requests."""

    def __init__(self, config: uvicorn.Config, url: str, on_ready: Ready | None) -> None:
        super().__init__(config)
        self._url = url
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What was made up to now stays to the end. It need not be searched for garbage again and again, and what
        # requests leave behind is mostly freed without a search.
        gc.freeze()
        gc.set_threshold(*SEARCHES)
        if self._on_ready is not None:
            self._on_ready(self._url)


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65_535:
        raise UsageError(f"{port} is no port", remedy="Ports go from 0 to 65535; 0 takes a free one.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            _why(host, port, error), remedy="Choose another with --host or --port; --port 0 takes a free one."
        ) from None


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use by another program"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} may not be used by this user"
    return f"{host}:{port} cannot be listened on: {error}"


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _protocol() -> type[asyncio.Protocol]:
    """uvicorn's own protocol, which lets the application see the connection: a fault may have to cut it."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    waiting: list[Joining] = []

    class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, app_state: dict[str, Any], **options: Any) -> None:
            self._shared = dict(app_state)
            super().__init__(*args, app_state=self._shared, **options)

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            # uvloop's transports are no subclasses of asyncio's, so there is nothing to check at run time
            joined = Joining(cast("asyncio.Transport", transport), waiting)
            self._shared[TRANSPORT] = joined
            super().connection_made(joined)

    return Protocol


class Joining(asyncio.Transport):
    """A transport that writes two pieces at once, as uvicorn writes an answer: its head, then its body.

    The first is held until the second comes, at most until the event loop's next round. That saves one system call in
    three, and the client a packet. ``waiting`` are the transports of one server that held something in this round.
    """

    def __init__(self, transport: asyncio.Transport, waiting: list["Joining"]) -> None:
        super().__init__()
        self._transport = transport
        self._waiting = waiting
        self._held: Any = b""

    def write(self, data: Any) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.writelines((held, data))
        elif data:
            self._held = data
            if not self._waiting:
                asyncio.get_running_loop().call_soon(_flush, self._waiting)
            self._waiting.append(self)

    def flush(self) -> None:
        """Write what is held."""
        if self._held and not self._transport.is_closing():
            self._transport.write(self._held)
        self._held = b""

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self._held = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()


def _flush(waiting: list[Joining]) -> None:
    held = waiting.copy()
    waiting.clear()  # before anything is written, so that what goes wrong there does not hold up later rounds
    for joining in held:
        joining.flush()
