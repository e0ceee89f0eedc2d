"""Fixtures for other people's tests: a mock in a process of its own.

pytest loads this module by its entry point wherever this project is installed. It imports nothing else of it, so that
it costs other test suites nothing.
"""

import json
import queue
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# How long the mock may take to start and to stop, in seconds.
PATIENCE = 30.0

_URL = re.compile(r"https?://[^\s/]+")


class RunningMock:
    """A mock that is being served at ``url``, in a process of its own."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        # -I: neither the folder that the tests run in nor PYTHONPATH decides what `specduet` imports
        command = [sys.executable, "-I", "-m", "specduet", "mock", *arguments, "--port", "0"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._await_url(command)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _await_url(self, command: list[str]) -> str:
        said: list[str] = []
        ends = time.monotonic() + PATIENCE
        try:
            while (line := self._lines.get(timeout=max(0.0, ends - time.monotonic()))) is not None:
                said.append(line)
                if found := _URL.search(line):
                    return found[0]
        except queue.Empty:
            said.append(f"(nothing more within {PATIENCE:g} s)")
        self.stop()
        raise RuntimeError(f"the mock did not start: {' '.join(command)}\n{''.join(said)}")

    def call(self, method: str, path: str, body: object = None, *, session: str | None = None) -> Any:
        """Ask the control plane: ``call("POST", "clock/advance", {"seconds": 60})``; the answer's JSON, or None.

        Raises ``urllib.error.HTTPError`` for a refusal.
        """
        headers = {"Content-Type": "application/json"} | ({"X-Mock-Session": session} if session else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__mock__/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            text = response.read()
        return json.loads(text) if text else None

    def reset(self) -> None:
        """Back to the beginning: state, clock, faults and journal."""
        self.call("POST", "reset")

    def state(self) -> dict[str, Any]:
        """The rows of every collection, by API and resource."""
        state: dict[str, Any] = self.call("GET", "state")
        return state

    def requests(self, **wanted: str | int) -> list[dict[str, Any]]:
        """The requests that came in, oldest first: ``requests(method="POST", status=200)``."""
        query = urllib.parse.urlencode(wanted)
        found: list[dict[str, Any]] = self.call("GET", f"requests?{query}")["requests"]
        return found

    def stop(self) -> None:
        """End the process; what it printed is thrown away."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
def specduet_mock() -> Iterator[Callable[..., RunningMock]]:
    """Start a mock: ``specduet_mock("nx1", "--seed", "7")`` takes what ``specduet mock`` takes.

    Every mock is started once a session for the same arguments, and stopped at its end.
    """
    running: dict[tuple[str, ...], RunningMock] = {}

    def start(*arguments: str) -> RunningMock:
        if arguments not in running:
            running[arguments] = RunningMock(arguments)
        return running[arguments]

    yield start
    for mock in running.values():
        mock.stop()


@pytest.fixture
def specduet_mock_url(specduet_mock: Callable[..., RunningMock]) -> str:
    """The base URL of a mock of every bundled API, as it is at the beginning."""
    mock = specduet_mock()
    mock.reset()
    return mock.url
