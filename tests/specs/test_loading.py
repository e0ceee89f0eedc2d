"""Reading, resolving and validating documents; every refusal is one sentence with file, line and pointer."""

import json
from pathlib import Path

import pytest

from specduet import specs
from specduet.specs import SpecError, UsageError
from specduet.specs.errors import NotOpenApi, NotYaml, UnreadableFile
from specduet.specs.loading import check_document

from .conftest import MINIMAL, Write


@pytest.mark.parametrize("name", ["cloudcruise", "nx1", "seekrflow"])
def test_bundled_apis_load_by_name(name: str) -> None:
    """Each bundled API loads, and every schema of its responses compiles."""
    api = specs.load(name)
    assert name == api.name
    for operation in api.operations:
        for response in operation.responses.values():
            for content in filter(lambda c: c.schema, response.content.values()):
                api.schemas.validator_at(content.pointer)


def test_the_bundled_apis_are_the_folders() -> None:
    """The list of bundled APIs is what lies in the package, in a stable order."""
    assert specs.bundled() == ("cloudcruise", "nx1", "seekrflow")


def test_json_documents_load(write: Write) -> None:
    """A document in JSON loads as one in YAML does."""
    path = write("notes.json", json.dumps(specs.load(write("openapi.yaml", MINIMAL)).document))
    assert [o.label for o in specs.load(path).operations] == ["GET /notes"]


def test_a_folder_stands_for_its_document(minimal: Path) -> None:
    """A folder that holds an openapi.yaml can be named instead of the file."""
    assert specs.load(minimal.parent).title == "Notes"


_ONE_PART = """\
openapi: 3.1.0
info: {title: A, version: '1'}
paths:
  /a: {get: {responses: {'200': {description: ok, content: {text/plain: {schema: {$ref: parts/a.yaml}}}}}}}
"""


def test_an_api_knows_its_files(write: Write) -> None:
    """The document, its overlay and what it refers to are named, whether it is read or comes from the cache."""
    path = write("openapi.yaml", _ONE_PART)
    change = "[{target: $.info, update: {title: B}}]"
    overlay = write("overlay.yaml", f"overlay: 1.0.0\ninfo: {{title: O, version: '1'}}\nactions: {change}\n")
    part = write("parts/a.yaml", "type: string\n")
    for _ in range(2):
        assert specs.load(path).files == (path, overlay, part)


def test_a_file_that_could_not_be_read_is_read_when_it_can(write: Write) -> None:
    """What was missing or broken is no longer so once it is written, though the document itself has not changed."""
    path = write("openapi.yaml", _ONE_PART)
    for text, problems in (("", 1), ("type: [1\n", 1), ("type: string\n", 0)):
        if text:
            write("parts/a.yaml", text)
        api = specs.load(path)
        assert (len(api.problems), len(api.files)) == (problems, 2)


def test_unquoted_statuses_are_text(write: Write) -> None:
    """A response's status may be written without quotes, as many documents do."""
    assert list(specs.load(write("a.yaml", MINIMAL.replace("'200'", "200"))).operations[0].responses) == ["200"]


def test_unknown_name_tells_the_known_ones() -> None:
    """A name that is neither bundled nor a file is answered with the names that are."""
    with pytest.raises(
        UsageError, match=r"no API is called 'nx2'\nDid you mean nx1\? Bundled: cloudcruise, nx1, seekrflow"
    ):
        specs.load("nx2")


BROKEN = [
    pytest.param("a: [1,\nb: 2\n", NotYaml, 3, "does not parse as YAML", id="not-yaml"),
    pytest.param("- 1\n", NotOpenApi, 1, "is no OpenAPI", id="a-list"),
    pytest.param("swagger: '1.2'\n", NotOpenApi, 1, "is no OpenAPI", id="swagger"),
    pytest.param("info: {}\nopenapi: 4.0.0\n", NotOpenApi, 2, "is OpenAPI 4.0.0, and only", id="unknown-version"),
    pytest.param("openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: 3\n", NotOpenApi, 3, "no paths", id="paths"),
    pytest.param("openapi: 3.1.0\ninfo: {title: x, version: '1'}\n", NotOpenApi, 1, "no paths", id="no-paths"),
]


@pytest.mark.parametrize(("text", "kind", "line", "message"), BROKEN)
def test_broken_documents_are_refused(write: Write, text: str, kind: type[SpecError], line: int, message: str) -> None:
    """Whatever is wrong in a document is told with the file and the line it stands on."""
    path = write("broken.yaml", text)
    with pytest.raises(kind, match=message) as caught:
        specs.load(path)
    assert (path, line) == (caught.value.file, caught.value.line)
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is told by its name."""
    with pytest.raises(UnreadableFile, match=r"none\.yaml: cannot be read: no such file"):
        specs.load(tmp_path / "none.yaml")


@pytest.mark.parametrize("place", ["/", ".", "{folder}"])
def test_a_folder_without_a_document(place: str, tmp_path: Path) -> None:
    """A folder that holds no ``openapi.yaml`` is refused as a folder, the one without a name, too."""
    (tmp_path / "empty.d").mkdir()
    with pytest.raises(SpecError, match="is a folder, not a file"):
        specs.load(place.format(folder=tmp_path / "empty.d"))


def test_external_files_become_local_components(write: Write) -> None:
    """Schemas, parameters, responses and path items in files of the folder work, and recursion through them."""
    write(
        "parts/tree.yaml",
        "Tree:\n  type: object\n  properties:\n    children: {type: array, items: {$ref: '#/Tree'}}\n",
    )
    write("parts/common.yaml", "Limit: {name: limit, in: query, required: true, schema: {type: integer}}\n")
    write(
        "parts/answers.yaml",
        "Trees:\n  description: Trees\n  content: {application/json: {schema: {$ref: 'tree.yaml#/Tree'}}}\n",
    )
    write("parts/path.yaml", "get: {operationId: b, responses: {'200': {$ref: 'answers.yaml#/Trees'}}}\n")
    path = write(
        "main.yaml",
        """\
