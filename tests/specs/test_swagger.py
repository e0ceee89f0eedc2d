"""Swagger 2.0: what is converted is served, and what cannot be converted is refused with a sentence."""

import pytest

from specduet import specs
from specduet.specs.errors import NotOpenApi

from .conftest import Write

DOCUMENT = """\
swagger: '2.0'
info: {title: Pets, version: '1'}
host: pets.example
basePath: /v2
schemes: [https]
consumes: [application/json]
produces: [application/json]
securityDefinitions: {key: {type: apiKey, in: header, name: key}, plain: {type: basic}}
security: [{key: []}]
parameters: {Limit: {name: limit, in: query, type: integer, maximum: 5}}
paths:
  /pets:
    get:
      parameters:
        - $ref: '#/parameters/Limit'
        - {name: ids, in: query, type: array, items: {type: integer}, collectionFormat: pipes}
        - {name: tabs, in: query, type: array, items: {type: integer}, collectionFormat: tsv}
      responses: {'200': {description: ok, schema: {type: array, items: {$ref: '#/definitions/Pet'}}}}
    post:
      parameters: [{name: pet, in: body, required: true, schema: {$ref: '#/definitions/Pet'}}]
      responses: {'201': {description: ok}}
  /photos:
    post:
      consumes: [multipart/form-data]
      parameters:
        - {name: photo, in: formData, type: file, required: true}
        - {name: title, in: formData, type: string}
      responses: {'204': {description: ok}}
definitions:
  Pet: {type: object, required: [name], properties: {name: {type: string, x-nullable: true}}}
"""


def test_every_part_has_its_counterpart(write: Write) -> None:
    """Addresses, parameters, bodies, forms, responses and credentials mean in 3.0 what they mean in 2.0."""
    api = specs.load(write("pets.yaml", DOCUMENT))
    listing, creating, uploading = api.operations
    assert api.servers == ("https://pets.example/v2",)
    assert [operation.full_path for operation in api.operations] == ["/v2/pets", "/v2/pets", "/v2/photos"]
    assert [(p.name, p.style, p.explode) for p in listing.parameters[:2]] == [
        ("limit", "form", True),
        ("ids", "pipeDelimited", False),
    ]
    assert listing.security == (("key",),)
    assert [scheme.prefix for scheme in api.schemes.values()] == ["", "Basic "]
    shown = api.schemas.validator_at(listing.responses["200"].content["application/json"].pointer)
    assert shown.is_valid([{"name": None}])
    assert not shown.is_valid([{}])
    assert creating.body is not None
    assert creating.body.required
    assert uploading.body is not None
    form = uploading.body.content["multipart/form-data"].schema
    assert (form["required"], form["properties"]["photo"]["format"]) == (["photo"], "binary")


def test_the_conversion_is_named(write: Write) -> None:
    """A problem says who converts, and another each thing that has no counterpart."""
    sentences = [problem.sentence for problem in specs.load(write("pets.yaml", DOCUMENT)).problems]
    assert sentences[0] == "is a Swagger 2.0 document; it is converted to OpenAPI 3.0 by spec2openapi"
    assert ["tsv" in sentence for sentence in sentences[1:]] == [True]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("swagger: '1.2'\npaths: {}\n", "is no OpenAPI"),
        ("swagger: '2.0'\npaths: 5\n", "is Swagger 2.0, and cannot be converted|has no paths"),
        (f"swagger: '2.0'\npaths: {{}}\ndefinitions: {'{a: ' * 150}{'}' * 150}\n", ""),
    ],
)
def test_what_cannot_be_converted(write: Write, text: str, message: str) -> None:
    """Older versions, and documents without meaning, get a sentence or what is left of them."""
    path = write("old.yaml", text)
    if not message:
        assert specs.load(path).operations == ()
        return
    with pytest.raises(NotOpenApi, match=message):
        specs.load(path)
