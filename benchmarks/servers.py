"""Servers as processes: started, waited for, weighed and stopped."""

import contextlib
import json
import math
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import Call

HOME = Path(__file__).parents[1]
_ADDRESS = re.compile(r"https?://[\d.]+:\d+")


@dataclass
class Running:
    """A server process and its base URL."""

    process: "subprocess.Popen[str]"
    url: str

    def rss(self) -> float:
        """What it holds of the machine's memory, in MiB."""
        said = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, text=True, check=True
        ).stdout
        return int(said) / 1024

    def cpu(self) -> float:
        """The seconds of processor time that it has had; ``nan`` where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return math.nan
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # proc(5): utime and stime

    def ask(self, call: Call) -> dict[str, Any]:
        """The answer to one call: its status, headers and body. Raises ``URLError`` where nobody answers."""
        request = urllib.request.Request(
            self.url + call.target, call.body.encode() or None, call.headers, method=call.method
        )
        try:
            response = urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            kept = [(n, v) for n, v in response.getheaders() if n.lower() not in {"date", "server", "connection"}]
            return {"status": response.status, "headers": kept, "body": response.read().decode()}


def mock_command(*arguments: str, port: int = 0, python: str = sys.executable) -> list[str]:
    """Return the command that starts the mock as its users start it."""
    return [python, "-I", "-m", "specduet", "mock", *arguments, "--port", str(port)]


@contextlib.contextmanager
def mock(*arguments: str, cache: Path | None = None) -> Iterator[Running]:
    """The mock as its users start it; ``cache`` is its cache folder, by default the user's own."""
    with _process(mock_command(*arguments), cache=cache) as process:
        yield Running(process, _address(process))


@contextlib.contextmanager
def mock_without(trick: str) -> Iterator[Running]:
    """The mock without one of ``benchmarks/tricks.py``."""
    with _process([sys.executable, "-m", "benchmarks.tricks", trick]) as process:
        yield Running(process, _address(process))


@contextlib.contextmanager
def rival(name: str, answer: dict[str, Any]) -> Iterator[Running]:
    """One of ``benchmarks/rivals.py`` that gives ``answer``."""
    with _process([sys.executable, "-m", "benchmarks.rivals", name], json.dumps(answer)) as process:
        yield Running(process, _address(process))


def launch(command: Sequence[str], call: Call, port: int, *, cache: Path | None = None) -> float:
    """Seconds from the launch of a server on ``port`` to its first expected answer to ``call``."""
    request = call.raw(f"127.0.0.1:{port}")
    expected = b"HTTP/1.1 %d" % call.status
    begun = time.perf_counter()
    with _process(command, cache=cache) as process:
        while not _answers(port, request).startswith(expected):
            if process.poll() is not None or time.perf_counter() - begun > 60:
                raise RuntimeError(f"{' '.join(command)} does not answer")
            time.sleep(0.005)
        return time.perf_counter() - begun


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _answers(port: int, request: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(request)
            return connection.recv(64)
    except OSError:
        return b""


@contextlib.contextmanager
def _process(
    command: Sequence[str], given: str = "", *, cache: Path | None = None
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command,
        cwd=HOME,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)} if cache else None,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(given)
        process.stdin.close()
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := _ADDRESS.search(line):
            return found[0]
    raise RuntimeError(f"{process.args!r} did not start")
