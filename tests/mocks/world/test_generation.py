"""Values of any schema: valid, the same for the same key, and finite where the schema is recursive."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specduet.mocks.generation import formats, values
from specduet.mocks.generation.seeded_random import SeededRandom
from specduet.mocks.generation.text import text_maker_for
from specduet.specs import Schemas

SCHEMAS: dict[str, Any] = {
    "anything": True,
    "empty": {},
    "null": {"type": "null"},
    "nullable": {"type": ["string", "null"], "minLength": 3},
    "const": {"const": {"a": [1]}},
    "enum of mixed": {"enum": [1, "one", None]},
    "enum narrowed": {"type": "string", "enum": [1, "one"]},
    "nullable type, enum without null": {"type": ["string", "null"], "enum": ["a", "b"]},
    "nullable with examples": {"anyOf": [{"type": "string"}, {"type": "null"}], "examples": ["an example"]},
    "bounds": {"type": "integer", "minimum": 17, "maximum": 19},
    "exclusive bounds": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
    "exclusive integers": {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    "negative": {"type": "integer", "maximum": -1000},
    "multiples": {"type": "integer", "multipleOf": 7, "minimum": 100},
    "cents": {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 1},
    "one point": {"type": "number", "minimum": 0.005, "maximum": 0.005},
    "int32": {"type": "integer", "format": "int32", "minimum": 2147483600},
    "short": {"type": "string", "maxLength": 2},
    "long": {"type": "string", "minLength": 500},
    "no text at all": {"type": "string", "maxLength": 0},
    "pattern": {"type": "string", "pattern": "^[A-Z]{2}-\\d+$"},
    "pattern and length": {"type": "string", "pattern": "^[a-z]+$", "minLength": 3, "maxLength": 4},
    "pattern within": {"type": "string", "pattern": "b"},
    "lookahead": {"type": "string", "pattern": "^(?=.*\\d)[a-z0-9]{4,8}$"},
    "array": {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4},
    "empty array": {"type": "array", "maxItems": 0},
    "unique": {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"const": 7}, "minContains": 2},
    "closed object": {"type": "object", "additionalProperties": False, "properties": {"a": {"type": "string"}}},
    "required only": {"type": "object", "required": ["x", "y"]},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
    "few properties": {"type": "object", "properties": {n: {"type": "integer"} for n in "abcde"}, "maxProperties": 2},
    "named by pattern": {
        "type": "object",
        "patternProperties": {"^x-[a-z]{3}$": {"type": "integer"}},
        "additionalProperties": False,
        "minProperties": 2,
    },
    "property names": {"type": "object", "propertyNames": {"pattern": "^[a-z]{4}$"}, "minProperties": 2},
    "dependent": {
        "type": "object",
        "properties": {"card": {"type": "string"}, "address": {"type": "string"}},
        "required": ["card"],
        "dependentRequired": {"card": ["address"]},
    },
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 5}}, "required": ["a"]},
            {"properties": {"a": {"maximum": 6}, "b": {"type": "string"}}, "required": ["b"]},
        ]
    },
    "any of with base": {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "one of": {
        "oneOf": [
            {
                "type": "object",
                "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
                "required": ["kind"],
            },
            {
                "type": "object",
                "properties": {"kind": {"const": "dog"}, "good": {"type": "boolean"}},
                "required": ["kind"],
            },
        ]
    },
    "one of overlapping": {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "integer", "maximum": 10}]},
    "impossible branch": {"anyOf": [False, {"type": "string", "enum": []}, {"type": "integer"}]},
    "choices within choices": {"anyOf": [{"anyOf": [{"type": "null"}, {"const": 1}]}, {"const": 2}]},
    "not": {"type": "integer", "minimum": 0, "maximum": 3, "not": {"enum": [0, 1]}},
    "if then": {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}, "n": {"type": "integer", "minimum": 0, "maximum": 100}},
        "required": ["kind", "n"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"properties": {"n": {"maximum": 60}}},
    },
    "sibling of a reference": {"$ref": "#/schemas/bounds", "maximum": 17},
    "default that breaks": {"type": "string", "minLength": 5, "default": "x"},
    "examples that break": {"type": "integer", "examples": ["one", 2]},
    "optional part without values": {"type": "object", "properties": {"a": {"enum": []}, "b": {"type": "integer"}}},
    "implied-object": {"properties": {"a": {"type": "string"}}, "required": ["a"]},
    "recursive": {
        "type": "object",
        "properties": {
            "value": {"type": "integer"},
            "children": {"type": "array", "items": {"$ref": "#/schemas/recursive"}},
        },
        "required": ["value", "children"],
    },
    "recursive-chain": {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#/schemas/recursive-chain"}, {"type": "null"}]}},
        "required": ["next"],
    },
    "recursive-with-an-end": {
        "oneOf": [
            {"type": "object", "properties": {"not": {"$ref": "#/schemas/recursive-with-an-end"}}, "required": ["not"]},
            {"type": "object", "properties": {"leaf": {"type": "string"}}, "required": ["leaf"]},
        ]
    },
    "expression": {
        "anyOf": [
            *(
                {
                    "type": "object",
                    "properties": {"op": {"const": op}, **{key: {"$ref": "#/schemas/expression"} for key in "abc"}},
                    "required": ["op", "a", "b", "c"],
                }
                for op in "+-*/%"
            ),
            {"type": "integer"},
        ]
    },
    "expressions": {"type": "array", "items": {"$ref": "#/schemas/expression"}, "minItems": 8},
    "recursive-all-of": {
        "allOf": [
            {"$ref": "#/schemas/implied-object"},
            {"properties": {"more": {"type": "array", "items": {"$ref": "#/schemas/recursive-all-of"}}}},
        ]
    },
    "mutual": {"type": "object", "properties": {"other": {"$ref": "#/schemas/mutual-back"}}},
    "mutual-back": {"type": "object", "properties": {"one": {"$ref": "#/schemas/mutual"}}, "required": ["one"]},
    "itself": {"$ref": "#/schemas/itself"},
}
FORMATS = [*formats.FORMAT_MAKERS, "unheard-of"]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas({"schemas": SCHEMAS})


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name != "itself"])
def test_every_keyword(schemas: Schemas, name: str) -> None:
    """Thirty keys give thirty valid values."""
    pointer = f"/schemas/{name}"
    for index in range(30):
        value = values.generate_value(schemas, SCHEMAS[name], pointer, f"key {index}")
        schemas.validator_at(pointer).validate(value)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(name: str) -> None:
    """Text made for a format is valid in that format."""
    schemas = Schemas({"f": {"type": "string", "format": name}})
    texts = {values.generate_value(schemas, schemas.node_at("/f"), "/f", str(index)) for index in range(40)}
    assert all(schemas.validator_at("/f").is_valid(text) for text in texts)
    assert len(texts) > 5


def test_variety(schemas: Schemas) -> None:
    """Different keys give different values: both sides of a nullable, every member, every alternative."""

    def make_values(name: str) -> list[Any]:
        return [values.generate_value(schemas, SCHEMAS[name], f"/schemas/{name}", f"{i}") for i in range(60)]

    assert {value is None for value in make_values("nullable")} == {True, False}
    assert set(make_values("nullable with examples")) == {"an example", None}
    assert {json.dumps(value) for value in make_values("enum of mixed")} == {"1", '"one"'} | {"null"}
    assert {value["kind"] for value in make_values("one of")} == {"cat", "dog"}
    assert set(make_values("bounds")) == {17, 18, 19}


def test_the_same_key_gives_the_same_value(schemas: Schemas) -> None:
    """A key gives the same value from a generator that has made other values before."""
    fresh = Schemas({"schemas": SCHEMAS})
    for name in ("recursive", "map", "one of", "pattern"):
        arguments = (SCHEMAS[name], f"/schemas/{name}", "the key")
        assert values.generate_value(schemas, *arguments) == values.generate_value(fresh, *arguments)


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "string", "enum": [1]},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"not": {}},
        {"type": "object", "properties": {"me": {"$ref": "#/s"}}, "required": ["me"]},
        {"type": "object", "properties": {"me": {"$ref": "#/s"}}, "required": ["me"], "minProperties": 1},
        {"oneOf": [{"type": "object", "properties": {k: {"$ref": "#/s"}}, "required": [k]} for k in "abc"]},
        {
            "type": "object",
            "properties": {"a": {"properties": {"b": {"enum": []}}, "required": ["b"]}},
            "required": ["a"],
        },
    ],
)
def test_nothing_is_made_of_a_contradiction(schema: Any) -> None:
    """A schema without values raises CannotGenerate, an operator error that names the place."""
    schemas = Schemas({"s": schema})
    with pytest.raises(values.CannotGenerate, match="/s"):
        values.generate_value(schemas, schema, "/s", "key")


def test_a_wide_recursion_stays_small() -> None:
    """Forty optional references to objects that have forty each do not make a million of them."""
    wide = {"type": "object", "properties": {f"p{i}": {"$ref": "#/wide"} for i in range(40)}}
    schemas = Schemas({"wide": wide})
    assert len(json.dumps(values.generate_value(schemas, wide, "/wide", "key"))) < 100_000


def test_believable_by_name() -> None:
    """A property's name says what its text looks like where the schema does not."""
    schema = {
        "type": "object",
        "properties": {n: {"type": "string"} for n in ("email", "website_url", "first_name", "error_message")},
        "required": ["email", "website_url", "first_name", "error_message"],
    }
    made = values.generate_value(Schemas({"s": schema}), schema, "/s", "key")
    assert "@example." in made["email"]
    assert made["website_url"].startswith("https://")
    assert made["first_name"].isalpha()
    assert len(made["error_message"]) > 10


