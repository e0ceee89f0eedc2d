"""Validation of a document against the OpenAPI specification, by prance and openapi-spec-validator.

Importing them takes longer than anything else at start-up, so ``specs/loading.py`` imports this module only for a
document that is not cached.
"""

import json
from typing import Any

import prance
from jsonschema.exceptions import ValidationError

from specduet.specs.schemas import escape_pointer


def find_problem(document: dict[str, Any]) -> tuple[str, str] | None:
    """Return (pointer, message) of the first violation of the OpenAPI specification, or None."""
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
    """Return the alternative that matched furthest into the document: most likely the one its author meant."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return error
