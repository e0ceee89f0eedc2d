"""What is inferred, written as an overlay; what an overlay states beside it."""

from pathlib import Path
from typing import Any

import pytest

from specduet.specs import load, load_all
from specduet.specs.errors import BadOverlay, UsageError
from specduet.specs.overlay_writer import build_overlay, dump_overlay, to_json_path
from specduet.specs.vocabulary import fill_basis, is_misspelt

DOCUMENT = """
openapi: 3.0.3
info: {title: "Swagger Petstore - OpenAPI 3.0", version: "1"}
paths:
  /pets:
    parameters: [{name: limit, in: query, schema: {type: integer}}]
    get:
      operationId: listPets
      responses: {"200": {description: Pets, content: {application/json: {schema:
        {type: object, properties: {data: {type: array, items: {$ref: "#/components/schemas/Pet"}},
         next: {type: string, nullable: true}}}}}}}
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
      responses: {"201": {description: It, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}}
  /pets/{pet's id}:
    parameters: [{name: "pet's id", in: path, required: true, schema: {type: string}}]
    get: {responses: {"200": {description: It, content: {application/json: {schema:
      {$ref: "#/components/schemas/Pet"}}}}}}
  /pets/{pet's id}/visits:
    parameters: [{name: "pet's id", in: path, required: true, schema: {type: string}}]
    get: {responses: {"200": {description: Visits, content: {application/json: {schema:
      {type: array, items: {type: object, properties: {no: {type: integer},
      state: {type: string, enum: ["on", "off"]}}}}}}}}}
components:
  schemas:
    Pet:
      allOf:
        - {type: object, properties: {id: {type: string}, status: {type: string, enum: [available, pending, sold]}}}
        - {type: object, properties: {created_at: {type: string, format: date-time}}}
"""
HEAD = "overlay: 1.1.0\ninfo: {title: Mine, version: '1'}\nactions:\n"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document with envelopes, nesting, compositions and names that need quotes."""
    path = tmp_path / "pets.yaml"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


def behaviors(api: Any) -> dict[str, Any]:
    return {operation.label: operation.behavior for operation in api.operations} | {
        name: (resource.pointer, resource.behavior) for name, resource in api.resources.items()
    }


def test_the_overlay_of_what_is_inferred_does_the_same(document: Path, tmp_path: Path) -> None:
    """Applied to the document without inference, the written overlay gives the same statements and resources."""
    inferred = load(document)
    overlay = tmp_path / "written.yaml"
    overlay.write_text(dump_overlay(build_overlay(inferred, load(document, stateless=True))), encoding="utf-8")
    applied = load(document, overlays=[overlay], stateless=True)
    assert set(applied.resources) == {"pet", "visit"}
    found, expected = behaviors(applied), behaviors(inferred)
    assert {name: str(value).replace("#/comp", "/comp") for name, value in found.items()} == {
        name: str(value).replace("#/comp", "/comp") for name, value in expected.items()
    }


def test_a_stated_word_wins(document: Path, tmp_path: Path) -> None:
    """An overlay's word stands in place of the inferred one; the other words of the operation stay."""
    (tmp_path / "mine.yaml").write_text(
        HEAD + "  - {target: \"$.paths['/pets'].get\", update: {x-specduet: {limit: {parameter: limit, default: 3, "
        "basis: assumed}}}}\n",
        encoding="utf-8",
    )
    stated, inferred = (
        load(document, overlays=given).operations[0].behavior for given in ([tmp_path / "mine.yaml"], [])
    )
    assert stated.limit
    assert stated.limit.default == 3
    assert (stated.lists, stated.envelope) == (inferred.lists, inferred.envelope)


def test_the_last_of_several_overlays_wins(document: Path, tmp_path: Path) -> None:
    """Overlays are applied in their order."""
    for number in (1, 2):
        (tmp_path / f"{number}.yaml").write_text(
            HEAD + f"  - {{target: $.info, update: {{title: Title {number}}}}}\n", encoding="utf-8"
        )
    assert load(document, overlays=[tmp_path / "1.yaml", tmp_path / "2.yaml"]).title == "Title 2"


