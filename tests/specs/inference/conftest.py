import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from specduet.specs import Api, load

Infer = Callable[..., Api]
BOOK = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "shelf_id": {"type": "string"}},
    "required": ["id", "title"],
}


def describe_json(schema: Any) -> dict[str, Any]:
    """Return the description of a response or body with a JSON schema."""
    return {"description": "An answer", "content": {"application/json": {"schema": schema}}}


def describe_operation(path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return an operation with the parameters of its path, and a response where it has none."""
    names = [part[1:].partition("}")[0] for part in path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    responses = operation.get("responses", {"200": {"description": "Done"}})
    return {**operation, "parameters": [*parameters, *operation.get("parameters", [])], "responses": responses}


@pytest.fixture
def infer(tmp_path: Path) -> Infer:
    """Load a document of ``{"GET /books": operation}`` and named schemas."""

    def do(operations: Mapping[str, Mapping[str, Any]], **schemas: Any) -> Api:
        paths: dict[str, dict[str, Any]] = {}
        for label, operation in operations.items():
            method, path = label.split()
            paths.setdefault(path, {})[method.lower()] = describe_operation(path, operation)
        document = {"openapi": "3.1.0", "info": {"title": "Books", "version": "1"}, "paths": paths}
        path = tmp_path / "books.json"
        path.write_text(json.dumps({**document, "components": {"schemas": {"Book": BOOK, **schemas}}}))
        return load(path)

    return do
