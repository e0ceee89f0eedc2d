"""Validators of large documents: compiled schema by schema, with the verdicts of a schema in one piece."""

from typing import Any

import jsonschema_rs
import pytest

from specduet.specs import validators
from specduet.specs.schemas import Schemas

COUNT = 12


def make_document(**more: Any) -> dict[str, Any]:
    """Return a document of schemas that all refer to each other, more than are compiled in one piece."""
    schemas: dict[str, Any] = {}
    for index in range(COUNT):
        plain = {f"p{number}": {"type": "string", "maxLength": 9} for number in range(30)}
        others = {
            f"r{step}": {"anyOf": [{"type": "null"}, {"$ref": f"#/components/schemas/S{(index * step + 1) % COUNT}"}]}
            for step in range(1, 8)
        }
        schemas[f"S{index}"] = {"type": "object", "required": ["p0"], "properties": {**plain, **others}}
    return {"openapi": "3.1.0", "components": {"schemas": {**schemas, **more}}}


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small document count as a large one."""
    monkeypatch.setattr(validators, "_MOST_COPIED", 100)


GOOD = {"p0": "a", "r1": {"p0": "b", "r2": {"p0": "c", "r3": None}}}
BAD = {"p0": "a", "r1": {"p0": "b", "r2": {"p0": "c", "r3": {"p1": "d"}}}}
S0 = {"$ref": "#/components/schemas/S0"}


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        (S0, GOOD, BAD),
        ({"type": "array", "items": S0}, [GOOD], [GOOD, BAD]),
        ({**S0, "minProperties": 2}, GOOD, {"p0": "a"}),
        ({"allOf": [S0, {"required": ["r1"]}]}, GOOD, {"p0": "a"}),
        ({"not": S0}, BAD, GOOD),
        ({"properties": {"$ref": S0, "const": {"const": {"$ref": "#/nowhere"}}}}, {"$ref": GOOD}, {"$ref": BAD}),
        ({"const": {"$ref": "#/nowhere"}, "x-more": S0}, {"$ref": "#/nowhere"}, {}),
        ({**S0, "unevaluatedProperties": False}, GOOD, {**GOOD, "more": 1}),
    ],
)
def test_verdicts_are_those_of_one_piece(schema: Any, valid: Any, invalid: Any) -> None:
    """A value is valid for linked schemas if it is for the schema in one piece, and errors have the same places."""
    document = make_document(X=schema)
    registry = jsonschema_rs.Registry([("urn:x", document)])
    whole = jsonschema_rs.Draft202012Validator({"$ref": "urn:x#/components/schemas/X"}, registry=registry)
    validator = Schemas(document).validator_at("/components/schemas/X")
    assert (validator.is_valid(valid), validator.is_valid(invalid)) == (True, False)
    assert [list(validator.iter_errors(value)) for value in (valid,)] == [[]]
    places = [[error.instance_path for error in found.iter_errors(invalid)] for found in (validator, whole)]
    assert places[0] == places[1]
    validator.validate(valid)
    with pytest.raises(jsonschema_rs.ValidationError):
        validator.validate(invalid)


def test_mere_references_share_a_validator() -> None:
    """Operations that respond with the same component have one validator."""
    schemas = Schemas(make_document(A=S0, B={"$ref": "#/components/schemas/A"}))
    pointers = ("/components/schemas/A", "/components/schemas/B", "/components/schemas/S0")
    assert len({id(schemas.validator_at(pointer)) for pointer in pointers}) == 1


def test_a_schema_that_refers_to_itself_without_end() -> None:
    """References that lead back to themselves end, and so do those that lead nowhere."""
    loop = {"allOf": [S0, {"$ref": "#/components/schemas/Loop"}]}
    schemas = Schemas(make_document(Loop=loop, Open={"allOf": [S0]}))
    assert schemas.validator_at("/components/schemas/Loop").is_valid(GOOD)
    assert not schemas.validator_at("/components/schemas/Loop").is_valid({"p0": 5})


def test_large_schemas_are_copied_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schemas are linked that refer to more than the bound, and those that refer to them."""
    monkeypatch.setattr(validators, "_MOST_COPIED", 300)
    schemas = Schemas(make_document(Y={"items": S0}))
    found = [schemas.validator_at(f"/components/schemas/{name}") for name in ("Y", *(f"S{n}" for n in range(COUNT)))]
    assert [validator.is_valid(GOOD) for validator in found] == [True] * (COUNT + 1)
    assert all(isinstance(validator, validators._LinkedValidator) for validator in found)

    plain = Schemas({"components": {"schemas": {"A": {"type": "string"}, "B": {"items": S0}, "S0": {"type": "null"}}}})
    small = [plain.validator_at(f"/components/schemas/{name}") for name in "AB"]
    assert not any(isinstance(validator, validators._LinkedValidator) for validator in small)
