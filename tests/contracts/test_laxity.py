"""A rule that a service enforces nowhere is told once, with all its places."""

import json
from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.findings import deduplicate
from tests.contracts.recording_builder import RecordingBuilder, load_paths

JSON = [("content-type", "application/json")]


def _build(folder: Path, count: int) -> RecordingBuilder:
    """Return a recording of an API that creates this many kinds of things, each with a note of its own."""
    paths: dict[str, Any] = {}
    for number in range(count):
        properties = {f"note{number}": {"type": "string"}, "size": {"type": "integer"}}
        schema = {"type": "object", "required": ["size"], "properties": properties}
        body = {"required": True, "content": {"application/json": {"schema": schema}}}
        paths[f"/kind{number}"] = {"post": {"requestBody": body, "responses": {"201": {"description": "new"}}}}
    return RecordingBuilder(load_paths(folder, paths))


@pytest.mark.parametrize(("count", "expected"), [(3, 3), (4, 1)])
def test_a_type_that_many_operations_do_not_check_is_one_cause(tmp_path: Path, count: int, expected: int) -> None:
    """Null for a text in three operations is three findings; in four, the service checks no text for null."""
    builder = _build(tmp_path, count)
    for number in range(count):
        body = json.dumps({"size": 1, f"note{number}": None}).encode()
        builder.add(f"POST /kind{number}", status=201, json_={}, sent_headers=JSON, sent_body=body)
    found = [builder.check_clause("SD302", f"POST /kind{number}") for number in range(count)]
    assert len(deduplicate(finding for findings in found for finding in findings)) == expected


def test_a_missing_body_is_one_cause(tmp_path: Path) -> None:
    """Operations that do without the body that they require have one flaw."""
    builder = _build(tmp_path, 2)
    for number in range(2):
        builder.add(f"POST /kind{number}", status=201, json_={})
    found = [builder.check_clause("SD303", f"POST /kind{number}") for number in range(2)]
    (finding,) = deduplicate(finding for findings in found for finding in findings)
    assert finding.operations == ("POST /kind0", "POST /kind1")