def test_an_overlay_can_copy(document: Path, tmp_path: Path) -> None:
    """``copy`` of Overlay 1.1 merges another node into the target; it names one node."""
    overlay = tmp_path / "copy.yaml"
    overlay.write_text(
        HEAD + "  - {target: $.paths, update: {/cats: {}}}\n"
        "  - {target: \"$.paths['/cats']\", copy: \"$.paths['/pets']\"}\n",
        encoding="utf-8",
    )
    assert "GET /cats" in [operation.label for operation in load(document, overlays=[overlay]).operations]
    overlay.write_text(HEAD + "  - {target: $.info, copy: $.paths.*}\n", encoding="utf-8")
    with pytest.raises(BadOverlay, match="matches 3 nodes"):
        load(document, overlays=[overlay])


def test_a_basis_can_be_given_once(document: Path, tmp_path: Path) -> None:
    """``x-specduet-basis`` of an overlay's info is the basis of its statements that have none."""
    overlay = tmp_path / "basis.yaml"
    text = HEAD.replace("version: '1'", "version: '1', x-specduet-basis: assumed") + (
        "  - {target: \"$.paths['/pets'].get\", update: {x-specduet: {order: {by: created_at, direction: desc}}}}\n"
    )
    overlay.write_text(text, encoding="utf-8")
    order = load(document, overlays=[overlay]).operations[0].behavior.order
    assert order
    assert order.basis == "assumed"
    overlay.write_text(text.replace("assumed", "certain"), encoding="utf-8")
    with pytest.raises(BadOverlay, match="a basis is one of"):
        load(document, overlays=[overlay])


def test_every_kind_of_statement_has_the_basis() -> None:
    """Single statements, lists of them, those by name and those of resources are filled; what has one keeps it."""
    words = {
        "lists": {"resource": "pet"},
        "ancestors": [{"parameter": "a"}],
        "filters": {"q": {"field": "*", "basis": "inferred"}},
        "resources": {"pet": {"resource": "pet", "single": True, "id": {"field": "id"}}},
    }
    assert fill_basis({"get": {"x-specduet": words}, "x-specduet": {"shape": "uuid"}}, "assumed") == {
        "get": {
            "x-specduet": {
                "lists": {"resource": "pet", "basis": "assumed"},
                "ancestors": [{"parameter": "a", "basis": "assumed"}],
                "filters": {"q": {"field": "*", "basis": "inferred"}},
                "resources": {"pet": {"resource": "pet", "single": True, "id": {"field": "id", "basis": "assumed"}}},
            }
        },
        "x-specduet": {"shape": "uuid", "basis": "assumed"},
    }


def test_apis_are_called_after_their_title(document: Path) -> None:
    """The title in lower case is the name, the second of one name gets a number, and a name can be given."""
    other = document.with_name("other.yaml")
    other.write_text(DOCUMENT, encoding="utf-8")
    named = ["swagger-petstore-openapi-3-0", "swagger-petstore-openapi-3-0-2"]
    assert [api.name for api in load_all([document, other])] == named
    assert [api.name for api in load_all([document, document])] == [named[0], named[0]]
    assert load(document, name="pets").name == "pets"
    with pytest.raises(UsageError, match="belong to one document"):
        load_all([document, document], name="pets")


@pytest.mark.parametrize("name", ["x-spectduet", "x-specdute", "X-Specduet", "x_specduet"])
def test_a_misspelt_extension_is_told(document: Path, name: str) -> None:
    """A key that is nearly the extension is a problem of the document, with its place."""
    text = DOCUMENT.replace("operationId: listPets", f"operationId: listPets\n      {name}: {{}}")
    document.write_text(text, encoding="utf-8")
    assert [(p.pointer, p.message) for p in load(document).problems] == [
        (f"/paths/~1pets/get/{name}", f"{name!r} is no extension that is known")
    ]


@pytest.mark.parametrize("name", ["x-specduet", "x-speakeasy", "x-spectral", "x-specification"])
def test_other_extensions_are_nobody_elses_business(name: str) -> None:
    """The extension itself and those of other tools are left alone."""
    assert not is_misspelt(name)


def test_pointers_become_queries() -> None:
    """Names are written with a dot or in quotes, numbers in brackets."""
    assert to_json_path("/paths/~1pets~1{it's}/get/parameters/0") == "$.paths['/pets/{it\\'s}'].get.parameters[0]"
