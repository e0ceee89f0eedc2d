"""A value that satisfies a schema: small, plain and always the same."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.pattern_texts import texts_matching
from specduet.contracts.oracle.json_values import list_named_branches
from specduet.contracts.oracle.schema_access import (
    get_count,
    get_number,
    is_valid_value,
    list_branches,
    list_examples,
    list_members,
    list_properties,
    list_required,
    list_types,
    resolve_schema,
)
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
_MAX_CANDIDATES = 60
"""Values that are tried for one schema; alternatives of alternatives would be without end."""
_MAX_ALTERNATIVES = 12
_MAX_ITEMS = 50
_MAX_TEXT_LENGTH = 20_000
_ANNOTATIONS = frozenset({"description", "title", "deprecated", "readOnly", "writeOnly", "xml", "externalDocs"})


def build_minimal_value(schemas: Schemas, schema: Any, pointer: str) -> Any:
    """Return a valid value with the required properties only, or ``UNSET`` if none could be made.

    The document's own values come first: the constant, examples, the default, the enum.
    """
    candidates = islice(_candidate_values(schemas, schema, pointer, 0), _MAX_CANDIDATES)
    return next((value for value in candidates if is_valid_value(schemas, pointer, value)), UNSET)


def _choose_candidate(schemas: Schemas, schema: Any, pointer: str, depth: int, default: Any) -> Any:
    """Return the first valid candidate for a part of a value, else the first one, else the default."""
    first = UNSET
    # alternatives of alternatives of alternatives would be without end
    for value in islice(_candidate_values(schemas, schema, pointer, depth), _MAX_ALTERNATIVES if depth < 5 else 1):
        if is_valid_value(schemas, pointer, value):
            return value
        first = value if first is UNSET else first
    return default if first is UNSET else first


def _candidate_values(schemas: Schemas, schema: Any, pointer: str, depth: int) -> Iterator[Any]:
    """Yield values that may satisfy the schema, the likeliest first."""
    if schema is False or depth > _MAX_DEPTH:
        return
    schema, pointer = resolve_schema(schemas, schema, pointer)
    yield from _document_values(schema)
    if isinstance(schema.get("discriminator"), Mapping):
        yield from _named_alternatives(schemas, schema, pointer, depth)
    for _, branch, branch_pointer in list_branches(schema, pointer, "anyOf", "oneOf"):
        alternatives = islice(_candidate_values(schemas, branch, branch_pointer, depth + 1), _MAX_ALTERNATIVES)
        yield from _merge_siblings(schemas, schema, pointer, depth, alternatives)
    if "allOf" in schema:
        yield _merge_all_of(schemas, schema, pointer, depth)
    for kind in list_types(schema) or (_guess_type(schema),):
        yield from _values_of_type(schemas, kind, schema, pointer, depth)


def _guess_type(schema: Schema) -> str:
    """Return the type that a schema without ``type`` most likely means."""
    if {"properties", "required", "additionalProperties", "patternProperties", "minProperties"} & schema.keys():
        return "object"
    return "array" if {"items", "prefixItems", "minItems", "contains"} & schema.keys() else "string"


def _document_values(schema: Schema) -> Iterator[Any]:
    if "const" in schema:
        yield schema["const"]
    if "example" in schema:
        yield schema["example"]
    yield from list_examples(schema)
    if "default" in schema:
        yield schema["default"]
    yield from list_members(schema) or ()


def _named_alternatives(schemas: Schemas, schema: Schema, pointer: str, depth: int) -> Iterator[Any]:
    """Yield a value of each alternative with the name that a discriminator asks for."""
    key = schema["discriminator"].get("propertyName")
    for name, branch, branch_pointer in list_named_branches(schema, pointer):
        value = next(_candidate_values(schemas, branch, branch_pointer, depth + 1), UNSET)
        if isinstance(value, dict):
            yield {**value, key: name}


def _merge_siblings(
    schemas: Schemas, schema: Schema, pointer: str, depth: int, alternatives: Iterator[Any]
) -> Iterator[Any]:
    """Yield the values of an alternative, objects first with what the schema itself requires beside it."""
    own = next(_minimal_objects(schemas, schema, pointer, depth)) if "required" in schema else {}
    for value in alternatives:
        if own and isinstance(value, dict):
            yield {**own, **value}
        yield value


def _merge_all_of(schemas: Schemas, schema: Schema, pointer: str, depth: int) -> Any:
    """Return the objects of all branches and of the schema itself merged; a branch that is no object stands alone."""
    value: dict[str, Any] = {}
    for _, branch, branch_pointer in list_branches(schema, pointer, "allOf"):
        if not _constrains_values(schemas, branch, branch_pointer):
            continue
        part = next(_candidate_values(schemas, branch, branch_pointer, depth + 1), UNSET)
        if not isinstance(part, dict):
            return part
        value = {**part, **value}
    return {**next(_minimal_objects(schemas, schema, pointer, depth)), **value}


def _constrains_values(schemas: Schemas, branch: Any, pointer: str) -> bool:
    """Return whether a branch has a keyword that says anything about values: one with a description alone has none."""
    return bool(resolve_schema(schemas, branch, pointer).schema.keys() - _ANNOTATIONS)


def _values_of_type(schemas: Schemas, kind: str, schema: Schema, pointer: str, depth: int) -> Iterator[Any]:
    if kind == "object":
        yield from _minimal_objects(schemas, schema, pointer, depth)
    elif kind == "array":
        yield from _minimal_arrays(schemas, schema, pointer, depth)
    elif kind in {"integer", "number"}:
        yield from _candidate_numbers(schema)
    elif kind == "string":
        yield from _candidate_texts(schema)
    elif kind == "boolean":
        yield from (False, True)
    elif kind == "null":
        yield None


def _minimal_arrays(schemas: Schemas, schema: Schema, pointer: str, depth: int) -> Iterator[Any]:
    """Yield the shortest arrays: empty, the fixed first items, and as many items as are asked for."""
    if not get_count(schema, "minItems"):
        yield []
    first = [
        _choose_candidate(schemas, branch, branch_pointer, depth + 1, None)
        for _, branch, branch_pointer in list_branches(schema, pointer, "prefixItems")
    ]
    count = min(get_count(schema, "minItems") or 1, _MAX_ITEMS)
    if first:
        yield first
    keyword = "items" if isinstance(schema.get("items"), Mapping) or "contains" not in schema else "contains"
    items = list(
        islice(_candidate_values(schemas, schema.get(keyword, {}), f"{pointer}/{keyword}", depth + 1), _MAX_ITEMS)
    )
    items = [item for item in items if is_valid_value(schemas, f"{pointer}/{keyword}", item)] or items
    yield first + items[: max(count - len(first), 0)]
    yield first + items[:1] * max(count - len(first), 0)
    yield first + (_number_items(items, count) if items else [])


def _number_items(items: Sequence[Any], count: int) -> list[Any]:
    """Return distinct items like the first one: ``text``, ``text1``, ``text2``; numbers count up."""
    first = items[0]
    if isinstance(first, str):
        return [first, *(f"{first}{number}" for number in range(1, count))]
    if isinstance(first, int) and not isinstance(first, bool):
        return [first + number for number in range(count)]
    return list(items[:count])


def _minimal_objects(schemas: Schemas, schema: Schema, pointer: str, depth: int) -> Iterator[Any]:
    """Yield the object with the required properties, then with as many properties as ``minProperties`` asks for."""
    properties = {name: (inner, at) for name, inner, at in list_properties(schema, pointer)}
    value: dict[str, Any] = {}

    def add_property(name: str) -> None:
        inner, at = properties.get(name, (schema.get("additionalProperties", {}), f"{pointer}/additionalProperties"))
        value[name] = _choose_candidate(schemas, inner, at, depth + 1, "text")

    for name in list_required(schema):
        add_property(name)
    yield dict(value)
    missing_count = min(get_count(schema, "minProperties") or 0, _MAX_ITEMS) - len(value)
    spare_names = [name for name in properties if name not in value]
    spare_names += [f"key{number}" for number in range(1, missing_count + 1)]
    for name in spare_names[: max(missing_count, 0)]:
        add_property(name)
    yield value


def _candidate_numbers(schema: Schema) -> Iterator[Any]:
    minimum, maximum = get_number(schema, "minimum"), get_number(schema, "maximum")
    above, below = get_number(schema, "exclusiveMinimum"), get_number(schema, "exclusiveMaximum")
    step = get_number(schema, "multipleOf")
    yield 1
    if minimum is not None:
        yield from (math.ceil(minimum), minimum)
    if above is not None:
        yield math.floor(above) + 1
    if maximum is not None:
        yield from (math.floor(maximum), maximum)
    if below is not None:
        yield math.ceil(below) - 1
    if step is not None and step > 0:
        lowest = math.ceil((minimum if minimum is not None else above or 0) / step)
        yield from (step * lowest, step * (lowest + 1))
    lower, upper = (minimum if minimum is not None else above), (maximum if maximum is not None else below)
    if lower is not None and upper is not None:
        yield (lower + upper) / 2
    yield 0


def _candidate_texts(schema: Schema) -> Iterator[str]:
    format_name = schema.get("format")
    if isinstance(format_name, str) and format_name in _FORMAT_EXAMPLES:
        yield _FORMAT_EXAMPLES[format_name]
    min_length, max_length = get_count(schema, "minLength") or 0, get_count(schema, "maxLength")
    length = min(max(min_length, 4 if max_length is None else min(max_length, 4)), _MAX_TEXT_LENGTH)
    yield ("text" * (length // 4 + 1))[:length]
    if isinstance(schema.get("pattern"), str):
        yield from texts_matching(schema["pattern"], min_length)


def redirect_hypothesis_cache() -> None:
    """Let Hypothesis keep its files in the user's cache folder instead of ``.hypothesis`` in the working directory."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(base / "specduet" / "hypothesis"))
