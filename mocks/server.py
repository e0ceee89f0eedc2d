"""The mock as a server: uvicorn on one port, with uvloop and httptools where they are installed."""

import contextlib
import errno
import gc
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from specduet.mocks.app import Mock, create_app
from specduet.mocks.connection_protocol import build_protocol_class
from specduet.mocks.responses import end_streams
from specduet.mocks.settings import Settings
from specduet.mocks.tls import TlsCertificate
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
    tls: TlsCertificate | None = None,
) -> None:
    """Serve the mock until SIGINT or SIGTERM.

    ``port`` 0 takes a free one. ``on_ready`` is called once with the base URL, when the server accepts requests. With
    ``reload``, the files of the APIs are watched. With ``tls``, it is HTTPS. Raises ``UsageError`` if the address
    cannot be listened on, or the certificate cannot be read.
    """
    with _open_listener(host, port) as listener:
        mock = create_app(apis, settings)
        config = uvicorn.Config(
            mock if reload is None else reload(mock),
            http=build_protocol_class(),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
            ssl_certfile=tls.file if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
        if tls is not None:
            _load_certificate(config)
        for name in ("uvicorn", "python_multipart"):  # the request log says what is wrong with a request
            logging.getLogger(name).setLevel(logging.ERROR)
        with _absorb_reraised_signals():
            _MockServer(config, _build_base_url(listener, "https" if tls else "http"), on_ready).run([listener])


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
        end_streams()


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


def _load_certificate(config: uvicorn.Config) -> None:
    """Load the configuration now, so that bad files of a certificate are reported in a sentence."""
    try:
        config.load()
    except OSError as error:  # ssl.SSLError among them
        raise UsageError(
            f"{config.ssl_certfile} and {config.ssl_keyfile} are no certificate with its key: {error}",
            remedy="Both are PEM files, the key without a password.",
        ) from None


def _build_base_url(listener: socket.socket, scheme: str) -> str:
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
