"""Schemas by pointer: nullability in every spelling, nested fields, references with siblings, recursion."""

import json
from pathlib import Path
from typing import Any

import pytest

from specduet.specs import load
from specduet.specs.schemas import Schemas, escape_pointer, split_pointer

TEXT = {"type": "string"}
NULL = {"type": "null"}


def schemas(**named: Any) -> Schemas:
    return Schemas({"components": {"schemas": named}})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": ["string", "null"]}, True),
        ({"anyOf": [TEXT, NULL]}, True),
        ({"oneOf": [NULL, TEXT]}, True),
        ({"anyOf": [TEXT, {"type": ["integer", "null"]}]}, True),
        ({"anyOf": [{"$ref": "#/components/schemas/T"}, NULL]}, True),
        ({"enum": ["a", None]}, True),
        ({"const": None}, True),
        ({"type": ["string", "null"], "enum": ["a"]}, False),
        ({"enum": ["a"]}, False),
        ({"anyOf": [TEXT, {"type": "integer"}]}, False),
        ({"$ref": "#/components/schemas/T"}, False),
        (TEXT, False),
        ({"properties": {}}, False),
        ({}, True),
    ],
)
def test_nullable_in_every_spelling(schema: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - the expectation
    """Whether null is allowed is seen in every spelling that JSON Schema has for it."""
    assert expected is schemas(S=schema, T=TEXT).split_null(schema, "/components/schemas/S")[2]


def test_siblings_of_a_reference_count() -> None:
    """What stands beside a $ref is laid over what it leads to, as OpenAPI 3.1 allows."""
    found = schemas(T={"type": "string", "default": "a"}).resolve(
        {"$ref": "#/components/schemas/T", "default": "b"}, "/x"
    )
    assert found == ({"type": "string", "default": "b"}, "/components/schemas/T")


def test_fields_at_any_depth() -> None:
    """Every property is found, in objects, arrays, maps and alternatives, with what its schema says of it."""
    row = {
        "required": ["a"],
        "properties": {
            "a": {"enum": ["x", "y"]},
            "list": {"type": "array", "items": {"properties": {"b": {"anyOf": [TEXT, NULL]}}}},
            "map": {"type": "object", "additionalProperties": {"properties": {"c": TEXT}}},
            "one": {"anyOf": [{"properties": {"d": TEXT}}, NULL]},
        },
    }
    found = {".".join(f.path): f for f in schemas(Row=row).walk_fields(row, "/components/schemas/Row")}
    assert list(found) == ["a", "list", "list.*.b", "map", "map.*.c", "one", "one.d"]
    assert (found["a"].required, found["a"].nullable, found["a"].members) == (True, False, ("x", "y"))
    assert (found["list.*.b"].required, found["list.*.b"].nullable) == (False, True)
    assert found["one.d"].pointer == "/components/schemas/Row/properties/one/anyOf/0/properties/d"


def test_recursion_ends() -> None:
    """A schema that contains itself is entered a single time, and its validator works."""
    tree = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}}
    known = schemas(Tree=tree)
    assert [f.path for f in known.walk_fields(tree, "/components/schemas/Tree")] == [("child",)]
    assert not known.validator_at("/components/schemas/Tree").is_valid({"child": {"child": 1}})


def test_validators_check_formats() -> None:
    """A format is an assertion, not a remark."""
    known = schemas(When={"type": "string", "format": "date-time"}, Id={"type": "string", "format": "uuid"})
    assert not known.validator_at("/components/schemas/When").is_valid("yesterday")
    assert not known.validator_at("/components/schemas/Id").is_valid("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")


def test_pointers_with_any_character_compile() -> None:
    """A path with braces, slashes and tildes in its pointer can be validated against."""
    known = Schemas({"paths": {"/a/{b}~c": {"schema": {"type": "integer"}}}})
    assert known.validator_at(f"/paths/{escape_pointer('/a/{b}~c')}/schema").is_valid(3)


def test_pointers_are_escaped_both_ways() -> None:
    """Escaping and splitting are each other's inverse."""
    assert split_pointer(f"/{escape_pointer('a/b~c')}/d") == ["a/b~c", "d"]


def test_a_pointer_to_nothing_is_a_key_error() -> None:
    """Looking up what does not exist says which pointer it was."""
    with pytest.raises(KeyError, match="/components/schemas/Nope"):
        schemas().node_at("/components/schemas/Nope")


def test_schemas_that_hold_each_other_without_end() -> None:
    """Of 30 schemas that all hold each other, which have more properties than atoms in the universe, some are found."""
    names = [f"S{number}" for number in range(30)]
    properties = {name: {"$ref": f"#/components/schemas/{name}"} for name in names}
    known = schemas(**{name: {"properties": properties} for name in names})
    paths = [field.path for field in known.walk_fields({"properties": properties}, "/x")]
    assert {path for path in paths if len(path) == 1} == {(name,) for name in names}
    assert len(paths) < 40_000


def test_a_field_is_located_behind_compositions(tmp_path: Path) -> None:
    """The pointer of a field leads to its schema, also in a part of the row's; else it is the row's own."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/things/{id}": {
                "get": {
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {
                        "200": {
                            "description": "ok",
                            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                        }
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "Base": {"type": "object", "properties": {"id": {"type": "string"}, "owner": {"type": "object"}}},
                "Thing": {
                    "allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"name": {"type": "string"}}}]
                },
            }
        },
    }
    path = tmp_path / "things.json"
    path.write_text(json.dumps(document))
    resource = load(path).resources["thing"]
    assert [resource.locate_field(field) for field in ("name", "owner.id", "nothing")] == [
        "/components/schemas/Thing/allOf/1/properties/name",
        "/components/schemas/Base/properties/owner",
        resource.pointer,
    ]
