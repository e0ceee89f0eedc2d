"""Values of schemas that are large, deep, dense or without an end: made or given up in a second, never a hang."""

import json
import time
from typing import Any

import pytest

from specduet.mocks.generation.limits import CannotGenerate
from specduet.mocks.generation.values import generate_value
from specduet.specs import Schemas


def chain(length: int, link: Any) -> dict[str, Any]:
    """Return schemas n0, n1, …, each made from the pointer of the next; the last one is a string."""
    return {**{f"n{i}": link(f"#/n{i + 1}") for i in range(length)}, f"n{length}": {"type": "string"}}


def web(count: int, node: Any) -> dict[str, Any]:
    """Return schemas n0, n1, …, each made from the references to all of them."""
    references = [{"$ref": f"#/n{i}"} for i in range(count)]
    return {f"n{i}": node(references) for i in range(count)}


def require_all(references: list[Any]) -> dict[str, Any]:
    properties = {f"p{i}": reference for i, reference in enumerate(references)}
    return {"type": "object", "properties": properties, "required": list(properties)}


GIVEN_UP: dict[str, dict[str, Any]] = {
    "a web of required": web(12, require_all),
    "a web behind choices": web(12, lambda references: require_all([{"anyOf": references}])),
    "doubled properties": chain(30, lambda ref: require_all([{"$ref": ref}] * 2)),
    "doubled items": chain(60, lambda ref: {"type": "array", "items": {"$ref": ref}, "minItems": 2}),
    "800 levels": chain(800, lambda ref: require_all([{"$ref": ref}])),
    "800 levels of arrays": chain(800, lambda ref: {"type": "array", "items": {"$ref": ref}, "minItems": 1}),
    "arrays in arrays in arrays": {
        "n0": {"type": "array", "items": {"$ref": "#/n1"}, "minItems": 1000},
        "n1": {"type": "array", "items": {"$ref": "#/n2"}, "minItems": 1000},
        "n2": {"type": "array", "items": {"type": "string"}, "minItems": 1000},
    },
    "many long texts": {"n0": {"type": "array", "items": {"type": "string", "minLength": 900_000}, "minItems": 900}},
    "many long texts by a pattern": {
        "n0": {"type": "array", "items": {"type": "string", "pattern": "^a{90000}$"}, "minItems": 900}
    },
    "many objects with many properties": {
        "n0": {"type": "array", "items": {"type": "object", "minProperties": 5000}, "minItems": 5000}
    },
    "many long texts in objects": {
        "n0": require_all([{"type": "string", "minLength": 500_000} for _ in range(50)]),
    },
    "different booleans": {
        "n0": {"type": "array", "items": {"type": "boolean"}, "minItems": 9000, "uniqueItems": True}
    },
}
MADE: dict[str, dict[str, Any]] = {
    "100 arrays within each other": chain(100, lambda ref: {"type": "array", "items": {"$ref": ref}}),
    "100 arrays of one item": chain(100, lambda ref: {"type": "array", "items": {"$ref": ref}, "minItems": 1}),
    "100 objects": chain(100, lambda ref: require_all([{"$ref": ref}])),
    "a web of optional": web(12, lambda references: {"properties": {f"p{i}": r for i, r in enumerate(references)}}),
    "a doubled all of": chain(12, lambda ref: {"allOf": [{"$ref": ref}] * 2}),
    "references in a circle": {"n0": {"$ref": "#/n1"}, "n1": {"$ref": "#/n0"}},
    "its own negation": {"n0": {"anyOf": [{"type": "integer"}, {"not": {"$ref": "#/n0"}}]}},
    "60 choices": {"n0": {"allOf": [{"anyOf": [{"required": [f"a{i}"]}, {"required": [f"b{i}"]}]} for i in range(60)]}},
    "200 branches that look alike": {
        "n0": {"oneOf": [{"type": "object", "properties": {f"p{i}": {"type": "string"}}} for i in range(200)]}
    },
    "a large enum": {"n0": {"enum": list(range(50_000))}},
    "a large number": {"n0": {"type": "number", "minimum": 1e308}},
    "a small step": {"n0": {"type": "number", "multipleOf": 1e-300}},
    "many items": {"n0": {"type": "array", "items": {"type": "string"}, "minItems": 5000}},
    "many properties": {"n0": {"type": "object", "minProperties": 2000}},
}


@pytest.mark.parametrize("name", GIVEN_UP)
def test_what_is_given_up(name: str) -> None:
    """A schema whose values are too large, or have no end, raises CannotGenerate in seconds."""
    document = GIVEN_UP[name]
    start = time.process_time()
    with pytest.raises(CannotGenerate):
        generate_value(Schemas(document), document["n0"], "/n0", "key")
    assert time.process_time() - start < 10


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_all_the_same(name: str) -> None:
    """A schema that only looks endless has a valid value, made in seconds."""
    document = MADE[name]
    schemas = Schemas(document)
    start = time.process_time()
    value = generate_value(schemas, document["n0"], "/n0", "key")
    assert time.process_time() - start < 10
    assert schemas.validator_at("/n0").is_valid(value)


def test_large_values_end_soon() -> None:
    """Optional objects and lists within a value are made until there are many; the value has all of its own."""
    kinds = ("invoice", "payment", "credit", "account", "refund", "fee")
    nodes = {
        kind: {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                **{f"{other}s": {"type": "array", "items": {"$ref": f"#/{other}"}} for other in kinds},
            },
        }
        for kind in kinds
    }
    schemas = Schemas(nodes)
    value = generate_value(schemas, {"$ref": "#/invoice"}, "/invoice", "1")
    assert {*value} == {"text", *(f"{kind}s" for kind in kinds)}
    assert all(value[f"{kind}s"] for kind in kinds)
    assert 2_000 < len(json.dumps(value)) < 12_000
