"""A document with neighbours adds operations, each with its origin, and changes nothing of the document's own."""

from pathlib import Path

import pytest

from specduet import specs
from specduet.contracts.session.tested_apis import drop_added_parameters
from specduet.specs.errors import BadOverlay, BadStatement
from specduet.specs.origins import find_basis

from .conftest import Write

NEIGHBOURS = """\
openapi: 3.1.0
info: {title: More of the notes, version: '2', x-specduet-basis: inferred, x-specduet-origin: notes-client 2.1}
security: [{Key: []}]
paths:
  /notes:
    parameters: [{name: team, in: header, schema: {type: string}}]
    post:
      operationId: add_note
      requestBody: {content: {application/json: {schema: {$ref: 'openapi.yaml#/components/schemas/Note'}}}}
      responses:
        '200':
          description: The note
          content: {application/json: {schema: {$ref: 'openapi.yaml#/components/schemas/Note'}}}
  /notes/{id}/mood:
    get:
      operationId: get_mood
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200':
          description: Its mood
          content: {application/json: {schema: {$ref: '#/components/schemas/Mood'}}}
      x-specduet:
        added: {basis: assumed, origin: another client}
components:
  securitySchemes:
    Key: {type: apiKey, in: header, name: x-key}
  schemas:
    Mood:
      type: object
      properties:
        mood: {type: string, x-specduet: {basis: assumed, origin: notes-client 2.0}}
        id: {type: string, x-specduet: {shape: uuid, basis: assumed, added: {basis: inferred}}}
        since: {type: string, x-specduet: {shape: date-time, basis: assumed}}
"""


@pytest.fixture
def api(minimal: Path, write: Write) -> specs.Api:
    """The notes with their neighbours, which lie beside them."""
    write("neighbours.yaml", NEIGHBOURS)
    return specs.load(minimal)


def test_operations_are_added_with_their_origin(api: specs.Api) -> None:
    """Each operation has the basis and origin of its document, or its own; the document's own has none."""
    added = {operation.id: operation.behavior.added for operation in api.operations}
    assert added["list_notes"] is None
    assert [(each.basis, each.origin) for each in added.values() if each] == [
        ("inferred", "notes-client 2.1"),
        ("assumed", "another client"),
    ]


def test_a_known_path_gets_methods(api: specs.Api) -> None:
    """What the methods of a path share in one document stays theirs alone."""
    assert [p.name for p in api.operation("add_note").parameters] == ["team"]
    assert [p.name for p in api.operation("list_notes").parameters] == ["limit"]


def test_credentials_are_those_of_each_document(api: specs.Api) -> None:
    """A credential that one document asks for is not asked for by the operations of the other."""
    assert api.operation("add_note").security == (("Key",),)
    assert api.operation("list_notes").security == ()


def test_components_of_the_document_are_shared(api: specs.Api) -> None:
    """A schema that both documents use is one schema."""
    assert api.operation("add_note").role.resource == api.operation("list_notes").role.resource == "note"
    assert set(api.document["components"]["schemas"]) == {"Note", "Mood"}


@pytest.mark.parametrize(("field", "basis"), [("mood", "assumed"), ("id", "inferred"), ("since", "documented")])
def test_fields_have_a_basis(api: specs.Api, field: str, basis: str) -> None:
    """A property that was added is promised with its own basis; a shape alone says nothing of the property."""
    assert find_basis(api.schemas, f"/components/schemas/Mood/properties/{field}") == basis


def test_neighbours_may_be_given(minimal: Path, write: Write) -> None:
    """A document is given like an overlay, and overlays after it see what it added."""
    neighbours = write("more/client.yaml", NEIGHBOURS.replace("openapi.yaml#", "../openapi.yaml#"))
    overlay = write(
        "o.yaml",
        "overlay: 1.0.0\ninfo: {title: o, version: '1'}\nactions:\n"
        "- {target: \"$.paths['/notes'].post\", update: {summary: Add}}\n",
    )
    with pytest.raises(BadOverlay, match="matches nothing"):
        specs.load(minimal, overlays=[overlay])
    own = neighbours.rename(minimal.parent / "client.yaml")
    own.write_text(NEIGHBOURS, encoding="utf-8")
    assert specs.load(minimal, overlays=[own, overlay]).operation("add_note").summary == "Add"


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        pytest.param("    post:", "    get:", 7, "the document has GET /notes", id="operation"),
        pytest.param(
            "  schemas:", "  schemas:\n    Note: {type: string}", 28, "the document has another 'Note'", id="component"
        ),
        pytest.param("3.1.0", "3.0.3", 1, "is OpenAPI 3.0, and the document 3.1", id="version"),
        pytest.param("inferred, x", "sure, x", 2, "a basis is one of", id="basis"),
    ],
)
def test_contradictions_are_errors(minimal: Path, write: Write, old: str, new: str, line: int, message: str) -> None:
    """Nothing of the document is replaced in silence: the error has file and line."""
    write("neighbours.yaml", NEIGHBOURS.replace(old, new))
    with pytest.raises(BadOverlay, match=message) as error:
        specs.load(minimal)
    assert (error.value.file, error.value.line) == (minimal.parent / "neighbours.yaml", line)


def test_a_wrong_statement_has_its_line(minimal: Path, write: Write) -> None:
    """An unknown word in a document with neighbours is an error with that document's line."""
    write("neighbours.yaml", NEIGHBOURS.replace("origin: another", "source: another"))
    with pytest.raises(BadStatement, match="unknown key") as error:
        specs.load(minimal)
    assert (error.value.file, error.value.line) == (minimal.parent / "neighbours.yaml", 23)


def test_an_added_parameter_is_held_against_nobody() -> None:
    """The mock knows a parameter that was added; the suite tests the API without it, and without its filter."""
    api = specs.load("cloudcruise")
    listing = next(operation for operation in api.operations if operation.label == "GET /runs")
    parameter = listing.parameter("end_time")
    assert parameter is not None
    assert parameter.added is not None
    tested = next(operation for operation in drop_added_parameters(api).operations if operation.label == "GET /runs")
    assert tested.parameter("end_time") is None
    assert set(listing.behavior.filters) - set(tested.behavior.filters) == {"end_time"}
