"""Values for each keyword of JSON Schema 2020-12, alone and combined: valid by another validator, or none at all."""

import json
import time
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specduet.mocks.generation.limits import CannotGenerate
from specduet.mocks.generation.values import generate_value
from specduet.specs import Schemas

_OPEN_LEFT: dict[str, Any] = {"type": "object", "properties": {"size": {"type": "integer"}}}
_OPEN_RIGHT: dict[str, Any] = {"type": "object", "properties": {"color": {"type": "string"}}}
_CLOSED_LEFT = {**_OPEN_LEFT, "additionalProperties": False}
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}

SCHEMAS: dict[str, Any] = {
    # types and values
    "true": True,
    "null only": {"type": "null"},
    "enum of null": {"enum": [None]},
    "enum with null": {"type": ["string", "null"], "enum": ["a", None]},
    "enum null without its type": {"type": "string", "enum": ["a", None]},
    "enum of one and true": {"enum": [1, True], "not": {"const": True}},
    "const false": {"const": False},
    "const object": {"const": {"a": [1, {"b": None}]}},
    "type list": {"type": ["integer", "array", "null"], "minItems": 2, "minimum": 7},
    "number that is no integer": {"type": "number", "not": {"type": "integer"}},
    # numbers
    "cents": {"type": "number", "multipleOf": 0.01, "minimum": 0.005, "maximum": 0.03},
    "thousandths": {"type": "number", "multipleOf": 0.001, "exclusiveMinimum": 10, "exclusiveMaximum": 10.002},
    "integer steps of 1.5": {"type": "integer", "multipleOf": 1.5, "minimum": 4},
    "number steps of 1e-7": {"type": "number", "multipleOf": 1e-7, "minimum": 0, "maximum": 1e-6},
    "steps of two parts": {"allOf": [{"type": "integer", "multipleOf": 4}, {"multipleOf": 6}], "minimum": 1},
    "int32 at its end": {"type": "integer", "format": "int32", "minimum": 2147483647},
    "int64 at its end": {"type": "integer", "format": "int64", "minimum": 9223372036854775807},
    "int64 negative": {"type": "integer", "format": "int64", "maximum": -9223372036854775808},
    "float": {"type": "number", "format": "float", "exclusiveMinimum": 0, "maximum": 1e-9},
    "narrow numbers": {"type": "number", "minimum": 1.0001, "maximum": 1.0002},
    # text
    "long text": {"type": "string", "minLength": 5000, "maxLength": 5000},
    "short email": {"type": "string", "format": "email", "maxLength": 8},
    "long email": {"type": "string", "format": "email", "minLength": 90},
    "short uri": {"type": "string", "format": "uri", "maxLength": 12},
    "long uri": {"type": "string", "format": "uri", "minLength": 300, "maxLength": 300},
    "long host": {"type": "string", "format": "hostname", "minLength": 100, "maxLength": 253},
    "short timestamp": {"type": "string", "format": "date-time", "maxLength": 20},
    "precise timestamp": {"type": "string", "format": "date-time", "minLength": 24},
    "format and pattern": {"type": "string", "format": "uri", "pattern": "^https://example\\.com/[a-z]{4}$"},
    "date and pattern": {"type": "string", "format": "date", "pattern": "^2020-02-0[1-9]$"},
    "unknown format": {"type": "string", "format": "iso-thing", "minLength": 3},
    "base64": {"type": "string", "contentEncoding": "base64", "minLength": 100},
    "json in text": {"type": "string", "contentMediaType": "application/json"},
    "pattern and lengths": {"type": "string", "pattern": "^[A-Z][a-z-]+$", "minLength": 40, "maxLength": 40},
    "password": {"type": "string", "pattern": "^(?=.*[A-Z])(?=.*\\d)(?=.*[!#%])[\\w!#%]{12,}$"},
    "letters of all scripts": {"type": "string", "pattern": "^\\p{L}[\\p{L}\\p{M} .'-]{1,49}$"},
    "two patterns": {"allOf": [{"type": "string", "pattern": "^[a-z]"}, {"pattern": "^[a-z0-9]{6}$"}]},
    "text that is no pattern": {"type": "string", "not": {"pattern": "a"}, "maxLength": 3},
    "not short": {"type": "string", "not": {"maxLength": 20}},
    # arrays
    "prefix": {"prefixItems": [_TEXT, _NUMBER], "items": {"type": "boolean"}, "minItems": 4},
    "prefix, closed": {"type": "array", "prefixItems": [_TEXT, _NUMBER], "items": False},
    "unevaluated items": {"allOf": [{"prefixItems": [_TEXT]}], "unevaluatedItems": False, "minItems": 1},
    "contains": {"type": "array", "contains": {"const": 7}, "minContains": 2, "maxContains": 2, "minItems": 5},
    "contains among items": {"type": "array", "items": _NUMBER, "contains": {"minimum": 900}},
    "contains nothing": {"type": "array", "items": {"enum": [1, 2]}, "contains": {"const": 1}, "minContains": 0},
    "contains at most": {"type": "array", "items": {"enum": [1, 2]}, "contains": {"const": 1}, "maxContains": 1},
    "unique members": {"type": "array", "items": {"enum": [1, 2, 3, 4]}, "uniqueItems": True, "minItems": 4},
    "unique booleans and numbers": {
        "type": "array",
        "items": {"enum": [0, False, 1, True]},
        "uniqueItems": True,
        "minItems": 4,
    },
    "unique objects": {"type": "array", "items": _OPEN_LEFT, "uniqueItems": True, "minItems": 3},
    "two lists of items": {"allOf": [{"type": "array", "items": _NUMBER}, {"items": {"minimum": 5, "maximum": 6}}]},
    "no items": {"type": "array", "items": False},
    # objects
    "closed": {"type": "object", "additionalProperties": False},
    "all of, both closed to others": {
        "allOf": [
            {"type": "object", "properties": {"a": _TEXT}, "additionalProperties": {"type": "string", "maxLength": 2}},
            {"type": "object", "properties": {"b": _TEXT}, "required": ["b"]},
        ]
    },
    "all of with a closed part": {
        "allOf": [
            {"type": "object", "properties": {"a": _TEXT, "b": {}}, "additionalProperties": False, "required": ["a"]},
            {"properties": {"b": _NUMBER, "c": _NUMBER}},
        ]
    },
    "pattern properties": {
        "type": "object",
        "properties": {"x-a": {"minimum": 3}},
        "patternProperties": {"^x-": {"type": "integer", "maximum": 4}},
        "additionalProperties": False,
        "required": ["x-a", "x-b"],
        "minProperties": 4,
    },
    "property names": {"type": "object", "propertyNames": {"enum": ["a", "b", "c"]}, "minProperties": 3},
    "property names forbid": {
        "type": "object",
        "properties": {"Bad": _TEXT, "good": _TEXT},
        "propertyNames": {"pattern": "^[a-z]+$"},
    },
    "dependent required": {
        "type": "object",
        "properties": {"a": _TEXT},
        "required": ["a"],
        "dependentRequired": {"a": ["b"], "b": ["c"]},
    },
    "dependent schemas": {
        "type": "object",
        "properties": {"card": _TEXT, "n": _NUMBER},
        "dependentSchemas": {"card": {"required": ["n"], "properties": {"n": {"const": 4}}}},
    },
    "unevaluated properties": {
        "allOf": [{"type": "object", "properties": {"a": _TEXT}, "required": ["a"]}],
        "properties": {"b": _TEXT},
        "unevaluatedProperties": False,
    },
    "unevaluated after a choice": {
        "type": "object",
        "oneOf": [{"properties": {"a": _TEXT}, "required": ["a"]}, {"properties": {"b": _TEXT}, "required": ["b"]}],
        "unevaluatedProperties": False,
    },
    "few of many": {
        "type": "object",
        "properties": dict.fromkeys("abcdefgh", _TEXT),
        "minProperties": 2,
        "maxProperties": 3,
    },
    "required but not named": {"type": "object", "required": ["a"], "additionalProperties": {"type": "integer"}},
    "map of lists": {
        "type": "object",
        "additionalProperties": {"type": "array", "items": _NUMBER},
        "minProperties": 20,
    },
    # choices
    "any of with overlaps": {"anyOf": [_OPEN_LEFT, _OPEN_RIGHT, {"type": "string"}]},
    "one of, overlapping objects": {"oneOf": [_OPEN_LEFT, _OPEN_RIGHT]},
    "one of, one contains the other": {
        "oneOf": [
            _OPEN_LEFT,
            {"type": "object", "properties": {**_OPEN_LEFT["properties"], **_OPEN_RIGHT["properties"]}},
        ]
    },
    "one of, one closed": {"oneOf": [_CLOSED_LEFT, _OPEN_RIGHT]},
    "one of, both closed": {"oneOf": [_CLOSED_LEFT, {**_OPEN_RIGHT, "additionalProperties": False}]},
    "one of, three alike": {
        "oneOf": [{"type": "object", "properties": {"v": kind}} for kind in (_TEXT, _NUMBER, {"type": "boolean"})]
    },
    "one of, integer and number": {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    "one of, text and formatted": {"oneOf": [{"type": "string"}, {"type": "string", "format": "uuid"}]},
    "one of beside properties": {
        "type": "object",
        "properties": {"a": _TEXT, "b": _TEXT},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "one of in an array": {"type": "array", "items": {"oneOf": [_OPEN_LEFT, _OPEN_RIGHT]}, "minItems": 2},
    "all of with two choices": {
        "allOf": [
            {"anyOf": [{"properties": {"a": _TEXT}, "required": ["a"]}, {"required": ["x"]}]},
            {"oneOf": [{"properties": {"b": {"const": 1}}, "required": ["b"]}, {"required": ["y"]}]},
        ],
        "type": "object",
    },
    "discriminated": {
        "oneOf": [{"$ref": "#/cat"}, {"$ref": "#/dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"c": "#/cat", "d": "#/dog"}},
    },
    # negation and conditions
    "not one type": {"not": {"type": ["object", "string"]}},
    "not a member": {"type": "string", "enum": ["a", "b", "c"], "not": {"enum": ["a", "b"]}},
    "not required": {"type": "object", "properties": {"a": _TEXT, "b": _TEXT}, "not": {"required": ["a"]}},
    "not both": {"type": "object", "required": ["a"], "not": {"required": ["a", "b"]}},
    "not one value of a property": {
        "type": "object",
        "properties": {"a": {"enum": [1, 2]}},
        "required": ["a"],
        "not": {"properties": {"a": {"const": 1}}},
    },
    "not any of": {"type": "integer", "not": {"anyOf": [{"minimum": 10}, {"multipleOf": 2}]}, "minimum": 0},
    "not not": {"not": {"not": {"type": "integer", "minimum": 5}}},
    "if then else": {
        "type": "object",
        "properties": {"country": {"enum": ["DE", "US"]}, "zip": _TEXT},
        "required": ["country", "zip"],
        "if": {"properties": {"country": {"const": "DE"}}},
        "then": {"properties": {"zip": {"pattern": "^\\d{5}$"}}},
        "else": {"properties": {"zip": {"pattern": "^[A-Z]{2} \\d{5}-\\d{4}$"}}},
    },
    "if then without else": {
        "type": "object",
        "properties": {"a": {"type": "boolean"}},
        "if": {"properties": {"a": {"const": True}}, "required": ["a"]},
        "then": {"required": ["b"]},
    },
    # references and directions
    "reference with siblings": {"$ref": "#/cat", "required": ["lives"], "properties": {"lives": {"maximum": 3}}},
    "recursion with an end": {"$ref": "#/tree"},
    "recursion through all of": {"allOf": [{"$ref": "#/tree"}], "properties": {"extra": {"$ref": "#/tree"}}},
    "example that breaks": {"type": "integer", "example": "seven"},
    "deep choices": {"anyOf": [{"oneOf": [{"anyOf": [{"type": "boolean"}, {"not": {}}]}]}, False]},
}
_COMPONENTS = {
    "cat": {
        "type": "object",
        "properties": {"kind": _TEXT, "lives": {"type": "integer", "minimum": 1}},
        "required": ["kind"],
    },
    "dog": {"type": "object", "properties": {"kind": _TEXT, "good": {"type": "boolean"}}, "required": ["kind", "good"]},
    "tree": {
        "type": "object",
        "properties": {
            "value": _NUMBER,
            "left": {"$ref": "#/tree"},
            "right": {"oneOf": [{"type": "null"}, {"$ref": "#/tree"}]},
        },
        "required": ["value", "right"],
    },
}


def make_values(schema: Any, count: int) -> list[Any]:
    schemas = Schemas({"s": schema, **_COMPONENTS})
    return [generate_value(schemas, schema, "/s", f"seed {seed}") for seed in range(count)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_combination(name: str) -> None:
    """Eight seeds give eight values that a validator of their own finds valid, after a way through JSON."""
    document = SCHEMAS[name]
    if isinstance(document, dict):
        document = {**document, **_COMPONENTS}
    validator = jsonschema_rs.Draft202012Validator(document, validate_formats=True)
    start = time.process_time()
    for value in make_values(SCHEMAS[name], 8):
        validator.validate(json.loads(json.dumps(value)))
    assert time.process_time() - start < ENDLESS_S


ENDLESS_S = 10  # a search without an end takes longer; one with an end takes a tenth of that on a busy machine
IMPOSSIBLE: dict[str, tuple[Any, str]] = {
    "false": (False, "contradicts itself"),
    "no member of the type": ({"type": "string", "enum": [1]}, "no member of its enum"),
    "bounds out of order": ({"type": "integer", "minimum": 2, "maximum": 1}, "lowest number is above"),
    "lengths out of order": ({"type": "string", "minLength": 2, "maxLength": 1}, "at least 2 and at most 1"),
    "no integer between": ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, "no such number"),
    "required and forbidden": ({"type": "object", "required": ["a"], "properties": {"a": False}}, "contradicts itself"),
    "required and closed": ({"type": "object", "required": ["a"], "additionalProperties": False}, "contradicts itself"),
    "one of, twice the same": ({"oneOf": [_OPEN_LEFT, _OPEN_LEFT]}, "was valid"),
    "itself required": ({"type": "object", "properties": {"me": {"$ref": "#/s"}}, "required": ["me"]}, "without end"),
    "itself as item": ({"type": "array", "items": {"$ref": "#/s"}, "minItems": 1}, "without end"),
    "a billion items": ({"type": "array", "items": _NUMBER, "minItems": 10**9}, "1,000,000,000 items"),
    "a billion of any items": ({"type": "array", "minItems": 10**9}, "1,000,000,000 items"),
    "a billion contained": ({"type": "array", "contains": _NUMBER, "minContains": 10**9}, "1,000,000,000 items"),
    "a billion characters": ({"type": "string", "minLength": 10**9}, "1,000,000,000 characters"),
    "a billion properties": ({"type": "object", "minProperties": 10**9}, "1,000,000,000 properties"),
    "a million objects": (
        {"type": "array", "minItems": 9999, "items": {"type": "array", "minItems": 9999, "items": _OPEN_LEFT}},
        "more than 10,000 objects",
    ),
    "too few unique members": (
        {"type": "array", "items": {"enum": [1, 2]}, "uniqueItems": True, "minItems": 3},
        "was valid",
    ),
    "not anything": ({"not": {}}, "contradicts itself"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_cannot_be_made(name: str) -> None:
    """A schema without values, or with huge ones only, raises CannotGenerate and says why; the search ends."""
    schema, reason = IMPOSSIBLE[name]
    start = time.process_time()
    with pytest.raises(CannotGenerate, match=reason):
        make_values(schema, 1)
    assert time.process_time() - start < ENDLESS_S


def test_a_huge_optional_part_is_left_out() -> None:
    """An optional property whose values are too large is left out, and the rest is made."""
    schema = {"type": "object", "properties": {"a": _TEXT, "b": {"type": "string", "minLength": 10**9}}}
    assert all(value.keys() == {"a"} for value in make_values(schema, 5))


def test_write_only_properties_are_never_made() -> None:
    """A writeOnly property is left out: marked itself, behind a reference, or in an allOf."""
    secret = {"type": "string", "writeOnly": True}
    properties = {"a": secret, "b": {"$ref": "#/secret"}, "c": {"allOf": [{"$ref": "#/secret"}]}, "d": _TEXT}
    schema = {"type": "object", "properties": properties}
    schemas = Schemas({"s": schema, "secret": secret})
    assert all(generate_value(schemas, schema, "/s", str(seed)).keys() == {"d"} for seed in range(8))


def test_examples_lose_their_write_only_properties() -> None:
    """An example of a schema is sent without its writeOnly properties, at any depth."""
    user = {"properties": {"name": _TEXT, "pin": {"type": "integer", "writeOnly": True}}}
    schema = {
        "type": "object",
        "properties": {"users": {"type": "array", "items": user}},
        "example": {"users": [{"name": "Ada", "pin": 1}]},
    }
    assert make_values(schema, 1) == [{"users": [{"name": "Ada"}]}]


def test_a_discriminator_names_its_branch() -> None:
    """The discriminating property has the name that the mapping gives the branch."""
    seen = set()
    for value in make_values(SCHEMAS["discriminated"], 30):
        seen.add((value["kind"], "good" in value))
    assert seen == {("c", False), ("d", True)}


# ------------------------------------------------------------------------------------------------ any schema

_BOUND = st.integers(-4, 12)
_NAMES = st.sampled_from(["a", "b", "c", "x-d"])


def _sparse(**keywords: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keywords)


def _scalars() -> st.SearchStrategy[Any]:
    length = st.integers(0, 12)
    numbers = _sparse(
        minimum=_BOUND, maximum=_BOUND, multipleOf=st.sampled_from([1, 3, 0.5, 0.01]), exclusiveMinimum=_BOUND
    )
    texts = _sparse(
        minLength=length,
        maxLength=length,
        pattern=st.sampled_from(["^[a-c]+$", "b", "^(?!a)\\w*$", "^\\p{Lu}"]),
        format=st.sampled_from(["date", "email", "uuid", "uri", "ipv6", "strange"]),
    )
    return st.one_of(
        st.booleans(),
        st.builds(
            lambda kind, more: {"type": kind, **more},
            st.sampled_from(["integer", "number", ["integer", "null"]]),
            numbers,
        ),
        texts.map(lambda more: {"type": "string", **more}),
        st.lists(st.sampled_from([0, 1, "a", None, False, 2.5, [1], {"a": 1}]), max_size=3).map(lambda m: {"enum": m}),
        st.sampled_from([{}, {"type": "boolean"}, {"type": "null"}, {"const": 3}, {"$ref": "#/s"}]),
    )


def _compose(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    count = st.integers(0, 4)
    some = st.lists(inner, min_size=1, max_size=3)
    objects = _sparse(
        properties=st.dictionaries(_NAMES, inner, max_size=3),
        required=st.lists(_NAMES, max_size=2, unique=True),
        additionalProperties=inner,
        patternProperties=st.dictionaries(st.just("^x-"), inner, max_size=1),
        propertyNames=st.sampled_from([{"maxLength": 1}, {"pattern": "^[a-z]"}]),
        minProperties=count,
        maxProperties=count,
        dependentRequired=st.just({"a": ["b"]}),
        dependentSchemas=st.dictionaries(_NAMES, inner, max_size=1),
        unevaluatedProperties=st.booleans(),
    )
    arrays = _sparse(
        items=inner,
        prefixItems=some,
        contains=inner,
        minContains=count,
        maxContains=count,
        minItems=count,
        maxItems=count,
        uniqueItems=st.booleans(),
        unevaluatedItems=st.booleans(),
    )
    logic = _sparse(allOf=some, anyOf=some, oneOf=some, **{"not": inner, "if": inner, "then": inner, "else": inner})
    return st.one_of(
        objects.map(lambda more: {"type": "object", **more}),
        arrays.map(lambda more: {"type": "array", **more}),
        logic,
        st.builds(lambda left, right: {**left, **right}, objects, logic),
    )


@given(schema=st.recursive(_scalars(), _compose, max_leaves=10))
@settings(max_examples=400, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_any_schema_has_a_valid_value_or_none(schema: Any) -> None:
    """Any combination of keywords gives a valid value or CannotGenerate, and the search for one ends."""
    start = time.process_time()
    try:
        value = make_values(schema, 1)[0]
    except CannotGenerate:
        value = ...
    assert time.process_time() - start < ENDLESS_S
    if value is not ...:
        Schemas({"s": schema, **_COMPONENTS}).validator_at("/s").validate(json.loads(json.dumps(value)))
