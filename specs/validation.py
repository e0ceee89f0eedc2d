"""Whether a document is valid OpenAPI: prance asks openapi-spec-validator, and the answer becomes a pointer.

Importing them takes longer than everything else at start-up, so only ``specs.loading`` comes here, and only when
nothing was proven yet.
"""

import json
from typing import Any

import prance
from jsonschema.exceptions import ValidationError

from specduet.specs.schemas import escape_pointer


def find_problem(document: dict[str, Any]) -> tuple[str, str] | None:
    """Where a document breaks the OpenAPI specification and how, or None where it does not."""
    try:
        prance.BaseParser(spec_string=json.dumps(document), backend="openapi-spec-validator")
    except prance.ValidationError as error:
        return _locate_error(error)
    return None


def _locate_error(error: Exception) -> tuple[str, str]:
    cause = error.__cause__ or error.__context__ or (error.args[0] if error.args else error)
    if isinstance(cause, ValidationError):
        deepest = _deepest_error(cause)
        pointer = "".join(f"/{escape_pointer(str(part))}" for part in deepest.absolute_path)
        return pointer, f"is no valid OpenAPI: {deepest.message}"
    return "", f"is no valid OpenAPI: {cause}"


def _deepest_error(error: ValidationError) -> ValidationError:
    """Of the alternatives that an error lists, what went furthest into the document is what its author meant."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return error
