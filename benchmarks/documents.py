"""Documents of any size, made as large public ones are: resources with links to each other, five operations each."""

import json
import random
from pathlib import Path
from typing import Any

_METHODS_OF_A_RESOURCE = 5
_PROPERTIES = 40  # of a resource and of each body: a document of 1,000 operations then has 8 MB
_LINKS = 2  # of a resource, to others, which are named by id or stand there in full, as many as large public ones have
_TEXT = """
account amount balance charge created currency customer default description details discount email
event expires identifier invoice line metadata method name number object order payment period plan
price quantity reason refund reference settings source status subscription tax time total transfer
type value version when which will with
"""
_WORDS = _TEXT.split()


def write_document(operations: int, folder: Path) -> Path:
    """Write the document of so many operations to a folder. The same number gives the same document."""
    path = folder / f"{operations}-operations.json"
    path.write_text(json.dumps(build_document(operations)))
    return path


def build_document(operations: int) -> dict[str, Any]:
    """Return a document of so many operations, a multiple of 5."""
    chance = random.Random(operations)  # noqa: S311  a document, no secret
    names = [f"resource_{number}" for number in range(operations // _METHODS_OF_A_RESOURCE)]
    return {
        "openapi": "3.0.3",
        "info": {"title": f"{operations} operations", "version": "1"},
        "paths": {path: item for name in names for path, item in _build_paths(name, chance).items()},
        "components": {
            "schemas": {
                "error": {
                    "type": "object",
                    "required": ["message"],
                    "properties": {"message": {"type": "string"}, "code": {"type": "string"}},
                },
                **{name: _build_resource(name, names, chance) for name in names},
            }
        },
    }


def _build_paths(name: str, chance: random.Random) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{name}"}
    page = {
        "type": "object",
        "required": ["data", "has_more"],
        "properties": {"data": {"type": "array", "items": reference}, "has_more": {"type": "boolean"}},
    }
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}}
    identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 5000}}
    return {
        f"/v1/{name}s": {
            "get": _build_operation(f"list_{name}", page, chance) | {"parameters": [limit]},
            "post": _build_operation(f"create_{name}", reference, chance) | {"requestBody": _build_body(chance)},
        },
        f"/v1/{name}s/{{id}}": {
            "parameters": [identifier],
            "get": _build_operation(f"fetch_{name}", reference, chance),
            "patch": _build_operation(f"update_{name}", reference, chance) | {"requestBody": _build_body(chance)},
            "delete": _build_operation(f"delete_{name}", reference, chance),
        },
    }


def _build_operation(identifier: str, schema: Any, chance: random.Random) -> dict[str, Any]:
    answers = {"200": schema, "default": {"$ref": "#/components/schemas/error"}}
    return {
        "operationId": identifier,
        "description": _write_sentence(chance, 60),
        "responses": {
            status: {"description": "Answer.", "content": {"application/json": {"schema": answer}}}
            for status, answer in answers.items()
        },
    }


def _build_body(chance: random.Random) -> dict[str, Any]:
    properties = {_name_property(number): _build_property(chance) for number in range(_PROPERTIES)}
    return {"content": {"application/json": {"schema": {"type": "object", "properties": properties}}}}


def _build_resource(name: str, names: list[str], chance: random.Random) -> dict[str, Any]:
    properties = {
        "id": {"type": "string", "maxLength": 5000},
        "object": {"type": "string", "enum": [name]},
        "created": {"type": "string", "format": "date-time"},
        **{_name_property(number): _build_property(chance) for number in range(_PROPERTIES)},
        **{f"link_{number}": _build_link(chance.choice(names), chance) for number in range(_LINKS)},
    }
    return {"type": "object", "required": ["id", "object", "created"], "properties": properties}


def _name_property(number: int) -> str:
    return f"{_WORDS[number % len(_WORDS)]}_{number}"


def _build_property(chance: random.Random) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [
        {"type": "string", "maxLength": 5000, "nullable": True},
        {"type": "integer", "minimum": 0},
        {"type": "boolean"},
        {"type": "string", "enum": chance.sample(_WORDS, 5)},
        {"type": "array", "items": {"type": "string", "maxLength": 100}},
        {"type": "object", "additionalProperties": {"type": "string"}},
        {
            "type": "object",
            "properties": {word: {"type": "string", "maxLength": 5000} for word in chance.sample(_WORDS, 4)},
        },
    ]
    return {"description": _write_sentence(chance, 24), **chance.choice(kinds)}


def _build_link(name: str, chance: random.Random) -> dict[str, Any]:
    return {
        "description": _write_sentence(chance, 24),
        "anyOf": [{"type": "string", "maxLength": 5000}, {"$ref": f"#/components/schemas/{name}"}],
        "nullable": True,
    }


def _write_sentence(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words)).capitalize() + "."
