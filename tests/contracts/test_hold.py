"""A run that loses its credentials or its service stops, says after which request, and judges nothing after it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from specduet.contracts.options import RunOptions
from specduet.contracts.run import RunResult, run_contract
from specduet.contracts.sending.target import Target
from tests.contracts.test_plan import write_api

LINES = ["GET /things", "POST /things", "POST /switch", "GET /shops", "GET /shops/{id}", "PUT /shops/{id}"]


class SwitchedService:
    """A service that answers everything with one status once ``POST /switch`` was called."""

    def __init__(self, status: int, lasts: int = 10_000) -> None:
        self.status = status
        self.left = 0
        self.lasts = lasts
        self.served = 0

    async def respond(self, request: Request) -> Response:
        self.served += 1
        if self.left > 0:
            self.left -= 1
            return JSONResponse({"detail": "not now"}, self.status)
        if request.url.path == "/switch":
            self.left = self.lasts
        row = {"id": 1, "name": "one"}
        return JSONResponse([row] if request.method == "GET" and request.url.path.endswith("s") else row)

    def build_app(self) -> Starlette:
        app = Starlette()
        app.add_route("/{path:path}", self.respond, ["GET", "POST", "PUT"])
        return app


def run_on(service: SwitchedService, folder: Path, serve: Callable[[Any], str], *lines: str) -> RunResult:
    """Return the result of a run without generated requests against a service."""
    api = write_api(folder, lines or LINES)
    target = Target.parse(serve(service.build_app()), credentials=["key=k"])
    return run_contract([api], target, RunOptions(generate=False))


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_a_lost_hold_ends_the_run(tmp_path: Path, serve: Callable[[Any], str], status: int) -> None:
    """Where every request is refused after one that nobody took for harmful, sending stops; the rest is not judged."""
    service = SwitchedService(status)
    result = run_on(service, tmp_path, serve)
    assert result.inconclusive_reason.startswith("Sending stopped: after POST /switch (request ")
    assert f"was 200 and is {status} now" in result.inconclusive_reason
    assert service.served < 60
    assert {e.status for e in result.recording.exchanges if e.status != 500} == {200}
    assert len([f for f in result.findings if str(status) in f.message]) == (status == 500)  # a failure is a finding
    assert result.exit_code() == (1 if status == 500 else 2)


@pytest.mark.parametrize("status", [404, 503])
def test_a_short_failure_ends_nothing(tmp_path: Path, serve: Callable[[Any], str], status: int) -> None:
    """A service that fails for a few requests and comes back is tested to the end."""
    result = run_on(SwitchedService(status, lasts=3), tmp_path, serve)
    assert result.inconclusive_reason == ""
    assert result.recording.unjudged == []


def test_one_failing_operation_ends_nothing(tmp_path: Path, serve: Callable[[Any], str]) -> None:
    """An operation that fails from some request on is a finding: others are still answered."""

    async def respond(request: Request) -> Response:
        respond_count[request.url.path] = respond_count.get(request.url.path, 0) + 1
        is_broken = request.url.path == "/things" and respond_count["/things"] > 3
        return JSONResponse({"detail": "x"}, 500) if is_broken else JSONResponse([{"id": 1, "name": "one"}])

    respond_count: dict[str, int] = {}
    app = Starlette()
    app.add_route("/{path:path}", respond, ["GET"])
    api = write_api(tmp_path, ["GET /things", "GET /shops"], secured=False)
    result = run_contract([api], Target(serve(app)), RunOptions(generate=False))
    assert result.inconclusive_reason == ""
    assert "SD701" in {finding.code for finding in result.findings}