def scalars() -> st.SearchStrategy[dict[str, Any]]:
    numbers = st.tuples(st.integers(-50, 50), st.integers(0, 40)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    return st.one_of(
        st.just({"type": "boolean"}),
        numbers.map(lambda pair: {"type": "integer", "minimum": pair[0], "maximum": pair[1]}),
        numbers.map(lambda pair: {"type": "number", "minimum": pair[0], "maximum": pair[1] + 0.5}),
        st.integers(0, 12).map(lambda n: {"type": "string", "minLength": n, "maxLength": n + 3}),
        st.sampled_from(list(formats.FORMAT_MAKERS)).map(lambda name: {"type": "string", "format": name}),
        st.lists(st.integers() | st.text(max_size=3), min_size=1).map(lambda members: {"enum": members}),
        st.sampled_from([{"type": ["string", "null"]}, {}, {"type": "string", "pattern": "^a+b?$"}]),
    )


def composed(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["id", "name", "count", "created_at", "x"])
    objects = st.tuples(st.dictionaries(names, inner, max_size=4), st.booleans(), st.booleans()).map(
        lambda made: {
            "type": "object",
            "properties": made[0],
            "required": list(made[0]) if made[1] else [],
            "additionalProperties": made[2],
        }
    )
    arrays = st.tuples(inner, st.integers(0, 3)).map(
        lambda made: {"type": "array", "items": made[0], "minItems": made[1], "maxItems": made[1] + 2}
    )
    choices = st.tuples(st.sampled_from(["anyOf"]), st.lists(inner, min_size=1, max_size=3)).map(
        lambda made: {made[0]: made[1]}
    )
    return st.one_of(objects, arrays, choices, inner.map(lambda schema: {"allOf": [schema]}))


@given(schema=st.recursive(scalars(), composed, max_leaves=8), key=st.text(max_size=5))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_schema(schema: dict[str, Any], key: str) -> None:
    """A schema composed of satisfiable parts has a valid value that survives JSON."""
    schemas = Schemas({"s": schema})
    value = values.generate_value(schemas, schema, "/s", key)
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(json.loads(json.dumps(value)))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def test_names_of_free_properties_are_words() -> None:
    """An open map gets readable keys."""
    schema = {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 12}
    made = values.generate_value(Schemas({"s": schema}), schema, "/s", "key")
    assert len(made) == 12
    assert all(text.isprintable() for text in strings(made))


def test_random_choices_are_even() -> None:
    """Every number comes up about as often, also for ranges larger than one block of random bits."""
    counts = [0] * 6
    for index in range(600):
        counts[SeededRandom(f"throw {index}").randbelow(6)] += 1
    assert all(70 < count < 130 for count in counts)
    large = SeededRandom("large")
    assert len({large.randbelow(1 << 2000) >> 1990 for _ in range(100)}) > 50


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("customer", "[A-Z][a-z]+ [A-Z][a-z]+"),
        ("sku", "[A-Z]{3}-[0-9]{5}"),
        ("orderNumber", "[A-Z]{3}-[0-9]{5}"),
        ("ip_address", r"203\.0\.113\.[0-9]+"),
        ("postal_code", "[0-9]{5}"),
        ("streetAddress", "[0-9]+ [A-Z][a-z]+ [A-Z][a-z]+"),
        ("customer_email", "[a-z]+[.][a-z]+@example[.](com|org|net)"),
    ],
)
def test_texts_are_what_their_names_say(name: str, pattern: str) -> None:
    """A property without a hint in its schema has a value of the kind that its name tells."""
    assert re.fullmatch(pattern, text_maker_for(name)(SeededRandom(name)))
