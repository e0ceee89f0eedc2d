"""Upgrade of OpenAPI 3.0 to 3.1: its schema keywords become JSON Schema 2020-12, the only dialect read later.

A keyword of 3.1 in a 3.0 schema (a list of types, ``const``) means what it means in 3.1. ``format: byte`` and
``binary`` stay as they are: all readers know them.

https://github.com/OAI/OpenAPI-Specification/blob/main/versions/3.0.3.md#schema-object
https://github.com/OAI/OpenAPI-Specification/blob/main/proposals/2019-10-31-Clarify-Nullable.md
"""

import operator
from collections.abc import Mapping
from typing import Any

from specduet.specs.grammar import (
    CALLBACK,
    CALLBACK_PATHS,
    DOCUMENT,
    SCHEMA_FIELDS,
    ListOf,
    MapOf,
    ObjectKind,
    Shape,
)

_BOUNDS = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))
_REPLACED = frozenset({"nullable", *(keyword for _, keyword in _BOUNDS)})
_COMBINED = frozenset({"allOf", "anyOf", "oneOf"})
#: keywords that describe a value and constrain none
_DESCRIPTIONS = frozenset(
    {
        *("title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly"),
        *("externalDocs", "xml", "$comment", "$defs", "definitions"),
    }
)
#: keywords that references lead into: they stay at their place
_REFERRED = ("properties", "items")


def upgrade_to_31(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document as OpenAPI 3.1. What does not change is shared with the document, which stays as it is."""
    version = str(document["openapi"])
    if not version.startswith("3.0"):  # the schemas of 3.2 are those of 3.1
        return document | {"openapi": "3.1.0"} if version.startswith("3.2") else document
    upgraded: dict[str, Any] = _upgrade_node(document, DOCUMENT)
    return upgraded | {"openapi": "3.1.0"}


def _upgrade_node(node: Any, shape: Shape) -> Any:
    if isinstance(node, list):
        return _upgrade_items(node, shape.item) if isinstance(shape, ListOf) else node
    if not isinstance(node, dict):
        return node
    if shape == "schema":
        return _upgrade_schema(node)
    if shape is CALLBACK:
        shape = CALLBACK_PATHS
    if isinstance(shape, MapOf):
        value = shape.value
        return _upgrade_fields(node, {n: value for n in node if not (shape.extensible and n.startswith("x-"))})
    return _upgrade_fields(node, shape.fields) if isinstance(shape, ObjectKind) else node


def _upgrade_items(items: list[Any], shape: Shape) -> list[Any]:
    upgraded = [_upgrade_node(item, shape) for item in items]
    return items if all(map(operator.is_, upgraded, items)) else upgraded


def _upgrade_fields(node: dict[str, Any], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    changed = {}
    for name, shape in shapes.items():
        if name in node:
            value = _upgrade_node(node[name], shape)
            if value is not node[name]:
                changed[name] = value
    return {**node, **changed} if changed else node


def _upgrade_schema(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _drop_siblings(schema)
    parts = {keyword: SCHEMA_FIELDS[keyword] for keyword in schema if keyword in SCHEMA_FIELDS}
    schema = _upgrade_fields(schema, parts) if parts else schema
    if not _REPLACED & schema.keys():
        return schema
    upgraded = {keyword: value for keyword, value in schema.items() if keyword != "nullable"}
    for bound, keyword in _BOUNDS:
        if isinstance(schema.get(keyword), bool):
            del upgraded[keyword]
            if schema[keyword] and bound in schema:
                upgraded[keyword] = upgraded.pop(bound)
    return _allow_null(upgraded) if schema.get("nullable") is True else upgraded


def _drop_siblings(schema: dict[str, Any]) -> dict[str, Any]:
    """Drop what stands beside ``$ref``: 3.0 ignores it. Extensions stay: overlays may have added them."""
    kept = {key: value for key, value in schema.items() if key == "$ref" or key.startswith("x-")}
    return schema if len(kept) == len(schema) else kept


def _allow_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Let null through, as ``nullable: true`` does: beside ``type`` alone; an ``enum`` without null still forbids it.

    3.0.3 gives it no meaning without ``type``. Documents that write it beside ``allOf``, ``anyOf`` or ``oneOf`` mean
    that null is a further alternative.
    """
    if _COMBINED & schema.keys():
        described = {k: v for k, v in schema.items() if k in _DESCRIPTIONS or k.startswith("x-")}
        constraints = {k: v for k, v in schema.items() if k not in described}
        kept = {k: schema[k] for k in _REFERRED if k in schema}  # these let null through
        return {**described, **kept, "anyOf": [constraints, {"type": "null"}]}
    types = schema.get("type")
    names = [types] if isinstance(types, str) else types
    return schema if not isinstance(names, list) or "null" in names else schema | {"type": [*names, "null"]}
