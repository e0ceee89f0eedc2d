"""Fixtures for your tests: a mock in a process of its own.

pytest loads this module wherever specduet is installed. It imports nothing else of specduet, so that it costs other
test suites nothing.
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

TIMEOUT_S = 30.0
"""How long the mock may take to start, to respond and to stop."""

_URL_PATTERN = re.compile(r"https?://[^\s/]+")


class RunningMock:
    """A mock in a process of its own.

    ``arguments`` are those of ``specduet mock``. Raises ``RuntimeError`` with the output of a mock that does not start.
    """

    url: str
    """The base URL, such as ``http://127.0.0.1:40001``."""

    def __init__(self, arguments: tuple[str, ...]) -> None:
        # -I: neither the folder that the tests run in nor PYTHONPATH decides what `specduet` imports
        command = [sys.executable, "-I", "-m", "specduet", "mock", *arguments, "--port", "0"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._output: queue.Queue[str | None] = queue.Queue()
        self._reader_thread = threading.Thread(target=self._read_output, daemon=True)
        self._reader_thread.start()
        self.url = self._await_url(command)

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._output.put(line)
        self._output.put(None)

    def _await_url(self, command: list[str]) -> str:
        lines: list[str] = []
        deadline = time.monotonic() + TIMEOUT_S
        try:
            while (line := self._output.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
                lines.append(line)
                if match := _URL_PATTERN.search(line):
                    return match[0]
        except queue.Empty:
            lines.append(f"(no URL within {TIMEOUT_S:g} s)")
        self.stop()
        raise RuntimeError(f"the mock did not start: {' '.join(command)}\n{''.join(lines)}")

    def call(self, method: str, path: str, body: object = None, *, session: str | None = None) -> Any:
        """Send a request to the control API and return the JSON of its response, or None where it has no body.

        ``call("POST", "clock/advance", {"seconds": 60})`` lets a minute pass. Raises ``urllib.error.HTTPError`` for an
        error response.
        """
        headers = {"Content-Type": "application/json"} | ({"X-Mock-Session": session} if session else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/__mock__/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            text = response.read()
        return json.loads(text) if text else None

    def reset(self) -> None:
        """Return state, clock, faults and journal to how they were at the start."""
        self.call("POST", "reset")

    def get_state(self) -> dict[str, Any]:
        """Return the rows of every collection, by API and resource."""
        state: dict[str, Any] = self.call("GET", "state")
        return state

    def get_requests(self, **filters: str | int) -> list[dict[str, Any]]:
        """Return the requests that were received, oldest first: ``get_requests(method="POST", status=200)``."""
        query = urllib.parse.urlencode(filters)
        requests: list[dict[str, Any]] = self.call("GET", f"requests?{query}")["requests"]
        return requests

    def stop(self) -> None:
        """End the process. Its output is thrown away."""
        self._process.terminate()
        try:
            self._process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader_thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
def specduet_mock() -> Iterator[Callable[..., RunningMock]]:
    """Return a function that starts a mock: ``specduet_mock("nx1", "--seed", "7")``.

    It takes the arguments of ``specduet mock``. A mock is started once a session for the same arguments, and stopped at
    the session's end.
    """
    running_mocks: dict[tuple[str, ...], RunningMock] = {}

    def start_mock(*arguments: str) -> RunningMock:
        if arguments not in running_mocks:
            running_mocks[arguments] = RunningMock(arguments)
        return running_mocks[arguments]

    yield start_mock
    for mock in running_mocks.values():
        mock.stop()


@pytest.fixture
def specduet_mock_url(specduet_mock: Callable[..., RunningMock]) -> str:
    """Return the base URL of a mock of every bundled API, reset to how it was at the start."""
    mock = specduet_mock()
    mock.reset()
    return mock.url
