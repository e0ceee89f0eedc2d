"""Validation against the OpenAPI specification.

The specification's own schema is applied with jsonschema-rs, which is fast and says what is wrong in each alternative.
A document that obeys it is also checked by prance with openapi-spec-validator, if it is small: that takes a minute for
a document of 8 MB, and twice as long for each level at which schemas are combined of others.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import prance
from jsonschema.exceptions import ValidationError
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator, OpenAPIV32SpecValidator
from openapi_spec_validator.schemas import schema_v30, schema_v31, schema_v32
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from specduet.specs.bounds import EXPANDED
from specduet.specs.schemas import Schemas, escape_pointer

_BY_VERSION = {
    "3.0": (schema_v30, OpenAPIV30SpecValidator),
    "3.1": (schema_v31, OpenAPIV31SpecValidator),
    "3.2": (schema_v32, OpenAPIV32SpecValidator),
}
_MAX_VIOLATIONS = 200
_LENGTH = 200


def find_violations(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (pointer, sentence) of each violation of the OpenAPI specification."""
    schema, validator_class = _BY_VERSION.get(str(document["openapi"])[:3], _BY_VERSION["3.1"])
    found = list(dict.fromkeys(_find_schema_violations(document, schema)))
    if found or not is_small(document) or _is_valid(document):
        return found
    validator = validator_class(document)
    with suppress(Exception):  # the validator assumes much of a document
        for error in validator.iter_errors():
            if isinstance(error, OpenAPIValidationError) and len(found) < _MAX_VIOLATIONS:
                found.append((_find_pointer(document, error), _shorten(error.message)))
    return list(dict.fromkeys(found))


def is_small(document: dict[str, Any]) -> bool:
    """Return whether the document has few values, also with what each reference leads to in its place."""
    sizes: dict[str, int] = {}

    def measure(node: Any) -> int:
        if not isinstance(node, dict | list):
            return 1
        size = 1 + sum(map(measure, node.values() if isinstance(node, dict) else node))
        reference = node.get("$ref") if isinstance(node, dict) else None
        if isinstance(reference, str) and reference.startswith("#"):
            if reference not in sizes:
                sizes[reference] = 1  # what it counts within itself
                with suppress(KeyError):
                    sizes[reference] = measure(schemas.node_at(unquote(reference[1:])))
            size += sizes[reference]
        if size > EXPANDED.value:
            raise OverflowError
        return size

    schemas = Schemas(document)
    try:
        return measure(document) > 0
    except (OverflowError, RecursionError):
        return False


def _is_valid(document: dict[str, Any]) -> bool:
    try:
        prance.BaseParser(spec_string=json.dumps(document), backend="openapi-spec-validator")
    except Exception:  # noqa: BLE001 - it raises errors of the validator, too
        return False
    return True


def _find_schema_violations(document: dict[str, Any], schema: Any) -> Iterator[tuple[str, str]]:
    validator = jsonschema_rs.validator_for(dict(schema))
    for number, error in enumerate(validator.iter_errors(document)):
        if number >= _MAX_VIOLATIONS:
            return
        for deepest in _find_deepest(error):
            pointer = "".join(f"/{escape_pointer(str(part))}" for part in deepest.instance_path)
            yield pointer, _describe(deepest, document)


def _find_deepest(error: jsonschema_rs.ValidationError) -> list[jsonschema_rs.ValidationError]:
    """Return the errors of the alternative that matched furthest into the document: the one its author meant."""
    branches = [branch for branch in getattr(error.kind, "context", ()) if branch]
    if not branches:
        return [error]
    inner = [[deepest for found in branch for deepest in _find_deepest(found)] for branch in branches]
    meant = [errors for errors in inner if not _is_about_reference(errors)] or inner
    return max(meant, key=lambda errors: (max(len(e.instance_path) for e in errors), -len(errors)))


def _is_about_reference(errors: list[jsonschema_rs.ValidationError]) -> bool:
    return any("$ref" in error.message for error in errors)


def _describe(error: jsonschema_rs.ValidationError, document: Mapping[str, Any]) -> str:
    name = error.kind.name
    if name == "required":
        return f"{error.kind.value!r} is missing" if hasattr(error.kind, "value") else _shorten(error.message)
    if name in {"additionalProperties", "unevaluatedProperties"}:
        names = ", ".join(repr(name) for name in getattr(error.kind, "unexpected", ()))
        return f"{names or 'a field'} is not known here"
    del document
    return _shorten(error.message)


def _find_pointer(document: dict[str, Any], error: ValidationError) -> str:
    """Return the pointer of an error: the validator's is relative to an inner schema, which is searched here."""
    if error.absolute_path and isinstance(error.instance, Mapping | list):
        return _search(document, error.instance, "") or ""
    return ""


def _search(node: Any, wanted: Any, pointer: str) -> str | None:
    if node is wanted:
        return pointer
    children = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        if isinstance(value, Mapping | list):
            found = _search(value, wanted, f"{pointer}/{escape_pointer(str(key))}")
            if found is not None:
                return found
    return None


def _shorten(message: str) -> str:
    line = message.split("\n\n", maxsplit=1)[0].replace("\n", " ")
    return line if len(line) <= _LENGTH else f"{line[: _LENGTH - 1]}…"
