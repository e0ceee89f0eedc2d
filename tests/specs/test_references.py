"""References: every kind leads to what it names, and only real ones are followed."""

import json
from pathlib import Path
from typing import Any

import pytest

from specduet import specs
from specduet.specs import Api, bounds

from .conftest import Write

_HEAD = "info: {title: Pets, version: '1'}\n"


def write_schema(write: Write, schema: str, more: str = "", version: str = "3.0.3", name: str = "main.yaml") -> Path:
    """Write a document with one operation that returns a schema."""
    response = f"{{description: ok, content: {{application/json: {{schema: {schema}}}}}}}"
    return write(
        name, f"openapi: {version}\n{_HEAD}paths:\n  /a: {{get: {{responses: {{'200': {response}}}}}}}\n{more}"
    )


def is_valid(api: Api, value: Any, number: int = 0) -> bool:
    """Return whether a value is valid for the response of one of the operations."""
    content = api.operations[number].responses["200"].content["application/json"]
    return api.schemas.validator_at(content.pointer).is_valid(value)


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param("#/components/schemas/Pet", id="component"),
        pytest.param("#/x-parts/a%20pet", id="percent-encoded"),
        pytest.param("#/x-parts/a~1pet", id="slash"),
        pytest.param("#/x-parts/a~0pet", id="tilde"),
        pytest.param("#/x-parts/100%25", id="percent-sign"),
        pytest.param("#/x-parts/list/1", id="list-item"),
        pytest.param("#/paths/~1pets/get/responses/200/content/application~1json/schema", id="into-a-path"),
        pytest.param("#/paths/~1pets~1%7Bid%7D/get/responses/200/content/application~1json/schema", id="braces"),
        pytest.param("#/paths/~1pets~1{id}/get/responses/200/content/application~1json/schema", id="plain-braces"),
        pytest.param("pet.yaml", id="whole-file"),
        pytest.param("./pet.yaml", id="whole-file-here"),
        pytest.param("more/pets.yaml#/Pet", id="fragment-of-a-file"),
        pytest.param("more/pets.yaml#/Alias", id="reference-in-a-file"),
        pytest.param("more/pets.yaml#/Back", id="file-that-refers-back"),
        pytest.param("a%20b/pet.yaml", id="encoded-folder"),
        pytest.param("a b/pet.yaml", id="space"),
        pytest.param("a+b/pet.yaml", id="plus"),
        pytest.param("main.yaml#/components/schemas/Pet", id="own-file"),
        pytest.param("#pet", id="anchor"),
    ],
)
def test_references_lead_to_what_they_name(write: Write, reference: str) -> None:
    """Wherever the reference leads, it is the schema of a pet, without a problem."""
    pet = "{type: object, required: [name]}"
    for name in ("pet.yaml", "a b/pet.yaml", "a+b/pet.yaml"):
        write(name, pet)
    write(
        "more/pets.yaml",
        f"Pet: {pet}\nAlias: {{$ref: '#/Pet'}}\nBack: {{$ref: '../main.yaml#/components/schemas/Pet'}}\n",
    )
    response = f"{{responses: {{'200': {{description: ok, content: {{application/json: {{schema: {pet}}}}}}}}}}}"
    item = f"{{parameters: [{{name: id, in: path, required: true, schema: {{type: string}}}}], get: {response}}}"
    here = f"{{description: ok, content: {{application/json: {{schema: {{$ref: '{reference}'}}}}}}}}"
    path = write(
        "main.yaml",
        f"""\
openapi: 3.1.0
{_HEAD}paths:
  /a: {{get: {{responses: {{'200': {here}}}}}}}
  /pets: {{get: {response}}}
  '/pets/{{id}}': {item}
components: {{schemas: {{Pet: {{type: object, required: [name], $anchor: pet}}}}}}
x-parts: {{'a pet': {pet}, 'a/pet': {pet}, 'a~pet': {pet}, '100%': {pet}, list: [{{}}, {pet}]}}
""",
    )
    api = specs.load(path)
    assert api.problems == ()
    assert is_valid(api, {"name": "Rex"})
    assert not is_valid(api, {})


