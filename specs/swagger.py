"""Conversion of Swagger 2.0 to OpenAPI 3.0, which spec2openapi does."""

from pathlib import Path
from typing import Any

from specduet.specs.errors import NotOpenApi
from specduet.specs.problems import Problem

_REPORT = "x-s2o"


def is_swagger(document: Any) -> bool:
    """Return whether a document is Swagger 2.0."""
    return isinstance(document, dict) and "openapi" not in document and str(document.get("swagger")).strip() == "2.0"


def convert_swagger(document: dict[str, Any], path: Path, problems: list[Problem]) -> dict[str, Any]:
    """Return a Swagger 2.0 document as OpenAPI 3.0, and note what has no counterpart there.

    Raises ``NotOpenApi`` for a document that cannot be converted.
    """
    from spec2openapi.swagger import convert_swagger as convert  # only such a document needs it

    try:
        converted: dict[str, Any] = convert(document | {"swagger": "2.0"})
    except Exception as error:  # whatever a document holds, it gets a sentence
        message = f"is Swagger 2.0, and cannot be converted to OpenAPI 3.0: {str(error)[:200]}"
        raise NotOpenApi(message, file=path, line=1) from error
    lost = converted.pop(_REPORT, {}).get("lossy", ())
    problems.append(Problem(path, 1, "", "is a Swagger 2.0 document", "it is converted to OpenAPI 3.0 by spec2openapi"))
    problems.extend(Problem(path, 1, "", f"in the conversion to OpenAPI 3.0: {text}", "") for text in lost)
    return converted
