"""All services by name, and how each framework's applications are served."""

import importlib
import json
import logging
import pkgutil
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from tests.catalogue.generic import services
from tests.conftest import serve_app

NODE_FOLDER = Path(__file__).parent / "node"


@dataclass(frozen=True)
class RunningService:
    """A service that listens."""

    url: str
    document: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@cache
def find_builders() -> Mapping[str, Callable[[], Any]]:
    """Return the functions that build services, by name: ``deleting.ring``."""
    found: dict[str, Callable[[], Any]] = {}
    for module in pkgutil.iter_modules(services.__path__):
        imported = importlib.import_module(f"{services.__name__}.{module.name}")
        for name, value in vars(imported).items():
            if name.startswith("build_") and value.__module__ == imported.__name__:
                found[f"{module.name.removesuffix('_services')}.{name.removeprefix('build_')}"] = value
    return dict(sorted(found.items()))


@contextmanager
def open_service(name: str) -> Iterator[RunningService]:
    """Build a service and serve it on a port of its own."""
    with open_app(name) as (app, opened):
        if app is None:
            yield opened
            return
        with serve_app(app) as url:
            yield replace(opened, url=url)


@contextmanager
def open_app(name: str) -> Iterator[tuple[Any, RunningService]]:
    """Build a service, to be served in front of it: the ASGI application, None where its own server has to run."""
    app = find_builders()[name]()
    document, headers = _find_document(app), _find_headers(app)
    if not hasattr(app, "wsgi_app"):
        yield app, RunningService("", document, headers)
        return
    with _serve_wsgi(app) as url:
        yield None, RunningService(url, document, headers)


def _find_document(app: Any) -> Mapping[str, Any]:
    if isinstance(app, FastAPI):
        return app.openapi()
    document: Mapping[str, Any] = app.write_document() if hasattr(app, "write_document") else app.document
    return document


def _find_headers(app: Any) -> Mapping[str, str]:
    holder = app.state if isinstance(app, FastAPI) else app
    headers: Mapping[str, str] = getattr(holder, "headers", None) or {}
    return headers


@contextmanager
def _serve_wsgi(app: Any) -> Iterator[str]:
    from werkzeug.serving import make_server  # Flask's own server, for services on Flask alone

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class NodeMissing(Exception):
    """Node, npm or what npm installs is not there."""


@contextmanager
def open_node_services() -> Iterator[Mapping[str, RunningService]]:
    """Serve all services on Node, by name. Raises ``NodeMissing``, with a sentence, where that cannot be."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            raise NodeMissing(f"services on Node are skipped: there is no {command}")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(NODE_FOLDER, folder, dirs_exist_ok=True)
        installed = subprocess.run(
            ["npm", "install", "--silent", "--no-audit", "--no-fund"],  # noqa: S607  wherever npm is
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        if installed.returncode:
            raise NodeMissing(
                f"services on Node are skipped: npm cannot install them: {installed.stderr.strip()[:200]}"
            )
        with subprocess.Popen(
            ["node", "serve.js"],  # noqa: S607  wherever node is
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            started = json.loads(process.stdout.readline() or "{}")
            try:
                yield {
                    name: RunningService(f"http://127.0.0.1:{one['port']}", one["document"])
                    for name, one in started.items()
                }
            finally:
                process.terminate()
