"""The creation of a row of a document without any statement, beside that of a bundled API."""

import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cases import RESET, START
from benchmarks.figure import Figure
from benchmarks.load import Call, rate
from benchmarks.servers import Running, mock

_TARGET = 1.2
CREATE = Call("POST", "/projects", 201, {"Content-Type": "application/json"}, '{"name": "Roof", "note": "tiles"}')
_TEXT = {"type": "string"}
_OWN = {"name": _TEXT, "note": _TEXT, "priority": {"type": "integer", "default": 1}}
_PROPERTIES = {
    "id": {"type": "string", "format": "uuid"},
    **_OWN,
    "status": {"type": "string", "enum": ["active", "archived"]},
    "owner": _TEXT,
    "created_at": {"type": "string", "format": "date-time"},
    "updated_at": {"type": "string", "format": "date-time"},
}


def measure_creation(rounds: int, seconds: float) -> Iterator[Figure]:
    """Yield the processor time of a creation by what is inferred, divided by that of a bundled one, in turns."""
    with tempfile.TemporaryDirectory() as scratch:
        document = Path(scratch, "projects.json")
        document.write_text(json.dumps(_build_document()))
        with mock("nx1") as bundled, mock(str(document), "--quiet") as inferred:
            ratios = [_cost(inferred, CREATE, seconds) / _cost(bundled, START, seconds) for _ in range(rounds + 1)]
    ratio = statistics.median(ratios[1:])  # the first turn fills caches
    spread = f"{min(ratios[1:]):.2f}-{max(ratios[1:]):.2f}"
    yield Figure("creation: inferred / bundled", f"{ratio:.2f} ({spread})", f"<= {_TARGET}", ratio <= _TARGET)


def _cost(server: Running, call: Call, seconds: float) -> float:
    """Return the processor time of one request, in seconds."""
    before = server.cpu()
    answered = rate(server.url, call, seconds) * seconds
    cost = (server.cpu() - before) / answered
    server.ask(RESET)  # every turn begins with the same rows
    return cost


def _build_document() -> dict[str, Any]:
    project = {"type": "object", "required": ["id", "name", "status"], "properties": _PROPERTIES}
    body = {"type": "object", "required": ["name"], "properties": _OWN}
    shown = {"description": "", "content": {"application/json": {"schema": project}}}
    listed = {"description": "", "content": {"application/json": {"schema": {"type": "array", "items": project}}}}
    identity = {"name": "id", "in": "path", "required": True, "schema": _PROPERTIES["id"]}
    create = {
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"201": shown},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Projects", "version": "1"},
        "paths": {
            "/projects": {"get": {"responses": {"200": listed}}, "post": create},
            "/projects/{id}": {"parameters": [identity], "get": {"responses": {"200": shown}}},
        },
    }
