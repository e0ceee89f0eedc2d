"""Runs that are interrupted: they stop at once, tell what they found, and write their report."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.json_handler import JsonHandler, run_server

SCHEMA = "{type: object, required: [id], properties: {id: {type: integer}}}"
DOCUMENT = f"""\
openapi: 3.1.0
info: {{title: Slow, version: '1'}}
paths:
  /rows:
    get:
      parameters:
        - {{name: size, in: query, schema: {{type: integer, minimum: 1, maximum: 90}}}}
      responses:
        '200': {{description: rows, content: {{application/json: {{schema: {{type: array, items: {SCHEMA}}}}}}}}}
  /others:
    get:
      parameters:
        - {{name: word, in: query, schema: {{type: string, minLength: 2}}}}
      responses:
        '200': {{description: a row, content: {{application/json: {{schema: {SCHEMA}}}}}}}
"""
STUCK_AT = 40
PATIENCE_S = 60


class StuckService(ThreadingHTTPServer):
    """Answers with a wrong type, and from some request on not at all."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), StuckHandler)
        self.count = 0
        self.is_stuck = threading.Event()
        self.may_end = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"


class StuckHandler(JsonHandler):
    server: StuckService

    def do_GET(self) -> None:  # noqa: N802 - what http.server calls
        self.server.count += 1
        if self.server.count >= STUCK_AT:
            self.server.is_stuck.set()
            self.server.may_end.wait(PATIENCE_S)
            return
        row = {"id": "wrong"}
        self.send_json(200, [row] if self.path.startswith("/rows") else row)


@pytest.fixture
def service() -> Iterator[StuckService]:
    server = StuckService()
    with run_server(server):
        yield server
        server.may_end.set()


def start_run(folder: Path, url: str) -> "subprocess.Popen[str]":
    """Start ``specduet test`` in a process group of its own, as a shell does."""
    (folder / "slow.yaml").write_text(DOCUMENT, encoding="utf-8")
    words = [sys.executable, "-I", "-m", "specduet", "test", "slow.yaml", "--url", url, "--report", "out"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(words, cwd=folder, env=environment, text=True, start_new_session=True, **pipes)


def interrupt_group(process: "subprocess.Popen[str]") -> None:
    """Do what Ctrl-C does: every process of the group gets the signal."""
    os.killpg(process.pid, signal.SIGINT)


def terminate_launcher(process: "subprocess.Popen[str]") -> None:
    """Send SIGTERM to the first process alone."""
    process.terminate()


def leave_pipe(process: "subprocess.Popen[str]") -> None:
    """Read no more, as ``| head -1`` does."""
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()


@pytest.mark.parametrize("interrupt", [interrupt_group, terminate_launcher, leave_pipe])
def test_an_interrupted_run_tells_what_it_found(
    tmp_path: Path, service: StuckService, interrupt: Callable[["subprocess.Popen[str]"], None]
) -> None:
    """Ctrl-C, SIGTERM and a closed pipe end a run that waits for a response; exit 130, with findings and a report."""
    with start_run(tmp_path, service.url) as process:
        assert service.is_stuck.wait(PATIENCE_S)
        interrupt(process)
        stdout = "" if process.stdout is None or process.stdout.closed else process.stdout.read()
        assert process.wait(PATIENCE_S) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["exit_code"] == 130
    assert report["findings"]
    assert "robustness" not in {finding["family"] for finding in report["findings"]}  # nothing of the broken request
    assert any(note.startswith("Interrupted after ") for note in report["notes"])
    assert "Interrupted after" in stdout or interrupt is leave_pipe
    assert not service.may_end.is_set()


def test_a_run_that_has_found_nothing_yet_says_so(tmp_path: Path, service: StuckService) -> None:
    """Interrupted at its first request, a run has a sentence and exit code 130."""
    service.count = STUCK_AT
    with start_run(tmp_path, service.url) as process:
        assert service.is_stuck.wait(PATIENCE_S)
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 130
    assert "interrupted before anything was tested" in stdout + stderr
    assert "Traceback" not in stderr
