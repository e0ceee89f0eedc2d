"""What all tests share: a cache of their own, and ways to serve an application."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the cache of the user, nor do the processes that it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def start_server(app: Any) -> tuple[str, uvicorn.Server, threading.Thread]:
    """Serve an ASGI application on a port of its own; return its URL, and what ends it."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", server, thread


@contextmanager
def serve_app(app: Any) -> Iterator[str]:
    """Serve an ASGI application on a port of its own while the block runs, and yield its URL."""
    url, server, thread = start_server(app)
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[Any], str]]:
    """Return a function that serves an ASGI application on a port of its own until the module's tests have run."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> str:
        url, server, thread = start_server(app)
        servers.append((server, thread))
        return url

    yield start
    for server, _ in servers:
        server.should_exit = True
    for _, thread in servers:  # each server looks every 0.1 s whether it should exit: let all of them look at once
        thread.join()
