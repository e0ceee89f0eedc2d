"""The request log: one line for each request, which nothing in a request or a document can forge."""

import asyncio
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from specduet.mocks import create_app
from specduet.mocks.request_log import RequestLog
from specduet.mocks.responses import HttpResponse
from specduet.mocks.settings import Settings
from tests.mocks.raw_http import RawRequest, send_raw


def write_lines(log_format: Any, *entries: tuple[dict[str, Any], HttpResponse | None]) -> list[str]:
    stream = io.StringIO()

    async def run() -> None:
        log = RequestLog(log_format, stream)
        for scope, response in entries:
            log.add_entry(scope, response, 0.0)
        assert stream.getvalue() == ""  # it is written later
        log.flush()

    asyncio.run(run())
    return stream.getvalue().splitlines()


def make_scope(path: str) -> dict[str, Any]:
    return {"method": "POST", "path": path, "raw_path": path.encode("latin-1")}


PROBLEMS = [{"loc": ("body", "crew_type"), "msg": "Input should be 'a'"}, {"loc": ("query", "n"), "msg": "Too\nlong"}]


def test_lines_in_text() -> None:
    """Method, path, status and time, and what was wrong or ignored; a dropped connection has no status."""
    accepted, ignored, reset, rejected = write_lines(
        "text",
        (make_scope("/v1/runs"), HttpResponse(200, [], b"x")),
        (make_scope("/v1/runs"), HttpResponse(200, [], b"x", reason="Prefer: wait='x' is ignored")),
        (make_scope("/v1/runs"), None),
        (make_scope("/v1/runs"), HttpResponse(422, [], reason=PROBLEMS)),
    )
    assert re.fullmatch(r"POST /v1/runs 200 [\d.]+ ms", accepted)
    assert ignored.endswith(" ms: Prefer: wait='x' is ignored")
    assert re.fullmatch(r"POST /v1/runs reset [\d.]+ ms", reset)
    assert rejected.endswith(r" ms: body.crew_type: Input should be 'a'; query.n: Too\u000along")


def test_lines_in_json() -> None:
    """Each line is a JSON object."""
    (line,) = write_lines("json", (make_scope("/ä"), HttpResponse(404, [], reason="Not Found")))
    entry = json.loads(line)
    assert entry.pop("ms") >= 0
    assert entry == {"method": "POST", "path": "/ä", "status": 404, "reason": "Not Found"}


def test_no_request_moves_the_cursor_or_ends_a_line() -> None:
    """Control characters are escaped, and long paths and reasons are cut."""
    hostile = HttpResponse(400, [], reason="\x1b[2J\r\n::error::" + "x" * 5_000)
    (line,) = write_lines("text", (make_scope("/\x1b]0;\x07" + "y" * 5_000), hostile))
    assert line.isprintable()
    assert len(line) < 3_000


def test_a_reader_that_does_not_read_stops_nothing() -> None:
    """A full pipe takes no more lines: they wait, then they are dropped, and the mock goes on."""
    reader, writer = os.pipe()

    async def run(count: int) -> None:
        log = RequestLog("text", stream)
        for _ in range(count):
            log.add_entry(make_scope("/" + "x" * 1_000), HttpResponse(200, []), 0.0)
        log.flush()
        log.flush()

    with os.fdopen(reader, "rb") as source, os.fdopen(writer, "w", encoding="utf-8") as stream:
        asyncio.run(run(2_000))
        assert source.read(10) == b"POST /xxxx"


def test_create_app_does_not_log(capsys: pytest.CaptureFixture[str]) -> None:
    """An application in your own process writes nothing unless you ask for it."""
    send_raw(create_app(["nx1"]), RawRequest("GET", "/nowhere"))
    assert capsys.readouterr() == ("", "")


def test_an_application_that_logs(capsys: pytest.CaptureFixture[str]) -> None:
    """Every kind of request is logged: rejected, unknown, redirected, preflight and of the control API."""
    mock = create_app(["nx1"], Settings(log="text"))
    origin = [(b"origin", b"http://a.example"), (b"access-control-request-method", b"GET")]
    for method, target, headers in (
        ("GET", "/api/crew-runs", []),
        ("GET", "/nowhere", []),
        ("GET", "/api/crew-runs/", []),
        ("OPTIONS", "/api/crew-runs", origin),
        ("GET", "/__mock__/ready", []),
    ):
        send_raw(mock, RawRequest(method, target, headers))
    mock._log.flush()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" ")[2] for line in lines] == ["401", "404", "307", "204", "200"]
    assert lines[0].endswith(" ms: Not authenticated")


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        ((), rb"GET /__mock__/ready 200 [\d.]+ ms\n"),
        (("--log-format", "json"), rb'\{"method":"GET",.*"status":200.*\}\n'),
        (("--quiet",), rb""),
    ],
)
def test_the_command_logs(tmp_path: Path, options: tuple[str, ...], pattern: bytes) -> None:
    """``specduet mock`` logs to standard error by default, as JSON if you like, and not at all with ``--quiet``."""
    command = [sys.executable, "-I", "-m", "specduet", "mock", "nx1", "--port", "0", *options]
    errors = tmp_path / "errors"
    with (
        errors.open("wb") as stream,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream, text=True) as process,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().rsplit(" ", 1)[1].strip()
        assert httpx.get(f"{url}/__mock__/ready").status_code == 200
        process.terminate()
        process.communicate(timeout=30)
    assert re.fullmatch(pattern, errors.read_bytes())
