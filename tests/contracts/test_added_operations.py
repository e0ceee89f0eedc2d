"""Operations that were added to a vendor's document need not be there, and promise no more than their basis."""

from pathlib import Path
from typing import Any

import pytest

from specduet.contracts.clauses import run_clauses
from specduet.contracts.options import RunOptions
from specduet.specs import load
from tests.contracts.recording_builder import RecordingBuilder

DOCUMENT = """\
openapi: 3.1.0
info: {title: Notes, version: '1'}
paths:
  /notes:
    get:
      operationId: list_notes
      responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Note'}}}}}
components:
  schemas:
    Note: {type: object, properties: {id: {type: string}}, required: [id]}
"""
NEIGHBOURS = """\
openapi: 3.1.0
info: {title: More, version: '1', x-specduet-basis: BASIS}
paths:
  /moods:
    get:
      operationId: list_moods
      responses: {'200': {description: '', content: {application/json: {schema: {$ref: '#/components/schemas/Mood'}}}}}
components:
  schemas:
    Mood:
      type: object
      required: [mood, tone]
      properties:
        mood: {type: string}
        tone: {type: string, x-specduet: {basis: assumed, origin: a client}}
"""


@pytest.fixture(params=["inferred", "assumed"])
def builder(request: Any, tmp_path: Path) -> RecordingBuilder:
    (tmp_path / "openapi.yaml").write_text(DOCUMENT)
    (tmp_path / "neighbours.yaml").write_text(NEIGHBOURS.replace("BASIS", request.param))
    return RecordingBuilder(load(tmp_path / "openapi.yaml"))


def find(builder: RecordingBuilder) -> list[tuple[str, str, str]]:
    found = run_clauses(builder.api, builder.recording, RunOptions())
    return [(finding.operation, finding.where, finding.severity) for finding in found]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_service_need_not_have_it(builder: RecordingBuilder, status: int) -> None:
    """Where all of its responses say that it is not there, nothing is found."""
    builder.add("GET /moods", status=status, json_=["not here"])
    builder.add("GET /moods", status=401, json_=None)
    assert find(builder) == []


def test_a_finding_has_its_basis(builder: RecordingBuilder) -> None:
    """A response of it breaks a habit, and no promise; a property may be promised with less than its operation."""
    builder.add("GET /moods", json_={"mood": 1})
    basis = builder.api.operation("list_moods").basis
    assert find(builder) == ([("GET /moods", "/mood", "warning")] if basis == "inferred" else [])


def test_the_documents_own_operations_are_held_to_it(builder: RecordingBuilder) -> None:
    """What the vendor documents is a promise as ever."""
    builder.add("GET /notes", json_={"id": 1})
    assert find(builder) == [("GET /notes", "/id", "error")]