def test_two_fragments_of_a_file_are_two_things(write: Write) -> None:
    """Each fragment of a file is itself, also where they have the same last name."""
    write("parts.yaml", "A: {Item: {type: string}}\nB: {Item: {type: integer}}\n")
    path = write_schema(
        write, "{type: object, properties: {a: {$ref: 'parts.yaml#/A/Item'}, b: {$ref: 'parts.yaml#/B/Item'}}}"
    )
    api = specs.load(path)
    assert is_valid(api, {"a": "x", "b": 1})
    assert not is_valid(api, {"a": 1})
    assert not is_valid(api, {"b": "x"})


def test_two_files_of_one_name_are_two_things(write: Write) -> None:
    """Files of one name in different folders keep apart, and neither hides a component of the document."""
    write("one/Item.yaml", "type: string\n")
    write("two/Item.yaml", "type: integer\n")
    path = write_schema(
        write,
        "{type: object, properties: {a: {$ref: one/Item.yaml}, b: {$ref: two/Item.yaml},"
        " c: {$ref: '#/components/schemas/Item'}}}",
        "components: {schemas: {Item: {type: boolean}}}\n",
    )
    api = specs.load(path)
    assert is_valid(api, {"a": "x", "b": 1, "c": True})
    assert not is_valid(api, {"a": 1})
    assert not is_valid(api, {"b": True})
    assert not is_valid(api, {"c": "x"})


def test_sections_of_components_may_be_files(write: Write) -> None:
    """A section of components in a file of its own is read as if it stood in the document."""
    write("schemas.yaml", "Pet: {type: object, properties: {owner: {$ref: '#/Owner'}}}\nOwner: {type: string}\n")
    path = write_schema(write, "{$ref: '#/components/schemas/Pet'}", "components: {schemas: {$ref: schemas.yaml}}\n")
    api = specs.load(path)
    assert api.problems == ()
    assert list(api.document["components"]["schemas"]) == ["Pet", "Owner"]
    assert not is_valid(api, {"owner": 1})


def test_path_items_are_references(write: Write) -> None:
    """Paths that refer to a file, to each other and through each other all have their operations."""
    write("user.yaml", "get: {responses: {'200': {$ref: 'answers.yaml#/Ok'}}}\n")
    write("answers.yaml", "Ok: {description: ok, content: {application/json: {schema: {type: integer}}}}\n")
    path = write(
        "main.yaml",
        f"""\
openapi: 3.0.3
{_HEAD}paths:
  '/users': {{$ref: user.yaml}}
  '/people': {{$ref: '#/paths/~1users'}}
  '/first': {{get: {{responses: {{'200': {{$ref: '#/paths/~1people/get/responses/200'}}}}}}}}
""",
    )
    api = specs.load(path)
    assert api.problems == ()
    assert [operation.label for operation in api.operations] == ["GET /users", "GET /people", "GET /first"]
    assert all(is_valid(api, 1, number) and not is_valid(api, "x", number) for number in range(3))


def test_siblings_depend_on_the_version(write: Write) -> None:
    """Keywords beside a reference are ignored in OpenAPI 3.0, and apply in 3.1."""
    schema = "{$ref: '#/components/schemas/S', maxLength: 3}"
    more = "components: {schemas: {S: {type: string}}}\n"
    assert is_valid(specs.load(write_schema(write, schema, more, "3.0.3", "old.yaml")), "abcd")
    assert not is_valid(specs.load(write_schema(write, schema, more, "3.1.0", "new.yaml")), "abcd")


def test_only_references_are_followed(write: Write) -> None:
    """What looks like a reference in an extension, an example or a default is data."""
    data = "{$ref: 'https://a.example/none.sh'}"
    path = write(
        "main.yaml",
        f"""\
openapi: 3.1.0
{_HEAD}x-logo: {data}
paths:
  /a:
    x-none: null
    get:
      x-codeSamples: [{{lang: sh, source: {data}}}]
      responses:
        x-none: null
        '200':
          description: ok
          content:
            application/json:
              schema: {{type: object, default: {data}, examples: [{data}], properties: {{$ref: {{type: string}}}}}}
              examples: {{one: {{value: {data}}}}}
""",
    )
    api = specs.load(path)
    assert api.problems == ()
    assert not is_valid(api, {"$ref": 1})


