"""Rows that a client names by PUT, and rows that are created in batches: their lists are judged like any other."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

from specduet.contracts.recording import ReceivedResponse, SentRequest
from specduet.contracts.run import RunResult
from tests.contracts.test_blame import read_json
from tests.contracts.test_small_documents import respond

Judge = Callable[..., RunResult]
_ROW = (
    "{type: object, required: [color], properties: {color: {type: string, enum: [red, blue]}, size: {type: integer}}}"
)
_LIST = (
    "get: {parameters: [{name: color, in: query, schema: {type: string, enum: [red, blue]}}], responses: {'200':"
    f" {{description: ok, content: {{application/json: {{schema: {{type: array, items: {_ROW}}}}}}}}}, '400':"
    " {description: bad}}}"
)
_OK = f"{{description: ok, content: {{application/json: {{schema: {_ROW}}}}}}}"
_NAMED = f"""
  /lamps: {{{_LIST}}}
  /lamps/{{name}}:
    parameters: [{{name: name, in: path, required: true, schema: {{type: string}}}}]
    get: {{responses: {{'200': {_OK}, '404': {{description: none}}}}}}
    put:
      requestBody: {{required: true, content: {{application/json: {{schema: {_ROW}}}}}}}
      responses: {{'200': {_OK}, '201': {_OK}, '400': {{description: bad}}}}
"""
_BATCH = f"""
  /lamps:
    {_LIST}
    post:
      requestBody:
        required: true
        content: {{application/json: {{schema: {{type: array, minItems: 1, items: {_ROW}}}}}}}
      responses: {{'201': {{description: made}}, '400': {{description: bad}}}}
"""


def is_row(row: Any) -> bool:
    return isinstance(row, dict) and row.get("color") in ("red", "blue") and type(row.get("size", 1)) is int


def keep_lamps(*, is_filtered: bool) -> Callable[[SentRequest], ReceivedResponse]:
    """Return a service that begins without lamps, and may ignore its filter."""
    lamps: dict[str, dict[str, Any]] = {}

    def save(request: SentRequest, name: str) -> ReceivedResponse:
        body = read_json(request)
        rows = body if isinstance(body, list) and request.method == "POST" else [body]
        is_json = "json" in (request.get_header("content-type") or "")
        if not is_json or not rows or not all(map(is_row, rows)) or (request.method == "POST" and rows[0] is body):
            return respond(400, "{}")
        status = 200 if name in lamps else 201
        lamps.update({name or f"lamp {len(lamps) + place}": row for place, row in enumerate(rows)})
        return respond(status, json.dumps(rows[0]) if name else "")

    def service(request: SentRequest) -> ReceivedResponse:
        name = unquote(request.path.partition("/lamps/")[2])
        if request.method in {"PUT", "POST"}:
            return save(request, name)
        if name:
            return respond(200, json.dumps(lamps[name])) if name in lamps else respond(404, "{}")
        colors = parse_qs(request.query, keep_blank_values=True).get("color", [])
        if not set(colors) <= {"red", "blue"}:
            return respond(400, "{}")
        return respond(
            200, json.dumps([row for row in lamps.values() if not is_filtered or {row["color"]} >= set(colors)])
        )

    return service


@pytest.mark.parametrize("paths", [_NAMED, _BATCH], ids=["by name", "in a batch"])
def test_a_filter_without_effect_is_told_of_rows_that_the_run_creates(judge: Judge, paths: str) -> None:
    """A list that is empty at first gets rows of several colors, whose filter a careless service ignores."""
    assert [finding.code for finding in judge(paths, keep_lamps(is_filtered=True)).findings] == []
    found = judge(paths, keep_lamps(is_filtered=False)).findings
    assert found
    assert {finding.severity for finding in found} == {"warning"}
    assert {finding.code[:3] for finding in found} == {"SD5"}
