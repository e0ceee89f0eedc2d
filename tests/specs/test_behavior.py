"""Values of the vocabulary that are read from text."""

from datetime import timedelta
from pathlib import Path

import pytest

from specduet.specs.errors import BadStatement
from specduet.specs.loading import load
from specduet.specs.statement import parse_duration, weakest

DOCUMENT = """
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths:
  /notes:
    get:
      x-specduet:
        lists: {resource: note, basis: assumed}
        filters: {since: {field: at, op: ge, oldest: DURATION, basis: assumed}}
      parameters: [{name: since, in: query, schema: {type: string, format: date-time}}]
      responses: {"200": {description: All, content: {application/json: {schema:
        {type: array, items: {$ref: "#/components/schemas/Note"}}}}}}
components:
  schemas:
    Note:
      x-specduet: {resource: note, id: {field: id, basis: assumed}}
      type: object
      properties: {id: {type: string}, at: {type: string, format: date-time}}
"""


@pytest.mark.parametrize(
    ("text", "seconds"), [("-24h", -86400), ("31d", 2678400), ("+5m", 300), ("7s", 7), ("1w", 604800)]
)
def test_durations_are_read_with_sign_and_unit(text: str, seconds: int) -> None:
    """A duration is a whole number of seconds, minutes, hours, days or weeks, with or without a sign."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["''", "'24'", "1.5h", "h", "P1D", "1y"])
def test_a_malformed_duration_is_an_error_of_the_overlay(text: str, tmp_path: Path) -> None:
    """Any other text is an operator error that shows how a duration is written, with the file and pointer."""
    path = tmp_path / "openapi.yaml"
    path.write_text(DOCUMENT.replace("DURATION", text), encoding="utf-8")
    with pytest.raises(BadStatement, match=r"as in -24h") as caught:
        load(path)
    assert caught.value.pointer == "/paths/~1notes/get/x-specduet/filters"


def test_the_weakest_basis_counts() -> None:
    """Of several bases the one that proves least is taken."""
    assert weakest("documented", "assumed", "inferred") == "assumed"
