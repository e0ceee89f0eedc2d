from collections.abc import Callable
from pathlib import Path

import pytest

MINIMAL = """\
openapi: 3.1.0
info: {title: Notes, version: '1'}
paths:
  /notes:
    get:
      operationId: list_notes
      parameters:
        - {name: limit, in: query, schema: {type: integer, default: 10}}
      responses:
        '200':
          description: Notes
          content:
            application/json:
              schema: {type: array, items: {$ref: '#/components/schemas/Note'}}
components:
  schemas:
    Note:
      type: object
      properties:
        id: {type: string}
        state: {type: string, enum: [open, closed]}
        at: {type: string, format: date-time}
        post: {type: object, properties: {state: {type: string, enum: [open, sent]}}}
      required: [id]
"""

Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees what another one proved."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below the test's own folder."""

    def do(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return do


@pytest.fixture
def minimal(write: Write) -> Path:
    """A small correct document with a list operation."""
    return write("openapi.yaml", MINIMAL)