def test_a_text_may_be_a_file(write: Write) -> None:
    """A description that refers to a file is the text of the file."""
    write("intro.md", "# Pets\n")
    path = write(
        "main.yaml",
        "openapi: 3.0.3\ninfo: {title: Pets, version: '1', description: {$ref: intro.md}}\npaths: {}\n",
    )
    assert specs.load(path).document["info"]["description"] == "# Pets\n"


def test_identifiers_and_dynamic_references(write: Write) -> None:
    """A schema with ``$id``, ``$schema`` and ``$dynamicRef`` validates like the schema that it means."""
    path = write_schema(
        write,
        "{$ref: '#/components/schemas/Tree'}",
        """\
components:
  schemas:
    Tree:
      $id: https://a.example/tree
      $schema: http://json-schema.org/draft-07/schema#
      $dynamicAnchor: node
      type: object
      properties:
        leaf: {$ref: '#/components/schemas/Leaf'}
        children: {type: array, items: {$dynamicRef: '#node'}}
    Leaf: {type: string}
""",
        "3.1.0",
    )
    api = specs.load(path)
    assert api.problems == ()
    assert is_valid(api, {"children": [{"leaf": "x"}]})
    assert not is_valid(api, {"children": [{"leaf": 1}]})


def test_discriminators_name_schemas(write: Write) -> None:
    """The values of a mapping are names, references or files, and become references of the document."""
    write("dog.yaml", "{type: object}\n")
    path = write_schema(
        write,
        "{oneOf: [{$ref: dog.yaml}, {$ref: '#/components/schemas/Cat'}],"
        " discriminator: {propertyName: kind, mapping: {dog: dog.yaml, cat: Cat}}}",
        "components: {schemas: {Cat: {type: object}}}\n",
    )
    schema = specs.load(path).operations[0].responses["200"].content["application/json"].schema
    assert schema["discriminator"]["mapping"] == {"dog": "#/components/schemas/dog", "cat": "#/components/schemas/Cat"}


def test_recursion_through_files(write: Write) -> None:
    """A schema that refers to itself, within and across files, is one component."""
    write("tree.yaml", "type: object\nproperties: {children: {type: array, items: {$ref: 'node.yaml'}}}\n")
    write("node.yaml", "$ref: tree.yaml\n")
    api = specs.load(write_schema(write, "{$ref: tree.yaml}"))
    assert api.problems == ()
    assert sorted(api.document["components"]["schemas"]) == ["node", "tree"]
    assert not is_valid(api, {"children": [{"children": 1}]})


def test_documents_are_json_too(write: Write) -> None:
    """A JSON document refers to YAML files, and the other way round."""
    write("pet.json", json.dumps({"type": "string"}))
    api = specs.load(write_schema(write, "{$ref: pet.json}"))
    assert not is_valid(api, 1)


def test_operations_and_components_may_be_files(write: Write) -> None:
    """An operation, a media type or all components in files of their own are read as if they stood in the document."""
    write("list.yaml", "responses: {'200': {description: ok, content: {application/json: {$ref: media.yaml}}}}\n")
    write("media.yaml", "schema: {$ref: 'components.yaml#/schemas/Pet'}\n")
    write(
        "components.yaml",
        "schemas: {Pet: {type: object, properties: {owner: {$ref: '#/schemas/Owner'}}}, Owner: {type: string}}\n",
    )
    path = write(
        "main.yaml",
        f"openapi: 3.0.3\n{_HEAD}paths: {{/a: {{get: {{$ref: list.yaml}}}}}}\ncomponents: {{$ref: components.yaml}}\n",
    )
    api = specs.load(path)
    assert api.problems == ()
    assert is_valid(api, {"owner": "x"})
    assert not is_valid(api, {"owner": 1})