openapi: 3.1.0
info: {title: Trees, version: '1'}
paths:
  /a:
    get:
      operationId: a
      parameters: [{$ref: 'parts/common.yaml#/Limit'}]
      responses: {'200': {$ref: 'parts/answers.yaml#/Trees'}}
  /b: {$ref: 'parts/path.yaml'}
""",
    )
    api = specs.load(path)
    first, second = api.operations
    assert (
        first.parameters[0].name,
        first.parameters[0].location,
        first.parameters[0].required,
    ) == ("limit", "query", True)
    assert first.responses["200"].content["application/json"].pointer == (
        second.responses["200"].content["application/json"].pointer
    )
    validator = api.schemas.validator_at(first.responses["200"].content["application/json"].pointer)
    assert validator.is_valid({"children": [{"children": []}]})
    assert not validator.is_valid({"children": [{"children": 3}]})


def test_an_unchanged_document_is_not_read_again(minimal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unchanged document is taken from the cache, and one changed byte has it read again."""
    specs.load(minimal)
    monkeypatch.setattr("specduet.specs.loading._read_document", lambda *_, **__: pytest.fail("read again"))
    assert specs.load(minimal).title == "Notes"
    minimal.write_text(MINIMAL.replace("Notes,", "Memos,"), encoding="utf-8")
    with pytest.raises(pytest.fail.Exception, match="read again"):
        specs.load(minimal)


def test_an_unchanged_document_is_not_checked_again(minimal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check of an unchanged document is taken from the cache, for strict loading too."""
    assert check_document(minimal) == ()
    monkeypatch.setattr("specduet.specs.loading._normalize", lambda *_, **__: pytest.fail("checked again"))
    assert check_document(minimal) == ()


def test_a_changed_external_file_makes_the_proof_anew(write: Write) -> None:
    """The cache sees changes in the files that a document refers to."""
    write("n.yaml", "N: {type: string}\n")
    path = write("m.yaml", MINIMAL.replace("#/components/schemas/Note", "n.yaml#/N"))
    pointer = specs.load(path).operations[0].responses["200"].content["application/json"].pointer
    assert specs.load(path).schemas.validator_at(pointer).is_valid(["a"])
    write("n.yaml", "N: {type: integer}\n")
    assert not specs.load(path).schemas.validator_at(pointer).is_valid(["a"])


def test_a_broken_cache_is_no_cache(minimal: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache folder that cannot be written, or holds nonsense, never stops anybody."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(minimal))
    assert specs.load(minimal).title == "Notes"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    specs.load(minimal)
    for kept in (tmp_path / "cache").rglob("*.document"):
        kept.write_text("{", encoding="utf-8")
    assert specs.load(minimal).title == "Notes"


def test_openapi_3_0_reads_as_3_1(write: Write) -> None:
    """nullable, boolean exclusive bounds and allOf with nullable mean in 3.0 what 3.1 says in JSON Schema."""
    path = write(
        "old.yaml",
        """\
openapi: 3.0.3
info: {title: Old, version: '1'}
paths: {}
components:
  schemas:
    Base: {type: object, properties: {a: {type: string}}}
    Row:
      type: object
      properties:
        text: {type: string, nullable: true}
        rate: {type: number, minimum: 0, exclusiveMinimum: true}
        base: {allOf: [{$ref: '#/components/schemas/Base'}], nullable: true}
        nullable: {type: boolean}
""",
    )
    valid = specs.load(path).schemas.validator_at("/components/schemas/Row").is_valid
    assert valid({"text": None, "rate": 0.1, "base": None, "nullable": True})
    assert not valid({"rate": 0})
    assert not valid({"base": {"a": 1}})
    assert not valid({"nullable": None})


def test_parameters_of_a_path_are_inherited_and_overridden(write: Write) -> None:
    """An operation has its path's parameters, and its own of the same name and place win (OAS 3.1, 4.8.9)."""
    shared = "    parameters: [{name: limit, in: query, schema: {type: string}}, {name: a, in: query, schema: {}}]\n"
    path = write("m.yaml", MINIMAL.replace("  /notes:\n", f"  /notes:\n{shared}"))
    kinds = {p.name: p.schema.get("type") for p in specs.load(path).operations[0].parameters}
    assert kinds == {"limit": "integer", "a": None}
