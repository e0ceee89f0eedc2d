"""Valid and invalid values for a schema: one for each way in which a value can satisfy or break it.

The candidates are plain guesses; the oracle decides which of them are certainly valid or invalid, so that no request is
sent as invalid that the oracle would not call so.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from msgspec import UNSET

from specduet.contracts.generation.minimal_values import build_minimal_value
from specduet.contracts.generation.pattern_texts import texts_matching
from specduet.contracts.oracle.schema_access import (
    get_count,
    get_number,
    list_branches,
    list_examples,
    list_members,
    list_properties,
    list_types,
    resolve_schema,
    strip_null,
)
from specduet.specs import Schema, Schemas

PathStep = str | int

UNICODE = "Zoë 東京 😀 \u202eabc \U0010fffd"  # accents, another script, an astral plane, right-to-left, the last plane
_LONG_TEXT_LENGTH = 1_000
_MAX_TEXT_LENGTH = 100_000
_MAX_DEPTH = 12
_UUIDS = (
    "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d10",
    "7d444840-9dc0-11d1-b245-5ffdce74fad2",
    "018f3f6e-7a2b-7c3d-8e4f-5a6b7c8d9e0f",
    "00000000-0000-0000-0000-000000000000",
)
_INVALID_UUIDS = ("not-a-uuid", "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d1", "5b0b4a7e-3f6d-4f0a-9a55-2f7a3b1c9d1g", "1234")
_INVALID_DATE_TIMES = ("yesterday", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00Z", "2024-01-01T25:00:00Z")
_LAST_DATE_TIME = "9999-12-31T23:59:59Z"  # code that adds anything to it leaves the calendar
_FREE_TEXTS = ("specduet", "a", "with space & signs /?#%+=", "4711", UNICODE, "x" * _LONG_TEXT_LENGTH)
_OTHER_STATUSES = ("cancelled", "completed", "unknown")


def candidate_texts(schemas: Schemas, schema: Any, pointer: str, *, now: datetime | None = None) -> Iterator[str]:
    """Yield texts worth trying for a scalar parameter, valid and invalid ones mixed, each once."""
    yield from dict.fromkeys(_texts_for_schema(schemas, schema, pointer, now or datetime.now(UTC)))


def _texts_for_schema(schemas: Schemas, schema: Any, pointer: str, now: datetime, depth: int = 0) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if depth > _MAX_DEPTH:
        return
    schema, pointer = resolve_schema(schemas, schema, pointer)
    for _, branch, branch_pointer in list_branches(schema, pointer, "anyOf", "oneOf", "allOf"):
        yield from _texts_for_schema(schemas, branch, branch_pointer, now, depth + 1)
    if list_members(schema) is not None:
        yield from map(_format_member, _enum_candidates(schema))
        return
    for kind in list_types(schema):
        if kind in {"integer", "number"}:
            yield from (_format_number(value) for value in _boundary_numbers(schema, is_integer=kind == "integer"))
            yield from ("ten", "", "true") if kind == "number" else ("ten", "1.5", "", "true", "1,2", "0x10")
        elif kind == "boolean":
            yield from ("true", "false", "maybe", "2")
        elif kind == "string":
            yield from _format_strings(schema, now)
        elif kind == "array" and isinstance(schema.get("items"), Mapping):  # a list with this one item
            yield from _texts_for_schema(schemas, schema["items"], f"{pointer}/items", now, depth + 1)


def _format_number(value: float) -> str:
    return str(value) if isinstance(value, int) or not value.is_integer() else str(int(value))


def _format_member(member: Any) -> str:
    if isinstance(member, bool):
        return "true" if member else "false"
    return _format_number(member) if isinstance(member, int | float) else str(member)


def _enum_candidates(schema: Schema) -> Iterator[Any]:
    """Yield every member, then texts near to one: in other case, longer, shorter, empty, of the same family."""
    members = list_members(schema) or ()
    yield from (member for member in members if member is not None)
    texts = [member for member in members if isinstance(member, str) and member]
    if not texts:
        yield int(max((m for m in members if isinstance(m, int | float)), default=0)) + 1
    for member in texts[:1]:
        yield from (member.swapcase(), member.title(), f"{member}x", member[:-1], "", "no-such-member")
        prefix, _, last_part = member.rpartition(".")
        yield from (f"{prefix}.{status}" if prefix else status for status in _OTHER_STATUSES)
        yield from ([last_part] if prefix else ())
    if {"asc", "desc"} <= set(texts):
        yield from ("ascending", "descending", "-1")


def _boundary_numbers(schema: Schema, *, is_integer: bool) -> Iterator[float]:
    """Yield the bounds and the numbers next to them, the default, and large numbers."""
    step: float = get_number(schema, "multipleOf") or (1 if is_integer else 0.5)
    minimum, maximum = get_number(schema, "minimum"), get_number(schema, "maximum")
    for bound, offset in ((minimum, -step), (maximum, step)):
        if bound is not None:
            yield from (bound, bound - offset, bound + offset)
    for keyword, offset in (("exclusiveMinimum", step), ("exclusiveMaximum", -step)):
        bound = get_number(schema, keyword)
        if bound is not None:
            yield from (bound + offset, bound)
    default = get_number(schema, "default")
    if default is not None:
        yield default
    if minimum is not None and minimum >= 0:
        yield -5 * step
    yield from (step * 7, step * 101, step * 501, step * 1_000_000)
    if "multipleOf" in schema:
        yield step * 7 + step / 2 if not is_integer else step * 7 + 1


def _format_strings(schema: Schema, now: datetime) -> Iterator[str]:
    match schema.get("format"):
        case "uuid":
            yield from (*_UUIDS, *_INVALID_UUIDS, "")
        case "date-time":
            yield from (*_valid_date_times(now), *_INVALID_DATE_TIMES, "")
        case "date":
            yield from ("2024-02-29", "2023-02-29", "yesterday", "2024-13-01", "")
        case "email":
            yield from ("someone@example.com", "no-address", "")
        case "uri":
            yield from ("https://example.com/a", "no address", "")
        case _:
            yield from _unformatted_strings(schema)


def _valid_date_times(now: datetime) -> Iterator[str]:
    """Yield a recent time in several spellings of RFC 3339, earlier ones, one to come, and the last of the calendar."""
    recent = now - timedelta(hours=1)
    recent_elsewhere = recent + timedelta(hours=2)  # the same time on a clock in +02:00
    yield recent.strftime("%Y-%m-%dT%H:%M:%SZ")
    yield recent_elsewhere.strftime("%Y-%m-%dT%H:%M:%S+02:00")
    yield (recent - timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S.%f-05:30")
    for days in (-29, -8, 1):
        yield (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    yield _LAST_DATE_TIME


def _unformatted_strings(schema: Schema) -> Iterator[str]:
    min_length, max_length = get_count(schema, "minLength") or 0, get_count(schema, "maxLength")
    if 0 < min_length <= _MAX_TEXT_LENGTH:
        yield from ("x" * min_length, "x" * (min_length - 1))
    if max_length is not None and max_length <= _MAX_TEXT_LENGTH:
        yield from ("x" * max_length, "x" * (max_length + 1))
    if isinstance(schema.get("pattern"), str):
        yield from islice(texts_matching(schema["pattern"], min_length), 3)
        yield from ("x", "X", "1", " ", "-")
    yield from (str(value) for value in list_examples(schema))
    yield from _FREE_TEXTS


# ------------------------------------------------------------------------------------------------------------ JSON


def fill_optional(schemas: Schemas, schema: Any, pointer: str, value: Any, depth: int = 0) -> Any:
    """Return the value with every optional property, filled from the schema, down to five levels."""
    schema, pointer, _ = strip_null(schemas, schema, pointer)
    if depth > 4 or not isinstance(value, Mapping):
        return _fill_items(schemas, schema, pointer, value, depth)
    filled = dict(value)
    for name, inner, property_pointer in list_properties(schema, pointer):
        property_value = filled.get(name, UNSET)
        if resolve_schema(schemas, inner, property_pointer).schema.get("readOnly") is True:
            continue
        property_value = (
            _non_null_value(schemas, inner, property_pointer) if property_value is UNSET else property_value
        )
        if property_value is not UNSET:
            filled[name] = fill_optional(schemas, inner, property_pointer, property_value, depth + 1)
    return filled


def _fill_items(schemas: Schemas, schema: Any, pointer: str, value: Any, depth: int) -> Any:
    """Return an array with at least one item, so that something in it can be invalid."""
    is_fixed = "prefixItems" in schema or schema.get("maxItems") == 0
    if not isinstance(value, list) or "items" not in schema or depth > 4 or is_fixed:
        return value
    item_value = _non_null_value(schemas, schema["items"], f"{pointer}/items")
    items = value or ([] if item_value is UNSET else [item_value])
    return [fill_optional(schemas, schema["items"], f"{pointer}/items", item, depth + 1) for item in items]


def _non_null_value(schemas: Schemas, schema: Any, pointer: str) -> Any:
    """Return a minimal value that is not null, if the schema has any."""
    inner, inner_pointer, _ = strip_null(schemas, schema, pointer)
    return build_minimal_value(schemas, inner, inner_pointer)


def candidate_values(schemas: Schemas, schema: Any, pointer: str) -> Iterator[Any]:
    """Yield JSON values worth trying at one location, valid and invalid ones mixed."""
    if isinstance(schema, bool):
        return
    schema, pointer, _ = strip_null(schemas, schema, pointer)
    yield from (None, 3, "text", [], {}, ["x"], 1.5)
    kinds = list_types(schema)
    if list_members(schema) is not None:
        members = list(_enum_candidates(schema))
        yield from (*members, members[:1])
    elif "string" in kinds:
        yield from _format_strings(schema, datetime.now(UTC))
    if {"integer", "number"} & set(kinds):
        yield from (
            int(v) if isinstance(v, float) and v.is_integer() else v
            for v in _boundary_numbers(schema, is_integer="integer" in kinds)
        )
    if "boolean" in kinds:
        yield from (True, False, 2)
    if "object" in kinds and "properties" not in schema:
        yield {"text": UNICODE, "depth": 3, "of": {"a": [1, None, True, {}]}, "": ""}
        yield {"long": "x" * 20_000}
    if "array" in kinds:
        item_value = _non_null_value(schemas, schema["items"], f"{pointer}/items") if "items" in schema else "text"
        min_count, max_count = get_count(schema, "minItems"), get_count(schema, "maxItems")
        max_count = 2 if max_count is None else max_count
        counts = {1 if min_count is None else min_count, max_count, max_count + 1}
        yield from ([item_value] * count for count in sorted(counts) if count < 100 and item_value is not UNSET)


def list_locations(
    schemas: Schemas, schema: Any, pointer: str, value: Any
) -> Iterator[tuple[tuple[PathStep, ...], Any, str]]:
    """Yield every location of a value whose schema is known, the value itself first: (path, schema, pointer).

    Example of a path: ``("tools", 0, "name")``.
    """
    yield from _locations_below(schemas, schema, pointer, value, ())


def _locations_below(
    schemas: Schemas, schema: Any, pointer: str, value: Any, path: tuple[PathStep, ...]
) -> Iterator[tuple[tuple[PathStep, ...], Any, str]]:
    yield path, schema, pointer
    if isinstance(schema, bool) or len(path) > 6:
        return
    schema, pointer, _ = strip_null(schemas, schema, pointer)
    if isinstance(value, Mapping):
        for name, inner, property_pointer in list_properties(schema, pointer):
            if name in value:
                yield from _locations_below(schemas, inner, property_pointer, value[name], (*path, name))
    elif isinstance(value, list) and value and "items" in schema:
        yield from _locations_below(schemas, schema["items"], f"{pointer}/items", value[0], (*path, 0))


def replace_at(value: Any, path: Sequence[PathStep], new: Any) -> Any:
    """Return a copy of a JSON value with another value at a path; ``UNSET`` removes it."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    if isinstance(value, list):
        items = (replace_at(item, rest, new) if index == step else item for index, item in enumerate(value))
        return [item for item in items if item is not UNSET]
    inner = replace_at(value.get(step, {}), rest, new)
    copied = {**value, step: inner}
    if inner is UNSET:
        del copied[step]
    return copied
