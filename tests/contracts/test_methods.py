"""What a path says of a method that it does not have."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from specduet.contracts.generation.known_values import KnownValues
from specduet.contracts.probes.robustness import probe_robustness
from specduet.contracts.sending.sender import Sender
from specduet.contracts.sending.target import Target
from specduet.specs import load
from tests.contracts.recording_builder import RecordingBuilder


def _serve_birds(status: int, headers: dict[str, str] | None) -> FastAPI:
    """A service that answers each TRACE so, and as its framework does where there are no headers."""
    app = FastAPI()

    @app.get("/birds")
    @app.post("/birds")
    def birds() -> list[str]:
        return []

    @app.middleware("http")
    async def refuse(request: Request, call_next: Any) -> Any:
        is_refused = request.method == "TRACE" and headers is not None
        return Response(status_code=status, headers=headers) if is_refused else await call_next(request)

    return app


@pytest.mark.parametrize(
    ("status", "headers", "count"),
    [(405, {}, 1), (405, {"allow": "GET, POST"}, 0), (405, None, 0), (404, {}, 0), (501, {}, 0), (401, {}, 0)],
)
def test_a_405_without_allow_is_told_once(
    tmp_path: Path, serve: Callable[[Any], str], status: int, headers: dict[str, str] | None, count: int
) -> None:
    """One TRACE is sent to a path; a 405 has to say which methods there are, other refusals need not."""
    app = _serve_birds(status, headers)
    (tmp_path / "birds.json").write_text(json.dumps(app.openapi()))
    api = load(tmp_path / "birds.json")
    target = Target.parse(serve(app))
    builder, known_values = RecordingBuilder(api), KnownValues(api, target.params)
    sender = Sender(target, api, builder.recording, on_exchange=known_values.observe_exchange)
    for operation in api.operations:
        probe_robustness(sender, operation, known_values)
    assert sum(exchange.request.method == "TRACE" for exchange in builder.recording.exchanges) == 1
    assert sum(len(builder.check_clause("SD111", operation.label)) for operation in api.operations) == count
