"""A value that satisfies a schema: small, plain and always the same."""

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import UNSET

from specduet.specs import Schema, Schemas

_FORMAT_EXAMPLES = {
    "uuid": "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10",
    "date-time": "2024-01-01T00:00:00Z",
    "date": "2024-01-01",
    "time": "12:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uri-reference": "/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
_MAX_DEPTH = 12


def build_minimal_value(schemas: Schemas, schema: Schema, pointer: str) -> Any:
    """Return a valid value with the required properties only, or ``UNSET`` if none could be made.

    The document's own values come first: the constant, examples, the default, the enum.
    """
    valid = schemas.validator_at(pointer).is_valid
    return next((value for value in _candidate_values(schemas, schema, pointer, 0) if valid(value)), UNSET)


def _candidate_values(schemas: Schemas, schema: Schema, pointer: str, depth: int) -> Iterator[Any]:
    """Yield values that may satisfy the schema, the likeliest first."""
    schema, pointer = schemas.resolve(schema, pointer)
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return
    yield from _document_values(schema)
    for keyword in ("anyOf", "oneOf"):
        for index, branch in enumerate(schema.get(keyword, ())):
            yield from _candidate_values(schemas, branch, f"{pointer}/{keyword}/{index}", depth + 1)
    if "allOf" in schema:
        yield _merge_all_of(schemas, schema, pointer, depth)
    kinds = schema.get("type", "object" if {"properties", "required"} & schema.keys() else "string")
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        yield from _values_of_type(schemas, kind, schema, pointer, depth)


def _document_values(schema: Schema) -> Iterator[Any]:
    if "const" in schema:
        yield schema["const"]
    if "example" in schema:
        yield schema["example"]
    yield from schema.get("examples", ())
    if "default" in schema:
        yield schema["default"]
    yield from schema.get("enum", ())


def _merge_all_of(schemas: Schemas, schema: Schema, pointer: str, depth: int) -> Any:
    """Return the objects of all branches merged; a branch that is no object stands alone."""
    value: dict[str, Any] = {}
    for index, branch in enumerate(schema["allOf"]):
        part = next(_candidate_values(schemas, branch, f"{pointer}/allOf/{index}", depth + 1), UNSET)
        if not isinstance(part, dict):
            return part
        value = {**part, **value}
    return value


def _values_of_type(schemas: Schemas, kind: str, schema: Schema, pointer: str, depth: int) -> Iterator[Any]:
    if kind == "object":
        yield from _minimal_objects(schemas, schema, pointer, depth)
    elif kind == "array":
        yield []
        items = list(_candidate_values(schemas, schema.get("items", {}), f"{pointer}/items", depth + 1))
        yield items[: schema.get("minItems", 1)]
        yield items[:1] * schema.get("minItems", 1)
    elif kind in {"integer", "number"}:
        yield from _candidate_numbers(schema)
    elif kind == "string":
        yield from _candidate_texts(schema)
    else:
        yield {"boolean": False, "null": None}.get(kind)


def _minimal_objects(schemas: Schemas, schema: Schema, pointer: str, depth: int) -> Iterator[Any]:
    value = {}
    for name in schema.get("required", ()):
        inner = schema.get("properties", {}).get(name, {})
        property_pointer = f"{pointer}/properties/{name.replace('~', '~0').replace('/', '~1')}"
        value[name] = next(_candidate_values(schemas, inner, property_pointer, depth + 1), "text")
    yield value


def _candidate_numbers(schema: Schema) -> Iterator[Any]:
    minimum, maximum = schema.get("minimum"), schema.get("maximum")
    yield 1
    if minimum is not None:
        yield math.ceil(minimum)
    if "exclusiveMinimum" in schema:
        yield math.floor(schema["exclusiveMinimum"]) + 1
    if maximum is not None:
        yield math.floor(maximum)
    if "exclusiveMaximum" in schema:
        yield math.ceil(schema["exclusiveMaximum"]) - 1
    if "multipleOf" in schema:
        yield schema["multipleOf"] * math.ceil((minimum or 0) / schema["multipleOf"])
    if minimum is not None and maximum is not None:
        yield (minimum + maximum) / 2


def _candidate_texts(schema: Schema) -> Iterator[str]:
    if schema.get("format") in _FORMAT_EXAMPLES:
        yield _FORMAT_EXAMPLES[schema["format"]]
    min_length, max_length = schema.get("minLength", 0), schema.get("maxLength", 4)
    yield ("text" * (min_length // 4 + 1))[: max(min_length, min(max_length, 4))]
    if "pattern" in schema:
        yield from _texts_matching(schema["pattern"])


def redirect_hypothesis_cache() -> None:
    """Let Hypothesis keep its files in the user's cache folder instead of ``.hypothesis`` in the working directory."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(base / "specduet" / "hypothesis"))


def _texts_matching(pattern: str) -> Iterator[str]:
    """Yield texts that match a regular expression, shortest first."""
    redirect_hypothesis_cache()
    from hypothesis import HealthCheck, Phase, given, settings  # half a second, and few schemas have a pattern
    from hypothesis.strategies import from_regex

    matches: list[str] = []

    @settings(
        derandomize=True,
        database=None,
        max_examples=20,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(from_regex(pattern))
    def collect(text: str) -> None:
        matches.append(text)

    collect()
    yield from sorted(matches, key=lambda text: (len(text), text))