def test_external_values_of_examples_are_read(write: Write) -> None:
    """An example in a file has the value of the file: parsed where it is JSON or YAML, else as text."""
    write("pet.json", '{"name": "Rex"}')
    write("pet.txt", "Rex")
    examples = "{a: {externalValue: pet.json}, b: {externalValue: pet.txt}, c: {externalValue: no.txt}}"
    content = f"{{schema: {{}}, examples: {examples}}}"
    path = write(
        "main.yaml",
        f"openapi: 3.0.3\n{_HEAD}paths:\n  /a: {{get: {{responses: {{'200': {{description: ok, content: "
        f"{{application/json: {content}}}}}}}}}}}\n",
    )
    api = specs.load(path)
    assert api.operations[0].responses["200"].content["application/json"].examples == {"a": {"name": "Rex"}, "b": "Rex"}
    assert [problem.effect for problem in api.problems] == ["the example is ignored"]


def test_references_to_what_is_left_out(write: Write) -> None:
    """References to components that are left out are left out, too, and the operation is served."""
    path = write(
        "main.yaml",
        f"""\
openapi: 3.0.3
{_HEAD}paths:
  /a:
    post:
      parameters: [{{$ref: '#/components/parameters/None'}}]
      requestBody: {{$ref: '#/components/requestBodies/None'}}
      responses:
        '200':
          description: ok
          headers: {{X-A: {{$ref: '#/components/headers/None'}}}}
          content:
            application/json:
              schema: {{$ref: '#/components/schemas/A/properties/0'}}
              examples: {{a: {{$ref: '#/components/examples/None'}}}}
components:
  parameters: {{None: {{in: query}}}}
  requestBodies: {{None: {{}}}}
  headers: {{None: 1}}
  examples: {{None: 1}}
  schemas: {{A: {{properties: [{{type: string}}]}}}}
""",
    )
    operation = specs.load(path).operations[0]
    assert (operation.parameters, operation.body, operation.responses["200"].headers) == ((), None, {})
    assert is_valid(specs.load(path), 1)


def test_text_files_are_read_within_the_bound_of_every_file(write: Write) -> None:
    """A text in any encoding is read; one that is too large or has bytes of no encoding is a problem."""
    document = "openapi: 3.0.3\ninfo: {title: T, version: '1', description: {$ref: text.md}}\npaths: {}\n"
    path = write("openapi.yaml", document)
    text = path.with_name("text.md")
    text.write_bytes("Vögel".encode("utf-16"))
    assert specs.load(path).document["info"]["description"] == "Vögel"
    text.write_bytes(b"a\nb\xff")
    (problem,) = specs.load(path).problems
    assert (problem.file, problem.line) == (text, 2)
    with text.open("wb") as file:
        file.truncate(bounds.FILE_BYTES.value + 1)
    api = specs.load(path)
    assert "description" not in api.document["info"]
    assert "has more than 16,777,216 bytes" in api.problems[0].sentence


def test_files_beside_a_document_are_found_by_its_own_address(write: Write) -> None:
    """A URL below the ``$self`` of a document of OpenAPI 3.2 leads to the file beside it, and to no network."""
    write("parts/pet.yaml", "Pet: {const: 7}\n")
    path = write_schema(
        write,
        "{$ref: 'https://a.example/v1/parts/pet.yaml#/Pet'}",
        "$self: https://a.example/v1/main.yaml\n",
        version="3.2.0",
    )
    api = specs.load(path)
    assert api.problems == ()
    assert (is_valid(api, 7), is_valid(api, 8)) == (True, False)


@pytest.mark.parametrize("reference", ["[]", "{}", "5", "true"])
def test_a_reference_that_is_no_text_is_none(write: Write, minimal: Path, reference: str) -> None:
    """What stands in place of a reference's text leads nowhere, and the document is served."""
    text = minimal.read_text(encoding="utf-8").replace(
        "description: Notes", f"description: Notes\n          $ref: {reference}"
    )
    assert specs.load(write("odd.yaml", text)).operations
