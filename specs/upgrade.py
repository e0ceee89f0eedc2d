"""Upgrade of OpenAPI 3.0 to 3.1: its schema keywords become JSON Schema 2020-12, the only dialect read later.

https://github.com/OAI/OpenAPI-Specification/blob/main/versions/3.0.3.md#schema-object
"""

from collections.abc import Mapping
from typing import Any

_LITERAL = {"example", "examples", "default", "enum", "const"}


def upgrade_to_31(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document as OpenAPI 3.1: ``nullable`` and boolean exclusive bounds are translated."""
    if not str(document["openapi"]).startswith("3.0."):
        return document
    upgraded: dict[str, Any] = _upgrade_node(document, named=False)
    return upgraded | {"openapi": "3.1.0"}


def _upgrade_node(node: Any, *, named: bool) -> Any:
    """Upgrade a node and its children; ``named``: its keys are property names, not keywords."""
    if isinstance(node, list):
        return [_upgrade_node(item, named=False) for item in node]
    if not isinstance(node, Mapping):
        return node
    inner = {
        key: value if key in _LITERAL and not named else _upgrade_node(value, named=key == "properties" and not named)
        for key, value in node.items()
    }
    return inner if named else _upgrade_schema(inner)


def _upgrade_schema(schema: dict[str, Any]) -> dict[str, Any]:
    for bound, keyword in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(keyword) is True and bound in schema:
            schema[keyword] = schema.pop(bound)
        elif isinstance(schema.get(keyword), bool):
            del schema[keyword]
    if schema.get("nullable") is True:
        return _allow_null({key: value for key, value in schema.items() if key != "nullable"})
    if schema.get("nullable") is False:
        del schema["nullable"]
    return schema


def _allow_null(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    # OAS 3.0.3 gives `nullable` no meaning without `type`; documents that write it beside `allOf` mean this
    return {"anyOf": [schema, {"type": "null"}]}
